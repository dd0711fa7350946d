package mails

import (
	"context"

	"okey/mail"
	"okey/okey"
)

// keyChanged tells the former holder, and those who look after the stock.
func keyChanged(ctx context.Context, p *mailing) error {
	action, err := p.store.Action(ctx, p.order.Cause)
	if err != nil {
		return err
	}
	holder, held, err := p.formerHolder(ctx, action.Content.KeyReason)
	if err != nil {
		return err
	}
	by, err := p.store.Person(ctx, action.By)
	if err != nil && okey.ErrorCode(err) != okey.CodeNotFound {
		return err
	}
	keepers, err := p.keepers(ctx)
	if err != nil {
		return err
	}
	p.facts.Change, p.facts.Comment, p.facts.By = action.Content.KeyReason, action.Content.Comment, byName(by.Name(), action.Via)
	p.facts.At, p.facts.Requester = okey.SayTime(p.order.Happened(), p.order.At, p.zone), holder.Name()
	for _, person := range keepers {
		if person.ID != holder.ID {
			p.facts.Own = person.ID == action.By
			p.toPerson(mail.StockKeyChanged, person)
		}
	}
	p.facts.Own = false
	if held {
		facts := p.facts
		facts.Own, facts.Link = holder.ID == action.By, p.list() // the key's own page is no longer theirs
		if facts.Change != okey.ReasonReturn {
			if facts.Link, facts.Asked, err = p.nextKey(ctx, holder.ID); err != nil {
				return err
			}
		}
		p.put(envelope{letter: mail.YourKeyChanged, person: holder.ID, address: holder.Mail, facts: facts})
	}
	return nil
}

// nextKey is where somebody whose key serves no more goes on: to the request that they have open, else to the asking. Whoever were led to
// ask while one is open would read that they are to withdraw it first, and lose their place.
func (p *mailing) nextKey(ctx context.Context, person okey.PersonID) (link string, asked bool, err error) {
	open, err := p.store.OpenRequestOf(ctx, person)
	switch {
	case okey.ErrorCode(err) == okey.CodeNotFound:
		return p.list() + "/nouvelle", false, nil
	case err != nil:
		return "", false, err
	}
	return p.list() + "/" + open.ID.String(), true, nil
}

func (p *mailing) formerHolder(ctx context.Context, reason okey.KeyReason) (okey.Person, bool, error) {
	id, err := p.store.LostBy(ctx, p.order.Key, reason, p.order.Happened())
	if err != nil || id == (okey.PersonID{}) {
		return okey.Person{}, false, err
	}
	person, err := p.store.Person(ctx, id)
	return person, err == nil, err
}
