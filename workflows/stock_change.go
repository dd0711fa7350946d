package workflows

import (
	"fmt"
	"slices"
	"time"

	"okey/okey"

	"go.temporal.io/sdk/workflow"
)

// StockChange does what somebody wants of the stock (a delivery, an inventory, a move, a succession): change, audit, wake-ups and mails all
// happen, or are tried until they do. It runs under several names, one for each kind.
func StockChange(ctx workflow.Context, in okey.StockInput) error {
	if in.Letters {
		return sendStored(ctx, in)
	}
	var v okey.StockVerdict
	matter := okey.StockMatter{Action: in.Action, At: workflow.Now(ctx).UTC()}
	if err := workflow.ExecuteActivity(stockActivity(ctx, askedIsDone), okey.ActivityStock, matter).Get(ctx, &v); err != nil {
		return fmt.Errorf("change the stock: %w", err)
	}
	if v.Wake {
		all := okey.WakeInput{All: true}
		if err := workflow.ExecuteActivity(stockActivity(ctx, othersGoOn), okey.ActivityWakeUp, all).Get(ctx, nil); err != nil {
			return fmt.Errorf("wake up: %w", err)
		}
	}
	if v.Stored > 0 {
		return sendStored(ctx, in)
	}
	return sendLetters(ctx, v.Letters)
}

// sendStored sends the letters that are kept as rows, a page after the other. A new run, where the history has grown long, finds again
// those that have not left.
func sendStored(ctx workflow.Context, in okey.StockInput) error {
	out := &outbox{}
	page := okey.LettersInput{Action: in.Action}
	for {
		var found okey.LettersPage
		reading := stateActivity(ctx, "Les courriels à envoyer sont relus")
		if err := workflow.ExecuteActivity(reading, okey.ActivityLetters, page).Get(ctx, &found); err != nil {
			return fmt.Errorf("fetch the letters: %w", err)
		}
		out.send(ctx, found.Letters)
		if page.After = found.Next; page.After == 0 {
			break
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			in.Letters = true
			return workflow.NewContinueAsNewError(ctx, workflow.GetInfo(ctx).WorkflowType.Name, in)
		}
	}
	return out.wait(ctx)
}

// straggling is how long the letters of a round have to leave before the next round begins beside those that still wait for their relay.
const straggling = 5 * time.Minute

// sendLetters sends the letters side by side, a round at a time: one full mailbox keeps nobody else's letter back. Where one could not
// leave for days, support is told.
func sendLetters(ctx workflow.Context, letters []okey.MailOrder) error {
	if len(letters) == 0 {
		return nil
	}
	if workflow.GetVersion(ctx, "letters-side-by-side", workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		return sendInTurn(ctx, letters)
	}
	out := &outbox{}
	for round := range slices.Chunk(letters, okey.MaxLetters) {
		out.send(ctx, round)
	}
	return out.wait(ctx)
}

// outbox is what is on its way.
type outbox struct {
	leaving int
	failed  error
}

// send sends a round of letters and comes back once they have left, or, a few minutes later, while some still wait for their relay.
func (o *outbox) send(ctx workflow.Context, round []okey.MailOrder) {
	for _, order := range round {
		o.leaving++
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer func() { o.leaving-- }()
			if err := sendOrTell(ctx, order); err != nil {
				o.failed = err
			}
		})
	}
	_, _ = awaitFor(ctx, straggling, nextLeave, func() bool { return o.leaving == 0 })
}

func (o *outbox) wait(ctx workflow.Context) error {
	_ = workflow.Await(ctx, func() bool { return o.leaving == 0 })
	return o.failed
}

// sendInTurn is how histories sent their letters that began before one could delay the next.
func sendInTurn(ctx workflow.Context, letters []okey.MailOrder) error {
	var failed error
	for _, order := range letters {
		if err := sendOrTell(ctx, order); err != nil {
			failed = err
		}
	}
	return failed
}

// sendOrTell sends the mails of a step, or else has support told that they do not leave. What they are about is done: that a relay is away
// for days more fails nothing. The error is that of histories which ended with it, before support was told.
func sendOrTell(ctx workflow.Context, order okey.MailOrder) error {
	err := workflow.ExecuteActivity(mailActivity(ctx, mailsLeave), okey.ActivitySendMails, order).Get(ctx, nil)
	if err == nil {
		return nil
	}
	if workflow.GetVersion(ctx, "tell-support-of-unsent-mails", workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		return fmt.Errorf("send mails: %w", err)
	}
	order.Step = okey.MailStep{Kind: okey.MailUndelivered, Ref: order.Step.Ref}
	_ = workflow.ExecuteActivity(lastResortActivity(ctx), okey.ActivitySendMails, order).Get(ctx, nil)
	return nil
}
