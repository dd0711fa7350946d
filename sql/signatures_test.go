package sql_test

import (
	"context"
	"testing"
	"time"

	"okey/internal/scene"

	"github.com/stretchr/testify/assert"
)

// Each signature is looked up in the audit by its index: doctor looks at those of years within the minutes that it has.
func TestManySignaturesAreLookedUpOneByOne(t *testing.T) {
	s := scene.New(t)
	s.Exec(`INSERT INTO person (uid, family_name, given_name, mail, created_at) SELECT 'x' || n, 'X', 'X', 'x', now() FROM generate_series(1, 8000) n`)
	s.Exec(`INSERT INTO request (id, person, uai, need, reason, stage, since, asked_at, approved_at, signed_at, charter, charter_sha256, closed_at)
		SELECT gen_random_uuid(), p.id, $1, '', 'first', 'handed_over', $2::timestamptz, $2, $2, $2, c.version, c.sha256, $2 FROM person p, charter c`, string(scene.Tilleuls), scene.Now)
	s.Exec(`INSERT INTO audit (seq, at, event, actor, via, subject, detail, key_version, mac)
		SELECT row_number() OVER (), r.signed_at, 'charter_signed', r.person, 'web', 'request:' || r.id, r.charter_sha256, 1, '' FROM request r`)
	s.Exec(`ANALYZE`)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	n, err := s.Store.CheckCharters(ctx)
	assert.NoError(t, err)
	assert.Equal(t, 1, n)
}
