package workflows

import (
	"fmt"

	"okey"

	"go.temporal.io/sdk/workflow"
)

// StockWatch runs every morning: it tells of low stock, of keys that end soon and of keys whose holder has left. Each is told once; what a
// dead worker had claimed, the next attempt finds again.
func StockWatch(ctx workflow.Context) error {
	id := workflow.GetInfo(ctx).WorkflowExecution
	in := okey.WatchInput{Run: id.ID + "/" + id.RunID, At: workflow.Now(ctx).UTC()}
	for {
		var found okey.WatchReport
		if err := workflow.ExecuteActivity(stockActivity(ctx), okey.ActivityWatch, in).Get(ctx, &found); err != nil {
			return fmt.Errorf("look what is due: %w", err)
		}
		if err := sendLetters(ctx, found.Letters); err != nil {
			return err
		}
		if in.After = found.Next; in.After == 0 {
			return nil
		}
	}
}
