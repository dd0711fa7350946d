package worker

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// serveHealth answers /healthz on the loopback address of OKEY_METRICS, for health checks, and /metrics; empty serves nothing. A taken port
// is no reason to stop the work: another program of OKEY on the same machine may have it.
func serveHealth(ctx context.Context, address string, figures prometheus.Gatherer) {
	if address == "" {
		return
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		slog.Warn("the worker's health is not served: set OKEY_METRICS to a free address, or to nothing", "address", address, "error", err)
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.Handle("GET /metrics", promhttp.HandlerFor(figures, promhttp.HandlerOpts{}))
	health := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { _ = health.Close() })
	go func() {
		if err := health.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			slog.Warn("the worker's health is no longer served", "error", err)
		}
	}()
}
