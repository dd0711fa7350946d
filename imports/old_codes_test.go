package imports

import (
	"slices"
	"strings"
	"testing"

	"okey/internal/ldaptest"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// succeeded makes the college go on at the lycée.
func succeeded(t *testing.T, w world) {
	t.Helper()
	_, err := w.db.ExecContext(t.Context(), `UPDATE establishment SET successor = $2 WHERE uai = $1`, college, lycee)
	require.NoError(t, err)
}

// succeed has the college go on at the lycée as support's word does.
func (w world) succeed(t *testing.T) {
	t.Helper()
	require.NoError(t, w.Do(t.Context(), func(tx *sql.Tx) error {
		if err := tx.LockSuccession(t.Context(), college, lycee); err != nil {
			return err
		}
		_, err := tx.Succeed(t.Context(), okey.Succession{ID: uuid.New(), From: college, To: lycee, At: at})
		return err
	}))
}

// said are everybody's functions with the old code that says them, one a line.
func (w world) said(t *testing.T) []string {
	t.Helper()
	return strings.Split(one[string](t, w, `SELECT coalesce(string_agg(concat_ws(' ', p.uid, a.function, a.uai, a.old_code, a.source), ','
		ORDER BY p.uid, a.uai, a.function, a.source), '') FROM assignment a JOIN person p ON p.id = a.person`), ",")
}

const (
	collegeStaff = college + ";mroux;Roux;Marc;m.roux@ac-nice.fr;chef\n" + college + ";lmartin;Martin;Léa;l.martin@ac-nice.fr;personnel\n"
	lyceeHead    = lycee + ";cfontaine;Fontaine;Claire;c.fontaine@ac-nice.fr;chef\n"
)

// A directory names a school for months by the code of the one that it has succeeded: its people are there, and somebody can answer.
func TestWhomAnOldCodeNamesBelongsToTheSuccessor(t *testing.T) {
	w := withEstablishments(t)
	importStaff(t, w, staffHeader+collegeStaff, false)
	succeeded(t, w)
	r := importStaff(t, w, staffHeader+collegeStaff, false)
	require.True(t, r.OK(), r.Errors)
	assert.Equal(t, []string{"0060002V : 2 personnes y travaillent, encore sous l'ancien code 0060001U (Collège L'Archet)"}, r.Notes)
	assert.Zero(t, r.Removed)
	assert.Equal(t, []string{"lmartin personnel 0060002V 0060001U import", "mroux chef 0060002V 0060001U import"}, w.said(t))
	heads, err := w.Approvers(t.Context(), lycee, okey.NewDay(2026, 11, 23))
	require.NoError(t, err)
	require.Len(t, heads, 1)
	assert.Equal(t, "mroux", heads[0].UID)
	before := w.everything(t)
	require.True(t, importStaff(t, w, staffHeader+collegeStaff, false).Quiet())
	assert.Equal(t, before, w.everything(t))
	old, err := w.OldCodes(t.Context())
	require.NoError(t, err)
	require.Len(t, old, 1)
	assert.Equal(t, 2, old[0].People)

	// The successor's own head answers alone, and its own file ends nobody whom the old code names.
	r = importStaff(t, w, staffHeader+lyceeHead, false)
	require.True(t, r.OK(), r.Errors)
	merged := []string{"cfontaine chef 0060002V import", "lmartin personnel 0060002V 0060001U import", "mroux personnel 0060002V 0060001U import"}
	assert.Equal(t, merged, w.said(t))
	for _, content := range []string{collegeStaff, lyceeHead, lyceeHead + collegeStaff, collegeStaff + lyceeHead} {
		require.True(t, importStaff(t, w, staffHeader+content, false).Quiet(), content)
		require.Equal(t, merged, w.said(t), content)
	}

	// Who is said under the new code is no more under the old one; who is under neither is gone.
	r = importStaff(t, w, staffHeader+lyceeHead+lycee+";lmartin;Martin;Léa;l.martin@ac-nice.fr;personnel\n"+college+
		";nouveau;Neuf;Noé;n@ac-nice.fr;personnel\n", false)
	require.True(t, r.OK(), r.Errors)
	assert.Equal(t, []string{"mroux (Marc Roux), " + lycee}, r.Gone)
	assert.Equal(t, []string{
		"cfontaine chef 0060002V import", "lmartin personnel 0060002V import", "nouveau personnel 0060002V 0060001U import",
	}, w.said(t))
}

// With the succession people belong to the successor at once, as the next import that says the old code would have it: it changes nothing.
func TestPeopleFollowTheirSchoolAtOnce(t *testing.T) {
	for name, own := range map[string]string{"nobody heads the successor": "", "it has a head": lyceeHead} {
		t.Run(name, func(t *testing.T) {
			w := withEstablishments(t)
			server := ldaptest.Start(t, "", direction()...)
			require.True(t, syncDirectory(t, w, server, Options{}).OK())
			file := staffHeader + collegeStaff + own
			require.True(t, importStaff(t, w, file, false).OK())
			_, err := w.SignIn(t.Context(), okey.Person{UID: "cclaim", FamilyName: "Claim"}, okey.DirectorySays{Assignments: []okey.Assignment{
				{UAI: college, Function: okey.Staff}, {UAI: college, Function: okey.Deputy},
			}}, false, at)
			require.NoError(t, err)
			w.succeed(t)
			now := w.said(t)
			head, deputy := "chef", "adjoint"
			if own != "" {
				head, deputy = "personnel", "personnel"
			}
			const under = " 0060002V 0060001U "
			assert.Subset(t, now, []string{
				"cclaim " + deputy + under + "claims", "cclaim personnel" + under + "claims", "lmartin personnel" + under + "directory",
				"lmartin personnel" + under + "import", "mroux " + head + under + "directory", "mroux " + head + under + "import",
				"sblanc " + deputy + under + "directory",
			}[min(1, len(own)):])
			assert.NotContains(t, strings.Join(now, ","), " 0060001U,")
			for range 2 { // the first ends what claims say beside it, as ever
				syncDirectory(t, w, server, Options{})
				importStaff(t, w, file, false)
			}
			imported := slices.DeleteFunc(now, func(said string) bool { return strings.HasSuffix(said, "claims") })
			assert.Equal(t, imported, w.said(t))
			assert.Equal(t, 2, one[int](t, w, `SELECT count(*) FROM import_run WHERE what IN ('directory', 'staff') AND added + changed + removed > 0`),
				"the two before the succession")
		})
	}
}

// A delegation that is said under the old code holds at the successor, at a sign-in and with everybody's.
func TestDelegationsFollowTheirSchool(t *testing.T) {
	w := withEstablishments(t)
	entries := direction()
	entries[2].Values["FrEduResDel"] = []string{"okey|/redirect.jsp|01/09/2026|31/08/2027|mroux|FrEduRneResp=" + college + "$UAJ||"}
	server := ldaptest.Start(t, "", entries...)
	require.True(t, syncDirectory(t, w, server, Options{}).OK())
	claims := okey.DirectorySays{
		Assignments: []okey.Assignment{{UAI: college, Function: okey.Staff}},
		Delegations: []okey.DirectoryDelegation{
			{UAI: college, GivenBy: "mroux", From: okey.NewDay(2026, 9, 1), Until: okey.NewDay(2027, 8, 31)},
		},
	}
	signIn := func(uid string) {
		t.Helper()
		_, err := w.SignIn(t.Context(), okey.Person{UID: uid, FamilyName: uid}, claims, false, at)
		require.NoError(t, err)
	}
	signIn("avant")
	delegates := func() (uids []string) {
		t.Helper()
		found, err := w.Delegates(t.Context(), lycee, okey.NewDay(2026, 11, 23), okey.Everything)
		require.NoError(t, err)
		for _, p := range found {
			uids = append(uids, p.UID)
		}
		return uids
	}
	require.Empty(t, delegates())
	w.succeed(t)
	both := []string{"avant", "lmartin"}
	assert.ElementsMatch(t, both, delegates(), "with the succession")
	assert.Zero(t, syncDirectory(t, w, server, Options{}).Delegated)
	assert.ElementsMatch(t, both, delegates())
	signIn("apres")
	signIn("avant")
	assert.ElementsMatch(t, append(both, "apres"), delegates())
	_, err := w.db.ExecContext(t.Context(), `UPDATE delegation SET uai = $1`, college) // as before OKEY followed it
	require.NoError(t, err)
	assert.Equal(t, 1, syncDirectory(t, w, server, Options{}).Delegated)
	signIn("apres")
	signIn("avant")
	assert.ElementsMatch(t, append(both, "apres"), delegates())
}

func TestTheDirectoryAndClaimsMaySayAnOldCode(t *testing.T) {
	w := withEstablishments(t)
	server := ldaptest.Start(t, "", direction()...)
	require.True(t, syncDirectory(t, w, server, Options{}).OK())
	succeeded(t, w)
	r := syncDirectory(t, w, server, Options{})
	require.True(t, r.OK(), r.Errors)
	assert.Zero(t, r.Removed)
	assert.Len(t, r.Notes, 1)
	under := " 0060002V 0060001U directory"
	assert.Equal(t, []string{"lmartin personnel" + under, "mroux chef" + under, "sblanc adjoint" + under}, w.said(t))
	require.True(t, syncDirectory(t, w, server, Options{}).Quiet())

	claims := func(uid string, function okey.Function, uai okey.UAI) {
		t.Helper()
		_, err := w.SignIn(t.Context(), okey.Person{UID: uid, FamilyName: uid}, okey.DirectorySays{Assignments: []okey.Assignment{
			{UAI: uai, Function: okey.Staff}, {UAI: uai, Function: function},
		}}, false, at)
		require.NoError(t, err)
	}
	claims("deux", okey.Principal, college)
	assert.Contains(t, w.said(t), "deux chef 0060002V 0060001U claims", "nobody has that function under the school's own code")
	claims("fontaine", okey.Principal, lycee)
	claims("trois", okey.Principal, college)
	said := strings.Join(w.said(t), ",")
	assert.Equal(t, 1, strings.Count(said, "chef"), said)
	assert.Contains(t, said, "deux personnel 0060002V 0060001U claims,fontaine chef 0060002V claims,fontaine personnel 0060002V claims")
	assert.Contains(t, said, "trois personnel 0060002V 0060001U claims")
	assert.True(t, syncDirectory(t, w, server, Options{}).Quiet())
}

// Whoever says what under which code, in one file or in several: everybody named is at the successor, there are heads under the old code only
// where there is none under the own one, and the same file again changes nothing.
func TestAnOldCodeNeverMakesTwoHeadsOrNone(t *testing.T) {
	w := withEstablishments(t)
	succeeded(t, w)
	rapid.Check(t, func(rt *rapid.T) {
		_, err := w.db.ExecContext(t.Context(), `DELETE FROM assignment`)
		require.NoError(t, err)
		var last string
		for range rapid.IntRange(1, 3).Draw(rt, "files") {
			last = staffHeader
			for _, who := range rapid.SliceOfN(rapid.SampledFrom([]string{"anna", "bela", "carl"}), 1, 4).Draw(rt, "who") {
				last += rapid.SampledFrom([]string{college, lycee}).Draw(rt, "code") + ";" + who + ";X;Y;" + who + "@ac-nice.fr;" +
					rapid.SampledFrom([]string{"chef", "personnel"}).Draw(rt, "function") + "\n"
			}
			importStaff(t, w, last, true)
		}
		counted := func(query string) int { return one[int](t, w, `SELECT count(*) FROM assignment WHERE `+query) }
		if n := counted(`uai <> '` + lycee + `'`); n > 0 {
			rt.Fatalf("%d at a closed school", n)
		}
		own, old := counted(`function = 'chef' AND old_code IS NULL`), counted(`function = 'chef' AND old_code IS NOT NULL`)
		if own > 0 && old > 0 || own+old == 0 && strings.Contains(last, "chef") {
			rt.Fatalf("%d heads under the own code, %d under the old one: %v", own, old, w.said(t))
		}
		before := w.said(t)
		if again := importStaff(t, w, last, true); !again.Quiet() {
			rt.Fatalf("the same file again: %+v, %v, then %v", again.Tally, before, w.said(t))
		}
	})
}
