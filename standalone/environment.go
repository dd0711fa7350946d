package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"okey/calendar"
	"okey/config"
)

const clientID = "okey"

// secrets are made on a first start and kept: signatures, PINs and the audit hang on them.
type secrets struct {
	AppPassword, OIDCClientSecret, LinkKeys, PINPeppers, AuditKeys string
}

func (s *secrets) fields() []struct {
	name  string
	value *string
	keys  bool
} {
	return []struct {
		name  string
		value *string
		keys  bool // a ring of versioned keys
	}{
		{"APP_PASSWORD", &s.AppPassword, false},
		{"OIDC_CLIENT_SECRET", &s.OIDCClientSecret, false},
		{"LINK_KEYS", &s.LinkKeys, true},
		{"PIN_PEPPERS", &s.PINPeppers, true},
		{"AUDIT_KEYS", &s.AuditKeys, true},
	}
}

func secretsFile(dir string) string { return filepath.Join(dir, "secrets") }

// loadSecrets reads the secrets, or makes them on a first start. used tells whether the database beside them has been worked with.
func loadSecrets(dir string, used func() (bool, error)) (secrets, error) {
	var s secrets
	text, err := os.ReadFile(secretsFile(dir))
	switch {
	case errors.Is(err, os.ErrNotExist):
		if _, err := os.Stat(environmentFile(dir)); err == nil {
			return s, fmt.Errorf("le fichier %s manque, et les données de ce dossier en dépendent : remettez-le", secretsFile(dir))
		}
		there, err := used()
		if err != nil {
			return s, fmt.Errorf("look whether the database is a new one: %w", err)
		}
		if there {
			return s, fmt.Errorf("le fichier %s manque, et la base de ce dossier a servi avec ses secrets : remettez-le d'une sauvegarde",
				secretsFile(dir))
		}
		err = s.make(dir)
		return s, err
	case err != nil:
		return s, fmt.Errorf("read the secrets: %w", err)
	}
	values := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			values[name] = value
		}
	}
	for _, field := range s.fields() {
		if *field.value = values[field.name]; *field.value == "" {
			return s, fmt.Errorf("le fichier %s est abîmé : %s y manque. Remettez-en une copie", secretsFile(dir), field.name)
		}
	}
	return s, nil
}

func (s *secrets) draw() {
	for _, field := range s.fields() {
		random := make([]byte, 32)
		rand.Read(random) // never fails
		*field.value = hex.EncodeToString(random)
		if field.keys {
			*field.value = "1:" + *field.value
		}
	}
}

func (s *secrets) make(dir string) error {
	s.draw()
	return s.keep(dir)
}

// rotate puts a new key before the others of a ring, which go on verifying what they signed. What runs on the folder goes on with the old
// ones until it is started anew.
func rotate(dir, name string) error {
	if err := ownFolder(dir); err != nil {
		return err
	}
	if missing(secretsFile(dir)) {
		return fmt.Errorf("le dossier %s n'a pas de secrets. Est-ce le bon --data ?", dir)
	}
	s, err := loadSecrets(dir, nil)
	if err != nil {
		return err
	}
	for _, field := range s.fields() {
		if field.name != strings.ToUpper(strings.ReplaceAll(name, "-", "_")) {
			continue
		}
		ring, err := config.ParseKeyring(*field.value)
		if err != nil {
			return fmt.Errorf("%s de %s : %w", field.name, secretsFile(dir), err)
		}
		next, err := ring.Rotated()
		if err != nil {
			return fmt.Errorf("%s de %s : %w", field.name, secretsFile(dir), err)
		}
		*field.value = next.Reveal()
		version, _ := next.Current()
		fmt.Printf("%s : la clef de version %d servira au prochain démarrage, les anciennes vérifient encore. "+
			"Redémarrez OKEY, et son doctor.\n", name, version)
	}
	return s.keep(dir)
}

// keep writes them whole, or leaves what was there.
func (s *secrets) keep(dir string) error {
	var text strings.Builder
	for _, field := range s.fields() {
		fmt.Fprintf(&text, "%s=%s\n", field.name, *field.value)
	}
	if err := writeWhole(secretsFile(dir), text.String()); err != nil {
		return fmt.Errorf("keep the secrets: %w", err)
	}
	return nil
}

// variable is a line of okey.env. Of itself none needs quotes, so that every reader of such files understands it; what somebody has set
// may.
type variable struct{ name, value string }

// line has quotes only where a shell needs them. A question mark alone needs none: no file is named like a database's address.
func (v variable) line() string {
	switch {
	case !strings.ContainsAny(v.value, " '\"&;<>(){}|*#~$`\\"):
		return v.name + "=" + v.value + "\n"
	case strings.Contains(v.value, "'"):
		return v.name + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(v.value) + "\"\n"
	}
	return v.name + "='" + v.value + "'\n"
}

// environment is what bin/okey needs to join in, and the configuration that follows from it. What follows from the parts that run here
// nobody sets.
func (h *house) environment(urls databases) ([]variable, config.Config, error) {
	variables := []variable{
		{"OKEY_DATABASE_URL", urls.app},
		{"TEMPORAL_ADDRESS", h.addresses.temporal.at},
		{"TEMPORAL_NAMESPACE", namespace},
		{"OKEY_HTTP", h.addresses.http.at},
		{"OKEY_LINK_KEYS", h.secrets.LinkKeys},
		{"OKEY_PIN_PEPPERS", h.secrets.PINPeppers},
		{"OKEY_AUDIT_KEYS", h.secrets.AuditKeys},
	}
	more := h.ownSettings
	if h.flags.Production {
		more = givenSettings
	}
	rest, err := more(variables)
	if err != nil {
		return nil, config.Config{}, err
	}
	variables = append(variables, rest...)
	values := map[string]string{}
	for _, v := range variables {
		values[v.name] = v.value
	}
	cfg, err := config.Load(values)
	return variables, cfg, config.Together(err, cfg.Check(config.RoleServer), cfg.Check(config.RoleWorker), h.refused(cfg))
}

// refused are settings that would do harm here. The one worker of this process would wait for somebody to promote it, after each upgrade;
// and whoever sets up a production has nobody made up in it.
func (h *house) refused(cfg config.Config) error {
	var found config.Problems
	if cfg.WorkerDeployment != "" {
		found = append(found, config.Problem{
			Name: "OKEY_WORKER_DEPLOYMENT", Value: cfg.WorkerDeployment,
			What: "n'est pas pour okey-standalone, dont le seul worker attendrait sans travail",
			Do:   "Retirez ce réglage. S'il a servi : « okey promote --unversioned » rend le travail.",
		})
	}
	if h.flags.Production && cfg.Demonstration != "" {
		found = append(found, config.Problem{
			Name: "OKEY_DEMONSTRATION", Value: cfg.Demonstration, What: "n'est pas pour une production", Do: "Retirez ce réglage.",
		})
	}
	if len(found) == 0 {
		return nil
	}
	return found
}

// examineSettings refuses those that could not hold, before anything has started. What the parts that run here will say, any stands for.
func (h *house) examineSettings() error {
	early := *h
	early.secrets.draw()
	const database = "postgres://okey@127.0.0.1/okey"
	_, _, err := early.environment(databases{app: database, admin: database})
	return err
}

// unheard says which settings of the environment do nothing here: those that follow from the parts.
func unheard(variables []variable) []string {
	var told []string
	for _, s := range config.Settings() {
		i := slices.IndexFunc(variables, func(v variable) bool { return v.name == s.Name })
		given, set := os.LookupEnv(s.Name)
		if set && (i < 0 || variables[i].value != given) {
			told = append(told, s.Name+" n'a pas d'effet ici : okey-standalone s'en charge.")
		}
	}
	return told
}

// givenSettings are those that whoever starts us has set, but the bound ones: a small production is configured as any is.
func givenSettings(bound []variable) ([]variable, error) {
	var given []variable
	for _, s := range config.Settings() {
		if slices.ContainsFunc(bound, func(v variable) bool { return v.name == s.Name }) {
			continue
		}
		for _, name := range []string{s.Name, s.Name + "_FILE"} {
			if value, set := os.LookupEnv(name); set && (name == s.Name || s.Secret) {
				given = append(given, variable{name, value})
			}
		}
	}
	return given, nil
}

// ownSettings lead to the inbox and the provider that run here, and keep to what suits somebody who tries OKEY.
func (h *house) ownSettings([]variable) ([]variable, error) {
	variables := []variable{
		{"OKEY_METRICS", ours("OKEY_METRICS", "")}, // off: several servers share this file
		{"OKEY_URL", h.addresses.http.url()},
		{"OKEY_TEMPORAL_UI_URL", h.addresses.temporalUI.url()},
		{"OKEY_TRUSTED_PROXIES", ours("OKEY_TRUSTED_PROXIES", "")},
		{"OKEY_SMTP_URL", "smtp://" + h.addresses.smtp.at},
		{"OKEY_MAIL_FROM", ours("OKEY_MAIL_FROM", "okey@ac-exemple.fr")},
		{"OKEY_SUPPORT_MAIL", ours("OKEY_SUPPORT_MAIL", "assistance@ac-exemple.fr")},
		{"OKEY_OIDC_ISSUER", h.addresses.idp.url()},
		{"OKEY_OIDC_CLIENT_ID", clientID},
		{"OKEY_OIDC_CLIENT_SECRET", h.secrets.OIDCClientSecret},
		{"OKEY_LINKS_REQUIRE_SIGN_IN", ours("OKEY_LINKS_REQUIRE_SIGN_IN", "non")},
		{"OKEY_HOLIDAYS_FILE", ours("OKEY_HOLIDAYS_FILE", holidaysFile(h.flags.Data))},
		{"OKEY_DEMONSTRATION", ours("OKEY_DEMONSTRATION", h.tourInbox())},
		{"OKEY_LOG_LEVEL", ours("OKEY_LOG_LEVEL", "info")},
		{"OKEY_LOG_FORMAT", ours("OKEY_LOG_FORMAT", "text")},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", ours("OTEL_EXPORTER_OTLP_ENDPOINT", "")},
	}
	variables = append(variables, h.authentication.settings()...)
	name, named := os.LookupEnv("OKEY_ACADEMY_NAME")
	if !named && h.demonstrates() {
		name, named = "Académie fictive", true // pages, mails and purchase orders say whose they are, as in production
	}
	if named {
		variables = append(variables, variable{"OKEY_ACADEMY_NAME", name})
	}
	for _, name := range []string{
		"OKEY_LOGO_FILE", "OKEY_STYLE_FILE", "OKEY_TICKET_TOOL", "OKEY_TICKET_PRODUCT", "OKEY_TICKET_URL",
		"OKEY_SUPPLIER_MAIL", "OKEY_EVENT_FIELDS", "OKEY_EVENT_MONTHS", "OKEY_WEBHOOKS",
		"OKEY_PORTAL_URL", "OKEY_TRAINING_URL", "OKEY_ACCESSIBILITY_STATE", "OKEY_ACCESSIBILITY_AUDIT",
	} {
		if value, given := os.LookupEnv(name); given { // else the default: a line for it would need quotes
			variables = append(variables, variable{name, value})
		}
	}
	// The ministry's dates for the year of this version; an academy's own file is set in the environment.
	if err := writeWhole(holidaysFile(h.flags.Data), string(calendar.Demonstration)); err != nil {
		return nil, fmt.Errorf("write the school holidays: %w", err)
	}
	return variables, nil
}

// ours is a setting that whoever starts us may set: everything else follows from the parts.
func ours(name, otherwise string) string {
	if value, ok := os.LookupEnv(name); ok {
		return value
	}
	return otherwise
}

func holidaysFile(dir string) string { return filepath.Join(dir, "vacances.csv") }

func adminFile(dir string) string { return filepath.Join(dir, "okey-admin.env") }

func environmentFile(dir string) string { return filepath.Join(dir, "okey.env") }

func (h *house) writeEnvironment(variables []variable, urls databases) error {
	var text strings.Builder
	for _, v := range variables {
		text.WriteString(v.line())
	}
	err := errors.Join(
		writeWhole(adminFile(h.flags.Data), "OKEY_ADMIN_DATABASE_URL="+urls.admin+"\n"),
		writeWhole(environmentFile(h.flags.Data), text.String()),
	)
	if err != nil {
		return fmt.Errorf("write the environment files: %w", err)
	}
	return nil
}

// writeWhole replaces a private file at once: a reader sees the old one or the new one.
func writeWhole(path, text string) error {
	half := path + ".new"
	err := os.WriteFile(half, []byte(text), 0o600)
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("le disque de %s est plein : libérez de la place, puis relancez", filepath.Dir(path))
	}
	if err != nil {
		return err
	}
	return os.Rename(half, path)
}

// ownFolder refuses a folder of somebody else's: what we wrote or handed over there, its owner could not use again.
func ownFolder(dir string) error {
	about, err := os.Stat(dir)
	if err != nil {
		return nil //nolint:nilerr // a first start makes it
	}
	if its, known := about.Sys().(*syscall.Stat_t); known && int(its.Uid) != os.Geteuid() {
		name := strconv.Itoa(int(its.Uid))
		if owner, err := user.LookupId(name); err == nil {
			name = owner.Username
		}
		return fmt.Errorf("le dossier %s est à l'utilisateur %s : lancez cette commande sous son nom (runuser -u %s -- ...)",
			dir, name, name)
	}
	return nil
}

// lockDirectory makes sure that one program uses the folder. The system lets go of the lock with the process.
func lockDirectory(dir string) (*os.File, error) {
	path := filepath.Join(dir, "lock")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("le dossier --data ne peut être utilisé : %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close() // nothing was written
		return nil, fmt.Errorf("un autre okey-standalone utilise déjà le dossier %s : arrêtez-le, ou choisissez un autre --data", dir)
	}
	return file, nil
}
