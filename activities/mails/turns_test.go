package mails

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// However many come at once, no minute has more than its mails and one second's besides, and nobody waits longer than it takes at that rate.
// Who comes back late, as after a pause of the engine's, goes at once: then there may be more.
func TestNoMinuteHasMoreMailsThanItsRate(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		rate := rapid.IntRange(1, 300).Draw(r, "mails a minute")
		coming := rapid.SliceOfN(rapid.IntRange(0, 90), 1, 200).Draw(r, "comes after so many seconds")
		late := rapid.IntRange(0, 30).Draw(r, "comes back so many seconds late")
		synctest.Test(t, func(t *testing.T) {
			turns, began := newTurns(rate), time.Now()
			gone := make(chan time.Duration, len(coming))
			for _, after := range coming {
				go func() {
					<-time.After(time.Duration(after) * time.Second)
					id := uuid.New()
					for {
						wait, err := turns.wait(context.Background(), id)
						if assert.NoError(t, err); wait == 0 {
							gone <- time.Since(began)
							return
						}
						<-time.After(wait + time.Duration(late)*time.Second)
					}
				}()
			}
			var at []time.Duration
			for range coming {
				at = append(at, <-gone)
			}
			assert.Empty(t, turns.given)
			if late == 0 {
				for i, first := range at {
					within := 0
					for _, then := range at[i:] {
						if then < first+time.Minute {
							within++
						}
					}
					assert.LessOrEqual(t, within, rate+max(1, rate/60)+1)
				}
			}
			longest := 90*time.Second + time.Duration(len(coming))*time.Minute/time.Duration(rate) + time.Duration(late+1)*time.Second
			assert.LessOrEqual(t, at[len(at)-1], longest)
		})
	})
}

func TestWithoutARateNoMailWaits(t *testing.T) {
	wait, err := newTurns(0).wait(t.Context(), uuid.New())
	require.NoError(t, err)
	assert.Zero(t, wait)
}
