// Package server is OKEY's way in: the JSON API, the pages, sign-in and emailed links. It opens the parts, makes the rooms, listens and
// drains; it knows every room, and judges nothing about requests and keys itself.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"okey/calendar"
	"okey/config"
	"okey/engine"
	"okey/internal/metrics"
	"okey/internal/radius"
	"okey/internal/telemetry"
	"okey/okey"
	"okey/server/act"
	"okey/server/api"
	"okey/server/pages/decisions"
	"okey/server/pages/desk"
	"okey/server/pages/help"
	"okey/server/pages/home"
	"okey/server/pages/keys"
	"okey/server/pages/people"
	"okey/server/pages/reference"
	"okey/server/pages/requests"
	"okey/server/pages/stock"
	"okey/server/pages/story"
	"okey/server/pages/tour"
	"okey/server/respond"
	"okey/server/signin"
	"okey/server/web"
	"okey/sql"

	"github.com/prometheus/client_golang/prometheus"
)

// Server answers HTTP. It is made anew for each run: several may live in one process.
type Server struct {
	checks   []*check
	act      *act.Dispatcher
	metrics  *respond.Metrics
	registry *prometheus.Registry
	session  *web.Sessions
	proxies  []string // trusted ones
	traces   *telemetry.Traces

	closing sync.Once

	site  *web.Site
	api   *api.API
	rooms []interface{ Routes(web.Routes) }
}

// templates are read once: they are the same for every server.
var templates = sync.OnceValue(func() *web.Templates {
	return web.ParseTemplates(home.Files, requests.Files, decisions.Files, keys.Files, stock.Files, people.Files, desk.Files, help.Files,
		reference.Files)
})

// New makes a server from parts that stand already. Handler is what it answers with; Close ends what it started.
func New(cfg config.Config, store *sql.Store, outcomes *sql.Outcomes, e act.Engine) *Server {
	return newServer(cfg, store, outcomes, e, metrics.NewRegistry())
}

func newServer(cfg config.Config, store *sql.Store, outcomes *sql.Outcomes, e act.Engine, registry *prometheus.Registry) *Server {
	counters := respond.NewMetrics(registry)
	session := web.NewSessions(store, cfg.URL)
	dispatcher := act.New(
		store,
		outcomes,
		e,
		counters,
		cfg.PINPeppers,
		act.EngineUI{URL: cfg.TemporalUIURL, Namespace: cfg.TemporalNamespace},
	)
	site := web.NewSite(store, dispatcher, session, web.Settings{
		URL:         cfg.URL,
		Issuer:      cfg.OIDCIssuer,
		SupportMail: cfg.SupportMail,
		Conformity:  cfg.AccessibilityState,
		AcademyName: cfg.AcademyName,
		Look:        cfg.Look,
		LinkKeys:    cfg.LinkKeys,
	}, templates())
	in := signin.New(site, store, session, signin.Settings{
		URL: cfg.URL, Issuer: cfg.OIDCIssuer, ClientID: cfg.OIDCClientID, ClientSecret: cfg.OIDCClientSecret, Scopes: cfg.OIDCScopes,
		ClaimUID: cfg.ClaimUID, ClaimGivenNames: cfg.ClaimGivenNames, ClaimFamilyNames: cfg.ClaimFamilyNames, Directory: directoryOf(cfg),
	}, cfg.LinkKeys)
	tales := story.New(site, store, dispatcher)
	keyPages := keys.New(site, store, dispatcher, in, session, tales, cfg.PortalURL, trialsOf(cfg, dispatcher))
	requestPages := requests.New(site, store, dispatcher, keyPages, tales)
	peoplePages := people.New(site, store, dispatcher, tales)
	deskPages := desk.New(site, store, dispatcher, e, requestPages, holidaysOf(cfg), cfg.AcademyName)
	s := &Server{
		checks: checks(store, outcomes, e), act: dispatcher, metrics: counters, registry: registry, session: session,
		proxies: cfg.TrustedProxies,
		site:    site, api: api.New(store, dispatcher, outcomes, cfg.URL, cfg.FieldsOfEvents()),
		rooms: []interface{ Routes(web.Routes) }{
			in, home.New(site, store, keyPages, requestPages, peoplePages, deskPages), requestPages,
			decisions.New(site, store, dispatcher, requestPages, cfg.LinkKeys, cfg.LinksRequireSignIn.On()),
			keyPages, stock.New(site, store, dispatcher, keyPages, tales), peoplePages, deskPages,
			help.New(site, store, session, in, peoplePages, help.Settings{
				Portal:        cfg.PortalURL,
				Training:      cfg.TrainingURL,
				TicketTool:    cfg.TicketTool,
				TicketProduct: cfg.TicketProduct,
				TicketLink:    cfg.TicketLink,
				Conformity:    cfg.AccessibilityState,
				EventMonths:   cfg.MonthsOfEvents(),
				Trials:        len(cfg.RadiusServers) > 0,
				Audit:         cfg.AccessibilityAudit,
			}),
			reference.New(site, cfg.URL),
		},
	}
	if cfg.Demonstration != "" { // nowhere else is there such a page, nor a word of it on any
		s.rooms = append(s.rooms, tour.New(site, store, dispatcher, in, cfg.Demonstration, cfg.LinkKeys, cfg.HasRadius()))
	}
	return s
}

// holidaysOf are the school holidays that plots show. The worker, whose deadlines hang on them, does not start where they can't be read;
// pages go on without.
func holidaysOf(cfg config.Config) *calendar.Calendar {
	holidays, err := calendar.Load(cfg.HolidaysFile)
	if err != nil {
		slog.Warn("plots are shown without school holidays", "error", err)
		return calendar.PublicOnly()
	}
	return holidays
}

// Close ends the server's own goroutines.
func (s *Server) Close() {
	s.closing.Do(func() {
		s.act.Close()
		s.session.Close()
	})
}

// drain is how long requests under way have to end by themselves.
const drain = 10 * time.Second

// Run serves until ctx ends, then lets the requests under way finish. Database, schema and engine may be away at the start: it answers
// /healthz and /readyz meanwhile, says what it waits for, and goes on. It returns an error for what waiting does not mend: an occupied
// port, a database role that may rewrite the audit.
func Run(ctx context.Context, cfg config.Config) error {
	if _, err := okey.ParseCounterProofs(cfg.CounterProof); err != nil {
		return err
	}
	listener, err := listen("OKEY_HTTP", cfg.HTTP)
	if err != nil {
		return err
	}
	var handler swap
	handler.set(waitingHandler())
	served := make(chan error, 1)
	public := newHTTPServer(&handler)
	go func() { served <- public.Serve(listener) }()
	slog.Info("server listening", "address", listener.Addr().String())

	// What requests under way use outlives ctx until they have ended.
	parts, release := context.WithCancel(context.WithoutCancel(ctx))
	defer release()
	s, closeAll, err := assemble(ctx, parts, cfg)
	defer closeAll()
	if err == nil {
		handler.set(s.Handler())
		public.RegisterOnShutdown(s.api.Leave)
		slog.Info("server ready", "url", cfg.URL)
		defer metrics.Serve(cfg.Metrics, s.registry, func() error { return nil })()
		select {
		case err = <-served:
		case <-ctx.Done():
		}
	}
	return leaving(ctx, errors.Join(err, shutdown(public)))
}

// assemble opens what the server needs, waiting for the database. closeAll is to be called whatever comes back.
func assemble(ctx, parts context.Context, cfg config.Config) (s *Server, closeAll func(), err error) {
	var closers []func()
	closeAll = func() {
		for i := len(closers) - 1; i >= 0; i-- {
			closers[i]()
		}
	}
	store, err := sql.OpenPool(cfg.DatabaseURL, cfg.AuditKeys, sql.Pool{Connections: cfg.PoolSize()})
	if err != nil {
		return nil, closeAll, err
	}
	closers = append(closers, func() { _ = store.Close() })
	if err := store.Await(ctx); err != nil {
		return nil, closeAll, err
	}
	go store.Follow(parts, func() {})
	outcomes, err := store.ListenOutcomes(parts)
	if err != nil {
		return nil, closeAll, err
	}
	traces, err := telemetry.Open(ctx, "okey-server", cfg.TracesURL)
	if err != nil {
		return nil, closeAll, err
	}
	closers = append(closers, traces.Close)
	registry := metrics.NewRegistry()
	measured, reporting := metrics.OfEngine(registry)
	closers = append(closers, func() { _ = reporting.Close() })
	c, err := engine.Dial(cfg, measured, engine.Traced(traces))
	if err != nil {
		return nil, closeAll, err
	}
	closers = append(closers, c.Close)
	metrics.WatchPool(registry, "server", store)
	metrics.WatchWork(registry, store, c)
	s = newServer(cfg, store, outcomes, engine.New(c, okey.DefaultWaits(), cfg.URL), registry)
	s.traces = traces
	closers = append(closers, s.Close)
	return s, closeAll, nil
}

// leaving turns the end of ctx into a peaceful end.
func leaving(ctx context.Context, err error) error {
	if ctx.Err() != nil && (err == nil || errors.Is(err, ctx.Err())) {
		return nil
	}
	return err
}

func shutdown(h *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	if err := h.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("stop serving: %w", err), h.Close())
	}
	return nil
}

// listen opens a port; an occupied one is told by the name of its setting.
func listen(setting, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, okey.Errorf(
			okey.CodeUnavailable,
			"%s = « %s » : ce port est déjà pris. Arrêtez le programme qui l'occupe, ou choisissez-en un autre.",
			setting,
			address,
		)
	case err != nil:
		return nil, okey.Errorf(
			okey.CodeUnavailable,
			"%s = « %s » : impossible d'écouter à cette adresse (%s).",
			setting,
			address,
			config.Cause(err),
		)
	}
	return l, nil
}

// writeTimeout is how long an answer may take, from the request's head on.
const writeTimeout = time.Minute

func newHTTPServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
}

// swap is a handler that is replaced once the real one stands.
type swap struct{ now atomic.Pointer[http.Handler] }

func (s *swap) set(h http.Handler) { s.now.Store(&h) }

func (s *swap) ServeHTTP(w http.ResponseWriter, r *http.Request) { (*s.now.Load()).ServeHTTP(w, r) }

// trialsOf are the trials of keys; nil where no authentication server is known.
func trialsOf(cfg config.Config, dispatcher *act.Dispatcher) *act.Trials {
	if !cfg.HasRadius() {
		return nil
	}
	proofs, err := okey.ParseCounterProofs(cfg.CounterProof)
	if err != nil { // Run has said so
		slog.Error("no key is tried at a counter", "error", err)
	}
	return &act.Trials{
		Dispatcher: dispatcher, Server: RadiusOf(cfg), ByMail: cfg.RadiusUser == config.RadiusUserMail,
		Alone: cfg.RadiusPassword == config.RadiusCodeAlone, Links: cfg.LinkKeys, Proofs: proofs,
	}
}

// RadiusOf are the academy's authentication servers.
func RadiusOf(cfg config.Config) radius.Settings {
	s := radius.Settings{Secret: cfg.RadiusSecret, TLS: cfg.RadiusTLS, NAS: cfg.RadiusNAS}
	for _, server := range cfg.Radius() {
		s.Servers = append(s.Servers, radius.Server{Address: server.Address, TLS: server.TLS})
	}
	return s
}

// directoryOf is how the academy's directory is read.
func directoryOf(cfg config.Config) okey.DirectoryRules {
	return okey.DirectoryRules{
		Function: cfg.ClaimFunction, Heads: cfg.ClaimHeads, Works: cfg.ClaimWorks, Delegations: cfg.ClaimDelegations,
		Principals: cfg.PrincipalValues, Deputies: cfg.DeputyValues, Application: cfg.Application,
	}
}
