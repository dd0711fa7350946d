// Package activities judges what people want of requests, keys and the stock, and writes what follows: tried twice, it does its work once.
// It names the letters that are due and knows nothing of who reads them: that is package mails.
package activities

import (
	"context"
	"time"

	"okey/calendar"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// Requests judges what concerns requests. It is the only writer of their stages.
type Requests struct {
	store    *sql.Store
	calendar *calendar.Calendar
	proofs   okey.CounterProofs
}

// NewRequests makes the judge.
func NewRequests(store *sql.Store, days *calendar.Calendar) *Requests {
	return &Requests{store: store, calendar: days}
}

// Proving has it refuse handovers without the trial that an academy wants; returns itself.
func (r *Requests) Proving(proofs okey.CounterProofs) *Requests {
	r.proofs = proofs
	return r
}

// Judge decides a matter of a request in one transaction, under the locks of its establishment and its row: outcome, state, timeline and
// audit. A second attempt returns what the first one answered. Only the workflow KeyRequest calls it.
func (r *Requests) Judge(ctx context.Context, m okey.Matter) (okey.Verdict, error) {
	var verdict okey.Verdict
	err := r.store.Do(ctx, func(tx *sql.Tx) error {
		c := &requestTx{Tx: tx, calendar: r.calendar, proofs: r.proofs, matter: m}
		v, err := c.judge(ctx)
		verdict = v
		return err
	})
	return verdict, err
}

// requestTx is the transaction in which one matter is judged, with what it has found so far.
type requestTx struct {
	*sql.Tx
	calendar *calendar.Calendar
	proofs   okey.CounterProofs
	matter   okey.Matter
	request  okey.Request
	place    sql.Place
	today    okey.Day
	actors   map[okey.PersonID]okey.Actor
	mails    []okey.MailStep
	woken    []uuid.UUID
	triedAt  time.Time // of the key that is handed over; zero: it was not tried
}

func (c *requestTx) judge(ctx context.Context) (okey.Verdict, error) {
	known, err := c.load(ctx)
	if err != nil {
		return okey.Verdict{}, err
	}
	switch {
	case !known && c.matter.Action != uuid.Nil:
		return c.ask(ctx)
	case !known:
		return okey.Verdict{}, c.Leads(ctx) // a signal to a request that never was: its workflow ends
	case c.matter.Kind == okey.MatterOpen:
		return c.opened(ctx)
	case c.matter.Kind == okey.MatterAction:
		return c.action(ctx)
	case c.matter.Kind == okey.MatterNudge:
		return c.nudge(ctx)
	case c.matter.Kind == okey.MatterExpiry:
		return c.expiry(ctx)
	default:
		return c.stray(ctx)
	}
}

// load takes the locks and reads the request; false where there is none.
func (c *requestTx) load(ctx context.Context) (bool, error) {
	request, err := c.LockRequest(ctx, c.matter.Request)
	if okey.ErrorCode(err) == okey.CodeNotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	c.request = request.Request
	c.locate(request.Place)
	return true, nil
}

func (c *requestTx) locate(place sql.Place) {
	c.place = place
	c.today = okey.DayOf(c.matter.At, okey.ZoneOf(place.Academy))
}

// actor is Tx.Actor, asked once: nothing that is judged here changes what somebody is.
func (c *requestTx) actor(ctx context.Context, id okey.PersonID) (okey.Actor, error) {
	if known, asked := c.actors[id]; asked {
		return known, nil
	}
	found, err := c.Actor(ctx, id)
	if err == nil {
		if c.actors == nil {
			c.actors = map[okey.PersonID]okey.Actor{}
		}
		c.actors[id] = found
	}
	return found, err
}

// opened answers a second attempt at the asking with what the first one answered, its mails above all; and to a workflow that begins in
// the middle where its request stands, once a key that it lost meanwhile is seen to.
func (c *requestTx) opened(ctx context.Context) (okey.Verdict, error) {
	if c.matter.Action != uuid.Nil {
		asked, err := c.LockAction(ctx, c.matter.Action)
		if err != nil && okey.ErrorCode(err) != okey.CodeNotFound {
			return okey.Verdict{}, err
		}
		if asked.Verdict != nil && asked.Request == c.request.ID && asked.Name == okey.ActionAsk {
			return c.repeated(asked), nil
		}
	}
	return c.once(ctx, "resume", func() (okey.Verdict, error) {
		return okey.Verdict{Accepted: true}, c.settle(ctx)
	})
}

// once does what nobody recorded, and keeps what it answers where it moved the request or its end: a second attempt must return the same
// mails. What changes nothing leaves no row.
func (c *requestTx) once(ctx context.Context, name okey.ActionName, work func() (okey.Verdict, error)) (okey.Verdict, error) {
	earlier, err := c.LockAction(ctx, c.ownID(name))
	switch {
	case err == nil && earlier.Verdict != nil:
		return c.repeated(earlier), nil
	case err != nil && okey.ErrorCode(err) != okey.CodeNotFound:
		return okey.Verdict{}, err
	}
	turn, until := c.request.Turn, c.request.KeptUntil
	v, err := work()
	if err != nil {
		return okey.Verdict{}, err
	}
	v = c.answer(v)
	if c.request.Turn == turn && c.request.KeptUntil.Equal(until) {
		return v, nil
	}
	action, _, err := c.ownAction(ctx, name)
	if err != nil {
		return okey.Verdict{}, err
	}
	c.record(string(name), uuid.Nil, okey.ViaEngine, string(c.request.Stage))
	return v, c.Judged(ctx, action.ID, v, c.matter.At)
}

// settle moves a request whose kept key is gone back into the line, or on with another key: before anything else is judged.
func (c *requestTx) settle(ctx context.Context) error {
	if !c.request.Stage.KeepsKey() {
		return nil
	}
	lost := c.request.Key == ""
	if c.request.WakeUpOwed && !lost {
		var err error
		if lost, err = c.replaced(ctx); err != nil {
			return err
		}
	}
	if lost {
		return c.backInLine(ctx)
	}
	return nil
}

// replaced tells whether the key that is kept is not the one that the flow knows of: that one was lost, and the allocation has given
// another since. The same one, found again, comes back without the PIN.
func (c *requestTx) replaced(ctx context.Context) (bool, error) {
	known, _, err := c.LastEvent(ctx, c.request.ID, okey.EventKeyReserved)
	if err != nil || known.Key != c.request.Key {
		return err == nil, err
	}
	pin, err := c.PINOf(ctx, c.request.Key)
	return pin == "" && c.request.Stage == okey.AwaitingHandover, err
}

// answer completes a verdict with what the judging found: where the request stands now, what follows.
func (c *requestTx) answer(v okey.Verdict) okey.Verdict {
	v.Standing, v.Mails, v.Woken = c.standing(), c.mails, c.woken
	return v
}

// standing writes times in the academy's own zone: the workflow shows them as they come.
func (c *requestTx) standing() okey.Standing {
	zone := okey.ZoneOf(c.place.Academy)
	s := okey.Standing{Stage: c.request.Stage, Turn: c.request.Turn, Since: c.request.Since.In(zone), UAI: c.request.UAI}
	s.Deadlines = c.matter.Waits.For(c.request.Reason).Deadlines(s.Stage, s.Since, c.openDays)
	for i, d := range s.Deadlines {
		// Until when the stage lasts was settled when it began: whoever starts a workflow by hand can't shorten it.
		if d.Kind == okey.DueExpiry && !c.request.KeptUntil.IsZero() {
			d.At = c.request.KeptUntil
		}
		s.Deadlines[i].At = d.At.In(zone)
	}
	s.Deadlines = okey.Until(s.ExpiryOf(), s.Deadlines)
	return s
}

func (c *requestTx) openDays(from time.Time, n int) time.Time {
	return c.calendar.AddOpenDays(c.place.Establishment, from, n)
}

// move writes the request's next stage, with the time that it has in it.
func (c *requestTx) move(ctx context.Context, stage okey.Stage) error {
	c.request.Stage, c.request.Since = stage, c.matter.At
	c.request.Turn++
	c.request.KeptUntil = time.Time{}
	c.request.KeptUntil = c.standing().ExpiryOf()
	if _, err := c.endSooner(ctx); err != nil {
		return err
	}
	return c.MoveRequest(ctx, c.request)
}

func (c *requestTx) tell(ctx context.Context, e okey.Event) error {
	e.At = c.matter.At
	return c.AddEvent(ctx, c.request.ID, e)
}

func (c *requestTx) mail(kind okey.MailKind) {
	c.mails = append(c.mails, okey.MailStep{Kind: kind, Ref: c.request.Turn})
}

// record puts what happened to the request into the audit.
func (c *requestTx) record(event string, by okey.PersonID, via okey.Via, detail string) {
	c.Audit(sql.Entry{At: c.matter.At, Event: event, Actor: by, Via: via, Subject: sql.AboutRequest(c.matter.Request), Detail: detail})
}
