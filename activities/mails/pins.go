package mails

import (
	"context"

	"okey/internal/address"
	"okey/mail"
	"okey/okey"

	"github.com/google/uuid"
)

// pinChanged tells whoever set another PIN that it happened.
func pinChanged(ctx context.Context, p *mailing) error {
	action, err := p.store.Action(ctx, p.order.Cause)
	if err != nil {
		return err
	}
	person, err := p.store.Person(ctx, action.By)
	if err != nil {
		return err
	}
	p.facts.At, p.facts.Forgotten = okey.SayTime(p.order.Happened(), p.order.At, p.zone), action.Content.Proof == okey.ProofSignIn
	p.toPINOwner(mail.PINChanged, person)
	return nil
}

// pinLocked tells whoever the key belongs to until when its PIN is locked.
func pinLocked(ctx context.Context, p *mailing) error {
	action, err := p.store.Action(ctx, p.order.Cause)
	if err != nil {
		return err
	}
	kept, err := p.store.KeptPIN(ctx, p.order.Key)
	if err != nil || kept.Owner == uuid.Nil {
		return err
	}
	person, err := p.store.Person(ctx, kept.Owner)
	if err != nil {
		return err
	}
	p.facts.Expiry = okey.SayTime(action.CreatedAt.Add(okey.PINLock), p.order.At, p.zone)
	p.toPINOwner(mail.PINLocked, person)
	return nil
}

func (p *mailing) toPINOwner(letter mail.Letter, person okey.Person) {
	p.facts.Link = p.settings.URL + address.PathPINForgotten + "?clef=" + string(p.order.Key)
	p.toPerson(letter, person)
}
