// Package mails says who is told of what happened, with which letter, and sends it. It reads the store as it is now and knows nothing of how
// anything was judged: an order names the step, and every attempt at it sends only what has not left yet.
package mails

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	netmail "net/mail"
	"net/url"
	"strings"
	"time"

	"okey/calendar"
	"okey/mail"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
)

// Settings are what mails need to know of the installation.
type Settings struct {
	URL      string // public base of every link, without trailing slash
	Academy  string // its name, as mails are signed; empty: not said
	Support  string // support's mailbox, an RFC 5322 address
	Supplier string // where orders go, an RFC 5322 address; empty: to support, who passes them on
	LinkKeys okey.LinkKeys
	Waits    okey.Waits
}

// Mailer writes and sends the mails of a step.
type Mailer struct {
	store    *sql.Store
	sender   *mail.Sender
	calendar *calendar.Calendar
	settings Settings
	support  string // the bare address
	host     string // of URL, for Message-IDs
}

// New makes a mailer.
func New(store *sql.Store, sender *mail.Sender, days *calendar.Calendar, settings Settings) *Mailer {
	m := &Mailer{store: store, sender: sender, calendar: days, settings: settings, support: settings.Support, host: "okey.invalid"}
	if address, err := netmail.ParseAddress(settings.Support); err == nil {
		m.support = address.Address
	}
	if base, err := url.Parse(settings.URL); err == nil && base.Hostname() != "" {
		m.host = base.Hostname()
	}
	return m
}

// SendMails sends the mails of one step, to whom they concern on this day. Each mail's row is written first, so that another attempt sends
// only what has not left yet, under the same Message-ID. The error, where some mail must wait, names nobody: it is kept by the engine.
func (m *Mailer) SendMails(ctx context.Context, order okey.MailOrder) (okey.MailReport, error) {
	if order.Again != uuid.Nil && order.Step.Kind != okey.MailUndelivered {
		return m.sendAgain(ctx, order)
	}
	report, err := m.send(ctx, order)
	if err != nil || order.Letter == uuid.Nil {
		return report, err
	}
	return report, m.store.WatchLetterLeft(ctx, order.Letter, nowOf(ctx, order))
}

func (m *Mailer) send(ctx context.Context, order okey.MailOrder) (okey.MailReport, error) {
	p, err := m.begin(ctx, order)
	if okey.ErrorCode(err) == okey.CodeNotFound {
		return okey.MailReport{}, nil // what the mail was about is gone
	}
	if err != nil {
		return okey.MailReport{}, err
	}
	if err := p.compose(ctx); err != nil {
		return okey.MailReport{}, err
	}
	return p.dispatch(ctx)
}

// compose makes the envelopes of the order's step.
func (p *post) compose(ctx context.Context) error {
	recipe, known := recipes[p.order.Step.Kind]
	if !known {
		return temporal.NewNonRetryableApplicationError("a mail of an unknown kind", "unknown_mail", nil)
	}
	if err := recipe(ctx, p); err != nil {
		return fmt.Errorf("prepare the mails of %s: %w", p.order.Step.Kind, err)
	}
	return nil
}

// post is the work on one order: what is known, and the envelopes made so far.
type post struct {
	*Mailer
	order     okey.MailOrder
	request   okey.Request
	place     sql.Place
	requester okey.Person
	zone      *time.Location
	today     okey.Day
	facts     mail.Facts // what all letters of the order share
	envelopes []envelope
	ordered   bool          // enough keys are on their way
	later     time.Duration // after which a mail that waits for its list is due; 0: none waits
	again     *sql.Mail     // the one mail that is sent again; nil: all of the step
}

// envelope is one letter to one address.
type envelope struct {
	id      uuid.UUID
	letter  mail.Letter
	person  okey.PersonID // zero for a mailbox
	address string
	issue   int
	facts   mail.Facts
	files   []mail.Attachment
	made    time.Time // zero: with the order
}

func (m *Mailer) begin(ctx context.Context, order okey.MailOrder) (*post, error) {
	p := &post{Mailer: m, order: order, facts: mail.Facts{Academy: m.settings.Academy}}
	load := p.loadRequest
	switch {
	case order.Key != "":
		load = p.loadKey
	case order.Subject != uuid.Nil:
		load = p.loadSubject
	}
	err := load(ctx)
	return p, err
}

// loadSubject is for mails about stock: the recipe reads what they are about.
func (p *post) loadSubject(ctx context.Context) error {
	p.facts.Support, p.zone = p.support, okey.ZoneOf("")
	p.today = okey.DayOf(p.order.At, p.zone)
	if p.order.UAI == "" {
		return nil
	}
	return p.locate(ctx, p.order.UAI)
}

func (p *post) loadRequest(ctx context.Context) error {
	var err error
	if p.request, err = p.store.Request(ctx, p.order.Request); err != nil {
		return err
	}
	if p.requester, err = p.store.Person(ctx, p.request.Person); err != nil {
		return err
	}
	if err := p.locate(ctx, p.request.UAI); err != nil {
		return err
	}
	p.facts.Requester, p.facts.Need, p.facts.Reason = p.requester.Name(), p.request.Need, p.request.Reason
	p.facts.Stage, p.facts.Serial, p.facts.Charter = p.request.Stage, p.request.Key, p.request.Charter
	p.facts.Since = p.day(p.request.Since)
	p.facts.Link = p.page()
	return nil
}

// locate reads the establishment: its clock is the one that the mail speaks by.
func (p *post) locate(ctx context.Context, uai okey.UAI) error {
	place, err := p.store.Place(ctx, uai)
	if err != nil {
		return err
	}
	p.place, p.zone = place, okey.ZoneOf(place.Academy)
	p.today = okey.DayOf(p.order.At, p.zone)
	p.facts.School, p.facts.UAI, p.facts.Support = okey.SayEstablishment(place.Name), uai, p.support
	return nil
}

// page is where the order's mails lead those who must sign in.
func (p *post) page() string {
	if p.order.Key != "" {
		return p.settings.URL + "/clefs/" + string(p.order.Key)
	}
	return p.settings.URL + "/demandes/" + p.request.ID.String()
}

// list is the page of all that awaits its reader.
func (p *post) list() string { return p.settings.URL + "/demandes" }

// subject is what the order is about, and the ground of its mails' ids.
func (p *post) subject() uuid.UUID {
	switch {
	case p.order.Key != "":
		return p.order.Cause
	case p.order.Subject != uuid.Nil:
		return p.order.Subject
	}
	return p.request.ID
}

// put makes an envelope. One address gets one letter of a step once, whoever reads it.
func (p *post) put(e envelope) {
	if e.issue == 0 {
		e.issue = 1
	}
	if e.id == uuid.Nil && e.address == "" {
		e.id = p.idOf(e.letter, e.person.String(), e.issue)
	}
	if e.id == uuid.Nil {
		e.id = p.idOf(e.letter, e.address, e.issue)
	}
	for _, other := range p.envelopes {
		if other.id == e.id {
			return
		}
	}
	p.envelopes = append(p.envelopes, e)
}

func (p *post) idOf(letter mail.Letter, address string, issue int) uuid.UUID {
	step := okey.MailStep{Kind: okey.MailKind(letter), Ref: p.order.Step.Ref}
	return step.Key(p.subject(), strings.ToLower(address), issue)
}

// queue writes the row of an envelope with its subject, or finds it.
func (p *post) queue(ctx context.Context, e envelope, title string) (sql.Mail, error) {
	if e.made.IsZero() {
		e.made = p.order.At
	}
	return p.store.QueueMail(ctx, sql.NewMail{
		ID: e.id, Request: p.request.ID, Key: p.order.Key, Subject: p.order.Subject, Title: title, Kind: okey.MailKind(e.letter), Ref: p.order.Step.Ref, Person: e.person,
		Address: e.address, Issue: e.issue, MessageID: "<" + e.id.String() + "@" + p.host + ">", At: e.made, Order: p.orderOf(e),
	})
}

// dispatch sends what has not left yet, tries all of it, and answers an error where something must be tried again.
func (p *post) dispatch(ctx context.Context) (okey.MailReport, error) {
	var report okey.MailReport
	if len(p.envelopes) == 0 && p.later == 0 {
		return report, nil
	}
	connection, err := p.sender.Open()
	if err != nil {
		return report, err
	}
	defer connection.Close()
	waiting := 0
	for i := 0; i < len(p.envelopes); i++ { // it grows: a refusal makes a mail to support
		state, err := p.deliver(ctx, connection, p.envelopes[i])
		if err != nil {
			return report, err
		}
		switch state {
		case sql.MailSent:
			report.Sent++
		case sql.MailFailed:
			report.Failed++
		default:
			waiting++
		}
	}
	return report, p.mustRepeat(waiting)
}

// mustRepeat asks the engine for another attempt: by its own policy where mails did not leave, at a set time where one waits for its list.
func (p *post) mustRepeat(waiting int) error {
	switch {
	case waiting > 0:
		return temporal.NewApplicationErrorWithOptions(fmt.Sprintf("%d mails must wait for the relay", waiting), "mail_must_wait",
			temporal.ApplicationErrorOptions{Category: temporal.ApplicationErrorCategoryBenign})
	case p.later > 0:
		return temporal.NewApplicationErrorWithOptions("too many mails this hour: the next ones go out as one list", "mail_grouped",
			temporal.ApplicationErrorOptions{NextRetryDelay: p.later, Category: temporal.ApplicationErrorCategoryBenign})
	}
	return nil
}

// deliver brings one envelope to the relay, unless it went before, and notes what became of it.
func (p *post) deliver(ctx context.Context, connection *mail.Connection, e envelope) (sql.MailState, error) {
	if e.address == "" {
		return sql.MailFailed, p.tellUnaddressed(ctx, e)
	}
	message, err := mail.Write(e.letter, e.facts)
	if err != nil {
		return "", err
	}
	row, err := p.queue(ctx, e, message.Subject)
	if err != nil || row.State == sql.MailSent {
		return row.State, err
	}
	if row.State == sql.MailFailed {
		p.tellBounced(e, row.Subject)
		return row.State, nil
	}
	message.ID, message.To, message.Date = strings.Trim(row.MessageID, "<>"), row.Address, p.order.At
	message.Attached = e.files
	failure := connection.Send(ctx, message)
	var refused *mail.Permanent
	switch {
	case failure == nil:
		return sql.MailSent, p.store.MailWasSent(ctx, e.id, message.Subject, p.now(ctx))
	case errors.As(failure, &refused):
		slog.Warn("a mail was refused for good", "mail", e.id, "kind", e.letter, "request", p.order.Request)
		p.tellBounced(e, message.Subject)
		return sql.MailFailed, p.store.MailFailsForGood(ctx, e.id, message.Subject, failure.Error())
	default:
		slog.Info("a mail must wait", "mail", e.id, "kind", e.letter, "request", p.order.Request)
		return sql.MailQueued, p.store.MailMustWait(ctx, e.id, message.Subject, failure.Error())
	}
}

// tellBounced has support told, once, of an address that refuses mail. Support's own is for the log alone.
func (p *post) tellBounced(e envelope, subject string) {
	if e.person == uuid.Nil && e.address == p.support {
		slog.Error("support's mailbox refuses mail", "mail", e.id, "kind", e.letter)
		return
	}
	p.tellUnread(mail.Bounced, e, mail.Item{Kind: subject, Address: e.address})
}

// tellUnaddressed has support told, once, of somebody whom a mail concerns and whose address OKEY does not have.
func (p *post) tellUnaddressed(ctx context.Context, e envelope) error {
	slog.Warn("somebody whom a mail concerns has no address", "request", p.order.Request, "person", e.person)
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
func (p *post) tellUnread(letter mail.Letter, e envelope, item mail.Item) {
	facts := p.facts
	facts.Link = p.page()
	if p.order.Subject != uuid.Nil {
		facts.Link = e.facts.Link
	}
	facts.Items, facts.Total = []mail.Item{item}, 1
	id := okey.MailStep{Kind: okey.MailKind(letter), Ref: p.order.Step.Ref}.Key(e.id, p.support, 1)
	p.put(envelope{id: id, letter: letter, address: p.support, facts: facts})
}

func (p *post) now(ctx context.Context) time.Time { return nowOf(ctx, p.order) }

// nowOf is the order's instant, moved on by the time that its attempts have taken: a workflow may live in a time of its own.
func nowOf(ctx context.Context, order okey.MailOrder) time.Time {
	if !activity.IsActivity(ctx) {
		return order.At
	}
	info := activity.GetInfo(ctx)
	return order.At.Add(max(0, info.StartedTime.Sub(info.ScheduledTime)))
}
