package sql_test

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"testing"
	"time"

	"okey/internal/pgtest"
	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEverySessionHasItsLimits(t *testing.T) {
	db := pgtest.New(t)
	for _, c := range []struct {
		pool      sql.Pool
		address   string
		statement string
	}{
		{sql.Pool{}, db.AppURL, "1min"},
		{sql.Pool{Statement: sql.Unhurried}, db.AppURL, "10min"},
		{sql.Pool{}, db.AppURL + "&statement_timeout=5000", "5s"},
		{sql.Pool{}, db.AppURL + "&options=-c%20statement_timeout%3D7000", "7s"},
	} {
		store, err := sql.OpenPool(c.address, nil, c.pool)
		require.NoError(t, err)
		var statement, lock, idle, name, jit string
		require.NoError(t, store.DB().QueryRowContext(t.Context(), `SELECT current_setting('statement_timeout'), current_setting('lock_timeout'),
			current_setting('idle_in_transaction_session_timeout'), current_setting('application_name'), current_setting('jit')`).
			Scan(&statement, &lock, &idle, &name, &jit))
		assert.Equal(t, []string{c.statement, "10s", "15s", "sql.test", "off"}, []string{statement, lock, idle, name, jit})
		require.NoError(t, store.Close())
	}
}

// Whoever opens one, with psql or a program of their own.
func TestSessionsOfTheRoleHaveLimitsToo(t *testing.T) {
	other, err := stdsql.Open("postgres", pgtest.New(t).AppURL)
	require.NoError(t, err)
	defer func() { _ = other.Close() }()
	var statement, lock, idle string
	require.NoError(t, other.QueryRowContext(t.Context(), `SELECT current_setting('statement_timeout'), current_setting('lock_timeout'),
		current_setting('idle_in_transaction_session_timeout')`).Scan(&statement, &lock, &idle))
	assert.Equal(t, []string{"10min", "10s", "15s"}, []string{statement, lock, idle})
}

func TestAFrozenSessionThatHoldsTheAuditEndsAndIsNamedUntilThen(t *testing.T) {
	s := scene.New(t)
	frozen, err := sql.OpenLimited(s.URL, s.Keys, sql.Limits{Idle: 2 * time.Second})
	require.NoError(t, err)
	defer func() { _ = frozen.Close() }()
	tx, err := frozen.DB().BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = tx.ExecContext(t.Context(), `SELECT FROM audit_head FOR UPDATE`)
	require.NoError(t, err)

	other, err := sql.OpenLimited(s.URL, s.Keys, sql.Limits{Lock: 100 * time.Millisecond})
	require.NoError(t, err)
	defer func() { _ = other.Close() }()
	err = write(other)
	require.True(t, sql.WaitedInVain(err), "%v", err)
	assert.True(t, sql.Away(err), "the same again may go well")
	holder, found, err := other.AuditHolder(t.Context())
	require.NoError(t, err)
	require.True(t, found)
	assert.Equal(t, pgtest.App, holder.Role)
	assert.True(t, holder.Since.Valid)
	assert.Equal(t, "idle in transaction", holder.State)

	require.Eventually(t, func() bool { return write(other) == nil }, 20*time.Second, 50*time.Millisecond, "the frozen one is ended")
	assert.True(t, sql.Away(tx.Commit()))
	_, found, err = other.AuditHolder(context.Background())
	require.NoError(t, err)
	assert.False(t, found)
}

func TestAStatementThatTakesTooLongIsTriedAgain(t *testing.T) {
	s := scene.New(t)
	store, err := sql.OpenLimited(s.URL, s.Keys, sql.Limits{Statement: 100 * time.Millisecond})
	require.NoError(t, err)
	defer func() { _ = store.Close() }()
	_, err = store.DB().ExecContext(t.Context(), `SELECT pg_sleep(60)`)
	require.Error(t, err)
	assert.True(t, sql.Away(err), "%v", err)
}

func TestManyThatWaitForOneSchoolKeepNobodyElseWaiting(t *testing.T) {
	s := scene.New(t)
	lock := func(ctx context.Context, uai okey.UAI) error {
		return s.Store.Do(ctx, func(tx *sql.Tx) error { return tx.LockEstablishments(ctx, uai) })
	}
	held, err := s.Admin.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = held.ExecContext(t.Context(), `SELECT FROM establishment WHERE uai = $1 FOR UPDATE`, scene.Tilleuls)
	require.NoError(t, err)
	const many = 50
	done := make(chan error, many)
	for range many {
		go func() { done <- lock(t.Context(), scene.Tilleuls) }()
	}
	waiting := func() int {
		return s.Count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
	}
	require.Eventually(t, func() bool { return waiting() == 2 && s.Store.DB().Stats().InUse == 2 }, 8*time.Second, 5*time.Millisecond)
	require.NoError(t, lock(t.Context(), scene.Acacias))
	hurried, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, lock(hurried, scene.Tilleuls))
	require.Empty(t, done)

	require.NoError(t, held.Rollback())
	for range many {
		require.NoError(t, <-done)
	}
	assert.Equal(t, okey.CodeNotFound, okey.ErrorCode(lock(t.Context(), "0069999X")))
}

func TestManySchoolsThatAreLockedAtOnceKeepNoOtherWaiting(t *testing.T) {
	s := scene.New(t)
	store, err := sql.OpenLimited(s.URL, s.Keys, sql.Limits{})
	require.NoError(t, err)
	defer func() { _ = store.Close() }()
	lock := func(uai okey.UAI) error {
		return store.Do(t.Context(), func(tx *sql.Tx) error { return tx.LockEstablishments(t.Context(), uai) })
	}
	const many = 40
	school := func(n int) okey.UAI { return okey.UAI(fmt.Sprintf("00690%02dX", n)) }
	held, err := s.Admin.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	for n := range many {
		s.Exec(`INSERT INTO establishment (uai, name, nature, contract, state, academy, commune, postcode, imported_at)
			SELECT $1, name, nature, contract, state, academy, commune, postcode, imported_at FROM establishment WHERE uai = $2`, school(n), scene.Tilleuls)
		_, err = held.ExecContext(t.Context(), `SELECT FROM establishment WHERE uai = $1 FOR UPDATE`, school(n))
		require.NoError(t, err)
	}
	done := make(chan error, 2*many)
	for n := range 2 * many {
		go func() { done <- lock(school(n % many)) }()
	}
	waiting := func() int {
		return s.Count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
	}
	require.Eventually(t, func() bool { return waiting() == 10 }, 8*time.Second, 5*time.Millisecond)
	require.NoError(t, lock(scene.Acacias))
	require.Equal(t, 10, waiting(), "half of the connections, whoever else has asked")
	require.Empty(t, done)
	require.NoError(t, held.Rollback())
	for range 2 * many {
		require.NoError(t, <-done)
	}
}
