package act

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// undelivered are the actions that this server has recorded and that the engine has not taken. They are brought to it as soon as it answers
// again; what is forgotten here, by a stop or for want of room, the repair watch brings within a minute.
type undelivered struct {
	pause   time.Duration // between two looks
	deliver func(context.Context, uuid.UUID) error
	ready   func(context.Context) error

	mu      sync.Mutex
	waiting []kept // in the order in which they were recorded
	looking bool
	ctx     context.Context
	stop    context.CancelFunc
	looks   sync.WaitGroup
}

// kept is an action that waits, and how often it could not be delivered though the engine said that it answers.
type kept struct {
	id    uuid.UUID
	tries int
}

// An engine that answers may have lost its database: it takes some looks until it takes signals, too. After as many seconds the repair
// watch is as soon.
const (
	lookPause       = time.Second
	lookTries       = 45
	undeliveredMost = 1000
)

func newUndelivered(ready func(context.Context) error, deliver func(context.Context, uuid.UUID) error) *undelivered {
	u := &undelivered{pause: lookPause, ready: ready, deliver: deliver}
	u.ctx, u.stop = context.WithCancel(context.Background())
	return u
}

// keep notes an action, and looks after the engine while there are any.
func (u *undelivered) keep(id uuid.UUID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.waiting) == undeliveredMost || u.ctx.Err() != nil {
		return
	}
	u.waiting = append(u.waiting, kept{id: id})
	if !u.looking {
		u.looking = true
		u.looks.Go(u.look)
	}
}

func (u *undelivered) look() {
	tick := time.NewTicker(u.pause)
	defer tick.Stop()
	for {
		select {
		case <-u.ctx.Done():
			return
		case <-tick.C:
		}
		if u.answers() && u.deliverAll() {
			return
		}
	}
}

func (u *undelivered) answers() bool {
	ctx, cancel := context.WithTimeout(u.ctx, OutcomeWait)
	defer cancel()
	return u.ready(ctx) == nil
}

// deliverAll brings to the engine, which answers, what there is; it answers whether nothing is left. One that can't be delivered does not
// keep the others back: it has its next try with the next look.
func (u *undelivered) deliverAll() bool {
	u.mu.Lock()
	now := u.waiting
	u.waiting = nil
	u.mu.Unlock()
	var again []kept
	for _, k := range now {
		ctx, cancel := context.WithTimeout(u.ctx, OutcomeWait)
		err := u.deliver(ctx, k.id)
		cancel()
		if u.ctx.Err() != nil {
			return false
		}
		if k.tries++; err != nil && k.tries < lookTries {
			again = append(again, k)
		} else if err != nil {
			slog.Warn("an action is left to the repair watch", "action", k.id, "error", err)
		}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.waiting = append(again, u.waiting...)
	u.looking = len(u.waiting) > 0
	return !u.looking
}

func (u *undelivered) close() {
	u.stop()
	u.looks.Wait()
}

// Close ends what the dispatcher does by itself.
func (s *Dispatcher) Close() { s.undelivered.close() }

// redeliver brings an action to its judge, unless it has been judged meanwhile.
func (s *Dispatcher) redeliver(ctx context.Context, id uuid.UUID) error {
	action, err := s.store.Action(ctx, id)
	if err != nil || action.Verdict != nil {
		return err
	}
	if action.Name != okey.ActionAsk && action.Request != uuid.Nil {
		if refused, err := s.store.RefuseClosed(ctx, id, time.Now().UTC()); err != nil || refused.Verdict != nil {
			return err
		}
	}
	return s.engine.Deliver(ctx, action)
}
