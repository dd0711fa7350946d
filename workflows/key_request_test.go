package workflows_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"okey/activities"
	"okey/calendar"
	"okey/internal/pgtest"
	"okey/internal/scene"
	"okey/okey"
	"okey/workflows"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// flow plays one request in the SDK's environment, which skips time, with the real judge on a real database. Mails are written down: what
// they say and how they travel is the business of package activities.
type flow struct {
	*scene.Scene
	env              *testsuite.TestWorkflowEnvironment
	lea, roux, blanc okey.Person
	ask              okey.Action
	mails            []okey.MailStep
	woken, judged    int
	hold             func(okey.Matter) // what happens while a matter is judged
}

func newFlow(t *testing.T) *flow {
	t.Helper()
	s := scene.New(t)
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	f := &flow{Scene: s, env: suite.NewTestWorkflowEnvironment()}
	f.lea, f.roux, f.blanc = s.Person(
		"Léa Martin",
		okey.Staff,
		scene.Tilleuls,
	), s.Person(
		"Marc Roux",
		okey.Principal,
		scene.Tilleuls,
	), s.Person(
		"Anne Blanc",
		okey.Deputy,
		scene.Tilleuls,
	)
	f.env.RegisterWorkflowWithOptions(workflows.KeyRequest, workflow.RegisterOptions{Name: okey.WorkflowKeyRequest})
	f.env.SetStartTime(scene.Now)
	f.env.SetTestTimeout(time.Minute)
	judge := activities.NewRequests(s.Store, calendar.PublicOnly())
	f.register(okey.ActivityJudge, func(ctx context.Context, m okey.Matter) (okey.Verdict, error) {
		f.judged++
		if f.hold != nil {
			f.hold(m)
		}
		return judge.Judge(ctx, m)
	})
	f.register(okey.ActivitySendMails, func(_ context.Context, o okey.MailOrder) (okey.MailReport, error) {
		f.mails = append(f.mails, o.Step)
		return okey.MailReport{Sent: 1}, nil
	})
	f.register(okey.ActivityWakeUp, func(context.Context) (okey.RepairReport, error) {
		f.woken++
		return okey.RepairReport{}, nil
	})
	f.ask = s.Ask(f.lea, scene.Tilleuls)
	return f
}

func (f *flow) register(name string, function any) {
	f.env.RegisterActivityWithOptions(function, activity.RegisterOptions{Name: name})
}

// after sends, once that much time has passed, what a person recorded.
func (f *flow) after(d time.Duration, by okey.Person, signal okey.Signal, content okey.Content) {
	f.env.RegisterDelayedCallback(func() {
		a := okey.Action{Name: okey.ActionOf(signal), By: by.ID, Request: f.ask.Request, Content: content}
		if signal == okey.CharterAndPIN {
			a.PINHash = "hash"
		}
		f.env.SignalWorkflow(string(signal), okey.ActionSignal{Action: f.Record(a).ID})
	}, d)
}

func (f *flow) run() okey.Request {
	f.Helper()
	f.env.ExecuteWorkflow(okey.WorkflowKeyRequest, okey.KeyRequestInput{
		Request: f.ask.Request, Ask: f.ask.ID, Waits: okey.DefaultWaits(), Page: "http://okey.test/demandes/" + f.ask.Request.String(),
	})
	require.True(f, f.env.IsWorkflowCompleted())
	require.NoError(f, f.env.GetWorkflowError())
	return f.Request(f.ask.Request)
}

func (f *flow) sent() []okey.MailKind {
	var kinds []okey.MailKind
	for _, m := range f.mails {
		kinds = append(kinds, m.Kind)
	}
	return kinds
}

const hour = time.Hour

var (
	approve = okey.Content{Decision: okey.Approve}
	refuse  = okey.Content{Decision: okey.Refuse, Comment: "pas de besoin"}
	signed  = okey.Content{Charter: 1}
)

func TestARequestGoesFromTheFormToTheKeyInHand(t *testing.T) {
	f := newFlow(t)
	serial := f.Key(scene.Tilleuls)
	f.after(hour, f.roux, okey.PrincipalDecision, approve)
	f.after(2*hour, f.lea, okey.CharterAndPIN, signed)
	f.after(3*hour, f.roux, okey.Handover, okey.Content{Serial: serial})
	r := f.run()
	assert.Equal(t, okey.HandedOver, r.Stage)
	assert.Equal(t, serial, r.Key)
	assert.Equal(t, scene.Now.Add(3*hour), r.Since, "times come from the workflow")
	assert.Equal(t, []okey.MailKind{okey.MailAsked, okey.MailApproved, okey.MailSigned, okey.MailHandedOver}, f.sent())
}

func TestARefusedRequestEnds(t *testing.T) {
	f := newFlow(t)
	f.after(hour, f.blanc, okey.PrincipalDecision, refuse)
	assert.Equal(t, okey.Refused, f.run().Stage)
	assert.Equal(t, []okey.MailKind{okey.MailAsked, okey.MailRefused}, f.sent())
}

func TestAnAskingThatIsRefusedLeavesNoRequest(t *testing.T) {
	f := newFlow(t)
	f.Exec(`DELETE FROM assignment WHERE person = $1`, f.lea.ID)
	f.env.ExecuteWorkflow(okey.WorkflowKeyRequest, okey.KeyRequestInput{Request: f.ask.Request, Ask: f.ask.ID, Waits: okey.DefaultWaits()})
	require.NoError(t, f.env.GetWorkflowError())
	assert.Zero(t, f.Count(`SELECT count(*) FROM request`))
	assert.Empty(t, f.mails)
}

func TestNobodyAnswersAndTheRequestExpiresAfterItsReminders(t *testing.T) {
	f := newFlow(t)
	r := f.run()
	assert.Equal(t, okey.Expired, r.Stage)
	assert.ElementsMatch(t, []okey.MailKind{ // two are due at one instant
		okey.MailAsked, okey.MailRemindDecision, okey.MailRemindDecision, okey.MailRemindDecision, okey.MailDecisionLate, okey.MailExpired,
	}, f.sent())
	last := calendar.PublicOnly().AddOpenDays(okey.Establishment{Academy: "23"}, scene.Now, 30)
	assert.Equal(t, time.Date(last.Year(), last.Month(), last.Day(), 23, 59, 59, 0, last.Location()).UTC(), r.Since,
		"thirty open days, the last of them whole")
}

func TestTheCharterIsRemindedThenTheKeyGoesBack(t *testing.T) {
	f := newFlow(t)
	serial := f.Key(scene.Tilleuls)
	f.after(hour, f.roux, okey.PrincipalDecision, approve)
	assert.Equal(t, okey.Expired, f.run().Stage)
	assert.Equal(t, okey.InStock, f.KeyState(serial))
	assert.Equal(t, []okey.MailKind{
		okey.MailAsked, okey.MailApproved, okey.MailRemindCharter, okey.MailRemindCharter, okey.MailRemindCharter, okey.MailExpired,
	}, f.sent())
}

func TestAKeyThatNobodyFetchesIsRemindedToldToSupportAndExpires(t *testing.T) {
	f := newFlow(t)
	f.Key(scene.Tilleuls)
	f.after(hour, f.roux, okey.PrincipalDecision, approve)
	f.after(2*hour, f.lea, okey.CharterAndPIN, signed)
	assert.Equal(t, okey.Expired, f.run().Stage)
	assert.Equal(t, []okey.MailKind{
		okey.MailAsked,
		okey.MailApproved,
		okey.MailSigned,
		okey.MailRemindHandover,
		okey.MailRemindHandover,
		okey.MailHandoverLate,
		okey.MailExpired,
	}, f.sent())
}

func TestTheWaitForStockHasNoEndAndKeepsItsPlace(t *testing.T) {
	f := newFlow(t)
	f.after(hour, f.roux, okey.PrincipalDecision, approve)
	f.env.RegisterDelayedCallback(func() { f.env.SignalWorkflow(string(okey.StockAvailable), nil) }, 100*24*hour) // for nothing
	f.after(102*24*hour, f.lea, okey.Withdrawal, okey.Content{})
	r := f.run()
	assert.Equal(t, okey.Withdrawn, r.Stage)
	assert.Equal(t, []okey.MailKind{
		okey.MailAsked, okey.MailKeepsPlace, okey.MailOrderReminder, okey.MailOrderLate,
		okey.MailStillWaiting, okey.MailStillWaiting, okey.MailStillWaiting, okey.MailWithdrawn,
	}, f.sent())
	assert.Equal(t, 4, f.judged, "asked, answered, woken once, withdrawn: waiting itself costs nothing")
}

// The worker is away over the day of the month's mail, and a click brings it back days later: the month is told all the same.
func TestAMonthThatNobodyWasThereToTellIsToldLate(t *testing.T) {
	f := newFlow(t)
	judge := activities.NewRequests(f.Store, calendar.PublicOnly())
	for _, m := range []okey.Matter{
		{Kind: okey.MatterOpen, Action: f.ask.ID},
		{Kind: okey.MatterAction, Signal: okey.PrincipalDecision, Action: f.Record(okey.Action{
			Name: okey.ActionOf(okey.PrincipalDecision), By: f.roux.ID, Request: f.ask.Request, Content: approve,
		}).ID},
	} {
		m.Request, m.At, m.Waits = f.ask.Request, scene.Now.AddDate(0, 0, -33), okey.DefaultWaits()
		_, err := judge.Judge(context.Background(), m)
		require.NoError(t, err)
	}
	f.ask.ID = uuid.Nil
	f.after(hour, f.lea, okey.Withdrawal, okey.Content{})
	f.run()
	assert.Contains(t, f.sent(), okey.MailStillWaiting)
}

func TestANudgeFromTheEngineRunsTheAllocation(t *testing.T) {
	f := newFlow(t)
	f.after(hour, f.roux, okey.PrincipalDecision, approve)
	f.env.RegisterDelayedCallback(func() {
		f.Key(scene.Tilleuls)
		f.env.SignalWorkflow(string(okey.StockAvailable), nil)
	}, 2*hour)
	f.env.RegisterDelayedCallback(func() { assert.Equal(t, okey.AwaitingCharter, f.Request(f.ask.Request).Stage) }, 3*hour)
	f.after(4*hour, f.lea, okey.Withdrawal, okey.Content{})
	f.run()
}

func TestNoSignalDoesHarm(t *testing.T) {
	f := newFlow(t)
	f.env.RegisterDelayedCallback(func() {
		f.env.SignalWorkflow(string(okey.PrincipalDecision), okey.ActionSignal{Action: uuid.New()})
		f.env.SignalWorkflow(string(okey.Handover), 12)
		f.env.SignalWorkflow(string(okey.Withdrawal), nil)
		f.env.SignalWorkflow(string(okey.CharterAndPIN), converter.NewRawValue(nil))
		f.env.SignalWorkflow("drop-tables", "x")
	}, hour)
	f.after(2*hour, f.lea, okey.Withdrawal, okey.Content{})
	assert.Equal(t, okey.Withdrawn, f.run().Stage)
	assert.Equal(t, 5, f.Count(`SELECT count(*) FROM action WHERE via = 'engine' AND outcome = 'refused'`), "each is recorded")
}

func TestCancellationFromOutsideIsIgnoredAndRecorded(t *testing.T) {
	f := newFlow(t)
	f.env.RegisterDelayedCallback(f.env.CancelWorkflow, hour)
	f.after(2*hour, f.roux, okey.PrincipalDecision, refuse)
	assert.Equal(t, okey.Refused, f.run().Stage)
	assert.Equal(t, 1, f.Count(`SELECT count(*) FROM action WHERE name = 'cancellation' AND reason = 'cancel_ignored'`))
}

func TestSignalsThatComeTogetherAreAllJudged(t *testing.T) {
	f := newFlow(t)
	f.Key(scene.Tilleuls)
	f.after(hour, f.roux, okey.PrincipalDecision, approve)
	f.after(hour, f.blanc, okey.PrincipalDecision, refuse)
	f.after(hour, f.lea, okey.Withdrawal, okey.Content{})
	assert.Equal(t, okey.Withdrawn, f.run().Stage)
	assert.Zero(t, f.Count(`SELECT count(*) FROM action WHERE outcome IS NULL`))
}

func TestAWorkflowBeginsAnywhere(t *testing.T) {
	f := newFlow(t)
	f.Key(scene.Tilleuls)
	judge := activities.NewRequests(f.Store, calendar.PublicOnly())
	for _, m := range []okey.Matter{
		{Kind: okey.MatterOpen, Action: f.ask.ID},
		{Kind: okey.MatterAction, Signal: okey.PrincipalDecision, Action: f.Record(okey.Action{
			Name: okey.ActionOf(okey.PrincipalDecision), By: f.roux.ID, Request: f.ask.Request, Content: approve,
		}).ID},
	} {
		m.Request, m.At, m.Waits = f.ask.Request, scene.Now, okey.DefaultWaits()
		_, err := judge.Judge(context.Background(), m)
		require.NoError(t, err)
	}
	f.ask.ID = uuid.Nil
	f.after(hour, f.lea, okey.CharterAndPIN, signed)
	f.after(2*hour, f.lea, okey.Withdrawal, okey.Content{})
	assert.Equal(t, okey.Withdrawn, f.run().Stage)
	assert.Equal(t, []okey.MailKind{okey.MailSigned, okey.MailWithdrawn}, f.sent())
}

func TestALongHistoryContinuesAsNew(t *testing.T) {
	f := newFlow(t)
	f.env.RegisterDelayedCallback(func() { f.env.SetContinueAsNewSuggested(true) }, hour)
	f.env.RegisterDelayedCallback(func() { f.env.SignalWorkflow(string(okey.StockAvailable), nil) }, 2*hour)
	f.env.ExecuteWorkflow(okey.WorkflowKeyRequest, okey.KeyRequestInput{Request: f.ask.Request, Ask: f.ask.ID, Waits: okey.DefaultWaits()})
	assert.ErrorContains(t, f.env.GetWorkflowError(), "continue as new")
	assert.Equal(t, okey.AwaitingDecision, f.Request(f.ask.Request).Stage)
}

// What has been taken from its channel and waits for its turn is in hand: a new run would know nothing of it.
func TestASignalThatWaitsForItsTurnIsNotLostToANewRun(t *testing.T) {
	f := newFlow(t)
	f.env.OnGetVersion("wait-for-stock-without-looking", workflow.DefaultVersion, workflow.Version(1)).Return(workflow.DefaultVersion) // it looks by itself
	withdrawal := f.Record(okey.Action{Name: okey.ActionOf(okey.Withdrawal), By: f.lea.ID, Request: f.ask.Request})
	f.after(hour, f.roux, okey.PrincipalDecision, approve)
	f.hold = func(m okey.Matter) {
		if m.Kind == okey.MatterNudge {
			f.env.SetContinueAsNewSuggested(true)
			f.env.SignalWorkflow(string(okey.Withdrawal), okey.ActionSignal{Action: withdrawal.ID})
		}
	}
	assert.Equal(t, okey.Withdrawn, f.run().Stage)
}

func TestMailThatCannotBeSentNeverBlocksTheFlow(t *testing.T) {
	f := newFlow(t)
	f.env.OnActivity(okey.ActivitySendMails, mock.Anything, mock.Anything).Return(okey.MailReport{}, assert.AnError)
	f.Key(scene.Tilleuls)
	f.after(hour, f.roux, okey.PrincipalDecision, approve)
	f.after(2*hour, f.lea, okey.Withdrawal, okey.Content{})
	assert.Equal(t, okey.Withdrawn, f.run().Stage)
}

func TestAWithdrawalWakesWhomItsKeyGoesTo(t *testing.T) {
	f := newFlow(t)
	f.Key(scene.Tilleuls)
	f.after(hour, f.roux, okey.PrincipalDecision, approve)
	f.env.RegisterDelayedCallback(func() {
		next := f.Person("Ali Benali", okey.Staff, scene.Tilleuls)
		f.Exec(`INSERT INTO request (id, person, uai, need, reason, stage, since, asked_at, approved_at)
			VALUES ($1, $2, $3, 'x', 'first', 'awaiting_stock', $4, $4, $4)`, uuid.New(), next.ID, scene.Tilleuls, scene.Now)
	}, 2*hour)
	f.after(3*hour, f.lea, okey.Withdrawal, okey.Content{})
	f.run()
	assert.Equal(t, 1, f.woken)
}
