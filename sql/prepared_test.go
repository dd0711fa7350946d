package sql_test

import (
	"fmt"
	"sync"
	"testing"

	"okey/internal/pgtest"
	"okey/sql"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func open(t *testing.T, address string) *sql.Store {
	t.Helper()
	store, err := sql.Open(address, nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func TestAQuestionThatComesAgainIsPlannedOnce(t *testing.T) {
	session, err := open(t, pgtest.New(t).AppURL).DB().Conn(t.Context())
	require.NoError(t, err)
	defer session.Close()
	for i := range 12 {
		var got int
		require.NoError(t, session.QueryRowContext(t.Context(), `SELECT $1::integer + 1`, i).Scan(&got))
		require.Equal(t, i+1, got)
	}
	var kept, general int
	require.NoError(t, session.QueryRowContext(t.Context(),
		`SELECT count(*), coalesce(sum(generic_plans), 0) FROM pg_prepared_statements WHERE statement LIKE '%integer + 1'`).Scan(&kept, &general))
	assert.Equal(t, 1, kept, "prepared once")
	assert.Positive(t, general, "and no longer planned each time")
}

func TestASessionKeepsNoMoreThanSoManyPlans(t *testing.T) {
	session, err := open(t, pgtest.New(t).AppURL).DB().Conn(t.Context())
	require.NoError(t, err)
	defer session.Close()
	for range 2 {
		for i := range 300 {
			var got int
			require.NoError(t, session.QueryRowContext(t.Context(), fmt.Sprintf(`SELECT $1::integer + %d`, i), 1).Scan(&got))
			require.Equal(t, i+1, got)
		}
	}
	var kept int
	require.NoError(t, session.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_prepared_statements`).Scan(&kept))
	assert.LessOrEqual(t, kept, 200)
}

// A prepared statement belongs to one session: a pooler in transaction mode would have another answer, or do something else.
func TestBehindAPoolerNothingIsPrepared(t *testing.T) {
	store := open(t, pgtest.Pooler(t, pgtest.New(t), 3))
	var all sync.WaitGroup
	for visitor := range 16 {
		all.Go(func() {
			for i := range 40 {
				word := fmt.Sprint(visitor, "/", i)
				var got string
				if !assert.NoError(t, store.DB().QueryRowContext(t.Context(),
					fmt.Sprintf(`SELECT $1::text || ' of %d' FROM pg_sleep(0.001)`, visitor), word).Scan(&got)) {
					return
				}
				assert.Equal(t, fmt.Sprintf("%s of %d", word, visitor), got)
			}
		})
	}
	all.Wait()
}
