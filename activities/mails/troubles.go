package mails

import (
	"context"
	"log/slog"

	"github.com/google/uuid"

	"okey/internal/address"
	"okey/mail"
	"okey/okey"
	"okey/sql"
)

// notDone tells whoever sent an action, and was told that it is kept, that it was refused after all.
func notDone(ctx context.Context, p *mailing) error {
	action, err := p.store.Action(ctx, p.order.Subject)
	if err != nil || (action.Verdict != nil && action.Verdict.Accepted) {
		return err
	}
	person, err := p.store.Person(ctx, action.By)
	if err != nil {
		return err
	}
	uai := action.Content.Establishment
	if request, err := p.store.Request(ctx, action.Request); err == nil {
		uai = request.UAI
	}
	if uai != "" {
		if err := p.locate(ctx, uai); err != nil && okey.ErrorCode(err) != okey.CodeNotFound {
			return err
		}
	}
	p.facts.At, p.facts.Link = okey.SayTime(action.CreatedAt, p.order.At, p.zone), p.settings.URL+address.FollowURL(action.ID)
	p.facts.Items = []mail.Item{{Kind: action.Name.Kind().French + p.aboutRequest(ctx, action.Request)}}
	p.toPerson(mail.NotDone, person)
	return nil
}

// stuck tells support of what does not get on by itself, unless it has got on meanwhile.
func stuck(ctx context.Context, p *mailing) error {
	found, err := p.store.ToldWith(ctx, p.order.Subject)
	if err != nil || len(found) == 0 {
		return err
	}
	first := found[0]
	p.facts.At, p.facts.Total = okey.SayTime(first.Since, p.order.At, p.zone), len(found)
	p.facts.Link = p.settings.URL + address.PathDesk
	kind := okey.SayTrouble(first.What)
	switch {
	case len(found) > 1: // of several sections
	case first.Kind != sql.TroubleAction:
		p.facts.Link += "#blocages"
	default:
		p.facts.Link += "#actions"
		if id, err := uuid.Parse(first.Workflow); err == nil {
			if action, err := p.store.Action(ctx, id); err == nil {
				kind += p.aboutRequest(ctx, action.Request)
			}
		}
	}
	p.facts.Items = []mail.Item{{Kind: kind}}
	p.toSupport(mail.Stuck)
	return nil
}

// aboutRequest says whose request something is about; nothing where it is about none.
func (p *mailing) aboutRequest(ctx context.Context, id uuid.UUID) string {
	request, err := p.store.Request(ctx, id)
	if err != nil {
		return ""
	}
	person, err := p.store.Person(ctx, request.Person)
	if err != nil {
		return ""
	}
	return ", demande " + okey.SayOf(person.Name())
}

// returned tells support of a mail that came back, as of one that was refused. Of what comes back from support's own mailbox nobody is
// told: that would come back, too.
func returned(ctx context.Context, p *mailing) error {
	m, err := p.store.WrittenMail(ctx, p.order.Subject)
	if err != nil {
		return err
	}
	if p.isSupport(m.Address) {
		slog.Error("a mail to support came back", "mail", m.ID, "kind", m.Kind)
		return nil
	}
	p.request.ID = m.Request.UUID
	p.facts.Returned, p.facts.Link = true, p.settings.URL+address.MailURL(m.ID)
	p.tellBounced(envelope{id: m.ID, address: m.Address, facts: p.facts}, mail.NameOf(mail.Letter(m.Kind), m.Subject))
	return nil
}
