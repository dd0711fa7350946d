package act

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// An engine whose database is away says that it answers, and takes nothing yet.
func TestWhatAnEngineThatAnswersDoesNotTakeYetIsBroughtAgain(t *testing.T) {
	var stubborn, other atomic.Int32
	first := uuid.New()
	u := newUndelivered(func(context.Context) error { return nil }, func(_ context.Context, id uuid.UUID) error {
		if id != first {
			other.Add(1)
			return nil
		}
		if stubborn.Add(1) < 3 {
			return errors.New("its database is away")
		}
		return nil
	})
	u.pause = time.Millisecond
	defer u.close()
	u.keep(first)
	u.keep(uuid.New())
	require.Eventually(t, func() bool { return stubborn.Load() == 3 && other.Load() == 1 }, 10*time.Second, time.Millisecond)
	require.Eventually(t, func() bool {
		u.mu.Lock()
		defer u.mu.Unlock()
		return !u.looking && len(u.waiting) == 0
	}, 10*time.Second, time.Millisecond)
	u.keep(uuid.New())
	require.Eventually(t, func() bool { return other.Load() == 2 }, 10*time.Second, time.Millisecond, "it looks again for who comes later")
	require.EqualValues(t, 3, stubborn.Load(), "once taken, it is not brought again")
}
