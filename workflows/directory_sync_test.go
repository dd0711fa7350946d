package workflows_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"okey/okey"
	"okey/workflows"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
)

// A directory that is away is asked again until it is there.
func TestTheDirectoryIsAskedAgainUntilItAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		answers []error
		asked   int
	}{
		"there": {[]error{nil}, 1},
		"away":  {[]error{errors.New("away"), errors.New("away"), errors.New("away"), nil}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			var suite testsuite.WorkflowTestSuite
			suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
			env := suite.NewTestWorkflowEnvironment()
			env.SetTestTimeout(time.Minute)
			asked := 0
			env.RegisterActivityWithOptions(func(context.Context, okey.SyncInput) (okey.SyncReport, error) {
				asked++
				return okey.SyncReport{Read: 1}, test.answers[asked-1]
			}, activity.RegisterOptions{Name: okey.ActivitySyncDirectory})
			env.ExecuteWorkflow(workflows.DirectorySync)
			require.True(t, env.IsWorkflowCompleted())
			require.NoError(t, env.GetWorkflowError())
			assert.Equal(t, test.asked, asked)
		})
	}
}
