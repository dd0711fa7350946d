package mails_test

import (
	"context"
	"testing"
	"time"

	"okey/internal/postbox"
	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
)

// What a relay nearby takes has left with the judging; a relay that has a mail in hand for longer has it once all the same, and whoever asks
// for it later waits for that one.
func TestMailsLeaveWithTheJudgingOrGoOnBesideIt(t *testing.T) {
	o := newFixture(t)
	o.Key(scene.Tilleuls)
	request, v := o.ask(o.lea, okey.FirstKey)
	asked := okey.MailOrder{Request: request, Step: v.Mails[0], At: o.now}
	inHand, taken := make(chan struct{}, 10), make(chan struct{})
	o.box.AtDot(func(func()) { inHand <- struct{}{}; <-taken })
	left := o.mails.SendAtOnce(context.Background(), []okey.MailOrder{asked})
	assert.Equal(t, v.Mails, left, "for the engine")
	<-inHand

	done := make(chan okey.MailReport)
	go func() {
		report, err := o.mails.SendMails(context.Background(), asked)
		assert.NoError(t, err)
		done <- report
	}()
	close(taken)
	assert.Equal(t, okey.MailReport{Sent: 2}, <-done)
	assert.Len(t, lines(o.box.Letters()), 2, "each once")

	o.box.AtDot(nil)
	assert.Empty(t, o.mails.SendAtOnce(context.Background(), []okey.MailOrder{asked}), "another attempt at the judging")
	refused := o.act(o.roux, request, okey.PrincipalDecision, okey.Content{Decision: okey.Refuse, Comment: "non"})
	require.True(t, refused.Accepted)
	assert.Empty(t, o.mails.SendAtOnce(context.Background(), []okey.MailOrder{{Request: request, Step: refused.Mails[0], At: o.now}}))
	assert.Len(t, lines(o.box.Letters()), 3)
}

// A relay that is to have one mail a minute has the first; the second comes back when its turn has come, and holds nothing up meanwhile.
func TestMailsBeyondTheRateComeBackWhenItIsTheirTurn(t *testing.T) {
	o := newFixture(t)
	o.rate = 1
	o.mails = o.mailer(supportBox)
	o.Key(scene.Tilleuls)
	request, v := o.ask(o.lea, okey.FirstKey)
	asked := okey.MailOrder{Request: request, Step: v.Mails[0], At: o.now}
	for range 2 { // asked again too soon it has the same turn
		_, err := o.mails.SendMails(context.Background(), asked)
		var later *temporal.ApplicationError
		require.ErrorAs(t, err, &later)
		assert.InDelta(t, 60, later.NextRetryDelay().Seconds(), 30)
		assert.Len(t, o.box.Letters(), 1)
	}
	assert.Equal(t, 1, o.Count(`SELECT count(*) FROM mail WHERE state = 'queued'`))
}

// A mail that waits may have nothing to say any more when it could leave: it does not stay among those that wait.
func TestAMailThatHasNothingToSayAnyMoreDoesNotWaitForEver(t *testing.T) {
	for _, left := range []string{"those who are asked", "the key that was missing"} {
		t.Run(left, func(t *testing.T) {
			o := newFixture(t)
			request, v := o.ask(o.lea, okey.FirstKey) // no key is free, and she is told
			asked := okey.MailOrder{Request: request, Step: v.Mails[0], At: o.now}
			o.box.Refuse(postbox.Everyone, 451)
			assert.NotEmpty(t, o.mails.SendAtOnce(context.Background(), []okey.MailOrder{asked}))
			waiting := o.Count(`SELECT count(*) FROM mail WHERE state = 'queued'`)
			require.Greater(t, waiting, 2)
			if left == "those who are asked" {
				o.Exec(`DELETE FROM assignment WHERE person = $1`, o.blanc.ID)
			} else {
				o.Key(scene.Tilleuls)
			}
			o.box.Refuse(postbox.Everyone, 0)
			asked.At = asked.At.Add(time.Second) // the workflow's own clock
			_, err := o.mails.SendMails(context.Background(), asked)
			require.NoError(t, err)
			assert.Zero(t, o.Count(`SELECT count(*) FROM mail WHERE state = 'queued'`))
			assert.Positive(t, o.Count(`SELECT count(*) FROM mail WHERE state = 'dropped'`))
			assert.Less(t, len(o.box.Letters()), waiting)
		})
	}
}
