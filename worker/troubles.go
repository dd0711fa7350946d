package worker

import (
	"context"
	"log/slog"
	"time"

	"okey/okey"
	"okey/sql"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
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
	return result, err
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
