package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ComposesOwn are the variables of .env that docker-compose.yml reads for itself, beside the settings that it passes on.
var ComposesOwn = []string{
	"OKEY_VERSION", "OKEY_STAMP", "OKEY_MAIL_DOMAIN", "OKEY_MAIL_RELAY", "OKEY_MAIL_RELAY_USER", "OKEY_MAIL_RELAY_PASSWORD_FILE",
	"OKEY_BACKUP_FOLDER", "OKEY_BACKUP_AT", "OKEY_BACKUP_KEEP", "OKEY_DOCTOR_AT", "OKEY_METRICS_KEPT", "OKEY_BOUNCE_IMAP_FILE",
	"TEMPORAL_UI_CLIENT_ID", "TEMPORAL_UI_JWKS_URL", "TEMPORAL_UI_PERMISSIONS_CLAIM", "TEMPORAL_UI_SCOPES", "TEMPORAL_CONNECTIONS",
	"TEMPORAL_VISIBILITY_CONNECTIONS", "POSTGRES_CONNECTIONS",
}

// composesPrefixes are what the names in .env begin with that are looked at; COMPOSE_ and the like are Docker's.
var composesPrefixes = slices.Concat(prefixes, []string{"POSTGRES_"})

const inSecrets = "écrivez le fichier du même nom, en minuscules et sans _FILE, dans le dossier secrets"

const override = "donnez-le aux services dans docker-compose.override.yml"

// NotPassed are the settings that docker-compose.yml does not take from .env, with what to do instead.
var NotPassed = withEngines(map[string]string{
	"OKEY_DATABASE_URL":            inSecrets,
	"OKEY_DATABASE_URL_FILE":       inSecrets,
	"OKEY_ADMIN_DATABASE_URL":      inSecrets,
	"OKEY_ADMIN_DATABASE_URL_FILE": inSecrets,
	"OKEY_LINK_KEYS":               inSecrets,
	"OKEY_LINK_KEYS_FILE":          inSecrets,
	"OKEY_PIN_PEPPERS":             inSecrets,
	"OKEY_PIN_PEPPERS_FILE":        inSecrets,
	"OKEY_AUDIT_KEYS":              inSecrets,
	"OKEY_AUDIT_KEYS_FILE":         inSecrets,
	"OKEY_OIDC_CLIENT_SECRET":      inSecrets,
	"OKEY_OIDC_CLIENT_SECRET_FILE": inSecrets,
	"OKEY_LDAP_PASSWORD":           "écrivez-le dans un fichier, que nomme OKEY_LDAP_PASSWORD_FILE",
	"OKEY_RADIUS_SECRET":           "écrivez-le dans un fichier, que nomme OKEY_RADIUS_SECRET_FILE",
	"TEMPORAL_API_KEY":             "écrivez-la dans un fichier, que nomme TEMPORAL_API_KEY_FILE",
	"OKEY_BOUNCE_IMAP_URL":         "écrivez-la dans un fichier, que nomme OKEY_BOUNCE_IMAP_FILE",
	"OKEY_BOUNCE_IMAP_URL_FILE":    "écrivez OKEY_BOUNCE_IMAP_FILE",
	"OKEY_SMTP_URL":                "écrivez OKEY_MAIL_RELAY, et OKEY_MAIL_RELAY_USER s'il demande un nom",
	"OKEY_SMTP_URL_FILE":           "écrivez OKEY_MAIL_RELAY, et OKEY_MAIL_RELAY_USER s'il demande un nom",
	"OKEY_HTTP":                    "publiez un autre port dans docker-compose.override.yml",
	"OKEY_METRICS":                 "Prometheus demande au port 9464 de chaque service, dans le réseau de compose",
	"OKEY_DEMONSTRATION":           "retirez-le, une production n'a personne d'inventé",
	"OKEY_ENV_FILE":                "écrivez ces variables dans .env",
})

// withEngines adds what the engine's client reads: compose passes the path of the CA's certificate alone.
func withEngines(notPassed map[string]string) map[string]string {
	for _, name := range engines {
		if name != "TEMPORAL_TLS_SERVER_CA_CERT_PATH" {
			notPassed[name] = override
		}
	}
	return notPassed
}

// ComposeEnv says, a line of French for each, which variables of the .env beside docker-compose.yml have no effect there: misspelt ones,
// settings that it does not pass, and what nobody knows. Names alone are looked at: values, the programs examine.
func ComposeEnv(environ map[string]string) []string {
	known := readable()
	var told []string
	for _, name := range slices.Sorted(maps.Keys(environ)) {
		ours := slices.ContainsFunc(composesPrefixes, func(p string) bool { return strings.HasPrefix(name, p) })
		instead, dropped := NotPassed[name]
		nearest, near := almost(name, known)
		switch {
		case !ours:
		case dropped:
			told = append(told, fmt.Sprintf("%s n'a pas d'effet avec docker-compose.yml : %s.", name, instead))
		case slices.Contains(known, name):
		case near:
			told = append(told, misspelt(name, nearest))
		default:
			told = append(told, name+" n'est lu ni par OKEY ni par docker-compose.yml : vérifiez son nom, ou retirez-le.")
		}
	}
	return told
}
