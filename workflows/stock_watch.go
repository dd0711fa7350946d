package workflows

import (
	"fmt"

	"okey/okey"

	"go.temporal.io/sdk/workflow"
)

// StockWatch runs every morning: it tells of low stock, of keys that end soon and of keys whose holder has left. Each is told once; what a
// dead worker had claimed, the next attempt finds again, and what did not leave, the next run.
func StockWatch(ctx workflow.Context) error {
	send := sendSideBySide
	if workflow.GetVersion(ctx, "watch-letters-side-by-side", workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		send = sendInTurn
	}
	id := workflow.GetInfo(ctx).WorkflowExecution
	in := okey.WatchInput{Run: id.ID + "/" + id.RunID, At: workflow.Now(ctx).UTC()}
	for {
		var found okey.WatchReport
		if err := workflow.ExecuteActivity(stockActivity(ctx), okey.ActivityWatch, in).Get(ctx, &found); err != nil {
			return fmt.Errorf("look what is due: %w", err)
		}
		if err := send(ctx, found.Letters); err != nil {
			return err
		}
		if in.After = found.Next; in.After == 0 {
			return nil
		}
	}
}

// sendSideBySide sends the letters of the watch: one that must wait keeps none of the others back. What does not leave in time is the next
// run's.
func sendSideBySide(ctx workflow.Context, letters []okey.MailOrder) error {
	sent := make([]workflow.Future, len(letters))
	for i, order := range letters {
		sent[i] = workflow.ExecuteActivity(watchMailActivity(ctx), okey.ActivitySendMails, order)
	}
	for i, letter := range sent {
		if err := letter.Get(ctx, nil); err != nil {
			workflow.GetLogger(ctx).Warn("a letter of the watch is left to the next run", "letter", letters[i].Letter, "error", err)
		}
	}
	return nil
}
