package mails

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/time/rate"
)

// turns keep a relay from being flooded: each mail has a moment in which it may go, in the order in which they came. One whose moment is
// near is waited for; for another the activity ends and is tried again then, so that thousands that wait hold nothing up. Who comes back
// late, as after a pause of the engine's, finds others there whose moment it is: they go one after the other through a gate.
type turns struct {
	queue *rate.Limiter // nil: none
	gate  *rate.Limiter
	mu    sync.Mutex
	given map[uuid.UUID]turn
	swept time.Time
}

// turn is when a mail may go: in the queue, then, once that has come, at the gate.
type turn struct {
	at   time.Time
	gate bool
}

const (
	near      = 2 * time.Second
	forgotten = time.Hour // another worker, or the desk, has sent what does not come back for its turn
)

// newTurns lets no minute have more than so many: what comes to the gate within one, with those that are still near from before, and those
// of a second that may go together.
func newTurns(aMinute int) *turns {
	if aMinute == 0 {
		return &turns{}
	}
	a := (time.Minute + near + time.Second).Seconds()
	limiter := func() *rate.Limiter { return rate.NewLimiter(rate.Limit(float64(aMinute)/a), max(1, aMinute/int(a))) }
	return &turns{queue: limiter(), gate: limiter(), given: map[uuid.UUID]turn{}}
}

// wait returns once a mail may go, or after how long it is to come back.
func (t *turns) wait(ctx context.Context, mail uuid.UUID) (time.Duration, error) {
	if t.queue == nil {
		return 0, nil
	}
	for {
		wait := t.turn(mail, time.Now())
		if wait == 0 || wait > near {
			return wait, nil
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("wait for a mail's turn: %w", ctx.Err())
		case <-time.After(wait):
		}
	}
}

// turn is how long a mail still has to wait for its turn, which is given once and used up when it has come. Whoever misses theirs at the
// gate is given another.
func (t *turns) turn(mail uuid.UUID, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	own, given := t.given[mail]
	if !given {
		if now.Sub(t.swept) > time.Minute {
			maps.DeleteFunc(t.given, func(_ uuid.UUID, own turn) bool { return now.Sub(own.at) > forgotten })
			t.swept = now
		}
		own.at = next(t.queue, now)
	}
	if !now.Before(own.at) && (!own.gate || now.Sub(own.at) > near) {
		own = turn{at: next(t.gate, now), gate: true}
	}
	if wait := own.at.Sub(now); wait > 0 {
		t.given[mail] = own
		return wait
	}
	delete(t.given, mail)
	return 0
}

func next(of *rate.Limiter, now time.Time) time.Time {
	return now.Add(of.ReserveN(now, 1).DelayFrom(now))
}
