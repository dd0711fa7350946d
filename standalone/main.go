// Command okey-standalone is the whole of OKEY on one machine, in one process: Temporal's server and UI, a private
// PostgreSQL cluster, a mail inbox, an OpenID provider with demonstration people, and okey's server and worker.
// It may know every room, and is known by none: production has no need of it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"okey/internal/version"

	"github.com/alecthomas/kong"
)

// commands are the command line: without the name of one, OKEY runs.
type commands struct {
	flags

	ShowVersion kong.VersionFlag `name:"version" help:"Dire quelle version est ce programme, et rien d'autre."`

	Version struct{} `cmd:"" help:"Dire quelle version est ce programme."`

	Run    struct{} `cmd:"" default:"1" hidden:"" help:"Tout démarrer, jusqu'à Ctrl-C."`
	Backup struct {
		File string `arg:"" name:"fichier" type:"path" help:"Un nouveau fichier, par exemple okey-2026-11-30.tar.gz."`
	} `cmd:"" help:"Sauvegarder tout ce que garde --data dans un fichier, même pendant qu'OKEY tourne."`
	Restore struct {
		File string `arg:"" name:"fichier" type:"path" help:"Ce que backup a écrit."`
	} `cmd:"" help:"Remettre une sauvegarde dans un nouveau --data, et la vérifier."`
	Rotate struct {
		Name string `arg:"" name:"nom" enum:"link-keys,pin-peppers,audit-keys" help:"link-keys, pin-peppers ou audit-keys."`
	} `cmd:"" help:"Mettre une clef neuve devant les anciennes, qui vérifient encore ; elle sert au démarrage suivant."`
}

// flags are what the commands share, and what a start may be told.
type flags struct {
	Data       string `placeholder:"DOSSIER" type:"path" help:"Où tout est gardé d'un démarrage à l'autre. Obligatoire."`
	HTTP       string `name:"http" default:"127.0.0.1:8080" placeholder:"ADRESSE" help:"Pages et API d'OKEY (${default})."`
	Inbox      string `default:"127.0.0.1:8025" placeholder:"ADRESSE" help:"Boîte où arrivent tous les courriels (${default})."`
	Temporal   string `default:"127.0.0.1:7233" placeholder:"ADRESSE" help:"Moteur Temporal (${default})."`
	TemporalUI string `name:"temporal-ui" default:"127.0.0.1:8233" placeholder:"ADRESSE" help:"Interface de Temporal (${default})."`
	IDP        string `name:"idp" default:"127.0.0.1:8090" placeholder:"ADRESSE" help:"Connexion des personnes de démonstration (${default})."` //nolint:lll // a tag has one line
	Postgres   string `default:"127.0.0.1:0" placeholder:"ADRESSE" help:"PostgreSQL (${default} : un port libre, gardé ensuite)."`
	Okey       bool   `default:"true" negatable:"" help:"Démarrer aussi le serveur et le worker d'OKEY."`

	Production bool `help:"${production}"`

	Demo      demonstration `default:"true" negatable:"" help:"Démonstration au premier démarrage ; --demo=small : sans l'année vécue."`
	DemoScale int           `default:"1" placeholder:"N" help:"Combien de fois l'année vécue, avec ses établissements (${default})."`
}

const productionHelp = "Petite production : connexion, relais de courriels et adresse sont les vôtres, par les variables OKEY_*. " +
	"Rien d'inventé."

// collectAt has the collector of garbage work a quarter as often as it would: engine, server and worker share one heap here, and under load
// a fifth of their time went to it. The heap is some hundred megabytes larger for it.
const collectAt = 400

func main() {
	var f commands
	told := kong.Parse(&f, kong.Name("okey-standalone"), kong.UsageOnError(),
		kong.Vars{"production": productionHelp, "version": version.Say()},
		kong.Description("Tout OKEY sur une seule machine. Un port 0 prend un port libre et le garde."))

	if told.Command() == "version" {
		fmt.Println(version.Say())
		return
	}
	if f.Data == "" { // not left to kong, whose words are English
		fmt.Fprintln(os.Stderr, "okey-standalone : donnez un dossier où tout garder : okey-standalone --data DOSSIER")
		os.Exit(1)
	}

	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait
	// Whoever has stopped reading what is said here, as head does, is no reason to leave a database without its program.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	if err := f.do(ctx, told.Command()); err != nil {
		for line := range strings.Lines(err.Error()) {
			fmt.Fprintln(os.Stderr, "okey-standalone :", strings.TrimSpace(line))
		}
		os.Exit(1)
	}
}

// do does what the command line says.
func (f *commands) do(ctx context.Context, command string) error {
	switch command {
	case "backup <fichier>":
		return backup(ctx, f.Data, f.Backup.File)
	case "restore <fichier>":
		return restore(ctx, f.Restore.File, f.Data)
	case "rotate <nom>":
		return rotate(f.Data, f.Rotate.Name)
	}
	return run(ctx, f.flags)
}
