package mails

import (
	"context"
	"slices"

	"okey/mail"
	"okey/okey"

	"github.com/google/uuid"
)

// recipes say, for each kind of step, which letters go to whom.
var recipes = map[okey.MailKind]func(context.Context, *post) error{
	okey.MailAsked:          asked,
	okey.MailNobody:         asked, // somebody may answer by now; and the other way round
	okey.MailRemindDecision: remindDecision,
	okey.MailDecisionLate:   late(okey.AwaitingDecision, mail.DecisionLate),
	okey.MailRefused:        decided(mail.Refused),
	okey.MailApproved:       decided(mail.Approved),
	okey.MailKeepsPlace:     keepsPlace,
	okey.MailStillWaiting:   stillWaiting,
	okey.MailOrderReminder:  orderReminder,
	okey.MailOrderLate:      orderLate,
	okey.MailKeyFree:        keyFree,
	okey.MailKeyReplaced:    keyReplaced,
	okey.MailRemindCharter:  remindCharter,
	okey.MailSigned:         signed,
	okey.MailRemindHandover: remindHandover,
	okey.MailHandoverLate:   late(okey.AwaitingHandover, mail.HandoverLate),
	okey.MailHandedOver:     handedOver,
	okey.MailWithdrawn:      withdrawn,
	okey.MailExpired:        expired,
	okey.MailSupportDecided: supportDecided,
	okey.MailUndelivered:    undelivered,
	okey.MailKeyChanged:     keyChanged,

	okey.MailKeysMoved:     keysMoved,
	okey.MailMoveProposed:  moveProposed,
	okey.MailMoveDecided:   moveDecided,
	okey.MailMoveExpired:   moveExpired,
	okey.MailMoveWithdrawn: moveWithdrawn,
	okey.MailSucceeded:     succeeded,
	okey.MailYourKeyMoved:  yourKeyMoved,

	okey.MailSucceededClosing:  succeededClosing,
	okey.MailSucceededRequests: requestsFollow,

	okey.MailDelegationGiven:  delegationGiven,
	okey.MailDelegationBegins: delegationBegins,
	okey.MailDelegationEnded:  delegationEnded,
	okey.MailAttached:         attached,
	okey.MailApproverArrived:  approverArrived,
	okey.MailDetached:         detached,
	okey.MailHosting:          hosting,
	okey.MailHostingEnded:     hostingEnded,
	okey.MailSupportOrdered:   supportOrdered,

	okey.MailOrdersExported:    ordersExported,
	okey.MailOrderOverdue:      orderOverdue,
	okey.MailOrderClosed:       orderClosed,
	okey.MailKeysReported:      keysReported,
	okey.MailReportDecided:     reportDecided,
	okey.MailLowStock:          lowStock,
	okey.MailKeyExpires:        keyExpires,
	okey.MailKeysExpire:        keysExpire,
	okey.MailHolderLeft:        holderLeft,
	okey.MailHoldersLeft:       holdersLeft,
	okey.MailDeliveryArrived:   delivered(mail.DeliveryArrived),
	okey.MailDeliveryAnnounced: delivered(mail.DeliveryAnnounced),

	okey.MailPINChanged: pinChanged,
	okey.MailPINLocked:  pinLocked,

	okey.MailLinkReissued: linkReissued,
}

// asked tells who must answer; where nobody can, support and the establishment's mailbox; where no key is free, the requester too.
func asked(ctx context.Context, p *post) error {
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
	p.toRequester(mail.NoKeyYet)
	return p.shortage(ctx)
}

// shortage tells, once a shortage, those who can order.
func (p *post) shortage(ctx context.Context) error {
	if !p.order.Step.Shortage {
		return nil
	}
	return p.toStockKeepers(ctx, mail.Shortage)
}

// toStockKeepers writes, last of its order, to those who can order.
func (p *post) toStockKeepers(ctx context.Context, letter mail.Letter) error {
	line, err := p.store.LineAt(ctx, p.request.UAI, p.request.ID)
	if err != nil {
		return err
	}
	keepers, err := p.approvers(ctx, okey.Everything, okey.HandoverAndStock)
	if err != nil {
		return err
	}
	p.facts.Waiting, p.facts.Place = line.Waiting, line.Place
	p.facts.Link = p.settings.URL + "/commandes?etablissement=" + string(p.request.UAI) // they are asked to order: what awaits has its own mail
	p.toApprovers(letter, keepers)
	return nil
}

func remindDecision(ctx context.Context, p *post) error {
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
func late(stage okey.Stage, letter mail.Letter) func(context.Context, *post) error {
	return func(_ context.Context, p *post) error {
		if p.past(stage) {
			return nil
		}
		p.facts.Expiry = p.expiry(stage)
		p.toSupport(letter)
		return nil
	}
}

// decided tells the requester the answer.
func decided(letter mail.Letter) func(context.Context, *post) error {
	return func(ctx context.Context, p *post) error {
		if err := p.decidedBy(ctx); err != nil {
			return err
		}
		p.facts.Expiry = p.expiry(okey.AwaitingCharter)
		p.toRequester(letter)
		return nil
	}
}

// decision puts into the facts who answered, and what they wrote.
func (p *post) decision(ctx context.Context) (okey.Event, error) {
	event, _, err := p.store.LastEvent(ctx, p.request.ID, okey.EventApproved, okey.EventRefused)
	p.facts.By, p.facts.Comment = event.ByName, event.Comment
	return event, err
}

// decidedBy is decision as a sentence to the requester begins with it: they need not know the names of support.
func (p *post) decidedBy(ctx context.Context) error {
	event, err := p.decision(ctx)
	p.facts.By = okey.Capitalize(byName(event.ByName, event.Via))
	return err
}

func keepsPlace(ctx context.Context, p *post) error {
	line, err := p.store.LineAt(ctx, p.request.UAI, p.request.ID)
	if err != nil {
		return err
	}
	if err := p.decidedBy(ctx); err != nil {
		return err
	}
	p.facts.Place = line.Place
	p.toRequester(mail.KeepsPlace)
	return p.shortage(ctx)
}

func stillWaiting(ctx context.Context, p *post) error {
	line, err := p.store.LineAt(ctx, p.request.UAI, p.request.ID)
	if err != nil || p.past(okey.AwaitingStock) {
		return err
	}
	p.facts.Place = line.Place
	p.toRequester(mail.StillWaiting)
	return nil
}

// orderReminder goes out while the shortage lasts, for the first in line alone: ten requests that wait are one missing order.
func orderReminder(ctx context.Context, p *post) error {
	first, err := p.firstInLine(ctx)
	if err != nil || !first || p.ordered {
		return err
	}
	p.facts.Since, p.facts.ToSupport = p.day(p.place.ShortageSince), p.next(okey.AwaitingStock, okey.DueOrderAgain)
	return p.toStockKeepers(ctx, mail.OrderReminder)
}

func orderLate(ctx context.Context, p *post) error {
	first, err := p.firstInLine(ctx)
	if err != nil || !first || p.ordered {
		return err
	}
	p.facts.Since = p.day(p.place.ShortageSince)
	p.facts.Link = p.settings.URL + "/assistance/etablissements/" + string(p.request.UAI)
	p.toSupport(mail.OrderLate)
	return nil
}

func (p *post) firstInLine(ctx context.Context) (bool, error) {
	if p.past(okey.AwaitingStock) || p.place.ShortageSince.IsZero() {
		return false, nil
	}
	line, err := p.store.LineAt(ctx, p.request.UAI, p.request.ID)
	if err != nil {
		return false, err
	}
	p.facts.Waiting = line.Waiting
	needs, err := p.store.NeedsOf(ctx, p.request.UAI, p.today)
	p.ordered = needs.UnderWay >= line.Waiting
	return line.Place == 1, err
}

// withdrawn tells the requester, and those who were asked, except who did it.
func withdrawn(ctx context.Context, p *post) error {
	event, _, err := p.store.LastEvent(ctx, p.request.ID, okey.EventWithdrawn)
	if err != nil {
		return err
	}
	deciders, err := p.deciders(ctx)
	if err != nil {
		return err
	}
	p.facts.By, p.facts.Comment, p.facts.Own = okey.Capitalize(byName(event.ByName, event.Via)), event.Comment, event.By == p.request.Person
	p.toRequester(mail.Withdrawn)
	for _, person := range deciders {
		if person.ID != event.By {
			p.toPerson(mail.AskedWithdrawn, person)
		}
	}
	return nil
}

func expired(ctx context.Context, p *post) error {
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
func (p *post) expiredAt() okey.Stage {
	switch {
	case p.request.ApprovedAt.IsZero():
		return okey.AwaitingDecision
	case p.request.SignedAt.IsZero():
		return okey.AwaitingCharter
	default:
		return okey.AwaitingHandover
	}
}

func supportDecided(ctx context.Context, p *post) error {
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
func undelivered(ctx context.Context, p *post) error {
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

// keyChanged tells the former holder, and those who look after the stock.
func keyChanged(ctx context.Context, p *post) error {
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
	keepers, err := p.approvers(ctx, okey.Everything, okey.HandoverAndStock)
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

// nextKey is where somebody whose key serves no more goes on: to the request that they have open, else to the asking. Whoever were led to ask while
// one is open would read that they are to withdraw it first, and lose their place.
func (p *post) nextKey(ctx context.Context, person okey.PersonID) (link string, asked bool, err error) {
	open, err := p.store.OpenRequestOf(ctx, person)
	switch {
	case okey.ErrorCode(err) == okey.CodeNotFound:
		return p.list() + "/nouvelle", false, nil
	case err != nil:
		return "", false, err
	}
	return p.list() + "/" + open.ID.String(), true, nil
}

// byName names whoever did something, and says where it was support in the establishment's place.
func byName(name string, via okey.Via) string {
	if via == okey.ViaSupport && name != "" {
		return "l'assistance (" + name + ")"
	}
	return name
}

func (p *post) formerHolder(ctx context.Context, reason okey.KeyReason) (okey.Person, bool, error) {
	id, err := p.store.LostBy(ctx, p.order.Key, reason, p.order.Happened())
	if err != nil || id == (okey.PersonID{}) {
		return okey.Person{}, false, err
	}
	person, err := p.store.Person(ctx, id)
	return person, err == nil, err
}

func (p *post) loadKey(ctx context.Context) error {
	key, err := p.store.Key(ctx, p.order.Key)
	if err != nil {
		return err
	}
	p.facts.Serial, p.facts.Link = key.Serial, p.page()
	return p.locate(ctx, key.UAI)
}
