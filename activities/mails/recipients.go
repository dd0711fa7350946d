package mails

import (
	"context"
	"slices"
	"strings"
	"time"

	"okey/internal/address"
	"okey/mail"
	"okey/okey"

	"github.com/google/uuid"
)

// Who gets a mail is asked anew at each send: roles end without notice.

// answeredBy is the establishment whose people act on the order's request or key.
func (p *mailing) answeredBy() okey.UAI { return p.place.AnsweredBy() }

// approvers returns today's principals and deputies, then today's delegates with one of the scopes, nobody twice.
func (p *mailing) approvers(ctx context.Context, scopes ...okey.Scope) ([]okey.Person, error) {
	return p.approversAt(ctx, p.answeredBy(), scopes...)
}

// keepers are those who hand keys over and look after the stock.
func (p *mailing) keepers(ctx context.Context) ([]okey.Person, error) {
	return p.approvers(ctx, okey.Everything, okey.HandoverAndStock)
}

// approversAt are the approvers of another establishment than the order's.
func (p *mailing) approversAt(ctx context.Context, uai okey.UAI, scopes ...okey.Scope) ([]okey.Person, error) {
	people, err := p.store.Approvers(ctx, uai, p.today)
	if err != nil {
		return nil, err
	}
	delegates, err := p.store.Delegates(ctx, uai, p.today, scopes...)
	if err != nil {
		return nil, err
	}
	for _, d := range delegates {
		if !slices.ContainsFunc(people, func(o okey.Person) bool { return o.ID == d.ID }) {
			people = append(people, d)
		}
	}
	return people, nil
}

// awaited are those for whose act the request waits: whoever may answer it or, to hand the key over, whoever may do that. Nobody: it is for
// support.
func (p *mailing) awaited(ctx context.Context, act okey.Act) ([]okey.Person, error) {
	responders, err := p.store.Responders(ctx, p.answeredBy(), p.today)
	if err != nil {
		return nil, err
	}
	var people []okey.Person
	for _, r := range okey.Awaited(act, p.request.Person, responders) {
		people = append(people, r.Person)
	}
	return people, nil
}

func (p *mailing) deciders(ctx context.Context) ([]okey.Person, error) {
	return p.awaited(ctx, okey.ActDecide)
}

// givers are those who may hand the key over, named to the requester.
func (p *mailing) givers(ctx context.Context) ([]okey.Person, error) {
	people, err := p.awaited(ctx, okey.ActHandOver)
	p.facts.Givers = namesOf(people)
	return people, err
}

// namesOf says people by name: "Marc Roux ou Anne Blanc".
func namesOf(people []okey.Person) string {
	names := make([]string, len(people))
	for i, person := range people {
		names[i] = person.Name()
	}
	return okey.SayNames(names)
}

func without(people []okey.Person, id okey.PersonID) []okey.Person {
	return slices.DeleteFunc(people, func(p okey.Person) bool { return p.ID == id })
}

func (p *mailing) toPerson(letter mail.Letter, person okey.Person) {
	p.put(envelope{letter: letter, person: person.ID, address: person.Mail, facts: p.facts})
}

func (p *mailing) toRequester(letter mail.Letter) { p.toPerson(letter, p.requester) }

// toApprovers sends to all of them, to support where there is none whom mail reaches.
func (p *mailing) toApprovers(letter mail.Letter, people []okey.Person) {
	people = slices.DeleteFunc(slices.Clone(people), func(person okey.Person) bool { return person.Mail == "" })
	for _, person := range people {
		p.toPerson(letter, person)
	}
	if len(people) == 0 {
		p.toSupport(letter)
	}
}

func (p *mailing) toSupport(letter mail.Letter) {
	p.put(envelope{letter: letter, address: p.support, facts: p.facts})
}

// toMailbox writes to the establishment's secretary, never with a link that acts.
func (p *mailing) toMailbox(letter mail.Letter) {
	if address := p.place.Mailbox(); address != "" {
		p.put(envelope{letter: letter, address: address, facts: p.facts})
	}
}

// withoutStage is how long a link acts where its stage has no end.
const withoutStage = 30 * 24 * time.Hour

// decisionLink is where a decider's button leads. It acts for its person alone: a mailbox that others read too gets the page behind
// sign-in, and so does a mail that comes late.
func (p *mailing) decisionLink(ctx context.Context, person okey.Person) (url string, issue int, err error) {
	issue, err = p.store.LinkIssue(ctx, p.request.ID)
	if err != nil {
		return "", 0, err
	}
	shared, err := p.store.SharedAddress(ctx, person.Mail)
	if err != nil {
		return "", 0, err
	}
	others := shared || strings.EqualFold(person.Mail, p.support) || okey.IsSchoolMailbox(person.Mail)
	if others || person.MailDenied || p.request.Stage != okey.AwaitingDecision {
		return p.page(), issue, nil
	}
	since, err := p.store.AnswersSince(ctx, person.ID, p.request, p.today, p.zone)
	if err != nil {
		return "", 0, err
	}
	link := okey.Link{Request: p.request.ID, Person: person.ID, Purpose: okey.LinkDecision, Issue: issue, Since: since}
	expires := p.request.KeptUntil
	if expires.IsZero() {
		expires = p.order.At.Add(withoutStage)
	}
	token := link.Token(p.settings.LinkKeys)
	return p.settings.URL + address.PathDecide + "/" + token.Text(), issue, p.store.SaveLink(ctx, token, link, expires, p.order.At)
}

// past tells whether the request has left the stage that a reminder speaks of; coming back to it begins another turn.
func (p *mailing) past(stage okey.Stage) bool {
	return p.request.Stage != stage || p.request.Turn != p.order.Step.Ref/100
}

func (p *mailing) day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return okey.SayDay(t, p.order.At, p.zone)
}

// next is the day of a stage's next deadline of a kind, "" where none lies ahead. A stage that the request has left by now began, for
// this mail, with the order.
func (p *mailing) next(stage okey.Stage, kind okey.DeadlineKind) string {
	since := p.order.At
	if p.request.Stage == stage {
		since = p.request.Since
	}
	for _, d := range p.settings.Waits.For(p.request.Reason).Deadlines(stage, since.In(p.zone), p.openDays) {
		if d.Kind == kind && d.At.After(p.order.At) {
			return p.day(d.At)
		}
	}
	return ""
}

// expiry is the day on which a stage ends by itself.
func (p *mailing) expiry(stage okey.Stage) string {
	if p.request.Stage == stage && !p.request.KeptUntil.IsZero() {
		return p.day(p.request.KeptUntil)
	}
	return p.next(stage, okey.DueExpiry)
}

func (p *mailing) openDays(from time.Time, n int) time.Time {
	return p.calendar.AddOpenDays(p.place.Establishment, from, n)
}

// answersFor returns the establishments that a person acts for today: for everything, or for handovers too.
func (p *mailing) answersFor(ctx context.Context, id uuid.UUID, roles ...okey.Role) ([]okey.UAI, error) {
	actor, err := p.store.Actor(ctx, id)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(actor.Answers(p.today), func(uai okey.UAI) bool {
		held := actor.RolesOver(okey.Subject{UAI: uai}, p.today)
		return !slices.ContainsFunc(roles, func(r okey.Role) bool { return slices.Contains(held, r) })
	}), nil
}
