package engine

import (
	"context"
	"fmt"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"okey/okey"
)

// A worker asks for work each minute at least; the engine remembers it for five.
const asksWithin = 2 * time.Minute

// Workers counts the workers that ask the engine for work. One that was killed counts for two minutes.
func Workers(ctx context.Context, c client.Client) (int, error) {
	seen := map[string]bool{}
	for _, kind := range []enums.TaskQueueType{enums.TASK_QUEUE_TYPE_WORKFLOW, enums.TASK_QUEUE_TYPE_ACTIVITY} {
		queue, err := c.DescribeTaskQueue(ctx, okey.TaskQueue, kind)
		if err != nil {
			return 0, fmt.Errorf("ask who works: %w", err)
		}
		for _, poller := range queue.GetPollers() {
			if time.Since(poller.GetLastAccessTime().AsTime()) < asksWithin {
				seen[poller.GetIdentity()] = true
			}
		}
	}
	return len(seen), nil
}
