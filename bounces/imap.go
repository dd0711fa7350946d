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

	"okey/sql"

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
// mail of OKEY's stays as it is, unread. How far it is the database knows: another reader goes on from there.
type Reader struct {
	taker *Taker
	box   Mailbox
	done  string
	mark  sql.MailboxMark
	left  []imap.UID // taken, and not moved: the folder for them did not take them
}

// NewReader makes it; done is the folder for what was taken, which is created when there is something for it.
func NewReader(taker *Taker, box Mailbox, done string) *Reader {
	return &Reader{taker: taker, box: box, done: done}
}

const (
	roundPause = time.Minute
	roundTime  = 10 * time.Minute
	atOnce     = 100      // messages whose heads are asked for together
	asMuch     = 16 << 20 // bytes of a message: some servers tell people much before what programs read
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

// Round looks once at what is new since the last one. What could not be taken or moved has its turn in the next; a folder that takes
// nothing keeps no report from being read.
func (r *Reader) Round(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, roundTime)
	defer cancel()
	return r.box.visit(ctx, func(client *imapclient.Client, folder *imap.SelectData) error {
		mark, err := r.taker.store.MailboxMark(ctx, r.box.name())
		if err != nil {
			return fmt.Errorf("look how far the mailbox is read: %w", err)
		}
		if folder.UIDValidity != mark.Validity {
			mark = sql.MailboxMark{Validity: folder.UIDValidity, Next: 1}
		}
		if mark.Validity == r.mark.Validity { // of a round that was broken off
			mark.Counted = max(mark.Counted, r.mark.Counted)
		} else {
			r.left = nil
		}
		r.mark = mark
		return r.lookThrough(ctx, client)
	})
}

// name tells mailboxes apart.
func (b Mailbox) name() string {
	return b.User + "@" + net.JoinHostPort(b.Host, strconv.Itoa(b.Port)) + "/" + b.Folder
}

// Check tells whether the folder can be opened and the one for what was taken is there, or can be made, and why not.
func (b Mailbox) Check(ctx context.Context, done string) error {
	return b.visit(ctx, func(client *imapclient.Client, _ *imap.SelectData) error {
		_ = client.Create(done, nil).Wait() // it is there already, or asking for it says what is wrong
		if _, err := client.Status(done, &imap.StatusOptions{NumMessages: true}).Wait(); err != nil {
			return fmt.Errorf("make the folder %q: %w", done, err)
		}
		return nil
	})
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
	failed := r.putAway(client, nil)
	var later imap.UID // the first that could not be taken
	for some := range slices.Chunk(uids, atOnce) {
		marked, err := r.marked(client, some)
		if err != nil {
			return err
		}
		last := some[len(some)-1]
		r.mark.Counted = max(r.mark.Counted, uint32(last))
		var taken []imap.UID
		for _, m := range marked {
			if slices.Contains(r.left, m.uid) {
				continue
			}
			switch err := r.take(ctx, client, m); {
			case errors.Is(err, errOnItsWay):
				if later == 0 {
					later = m.uid
				}
			case err != nil:
				return errors.Join(failed, err, r.putAway(client, taken))
			default:
				taken = append(taken, m.uid)
			}
		}
		if err := r.putAway(client, taken); err != nil {
			failed = err
		}
		if err := r.goOn(ctx, later, last); err != nil {
			return errors.Join(failed, err)
		}
	}
	return failed
}

// goOn keeps from where a round goes on that is broken off: from the first that could not be taken or, without one, behind the last.
func (r *Reader) goOn(ctx context.Context, later, last imap.UID) error {
	if r.mark.Next = uint32(later); later == 0 {
		r.mark.Next = uint32(last) + 1
	}
	if err := r.taker.store.KeepMailboxMark(ctx, r.box.name(), r.mark); err != nil {
		return fmt.Errorf("keep how far the mailbox is read: %w", err)
	}
	return nil
}

// fresh are the messages that were not looked at, oldest first.
func (r *Reader) fresh(client *imapclient.Client) ([]imap.UID, error) {
	found, err := client.UIDSearch(&imap.SearchCriteria{
		UID: []imap.UIDSet{{imap.UIDRange{Start: imap.UID(r.mark.Next)}}}, NotFlag: []imap.Flag{imap.FlagDeleted},
	}, nil).Wait()
	if err != nil {
		return nil, fmt.Errorf("search the folder: %w", err)
	}
	// "n:*" always has the last one
	uids := slices.DeleteFunc(found.AllUIDs(), func(uid imap.UID) bool { return uid < imap.UID(r.mark.Next) })
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
		id, ours, forged := r.taker.named(string(head.FindBodySection(recipients)))
		if ours {
			found = append(found, message{head.UID, id})
		}
		if forged && uint32(head.UID) > r.mark.Counted {
			r.taker.taken.WithLabelValues(outcomeForged).Inc()
		}
	}
	return found, nil
}

// named is the mail whose envelope sender stands among the words of a header; forged: only one that OKEY gave to no mail does.
func (t *Taker) named(header string) (id uuid.UUID, ours, forged bool) {
	for _, word := range strings.FieldsFunc(header, func(r rune) bool { return strings.ContainsRune(" \t\r\n<>\",;:()", r) }) {
		if id, ours = t.address.Mail(word); ours {
			return id, true, false
		}
		forged = forged || t.address.Marked(word)
	}
	return id, false, forged
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

// putAway moves what the database has, with what was left before: what can't be moved is left again.
func (r *Reader) putAway(client *imapclient.Client, taken []imap.UID) error {
	r.left = append(r.left, taken...)
	if len(r.left) == 0 {
		return nil
	}
	err := r.move(client, r.left)
	if err == nil {
		r.left = nil
	}
	return err
}

func (r *Reader) move(client *imapclient.Client, uids []imap.UID) error {
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
