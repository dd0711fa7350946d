package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	deploymentpb "go.temporal.io/api/deployment/v1"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/sdk/client"

	"okey/okey"
)

// A worker asks for work each minute at least; the engine remembers it for five.
const asksWithin = 2 * time.Minute

var queues = []enums.TaskQueueType{enums.TASK_QUEUE_TYPE_WORKFLOW, enums.TASK_QUEUE_TYPE_ACTIVITY}

// Workers counts the workers that ask the engine for work, and are given some, and those that wait in vain, since another version has all
// of it. One that was killed counts for two minutes.
func Workers(ctx context.Context, c client.Client) (working, waiting int, err error) {
	given := map[string]bool{}
	for _, kind := range queues {
		queue, err := c.DescribeTaskQueue(ctx, okey.TaskQueue, kind)
		if err != nil {
			return 0, 0, fmt.Errorf("ask who works: %w", err)
		}
		for _, poller := range queue.GetPollers() {
			if time.Since(poller.GetLastAccessTime().AsTime()) < asksWithin {
				who := poller.GetIdentity()
				given[who] = given[who] || isGiven(poller.GetDeploymentOptions(), queue.GetVersioningInfo())
			}
		}
	}
	for _, works := range given {
		if works {
			working++
		}
	}
	return working, len(given) - working, nil
}

// givenTo tells whether work of each kind goes to workers of a build.
func givenTo(ctx context.Context, c client.Client, deployment, build string) (bool, error) {
	worker := &deploymentpb.WorkerDeploymentOptions{
		DeploymentName: deployment, BuildId: build, WorkerVersioningMode: enums.WORKER_VERSIONING_MODE_VERSIONED,
	}
	for _, kind := range queues {
		queue, err := c.DescribeTaskQueue(ctx, okey.TaskQueue, kind)
		if err != nil {
			return false, fmt.Errorf("ask who is given work: %w", err)
		}
		if !isGiven(worker, queue.GetVersioningInfo()) {
			return false, nil
		}
	}
	return true, nil
}

// isGiven tells whether a worker's version is the one that work goes to, or a part of it.
func isGiven(worker *deploymentpb.WorkerDeploymentOptions, to *taskqueuepb.TaskQueueVersioningInfo) bool {
	deployment, build := worker.GetDeploymentName(), worker.GetBuildId()
	if worker.GetWorkerVersioningMode() != enums.WORKER_VERSIONING_MODE_VERSIONED {
		deployment, build = "", ""
	}
	is := func(version *deploymentpb.WorkerDeploymentVersion) bool {
		return version.GetDeploymentName() == deployment && version.GetBuildId() == build
	}
	return is(to.GetCurrentDeploymentVersion()) || to.GetRampingVersionPercentage() > 0 && is(to.GetRampingDeploymentVersion())
}

// ErrNoSuchWorker says that the engine has met no worker of a build.
var ErrNoSuchWorker = errors.New("no worker of this build has asked for work")

// Promote gives all work to the workers of one build from now on, what is under way included; without a build to those that do not say
// theirs. It returns once that is so. A worker that has just started is not known at once: Promote waits that long for the first one of the
// build, and returns ErrNoSuchWorker then.
func Promote(ctx context.Context, c client.Client, deployment, build string, wait time.Duration) error {
	for over := time.Now().Add(wait); ; {
		_, err := c.WorkerDeploymentClient().GetHandle(deployment).SetCurrentVersion(ctx,
			client.WorkerDeploymentSetCurrentVersionOptions{BuildID: build})
		if err == nil {
			break
		}
		var unknown *serviceerror.NotFound
		var never *serviceerror.FailedPrecondition
		if !errors.As(err, &unknown) && !errors.As(err, &never) {
			return fmt.Errorf("make build %q of %s the current one: %w", build, deployment, err)
		}
		if time.Now().After(over) {
			return fmt.Errorf("%w: %w", ErrNoSuchWorker, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ErrNoSuchWorker, ctx.Err())
		case <-time.After(time.Second):
		}
	}
	return again(ctx, "Temporal is slow to follow", func() error {
		for _, kind := range queues {
			queue, err := c.DescribeTaskQueue(ctx, okey.TaskQueue, kind)
			if err != nil {
				return fmt.Errorf("ask who is given work: %w", err)
			}
			if queue.GetVersioningInfo().GetCurrentDeploymentVersion().GetBuildId() != build {
				return errors.New("another build has all work")
			}
		}
		return nil
	})
}
