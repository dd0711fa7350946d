package metrics

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"okey/engine"
	"okey/okey"
	"okey/sql"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/client"
)

// WatchWork tells of what waits and of what has run, read when somebody asks: of the database in one statement, of the engine by schedule.
// What is away says nothing but that. Server and worker tell the same, so that one of them is enough; sums take the max of them.
func WatchWork(to prometheus.Registerer, store *sql.Store, c client.Client) {
	to.MustRegister(&work{store: store, client: c})
}

const (
	readWithin = 3 * time.Second
	// Several may ask.
	freshFor = 5 * time.Second
)

type work struct {
	store  *sql.Store
	client client.Client

	mu     sync.Mutex
	readAt time.Time
	read   []prometheus.Metric
}

var (
	databaseUp = prometheus.NewDesc("okey_database_up", "Whether the database answered this program.", nil, nil)
	engineUp   = prometheus.NewDesc("okey_engine_up", "Whether the engine answered this program.", nil, nil)

	requests = prometheus.NewDesc("okey_requests", "Open requests by stage, and by how long they have been in it.",
		[]string{"stage", "age"}, nil)
	unjudged    = prometheus.NewDesc("okey_actions_unjudged", "Actions that are recorded and not judged, up to 10000.", nil, nil)
	unjudgedAge = prometheus.NewDesc("okey_actions_unjudged_oldest_age_seconds", "How long the oldest has waited; 0: none does.", nil, nil)
	wakeUps     = prometheus.NewDesc("okey_wake_ups_owed", "Requests that have a key and have not been woken, up to 10000.", nil, nil)
	wakeUpsAge  = prometheus.NewDesc("okey_wake_ups_owed_oldest_age_seconds", "How long the oldest has waited; 0: none does.", nil, nil)
	mails       = prometheus.NewDesc("okey_mails", "Mails by state: queued, up to 10000, and what became of the others of the last day.",
		[]string{"state"}, nil)
	queuedAge = prometheus.NewDesc("okey_mails_queued_oldest_age_seconds", "How long the oldest has waited; 0: none does.", nil, nil)
	keys      = prometheus.NewDesc("okey_keys", "Keys that schools have to give, or will have, or keep for somebody: by academy and state.",
		[]string{"academy", "state"}, nil)
	troubles   = prometheus.NewDesc("okey_troubles", "What does not get on by itself, by kind.", []string{"kind"}, nil)
	untaken    = prometheus.NewDesc("okey_webhook_events", "Events that a receiver has not taken.", []string{"receiver"}, nil)
	untakenAge = prometheus.NewDesc("okey_webhook_events_oldest_age_seconds", "How long the oldest has waited; 0: none does.",
		[]string{"receiver"}, nil)
	auditEntries = prometheus.NewDesc("okey_audit_entries", "Length of the audit.", nil, nil)
	examined     = prometheus.NewDesc("okey_audit_examined_timestamp_seconds", "When the audit was found whole last; 0: never.", nil, nil)
	backedUp     = prometheus.NewDesc(
		"okey_backup_last_success_timestamp_seconds", "When a backup was taken last; 0: none was noted.", nil, nil)

	lastRun = prometheus.NewDesc("okey_schedule_last_run_timestamp_seconds",
		"When the work of a schedule was last done to its end; where it never was, when the schedule was made; 0: there is none.",
		[]string{"schedule"}, nil)
	period = prometheus.NewDesc(
		"okey_schedule_period_seconds", "How often the work of a schedule is to be done.", []string{"schedule"}, nil)
)

// Describe is part of prometheus.Collector.
func (w *work) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		databaseUp, engineUp, requests, unjudged, unjudgedAge, wakeUps, wakeUpsAge, mails, queuedAge, keys, troubles, untaken, untakenAge,
		auditEntries,
		examined, backedUp,
		lastRun, period,
	} {
		to <- d
	}
}

// Collect is part of prometheus.Collector.
func (w *work) Collect(to chan<- prometheus.Metric) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Since(w.readAt) > freshFor {
		w.read = w.look()
		w.readAt = time.Now()
	}
	for _, m := range w.read {
		to <- m
	}
}

// gathered collects metrics.
type gathered []prometheus.Metric

func (g *gathered) add(d *prometheus.Desc, value float64, labels ...string) {
	*g = append(*g, prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...))
}

func (w *work) look() []prometheus.Metric {
	ctx, cancel := context.WithTimeout(context.Background(), readWithin)
	defer cancel()
	var ofEngine gathered
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		ofEngine = w.ofEngine(ctx)
	}()
	ofDatabase := w.ofDatabase(ctx, time.Now())
	<-asked
	return append(ofDatabase, ofEngine...)
}

func (w *work) ofEngine(ctx context.Context) (g gathered) {
	runs, err := engine.LastRuns(ctx, w.client)
	if err != nil {
		slog.DebugContext(ctx, "the engine's figures are not told", "error", err)
		g.add(engineUp, 0)
		return g
	}
	g.add(engineUp, 1)
	for schedule, run := range runs {
		g.add(lastRun, unix(run.Last), schedule)
		g.add(period, run.Every.Seconds(), schedule)
	}
	return g
}

func (w *work) ofDatabase(ctx context.Context, at time.Time) (g gathered) {
	read, err := w.store.Gauges(ctx, at)
	if err != nil {
		slog.DebugContext(ctx, "the database's figures are not told", "error", err)
		g.add(databaseUp, 0)
		return g
	}
	g.add(databaseUp, 1)
	g.waiting(at, read.Actions, unjudged, unjudgedAge)
	g.waiting(at, read.WakeUps, wakeUps, wakeUpsAge)
	g.waiting(at, read.Queued, mails, queuedAge, string(sql.MailQueued))
	if len(read.Webhooks) == 0 { // what there is none of is told, too
		read.Webhooks = []sql.WebhookGauge{{}}
	}
	for _, receiver := range read.Webhooks {
		g.add(untaken, float64(receiver.N), receiver.Name)
		g.add(untakenAge, waited(at, receiver.Since), receiver.Name)
	}
	g.add(auditEntries, float64(read.Audit))
	g.add(examined, unix(read.Examined))
	g.add(backedUp, unix(read.BackedUp))

	// What there is none of is told, too: a series that comes and goes is no answer.
	type pair [2]string
	waiting, stock, states, kinds := map[pair]int{}, map[pair]int{}, map[string]int{}, map[string]int{}
	for _, stage := range okey.Stages() {
		for _, age := range sql.RequestAges {
			if !stage.Closed() {
				waiting[pair{string(stage), age}] = 0
			}
		}
	}
	for _, r := range read.Requests {
		waiting[pair{string(r.Stage), r.Age}] = r.N
	}
	for _, s := range read.Stock {
		for _, state := range []okey.KeyState{okey.InTransit, okey.InStock, okey.Reserved, okey.Attributed} {
			stock[pair{academyName(s.Academy), string(state)}] += 0
		}
		stock[pair{academyName(s.Academy), string(s.State)}] += s.N
	}
	for _, state := range []string{string(sql.MailSent), string(sql.MailFailed), string(sql.MailDropped), "returned"} {
		states[state] = 0
	}
	for _, m := range read.Mails {
		states[m.State] = m.N
	}
	for _, kind := range []sql.TroubleKind{sql.TroubleActivity, sql.TroubleWorkflow, sql.TroubleAction} {
		kinds[string(kind)] = 0
	}
	for _, t := range read.Troubles {
		kinds[string(t.Kind)] = t.N
	}
	for of, n := range waiting {
		g.add(requests, float64(n), of[0], of[1])
	}
	for of, n := range stock {
		g.add(keys, float64(n), of[0], of[1])
	}
	for state, n := range states {
		g.add(mails, float64(n), state)
	}
	for kind, n := range kinds {
		g.add(troubles, float64(n), kind)
	}
	return g
}

// waiting tells how many wait, with what labels, and how long the oldest has.
func (g *gathered) waiting(at time.Time, w sql.Backlog, count, age *prometheus.Desc, labels ...string) {
	g.add(count, float64(w.N), labels...)
	g.add(age, waited(at, w.Since))
}

// academyName names the academies that there are; what else a file may say is one.
func academyName(code string) string {
	if known, ok := okey.AcademyByCode(code); ok {
		return known.Name
	}
	return "other"
}

func unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.Unix())
}

// waited is for how long something has waited, in seconds; 0: nothing does.
func waited(at, since time.Time) float64 {
	if since.IsZero() {
		return 0
	}
	return max(0, at.Sub(since).Seconds())
}
