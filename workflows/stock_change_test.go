package workflows_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
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

// Mails that never leave are told to support, and what they were about is done all the same: the workflow ends in peace. That last mail is
// not given up: the test's engine does so after ten attempts.
func TestMailsAboutStockThatNeverLeaveAreToldToSupport(t *testing.T) {
	step := okey.MailStep{Kind: okey.MailKeyChanged, Ref: 1}
	action := uuid.New()
	for name, run := range map[string]func(*testsuite.TestWorkflowEnvironment){
		okey.WorkflowKeyChange: func(env *testsuite.TestWorkflowEnvironment) {
			env.RegisterActivityWithOptions(func(context.Context, okey.KeyMatter) (okey.KeyVerdict, error) {
				return okey.KeyVerdict{Accepted: true, Key: "00480001", Mails: []okey.MailStep{step}}, nil
			}, activity.RegisterOptions{Name: okey.ActivityChangeKey})
			env.ExecuteWorkflow(workflows.KeyChange, okey.KeyChangeInput{Action: action})
		},
		okey.WorkflowStockImport: func(env *testsuite.TestWorkflowEnvironment) {
			env.RegisterActivityWithOptions(func(context.Context, okey.StockMatter) (okey.StockVerdict, error) {
				return okey.StockVerdict{Accepted: true, Letters: []okey.MailOrder{{Subject: action, Step: step}}}, nil
			}, activity.RegisterOptions{Name: okey.ActivityStock})
			env.ExecuteWorkflow(workflows.StockChange, okey.StockInput{Action: action})
		},
	} {
		for _, support := range []error{nil, errors.New("the relay is away")} {
			t.Run(name, func(t *testing.T) {
				var suite testsuite.WorkflowTestSuite
				suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
				env := suite.NewTestWorkflowEnvironment()
				env.SetTestTimeout(time.Minute)
				env.RegisterWorkflowWithOptions(workflows.KeyChange, workflow.RegisterOptions{Name: okey.WorkflowKeyChange})
				within := map[okey.MailKind]time.Duration{}
				told := map[okey.MailKind]okey.MailOrder{}
				env.RegisterActivityWithOptions(func(ctx context.Context, o okey.MailOrder) (okey.MailReport, error) {
					told[o.Step.Kind], within[o.Step.Kind] = o, activity.GetInfo(ctx).ScheduleToCloseTimeout
					if o.Step.Kind == okey.MailUndelivered {
						return okey.MailReport{}, support
					}
					return okey.MailReport{}, errors.New("the relay is away")
				}, activity.RegisterOptions{Name: okey.ActivitySendMails})
				run(env)
				require.True(t, env.IsWorkflowCompleted())
				require.NoError(t, env.GetWorkflowError())
				assert.Equal(t, okey.MailLife, within[okey.MailKeyChanged])
				assert.Greater(t, within[okey.MailUndelivered], 365*24*time.Hour, "all the time that the workflow has")
				first, last := told[okey.MailKeyChanged], told[okey.MailUndelivered]
				assert.Equal(t, 1, last.Step.Ref)
				assert.Equal(
					t,
					first.Key+okey.Serial(first.Subject.String()),
					last.Key+okey.Serial(last.Subject.String()),
					"about the same thing",
				)
			})
		}
	}
}

// One full mailbox keeps nobody else's letter back, nor the next round; support is told of it in the end.
func TestAFullMailboxKeepsNoOtherSchoolsLetterBack(t *testing.T) {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(time.Minute)
	letters := make([]okey.MailOrder, 250)
	for i := range letters {
		letters[i] = okey.MailOrder{Subject: uuid.New(), Step: okey.MailStep{Kind: okey.MailDeliveryArrived, Ref: i}}
	}
	env.RegisterActivityWithOptions(func(context.Context, okey.StockMatter) (okey.StockVerdict, error) {
		return okey.StockVerdict{Accepted: true, Letters: letters}, nil
	}, activity.RegisterOptions{Name: okey.ActivityStock})
	var lock sync.Mutex
	begun := env.Now()
	left := map[int]time.Duration{}
	var told []int
	env.RegisterActivityWithOptions(func(_ context.Context, o okey.MailOrder) (okey.MailReport, error) {
		lock.Lock()
		defer lock.Unlock()
		switch {
		case o.Step.Kind == okey.MailUndelivered:
			told = append(told, o.Step.Ref)
		case o.Step.Ref == 0:
			return okey.MailReport{}, errors.New("452 mailbox full")
		default:
			left[o.Step.Ref] = env.Now().Sub(begun)
		}
		return okey.MailReport{}, nil
	}, activity.RegisterOptions{Name: okey.ActivitySendMails})
	env.ExecuteWorkflow(workflows.StockChange, okey.StockInput{Action: uuid.New()})
	require.NoError(t, env.GetWorkflowError())
	assert.Len(t, left, 249)
	assert.Less(t, slices.Max(slices.Collect(maps.Values(left))), time.Hour)
	assert.Equal(t, []int{0}, told)
}

// The letters of a delivery to a whole nation go out a page after the other, and go on in a new run where the history has grown long.
func TestLettersThatAreRowsAllLeaveOverSeveralRuns(t *testing.T) {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	const letters = 500
	var lock sync.Mutex
	left := map[int]int{}
	run := func(in okey.StockInput, long bool) error {
		env := suite.NewTestWorkflowEnvironment()
		env.SetTestTimeout(time.Minute)
		env.RegisterWorkflowWithOptions(workflows.StockChange, workflow.RegisterOptions{Name: okey.WorkflowStockImport})
		env.RegisterActivityWithOptions(func(context.Context, okey.StockMatter) (okey.StockVerdict, error) {
			assert.False(t, in.Letters, "what is done is not done again")
			return okey.StockVerdict{Accepted: true, Stored: letters}, nil
		}, activity.RegisterOptions{Name: okey.ActivityStock})
		env.RegisterActivityWithOptions(func(_ context.Context, in okey.LettersInput) (okey.LettersPage, error) {
			lock.Lock()
			defer lock.Unlock()
			var page okey.LettersPage
			for n := in.After + 1; n <= letters && len(page.Letters) < okey.MaxLetters; n++ {
				if left[n] == 0 {
					page.Letters = append(page.Letters, okey.MailOrder{Row: n, Cause: in.Action, Step: okey.MailStep{Kind: okey.MailDeliveryArrived, Ref: n}})
				}
			}
			if len(page.Letters) == okey.MaxLetters {
				page.Next = page.Letters[okey.MaxLetters-1].Row
			}
			return page, nil
		}, activity.RegisterOptions{Name: okey.ActivityLetters})
		env.RegisterActivityWithOptions(func(_ context.Context, o okey.MailOrder) (okey.MailReport, error) {
			lock.Lock()
			defer lock.Unlock()
			left[o.Row]++
			return okey.MailReport{Sent: 1}, nil
		}, activity.RegisterOptions{Name: okey.ActivitySendMails})
		env.SetContinueAsNewSuggested(long)
		env.ExecuteWorkflow(okey.WorkflowStockImport, in)
		return env.GetWorkflowError()
	}
	in := okey.StockInput{Action: uuid.New()}
	var renewed *workflow.ContinueAsNewError
	require.ErrorAs(t, run(in, true), &renewed)
	assert.Len(t, left, okey.MaxLetters)
	in.Letters = true
	require.NoError(t, run(in, false))
	assert.Len(t, left, letters)
	for n, times := range left {
		assert.Equal(t, 1, times, n)
	}
}
