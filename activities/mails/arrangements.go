package mails

import (
	"context"

	"okey/internal/address"
	"okey/mail"
	"okey/okey"
	"okey/sql"
)

// aboutDelegation reads the delegation that a mail is about, with the people that it names.
func (p *mailing) aboutDelegation(ctx context.Context) (sql.ListedDelegation, okey.Person, error) {
	d, err := p.store.Delegation(ctx, p.order.Subject)
	if err != nil {
		return d, okey.Person{}, err
	}
	holder, err := p.store.Person(ctx, d.To)
	if err != nil {
		return d, holder, err
	}
	p.facts.Requester, p.facts.By, p.facts.Everything = holder.Name(), d.ByName, d.Scope == okey.Everything
	p.facts.Since, p.facts.Expiry = d.From.Say(p.today), d.Until.Say(p.today)
	p.facts.Link = p.settings.URL + address.PathDelegations
	return d, holder, nil
}

// delegationGiven tells the delegate, with what awaits where it has begun already, and the other approvers.
func delegationGiven(ctx context.Context, p *mailing) error {
	d, holder, err := p.aboutDelegation(ctx)
	if err != nil || !d.Live(p.today) {
		return err
	}
	approvers, err := p.store.Approvers(ctx, d.UAI, p.today)
	if err != nil {
		return err
	}
	for _, person := range without(approvers, d.By) {
		p.toPerson(mail.DelegationGivenApprover, person)
	}
	return p.toDelegate(ctx, mail.DelegationGiven, d, holder)
}

// delegationBegins tells the delegate that the first day has come, and what awaits.
func delegationBegins(ctx context.Context, p *mailing) error {
	d, holder, err := p.aboutDelegation(ctx)
	if err != nil || d.State(p.today) != okey.DelegationCurrent {
		return err
	}
	return p.toDelegate(ctx, mail.DelegationBegins, d, holder)
}

// toDelegate writes to a delegate; what awaits is listed from the first day on.
func (p *mailing) toDelegate(ctx context.Context, letter mail.Letter, d sql.ListedDelegation, holder okey.Person) error {
	facts := p.facts
	facts.Link, facts.Coming = p.settings.URL+"/", d.State(p.today) == okey.DelegationComing
	if d.State(p.today) == okey.DelegationCurrent {
		if err := p.listAwaiting(ctx, &facts, p.store.AwaitedFrom, d.UAI, holder.ID, d.Scope == okey.Everything); err != nil {
			return err
		}
	}
	p.put(envelope{letter: letter, person: holder.ID, address: holder.Mail, facts: facts})
	return nil
}

// awaitedBy is one of the store's questions for what awaits a person at a stage.
type awaitedBy func(ctx context.Context, uais []okey.UAI, stage okey.Stage, person okey.PersonID, limit int) ([]sql.Awaited, int, error)

// listAwaiting puts into the facts all that awaits a person who now answers for an establishment: requests to be decided where they may,
// keys to be handed over.
func (p *mailing) listAwaiting(
	ctx context.Context, facts *mail.Facts, from awaitedBy, uai okey.UAI, person okey.PersonID, decides bool,
) error {
	var unanswered []sql.Awaited
	var total int
	var err error
	if decides {
		if unanswered, total, err = from(ctx, []okey.UAI{uai}, okey.AwaitingDecision, person, listed); err != nil {
			return err
		}
	}
	kept, keptTotal, err := from(ctx, []okey.UAI{uai}, okey.AwaitingHandover, person, listed)
	facts.Items, facts.Total = p.items(append(unanswered, kept...)), total+keptTotal
	return err
}

// delegationEnded tells the delegate and the approvers, but not whoever ended it. One that nobody ended is over because giver or holder
// have left their function: whoever gave it is told too, unless it holds again by now.
func delegationEnded(ctx context.Context, p *mailing) error {
	d, holder, err := p.aboutDelegation(ctx)
	if err != nil {
		return err
	}
	lapsed := d.State(p.today) == okey.DelegationLapsed
	if !lapsed && d.EndedAt.IsZero() {
		return nil
	}
	p.facts.By, p.facts.CalledOff = d.EndedByName, d.CalledOff(p.today, p.zone)
	giver, left := d.Left(p.today)
	switch {
	case !lapsed:
	case giver:
		p.facts.Left = d.ByName
	case left:
		p.facts.Left = d.ToName
	}
	approvers, err := p.store.Approvers(ctx, d.UAI, p.today)
	if err != nil {
		return err
	}
	for _, person := range without(approvers, d.EndedBy) {
		p.toPerson(mail.DelegationEndedApprover, person)
	}
	facts := p.facts
	facts.Link = p.settings.URL + "/"
	if facts.Own = lapsed && left; facts.Own {
		facts.Left = ""
	}
	p.put(envelope{letter: mail.DelegationEnded, person: holder.ID, address: holder.Mail, facts: facts})
	return nil
}

// attached tells the person what support made of them, with what awaits them, and those who approve there.
func attached(ctx context.Context, p *mailing) error {
	a, err := p.store.Attachment(ctx, p.order.Subject)
	if err != nil || !a.EndedAt.IsZero() {
		return err
	}
	person, err := p.aboutAttachment(ctx, a)
	if err != nil {
		return err
	}
	approvers, err := p.store.Approvers(ctx, a.UAI, p.today)
	if err != nil {
		return err
	}
	for _, approver := range without(approvers, a.Person) {
		p.toPerson(mail.AttachedApprover, approver)
	}
	facts := p.facts
	if a.Function.Approves() {
		if err := p.listAwaiting(ctx, &facts, p.store.AwaitedFrom, p.answeredBy(), a.Person, true); err != nil {
			return err
		}
	}
	p.put(envelope{letter: mail.Attached, person: person.ID, address: person.Mail, facts: facts})
	return nil
}

// approverArrived tells somebody whom a staff file has made an approver all that awaits them; where nothing does, nothing need be said.
func approverArrived(ctx context.Context, p *mailing) error {
	person, err := p.store.Person(ctx, p.order.Subject)
	if err != nil {
		return err
	}
	approvers, err := p.store.Approvers(ctx, p.order.UAI, p.today)
	if err != nil || len(without(approvers, person.ID)) == len(approvers) { // gone again
		return err
	}
	facts := p.facts
	facts.Link = p.settings.URL + "/"
	if err := p.listAwaiting(ctx, &facts, p.store.AwaitedFrom, p.order.UAI, person.ID, true); err != nil || facts.Total == 0 {
		return err
	}
	p.put(envelope{letter: mail.ApproverArrived, person: person.ID, address: person.Mail, facts: facts})
	return nil
}

func detached(ctx context.Context, p *mailing) error {
	a, err := p.store.Attachment(ctx, p.order.Subject)
	if err != nil {
		return err
	}
	person, err := p.aboutAttachment(ctx, a)
	if err != nil {
		return err
	}
	p.toPerson(mail.Detached, person)
	return nil
}

func (p *mailing) aboutAttachment(ctx context.Context, a sql.ListedAttachment) (okey.Person, error) {
	person, err := p.store.Person(ctx, a.Person)
	p.facts.Requester, p.facts.Comment, p.facts.Function = person.Name(), a.Reason, a.Function.French()
	p.facts.Link = p.settings.URL + "/"
	if !a.Until.IsZero() {
		p.facts.Expiry = a.Until.Say(p.today)
	}
	return person, err
}

// hosting tells those who answer from now on for an establishment without a head, once, with all that awaits them there.
func hosting(ctx context.Context, p *mailing) error {
	h, err := p.store.Hosting(ctx, p.order.Subject)
	if err != nil || !h.EndedAt.IsZero() {
		return err
	}
	if err := p.aboutHosting(ctx, h); err != nil {
		return err
	}
	deciders, err := p.approvers(ctx, okey.Everything)
	if err != nil {
		return err
	}
	p.facts.Link = p.settings.URL + address.Narrowed(address.PathRequests, h.UAI)
	for _, person := range deciders {
		facts := p.facts
		if err := p.listAwaiting(ctx, &facts, p.store.AwaitedAt, h.UAI, person.ID, true); err != nil {
			return err
		}
		p.put(envelope{letter: mail.Hosting, person: person.ID, address: person.Mail, facts: facts})
	}
	return nil
}

func hostingEnded(ctx context.Context, p *mailing) error {
	h, err := p.store.Hosting(ctx, p.order.Subject)
	if err != nil {
		return err
	}
	if err := p.aboutHosting(ctx, h); err != nil {
		return err
	}
	deciders, err := p.approvers(ctx, okey.Everything)
	if err != nil {
		return err
	}
	p.facts.Link = p.list()
	p.toApprovers(mail.HostingEnded, deciders)
	return nil
}

func (p *mailing) aboutHosting(ctx context.Context, h sql.ListedHosting) error {
	var err error
	p.facts.Comment = h.Reason
	p.facts.Other, err = p.nameOf(ctx, h.UAI)
	return err
}
