package workflows_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/workflow"
)

// summaries are what support reads in the Temporal UI of whatever a workflow starts, by the engine's own name of it.
type summaries struct {
	interceptor.WorkerInterceptorBase
	interceptor.WorkflowInboundInterceptorBase
	interceptor.WorkflowOutboundInterceptorBase
	all []summary
}

type summary struct{ of, text string }

// sentence has no id, no address and nobody's name in it.
var sentence = regexp.MustCompile(`^\p{Lu}(PIN|[\p{Ll}' ,:·])+$`)

func (s *summaries) check(t *testing.T) {
	t.Helper()
	assert.NotEmpty(t, s.all)
	for _, one := range s.all {
		assert.Regexp(t, sentence, one.text, one.of)
		assert.LessOrEqual(t, len([]rune(one.text)), 80, one.of)
		assert.NotEqual(t, "Sleep", one.text)
	}
}

func (s *summaries) add(of, text string) { s.all = append(s.all, summary{of, text}) }

func (s *summaries) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	s.WorkflowInboundInterceptorBase.Next = next
	return s
}

func (s *summaries) Init(out interceptor.WorkflowOutboundInterceptor) error {
	s.WorkflowOutboundInterceptorBase.Next = out
	return s.WorkflowInboundInterceptorBase.Next.Init(s)
}

func (s *summaries) ExecuteActivity(ctx workflow.Context, name string, args ...any) workflow.Future {
	s.add(name, workflow.GetActivityOptions(ctx).Summary)
	return s.WorkflowOutboundInterceptorBase.ExecuteActivity(ctx, name, args...)
}

func (s *summaries) ExecuteLocalActivity(ctx workflow.Context, name string, args ...any) workflow.Future {
	s.add(name, workflow.GetLocalActivityOptions(ctx).Summary)
	return s.WorkflowOutboundInterceptorBase.ExecuteLocalActivity(ctx, name, args...)
}

func (s *summaries) ExecuteChildWorkflow(ctx workflow.Context, name string, args ...any) workflow.ChildWorkflowFuture {
	s.add(name, workflow.GetChildWorkflowOptions(ctx).StaticSummary)
	return s.WorkflowOutboundInterceptorBase.ExecuteChildWorkflow(ctx, name, args...)
}

func (s *summaries) NewTimerWithOptions(ctx workflow.Context, d time.Duration, options workflow.TimerOptions) workflow.Future {
	s.add("timer", options.Summary)
	return s.WorkflowOutboundInterceptorBase.NewTimerWithOptions(ctx, d, options)
}
