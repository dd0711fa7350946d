// Package mails says who is told of what happened, with which letter, and sends it. It reads the store as it is now and knows nothing of
// how anything was judged: an order names the step, and every attempt at it sends only what has not left yet.
package mails

import (
	"context"
	netmail "net/mail"
	"net/url"
	"time"

	"okey/calendar"
	"okey/mail"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"
)

// Settings are what mails need to know of the installation.
type Settings struct {
	URL      string // public base of every link, without trailing slash
	Academy  string // its name, as mails are signed; empty: not said
	Support  string // support's mailbox, an RFC 5322 address
	Supplier string // where orders go, an RFC 5322 address; empty: to support, who passes them on
	LinkKeys okey.LinkKeys
	Waits    okey.Waits
	Bounces  mail.BounceAddress // where mails come back to; zero: to their sender
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
	switch {
	case err != nil:
		return report, err
	case order.Letter != uuid.Nil:
		return report, m.store.WatchLetterLeft(ctx, order.Letter, nowOf(ctx, order))
	case order.Row != 0:
		return report, m.store.LetterLeft(ctx, order.Cause, order.Row, nowOf(ctx, order))
	}
	return report, nil
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

// nowOf is the order's instant, moved on by the time that its attempts have taken: a workflow may live in a time of its own.
func nowOf(ctx context.Context, order okey.MailOrder) time.Time {
	if !activity.IsActivity(ctx) {
		return order.At
	}
	info := activity.GetInfo(ctx)
	return order.At.Add(max(0, info.StartedTime.Sub(info.ScheduledTime)))
}
