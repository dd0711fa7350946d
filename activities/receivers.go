package activities

import (
	"context"

	"okey/okey"
)

// testReceiver has a receiver of events be sent a trial: its workflow sends it.
func testReceiver(ctx context.Context, c *stockTx) (okey.Verdict, error) {
	if err := c.permit(ctx, okey.ActSettings, ""); err != nil {
		return okey.Verdict{}, err
	}
	return okey.Verdict{Accepted: true}, c.TestReceiver(ctx, c.action.Subject, c.At)
}

// resumeReceiver has a receiver be sent events again, from where it was or from the moment that support names.
func resumeReceiver(ctx context.Context, c *stockTx) (okey.Verdict, error) {
	if err := c.permit(ctx, okey.ActSettings, ""); err != nil {
		return okey.Verdict{}, err
	}
	on, err := c.ResumeReceiver(ctx, c.action.Subject, c.action.Content.From)
	v := okey.Verdict{Accepted: err == nil, Count: on.Count, From: on.Since}
	if on.Gone {
		v.Detail = okey.DetailEventsGone
	}
	return v, err
}
