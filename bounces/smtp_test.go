package bounces_test

import (
	"context"
	"errors"
	"net"
	"net/textproto"
	"strings"
	"testing"

	"okey/okey"

	"github.com/emersion/go-smtp"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// serve takes messages, and returns a client of it.
func (f *fixture) serve(lmtp bool) *smtp.Client {
	f.Helper()
	if lmtp {
		return smtp.NewClientLMTP(f.call(lmtp))
	}
	return smtp.NewClient(f.call(lmtp))
}

// call is a line to whoever takes messages.
func (f *fixture) call(lmtp bool) net.Conn {
	f.Helper()
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	require.NoError(f, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f.taker.Serve(ctx, listener, lmtp) }()
	f.Cleanup(func() {
		cancel()
		assert.NoError(f, <-ended)
	})
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", listener.Addr().String())
	require.NoError(f, err)
	return conn
}

func TestEachProtocolHasItsGreeting(t *testing.T) {
	f := newFixture(t)
	for greeting, lmtp := range map[string]bool{"LHLO": true, "EHLO": false} {
		for served, code := range map[bool]int{lmtp: 250, !lmtp: 500} {
			client := textproto.NewConn(f.call(served))
			_, _, err := client.ReadResponse(220)
			require.NoError(t, err)
			require.NoError(t, client.PrintfLine("%s relais", greeting))
			answer, _, err := client.ReadResponse(code)
			assert.NoError(t, err, greeting)
			assert.Equal(t, code, answer, greeting)
		}
	}
}

// hand hands a message over as relays do, from nobody.
func hand(c *smtp.Client, to, message string) error {
	return c.SendMail("", []string{to}, strings.NewReader(message))
}

// codeOf is the answer that an error tells of; 250 for none.
func codeOf(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 250
	}
	var refused *smtp.SMTPError
	require.ErrorAs(t, err, &refused)
	return refused.Code
}

func TestAReportSetsTheStateOfItsMail(t *testing.T) {
	for name, lmtp := range map[string]bool{"smtp": false, "lmtp": true} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			client := f.serve(lmtp)
			gone, full, other := f.mail(), f.mail(), f.mail()
			to := strings.ToLower(f.address.Of(gone))
			require.NoError(t, hand(client, to, report(to, "failed", "5.1.1")))
			require.NoError(t, hand(client, to, report(to, "failed", "5.1.1")), "a report that comes twice is one")
			require.NoError(t, hand(client, f.address.Of(full), report(to, "failed", "5.2.2")), "the envelope counts, not the header")
			assert.Equal(t, []string{"failed", "failed", "sent"}, []string{f.state(gone), f.state(full), f.state(other)})
			assert.Equal(t, "5.1.1", f.Text(`SELECT error FROM mail WHERE id = $1`, gone))
			owed, err := f.Store.FollowUps(context.Background(), 10)
			require.NoError(t, err)
			names := map[uuid.UUID]okey.ActionName{}
			for _, a := range owed {
				names[a.Subject] = a.Name
			}
			assert.Equal(t, map[uuid.UUID]okey.ActionName{gone: okey.ActionMailReturned, full: okey.ActionMailRetried}, names)
			assert.Equal(t, map[string]int{"gone": 1, "repeated": 1, "passes": 1}, f.counted())
		})
	}
}

func TestWhatIsNoFailureChangesNothing(t *testing.T) {
	f := newFixture(t)
	client := f.serve(true)
	id := f.mail()
	to := f.address.Of(id)
	for outcome, message := range map[string]string{
		"untold": notice(to), "delayed": report(to, "delayed", "4.4.1"), "arrived": report(to, "delivered", "2.0.0"),
	} {
		require.NoError(t, hand(client, to, message))
		assert.Equal(t, 1, f.counted()[outcome], outcome)
	}
	require.NoError(t, client.SendMail(lea, []string{to}, strings.NewReader(notice(to))), "from somebody")
	assert.Equal(t, "sent", f.state(id))
	assert.Zero(t, f.Count(`SELECT count(*) FROM action`))
}

// An address that OKEY did not give to the mail is refused before anything is read.
func TestForgedReportsAreCountedAndDropped(t *testing.T) {
	f := newFixture(t)
	client := f.serve(false)
	id := f.mail()
	right := f.address.Of(id)
	forged := []string{
		"retours@ac-exemple.fr", "retours+" + id.String() + "@ac-exemple.fr", "assistance@ac-exemple.fr",
		strings.Replace(right, "ac-exemple", "ac-autre", 1), flipped(right),
	}
	for _, to := range forged {
		assert.Equal(t, 550, codeOf(t, hand(client, to, report(to, "failed", "5.1.1"))), to)
		require.NoError(t, client.Reset())
	}
	assert.Equal(t, map[string]int{"forged": len(forged)}, f.counted())
	forgotten := f.address.Of(uuid.New())
	require.NoError(t, hand(client, forgotten, report(forgotten, "failed", "5.1.1")), "of a mail that is kept no longer")
	assert.Equal(t, 1, f.counted()["unknown"])
	assert.Equal(t, "sent", f.state(id))
}

// flipped has one letter of the mark changed.
func flipped(address string) string {
	at := len("retours+") + 30
	other := "0"
	if address[at] == '0' {
		other = "1"
	}
	return address[:at] + other + address[at+1:]
}

// Its relay keeps a report, and comes again, until the database has it, and until it is noted that the mail has left.
func TestARelayKeepsWhatCannotBeTakenYet(t *testing.T) {
	f := newFixture(t)
	client := f.serve(true)
	id := f.mail()
	to := f.address.Of(id)
	message := report(to, "failed", "5.1.1")
	assert.Equal(t, 554, later(t, hand(client, to, message+strings.Repeat("x", 100_000))), "no shorter later")
	client = f.serve(true)
	f.Exec(`ALTER TABLE mail RENAME TO away`)
	assert.Equal(t, 451, later(t, hand(client, to, message)))
	f.Exec(`ALTER TABLE away RENAME TO mail`)
	f.Exec(`UPDATE mail SET state = 'queued', created_at = now() - interval '4 days'`)
	assert.Equal(t, 451, later(t, hand(client, to, message)))
	assert.Empty(t, f.counted())
	f.Exec(`UPDATE mail SET created_at = now() - interval '6 days'`)
	require.NoError(t, hand(client, to, message), "given up: nobody waits for it")
	assert.Equal(t, "queued", f.state(id))
	f.Exec(`UPDATE mail SET state = 'sent'`)
	require.NoError(t, hand(client, to, message))
	assert.Equal(t, "failed", f.state(id))
}

// later is the answer for the one recipient, by LMTP.
func later(t *testing.T, err error) int {
	t.Helper()
	var answers smtp.LMTPDataError
	if errors.As(err, &answers) {
		for _, answer := range answers {
			return answer.Code
		}
	}
	return codeOf(t, err)
}

// One message tells of one mail: the next recipient has its turn afterwards.
func TestEachMailHasItsOwnDialogue(t *testing.T) {
	f := newFixture(t)
	client := f.serve(false)
	require.NoError(t, client.Mail("", nil))
	require.NoError(t, client.Rcpt(f.address.Of(f.mail()), nil))
	assert.Equal(t, 452, codeOf(t, client.Rcpt(f.address.Of(f.mail()), nil)))
}

func TestAMessageWithoutEndIsRefused(t *testing.T) {
	f := newFixture(t)
	client := f.serve(false)
	id := f.mail()
	to := f.address.Of(id)
	endless := report(to, "failed", "5.1.1") + strings.Repeat(strings.Repeat("x", 998)+"\r\n", 70_000)
	assert.Equal(t, 552, codeOf(t, hand(client, to, endless)))
	assert.Equal(t, "sent", f.state(id))
}
