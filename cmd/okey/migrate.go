package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"okey/config"
	"okey/engine"
	"okey/sql"
)

// MigrateCommand is `okey migrate`.
type MigrateCommand struct{}

// Run brings schema and engine up to date, and waits for either that is not up yet.
func (*MigrateCommand) Run(ctx context.Context, cfg *config.Config, out io.Writer) error {
	if err := cfg.Check(config.RoleMigrate); err != nil {
		return err
	}
	if err := migrateWhenUp(ctx, cfg.AdminDatabaseURL); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, "Base de données à niveau."); err != nil {
		return err
	}
	if err := engine.Prepare(ctx, *cfg); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, "Moteur Temporal prêt.")
	return err
}

func migrateWhenUp(ctx context.Context, url string) error {
	said := false
	for {
		err := sql.Migrate(ctx, url)
		var away *net.OpError
		if err == nil || !errors.As(err, &away) || ctx.Err() != nil {
			return err
		}
		if !said {
			slog.Warn("waiting for the database", "error", err)
			said = true
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Second):
		}
	}
}
