package mails

import (
	"context"
	"time"

	"okey/mail"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// A mail that support sends again is the same letter, written anew from what is true now: its text is not kept. It goes to whom it went to,
// where they are reached now. Its link is the one that they have, its Message-ID another: mailboxes hide what they think they have already.

// sendAgain sends the one mail that the order names; where its letter has nothing to say any more, that is noted.
func (m *Mailer) sendAgain(ctx context.Context, order okey.MailOrder) (okey.MailReport, error) {
	row, found, err := m.store.FindMail(ctx, order.Again)
	if err != nil || !found || row.State != sql.MailQueued { // forgotten, or done by an attempt before
		return okey.MailReport{}, err
	}
	p, err := m.begin(ctx, order)
	if okey.ErrorCode(err) == okey.CodeNotFound {
		return okey.MailReport{}, m.store.MailIsDropped(ctx, row.ID)
	}
	if err != nil {
		return okey.MailReport{}, err
	}
	p.again = &row
	if err := p.compose(ctx); err != nil {
		return okey.MailReport{}, err
	}
	if p.order.Step.Outlived(row.Kind, p.request) || !p.keepOnly(row) {
		return okey.MailReport{}, m.store.MailIsDropped(ctx, row.ID)
	}
	e := p.envelopes[0]
	if e.address != "" {
		if err := m.store.MailLeavesTo(ctx, row.ID, e.address, e.issue); err != nil {
			return okey.MailReport{}, err
		}
	}
	return p.dispatch(ctx)
}

// keepOnly leaves of the step's envelopes the one that says what the row's letter says, to whom it says it;
// false where there is none any more.
func (p *mailing) keepOnly(row sql.Mail) bool {
	for _, e := range p.envelopes {
		if okey.MailKind(e.letter) == row.Kind && e.person == row.Person.UUID {
			e.id = row.ID
			p.envelopes = []envelope{e}
			return true
		}
	}
	return false
}

// askAgain asks a decider again as they were asked: for this request alone, or by the list of all that awaits them, whatever else they were
// mailed this hour.
func (p *mailing) askAgain(ctx context.Context, person okey.Person) error {
	switch {
	case p.request.Stage != okey.AwaitingDecision || person.ID != p.again.Person.UUID:
		return nil
	case p.again.Kind == okey.MailKind(mail.AskedList):
		return p.putList(ctx, person, p.again.ID)
	}
	return p.askAnew(ctx, person)
}

// orderOf is what an envelope's mail is written again from: the order of its step. What tells support of mails that did not leave is not.
func (p *mailing) orderOf(e envelope) *okey.MailOrder {
	switch e.letter {
	case mail.Bounced, mail.NoAddress, mail.Undelivered, mail.StockUndelivered:
		return nil
	}
	order := p.order
	order.At, order.Again, order.Made = order.Happened(), uuid.Nil, time.Time{}
	return &order
}
