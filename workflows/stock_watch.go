package workflows

import (
	"fmt"

	"okey/okey"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/workflow"
)

// StockWatch runs every morning: it tells of low stock, of keys that end soon and of keys whose holder has left. Each is told once; what a
// dead worker had claimed, the next attempt finds again, and what did not leave, the next morning. However many letters there are, a run
// sends one batch of them, and has another run send the next: it waits a little for its own, so that a relay gets them one batch after the
// other, but not for a mailbox that is full. The schedule gives no input.
func StockWatch(ctx workflow.Context, in okey.WatchInput) error {
	send := sendSideBySide
	if workflow.GetVersion(ctx, "watch-letters-side-by-side", workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		send = sendInTurn
	}
	if in.Run == "" {
		id := workflow.GetInfo(ctx).WorkflowExecution
		in = okey.WatchInput{Run: id.ID + "/" + id.RunID, At: workflow.Now(ctx).UTC()}
	}
	if workflow.GetVersion(ctx, "watch-batch-a-run", workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		return watchInOneRun(ctx, in, send)
	}
	found, err := batchOf(ctx, in)
	if err != nil {
		return err
	}
	leaving := len(found.Letters)
	for _, order := range found.Letters {
		workflow.Go(ctx, func(ctx workflow.Context) {
			_ = sendSideBySide(ctx, []okey.MailOrder{order})
			leaving--
		})
	}
	if _, err := awaitFor(ctx, okey.WatchPause, nextLeave, func() bool { return leaving == 0 }); err != nil {
		return err
	}
	if err := watchOn(ctx, in, found.Next); err != nil {
		return err
	}
	return workflow.Await(ctx, func() bool { return leaving == 0 })
}

func batchOf(ctx workflow.Context, in okey.WatchInput) (found okey.WatchReport, err error) {
	ctx = stockActivity(ctx, "Ce qui manque, expire ou part est cherché")
	if err := workflow.ExecuteActivity(ctx, okey.ActivityWatch, in).Get(ctx, &found); err != nil {
		return found, fmt.Errorf("look what is due: %w", err)
	}
	return found, nil
}

// watchOn has the letters from the next one on sent by a run of their own, while the morning's life lasts.
func watchOn(ctx workflow.Context, in okey.WatchInput, next int) error {
	left := in.At.Add(okey.WatchLife).Sub(workflow.Now(ctx))
	if next == 0 || left <= 0 {
		return nil
	}
	in.After = next
	ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowRunTimeout: left, ParentClosePolicy: enums.PARENT_CLOSE_POLICY_ABANDON,
		StaticSummary: "Ce qui manque, expire ou part, suite",
	})
	err := workflow.ExecuteChildWorkflow(ctx, okey.WorkflowStockWatch, in).GetChildWorkflowExecution().Get(ctx, nil)
	if err != nil {
		return fmt.Errorf("go on with the next letters: %w", err)
	}
	return nil
}

// watchInOneRun is how histories watch that began before each batch had a run of its own.
func watchInOneRun(ctx workflow.Context, in okey.WatchInput, send func(workflow.Context, []okey.MailOrder) error) error {
	for {
		found, err := batchOf(ctx, in)
		if err != nil {
			return err
		}
		if err := send(ctx, found.Letters); err != nil {
			return err
		}
		if in.After = found.Next; in.After == 0 || in.After >= okey.WatchMost {
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
