package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"okey/config"
	"okey/engine"
	"okey/okey"
	"okey/worker"
)

// PromoteCommand is `okey promote`.
type PromoteCommand struct {
	Unversioned bool          `help:"Le rendre aux workers qui ne disent pas leur version."`
	Wait        time.Duration `help:"Combien de temps attendre qu'un worker de cette version se présente." default:"30s"`
}

// promoteWithin is how long the engine may take to follow.
const promoteWithin = time.Minute

// Run has the engine give all work to the workers of this program's version.
func (p *PromoteCommand) Run(ctx context.Context, cfg *config.Config, out io.Writer) error {
	if err := cfg.Check(config.RolePrepare); err != nil {
		return err
	}
	of, err := worker.Version(*cfg)
	if err != nil && !p.Unversioned {
		return err
	}
	if cfg.WorkerDeployment == "" {
		return okey.Errorf(okey.CodeInvalid, "OKEY_WORKER_DEPLOYMENT manque : sans lui, les workers se partagent le travail.")
	}
	c, err := engine.Dial(*cfg)
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, p.Wait+promoteWithin)
	defer cancel()
	build, who := of.Version.BuildID, "aux workers "+of.Version.BuildID
	if p.Unversioned {
		build, who = "", "aux workers sans version"
	}
	err = engine.Promote(ctx, c, cfg.WorkerDeployment, build, p.Wait)
	if errors.Is(err, engine.ErrNoSuchWorker) {
		return okey.Errorf(okey.CodeUnavailable, "aucun worker de cette version ne s'est présenté au moteur : "+
			"démarrez-en un, puis recommencez.")
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Le travail va maintenant %s.\n", who)
	return err
}
