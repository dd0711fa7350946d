package sql_test

import (
	"context"
	stdsql "database/sql"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"okey/config"
	"okey/internal/pgtest"
	"okey/internal/postgres"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pair runs a database and a hot standby, which is a copy of it that waits for more.
func pair(t *testing.T) (primary, standby *postgres.Cluster) {
	t.Helper()
	dir, err := os.MkdirTemp(postgres.Memory(), "okey-pair-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	first, second := filepath.Join(dir, "first"), filepath.Join(dir, "second")
	run := func(dir string) *postgres.Cluster {
		c, err := postgres.Start(t.Context(), postgres.Options{Dir: dir, DieWithParent: true})
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Stop() })
		return c
	}
	primary = run(first)
	require.NoError(t, sql.Migrate(t.Context(), primary.URL("postgres")))
	require.NoError(t, primary.Stop())
	require.NoError(t, copyOwned(first, second))
	require.NoError(t, os.Remove(filepath.Join(second, "port")))
	signal := filepath.Join(second, "data", "standby.signal")
	require.NoError(t, os.WriteFile(signal, nil, 0o600))
	require.NoError(t, ownAs(filepath.Join(second, "data"), signal))
	return run(first), run(second)
}

// copyOwned copies a folder with the owners of its files.
func copyOwned(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, _ := filepath.Rel(from, path)
		made := filepath.Join(to, below)
		if entry.IsDir() {
			err = os.Mkdir(made, 0o700)
		} else {
			var content []byte
			if content, err = os.ReadFile(path); err == nil {
				err = os.WriteFile(made, content, 0o600)
			}
		}
		if err != nil {
			return err
		}
		return ownAs(path, made)
	})
}

func ownAs(like, path string) error {
	info, err := os.Stat(like)
	if err != nil {
		return err
	}
	owner := info.Sys().(*syscall.Stat_t)
	return os.Chown(path, int(owner.Uid), int(owner.Gid))
}

// write is a small transaction.
func write(store *sql.Store) error {
	return store.Do(context.Background(), func(tx *sql.Tx) error {
		bearer := sql.Bearer{Service: "portail", Scopes: []string{"keys"}}
		return tx.SaveToken(context.Background(), uuid.NewString(), bearer, time.Now(), time.Now().Add(time.Hour))
	})
}

func TestAPoolThatIsLeftOnAStandbyFindsTheDatabaseThatTakesWrites(t *testing.T) {
	primary, standby := pair(t)
	proxy := pgtest.NewProxy(t, standby.URL("postgres"))
	store, err := sql.Open(proxy.URL+"&target_session_attrs=any", config.NewKeyring())
	require.NoError(t, err)
	defer func() { _ = store.Close() }()
	require.Error(t, store.Writable(t.Context()))
	_, err = store.Establishments(t.Context())
	require.NoError(t, err, "it reads")
	err = write(store)
	require.Error(t, err)
	require.True(t, sql.Away(err), "%v", err)
	_, err = store.DB().ExecContext(t.Context(), `DELETE FROM session`)
	require.True(t, sql.Away(err), "%v", err)

	_, err = store.Establishments(t.Context()) // a connection to the standby, once more
	require.NoError(t, err)
	proxy.Lead(primary.URL("postgres"))
	require.True(t, sql.Away(write(store)), "the first to notice")
	require.NoError(t, write(store))
	require.NoError(t, store.Writable(t.Context()))
}

func TestOnlyTheDatabaseThatTakesWritesIsUsed(t *testing.T) {
	primary, standby := pair(t)
	both, err := sql.Open(standby.URLAs(postgres.Admin, standby.Password(), "postgres")+
		"&host=127.0.0.1,127.0.0.1&port="+port(standby)+","+port(primary), config.NewKeyring())
	require.NoError(t, err)
	defer func() { _ = both.Close() }()
	require.NoError(t, write(both), "of several hosts, the second")

	alone, err := sql.Open(standby.URL("postgres"), config.NewKeyring())
	require.NoError(t, err)
	defer func() { _ = alone.Close() }()
	err = write(alone)
	require.Error(t, err)
	assert.True(t, sql.Away(err), "%v", err)
	admin, err := stdsql.Open("postgres", standby.URL("postgres"))
	require.NoError(t, err)
	defer func() { _ = admin.Close() }()
	_, err = admin.ExecContext(t.Context(), `SELECT pg_promote()`)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return write(alone) == nil }, 20*time.Second, 20*time.Millisecond, "promoted in place")
}

// The old database doesn't know that it is one: it goes on answering, and taking writes that nobody will see.
func TestWhoeverIsLeftOnTheOldDatabaseFollowsTheOneThatLeads(t *testing.T) {
	primary, standby := pair(t)
	proxy := pgtest.NewProxy(t, primary.URL("postgres"))
	store, err := sql.OpenLimited(proxy.URL, config.NewKeyring(), sql.Limits{Pressed: 100 * time.Millisecond, Following: 50 * time.Millisecond})
	require.NoError(t, err)
	defer func() { _ = store.Close() }()
	beside, err := sql.OpenBeside(store)
	require.NoError(t, err)
	defer func() { _ = beside.Close() }()
	outcomes, err := store.ListenOutcomes(t.Context())
	require.NoError(t, err)
	require.NoError(t, outcomes.RoundTrip(t.Context()))
	where := func(store *sql.Store) (port string) {
		require.NoError(t, store.DB().QueryRowContext(t.Context(), `SELECT current_setting('port')`).Scan(&port))
		return port
	}
	require.Equal(t, []string{port(primary), port(primary)}, []string{where(store), where(beside)})

	admin, err := stdsql.Open("postgres", standby.URL("postgres"))
	require.NoError(t, err)
	defer func() { _ = admin.Close() }()
	_, err = admin.ExecContext(t.Context(), `SELECT pg_promote()`)
	require.NoError(t, err)
	proxy.Lead(standby.URL("postgres"))
	require.Equal(t, []string{port(primary), port(primary)}, []string{where(store), where(beside)}, "nothing has told them")
	var anew atomic.Int64
	go store.Follow(t.Context(), func() { anew.Add(1) })
	require.Eventually(t, func() bool { return where(store) == port(standby) && where(beside) == port(standby) }, 20*time.Second, 10*time.Millisecond)
	require.Eventually(t, func() bool {
		soon, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		return outcomes.RoundTrip(soon) == nil
	}, 20*time.Second, 10*time.Millisecond, "notifications come from the new one")
	require.Eventually(t, func() bool { return anew.Load() > 0 }, 20*time.Second, 10*time.Millisecond, "what waits is taken up")
}

func port(c *postgres.Cluster) string { _, p, _ := net.SplitHostPort(c.Address()); return p }
