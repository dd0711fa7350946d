package sql_test

import (
	"testing"

	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The migration that keeps signers with their signatures knows of older ones only what it finds, and notes when.
func TestOlderSignaturesAreGivenWhatTheMigrationKnows(t *testing.T) {
	s := scene.New(t)
	lea := s.Person("Léa Martin", okey.Staff, scene.Tilleuls)
	request := uuid.New()
	s.Exec(`INSERT INTO request (id, person, uai, need, reason, stage, turn, since, asked_at, approved_at, charter,
			charter_sha256, signed_at)
		SELECT $1, $2, $3, '', 'first', 'awaiting_handover', 1, $4, $4, $4, version, sha256, $4
		FROM charter`, request, lea.ID, scene.Tilleuls, scene.Now)
	s.Exec(fillsIn(t))
	signed, err := s.Store.Signature(t.Context(), request)
	require.NoError(t, err)
	assert.Equal(t, []any{
		"Léa Martin", lea.UID, scene.Tilleuls, "Collège des Tilleuls",
	}, []any{signed.Name, signed.UID, signed.UAI, signed.School})
	assert.True(t, signed.NamedLater())
}
