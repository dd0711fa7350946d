package sql_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"okey/internal/pgtest"
	"okey/internal/scene"
	"okey/sql"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// silenced opens a store behind a proxy, with a connection that goes silent.
func silenced(t *testing.T, s *scene.Scene, limits sql.Limits) *sql.Store {
	t.Helper()
	proxy := pgtest.NewProxy(t, s.URL)
	store, err := sql.OpenLimited(proxy.URL, s.Keys, limits)
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() })
	require.NoError(t, write(store))
	require.Equal(t, 1, proxy.Silence())
	return store
}

func TestAQuestionToASilentDatabaseEndsWithItsContext(t *testing.T) {
	store := silenced(t, scene.New(t), sql.Limits{})
	soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := store.Establishments(soon)
	require.Error(t, err, "and not never")
	assert.True(t, sql.Away(err), "%v", err)
	require.NoError(t, write(store), "on another connection")
}

func TestAQuestionToASilentDatabaseEndsByItself(t *testing.T) {
	store := silenced(t, scene.New(t), sql.Limits{Statement: 400 * time.Millisecond})
	err := write(store)
	require.Error(t, err)
	assert.True(t, sql.Away(err), "%v", err)
	require.NoError(t, write(store), "on another connection")
}

// A network that has lost all connections is waited for once, not once a connection.
func TestOneSilentConnectionHasTheOthersOpenedAnew(t *testing.T) {
	s := scene.New(t)
	proxy := pgtest.NewProxy(t, s.URL)
	store, err := sql.OpenLimited(proxy.URL, s.Keys, sql.Limits{})
	require.NoError(t, err)
	defer func() { _ = store.Close() }()
	var held []interface{ Close() error }
	for range 5 {
		one, err := store.DB().Conn(t.Context())
		require.NoError(t, err)
		held = append(held, one)
	}
	for _, one := range held {
		require.NoError(t, one.Close())
	}
	require.Equal(t, 5, proxy.Silence())
	ask := func() error {
		soon, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := store.Establishments(soon)
		return err
	}
	require.Error(t, ask())
	require.NoError(t, ask())
}

// Nor is what was under way on the others waited for as long as a statement may take.
func TestWhatIsUnderWayEndsSoonOnceAConnectionIsKnownToBeSilent(t *testing.T) {
	s := scene.New(t)
	proxy := pgtest.NewProxy(t, s.URL)
	store, err := sql.OpenLimited(proxy.URL, s.Keys, sql.Limits{Pressed: 100 * time.Millisecond})
	require.NoError(t, err)
	defer func() { _ = store.Close() }()
	underWay := make(chan error, 1)
	require.Error(t, store.Do(t.Context(), func(tx *sql.Tx) error {
		require.NoError(t, write(store), "a second connection")
		require.Equal(t, 2, proxy.Silence())
		go func() { underWay <- write(store) }()
		require.Eventually(t, func() bool { return store.DB().Stats().InUse == 2 }, 20*time.Second, time.Millisecond)
		soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := tx.Establishments(soon)
		require.Error(t, err)
		select {
		case err := <-underWay:
			require.True(t, sql.Away(err), "%v", err)
		case <-time.After(30 * time.Second):
			t.Error("it still waits")
			proxy.Cut()
		}
		return nil
	}))
}

func TestAFrozenBackendIsLeftAlone(t *testing.T) {
	s := scene.New(t)
	store, err := sql.OpenLimited(s.URL, s.Keys, sql.Limits{Statement: 400 * time.Millisecond})
	require.NoError(t, err)
	defer func() { _ = store.Close() }()
	var pid int
	require.NoError(t, store.DB().QueryRowContext(t.Context(), `SELECT pg_backend_pid()`).Scan(&pid))
	require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
	defer func() { _ = syscall.Kill(pid, syscall.SIGCONT) }()
	require.True(t, sql.Away(write(store)))
	require.NoError(t, write(store), "by another one")
}

func TestTheConnectionThatTellsOutcomesIsReplacedWhenItGoesSilent(t *testing.T) {
	s := scene.New(t)
	proxy := pgtest.NewProxy(t, s.URL)
	store, err := sql.OpenLimited(proxy.URL, s.Keys, sql.Limits{Listening: 300 * time.Millisecond})
	require.NoError(t, err)
	defer func() { _ = store.Close() }()
	outcomes, err := store.ListenOutcomes(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, proxy.Silence())
	require.Eventually(t, func() bool {
		soon, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		return outcomes.RoundTrip(soon) == nil
	}, 20*time.Second, 10*time.Millisecond)
}
