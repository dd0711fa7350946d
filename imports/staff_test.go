package imports

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/internal/ldaptest"
	"okey/okey"
)

func importStaff(t *testing.T, w world, content string, force bool) *Result {
	t.Helper()
	r, err := Staff(t.Context(), w.Store, source("personnels.csv", content), Options{At: at, Force: force})
	require.NoError(t, err)
	return r
}

func TestStaffArriveWithTheirFunctions(t *testing.T) {
	w := withEstablishments(t)
	r := importStaff(t, w, "UAI;UID;Nom;Prénom;Mail;Fonction;Date de fin\n"+
		college+";mroux;Roux;Marc;marc.roux@ac-nice.fr;Chef;\n"+
		college+";lmartin;Martin;Léa;lea.martin@ac-nice.fr;personnel;31/08/2027\n", false)
	assert.True(t, r.OK(), r.Errors)
	assert.Equal(t, 2, r.Added)
	heads, err := w.Approvers(t.Context(), college, okey.NewDay(2026, 11, 23))
	require.NoError(t, err)
	require.Len(t, heads, 1)
	assert.Equal(t, "Marc Roux", heads[0].Name())
	assert.Equal(t, "2027-08-31", one[string](t, w,
		`SELECT until::text FROM assignment a JOIN person p ON p.id = a.person WHERE p.uid = 'lmartin'`))
}

// A name that runs backwards, or looks like another one, is a lie on every page that shows it; a uid that does is somebody else's.
func TestWhatNobodySeesDoesNotComeInWithAStaffFile(t *testing.T) {
	w := withEstablishments(t)
	r := importStaff(t, w, staffHeader+strings.Join([]string{
		college + ";mroux;\u202eRoux\u200b;Le\u0301o\u2066;marc.roux@ac-nice.fr;chef",
		college + ";invisible;Roux;Léo;marc.roux\u200b@ac-nice.fr;personnel",
		college + ";lmar\u200btin;Martin;Léa;lea.martin@ac-nice.fr;personnel",
		college + ";dlanglois;L’Anglois-D'Ys;Zoé Lù;z@ac-nice.fr;personnel",
	}, "\n"), false)
	assert.Equal(t, []string{"3:invalid", "4:invalid"}, codes(r))
	assert.Equal(t, "Léo Roux, marc.roux@ac-nice.fr",
		one[string](t, w, `SELECT given_name || ' ' || family_name || ', ' || mail FROM person WHERE uid = 'mroux'`))
	assert.Equal(t, "Zoé Lù L’Anglois-D'Ys", one[string](t, w,
		`SELECT given_name || ' ' || family_name FROM person WHERE uid = 'dlanglois'`))
}

func TestImportingStaffTwiceChangesNothing(t *testing.T) {
	w := withStaff(t)
	before := w.everything(t)
	r := importStaff(t, w, staff, false)
	assert.Equal(t, 3, r.Unchanged)
	assert.True(t, r.Quiet())
	assert.Equal(t, before, w.everything(t))
}

func TestAStaffFileIsCompleteForTheEstablishmentsThatItNames(t *testing.T) {
	w := withStaff(t)
	r := importStaff(t, w, staffHeader+college+";mroux;Roux;Marc;m.roux@ac-nice.fr;adjoint\n", false)
	assert.True(t, r.OK(), r.Errors)
	assert.Equal(t, 1, r.Changed, "another function and another address")
	assert.Equal(t, 1, r.Removed, "Léa Martin is no longer at the college")
	assert.Equal(t, []string{"lmartin (Léa Martin), " + college}, r.Gone, "whoever imports reads who it was")
	assert.Equal(t, 1, one[int](t, w, `SELECT count(*) FROM assignment WHERE uai = $1`, lycee), "the file does not name the lycée")
	assert.Equal(t, "adjoint", one[string](t, w, `SELECT function FROM assignment WHERE uai = $1`, college))
}

// Claims said it at a sign-in; the file is newer, and complete.
func TestAStaffFileEndsWhatClaimsSaidOfWhoeverItLacks(t *testing.T) {
	w := withStaff(t)
	for _, uid := range []string{"mroux", "lmartin"} {
		one[int](t, w, `WITH said AS (INSERT INTO assignment (person, uai, function, source, since)
			SELECT id, $1, 'personnel', 'claims', now() FROM person WHERE uid = $2 RETURNING 1) SELECT count(*) FROM said`, college, uid)
	}
	one[int](t, w, `WITH said AS (INSERT INTO assignment (person, uai, function, source, until, since)
		SELECT id, $1, 'chef', 'claims', '2099-01-01', now() FROM person WHERE uid = 'mroux' RETURNING 1) SELECT count(*) FROM said`,
		college)
	r := importStaff(t, w, staffHeader+college+";mroux;Roux;Marc;m.roux@ac-nice.fr;personnel\n", false)
	assert.True(t, r.OK(), r.Errors)
	assert.Equal(t, "personnel", one[string](t, w,
		`SELECT string_agg(DISTINCT a.function, ',') FROM assignment a JOIN person p ON p.id = a.person WHERE p.uid = 'mroux'`),
		"heads no more")
	assert.Equal(t, "mroux", one[string](t, w, `SELECT string_agg(p.uid, ',') FROM assignment a JOIN person p ON p.id = a.person WHERE `+
		`a.source = 'claims'`))
}

func TestAFunctionMayBeSpeltAsOKEYShowsIt(t *testing.T) {
	w := withStaff(t)
	r := importStaff(t, w, staffHeader+lycee+";fontaine;Fontaine;Claire;c.fontaine@ac-nice.fr;Chef d’établissement\n", true)
	assert.True(t, r.OK(), r.Errors)
	assert.Equal(t, "chef", one[string](t, w, `SELECT function FROM assignment a JOIN person p ON p.id = a.person
		WHERE p.uid = 'fontaine'`))
}

func TestSomebodyWhoWasGivenARoleByAddressIsNotMadeTwice(t *testing.T) {
	w := withStaff(t)
	_, err := w.db.ExecContext(t.Context(), `INSERT INTO person (uid, family_name, given_name, mail, support, created_at)
		VALUES ('c.fontaine@ac-nice.fr', '', '', 'c.fontaine@ac-nice.fr', true, now())`)
	require.NoError(t, err)
	r := importStaff(t, w, staffHeader+lycee+";fontaine;Fontaine;Claire;C.Fontaine@ac-nice.fr;chef\n", true)
	assert.True(t, r.OK(), r.Errors)
	assert.Equal(t, 1, one[int](t, w, `SELECT count(*) FROM person WHERE lower(mail) = 'c.fontaine@ac-nice.fr'`))
	assert.True(t, one[bool](t, w, `SELECT support FROM person WHERE uid = 'fontaine'`))
}

func TestWhatSupportAttachedStays(t *testing.T) {
	w := withStaff(t)
	_, err := w.db.ExecContext(t.Context(), `INSERT INTO assignment (person, uai, function, source, reason, since)
		SELECT id, $1, 'personnel', 'support', 'remplacement', now() FROM person WHERE uid = 'mroux'`, lycee)
	require.NoError(t, err)
	r := importStaff(t, w, staff, false)
	assert.Equal(t, 3, r.Unchanged)
	assert.Zero(t, r.Removed)
	assert.Equal(t, 1, one[int](t, w, `SELECT count(*) FROM assignment WHERE source = 'support'`))
}

// crowd is a staff file of n people at the college.
func crowd(n int) string {
	var b strings.Builder
	b.WriteString(staffHeader)
	for i := range n {
		fmt.Fprintf(&b, "%s;p%03d;Nom%03d;Zoé;p%03d@ac-nice.fr;personnel\n", college, i, i, i)
	}
	return b.String()
}

func TestAFileThatRemovesManyTakesNothingWithoutForce(t *testing.T) {
	for _, c := range []struct {
		before, after int
		taken         bool
	}{
		{50, 45, true},   // exactly 10 %
		{49, 44, false},  // 5 of 49
		{20, 16, true},   // 20 %, but only 4
		{20, 15, false},  // 25 %, 5
		{100, 89, false}, // 11 %
	} {
		t.Run(fmt.Sprintf("%d to %d", c.before, c.after), func(t *testing.T) {
			w := withEstablishments(t)
			require.True(t, importStaff(t, w, crowd(c.before), false).OK())
			before := w.everything(t)
			smaller := crowd(c.after) + lycee + ";neuf;Neuf;Noé;neuf@ac-nice.fr;chef\n"
			r := importStaff(t, w, smaller, false)
			assert.Equal(t, c.taken, r.OK(), r.Errors)
			if c.taken {
				assert.Equal(t, c.before-c.after, r.Removed)
				return
			}
			assert.Equal(t, []string{"0:too_many_removed"}, codes(r))
			assert.Contains(t, r.Errors[0].Message, "--force")
			assert.Equal(t, before, w.everything(t), "nothing of the file is taken")
			r = importStaff(t, w, smaller, true)
			assert.True(t, r.OK())
			assert.Equal(t, c.before-c.after, r.Removed)
		})
	}
}

func TestEachBadStaffRowIsNamedAndRemovesNobody(t *testing.T) {
	w := withStaff(t)
	r := importStaff(t, w, staffHeader+strings.Join([]string{
		college + ";mroux;Roux;Marc;marc.roux;chef",
		college + ";neuf;Neuf;Noé;neuf@ac-nice.fr;principal",
		college + ";;Neuf;Noé;neuf@ac-nice.fr;personnel",
		college + ";deux mots;Neuf;Noé;neuf@ac-nice.fr;personnel",
		college + ";autre;Autre;Ana;ana@ac-nice.fr;personnel",
		lycee + ";autre;Autre;Anne;ana@ac-nice.fr;personnel",
		"9990001A;autre;Autre;Ana;ana@ac-nice.fr;personnel",
		school + ";autre;Autre;Ana;ana@ac-nice.fr;personnel",
		college + ";autre;Autre;Ana;ana@ac-nice.fr;personnel",
	}, "\n"), false)
	assert.Equal(t, []string{"2:invalid", "3:unknown_label", "4:missing", "5:invalid", "7:twice", "8:invalid"}, codes(r))
	assert.Equal(t, 1, r.Added)
	assert.Equal(t, 1, r.Repeated)
	assert.Zero(t, r.Removed)
	assert.Equal(t, 2, r.Kept, "the head and Léa Martin stay at the college")
	assert.Equal(t, map[okey.NotServed]int{okey.FirstDegree: 1}, r.LeftOutBy())
	assert.Equal(t, 3, one[int](t, w, `SELECT count(*) FROM assignment WHERE uai = $1`, college))
}

func TestStaffOfAnUnknownEstablishmentIsAnError(t *testing.T) {
	w := withStaff(t)
	r := importStaff(t, w, staffHeader+string(uai(t, "9990001"))+";autre;Autre;Ana;ana@ac-nice.fr;personnel\n", false)
	assert.Equal(t, []string{"2:establishment_unknown"}, codes(r))
	assert.True(t, r.Quiet())
}

// Section 3 of the design: whoever newly answers for a school gets one mail with all that awaits; where nothing does, none.
func TestANewHeadIsToBeToldWhatAwaits(t *testing.T) {
	w := withStaff(t)
	told := `SELECT count(*) FROM action WHERE name = 'approver-arrived' AND outcome IS NULL`
	rows := staffHeader + college + ";mroux;Roux;Marc;marc.roux@ac-nice.fr;chef\n" + college +
		";lmartin;Martin;Léa;lea.martin@ac-nice.fr;personnel\n"
	r := importStaff(t, w, rows+college+";neuve;Neuve;Nina;nina@ac-nice.fr;adjoint\n", false)
	require.True(t, r.OK(), r.Errors)
	assert.Zero(t, one[int](t, w, told), "nothing awaits her")

	one[int](t, w, `WITH asked AS (INSERT INTO request (id, person, uai, need, reason, stage, since, asked_at)
		SELECT gen_random_uuid(), id, $1, 'x', 'first', 'awaiting_decision', now(), now() FROM person WHERE uid = 'lmartin' RETURNING 1)
		SELECT count(*) FROM asked`, college)
	more := rows + college + ";neuve;Neuve;Nina;nina@ac-nice.fr;adjoint\n" + college + ";neuf;Neuf;Noé;noe@ac-nice.fr;adjoint\n"
	for range 2 {
		r = importStaff(t, w, more, false)
		require.True(t, r.OK(), r.Errors)
	}
	assert.Equal(t, 1, one[int](t, w, told), "him, once")
	assert.Equal(t, "neuf", one[string](t, w, `SELECT p.uid FROM action a JOIN person p ON p.id = a.subject WHERE a.name = `+
		`'approver-arrived'`))
}

// A uid has no case (X.520, RFC 4519): whatever says it, and however, it is one person.
func TestAUIDInOtherCapitalsIsTheSamePerson(t *testing.T) {
	w := withEstablishments(t)
	r := importStaff(t, w, staffHeader+college+";LMartin;Martin;Léa;lea.martin@ac-nice.fr;chef\n"+
		lycee+";lmartin;Martin;Léa;lea.martin@ac-nice.fr;personnel\n"+college+";mroux;Roux;Marc;m.roux@ac-nice.fr;personnel\n"+
		college+";MROUX;Roux;Marc;m.roux@ac-nice.fr;personnel\n", false)
	require.True(t, r.OK(), r.Errors)
	assert.Equal(t, []string{
		"lignes 2 et 3 : « LMartin » et « lmartin » sont une seule personne", "lignes 4 et 5 : « mroux » et « MROUX » sont une seule personne",
	}, r.Notes)
	assert.Equal(t, "lmartin,mroux", one[string](t, w, `SELECT string_agg(uid, ',' ORDER BY uid) FROM person`))
	assert.Equal(t, 2, one[int](t, w, `SELECT count(*) FROM assignment a JOIN person p ON p.id = a.person WHERE p.uid = 'lmartin'`))

	keys, err := Keys(t.Context(), w.Store, source("clefs.csv", keyHeader+"0001;L1;31/12/2029;"+college+";LMARTIN;en_service\n"), Options{At: at})
	require.NoError(t, err)
	require.True(t, keys.OK(), keys.Errors)
	assert.Equal(t, "lmartin", one[string](t, w, `SELECT p.uid FROM key k JOIN person p ON p.id = k.holder`))
	again, err := Keys(t.Context(), w.Store, source("clefs.csv", keyHeader+"0001;L1;31/12/2029;"+college+";lmartin;en_service\n"), Options{At: at})
	require.NoError(t, err)
	assert.Equal(t, 1, again.Unchanged)
	known, err := w.PersonByUID(t.Context(), " LMartin ")
	require.NoError(t, err)
	assert.Equal(t, "lmartin", known.UID)

	// So are a name and an address in other capitals: the first spelling stays. And a uid whose accent is a sign of its own.
	spelt := staffHeader + college + ";rené;MARTIN;Rene;R.Martin@ac-nice.fr;chef\n" +
		lycee + ";rene\u0301;Martin;René;r.martin@ac-nice.fr;personnel\n"
	r = importStaff(t, w, spelt, true)
	require.True(t, r.OK(), r.Errors)
	assert.Equal(t, "rené MARTIN Rene R.Martin@ac-nice.fr", one[string](t, w, `SELECT string_agg(concat_ws(' ', uid, family_name, given_name, mail), ',')
		FROM person WHERE uid LIKE 'ren%'`))
	assert.Equal(t, 2, one[int](t, w, `SELECT count(*) FROM assignment a JOIN person p ON p.id = a.person WHERE p.uid = 'rené'`))
	assert.True(t, importStaff(t, w, spelt, true).Quiet())

	contradicts := importStaff(t, w, staffHeader+college+";LMartin;Martin;Léa;lea.martin@ac-nice.fr;chef\n"+
		college+";lmartin;Martin;Lou;lou.martin@ac-nice.fr;personnel\n", true)
	assert.Equal(t, []string{"3:twice"}, codes(contradicts))
}

// Whom OKEY knew with capitals before it kept none is the same person, with the same row, at the next file, key or sign-in.
func TestWhoeverIsKnownWithCapitalsStaysOnePerson(t *testing.T) {
	for name, arrive := range map[string]func(w world){
		"staff": func(w world) {
			importStaff(t, w, staffHeader+college+";lmartin;Martin;Léa;lea.martin@ac-nice.fr;chef\n", false)
		},
		"keys": func(w world) {
			_, err := Keys(t.Context(), w.Store, source("clefs.csv", keyHeader+"0001;L1;31/12/2029;"+college+";lmartin;en_service\n"), Options{At: at})
			require.NoError(t, err)
		},
		"sign-in": func(w world) {
			_, err := w.SignIn(t.Context(), okey.Person{UID: "lmartin", FamilyName: "Martin"}, okey.DirectorySays{}, false, at)
			require.NoError(t, err)
		},
		"directory": func(w world) {
			syncDirectory(t, w, ldaptest.Start(t, "", direction()...), Options{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := withEstablishments(t)
			_, err := w.db.ExecContext(t.Context(), `INSERT INTO person (uid, family_name, given_name, mail, created_at)
				VALUES ('LMartin', 'Martin', 'Léa', 'lea.martin@ac-nice.fr', now())`)
			require.NoError(t, err)
			before := one[string](t, w, `SELECT id::text FROM person`)
			arrive(w)
			assert.Equal(t, before, one[string](t, w, `SELECT string_agg(id::text, ',') FROM person WHERE lower(uid) = 'lmartin'`))
			assert.Equal(t, "lmartin", one[string](t, w, `SELECT uid FROM person WHERE lower(uid) = 'lmartin'`))
		})
	}
}
