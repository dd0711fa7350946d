package mails_test

import (
	"strings"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestALostKeyIsTold(t *testing.T) {
	o := newFixture(t)
	request, serial := o.until(okey.AwaitingHandover)
	o.letters(o.change(serial, okey.Action{By: o.blanc.ID, Content: okey.Content{KeyReason: okey.ReasonLost, Comment: "tiroir vide"}})...)
	arrived := o.box.Letters()
	require.Equal(t, []string{
		"ablanc@ac-nice.fr: La clef n° " + string(serial) + " a été déclarée perdue",
		"mroux@ac-nice.fr: La clef n° " + string(serial) + " a été déclarée perdue",
	}, lines(arrived))
	assert.Contains(t, arrived[1].Text, "par Anne Blanc mardi 24 novembre à 10 h 12 : « tiroir vide »")
	assert.Equal(t, base+"/clefs/"+string(serial), link(arrived[1]))

	arrived = o.follow(request, o.put(okey.Matter{Kind: okey.MatterOpen, Request: request}))
	require.NotEmpty(t, arrived)
	assert.Equal(t, "lmartin@ac-nice.fr: La clef qui vous était réservée n'est plus disponible", lines(arrived)[0])
	assert.Contains(t, arrived[0].Text, "vous gardez votre place dans la file")
	assert.Contains(t, arrived[0].Text, "Charte et code PIN restent valables.")
}

func TestAHeadReadsWhatBecameOfATrialBeforeTheReport(t *testing.T) {
	for _, test := range []struct {
		before time.Duration
		says   string
	}{
		{10 * time.Minute, "Essai à 10 h 02 : refusée, code PIN juste."},
		{2 * time.Hour, ""},
	} {
		o := newFixture(t)
		serial := o.KeyOf(o.lea, scene.Tilleuls, okey.NewDay(2029, time.June, 30))
		require.NoError(t, o.Store.RecordTrial(t.Context(), okey.Trial{
			ID: uuid.New(), Key: serial, By: o.lea.ID, At: scene.Now.Add(-test.before), Outcome: okey.TrialRefused, Cause: okey.CauseStep,
		}))
		o.letters(o.change(serial, okey.Action{By: o.lea.ID, Content: okey.Content{KeyReason: okey.ReasonDefective, Comment: "refusée"}})...)
		heads := o.box.To("mroux@ac-nice.fr")
		require.Len(t, heads, 1)
		assert.Contains(t, heads[0].Text, test.says)
		assert.Equal(t, test.says != "", strings.Contains(heads[0].Text, "Essai"))
		assert.NotContains(t, o.box.To("lmartin@ac-nice.fr")[0].Text, "Essai")
	}
}

// Two mails would contradict one another: "your key awaits you" and "your key is gone". One says both, and which key to hand over instead.
func TestAnotherKeyInThePlaceOfASignedOneIsToldInOneMail(t *testing.T) {
	o := newFixture(t)
	request, first := o.until(okey.AwaitingHandover)
	second := o.Key(scene.Tilleuls)
	o.change(first, okey.Action{
		By: o.roux.ID, Content: okey.Content{KeyReason: okey.ReasonDefective, Comment: "Numéro illisible, constaté à la remise"},
	})
	arrived := o.follow(request, o.put(okey.Matter{Kind: okey.MatterOpen, Request: request}))
	require.Equal(t, []string{
		"lmartin@ac-nice.fr: Une autre clef vous attend", "ablanc@ac-nice.fr: Une clef à remettre à Léa Martin",
		"mroux@ac-nice.fr: Une clef à remettre à Léa Martin",
	}, lines(arrived))
	assert.Contains(t, arrived[0].Text, "a été déclarée défectueuse : « Numéro illisible, constaté à la remise ». "+
		"Une autre vous attend au collège des Tilleuls auprès d'Anne Blanc ou Marc Roux.")
	assert.Contains(t, arrived[0].Text, "Charte et code PIN restent valables.")
	assert.NotContains(t, arrived[0].Text, "perdue")
	assert.Contains(
		t, arrived[2].Text,
		"La clef n° "+string(first)+", réservée à Léa Martin, a été déclarée défectueuse. Préparez à sa place la clef n° "+string(second),
	)
}

func TestTheFormerHolderIsTold(t *testing.T) {
	o := newFixture(t)
	serial := o.KeyOf(o.lea, scene.Tilleuls, okey.NewDay(2029, time.June, 30))
	o.letters(o.change(serial, okey.Action{By: o.lea.ID, Content: okey.Content{KeyReason: okey.ReasonLost, Comment: "dans le train"}})...)
	mine := o.box.To("lmartin@ac-nice.fr")
	require.Len(t, mine, 1)
	assert.Contains(t, mine[0].Text, "Vous avez déclaré perdue votre clef")
	assert.Contains(t, mine[0].Text, "Vous pouvez en demander une autre dès maintenant.")
	require.Len(t, o.box.To("mroux@ac-nice.fr"), 1)
	assert.Contains(t, o.box.To("mroux@ac-nice.fr")[0].Text, "de Léa Martin")
}

// Whoever waits for another key already is led to that request: where they would ask they read that they must withdraw it first.
func TestTheFormerHolderWhoHasAskedAlreadyIsLedToTheirRequest(t *testing.T) {
	o := newFixture(t)
	serial := o.KeyOf(o.lea, scene.Tilleuls, okey.DayOf(o.now, okey.ZoneOf("23")).AddMonths(1))
	request, _ := o.ask(o.lea, okey.Renewal)
	o.letters(o.change(serial, okey.Action{By: o.lea.ID, Content: okey.Content{KeyReason: okey.ReasonDefective, Comment: "écran vide"}})...)
	mine := o.box.To("lmartin@ac-nice.fr")
	told := mine[len(mine)-1]
	assert.Contains(t, told.Text, "Rendez-la à votre direction. Votre demande d'une autre suit son cours.")
	assert.Equal(t, base+"/demandes/"+request.String(), link(told))
}

func TestWhoseKeyIsScrappedIsToldToAskForAnother(t *testing.T) {
	o := newFixture(t)
	serial := o.KeyOf(o.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	o.letters(
		o.change(serial, okey.Action{By: o.blanc.ID, Content: okey.Content{KeyReason: okey.ReasonRetired, Comment: "cassée en deux"}})...,
	)
	mine := o.box.To("lmartin@ac-nice.fr")
	require.Len(t, mine, 1)
	assert.Contains(t, mine[0].Text, "Vous pouvez en demander une autre dès maintenant.")
	assert.NotContains(t, mine[0].Text, "rien à faire")
	assert.Equal(t, base+"/demandes/nouvelle", link(mine[0]))
}

func TestAMislaidKeyIsToldRemindedAndToldFound(t *testing.T) {
	o := newFixture(t)
	serial := o.KeyOf(o.lea, scene.Tilleuls, okey.NewDay(2029, time.June, 30))
	mislaid := o.change(serial, okey.Action{By: o.lea.ID, Content: okey.Content{KeyReason: okey.ReasonMislaid, Comment: "chez moi"}})
	o.letters(mislaid...)
	mine := o.box.To("lmartin@ac-nice.fr")
	require.Equal(t, "Votre clef n° "+string(serial)+" est déclarée égarée", mine[0].Subject)
	assert.Contains(t, mine[0].Text, "avant le mardi 1er décembre au soir")
	assert.Equal(t, base+"/clefs/"+string(serial)+"/retrouvee", link(mine[0]))
	theirs := o.box.To("mroux@ac-nice.fr")
	assert.Contains(t, theirs[0].Text, "Retrouvée avant le mardi 1er décembre au soir, elle servira de nouveau. Sinon, elle sera déclarée perdue.")

	remind := func(n int) int {
		order := mislaid[0]
		order.Step, order.At = okey.MailStep{Kind: okey.MailRemindMislaid, Ref: n}, o.now.AddDate(0, 0, 3)
		before := len(o.box.Letters())
		o.letters(order)
		return len(o.box.Letters()) - before
	}
	require.Equal(t, 1, remind(1), "the holder alone")
	mine = o.box.To("lmartin@ac-nice.fr")
	assert.Contains(t, mine[0].Text+mine[len(mine)-1].Text, "Sinon, elle sera perdue le mardi 1er décembre au soir.")

	o.letters(o.change(serial, okey.Action{By: o.roux.ID, Content: okey.Content{KeyReason: okey.ReasonRecovered, Comment: "au secrétariat"}})...)
	mine = o.box.To("lmartin@ac-nice.fr")
	assert.Contains(t, mine[0].Subject+mine[len(mine)-1].Subject, "Votre clef n° "+string(serial)+" sert de nouveau")
	assert.Zero(t, remind(2), "found")
	o.now = o.now.AddDate(0, 0, 1)
	o.change(serial, okey.Action{By: o.lea.ID, Content: okey.Content{KeyReason: okey.ReasonMislaid, Comment: "encore"}})
	assert.Zero(t, remind(3), "mislaid anew: that is another change's reminder")
}
