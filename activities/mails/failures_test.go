package mails_test

import (
	"context"
	"testing"
	"time"

	"okey/internal/postbox"
	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/emersion/go-smtp"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
)

func TestARetrySendsOnlyWhatIsMissing(t *testing.T) {
	o := newFixture(t)
	o.Key(scene.Tilleuls)
	request, v := o.ask(o.lea, okey.FirstKey)
	o.box.Refuse("ablanc@ac-nice.fr", 451)
	report, err := o.try(request, v.Mails[0])
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "ablanc", "the engine keeps this error")
	assert.Equal(t, 1, report.Sent)
	assert.Equal(t, []string{"mroux@ac-nice.fr: Léa Martin demande une clef"}, lines(o.box.Letters()), "the others get theirs")

	o.box.Refuse("ablanc@ac-nice.fr", 0)
	arrived := o.send(request, v.Mails[0])
	require.Equal(t, []string{"ablanc@ac-nice.fr: Léa Martin demande une clef"}, lines(arrived))
	assert.Equal(
		t, "<"+o.Text(`SELECT id::text FROM mail WHERE address LIKE 'ablanc%'`)+"@okey.ac-exemple.fr>", arrived[0].Header.Get("Message-ID"),
	)
	assert.Equal(t, 2, o.Count(`SELECT attempts FROM mail WHERE address LIKE 'ablanc%'`))
	assert.Empty(t, o.send(request, v.Mails[0]))
}

func TestAnAddressThatRefusesForGoodIsSupportsAffair(t *testing.T) {
	o := newFixture(t)
	o.Key(scene.Tilleuls)
	request, v := o.ask(o.lea, okey.FirstKey)
	o.box.Refuse("ablanc@ac-nice.fr", 550)
	report, err := o.try(request, v.Mails[0])
	require.NoError(t, err)
	assert.Equal(t, okey.MailReport{Sent: 2, Failed: 1}, report)
	told := o.box.To(supportBox)
	require.Len(t, told, 1)
	assert.Equal(t, "Adresse refusée : ablanc@ac-nice.fr", told[0].Subject)
	assert.Equal(t, base+"/demandes/"+request.String(), link(told[0]))
	assert.Contains(t, o.Text(`SELECT error FROM mail WHERE state = 'failed'`), "550")

	o.box.Refuse("ablanc@ac-nice.fr", 0)
	before := len(o.box.Letters())
	_, err = o.try(request, v.Mails[0])
	require.NoError(t, err)
	assert.Len(t, o.box.Letters(), before, "for good is for good, and told once")
}

func TestSupportsOwnMailboxMayRefuseWithoutAnEnd(t *testing.T) {
	o := newFixture(t)
	o.mails = o.mailer("autre@ac-nice.fr") // the relay takes mail for others
	o.box.Refuse(supportBox, 550)
	request, _ := o.ask(o.lea, okey.FirstKey)
	late := okey.MailStep{Kind: okey.MailDecisionLate, Ref: 101}
	for range 3 {
		_, err := o.try(request, late)
		require.Error(t, err)
	}
	assert.Equal(t, 1, o.Count(`SELECT count(*) FROM mail WHERE state = 'queued'`), "nobody is told: there is nobody to tell")
	o.Exec(`UPDATE mail SET state = 'failed'`) // as an older release left it
	o.box.Refuse(supportBox, 0)
	assert.Len(t, o.send(request, late), 1)
}

// A relay that refuses everybody for a while, with whatever code, has nothing against anybody: all leaves once it is mended, and support
// reads of nothing.
func TestARelayThatRefusesEverybodyLosesNothing(t *testing.T) {
	for code, status := range map[int]smtp.EnhancedCode{
		550: {5, 1, 1}, 552: {5, 2, 2}, 554: {5, 7, 1}, 553: smtp.NoEnhancedCode,
	} {
		o := newFixture(t)
		o.Key(scene.Tilleuls)
		request, v := o.ask(o.lea, okey.FirstKey)
		o.box.RefuseAs(postbox.Everyone, code, status)
		_, err := o.try(request, v.Mails[0])
		require.Error(t, err)
		assert.Equal(t, 2, o.Count(`SELECT count(*) FROM mail WHERE state = 'queued'`), code)
		assert.Equal(t, 2, o.Count(`SELECT count(*) FROM mail`), "nobody is told")
		o.box.Refuse(postbox.Everyone, 0)
		assert.Len(t, o.send(request, v.Mails[0]), 2)
	}
}

func TestWhatIsNotAboutTheAddressIsTriedAgain(t *testing.T) {
	for _, c := range []struct {
		what   string
		whom   string
		code   int
		status smtp.EnhancedCode
	}{
		{"a full mailbox", "ablanc@ac-nice.fr", 552, smtp.EnhancedCode{5, 2, 2}},
		{"a policy", "ablanc@ac-nice.fr", 554, smtp.EnhancedCode{5, 7, 1}},
		{"the content", postbox.Content, 554, smtp.EnhancedCode{5, 6, 0}},
	} {
		t.Run(c.what, func(t *testing.T) {
			o := newFixture(t)
			o.Key(scene.Tilleuls)
			request, v := o.ask(o.lea, okey.FirstKey)
			o.box.RefuseAs(c.whom, c.code, c.status)
			_, err := o.try(request, v.Mails[0])
			require.Error(t, err)
			assert.Equal(t, "queued", o.Text(`SELECT state FROM mail WHERE address LIKE 'ablanc%'`))
			assert.Empty(t, o.box.To(supportBox))
			o.box.Refuse(c.whom, 0)
			o.send(request, v.Mails[0])
			assert.Len(t, o.box.To("ablanc@ac-nice.fr"), 1)
		})
	}
}

func TestARelayThatIsAwayLosesNothing(t *testing.T) {
	o := newFixture(t)
	o.Key(scene.Tilleuls)
	request, v := o.ask(o.lea, okey.FirstKey)
	o.box.Close()
	_, err := o.try(request, v.Mails[0])
	var again *temporal.ApplicationError
	require.ErrorAs(t, err, &again)
	assert.False(t, again.NonRetryable())
	assert.Equal(t, 2, o.Count(`SELECT count(*) FROM mail WHERE state = $1`, string(sql.MailQueued)))
}

// Each attempt may be one more copy in the mailbox: after the second, there are hours between them.
func TestAMailThatTheRelayMayHaveTakenIsNotSentAgainAndAgain(t *testing.T) {
	o := newFixture(t)
	o.Key(scene.Tilleuls)
	request, v := o.ask(o.lea, okey.FirstKey)
	attempt := func() time.Duration {
		_, err := o.try(request, v.Mails[0])
		var again *temporal.ApplicationError
		require.ErrorAs(t, err, &again)
		assert.False(t, again.NonRetryable())
		return again.NextRetryDelay()
	}
	o.box.Refuse("ablanc@ac-nice.fr", 451)
	o.box.AtDot(func(hangUp func()) { hangUp() })
	copies := func() int { return len(o.box.To("mroux@ac-nice.fr")) }
	for n := range 2 {
		assert.Zero(t, attempt(), "the other one waits for the relay, by the engine's own policy")
		assert.Equal(t, n+1, copies())
	}
	attempt()
	assert.Equal(t, 2, copies(), "it pauses while the other one is tried")
	o.box.AtDot(nil)
	o.box.Refuse("ablanc@ac-nice.fr", 0)
	assert.Equal(t, 6*time.Hour, attempt(), "the other one has left")
	assert.Len(t, o.box.To("ablanc@ac-nice.fr"), 1)

	o.now = o.now.Add(4 * time.Hour)
	assert.Equal(t, 2*time.Hour, attempt())
	o.box.AtDot(func(hangUp func()) { hangUp() })
	o.now = o.now.Add(2 * time.Hour)
	assert.Equal(t, 6*time.Hour, attempt(), "and so after the third")
	assert.Equal(t, 3, copies())
	o.box.AtDot(nil)
	o.now = o.now.Add(6 * time.Hour)
	o.send(request, v.Mails[0])
	ids := map[string]bool{}
	for _, l := range o.box.To("mroux@ac-nice.fr") {
		ids[l.Header.Get("Message-ID")] = true
	}
	assert.Len(t, ids, 1, "mailboxes show one of them")
	assert.Equal(t, 1, o.Count(`SELECT count(*) FROM mail WHERE state = 'sent' AND unanswered = 3`))
}

func TestAMailHasItsSubjectFromTheBeginning(t *testing.T) {
	o := newFixture(t)
	o.Key(scene.Tilleuls)
	request, v := o.ask(o.lea, okey.FirstKey)
	o.Exec(`CREATE FUNCTION cut_off() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`)
	// as a worker that ends before it notes anything
	o.Exec(`CREATE TRIGGER cut_off BEFORE UPDATE ON mail FOR EACH ROW EXECUTE FUNCTION cut_off()`)
	o.box.Close()
	_, err := o.try(request, v.Mails[0])
	require.Error(t, err)
	assert.Equal(t, 2, o.Count(`SELECT count(*) FROM mail WHERE subject = 'Léa Martin demande une clef'`))
}

func TestMailsThatNeverLeftAreListedForSupport(t *testing.T) {
	o := newFixture(t)
	request, v := o.ask(o.lea, okey.FirstKey)
	o.box.Refuse("ablanc@ac-nice.fr", 451)
	_, err := o.try(request, v.Mails[0])
	require.Error(t, err)
	arrived := o.send(request, okey.MailStep{Kind: okey.MailUndelivered, Ref: 1})
	require.Equal(t, []string{supportBox + ": Des courriels ne partent pas : le collège des Tilleuls"}, lines(arrived))
	assert.Contains(t, arrived[0].Text, "pour ablanc@ac-nice.fr")
}

func TestMailsAboutAKeyThatNeverLeftAreListedForSupport(t *testing.T) {
	o := newFixture(t)
	serial := o.KeyOf(o.lea, scene.Tilleuls, okey.NewDay(2029, time.June, 30))
	order := o.change(serial, okey.Action{By: o.roux.ID, Content: okey.Content{KeyReason: okey.ReasonLost, Comment: "x"}})[0]
	o.box.Refuse("ablanc@ac-nice.fr", 451)
	_, err := o.mails.SendMails(context.Background(), order)
	require.Error(t, err)
	before := len(o.box.Letters())
	order.Step.Kind = okey.MailUndelivered
	_, err = o.mails.SendMails(context.Background(), order)
	require.NoError(t, err)
	arrived := o.box.Letters()[before:]
	require.Len(t, arrived, 1)
	assert.Contains(t, arrived[0].Text, "sur la clef n° "+string(serial))
	assert.Contains(t, arrived[0].Text, "pour ablanc@ac-nice.fr")
}

func TestARequestThatIsGoneHasNoMails(t *testing.T) {
	o := newFixture(t)
	report, err := o.try(uuid.New(), okey.MailStep{Kind: okey.MailAsked, Ref: 1})
	require.NoError(t, err)
	assert.Zero(t, report)
}

func TestADeciderWithoutAnAddressIsSupportsAffair(t *testing.T) {
	o := newFixture(t)
	o.Exec(`UPDATE person SET mail = '' WHERE id = $1`, o.blanc.ID)
	o.Key(scene.Tilleuls)
	request, v := o.ask(o.lea, okey.FirstKey)
	report, err := o.try(request, v.Mails[0])
	require.NoError(t, err)
	assert.Equal(t, okey.MailReport{Sent: 2, Failed: 1}, report, "the other one's, and support's")
	assert.Equal(t, []string{supportBox + ": Pas d'adresse : Anne Blanc"}, lines(o.box.To(supportBox)))
	assert.Equal(t, base+"/demandes/"+request.String(), link(o.box.To(supportBox)[0]), "no link that acts")

	second, _ := o.ask(o.Person("Paul Petit", okey.Staff, scene.Tilleuls), okey.FirstKey)
	for _, id := range []uuid.UUID{request, second} {
		_, err := o.try(id, okey.MailStep{Kind: okey.MailRemindDecision, Ref: 100})
		require.NoError(t, err, "nobody waits for a list that can't leave")
	}
	assert.Len(t, o.box.To(supportBox), 2, "once a day")
}
