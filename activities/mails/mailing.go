package mails

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"okey/internal/address"
	"okey/mail"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"go.temporal.io/sdk/temporal"
)

// compose makes the envelopes of the order's step.
func (p *mailing) compose(ctx context.Context) error {
	recipe, known := recipes[p.order.Step.Kind]
	if !known {
		return temporal.NewNonRetryableApplicationError("a mail of an unknown kind", "unknown_mail", nil)
	}
	if err := recipe(ctx, p); err != nil {
		return fmt.Errorf("prepare the mails of %s: %w", p.order.Step.Kind, err)
	}
	return nil
}

// mailing is the work on one order: what is known, and the envelopes made so far.
type mailing struct {
	*Mailer
	order     okey.MailOrder
	request   okey.Request
	place     sql.Place
	requester okey.Person
	zone      *time.Location
	today     okey.Day
	facts     mail.Facts // what all letters of the order share
	mu        sync.Mutex // of what mails that leave side by side change: envelopes, pausing, pause, repeated
	envelopes []envelope
	begun     int           // of them
	ordered   bool          // enough keys are on their way
	later     time.Duration // after which a mail that waits for its list is due; 0: none waits
	pausing   int           // mails that the relay may have already, or whose turn has not come: they are not tried for a while
	pause     time.Duration // until the first of those is
	repeated  bool          // an earlier attempt has queued some of them
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

func (m *Mailer) begin(ctx context.Context, order okey.MailOrder) (*mailing, error) {
	p := &mailing{Mailer: m, order: order, facts: mail.Facts{Academy: m.settings.Academy}}
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
func (p *mailing) loadSubject(ctx context.Context) error {
	p.facts.Support, p.zone = p.support, okey.ZoneOf("")
	p.today = okey.DayOf(p.order.At, p.zone)
	if p.order.UAI == "" {
		return nil
	}
	return p.locate(ctx, p.order.UAI)
}

func (p *mailing) loadRequest(ctx context.Context) error {
	record, err := p.store.RequestRecord(ctx, p.order.Request)
	if err != nil {
		return err
	}
	p.request, p.requester = record.Request, record.Requester
	p.situate(record.Place)
	p.facts.Requester, p.facts.Need, p.facts.Reason = p.requester.Name(), p.request.Need, p.request.Reason
	p.facts.Stage, p.facts.Serial, p.facts.Charter = p.request.Stage, p.request.Key, p.request.Charter
	p.facts.Since = p.day(p.request.Since)
	p.facts.Link = p.page()
	return nil
}

func (p *mailing) loadKey(ctx context.Context) error {
	key, err := p.store.Key(ctx, p.order.Key)
	if err != nil {
		return err
	}
	p.facts.Serial, p.facts.Link = key.Serial, p.page()
	return p.locate(ctx, key.UAI)
}

// locate reads the establishment: its clock is the one that the mail speaks by.
func (p *mailing) locate(ctx context.Context, uai okey.UAI) error {
	place, err := p.store.Place(ctx, uai)
	if err != nil {
		return err
	}
	p.situate(place)
	return nil
}

func (p *mailing) situate(place sql.Place) {
	p.place, p.zone = place, okey.ZoneOf(place.Academy)
	p.today = okey.DayOf(p.order.At, p.zone)
	p.facts.School, p.facts.UAI, p.facts.Support = okey.SayEstablishment(place.Name), place.UAI, p.support
}

// page is where the order's mails lead those who must sign in.
func (p *mailing) page() string {
	if p.order.Key != "" {
		return p.settings.URL + address.KeyURL(p.order.Key)
	}
	return p.settings.URL + address.RequestURL(p.request.ID)
}

// list is the page of all that awaits its reader.
func (p *mailing) list() string { return p.settings.URL + address.PathRequests }

// subject is what the order is about, and the ground of its mails' ids.
func (p *mailing) subject() uuid.UUID {
	switch {
	case p.order.Key != "":
		return p.order.Cause
	case p.order.Subject != uuid.Nil:
		return p.order.Subject
	}
	return p.request.ID
}

// put makes an envelope. One address gets one letter of a step once, whoever reads it.
func (p *mailing) put(e envelope) {
	if e.issue == 0 {
		e.issue = 1
	}
	if e.id == uuid.Nil && e.address == "" {
		e.id = p.idOf(e.letter, e.person.String(), e.issue)
	}
	if e.id == uuid.Nil {
		e.id = p.idOf(e.letter, e.address, e.issue)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, other := range p.envelopes {
		if other.id == e.id {
			return
		}
	}
	p.envelopes = append(p.envelopes, e)
}

func (p *mailing) idOf(letter mail.Letter, address string, issue int) uuid.UUID {
	step := okey.MailStep{Kind: okey.MailKind(letter), Ref: p.order.Step.Ref}
	return step.Key(p.subject(), strings.ToLower(address), issue)
}
