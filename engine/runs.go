package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
)

// Run is what a schedule came to.
type Run struct {
	Last  time.Time     // its work was done to the end; where it never was, the schedule was made; zero: there is no such schedule
	Every time.Duration // it is to be done
}

// LastRuns answers it for each of OKEY's schedules.
func LastRuns(ctx context.Context, c client.Client) (map[string]Run, error) {
	runs := map[string]Run{}
	for _, s := range schedules() {
		last, err := lastRun(ctx, c, s.id)
		if err != nil {
			return nil, fmt.Errorf("ask when %s ran last: %w", s.id, err)
		}
		runs[s.id] = Run{Last: last, Every: s.every()}
	}
	return runs, nil
}

func (s schedule) every() time.Duration {
	const day = 24 * time.Hour
	switch {
	case len(s.spec.Intervals) > 0:
		return s.spec.Intervals[0].Every
	case len(s.spec.Calendars[0].DayOfWeek) > 0:
		return 7 * day
	}
	return day
}

func lastRun(ctx context.Context, c client.Client, schedule string) (time.Time, error) {
	var missing *serviceerror.NotFound
	known, err := c.ScheduleClient().GetHandle(ctx, schedule).Describe(ctx)
	if errors.As(err, &missing) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	for _, run := range slices.Backward(known.Info.RecentActions) {
		if run.StartWorkflowResult == nil {
			continue
		}
		found, err := c.DescribeWorkflowExecution(ctx, run.StartWorkflowResult.WorkflowID, run.StartWorkflowResult.FirstExecutionRunID)
		if err != nil && !errors.As(err, &missing) { // else the engine has forgotten it
			return time.Time{}, err
		}
		if info := found.GetWorkflowExecutionInfo(); info.GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED {
			return info.GetCloseTime().AsTime(), nil
		}
	}
	return known.Info.CreatedAt, nil
}
