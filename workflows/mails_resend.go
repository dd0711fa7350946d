package workflows

import (
	"fmt"

	"okey/okey"

	"github.com/google/uuid"
	"go.temporal.io/sdk/workflow"
)

// The engine bounds how many activities of a workflow are under way (2,000), and how long its history is (51,200 events, of which a letter
// makes three).
const (
	resendsAtOnce = 5 * okey.ResendBatch
	resendsARun   = 20 * okey.ResendBatch
)

// MailsResend sends again all that failed between two instants. Letters leave side by side: one that must wait keeps none of the others
// back.
func MailsResend(ctx workflow.Context, in okey.MailsResendInput) error {
	if in.After == uuid.Nil {
		var v okey.StockVerdict
		matter := okey.StockMatter{Action: in.Action, At: workflow.Now(ctx).UTC()}
		if err := workflow.ExecuteActivity(stockActivity(ctx, askedIsDone), okey.ActivityStock, matter).Get(ctx, &v); err != nil {
			return fmt.Errorf("judge whether mails are sent again: %w", err)
		}
		if !v.Accepted {
			return nil
		}
	}
	underWay, sent := 0, 0
	for {
		var found okey.ResendReport
		round := okey.ResendRound{Action: in.Action, At: workflow.Now(ctx).UTC(), After: in.After}
		looking := stockActivity(ctx, "Les courriels à envoyer sont cherchés")
		if err := workflow.ExecuteActivity(looking, okey.ActivityResendMails, round).Get(ctx, &found); err != nil {
			return fmt.Errorf("find what is sent again: %w", err)
		}
		for _, order := range found.Letters {
			underWay++
			workflow.Go(ctx, func(ctx workflow.Context) {
				defer func() { underWay-- }()
				_ = sendOrTell(ctx, order)
			})
		}
		sent += len(found.Letters)
		in.After = found.Next
		last := in.After == uuid.Nil || sent >= resendsARun
		_ = workflow.Await(ctx, func() bool { return underWay == 0 || (!last && underWay < resendsAtOnce) })
		switch {
		case in.After == uuid.Nil:
			return nil
		case last:
			return workflow.NewContinueAsNewError(ctx, okey.WorkflowMailsResend, in)
		}
	}
}
