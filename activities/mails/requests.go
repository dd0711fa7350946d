package mails

import (
	"context"
	"slices"

	"okey/mail"
	"okey/okey"

	"github.com/google/uuid"
)

// asked tells who must answer; where nobody can, support and the establishment's mailbox; where no key is free, the requester too.
func asked(ctx context.Context, p *mailing) error {
	free, err := p.store.FreeKeys(ctx, p.request.UAI, p.today)
	if err != nil {
		return err
	}
	deciders, err := p.deciders(ctx)
	if err != nil {
		return err
	}
	p.facts.Free = free
	p.facts.Reminder, p.facts.Expiry = p.next(okey.AwaitingDecision, okey.DueReminder), p.expiry(okey.AwaitingDecision)
	if len(deciders) == 0 {
		approvers, err := p.store.Approvers(ctx, p.request.AnsweredBy(), p.today)
		if err != nil {
			return err
		}
		p.facts.Own = slices.ContainsFunc(approvers, func(a okey.Person) bool { return a.ID == p.request.Person }) // alone there
		p.toSupport(mail.Nobody)
		p.toMailbox(mail.NobodyMailbox)
		p.facts.Own = false
	}
	for _, person := range deciders {
		if err := p.ask(ctx, person); err != nil {
			return err
		}
	}
	if free > 0 {
		return nil
	}
	// Answered meanwhile, the key that was free may be this request's own: its stage is read after the count.
	now, err := p.store.Request(ctx, p.request.ID)
	if err != nil || now.Stage != okey.AwaitingDecision {
		return err
	}
	p.toRequester(mail.NoKeyYet)
	return p.shortage(ctx)
}

func remindDecision(ctx context.Context, p *mailing) error {
	if p.past(okey.AwaitingDecision) {
		return nil
	}
	deciders, err := p.deciders(ctx)
	if err != nil {
		return err
	}
	if len(deciders) == 0 {
		p.facts.Expiry = p.expiry(okey.AwaitingDecision)
		p.toSupport(mail.Nobody)
	}
	return p.remind(ctx, okey.AwaitingDecision, deciders)
}

// late tells support that a stage has lasted too long.
func late(stage okey.Stage, letter mail.Letter) func(context.Context, *mailing) error {
	return func(_ context.Context, p *mailing) error {
		if p.past(stage) {
			return nil
		}
		p.facts.Expiry = p.expiry(stage)
		p.toSupport(letter)
		return nil
	}
}

// decided tells the requester the answer.
func decided(letter mail.Letter) func(context.Context, *mailing) error {
	return func(ctx context.Context, p *mailing) error {
		if err := p.decidedBy(ctx); err != nil {
			return err
		}
		p.facts.Expiry = p.expiry(okey.AwaitingCharter)
		p.toRequester(letter)
		return nil
	}
}

// decision puts into the facts who answered, and what they wrote.
func (p *mailing) decision(ctx context.Context) (okey.Event, error) {
	event, _, err := p.store.LastEvent(ctx, p.request.ID, okey.EventApproved, okey.EventRefused)
	p.facts.By, p.facts.Comment = event.ByName, event.Comment
	return event, err
}

// decidedBy is decision as a sentence to the requester begins with it: they need not know the names of support.
func (p *mailing) decidedBy(ctx context.Context) error {
	event, err := p.decision(ctx)
	p.facts.By = okey.Capitalize(byName(event.ByName, event.Via))
	return err
}

// withdrawn tells the requester, and those who were asked, except who did it.
func withdrawn(ctx context.Context, p *mailing) error {
	event, _, err := p.store.LastEvent(ctx, p.request.ID, okey.EventWithdrawn)
	if err != nil {
		return err
	}
	deciders, err := p.deciders(ctx)
	if err != nil {
		return err
	}
	p.facts.By, p.facts.Comment, p.facts.Own = okey.Capitalize(byName(event.ByName, event.Via)), event.Comment, event.By == p.request.Person
	p.facts.Found = p.request.Reason == okey.Loan && event.Via == okey.ViaEngine // nobody's doing
	p.facts.Serial = event.Key                                                   // it is kept for this request no more
	p.toRequester(mail.Withdrawn)
	for _, person := range deciders {
		if person.ID != event.By {
			p.toPerson(mail.AskedWithdrawn, person)
		}
	}
	return nil
}

func expired(ctx context.Context, p *mailing) error {
	deciders, err := p.deciders(ctx)
	if err != nil {
		return err
	}
	p.facts.Stage = p.expiredAt()
	p.toRequester(mail.Expired)
	for _, person := range deciders {
		p.toPerson(mail.AskedExpired, person)
	}
	return nil
}

// expiredAt is the stage that lasted too long: what had not happened yet.
func (p *mailing) expiredAt() okey.Stage {
	switch {
	case p.request.ApprovedAt.IsZero():
		return okey.AwaitingDecision
	case p.request.SignedAt.IsZero():
		return okey.AwaitingCharter
	default:
		return okey.AwaitingHandover
	}
}

func supportDecided(ctx context.Context, p *mailing) error {
	event, err := p.decision(ctx)
	if err != nil {
		return err
	}
	deciders, err := p.deciders(ctx)
	if err != nil {
		return err
	}
	if event.Kind == okey.EventRefused {
		p.facts.Stage = okey.Refused
	} else {
		p.facts.Stage = okey.AwaitingCharter
	}
	for _, person := range deciders {
		p.toPerson(mail.SupportDecided, person)
	}
	return nil
}

// undelivered tells support which mails have not left in all the time that mail servers give each other.
func undelivered(ctx context.Context, p *mailing) error {
	letter := mail.Undelivered
	unsent, err := p.store.UnsentMails(ctx, p.request.ID)
	if p.request.ID == uuid.Nil {
		letter = mail.StockUndelivered
		unsent, err = p.store.UnsentStockMails(ctx, p.order.Key, p.order.Subject, p.order.At)
	}
	if err != nil {
		return err
	}
	if p.facts.Link == "" {
		p.facts.Link = p.list()
	}
	for _, row := range unsent {
		if row.Kind != okey.MailKind(letter) {
			p.facts.Items = append(p.facts.Items, mail.Item{Kind: mail.NameOf(mail.Letter(row.Kind), row.Subject), Address: row.Address})
		}
	}
	if p.facts.Total = len(p.facts.Items); p.facts.Total > 0 {
		p.toSupport(letter)
	}
	return nil
}

// byName names whoever did something, and says where it was support in the establishment's place.
func byName(name string, via okey.Via) string {
	if via == okey.ViaSupport && name != "" {
		return "l'assistance (" + name + ")"
	}
	return name
}
