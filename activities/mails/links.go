package mails

import (
	"context"

	"okey/mail"
	"okey/okey"
)

// linkReissued asks everybody who may answer once more, however many mails they had this hour: support has just told them to look for it.
func linkReissued(ctx context.Context, p *mailing) error {
	if p.request.Stage != okey.AwaitingDecision {
		return nil
	}
	free, err := p.store.FreeKeys(ctx, p.request.UAI, p.today)
	if err != nil {
		return err
	}
	deciders, err := p.deciders(ctx)
	if err != nil {
		return err
	}
	p.facts.Free, p.facts.Reissued, p.facts.Expiry = free, true, p.expiry(okey.AwaitingDecision)
	if len(deciders) == 0 {
		p.toSupport(mail.Nobody)
	}
	for _, person := range deciders {
		if err := p.askAnew(ctx, person); err != nil {
			return err
		}
	}
	return nil
}

func (p *mailing) askAnew(ctx context.Context, person okey.Person) error {
	link, issue, err := p.decisionLink(ctx, person)
	if err != nil {
		return err
	}
	facts := p.facts
	facts.Link = link
	p.put(envelope{letter: mail.Asked, person: person.ID, address: person.Mail, issue: issue, facts: facts})
	return nil
}
