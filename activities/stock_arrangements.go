package activities

import (
	"context"

	"okey/okey"
)

// told judges the follow-up of what the server has arranged between people: nothing is left to do but to tell those concerned.
func told(kind okey.MailKind) func(context.Context, *stockSitting) (okey.Verdict, error) {
	return func(_ context.Context, c *stockSitting) (okey.Verdict, error) {
		return okey.Verdict{Accepted: true, Letters: []okey.MailOrder{c.letter(kind, 1, c.action.Content.Establishment, c.action.Subject)}}, nil
	}
}
