package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/api/temporalproto"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"okey/engine"
	"okey/okey"
)

var quiet = log.NewStructuredLogger(slog.New(slog.DiscardHandler))

// record has the paths written to workflows/testdata/histories: `go test . -run Recorded -record`, from code that is deployed, never from a
// change under test.
var record = flag.Bool("record", false, "write the histories that replay tests hold the code to")

var generation = flag.Int("generation", 1, "with -record: how often the flow has changed since the first histories, and one")

// history reads a workflow's whole history from the engine.
func (s *stack) history(workflow string) *historypb.History {
	s.t.Helper()
	return s.historyOf(workflow, "")
}

// historyOf is that of one run; empty for the last.
func (s *stack) historyOf(workflow, run string) *historypb.History {
	s.t.Helper()
	found := &historypb.History{}
	events := s.engineClient().GetWorkflowHistory(context.Background(), workflow, run, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(s.t, err)
		found.Events = append(found.Events, event)
	}
	return found
}

// awaitEnd returns once a request's workflow has ended.
func (s *stack) awaitEnd(request string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(s.t, s.engineClient().GetWorkflow(ctx, workflowOf(request), "").Get(ctx, nil))
}

// countHistory holds a straightforward request to its budget: 32 events, and 17 billable actions (start, signals, activities, local ones of
// a workflow task, timers, attribute updates). On a busy machine a step may be judged by an activity: one is let through.
func (s *stack) countHistory(t *testing.T, request string) {
	t.Helper()
	billable := map[enums.EventType]bool{
		enums.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED: true, enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: true,
		enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: true, enums.EVENT_TYPE_TIMER_STARTED: true,
		enums.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: true, enums.EVENT_TYPE_MARKER_RECORDED: true, // the version's is counted too
	}
	events := s.history(workflowOf(request)).GetEvents()
	actions, activities := 0, 0
	for _, event := range events {
		if billable[event.GetEventType()] {
			actions++
		}
		if event.GetEventType() == enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED {
			activities++
		}
	}
	t.Logf("%d events, %d billable actions, %d activities", len(events), actions, activities)
	assert.LessOrEqual(t, activities, 1)
	assert.LessOrEqual(t, len(events), 32+6*activities)
	assert.LessOrEqual(t, actions, 17+activities)
}

// searchHistory fails where one of the words stands in a request's history.
func (s *stack) searchHistory(t *testing.T, request string, words ...string) {
	t.Helper()
	text, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(s.history(workflowOf(request)))
	require.NoError(t, err)
	for _, event := range s.history(workflowOf(request)).GetEvents() {
		text = append(text, []byte(event.String())...)
	}
	for _, word := range words {
		assert.False(t, bytes.Contains(text, []byte(word)), "%q is in the history", word)
	}
}

func (s *stack) searchAttributes(request, stage string) {
	s.t.Helper()
	require.EventuallyWithT(s.t, func(t *assert.CollectT) { // the outcome is told before the task that had it judged has ended
		d, err := s.engineClient().DescribeWorkflowExecution(context.Background(), workflowOf(request), "")
		require.NoError(t, err)
		found := map[string]string{}
		for name, payload := range d.GetWorkflowExecutionInfo().GetSearchAttributes().GetIndexedFields() {
			var value any
			require.NoError(t, converter.GetDefaultDataConverter().FromPayload(payload, &value))
			found[name] = strings.Trim(fmt.Sprint(value), "[]") // the store may give a keyword as a list of one
		}
		assert.Equal(t, stage, found[okey.AttributeStage])
		assert.Equal(t, school, found[okey.AttributeUAI])
		assert.NotEmpty(t, found[okey.AttributeWaitingSince])
	}, patience, 50*time.Millisecond)
}

// details are what the Temporal UI shows of a running request, and detailsOf of any workflow.
func (s *stack) details(request string) string {
	s.t.Helper()
	return s.detailsOf(workflowOf(request))
}

func (s *stack) detailsOf(workflow string) string {
	s.t.Helper()
	value, err := s.engineClient().QueryWorkflow(context.Background(), workflow, "", "__temporal_workflow_metadata")
	require.NoError(s.t, err)
	var metadata sdkpb.WorkflowMetadata
	require.NoError(s.t, value.Get(&metadata))
	return metadata.GetCurrentDetails()
}

// summaries are what the Temporal UI says, beside their types, of the events of a request's history that may have one.
func (s *stack) summaries(request string) (said []string) {
	s.t.Helper()
	for _, event := range s.history(workflowOf(request)).GetEvents() {
		var text string
		if summary := event.GetUserMetadata().GetSummary(); summary != nil {
			require.NoError(s.t, converter.GetDefaultDataConverter().FromPayload(summary, &text))
			said = append(said, text)
		}
	}
	return said
}

// followedFor has the engine list a workflow under its school, with a summary that names it, and know its run.
func (s *stack) followedFor(school, workflow, what string) {
	s.t.Helper()
	require.EventuallyWithT(s.t, func(t *assert.CollectT) { // its lists are a little late
		assert.Equal(t, workflow, s.newest("OkeyUAI = '"+school+"' AND WorkflowId = '"+workflow+"'"))
		runs, err := engine.New(s.engineClient(), okey.DefaultWaits(), s.env["OKEY_URL"]).RunIDs(context.Background(), []string{"none", workflow})
		assert.NoError(t, err)
		assert.Len(t, runs, 1)
		assert.NotEmpty(t, runs[workflow])
	}, patience, 50*time.Millisecond)
	d, err := s.engineClient().DescribeWorkflowExecution(context.Background(), workflow, "")
	require.NoError(s.t, err)
	var summary string
	require.NoError(s.t, converter.GetDefaultDataConverter().FromPayload(d.GetExecutionConfig().GetUserMetadata().GetSummary(), &summary))
	assert.Regexp(s.t, "^"+what+` · .+ \(`+school+`\)$`, summary)
}

// fastForward moves a request's own clock, on the real engine: timers on the way fire in their order.
func (s *stack) fastForward(request string, by time.Duration) {
	s.t.Helper()
	s.fastForwardWorkflow(workflowOf(request), by)
}

func (s *stack) fastForwardWorkflow(id string, by time.Duration) {
	s.t.Helper()
	skip := s.skip(id, by)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := s.engineClient().WorkflowService().PollWorkflowExecutionTimeSkipping(ctx, &workflowservice.PollWorkflowExecutionTimeSkippingRequest{
		Namespace: s.env["TEMPORAL_NAMESPACE"], WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: id}, FastForwardId: skip,
	})
	require.NoError(s.t, err)
}

// skip has a workflow's clock move, without waiting for it: where no worker runs, it stands at the first timer.
func (s *stack) skip(id string, by time.Duration) string {
	s.t.Helper()
	skip := uuid.NewString()
	_, err := s.engineClient().WorkflowService().UpdateWorkflowExecutionOptions(context.Background(), &workflowservice.UpdateWorkflowExecutionOptionsRequest{
		Namespace: s.env["TEMPORAL_NAMESPACE"], WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: id},
		WorkflowExecutionOptions: &workflowpb.WorkflowExecutionOptions{TimeSkippingConfig: &commonpb.TimeSkippingConfig{
			Enabled: true, FastForwardConfig: &commonpb.FastForwardConfig{Id: skip, Duration: durationpb.New(by)},
		}},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"time_skipping_config"}},
	})
	require.NoError(s.t, err)
	return skip
}

// runProgram runs `bin/okey NAME` beside the engine until the test ends.
func (s *stack) runProgram(name string, changes ...string) {
	s.t.Helper()
	c := exec.Command(binary(s.t), name)
	c.Env = s.environment(changes...)
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	require.NoError(s.t, c.Start())
	s.t.Cleanup(func() {
		_ = c.Process.Signal(os.Interrupt)
		if err := c.Wait(); err != nil {
			s.t.Errorf("okey %s did not end in peace: %v\n%s", name, err, said.String())
		}
	})
}

// runServer runs another server and returns where it answers.
func (s *stack) runServer(changes ...string) string {
	s.t.Helper()
	address := freeAddress(s.t)
	s.runProgram("server", append([]string{"OKEY_HTTP=" + address}, changes...)...)
	require.Eventually(s.t, func() bool { return answers(context.Background(), "http://"+address+"/aide") }, patience, 20*time.Millisecond)
	return "http://" + address
}

// keep writes a history where the replay tests read it, when asked to.
func (s *stack) keep(workflow, name string) {
	s.t.Helper()
	s.keepRun(workflow, "", name)
}

// keepRun is keep for one run. What was recorded once stays: requests that run have such a history, whatever the code does today. A change
// of flow is recorded under the next name: handed_over@2.
func (s *stack) keepRun(workflow, run, name string) {
	s.t.Helper()
	if !*record {
		return
	}
	text, err := temporalproto.CustomJSONMarshalOptions{Indent: " "}.Marshal(s.historyOf(workflow, run))
	require.NoError(s.t, err)
	if *generation > 1 {
		name += "@" + strconv.Itoa(*generation)
	}
	path := filepath.Join("..", "workflows", "testdata", "histories", name+".json")
	if _, err := os.Stat(path); err == nil {
		s.t.Logf("%s is there already, and stays: -generation names another", path)
		return
	}
	require.NoError(s.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(s.t, os.WriteFile(path, append(text, '\n'), 0o644))
}

// TestRecordedPaths walks every path through a request on the running engine; with -record their histories are kept for replay.
func TestRecordedPaths(t *testing.T) {
	s := newStack(t)
	c, ctx := s.engineClient(), context.Background()
	end := func(id, name string) {
		s.awaitEnd(id)
		s.keep(workflowOf(id), name)
	}
	// No key yet: waiting for stock.
	waiting := s.ask("lea")
	s.applied("roux", waiting, okey.PrincipalDecision, approval)
	s.keys("00480001")
	require.NoError(t, c.SignalWorkflow(ctx, workflowOf(waiting), "", "stock-available", nil))
	s.awaitStage(waiting, okey.AwaitingCharter)
	s.applied("lea", waiting, okey.Withdrawal, fields{"comment": "plus besoin"})
	end(waiting, "waited_for_stock")

	end(s.until("lea", okey.HandedOver, "00480001"), "handed_over")

	// Who gives a key back wakes who waits for one.
	s.keys("00480005")
	first, next := s.until("ali", okey.AwaitingCharter, ""), s.until("eva", okey.AwaitingStock, "")
	s.applied("ali", first, okey.Withdrawal, fields{"comment": "plus besoin"})
	s.awaitStage(next, okey.AwaitingCharter)
	end(first, "woke_another")
	s.applied("eva", next, okey.Withdrawal, fields{"comment": "plus besoin"})

	refused := s.ask("ali")
	s.applied("roux", refused, okey.PrincipalDecision, fields{"decision": "refuse", "comment": "non"})
	end(refused, "refused")

	// Past five mails in an hour a request stays for two minutes by the wall's clock, to see whether its head's list has gone.
	_, err := s.ownersDatabase().ExecContext(ctx, `UPDATE mail SET created_at = created_at - interval '3 hours'`)
	require.NoError(t, err)

	withdrawn := s.ask("ali")
	s.applied("ali", withdrawn, okey.Withdrawal, fields{"comment": ""})
	end(withdrawn, "withdrawn")

	s.keys("00480002", "00480003", "00480004")
	lost := s.until("ali", okey.AwaitingHandover, "")
	serial := s.call("ali", "GET", "/requests/"+lost, nil).Body["key"].(map[string]any)["serial"].(string)
	require.Less(t, s.call("roux", "POST", "/keys/"+serial+"/changes", fields{"reason": "defective", "comment": "écran noir"}).Status, 300)
	require.Eventually(t, func() bool {
		key, _ := s.call("ali", "GET", "/requests/"+lost, nil).Body["key"].(map[string]any)
		return key != nil && key["serial"] != serial
	}, patience, 50*time.Millisecond)
	other := s.call("ali", "GET", "/requests/"+lost, nil).Body["key"].(map[string]any)["serial"].(string)
	s.applied("roux", lost, okey.Handover, fields{"serial": other})
	end(lost, "key_lost_before_handover")

	swapped := s.until("eva", okey.AwaitingHandover, "")
	s.keys("00480009")
	s.applied("roux", swapped, okey.Handover, fields{"serial": "00480009"})
	end(swapped, "swapped_at_handover")

	stray := s.ask("noa")
	require.NoError(t, c.SignalWorkflow(ctx, workflowOf(stray), "", "principal-decision", map[string]string{"decision": "approve"}))
	require.NoError(t, c.SignalWorkflow(ctx, workflowOf(stray), "", "handover", 12))
	require.NoError(t, c.CancelWorkflow(ctx, workflowOf(stray), ""))
	second := s.call("noa", "POST", "/requests", fields{"establishment": school, "need": "encore"})
	require.Equal(t, 409, second.Status)
	s.fastForward(stray, 90*24*time.Hour)
	s.awaitStage(stray, okey.Expired)
	end(stray, "strays_and_cancellation")

	expired := s.ask("noa")
	s.fastForward(expired, 90*24*time.Hour)
	s.awaitStage(expired, okey.Expired)
	end(expired, "expired")
	s.keepFirst("WorkflowType = 'KeyChange' AND ExecutionStatus = 'Completed'", "key_change")
	s.keepFirst("WorkflowType = 'RepairWatch' AND ExecutionStatus = 'Completed'", "repair_watch")
	s.keepAskingRefused()
}

// keepAskingRefused keeps the history of an asking that opened no request: a person with an open one asks again.
func (s *stack) keepAskingRefused() {
	s.t.Helper()
	open := s.ask("noa")
	require.Equal(s.t, 409, s.call("noa", "POST", "/requests", fields{"establishment": school, "need": "encore"}).Status)
	var found string
	require.Eventually(s.t, func() bool {
		found = s.newest("WorkflowType = 'KeyRequest' AND ExecutionStatus = 'Completed' AND OkeyStage IS NULL")
		return found != ""
	}, patience, 100*time.Millisecond)
	require.NotContains(s.t, found, open)
	s.keep(found, "asking_refused")
}

func (s *stack) keepFirst(query, name string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return s.newest(query) != "" }, patience, 100*time.Millisecond, query)
	s.keep(s.newest(query), name)
}

func (s *stack) newest(query string) string {
	answer, err := s.engineClient().ListWorkflow(context.Background(), &workflowservice.ListWorkflowExecutionsRequest{Query: query, PageSize: 1})
	require.NoError(s.t, err)
	if len(answer.GetExecutions()) == 0 {
		return ""
	}
	return answer.GetExecutions()[0].GetExecution().GetWorkflowId()
}

// Whoever opens the engine's list sees no failure of OKEY's own making after two starts, and support is told of nobody else's.
func TestTheEngineListsNoFailedWorkOfOKEYs(t *testing.T) {
	began := time.Now().UTC().Format(time.RFC3339)
	s := newStack(t) // its second start
	c, ctx := s.engineClient(), t.Context()
	s.repair()
	visible := func(query string) func() bool { return func() bool { return s.newest(query) != "" } }
	require.Eventually(t, visible("WorkflowType = 'RepairWatch' AND ExecutionStatus = 'Completed' AND StartTime > '"+began+"'"),
		patience, 100*time.Millisecond)
	require.Empty(t, s.newest("ExecutionStatus IN ('Failed', 'TimedOut', 'Terminated', 'Canceled')"))

	_, err := c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: "OkeyNowhere = '1970-01-01T00:00:00Z'"})
	require.ErrorContains(t, err, "OkeyNowhere", "a start asks so whether the engine knows OKEY's attributes")

	_, err = c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{TaskQueue: "somebody-else", WorkflowExecutionTimeout: time.Second}, "Theirs")
	require.NoError(t, err)
	require.Eventually(t, visible("WorkflowType = 'Theirs' AND ExecutionStatus = 'TimedOut'"), patience, 100*time.Millisecond)
	failed, err := engine.New(c, okey.DefaultWaits(), s.env["OKEY_URL"]).Failed(ctx, time.Now().Add(-time.Hour))
	require.NoError(t, err)
	require.Empty(t, failed)
}
