package logfile_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/server/common/log"

	"okey/standalone/logfile"
)

// What a start before this one has said is there, and whoever talks without end fills no disk.
func TestALogGoesOnAndIsPutAsideBySize(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "temporal it's.log")
	require.NoError(t, os.WriteFile(path, []byte("of the start before\n"), 0o600))
	log.NewZapLogger(log.BuildZapLogger(log.Config{Level: "warn", OutputFile: logfile.Address(path)})).Warn("of this one")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Contains(t, string(text), "of the start before\n")
	assert.Contains(t, string(text), "of this one")

	file := logfile.New(path)
	line := append(bytes.Repeat([]byte("."), 1<<20-1), '\n')
	for range 2*logfile.Biggest + 10 {
		_, err := file.Write(line)
		require.NoError(t, err)
	}
	require.NoError(t, file.Close())
	require.Eventually(t, func() bool { // the oldest goes beside
		kept, err := filepath.Glob(filepath.Join(dir, "*"))
		return err == nil && len(kept) == 2
	}, time.Minute, 20*time.Millisecond)
	kept, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, entry := range kept {
		about, err := entry.Info()
		require.NoError(t, err)
		assert.LessOrEqual(t, about.Size(), int64(logfile.Biggest)<<20, entry.Name())
		assert.Equal(t, os.FileMode(0o600), about.Mode(), entry.Name())
	}
}
