package mails_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"okey/internal/postbox"
	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a killed worker had in hand: no letter of the watch is lost, none is sent twice.

func TestASecondAttemptFindsWhatTheFirstClaimed(t *testing.T) {
	o := newFixture(t)
	o.KeyOf(o.lea, scene.Tilleuls, o.today().AddMonths(1))
	first := o.due("run")
	require.Len(t, first, 2)
	assert.Equal(t, first, o.due("run"))
	assert.Empty(t, o.due("another run"))
	assert.Len(t, o.letters(first...), 3)
	assert.Empty(t, o.letters(first...), "an activity that is tried again sends nothing twice")
}

func TestTheNextRunSendsWhatADeadOneClaimed(t *testing.T) {
	o := newFixture(t)
	o.KeyOf(o.lea, scene.Tilleuls, o.today().AddMonths(1))
	dead := o.due("dead")
	require.Len(t, dead, 2)
	own := slices.IndexFunc(dead, func(order okey.MailOrder) bool { return order.Key != "" })
	require.Len(t, o.letters(dead[own]), 1, "the holder's has left")
	o.now = o.now.Add(time.Hour)
	assert.Empty(t, o.due("too early"), "the run may be alive")
	assert.Equal(t, []string{"ablanc@ac-nice.fr", "mroux@ac-nice.fr"}, addresses(o.after(1)), "what had left stays away, the rest goes")
	assert.Empty(t, o.letters(dead...), "also where the dead one rises")
	assert.Empty(t, o.after(1))
}

func TestALetterThatLeftBeforeItWasNotedIsNotSentAgain(t *testing.T) {
	o := newFixture(t)
	o.KeyOf(o.lea, scene.Tilleuls, o.today().AddMonths(1))
	require.Len(t, o.morning(), 3)
	o.Exec(`UPDATE watch_notice SET told_at = NULL`) // killed in between
	assert.Empty(t, o.after(1))
	assert.Zero(t, o.Count(`SELECT count(*) FROM watch_notice WHERE told_at IS NULL`))
}

func TestTheLetterOfAnExpiredProposalIsClaimed(t *testing.T) {
	o := newFixture(t)
	serial := o.KeyOf(o.lea, scene.Tilleuls, okey.NewDay(2029, time.June, 30))
	o.stockAct(okey.Action{Name: okey.ActionTakeAlong, Key: serial, By: o.roux.ID, Content: okey.Content{Establishment: scene.Acacias}})
	o.now = o.now.Add(okey.MoveLife)
	require.Len(t, o.due("dead"), 1)
	assert.Len(t, o.due("dead"), 1, "a second attempt finds it")
	assert.Equal(t, []string{"mroux@ac-nice.fr: Clef de Léa Martin : personne n'a répondu"}, lines(o.after(1)), "and so does the next run")
	assert.Empty(t, o.after(1))
}

func TestSupportIsToldOfALetterThatDoesNotLeave(t *testing.T) {
	o := newFixture(t)
	serial := o.KeyOf(o.lea, scene.Tilleuls, o.today().AddMonths(2))
	o.box.Refuse("lmartin@ac-nice.fr", 451)
	for range 5 { // one morning after the other
		for _, order := range o.due(uuid.NewString()) {
			_, err := o.mails.SendMails(context.Background(), order)
			assert.Equal(t, order.Key == serial, err != nil)
		}
		assert.Empty(t, o.box.To(supportBox))
		o.now = o.now.Add(day)
	}
	assert.Equal(t, []string{supportBox + ": Des courriels sur le stock ne partent pas"}, lines(o.morning()))
	assert.Empty(t, o.after(1), "once")
}

// A worker, or all of OKEY, that is away for a week has tried nothing: there is nothing for support to look after.
func TestALetterThatNobodyTriedIsSentHoweverLate(t *testing.T) {
	o := newFixture(t)
	o.KeyOf(o.lea, scene.Tilleuls, o.today().AddMonths(1))
	require.Len(t, o.due("dead"), 2)
	assert.Len(t, o.after(7), 3)
	assert.Empty(t, o.after(1))
}

func TestAListThatIsRefusedForGoodLeadsSupportToTheKeys(t *testing.T) {
	o := newFixture(t)
	o.KeyOf(o.blanc, scene.Tilleuls, o.today().AddMonths(1))
	o.box.Refuse("mroux@ac-nice.fr", 550)
	for _, order := range o.due("run") {
		_, err := o.mails.SendMails(context.Background(), order)
		require.NoError(t, err)
	}
	told := o.box.To(supportBox)
	require.Len(t, told, 1)
	assert.Equal(t, "Adresse refusée : mroux@ac-nice.fr", told[0].Subject)
	assert.Equal(t, base+"/clefs?etablissement="+string(scene.Tilleuls)+"&suivi=expirent", link(told[0]))
	assert.Empty(t, o.after(1))
}

func addresses(letters []postbox.Letter) []string {
	var found []string
	for _, l := range letters {
		found = append(found, l.To)
	}
	return sorted(found)
}
