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

// lookAgain is how often the row is read while somebody waits: a notification may be lost, or a pooler may let none through.
const lookAgain = 500 * time.Millisecond

// Outcomes waits for what becomes of actions. The notification is a hint: what counts is the row, read again after each, and now and then.
type Outcomes struct {
	store    *Store
	listener *pq.Listener
	mu       sync.Mutex
	waiting  map[uuid.UUID]map[chan struct{}]bool
	echoes   map[uuid.UUID]chan struct{} // of round trips under way
	events   map[chan struct{}]bool      // of who waits for events

	lookAgain time.Duration
}

// ListenOutcomes connects (and reconnects by itself) until ctx ends. It listens for events, too.
func (s *Store) ListenOutcomes(ctx context.Context) (*Outcomes, error) {
	return s.listen(ctx, OutcomeChannel, EventChannel)
}

// ListenEvents is ListenOutcomes for who waits for events alone.
func (s *Store) ListenEvents(ctx context.Context) (*Outcomes, error) {
	return s.listen(ctx, EventChannel)
}

func (s *Store) listen(ctx context.Context, channels ...string) (*Outcomes, error) {
	o := &Outcomes{
		store: s, waiting: map[uuid.UUID]map[chan struct{}]bool{}, echoes: map[uuid.UUID]chan struct{}{}, lookAgain: lookAgain,
		events: map[chan struct{}]bool{},
	}
	noticed := func(_ pq.ListenerEventType, err error) {
		if err != nil {
			slog.Warn("the connection that tells outcomes is broken, trying again", "error", err)
		}
	}
	wire := &dialer{of: s.connector, silence: s.limits.listening}
	o.listener = pq.NewDialListener(wire, wanted(s.url), 100*time.Millisecond, 5*time.Second, noticed)
	// Listen waits for a connection without end: closing ends it.
	context.AfterFunc(ctx, func() { _ = o.listener.Close() })
	for _, channel := range channels {
		if err := o.listener.Listen(channel); err != nil {
			_ = o.listener.Close()
			return nil, fmt.Errorf("listen for outcomes: %w", err)
		}
	}
	go o.run(ctx)
	go o.ping(ctx)
	return o, nil
}

// ping has the listening connection answer now and then. It runs beside run: the answer comes the same way as what run takes.
func (o *Outcomes) ping(ctx context.Context) {
	tick := time.NewTicker(o.store.limits.listening * 2 / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := o.pinged(); err != nil && ctx.Err() == nil {
				slog.Warn("the connection that tells outcomes does not answer", "error", err)
			}
		}
	}
}

// pinged asks the listening connection for an answer. The library panics where that answer is a refusal, such as a cancelled query.
func (o *Outcomes) pinged() (err error) {
	defer func() {
		if refused := recover(); refused != nil {
			err = fmt.Errorf("ping: %v", refused)
		}
	}()
	return o.listener.Ping()
}

func (o *Outcomes) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case n := <-o.listener.Notify:
			if n == nil { // reconnected: anything may have been missed
				o.wakeAll()
				continue
			}
			if n.Channel == EventChannel {
				o.wakeForEvents()
				continue
			}
			if id, err := uuid.Parse(n.Extra); err == nil {
				o.wake(id)
			}
		}
	}
}

// Expect has an outcome noticed from here on; Wait ends it.
func (o *Outcomes) Expect(id uuid.UUID) *Expected { return &Expected{o, id, o.subscribe(id)} }

// Expected is an action whose outcome somebody waits for.
type Expected struct {
	outcomes *Outcomes
	id       uuid.UUID
	hint     chan struct{}
}

// Wait is Outcomes.Wait for an action that had no outcome when it was expected: it reads the row once there may be something to read.
func (e *Expected) Wait(ctx context.Context) (okey.Action, error) {
	defer e.outcomes.unsubscribe(e.id, e.hint)
	tick := time.NewTicker(e.outcomes.lookAgain)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
		case <-e.hint:
		case <-tick.C:
		}
		over := ctx.Err() != nil // before the row is read: it is read once more at the end
		action, err := e.outcomes.read(ctx, e.id)
		if action.Verdict != nil || over || (err != nil && !Away(err)) {
			return action, err
		}
	}
}

// Wait returns the action once it has an outcome, or as it stands when ctx ends: Verdict is nil then, and err too. A database that is away
// for a moment only makes it look again.
func (o *Outcomes) Wait(ctx context.Context, id uuid.UUID) (okey.Action, error) {
	expected := o.Expect(id)
	nudge(expected.hint) // it may have one already
	return expected.Wait(ctx)
}

// read asks for the action. The question outlives the wait, so that a late outcome is still seen.
func (o *Outcomes) read(ctx context.Context, id uuid.UUID) (okey.Action, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return o.store.Action(ctx, id)
}

// RoundTrip sends a notification and waits for it to come back. Without one OKEY works, a little slower: whoever waits for an outcome looks
// again by themselves.
func (o *Outcomes) RoundTrip(ctx context.Context) error {
	id, back := uuid.New(), make(chan struct{})
	o.mu.Lock()
	o.echoes[id] = back
	o.mu.Unlock()
	defer func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.echoes, id)
	}()
	if _, err := o.store.db.ExecContext(ctx, `SELECT pg_notify($1, $2)`, OutcomeChannel, id.String()); err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	select {
	case <-back:
		return nil
	case <-ctx.Done():
		return okey.Errorf(okey.CodeUnavailable, "n'arrivent pas : OKEY marche, chaque action attend un peu plus. "+
			"Un répartiteur en mode transaction (PgBouncer) est-il devant la base ?")
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
	if back, asked := o.echoes[id]; asked {
		delete(o.echoes, id)
		close(back)
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
	for hint := range o.events {
		nudge(hint)
	}
}

// Events is hinted whenever there may be events to take, until done is called. As with outcomes the hint may be lost: look now and then.
func (o *Outcomes) Events() (hint <-chan struct{}, done func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	made := make(chan struct{}, 1)
	o.events[made] = true
	return made, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.events, made)
	}
}

func (o *Outcomes) wakeForEvents() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for hint := range o.events {
		nudge(hint)
	}
}

func nudge(hint chan struct{}) {
	select {
	case hint <- struct{}{}:
	default:
	}
}
