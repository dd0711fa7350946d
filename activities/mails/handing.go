package mails

import (
	"context"

	"okey/internal/address"
	"okey/mail"
	"okey/okey"
)

// The letters from a kept key to its handover.

func keyFree(_ context.Context, p *mailing) error {
	p.facts.Expiry = p.expiry(okey.AwaitingCharter)
	p.toRequester(mail.KeyFree)
	return nil
}

// keyReplaced says whether another key is kept, or the place in line. Signed for, the other key awaits its person at once, and who hands it
// over is told. Where a shortage begins with the loss, who can order is told.
func keyReplaced(ctx context.Context, p *mailing) error {
	gone, err := p.store.GoneFromRequest(ctx, p.request.ID)
	if err != nil {
		return err
	}
	p.facts.Gone, p.facts.Change, p.facts.Comment = gone.Serial, gone.Reason, gone.Comment
	if p.request.Stage == okey.AwaitingHandover {
		return p.toHandOver(ctx, mail.KeyReplaced)
	}
	p.facts.Expiry = p.expiry(p.request.Stage)
	p.toRequester(mail.KeyReplaced)
	return p.shortage(ctx)
}

func remindCharter(_ context.Context, p *mailing) error {
	if p.past(okey.AwaitingCharter) {
		return nil
	}
	p.facts.Expiry = p.expiry(okey.AwaitingCharter)
	p.toRequester(mail.RemindCharter)
	return nil
}

func signed(ctx context.Context, p *mailing) error { return p.toHandOver(ctx, mail.KeyAwaitsYou) }

// toHandOver sends the requester to whoever hands keys over, and tells those.
func (p *mailing) toHandOver(ctx context.Context, letter mail.Letter) error {
	givers, err := p.givers(ctx)
	if err != nil {
		return err
	}
	p.facts.Expiry, p.facts.Reminder = p.expiry(okey.AwaitingHandover), p.next(okey.AwaitingHandover, okey.DueReminder)
	if p.request.Reason == okey.Renewal {
		held, err := p.store.KeysHeldBy(ctx, p.request.Person)
		if err != nil {
			return err
		}
		for _, key := range held {
			if key.State == okey.InService { // what is mislaid, nobody can bring
				p.old(key.Serial)
			}
		}
	}
	p.toRequester(letter)
	p.facts.Link = p.settings.URL + address.CounterURL(p.request.ID, "")
	p.toApprovers(mail.KeyToHandOver, givers)
	return nil
}

func remindHandover(ctx context.Context, p *mailing) error {
	if p.past(okey.AwaitingHandover) {
		return nil
	}
	givers, err := p.givers(ctx)
	if err != nil {
		return err
	}
	p.facts.Expiry = p.expiry(okey.AwaitingHandover)
	p.toRequester(mail.RemindHandover)
	return p.remind(ctx, okey.AwaitingHandover, givers)
}

// othersWait tells both sides that somebody waits in line while a key lies ready.
func othersWait(ctx context.Context, p *mailing) error {
	if p.request.Stage != okey.AwaitingHandover {
		return nil
	}
	givers, err := p.givers(ctx)
	if err != nil {
		return err
	}
	p.facts.Expiry = p.expiry(okey.AwaitingHandover)
	p.toRequester(mail.OthersWait)
	p.facts.Link = p.settings.URL + address.CounterURL(p.request.ID, "")
	p.toApprovers(mail.HandOverSoon, givers)
	return nil
}

// handedOver sends the receipt. Who hands a key over to themselves, alone at their school, does so under support's eyes.
func handedOver(ctx context.Context, p *mailing) error {
	event, _, err := p.store.LastEvent(ctx, p.request.ID, okey.EventHandedOver)
	if err != nil {
		return err
	}
	p.facts.By, p.facts.At, p.facts.Noted = event.ByName, okey.SayTime(event.At, p.order.At, p.zone), event.Via == okey.ViaSupport
	if p.request.Reason == okey.Loan {
		key, err := p.store.Key(ctx, p.facts.Serial)
		if err != nil {
			return err
		}
		p.facts.Expiry = p.day(key.DueAt)
	}
	old, err := p.store.RetiredAtHandover(ctx, p.request.ID)
	if err != nil {
		return err
	}
	for _, serial := range old {
		p.old(serial)
	}
	p.toRequester(mail.Receipt)
	if event.By == p.request.Person {
		p.toSupport(mail.OwnHandover)
	}
	if event.Via != okey.ViaSupport {
		return nil
	}
	givers, err := p.keepers(ctx)
	for _, person := range without(givers, p.request.Person) {
		p.toPerson(mail.SupportHandedOver, person)
	}
	return err
}

// old adds to the keys that the new one replaces.
func (p *mailing) old(serial okey.Serial) {
	if p.facts.Old != "" {
		p.facts.Old += ", "
	}
	p.facts.Old += string(serial)
}
