package mails

import (
	"context"
	"slices"

	"okey/internal/address"
	"okey/mail"
	"okey/okey"
	"okey/sql"
)

// watched are the keys of the letter of which it is still true. The watch is the ministry's: its day is the same everywhere.
func (p *mailing) watched(ctx context.Context) ([]sql.WatchedKey, error) {
	return p.store.WatchedKeys(ctx, p.order.Letter, okey.DayOf(p.order.At, okey.ZoneOf("")))
}

// keyExpires tells a key's holder that it ends, or has ended.
func keyExpires(ctx context.Context, p *mailing) error {
	keys, err := p.watched(ctx)
	if err != nil || len(keys) == 0 {
		return err
	}
	p.facts.Expiry, p.facts.Place = keys[0].Expires.Say(p.today), 0
	if keys[0].Expires.Before(p.today) {
		p.facts.Place = 1 // it has ended
	}
	p.facts.Link = p.settings.URL + address.PathAsk
	p.toPerson(mail.KeyExpires, keys[0].Holder)
	return nil
}

// holderLeft tells somebody who no longer works at a school to give the key back.
func holderLeft(ctx context.Context, p *mailing) error {
	keys, err := p.watched(ctx)
	if err != nil || len(keys) == 0 {
		return err
	}
	p.toPerson(mail.HolderLeft, keys[0].Holder)
	return nil
}

// loanEnds tells somebody that the key that they were lent is to be back soon, or by now.
func loanEnds(ctx context.Context, p *mailing) error {
	keys, err := p.watched(ctx)
	if err != nil || len(keys) == 0 {
		return err
	}
	p.facts.Expiry, p.facts.Place = p.day(keys[0].DueAt), 0
	if !p.order.At.Before(keys[0].DueAt) {
		p.facts.Place = 1 // it is over
	}
	p.toPerson(mail.LoanEnds, keys[0].Holder)
	return nil
}

// loansOver tells the approvers, in one list, which keys that they lent are to be back by now.
func loansOver(ctx context.Context, p *mailing) error {
	return p.listKeys(ctx, mail.LoansOver, "pretees")
}

// keysExpire tells the approvers, in one list, which keys end or have ended.
func keysExpire(ctx context.Context, p *mailing) error {
	return p.listKeys(ctx, mail.KeysExpire, "expirent")
}

// holdersLeft tells the approvers, in one list, who has left with a key.
func holdersLeft(ctx context.Context, p *mailing) error {
	return p.listKeys(ctx, mail.HoldersLeft, "parties")
}

// listKeys sends, with a link to the list of them, each approver the list without their own keys: of those they are told as holders.
// Where mail reaches nobody, to support.
func (p *mailing) listKeys(ctx context.Context, letter mail.Letter, followed string) error {
	keys, err := p.watched(ctx)
	if err != nil || len(keys) == 0 {
		return err
	}
	keepers, err := p.keepers(ctx)
	if err != nil {
		return err
	}
	keepers = slices.DeleteFunc(keepers, func(person okey.Person) bool { return person.Mail == "" })
	p.facts.Link = p.settings.URL + address.Narrowed(address.PathKeys, p.order.UAI, "suivi", followed)
	if len(keepers) == 0 {
		p.listHeld(keys)
		p.toSupport(letter)
	}
	for _, keeper := range keepers {
		others := slices.DeleteFunc(slices.Clone(keys), func(k sql.WatchedKey) bool { return k.Holder.ID == keeper.ID })
		if p.listHeld(others); len(others) > 0 {
			p.toPerson(letter, keeper)
		}
	}
	return nil
}

// listHeld puts keys and their holders into the facts.
func (p *mailing) listHeld(keys []sql.WatchedKey) {
	const most = 50
	p.facts.Items, p.facts.Total = nil, len(keys)
	for _, k := range keys[:min(most, len(keys))] {
		since := k.Expires.Say(p.today)
		if !k.DueAt.IsZero() {
			since = p.day(k.DueAt)
		}
		p.facts.Items = append(p.facts.Items, mail.Item{
			Serial: k.Serial, Requester: k.Holder.Name(), Since: since, Ended: k.Expires.Before(p.today),
			Unreached: k.Holder.Mail == "",
		})
	}
}
