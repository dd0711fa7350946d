package activities

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"okey/engine"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"
	"golang.org/x/sync/errgroup"
)

// Repair sends off again what was lost between the database and the engine. Everything it does may be done twice.
type Repair struct {
	store  *sql.Store
	engine *engine.Engine
	looked atomic.Int64 // when this worker last compared all that is open with all that runs, in seconds of Unix
}

// NewRepair makes the repairer.
func NewRepair(store *sql.Store, e *engine.Engine) *Repair { return &Repair{store: store, engine: e} }

const (
	repairBatch = 500
	wakesAtOnce = 8 // a signal waits for the engine more than it works
	// A PIN, hashed, waits this long with an action that nobody judges: longer than an engine is away.
	pinLife = 7 * 24 * time.Hour
	// A delivery that was shown and that nobody took is forgotten after so long.
	draftLife = 24 * time.Hour
	// A server that has just recorded an action is still delivering it.
	deliveryGrace = 5 * time.Second
	// A turn of a receiver of events, and its pause, are over by then.
	receiverGrace = 2 * time.Minute
	// The watch looks once a minute, somewhat earlier or later: a turn that comes within so long is not left for a minute more.
	early = 15 * time.Second
	// What is open and what runs are counted each minute, and compared one by one so often, whatever the counts.
	wholeLook = time.Hour
)

// Lost starts workflows of open requests and orders that have none, delivers actions that have no outcome, and wakes requests that are
// owed it. One failure does not keep the others back.
func (r *Repair) Lost(ctx context.Context) (okey.RepairReport, error) {
	var report okey.RepairReport
	failed := errors.Join( // what waits goes first: a PIN is dropped only once its action had its chance
		r.deliverAll(ctx, &report), r.wakeOwed(ctx, okey.WakeInput{All: true}, &report), r.wakeForIdleKeys(ctx, &report),
		r.startMissing(ctx, &report), r.store.LapseKeys(ctx, time.Now().UTC()), r.store.BeginDelegations(ctx, time.Now().UTC()),
		r.lookForTroubles(ctx), r.wakeReceivers(ctx),
		r.store.DropOldPINs(ctx, time.Now().Add(-pinLife)), r.store.DropOldDrafts(ctx, time.Now().Add(-draftLife)),
	)
	if failed != nil {
		return report, fmt.Errorf("repair: %w", failed)
	}
	return report, nil
}

// WakeOwed signals requests that were given a key, all or some, and delivers what key changes left to tell.
func (r *Repair) WakeOwed(ctx context.Context, in okey.WakeInput) (okey.RepairReport, error) {
	var report okey.RepairReport
	followUps, err := r.store.FollowUps(ctx, repairBatch)
	if err != nil {
		return report, err
	}
	err = errors.Join(r.deliverEach(ctx, followUps, &report), r.wakeOwed(ctx, in, &report))
	if err != nil {
		return report, fmt.Errorf("wake up: %w", err)
	}
	return report, nil
}

// Lapse has what was mislaid and not found in time be lost. Only the workflow KeyChange calls it; the watch does the same, for an engine
// that has lost its timer.
func (r *Repair) Lapse(ctx context.Context, m okey.KeyMatter) (okey.RepairReport, error) {
	if err := r.store.LapseKeys(ctx, m.At); err != nil {
		return okey.RepairReport{}, err
	}
	return r.WakeOwed(ctx, okey.WakeInput{})
}

// deliverAll gives every action without an outcome its turn, a batch after the other: however many can't be judged, they keep no other
// back.
func (r *Repair) deliverAll(ctx context.Context, report *okey.RepairReport) error {
	for now := time.Now(); ; {
		actions, err := r.store.Undelivered(ctx, now.Add(-deliveryGrace), now.Add(early), repairBatch)
		if err != nil {
			return err
		}
		if err := r.deliverEach(ctx, actions, report); err != nil || len(actions) < repairBatch {
			return err
		}
	}
}

func (r *Repair) deliverEach(ctx context.Context, actions []okey.Action, report *okey.RepairReport) error {
	var failed error
	for _, a := range actions {
		activity.RecordHeartbeat(ctx)
		delivered, err := r.deliver(ctx, a)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		if delivered {
			report.Delivered++
		}
	}
	return failed
}

// deliver brings an action to its workflow, unless that has it: a signal is never lost there, and one more would only lengthen its history.
func (r *Repair) deliver(ctx context.Context, a okey.Action) (delivered bool, err error) {
	if a.Name != okey.ActionAsk && a.Request != uuid.Nil {
		closed, err := r.store.RefuseClosed(ctx, a.ID, time.Now().UTC())
		if err != nil || closed.Verdict != nil {
			return false, err
		}
	}
	before, err := r.store.DeliveredAt(ctx, a.ID)
	if err != nil {
		return false, err
	}
	has := false
	if !before.IsZero() {
		if has, err = r.engine.Has(ctx, a, before); err != nil {
			return false, err
		}
	}
	if !has {
		if err := r.engine.Deliver(ctx, a); err != nil {
			return false, err
		}
	}
	return !has, r.store.Looked(ctx, a.ID, time.Now().UTC(), !has)
}

// wakeOwed goes from batch to batch by id: a request is owed its wake-up until its workflow has taken it, which may be long after.
func (r *Repair) wakeOwed(ctx context.Context, in okey.WakeInput, report *okey.RepairReport) error {
	var failed error
	for after := uuid.Nil; ; {
		owed, err := r.store.Owed(ctx, after, repairBatch)
		if err != nil {
			return errors.Join(failed, err)
		}
		failed = errors.Join(failed, r.wakeEach(ctx, owed, report))
		if !in.All || len(owed) < repairBatch {
			return failed
		}
		after = owed[len(owed)-1]
	}
}

func (r *Repair) wakeEach(ctx context.Context, requests []uuid.UUID, report *okey.RepairReport) error {
	failed := make([]error, len(requests))
	var wakes errgroup.Group
	wakes.SetLimit(wakesAtOnce)
	for i, id := range requests {
		activity.RecordHeartbeat(ctx)
		wakes.Go(func() error {
			failed[i] = r.engine.Wake(ctx, id)
			return nil // one failure does not keep the others back
		})
	}
	_ = wakes.Wait() // each failure has its place
	for _, err := range failed {
		if err == nil {
			report.Woken++
		}
	}
	return errors.Join(failed...)
}

// wakeReceivers wakes the workflow of each receiver of events that has something to do, and that nobody has woken, and starts those that
// are gone.
func (r *Repair) wakeReceivers(ctx context.Context) error {
	behind, err := r.store.ReceiversBehind(ctx, time.Now().Add(-receiverGrace))
	if err != nil {
		return err
	}
	var failed error
	for _, name := range behind {
		failed = errors.Join(failed, r.engine.WakeReceiver(ctx, name, false))
	}
	return failed
}

// wakeForIdleKeys wakes the first in line wherever a free key lies beside people who wait: its workflow has the allocation look.
func (r *Repair) wakeForIdleKeys(ctx context.Context, report *okey.RepairReport) error {
	first, err := r.store.FirstBesideFreeKeys(ctx, okey.DayOf(time.Now(), time.UTC), repairBatch)
	if err != nil {
		return err
	}
	return r.wakeEach(ctx, first, report)
}

// followed is a kind of thing that a workflow follows for as long as it is open.
type followed struct {
	workflow string
	count    func(ctx context.Context, before time.Time) (int, error)
	open     func(ctx context.Context, after uuid.UUID, limit int) ([]uuid.UUID, error)
	ensure   func(ctx context.Context, id uuid.UUID) (started bool, err error)
}

// startMissing starts workflows of open requests and orders that have none. While as many run as are open, nothing is listed: an order that
// is closed and waits for its last mails may hide one that is gone, until the next whole look.
func (r *Repair) startMissing(ctx context.Context, report *okey.RepairReport) error {
	now := time.Now()
	whole := now.Sub(time.Unix(r.looked.Load(), 0)) >= wholeLook
	var failed error
	for _, kind := range []followed{
		{okey.WorkflowKeyRequest, r.store.CountOpen, r.store.OpenRequests, r.engine.EnsureRunning},
		{okey.WorkflowOrder, r.store.CountOpenOrders, r.store.OpenOrders, r.engine.EnsureOrderRunning},
	} {
		missing, err := r.missing(ctx, kind, now)
		if err == nil && (missing || whole) {
			err = r.startEach(ctx, kind, report)
		}
		failed = errors.Join(failed, err)
	}
	if failed == nil && whole {
		r.looked.Store(now.Unix())
	}
	return failed
}

// missing tells whether fewer run than are open. What began just now may not be in the engine's lists yet: that costs one more look.
func (r *Repair) missing(ctx context.Context, kind followed, now time.Time) (bool, error) {
	open, err := kind.count(ctx, now)
	if err != nil || open == 0 {
		return false, err
	}
	run, err := r.engine.CountFollowed(ctx, kind.workflow)
	return run < open, err
}

// startEach asks the engine for those alone that its list has not.
func (r *Repair) startEach(ctx context.Context, kind followed, report *okey.RepairReport) error {
	running, err := r.engine.Running(ctx, kind.workflow)
	if err != nil {
		return err
	}
	after := uuid.Nil
	var failed error
	for {
		open, err := kind.open(ctx, after, repairBatch)
		if err != nil || len(open) == 0 {
			return errors.Join(failed, err)
		}
		for _, after = range open {
			if running[after] {
				continue
			}
			activity.RecordHeartbeat(ctx)
			started, err := kind.ensure(ctx, after)
			if err != nil {
				failed = errors.Join(failed, err)
			}
			if started {
				report.Started++
			}
		}
	}
}

const (
	// unjudged is how long a workflow may have an action without an outcome before it counts as trouble.
	unjudged = 2 * time.Minute
	// patience is how long a trouble may last before support is told.
	patience = 30 * time.Minute
	// forgotten is how long an activity that fails may be silent before its trouble is over: its workflow has ended another way.
	// Longer than the longest pause between two attempts (okey.Pause).
	forgotten = 2 * time.Hour
	// failedSince is how far back failed workflows are looked for.
	failedSince = 7 * 24 * time.Hour
)

// lookForTroubles keeps what does not get on by itself where support looks, sends failed workflows off again, and has support told of what
// has lasted half an hour.
func (r *Repair) lookForTroubles(ctx context.Context) error {
	now := time.Now().UTC()
	_, told := r.store.TellTroubles(ctx, now.Add(-patience), now.Truncate(time.Microsecond))
	return errors.Join(
		r.store.NoteUnjudged(ctx, now.Add(-unjudged), now), r.store.ForgetTroubles(ctx, sql.TroubleActivity, now.Add(-forgotten)),
		r.failedWorkflows(ctx, now), told,
	)
}

// failedWorkflows notes the workflows that have failed and that no later run has made good. One that carries an action is sent off again:
// what it had done it finds done. Those of a schedule have their next run.
func (r *Repair) failedWorkflows(ctx context.Context, now time.Time) error {
	found, err := r.engine.Failed(ctx, now.Add(-failedSince))
	if err != nil {
		return err
	}
	reading, _, failed := r.store.LastReading(ctx)
	for _, f := range found {
		activity.RecordHeartbeat(ctx)
		if f.Type == okey.WorkflowDirectorySync && reading.At.After(f.Closed) { // whoever began it: how it ended is told of that one
			continue
		}
		failed = errors.Join(failed, r.sendOff(ctx, f, now))
	}
	return errors.Join(failed, r.store.ForgetTroubles(ctx, sql.TroubleWorkflow, now)) // those that were not seen again just now
}

func (r *Repair) sendOff(ctx context.Context, f engine.FailedRun, now time.Time) error {
	workflow := okey.ScheduleOf(f.Workflow)
	known, err := r.store.Trouble(ctx, sql.TroubleID(sql.TroubleWorkflow, workflow, f.Type))
	if err != nil && okey.ErrorCode(err) != okey.CodeNotFound {
		return err
	}
	trouble := sql.Trouble{
		Kind: sql.TroubleWorkflow, Workflow: workflow, What: f.Type, Error: f.Error, Attempts: known.Attempts,
		Since: f.Closed, LastAt: now,
	}
	if action := okey.ActionOfWorkflow(f.Workflow); action != uuid.Nil && now.Sub(f.Closed) >= okey.Pause(known.Attempts) {
		a, err := r.store.Action(ctx, action)
		if err != nil && okey.ErrorCode(err) != okey.CodeNotFound {
			return err
		}
		if err == nil && okey.OwnWorkflowID(a.Name, a.ID) == f.Workflow {
			if err := r.engine.Deliver(ctx, a); err != nil {
				return err
			}
			trouble.Attempts++
		}
	}
	return r.store.NoteTrouble(ctx, trouble)
}
