package bounces

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/google/uuid"
)

// Mailbox is a folder of an IMAP account.
type Mailbox struct {
	Host     string
	Port     int
	TLS      bool // from the first byte; otherwise STARTTLS, but on this very machine
	User     string
	Password string
	Folder   string
}

// Reader looks through a mailbox for what came back of OKEY's mails. What the database has taken it moves to another folder; what names no
// mail of OKEY's stays as it is, unread.
type Reader struct {
	taker    *Taker
	box      Mailbox
	done     string
	validity uint32   // of the UIDs, as the server numbers them
	next     imap.UID // the first that was not looked at
}

// NewReader makes it; done is the folder for what was taken, which is created when there is something for it.
func NewReader(taker *Taker, box Mailbox, done string) *Reader {
	return &Reader{taker: taker, box: box, done: done}
}

const (
	roundPause = time.Minute
	roundTime  = 10 * time.Minute
	atOnce     = 100     // messages whose heads are asked for together
	asMuch     = 1 << 20 // bytes of a message: what a server says of a mail stands before the mail
)

// Run looks each minute until ctx ends.
func (r *Reader) Run(ctx context.Context) {
	tick := time.NewTicker(roundPause)
	defer tick.Stop()
	for {
		if err := r.Round(ctx); err != nil && ctx.Err() == nil {
			slog.Warn("the mailbox of what comes back was not read", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Round looks once at what is new since the last one. What could not be taken has its turn in the next.
func (r *Reader) Round(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, roundTime)
	defer cancel()
	return r.box.visit(ctx, func(client *imapclient.Client, folder *imap.SelectData) error {
		if folder.UIDValidity != r.validity {
			r.validity, r.next = folder.UIDValidity, 1
		}
		return r.lookThrough(ctx, client)
	})
}

// Check tells whether the folder can be opened, and why not.
func (b Mailbox) Check(ctx context.Context) error {
	return b.visit(ctx, func(*imapclient.Client, *imap.SelectData) error { return nil })
}

func (b Mailbox) visit(ctx context.Context, look func(*imapclient.Client, *imap.SelectData) error) error {
	client, err := b.call(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = client.Close() })
	defer stop()
	if err := client.Login(b.User, b.Password).Wait(); err != nil {
		return fmt.Errorf("sign in to the mailbox: %w", err)
	}
	folder, err := client.Select(b.Folder, nil).Wait()
	if err != nil {
		return fmt.Errorf("open the folder: %w", err)
	}
	if err := look(client, folder); err != nil {
		return err
	}
	return client.Logout().Wait()
}

// call opens a connection that others can't read: its server proves who it is, but for one on this very machine.
func (b Mailbox) call(ctx context.Context) (*imapclient.Client, error) {
	address := net.JoinHostPort(b.Host, strconv.Itoa(b.Port))
	config := &tls.Config{ServerName: b.Host, MinVersion: tls.VersionTLS12}
	var conn net.Conn
	var err error
	if b.TLS {
		conn, err = (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", address)
	} else {
		conn, err = new(net.Dialer).DialContext(ctx, "tcp", address)
	}
	if err != nil {
		return nil, fmt.Errorf("call the mailbox: %w", err)
	}
	if ip := net.ParseIP(b.Host); b.TLS || b.Host == "localhost" || ip.IsLoopback() {
		return imapclient.New(conn, nil), nil
	}
	client, err := imapclient.NewStartTLS(conn, &imapclient.Options{TLSConfig: config})
	if err != nil {
		return nil, fmt.Errorf("secure the line to the mailbox: %w", err)
	}
	return client, nil
}

func (r *Reader) lookThrough(ctx context.Context, client *imapclient.Client) error {
	uids, err := r.fresh(client)
	if err != nil {
		return err
	}
	var later imap.UID // the first that could not be taken
	for some := range slices.Chunk(uids, atOnce) {
		marked, err := r.marked(client, some)
		if err != nil {
			return err
		}
		var taken []imap.UID
		for _, m := range marked {
			switch err := r.take(ctx, client, m); {
			case errors.Is(err, errOnItsWay):
				if later == 0 {
					later = m.uid
				}
			case err != nil:
				return errors.Join(err, r.putAway(client, taken))
			default:
				taken = append(taken, m.uid)
			}
		}
		if err := r.putAway(client, taken); err != nil {
			return err
		}
		if r.next = later; later == 0 { // a round that is broken off goes on from here
			r.next = some[len(some)-1] + 1
		}
	}
	return nil
}

// fresh are the messages that were not looked at, oldest first.
func (r *Reader) fresh(client *imapclient.Client) ([]imap.UID, error) {
	found, err := client.UIDSearch(&imap.SearchCriteria{
		UID: []imap.UIDSet{{imap.UIDRange{Start: r.next}}}, NotFlag: []imap.Flag{imap.FlagDeleted},
	}, nil).Wait()
	if err != nil {
		return nil, fmt.Errorf("search the folder: %w", err)
	}
	uids := slices.DeleteFunc(found.AllUIDs(), func(uid imap.UID) bool { return uid < r.next }) // "n:*" always has the last one
	slices.Sort(uids)
	return uids, nil
}

// message is one in the folder, and the mail that it names.
type message struct {
	uid  imap.UID
	mail uuid.UUID
}

// recipients are where a server that delivers writes down for whom; a report itself has it in To.
var recipients = &imap.FetchItemBodySection{
	Specifier: imap.PartSpecifierHeader, Peek: true,
	HeaderFields: []string{"Delivered-To", "X-Original-To", "Envelope-To", "To"},
}

func (r *Reader) marked(client *imapclient.Client, uids []imap.UID) ([]message, error) {
	heads, err := client.Fetch(imap.UIDSetNum(uids...), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{recipients}}).Collect()
	if err != nil {
		return nil, fmt.Errorf("read the heads of messages: %w", err)
	}
	var found []message
	for _, head := range heads {
		id, ours := r.taker.named(string(head.FindBodySection(recipients)))
		if ours {
			found = append(found, message{head.UID, id})
		}
	}
	return found, nil
}

// named is the mail whose envelope sender stands among the words of a header.
func (t *Taker) named(header string) (id uuid.UUID, ours bool) {
	forged := false
	for _, word := range strings.FieldsFunc(header, func(r rune) bool { return strings.ContainsRune(" \t\r\n<>\",;:()", r) }) {
		if id, ours = t.address.Mail(word); ours {
			return id, true
		}
		forged = forged || t.address.Marked(word)
	}
	if forged {
		t.taken.WithLabelValues(outcomeForged).Inc()
	}
	return id, false
}

var beginning = &imap.FetchItemBodySection{Peek: true, Partial: &imap.SectionPartial{Size: asMuch}}

func (r *Reader) take(ctx context.Context, client *imapclient.Client, m message) error {
	found, err := client.Fetch(imap.UIDSetNum(m.uid), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{beginning}}).Collect()
	if err != nil {
		return fmt.Errorf("read a message: %w", err)
	}
	for _, one := range found { // none: somebody has taken it away
		if err := r.taker.take(ctx, m.mail, bytes.NewReader(one.FindBodySection(beginning))); err != nil {
			return err
		}
	}
	return nil
}

// putAway moves what the database has. Not moved, it is taken again, which changes nothing.
func (r *Reader) putAway(client *imapclient.Client, uids []imap.UID) error {
	if len(uids) == 0 {
		return nil
	}
	_ = client.Create(r.done, nil).Wait() // it is there already, or moving says what is wrong
	set := imap.UIDSetNum(uids...)
	seen := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagSeen}}
	if err := client.Store(set, seen, nil).Close(); err != nil {
		return fmt.Errorf("mark messages as read: %w", err)
	}
	if _, err := client.Move(set, r.done).Wait(); err != nil {
		return fmt.Errorf("move messages to %q: %w", r.done, err)
	}
	return nil
}
