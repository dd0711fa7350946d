package workflows

import (
	"fmt"

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
	return sendLetters(ctx, letters)
}
