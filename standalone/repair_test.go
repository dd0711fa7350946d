package main

import (
	"context"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/testsuite"

	"okey/activities"
	"okey/config"
	"okey/engine"
	"okey/okey"
	"okey/sql"
)

// counted is a client of the engine that keeps count of what the repair watch asks.
type counted struct {
	client.Client
	asked map[string]int
}

func (c *counted) CountWorkflow(
	ctx context.Context, in *workflowservice.CountWorkflowExecutionsRequest,
) (*workflowservice.CountWorkflowExecutionsResponse, error) {
	c.asked["count"]++
	return c.Client.CountWorkflow(ctx, in)
}

func (c *counted) ListWorkflow(
	ctx context.Context, in *workflowservice.ListWorkflowExecutionsRequest,
) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	c.asked["list"]++
	return c.Client.ListWorkflow(ctx, in)
}

func (c *counted) ExecuteWorkflow(ctx context.Context, o client.StartWorkflowOptions, w any, args ...any) (client.WorkflowRun, error) {
	c.asked["start"]++
	return c.Client.ExecuteWorkflow(ctx, o, w, args...)
}

// The watch asks the engine for as much as is wrong, however much is open: with nothing wrong, for two counts and what has failed.
func TestTheRepairWatchAsksForWhatIsWrongAlone(t *testing.T) {
	s := newStack(t)
	c := &counted{Client: s.engineClient()}
	// The stack's own watch finds nothing before this one does.
	require.NoError(t, c.ScheduleClient().GetHandle(t.Context(), engine.RepairSchedule).Pause(t.Context(), client.SchedulePauseOptions{}))
	store, err := sql.Open(s.env["OKEY_DATABASE_URL"], config.NewKeyring())
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() })
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(quiet)
	env, repair := suite.NewTestActivityEnvironment(), activities.NewRepair(store, engine.New(c, okey.DefaultWaits(), s.env["OKEY_URL"]))
	env.RegisterActivity(repair.Lost)
	look := func() (report okey.RepairReport, asked map[string]int) {
		c.asked = map[string]int{}
		answer, err := env.ExecuteActivity(repair.Lost)
		require.NoError(t, err)
		require.NoError(t, answer.Get(&report))
		return report, maps.Clone(c.asked)
	}
	plain := engine.New(c.Client, okey.DefaultWaits(), s.env["OKEY_URL"])
	open := func(workflow string, want int) {
		require.Eventually(t, func() bool {
			n, err := plain.CountFollowed(context.Background(), workflow)
			return err == nil && n == want
		}, patience, 20*time.Millisecond, "%d of %s", want, workflow)
	}

	first := s.ask("lea")
	s.order("roux", 1)
	open(okey.WorkflowKeyRequest, 1)
	open(okey.WorkflowOrder, 1)
	_, asked := look()
	assert.Equal(t, 3, asked["list"], "the first look of a worker is a whole one: %v", asked)
	_, few := look()
	assert.Equal(t, map[string]int{"count": 2, "list": 1}, few)

	var lost string
	for _, person := range []string{"ali", "eva", "noa"} {
		s.ask(person)
		lost = s.order("roux", 1)
	}
	open(okey.WorkflowKeyRequest, 4)
	open(okey.WorkflowOrder, 4)
	_, many := look()
	assert.Equal(t, few, many)

	require.NoError(t, c.TerminateWorkflow(t.Context(), workflowOf(first), "", "lost"))
	require.NoError(t, c.TerminateWorkflow(t.Context(), okey.OrderWorkflowID(uuid.MustParse(lost)), "", "lost"))
	open(okey.WorkflowKeyRequest, 3)
	open(okey.WorkflowOrder, 3)
	report, asked := look()
	assert.Equal(t, 2, report.Started)
	assert.Equal(t, 2, asked["start"], "%v", asked)
	open(okey.WorkflowKeyRequest, 4)
	open(okey.WorkflowOrder, 4)
}

// A delivery may give thousands a key at once: none of them waits for a later turn of the watch.
func TestHoweverManyWereGivenAKeyAllAreWoken(t *testing.T) {
	const many, batch = 520, 500
	s := newStack(t, "--no-okey") // nobody takes what is woken
	people := staff
	for n := range many {
		people += fmt.Sprintf("0069901E;w%d;Martin;Léa;w%d@ecole.test;personnel\n", n, n)
	}
	s.importFile("staff", "personnels.csv", people)
	_, err := s.ownersDatabase().ExecContext(t.Context(), `INSERT INTO request (id, person, uai, need, reason, stage, since, asked_at, approved_at,
		wake_up_owed) SELECT gen_random_uuid(), p.id, a.uai, 'saisie', 'first', 'awaiting_stock', now(), now(), now(), true
		FROM person p JOIN assignment a ON a.person = p.id WHERE p.uid ~ '^w[0-9]+$'`)
	require.NoError(t, err)
	store, err := sql.Open(s.env["OKEY_DATABASE_URL"], config.NewKeyring())
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() })
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(quiet)
	env := suite.NewTestActivityEnvironment()
	repair := activities.NewRepair(store, engine.New(s.engineClient(), okey.DefaultWaits(), s.env["OKEY_URL"]))
	env.RegisterActivity(repair.WakeOwed)
	for wanted, in := range map[int]okey.WakeInput{batch: {}, many: {All: true}} {
		answer, err := env.ExecuteActivity(repair.WakeOwed, in)
		require.NoError(t, err)
		var report okey.RepairReport
		require.NoError(t, answer.Get(&report))
		assert.Equal(t, wanted, report.Woken)
	}
}
