package worker

import (
	"context"
	"log/slog"
	"time"

	"okey/config"
	"okey/engine"
	"okey/internal/version"
	"okey/sql"
	"okey/webhook"
)

// receiversOf are the receivers of events of a configuration, ready to be sent to.
func receiversOf(cfg config.Config) ([]*webhook.Receiver, error) {
	var receivers []*webhook.Receiver
	for _, w := range cfg.Webhooks {
		r, err := webhook.NewReceiver(w, cfg.FieldsOf(w), "OKEY/"+version.Number)
		if err != nil {
			return nil, err
		}
		receivers = append(receivers, r)
	}
	return receivers, nil
}

// lookForEvents is how often the receivers are looked at besides: a hint may be lost, or come while a turn ends.
const lookForEvents = 10 * time.Second

// followEvents makes the receivers those of the configuration, has the workflow of each run, and wakes it when there is something for it,
// until ctx ends. What it misses the repair watch finds.
func followEvents(ctx context.Context, store *sql.Store, e *engine.Engine, cfg config.Config) {
	for err := beginReceivers(ctx, store, e, cfg); err != nil && ctx.Err() == nil; err = beginReceivers(ctx, store, e, cfg) {
		slog.WarnContext(ctx, "receivers of events wait", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(lookForEvents):
		}
	}
	if len(cfg.Webhooks) == 0 || ctx.Err() != nil {
		return
	}
	heard, err := store.ListenEvents(ctx)
	if err != nil {
		return // ctx has ended: listening waits for its connection until then
	}
	hint, done := heard.Events()
	defer done()
	tick := time.NewTicker(lookForEvents)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-hint:
		case <-tick.C:
		}
		if err := wakeReceivers(ctx, store, e); err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "receivers of events are woken later", "error", err)
		}
	}
}

func beginReceivers(ctx context.Context, store *sql.Store, e *engine.Engine, cfg config.Config) error {
	hosts := map[string]string{}
	for _, w := range cfg.Webhooks {
		hosts[w.Name] = webhook.Host(w)
	}
	look, err := store.KeepReceivers(ctx, hosts)
	if err != nil {
		return err
	}
	for _, w := range cfg.Webhooks {
		look = append(look, w.Name) // its address or its secret may be another one
	}
	for _, name := range look {
		if err := e.WakeReceiver(ctx, name, true); err != nil {
			return err
		}
	}
	return nil
}

func wakeReceivers(ctx context.Context, store *sql.Store, e *engine.Engine) error {
	woken, err := store.WakeReceivers(ctx)
	if err != nil {
		return err
	}
	for _, w := range woken {
		if err := e.WakeReceiver(ctx, w.Name, w.Asked); err != nil {
			return err
		}
	}
	return nil
}
