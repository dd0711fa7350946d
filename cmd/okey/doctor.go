package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"okey/bounces"
	"okey/calendar"
	"okey/config"
	"okey/engine"
	"okey/okey"
	"okey/sql"

	"go.temporal.io/api/serviceerror"
)

// DoctorCommand is `okey doctor`: once, or each day for as long as it runs.
type DoctorCommand struct {
	AuditAt string `help:"Marque du journal notée à un passage précédent : ce qu'elle couvre doit y être encore." placeholder:"103:ab12…"`
	Marks   string `help:"Fichier où noter cette marque à chaque passage, pour la relire au suivant." placeholder:"FICHIER"`
	Anew    bool   `help:"${anew_help}"`
	Daily   string `help:"${daily_help}" placeholder:"HH:MM"`

	first bool // no mark was noted before
}

// examination looks at one thing: what is well, or an error that says what is not.
type examination struct {
	name    string
	look    func(context.Context) (string, error)
	records bool // looks into the database
}

// Run looks at everything, whatever it finds, a line each. The error is for the exit code.
func (c *DoctorCommand) Run(ctx context.Context, cfg *config.Config, out io.Writer) error {
	if err := cfg.Check(config.RoleDoctor); err != nil {
		return err
	}
	if c.Anew && (c.Marks == "" || c.Daily != "") {
		return okey.Errorf(okey.CodeInvalid, "--anew va avec --marks, une seule fois, sans --daily.")
	}
	if c.Daily != "" {
		return c.daily(ctx, cfg, out)
	}
	ill, err := c.look(ctx, cfg, out)
	if err == nil && len(ill) > 0 {
		return errTold
	}
	return err
}

// look prints what each examination finds, and returns the lines of those that found something wrong.
func (c *DoctorCommand) look(ctx context.Context, cfg *config.Config, out io.Writer) (ill []string, err error) {
	noted, err := c.noted()
	if err != nil {
		return nil, err
	}
	store, err := sql.OpenPool(cfg.DatabaseURL, cfg.AuditKeys, sql.Pool{Statement: sql.Unhurried})
	if err != nil {
		return nil, err
	}
	defer func() { _ = store.Close() }()
	d := &doctor{cfg: cfg, store: store, now: time.Now(), noted: noted, marks: c}
	for _, e := range d.examinations() {
		well, err := d.examine(ctx, e)
		line := fmt.Sprintf("✓ %s : %s", e.name, well)
		var advised advice
		switch {
		case errors.As(err, &advised):
			line = fmt.Sprintf("! %s : %s", e.name, string(advised))
		case err != nil:
			line = fmt.Sprintf("✗ %s : %s", e.name, describe(err))
			ill = append(ill, strings.TrimPrefix(line, "✗ "))
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return nil, err
		}
	}
	return ill, nil
}

// noted are the marks of the audit that earlier visits left: what was there then must be there still. Begun anew, that of --audit-at alone
// counts.
func (c *DoctorCommand) noted() (marks []sql.Mark, err error) {
	texts := strings.Fields(c.AuditAt)
	if c.Marks != "" && !c.Anew {
		content, err := os.ReadFile(c.Marks)
		kept := strings.Fields(string(content))
		switch {
		case errors.Is(err, os.ErrNotExist):
			c.first = true
		case err != nil:
			return nil, okey.Errorf(okey.CodeInvalid, "%s ne peut être lu (%s).", c.Marks, config.Cause(err))
		case len(kept) == 0:
			return nil, okey.Errorf(okey.CodeInvalid,
				"%s est vide : la marque notée a été effacée. Si vous l'avez fait vous-même, recommencez avec --anew.", c.Marks)
		}
		texts = append(texts, kept...)
	}
	for _, text := range texts {
		mark, err := sql.ParseMark(text)
		if err != nil {
			return nil, err
		}
		marks = append(marks, mark)
	}
	return marks, nil
}

// note keeps the mark of an audit that was found whole, for the next visit. What is begun anew leaves the old mark beside the new one.
func (c *DoctorCommand) note(mark sql.Mark) error {
	if c.Marks == "" {
		return nil
	}
	half := c.Marks + ".new"
	err := os.WriteFile(half, []byte(mark.String()+"\n"), 0o600)
	if err == nil && c.Anew {
		if err = os.Rename(c.Marks, c.Marks+".before"); errors.Is(err, os.ErrNotExist) {
			err = nil
		}
	}
	if err == nil {
		err = os.Rename(half, c.Marks)
	}
	if err != nil {
		return okey.Errorf(okey.CodeInvalid, "intact, mais %s ne peut être écrit (%s).", c.Marks, config.Cause(err))
	}
	return nil
}

// examine looks, unless it is into a database that was found not to answer, or to be older than what would be asked of it.
func (d *doctor) examine(ctx context.Context, e examination) (string, error) {
	if d.away && e.records {
		return "", advice("non vérifié, puisque la base de données ne répond pas.")
	}
	if d.older && e.records {
		return "", advice("non vérifié, puisque la base de données n'est pas à niveau.")
	}
	limited, cancel := context.WithTimeout(ctx, e.patience())
	defer cancel()
	return e.look(limited)
}

// advice is what an operator should see to, though everything works.
type advice string

func (a advice) Error() string { return string(a) }

// patience is how long an examination may take: an audit of years is long to read.
func (e examination) patience() time.Duration {
	if slices.Contains([]string{auditName, chartersName, rolesName}, e.name) {
		return 10 * time.Minute
	}
	return 5 * time.Second
}

const (
	auditName    = "journal d'audit"
	chartersName = "chartes"
	rolesName    = "rôles"
)

type doctor struct {
	cfg   *config.Config
	store *sql.Store
	now   time.Time
	noted []sql.Mark // of the audit, at earlier visits
	marks *DoctorCommand
	away  bool // the database does not answer
	older bool // its schema is not the one that this program asks for
}

func (d *doctor) database(ctx context.Context) (string, error) {
	err := d.store.Writable(ctx)
	d.away = err != nil
	return "répond, en écriture", err
}

func (d *doctor) schema(ctx context.Context) (string, error) {
	err := d.store.CheckSchema(ctx)
	d.older = err != nil
	return "à niveau", err
}

func (d *doctor) examinations() []examination {
	said := func(well string, look func(context.Context) error) func(context.Context) (string, error) {
		return func(ctx context.Context) (string, error) { return well, look(ctx) }
	}
	return []examination{
		{name: "base de données", look: d.database},
		{name: "migrations", look: d.schema, records: true},
		{name: "écritures", look: d.writes, records: true},
		{name: "rôle de la base", look: said("ne peut pas réécrire l'audit", d.store.CheckRole), records: true},
		{name: "notifications de la base", look: d.notifications, records: true},
		{name: "réglages du serveur", look: d.settings(config.RoleServer)},
		{name: "réglages du worker", look: d.settings(config.RoleWorker)},
		{name: "adresse publique", look: d.address},
		{name: "clefs secrètes", look: d.keys},
		{name: "fournisseur d'identité", look: d.provider},
		{name: "annuaire", look: d.directory},
		{name: "serveurs d'authentification", look: d.radius},
		{name: "moteur Temporal", look: d.temporal},
		{name: "workers", look: d.workers},
		{name: "relais de courrier", look: d.relay},
		{name: "courriels qui reviennent", look: d.bounces},
		{name: "sauvegarde", look: d.backup, records: true},
		{name: auditName, look: d.audit, records: true},
		{name: chartersName, look: d.charters, records: true},
		{name: rolesName, look: d.roles, records: true},
		{name: "vacances scolaires", look: d.holidays, records: d.cfg.HolidaysFile != ""},
		{name: "actions non jugées", look: d.undelivered, records: true},
		{name: "demandes à réveiller", look: d.owed, records: true},
		{name: "travaux en échec", look: d.troubles, records: true},
		{name: "lecture de l'annuaire", look: d.reading, records: true},
		{name: "courriels refusés (7 jours)", look: d.mails, records: true},
		{name: "récepteurs d'événements", look: d.receivers, records: true},
	}
}

// notifications holds the way of an outcome to whoever waits for it: without it OKEY works, and every click takes longer.
func (d *doctor) notifications(ctx context.Context) (string, error) {
	listening, stop := context.WithCancel(ctx)
	defer stop()
	outcomes, err := d.store.ListenOutcomes(listening)
	if err != nil {
		return "", err
	}
	return "arrivent", outcomes.RoundTrip(ctx)
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
	err = engine.DescribeNamespace(ctx, c, namespace)
	var missing *serviceerror.NamespaceNotFound
	switch {
	case errors.As(err, &missing):
		return "", &okey.Error{
			Code:    okey.CodeUnavailable,
			Message: "n'a pas l'espace de noms « " + namespace + " » : lancez « okey migrate » après l'avoir créé.", Err: err,
		}
	case err != nil: // it is there itself: what it keeps its books in is not
		return "", &okey.Error{
			Code: okey.CodeUnavailable, Message: "tourne, mais ne trouve rien : sa base de données ne répond pas.", Err: err,
		}
	}
	return "répond, espace de noms « " + namespace + " »", nil
}

// writes says who keeps everybody from writing.
func (d *doctor) writes(ctx context.Context) (string, error) {
	return "passent", withHolder(ctx, d.store, d.store.Writes(ctx))
}

// workers are what the engine hands work to.
func (d *doctor) workers(ctx context.Context) (string, error) {
	c, err := engine.Dial(*d.cfg)
	if err != nil {
		return "", advice("non vérifié, puisque le moteur ne répond pas.")
	}
	defer c.Close()
	working, waiting, err := engine.Workers(ctx, c)
	switch {
	case err != nil:
		return "", advice("non vérifié, puisque le moteur ne répond pas.")
	case working == 0 && waiting == 0:
		return "", okey.Errorf(okey.CodeUnavailable, "aucun ne travaille : ce qui est enregistré attend. Lancez « okey worker ».")
	case working == 0:
		return "", okey.Errorf(okey.CodeUnavailable,
			"aucun n'est de la version qui reçoit le travail : ce qui est enregistré attend. Lancez « okey promote » avec leur version, "+
				"ou, s'ils n'en disent pas, « okey promote --unversioned ».")
	case waiting > 0:
		return "", advice(fmt.Sprintf("%s au travail, %s sans travail. Lancez « okey promote » avec la version voulue, "+
			"puis arrêtez les autres. Un worker arrêté compte encore deux minutes.",
			okey.SayNumber(working), okey.SayNumber(waiting)))
	}
	return okey.SayNumber(working), nil
}

func (d *doctor) relay(ctx context.Context) (string, error) {
	if d.cfg.SMTP.Host == "" {
		return "", advice("pas donné à cette commande (OKEY_SMTP_URL), non vérifié.")
	}
	address := net.JoinHostPort(d.cfg.SMTP.Host, strconv.Itoa(d.cfg.SMTP.Port))
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return "", &okey.Error{Code: okey.CodeUnavailable, Message: "ne répond pas à " + address + " : vérifiez OKEY_SMTP_URL.", Err: err}
	}
	return "répond", connection.Close()
}

// bounces says where mails come back to, and whether OKEY can read them there.
func (d *doctor) bounces(ctx context.Context) (string, error) {
	switch {
	case d.cfg.BounceAddress == "":
		return "à l'expéditeur, où OKEY ne les lit pas (OKEY_BOUNCE_ADDRESS)", nil
	case d.cfg.BounceIMAP.Host == "":
		return "à " + d.cfg.BounceAddress + ", reçus par le worker", nil
	}
	if err := bounces.Mailbox(d.cfg.BounceIMAP).Check(ctx, d.cfg.BounceDoneFolder); err != nil {
		return "", &okey.Error{
			Code: okey.CodeUnavailable, Err: err,
			Message: "leur boîte ne s'ouvre pas, ou pas son dossier pour ce qui est lu : vérifiez OKEY_BOUNCE_IMAP_URL et " +
				"OKEY_BOUNCE_DONE_FOLDER.",
		}
	}
	return "à " + d.cfg.BounceAddress + ", leur boîte s'ouvre, et son dossier pour ce qui est lu", nil
}

func (d *doctor) audit(ctx context.Context) (string, error) {
	end, err := d.store.VerifyAudit(ctx, d.noted...)
	var missed *sql.MarkError
	if errors.As(err, &missed) && d.marks.Marks != "" {
		err = okey.Errorf(okey.CodeInvalid, "%s Une sauvegarde a-t-elle été remise depuis ? Alors, et alors seulement : "+
			"« okey doctor --marks %s --anew », une fois. Sinon ne touchez à rien : docs/security.md.",
			okey.ErrorMessage(err), d.marks.Marks)
	}
	if err == nil {
		err = errors.Join(d.marks.note(end), d.store.NoteExamined(ctx, d.now))
	}
	said := okey.SayCount(int(end.Seq), "entrée") + ", chaîne intacte"
	switch {
	case d.marks.Anew:
		said += ", et une nouvelle marque est notée"
		if err == nil {
			said, err = d.eventsAnew(ctx, said)
		}
	case d.marks.first:
		said += ", et une première marque est notée : aucune ne l'était"
	}
	return said + " ; à noter ailleurs, pour --audit-at : " + end.String(), err
}

// eventsAnew has whoever reads events begin anew: what was told since the backup is of a past that is undone.
func (d *doctor) eventsAnew(ctx context.Context, said string) (string, error) {
	receivers, found, err := d.store.BeginEventsAnew(ctx)
	if err != nil || !found {
		return said, err
	}
	said += " ; tout programme qui lit les événements recommence (410)"
	if len(receivers) > 0 {
		said += ", faites relire /keys aux récepteurs : " + strings.Join(receivers, ", ")
	}
	return said, nil
}

// unverified makes advice of a key that this command was not given: what it signs may be right. The audit's own line says that it is ill.
func unverified(err error) error {
	if unknown, is := errors.AsType[*sql.UnknownKeyError](err); is {
		return advice(fmt.Sprintf("non vérifié, sans la clef d'audit n° %d.", unknown.Version))
	}
	return err
}

// roles holds who is support or auditor to what was granted.
func (d *doctor) roles(ctx context.Context) (string, error) {
	held, differ, err := d.store.CheckRoles(ctx)
	if err != nil {
		return "", unverified(err)
	}
	var said []string
	for _, r := range differ {
		how := "le porte sans qu'il ait été donné"
		switch {
		case r.Other:
			how = "n'a plus l'identifiant auquel il a été donné"
		case r.Given:
			how = "ne le porte plus sans qu'il ait été retiré"
		}
		said = append(said, fmt.Sprintf("%s %s (%s)", r.Name, how, roleNames[r.Role]))
	}
	if len(said) > 0 {
		return "", okey.Errorf(okey.CodeUnavailable,
			"le journal dit autre chose : %s. Rétablissez ce qui doit être avec « okey grant », avec --revoke pour retirer.",
			strings.Join(said, " ; "))
	}
	return okey.SayCount(held, "personne") + okey.SayEither(held, " a", " ont") + " un rôle de l'académie, comme le journal le dit", nil
}

// charters holds texts and signatures to the fingerprints in the audit, which nobody can rewrite.
func (d *doctor) charters(ctx context.Context) (string, error) {
	n, err := d.store.CheckCharters(ctx)
	err = unverified(err)
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
	if faults := known.Faults(); len(faults) > 0 {
		first := strings.Join(faults[:min(len(faults), 5)], " ; ")
		return "", advice("des lignes du fichier sont illisibles et ne comptent pas : " + first + ".")
	}
	var short []string
	for _, p := range places {
		until, ok := known.KnownUntil(p.Academy)
		if academy, listed := okey.AcademyByCode(p.Academy); listed && (!ok || until.Before(d.now.Add(holidaysAhead))) &&
			!slices.Contains(short, academy.Name) {
			short = append(short, academy.Name)
		}
	}
	if len(short) > 0 {
		return "", advice(fmt.Sprintf("le fichier s'arrête bientôt, ou ne dit rien, pour : %s. Prenez celui de l'année.",
			strings.Join(short, ", ")))
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
	advice := "le worker tourne-t-il ?"
	if err == nil && len(stuck) > 0 {
		holder, found, asked := d.store.RowHolder(ctx, d.now.Add(-stuckAfter))
		if err = asked; found {
			since, session := sayHolder(holder)
			advice = "quelqu'un tient des lignes de la base" + since + " : " + session
		}
	}
	return none(len(stuck), "attend depuis plus d'une minute", "attendent depuis plus d'une minute", advice, err)
}

// troubles are what the worker could not do at several attempts, and workflows that have failed.
func (d *doctor) troubles(ctx context.Context) (string, error) {
	found, err := d.store.Troubles(ctx, countUpTo)
	advice := "voyez la page Assistance."
	if len(found) > 0 {
		advice = fmt.Sprintf("%s, depuis %s : %s", found[0].Workflow, found[0].Since.Format(time.RFC3339), found[0].Error)
	}
	return none(len(found), "travail n'avance plus", "travaux n'avancent plus", advice, err)
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
