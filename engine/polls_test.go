package engine

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
)

const (
	pollWorkflows  = workflowservice.WorkflowService_PollWorkflowTaskQueue_FullMethodName
	pollActivities = workflowservice.WorkflowService_PollActivityTaskQueue_FullMethodName
)

// The rules in time; that a real worker's polls pass here, standalone holds.
func TestAWorkerIsWellWhoseQuestionsAreAnswered(t *testing.T) {
	p, now := NewPolls(), time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	p.now = func() time.Time { return now }
	ask := func(ctx context.Context, method string, answer error) {
		_ = p.intercept(ctx, method, nil, nil, nil, func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error {
			now = now.Add(time.Second)
			return answer
		})
	}
	ctx, away := t.Context(), errors.New("unavailable")
	assert.ErrorContains(t, p.Check(), "no poll for workflow tasks", "it has not begun")
	ask(ctx, pollWorkflows, nil)
	assert.ErrorContains(t, p.Check(), "no poll for activity tasks", "one kind is half of the work")
	assert.NotContains(t, p.Check().Error(), "workflow")
	ask(ctx, pollActivities, nil)
	assert.NoError(t, p.Check())

	ask(ctx, pollWorkflows, away)
	assert.NoError(t, p.Check(), "an engine may be started anew")
	now = now.Add(failsFor)
	assert.ErrorContains(t, p.Check(), "no answer to polls for workflow tasks since 2026-11-30T09:00:03Z")
	ask(ctx, pollWorkflows, away)
	assert.ErrorContains(t, p.Check(), "since 2026-11-30T09:00:03Z", "since the first")
	ask(ctx, pollWorkflows, nil)
	assert.NoError(t, p.Check())

	now = now.Add(silentFor)
	assert.ErrorContains(t, p.Check(), "no poll for workflow tasks")
	stopped, stop := context.WithCancel(ctx)
	stop()
	ask(stopped, pollWorkflows, context.Canceled)
	ask(stopped, pollActivities, context.Canceled)
	now = now.Add(failsFor)
	assert.NoError(t, p.Check(), "told to stop is no fault")

	waiting := func(method string, meanwhile func()) {
		_ = p.intercept(ctx, method, nil, nil, nil, func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error {
			meanwhile()
			return nil
		})
	}
	waiting(pollWorkflows, func() {
		waiting(pollActivities, func() {
			now = now.Add(10 * silentFor)
			assert.NoError(t, p.Check(), "a question that waits with the engine is asked")
		})
	})
	ask(ctx, pollWorkflows, away)
	now = now.Add(failsFor)
	waiting(pollWorkflows, func() {
		now = now.Add(takenAfter - time.Second)
		assert.ErrorContains(t, p.Check(), "no answer to polls for workflow tasks", "the engine may hang")
		now = now.Add(time.Second)
		assert.NotContains(t, fmt.Sprint(p.Check()), "workflow", "it is back, with nothing to do")
	})
	ask(ctx, "/temporal.api.workflowservice.v1.WorkflowService/GetSystemInfo", away)
}
