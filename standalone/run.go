package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"okey/config"
	"okey/engine"
	"okey/internal/postgres"
	"okey/server"
	"okey/sql"
	"okey/standalone/idp"
	"okey/standalone/inbox"
	"okey/standalone/temporald"
	"okey/worker"

	"github.com/coreos/go-systemd/v22/daemon"
)

const namespace = "okey"

// house is what runs. Its parts are stopped in the reverse of the order they were started in: okey's server, its worker,
// the engine, and the database last.
type house struct {
	flags     flags
	addresses *addresses
	secrets   secrets
	parts     []part
	failed    chan error // a part that ended by itself

	authentication *authentication // nil: none
}

type part struct {
	name string
	stop func() error
}

// run starts everything, says where it is and stops it when ctx ends. Nothing is left half started.
func run(ctx context.Context, f flags) (err error) {
	if f.DemoScale < 1 {
		return fmt.Errorf("--demo-scale %d : écrivez un nombre, 1 ou plus", f.DemoScale)
	}
	if err := os.MkdirAll(f.Data, 0o700); err != nil {
		return fmt.Errorf("le dossier --data ne peut être créé : %w", err)
	}
	if err := ownFolder(f.Data); err != nil {
		return err
	}
	lock, err := lockDirectory(f.Data)
	if err != nil {
		return err
	}
	defer lock.Close()
	closeLog, err := logTo(filepath.Join(f.Data, "okey.log"))
	if err != nil {
		return err
	}
	defer closeLog()
	h := &house{flags: f, failed: make(chan error, 8)}
	if err := h.beganSo(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.stop()) }()
	if h.addresses, err = reserve(f); err != nil {
		return err
	}
	h.add("adresses", h.addresses.release)
	if err := h.start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // told to stop while starting
		}
		return err
	}
	select {
	case <-ctx.Done():
		fmt.Println("OKEY s'arrête...")
		return nil
	case err := <-h.failed:
		return err
	}
}

func (h *house) start(ctx context.Context) error {
	for _, said := range config.Misspelt(config.Environ()) { // first: what is missing may be what was meant
		fmt.Fprintln(os.Stderr, "okey-standalone :", said)
	}
	if err := h.examineSettings(); err != nil {
		return err
	}
	if err := h.begin(); err != nil {
		return err
	}
	cluster, databases, err := h.startDatabase(ctx)
	if err != nil {
		return err
	}
	var box *inbox.Inbox
	if !h.flags.Production {
		if box, err = h.startInbox(); err != nil {
			return err
		}
	}
	if err := h.startEngine(ctx, cluster); err != nil {
		return err
	}
	h.authentication = h.prepareAuthentication(ctx)
	environment, cfg, err := h.environment(databases)
	if err != nil {
		return err
	}
	for _, said := range unheard(environment) {
		fmt.Fprintln(os.Stderr, "okey-standalone :", said)
	}
	store, err := sql.Open(cfg.DatabaseURL, cfg.AuditKeys)
	if err != nil {
		return fmt.Errorf("open okey's database: %w", err)
	}
	// What was to be kept is kept: a connection that can't say goodbye any more is nobody's fault.
	h.add("base de données d'OKEY", func() error { _ = store.Close(); return nil })
	people := directory{store.DB()}
	if !h.flags.Production {
		if err := h.startProvider(people); err != nil {
			return err
		}
	}
	if _, err := engine.Prepare(ctx, cfg); err != nil {
		return fmt.Errorf("prepare the engine: %w", err)
	}
	if err := h.loadDemonstration(ctx, store, cfg, box); err != nil {
		return err
	}
	if err := h.startAuthentication(ctx, store, box); err != nil {
		return err
	}
	// From here on other programs find their way: nothing that the files name is missing.
	if err := h.writeEnvironment(environment, databases); err != nil {
		return err
	}
	if h.flags.Okey {
		if err := h.startOkey(ctx, cfg); err != nil {
			return err
		}
	}
	// Whatever systemd starts after us it starts now, with the files that were just written (Type=notify); to nobody else it is said.
	if _, err := daemon.SdNotify(true, daemon.SdNotifyReady); err != nil {
		slog.Warn("systemd does not learn that all is ready", "error", err)
	}
	if h.flags.Production {
		return h.serves(os.Stdout, cfg)
	}
	return h.welcome(ctx, os.Stdout, people)
}

func (h *house) startInbox() (*inbox.Inbox, error) {
	box, err := inbox.Open(filepath.Join(h.flags.Data, "inbox"))
	if err != nil {
		return nil, err
	}
	mail := box.SMTP()
	go h.watch("SMTP", func() error { return mail.Serve(h.addresses.smtp.take()) })
	h.add("SMTP", mail.Close)
	h.serve("boîte aux lettres", h.addresses.inbox, box.Handler())
	return box, nil
}

func (h *house) startProvider(people directory) error {
	provider, err := idp.New(idp.Options{
		Dir:    filepath.Join(h.flags.Data, "idp"),
		Issuer: h.addresses.idp.url(), ClientID: clientID, ClientSecret: h.secrets.OIDCClientSecret,
		ClientURL: h.addresses.http.url(), People: people.People, MadeUp: h.demonstrates(),
	})
	if err != nil {
		return err
	}
	h.serve("connexion", h.addresses.idp, provider)
	return nil
}

func (h *house) startEngine(ctx context.Context, cluster *postgres.Cluster) error {
	frontend := h.addresses.temporal.vacate()
	worker.SignVersion()
	engine, err := temporald.Start(ctx, temporald.Options{
		Address:   frontend,
		Namespace: namespace,
		LogFile:   filepath.Join(h.flags.Data, "temporal.log"),
		Debug:     ours("OKEY_LOG_LEVEL", "info") == "debug",
		Database: temporald.Database{
			Address:  cluster.Address(),
			User:     postgres.Admin,
			Password: cluster.Password(),
			URL:      cluster.URL("postgres"),
		},
	})
	if err != nil {
		return err
	}
	h.add("Temporal", engine.Stop)
	ui, err := temporald.StartUI(h.addresses.temporalUI.vacate(), frontend, namespace)
	if err != nil {
		return err
	}
	h.add("interface de Temporal", func() error { ui.Stop(); return nil })
	return nil
}

// startOkey runs okey's own two programs and waits until its pages answer.
func (h *house) startOkey(ctx context.Context, cfg config.Config) error {
	cfg.HTTP = h.addresses.http.vacate()
	h.runOkey("worker", cfg, worker.Run)
	cfg.Metrics = "" // the worker tells them: one process has one address for that
	h.runOkey("serveur", cfg, server.Run)
	ready := h.addresses.http.url() + "/readyz"
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if answers(ctx, ready) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-h.failed:
			return err
		case <-tick.C:
		}
	}
}

func answers(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close() // only the status counts
	return response.StatusCode == http.StatusOK
}

// runOkey runs a program until its part is stopped, which lets it finish what is under way.
func (h *house) runOkey(name string, cfg config.Config, program func(context.Context, config.Config) error) {
	ctx, cancel := context.WithCancel(context.Background()) // not the signal's: the order of stopping is ours
	ended := make(chan error, 1)
	go func() {
		err := program(ctx, cfg)
		ended <- err
		if ctx.Err() == nil {
			h.failed <- fmt.Errorf("OKEY (%s) s'est arrêté : %w", name, orEnded(err))
		}
	}()
	h.add(name, func() error {
		cancel()
		return <-ended
	})
}

func (h *house) serve(name string, at *address, handler http.Handler) {
	pages := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
	}
	go h.watch(name, func() error { return pages.Serve(at.take()) })
	h.add(name, pages.Close)
}

// watch reports a part that ends by itself.
func (h *house) watch(name string, serve func() error) {
	if err := serve(); err != nil && !errors.Is(err, http.ErrServerClosed) {
		h.failed <- fmt.Errorf("%s : %w", name, err)
	}
}

func orEnded(err error) error {
	if err == nil {
		return errors.New("sans dire pourquoi")
	}
	return err
}

func (h *house) add(name string, stop func() error) {
	h.parts = append(h.parts, part{name: name, stop: stop})
}

// stop ends the parts, last started first, all of them whatever goes wrong.
func (h *house) stop() error {
	var all error
	for i := len(h.parts) - 1; i >= 0; i-- {
		began := time.Now()
		if err := h.parts[i].stop(); err != nil {
			all = errors.Join(all, fmt.Errorf("%s : %w", h.parts[i].name, err))
		}
		slog.Info("stopped", "part", h.parts[i].name, "took", time.Since(began))
	}
	h.parts = nil
	return all
}
