package nation_test

import (
	stdsql "database/sql"
	"testing"
	"time"

	"okey/internal/nation"
	"okey/internal/pgtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// What triggers and foreign keys would have said, had they been asked.
func TestTheNationHangsTogether(t *testing.T) {
	db, err := stdsql.Open("postgres", pgtest.New(t).AdminURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	require.NoError(t, nation.Fill(t.Context(), db, 0.01, time.Now()))
	ask := func(query string) (n int) {
		require.NoError(t, db.QueryRowContext(t.Context(), query).Scan(&n), query)
		return n
	}
	for query, want := range map[string]int{
		`SELECT count(*) FROM establishment`:                        600,
		`SELECT count(DISTINCT academy) FROM establishment`:         30,
		`SELECT count(*) FROM person`:                               10_000,
		`SELECT count(*) FROM person WHERE sought IS NULL`:          0,
		`SELECT count(*) FROM person WHERE idle_since IS NULL`:      7_810,
		`SELECT count(*) FROM key`:                                  10_000,
		`SELECT count(*) FROM key WHERE state = 'in_service'`:       6_010,
		`SELECT count(*) FROM request`:                              8_200,
		`SELECT count(*) FROM request WHERE stage='awaiting_stock'`: 200,
		`SELECT count(*) FROM request WHERE closed_at IS NULL`:      330,
		`SELECT count(*) FROM audit`:                                50_000,
		`SELECT count(*) FROM key_order WHERE closed_at IS NULL`:    30,
		`SELECT count(*) FROM timeline l LEFT JOIN LATERAL stage_before(l.request, l.seq) b ON b.stage IS NOT NULL
			WHERE (l.ended, l.ended_since) IS DISTINCT FROM (b.stage, CASE WHEN b.stage IS NOT NULL THEN b.since END)`: 0,
		`SELECT count(*) FROM key k JOIN request r ON r.id = k.request WHERE r.uai <> k.uai`:                                   0,
		`SELECT count(*) FROM key k JOIN request r ON r.uai = k.uai WHERE k.state = 'in_stock' AND r.stage = 'awaiting_stock'`: 0,
		`SELECT count(*) FROM request r JOIN key k ON k.serial = r.handed_over_key WHERE k.holder <> r.person`:                 0,
	} {
		assert.Equal(t, want, ask(query), query)
	}
	parents, err := db.QueryContext(t.Context(), `SELECT format('SELECT count(*) FROM %s c LEFT JOIN %s p ON c.%I = p.%I WHERE c.%I IS NOT NULL AND p.%I IS NULL',
			f.conrelid::regclass, f.confrelid::regclass, a.attname, b.attname, a.attname, b.attname)
		FROM pg_constraint f JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
		JOIN pg_attribute b ON b.attrelid = f.confrelid AND b.attnum = f.confkey[1] WHERE f.contype = 'f'`)
	require.NoError(t, err)
	defer parents.Close()
	var lone []string
	for parents.Next() {
		var query string
		require.NoError(t, parents.Scan(&query))
		lone = append(lone, query)
	}
	require.NoError(t, parents.Err())
	require.NotEmpty(t, lone)
	for _, query := range lone {
		assert.Zero(t, ask(query), query)
	}
}
