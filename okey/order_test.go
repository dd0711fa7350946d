package okey_test

import (
	"testing"

	"okey/okey"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

// What is suggested covers the need with what is there and on its way, and no key more; within what one order may ask for.
func TestTheSuggestionCoversTheNeedAndNoMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.IntRange(0, 300)
		n := okey.Needs{
			Waiting: count.Draw(t, "waiting"), Expiring: count.Draw(t, "expiring"), Minimum: count.Draw(t, "minimum"),
			Free: count.Draw(t, "free"), UnderWay: count.Draw(t, "under way"),
		}
		needed, there := n.Waiting+n.Expiring+n.Minimum, n.Free+n.UnderWay
		switch suggested := n.Suggested(); suggested {
		case 0:
			assert.LessOrEqual(t, needed, there)
		case okey.MaxOrder:
			assert.GreaterOrEqual(t, needed, there+suggested)
		default:
			assert.Equal(t, needed, there+suggested)
			assert.Positive(t, suggested)
		}
	})
}

func TestNothingHappensToAClosedOrder(t *testing.T) {
	for action, kind := range okey.ActionKinds {
		for _, state := range kind.From {
			assert.True(t, state.Valid(), action)
			assert.False(t, state.Closed(), action)
		}
	}
}
