package worker

import (
	"context"

	"okey/engine"
	"okey/internal/telemetry"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
)

// marks has each line that is logged within an activity say for which workflow and which action that works.
type marks struct {
	interceptor.WorkerInterceptorBase
}

// InterceptActivity is part of interceptor.WorkerInterceptor.
func (*marks) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &marked{interceptor.ActivityInboundInterceptorBase{Next: next}}
}

type marked struct {
	interceptor.ActivityInboundInterceptorBase
}

// ExecuteActivity is part of interceptor.ActivityInboundInterceptor.
func (m *marked) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	ctx = telemetry.Mark(ctx, "workflow", activity.GetInfo(ctx).WorkflowExecution.ID)
	if action, _ := engine.CarriedAction(in.Args); action != uuid.Nil {
		telemetry.Note(ctx, "action", action.String())
	}
	return m.Next.ExecuteActivity(ctx, in)
}
