package temporald

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/temporalio/ui-server/v2/server"
	"github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/server_options"

	"okey/standalone/ports"
)

// UI is Temporal's web pages: they show everything, and signals are all that can be done there. The UI's settings take the other buttons
// away; a guard before it refuses the calls behind them, too.
type UI struct {
	server *server.Server
	guard  *http.Server
}

// StartUI serves the UI of the Temporal server at the frontend address.
func StartUI(address, frontend, namespace string) (*UI, error) {
	public, err := new(net.ListenConfig).Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("the UI's address: %w", err)
	}
	kept, err := ports.Keep("127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("a port for the UI behind its guard: %w", err), public.Close())
	}
	inside, err := netip.ParseAddrPort(kept)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("a port for the UI behind its guard: %w", err), public.Close())
	}
	ui := &UI{server: server.NewServer(server_options.WithConfigProvider(&config.Config{
		Host:                inside.Addr().String(),
		Port:                int(inside.Port()),
		TemporalGRPCAddress: frontend,
		DefaultNamespace:    namespace,
		EnableUI:            true,
		HideLogs:            true,
		DisableNewsFetch:    true,
		// No TLS here, so a Secure cookie would not come back from every browser, and signals need it.
		CORS: config.CORS{CookieInsecure: true},

		WorkflowTerminateDisabled: true,
		WorkflowCancelDisabled:    true,
		WorkflowResetDisabled:     true,
		WorkflowUpdateDisabled:    true,
		WorkflowPauseDisabled:     true,
		BatchActionsDisabled:      true,
		StartWorkflowDisabled:     true,
		ActivityCommandsDisabled:  true,
	}))}
	go func() { _ = ui.server.Start() }() // returns nil after Stop, and else not at all
	ui.guard = &http.Server{
		Handler:           signalsOnly(&url.URL{Scheme: "http", Host: kept}),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
	}
	go func() { _ = ui.guard.Serve(public) }()
	return ui, nil
}

// signalsOnly lets everything be read, and of all writes signals alone through; queries are reads that travel as POST.
func signalsOnly(inside *url.URL) http.Handler {
	through := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(inside)
		r.Out.Host = r.In.Host // the UI compares it with the origin of its forms
	}, ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug)}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !reads(r) && !strings.Contains(r.URL.Path, "/signal/") {
			http.Error(w, "Ici on ne peut qu'envoyer des signaux.", http.StatusForbidden)
			return
		}
		through.ServeHTTP(w, r)
	})
}

func reads(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return true
	}
	return strings.Contains(r.URL.Path, "/query/")
}

// Stop ends the UI at once.
func (u *UI) Stop() {
	_ = u.guard.Close() // nothing is lost with a page
	u.server.Stop()
}
