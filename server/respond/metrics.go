package respond

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"okey/okey"
	"okey/sql"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics counts what happens, without a name of anybody. It has a registry of its own: several servers may live in one
// process.
type Metrics struct {
	registry *prometheus.Registry
	actions  *prometheus.CounterVec
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	Pins     *prometheus.CounterVec // by outcome: right, wrong, blocked
}

// NewMetrics makes the counters, all at zero.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		actions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "okey_actions_total", Help: "Actions by name and outcome: accepted, refused, or recorded where none came in time.",
		}, []string{"name", "outcome", "reason"}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "okey_http_requests_total", Help: "HTTP requests by method, route template and status.",
		}, []string{"method", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "okey_http_request_seconds", Help: "Time to answer, by route template.", Buckets: prometheus.DefBuckets,
		}, []string{"route"}),
		Pins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "okey_pin_checks_total", Help: "PINs looked at by outcome: right, wrong, or blocked where too many were wrong.",
		}, []string{"outcome"}),
	}
	m.registry.MustRegister(m.actions, m.requests, m.seconds, m.Pins,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// WatchTroubles has each reading of the figures count what does not get on, by kind: an activity that fails at each attempt, a workflow
// that has failed, an action without an outcome. It asks the database, which may be away: then there is no such figure.
func (m *Metrics) WatchTroubles(count func(context.Context) (map[sql.TroubleKind]int, error)) {
	m.registry.MustRegister(troubles{count})
}

type troubles struct {
	count func(context.Context) (map[sql.TroubleKind]int, error)
}

var troublesDesc = prometheus.NewDesc(
	"okey_troubles", "What does not get on by itself, by kind: activity, workflow, action.", []string{"kind"}, nil,
)

// Describe is part of prometheus.Collector.
func (t troubles) Describe(to chan<- *prometheus.Desc) { to <- troublesDesc }

// Collect is part of prometheus.Collector.
func (t troubles) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	counted, err := t.count(ctx)
	if err != nil {
		return
	}
	for _, kind := range []sql.TroubleKind{sql.TroubleActivity, sql.TroubleWorkflow, sql.TroubleAction} {
		to <- prometheus.MustNewConstMetric(troublesDesc, prometheus.GaugeValue, float64(counted[kind]), string(kind))
	}
}

// Handler answers GET /metrics to anybody: it belongs behind an address that strangers do not reach.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	return mux
}

// Acted counts what became of an action, judged or only recorded.
func (m *Metrics) Acted(a okey.Action) {
	outcome, reason := "recorded", ""
	if v := a.Verdict; v != nil {
		outcome = "accepted"
		if !v.Accepted {
			outcome, reason = "refused", string(v.Reason)
		}
	}
	m.actions.WithLabelValues(string(a.Name), outcome, reason).Inc()
}

// Answered counts an answer by the template of its route, never by an address, which may name somebody.
func (m *Metrics) Answered(method, route string, status int, took time.Duration) {
	m.requests.WithLabelValues(KnownMethod(method), route, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(route).Observe(took.Seconds())
}

// KnownMethod keeps strangers from filling the memory with methods of their own.
func KnownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}
