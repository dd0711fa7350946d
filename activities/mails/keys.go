package mails

import (
	"cmp"
	"context"
	"strings"

	"okey/internal/address"
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
	if action.Verdict != nil {
		p.facts.Expiry = p.day(action.Verdict.Standing.ExpiryOf())
	}
	p.facts.At, p.facts.Requester = okey.SayTime(p.order.Happened(), p.order.At, p.zone), holder.Name()
	if p.facts.Tried, err = p.tried(ctx, p.facts.Change); err != nil {
		return err
	}
	if held && (p.facts.Change == okey.ReasonRecovered || p.facts.Change == okey.ReasonMislaid) {
		if p.facts.Old, err = p.lentTo(ctx, holder.ID); err != nil {
			return err
		}
	}
	for _, person := range keepers {
		if person.ID != holder.ID {
			p.facts.Own = person.ID == action.By
			p.toPerson(mail.StockKeyChanged, person)
		}
	}
	p.facts.Own = false
	if held {
		facts := p.facts
		facts.Own = holder.ID == action.By
		switch facts.Change {
		case okey.ReasonMislaid:
			facts.Link += address.PathFound
		case okey.ReasonRecovered: // to the key itself
		case okey.ReasonReturn:
			facts.Link = p.list() // the key's own page is no longer theirs
		default:
			if facts.Link, facts.Asked, err = p.nextKey(ctx, holder.ID); err != nil {
				return err
			}
		}
		letter := cmp.Or(ownLetters[facts.Change], mail.YourKeyChanged)
		p.put(envelope{letter: letter, person: holder.ID, address: holder.Mail, facts: facts})
	}
	return nil
}

// tried is what became of the last trial of a key before it was reported not to work; empty where nobody has tried it within the hour.
func (p *mailing) tried(ctx context.Context, reported okey.KeyReason) (string, error) {
	if reported != okey.ReasonDefective {
		return "", nil
	}
	until := p.order.Happened()
	trial, found, err := p.store.LastTrial(ctx, p.order.Key, until.Add(-okey.TrialNews), until)
	if err != nil || !found {
		return "", err
	}
	return "à " + okey.SayHour(trial.At, p.zone) + " : " + trial.French(), nil
}

// lentTo are the keys that somebody has on loan, as a sentence names them.
func (p *mailing) lentTo(ctx context.Context, person okey.PersonID) (string, error) {
	held, err := p.store.KeysHeldBy(ctx, person)
	var lent []string
	for _, key := range held {
		if key.State == okey.Lent {
			lent = append(lent, string(key.Serial))
		}
	}
	return strings.Join(lent, ", "), err
}

// ownLetters tell a holder of what leaves them their key.
var ownLetters = map[okey.KeyReason]mail.Letter{okey.ReasonMislaid: mail.KeyMislaid, okey.ReasonRecovered: mail.KeyRecovered}

// remindMislaid reminds a holder whose key is still mislaid, since the very change that the order follows from.
func remindMislaid(ctx context.Context, p *mailing) error {
	action, err := p.store.Action(ctx, p.order.Cause)
	if err != nil || action.Verdict == nil {
		return err
	}
	key, err := p.store.Key(ctx, p.order.Key)
	mislaid := action.Verdict.Standing
	if err != nil || key.State != okey.Suspended || !key.DueAt.Equal(mislaid.ExpiryOf()) {
		return err
	}
	holder, err := p.store.Person(ctx, key.Holder)
	if err != nil {
		return err
	}
	p.facts.Since, p.facts.Expiry = p.day(mislaid.Since), p.day(key.DueAt)
	p.facts.Link += address.PathFound
	p.toPerson(mail.RemindMislaid, holder)
	return nil
}

// forGood tells who answers a request that it is for a loan no more: the mislaid key does not come back to its holder.
func forGood(ctx context.Context, p *mailing) error {
	action, err := p.store.Action(ctx, p.order.Cause)
	if err != nil {
		return err
	}
	holder, held, err := p.formerHolder(ctx, action.Content.KeyReason)
	if err != nil || !held {
		return err
	}
	open, err := p.store.OpenRequestOf(ctx, holder.ID)
	if okey.ErrorCode(err) == okey.CodeNotFound {
		return nil // ended meanwhile: its own mail says so
	}
	if err != nil {
		return err
	}
	if _, is, err := p.store.LastEvent(ctx, open.ID, okey.EventForGood); err != nil || !is {
		return err // another request, asked for since
	}
	p.order.Request = open.ID
	if err := p.loadRequest(ctx); err != nil {
		return err
	}
	p.facts.Link = p.settings.URL + address.RequestURL(open.ID)
	deciders, err := p.deciders(ctx)
	p.toApprovers(mail.LoanForGood, deciders)
	return err
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
