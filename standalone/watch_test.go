package main

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	namespacepb "go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"

	"okey/config"
	"okey/engine"
	"okey/okey"
)

// Whoever is no longer in the staff file and still has a key: the head is told as soon as the file is in.
func TestTheKeyOfSomeoneWhoLeftIsTold(t *testing.T) {
	s := newStack(t)
	s.importFile("keys", "clefs.csv", "numero_de_serie;lot;date_d_expiration;uai;titulaire;etat\n00480009;L;31/12/2030;"+school+";noa;en_service\n")
	s.importFile("staff", "personnels.csv", strings.Replace(staff, "0069901E;noa;Petit;Noa;noa@ecole.test;personnel\n", "", 1))
	s.awaitLetter("roux@", "1 clef à reprendre")
	s.awaitLetter("noa@", "Rendez votre clef")
	s.keepFirst("WorkflowType = 'StockWatch' AND ExecutionStatus = 'Completed'", "stock_watch")
	assert.Contains(t, s.okey("doctor"), "chaîne intacte")
	s.watchIsUpserted()
	s.nightIsKept()
}

// nightIsKept has the nightly retention and the reading of a directory, which there is none of, run now, and migrate set right how long the
// engine keeps histories.
func (s *stack) nightIsKept() {
	s.t.Helper()
	ctx, c := context.Background(), s.engineClient()
	handle := c.ScheduleClient().GetHandle(ctx, engine.RetentionSchedule)
	require.NoError(s.t, handle.Trigger(ctx, client.ScheduleTriggerOptions{}))
	s.keepFirst("WorkflowType = 'Retention' AND ExecutionStatus = 'Completed'", "retention")
	require.NoError(s.t, c.ScheduleClient().GetHandle(ctx, engine.DirectorySchedule).Trigger(ctx, client.ScheduleTriggerOptions{}))
	s.keepFirst("WorkflowType = 'DirectorySync' AND ExecutionStatus = 'Completed'", "directory_sync")

	namespace := s.env["TEMPORAL_NAMESPACE"]
	_, err := c.WorkflowService().UpdateNamespace(ctx, &workflowservice.UpdateNamespaceRequest{
		Namespace: namespace, Config: &namespacepb.NamespaceConfig{WorkflowExecutionRetentionTtl: durationpb.New(7 * 24 * time.Hour)},
	})
	require.NoError(s.t, err)
	s.prepare()
	known, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	require.NoError(s.t, err)
	assert.Equal(s.t, okey.EngineRetention, known.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration())
}

// prepare is `okey migrate engine`.
func (s *stack) prepare() {
	s.t.Helper()
	namespace := s.env["TEMPORAL_NAMESPACE"]
	left, err := engine.Prepare(context.Background(), config.Config{
		TemporalNamespace: namespace, Temporal: config.TemporalEnv{"TEMPORAL_ADDRESS": s.env["TEMPORAL_ADDRESS"], "TEMPORAL_NAMESPACE": namespace},
	})
	require.NoError(s.t, err)
	require.Empty(s.t, left)
}

// watchIsUpserted has the schedule of the watch changed by hand, and put right by migrate: at seven in France, one run at a time, a missed
// day made good.
func (s *stack) watchIsUpserted() {
	s.t.Helper()
	ctx := context.Background()
	handle := s.engineClient().ScheduleClient().GetHandle(ctx, engine.WatchSchedule)
	require.NoError(s.t, handle.Update(ctx, client.ScheduleUpdateOptions{DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
		changed := in.Description.Schedule
		changed.Policy = &client.SchedulePolicies{Overlap: enums.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL, CatchupWindow: time.Minute}
		changed.Spec = &client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: 24 * time.Hour}}}
		return &client.ScheduleUpdate{Schedule: &changed}, nil
	}}))
	s.prepare()
	now, err := handle.Describe(ctx)
	require.NoError(s.t, err)
	assert.Equal(s.t, enums.SCHEDULE_OVERLAP_POLICY_SKIP, now.Schedule.Policy.Overlap)
	assert.Equal(s.t, 24*time.Hour, now.Schedule.Policy.CatchupWindow)
	weekly, err := s.engineClient().ScheduleClient().GetHandle(ctx, engine.ExportSchedule).Describe(ctx)
	require.NoError(s.t, err)
	assert.Equal(s.t, 6*24*time.Hour, weekly.Schedule.Policy.CatchupWindow, "an engine that is away from Sunday to Tuesday exports on Tuesday")
	action, ok := now.Schedule.Action.(*client.ScheduleWorkflowAction)
	require.True(s.t, ok)
	assert.Equal(s.t, okey.WatchLife, action.WorkflowRunTimeout, "its letters are the next run's from then on")
	require.NotEmpty(s.t, now.Info.NextActionTimes)
	for _, next := range now.Info.NextActionTimes {
		assert.Equal(s.t, "07:00:00", next.In(okey.ZoneOf("")).Format(time.TimeOnly))
	}
}

// OKEY dies in the midst of the morning's letters, worker and engine and all: each of them leaves nonetheless, and only what a relay took
// as its sender died arrives twice.
func TestTheMorningsLettersOutliveAKill(t *testing.T) {
	s := newStack(t)
	const holders = okey.WatchBatch + 30 // the second batch has a run of its own
	people, keys := staff, "numero_de_serie;lot;date_d_expiration;uai;titulaire;etat\n"
	ends := time.Now().AddDate(0, 2, 0).Format("02/01/2006")
	for i := range holders {
		people += fmt.Sprintf("%s;p%d;Petit;Paul;p%d@ecole.test;personnel\n", school, i, i)
		keys += fmt.Sprintf("0048%04d;L;%s;%s;p%d;en_service\n", i, ends, school, i)
	}
	s.importFile("staff", "personnels.csv", people)
	s.importFile("keys", "clefs.csv", keys)
	require.NoError(t, engine.TriggerWatch(context.Background(), s.engineClient()))
	for range 3 {
		before := len(s.letters("ecole.test"))
		require.Eventually(t, func() bool { return len(s.letters("ecole.test")) > before || before > holders }, patience, time.Millisecond)
		s.restart()
	}
	s.awaitLetter("roux@", fmt.Sprint(holders)+" clefs à renouveler")
	require.Eventually(t, func() bool {
		var to []string // one look at them for all holders: there are hundreds of both
		for _, l := range s.letters("ecole.test") {
			to = append(to, l.To...)
		}
		reached := strings.Join(to, " ")
		for i := range holders {
			if !strings.Contains(reached, fmt.Sprintf("p%d@", i)) {
				return false
			}
		}
		return true
	}, patience, 200*time.Millisecond, "a letter to each holder")
	assert.Less(t, len(s.letters("ecole.test")), holders+2+3*20, "three deaths, each with a few letters under way")
	s.keepFirst("WorkflowType = 'StockWatch' AND ExecutionStatus = 'Completed' AND ParentWorkflowId IS NULL", "stock_watch_batches")
	assert.Contains(t, s.okey("doctor"), "chaîne intacte")
}
