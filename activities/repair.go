package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"okey/engine"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"
)

// Repair sends off again what was lost between the database and the engine. Everything it does may be done twice.
type Repair struct {
	store  *sql.Store
	engine *engine.Engine
}

// NewRepair makes the repairer.
func NewRepair(store *sql.Store, e *engine.Engine) *Repair { return &Repair{store: store, engine: e} }

const (
	repairBatch = 500
	// A PIN, hashed, waits this long with an action that nobody judges: longer than an engine is away.
	pinLife = 7 * 24 * time.Hour
	// A delivery that was shown and that nobody took is forgotten after so long.
	draftLife = 24 * time.Hour
	// A server that has just recorded an action is still delivering it.
	deliveryGrace = 5 * time.Second
)

// Lost starts workflows of open requests that have none, delivers actions that have no outcome, and wakes requests that are owed it. One
// failure does not keep the others back.
func (r *Repair) Lost(ctx context.Context) (okey.RepairReport, error) {
	var report okey.RepairReport
	failed := errors.Join( // what waits goes first: a PIN is dropped only once its action had its chance
		r.deliverAll(ctx, &report), r.wakeAll(ctx, &report), r.wakeForIdleKeys(ctx, &report), r.startAll(ctx, &report),
		r.startOrders(ctx, &report), r.store.BeginDelegations(ctx, time.Now().UTC()),
		r.store.DropOldPINs(ctx, time.Now().Add(-pinLife)), r.store.DropOldDrafts(ctx, time.Now().Add(-draftLife)),
	)
	if failed != nil {
		return report, fmt.Errorf("repair: %w", failed)
	}
	return report, nil
}

// WakeOwed signals the requests that were given a key, and delivers what key changes left to tell.
func (r *Repair) WakeOwed(ctx context.Context) (okey.RepairReport, error) {
	var report okey.RepairReport
	followUps, err := r.store.FollowUps(ctx, repairBatch)
	if err != nil {
		return report, err
	}
	err = errors.Join(r.deliverEach(ctx, followUps, &report), r.wakeAll(ctx, &report))
	if err != nil {
		return report, fmt.Errorf("wake up: %w", err)
	}
	return report, nil
}

func (r *Repair) deliverAll(ctx context.Context, report *okey.RepairReport) error {
	actions, err := r.store.Undelivered(ctx, time.Now().Add(-deliveryGrace), repairBatch)
	if err != nil {
		return err
	}
	return r.deliverEach(ctx, actions, report)
}

func (r *Repair) deliverEach(ctx context.Context, actions []okey.Action, report *okey.RepairReport) error {
	var failed error
	for _, a := range actions {
		activity.RecordHeartbeat(ctx)
		if err := r.deliver(ctx, a); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		report.Delivered++
	}
	return failed
}

func (r *Repair) deliver(ctx context.Context, a okey.Action) error {
	if a.Name != okey.ActionAsk && a.Request != uuid.Nil {
		closed, err := r.store.RefuseClosed(ctx, a.ID, time.Now().UTC())
		if err != nil || closed.Verdict != nil {
			return err
		}
	}
	return r.engine.Deliver(ctx, a)
}

func (r *Repair) wakeAll(ctx context.Context, report *okey.RepairReport) error {
	owed, err := r.store.Owed(ctx, repairBatch)
	if err != nil {
		return err
	}
	return r.wakeEach(ctx, owed, report)
}

func (r *Repair) wakeEach(ctx context.Context, requests []uuid.UUID, report *okey.RepairReport) error {
	var failed error
	for _, id := range requests {
		activity.RecordHeartbeat(ctx)
		if err := r.engine.Wake(ctx, id); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		report.Woken++
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

func (r *Repair) startAll(ctx context.Context, report *okey.RepairReport) error {
	running, err := r.engine.RunningRequests(ctx)
	if err != nil {
		return err
	}
	after := uuid.Nil
	for {
		open, err := r.store.OpenRequests(ctx, after, repairBatch)
		if err != nil || len(open) == 0 {
			return err
		}
		for _, id := range open {
			after = id
			if running[id] {
				continue
			}
			activity.RecordHeartbeat(ctx)
			started, err := r.engine.EnsureRunning(ctx, id)
			if err != nil {
				return err
			}
			if started {
				report.Started++
			}
		}
	}
}

// startOrders starts workflows of open orders that have none.
func (r *Repair) startOrders(ctx context.Context, report *okey.RepairReport) error {
	after := uuid.Nil
	for {
		open, err := r.store.OpenOrders(ctx, after, repairBatch)
		if err != nil || len(open) == 0 {
			return err
		}
		for _, id := range open {
			after = id
			activity.RecordHeartbeat(ctx)
			started, err := r.engine.EnsureOrderRunning(ctx, id)
			if err != nil {
				return err
			}
			if started {
				report.Started++
			}
		}
	}
}
