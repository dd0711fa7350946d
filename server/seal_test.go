package server

import (
	"strings"
	"testing"

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
