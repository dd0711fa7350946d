package workflows_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"okey/okey"
	"okey/workflows"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"
)

// One mailbox that is full keeps nobody else's letter back, nor the next batch, which has a run of its own; the run ends in peace, and leaves it
// to the next morning.
func TestALetterThatMustWaitKeepsNoneBack(t *testing.T) {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(time.Minute)
	full, second, third := uuid.New(), uuid.New(), uuid.New()
	batches := map[int]okey.WatchReport{
		0: {Letters: []okey.MailOrder{{Letter: full}, {Letter: second}}, Next: 200}, 200: {Letters: []okey.MailOrder{{Letter: third}}},
	}
	env.RegisterActivityWithOptions(func(_ context.Context, in okey.WatchInput) (okey.WatchReport, error) {
		return batches[in.After], nil
	}, activity.RegisterOptions{Name: okey.ActivityWatch})
	var lock sync.Mutex
	begun := env.Now()
	sent := map[uuid.UUID]time.Duration{}
	env.RegisterActivityWithOptions(func(_ context.Context, o okey.MailOrder) (okey.MailReport, error) {
		lock.Lock()
		defer lock.Unlock()
		sent[o.Letter] = env.Now().Sub(begun)
		if o.Letter == full {
			return okey.MailReport{}, errors.New("mailbox full")
		}
		return okey.MailReport{}, nil
	}, activity.RegisterOptions{Name: okey.ActivitySendMails})
	env.RegisterWorkflowWithOptions(workflows.StockWatch, workflow.RegisterOptions{Name: okey.WorkflowStockWatch})
	env.ExecuteWorkflow(okey.WorkflowStockWatch)
	require.True(t, env.IsWorkflowCompleted())
	require.NoError(t, env.GetWorkflowError())
	assert.Less(t, sent[second], time.Minute)
	assert.Contains(t, sent, third)
	assert.Less(t, sent[third], 5*time.Minute, "the next batch does not wait for it either")
	assert.LessOrEqual(t, env.Now().Sub(begun), okey.WatchTry+time.Minute, "well within the run's life")
}
