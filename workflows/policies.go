// Package workflows says what happens, in order, over weeks. It is pure: no clock but the workflow's, no I/O, no order of maps.
// What touches the world is an activity, known here by its name alone.
package workflows

import (
	"time"

	"okey/okey"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// Retry and timeout profiles. Every activity of OKEY runs under one of these. The worker beats the heart of each by itself: its timeout is
// how soon what a killed worker was at is tried again. Each is told what it is for, in French: support reads it in the Temporal UI. The
// history keeps it, so it is short and names nobody.

// stateActivity is tried until it succeeds: the request can't go on without it, and it is short.
func stateActivity(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		Summary:             summary,
		StartToCloseTimeout: 30 * time.Second,
		HeartbeatTimeout:    6 * time.Second,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    500 * time.Millisecond,
			BackoffCoefficient: 2,
			MaximumInterval:    30 * time.Second,
		},
	})
}

// localJudge is tried once, and for less time than a workflow task has.
func localJudge(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		Summary:                summary,
		ScheduleToCloseTimeout: 3 * time.Second,
		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 1},
	})
}

// mailActivity is tried for five days, the time that mail servers give each other (RFC 5321, 4.5.4.1). One attempt has the ten minutes in
// which a relay may look through a message, and some for the other mails of the step.
func mailActivity(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		Summary:                summary,
		StartToCloseTimeout:    15 * time.Minute,
		HeartbeatTimeout:       15 * time.Second,
		ScheduleToCloseTimeout: 5 * 24 * time.Hour,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    2 * time.Second,
			BackoffCoefficient: 2,
			MaximumInterval:    15 * time.Minute,
		},
	})
}

// lastResortActivity is tried until it succeeds: it tells support of mails that do not leave, and after it there is nobody to tell.
func lastResortActivity(ctx workflow.Context) workflow.Context {
	ctx = mailActivity(ctx, "L'assistance est prévenue : un courriel ne part pas")
	options := workflow.GetActivityOptions(ctx)
	options.ScheduleToCloseTimeout = 0
	return workflow.WithActivityOptions(ctx, options)
}

// watchMailActivity is tried for hours: every morning tries anew.
func watchMailActivity(ctx workflow.Context) workflow.Context {
	ctx = mailActivity(ctx, mailsLeave)
	options := workflow.GetActivityOptions(ctx)
	options.ScheduleToCloseTimeout = okey.WatchTry
	return workflow.WithActivityOptions(ctx, options)
}

// stockActivity is tried until it succeeds, too; one transaction may write many thousands of keys.
func stockActivity(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		Summary:             summary,
		StartToCloseTimeout: 10 * time.Minute,
		HeartbeatTimeout:    6 * time.Second,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    500 * time.Millisecond,
			BackoffCoefficient: 2,
			MaximumInterval:    30 * time.Second,
		},
	})
}

// nightActivity may take an hour, and goes on where the attempt before it ended.
func nightActivity(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		Summary:             summary,
		StartToCloseTimeout: time.Hour, HeartbeatTimeout: 15 * time.Second,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: 10 * time.Second, BackoffCoefficient: 2, MaximumInterval: 10 * time.Minute},
	})
}

// What several workflows do, as support reads it.
const (
	mailsLeave  = "Les courriels partent"
	nextLeave   = "Les courriels suivants partent"
	othersGoOn  = "Les demandes qui attendent une clef avancent"
	askedIsDone = "Ce qui est demandé est vérifié et fait"
)

// awaitFor is AwaitWithTimeout with a timer that says in French what happens at its end.
func awaitFor(ctx workflow.Context, d time.Duration, what string, met func() bool) (bool, error) {
	return workflow.AwaitWithOptions(ctx, workflow.AwaitOptions{Timeout: d, TimerOptions: workflow.TimerOptions{Summary: what}}, met)
}
