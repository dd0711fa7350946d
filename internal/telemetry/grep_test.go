package telemetry_test

import (
	"bytes"
	"log/slog"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/internal/telemetry"
)

// The command of the alert OkeyErrors finds the lines of faults, in whichever form the log is written.
func TestTheCommandOfTheAlertFindsFaultsInBothForms(t *testing.T) {
	alerts, err := os.ReadFile("../../docs/alerts.yml")
	require.NoError(t, err)
	typed := regexp.MustCompile("`docker compose logs server \\| (grep [^`]*)`").FindStringSubmatch(string(alerts))
	require.NotNil(t, typed)
	for _, format := range []string{"text", "json"} {
		var written bytes.Buffer
		log := slog.New(telemetry.NewHandler(&written, format, slog.LevelInfo))
		log.Info("request", "status", 200, "route", "/clefs")
		log.Error("request", "status", 503, "route", "/demandes")
		grep := exec.CommandContext(t.Context(), "/bin/sh", "-euc", typed[1])
		grep.Stdin = &written
		found, err := grep.Output()
		require.NoError(t, err, format)
		assert.Equal(t, 1, strings.Count(string(found), "\n"), format)
		assert.Contains(t, string(found), "/demandes", format)
	}
}
