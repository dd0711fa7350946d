// Package mails says who is told of what happened, with which letter, and sends it. It reads the store as it is now and knows nothing of
// how anything was judged: an order names the step, and every attempt at it sends only what has not left yet.
package mails

import (
	"context"
	"fmt"
	netmail "net/mail"
	"net/url"
	"runtime/debug"
	"time"

	"okey/calendar"
	"okey/mail"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"
	"golang.org/x/sync/singleflight"
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
	Rate     int                // how many mails a minute go to the relay at most; 0: as many as there are
}

// Mailer writes and sends the mails of a step.
type Mailer struct {
	store    *sql.Store
	sender   *mail.Sender
	calendar *calendar.Calendar
	settings Settings
	support  string // the bare address
	host     string // of URL, for Message-IDs
	flights  singleflight.Group
	turns    *turns
}

// New makes a mailer.
func New(store *sql.Store, sender *mail.Sender, days *calendar.Calendar, settings Settings) *Mailer {
	m := &Mailer{store: store, sender: sender, calendar: days, settings: settings, support: settings.Support, host: "okey.invalid"}
	m.turns = newTurns(settings.Rate)
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
	select {
	case done := <-m.under(ctx, order):
		report, _ := done.Val.(okey.MailReport)
		return report, done.Err
	case <-ctx.Done():
		return okey.MailReport{}, ctx.Err()
	}
}

// A relay nearby takes a mail within this time; what a farther one has in hand goes on beside, for as long as an attempt may take.
const (
	atOnce = time.Second
	atMost = 15 * time.Minute
)

// SendAtOnce sends the mails of steps that have just been taken, and answers the steps whose mails have not all left soon: they are for
// SendMails, which waits for those that this process has under way. To break one off that a relay has in hand would send it twice.
func (m *Mailer) SendAtOnce(ctx context.Context, orders []okey.MailOrder) (left []okey.MailStep) {
	soon, cancel := context.WithTimeout(ctx, atOnce)
	defer cancel()
	under := make([]<-chan singleflight.Result, len(orders))
	for i, order := range orders {
		under[i] = m.under(context.WithoutCancel(ctx), order)
	}
	for i, order := range orders {
		select {
		case done := <-under[i]:
			if done.Err == nil {
				continue
			}
		case <-soon.Done():
		}
		left = append(left, order.Step)
	}
	return left
}

// under has an order's mails sent, or joins this process where it is at them.
func (m *Mailer) under(ctx context.Context, order okey.MailOrder) <-chan singleflight.Result {
	name := fmt.Sprint(order.Request, order.Key, order.Cause, order.Subject, order.UAI, order.Letter, order.Row, order.Step.Kind,
		order.Step.Ref, order.Again)
	return m.flights.DoChan(name, func() (result any, err error) {
		defer func() {
			if fault := recover(); fault != nil { // on a goroutine that the engine does not know
				err = fmt.Errorf("panic: %v\n%s", fault, debug.Stack())
			}
		}()
		ctx, cancel := context.WithTimeout(ctx, atMost)
		defer cancel()
		return m.sendOrder(ctx, order)
	})
}

func (m *Mailer) sendOrder(ctx context.Context, order okey.MailOrder) (okey.MailReport, error) {
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
		return okey.MailReport{}, m.store.Leads(ctx) // what the mail was about is gone
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
