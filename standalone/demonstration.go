package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"okey/calendar"
	"okey/config"
	"okey/engine"
	"okey/okey"
	"okey/sql"
	"okey/standalone/demo"
	"okey/standalone/inbox"

	"github.com/alecthomas/kong"
)

// demonstration is how much of it a first start loads.
type demonstration string

const (
	noDemo    demonstration = "none"
	smallDemo demonstration = "small" // schools, people and keys, and nothing that has happened
	wholeDemo demonstration = "year"
)

// IsBool lets the flag go without a value, and with --no- before it.
func (d *demonstration) IsBool() bool { return true }

// Decode implements kong.MapperValue.
func (d *demonstration) Decode(ctx *kong.DecodeContext) error {
	value := "true"
	if ctx.Scan.Peek().Type == kong.FlagValueToken {
		value = fmt.Sprint(ctx.Scan.Pop().Value)
	}
	loads, known := map[string]demonstration{"true": wholeDemo, "small": smallDemo, "false": noDemo}[strings.ToLower(value)]
	if !known {
		return fmt.Errorf("--demo=%s : écrivez --demo, --demo=small ou --no-demo", value)
	}
	*d = loads
	return nil
}

// progress is how far the loading of a demonstration has come, as its file keeps it: a process that was killed half-way goes on there.
type progress struct {
	began time.Time // with which its year ends
	scale int
	steps int
}

const (
	loading = "loading %s %d %d\n" // began, scale and steps
	loaded  = "loaded\n"
)

// loadDemonstration fills a new OKEY with made-up schools, people and keys, and a year that they have lived, on a first start that is not
// told otherwise.
func (h *house) loadDemonstration(ctx context.Context, store *sql.Store, cfg config.Config, box *inbox.Inbox) error {
	marker := h.marker()
	text, err := os.ReadFile(marker)
	at := progress{began: time.Now().UTC(), scale: h.flags.DemoScale}
	var began string
	if n, _ := fmt.Sscanf(string(text), loading, &began, &at.scale, &at.steps); n == 3 {
		at.began, err = time.Parse(time.RFC3339, began)
		if err != nil {
			return fmt.Errorf("read %s: %w", marker, err)
		}
		return h.loadYear(ctx, cfg, box, marker, at)
	}
	if err == nil || !errors.Is(err, os.ErrNotExist) {
		return err
	}
	switch h.flags.Demo {
	case noDemo:
		return writeWhole(marker, withoutDemonstration)
	case smallDemo:
		if err := demo.Small(ctx, store, at.began); err != nil {
			return fmt.Errorf("load the demonstration: %w", err)
		}
		return writeWhole(marker, loaded)
	}
	return h.loadYear(ctx, cfg, box, marker, at)
}

const (
	withoutDemonstration = "none\n"
	inProduction         = "production\n"
)

// beganSo refuses to run a folder in another way than the one that it was begun in: there made-up people would stand among real ones, or
// everybody could sign in as anybody, without a password.
func (h *house) beganSo() error {
	text, err := os.ReadFile(h.marker())
	serious := string(text) == inProduction
	if errors.Is(err, os.ErrNotExist) || err == nil && serious == h.flags.Production {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read what the folder was begun as: %w", err)
	}
	if serious {
		return fmt.Errorf("le dossier %s est celui d'une production : lancez-la avec --production, sans quoi chacun se connecterait "+
			"sans mot de passe sous n'importe quel nom", h.flags.Data)
	}
	return fmt.Errorf("le dossier %s a servi à essayer OKEY : donnez un autre --data pour la production", h.flags.Data)
}

// begin marks a new folder as a production's, whatever becomes of the start from here on.
func (h *house) begin() error {
	if !h.flags.Production || !missing(h.marker()) {
		return nil
	}
	return writeWhole(h.marker(), inProduction)
}

func (h *house) marker() string { return markerIn(h.flags.Data) }

func markerIn(data string) string { return filepath.Join(data, "demonstration") }

// demonstrates tells whether the people here are, or are about to be, those of the demonstration.
func (h *house) demonstrates() bool {
	loaded, err := os.ReadFile(h.marker())
	return !h.flags.Production && h.flags.Demo != noDemo && (err != nil || string(loaded) != withoutDemonstration)
}

// tourInbox is the setting that has pages lead newcomers: only here is it ever set by itself, where everybody is made up and signs in
// without a password.
func (h *house) tourInbox() string {
	if !h.demonstrates() {
		return ""
	}
	return h.addresses.inbox.url()
}

// loadYear lives the year, then has the workflows run of what is open.
func (h *house) loadYear(ctx context.Context, cfg config.Config, box *inbox.Inbox, marker string, at progress) error {
	days, err := calendar.Load(cfg.HolidaysFile)
	if err != nil {
		return err
	}
	// Thousands of commits need not wait for the disk: what a crash of the database loses of its last moment, the next start does again.
	store, err := sql.Open(cfg.DatabaseURL+"&synchronous_commit=off", cfg.AuditKeys)
	if err != nil {
		return err
	}
	defer store.Close()
	note := func(steps int) error {
		return writeWhole(marker, fmt.Sprintf(loading, at.began.Format(time.RFC3339), at.scale, steps))
	}
	if err := note(at.steps); err != nil {
		return err
	}
	began, said := time.Now(), time.Now()
	requests, before := 0, -1 // before: those that an earlier start has made
	running, err := demo.Year(ctx, demo.Options{
		Store: store, Config: cfg, Calendar: days, Now: at.began, Scale: at.scale, From: at.steps, Done: note, Keep: box.Receive,
		Say: func(made int, until time.Time) {
			if before < 0 {
				before = made
			}
			if requests = made; time.Since(said) < 2*time.Second {
				return
			}
			said = time.Now()
			day := okey.DayOf(until, okey.ZoneOf(""))
			fmt.Printf("Démonstration : %s, jusqu'au %s...\n", okey.SayCount(made, "demande"), day.SayWithYear())
		},
	})
	if err != nil {
		return fmt.Errorf("load the demonstration: %w", err)
	}
	if err := h.runDemonstration(ctx, cfg, running); err != nil {
		return err
	}
	took := time.Since(began)
	fmt.Printf("Démonstration : %s en %.0f s, soit %.0f par minute.\n", okey.SayCount(requests, "demande"), took.Seconds(),
		float64(requests-max(0, before))/took.Minutes())
	return writeWhole(marker, loaded)
}

// runDemonstration has the engine run the workflows of what the demonstration has left open, and of its last days.
func (h *house) runDemonstration(ctx context.Context, cfg config.Config, actions []okey.Action) error {
	c, err := engine.Dial(cfg)
	if err != nil {
		return err
	}
	defer c.Close()
	to := engine.New(c, okey.DefaultWaits(), cfg.URL)
	for _, a := range actions {
		bring := to.Deliver
		if a.Name == okey.ActionAsk {
			bring = to.Resume
		}
		if err := bring(ctx, a); err != nil {
			return fmt.Errorf("run the demonstration: %w", err)
		}
	}
	return nil
}
