package server

import (
	"context"
	"strings"
	"testing"

	"okey"
	"okey/config"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAPINIsKeptAsArgon2idOverItsPepperedHMAC(t *testing.T) {
	version, pepper := config.NewKeyring().Current()
	kept := hashPIN(version, pepper, uuid.New(), "4071")
	standard, ours := strings.CutPrefix(kept, "v1")
	require.True(t, ours, kept)
	match, parameters, err := argon2id.CheckHash(pepperedPIN(pepper, "4071"), standard)
	require.NoError(t, err)
	assert.True(t, match)
	assert.Equal(t, pinParameters, *parameters)
	match, err = argon2id.ComparePasswordAndHash(pepperedPIN(pepper, "4072"), standard)
	require.NoError(t, err)
	assert.False(t, match)
	_, other := config.NewKeyring().Current()
	match, err = argon2id.ComparePasswordAndHash(pepperedPIN(other, "4071"), standard)
	require.NoError(t, err)
	assert.False(t, match, "without the pepper a PIN says nothing")
	assert.NotEqual(t, kept, hashPIN(version, pepper, uuid.New(), "4071"), "two people's equal PINs look different")
}

func TestOnlySoManyPINsAreHashedAtOnce(t *testing.T) {
	work := newPINWork()
	var ends []func()
	for range cap(work) {
		end, err := work.begin(t.Context())
		require.NoError(t, err)
		ends = append(ends, end)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := work.begin(gone)
	assert.Equal(t, okey.CodeUnavailable, okey.ErrorCode(err), "whoever comes now waits, and not for ever")
	ends[0]()
	end, err := work.begin(t.Context())
	require.NoError(t, err)
	end()
}
