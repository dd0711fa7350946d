package okey_test

import (
	"testing"
	"time"

	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestPINRules(t *testing.T) {
	const serial = okey.Serial("00482915")
	for _, c := range []struct {
		pin string
		ok  bool
	}{
		{"4071", true},
		{"40718236", true},
		{"1212", true},
		{"1357", true},
		{"9012", true},
		{"0000000", false},
		{"407", false},
		{"407182365", false},
		{"40 71", false},
		{"40a1", false},
		{"", false},
		{"４０７１", false},
		{"1111", false},
		{"1234", false},
		{"87654", false},
		{"4829", false},
		{"2915", false},
		{"00482915", false},
	} {
		err := okey.CheckPIN(c.pin, serial)
		assert.Equal(t, c.ok, err == nil, "%q", c.pin)
		if err != nil {
			assert.Equal(t, okey.CodeInvalid, okey.ErrorCode(err))
		}
	}
}

func TestARefusedPINIsNeverRepeated(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pin := rapid.StringMatching(`[0-9]{4,8}`).Draw(t, "pin")
		if err := okey.CheckPIN(pin, okey.Serial("9"+pin)); err != nil {
			assert.NotContains(t, err.Error(), pin)
		} else {
			t.Fatal("a PIN that is part of the serial was taken")
		}
	})
}

func TestWrongPINsInARowWaitLongerAndLongerAndThenLock(t *testing.T) {
	at := time.Date(2026, time.November, 24, 9, 0, 0, 0, time.UTC)
	var g okey.PINGuard
	var waits []time.Duration
	for range okey.PINLimit {
		next, err := g.Try(at)
		require.NoError(t, err)
		g = next
		wait := time.Duration(0)
		if !g.BlockedUntil.IsZero() {
			wait = g.BlockedUntil.Sub(at)
			_, err := g.Try(g.BlockedUntil.Add(-time.Second))
			var refused *okey.Error
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, time.Second, refused.RetryAfter)
			at = g.BlockedUntil
		}
		waits = append(waits, wait)
	}
	minutes := func(n int) time.Duration { return time.Duration(n) * time.Minute }
	assert.Equal(t, []time.Duration{0, 0, 0, 0, minutes(1), minutes(2), minutes(4), minutes(8), minutes(16), okey.PINLock}, waits)
	_, err := g.Try(at.Add(-time.Hour))
	assert.Equal(t, okey.CodePINLocked, okey.ErrorCode(err))
	anew, err := g.Try(at)
	require.NoError(t, err)
	assert.Equal(t, okey.PINGuard{Wrong: 1}, anew, "the end of a lock begins a new row")
	_, err = okey.PINGuard{Wrong: 5, BlockedUntil: at.Add(time.Minute)}.Try(at)
	assert.Equal(t, okey.CodeThrottled, okey.ErrorCode(err))
	assert.Contains(t, okey.ErrorMessage(err), "minute")
}
