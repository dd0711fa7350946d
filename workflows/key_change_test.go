package workflows_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"okey/okey"
	"okey/workflows"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
)

// A mislaid key's flow reminds and has it lost at the instants that its judge gave, even where the relay is away all the time.
func TestAMislaidKeyIsRemindedOfAndLostInTime(t *testing.T) {
	for name, relay := range map[string]error{"the relay is there": nil, "the relay is away": assert.AnError} {
		t.Run(name, func(t *testing.T) {
			var suite testsuite.WorkflowTestSuite
			suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
			env := suite.NewTestWorkflowEnvironment()
			env.SetTestTimeout(time.Minute)
			begun := env.Now().UTC()
			due := okey.MislaidDeadlines(begun, func(from time.Time, n int) time.Time { return from.AddDate(0, 0, n) })
			env.RegisterActivityWithOptions(func(context.Context, okey.KeyMatter) (okey.KeyVerdict, error) {
				return okey.KeyVerdict{
					Accepted: true, Key: "00480001", Mails: []okey.MailStep{{Kind: okey.MailKeyChanged, Ref: 1}}, Deadlines: due,
				}, nil
			}, activity.RegisterOptions{Name: okey.ActivityChangeKey})
			var lock sync.Mutex
			first := map[okey.MailKind]okey.MailOrder{}
			env.RegisterActivityWithOptions(func(_ context.Context, o okey.MailOrder) (okey.MailReport, error) {
				lock.Lock()
				defer lock.Unlock()
				if _, tried := first[o.Step.Kind]; !tried {
					first[o.Step.Kind] = o
				}
				if o.Step.Kind == okey.MailUndelivered {
					return okey.MailReport{}, nil
				}
				return okey.MailReport{}, relay
			}, activity.RegisterOptions{Name: okey.ActivitySendMails})
			var lapsed []okey.KeyMatter
			env.RegisterActivityWithOptions(func(_ context.Context, m okey.KeyMatter) (okey.RepairReport, error) {
				lapsed = append(lapsed, m)
				return okey.RepairReport{}, nil
			}, activity.RegisterOptions{Name: okey.ActivityLapse})
			action := uuid.New()
			env.ExecuteWorkflow(workflows.KeyChange, okey.KeyChangeInput{Action: action})
			require.NoError(t, env.GetWorkflowError())
			assert.Equal(t, "**La clef n'est plus égarée** : plus rien n'est attendu.", currentDetails(t, env))
			require.Len(t, lapsed, 1)
			assert.False(t, lapsed[0].At.Before(due[1].At))
			assert.Less(t, lapsed[0].At.Sub(due[1].At), time.Hour)
			reminder := first[okey.MailRemindMislaid]
			assert.Equal(t, okey.Serial("00480001"), reminder.Key)
			assert.Equal(t, action, reminder.Cause)
			assert.False(t, reminder.At.Before(due[0].At))
			assert.Less(t, reminder.At.Sub(due[0].At), time.Hour)
			assert.Equal(t, relay != nil, first[okey.MailUndelivered].Step.Kind != "", "support is told of what never leaves")
		})
	}
}

// Once a mislaid key is so no more, nothing waits for it: no reminder leaves, and nothing is lost.
func TestTheFlowOfAMislaidKeyEndsWhenItIsFound(t *testing.T) {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	begun := env.Now().UTC()
	due := okey.MislaidDeadlines(begun, func(from time.Time, n int) time.Time { return from.AddDate(0, 0, n) })
	env.RegisterActivityWithOptions(func(context.Context, okey.KeyMatter) (okey.KeyVerdict, error) {
		return okey.KeyVerdict{Accepted: true, Key: "00480001", Mails: []okey.MailStep{{Kind: okey.MailKeyChanged, Ref: 1}}, Deadlines: due}, nil
	}, activity.RegisterOptions{Name: okey.ActivityChangeKey})
	var sent []okey.MailKind
	env.RegisterActivityWithOptions(func(_ context.Context, o okey.MailOrder) (okey.MailReport, error) {
		sent = append(sent, o.Step.Kind)
		return okey.MailReport{}, nil
	}, activity.RegisterOptions{Name: okey.ActivitySendMails})
	env.RegisterDelayedCallback(func() { env.SignalWorkflow(okey.SignalFound, nil) }, time.Hour)
	env.ExecuteWorkflow(workflows.KeyChange, okey.KeyChangeInput{Action: uuid.New()})
	require.NoError(t, env.GetWorkflowError())
	assert.Equal(t, []okey.MailKind{okey.MailKeyChanged}, sent)
	assert.Less(t, env.Now().Sub(begun), 2*time.Hour)
}

// A change that takes a key out of that state tells the flow that waits for it, and goes on where there is none any more.
func TestAChangeOfAMislaidKeyTellsTheFlowThatWaits(t *testing.T) {
	for _, gone := range []error{nil, assert.AnError} {
		var suite testsuite.WorkflowTestSuite
		suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
		env := suite.NewTestWorkflowEnvironment()
		mislaid := uuid.New()
		env.RegisterActivityWithOptions(func(context.Context, okey.KeyMatter) (okey.KeyVerdict, error) {
			return okey.KeyVerdict{Accepted: true, Key: "00480001", Mislaid: mislaid}, nil
		}, activity.RegisterOptions{Name: okey.ActivityChangeKey})
		told := 0
		env.OnSignalExternalWorkflow(mock.Anything, okey.OwnWorkflowID(okey.ActionKeyChange, mislaid), "", okey.SignalFound, nil).
			Run(func(mock.Arguments) { told++ }).Return(gone)
		env.ExecuteWorkflow(workflows.KeyChange, okey.KeyChangeInput{Action: uuid.New()})
		require.NoError(t, env.GetWorkflowError())
		assert.Equal(t, 1, told)
		assert.Equal(t, "**La clef a changé d'état** : plus rien n'est attendu.", currentDetails(t, env))
	}
}
