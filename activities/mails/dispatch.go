package mails

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"okey/internal/telemetry"
	"okey/mail"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/trace"
	"go.temporal.io/sdk/temporal"
)

// dispatch sends what has not left yet, tries all of it, and answers an error where something must be tried again.
func (p *mailing) dispatch(ctx context.Context) (okey.MailReport, error) {
	var report okey.MailReport
	if len(p.envelopes) == 0 && p.later == 0 {
		return report, p.dropUnsaid(ctx)
	}
	lines := &lines{open: p.sender.Open}
	defer lines.close()
	waiting, running := 0, 0
	done := make(chan delivery)
	var failed error
	for failed == nil && p.more() || running > 0 {
		if failed == nil && p.more() && running < sideBySide {
			running++
			go p.carry(ctx, lines, p.taken(), done)
		}
		select {
		case d := <-done:
			running--
			failed = errors.Join(failed, d.err)
			switch {
			case d.err != nil:
			case d.state == sql.MailSent:
				report.Sent++
			case d.state == sql.MailFailed:
				report.Failed++
			default:
				waiting++
			}
		case <-time.After(slow):
		}
	}
	if failed != nil {
		return report, failed
	}
	if err := p.mustRepeat(waiting); err != nil || !p.repeated {
		return report, err
	}
	return report, p.dropUnsaid(ctx)
}

// dropUnsaid ends what an earlier attempt had queued, and what there is no reason to say any more: while it waited things went on.
func (p *mailing) dropUnsaid(ctx context.Context) error {
	if p.again != nil {
		return nil
	}
	kept := make([]uuid.UUID, len(p.envelopes))
	for i, e := range p.envelopes {
		kept[i] = e.id
	}
	return p.store.DropUnsaid(ctx, *p.orderOf(envelope{}), kept)
}

// Mails of one order leave one after the other, and the next beside one that takes its time: a relay that hangs at one mailbox delays no
// other reader.
const (
	sideBySide = 4
	slow       = 2 * time.Second
)

// delivery is what became of one envelope.
type delivery struct {
	state sql.MailState
	err   error
}

// carry brings one envelope to the relay over a connection that nobody uses.
func (p *mailing) carry(ctx context.Context, lines *lines, e envelope, done chan<- delivery) {
	var d delivery
	defer func() {
		if fault := recover(); fault != nil { // of a goroutine of ours the engine would not know
			d.err = fmt.Errorf("panic: %v\n%s", fault, debug.Stack())
		}
		done <- d
	}()
	connection, err := lines.take()
	if err != nil {
		d.err = err
		return
	}
	defer lines.give(connection)
	d.state, d.err = p.deliver(ctx, connection, e)
}

func (p *mailing) taken() envelope {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begun++
	return p.envelopes[p.begun-1]
}

// more tells whether an envelope waits for its turn: a refusal makes one to support.
func (p *mailing) more() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.begun < len(p.envelopes)
}

// lines are the connections to the relay that wait for their next mail.
type lines struct {
	open func() (*mail.Connection, error)
	mu   sync.Mutex
	idle []*mail.Connection
}

func (l *lines) take() (*mail.Connection, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.idle); n > 0 {
		taken := l.idle[n-1]
		l.idle = l.idle[:n-1]
		return taken, nil
	}
	return l.open()
}

func (l *lines) give(c *mail.Connection) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.idle = append(l.idle, c)
}

func (l *lines) close() {
	for _, c := range l.idle {
		c.Close()
	}
}

// A mail that the relay may have already is sent once more, as a broken connection is no news; from then on each attempt may be a copy that
// somebody reads, and there are long pauses between them.
const (
	unansweredOften = 2
	unansweredPause = 6 * time.Hour
)

// mustRepeat asks the engine for another attempt: by its own policy where mails did not leave, at a set time where one waits for its list,
// or pauses.
func (p *mailing) mustRepeat(waiting int) error {
	options := temporal.ApplicationErrorOptions{Category: temporal.ApplicationErrorCategoryBenign}
	switch {
	case waiting > p.pausing:
		return temporal.NewApplicationErrorWithOptions(fmt.Sprintf("%d mails must wait for the relay", waiting), "mail_must_wait", options)
	case p.later > 0 && (waiting == 0 || p.later < p.pause):
		options.NextRetryDelay = p.later
		return temporal.NewApplicationErrorWithOptions("too many mails this hour: the next go out as one list", "mail_grouped", options)
	case waiting > 0:
		options.NextRetryDelay = p.pause
		return temporal.NewApplicationErrorWithOptions("the relay may have these mails and did not say, or is not to have more this minute",
			"mail_unanswered", options)
	}
	return nil
}

// deliver brings one envelope to the relay, unless it went before, and notes what became of it.
func (p *mailing) deliver(ctx context.Context, connection *mail.Connection, e envelope) (sql.MailState, error) {
	if e.address == "" {
		return sql.MailFailed, p.tellUnaddressed(ctx, e)
	}
	message, err := mail.Write(e.letter, e.facts)
	if err != nil {
		return "", err
	}
	row, err := p.queue(ctx, e, message.Subject)
	if row.Found {
		p.mu.Lock()
		p.repeated = true
		p.mu.Unlock()
	}
	if err != nil || row.State == sql.MailSent {
		return row.State, err
	}
	if row.State == sql.MailFailed && !p.isSupport(row.Address) {
		p.tellBounced(e, row.Subject)
		return row.State, nil
	}
	if wait := row.NotBefore.Time.Sub(p.now(ctx)); wait > 0 {
		p.pauseFor(wait)
		return sql.MailQueued, nil
	}
	wait, err := p.turns.wait(ctx, e.id)
	if err != nil {
		return "", err
	}
	if wait > 0 {
		p.pauseFor(wait)
		return sql.MailQueued, nil
	}
	message.ID, message.To, message.Date = strings.Trim(row.MessageID, "<>"), row.Address, p.order.At
	message.Attached, message.Return = e.files, p.settings.Bounces.Of(e.id)
	failure := p.send(ctx, connection, message, e)
	// What became of it is worth more than the time of the attempt: without it, the next one sends it again.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), notePatience)
	defer cancel()
	var refused *mail.Permanent
	var unanswered *mail.Unanswered
	switch {
	case failure == nil:
		return sql.MailSent, p.store.MailWasSent(ctx, e.id, message.Subject, p.now(ctx))
	case errors.As(failure, &refused) && !p.isSupport(row.Address):
		slog.WarnContext(ctx, "a mail was refused for good", "mail", e.id, "kind", e.letter, "request", p.order.Request)
		p.tellBounced(e, message.Subject)
		return sql.MailFailed, p.store.MailFailsForGood(ctx, e.id, message.Subject, failure.Error())
	case errors.As(failure, &unanswered):
		slog.WarnContext(ctx, "a mail may have arrived: the relay did not say", "mail", e.id, "kind", e.letter, "request", p.order.Request)
		var notBefore time.Time
		if row.Unanswered+1 >= unansweredOften {
			p.pauseFor(unansweredPause)
			notBefore = p.now(ctx).Add(unansweredPause)
		}
		return sql.MailQueued, p.store.MailWasNotAnswered(ctx, e.id, message.Subject, failure.Error(), notBefore)
	default:
		level := slog.LevelInfo
		if p.isSupport(row.Address) {
			level = slog.LevelError // nobody is told of it in a mail
		}
		slog.Log(ctx, level, "a mail must wait", "mail", e.id, "kind", e.letter, "request", p.order.Request)
		return sql.MailQueued, p.store.MailMustWait(ctx, e.id, message.Subject, failure.Error())
	}
}

// send is a span of its own: of which letter, and never to whom.
func (p *mailing) send(ctx context.Context, connection *mail.Connection, message mail.Message, e envelope) error {
	ctx, span := telemetry.Start(ctx, "mail "+string(e.letter), trace.SpanKindClient)
	defer span.End()
	err := connection.Send(ctx, message)
	if err != nil {
		telemetry.Fail(span, "not_sent")
	}
	return err
}

// pauseFor keeps one mail back: the next attempt is for the first that may leave.
func (p *mailing) pauseFor(wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pausing == 0 || wait < p.pause {
		p.pause = wait
	}
	p.pausing++
}

// queue writes the row of an envelope with its subject, or finds it.
func (p *mailing) queue(ctx context.Context, e envelope, title string) (sql.Mail, error) {
	return p.store.QueueMail(ctx, p.rowOf(e, title))
}

func (p *mailing) rowOf(e envelope, title string) sql.NewMail {
	if e.made.IsZero() {
		e.made = p.order.At
	}
	return sql.NewMail{
		ID: e.id, Request: p.request.ID, Key: p.order.Key, Subject: p.order.Subject, Title: title, Kind: okey.MailKind(e.letter),
		Ref: p.order.Step.Ref, Person: e.person,
		Address: e.address, Issue: e.issue, MessageID: "<" + e.id.String() + "@" + p.host + ">", At: e.made, Order: p.orderOf(e),
	}
}

// notePatience is how long the database has to note what became of a mail.
const notePatience = 10 * time.Second

// isSupport tells whether an address is support's mailbox: its mail is never given up, for there is nobody to tell then.
func (p *mailing) isSupport(address string) bool { return strings.EqualFold(address, p.support) }

// tellBounced has support told, once, of an address that refuses mail.
func (p *mailing) tellBounced(e envelope, subject string) {
	p.tellUnread(mail.Bounced, e, mail.Item{Kind: subject, Address: e.address})
}

// tellUnaddressed has support told, once, of somebody whom a mail concerns and whose address OKEY does not have.
func (p *mailing) tellUnaddressed(ctx context.Context, e envelope) error {
	slog.WarnContext(ctx, "somebody whom a mail concerns has no address", "request", p.order.Request, "person", e.person)
	message, err := mail.Write(e.letter, e.facts)
	if err != nil {
		return err
	}
	person, err := p.store.Person(ctx, e.person)
	if err != nil {
		return err
	}
	p.tellUnread(mail.NoAddress, e, mail.Item{Kind: message.Subject, Requester: person.Name()})
	return nil
}

// tellUnread sends support what nobody reads, with the page that it is about: never a link that acts for its reader.
func (p *mailing) tellUnread(letter mail.Letter, e envelope, item mail.Item) {
	facts := p.facts
	facts.Link = p.page()
	if p.order.Subject != uuid.Nil {
		facts.Link = e.facts.Link
	}
	facts.Items, facts.Total = []mail.Item{item}, 1
	id := okey.MailStep{Kind: okey.MailKind(letter), Ref: p.order.Step.Ref}.Key(e.id, p.support, 1)
	p.put(envelope{id: id, letter: letter, address: p.support, facts: facts})
}

func (p *mailing) now(ctx context.Context) time.Time { return nowOf(ctx, p.order) }
