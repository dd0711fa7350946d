package act

import (
	"context"
	"strings"
	"testing"

	"okey/config"
	"okey/okey"
	"okey/sql"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAPINIsKeptAsArgon2idOverItsPepperedHMAC(t *testing.T) {
	version, pepper := config.NewKeyring().Current()
	lea := uuid.New()
	kept := hashPIN(version, pepper, uuid.New(), lea, "4071")
	standard, ours := strings.CutPrefix(kept, "v1p")
	require.True(t, ours, kept)
	match, parameters, err := argon2id.CheckHash(pepperedPIN(pepper, lea, "4071"), standard)
	require.NoError(t, err)
	assert.True(t, match)
	assert.Equal(t, pinParameters, *parameters)
	match, err = argon2id.ComparePasswordAndHash(pepperedPIN(pepper, lea, "4072"), standard)
	require.NoError(t, err)
	assert.False(t, match)
	_, other := config.NewKeyring().Current()
	match, err = argon2id.ComparePasswordAndHash(pepperedPIN(other, lea, "4071"), standard)
	require.NoError(t, err)
	assert.False(t, match, "without the pepper a PIN says nothing")
	assert.NotEqual(t, kept, hashPIN(version, pepper, uuid.New(), lea, "4071"), "two people's equal PINs look different")
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

// What was kept before a hash covered its person still opens its key, and is kept anew.
func TestAPINFromBeforeItCoveredItsPersonIsReadAsItWas(t *testing.T) {
	rings := config.NewKeyring()
	version, pepper := rings.Current()
	nobody, lea := okey.PersonID{}, uuid.New()
	old := strings.Replace(hashPIN(version, pepper, uuid.New(), nobody, "4071"), ofPerson+"$", "$", 1)
	s := &Dispatcher{peppers: rings}
	hash, err := s.readHash(sql.KeptPIN{Owner: lea, Hash: old})
	require.NoError(t, err)
	assert.True(t, hash.stale)
	match, err := argon2id.ComparePasswordAndHash(pepperedPIN(hash.pepper, hash.person, "4071"), hash.standard)
	require.NoError(t, err)
	assert.True(t, match)
	hash, err = s.readHash(sql.KeptPIN{Owner: lea, Hash: hashPIN(version, pepper, uuid.New(), lea, "4071")})
	require.NoError(t, err)
	assert.False(t, hash.stale)
	assert.Equal(t, lea, hash.person)
}

// What was recorded before an upgrade is the same action after it, and no other PIN is.
func TestAPINRecordedWithTheFormerParametersComesAgain(t *testing.T) {
	pepper, lea := []byte("pepper"), uuid.New()
	cmd := Command{Action: uuid.New(), Name: okey.ActionOf(okey.CharterAndPIN), Content: okey.Content{Charter: 1}, PIN: "40718263"}
	for _, p := range []argon2id.Params{pinParameters, formerParameters} {
		sealed, err := digest(1, pepper, cmd.Content, hashPINWith(p, 1, pepper, cmd.Action, lea, cmd.PIN))
		require.NoError(t, err)
		recorded := okey.Action{ID: cmd.Action, By: lea, Digest: sealed}
		same, err := sealedWithPIN(recorded, 1, pepper, cmd)
		require.NoError(t, err)
		assert.True(t, same, "memory %d", p.Memory)
		other := cmd
		other.PIN = "40718264"
		same, err = sealedWithPIN(recorded, 1, pepper, other)
		require.NoError(t, err)
		assert.False(t, same)
	}
}
