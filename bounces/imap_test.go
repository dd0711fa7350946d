package bounces_test

import (
	"context"
	"net"
	"strconv"
	"strings"
	"testing"

	"okey/bounces"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	account = "okey"
	secret  = "motdepasse"
)

// account opens an IMAP server with one account, in memory, and returns where it is.
func openAccount(t *testing.T) bounces.Mailbox {
	t.Helper()
	store := imapmemserver.New()
	user := imapmemserver.NewUser(account, secret)
	require.NoError(t, user.Create("INBOX", nil))
	store.AddUser(user)
	server := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return store.NewSession(), nil, nil
		},
		Caps: imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapIMAP4rev2: {}}, InsecureAuth: true,
	})
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return mailboxAt(t, listener.Addr().String())
}

func mailboxAt(t *testing.T, address string) bounces.Mailbox {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	number, err := strconv.Atoi(port)
	require.NoError(t, err)
	return bounces.Mailbox{Host: host, Port: number, User: account, Password: secret, Folder: "INBOX"}
}

// person is somebody who reads the same mailbox.
type person struct {
	*testing.T
	client *imapclient.Client
}

func signIn(t *testing.T, box bounces.Mailbox) *person {
	t.Helper()
	client, err := imapclient.DialInsecure(net.JoinHostPort(box.Host, strconv.Itoa(box.Port)), nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	require.NoError(t, client.Login(box.User, box.Password).Wait())
	return &person{t, client}
}

func (p *person) deliver(messages ...string) {
	p.Helper()
	for _, message := range messages {
		command := p.client.Append("INBOX", int64(len(message)), nil)
		_, err := command.Write([]byte(message))
		require.NoError(p, err)
		require.NoError(p, command.Close())
		_, err = command.Wait()
		require.NoError(p, err)
	}
}

// sees returns the subjects in a folder, each with its flags.
func (p *person) sees(folder string) []string {
	p.Helper()
	_, err := p.client.Select(folder, &imap.SelectOptions{ReadOnly: true}).Wait()
	require.NoError(p, err)
	all := imap.SeqSet{}
	all.AddRange(1, 0)
	messages, err := p.client.Fetch(all, &imap.FetchOptions{Envelope: true, Flags: true}).Collect()
	require.NoError(p, err)
	seen := []string{}
	for _, m := range messages {
		line := m.Envelope.Subject
		for _, flag := range m.Flags {
			if flag != `\Recent` {
				line += " " + strings.ToLower(string(flag))
			}
		}
		seen = append(seen, line)
	}
	return seen
}

// An account that people may read too: what is OKEY's is taken and put away, the rest stays as it is.
func TestAMailboxIsReadAndWhatIsTakenPutAway(t *testing.T) { readsMailbox(t, openAccount(t)) }

func readsMailbox(t *testing.T, box bounces.Mailbox) {
	f := newFixture(t)
	gone, full, away := f.mail(), f.mail(), f.mail()
	someone := signIn(t, box)
	passedOn := strings.Replace(report("<x@y.fr>", "failed", "5.2.2"), "From:", "Delivered-To: "+f.address.Of(full)+"\r\nFrom:", 1)
	someone.deliver(
		"Subject: Bonjour\r\nTo: retours@ac-exemple.fr\r\n\r\nEst-ce la bonne adresse ?\r\n",
		report("<"+strings.ToLower(f.address.Of(gone))+">", "failed", "5.1.1"), passedOn, notice(f.address.Of(away)),
		report(flipped(f.address.Of(gone)), "failed", "5.1.1"),
	)
	reader := bounces.NewReader(f.taker, box, "OKEY")
	require.NoError(t, reader.Round(context.Background()))
	assert.Equal(t, []string{"failed", "failed", "sent"}, []string{f.state(gone), f.state(full), f.state(away)})
	left := []string{"Bonjour", "Undelivered Mail Returned to Sender"}
	assert.Equal(t, left, someone.sees("INBOX"), "unread")
	assert.Equal(t, []string{
		`Undelivered Mail Returned to Sender \seen`, `Undelivered Mail Returned to Sender \seen`, `Absente \seen`,
	}, someone.sees("OKEY"))
	assert.Equal(t, map[string]int{"gone": 1, "passes": 1, "untold": 1, "forged": 1}, f.counted())

	another := f.mail()
	someone.deliver(report(f.address.Of(another), "failed", "5.1.1"))
	require.NoError(t, reader.Round(context.Background()))
	require.NoError(t, reader.Round(context.Background()))
	assert.Equal(t, "failed", f.state(another))
	assert.Equal(t, left, someone.sees("INBOX"))
	assert.Equal(t, 1, f.counted()["forged"], "what was looked at is not looked at again")
}

// Nothing leaves the folder before the database has it, wherever a worker is ended.
func TestWhatCannotBeTakenStaysInItsFolder(t *testing.T) {
	f := newFixture(t)
	box := openAccount(t)
	someone := signIn(t, box)
	waits, gone := f.mail(), f.mail()
	f.Exec(`UPDATE mail SET state = 'queued', created_at = now() WHERE id = $1`, waits)
	someone.deliver(report(f.address.Of(waits), "failed", "5.1.1"), report(f.address.Of(gone), "failed", "5.1.1"))
	reader := bounces.NewReader(f.taker, box, "OKEY")

	f.Exec(`ALTER TABLE mail RENAME TO away`)
	require.Error(t, reader.Round(context.Background()))
	assert.Len(t, someone.sees("INBOX"), 2)
	f.Exec(`ALTER TABLE away RENAME TO mail`)

	require.NoError(t, reader.Round(context.Background()))
	assert.Equal(t, []string{"queued", "failed"}, []string{f.state(waits), f.state(gone)}, "one that waits keeps no other back")
	assert.Len(t, someone.sees("INBOX"), 1)
	f.Exec(`UPDATE mail SET state = 'sent' WHERE id = $1`, waits)
	require.NoError(t, reader.Round(context.Background()))
	assert.Equal(t, "failed", f.state(waits))
	assert.Empty(t, someone.sees("INBOX"))

	someone.deliver(report(f.address.Of(gone), "failed", "5.1.1")) // as where a worker ended before it was put away
	require.NoError(t, bounces.NewReader(f.taker, box, "OKEY").Round(context.Background()))
	assert.Equal(t, 1, f.counted()["repeated"])
	assert.Empty(t, someone.sees("INBOX"))
	assert.Equal(t, 2, f.Count(`SELECT count(*) FROM action`))
}

func TestAMailboxThatIsNotOpenedSaysWhy(t *testing.T) {
	f := newFixture(t)
	box := openAccount(t)
	wrong := box
	wrong.Password = "autre"
	assert.ErrorContains(t, bounces.NewReader(f.taker, wrong, "OKEY").Round(context.Background()), "sign in to the mailbox")
	missing := box
	missing.Folder = "Retours"
	assert.ErrorContains(t, bounces.NewReader(f.taker, missing, "OKEY").Round(context.Background()), "open the folder")
	encrypted := box
	encrypted.TLS = true
	assert.ErrorContains(t, bounces.NewReader(f.taker, encrypted, "OKEY").Round(context.Background()), "call the mailbox")
	for _, one := range []bounces.Mailbox{wrong, missing, encrypted} {
		assert.Error(t, one.Check(context.Background(), "OKEY"))
	}
	assert.NoError(t, box.Check(context.Background(), "OKEY"))
	assert.ErrorContains(t, box.Check(context.Background(), "INBOX/"), "make the folder")
}

// A folder that takes nothing keeps no report from being read, is said at each round, and once it does has what was left. Each message is
// counted once, also by a worker that starts.
func TestWhereNothingCanBePutAwayAllIsReadOnce(t *testing.T) {
	f := newFixture(t)
	box := openAccount(t)
	someone := signIn(t, box)
	const many = 230
	messages, mails := []string{report(flipped(f.address.Of(f.mail())), "failed", "5.1.1")}, []uuid.UUID{}
	for range many {
		mails = append(mails, f.mail())
		messages = append(messages, report(f.address.Of(mails[len(mails)-1]), "failed", "5.1.1"))
	}
	f.Exec(`UPDATE mail SET state = 'queued', created_at = now() WHERE id = $1`, mails[0])
	someone.deliver(messages...)
	reader := bounces.NewReader(f.taker, box, "INBOX/")
	for range 2 {
		assert.ErrorContains(t, reader.Round(t.Context()), "move messages")
		assert.Equal(t, map[string]int{"gone": many - 1, "forged": 1}, f.counted())
	}
	assert.Equal(t, many-1, f.Count(`SELECT count(*) FROM mail WHERE state = 'failed'`), "but the one that waits")
	f.Exec(`UPDATE mail SET state = 'sent' WHERE id = $1`, mails[0])
	require.NoError(t, bounces.NewReader(f.taker, box, "OKEY").Round(t.Context()))
	assert.Equal(t, "failed", f.state(mails[0]))
	assert.Equal(t, 1, f.counted()["forged"])
}

// Some servers say much before what programs read.
func TestAReportIsReadBehindALongText(t *testing.T) {
	f := newFixture(t)
	box := openAccount(t)
	gone := f.mail()
	long := strings.Repeat("Your message could not be delivered.\r\n", 40_000)
	signIn(t, box).deliver(strings.Replace(report(f.address.Of(gone), "failed", "5.1.1"), "Your message could not be delivered.", long, 1))
	require.NoError(t, bounces.NewReader(f.taker, box, "OKEY").Round(t.Context()))
	assert.Equal(t, "failed", f.state(gone))
}
