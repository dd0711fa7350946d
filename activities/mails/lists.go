package mails

import (
	"context"
	"fmt"
	"time"

	"okey/mail"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// Mails that many requests would send to one person: one reminder a day, and past five requests an hour one list.

const (
	askedAnHour = 5
	listed      = 15 // lines of a list; the page has the others
	// A request that waits for its list looks this often: answered meanwhile, it has no mail to wait for, and can end.
	lookAgain = 2 * time.Minute
)

// ask writes to one decider: alone, or, where many requests come, as a list of all that awaits them. After a list the next requests
// wait until an hour has gone by, and go out as one list again.
func (p *mailing) ask(ctx context.Context, person okey.Person) error {
	if person.Mail == "" {
		p.toPerson(mail.Asked, person) // which is support's affair
		return nil
	}
	if p.again != nil {
		return p.askAgain(ctx, person)
	}
	link, issue, err := p.decisionLink(ctx, person)
	if err != nil {
		return err
	}
	alone := envelope{letter: mail.Asked, person: person.ID, address: person.Mail, issue: issue, facts: p.facts}
	alone.id, alone.facts.Link = p.idOf(mail.Asked, person.Mail, issue), link
	message, err := mail.Write(alone.letter, alone.facts)
	if err != nil {
		return err
	}
	var list sql.Mail
	var isAlone bool
	err = p.store.Do(ctx, func(t *sql.Tx) (err error) {
		list, isAlone, err = p.claimPlace(ctx, t, alone, message.Subject)
		return err
	})
	if err != nil {
		return fmt.Errorf("find the place of a request among the mails of an hour: %w", err)
	}
	if isAlone {
		p.put(alone)
		return nil
	}
	return p.joinList(ctx, person, list)
}

// claimPlace decides whether a request goes to its decider alone, or on which list, and writes the row that the next one counts: forty that
// are asked in one minute are counted one after the other. Without a list it goes nowhere.
func (p *mailing) claimPlace(ctx context.Context, t *sql.Tx, alone envelope, title string) (list sql.Mail, isAlone bool, err error) {
	if err := t.LockMails(ctx, alone.person, okey.MailKind(mail.Asked)); err != nil {
		return list, false, err
	}
	if _, begun, err := t.FindMail(ctx, alone.id); err != nil || begun {
		return list, begun, err
	}
	now := p.now(ctx)
	recent, err := t.MailsSince(ctx, alone.person, okey.MailKind(mail.Asked), now.Add(-time.Hour))
	if err != nil {
		return list, false, err
	}
	last, found, err := t.LastMail(ctx, alone.person, okey.MailKind(mail.AskedList))
	if err != nil {
		return list, false, err
	}
	if found = found && now.Before(last.CreatedAt.Add(2*time.Hour)); !found && recent < askedAnHour {
		_, err := t.QueueMail(ctx, p.rowOf(alone, title))
		return list, true, err
	}
	// The list that went out has this request, or the next one will.
	if found && (now.Before(last.CreatedAt.Add(time.Hour)) || !last.CreatedAt.Before(p.order.At)) {
		return last, false, nil
	}
	if p.request.Stage != okey.AwaitingDecision {
		return list, false, nil
	}
	step := okey.MailStep{Kind: okey.MailKind(mail.AskedList), Ref: int(now.Unix() / 3600)}
	list, err = t.QueueMail(ctx, p.rowOf(envelope{ // what it lists is known once it leaves
		id: step.Key(alone.person, alone.address, 1), letter: mail.AskedList,
		person: alone.person, address: alone.address, issue: 1, made: now,
	}, ""))
	return list, false, err
}

// joinList sends the list where it is this request's own. Another's list has this request if it was made later; else the next one will,
// an hour after it.
func (p *mailing) joinList(ctx context.Context, person okey.Person, list sql.Mail) error {
	switch {
	case list.Request.UUID == p.request.ID:
		return p.putList(ctx, person, list.ID)
	case list.CreatedAt.Before(p.order.At) && p.request.Stage == okey.AwaitingDecision:
		p.later = lookAgain
	}
	return nil
}

func (p *mailing) putList(ctx context.Context, person okey.Person, id uuid.UUID) error {
	uais, err := p.answersFor(ctx, person.ID, okey.RoleApprover, okey.RoleDelegate)
	if err != nil {
		return err
	}
	waiting, total, err := p.store.AwaitedFrom(ctx, uais, okey.AwaitingDecision, person.ID, listed)
	if err != nil || total == 0 {
		return err
	}
	facts := p.facts
	facts.Items, facts.Total, facts.Link = p.items(waiting), total, p.list()+"/a-repondre"
	p.put(envelope{id: id, letter: mail.AskedList, person: person.ID, address: person.Mail, facts: facts})
	return nil
}

// remind writes to each person once a day, whichever request comes first, of all that awaits them.
func (p *mailing) remind(ctx context.Context, stage okey.Stage, people []okey.Person) error {
	for _, person := range people {
		if person.ID == p.request.Person {
			continue // the requester, alone at the school, is reminded as such
		}
		if err := p.remindOne(ctx, stage, person); err != nil {
			return err
		}
	}
	return nil
}

func (p *mailing) remindOne(ctx context.Context, stage okey.Stage, person okey.Person) error {
	facts, err := p.allThatAwaits(ctx, stage, person)
	if err != nil || facts.Total == 0 {
		return err
	}
	year, month, day := p.today.Time().Date()
	id := okey.MailStep{Kind: okey.MailKind(mail.Reminder), Ref: year*10000 + int(month)*100 + day}.Key(person.ID, person.Mail, 1)
	reminder := envelope{id: id, letter: mail.Reminder, person: person.ID, address: person.Mail, issue: 1, facts: facts}
	if person.Mail == "" {
		p.put(reminder) // support's affair: no list of theirs will ever leave
		return nil
	}
	if p.again != nil {
		p.put(reminder)
		return nil
	}
	message, err := mail.Write(reminder.letter, facts)
	if err != nil {
		return err
	}
	row, err := p.queue(ctx, reminder, message.Subject)
	if err != nil {
		return err
	}
	mine, err := p.sendsReminder(ctx, row)
	if err == nil && mine {
		p.put(reminder)
	}
	return err
}

// sendsReminder tells whether this request is the one that sends the day's reminder: the one that made its row, or, where that one has
// moved on before the mail left, the next that comes by. While it is on its way with another, this one looks again later.
func (p *mailing) sendsReminder(ctx context.Context, row sql.Mail) (bool, error) {
	if row.Request.UUID == p.request.ID || row.State != sql.MailQueued {
		return row.Request.UUID == p.request.ID, nil
	}
	maker, err := p.store.Request(ctx, row.Request.UUID)
	if err != nil {
		return false, err
	}
	if maker.Stage != okey.AwaitingDecision && maker.Stage != okey.AwaitingHandover {
		return true, nil
	}
	p.later = lookAgain
	return false, nil
}

func (p *mailing) allThatAwaits(ctx context.Context, stage okey.Stage, person okey.Person) (mail.Facts, error) {
	facts := p.facts
	decides, err := p.answersFor(ctx, person.ID, okey.RoleApprover, okey.RoleDelegate)
	if err != nil {
		return facts, err
	}
	hands, err := p.answersFor(ctx, person.ID, okey.RoleApprover, okey.RoleDelegate, okey.RoleStockDelegate)
	if err != nil {
		return facts, err
	}
	unanswered, unansweredTotal, err := p.store.AwaitedFrom(ctx, decides, okey.AwaitingDecision, person.ID, listed)
	if err != nil {
		return facts, err
	}
	kept, keptTotal, err := p.store.AwaitedFrom(ctx, hands, okey.AwaitingHandover, person.ID, listed)
	if err != nil {
		return facts, err
	}
	facts.Items, facts.Total = p.items(append(unanswered, kept...)), unansweredTotal+keptTotal
	facts.Reminder, facts.Expiry = p.next(stage, okey.DueReminder), ""
	if facts.Total > 1 {
		facts.Link = p.settings.URL + "/" // each has its button there, of either kind
		return facts, nil
	}
	facts.Expiry = p.expiry(stage)
	if stage == okey.AwaitingDecision {
		facts.Link, _, err = p.decisionLink(ctx, person)
	}
	return facts, err
}

func (p *mailing) items(waiting []sql.Awaited) []mail.Item {
	items := make([]mail.Item, len(waiting))
	for i, w := range waiting {
		items[i] = mail.Item{Requester: w.Requester.Name(), School: okey.SayEstablishment(w.School), Need: w.Need, Since: p.day(w.Since)}
		if w.Stage == okey.AwaitingHandover {
			items[i].Serial = w.Key
		}
	}
	return items
}
