package mails_test

import (
	"context"
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

// resend has somebody want a mail sent again.
func (o *fixture) resend(by okey.Person, mail string) okey.Verdict {
	o.Helper()
	return *o.judged(o.Record(okey.Action{Name: okey.ActionMailResend, By: by.ID, Subject: uuid.MustParse(mail)})).Verdict
}

// resent is resend, with the letters that leave by it.
func (o *fixture) resent(by okey.Person, mail string) []postbox.Letter {
	o.Helper()
	v := o.resend(by, mail)
	require.True(o, v.Accepted, v.Reason)
	letters := o.letters(v.Letters...)
	assert.Empty(o, o.letters(v.Letters...), "tried again, nothing leaves twice")
	return letters
}

func (o *fixture) mailTo(kind string, p okey.Person) string {
	o.Helper()
	return o.Text(`SELECT id::text FROM mail WHERE kind = $1 AND person = $2 ORDER BY created_at DESC LIMIT 1`, kind, p.ID)
}

func TestARefusedMailLeavesAgainWrittenAnewForThePresentAddress(t *testing.T) {
	o := newFixture(t)
	sam := o.Support("Sam Secours")
	o.Key(scene.Tilleuls)
	request, v := o.ask(o.lea, okey.FirstKey)
	o.follow(request, v)
	o.box.Refuse("lmartin@ac-nice.fr", 550)
	_, err := o.try(request, o.approve(request).Mails[0])
	require.NoError(t, err)
	o.Exec(`UPDATE person SET mail = 'lea.martin@ac-nice.fr' WHERE id = $1`, o.lea.ID)
	o.now = o.now.Add(24 * time.Hour)

	first := o.mailTo("approved", o.lea)
	letters := o.resent(sam, first)
	require.Equal(t, []string{"lea.martin@ac-nice.fr: Demande acceptée : signez la charte"}, lines(letters), "to nobody else")
	assert.Contains(t, letters[0].Text, "Marc Roux a accepté.")
	second := o.mailTo("approved", o.lea)
	require.NotEqual(t, first, second)
	assert.Equal(t, "<"+second+"@okey.ac-exemple.fr>", letters[0].Header.Get("Message-ID"), "another one: mailboxes hide what they have")
	assert.Equal(t, "sent", o.Text(`SELECT state FROM mail WHERE id = $1`, second))
	assert.Equal(t, "lea.martin@ac-nice.fr", o.Text(`SELECT address FROM mail WHERE id = $1`, second))
	assert.Equal(t, first, o.Text(`SELECT again_of::text FROM mail WHERE id = $1`, second))
	assert.Equal(t, 1, o.Count(
		`SELECT count(*) FROM audit WHERE event = 'mail-resend' AND actor = $1 AND subject = 'mail-resend:' || $2 AND detail = 'accepted'`,
		sam.ID, first,
	))
	failed, err := o.Store.FailedMails(context.Background(), time.Time{}, 10)
	require.NoError(t, err)
	assert.Empty(t, failed, "sent again, it is support's affair no longer")
}

func TestAMailToAnswerByLeavesAgainWithTheLinkThatItsReaderHas(t *testing.T) {
	o := newFixture(t)
	sam := o.Support("Sam Secours")
	o.Key(scene.Tilleuls)
	request, v := o.ask(o.lea, okey.FirstKey)
	o.follow(request, v)
	before := o.box.To("mroux@ac-nice.fr")[0]
	letters := o.resent(sam, o.mailTo("asked", o.roux))
	require.Equal(t, []string{"mroux@ac-nice.fr: Léa Martin demande une clef"}, lines(letters))
	assert.Equal(t, link(before), link(letters[0]))
	assert.NotEqual(t, before.Header.Get("Message-ID"), letters[0].Header.Get("Message-ID"))

	o.now = o.now.Add(time.Hour)
	assert.NotEmpty(t, o.letters(o.reissue(sam, request).Letters...), "new links leave all the same")
	assert.False(t, o.known(link(before)))
}

func TestARemindersListAndAKeysNewsLeaveAgain(t *testing.T) {
	o := newFixture(t)
	sam := o.Support("Sam Secours")
	o.Key(scene.Tilleuls)
	request, v := o.ask(o.lea, okey.FirstKey)
	o.follow(request, v)
	o.now = o.now.AddDate(0, 0, 2)
	reminded := o.send(request, okey.MailStep{Kind: okey.MailRemindDecision, Ref: 101})
	require.NotEmpty(t, reminded)
	again := o.resent(sam, o.mailTo("reminder", o.roux))
	require.Len(t, again, 1)
	assert.Equal(t, "mroux@ac-nice.fr", again[0].To)

	noa := o.Person("Noa Petit", okey.Staff, scene.Tilleuls)
	serial := o.KeyOf(noa, scene.Tilleuls, okey.NewDay(2029, time.June, 30))
	o.letters(o.change(serial, okey.Action{By: o.roux.ID, Content: okey.Content{KeyReason: okey.ReasonLost, Comment: "dans le train"}})...)
	first := o.box.To(noa.Mail)[0]
	o.now = o.now.AddDate(0, 0, 3)
	again = o.resent(sam, o.mailTo("key_changed", noa))
	require.Equal(t, []string{noa.Mail + ": " + first.Subject}, lines(again), "whose key it was then")
}

func TestALetterWithNothingToSayAnyMoreDoesNotLeave(t *testing.T) {
	o := newFixture(t)
	sam := o.Support("Sam Secours")
	o.Key(scene.Tilleuls)
	request, v := o.ask(o.lea, okey.FirstKey)
	o.follow(request, v)
	mail := o.mailTo("asked", o.roux)
	o.approve(request)
	assert.Empty(t, o.resent(sam, mail))
	assert.Equal(t, "dropped", o.Text(`SELECT state FROM mail WHERE again_of = $1`, mail))
}

func TestARequestersLetterAboutAStageThatIsOverDoesNotLeaveAgain(t *testing.T) {
	o := newFixture(t)
	sam := o.Support("Sam Secours")
	request, v := o.ask(o.lea, okey.FirstKey)
	o.follow(request, v)
	waiting := o.mailTo("no_key_yet", o.lea)
	o.Key(scene.Tilleuls)
	o.follow(request, o.approve(request))
	accepted := o.mailTo("approved", o.lea)
	require.Equal(t, []string{
		"lmartin@ac-nice.fr: Demande acceptée : signez la charte",
	}, lines(o.resent(sam, accepted)), "while its stage lasts")
	assert.Empty(t, o.resent(sam, waiting), "the answer has come")

	o.Exec(`UPDATE request SET turn = turn + 1 WHERE id = $1`, request)
	o.now = o.now.Add(time.Hour)
	assert.Empty(t, o.resent(sam, accepted), "its turn is over, though another one has the same stage")
	assert.Equal(t, "dropped", o.Text(`SELECT state FROM mail WHERE again_of = $1 ORDER BY created_at DESC LIMIT 1`, accepted))
}

func TestAMailIsNotSentAgainByImpatience(t *testing.T) {
	o := newFixture(t)
	sam, roux := o.Support("Sam Secours"), o.roux
	o.Key(scene.Tilleuls)
	request, v := o.ask(o.lea, okey.FirstKey)
	o.box.Refuse("ablanc@ac-nice.fr", 451)
	_, err := o.try(request, v.Mails[0])
	require.Error(t, err)
	assert.Equal(t, okey.CodeMailLeaving, o.resend(sam, o.mailTo("asked", o.blanc)).Reason, "it is being tried")

	mail := o.mailTo("asked", roux)
	require.True(t, o.resend(sam, mail).Accepted)
	o.now = o.now.Add(okey.ResendPause - time.Second)
	assert.Equal(t, okey.CodeMailJustSent, o.resend(sam, mail).Reason)
	assert.Equal(
		t, okey.CodeMailLeaving, o.resend(o.Support("Ana Secours"), o.Text(`SELECT id::text FROM mail WHERE again_of = $1`, mail)).Reason,
		"nor the repeat, which is on its way",
	)
	o.now = o.now.Add(time.Second)
	assert.True(t, o.resend(sam, mail).Accepted)
	assert.Equal(t, 2, o.Count(`SELECT count(*) FROM mail WHERE again_of = $1`, mail))
}

func TestOnlySupportSendsMailsAgainAndOnlyWhatCanBeWrittenAgain(t *testing.T) {
	o := newFixture(t)
	sam := o.Support("Sam Secours")
	o.Key(scene.Tilleuls)
	request, v := o.ask(o.lea, okey.FirstKey)
	o.follow(request, v)
	mail := o.mailTo("asked", o.roux)
	for _, p := range []okey.Person{o.lea, o.roux} {
		assert.False(t, o.resend(p, mail).Accepted, p.Name())
	}
	o.Exec(`UPDATE mail SET mail_order = NULL WHERE id = $1`, mail)
	assert.Equal(t, okey.CodeMailForgotten, o.resend(sam, mail).Reason)
	other := o.mailTo("asked", o.blanc)
	o.Exec(`UPDATE person SET mail = '' WHERE id = $1`, o.blanc.ID)
	assert.Equal(t, okey.CodeMailNoAddress, o.resend(sam, other).Reason)
	assert.Equal(t, okey.CodeNotFound, o.resend(sam, uuid.NewString()).Reason)
	assert.Zero(t, o.Count(`SELECT count(*) FROM mail WHERE again_of IS NOT NULL`))
}

func TestWhatAMailIsWrittenFromNamesNobody(t *testing.T) {
	o := newFixture(t)
	request, v := o.ask(o.lea, okey.FirstKey)
	o.follow(request, v)
	for _, personal := range []string{"Martin", "ac-nice", "absences"} {
		assert.Zero(t, o.Count(`SELECT count(*) FROM mail WHERE mail_order::text LIKE '%' || $1 || '%'`, personal), personal)
	}
	assert.Zero(t, o.Count(`SELECT count(*) FROM mail WHERE mail_order IS NULL`))
}

// resendAll has somebody want all mails sent again that failed since an instant, and returns what leaves by it, round by round.
func (o *fixture) resendAll(by okey.Person, from, until time.Time) (okey.Verdict, []okey.MailOrder) {
	o.Helper()
	action := o.Record(okey.Action{
		Name: okey.ActionMailsResend, By: by.ID, Subject: uuid.New(), CreatedAt: o.now, Content: okey.Content{From: from, Until: until},
	})
	v := *o.judged(action).Verdict
	var orders []okey.MailOrder
	for round := (okey.ResendRound{Action: action.ID, At: o.now}); v.Accepted; {
		stock := activities.NewStock(o.Store)
		report, err := stock.ResendMails(context.Background(), round)
		require.NoError(o, err)
		twice, err := stock.ResendMails(context.Background(), round)
		require.NoError(o, err)
		require.Equal(o, report, twice, "a second attempt answers the same")
		require.LessOrEqual(o, len(report.Letters), okey.ResendBatch)
		orders = append(orders, report.Letters...)
		if round.After = report.Next; report.Next == uuid.Nil {
			break
		}
	}
	return v, orders
}

func TestAllThatFailedInATimeLeavesAgainByOneAction(t *testing.T) {
	o := newFixture(t)
	sam := o.Support("Sam Secours")
	o.Exec(`DELETE FROM assignment WHERE function = 'adjoint'`)
	begun := o.now
	o.box.Refuse("mroux@ac-nice.fr", 550)
	o.Key(scene.Tilleuls)
	for _, name := range []string{"Ali A", "Bea B", "Cid C"} {
		o.Key(scene.Tilleuls)
		request, v := o.ask(o.Person(name, okey.Staff, scene.Tilleuls), okey.FirstKey)
		_, err := o.try(request, v.Mails[0])
		require.NoError(t, err)
		o.now = o.now.Add(time.Minute)
	}
	late := o.now.Add(-time.Minute)
	require.Equal(t, 3, o.Count(`SELECT count(*) FROM mail WHERE state = 'failed'`))
	o.box.Refuse("mroux@ac-nice.fr", 0)
	o.now = o.now.Add(time.Hour)

	v, _ := o.resendAll(o.roux, begun, o.now)
	assert.False(t, v.Accepted, "support alone")
	v, _ = o.resendAll(sam, begun.Add(-time.Hour), begun)
	assert.Equal(t, okey.CodeNoFailedMails, v.Reason)

	v, orders := o.resendAll(sam, begun, late)
	require.True(t, v.Accepted)
	require.Len(t, orders, 2, "the third is from later")
	assert.Len(t, o.letters(orders...), 2)
	assert.Empty(t, o.letters(orders...), "tried again, nothing leaves twice")
	assert.Equal(t, 2, o.Count(`SELECT count(*) FROM mail WHERE again_of IS NOT NULL AND state = 'sent'`))
	assert.Equal(t, 1, o.Count(`SELECT count(*) FROM audit WHERE event = 'mails-resend' AND actor = $1 AND detail = 'accepted'`, sam.ID))

	o.now = o.now.Add(time.Hour)
	v, orders = o.resendAll(sam, begun, o.now.AddDate(1, 0, 0))
	require.True(t, v.Accepted)
	assert.Len(t, o.letters(orders...), 1, "what has gone out is not sent again")
	v, _ = o.resendAll(sam, begun, o.now)
	assert.Equal(t, okey.CodeNoFailedMails, v.Reason)
	o.Exec(`DELETE FROM mail WHERE again_of IS NOT NULL`)
	o.Exec(`UPDATE mail SET created_at = $1 WHERE state = 'failed'`, o.now.Add(time.Minute))
	v, _ = o.resendAll(sam, begun, o.now.AddDate(1, 0, 0))
	assert.Equal(t, okey.CodeNoFailedMails, v.Reason, "what is written later is not meant")
}

func TestManyFailedMailsLeaveAgainInRounds(t *testing.T) {
	o := newFixture(t)
	sam := o.Support("Sam Secours")
	request, v := o.ask(o.lea, okey.FirstKey)
	o.follow(request, v)
	o.Exec(`INSERT INTO mail (id, request, kind, ref, person, address, message_id, state, created_at, mail_order)
		SELECT gen_random_uuid(), request, kind, ref, person, address, n || message_id, 'failed', created_at, mail_order
		FROM mail, generate_series(1, 450) n WHERE kind = 'asked' AND person = $1`, o.roux.ID)
	o.Exec(`UPDATE mail SET mail_order = NULL WHERE message_id LIKE '7<%'`)
	o.now = o.now.Add(time.Hour)
	judged, orders := o.resendAll(sam, o.now.Add(-2*time.Hour), o.now)
	require.True(t, judged.Accepted)
	ids := map[uuid.UUID]bool{}
	for _, order := range orders {
		ids[order.Again] = true
	}
	assert.Len(t, ids, 449, "each once, but the one of which nothing is known")
}
