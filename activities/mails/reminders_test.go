package mails_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
)

func TestAReminderADayListsAllThatAwaits(t *testing.T) {
	o := newFixture(t)
	o.Key(scene.Tilleuls)
	signed, _ := o.ask(o.lea, okey.FirstKey)
	o.approve(signed)
	o.sign(o.lea, signed)
	asked, _ := o.ask(o.Person("Paul Petit", okey.Staff, scene.Tilleuls), okey.FirstKey)
	o.now = o.now.AddDate(0, 0, 3)
	first := o.send(signed, okey.MailStep{Kind: okey.MailRemindHandover, Ref: o.Request(signed).Turn*100 + 1})
	require.Equal(t, []string{
		"lmartin@ac-nice.fr: Rappel : votre clef vous attend",
		"ablanc@ac-nice.fr: Rappel : 2 demandes vous attendent", "mroux@ac-nice.fr: Rappel : 2 demandes vous attendent",
	}, lines(first))
	assert.Contains(t, first[0].Text, "venez la chercher au collège des Tilleuls auprès", "whoever has two schools reads at which")
	assert.Contains(t, first[1].Text, "- Paul Petit : réponse attendue depuis mardi 24 novembre")
	assert.Regexp(t, `- Léa Martin : clef n° \d+ à remettre`, first[1].Text)
	assert.Equal(t, base+"/", link(first[1]))

	assert.Empty(t, o.send(asked, okey.MailStep{Kind: okey.MailRemindDecision, Ref: 101}), "they had one today")
	o.now = o.now.AddDate(0, 0, 1)
	assert.Len(t, o.send(asked, okey.MailStep{Kind: okey.MailRemindDecision, Ref: 102}), 2)
}

func TestADaysReminderIsTakenOverWhereItsRequestMovedOn(t *testing.T) {
	o := newFixture(t)
	first, _ := o.ask(o.lea, okey.FirstKey)
	second, _ := o.ask(o.Person("Paul Petit", okey.Staff, scene.Tilleuls), okey.FirstKey)
	o.now = o.now.AddDate(0, 0, 3)
	require.Len(t, o.send(first, okey.MailStep{Kind: okey.MailRemindDecision, Ref: 101}), 2)
	o.Exec(`UPDATE mail SET state = 'queued', sent_at = NULL WHERE request = $1 AND kind = 'reminder'`, first) // the relay was away
	o.act(o.lea, first, okey.Withdrawal, okey.Content{})
	assert.Len(t, o.send(second, okey.MailStep{Kind: okey.MailRemindDecision, Ref: 101}), 2)
}

func TestAReminderThatComesTooLateIsNotSent(t *testing.T) {
	o := newFixture(t)
	request, _ := o.until(okey.AwaitingCharter)
	for _, kind := range []okey.MailKind{
		okey.MailRemindDecision, okey.MailDecisionLate, okey.MailRemindHandover, okey.MailStillWaiting, okey.MailOrderReminder,
		okey.MailOrderLate,
	} {
		assert.Empty(t, o.send(request, okey.MailStep{Kind: kind, Ref: 101}), kind)
	}
	turn := o.Request(request).Turn
	assert.Empty(t, o.send(request, okey.MailStep{Kind: okey.MailRemindCharter, Ref: (turn-1)*100 + 1}), "of an earlier turn")
	assert.Len(t, o.send(request, okey.MailStep{Kind: okey.MailRemindCharter, Ref: turn*100 + 1}), 1)
}

func TestPastFiveAnHourRequestsComeAsOneList(t *testing.T) {
	o := newFixture(t)
	o.Exec(`DELETE FROM assignment WHERE function = 'adjoint'`)
	for range 20 {
		o.Key(scene.Tilleuls)
	}
	ask := func(name string) (uuid.UUID, okey.MailStep) {
		o.now = o.now.Add(time.Minute)
		request, v := o.ask(o.Person(name, okey.Staff, scene.Tilleuls), okey.FirstKey)
		return request, v.Mails[0]
	}
	for _, name := range []string{"Ali A", "Bea B", "Cid C", "Dov D", "Eli E"} {
		request, step := ask(name)
		assert.Equal(t, []string{"mroux@ac-nice.fr: " + name + " demande une clef"}, lines(o.send(request, step)))
	}
	sixth, step := ask("Fay F")
	list := o.send(sixth, step)
	require.Equal(t, []string{"mroux@ac-nice.fr: 6 demandes attendent votre réponse"}, lines(list))
	assert.Equal(t, base+"/demandes/a-repondre", link(list[0]))
	assert.Contains(t, list[0].Text, "- Fay F, depuis")
	assert.Empty(t, o.send(sixth, step), "tried again, it went before")

	var waiting *temporal.ApplicationError
	seventh, seventhStep := ask("Guy G")
	asked := o.now
	_, err := o.try(seventh, seventhStep)
	require.ErrorAs(t, err, &waiting)
	assert.Equal(t, 2*time.Minute, waiting.NextRetryDelay(), "it waits for the next list, an hour after this one")
	eighth, eighthStep := ask("Hal H")
	_, err = o.try(eighth, eighthStep)
	require.ErrorAs(t, err, &waiting)
	require.Len(t, o.box.Letters(), 6)

	o.now = o.now.Add(time.Hour)
	assert.Equal(t, []string{"mroux@ac-nice.fr: 8 demandes attendent votre réponse"}, lines(o.send(eighth, eighthStep)))
	later := o.now
	o.now = asked
	assert.Empty(t, o.send(seventh, seventhStep), "the list has it")
	o.now = later

	ninth, ninthStep := ask("Ida I")
	_, err = o.try(ninth, ninthStep)
	require.ErrorAs(t, err, &waiting)
	o.approve(ninth)
	assert.Empty(t, o.send(ninth, ninthStep), "answered, it waits for nothing")
}

// A whole school is told at a meeting to ask, and does.
func TestFortyRequestsOfOneMinuteComeAsFiveMailsAndOneList(t *testing.T) {
	const asked = 40
	o := newFixture(t)
	o.Exec(`DELETE FROM assignment WHERE function = 'adjoint'`)
	requests, steps := make([]uuid.UUID, asked), make([]okey.MailStep, asked)
	for i := range requests {
		o.Key(scene.Tilleuls)
		request, v := o.ask(o.Person(fmt.Sprintf("Prof Numéro%d", i), okey.Staff, scene.Tilleuls), okey.FirstKey)
		requests[i], steps[i] = request, v.Mails[0]
	}
	var together sync.WaitGroup
	for i := range requests {
		together.Go(func() {
			_, err := o.try(requests[i], steps[i])
			assert.NoError(t, err)
		})
	}
	together.Wait()
	kinds := map[string]int{}
	for _, l := range o.box.To("mroux@ac-nice.fr") {
		if strings.HasSuffix(l.Subject, "demande une clef") {
			kinds["alone"]++
		} else {
			kinds[l.Subject]++
		}
	}
	assert.Equal(t, map[string]int{"alone": 5, "40 demandes attendent votre réponse": 1}, kinds)
}

func TestEveryKindOfMailIsKnown(t *testing.T) {
	o := newFixture(t)
	request, _ := o.until(okey.AwaitingDecision)
	for _, kind := range []okey.MailKind{
		okey.MailAsked, okey.MailNobody, okey.MailRemindDecision, okey.MailDecisionLate, okey.MailRefused, okey.MailApproved,
		okey.MailKeepsPlace,
		okey.MailStillWaiting, okey.MailOrderReminder, okey.MailOrderLate, okey.MailKeyFree, okey.MailKeyReplaced, okey.MailRemindCharter,
		okey.MailSigned,
		okey.MailRemindHandover, okey.MailHandoverLate, okey.MailHandedOver, okey.MailWithdrawn, okey.MailExpired, okey.MailSupportDecided,
		okey.MailUndelivered,
	} {
		_, err := o.try(request, okey.MailStep{Kind: kind, Ref: 1})
		require.NoError(t, err, kind)
	}
	_, err := o.try(request, okey.MailStep{Kind: "nothing", Ref: 1})
	var unknown *temporal.ApplicationError
	require.ErrorAs(t, err, &unknown)
	assert.True(t, unknown.NonRetryable())
}
