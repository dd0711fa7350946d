package respond

import (
	"net/http"
	"strconv"
	"time"

	"okey/okey"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts what happens, without a name of anybody.
type Metrics struct {
	actions  *prometheus.CounterVec
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	Pins     *prometheus.CounterVec // by outcome: right, wrong, blocked
}

// NewMetrics makes the counters, all at zero, in a registry.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{
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
	registry.MustRegister(m.actions, m.requests, m.seconds, m.Pins)
	return m
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
