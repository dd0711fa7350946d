package imports

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/internal/directory"
	"okey/internal/ldaptest"
	"okey/internal/pgtest"
	"okey/okey"
	"okey/sql"
)

// of is the directory of a test.
func of(s *ldaptest.Server) Directory {
	return Directory{
		Settings: directory.Settings{
			URL: s.LDAPS, Roots: s.Roots, BindDN: ldaptest.Reader, Secret: ldaptest.Secret, Base: ldaptest.Staff, Filter: "(uid=*)",
		},
		UID: "uid", FamilyName: "sn", GivenName: "givenName", Mail: "mail",
		Rules: okey.DirectoryRules{
			Function: "FrEduFonctAdm", Heads: "FrEduRneResp", Works: "FrEduRne", Delegations: "FrEduResDel",
			Principals: []string{"DIR"}, Deputies: []string{"ADJ"}, Application: "okey",
		},
	}
}

func syncDirectory(t *testing.T, w world, s *ldaptest.Server, opts Options) *Result {
	t.Helper()
	opts.At = at
	r, err := SyncDirectory(t.Context(), w.Store, of(s), opts)
	require.NoError(t, err)
	return r
}

// agent is somebody of the academy; pairs are attributes and values beside.
func agent(uid, family, given string, pairs ...string) ldaptest.Entry {
	e := ldaptest.Entry{RDN: "uid=" + uid, Values: map[string][]string{
		"uid": {uid}, "sn": {family}, "givenName": {given}, "mail": {uid + "@ac-nice.fr"},
	}}
	for i := 0; i+1 < len(pairs); i += 2 {
		e.Values[pairs[i]] = append(e.Values[pairs[i]], pairs[i+1])
	}
	return e
}

func printed(t *testing.T, r *Result) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, r.Print(&b))
	return b.String()
}

const directoryRuns = `SELECT count(*) FROM import_run WHERE what = 'directory'`

// direction is a head, a deputy and a member of staff at the college.
func direction() []ldaptest.Entry {
	return []ldaptest.Entry{
		agent("mroux", "Roux", "Marc", "FrEduFonctAdm", "DIR", "FrEduRneResp", college+"$UAJ$PU$N$T3$CLG$340", "FrEduRne", college+"$UAJ$PU$DIR"),
		agent("sblanc", "Blanc", "Sofia", "FrEduFonctAdm", "ADJ", "FrEduRneResp", "X", "FrEduRne", college+"$UAJ$PU$ADF"),
		agent("lmartin", "Martin", "Léa", "FrEduRne", college+"$UAJ$PU$ENS$"+college+"$T3$CLG$340", "FrEduRneResp", "X"),
	}
}

// posts are everybody's functions, as one text a line.
func (w world) posts(t *testing.T) []string {
	t.Helper()
	return strings.Split(one[string](t, w, `SELECT coalesce(string_agg(p.uid || ' ' || a.function || ' ' || a.uai || ' ' || a.source, ','
		ORDER BY p.uid, a.uai, a.function, a.source), '') FROM assignment a JOIN person p ON p.id = a.person`), ",")
}

func TestTheDirectorySaysWhoPeopleAreAndWhatTheyDo(t *testing.T) {
	w := withEstablishments(t)
	server := ldaptest.Start(t, "", direction()...)
	checked := syncDirectory(t, w, server, Options{Check: true})
	assert.Equal(t, 3, checked.Added)
	assert.Equal(t, []string{""}, w.posts(t), "asked what would happen, it changes nothing")
	assert.Zero(t, one[int](t, w, directoryRuns))

	r := syncDirectory(t, w, server, Options{})
	assert.True(t, r.OK(), r.Errors)
	assert.Equal(t, []string{
		"lmartin personnel " + college + " directory", "mroux chef " + college + " directory", "sblanc adjoint " + college + " directory",
	}, w.posts(t))
	assert.Equal(t, "Léa Martin, lmartin@ac-nice.fr",
		one[string](t, w, `SELECT given_name || ' ' || family_name || ', ' || mail FROM person WHERE uid = 'lmartin'`))
	before := w.everything(t)
	again := syncDirectory(t, w, server, Options{})
	assert.True(t, again.Quiet())
	assert.Equal(t, 3, again.Unchanged)
	assert.Equal(t, before, w.everything(t), "read twice it changes nothing")

	server.Remove("uid=lmartin")
	server.Set("uid=mroux", "mail", "direction@ac-nice.fr")
	r = syncDirectory(t, w, server, Options{})
	assert.Equal(t, []string{"lmartin (Léa Martin), " + college}, r.Gone)
	assert.Equal(t, 1, r.Changed)
	var b strings.Builder
	require.NoError(t, r.Print(&b))
	assert.Contains(t, b.String(), "absent de l'annuaire, retiré : lmartin (Léa Martin)")
	assert.Contains(t, b.String(), "2 entrées lues")
	runs, _, err := w.ImportRuns(t.Context(), sql.ImportList{Limit: 10})
	require.NoError(t, err)
	require.Len(t, runs, 4, "with that of the establishments")
	left := slices.IndexFunc(runs, func(run sql.ImportRun) bool { return run.Removed == 1 })
	require.GreaterOrEqual(t, left, 0)
	assert.Equal(t, r.Gone, runs[left].Gone)
	assert.Equal(t, sql.ImportedDirectory, runs[left].What)
	assert.True(t, runs[left].Taken)
}

// Everything that academies' directories are known for.
func TestOddEntriesKeepNobodyElseOut(t *testing.T) {
	w := withEstablishments(t)
	importStaff(t, w, staffHeader+lycee+";Fontaine;Fontaine;Claire;c.fontaine@ac-nice.fr;personnel\n", false)
	server := ldaptest.Start(t, "", append(direction(),
		agent("FONTAINE", "Fontaine", "Claire", "FrEduRne", strings.ToLower(lycee), "frEduFonctAdm", "dir", "FREDURNERESP", strings.ToLower(lycee)+"$uaj"),
		agent("rien", "Rien", "Rita", "FrEduRne", "X", "FrEduRneResp", "X"),
		agent("ecole", "École", "Emma", "FrEduRne", school),
		agent("nulle.part", "Part", "Paul", "FrEduRne", string(uai(t, "9990001"))),
		agent("deux", "Deux", "Dora", "uid", "deux.bis", "FrEduRne", lycee, "sn", "Autre-Deux", "mail", "a.deux@ac-nice.fr", "mail", "ce.0060001U@ac-nice.fr", "mail", "Ce."+lycee+"@ac-nice.fr", "FrEduRne", college),
		agent("sans.adresse", "Adresse", "Ana", "FrEduRne", lycee),
		ldaptest.Entry{RDN: "cn=sans uid", Values: map[string][]string{"cn": {"sans uid"}, "uid": {"a b"}, "sn": {"X"}, "FrEduRne": {college}}},
		ldaptest.Entry{RDN: "cn=sans nom", Values: map[string][]string{"cn": {"sans nom"}, "uid": {"sansnom"}, "FrEduRne": {college}}},
		ldaptest.Entry{RDN: "cn=ambigu", Values: map[string][]string{"cn": {"ambigu"}, "uid": {"un", "autre"}, "sn": {"X"}, "FrEduRne": {college}}},
		ldaptest.Entry{RDN: "cn=double", Values: map[string][]string{"cn": {"double"}, "uid": {"LMARTIN"}, "sn": {"Martin"}, "givenName": {"Léa"}, "mail": {"lmartin@ac-nice.fr"}, "FrEduRne": {lycee}}},
		ldaptest.Entry{RDN: "cn=encore", Values: map[string][]string{"cn": {"encore"}, "uid": {"sblanc"}, "sn": {"BLANC"}, "givenName": {"SOFIA"}, "mail": {"SBlanc@AC-Nice.fr"}, "FrEduRne": {lycee}}},
		ldaptest.Entry{RDN: "cn=homonyme", Values: map[string][]string{"cn": {"homonyme"}, "uid": {"Mroux"}, "sn": {"Rouxel"}, "FrEduRne": {lycee}}},
	)...)
	server.Set("uid=sans.adresse", "mail", "pas une adresse")
	r := syncDirectory(t, w, server, Options{})
	var wrong []string
	for _, e := range r.Errors {
		wrong = append(wrong, strings.TrimSuffix(e.Entry, ","+ldaptest.Staff)+" "+e.Column+" "+string(e.Code))
	}
	assert.Contains(t, strings.Join(r.Notes, "\n"), "uid=sans.adresse")
	assert.ElementsMatch(t, []string{"cn=sans uid uid invalid", "cn=sans nom sn missing", "cn=ambigu uid invalid", "uid=mroux  twice"}, wrong)
	assert.Contains(t, r.Errors[3].Message, "cn=homonyme")
	assert.Equal(t, []string{
		"deux personnel " + college + " directory", "deux personnel " + lycee + " directory",
		"fontaine chef " + lycee + " directory", "fontaine personnel " + lycee + " import",
		"lmartin personnel " + college + " directory", "lmartin personnel " + lycee + " directory",
		"sans.adresse personnel " + lycee + " directory", "sblanc adjoint " + college + " directory", "sblanc personnel " + lycee + " directory",
	}, w.posts(t))
	assert.Equal(t, "Autre-Deux a.deux@ac-nice.fr", one[string](t, w, `SELECT family_name || ' ' || mail FROM person WHERE uid = 'deux'`),
		"of several values the first, whatever their order")
	assert.Empty(t, one[string](t, w, `SELECT mail FROM person WHERE uid = 'sans.adresse'`))
	assert.Equal(t, map[okey.NotServed]int{okey.FirstDegree: 1, notImported: 1}, r.LeftOutBy())
	var b strings.Builder
	require.NoError(t, r.Print(&b))
	assert.Contains(t, b.String(), "hors champ, établissement qu'OKEY n'a pas : 1 ("+string(uai(t, "9990001"))+")")
	assert.NotContains(t, b.String(), "nulle.part", "the academy's other people are only counted")
	assert.NotContains(t, b.String(), "..")
	assert.Contains(t, b.String(), "cn=ambigu,"+ldaptest.Staff+", attribut « uid »")
}

// A code that somebody mistyped says that people work somewhere, and not where: they stay what they are, and are named.
func TestACodeThatIsNoneTakesNothingAway(t *testing.T) {
	w := withEstablishments(t)
	server := ldaptest.Start(t, "", direction()...)
	require.True(t, syncDirectory(t, w, server, Options{}).OK())
	before := w.posts(t)
	wrong := college[:7] + "Z"
	server.Set("uid=mroux", "FrEduRneResp", wrong+"$UAJ$PU")
	server.Set("uid=lmartin", "FrEduRne", "UAI:"+college)
	server.Set("uid=sblanc", "FrEduRne", wrong)
	server.Add(agent("neuf", "Neuf", "Noé", "FrEduRne", "9999999Z"))
	server.Set("uid=sblanc", "sn", strings.Repeat("Blanc", 50))
	r := syncDirectory(t, w, server, Options{})
	assert.Equal(t, before, w.posts(t))
	assert.Empty(t, r.Gone)
	said := printed(t, r)
	for _, named := range []string{"uid=mroux", "FrEduRneResp", "la lettre est " + college[7:], "uid=lmartin", "UAI:" + college, "uid=sblanc", "uid=neuf", "plus de 200 caractères"} {
		assert.Contains(t, said, named)
	}
	assert.Len(t, r.Errors, 4)

	server.Set("uid=lmartin", "FrEduRne", lycee)
	syncDirectory(t, w, server, Options{})
	assert.Contains(t, w.posts(t), "lmartin personnel "+lycee+" directory", "once it is right again")
	assert.NotContains(t, w.posts(t), "lmartin personnel "+college+" directory")
}

// An entry that can't be taken may be of anybody: nobody is removed where it stands.
func TestNobodyLeavesWhereAnEntryCouldNotBeTaken(t *testing.T) {
	w := withEstablishments(t)
	server := ldaptest.Start(t, "", append(direction(), agent("zoe", "Zola", "Zoé", "FrEduRne", lycee), agent("yann", "Yver", "Yann", "FrEduRne", lycee))...)
	require.True(t, syncDirectory(t, w, server, Options{}).OK())
	server.Remove("uid=lmartin", "uid=yann")
	server.Add(ldaptest.Entry{RDN: "cn=abîmé", Values: map[string][]string{"cn": {"abîmé"}, "sn": {"X"}, "uid": {"a b"}, "FrEduRne": {college}}})
	r := syncDirectory(t, w, server, Options{})
	assert.Equal(t, []string{"yann (Yann Yver), " + lycee}, r.Gone)
	assert.Equal(t, 1, r.Kept, "Léa Martin, at the college")
	assert.Contains(t, printed(t, r), "1 personne absente de l'annuaire, qui reste : tout n'a pu être lu de leur établissement.")

	server.Remove("uid=zoe")
	server.Add(ldaptest.Entry{RDN: "ou=ailleurs", Values: map[string][]string{
		"objectClass": {"referral", "extensibleObject"}, "ref": {"ldap://127.0.0.1:1/ou=ailleurs,dc=ac-nice,dc=fr"},
	}})
	r = syncDirectory(t, w, server, Options{})
	assert.Empty(t, r.Gone, "she may be where the directory leads")
	assert.Contains(t, codes(r), "0:referral")
}

func TestASchoolThatLosesManyKeepsThemWithoutForceAndHoldsUpNoOther(t *testing.T) {
	w := withEstablishments(t)
	entries := direction()
	for i := range 27 {
		entries = append(entries, agent(fmt.Sprintf("p%02d", i), "Nom", "Zoé", "FrEduRne", college))
	}
	server := ldaptest.Start(t, "", append(entries, agent("zoe", "Zola", "Zoé", "FrEduRne", lycee))...)
	require.True(t, syncDirectory(t, w, server, Options{}).OK())
	server.Remove("uid=p00", "uid=p01", "uid=p02", "uid=p03", "uid=p04", "uid=zoe")
	server.Add(agent("neuf", "Neuf", "Noé", "FrEduRne", college))
	r := syncDirectory(t, w, server, Options{})
	assert.Equal(t, []string{"0:too_many_removed"}, codes(r))
	assert.Contains(t, r.Errors[0].Message, college+" perdrait 5 de ses ")
	assert.Contains(t, r.Errors[0].Message, "okey sync directory --force")
	assert.True(t, r.HeldBack())
	assert.Equal(t, []string{"zoe (Zoé Zola), " + lycee}, r.Gone)
	assert.Equal(t, []int{1, 5}, []int{r.Added, r.Kept}, "whoever is new there is taken, whoever is missing stays")
	assert.Contains(t, printed(t, r), "5 personnes absentes de l'annuaire, qui restent : leur établissement en perdrait trop.")
	assert.Equal(t, "too_many_removed", one[string](t, w, `SELECT faults->0->>'code' FROM import_run WHERE faults <> '[]' AND taken`))

	r = syncDirectory(t, w, server, Options{Force: true})
	assert.True(t, r.OK(), r.Errors)
	assert.Equal(t, 5, r.Removed)
	assert.Equal(t, 0, one[int](t, w, `SELECT count(*) FROM assignment WHERE uai = $1`, lycee), "a school that it names no more")
}

func TestADirectoryThatSaysNothingChangesNothing(t *testing.T) {
	w := withEstablishments(t)
	server := ldaptest.Start(t, "", direction()...)
	require.True(t, syncDirectory(t, w, server, Options{}).OK())
	before := w.everything(t)
	wrong := of(server)
	wrong.Rules.Works, wrong.Rules.Heads = "FrEduFonctAdm", ""
	r, err := SyncDirectory(t.Context(), w.Store, wrong, Options{At: at})
	require.NoError(t, err)
	assert.Equal(t, []string{"0:missing"}, codes(r))
	wrong = of(server)
	wrong.Secret = "autre"
	r, err = SyncDirectory(t.Context(), w.Store, wrong, Options{At: at})
	require.NoError(t, err)
	assert.Contains(t, r.Errors[0].Message, "OKEY_LDAP_PASSWORD")
	assert.Equal(t, before, w.everything(t))
	assert.Equal(t, 2, one[int](t, w, `SELECT count(*) FROM import_run WHERE NOT taken`), "support sees both")
}

// The line is cut in the middle of some thousand entries.
func TestADirectoryThatIsAwayInTheMiddleChangesNothing(t *testing.T) {
	w := withEstablishments(t)
	entries := direction()
	for i := range 3000 {
		entries = append(entries, agent(fmt.Sprintf("p%04d", i), "Nom", "Zoé", "FrEduRne", []string{college, lycee}[i%2]))
	}
	server := ldaptest.Start(t, "", entries...)
	line := pgtest.NewProxy(t, server.LDAPS)
	d := of(server)
	d.URL = line.URL
	_, err := SyncDirectory(t.Context(), w.Store, d, Options{At: at, Progress: func(step string, done, _ int64) {
		if step == StepReading && done == 1000 {
			line.Cut()
		}
	}})
	require.Equal(t, okey.CodeUnavailable, okey.ErrorCode(err), "%v", err)
	assert.Contains(t, okey.ErrorMessage(err), "après 1000 entrées")
	assert.Equal(t, []string{""}, w.posts(t))
	assert.Zero(t, one[int](t, w, `SELECT count(*) FROM person`))
	line.Mend()
	r, err := SyncDirectory(t.Context(), w.Store, d, Options{At: at})
	require.NoError(t, err)
	assert.Equal(t, 3003, r.Added)
}

// Stale delegations stay in directories for years; those of today hold, until the directory says them no more.
func TestDelegationsOfTheDirectoryHoldFromTheFirstReadingOn(t *testing.T) {
	w := withEstablishments(t)
	given := func(application, from, until, giver string) string {
		return application + "|/redirect.jsp|" + from + "|" + until + "|" + giver + "|FrEduRneResp=" + college + "$UAJ||"
	}
	entries := direction()
	entries[2].Values["FrEduResDel"] = []string{
		given("okey", "01/09/2026", "31/08/2027", "MROUX"), given("okey", "01/09/2019", "31/08/2020", "mroux"),
		given("orion", "01/09/2026", "31/08/2027", "mroux"), given("okey", "01/09/2026", "31/12/9999", "inconnu"),
	}
	server := ldaptest.Start(t, "", entries...)
	r := syncDirectory(t, w, server, Options{})
	require.True(t, r.OK(), r.Errors)
	assert.Equal(t, 1, r.Delegated)
	day := okey.NewDay(2026, 11, 23)
	delegates := func() []okey.Person {
		found, err := w.Delegates(t.Context(), college, day, okey.Everything)
		require.NoError(t, err)
		return found
	}
	require.Len(t, delegates(), 1)
	assert.Equal(t, "lmartin", delegates()[0].UID)
	assert.Zero(t, one[int](t, w, `SELECT count(*) FROM delegation WHERE begun_at IS NULL`), "nobody is told of what has held for months")

	lea, err := w.SignIn(t.Context(), okey.Person{UID: "lmartin", FamilyName: "Martin"}, okey.DirectorySays{}, false, at)
	require.NoError(t, err)
	assert.Equal(t, delegates()[0].ID, lea)
	assert.Len(t, delegates(), 1, "a provider that gives no such claim ends nothing")
	assert.Zero(t, syncDirectory(t, w, server, Options{}).Delegated)

	server.Set("uid=lmartin", "FrEduResDel")
	assert.Equal(t, 1, syncDirectory(t, w, server, Options{}).Delegated)
	assert.Empty(t, delegates())
}

// Whatever is imported after whatever: who is in a file, or in the directory, or was attached, is there.
func TestAFileAndADirectoryDoNotUndoEachOther(t *testing.T) {
	w := withEstablishments(t)
	server := ldaptest.Start(t, "", direction()...)
	files := map[string]string{
		"mroux": staffHeader + college + ";mroux;Roux;Marco;m.roux@ac-nice.fr;personnel\n",
		"seul":  staffHeader + college + ";seul;Seul;Sam;seul@ac-nice.fr;adjoint\n",
	}
	const steps = 3
	for n := range 27 { // every order of three
		_, err := w.db.ExecContext(t.Context(), `DELETE FROM assignment; DELETE FROM person`)
		require.NoError(t, err)
		fromFile, fromDirectory, order := "", false, ""
		for i := range steps {
			step := []string{"mroux", "seul", "directory"}[n/[]int{1, 3, 9}[i]%3]
			order += " " + step
			if step == "directory" {
				require.True(t, syncDirectory(t, w, server, Options{Force: true}).OK())
				fromDirectory = true
				continue
			}
			require.True(t, importStaff(t, w, files[step], true).OK())
			fromFile = step
		}
		posts := strings.Join(w.posts(t), ",")
		for post, there := range map[string]bool{
			"lmartin personnel " + college + " directory": fromDirectory, "mroux chef " + college + " directory": fromDirectory,
			"mroux personnel " + college + " import": fromFile == "mroux", "seul adjoint " + college + " import": fromFile == "seul",
		} {
			require.Equal(t, there, strings.Contains(posts, post), "%s after%s: %s", post, order, posts)
		}
		if !fromDirectory {
			continue
		}
		require.Equal(t, "Marc mroux@ac-nice.fr", one[string](t, w, `SELECT given_name || ' ' || mail FROM person WHERE uid = 'mroux'`),
			"of whom the directory speaks, it says the name, after%s", order)
		before := w.everything(t)
		require.True(t, syncDirectory(t, w, server, Options{}).Quiet())
		if fromFile != "" {
			require.True(t, importStaff(t, w, files[fromFile], true).Quiet())
		}
		require.Equal(t, before, w.everything(t), "nobody changes what the other said, after%s", order)
	}
}

func TestWhoeverDoesNotWaitForTheDirectoryLeavesEverythingAsItIs(t *testing.T) {
	w := withEstablishments(t)
	d := Directory{Settings: directory.Settings{URL: "ldaps://127.0.0.1:1"}, UID: "uid"}
	_, err := SyncDirectory(t.Context(), w.Store, d, Options{At: at})
	require.Equal(t, okey.CodeUnavailable, okey.ErrorCode(err))
	var known *okey.Error
	require.ErrorAs(t, err, &known)
	assert.Error(t, known.Err, "the operator reads why")
	assert.Zero(t, one[int](t, w, directoryRuns), "it is tried again: no row each time")
}

// A directory that is silent takes nothing away, and vouches for nothing.
func TestWhatTheDirectoryDoesNotSayStaysAsItWas(t *testing.T) {
	w := withEstablishments(t)
	importStaff(t, w, staffHeader+college+";zoe;Zola;Zoé;zoe@ac-nice.fr;personnel\n", false)
	_, err := w.SignIn(t.Context(), okey.Person{UID: "nina", FamilyName: "Neuf", Mail: "nina@exemple.fr", MailDenied: true},
		okey.DirectorySays{}, false, at)
	require.NoError(t, err)
	silent := func(uid, family string) ldaptest.Entry {
		return ldaptest.Entry{RDN: "uid=" + uid, Values: map[string][]string{"uid": {uid}, "sn": {family}, "FrEduRne": {college}}}
	}
	server := ldaptest.Start(t, "", silent("zoe", "Zola-Neuf"), silent("nina", "Neuf"))
	require.True(t, syncDirectory(t, w, server, Options{}).OK())
	assert.Equal(t, "Zoé Zola-Neuf zoe@ac-nice.fr",
		one[string](t, w, `SELECT given_name || ' ' || family_name || ' ' || mail FROM person WHERE uid = 'zoe'`))
	assert.Equal(t, "nina@exemple.fr true", one[string](t, w, `SELECT mail || ' ' || mail_denied FROM person WHERE uid = 'nina'`))
	server.Set("uid=nina", "mail", "nina@ac-nice.fr")
	require.True(t, syncDirectory(t, w, server, Options{}).OK())
	assert.Equal(t, "nina@ac-nice.fr false", one[string](t, w, `SELECT mail || ' ' || mail_denied FROM person WHERE uid = 'nina'`))
}
