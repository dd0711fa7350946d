package engine

import (
	"context"
	"errors"
	"reflect"

	"okey/internal/telemetry"
	"okey/okey"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// Traced has what a client brings to a workflow, and what a worker made of that client does for it, stand in the trace of who began it. Nil
// traces change nothing.
//
// A request's workflow goes on for weeks and has many begin something. So there is no span of the workflow, but one of each signal that
// reaches it, and what is judged stands below the signal that has brought its action. What falls due by itself, or is sent again from the
// action's row after the engine was away, begins a trace of its own; okey.action is the same in both.
func Traced(traces *telemetry.Traces) func(*client.Options) {
	return func(options *client.Options) {
		if traces != nil {
			options.Interceptors = append(options.Interceptors, &traced{traces: traces})
		}
	}
}

type traced struct {
	interceptor.InterceptorBase
	traces *telemetry.Traces
}

// traceHeader is the field of the engine's headers that all of Temporal's SDKs keep it in.
const traceHeader = "_tracer-data"

const traceparent = "traceparent"

func writeTrace(header map[string]*commonpb.Payload, at trace.SpanContext) {
	if !at.IsValid() {
		return
	}
	carried := map[string]string{traceparent: telemetry.Traceparent(at)}
	if payload, err := converter.GetDefaultDataConverter().ToPayload(carried); err == nil {
		header[traceHeader] = payload
	}
}

func readTrace(header map[string]*commonpb.Payload) trace.SpanContext {
	var carried map[string]string
	if converter.GetDefaultDataConverter().FromPayload(header[traceHeader], &carried) != nil {
		return trace.SpanContext{} // what anybody else has sent is no reason to fail
	}
	return telemetry.Parent(carried[traceparent])
}

// CarriedAction is the action that a workflow or an activity is given; carries tells whether it is given one, be it none.
func CarriedAction(args []any) (action uuid.UUID, carries bool) {
	for _, arg := range args {
		value := reflect.Indirect(reflect.ValueOf(arg))
		if value.Kind() != reflect.Struct {
			continue
		}
		for _, name := range []string{"Action", "Ask"} {
			if field := value.FieldByName(name); field.IsValid() {
				if id, is := field.Interface().(uuid.UUID); is {
					return id, true
				}
			}
		}
	}
	return uuid.Nil, false
}

// InterceptClient implements interceptor.ClientInterceptor.
func (t *traced) InterceptClient(next interceptor.ClientOutboundInterceptor) interceptor.ClientOutboundInterceptor {
	return &tracedClient{interceptor.ClientOutboundInterceptorBase{Next: next}, t.traces}
}

type tracedClient struct {
	interceptor.ClientOutboundInterceptorBase
	traces *telemetry.Traces
}

// begin is the span of a call to the engine, of which the header tells whoever takes it up.
func (c *tracedClient) begin(ctx context.Context, name, workflow string) (context.Context, trace.Span) {
	ctx, span := c.traces.Start(ctx, name, trace.WithSpanKind(trace.SpanKindProducer),
		trace.WithAttributes(attribute.String("okey.workflow", workflow)))
	writeTrace(interceptor.Header(ctx), span.SpanContext())
	return ctx, span
}

func end(span trace.Span, err error) {
	if err != nil {
		telemetry.Fail(span, kindOf(err))
	}
	span.End()
}

// kindOf is what kind of failure an error is: its words may name somebody.
func kindOf(err error) string {
	if known, is := errors.AsType[*temporal.ApplicationError](err); is {
		return known.Type()
	}
	return string(okey.ErrorCode(err))
}

// SignalWorkflow implements interceptor.ClientOutboundInterceptor.
func (c *tracedClient) SignalWorkflow(ctx context.Context, in *interceptor.ClientSignalWorkflowInput) error {
	ctx, span := c.begin(ctx, "signal "+in.SignalName, in.WorkflowID)
	err := c.Next.SignalWorkflow(ctx, in)
	end(span, err)
	return err
}

// SignalWithStartWorkflow implements interceptor.ClientOutboundInterceptor.
func (c *tracedClient) SignalWithStartWorkflow(
	ctx context.Context, in *interceptor.ClientSignalWithStartWorkflowInput,
) (client.WorkflowRun, error) {
	ctx, span := c.begin(ctx, "signal "+in.SignalName, in.Options.ID)
	run, err := c.Next.SignalWithStartWorkflow(ctx, in)
	end(span, err)
	return run, err
}

// ExecuteWorkflow implements interceptor.ClientOutboundInterceptor.
func (c *tracedClient) ExecuteWorkflow(ctx context.Context, in *interceptor.ClientExecuteWorkflowInput) (client.WorkflowRun, error) {
	ctx, span := c.begin(ctx, "start "+in.WorkflowType, in.Options.ID)
	run, err := c.Next.ExecuteWorkflow(ctx, in)
	end(span, err)
	return run, err
}

// InterceptWorkflow implements interceptor.WorkerInterceptor.
func (t *traced) InterceptWorkflow(
	_ workflow.Context, next interceptor.WorkflowInboundInterceptor,
) interceptor.WorkflowInboundInterceptor {
	return &tracedWorkflow{
		WorkflowInboundInterceptorBase: interceptor.WorkflowInboundInterceptorBase{Next: next},
		traces:                         t.traces, brought: map[uuid.UUID]trace.SpanContext{},
	}
}

// tracedWorkflow knows from the headers of a history alone which trace has brought which action: replayed, it knows the same, and makes no
// span.
type tracedWorkflow struct {
	interceptor.WorkflowInboundInterceptorBase
	traces  *telemetry.Traces
	brought map[uuid.UUID]trace.SpanContext
	now     trace.SpanContext // of what was judged last: its mails follow
}

// Init implements interceptor.WorkflowInboundInterceptor.
func (w *tracedWorkflow) Init(outbound interceptor.WorkflowOutboundInterceptor) error {
	return w.Next.Init(&tracedCalls{interceptor.WorkflowOutboundInterceptorBase{Next: outbound}, w})
}

// ExecuteWorkflow implements interceptor.WorkflowInboundInterceptor.
func (w *tracedWorkflow) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	action, _ := CarriedAction(in.Args)
	w.now = w.arrived(ctx, "started", action)
	return w.Next.ExecuteWorkflow(ctx, in)
}

// HandleSignal implements interceptor.WorkflowInboundInterceptor.
func (w *tracedWorkflow) HandleSignal(ctx workflow.Context, in *interceptor.HandleSignalInput) error {
	var carried okey.ActionSignal
	if converter.GetDefaultDataConverter().FromPayloads(in.Arg, &carried) == nil {
		w.arrived(ctx, "received", carried.Action)
	}
	return w.Next.HandleSignal(ctx, in)
}

// arrived notes what has brought an action or, as with a wake-up, the next thing that is judged without one. The name of a signal is not
// told here: anybody at the engine may have typed it.
func (w *tracedWorkflow) arrived(ctx workflow.Context, how string, action uuid.UUID) trace.SpanContext {
	from := readTrace(interceptor.WorkflowHeader(ctx))
	if from.IsValid() && !workflow.IsReplaying(ctx) {
		info := workflow.GetInfo(ctx)
		within := trace.ContextWithRemoteSpanContext(context.Background(), from)
		_, span := w.traces.Start(within, "workflow "+info.WorkflowType.Name, trace.WithSpanKind(trace.SpanKindConsumer),
			trace.WithAttributes(append(ofRun(info.WorkflowExecution), attribute.String("okey.arrived", how))...))
		span.End()
		from = span.SpanContext()
	}
	w.brought[action] = from
	return from
}

func ofRun(run workflow.Execution) []attribute.KeyValue {
	return []attribute.KeyValue{attribute.String("okey.workflow", run.ID), attribute.String("okey.run", run.RunID)}
}

type tracedCalls struct {
	interceptor.WorkflowOutboundInterceptorBase
	workflow *tracedWorkflow
}

// ExecuteActivity implements interceptor.WorkflowOutboundInterceptor.
func (c *tracedCalls) ExecuteActivity(ctx workflow.Context, activityType string, args ...any) workflow.Future {
	c.passOn(ctx, args)
	return c.Next.ExecuteActivity(ctx, activityType, args...)
}

// ExecuteLocalActivity implements interceptor.WorkflowOutboundInterceptor.
func (c *tracedCalls) ExecuteLocalActivity(ctx workflow.Context, activityType string, args ...any) workflow.Future {
	c.passOn(ctx, args)
	return c.Next.ExecuteLocalActivity(ctx, activityType, args...)
}

func (c *tracedCalls) passOn(ctx workflow.Context, args []any) {
	w := c.workflow
	if action, carries := CarriedAction(args); carries {
		w.now = w.brought[action]
		delete(w.brought, uuid.Nil) // what falls due later has nobody who brought it
	}
	writeTrace(interceptor.WorkflowHeader(ctx), w.now)
}

// InterceptActivity implements interceptor.WorkerInterceptor.
func (t *traced) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &tracedActivity{interceptor.ActivityInboundInterceptorBase{Next: next}, t.traces}
}

type tracedActivity struct {
	interceptor.ActivityInboundInterceptorBase
	traces *telemetry.Traces
}

// ExecuteActivity implements interceptor.ActivityInboundInterceptor.
func (a *tracedActivity) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	info := activity.GetInfo(ctx)
	within := trace.ContextWithRemoteSpanContext(ctx, readTrace(interceptor.Header(ctx)))
	ctx, span := a.traces.Start(within, "activity "+info.ActivityType.Name, trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithAttributes(append(ofRun(info.WorkflowExecution), attribute.Int("okey.attempt", int(info.Attempt)))...))
	result, err := a.Next.ExecuteActivity(ctx, in)
	end(span, err)
	return result, err
}
