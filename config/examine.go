package config

import (
	"log/slog"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// examine holds every value that is there against its form. What is absent is Check's business.
func (c *Config) examine() {
	c.examineDatabase("OKEY_DATABASE_URL", c.DatabaseURL)
	c.examineDatabase("OKEY_ADMIN_DATABASE_URL", c.AdminDatabaseURL)
	c.examineCount("OKEY_DATABASE_CONNECTIONS", c.DatabaseConnections, fewestConnections, "un nombre de connexions, huit au moins", "20")
	c.examineCount("OKEY_MAIL_RATE", c.MailRate, 1, "un nombre de courriels par minute", "120")
	c.examineAddress("TEMPORAL_ADDRESS", c.TemporalAddress)
	if !deploymentName.MatchString(c.WorkerDeployment) {
		c.refuse("OKEY_WORKER_DEPLOYMENT", c.WorkerDeployment, "n'est pas un nom de déploiement pour Temporal", "Écrivez par exemple okey.")
	}
	c.examineEngineFiles()
	c.examineAddress("OKEY_HTTP", c.HTTP)
	c.examineAddress("OKEY_METRICS", c.Metrics)
	c.examinePrivate("OKEY_METRICS", c.Metrics)
	c.examineWeb("OKEY_URL", c.URL)
	c.examineWeb("OKEY_TEMPORAL_UI_URL", c.TemporalUIURL)
	c.examineWeb("OKEY_OIDC_ISSUER", c.OIDCIssuer)
	c.examineMail("OKEY_MAIL_FROM", c.MailFrom)
	c.examineMail("OKEY_SUPPLIER_MAIL", c.SupplierMail)
	c.examineMail("OKEY_SUPPORT_MAIL", c.SupportMail)
	c.examineBounces()
	c.examineProxies()
	c.examineFile("OKEY_HOLIDAYS_FILE", c.HolidaysFile)
	c.examineLook()
	c.examineAccessibility()
	c.examineTicket()
	c.examineDirectory()
	c.examineRadius()
	c.examineCounterProof()
	c.examineEvents()
	c.examineLink("OKEY_PORTAL_URL", c.PortalURL)
	c.examineLink("OKEY_TRAINING_URL", c.TrainingURL)
	c.examineDemonstration()
	if _, known := c.LinksRequireSignIn.read(); !known {
		c.refuse("OKEY_LINKS_REQUIRE_SIGN_IN", string(c.LinksRequireSignIn), "n'est ni oui ni non", "Écrivez oui ou non.")
	}
	if new(slog.Level).UnmarshalText([]byte(c.LogLevel)) != nil {
		c.refuse("OKEY_LOG_LEVEL", c.LogLevel, "n'est pas un niveau de journal", "Écrivez debug, info, warn ou error.")
	}
	if c.LogFormat != "text" && c.LogFormat != "json" {
		c.refuse("OKEY_LOG_FORMAT", c.LogFormat, "n'est pas une forme de journal", "Écrivez text ou json.")
	}
	c.examineWeb("OTEL_EXPORTER_OTLP_ENDPOINT", c.TracesURL)
}

// deploymentName is what the engine takes: it has points, colons and two lines at the beginning for itself.
var deploymentName = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9_-]{0,99})?$`)

// fewestConnections: the worker's are shared out among judges, mails and all else.
const fewestConnections = 8

func (c *Config) examineCount(name, text string, least int, what, example string) {
	if n, err := strconv.Atoi(text); text != "" && (err != nil || n < least) {
		c.refuse(name, text, "n'est pas "+what, "Écrivez par exemple "+example+".")
	}
}

func (c *Config) refuse(name, value, what, do string) {
	c.wrong = append(c.wrong, Problem{Name: name, Value: value, What: what, Do: do})
}

func (c *Config) examineDatabase(name, text string) {
	if text == "" {
		return
	}
	u, err := url.Parse(text)
	if err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql") &&
		(u.Host != "" || u.Query().Get("host") != "") && len(u.Path) > 1 {
		return
	}
	c.wrong = append(c.wrong, Problem{
		Name: name, Secret: true, What: "n'est pas une adresse de base PostgreSQL",
		Do: "Écrivez postgres://rôle:…@hôte:5432/base.",
	})
}

func (c *Config) examineAddress(name, text string) {
	if text == "" {
		return
	}
	_, port, err := net.SplitHostPort(text)
	number, portErr := strconv.Atoi(port)
	if err != nil || portErr != nil || number < 0 || number > 65535 {
		c.refuse(name, text, "n'est pas de la forme hôte:port", "Écrivez par exemple 127.0.0.1:8080.")
	}
}

// examinePrivate keeps the metrics, which need no sign-in, on this machine or in a private network. In a container every address is one:
// who asks is looked at, too.
func (c *Config) examinePrivate(name, text string) {
	host, _, err := net.SplitHostPort(text)
	ip, notIP := netip.ParseAddr(host)
	private := notIP == nil && (ip.IsPrivate() || ip.IsUnspecified()) || host == ""
	if err == nil && !private && !isLoopback(host) {
		c.refuse(name, text, "serait visible de tous", "Écrivez 127.0.0.1:9464, l'adresse d'un réseau privé, ou rien pour ne pas mesurer.")
	}
}

func (c *Config) examineWeb(name, text string) {
	if text == "" {
		return
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		c.refuse(name, text, "n'est pas une adresse web", "Écrivez par exemple https://okey.ac-exemple.fr.")
	}
}

// examineLink is for addresses of others, which may ask and point as they like.
func (c *Config) examineLink(name, text string) {
	if text != "" && !isLink(text) {
		c.refuse(name, text, "n'est pas une adresse web", "Écrivez par exemple https://www.ac-exemple.fr/formation?id=12.")
	}
}

// examineDemonstration keeps the demonstration's tour and its persons to become on one machine: of a server that others can reach, or
// whose people sign in elsewhere, the setting is refused.
func (c *Config) examineDemonstration() {
	if c.Demonstration == "" {
		return
	}
	for _, text := range []string{c.Demonstration, c.URL, c.OIDCIssuer} {
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "http" || !isLoopback(u.Hostname()) {
			c.refuse("OKEY_DEMONSTRATION", c.Demonstration, "n'est que pour une démonstration sur cette machine",
				"Retirez ce réglage, ou donnez des adresses locales : boîte aux lettres, OKEY_URL, OKEY_OIDC_ISSUER.")
			return
		}
	}
}

// isLoopback tells whether a host is this machine.
func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func (c *Config) examineTicket() {
	if c.TicketURL == "" {
		return
	}
	if text := c.TicketLink("x"); !isLink(text) || strings.ContainsAny(text, "{}") {
		c.refuse("OKEY_TICKET_URL", c.TicketURL, "n'est pas l'adresse d'un ticket",
			"Écrivez par exemple https://tickets.ac-exemple.fr/nouveau?produit={produit}&objet={objet}.")
	}
}

func isLink(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil
}

func (c *Config) examineMail(name, text string) {
	if text == "" {
		return
	}
	if _, err := mail.ParseAddress(text); err != nil {
		c.refuse(name, text, "n'est pas une adresse de courrier", "Écrivez par exemple OKEY <okey@ac-exemple.fr>.")
	}
}

// widestNetwork is the shortest prefix of a network whose relays are believed: that of the largest private one.
const widestNetwork = 8

func (c *Config) examineProxies() {
	for _, text := range c.TrustedProxies {
		block, notBlock := netip.ParsePrefix(text)
		_, notAddress := netip.ParseAddr(text)
		if notBlock != nil && notAddress != nil {
			c.refuse("OKEY_TRUSTED_PROXIES", text, "n'est ni un réseau ni une adresse IP", "Écrivez par exemple 10.1.0.0/16,192.0.2.7.")
		} else if notBlock == nil && block.Bits() < widestNetwork {
			c.refuse("OKEY_TRUSTED_PROXIES", text, "est trop large : n'importe qui s'y donnerait l'adresse d'un autre",
				"Écrivez l'adresse de votre relais, par exemple 192.0.2.7.")
		}
	}
}

// examineEngineFiles looks whether the files are there that the engine's client is to read: it would name neither setting nor file.
func (c *Config) examineEngineFiles() {
	for _, name := range []string{
		"TEMPORAL_TLS_SERVER_CA_CERT_PATH", "TEMPORAL_TLS_CLIENT_CERT_PATH", "TEMPORAL_TLS_CLIENT_KEY_PATH", "TEMPORAL_CONFIG_FILE",
	} {
		c.examineFile(name, c.Temporal[name])
	}
}

func (c *Config) examineFile(name, path string) {
	if path == "" {
		return
	}
	file, err := os.Open(path)
	if err != nil {
		c.refuse(name, path, "ne peut être lu ("+Cause(err)+")", "Vérifiez le chemin et les droits du fichier.")
		return
	}
	_ = file.Close()
}
