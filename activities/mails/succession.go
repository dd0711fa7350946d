package mails

import (
	"context"
	"slices"

	"okey/internal/address"
	"okey/mail"
	"okey/okey"
	"okey/sql"
)

// aboutSuccession reads what the mails of a succession speak of, and who answers for the successor.
func (p *mailing) aboutSuccession(ctx context.Context) (sql.Succession, []okey.Person, error) {
	succession, err := p.store.Succession(ctx, p.order.Subject)
	if err != nil {
		return succession, nil, err
	}
	counts, err := p.store.SuccessionCounts(ctx, p.order.Subject)
	if err != nil {
		return succession, nil, err
	}
	successor, err := p.standingPlace(ctx, succession.To)
	if err != nil {
		return succession, nil, err
	}
	keepers, err := p.approversAt(ctx, successor.AnsweredBy(), okey.Everything, okey.HandoverAndStock)
	p.facts.Moved, p.facts.Waiting, p.facts.Comment, p.facts.Link = counts.French(), counts.Requests, succession.Comment, p.settings.URL+"/"
	p.facts.Givers = namesOf(keepers)
	return succession, keepers, err
}

// succeeded tells those who answer for the successor what awaits them from now on: once, whatever has come. Where nobody does, support.
func succeeded(ctx context.Context, p *mailing) error {
	succession, keepers, err := p.aboutSuccession(ctx)
	if err != nil {
		return err
	}
	p.facts.Other = okey.SayEstablishment(succession.FromName)
	if len(keepers) == 0 {
		p.facts.Link = p.settings.URL + address.PathSuccession + "/" + succession.ID.String()
		p.toSupport(mail.SuccessorNobody)
		return nil
	}
	p.toApprovers(mail.Succeeded, keepers)
	return nil
}

// succeededClosing tells the former approvers of the closing establishment where everything went and who answers now, unless it is they.
func succeededClosing(ctx context.Context, p *mailing) error {
	succession, keepers, err := p.aboutSuccession(ctx)
	if err != nil {
		return err
	}
	former, err := p.store.SuccessionKeepers(ctx, succession.ID)
	if err != nil {
		return err
	}
	if p.facts.Other, err = p.nameOf(ctx, succession.To); err != nil {
		return err
	}
	for _, person := range former {
		if !slices.ContainsFunc(keepers, func(k okey.Person) bool { return k.ID == person.ID }) {
			p.toPerson(mail.SucceededClosing, person)
		}
	}
	return nil
}

// requestsFollow tells each requester whose request is still open who answers for it now and, where their key awaits them, where it is.
func requestsFollow(ctx context.Context, p *mailing) error {
	succession, keepers, err := p.aboutSuccession(ctx)
	if err != nil {
		return err
	}
	p.facts.Other = okey.SayEstablishment(succession.FromName)
	requests, err := p.store.SuccessionRequests(ctx, succession.ID)
	if err != nil {
		return err
	}
	for _, r := range requests {
		if r.Stage.Closed() {
			continue
		}
		others := without(slices.Clone(keepers), r.Person)
		if len(others) == 0 {
			others = keepers
		}
		facts := p.facts
		facts.Stage, facts.Givers, facts.Link = r.Stage, namesOf(others), p.settings.URL+address.RequestURL(r.ID)
		p.put(envelope{letter: mail.RequestFollows, person: r.Person, address: r.Requester.Mail, facts: facts})
	}
	return nil
}
