package workflows

import (
	"fmt"
	"time"

	"okey/okey"

	"go.temporal.io/sdk/workflow"
)

// KeyChange does what somebody reported of a key: change, audit, wake-ups and mails all happen, or are tried until they do.
func KeyChange(ctx workflow.Context, in okey.KeyChangeInput) error {
	var v okey.KeyVerdict
	matter := okey.KeyMatter{Action: in.Action, At: workflow.Now(ctx).UTC()}
	changing := stateActivity(ctx, "La clef change d'état")
	if err := workflow.ExecuteActivity(changing, okey.ActivityChangeKey, matter).Get(ctx, &v); err != nil {
		return fmt.Errorf("change the key: %w", err)
	}
	if v.Wake {
		if err := workflow.ExecuteActivity(stateActivity(ctx, othersGoOn), okey.ActivityWakeUp).Get(ctx, nil); err != nil {
			return fmt.Errorf("wake up: %w", err)
		}
	}
	letters := make([]okey.MailOrder, len(v.Mails))
	for i, step := range v.Mails {
		letters[i] = okey.MailOrder{Key: v.Key, Cause: in.Action, Step: step, At: matter.At}
	}
	if len(v.Deadlines) > 0 {
		return awaitFound(ctx, in, v, letters)
	}
	return sendLetters(ctx, letters)
}

// awaitFound goes on while a key is mislaid: its holder is reminded, and when its time is over it is lost. Nobody says that it is found:
// what falls due then finds nothing to do. No history from before there were such keys comes here.
func awaitFound(ctx workflow.Context, in okey.KeyChangeInput, v okey.KeyVerdict, letters []okey.MailOrder) error {
	workflow.SetCurrentDetails(ctx, mislaidDetails(v.Deadlines))
	out := &outbox{}
	out.send(ctx, letters)
	for _, due := range v.Deadlines {
		if err := sleepUntil(ctx, due.At, mislaidDue[due.Kind]); err != nil {
			return err
		}
		now := workflow.Now(ctx).UTC()
		if due.Kind == okey.DueReminder {
			step := okey.MailStep{Kind: okey.MailRemindMislaid, Ref: due.N}
			out.send(ctx, []okey.MailOrder{{Key: v.Key, Cause: in.Action, Step: step, At: now}})
			continue
		}
		lapsing, matter := stateActivity(ctx, mislaidDue[due.Kind]), okey.KeyMatter{Action: in.Action, At: now}
		if err := workflow.ExecuteActivity(lapsing, okey.ActivityLapse, matter).Get(ctx, nil); err != nil {
			return fmt.Errorf("have the key lost: %w", err)
		}
	}
	return out.wait(ctx)
}

// sleepUntil waits for an instant; what says in French what happens then.
func sleepUntil(ctx workflow.Context, at time.Time, what string) error {
	_, err := awaitFor(ctx, max(0, at.Sub(workflow.Now(ctx))), what, func() bool { return false })
	return err
}
