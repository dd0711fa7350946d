package workflows

import (
	"fmt"

	"okey/okey"

	"go.temporal.io/sdk/workflow"
)

// Retention runs every night: what has been kept for its time is removed, or loses its names.
func Retention(ctx workflow.Context) error {
	in := okey.RetentionInput{At: workflow.Now(ctx).UTC()}
	ctx = nightActivity(ctx, "Ce qui a été gardé assez longtemps est effacé")
	if err := workflow.ExecuteActivity(ctx, okey.ActivityRetain, in).Get(ctx, nil); err != nil {
		return fmt.Errorf("end what is due: %w", err)
	}
	return nil
}
