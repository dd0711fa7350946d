package mails_test

import (
	"strings"
	"testing"

	"okey/internal/postbox"
	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// toldOfSources are the letters of what readings have asked of support so far.
func (o *fixture) toldOfSources() (arrived []postbox.Letter) {
	o.Helper()
	found, err := o.Store.FollowUps(o.Context(), 100)
	require.NoError(o, err)
	for _, a := range found {
		require.Equal(o, okey.ActionSourcesTold, a.Name)
		arrived = append(arrived, o.letters(o.judged(a).Verdict.Letters...)...)
	}
	return arrived
}

// renamed is a holder whose uid is another one since today's staff file.
func (o *fixture) renamed() (old okey.Person, fresh okey.PersonID) {
	o.Helper()
	old = o.Person("Ben Blond", okey.Staff, scene.Tilleuls)
	o.KeyOf(old, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	require.NoError(o, o.Store.Do(o.Context(), func(tx *sql.Tx) error {
		rows := []okey.ImportedStaff{
			{Line: 1, UAI: scene.Tilleuls, UID: "bblond2", FamilyName: old.FamilyName, GivenName: old.GivenName, Mail: old.Mail, Function: okey.Staff},
			{Line: 2, UAI: scene.Tilleuls, UID: o.roux.UID, FamilyName: "Roux", GivenName: "Marc", Mail: o.roux.Mail, Function: okey.Principal},
		}
		_, err := tx.ImportStaff(o.Context(), rows, sql.StaffImport{Run: uuid.New(), Today: o.today(), Force: true}, o.now)
		return err
	}))
	known, err := o.Store.PersonByUID(o.Context(), "bblond2")
	require.NoError(o, err)
	return old, known.ID
}

// Whose uid has changed is not asked for the key: not until support says that they are two, or has said nothing for a week.
func TestWhoseUIDHasChangedIsNotAskedForTheKey(t *testing.T) {
	sam := func(o *fixture) okey.PersonID { return o.Support("Sam Support").ID }
	for name, test := range map[string]struct {
		word          func(*fixture, okey.PersonID, okey.PersonID) error
		next, in8Days []string // who gets a letter
	}{
		"no word": {func(*fixture, okey.PersonID, okey.PersonID) error { return nil }, nil, []string{"bblond", "mroux"}},
		"two people": {func(o *fixture, old, fresh okey.PersonID) error {
			return o.Store.KeepApart(o.Context(), old, fresh, sam(o), o.today(), o.now)
		}, []string{"bblond", "mroux"}, nil},
		"one person": {func(o *fixture, old, fresh okey.PersonID) error {
			return o.Store.MakeOne(o.Context(), old, fresh, sam(o), o.today(), o.now)
		}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			o := newFixture(t)
			readers := func(letters []postbox.Letter) (uids []string) {
				for _, line := range lines(letters) {
					uid, _, _ := strings.Cut(line, "@")
					uids = append(uids, uid)
				}
				return uids
			}
			old, fresh := o.renamed()
			assert.Empty(t, o.morning())
			require.NoError(t, test.word(o, old.ID, fresh))
			assert.ElementsMatch(t, test.next, readers(o.after(1)))
			assert.ElementsMatch(t, test.in8Days, readers(o.after(7)))
		})
	}
}

// Support is told of it once by one mail, also where only sign-ins say so: then each morning looks.
func TestSupportIsToldWhoseUIDHasChanged(t *testing.T) {
	o := newFixture(t)
	old := o.Person("Ben Blond", okey.Staff, scene.Tilleuls)
	o.KeyOf(old, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	o.Exec(`UPDATE assignment SET source = 'claims' WHERE person = $1`, old.ID)
	_, err := o.Store.SignIn(t.Context(), okey.Person{UID: "bblond2", FamilyName: old.FamilyName, GivenName: old.GivenName, Mail: old.Mail},
		okey.DirectorySays{Assignments: []okey.Assignment{{UAI: scene.Tilleuls, Function: okey.Staff}}}, true, o.now)
	require.NoError(t, err)
	require.Empty(t, o.morning())
	told := o.toldOfSources()
	require.Equal(t, []string{supportBox + ": 1 identifiant à réunir"}, lines(told))
	assert.Contains(t, told[0].Text, "Ben Blond : bblond, devenu bblond2, semble-t-il.")
	assert.Equal(t, base+"/assistance/imports", link(told[0]))
	require.Empty(t, o.after(1))
	assert.Empty(t, o.toldOfSources(), "once")
}

// A night's reading that was refused is told at once, with each school and why; one by hand is not: whoever began it reads it.
func TestSupportIsToldOfARefusedReading(t *testing.T) {
	o := newFixture(t)
	run := sql.ImportRun{
		ID: uuid.New(), At: o.now, What: sql.ImportedDirectory, Via: okey.ViaEngine, Taken: true, Faults: []sql.ImportFault{
			{Code: sql.CodeTooManyGone, Message: "0069001B perdrait 31 de ses 40 personnes : personne n'y a été retiré."},
			{Where: "cn=x", Code: okey.CodeInvalid, Message: "Cette personne a 2 uid."},
		},
	}
	require.NoError(t, o.Store.Do(t.Context(), func(tx *sql.Tx) error {
		if err := tx.RecordImport(t.Context(), run); err != nil {
			return err
		}
		return tx.TellSources(t.Context(), run.ID, o.now)
	}))
	told := o.toldOfSources()
	require.Equal(t, []string{supportBox + ": L'annuaire n'est pas suivi partout"}, lines(told))
	assert.Contains(t, told[0].Text, "0069001B perdrait 31 de ses 40 personnes")
	assert.NotContains(t, told[0].Text, "2 uid")
	assert.Equal(t, base+"/assistance/imports/"+run.ID.String(), link(told[0]))
}
