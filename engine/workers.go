package engine

import (
	"context"
	"fmt"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"okey/okey"
)

// Workers counts the workers that have asked the engine for work within the last minutes.
func Workers(ctx context.Context, c client.Client) (int, error) {
	seen := map[string]bool{}
	for _, kind := range []enums.TaskQueueType{enums.TASK_QUEUE_TYPE_WORKFLOW, enums.TASK_QUEUE_TYPE_ACTIVITY} {
		queue, err := c.DescribeTaskQueue(ctx, okey.TaskQueue, kind)
		if err != nil {
			return 0, fmt.Errorf("ask who works: %w", err)
		}
		for _, poller := range queue.GetPollers() {
			seen[poller.GetIdentity()] = true
		}
	}
	return len(seen), nil
}
