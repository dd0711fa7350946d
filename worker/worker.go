// Package worker runs OKEY's workflows and activities against the Temporal engine.
// It may know every room that works, and decides nothing itself.
package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"okey/activities"
	"okey/activities/mails"
	"okey/calendar"
	"okey/config"
	"okey/engine"
	"okey/internal/metrics"
	"okey/internal/telemetry"
	"okey/mail"
	"okey/okey"
	"okey/sql"
	"okey/webhook"
	"okey/workflows"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// drain is how long a stopping worker gives its activities to end by themselves.
const drain = 20 * time.Second

// Run works until ctx ends, then finishes what is under way. Database and engine may be away at the start: it waits, says so, and
// goes on when they are there. It returns an error for a configuration that can't be worked with.
func Run(ctx context.Context, cfg config.Config) error {
	SignVersion()
	if _, err := okey.ParseCounterProofs(cfg.CounterProof); err != nil {
		return err
	}
	holidays, err := loadCalendar(cfg.HolidaysFile)
	if err != nil {
		return err
	}
	registry, polls := metrics.NewRegistry(), engine.NewPolls()
	metrics.WatchPolls(registry, polls.Check)
	defer metrics.Serve(cfg.Metrics, registry, polls.Check)()
	receivers, err := receiversOf(cfg)
	if err != nil {
		return err
	}
	returns, err := mail.NewBounceAddress(cfg.BounceAddress, cfg.LinkKeys)
	if err != nil {
		return err
	}
	stores, err := openStores(cfg)
	if err != nil {
		return err
	}
	defer stores.close()
	taking, stop := context.WithCancel(ctx)
	defer stop()
	takeBounces(taking, cfg, returns, stores.mails, registry)
	if err := stores.judges.Await(ctx); err != nil {
		return leaving(ctx, err)
	}
	traces, err := telemetry.Open(ctx, "okey-worker", cfg.TracesURL)
	if err != nil {
		return err
	}
	defer traces.Close()
	measured, reporting := metrics.OfEngine(registry)
	defer func() { _ = reporting.Close() }()
	c, err := engine.Dial(cfg, measured, polls.Watch, engine.Traced(traces))
	if err != nil {
		return err
	}
	defer c.Close()
	for name, store := range map[string]*sql.Store{"judges": stores.judges, "mails": stores.mails, "rest": stores.rest} {
		metrics.WatchPool(registry, name, store)
	}
	metrics.WatchWork(registry, stores.rest, c)
	if err := engine.Await(ctx, c); err != nil {
		return leaving(ctx, err)
	}
	deployment, err := Version(cfg)
	if err != nil {
		return err
	}
	go polls.Follow(taking, c, deployment.Version.DeploymentName, deployment.Version.BuildID)
	return leaving(ctx, work(ctx, c, cfg, deployment, stores, holidays, returns, receivers))
}

// leaving turns the end of ctx into a peaceful end.
func leaving(ctx context.Context, err error) error {
	if ctx.Err() != nil && (err == nil || errors.Is(err, ctx.Err())) {
		return nil
	}
	return err
}

func loadCalendar(path string) (*calendar.Calendar, error) {
	if path == "" {
		slog.Warn("no school holidays are set (OKEY_HOLIDAYS_FILE): only week-ends and public holidays are left out of waits")
		return calendar.PublicOnly(), nil
	}
	holidays, err := calendar.Load(path)
	if err == nil && len(holidays.Faults()) > 0 {
		slog.Warn("some lines of the school holidays can't be read", "lines", holidays.Faults())
	}
	return holidays, err
}

func work(
	ctx context.Context, c client.Client, cfg config.Config, deployment worker.DeploymentOptions, stores stores,
	holidays *calendar.Calendar, returns mail.BounceAddress, receivers []*webhook.Receiver,
) error {
	failed := make(chan error, 1)
	w := worker.New(c, okey.TaskQueue, worker.Options{
		WorkerStopTimeout: drain,
		// What a killed worker had in its cache is offered to it alone for so long: less than a person waits for an outcome.
		StickyScheduleToStartTimeout: time.Second,
		// Slots for a thousand activities are more than there are connections, on purpose: mails that wait for their relay hold a slot for
		// minutes, and must leave some to the judges. What waits for a connection waits in the pool of its kind, see openStores.
		Interceptors:      []interceptor.WorkerInterceptor{&marks{}, &heartbeats{}, &troubles{store: stores.rest}},
		OnFatalError:      func(err error) { failed <- err },
		DeploymentOptions: deployment,
	})
	Register(w)
	e := engine.New(c, okey.DefaultWaits(), cfg.URL)
	mailer := mails.New(stores.mails, mail.NewSender(mail.Relay(cfg.SMTP), cfg.MailFrom, cfg.SupportMail), holidays, mails.Settings{
		URL: cfg.URL, Academy: cfg.AcademyName, Support: cfg.SupportMail, Supplier: cfg.SupplierMail,
		LinkKeys: cfg.LinkKeys, Waits: okey.DefaultWaits(), Bounces: returns, Rate: cfg.MailsAMinute(),
	})
	registerActivities(w, stores, e, holidays, mailer, cfg)
	delivering := activities.NewWebhooks(stores.rest, receivers)
	w.RegisterActivityWithOptions(delivering.Deliver, activity.RegisterOptions{Name: okey.ActivityDeliver})
	if err := w.Start(); err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	defer w.Stop()
	slog.Info("worker ready", "queue", okey.TaskQueue)
	takeUp := func() {
		if err := stores.rest.LookAgain(ctx); err != nil {
			slog.Warn("what could not be judged waits for its turn", "error", err)
		}
		if err := engine.TriggerRepair(ctx, c); err != nil {
			slog.Warn("the repair watch was not triggered; its schedule will", "error", err)
		}
	}
	takeUp()
	go stores.judges.Follow(ctx, takeUp)
	go tryAgain(ctx, c, cfg, stores.rest)
	go followEvents(ctx, stores.rest, e, cfg)
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return fmt.Errorf("the worker ended: %w", err)
	}
}

// stores are the worker's connections, by what they are for: mails, and what takes its time, leave the judges theirs, and the other way
// round.
type stores struct{ judges, mails, rest *sql.Store }

// openStores shares the connections out. A judge waits for a lock for less time than the engine gives it: its
// connection is for others then, and the engine tries it again.
func openStores(cfg config.Config) (stores, error) {
	pools, err := sql.OpenPools(cfg.DatabaseURL, cfg.AuditKeys,
		sql.Pool{Connections: cfg.PoolSize() / 2, Lock: 3 * time.Second},
		sql.Pool{Connections: cfg.PoolSize() / 4},
		sql.Pool{Connections: cfg.PoolSize() / 4, Statement: sql.Unhurried}, // stock, orders, repair, the night's
	)
	if err != nil {
		return stores{}, err
	}
	return stores{judges: pools[0], mails: pools[1], rest: pools[2]}, nil
}

func (s stores) close() {
	for _, one := range []*sql.Store{s.judges, s.mails, s.rest} {
		_ = one.Close()
	}
}

// Register gives a registry OKEY's workflows under the names that histories keep.
func Register(to interface {
	RegisterWorkflowWithOptions(w any, options workflow.RegisterOptions)
},
) {
	to.RegisterWorkflowWithOptions(workflows.KeyRequest, workflow.RegisterOptions{Name: okey.WorkflowKeyRequest})
	to.RegisterWorkflowWithOptions(workflows.KeyChange, workflow.RegisterOptions{Name: okey.WorkflowKeyChange})
	to.RegisterWorkflowWithOptions(workflows.Retention, workflow.RegisterOptions{Name: okey.WorkflowRetention})
	to.RegisterWorkflowWithOptions(workflows.StockWatch, workflow.RegisterOptions{Name: okey.WorkflowStockWatch})
	to.RegisterWorkflowWithOptions(workflows.Order, workflow.RegisterOptions{Name: okey.WorkflowOrder})
	to.RegisterWorkflowWithOptions(workflows.ExportSchedule, workflow.RegisterOptions{Name: okey.WorkflowExportSchedule})
	to.RegisterWorkflowWithOptions(workflows.MailsResend, workflow.RegisterOptions{Name: okey.WorkflowMailsResend})
	to.RegisterWorkflowWithOptions(workflows.Webhook, workflow.RegisterOptions{Name: okey.WorkflowWebhook})
	for _, name := range okey.StockWorkflows() {
		to.RegisterWorkflowWithOptions(workflows.StockChange, workflow.RegisterOptions{Name: name})
	}
	to.RegisterWorkflowWithOptions(workflows.RepairWatch, workflow.RegisterOptions{Name: okey.WorkflowRepairWatch})
	to.RegisterWorkflowWithOptions(workflows.DirectorySync, workflow.RegisterOptions{Name: okey.WorkflowDirectorySync})
}

// registerActivities gives a worker OKEY's activities under the names that histories keep.
func registerActivities(to worker.Worker, stores stores, e *engine.Engine, holidays *calendar.Calendar, mailer *mails.Mailer,
	cfg config.Config,
) {
	buyer := activities.Buyer{Academy: cfg.AcademyName, Contact: cfg.SupportMail}
	proofs, _ := okey.ParseCounterProofs(cfg.CounterProof) // Run has looked at it
	requests := activities.NewRequests(stores.judges, holidays).Proving(proofs)
	orders, stock := activities.NewOrders(stores.rest, e, holidays), activities.NewStock(stores.rest).For(buyer)
	repair := activities.NewRepair(stores.rest, e)
	for name, function := range map[string]any{
		okey.ActivityJudge:         requests.Judge,
		okey.ActivityJudgeAndTell:  judgeAndTell(requests, mailer),
		okey.ActivityChangeKey:     activities.NewKeys(stores.judges, holidays).Change,
		okey.ActivitySendMails:     mailer.SendMails,
		okey.ActivityRepair:        repair.Lost,
		okey.ActivityLapse:         repair.Lapse,
		okey.ActivityStock:         stock.Change,
		okey.ActivityLetters:       stock.Letters,
		okey.ActivityResendMails:   stock.ResendMails,
		okey.ActivityLoadOrder:     orders.Load,
		okey.ActivityWatch:         activities.NewWatch(stores.rest).Due,
		okey.ActivityRetain:        activities.NewRetention(stores.rest, cfg.MonthsOfEvents()).Retain,
		okey.ActivityPlanExport:    orders.Plan,
		okey.ActivitySyncDirectory: activities.NewDirectory(stores.rest, DirectoryOf(cfg)).Sync,
		okey.ActivityWakeUp:        repair.WakeOwed,
	} {
		to.RegisterActivityWithOptions(function, activity.RegisterOptions{Name: name})
	}
}
