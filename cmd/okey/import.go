package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"okey/config"
	"okey/engine"
	"okey/imports"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// ImportCommand is `okey import`: the files that OKEY lives on.
type ImportCommand struct {
	Establishments ImportEstablishments `cmd:"" help:"Établissements, de l'une des deux listes ouvertes de data.education.gouv.fr."`
	Staff          ImportStaff          `cmd:"" help:"Personnels : uai;uid;nom;prenom;mail;fonction[;date_de_fin]."`
	Keys           ImportKeys           `cmd:"" help:"Clefs : numero_de_serie;lot;date_d_expiration;uai[;titulaire;etat], ou PSKC."`
	Logins         ImportLogins         `cmd:"" help:"Dernières connexions : numero_de_serie;derniere_connexion."`
	Delivery       ImportDelivery       `cmd:"" help:"${delivery_help}"`
}

// ImportEstablishments is `okey import establishments FILE`.
type ImportEstablishments struct {
	File  string `arg:"" name:"fichier" help:"CSV ou XLSX."`
	Check bool   `name:"check" help:"Dire ce qui changerait : ne rien enregistrer."`
}

// ImportStaff is `okey import staff FILE`.
type ImportStaff struct {
	File  string `arg:"" name:"fichier" help:"CSV ou XLSX."`
	Check bool   `name:"check" help:"Dire ce qui changerait : ne rien enregistrer."`
	Force bool   `help:"Importer même si un établissement perd plus de 10 % (et au moins 5) de ses personnes."`
}

// ImportKeys is `okey import keys FILE`.
type ImportKeys struct {
	File    string `arg:"" name:"fichier" help:"XLSX, CSV ou PSKC (XML)."`
	UAI     string `name:"uai" help:"Établissement des clefs d'un fichier PSKC."`
	Batch   string `name:"lot" help:"Lot des clefs d'un fichier PSKC ; sinon le nom du fichier et la date."`
	Expires string `name:"expires" placeholder:"AAAA-MM-JJ" help:"Expiration des clefs d'un fichier PSKC qui ne la dit pas."`
	Force   bool   `help:"Accepter les numéros qui ne diffèrent d'un autre que par des zéros au début."`
}

// ImportLogins is `okey import logins FILE`.
type ImportLogins struct {
	File string `arg:"" name:"fichier" help:"CSV ou XLSX du serveur d'authentification."`
}

// Run imports last logins.
func (c *ImportLogins) Run(ctx context.Context, cfg *config.Config) error {
	return runImport(ctx, cfg, c.File, imports.Logins, imports.Options{})
}

// Run imports establishments.
func (c *ImportEstablishments) Run(ctx context.Context, cfg *config.Config) error {
	return runImport(ctx, cfg, c.File, imports.Establishments, imports.Options{Check: c.Check})
}

// Run imports staff.
func (c *ImportStaff) Run(ctx context.Context, cfg *config.Config) error {
	err := runImport(ctx, cfg, c.File, imports.Staff, imports.Options{Check: c.Check, Force: c.Force})
	if !c.Check {
		watchNow(ctx, cfg)
	}
	return err
}

// watchNow has those told at once who answer for the keys of people who left; without the engine it is for tomorrow's watch.
func watchNow(ctx context.Context, cfg *config.Config) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	c, err := engine.Dial(*cfg)
	if err != nil {
		return
	}
	defer c.Close()
	if err := engine.TriggerWatch(ctx, c); err != nil {
		slog.Debug("the watch was not triggered; its schedule will", "error", err)
	}
}

// Run imports keys.
func (c *ImportKeys) Run(ctx context.Context, cfg *config.Config) error {
	return runImport(ctx, cfg, c.File, imports.Keys, imports.Options{Force: c.Force, UAI: c.UAI, Batch: c.Batch, Expires: c.Expires})
}

// wake has the repair watch wake, now, the requests that an import gave a key to, however many. Where the engine is away it does so within
// a minute of its return.
func wake(ctx context.Context, cfg *config.Config, store *sql.Store) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if owed, err := store.Owed(ctx, uuid.Nil, 1); err == nil && len(owed) == 0 {
		return
	}
	c, err := engine.Dial(*cfg)
	if err == nil {
		defer c.Close()
		err = engine.TriggerRepair(ctx, c)
	}
	if err != nil {
		slog.Warn("requests are woken later", "error", err)
	}
}

type importer func(context.Context, *sql.Store, imports.Source, imports.Options) (*imports.Result, error)

// runImport imports a file; the error is for the exit code, after all that was wrong has been named.
func runImport(ctx context.Context, cfg *config.Config, path string, run importer, opts imports.Options) (err error) {
	if err := cfg.Check(config.RoleCommand); err != nil {
		return err
	}
	file, src, err := openImport(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return doImport(ctx, cfg, opts, func(ctx context.Context, store *sql.Store, opts imports.Options) (*imports.Result, error) {
		return run(ctx, store, src, opts)
	})
}

// doImport runs an import with a bar on terminals, and prints what it did; the error is for the exit code.
func doImport(ctx context.Context, cfg *config.Config, opts imports.Options,
	run func(context.Context, *sql.Store, imports.Options) (*imports.Result, error),
) (err error) {
	store, bar, err := openForImport(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	opts.At, opts.Progress = time.Now(), bar.show
	result, err := run(ctx, store, opts)
	bar.clear()
	if err != nil {
		return withHolder(ctx, store, err)
	}
	if result.Served > 0 {
		wake(ctx, cfg, store)
	}
	if err := result.Print(os.Stdout); err != nil {
		return fmt.Errorf("print the summary: %w", err)
	}
	if !result.OK() {
		return okey.Errorf(okey.CodeInvalid, "Tout n'a pas été importé : %s, ci-dessus.", okey.SayCount(len(result.Errors), "anomalie"))
	}
	return nil
}

// openForImport opens the database for as long as a large file takes, and a bar on terminals.
func openForImport(ctx context.Context, cfg *config.Config) (*sql.Store, *progressBar, error) {
	store, err := sql.OpenPool(cfg.DatabaseURL, cfg.AuditKeys, sql.Pool{Statement: sql.Unhurried})
	if err != nil {
		return nil, nil, err
	}
	if err := store.CheckSchema(ctx); err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	bar := &progressBar{}
	if isTerminal(os.Stderr) {
		bar.out = os.Stderr
	}
	return store, bar, nil
}

func openImport(path string) (*os.File, imports.Source, error) {
	file, err := os.Open(path)
	if err != nil {
		e := okey.Errorf(okey.CodeInvalid, "%s ne s'ouvre pas : vérifiez le chemin et les droits.", path)
		e.Err = err
		return nil, imports.Source{}, e
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		e := okey.Errorf(okey.CodeInvalid, "%s n'est pas un fichier.", path)
		e.Err = err
		return nil, imports.Source{}, errors.Join(e, file.Close())
	}
	return file, imports.Source{Name: filepath.Base(path), Content: file, Size: info.Size()}, nil
}

// progressBar redraws one line of a terminal; without an output it stays silent.
type progressBar struct {
	out  io.Writer
	last time.Time
	step string
}

func (b *progressBar) show(step string, done, total int64) {
	const pause, width = 100 * time.Millisecond, 30
	if b.out == nil || (step == b.step && time.Since(b.last) < pause) {
		return
	}
	b.last, b.step = time.Now(), step
	switch {
	case total > 0:
		part := int(min(done, total) * width / total)
		fmt.Fprintf(b.out, "\r\033[K%s [%s%s] %d %%", step, strings.Repeat("█", part), strings.Repeat("·", width-part),
			min(done, total)*100/total)
	case done > 0:
		fmt.Fprintf(b.out, "\r\033[K%s : ligne %d", step, done)
	default:
		fmt.Fprintf(b.out, "\r\033[K%s…", step)
	}
}

func (b *progressBar) clear() {
	if b.out != nil {
		fmt.Fprint(b.out, "\r\033[K")
	}
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
