package activities

import (
	"context"
	"time"

	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// nudge looks whether a key is there: after a gift, from Temporal's UI, or once a day. It changes nothing that stands already, so it
// needs no action of its own; at another stage it is a stray.
func (c *requestTx) nudge(ctx context.Context) (okey.Verdict, error) {
	return c.once(ctx, okey.ActionOf(okey.StockAvailable), func() (okey.Verdict, error) {
		if err := c.settle(ctx); err != nil {
			return okey.Verdict{}, err
		}
		if sooner, err := c.othersWait(ctx); err != nil || sooner {
			return okey.Verdict{Accepted: sooner}, err
		}
		if c.request.Stage != okey.AwaitingStock { // its workflow has learned where it stands: all that a wake-up can do here
			return okey.Verdict{Reason: okey.CodeWrongStage}, c.NoWakeUpOwed(ctx, c.request.ID)
		}
		return c.tryStock(ctx)
	})
}

// endSooner shortens the reserve of a key that awaits its handover where others wait, and answers whether it did; it writes nothing.
func (c *requestTx) endSooner(ctx context.Context) (bool, error) {
	if c.request.Stage != okey.AwaitingHandover {
		return false, nil
	}
	until := c.sharedUntil(c.request.Since)
	if until.IsZero() || !until.Before(c.request.KeptUntil) {
		return false, nil
	}
	wait, err := c.OthersWait(ctx, c.request.UAI)
	if err == nil && wait {
		c.request.KeptUntil = until
	}
	return wait, err
}

func (c *requestTx) sharedUntil(since time.Time) time.Time {
	zone := okey.ZoneOf(c.place.Academy)
	return c.matter.Waits.SharedUntil(since.In(zone), c.matter.At.In(zone), c.openDays)
}

// othersWait shortens the reserve that a wake-up came for, and has its person and who hands over told.
func (c *requestTx) othersWait(ctx context.Context) (bool, error) {
	sooner, err := c.endSooner(ctx)
	if err != nil || !sooner {
		return false, err
	}
	c.mail(okey.MailOthersWait)
	return true, c.KeepUntil(ctx, c.request.ID, c.request.KeptUntil)
}

// wakeReserves has the requests whose keys lie ready at the establishment learn that somebody has come to wait there: each judges for
// itself what that means, by the lengths that it began with.
func (c *requestTx) wakeReserves(ctx context.Context) error {
	reserves, err := c.Reserves(ctx, c.request.UAI)
	if err != nil {
		return err
	}
	var wake []uuid.UUID
	for _, r := range reserves {
		if until := c.sharedUntil(r.Since); !until.IsZero() && until.Before(r.KeptUntil) {
			wake = append(wake, r.ID)
		}
	}
	c.woken = append(c.woken, wake...)
	return c.OweWakeUps(ctx, wake)
}

// tryStock takes the key that was given, or has the allocation look for one.
func (c *requestTx) tryStock(ctx context.Context) (okey.Verdict, error) {
	given, err := c.holdsKey(ctx)
	if err == nil && !given {
		given, err = c.allocate(ctx)
	}
	if err != nil {
		return okey.Verdict{}, err
	}
	if !given {
		return okey.Verdict{Reason: okey.CodeNoKeyFree}, c.NoWakeUpOwed(ctx, c.request.ID)
	}
	return okey.Verdict{Accepted: true}, c.takeKey(ctx, okey.MailKeyFree)
}

// backInLine is what the loss of a kept key means for its request: it keeps its place, and charter and PIN once given.
func (c *requestTx) backInLine(ctx context.Context) error {
	if err := c.tell(ctx, okey.Event{Kind: okey.EventKeyLost, Via: okey.ViaEngine}); err != nil {
		return err
	}
	return c.joinLine(ctx, okey.MailKeyReplaced, okey.MailKeyReplaced)
}

// handOver gives the key to its person: the attributed one, or one from the same stock that changes places with it.
func (c *requestTx) handOver(ctx context.Context, a okey.Action) (okey.Verdict, error) {
	v := okey.Verdict{Accepted: true}
	pin, err := c.PINOf(ctx, c.request.Key)
	if err != nil {
		return v, err
	}
	if a.Content.Serial, err = c.inHand(ctx, a.Content.Serial); err != nil {
		return v, err
	}
	if a.Content.Serial != c.request.Key {
		refused, err := c.swap(ctx, a)
		if err != nil || refused != nil {
			if refused == nil {
				refused = &okey.Verdict{}
			}
			return *refused, err
		}
		v.Swapped = true
	} else if err := c.prove(ctx, a); err != nil {
		return refusal(err)
	}
	if err := c.retireOldKey(ctx, a); err != nil {
		return v, err
	}
	given := sql.KeyChange{
		Reason: okey.ReasonHandedOver, At: c.matter.At, By: a.By, Via: a.Via, Holder: c.request.Person, PINHash: pin, TriedAt: c.triedAt,
	}
	if c.request.Reason == okey.Loan {
		given.Reason, given.DueAt = okey.ReasonLent, okey.LoanUntil(c.matter.At.In(okey.ZoneOf(c.place.Academy)), c.openDays)
	} else if err := c.EndLoans(ctx, c.request.Person, c.matter.At); err != nil {
		return v, err
	}
	if _, err = c.ChangeKey(ctx, c.request.Key, given); err != nil {
		return v, err
	}
	if err := c.move(ctx, okey.HandedOver); err != nil {
		return v, err
	}
	if _, err := c.allocate(ctx); err != nil { // the key that was swapped out, if any
		return v, err
	}
	c.mail(okey.MailHandedOver)
	handed := c.event(okey.EventHandedOver, a)
	handed.TriedAt = c.triedAt
	return v, c.tell(ctx, handed)
}

// inHand is the key that is handed over: the end of the attributed one's number names it, unless that is another key's number itself.
func (c *requestTx) inHand(ctx context.Context, named okey.Serial) (okey.Serial, error) {
	if !c.request.Key.EndsLike(string(named)) {
		return named, nil
	}
	_, err := c.Key(ctx, named)
	if okey.ErrorCode(err) == okey.CodeNotFound {
		return c.request.Key, nil
	}
	return named, err
}

// prove looks whether the key that is handed over was tried, as its academy may want: proof_missing where it wants that, and support does
// not say why it is to be without.
func (c *requestTx) prove(ctx context.Context, a okey.Action) error {
	if !c.proofs.Offered(c.place.Academy) {
		return nil
	}
	tried, err := c.TrialsFor(ctx, c.request.ID)
	if err != nil {
		return err
	}
	c.triedAt = okey.ProofOf(tried, a.Content.Serial).HoldsAt(a.CreatedAt)
	if !c.triedAt.IsZero() || c.proofs.At(c.place.Academy) != okey.CounterProofRequired {
		return nil
	}
	if actor, err := c.actor(ctx, a.By); err != nil || (actor.Support && a.Content.Comment != "") {
		return err
	}
	return okey.Errorf(okey.CodeProofMissing, "La clef n'a pas été essayée.")
}

// swap lets another key of the same stock take the attributed one's place. A key that can't is refused, naming its state.
func (c *requestTx) swap(ctx context.Context, a okey.Action) (*okey.Verdict, error) {
	other, err := c.Key(ctx, a.Content.Serial)
	switch {
	case okey.ErrorCode(err) == okey.CodeNotFound:
		return &okey.Verdict{Reason: okey.CodeKeyUnknown}, nil
	case err != nil:
		return nil, err
	case other.UAI != c.request.UAI:
		return &okey.Verdict{Reason: okey.CodeKeyElsewhere}, nil
	case other.State != okey.InStock:
		return &okey.Verdict{Reason: okey.CodeKeyNotFree, OtherKey: other.State}, nil
	case other.ExpiresOn.Before(okey.DayOf(c.matter.At, okey.ZoneOf(c.place.Academy))):
		return &okey.Verdict{Reason: okey.CodeKeyNotFree, OtherKey: other.State, Detail: okey.DetailExpired}, nil
	}
	if err := c.prove(ctx, a); err != nil {
		v, err := refusal(err)
		return &v, err
	}
	_, err = c.ChangeKey(ctx, c.request.Key, sql.KeyChange{Reason: okey.ReasonReleased, At: c.matter.At, By: a.By, Via: a.Via})
	if err != nil {
		return nil, err
	}
	c.request.Key = other.Serial
	return nil, c.tell(ctx, okey.Event{Kind: okey.EventSwapped, By: a.By, Via: a.Via, Key: other.Serial})
}

// retireOldKey ends the key that a renewal replaces, at the moment the new one is handed over. One that is mislaid nobody takes back: it is
// lost.
func (c *requestTx) retireOldKey(ctx context.Context, a okey.Action) error {
	if c.request.Reason != okey.Renewal {
		return nil
	}
	held, err := c.KeysHeldBy(ctx, c.request.Person)
	if err != nil {
		return err
	}
	for _, key := range okey.Own(held) {
		retired := sql.KeyChange{Reason: okey.ReasonRetired, At: c.matter.At, By: a.By, Via: a.Via}
		if key.State == okey.Suspended {
			retired.Reason, retired.Comment = okey.ReasonLost, "Égarée, elle n'était pas retrouvée à la remise de la suivante."
		}
		if _, err := c.ChangeKey(ctx, key.Serial, retired); err != nil {
			return err
		}
	}
	return nil
}

// expiry ends a request whose stage has lasted its time, unless it moved on meanwhile, or somebody had it move on: what was recorded in
// time counts, however late the engine brings it.
func (c *requestTx) expiry(ctx context.Context) (okey.Verdict, error) {
	action, done, err := c.ownAction(ctx, okey.ActionExpire)
	if err != nil || done {
		return c.repeated(action), err
	}
	v := okey.Verdict{Reason: okey.CodeWrongStage}
	due := !c.matter.At.Before(c.request.KeptUntil) && c.request.Turn == c.matter.Turn
	if due {
		if err := c.judgeRecorded(ctx, c.request.KeptUntil.Add(time.Second)); err != nil { // its last second counts whole
			return v, err
		}
	}
	if due && c.request.Turn == c.matter.Turn && okey.CheckSignal(c.request.Stage, okey.Expiry) == nil {
		v = okey.Verdict{Accepted: true}
		if err := c.runOut(ctx); err != nil {
			return v, err
		}
		c.record(string(okey.ActionExpire), uuid.Nil, okey.ViaEngine, string(c.request.Stage))
	}
	v = c.answer(v)
	return v, c.Judged(ctx, action.ID, v, c.matter.At)
}

// runOut is what the end of its stage's time means for a request.
func (c *requestTx) runOut(ctx context.Context) error {
	if c.becameForGood() { // the stage lasts as long as that of any other, from now on
		return c.move(ctx, c.request.Stage)
	}
	if err := c.tell(ctx, okey.Event{Kind: okey.EventExpired, Via: okey.ViaEngine}); err != nil {
		return err
	}
	c.mail(okey.MailExpired)
	return c.end(ctx, okey.Expired, uuid.Nil, okey.ViaEngine)
}

// becameForGood tells whether the stage that ends was a loan's, and so a short one, where the mislaid key was lost meanwhile.
func (c *requestTx) becameForGood() bool {
	since := c.request.Since.In(okey.ZoneOf(c.place.Academy))
	ends := func(reason okey.RequestReason) time.Time {
		return okey.Standing{Deadlines: c.matter.Waits.For(reason).Deadlines(c.request.Stage, since, c.openDays)}.ExpiryOf()
	}
	return ends(okey.Loan).Equal(c.request.KeptUntil) && ends(c.request.Reason).After(c.request.KeptUntil)
}

// judgeRecorded judges, in the order of their recording, the request's actions that were recorded before an instant and that no signal has
// brought yet.
func (c *requestTx) judgeRecorded(ctx context.Context, before time.Time) error {
	waiting, err := c.Unjudged(ctx, c.request.ID, before)
	if err != nil {
		return err
	}
	deadline, mails, woken := c.matter, c.mails, c.woken
	for _, a := range waiting {
		c.matter = okey.Matter{
			Kind: okey.MatterAction, Request: c.request.ID, Action: a.ID, Signal: a.Name.Signal(), At: deadline.At, Waits: deadline.Waits,
		}
		c.mails, c.woken = nil, nil // each answers for its own
		if _, err := c.action(ctx); err != nil {
			return err
		}
		mails, woken = append(mails, c.mails...), append(woken, c.woken...)
	}
	c.matter, c.mails, c.woken = deadline, mails, woken
	return nil
}

// stray records a signal that has no standing, and changes nothing.
func (c *requestTx) stray(ctx context.Context) (okey.Verdict, error) {
	name := okey.ActionOf(c.matter.Signal)
	if name == "" {
		name = okey.ActionUnknown
	}
	if c.matter.Fault == okey.CodeCancelIgnored {
		name = "cancellation"
	}
	action, done, err := c.ownAction(ctx, name)
	if err != nil || done {
		return c.repeated(action), err
	}
	c.record(string(name), uuid.Nil, okey.ViaEngine, string(c.matter.Fault))
	v := c.answer(okey.Verdict{Reason: c.matter.Fault})
	return v, c.Judged(ctx, action.ID, v, c.matter.At)
}

// ownAction records a matter that no person recorded, under an id that a second attempt finds again; done where it was judged before.
func (c *requestTx) ownAction(ctx context.Context, name okey.ActionName) (action okey.Action, done bool, err error) {
	id := c.ownID(name)
	err = c.FollowUp(ctx, okey.Action{ID: id, Request: c.request.ID, Name: name, Via: okey.ViaEngine, CreatedAt: c.matter.At})
	if err != nil {
		return okey.Action{}, false, err
	}
	action, err = c.LockAction(ctx, id)
	return action, err == nil && action.Verdict != nil, err
}

// ownID is the same at each attempt, and another for each matter.
func (c *requestTx) ownID(name okey.ActionName) uuid.UUID {
	once := c.matter.Once
	if once == "" {
		once = c.matter.Action.String()
	}
	return okey.DerivedID(c.request.ID, string(name)+"/"+once)
}

// repeated answers what was answered before, with where the request stands now: nothing that comes twice leads back.
func (c *requestTx) repeated(a okey.Action) okey.Verdict {
	if a.Verdict == nil {
		return okey.Verdict{}
	}
	v := *a.Verdict
	v.Standing = c.standing()
	return v
}
