package sql_test

import (
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A head's last day is that of the establishment: in Nouméa it is over ten hours before it is in Paris, whatever clock the database has.
func TestAnEstablishmentHasItsOwnHeadByItsOwnCalendar(t *testing.T) {
	for _, c := range []struct {
		academy string
		ends    string // the instant at which 30 June is over there
	}{
		{"40", "2026-06-30T13:00:00Z"}, // Nouméa
		{"23", "2026-06-30T22:00:00Z"}, // Nice
		{"41", "2026-07-01T10:00:00Z"}, // Papeete
	} {
		s := scene.New(t)
		s.Exec(`UPDATE establishment SET academy = $1 WHERE uai = $2`, c.academy, scene.Tilleuls)
		head := s.Person("Marc Roux", okey.Principal, scene.Tilleuls)
		s.Person("Léa Martin", okey.Staff, scene.Tilleuls)
		id := uuid.New()
		s.Exec(`INSERT INTO hosting (id, uai, host, reason, created_at) VALUES ($1, $2, $3, 'section', $4)`, id, scene.Tilleuls, scene.Acacias,
			scene.Now)
		over, err := time.Parse(time.RFC3339, c.ends)
		require.NoError(t, err)
		headed := func(at time.Time) bool {
			h, err := s.Store.Hosting(t.Context(), id)
			require.NoError(t, err)
			return h.Headed(at)
		}
		assert.True(t, headed(over), "without an end")
		s.Exec(`UPDATE assignment SET until = '2026-06-30' WHERE person = $1`, head.ID)
		assert.True(t, headed(over.Add(-time.Second)), c.academy)
		assert.False(t, headed(over), c.academy)
		s.Exec(`DELETE FROM assignment WHERE person = $1`, head.ID)
		assert.False(t, headed(over.Add(-time.Second)))
	}
}
