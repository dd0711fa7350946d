package workflows

import (
	"fmt"
	"time"

	"okey/okey"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// Webhook follows a receiver of events for as long as the configuration has it: it sends what waits, waits longer and longer where the
// receiver does not take it, tells support where it is given up, and otherwise waits to be woken. What was sent stands in the database: a
// run may begin anywhere.
func Webhook(ctx workflow.Context, in okey.WebhookInput) error {
	r := &webhookRun{in: in}
	workflow.Go(ctx, r.listen)
	for {
		report, err := r.turn(ctx)
		switch {
		case err != nil:
			return err
		case report.State == okey.WebhookAbsent:
			return r.mails.wait(ctx)
		}
		if err := r.wait(ctx, report); err != nil {
			return err
		}
		if r.mails.leaving == 0 && workflow.GetInfo(ctx).GetContinueAsNewSuggested() { // which begins with a turn: no signal is missed
			return workflow.NewContinueAsNewError(ctx, okey.WorkflowWebhook, in)
		}
	}
}

// webhookRun is the state of one run.
type webhookRun struct {
	in      okey.WebhookInput
	news    bool      // there are events that no turn has seen
	asked   bool      // support wants something
	retryAt time.Time // when what was not taken is tried again; zero: all was taken
	mails   outbox
}

// listen takes signals: each says only that there is something to do.
func (r *webhookRun) listen(ctx workflow.Context) {
	news, asked := workflow.GetSignalChannel(ctx, okey.SignalEvents), workflow.GetSignalChannel(ctx, okey.SignalAsked)
	both := workflow.NewSelector(ctx)
	both.AddReceive(news, func(c workflow.ReceiveChannel, _ bool) {
		c.Receive(ctx, nil)
		r.news = true
	})
	both.AddReceive(asked, func(c workflow.ReceiveChannel, _ bool) {
		c.Receive(ctx, nil)
		r.asked = true
	})
	for {
		both.Select(ctx)
	}
}

func (r *webhookRun) turn(ctx workflow.Context) (report okey.WebhookReport, err error) {
	now := workflow.Now(ctx).UTC()
	turn := okey.WebhookTurn{Receiver: r.in.Receiver, Retry: !now.Before(r.retryAt), At: now}
	r.news, r.asked = false, false
	if err := workflow.ExecuteActivity(deliverActivity(ctx), okey.ActivityDeliver, turn).Get(ctx, &report); err != nil {
		return report, fmt.Errorf("send events: %w", err)
	}
	r.retryAt = time.Time{}
	if report.Pause > 0 {
		r.retryAt = now.Add(report.Pause)
	}
	workflow.SetCurrentDetails(ctx, webhookDetails(report, r.retryAt))
	if len(report.Letters) > 0 {
		workflow.Go(ctx, func(ctx workflow.Context) { r.mails.send(ctx, report.Letters) })
	}
	return report, nil
}

// wait comes back when there is something to do. A receiver that is away is looked at now and then where there are events that it has not
// been sent: one that takes none of one key keeps no other back for long.
func (r *webhookRun) wait(ctx workflow.Context, report okey.WebhookReport) error {
	r.news = r.news || report.News
	switch {
	case report.More:
		return nil
	case report.State == okey.WebhookStopped:
		return workflow.Await(ctx, func() bool { return r.asked })
	case report.Pause == 0:
		return workflow.Await(ctx, func() bool { return r.news || r.asked })
	case report.Alive:
		_, err := awaitFor(ctx, report.Pause, retried, func() bool { return r.news || r.asked })
		return err
	}
	probe := min(report.Pause, okey.WebhookProbe)
	if met, err := awaitFor(ctx, probe, retried, func() bool { return r.asked }); met || err != nil || probe == report.Pause {
		return err
	}
	_, err := awaitFor(ctx, report.Pause-probe, retried, func() bool { return r.news || r.asked })
	return err
}

const retried = "Ce qui n'a pas été pris est envoyé de nouveau"

// deliverActivity is tried until it succeeds: what a receiver does not take is no failure of it. A turn takes half a minute and what is
// under way then.
func deliverActivity(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		Summary:             "Les événements partent",
		StartToCloseTimeout: 5 * time.Minute,
		HeartbeatTimeout:    10 * time.Second,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    time.Second,
			BackoffCoefficient: 2,
			MaximumInterval:    time.Minute,
		},
	})
}

// webhookDetails tell support, in the Temporal UI, how a receiver is.
func webhookDetails(report okey.WebhookReport, retryAt time.Time) string {
	switch {
	case report.State == okey.WebhookAbsent:
		return "**Ce récepteur n'est plus configuré** : plus rien ne part."
	case report.State == okey.WebhookStopped:
		return "**Ce récepteur est arrêté** : l'assistance le fait reprendre depuis OKEY."
	case retryAt.IsZero():
		return "**Tout est pris** : les prochains événements partiront aussitôt."
	}
	return "**Un événement n'est pas pris** : nouvel essai le " + instant(retryAt.In(okey.ZoneOf(""))) + "."
}
