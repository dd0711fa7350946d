package okey_test

import (
	"testing"
	"time"

	"okey/config"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAPlaceIsOneAddressOrOneBlockOfThem(t *testing.T) {
	keys := config.NewKeyring()
	mark := func(from string) string { return string(okey.AttemptMark(okey.AttemptLink, from, keys)) }
	assert.Equal(t, mark("203.0.113.7"), mark("::ffff:203.0.113.7"))
	assert.NotEqual(t, mark("203.0.113.7"), mark("203.0.113.8"))
	assert.Equal(t, mark("2001:db8:1:2::1"), mark("2001:db8:1:2:ffff::1"), "a /64 is one place")
	assert.NotEqual(t, mark("2001:db8:1:2::1"), mark("2001:db8:1:3::1"))
	assert.NotEqual(t, mark("203.0.113.7"), string(okey.AttemptMark("something else", "203.0.113.7", keys)), "each kind counts for itself")
	assert.NotEqual(
		t,
		mark("203.0.113.7"),
		string(okey.AttemptMark(okey.AttemptLink, "203.0.113.7", config.NewKeyring())),
		"without the key nobody finds the address again",
	)
	assert.NotContains(t, mark("203.0.113.7"), "203.0.113.7")
}

func TestWrongGuessesAreLetThroughUpToTheLimitOfTheirKind(t *testing.T) {
	began := time.Date(2026, time.November, 24, 9, 12, 0, 0, time.UTC)
	limit := okey.AttemptLink.Limit()
	require.NoError(t, limit.Check(okey.Attempts{}, began))
	require.NoError(t, limit.Check(okey.Attempts{Wrong: limit.Wrong - 1, Since: began}, began))
	var refused *okey.Error
	require.ErrorAs(t, limit.Check(okey.Attempts{Wrong: limit.Wrong, Since: began}, began.Add(4*time.Minute)), &refused)
	assert.Equal(t, okey.CodeRateLimited, refused.Code)
	assert.Equal(t, 6*time.Minute, refused.RetryAfter)
	require.NoError(t, limit.Check(okey.Attempts{Wrong: limit.Wrong, Since: began}, began.Add(limit.Within)))
}
