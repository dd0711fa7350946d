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

// resending runs the workflow over as many mails, of which the first never leaves.
func resending(t *testing.T, mails int, verdict okey.StockVerdict) (env *testsuite.TestWorkflowEnvironment, sent map[uuid.UUID]int) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env = suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(time.Minute)
	env.RegisterWorkflowWithOptions(workflows.MailsResend, workflow.RegisterOptions{Name: okey.WorkflowMailsResend})
	sent = map[uuid.UUID]int{}
	var lock sync.Mutex
	ids := make([]uuid.UUID, mails)
	for i := range ids {
		ids[i] = okey.DerivedID(uuid.Nil, string(rune(i)))
	}
	env.RegisterActivityWithOptions(func(context.Context, okey.StockMatter) (okey.StockVerdict, error) {
		return verdict, nil
	}, activity.RegisterOptions{Name: okey.ActivityStock})
	env.RegisterActivityWithOptions(func(_ context.Context, r okey.ResendRound) (okey.ResendReport, error) {
		begin := 0
		for i, id := range ids {
			if id == r.After {
				begin = i + 1
			}
		}
		var report okey.ResendReport
		for _, id := range ids[begin:min(mails, begin+okey.ResendBatch)] {
			report.Letters = append(report.Letters, okey.MailOrder{Again: id, Step: okey.MailStep{Kind: okey.MailAsked}})
			report.Next = id
		}
		if len(report.Letters) < okey.ResendBatch {
			report.Next = uuid.Nil
		}
		return report, nil
	}, activity.RegisterOptions{Name: okey.ActivityResendMails})
	env.RegisterActivityWithOptions(func(_ context.Context, o okey.MailOrder) (okey.MailReport, error) {
		lock.Lock()
		defer lock.Unlock()
		if o.Step.Kind == okey.MailAsked {
			sent[o.Again]++
		}
		if o.Again == ids[0] && o.Step.Kind == okey.MailAsked {
			return okey.MailReport{}, errors.New("mailbox full")
		}
		return okey.MailReport{}, nil
	}, activity.RegisterOptions{Name: okey.ActivitySendMails})
	env.ExecuteWorkflow(okey.WorkflowMailsResend, okey.MailsResendInput{Action: uuid.New()})
	require.True(t, env.IsWorkflowCompleted())
	return env, sent
}

func TestMailsAreSentAgainInRoundsAndOneThatStaysKeepsNoneBack(t *testing.T) {
	const mails = 2*okey.ResendBatch + 50
	env, sent := resending(t, mails, okey.StockVerdict{Accepted: true})
	require.NoError(t, env.GetWorkflowError())
	assert.Len(t, sent, mails)
}

func TestNothingIsSentAgainByARefusedAction(t *testing.T) {
	env, sent := resending(t, 10, okey.StockVerdict{Reason: okey.CodeNoFailedMails})
	require.NoError(t, env.GetWorkflowError())
	assert.Empty(t, sent)
}

func TestSendingThousandsAgainGoesOnInAnotherHistory(t *testing.T) {
	const run = 20 * okey.ResendBatch
	env, sent := resending(t, run+1, okey.StockVerdict{Accepted: true})
	var on *workflow.ContinueAsNewError
	require.ErrorAs(t, env.GetWorkflowError(), &on)
	assert.Len(t, sent, run)
}
