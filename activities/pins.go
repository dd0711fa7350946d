package activities

import (
	"context"

	"okey/mail"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// changePIN moves the PIN of an action to the key, as long as that is still its author's. What the proof says was looked at before the action
// was recorded: the pepper is the server's alone.
func changePIN(ctx context.Context, c *stockSitting) (okey.Verdict, error) {
	if _, err := lockKey(ctx, c.Tx, c.action.Key); err != nil {
		return okey.Verdict{}, err
	}
	kept, err := c.KeptPIN(ctx, c.action.Key)
	if err != nil {
		return okey.Verdict{}, err
	}
	actor, err := c.actor(ctx)
	if err != nil {
		return okey.Verdict{}, err
	}
	if err := okey.May(okey.ActSetPIN, actor, okey.Subject{Owner: kept.Owner}, okey.Day{}); err != nil {
		return okey.Verdict{}, err
	}
	if c.action.PINHash == "" { // a day old: deleted
		return okey.Verdict{Reason: okey.CodeInvalid, Detail: "pin"}, nil
	}
	set, err := c.SetPIN(ctx, kept.Serial, c.action.PINHash, c.action.CreatedAt)
	if err != nil || !set {
		return okey.Verdict{Reason: okey.CodePINReplaced}, err
	}
	c.Audit(sql.Entry{
		At: c.At, Event: "pin_set", Actor: c.action.By, Via: c.action.Via, Subject: sql.AboutKey(kept.Serial), Detail: string(c.action.Content.Proof),
	})
	return c.tellHolder(okey.MailPINChanged), nil
}

// lockPIN has the holder told that nobody's PINs are looked at any more; the lock itself stands since the last wrong one.
func lockPIN(_ context.Context, c *stockSitting) (okey.Verdict, error) {
	return c.tellHolder(okey.MailPINLocked), nil
}

func (c *stockSitting) tellHolder(kind okey.MailKind) okey.Verdict {
	letter := okey.MailOrder{Key: c.action.Key, Cause: c.action.ID, Step: okey.MailStep{Kind: kind, Ref: 1}, At: c.At}
	return okey.Verdict{Accepted: true, Letters: []okey.MailOrder{letter}}
}

// pinChanged tells whoever set another PIN that it happened.
func pinChanged(ctx context.Context, p *post) error {
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
func pinLocked(ctx context.Context, p *post) error {
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

func (p *post) toPINOwner(letter mail.Letter, person okey.Person) {
	p.facts.Link = p.settings.URL + "/mon-code-pin/oublie?clef=" + string(p.order.Key)
	p.toPerson(letter, person)
}
