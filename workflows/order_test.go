package workflows_test

import (
	"context"
	"log/slog"
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
	"go.temporal.io/sdk/workflow"
)

// orderRun is an Order workflow on the SDK's clock, with an order that stands as the test says.
type orderRun struct {
	env      *testsuite.TestWorkflowEnvironment
	standing okey.OrderStanding
	judged   []uuid.UUID
	faults   []okey.Code // of signals without standing
	closes   uuid.UUID   // the action that closes the order
	letters  []okey.MailOrder
	told     []okey.MailOrder
}

func newOrderRun(t *testing.T, standing okey.OrderStanding) *orderRun {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	r := &orderRun{env: suite.NewTestWorkflowEnvironment(), standing: standing}
	r.env.SetTestTimeout(time.Minute)
	r.env.SetStartTime(start)
	r.env.RegisterWorkflowWithOptions(workflows.Order, workflow.RegisterOptions{Name: okey.WorkflowOrder})
	r.env.RegisterActivityWithOptions(func(context.Context, okey.OrderInput) (okey.OrderStanding, error) {
		return r.standing, nil
	}, activity.RegisterOptions{Name: okey.ActivityLoadOrder})
	r.env.RegisterActivityWithOptions(func(_ context.Context, m okey.StockMatter) (okey.StockVerdict, error) {
		if m.Fault != "" {
			r.faults = append(r.faults, m.Fault)
			return okey.StockVerdict{Reason: m.Fault}, nil
		}
		r.judged = append(r.judged, m.Action)
		if m.Action == r.closes {
			r.standing.State = okey.OrderReceived
			return okey.StockVerdict{Accepted: true, Letters: r.letters}, nil
		}
		return okey.StockVerdict{Letters: r.letters}, nil
	}, activity.RegisterOptions{Name: okey.ActivityStock})
	r.env.RegisterActivityWithOptions(func(_ context.Context, o okey.MailOrder) (okey.MailReport, error) {
		r.told = append(r.told, o)
		return okey.MailReport{}, nil
	}, activity.RegisterOptions{Name: okey.ActivitySendMails})
	return r
}

var start = time.Date(2026, time.November, 24, 9, 12, 0, 0, time.UTC)

func (r *orderRun) signal(after time.Duration, action uuid.UUID) {
	r.env.RegisterDelayedCallback(func() { r.env.SignalWorkflow(string(okey.ActionReceipt), okey.ActionSignal{Action: action}) }, after)
}

func (r *orderRun) run() error {
	r.env.ExecuteWorkflow(okey.WorkflowOrder, okey.OrderInput{
		Order: uuid.New(), Overdue: okey.DefaultOverdue(), Page: "http://okey.test/commandes/1",
	})
	return r.env.GetWorkflowError()
}

func TestSupportIsToldOfALateOrderOnceADate(t *testing.T) {
	r := newOrderRun(
		t,
		okey.OrderStanding{
			State:   okey.OrderExported,
			UAI:     "0069001B",
			Overdue: []time.Time{start.AddDate(0, 0, 28), start.AddDate(0, 0, 42), start.AddDate(0, 0, 56)},
		},
	)
	r.closes = uuid.New()
	r.signal(49*24*time.Hour, r.closes)
	require.NoError(t, r.run())
	require.Len(t, r.told, 2, "not of the third: all keys had come")
	for i, letter := range r.told {
		assert.Equal(t, okey.MailStep{Kind: okey.MailOrderOverdue, Ref: i + 1}, letter.Step)
	}
}

func TestARunThatBeginsLateTellsSupportWhatFellDueMeanwhile(t *testing.T) {
	r := newOrderRun(
		t,
		okey.OrderStanding{
			State:   okey.OrderShipped,
			UAI:     "0069001B",
			Overdue: []time.Time{start.AddDate(0, 0, -28), start.AddDate(0, 0, -14), start.AddDate(0, 0, 14)},
		},
	)
	r.closes = uuid.New()
	r.signal(24*time.Hour, r.closes)
	require.NoError(t, r.run())
	require.Len(t, r.told, 1, "the latest stands for those before it")
	assert.Equal(t, okey.MailStep{Kind: okey.MailOrderOverdue, Ref: 2}, r.told[0].Step)
}

func TestASignalToAnOrderThatNamesNoActionIsRecordedAndDoesNoHarm(t *testing.T) {
	r := newOrderRun(t, okey.OrderStanding{State: okey.OrderShipped, UAI: "0069001B"})
	r.closes = uuid.New()
	for i, send := range []func(){
		func() { r.env.SignalWorkflow(string(okey.ActionReceipt), "not what it should be") },
		func() { r.env.SignalWorkflow(string(okey.ActionReceipt), okey.ActionSignal{}) },
		func() { r.env.SignalWorkflow("receive-all", okey.ActionSignal{Action: r.closes}) },
	} {
		r.env.RegisterDelayedCallback(send, time.Duration(i+1)*time.Minute)
	}
	r.signal(time.Hour, r.closes)
	require.NoError(t, r.run())
	assert.Equal(t, []okey.Code{okey.CodeUnreadable, okey.CodeUnknownAction, okey.CodeUnknownSignal}, r.faults)
	assert.Equal(t, []uuid.UUID{r.closes}, r.judged)
}

func TestALateSignalOfAnOrderIsJudgedWhileItsLastMailLeaves(t *testing.T) {
	r := newOrderRun(t, okey.OrderStanding{State: okey.OrderShipped, UAI: "0069001B"})
	r.closes, r.letters = uuid.New(), []okey.MailOrder{{Step: okey.MailStep{Kind: okey.MailOrderOverdue, Ref: 1}}}
	late := uuid.New()
	r.env.OnActivity(okey.ActivitySendMails, mock.Anything, mock.Anything).After(2*time.Hour).Return(okey.MailReport{}, nil)
	r.signal(time.Hour, r.closes)
	r.signal(2*time.Hour, late)
	require.NoError(t, r.run())
	assert.Equal(t, []uuid.UUID{r.closes, late}, r.judged, "no signal is lost")
}

func TestAnOrderContinuesAsNewOnlyOnceItsMailsHaveLeft(t *testing.T) {
	r := newOrderRun(t, okey.OrderStanding{State: okey.OrderShipped, UAI: "0069001B"})
	r.letters = []okey.MailOrder{{Step: okey.MailStep{Kind: okey.MailOrderOverdue, Ref: 1}}}
	r.env.OnActivity(okey.ActivitySendMails, mock.Anything, mock.Anything).
		After(2 * time.Hour).
		Return(func(_ context.Context, o okey.MailOrder) (okey.MailReport, error) {
			r.told = append(r.told, o)
			return okey.MailReport{}, nil
		})
	r.env.RegisterDelayedCallback(func() { r.env.SetContinueAsNewSuggested(true) }, 90*time.Minute)
	r.signal(time.Hour, uuid.New())
	r.signal(100*time.Minute, uuid.New())
	require.ErrorContains(t, r.run(), "continue as new")
	assert.Len(t, r.told, 2, "both letters")
}
