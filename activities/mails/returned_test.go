package mails_test

import (
	"context"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
)

const deputy = "ablanc@ac-nice.fr"

// asking sends what approvers are asked, and returns the mail to the deputy.
func (o *fixture) asking() (request, mail uuid.UUID) {
	o.Helper()
	o.Key(scene.Tilleuls)
	request, v := o.ask(o.lea, okey.FirstKey)
	require.Len(o, o.send(request, v.Mails[0]), 2)
	return request, o.newestTo(deputy)
}

func (o *fixture) newestTo(address string) uuid.UUID {
	o.Helper()
	return uuid.MustParse(o.Text(`SELECT id::text FROM mail WHERE address = $1 ORDER BY created_at DESC, id LIMIT 1`, address))
}

// cameBack notes a report.
func (o *fixture) cameBack(mail uuid.UUID, passes bool) bool {
	o.Helper()
	noted, err := o.Store.MailCameBack(context.Background(), sql.Bounce{Mail: mail, Why: "5.1.1 smtp; 550 5.1.1 unknown", Passes: passes, At: o.now})
	require.NoError(o, err)
	return noted
}

// followUps judges what OKEY owes by itself, as the repair watch has it judged, and returns the letters of it.
func (o *fixture) followUps() []okey.MailOrder {
	o.Helper()
	owed, err := o.Store.FollowUps(context.Background(), 100)
	require.NoError(o, err)
	var letters []okey.MailOrder
	for _, a := range owed {
		v := o.judged(a).Verdict
		require.True(o, v.Accepted, v.Reason)
		letters = append(letters, v.Letters...)
	}
	return letters
}

func TestAMailThatCameBackIsSupportsAffair(t *testing.T) {
	o := newFixture(t)
	request, mail := o.asking()
	require.True(t, o.cameBack(mail, false))
	assert.Equal(t, "failed", o.Text(`SELECT state FROM mail WHERE id = $1`, mail))
	told := o.letters(o.followUps()...)
	require.Equal(t, []string{supportBox + ": Courriel revenu : " + deputy}, lines(told))
	assert.Equal(t, base+"/assistance/envois/"+mail.String(), link(told[0]))
	assert.Contains(t, told[0].Text, "Léa Martin demande une clef, pour "+deputy)
	assert.Equal(t, 1, o.Count(`SELECT count(*) FROM mail WHERE kind = 'bounced' AND request = $1`, request), "the request's page has it")

	assert.False(t, o.cameBack(mail, false), "a report that comes twice is one")
	assert.False(t, o.cameBack(mail, true))
	assert.Empty(t, o.followUps())
	assert.Equal(t, 1, o.Count(`SELECT count(*) FROM mail WHERE state = 'failed'`))
	before := len(o.box.Letters())
	_, err := o.try(request, okey.MailStep{Kind: okey.MailAsked, Ref: 1})
	require.NoError(t, err)
	assert.Len(t, o.box.Letters(), before, "told once, by whichever way it was learnt")
}

func TestWhatHasNotLeftDoesNotComeBack(t *testing.T) {
	o := newFixture(t)
	o.Key(scene.Tilleuls)
	request, v := o.ask(o.lea, okey.FirstKey)
	o.box.Refuse(deputy, 451)
	_, err := o.try(request, v.Mails[0])
	require.Error(t, err)
	assert.False(t, o.cameBack(o.newestTo(deputy), false))
	assert.Equal(t, "queued", o.Text(`SELECT state FROM mail WHERE id = $1`, o.newestTo(deputy)))
	assert.False(t, o.cameBack(uuid.New(), false))
	assert.Empty(t, o.followUps())
}

// As a mail that a full mailbox refuses at once: tried again until five days are over, then support is told.
func TestAMailFromAFullMailboxIsTriedAgainForFiveDays(t *testing.T) {
	o := newFixture(t)
	_, mail := o.asking()
	first, tries := o.now, 0
	for o.now.Before(first.Add(6 * day)) {
		require.True(t, o.cameBack(mail, true))
		orders := o.followUps()
		require.Len(t, orders, 1)
		if orders[0].Again == uuid.Nil {
			require.Equal(t, []string{supportBox + ": Courriel revenu : " + deputy}, lines(o.letters(orders...)))
			break
		}
		_, err := o.mails.SendMails(context.Background(), orders[0])
		var later *temporal.ApplicationError
		require.ErrorAs(t, err, &later)
		assert.Equal(t, 6*time.Hour, later.NextRetryDelay())
		o.now = o.now.Add(6 * time.Hour)
		orders[0].At = o.now
		require.Equal(t, []string{deputy + ": Léa Martin demande une clef"}, lines(o.letters(orders...)))
		mail = orders[0].Again
		tries++
	}
	assert.Equal(t, 5*day, o.now.Sub(first))
	assert.Equal(t, 20, tries)
	assert.Equal(t, 21, o.Count(`SELECT count(DISTINCT message_id) FROM mail WHERE address = $1`, deputy))
	assert.Empty(t, o.followUps())
}

// Full or gone, what came back is nobody's affair once somebody had it sent again: that one has reports of its own.
func TestAReportThatComesLateTouchesItsMailAlone(t *testing.T) {
	for name, passes := range map[string]bool{"full": true, "gone": false} {
		t.Run(name, func(t *testing.T) {
			o := newFixture(t)
			_, mail := o.asking()
			sam := o.Support("Sam Petit")
			o.now = o.now.Add(time.Hour)
			again := o.stockAct(okey.Action{Name: okey.ActionMailResend, By: sam.ID, Subject: mail}).Verdict.Letters
			require.Len(t, o.letters(again...), 1)
			o.now = o.now.Add(time.Hour)
			require.True(t, o.cameBack(mail, passes))
			assert.Empty(t, o.followUps())
			assert.Equal(t, "failed", o.Text(`SELECT state FROM mail WHERE id = $1`, mail))
			assert.Equal(t, "sent", o.Text(`SELECT state FROM mail WHERE id = $1`, again[0].Again))
			require.True(t, o.cameBack(again[0].Again, false))
			assert.Len(t, o.letters(o.followUps()...), 1)
		})
	}
}

// Nobody is told in a mail of mails that do not reach support: that one would come back, too.
func TestWhatComesBackFromSupportMakesNoCircle(t *testing.T) {
	o := newFixture(t)
	_, mail := o.asking()
	require.True(t, o.cameBack(mail, false))
	require.Len(t, o.letters(o.followUps()...), 1)
	for _, passes := range []bool{true, false} {
		told := o.newestTo(supportBox)
		o.Exec(`UPDATE mail SET state = 'sent' WHERE id = $1`, told)
		o.Exec(`DELETE FROM action WHERE subject = $1`, told)
		require.True(t, o.cameBack(told, passes))
		assert.Empty(t, o.letters(o.followUps()...))
	}
}

// Somebody whose address is erased, or corrected to none, has no mail go out once more: support is told.
func TestWhoHasNoAddressAnyMoreIsNotTriedAgain(t *testing.T) {
	o := newFixture(t)
	_, mail := o.asking()
	o.Exec(`UPDATE person SET mail = '' WHERE id = $1`, o.blanc.ID)
	require.True(t, o.cameBack(mail, true))
	assert.Equal(t, []string{supportBox + ": Courriel revenu : " + deputy}, lines(o.letters(o.followUps()...)))
}

func TestEachMailComesBackToAnAddressOfItsOwn(t *testing.T) {
	o := newFixture(t)
	o.asking()
	assert.Equal(t, "okey@ac-exemple.fr", o.box.Letters()[0].From, "without the setting, to the sender")

	o.bounces = "retours@ac-exemple.fr"
	o.mails = o.mailer(supportBox)
	request, v := o.ask(o.Person("Paul Petit", okey.Staff, scene.Tilleuls), okey.FirstKey)
	o.box.AtDot(func(hangUp func()) { hangUp() })
	_, err := o.try(request, v.Mails[0])
	require.Error(t, err)
	o.box.AtDot(nil)
	o.send(request, v.Mails[0])
	senders := map[string]map[uuid.UUID]bool{}
	for _, l := range o.box.Letters()[2:] {
		id, ours := o.returns().Mail(l.From)
		require.True(t, ours, l.From)
		if senders[l.To] == nil {
			senders[l.To] = map[uuid.UUID]bool{}
		}
		senders[l.To][id] = true
		assert.Equal(t, 1, o.Count(`SELECT count(*) FROM mail WHERE id = $1 AND address = $2 AND request = $3`, id, l.To, request))
	}
	assert.Len(t, senders, 2)
	for to, ids := range senders {
		assert.Len(t, ids, 1, "%s: each attempt has the same", to)
	}
}
