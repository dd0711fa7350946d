package workflows

import (
	"fmt"

	"okey/okey"

	"github.com/google/uuid"
	"go.temporal.io/sdk/workflow"
)

// KeyChange does what somebody reported of a key: change, audit, wake-ups and mails all happen, or are tried until they do.
func KeyChange(ctx workflow.Context, in okey.KeyChangeInput) error {
	var v okey.KeyVerdict
	matter := okey.KeyMatter{Action: in.Action, At: workflow.Now(ctx).UTC()}
	workflow.SetCurrentDetails(ctx, "**La clef va changer d'état** : OKEY s'en occupe.")
	changing := stateActivity(ctx, "La clef change d'état")
	if err := workflow.ExecuteActivity(changing, okey.ActivityChangeKey, matter).Get(ctx, &v); err != nil {
		return fmt.Errorf("change the key: %w", err)
	}
	workflow.SetCurrentDetails(ctx, keyChanged[v.Accepted])
	if v.Wake {
		if err := workflow.ExecuteActivity(stateActivity(ctx, othersGoOn), okey.ActivityWakeUp).Get(ctx, nil); err != nil {
			return fmt.Errorf("wake up: %w", err)
		}
	}
	if v.Mislaid != uuid.Nil {
		tellFound(ctx, v.Mislaid)
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

// endsWhenFound is the change since which nothing waits any more for a key that was mislaid and is so no longer.
const endsWhenFound = 1

// tellFound ends the workflow that waits for a mislaid key. One that has ended already, or began before it could be told, is not looked
// for.
func tellFound(ctx workflow.Context, mislaid uuid.UUID) {
	if workflow.GetVersion(ctx, "mislaid-ends-when-found", workflow.DefaultVersion, endsWhenFound) == workflow.DefaultVersion {
		return
	}
	id := okey.OwnWorkflowID(okey.ActionKeyChange, mislaid)
	if err := workflow.SignalExternalWorkflow(ctx, id, "", okey.SignalFound, nil).Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Info("nothing waited for the key any more", "error", err)
	}
}

// awaitFound goes on while a key is mislaid: its holder is reminded, and when its time is over it is lost. Where it is found by way of
// something other than a key change, what falls due finds nothing to do. No history from before there were such keys comes here.
func awaitFound(ctx workflow.Context, in okey.KeyChangeInput, v okey.KeyVerdict, letters []okey.MailOrder) error {
	found := false
	if workflow.GetVersion(ctx, "mislaid-ends-when-found", workflow.DefaultVersion, endsWhenFound) != workflow.DefaultVersion {
		workflow.Go(ctx, func(ctx workflow.Context) {
			workflow.GetSignalChannel(ctx, okey.SignalFound).Receive(ctx, nil)
			found = true
		})
	}
	workflow.SetCurrentDetails(ctx, mislaidDetails(v.Deadlines))
	out := &outbox{}
	out.send(ctx, letters)
	for _, due := range v.Deadlines {
		_, err := awaitFor(ctx, max(0, due.At.Sub(workflow.Now(ctx))), mislaidDue[due.Kind], func() bool { return found })
		if err != nil {
			return err
		}
		if found {
			break
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
	workflow.SetCurrentDetails(ctx, "**La clef n'est plus égarée** : plus rien n'est attendu.")
	return out.wait(ctx)
}
