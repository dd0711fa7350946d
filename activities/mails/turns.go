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
// near is waited for; for another the activity ends and is tried again then, so that thousands that wait hold nothing up.
type turns struct {
	limit *rate.Limiter // nil: none
	mu    sync.Mutex
	given map[uuid.UUID]time.Time
	swept time.Time
}

const (
	near      = 2 * time.Second
	forgotten = time.Hour // another worker, or the desk, has sent what does not come back for its turn
)

func newTurns(aMinute int) *turns {
	if aMinute == 0 {
		return &turns{}
	}
	return &turns{limit: rate.NewLimiter(rate.Limit(aMinute)/60, max(1, aMinute/60)), given: map[uuid.UUID]time.Time{}}
}

// wait returns once a mail may go, or after how long it is to come back.
func (t *turns) wait(ctx context.Context, mail uuid.UUID) (time.Duration, error) {
	if t.limit == nil {
		return 0, nil
	}
	wait := t.turn(mail, time.Now())
	if wait == 0 || wait > near {
		return wait, nil
	}
	select {
	case <-ctx.Done():
		return 0, fmt.Errorf("wait for a mail's turn: %w", ctx.Err())
	case <-time.After(wait):
		t.turn(mail, time.Now().Add(near))
		return 0, nil
	}
}

// turn is how long a mail still has to wait for its turn, which is given once and used up when it has come.
func (t *turns) turn(mail uuid.UUID, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	at, given := t.given[mail]
	if !given {
		at = now.Add(t.limit.ReserveN(now, 1).DelayFrom(now))
		if now.Sub(t.swept) > time.Minute {
			maps.DeleteFunc(t.given, func(_ uuid.UUID, at time.Time) bool { return now.Sub(at) > forgotten })
			t.swept = now
		}
		t.given[mail] = at
	}
	if wait := at.Sub(now); wait > 0 {
		return wait
	}
	delete(t.given, mail)
	return 0
}
