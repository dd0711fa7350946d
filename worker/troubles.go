package worker

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"okey/config"
	"okey/engine"
	"okey/okey"
	"okey/sql"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
)

// troubles keeps what fails at each attempt where support looks, and forgets it once it has got on. Mails are left out: what a relay makes
// wait is no trouble, and has its own list.
type troubles struct {
	interceptor.WorkerInterceptorBase
	store *sql.Store
}

// InterceptActivity is part of interceptor.WorkerInterceptor.
func (t *troubles) InterceptActivity(
	_ context.Context, next interceptor.ActivityInboundInterceptor,
) interceptor.ActivityInboundInterceptor {
	return &troubled{interceptor.ActivityInboundInterceptorBase{Next: next}, t.store}
}

type troubled struct {
	interceptor.ActivityInboundInterceptorBase
	store *sql.Store
}

// fewAttempts are no trouble yet: a deadlock, a database that is being restarted.
const fewAttempts = 3

// ExecuteActivity is part of interceptor.ActivityInboundInterceptor.
func (t *troubled) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	result, err := t.Next.ExecuteActivity(ctx, in)
	info := activity.GetInfo(ctx)
	scheduled := okey.ScheduleOf(info.WorkflowExecution.ID) != info.WorkflowExecution.ID
	if info.ActivityType.Name == okey.ActivitySendMails || sql.Away(err) {
		return result, err
	}
	if info.Attempt > fewAttempts || scheduled && err == nil { // the run before may have failed
		t.note(ctx, info, err)
	}
	if err != nil && info.Attempt > fewAttempts && judges[info.ActivityType.Name] {
		err = postponed(err, info.Attempt)
	}
	return result, err
}

// judges look at one matter each. What one of them can't do for a reason of its own is tried less and less often until somebody has mended
// it; a worker that starts tries it at once.
var judges = map[string]bool{okey.ActivityJudge: true, okey.ActivityChangeKey: true, okey.ActivityStock: true}

// postponed has the engine wait for the next attempt as long as the repair watch does with an action (okey.Pause).
func postponed(err error, attempt int32) error {
	if said, is := errors.AsType[*temporal.ApplicationError](err); is && (said.NonRetryable() || said.NextRetryDelay() > 0) {
		return err
	}
	return temporal.NewApplicationErrorWithOptions(err.Error(), "cannot_be_judged",
		temporal.ApplicationErrorOptions{NextRetryDelay: okey.Pause(int(attempt - fewAttempts))})
}

// tryAgain has what could not be judged tried now: this worker may be the one that can.
func tryAgain(ctx context.Context, c client.Client, cfg config.Config, store *sql.Store) {
	const most = 1000
	found, err := store.Troubles(ctx, most)
	if err != nil {
		slog.WarnContext(ctx, "what could not be judged is not tried at once", "error", err)
	}
	for _, one := range found {
		if !judges[one.What] {
			continue
		}
		if err := engine.TryAgain(ctx, c, cfg, one.Workflow, one.What); err != nil {
			slog.WarnContext(ctx, "what could not be judged is not tried at once", "workflow", one.Workflow, "error", err)
		}
	}
}

// note is best effort: what goes wrong with it is for the log alone.
func (t *troubled) note(ctx context.Context, info activity.Info, failure error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	workflow, what := okey.ScheduleOf(info.WorkflowExecution.ID), info.ActivityType.Name
	if failure == nil {
		if err := t.store.TroubleOver(ctx, sql.TroubleID(sql.TroubleActivity, workflow, what)); err != nil {
			slog.WarnContext(ctx, "that an activity got on was not noted", "activity", what, "workflow", workflow, "error", err)
		}
		return
	}
	err := t.store.NoteTrouble(ctx, sql.Trouble{
		Kind: sql.TroubleActivity, Workflow: workflow, What: what, Error: failure.Error(), Attempts: int(info.Attempt),
		Since: info.ScheduledTime, LastAt: time.Now(),
	})
	if err != nil {
		slog.WarnContext(ctx, "that an activity fails was not noted", "activity", what, "workflow", workflow, "error", err)
	}
}
