package main

import (
	"context"
	"log/slog"

	"okey/config"
	"okey/server"
)

// ServerCommand is `okey server`.
type ServerCommand struct{}

// Run serves until it is told to stop, then lets the requests under way finish.
func (*ServerCommand) Run(ctx context.Context, cfg *config.Config) error {
	if err := cfg.Check(config.RoleServer); err != nil {
		return err
	}
	if said := cfg.Exposed(); said != "" {
		slog.Warn("sessions travel in the clear", "advice", said)
	}
	return server.Run(ctx, *cfg)
}
