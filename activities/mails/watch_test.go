package mails_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"okey/activities"
	"okey/internal/postbox"
	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// morning is a whole run of the watch: claimed and sent.
func (o *fixture) morning() []postbox.Letter {
	o.Helper()
	return o.letters(o.due(uuid.NewString())...)
}

// after is the morning some days later.
func (o *fixture) after(days int) []postbox.Letter {
	o.Helper()
	o.now = o.now.Add(time.Duration(days) * day)
	return o.morning()
}

// due claims what is due for a run and returns the letters that it has to send.
func (o *fixture) due(run string) []okey.MailOrder {
	o.Helper()
	r, err := activities.NewWatch(o.Store).Due(context.Background(), okey.WatchInput{Run: run, At: o.now})
	require.NoError(o, err)
	return r.Letters
}

func (o *fixture) today() okey.Day { return okey.DayOf(o.now, okey.ZoneOf("")) }

func (o *fixture) leaves(p okey.Person) {
	o.Helper()
	o.Exec(`DELETE FROM assignment WHERE person = $1`, p.ID)
}

func TestLowStockIsToldOnceAShortage(t *testing.T) {
	o := newFixture(t)
	assert.Empty(t, o.morning())
	o.Exec(`UPDATE establishment SET minimum_stock = 2 WHERE uai = $1`, scene.Tilleuls)
	o.Key(scene.Tilleuls)
	told := []string{
		"ablanc@ac-nice.fr: Bientôt plus de clef au collège des Tilleuls", "mroux@ac-nice.fr: Bientôt plus de clef au collège des Tilleuls",
	}
	assert.Equal(t, told, lines(o.morning()))
	assert.Empty(t, o.after(1), "not daily")
	o.Exec(`UPDATE establishment SET shortage_since = $2, shortage_told = true WHERE uai = $1`, scene.Tilleuls, o.now)
	assert.Empty(t, o.after(1))
	o.Exec(`UPDATE establishment SET shortage_since = NULL, shortage_told = false WHERE uai = $1`, scene.Tilleuls)
	assert.Empty(t, o.after(1), "the stock has not recovered: it is the same shortage")
	o.Key(scene.Tilleuls)
	assert.Empty(t, o.after(1))
	o.Exec(`UPDATE establishment SET minimum_stock = 9 WHERE uai = $1`, scene.Tilleuls)
	assert.Equal(t, told, lines(o.after(1)), "the next shortage is told again")
}

func TestLowStockIsSupportsAffairWhereNobodyApproves(t *testing.T) {
	o := newFixture(t)
	o.Exec(`UPDATE establishment SET minimum_stock = 1 WHERE uai = $1`, scene.Acacias)
	assert.Equal(t, []string{supportBox + ": Bientôt plus de clef au lycée des Acacias"}, lines(o.morning()))
}

func TestNobodyFillsTheDrawerOfASchoolThatHasASuccessor(t *testing.T) {
	o := newFixture(t)
	o.Exec(`UPDATE establishment SET minimum_stock = 1, successor = $2 WHERE uai = $1`, scene.Tilleuls, scene.Acacias)
	assert.Empty(t, o.morning())
}

func TestKeysThatEndAreToldToEachHolderAndAsOneListToTheSchool(t *testing.T) {
	o := newFixture(t)
	paul := o.Person("Paul Petit", okey.Staff, scene.Tilleuls)
	in := o.today().AddMonths(okey.RenewalMonths)
	first, second := o.KeyOf(o.lea, scene.Tilleuls, in.AddDays(-1)), o.KeyOf(paul, scene.Tilleuls, in)
	o.KeyOf(o.roux, scene.Tilleuls, in.AddDays(2))
	ended := o.KeyOf(o.blanc, scene.Tilleuls, o.today().AddDays(-1))

	arrived := o.morning()
	require.ElementsMatch(t, []string{
		"lmartin@ac-nice.fr: Votre clef n° " + string(first) + " expire bientôt",
		"ppetit@ac-nice.fr: Votre clef n° " + string(second) + " expire bientôt",
		"ablanc@ac-nice.fr: Votre clef n° " + string(ended) + " a expiré",
		"ablanc@ac-nice.fr: 2 clefs à renouveler : le collège des Tilleuls",
		"mroux@ac-nice.fr: 3 clefs à renouveler : le collège des Tilleuls",
	}, lines(arrived))
	list := o.box.To("mroux@ac-nice.fr")[0]
	assert.Contains(t, list.Text, "n° "+string(first)+", Léa Martin : expire le")
	assert.Contains(t, list.Text, "n° "+string(ended)+", Anne Blanc : a expiré le")
	assert.Equal(t, base+"/clefs?etablissement="+string(scene.Tilleuls)+"&suivi=expirent", link(list))
	assert.Equal(t, base+"/demandes/nouvelle", link(o.box.To("lmartin@ac-nice.fr")[0]))
	assert.Empty(t, o.after(1), "not daily")

	assert.Len(t, o.after(1), 2, "the third key's turn: its holder, and a list")
	o.ask(o.lea, okey.Renewal)
	arrived = o.after(62)
	assert.Contains(t, lines(arrived), "ppetit@ac-nice.fr: Votre clef n° "+string(second)+" expire bientôt", "again a month before")
	assert.NotContains(
		t, lines(arrived), "lmartin@ac-nice.fr: Votre clef n° "+string(first)+" expire bientôt",
		"who has asked for the next one is left in peace",
	)
	require.NotEmpty(t, o.after(40), "and when it has ended")
	for range 12 {
		assert.Empty(t, o.after(30), "never again")
	}
}

func TestTheNextHolderOfAKeyIsToldThatItEnds(t *testing.T) {
	o := newFixture(t)
	serial := o.KeyOf(o.lea, scene.Tilleuls, o.today().AddMonths(2))
	require.Len(t, o.morning(), 3)
	o.Exec(`UPDATE key SET holder = $2 WHERE serial = $1`, string(serial), o.roux.ID)
	assert.Equal(t, []string{
		"ablanc@ac-nice.fr: 1 clef à renouveler : le collège des Tilleuls",
		"mroux@ac-nice.fr: Votre clef n° " + string(serial) + " expire bientôt",
	}, sorted(lines(o.after(1))))
	o.Person("Paul Petit", okey.Principal, scene.Acacias)
	o.Exec(`INSERT INTO assignment (person, uai, function, source, since) VALUES ($1, $2, 'personnel', 'import', $3)`,
		o.roux.ID, scene.Acacias, o.now)
	o.Exec(`UPDATE key SET uai = $2 WHERE serial = $1`, string(serial), scene.Acacias)
	assert.Equal(t, []string{
		"ppetit@ac-nice.fr: 1 clef à renouveler : le lycée des Acacias",
	}, lines(o.after(1)), "another school's approvers do not know it yet")
}

func TestKeysOfPeopleWhoLeftAreOneListASchool(t *testing.T) {
	o := newFixture(t)
	paul := o.Person("Paul Petit", okey.Staff, scene.Tilleuls)
	soon := o.today().AddMonths(1)
	lea, also := o.KeyOf(o.lea, scene.Tilleuls, soon), o.KeyOf(paul, scene.Tilleuls, okey.NewDay(2030, 1, 1))
	o.Exec(`UPDATE assignment SET until = $2 WHERE person = $1`, paul.ID, o.now) // a replacement's last day
	o.leaves(o.lea)                                                              // the next staff file
	told := []string{
		"ablanc@ac-nice.fr: 1 clef à reprendre : le collège des Tilleuls", "lmartin@ac-nice.fr: Rendez votre clef n° " + string(lea),
		"mroux@ac-nice.fr: 1 clef à reprendre : le collège des Tilleuls",
	}
	assert.Equal(t, told, sorted(lines(o.morning())), "who has left is not asked to renew")
	arrived := o.after(1)
	assert.Contains(t, lines(arrived), "ppetit@ac-nice.fr: Rendez votre clef n° "+string(also), "the day after the last one")
	assert.Len(t, arrived, 3)
	assert.Empty(t, o.after(1), "not daily")
	again := o.after(30)
	require.Len(t, again, 4, "once more after a month: two lists, two holders")
	assert.Contains(t, lines(again), "mroux@ac-nice.fr: 2 clefs à reprendre : le collège des Tilleuls")
	for range 12 {
		assert.Empty(t, o.after(31), "and never again")
	}
	o.Exec(`UPDATE assignment SET until = NULL WHERE person = $1`, paul.ID)
	assert.Empty(t, o.after(1))
	o.leaves(paul)
	assert.Len(t, o.after(1), 3, "once a leaving")
}

func TestALetterSpeaksOfWhatIsTrueWhenItLeaves(t *testing.T) {
	o := newFixture(t)
	serial := o.KeyOf(o.lea, scene.Tilleuls, okey.NewDay(2030, 1, 1))
	o.leaves(o.lea)
	due := o.due("1")
	require.Len(t, due, 2)
	o.change(serial, okey.Action{By: o.roux.ID, Content: okey.Content{KeyReason: okey.ReasonReturn, Comment: "constaté"}})
	assert.Empty(t, o.letters(due...))
	assert.Empty(t, o.after(1))

	other := o.KeyOf(o.blanc, scene.Tilleuls, o.today().AddMonths(1))
	due = o.due("2")
	require.Len(t, due, 2)
	o.Exec(`UPDATE key SET holder = $2 WHERE serial = $1`, string(other), o.roux.ID)
	assert.Empty(t, o.letters(due...), "the next holder has letters of their own")
	assert.Len(t, o.after(1), 2)
}

func TestALetterWithoutReaderGoesToSupport(t *testing.T) {
	t.Run("the school has no approver", func(t *testing.T) {
		o := newFixture(t)
		o.KeyOf(o.Person("Paul Petit", okey.Staff, scene.Acacias), scene.Acacias, o.today().AddMonths(1))
		assert.Contains(t, lines(o.morning()), supportBox+": 1 clef à renouveler : le lycée des Acacias")
	})
	t.Run("its approvers have no address", func(t *testing.T) {
		o := newFixture(t)
		o.Exec(`UPDATE person SET mail = '' WHERE id IN ($1, $2)`, o.roux.ID, o.blanc.ID)
		o.KeyOf(o.lea, scene.Tilleuls, o.today().AddMonths(1))
		assert.Contains(t, lines(o.morning()), supportBox+": 1 clef à renouveler : le collège des Tilleuls")
	})
	t.Run("the holder has no address", func(t *testing.T) {
		o := newFixture(t)
		o.Exec(`UPDATE person SET mail = '' WHERE id = $1`, o.lea.ID)
		serial := o.KeyOf(o.lea, scene.Tilleuls, o.today().AddMonths(1))
		for _, order := range o.due("1") {
			_, err := o.mails.SendMails(context.Background(), order)
			require.NoError(t, err)
		}
		told := o.box.To(supportBox)
		require.Len(t, told, 1)
		assert.Equal(t, "Pas d'adresse : Léa Martin", told[0].Subject)
		assert.Equal(t, base+"/clefs/"+string(serial), link(told[0]))
		assert.Contains(t, o.box.To("mroux@ac-nice.fr")[0].Text, "sans adresse : prévenez cette personne")
		assert.Empty(t, o.after(1))
	})
	t.Run("two approvers share a mailbox", func(t *testing.T) {
		o := newFixture(t)
		o.Exec(`UPDATE person SET mail = $3 WHERE id IN ($1, $2)`, o.roux.ID, o.blanc.ID, schoolBox)
		o.KeyOf(o.lea, scene.Tilleuls, o.today().AddMonths(1))
		o.morning()
		assert.Equal(t, []string{schoolBox + ": 1 clef à renouveler : le collège des Tilleuls"}, lines(o.box.To(schoolBox)), "one letter")
	})
}

func sorted(s []string) []string {
	slices.Sort(s)
	return s
}

// The import that names the new school comes later, and nobody is told twice in a week what contradicts itself.
func TestWhoTookTheirKeyAlongHasNotLeft(t *testing.T) {
	o := newFixture(t)
	paul := o.Person("Paul Petit", okey.Principal, scene.Acacias)
	serial := o.KeyOf(o.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	proposal := o.stockAct(okey.Action{
		Name: okey.ActionTakeAlong, Key: serial, By: o.roux.ID, Content: okey.Content{Establishment: scene.Acacias, Comment: "mutation"},
	})
	require.True(t, o.answerMove(paul, proposal.Subject, okey.Approve).Accepted)
	moved := o.KeyOf(o.blanc, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	require.True(t, o.moveKeys(o.Support("Sam Support"), scene.Acacias, moved).Accepted)
	assert.Empty(t, o.morning())
	assert.Empty(t, o.after(60))
	assert.NotEmpty(t, o.after(100), "by then a staff file should have named them there")
}
