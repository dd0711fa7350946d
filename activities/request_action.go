package activities

import (
	"context"
	"errors"

	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// action judges what somebody recorded and a signal brought. The same action judged before is answered as it was then, with where the
// request stands now: a signal sent twice must not lead back.
func (c *requestTx) action(ctx context.Context) (okey.Verdict, error) {
	action, err := c.LockAction(ctx, c.matter.Action)
	mistaken := action.Request != c.request.ID || (action.Name != okey.ActionOf(c.matter.Signal) && action.Name != okey.ActionAsk)
	if okey.ErrorCode(err) == okey.CodeNotFound || (err == nil && mistaken) {
		if err := c.Leads(ctx); err != nil {
			return okey.Verdict{}, err
		}
		c.matter.Fault = okey.CodeUnknownAction
		return c.stray(ctx)
	}
	if err != nil {
		return okey.Verdict{}, err
	}
	if action.Verdict != nil {
		return c.repeated(action), nil
	}
	if err := c.settle(ctx); err != nil {
		return okey.Verdict{}, err
	}
	verdict, err := c.apply(ctx, action)
	if err != nil {
		return okey.Verdict{}, err
	}
	detail := string(c.request.Stage)
	if !verdict.Accepted {
		detail = string(verdict.Reason)
	} else if !c.triedAt.IsZero() {
		detail += okey.AuditTried
	}
	c.record(string(action.Name), action.By, action.Via, detail)
	verdict = c.answer(verdict)
	return verdict, c.Judged(ctx, action.ID, verdict, c.matter.At)
}

// apply does what the action wants where stage, rights and stock allow it; a refusal is a verdict, not an error.
func (c *requestTx) apply(ctx context.Context, a okey.Action) (okey.Verdict, error) {
	signal := a.Name.Signal()
	err := c.fits(signal)
	if err == nil && a.Via != okey.ViaEngine { // what follows from a change of a key is nobody's to permit
		err = c.permit(ctx, a)
	}
	if err != nil {
		return refusal(err)
	}
	if bringsTheKeyNearer(a) { // weeks may lie between asking and this: people move, and a key may have reached them another way
		if v, err := c.notForThisPerson(ctx, c.request.Person, c.request.Reason); err != nil || v.Reason != "" {
			return v, err
		}
	}
	switch signal {
	case okey.PrincipalDecision:
		return c.decide(ctx, a)
	case okey.CharterAndPIN:
		return c.sign(ctx, a)
	case okey.Handover:
		return c.handOver(ctx, a)
	case okey.Withdrawal:
		return c.withdraw(ctx, a)
	case okey.StockAvailable:
		return c.tryStock(ctx)
	default: // key-unavailable: settle has seen to it, or the key is there after all
		return okey.Verdict{Accepted: true}, nil
	}
}

// fits tells whether a signal applies where the request stands. Word of a lost key finds it back in the line where no other key was free:
// settle has led it there just now, or something that reached it first, and that is the word's effect.
func (c *requestTx) fits(signal okey.Signal) error {
	if signal == okey.KeyUnavailable && c.request.Stage == okey.AwaitingStock {
		return nil
	}
	return okey.CheckSignal(c.request.Stage, signal)
}

func bringsTheKeyNearer(a okey.Action) bool {
	switch a.Name.Signal() {
	case okey.CharterAndPIN, okey.Handover:
		return true
	default:
		return a.Content.Decision == okey.Approve
	}
}

// refusal turns a domain error into a verdict; faults stay errors, and the activity is tried again.
func refusal(err error) (okey.Verdict, error) {
	var known *okey.Error
	if errors.As(err, &known) {
		return okey.Verdict{Reason: known.Code}, nil
	}
	return okey.Verdict{}, err
}

// permit asks the permission table again: a role may have ended since the action was recorded.
func (c *requestTx) permit(ctx context.Context, a okey.Action) error {
	actor, err := c.actor(ctx, a.By)
	if err != nil {
		return err
	}
	others, err := c.Approvers(ctx, c.request.AnsweredBy(), c.today)
	if err != nil {
		return err
	}
	return okey.May(okey.ActOf(a.Name.Signal()), actor, sql.SubjectOf(c.request, others, a.By, a.Content.Comment != ""), c.today)
}

// decide refuses, or puts the request in line and gives it a key if one is free.
func (c *requestTx) decide(ctx context.Context, a okey.Action) (okey.Verdict, error) {
	v := okey.Verdict{Accepted: true, Decided: a.Content.Decision}
	if a.Content.Decision == okey.Refuse {
		if err := c.move(ctx, okey.Refused); err != nil {
			return v, err
		}
		c.mail(okey.MailRefused)
		return v, errors.Join(c.toldBySupport(ctx, a), c.tell(ctx, c.event(okey.EventRefused, a)))
	}
	c.request.ApprovedAt = c.matter.At
	if err := c.tell(ctx, c.event(okey.EventApproved, a)); err != nil {
		return v, err
	}
	if err := c.toldBySupport(ctx, a); err != nil {
		return v, err
	}
	return v, c.joinLine(ctx, okey.MailApproved, okey.MailKeepsPlace)
}

// toldBySupport has the approvers told when support answered in their place.
func (c *requestTx) toldBySupport(ctx context.Context, a okey.Action) error {
	actor, err := c.actor(ctx, a.By)
	if err != nil {
		return err
	}
	for _, role := range actor.RolesOver(okey.Subject{UAI: c.request.AnsweredBy()}, c.today) {
		if role == okey.RoleApprover || role == okey.RoleDelegate {
			return nil
		}
	}
	c.mail(okey.MailSupportDecided)
	return nil
}

// joinLine makes the request wait for stock, then lets the allocation look: first come, first served, this one included. served and
// waits are the mails for either end.
func (c *requestTx) joinLine(ctx context.Context, served, waits okey.MailKind) error {
	if err := c.move(ctx, okey.AwaitingStock); err != nil {
		return err
	}
	given, err := c.allocate(ctx)
	if err != nil {
		return err
	}
	if given {
		return c.takeKey(ctx, served)
	}
	if err := c.tell(ctx, okey.Event{Kind: okey.EventWaitsForStock, Via: okey.ViaEngine}); err != nil {
		return err
	}
	if err := c.wakeReserves(ctx); err != nil {
		return err
	}
	short, err := c.TellShortage(ctx, c.request.UAI)
	c.mails = append(c.mails, okey.MailStep{Kind: waits, Ref: c.request.Turn, Shortage: short})
	return err
}

// allocate gives the establishment's free keys out, and answers whether this request has one now. Others that got one are woken.
func (c *requestTx) allocate(ctx context.Context) (bool, error) {
	woken, err := c.AllocateOn(ctx, c.request.UAI, c.today, c.matter.At)
	if err != nil {
		return false, err
	}
	for _, id := range woken {
		if id != c.request.ID {
			c.woken = append(c.woken, id)
		}
	}
	return c.holdsKey(ctx)
}

// holdsKey looks whether a key is kept aside for the request by now.
func (c *requestTx) holdsKey(ctx context.Context) (bool, error) {
	now, err := c.Request(ctx, c.request.ID)
	c.request.Key = now.Key
	return now.Key != "", err
}

// takeKey goes on with the key that was given: to the charter, or, where charter and PIN were given before, straight to the handover.
func (c *requestTx) takeKey(ctx context.Context, mail okey.MailKind) error {
	if err := c.tell(ctx, okey.Event{Kind: okey.EventKeyReserved, Via: okey.ViaEngine, Key: c.request.Key}); err != nil {
		return err
	}
	pin, err := c.TakePIN(ctx, c.request.ID)
	if err != nil {
		return err
	}
	if pin == "" { // not signed yet; or, against all expectation, no PIN: then the person chooses one again
		if err := c.move(ctx, okey.AwaitingCharter); err != nil {
			return err
		}
		c.mail(mail)
		return nil
	}
	if err := c.attribute(ctx, uuid.Nil, pin); err != nil {
		return err
	}
	if err := c.move(ctx, okey.AwaitingHandover); err != nil {
		return err
	}
	c.mail(okey.MailKeyReplaced) // it says all: another key, and that it awaits
	return nil
}

func (c *requestTx) attribute(ctx context.Context, by okey.PersonID, pin string) error {
	_, err := c.ChangeKey(ctx, c.request.Key, sql.KeyChange{
		Reason: okey.ReasonSigned, At: c.matter.At, By: by, Via: okey.ViaEngine, Request: c.request.ID, PINHash: pin,
	})
	return err
}

// sign records the charter, moves the PIN to the key and attributes it.
func (c *requestTx) sign(ctx context.Context, a okey.Action) (okey.Verdict, error) {
	current, err := c.Charter(ctx)
	if err != nil {
		return okey.Verdict{}, err
	}
	if a.Content.Charter != current.Version {
		return okey.Verdict{Reason: okey.CodeCharterOutdated}, nil
	}
	if a.PINHash == "" { // a day old: deleted
		return okey.Verdict{Reason: okey.CodeInvalid, Detail: "pin"}, nil
	}
	if err := c.Sign(ctx, c.request.ID, current.Version, c.matter.At, a.By, a.Via); err != nil {
		return okey.Verdict{}, err
	}
	c.request.SignedAt, c.request.Charter = c.matter.At, current.Version
	if err := c.attribute(ctx, a.By, a.PINHash); err != nil {
		return okey.Verdict{}, err
	}
	if err := c.move(ctx, okey.AwaitingHandover); err != nil {
		return okey.Verdict{}, err
	}
	c.mail(okey.MailSigned)
	return okey.Verdict{Accepted: true}, c.tell(ctx, c.event(okey.EventSigned, a))
}

// withdraw ends the request; a kept key goes back to stock and on to the next in line.
func (c *requestTx) withdraw(ctx context.Context, a okey.Action) (okey.Verdict, error) {
	v := okey.Verdict{Accepted: true}
	if err := c.tell(ctx, c.event(okey.EventWithdrawn, a)); err != nil {
		return v, err
	}
	c.mail(okey.MailWithdrawn)
	return v, c.end(ctx, okey.Withdrawn, a.By, a.Via)
}

// end closes a request that gets no key.
func (c *requestTx) end(ctx context.Context, stage okey.Stage, by okey.PersonID, via okey.Via) error {
	if err := c.StorePIN(ctx, c.request.ID, ""); err != nil {
		return err
	}
	if c.request.Key != "" {
		_, err := c.ChangeKey(ctx, c.request.Key, sql.KeyChange{Reason: okey.ReasonReleased, At: c.matter.At, By: by, Via: via})
		if err != nil {
			return err
		}
		c.request.Key = ""
	}
	if err := c.move(ctx, stage); err != nil {
		return err
	}
	_, err := c.allocate(ctx)
	return err
}

func (c *requestTx) event(kind okey.EventKind, a okey.Action) okey.Event {
	return okey.Event{Kind: kind, By: a.By, Via: a.Via, Comment: a.Content.Comment, Key: c.request.Key}
}
