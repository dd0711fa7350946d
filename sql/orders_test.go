package sql_test

import (
	"strings"
	"testing"

	"okey/internal/scene"

	"github.com/stretchr/testify/assert"
)

// An academy that goes back a version, and comes again: no order that was closed without its last keys stands in the way.
func TestAnOrderClosedShortOutlivesAVersionBack(t *testing.T) {
	s := scene.New(t)
	up, down, _ := strings.Cut(migration(t, "00016_order_receipts.sql"), "-- +goose Down")
	s.Exec(`INSERT INTO order_export (id, at, orders, keys, file_name, workbook, sha256)
		VALUES ('5f0b6b0e-2a67-5d0c-9d2e-6f6b65790009', $1, 1, 4, 'x', 'x', 'x')`, scene.Now)
	for state, received := range map[string]int{"received": 1, "cancelled": 0} {
		s.Exec(`INSERT INTO key_order (id, uai, quantity, received, comment, state, placed_at, export, exported_at, closed_at)
			VALUES (gen_random_uuid(), $1, 4, $2, 'rentrée', $3, $4, '5f0b6b0e-2a67-5d0c-9d2e-6f6b65790009', $4,
				$4)`, scene.Tilleuls, received, state, scene.Now)
	}
	s.Exec(down)
	s.Exec(up)
	assert.Equal(t, 2, s.Count(`SELECT count(*) FROM key_order WHERE closed_at IS NOT NULL AND noted = 0`))
}
