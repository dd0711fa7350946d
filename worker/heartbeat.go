package worker

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
)

// heartbeats tells the engine, for as long as an activity runs, that its worker is alive: what a killed worker was at is tried again after
// the heartbeat timeout of the activity, which is seconds, and not after all the time that it might take.
type heartbeats struct {
	interceptor.WorkerInterceptorBase
}

// InterceptActivity is part of interceptor.WorkerInterceptor.
func (h *heartbeats) InterceptActivity(
	_ context.Context, next interceptor.ActivityInboundInterceptor,
) interceptor.ActivityInboundInterceptor {
	return &heartbeat{interceptor.ActivityInboundInterceptorBase{Next: next}}
}

type heartbeat struct {
	interceptor.ActivityInboundInterceptorBase
}

// ExecuteActivity is part of interceptor.ActivityInboundInterceptor.
func (h *heartbeat) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	if within := activity.GetInfo(ctx).HeartbeatTimeout; within > 0 {
		alive, done := context.WithCancel(ctx)
		defer done()
		go beat(alive, within/3)
	}
	return h.Next.ExecuteActivity(ctx, in)
}

func beat(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			activity.RecordHeartbeat(ctx)
		}
	}
}
