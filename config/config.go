// Package config reads what an operator sets: flags and environment, from one struct. Whatever is wrong is named all at
// once, in French, with what to write instead; the values of secrets are never repeated.
package config

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"os"
	"reflect"
	"strconv"
	"strings"
)

// Config holds every setting of OKEY. Fields that kong sees are flags of bin/okey too, in the order flag, environment,
// default. Fields marked secret come from the environment alone, or from the file that NAME_FILE names: a command line
// can be read by everybody on the machine. What each is, in French, is in helps.
//
// A Config is ready for use once [Load] or [Config.Complete] has filled it and [Config.Check] had nothing to say.
type Config struct {
	// DatabaseURL is the application's role: it may not alter the schema, nor touch the audit once written.
	DatabaseURL string `kong:"-" env:"OKEY_DATABASE_URL" secret:"true" needed:"server worker command doctor"`
	// DatabaseConnections is how many connections the server has at most, and the worker; see PoolSize.
	DatabaseConnections string `name:"database-connections" env:"OKEY_DATABASE_CONNECTIONS" default:"20" placeholder:"NOMBRE"`
	// AdminDatabaseURL is the owner of schema and audit. Server and worker must not be given it.
	AdminDatabaseURL string `kong:"-" env:"OKEY_ADMIN_DATABASE_URL" secret:"true" needed:"migrate"`

	// TemporalAddress and TemporalNamespace are flags' names for two of the variables in Temporal, which has them all.
	TemporalAddress   string `name:"temporal-address" env:"TEMPORAL_ADDRESS" placeholder:"HÔTE:PORT"`
	TemporalNamespace string `name:"temporal-namespace" env:"TEMPORAL_NAMESPACE" placeholder:"NOM"`
	TemporalAPIKey    string `kong:"-" env:"TEMPORAL_API_KEY" secret:"true"`
	// Temporal is every TEMPORAL_* variable; it is the EnvLookup of contrib/envconfig.
	Temporal TemporalEnv `kong:"-"`

	// WorkerDeployment is what the engine calls OKEY's workers as a whole, whose versions it tells apart then; empty: it does not.
	WorkerDeployment string `name:"worker-deployment" env:"OKEY_WORKER_DEPLOYMENT" placeholder:"NOM"`

	// HTTP is where the server listens for pages and API.
	HTTP string `name:"http" env:"OKEY_HTTP" default:"127.0.0.1:8080" placeholder:"HÔTE:PORT" needed:"server"`
	// Metrics is an address on this machine, or within a private network; empty switches metrics and the worker's health off.
	Metrics string `name:"metrics" env:"OKEY_METRICS" default:"127.0.0.1:9464" placeholder:"HÔTE:PORT"`
	// URL is the public base of every link, without a trailing slash.
	URL string `name:"url" env:"OKEY_URL" placeholder:"URL" needed:"server worker"`
	// TemporalUIURL is where support opens a workflow, without a trailing slash; empty: no link.
	TemporalUIURL string `name:"temporal-ui-url" env:"OKEY_TEMPORAL_UI_URL" placeholder:"URL"`
	// TrustedProxies are CIDR blocks whose X-Forwarded-For, X-Request-Id and traceparent are believed; ready for gin's SetTrustedProxies.
	TrustedProxies []string `name:"trusted-proxies" env:"OKEY_TRUSTED_PROXIES" placeholder:"CIDR,…"`

	// SMTP is where mail goes.
	SMTP SMTPURL `kong:"-" env:"OKEY_SMTP_URL" secret:"true" needed:"worker"`
	// MailFrom and SupportMail are RFC 5322 addresses.
	MailFrom    string `name:"mail-from" env:"OKEY_MAIL_FROM" placeholder:"ADRESSE" needed:"worker"`
	SupportMail string `name:"support-mail" env:"OKEY_SUPPORT_MAIL" placeholder:"ADRESSE" needed:"server worker"`
	// MailRate is how many mails a minute a worker gives the relay; see MailsAMinute.
	MailRate string `name:"mail-rate" env:"OKEY_MAIL_RATE" placeholder:"NOMBRE"`

	// BounceAddress is the envelope sender of mails, made one of each mail's own by +mark; empty: MailFrom. What comes back is taken in at
	// BounceListen, or fetched from the mailbox of BounceIMAP, whose messages then go to BounceDoneFolder.
	BounceAddress    string  `name:"bounce-address" env:"OKEY_BOUNCE_ADDRESS" placeholder:"ADRESSE"`
	BounceListen     string  `name:"bounce-listen" env:"OKEY_BOUNCE_LISTEN" placeholder:"lmtp://HÔTE:PORT"`
	BounceIMAP       IMAPURL `kong:"-" env:"OKEY_BOUNCE_IMAP_URL" secret:"true"`
	BounceDoneFolder string  `name:"bounce-done-folder" env:"OKEY_BOUNCE_DONE_FOLDER" default:"OKEY" placeholder:"DOSSIER"`

	// AcademyName, LogoFile and StyleFile make pages an academy's own; what the files hold is in Look.
	AcademyName string `name:"academy-name" env:"OKEY_ACADEMY_NAME" placeholder:"NOM"`
	LogoFile    string `name:"logo-file" env:"OKEY_LOGO_FILE" placeholder:"FICHIER"`
	StyleFile   string `name:"style-file" env:"OKEY_STYLE_FILE" placeholder:"FICHIER"`
	Look        Look   `kong:"-"`

	// What help tells people of the academy's other tools. Where a setting is empty, the sentence about it is left out.
	TicketTool    string `name:"ticket-tool" env:"OKEY_TICKET_TOOL" default:"Fil@os" placeholder:"NOM"`
	TicketProduct string `name:"ticket-product" env:"OKEY_TICKET_PRODUCT" default:"Commande de clés OTP" placeholder:"NOM"`
	TicketURL     string `name:"ticket-url" env:"OKEY_TICKET_URL" placeholder:"URL"`
	PortalURL     string `name:"portal-url" env:"OKEY_PORTAL_URL" placeholder:"URL"`
	TrainingURL   string `name:"training-url" env:"OKEY_TRAINING_URL" placeholder:"URL"`

	// AccessibilityState is what an audit against RGAA has found, and AccessibilityAudit says which audit that was: who, when, how many of
	// the criteria are met. Without an audit the state is "non conforme" (decree of 24 July 2019).
	AccessibilityState string `name:"accessibility-state" env:"OKEY_ACCESSIBILITY_STATE" default:"non conforme" placeholder:"ÉTAT"`
	AccessibilityAudit string `name:"accessibility-audit" env:"OKEY_ACCESSIBILITY_AUDIT" placeholder:"PHRASE"`

	// SupplierMail is where the workbooks of orders go.
	SupplierMail string `name:"supplier-mail" env:"OKEY_SUPPLIER_MAIL" placeholder:"ADRESSE"`

	OIDCIssuer       string `name:"oidc-issuer" env:"OKEY_OIDC_ISSUER" placeholder:"URL" needed:"server"`
	OIDCClientID     string `name:"oidc-client-id" env:"OKEY_OIDC_CLIENT_ID" placeholder:"NOM" needed:"server"`
	OIDCClientSecret string `kong:"-" env:"OKEY_OIDC_CLIENT_SECRET" secret:"true" needed:"server"`

	// OIDCScopes are asked of the provider; openid among them.
	OIDCScopes []string `name:"oidc-scopes" env:"OKEY_OIDC_SCOPES" default:"openid,profile,email" placeholder:"NOM,…" needed:"server"`

	// The claims that say who and what somebody is, and how they are to be read: see okey.DirectoryRules. An empty name is not read.
	ClaimUID         string   `name:"claim-uid" env:"OKEY_CLAIM_UID" default:"uid" placeholder:"NOM"`
	ClaimGivenNames  []string `name:"claim-given-names" env:"OKEY_CLAIM_GIVEN_NAMES" default:"given_name" placeholder:"NOM,…"`
	ClaimFamilyNames []string `name:"claim-family-names" env:"OKEY_CLAIM_FAMILY_NAMES" default:"family_name,usual_name" placeholder:"NOM,…"`
	ClaimFunction    string   `name:"claim-function" env:"OKEY_CLAIM_FUNCTION" default:"FrEduFonctAdm" placeholder:"NOM"`
	ClaimHeads       string   `name:"claim-heads" env:"OKEY_CLAIM_HEADS" default:"FrEduRneResp" placeholder:"NOM"`
	ClaimWorks       string   `name:"claim-works" env:"OKEY_CLAIM_WORKS" default:"FrEduRne" placeholder:"NOM"`
	ClaimDelegations string   `name:"claim-delegations" env:"OKEY_CLAIM_DELEGATIONS" default:"FrEduResDel" placeholder:"NOM"`
	PrincipalValues  []string `name:"principal-values" env:"OKEY_PRINCIPAL_VALUES" default:"DIR" placeholder:"VALEUR,…"`
	DeputyValues     []string `name:"deputy-values" env:"OKEY_DEPUTY_VALUES" default:"ADJ" placeholder:"VALEUR,…"`
	Application      string   `name:"application" env:"OKEY_APPLICATION" default:"okey" placeholder:"NOM"`

	// The academy's LDAP directory, which OKEY reads every night; without an address it has none. From LDAPUID on: what its attributes are
	// called, as with claims; what their values mean is said there.
	LDAPURL         string         `name:"ldap-url" env:"OKEY_LDAP_URL" placeholder:"URL"`
	LDAPCAFile      string         `name:"ldap-ca-file" env:"OKEY_LDAP_CA_FILE" placeholder:"FICHIER"`
	LDAPRoots       *x509.CertPool `kong:"-"` // what that file holds; nil: none is set
	LDAPBindDN      string         `name:"ldap-bind-dn" env:"OKEY_LDAP_BIND_DN" placeholder:"DN"`
	LDAPPassword    string         `kong:"-" env:"OKEY_LDAP_PASSWORD" secret:"true"`
	LDAPBase        string         `name:"ldap-base" env:"OKEY_LDAP_BASE" placeholder:"DN"`
	LDAPFilter      string         `name:"ldap-filter" env:"OKEY_LDAP_FILTER" default:"(uid=*)" placeholder:"FILTRE"`
	LDAPUID         string         `name:"ldap-uid" env:"OKEY_LDAP_UID" default:"uid" placeholder:"ATTRIBUT"`
	LDAPFamilyName  string         `name:"ldap-family-name" env:"OKEY_LDAP_FAMILY_NAME" default:"sn" placeholder:"ATTRIBUT"`
	LDAPGivenName   string         `name:"ldap-given-name" env:"OKEY_LDAP_GIVEN_NAME" default:"givenName" placeholder:"ATTRIBUT"`
	LDAPMail        string         `name:"ldap-mail" env:"OKEY_LDAP_MAIL" default:"mail" placeholder:"ATTRIBUT"`
	LDAPFunction    string         `name:"ldap-function" env:"OKEY_LDAP_FUNCTION" default:"FrEduFonctAdm" placeholder:"ATTRIBUT"`
	LDAPHeads       string         `name:"ldap-heads" env:"OKEY_LDAP_HEADS" default:"FrEduRneResp" placeholder:"ATTRIBUT"`
	LDAPWorks       string         `name:"ldap-works" env:"OKEY_LDAP_WORKS" default:"FrEduRne" placeholder:"ATTRIBUT"`
	LDAPDelegations string         `name:"ldap-delegations" env:"OKEY_LDAP_DELEGATIONS" default:"FrEduResDel" placeholder:"ATTRIBUT"`

	// The academy's authentication servers, asked in turn whether a key works; without one no page speaks of trying it. RadiusSecret is
	// shared with those that are asked over UDP; RadSec has certificates instead.
	RadiusServers         []string    `name:"radius-servers" env:"OKEY_RADIUS_SERVERS" placeholder:"HÔTE:PORT,…"`
	RadiusSecret          string      `kong:"-" env:"OKEY_RADIUS_SECRET" secret:"true"`
	RadiusCAFile          string      `name:"radius-ca-file" env:"OKEY_RADIUS_CA_FILE" placeholder:"FICHIER"`
	RadiusCertificateFile string      `name:"radius-certificate-file" env:"OKEY_RADIUS_CERTIFICATE_FILE" placeholder:"FICHIER"`
	RadiusTLS             *tls.Config `kong:"-"` // what these files hold; nil: no server is asked by RadSec
	RadiusUser            string      `name:"radius-user" env:"OKEY_RADIUS_USER" default:"uid" placeholder:"uid|courriel"`
	RadiusPassword        string      `name:"radius-password" env:"OKEY_RADIUS_PASSWORD" default:"pin-code" placeholder:"FORME"`
	RadiusNAS             string      `name:"radius-nas" env:"OKEY_RADIUS_NAS" default:"okey" placeholder:"NOM"`

	// CounterProof is whether a key is tried with these servers before its handover: see okey.ParseCounterProofs.
	CounterProof []string `name:"counter-proof" env:"OKEY_COUNTER_PROOF" default:"off" placeholder:"off|offered|required"`

	// What other programs are told of keys: which fields events have (empty: all), for how many months they are kept (see MonthsOfEvents),
	// and the file of those to whom OKEY sends them, read at the start.
	EventFields  []string  `name:"event-fields" env:"OKEY_EVENT_FIELDS" placeholder:"CHAMP,…"`
	EventMonths  string    `name:"event-months" env:"OKEY_EVENT_MONTHS" default:"3" placeholder:"NOMBRE"`
	WebhooksFile string    `name:"webhooks" env:"OKEY_WEBHOOKS" placeholder:"FICHIER"`
	Webhooks     []Webhook `kong:"-"`

	// LinkKeys sign the links in mails, PINPeppers precede the hash of a PIN, AuditKeys chain the audit.
	LinkKeys   Keyring `kong:"-" env:"OKEY_LINK_KEYS" secret:"true" needed:"server worker"`
	PINPeppers Keyring `kong:"-" env:"OKEY_PIN_PEPPERS" secret:"true" needed:"server"`
	AuditKeys  Keyring `kong:"-" env:"OKEY_AUDIT_KEYS" secret:"true" needed:"server worker command doctor"`

	// LinksRequireSignIn is for academies that do not want an emailed link to be enough to answer a request.
	LinksRequireSignIn Switch `name:"links-require-sign-in" env:"OKEY_LINKS_REQUIRE_SIGN_IN" default:"non" placeholder:"oui|non"`

	// Demonstration is the inbox of a demonstration on this machine. Set, pages lead newcomers and offer to become another of its people;
	// empty, as everywhere else, nothing of that is there.
	Demonstration string `name:"demonstration" env:"OKEY_DEMONSTRATION" placeholder:"URL"`

	// HolidaysFile is the CSV of school holidays that package calendar reads; empty: week-ends and public holidays only.
	HolidaysFile string `name:"holidays-file" env:"OKEY_HOLIDAYS_FILE" placeholder:"FICHIER"`
	LogLevel     string `name:"log-level" env:"OKEY_LOG_LEVEL" default:"info" placeholder:"NIVEAU"`
	LogFormat    string `name:"log-format" env:"OKEY_LOG_FORMAT" default:"text" placeholder:"FORME"`
	// TracesURL is where OpenTelemetry's collector takes traces, by OTLP over HTTP; empty: none are made.
	TracesURL string `name:"traces-url" env:"OTEL_EXPORTER_OTLP_ENDPOINT" placeholder:"URL"`

	wrong []Problem // found while reading; Check reports them together with what is missing
}

// Switch is a setting that is on or off: as an operator writes it.
type Switch string

// On tells whether it is.
func (s Switch) On() bool {
	on, _ := s.read()
	return on
}

func (s Switch) read() (on, known bool) {
	switch strings.ToLower(string(s)) {
	case "oui", "true", "yes", "1":
		return true, true
	case "non", "false", "no", "0", "":
		return false, true
	}
	return false, false
}

// Role is the part of OKEY that a configuration is for; each needs different settings.
type Role string

// The roles. RoleCommand is for the short commands that write to the database: import, grant, charter, token. RolePrepare prepares the
// engine alone.
const (
	RoleServer  Role = "server"
	RoleWorker  Role = "worker"
	RoleMigrate Role = "migrate"
	RolePrepare Role = "migrate engine"
	RoleCommand Role = "command"
	RoleDoctor  Role = "doctor"
)

// Load reads a configuration from an environment alone, without command line. The error, a [Problems], names all values
// that can't be understood; what a role lacks is for [Config.Check] to say.
func Load(environ map[string]string) (Config, error) {
	var c Config
	fields := reflect.ValueOf(&c).Elem()
	for _, s := range Settings() {
		if s.Secret {
			continue
		}
		value, given := environ[s.Name]
		if !given {
			value = s.Default
		}
		if field := fields.Field(s.index); field.Kind() == reflect.Slice {
			field.Set(reflect.ValueOf(strings.Split(value, ",")))
		} else {
			field.SetString(value)
		}
	}
	c.Complete(environ)
	if len(c.wrong) > 0 {
		return c, Problems(c.wrong)
	}
	return c, nil
}

// Complete is for whoever had kong fill the flags: it reads the secrets, trims and examines every value. What it finds
// wrong waits for [Config.Check].
func (c *Config) Complete(environ map[string]string) {
	c.wrong = nil
	c.readSecrets(environ)
	c.tidy()
	c.Temporal = temporalEnv(environ, c)
	c.examine()
}

// Check says, for one role, all that is wrong and all that is missing, as a [Problems]; nil if nothing is.
func (c *Config) Check(role Role) error {
	problems := append([]Problem(nil), c.wrong...)
	for _, s := range Settings() {
		if s.NeededBy(role) && c.isZero(s) && !named(problems, s.Name) {
			problems = append(problems, Problem{Name: s.Name, Secret: s.Secret, What: "manque", Do: missingAdvice(s)})
		}
	}
	if (role == RoleServer || role == RoleWorker) && c.AdminDatabaseURL != "" {
		problems = append(problems, Problem{
			Name: "OKEY_ADMIN_DATABASE_URL", Secret: true, What: "ne doit pas être donné à " + string(role),
			Do: "Réservez-le à « okey migrate » et à la sauvegarde : ce rôle peut effacer l'audit.",
		})
	}
	if role == RoleServer && !c.HasRadius() && c.provesKeys() {
		problems = append(problems, Problem{
			Name: counterProof, Value: strings.Join(c.CounterProof, ","), What: "veut un serveur d'authentification, et aucun n'est donné",
			Do: "Donnez OKEY_RADIUS_SERVERS, ou écrivez off.",
		})
	}
	if len(problems) == 0 {
		return nil
	}
	return Problems(problems)
}

func (c *Config) isZero(s Setting) bool { return reflect.ValueOf(c).Elem().Field(s.index).IsZero() }

// PoolSize is DatabaseConnections as a number; left empty, it is twenty.
func (c *Config) PoolSize() int {
	size, _ := strconv.Atoi(c.DatabaseConnections)
	return cmp.Or(size, 20)
}

// MailsAMinute is MailRate as a number; 0: as many as there are.
func (c *Config) MailsAMinute() int {
	rate, _ := strconv.Atoi(c.MailRate)
	return rate
}

// Level is LogLevel as slog wants it.
func (c *Config) Level() slog.Level {
	var level slog.Level
	if level.UnmarshalText([]byte(c.LogLevel)) != nil {
		return slog.LevelInfo
	}
	return level
}

// Environ is the process's environment as Load and Complete take it.
func Environ() map[string]string {
	environ := make(map[string]string)
	for _, pair := range os.Environ() {
		if name, value, ok := strings.Cut(pair, "="); ok {
			environ[name] = value
		}
	}
	return environ
}

func missingAdvice(s Setting) string {
	advice := s.Help
	if s.Secret {
		advice += " Ou " + s.Name + "_FILE : le fichier qui contient la valeur."
	}
	return advice
}
