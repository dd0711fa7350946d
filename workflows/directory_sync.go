package workflows

import (
	"fmt"

	"okey/okey"

	"go.temporal.io/sdk/workflow"
)

// DirectorySync runs every night: people and functions become what the academy's directory says.
func DirectorySync(ctx workflow.Context) (okey.SyncReport, error) {
	in, report := okey.SyncInput{At: workflow.Now(ctx).UTC()}, okey.SyncReport{}
	ctx = nightActivity(ctx, "L'annuaire est lu")
	if err := workflow.ExecuteActivity(ctx, okey.ActivitySyncDirectory, in).Get(ctx, &report); err != nil {
		return report, fmt.Errorf("read the directory: %w", err)
	}
	return report, nil
}
