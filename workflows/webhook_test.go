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
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// webhookRun is a Webhook workflow on the SDK's clock, whose turns come out as the test says; after the last one the receiver is absent.
type webhookRun struct {
	env     *testsuite.TestWorkflowEnvironment
	reports []okey.WebhookReport
	turns   []okey.WebhookTurn
	told    []okey.MailOrder
	said    *summaries
}

func newWebhookRun(t *testing.T, reports ...okey.WebhookReport) *webhookRun {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	r := &webhookRun{env: suite.NewTestWorkflowEnvironment(), reports: reports, said: &summaries{}}
	r.env.SetTestTimeout(time.Minute)
	r.env.SetStartTime(start)
	r.env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{r.said}})
	r.env.RegisterWorkflowWithOptions(workflows.Webhook, workflow.RegisterOptions{Name: okey.WorkflowWebhook})
	r.env.RegisterActivityWithOptions(func(_ context.Context, turn okey.WebhookTurn) (okey.WebhookReport, error) {
		r.turns = append(r.turns, turn)
		if len(r.turns) > len(r.reports) {
			return okey.WebhookReport{State: okey.WebhookAbsent}, nil
		}
		return r.reports[len(r.turns)-1], nil
	}, activity.RegisterOptions{Name: okey.ActivityDeliver})
	r.env.RegisterActivityWithOptions(func(_ context.Context, o okey.MailOrder) (okey.MailReport, error) {
		r.told = append(r.told, o)
		return okey.MailReport{}, nil
	}, activity.RegisterOptions{Name: okey.ActivitySendMails})
	return r
}

func (r *webhookRun) signal(after time.Duration, name string) {
	r.env.RegisterDelayedCallback(func() { r.env.SignalWorkflow(name, nil) }, after)
}

// run ends with the receiver's absence, and returns when each turn began.
func (r *webhookRun) run(t *testing.T) []time.Duration {
	t.Helper()
	r.env.ExecuteWorkflow(okey.WorkflowWebhook, okey.WebhookInput{Receiver: "a"})
	require.True(t, r.env.IsWorkflowCompleted())
	require.NoError(t, r.env.GetWorkflowError())
	r.said.check(t)
	began := make([]time.Duration, len(r.turns))
	for i, turn := range r.turns {
		began[i] = turn.At.Sub(start)
	}
	return began
}

var (
	active  = okey.WebhookReport{State: okey.WebhookActive}
	stopped = okey.WebhookReport{State: okey.WebhookStopped}
)

func failing(pause time.Duration, alive bool) okey.WebhookReport {
	return okey.WebhookReport{State: okey.WebhookActive, Pause: pause, Alive: alive}
}

// A receiver that has all costs nothing until there is something for it.
func TestAReceiverWaitsUntilItIsWoken(t *testing.T) {
	r := newWebhookRun(t, active, active)
	r.signal(40*24*time.Hour, okey.SignalEvents)
	r.signal(80*24*time.Hour, okey.SignalAsked)
	assert.Equal(t, []time.Duration{0, 40 * 24 * time.Hour, 80 * 24 * time.Hour}, r.run(t))
}

func TestWhatIsLeftFollowsAtOnce(t *testing.T) {
	more, news := active, active
	more.More, news.News = true, true
	assert.Equal(t, []time.Duration{0, 0, 0}, newWebhookRun(t, more, news).run(t))
}

func TestWhatWasNotTakenIsTriedAfterThePause(t *testing.T) {
	r := newWebhookRun(t, failing(5*time.Second, false), failing(6*time.Hour, false))
	assert.Equal(t, []time.Duration{0, 5 * time.Second, 6*time.Hour + 5*time.Second}, r.run(t))
	for _, turn := range r.turns {
		assert.True(t, turn.Retry)
	}
}

// One that takes other keys' events gets the new ones at once; what it did not take has its time all the same.
func TestNewEventsDoNotWaitForWhatIsNotTaken(t *testing.T) {
	r := newWebhookRun(t, failing(time.Hour, true), failing(50*time.Minute, true))
	r.signal(10*time.Minute, okey.SignalEvents)
	assert.Equal(t, []time.Duration{0, 10 * time.Minute, time.Hour}, r.run(t))
	assert.Equal(t, []bool{true, false, true}, []bool{r.turns[0].Retry, r.turns[1].Retry, r.turns[2].Retry})
}

// One that takes nothing is asked about new events now and then only.
func TestAReceiverThatIsAwayIsProbedForNewEvents(t *testing.T) {
	r := newWebhookRun(t, failing(time.Hour, false), failing(time.Hour-okey.WebhookProbe, false))
	r.signal(time.Second, okey.SignalEvents)
	r.signal(2*time.Second, okey.SignalEvents)
	assert.Equal(t, []time.Duration{0, okey.WebhookProbe, time.Hour}, r.run(t))
}

// What support asks for waits for no pause.
func TestSupportsWordEndsAPause(t *testing.T) {
	r := newWebhookRun(t, failing(6*time.Hour, false))
	r.signal(10*time.Second, okey.SignalAsked)
	assert.Equal(t, []time.Duration{0, 10 * time.Second}, r.run(t))
}

func TestAStoppedReceiverWaitsForSupportWhoIsTold(t *testing.T) {
	letter := okey.MailOrder{Subject: uuid.New(), Cause: uuid.New(), Step: okey.MailStep{Kind: okey.MailWebhookStopped, Ref: 1}, At: start}
	given := stopped
	given.Letters = []okey.MailOrder{letter}
	r := newWebhookRun(t, given)
	r.signal(time.Hour, okey.SignalEvents)
	r.signal(48*time.Hour, okey.SignalAsked)
	assert.Equal(t, []time.Duration{0, 48 * time.Hour}, r.run(t))
	require.Len(t, r.told, 1)
	assert.Equal(t, letter.Subject, r.told[0].Subject)
	assert.Equal(t, okey.MailWebhookStopped, r.told[0].Step.Kind)
}
