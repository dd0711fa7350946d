package worker_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"okey/engine"
	"okey/internal/telemetry"
	"okey/worker"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	sdkworker "go.temporal.io/sdk/worker"
)

// Histories that began before there were traces are replayed by a worker that makes some: nothing of them changes, and what has happened
// makes no span a second time.
func TestTracesChangeNoHistory(t *testing.T) {
	collector := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a replay has made a span") }))
	defer collector.Close()
	traces, err := telemetry.Open(t.Context(), "okey-worker", collector.URL)
	require.NoError(t, err)
	defer traces.Close()
	var options client.Options
	engine.Traced(traces)(&options)
	require.Len(t, options.Interceptors, 1)
	files, err := filepath.Glob("../workflows/testdata/histories/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		replayer, err := sdkworker.NewWorkflowReplayerWithOptions(sdkworker.WorkflowReplayerOptions{
			Interceptors: []interceptor.WorkerInterceptor{options.Interceptors[0].(interceptor.WorkerInterceptor)},
		})
		require.NoError(t, err)
		worker.Register(replayer)
		assert.NoError(t, replayer.ReplayWorkflowHistoryFromJSONFile(log.NewStructuredLogger(slog.New(slog.DiscardHandler)), file), file)
	}
}

func TestWithoutTracesNothingStandsBetween(t *testing.T) {
	var options client.Options
	engine.Traced(nil)(&options)
	assert.Empty(t, options.Interceptors)
}
