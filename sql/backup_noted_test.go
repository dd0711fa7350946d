package sql_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"okey/internal/scene"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What notes a backup from outside, compose's service and the statement that docs/backup.md shows, is what doctor and metrics read.
func TestABackupIsNotedWhereItIsLookedFor(t *testing.T) {
	statement := regexp.MustCompile(`(?s)INSERT INTO setting .*?changed_at = excluded\.changed_at`)
	for file, moment := range map[string]string{"../docker-compose.yml": "to_timestamp($$(stat -c %Y /backup/good))", "../docs/backup.md": "now()"} {
		s := scene.New(t)
		last, since, err := s.Store.LastBackup(t.Context())
		require.NoError(t, err)
		assert.Zero(t, last, "none yet")
		assert.WithinDuration(t, time.Now(), since, 48*time.Hour)
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		found := statement.FindString(string(text))
		require.Contains(t, found, moment, file)
		_, err = s.Admin.ExecContext(t.Context(), strings.Replace(found, moment, "to_timestamp(1764500000)", 1))
		require.NoError(t, err, file)
		last, _, err = s.Store.LastBackup(t.Context())
		require.NoError(t, err)
		assert.EqualValues(t, 1764500000, last.Unix())
		read, err := s.Store.Gauges(t.Context(), time.Now())
		require.NoError(t, err)
		assert.EqualValues(t, 1764500000, read.BackedUp.Unix())
	}
}
