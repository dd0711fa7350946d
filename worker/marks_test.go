package worker

import (
	"bytes"
	"context"
	"log/slog"
	"testing"

	"okey/internal/telemetry"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
)

func TestALineOfTheWorkerSaysForWhichWorkflowAndAction(t *testing.T) {
	var said bytes.Buffer
	log := slog.New(telemetry.NewHandler(&said, "text", slog.LevelInfo))
	env := new(testsuite.WorkflowTestSuite).NewTestActivityEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{&marks{}}})
	judge := func(ctx context.Context, _ okey.Matter) error {
		log.InfoContext(ctx, "judged")
		return nil
	}
	env.RegisterActivity(judge)
	action := uuid.New()
	for _, m := range []okey.Matter{{Action: action}, {}} {
		_, err := env.ExecuteActivity(judge, m)
		require.NoError(t, err)
	}
	lines := bytes.Split(bytes.TrimSpace(said.Bytes()), []byte("\n"))
	require.Len(t, lines, 2)
	assert.Contains(t, string(lines[0]), "workflow=default-test-workflow-id action="+action.String())
	assert.NotContains(t, string(lines[1]), "action=", "a deadline has none")
}
