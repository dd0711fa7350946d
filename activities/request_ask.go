package activities

import (
	"context"
	"fmt"
	"slices"

	"okey/okey"
	"okey/sql"
)

// ask judges whether a request may be opened, and opens it. Refused, no request exists: the asker reads why from the action.
func (c *requestTx) ask(ctx context.Context) (okey.Verdict, error) {
	action, err := c.LockAction(ctx, c.matter.Action)
	if okey.ErrorCode(err) == okey.CodeNotFound {
		return okey.Verdict{}, c.Leads(ctx) // a workflow started by hand, for a request that nobody made
	}
	if err != nil {
		return okey.Verdict{}, err
	}
	if action.Name != okey.ActionAsk || action.Request != c.matter.Request {
		return okey.Verdict{}, c.Leads(ctx) // a signal to a request that never was: its workflow ends
	}
	if action.Verdict != nil {
		return *action.Verdict, nil
	}
	verdict, err := c.open(ctx, action)
	if err != nil {
		return okey.Verdict{}, err
	}
	detail := "accepted"
	if !verdict.Accepted {
		detail = string(verdict.Reason)
	}
	c.record(string(okey.ActionAsk), action.By, action.Via, detail)
	return verdict, c.Judged(ctx, action.ID, verdict, c.matter.At)
}

func (c *requestTx) open(ctx context.Context, action okey.Action) (okey.Verdict, error) {
	uai := action.Content.Establishment
	if detail, err := c.outOfScope(ctx, uai); err != nil || detail != "" {
		return okey.Verdict{Reason: okey.CodeNotEligible, Detail: detail}, err
	}
	if err := c.LockEstablishment(ctx, uai); err != nil {
		return okey.Verdict{}, err
	}
	place, err := c.Place(ctx, uai)
	if err != nil {
		return okey.Verdict{}, err
	}
	c.locate(place)
	if c.place.Successor != "" { // read under the lock: no request is opened behind a succession's back
		return okey.Verdict{Reason: okey.CodeNotEligible, Detail: okey.DetailSucceeded}, nil
	}
	if refused, err := c.notForThisPerson(ctx, action.By, action.Content.Reason); err != nil || refused.Reason != "" {
		return refused, err
	}
	if refused, err := c.nothingToReplace(ctx, action); err != nil || refused.Reason != "" {
		return refused, err
	}
	c.request = okey.Request{
		ID: action.Request, Person: action.By, UAI: uai, Host: c.place.Host, Need: action.Content.Need, Reason: action.Content.Reason,
		Stage: okey.AwaitingDecision, Turn: 1, Since: c.matter.At, AskedAt: c.matter.At,
	}
	c.request.KeptUntil = c.standing().ExpiryOf()
	err = c.OpenRequest(ctx, c.request)
	if okey.ErrorCode(err) == okey.CodeAlreadyOpen {
		return okey.Verdict{Reason: okey.CodeAlreadyOpen}, nil
	}
	if err != nil {
		return okey.Verdict{}, fmt.Errorf("open the request: %w", err)
	}
	if err := c.tell(ctx, okey.Event{Kind: okey.EventAsked, By: action.By, Via: action.Via, Comment: action.Content.Need}); err != nil {
		return okey.Verdict{}, err
	}
	if err := c.announce(ctx); err != nil {
		return okey.Verdict{}, err
	}
	return c.answer(okey.Verdict{Accepted: true}), nil
}

// announce tells who must answer; where nobody can, support; and where no key is free, both sides, the approvers once a shortage.
func (c *requestTx) announce(ctx context.Context) error {
	// The allocation notes a shortage; it can't give this request a key, which waits for an answer first.
	woken, err := c.AllocateOn(ctx, c.request.UAI, c.today, c.matter.At)
	if err != nil {
		return err
	}
	c.woken = woken
	short, err := c.TellShortage(ctx, c.request.UAI)
	if err != nil {
		return err
	}
	answerable, err := c.answerable(ctx)
	if err != nil {
		return err
	}
	kind := okey.MailAsked
	if !answerable {
		kind = okey.MailNobody
		if err := c.tell(ctx, okey.Event{Kind: okey.EventToSupport, Via: okey.ViaEngine}); err != nil {
			return err
		}
	}
	c.mails = append(c.mails, okey.MailStep{Kind: kind, Ref: c.request.Turn, Shortage: short})
	return nil
}

// answerable tells whether an approver or a delegate, other than the requester, may answer today.
func (c *requestTx) answerable(ctx context.Context) (bool, error) {
	people, err := deciders(ctx, c.Tx, c.request.AnsweredBy(), c.today)
	return slices.ContainsFunc(people, func(r okey.Responder) bool { return r.ID != c.request.Person }), err
}

// deciders are the approvers and the delegates for everything who answer for an establishment on a day.
func deciders(ctx context.Context, tx *sql.Tx, uai okey.UAI, today okey.Day) ([]okey.Responder, error) {
	found, err := tx.Responders(ctx, uai, today)
	return slices.DeleteFunc(found, func(r okey.Responder) bool { return r.Role == okey.RoleStockDelegate }), err
}

// outOfScope names why OKEY does not serve an establishment, "" where it does.
func (c *requestTx) outOfScope(ctx context.Context, uai okey.UAI) (string, error) {
	_, err := c.Establishment(ctx, uai)
	if err == nil || okey.ErrorCode(err) != okey.CodeNotFound {
		return "", err
	}
	if former, err := c.Place(ctx, uai); err == nil && former.Successor != "" {
		return okey.DetailSucceeded, nil
	}
	_, why, known, err := c.LeftOut(ctx, uai)
	if err != nil {
		return "", err
	}
	if known {
		return string(why), nil
	}
	return okey.DetailUnknownEstablishment, nil
}

// notForThisPerson refuses someone who does not work there, or who holds a key that still serves; its Reason is empty for anybody else.
func (c *requestTx) notForThisPerson(ctx context.Context, person okey.PersonID, reason okey.RequestReason) (okey.Verdict, error) {
	actor, err := c.actor(ctx, person)
	if err != nil {
		return okey.Verdict{}, err
	}
	if len(actor.At(c.place.UAI, c.today)) == 0 {
		detail := okey.DetailNotAssigned
		if len(actor.Establishments(c.today)) == 0 {
			detail = okey.DetailNoEstablishment
		}
		return okey.Verdict{Reason: okey.CodeNotEligible, Detail: detail}, nil
	}
	held, err := c.KeysHeldBy(ctx, person)
	if err != nil {
		return okey.Verdict{}, err
	}
	if reason == okey.Loan {
		return forLoan(held), nil
	}
	for _, key := range okey.Own(held) {
		if reason != okey.Renewal {
			return okey.Verdict{Reason: okey.CodeAlreadyHolds}, nil
		}
		if !key.Renewable(c.today) {
			return okey.Verdict{Reason: okey.CodeAlreadyHolds, Detail: okey.DetailNotYetRenewable}, nil
		}
	}
	return okey.Verdict{}, nil
}

// forLoan refuses to lend a key to whoever has not mislaid theirs, or has one lent already; its Reason is empty for anybody else.
func forLoan(held []okey.Key) okey.Verdict {
	mislaid := slices.ContainsFunc(held, func(k okey.Key) bool { return k.State == okey.Suspended })
	switch {
	case len(okey.Own(held)) < len(held):
		return okey.Verdict{Reason: okey.CodeAlreadyHolds, Detail: okey.DetailLent}
	case !mislaid && len(held) > 0:
		return okey.Verdict{Reason: okey.CodeAlreadyHolds, Detail: okey.DetailNotMislaid}
	case !mislaid:
		return okey.Verdict{Reason: okey.CodeInvalid, Detail: okey.DetailNotMislaid}
	}
	return okey.Verdict{}
}

// nothingToReplace refuses to replace a key for someone who has never had one that was lost or broke.
func (c *requestTx) nothingToReplace(ctx context.Context, a okey.Action) (okey.Verdict, error) {
	if a.Content.Reason != okey.Replacement {
		return okey.Verdict{}, nil
	}
	serial, _, err := c.UnusableKey(ctx, a.By)
	if err != nil || serial != "" {
		return okey.Verdict{}, err
	}
	return okey.Verdict{Reason: okey.CodeInvalid, Detail: okey.DetailReason}, nil
}
