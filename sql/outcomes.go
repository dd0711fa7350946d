package sql

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// OutcomeChannel is where PostgreSQL tells that an action has its outcome; the payload is the action's id.
const OutcomeChannel = "okey_outcome"

// Outcomes waits for what becomes of actions. The notification is a hint: what counts is the row, read again after each.
type Outcomes struct {
	store    *Store
	listener *pq.Listener
	mu       sync.Mutex
	waiting  map[uuid.UUID]map[chan struct{}]bool
}

// ListenOutcomes connects (and reconnects by itself) until ctx ends.
func (s *Store) ListenOutcomes(ctx context.Context) (*Outcomes, error) {
	o := &Outcomes{store: s, waiting: map[uuid.UUID]map[chan struct{}]bool{}}
	o.listener = pq.NewListener(s.url, 100*time.Millisecond, 5*time.Second, func(_ pq.ListenerEventType, err error) {
		if err != nil {
			slog.Warn("the connection that tells outcomes is broken, trying again", "error", err)
		}
	})
	if err := o.listener.Listen(OutcomeChannel); err != nil {
		_ = o.listener.Close()
		return nil, fmt.Errorf("listen for outcomes: %w", err)
	}
	go o.run(ctx)
	return o, nil
}

func (o *Outcomes) run(ctx context.Context) {
	defer func() { _ = o.listener.Close() }()
	for {
		select {
		case <-ctx.Done():
			return
		case n := <-o.listener.Notify:
			if n == nil { // reconnected: anything may have been missed
				o.wakeAll()
				continue
			}
			if id, err := uuid.Parse(n.Extra); err == nil {
				o.wake(id)
			}
		}
	}
}

// Wait returns the action once it has an outcome, or as it stands when ctx ends: Verdict is nil then, and err too.
func (o *Outcomes) Wait(ctx context.Context, id uuid.UUID) (okey.Action, error) {
	hint := o.subscribe(id)
	defer o.unsubscribe(id, hint)
	for {
		// The question itself outlives the wait, so that a late outcome is still seen.
		read, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		action, err := o.store.Action(read, id)
		cancel()
		if err != nil || action.Verdict != nil {
			return action, err
		}
		select {
		case <-ctx.Done():
			return action, nil
		case <-hint:
		}
	}
}

func (o *Outcomes) subscribe(id uuid.UUID) chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	hint := make(chan struct{}, 1)
	if o.waiting[id] == nil {
		o.waiting[id] = map[chan struct{}]bool{}
	}
	o.waiting[id][hint] = true
	return hint
}

func (o *Outcomes) unsubscribe(id uuid.UUID, hint chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.waiting[id], hint)
	if len(o.waiting[id]) == 0 {
		delete(o.waiting, id)
	}
}

func (o *Outcomes) wake(id uuid.UUID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for hint := range o.waiting[id] {
		nudge(hint)
	}
}

func (o *Outcomes) wakeAll() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, hints := range o.waiting {
		for hint := range hints {
			nudge(hint)
		}
	}
}

func nudge(hint chan struct{}) {
	select {
	case hint <- struct{}{}:
	default:
	}
}
