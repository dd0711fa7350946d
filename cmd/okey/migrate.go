package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"time"

	"okey/config"
	"okey/engine"
	"okey/okey"
	"okey/sql"
)

// MigrateCommand is `okey migrate`, of both or of one.
type MigrateCommand struct {
	Part string `arg:"" optional:"" name:"partie" enum:"schema,engine," default:"" help:"schema ou engine : l'un des deux seulement."`
}

// Run brings schema and engine up to date, and waits for either that is not up yet.
func (m *MigrateCommand) Run(ctx context.Context, cfg *config.Config, out io.Writer) error {
	for _, part := range []struct {
		name, done string
		role       config.Role
		run        func() error
	}{
		{"schema", "Base de données à niveau.", config.RoleMigrate, func() error { return migrateWhenUp(ctx, cfg.AdminDatabaseURL) }},
		{"engine", "Moteur Temporal prêt.", config.RolePrepare, func() error { return prepare(ctx, cfg, out) }},
	} {
		if m.Part != "" && m.Part != part.name {
			continue
		}
		if err := cfg.Check(part.role); err != nil {
			return err
		}
		if err := part.run(); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, part.done); err != nil {
			return err
		}
	}
	return nil
}

// prepare says, where this account may not do all of it, with which commands somebody who may does.
func prepare(ctx context.Context, cfg *config.Config, out io.Writer) error {
	left, err := engine.Prepare(ctx, *cfg)
	if len(left) > 0 {
		const said = "Ce compte n'a pas ce droit sur le moteur. À lancer par l'administrateur du moteur :\n  %s\n"
		if _, err := fmt.Fprintf(out, said, strings.Join(left, "\n  ")); err != nil {
			return err
		}
	}
	if errors.Is(err, engine.ErrAttributesMissing) {
		return okey.Errorf(okey.CodeUnavailable,
			"OKEY ne peut pas travailler avant ces commandes : lancez-les, puis de nouveau « okey migrate engine ».")
	}
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
