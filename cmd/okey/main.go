// Command okey is OKEY in production: the server, the worker, and the commands of whoever looks after them.
// It may know every room that a command calls, and is known by none.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"okey/config"
	"okey/internal/telemetry"
	"okey/okey"
	"okey/sql"

	"github.com/alecthomas/kong"
)

// program is the whole command line: settings first, for every command.
type program struct {
	config.Config

	Env string `name:"env" env:"OKEY_ENV_FILE" placeholder:"FICHIER" help:"${env_help}"`

	Server      ServerCommand      `cmd:"" help:"Les pages, l'API et la connexion."`
	Worker      WorkerCommand      `cmd:"" help:"Les demandes, les courriels, les échéances."`
	Migrate     MigrateCommand     `cmd:"" help:"Mettre la base de données et le moteur à niveau. Deux fois ne change rien."`
	Import      ImportCommand      `cmd:"" help:"Importer établissements, personnels ou clefs."`
	Sync        SyncCommand        `cmd:"" help:"Lire l'annuaire de l'académie, comme chaque nuit."`
	Token       TokenCommand       `cmd:"" help:"Afficher un jeton pour l'API, et rien d'autre."`
	Revoke      RevokeCommand      `cmd:"" help:"Fermer les sessions d'une personne et retirer ses jetons, ou ceux d'un service."`
	Grant       GrantCommand       `cmd:"" help:"Donner le rôle d'assistance ou d'audit."`
	Charter     CharterCommand     `cmd:"" help:"La charte que signent les demandeurs."`
	Secrets     SecretsCommand     `cmd:"" help:"Faire un jeu de secrets, un fichier chacun, ou remplacer une clef."`
	Promote     PromoteCommand     `cmd:"" help:"Donner le travail aux workers de cette version (OKEY_WORKER_DEPLOYMENT)."`
	Doctor      DoctorCommand      `cmd:"" help:"Vérifier base, migrations, Temporal, courrier, journal d'audit, travail bloqué."`
	Healthcheck HealthcheckCommand `cmd:"" help:"Dire si le serveur ou le worker de cette machine répond."`
	Version     VersionCommand     `cmd:"" help:"Dire quelle version est ce programme."`
}

// helps are those that are too long for a tag.
var helps = kong.Vars{
	"rotate_help":   "Mettre une clef neuve devant les anciennes : link-keys, pin-peppers ou audit-keys.",
	"delivery_help": "Livraison de clefs neuves, entière ou rien : numero_de_serie;lot;date_d_expiration;uai, ou PSKC.",
	"daily_help":    "Examiner tout de suite, puis chaque jour à cette heure (Paris) ; l'assistance reçoit ce qui ne va pas.",
	"anew_help": "Après une sauvegarde remise : laisser de côté la marque de --marks, en noter une nouvelle, et faire recommencer " +
		"qui lit les événements.",
	"env_help": "Fichier de variables NOM=valeur, lu avant tout le reste ; ce qui est déjà dans l'environnement l'emporte.",
}

// explain gives each setting the words that the configuration has for it.
func explain(k *kong.Kong) error {
	said := map[string]string{}
	for _, s := range config.Settings() {
		said[s.Flag] = s.Help
	}
	for _, flag := range k.Model.Flags {
		flag.Help = cmp.Or(flag.Help, said[flag.Name])
	}
	return nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the program: 0 if all went well, else 1 and one clear line, or one a setting where the configuration is at fault.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := execute(ctx, args, stdout, stderr)
	if err == nil {
		return 0
	}
	if !errors.Is(err, errTold) {
		_, _ = fmt.Fprintln(stderr, "okey :", describe(err))
	}
	return 1
}

// errTold ends a command that has said itself what is wrong.
var errTold = errors.New("told already")

// helpShown stops kong's way out of the process: help was asked for, and given.
type helpShown struct{}

func execute(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	if err := loadEnvFile(args); err != nil {
		return err
	}
	var p program
	defer func() {
		switch fault := recover(); fault.(type) {
		case nil, helpShown:
		default:
			panic(fault)
		}
	}()
	parser, err := kong.New(&p, kong.Name("okey"), kong.Description("OKEY prête des clefs OTP aux personnels du second degré."),
		kong.Writers(stdout, stderr), kong.Exit(func(int) { panic(helpShown{}) }), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Help(printHelp), helps, kong.PostBuild(explain),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.BindTo(stdout, (*io.Writer)(nil)))
	if err != nil {
		return fmt.Errorf("read the command line: %w", err)
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return okey.Errorf(okey.CodeInvalid, "%s. Voyez « okey --help ».", cmp.Or(sayUsage(err), "commande incomprise"))
	}
	p.Complete(config.Environ())
	slog.SetDefault(slog.New(telemetry.NewHandler(stderr, p.LogFormat, p.Level())))
	for _, said := range config.Misspelt(config.Environ()) {
		slog.Warn("a setting is misspelt", "advice", said)
	}
	return parsed.Run(&p.Config)
}

// describe says an error in one line of French, causes included where they are for an operator.
func describe(err error) string {
	var problems config.Problems
	if errors.As(err, &problems) {
		return problems.Error()
	}
	var known *okey.Error
	var network *net.OpError
	switch {
	case errors.As(err, &known) && known.Err != nil && known.Code != okey.CodeInvalid && known.Code != okey.CodeTooLarge:
		return fmt.Sprintf("%s (%s).", strings.TrimSuffix(known.Message, "."), config.Cause(known.Err))
	case known != nil:
		return known.Message
	case errors.As(err, &network):
		return fmt.Sprintf("pas de réponse de %v : vérifiez l'adresse, et que le service tourne (%s).", network.Addr, config.Cause(err))
	}
	return "échec : " + config.Cause(err)
}

// withHolder says, of a command that waited in vain, who holds the audit, which every write needs.
func withHolder(ctx context.Context, store *sql.Store, err error) error {
	if !sql.WaitedInVain(err) {
		return err
	}
	holder, found, asked := store.AuditHolder(ctx)
	if asked != nil || !found {
		return okey.Errorf(okey.CodeUnavailable, "une autre écriture dure trop longtemps : rien n'a été fait, réessayez.")
	}
	since, session := sayHolder(holder)
	return okey.Errorf(okey.CodeUnavailable,
		"quelqu'un tient le journal d'audit%s, rien ne s'écrit et rien n'a été fait : %s", since, session)
}

// sayHolder says since when a session holds what others wait for, which one it is, and what ends it.
func sayHolder(holder sql.Holder) (since, session string) {
	who := []string{"rôle " + holder.Role}
	for _, more := range []string{holder.From, holder.State} {
		if more != "" {
			who = append(who, more)
		}
	}
	if holder.Since.Valid {
		since = " depuis " + okey.SayTime(holder.Since.Time, time.Now(), time.Local)
	}
	return since, fmt.Sprintf("session %d (%s). Si elle est figée : SELECT pg_terminate_backend(%d);",
		holder.PID, strings.Join(who, ", "), holder.PID)
}

// openStore opens the database for a short command, once it has said that its configuration suffices.
func openStore(ctx context.Context, cfg *config.Config) (*sql.Store, error) {
	if err := cfg.Check(config.RoleCommand); err != nil {
		return nil, err
	}
	store, err := sql.Open(cfg.DatabaseURL, cfg.AuditKeys)
	if err != nil {
		return nil, err
	}
	if err := store.CheckSchema(ctx); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return store, nil
}
