package workflows

import (
	"fmt"
	"time"

	"okey/okey"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// RepairWatch runs on a schedule and sends off again what was lost: workflows of open requests, actions without an outcome, wake-ups.
func RepairWatch(ctx workflow.Context) (okey.RepairReport, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		Summary:             "Ce qui s'est perdu repart",
		StartToCloseTimeout: 5 * time.Minute, HeartbeatTimeout: 10 * time.Second,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: 10 * time.Second, MaximumAttempts: 5},
	})
	var report okey.RepairReport
	if err := workflow.ExecuteActivity(ctx, okey.ActivityRepair).Get(ctx, &report); err != nil {
		return report, fmt.Errorf("repair: %w", err)
	}
	return report, nil
}
