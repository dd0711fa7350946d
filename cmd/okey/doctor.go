package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"okey"
	"okey/calendar"
	"okey/config"
	"okey/engine"
	"okey/sql"
)

// DoctorCommand is `okey doctor`.
type DoctorCommand struct{}

// examination looks at one thing: what is well, or an error that says what is not.
type examination struct {
	name string
	look func(context.Context) (string, error)
}

// Run looks at everything, whatever it finds, a line each. The error is for the exit code.
func (*DoctorCommand) Run(ctx context.Context, cfg *config.Config, out io.Writer) error {
	if err := cfg.Check(config.RoleDoctor); err != nil {
		return err
	}
	store, err := sql.Open(cfg.DatabaseURL, cfg.AuditKeys)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	d := &doctor{cfg: cfg, store: store, now: time.Now()}
	ill := false
	for _, e := range d.examinations() {
		limited, cancel := context.WithTimeout(ctx, e.patience())
		well, err := e.look(limited)
		cancel()
		line := fmt.Sprintf("✓ %s : %s", e.name, well)
		var advised advice
		switch {
		case errors.As(err, &advised):
			line = fmt.Sprintf("! %s : %s", e.name, string(advised))
		case err != nil:
			ill = true
			line = fmt.Sprintf("✗ %s : %s", e.name, describe(err))
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	if ill {
		return errTold
	}
	return nil
}

// advice is what an operator should see to, though everything works.
type advice string

func (a advice) Error() string { return string(a) }

// patience is how long an examination may take: an audit of years is long to read.
func (e examination) patience() time.Duration {
	if e.name == auditName || e.name == chartersName {
		return 10 * time.Minute
	}
	return 5 * time.Second
}

const (
	auditName    = "journal d'audit"
	chartersName = "chartes"
)

type doctor struct {
	cfg   *config.Config
	store *sql.Store
	now   time.Time
}

func (d *doctor) examinations() []examination {
	said := func(well string, look func(context.Context) error) func(context.Context) (string, error) {
		return func(ctx context.Context) (string, error) { return well, look(ctx) }
	}
	return []examination{
		{"base de données", said("répond", d.store.Ping)},
		{"migrations", said("à niveau", d.store.CheckSchema)},
		{"rôle de la base", said("ne peut pas réécrire l'audit", d.store.CheckRole)},
		{"réglages du serveur", d.settings(config.RoleServer)},
		{"réglages du worker", d.settings(config.RoleWorker)},
		{"adresse publique", d.address},
		{"clefs secrètes", d.keys},
		{"fournisseur d'identité", d.provider},
		{"moteur Temporal", d.temporal},
		{"relais de courrier", d.relay},
		{auditName, d.audit},
		{chartersName, d.charters},
		{"vacances scolaires", d.holidays},
		{"actions non jugées", d.undelivered},
		{"demandes à réveiller", d.owed},
		{"courriels refusés (7 jours)", d.mails},
	}
}

func (d *doctor) temporal(ctx context.Context) (string, error) {
	c, err := engine.Dial(*d.cfg)
	if err != nil {
		return "", err
	}
	defer c.Close()
	namespace := d.cfg.TemporalNamespace
	if namespace == "" {
		namespace = "default"
	}
	if err := engine.New(c, okey.DefaultWaits(), d.cfg.URL).Ready(ctx); err != nil {
		return "", &okey.Error{Code: okey.CodeUnavailable, Message: "ne répond pas : vérifiez TEMPORAL_ADDRESS, et qu'il tourne.", Err: err}
	}
	if err := engine.DescribeNamespace(ctx, c, namespace); err != nil {
		return "", &okey.Error{Code: okey.CodeUnavailable, Message: "n'a pas l'espace de noms « " + namespace + " » : lancez « okey migrate » après l'avoir créé.", Err: err}
	}
	return "répond, espace de noms « " + namespace + " »", nil
}

func (d *doctor) relay(ctx context.Context) (string, error) {
	if d.cfg.SMTP.Host == "" {
		return "pas donné à cette commande (OKEY_SMTP_URL), non vérifié", nil
	}
	address := net.JoinHostPort(d.cfg.SMTP.Host, strconv.Itoa(d.cfg.SMTP.Port))
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return "", &okey.Error{Code: okey.CodeUnavailable, Message: "ne répond pas à " + address + " : vérifiez OKEY_SMTP_URL.", Err: err}
	}
	return "répond", connection.Close()
}

func (d *doctor) audit(ctx context.Context) (string, error) {
	n, err := d.store.VerifyAudit(ctx)
	return okey.SayCount(int(n), "entrée") + ", chaîne intacte", err
}

// charters holds texts and signatures to the fingerprints in the audit, which nobody can rewrite.
func (d *doctor) charters(ctx context.Context) (string, error) {
	n, err := d.store.CheckCharters(ctx)
	return okey.SayCount(n, "version") + okey.SayEither(n, ", conforme", ", conformes") + " à ce qui a été publié et signé", err
}

// holidaysAhead is how far the calendar should reach.
const holidaysAhead = 60 * 24 * time.Hour

func (d *doctor) holidays(ctx context.Context) (string, error) {
	if d.cfg.HolidaysFile == "" {
		return "", advice("aucun fichier (OKEY_HOLIDAYS_FILE) : les délais courent pendant les vacances.")
	}
	known, err := calendar.Load(d.cfg.HolidaysFile)
	if err != nil {
		return "", err
	}
	places, err := d.store.Establishments(ctx)
	if err != nil {
		return "", err
	}
	var short []string
	for _, p := range places {
		until, ok := known.KnownUntil(p.Academy)
		if academy, listed := okey.AcademyByCode(p.Academy); listed && (!ok || until.Before(d.now.Add(holidaysAhead))) && !slices.Contains(short, academy.Name) {
			short = append(short, academy.Name)
		}
	}
	if len(short) > 0 {
		return "", advice(fmt.Sprintf("le fichier s'arrête bientôt, ou ne dit rien, pour : %s. Prenez celui de l'année.", strings.Join(short, ", ")))
	}
	return "connues pour les deux mois à venir", nil
}

// A minute is more than any action needs where everything runs; counting stops at some number that is bad enough.
const (
	stuckAfter = time.Minute
	countUpTo  = 1000
)

func (d *doctor) undelivered(ctx context.Context) (string, error) {
	stuck, err := d.store.StuckActions(ctx, d.now.Add(-stuckAfter), countUpTo)
	return none(len(stuck), "attend depuis plus d'une minute", "attendent depuis plus d'une minute", "le worker tourne-t-il ?", err)
}

func (d *doctor) owed(ctx context.Context) (string, error) {
	owed, err := d.store.StuckWakeUps(ctx, d.now.Add(-stuckAfter), countUpTo)
	return none(len(owed), "a une clef sans le savoir", "ont une clef sans le savoir", "le worker tourne-t-il ?", err)
}

func (d *doctor) mails(ctx context.Context) (string, error) {
	failed, err := d.store.FailedMails(ctx, d.now.AddDate(0, 0, -7), countUpTo)
	return none(len(failed), "n'est pas parti", "ne sont pas partis", "voyez la page Assistance.", err)
}

func none(n int, one, many, advice string, err error) (string, error) {
	if err == nil && n > 0 {
		err = okey.Errorf(okey.CodeUnavailable, "%s %s : %s", okey.SayNumber(n), okey.SayEither(n, one, many), advice)
	}
	return "rien à signaler", err
}
