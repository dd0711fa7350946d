package main

import (
	"context"

	"okey/config"
	"okey/imports"
	"okey/okey"
	"okey/sql"
	"okey/worker"
)

// SyncCommand is `okey sync`.
type SyncCommand struct {
	Directory SyncDirectory `cmd:"" help:"Personnes et fonctions, de l'annuaire LDAP de l'académie."`
}

// SyncDirectory is `okey sync directory`: now, what the worker does every night.
type SyncDirectory struct {
	Check bool `name:"check" help:"Dire ce qui changerait : ne rien enregistrer."`
	Force bool `help:"Prendre même si un établissement perd plus de 10 % (et au moins 5) de ses personnes, ou si l'annuaire n'en a plus."`
}

// Run reads the directory.
func (c *SyncDirectory) Run(ctx context.Context, cfg *config.Config) error {
	if err := cfg.Check(config.RoleCommand); err != nil {
		return err
	}
	from := worker.DirectoryOf(*cfg)
	if from == nil {
		return okey.Errorf(okey.CodeInvalid, "OKEY_LDAP_URL manque : aucun annuaire n'est réglé.")
	}
	err := doImport(ctx, cfg, imports.Options{Check: c.Check, Force: c.Force},
		func(ctx context.Context, store *sql.Store, opts imports.Options) (*imports.Result, error) {
			return imports.SyncDirectory(ctx, store, *from, opts)
		})
	if !c.Check {
		watchNow(ctx, cfg)
	}
	return err
}
