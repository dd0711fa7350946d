package worker

import (
	"context"

	"okey/activities"
	"okey/activities/mails"
	"okey/okey"
)

// judgeAndTell is the judge of requests for a workflow task: it sends the mails of the step as well, since an activity of their own would
// cost the engine as much as all the rest of the step. What does not leave at once stays in the verdict, for the activity that sends mails.
func judgeAndTell(requests *activities.Requests, mailer *mails.Mailer) func(context.Context, okey.Matter) (okey.Verdict, error) {
	return func(ctx context.Context, m okey.Matter) (okey.Verdict, error) {
		v, err := requests.Judge(ctx, m)
		if err != nil {
			return v, err
		}
		var orders []okey.MailOrder
		for _, step := range v.Mails {
			orders = append(orders, okey.MailOrder{Request: m.Request, Step: step, At: m.At})
		}
		v.Mails = mailer.SendAtOnce(ctx, orders)
		return v, nil
	}
}
