package mails

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// However many come at once, and however late they come back, as after a pause of the engine's, no minute has more than its mails (and one,
// where that is few), and nobody waits longer than it takes at that rate, and they are late.
func TestNoMinuteHasMoreMailsThanItsRate(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		rate := rapid.IntRange(1, 300).Draw(r, "mails a minute")
		coming := rapid.SliceOfN(rapid.IntRange(0, 90), 1, 200).Draw(r, "comes after so many seconds")
		late := rapid.SliceOfN(rapid.IntRange(0, 30), len(coming), len(coming)).Draw(r, "comes back so many seconds late, once")
		synctest.Test(t, func(t *testing.T) {
			turns, began := newTurns(rate), time.Now()
			gone := make(chan time.Duration, len(coming))
			for i, after := range coming {
				go func() {
					<-time.After(time.Duration(after) * time.Second)
					id, late := uuid.New(), time.Duration(late[i])*time.Second
					for {
						wait, err := turns.wait(context.Background(), id)
						if assert.NoError(t, err); wait == 0 {
							gone <- time.Since(began)
							return
						}
						<-time.After(wait + late)
						late = 0
					}
				}()
			}
			var at []time.Duration
			for range coming {
				at = append(at, <-gone)
			}
			assert.Empty(t, turns.given)
			for i, first := range at {
				within := 0
				for _, then := range at[i:] {
					if then < first+time.Minute {
						within++
					}
				}
				assert.LessOrEqual(t, within, rate+1)
			}
			longest := 90*time.Second + time.Duration(len(coming))*63*time.Second/time.Duration(rate) + time.Duration(slices.Max(late)+1)*time.Second
			assert.LessOrEqual(t, at[len(at)-1], longest)
		})
	})
}

func TestWithoutARateNoMailWaits(t *testing.T) {
	wait, err := newTurns(0).wait(t.Context(), uuid.New())
	require.NoError(t, err)
	assert.Zero(t, wait)
}
