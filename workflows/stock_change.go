package workflows

import (
	"fmt"

	"okey"

	"go.temporal.io/sdk/workflow"
)

// StockChange does what somebody wants of the stock (a delivery, an inventory, a move, a succession): change, audit, wake-ups and mails all
// happen, or are tried until they do. It runs under several names, one for each kind.
func StockChange(ctx workflow.Context, in okey.StockInput) error {
	var v okey.StockVerdict
	matter := okey.StockMatter{Action: in.Action, At: workflow.Now(ctx).UTC()}
	if err := workflow.ExecuteActivity(stockActivity(ctx), okey.ActivityStock, matter).Get(ctx, &v); err != nil {
		return fmt.Errorf("change the stock: %w", err)
	}
	if v.Wake {
		if err := workflow.ExecuteActivity(stateActivity(ctx), okey.ActivityWakeUp).Get(ctx, nil); err != nil {
			return fmt.Errorf("wake up: %w", err)
		}
	}
	return sendLetters(ctx, v.Letters)
}

// sendLetters sends each of the letters, and goes on to the next where one could not leave for days: the last failure is the workflow's.
func sendLetters(ctx workflow.Context, letters []okey.MailOrder) error {
	var failed error
	for _, order := range letters {
		if err := workflow.ExecuteActivity(mailActivity(ctx), okey.ActivitySendMails, order).Get(ctx, nil); err != nil {
			failed = fmt.Errorf("send mails: %w", err)
		}
	}
	return failed
}
