package main

import (
	"context"

	"okey/config"
	"okey/worker"
)

// WorkerCommand is `okey worker`.
type WorkerCommand struct{}

// Run works until it is told to stop, then finishes what is under way.
func (*WorkerCommand) Run(ctx context.Context, cfg *config.Config) error {
	if err := cfg.Check(config.RoleWorker); err != nil {
		return err
	}
	return worker.Run(ctx, *cfg)
}
