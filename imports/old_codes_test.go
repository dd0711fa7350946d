package imports

import (
	"strings"
	"testing"

	"okey/internal/ldaptest"
	"okey/okey"

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
