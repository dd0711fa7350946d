package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"okey/config"
	"okey/engine"
	"okey/imports"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// ImportDelivery is `okey import delivery FILE`: new keys, all of them or none.
type ImportDelivery struct {
	File      string `arg:"" name:"fichier" help:"XLSX, CSV ou PSKC (XML)."`
	Announced bool   `name:"announced" help:"Les clefs sont en route : la direction confirme ce qui arrive."`
	UAI       string `name:"uai" help:"Établissement des clefs d'un fichier PSKC."`
	Batch     string `name:"lot" help:"Lot des clefs d'un fichier PSKC ; sinon le nom du fichier et la date."`
	Expires   string `name:"expires" placeholder:"AAAA-MM-JJ" help:"Expiration des clefs d'un fichier PSKC qui ne la dit pas."`
	Force     bool   `help:"Accepter les numéros qui ne diffèrent d'un autre que par des zéros au début."`
	Check     bool   `name:"check" help:"Vérifier seulement : ne rien enregistrer."`
}

// outcomeWait is how long the command waits for the worker.
const outcomeWait = 60 * time.Second

// Run checks the file, names each bad row, and has the whole of it taken by the workflow that a page starts too.
func (c *ImportDelivery) Run(ctx context.Context, cfg *config.Config) (err error) {
	if err := cfg.Check(config.RoleCommand); err != nil {
		return err
	}
	file, src, err := openImport(c.File)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	store, bar, err := openForImport(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	opts := imports.Options{At: time.Now().UTC(), UAI: c.UAI, Batch: c.Batch, Expires: c.Expires, Force: c.Force, Progress: bar.show}
	read, result, err := imports.ReadDelivery(ctx, src, opts)
	if err == nil {
		err = imports.CheckDelivery(ctx, store, read.Rows, result, opts)
	}
	bar.clear()
	if err != nil {
		return err
	}
	if !result.OK() {
		if err := result.Print(os.Stdout); err != nil {
			return fmt.Errorf("print the summary: %w", err)
		}
		return okey.Errorf(okey.CodeInvalid, "Rien n'a été pris : %s, ci-dessus. Corrigez le fichier, puis recommencez.",
			okey.SayCount(len(result.Errors), "anomalie"))
	}
	if c.Check {
		fmt.Printf("%s : tout est en ordre, %s. Rien n'est enregistré (--check).\n", src.Name, okey.SayCount(len(read.Rows), "clef"))
		return nil
	}
	return c.take(ctx, cfg, store, src.Name, read, opts)
}

// take records what the file says and that it is wanted, and waits until a worker has judged it.
func (c *ImportDelivery) take(ctx context.Context, cfg *config.Config, store *sql.Store, name string, read imports.DeliveryRows,
	opts imports.Options,
) error {
	action := okey.Action{
		ID: uuid.New(), Name: okey.ActionDelivery, Via: okey.ViaSupport, Digest: []byte{}, CreatedAt: opts.At,
		Content: okey.Content{Sum: read.Sum, Announced: c.Announced, LookAlikes: c.Force},
	}
	action.Subject = okey.DerivedID(action.ID, string(action.Name))
	err := store.SaveDelivery(ctx, sql.Delivery{
		ID: action.Subject, FileName: name, Sum: read.Sum, Announced: c.Announced, CreatedAt: opts.At,
	}, read.Rows)
	if err != nil {
		return err
	}
	outcomes, err := store.ListenOutcomes(ctx)
	if err != nil {
		return err
	}
	if _, err := store.RecordAction(ctx, action); err != nil {
		return err
	}
	wait, cancel := context.WithTimeout(ctx, outcomeWait)
	defer cancel()
	if err := deliver(wait, cfg, action); err != nil {
		fmt.Printf("C'est enregistré (%s), mais le moteur ne répond pas : la livraison sera prise dès son retour.\n",
			okey.SayCount(len(read.Rows), "clef"))
		return nil
	}
	judged, err := outcomes.Wait(wait, action.ID)
	switch {
	case err != nil:
		return err
	case judged.Verdict == nil:
		fmt.Printf("C'est enregistré (%s) : la livraison sera prise dès qu'un « okey worker » travaille.\n",
			okey.SayCount(len(read.Rows), "clef"))
		return nil
	case !judged.Verdict.Accepted:
		return okey.Errorf(judged.Verdict.Reason,
			"Rien n'a été pris : des clefs ou des établissements ont changé entre-temps. Recommencez.")
	}
	taken := judged.Verdict.Count
	fmt.Printf("%s : %s %s.\n", name, okey.SayCount(taken, "clef"), okey.SayEither(taken, "livrée", "livrées"))
	return nil
}

func deliver(ctx context.Context, cfg *config.Config, action okey.Action) error {
	c, err := engine.Dial(*cfg)
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return engine.New(c, okey.DefaultWaits(), cfg.URL).Deliver(ctx, action)
}
