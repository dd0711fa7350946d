// Package metrics is what server and worker tell operators, in the form that Prometheus reads, and the door where they do. Whoever asks
// there needs no name, so nothing in it names anybody: counts by enums, by academies, by templates of routes.
package metrics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"time"

	"okey/internal/version"
	"okey/sql"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/uber-go/tally/v4"
	tallyprometheus "github.com/uber-go/tally/v4/prometheus"
	"go.temporal.io/sdk/client"
	sdktally "go.temporal.io/sdk/contrib/tally"
)

// NewRegistry has what each program tells of itself. It is nobody else's: several servers may live in one process.
func NewRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), built())
	return registry
}

// built says what runs.
func built() prometheus.Collector {
	labels := prometheus.Labels{"version": version.String(), "goversion": runtime.Version()}
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "okey_build_info", Help: "What runs; always 1.", ConstLabels: labels})
	g.Set(1)
	return g
}

// WatchPool tells of a store's connections under a name.
func WatchPool(to prometheus.Registerer, name string, store *sql.Store) {
	to.MustRegister(collectors.NewDBStatsCollector(store.DB(), name))
}

// WatchPolls tells what a worker's health is.
func WatchPolls(to prometheus.Registerer, check func() error) {
	to.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "okey_worker_polling", Help: "Whether this worker asks the engine for work, is answered, and gets work.",
	}, func() float64 {
		if check() != nil {
			return 0
		}
		return 1
	}))
}

// latencies of the engine, from a task that is there at once to one that nobody takes.
var latencies = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300}

// OfEngine is for engine.Dial: the SDK's own series. The closer ends their reporting.
func OfEngine(to prometheus.Registerer) (func(*client.Options), io.Closer) {
	reporter := tallyprometheus.NewReporter(tallyprometheus.Options{
		Registerer: to, DefaultTimerType: tallyprometheus.HistogramTimerType, DefaultHistogramBuckets: latencies,
		OnRegisterError: func(err error) { slog.Warn("a metric of the engine's client is not told", "error", err) },
	})
	scope, closer := tally.NewRootScope(tally.ScopeOptions{
		CachedReporter: reporter, Separator: tallyprometheus.DefaultSeparator, SanitizeOptions: &sdktally.PrometheusSanitizeOptions,
		OmitCardinalityMetrics: true,
	}, time.Second)
	handler := sdktally.NewMetricsHandler(sdktally.NewPrometheusNamingScope(scope))
	return func(options *client.Options) { options.MetricsHandler = handler }, closer
}

// Serve answers /metrics, and /healthz by what check says, at OKEY_METRICS; empty: nowhere. stop closes it. A taken port is no reason to do
// no work: another program of OKEY on the same machine may have it.
func Serve(address string, from prometheus.Gatherer, check func() error) (stop func()) {
	if address == "" {
		return func() {}
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", address)
	if err != nil {
		slog.Warn("metrics and health are not served: set OKEY_METRICS to a free address, or to nothing", "address", address, "error", err)
		return func() {}
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(from, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if err := check(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintln(w, "ok")
	})
	door := &http.Server{Handler: nearby(mux), ReadHeaderTimeout: 5 * time.Second, WriteTimeout: time.Minute}
	go func() {
		if err := door.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			slog.Warn("metrics and health are no longer served", "error", err)
		}
	}()
	return func() { _ = door.Close() }
}

// nearby answers this machine and private networks alone, wherever it listens: a port that the whole world reaches by mistake tells
// nothing.
func nearby(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, err := netip.ParseAddrPort(r.RemoteAddr)
		if ip := from.Addr().Unmap(); err != nil || !ip.IsLoopback() && !ip.IsPrivate() && !ip.IsLinkLocalUnicast() {
			http.Error(w, "only for private networks", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}
