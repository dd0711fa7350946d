package postgres

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAServerThatIsKilledIsStartedAgainAndItsLogKept(t *testing.T) {
	c := start(t, private(t), 0)
	execute(t, c.URL("postgres"), `CREATE TABLE kept (word text); INSERT INTO kept VALUES ('clef')`)
	execute(t, c.URL("postgres"), `CHECKPOINT`) // a cluster for tests writes nothing down by itself
	ctx, cancel := context.WithCancel(t.Context())
	kept := make(chan error, 1)
	go func() { kept <- c.Keep(ctx) }()
	for range 2 {
		before := c.command.Process.Pid
		require.NoError(t, syscall.Kill(before, syscall.SIGKILL))
		require.Eventually(t, func() bool {
			db, err := sql.Open("postgres", c.URL("postgres"))
			if err != nil {
				return false
			}
			defer db.Close()
			var word string
			return db.QueryRowContext(ctx, `SELECT word FROM kept`).Scan(&word) == nil && word == "clef"
		}, time.Minute, 50*time.Millisecond)
	}
	log, err := os.ReadFile(c.LogFile())
	require.NoError(t, err)
	assert.Contains(t, string(log), "was not properly shut down", "why it ended is still there")
	require.NoError(t, c.Stop())
	cancel()
	assert.NoError(t, <-kept, "told to stop, it stays down")
}

func TestWhatPostgresSaysOfADirectoryIsExplained(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, dir string) string{
		"a file is missing": func(t *testing.T, dir string) string {
			require.NoError(t, os.Remove(filepath.Join(dir, "data", "global", "pg_control")))
			return "remettez la dernière sauvegarde"
		},
		"its journal is missing": func(t *testing.T, dir string) string {
			require.NoError(t, os.RemoveAll(filepath.Join(dir, "data", "pg_wal")))
			return "remettez la dernière sauvegarde"
		},
		"its data are missing": func(t *testing.T, dir string) string {
			require.NoError(t, os.RemoveAll(filepath.Join(dir, "data", "base")))
			return "Remettez la dernière sauvegarde"
		},
		"everybody may write": func(t *testing.T, dir string) string {
			require.NoError(t, os.Chmod(filepath.Join(dir, "data"), 0o777)) //nolint:gosec // that is the fault
			return "chmod 700"
		},
		"the password is missing": func(t *testing.T, dir string) string {
			require.NoError(t, os.Remove(filepath.Join(dir, "password")))
			return "mot de passe"
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := private(t)
			require.NoError(t, start(t, dir, 0).Stop())
			said := spoil(t, dir)
			_, err := Start(t.Context(), Options{Dir: dir, Fast: true, DieWithParent: true})
			require.ErrorContains(t, err, said)
		})
	}
	assert.Contains(t, Explain(`could not write to file: No space left on device`), "le disque est plein")
	assert.Equal(t, "something else", Explain("something else"))
}

// Whoever puts the log aside while the server runs, as logrotate's copytruncate does, has what comes after at the beginning of the file.
func TestTheLogMayBeEmptiedWhileTheServerRuns(t *testing.T) {
	c := lasting(t, t.TempDir())
	db, err := sql.Open("postgres", c.URL("postgres"))
	require.NoError(t, err)
	defer db.Close()
	says := func(word string) string {
		_, err := db.Exec("SELECT " + word)
		require.Error(t, err)
		text, err := os.ReadFile(c.LogFile())
		require.NoError(t, err)
		assert.Contains(t, string(text), word)
		return string(text)
	}
	says("first_words")
	require.NoError(t, os.Truncate(c.LogFile(), 0))
	assert.True(t, strings.HasPrefix(says("next_words"), "20"), "a line begins with its time")
	c.logFrom = 1 << 20
	assert.Contains(t, c.lastWords(), "next_words")
}
