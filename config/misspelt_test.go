package config_test

import (
	"testing"

	"okey/config"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAMisspeltSettingIsToldWithWhatWasMeant(t *testing.T) {
	environ := complete()
	assert.Empty(t, config.Misspelt(environ))
	environ["OKEY_LINK_KEYS_FILE"], environ["OKEY_BACKUP_FOLDER"], environ["SMPT_URL"] = "a secret's file", "compose's own", "not ours"
	assert.Empty(t, config.Misspelt(environ))
	environ["OKEY_SMPT_URL"], environ["OKEY_LDAP_PASWORD_FILE"] = "smtp://relais", "/run/secrets/x"
	assert.Equal(t, []string{
		"OKEY_LDAP_PASWORD_FILE n'est pas un réglage, et n'a aucun effet : écrivez OKEY_LDAP_PASSWORD_FILE.",
		"OKEY_SMPT_URL n'est pas un réglage, et n'a aucun effet : écrivez OKEY_SMTP_URL.",
	}, config.Misspelt(environ))

	environ = complete()
	environ["TEMPORAL_TLS_CLIENT_KEY_PATH"], environ["OTEL_EXPORTER_OTLP_HEADERS"], environ["TEMPORAL_UI_CLIENT_ID"] = "known", "the SDK's", "compose's"
	assert.Empty(t, config.Misspelt(environ))
	environ["TEMPORAL_ADRESS"], environ["OTEL_EXPORTER_OTLP_ENDPONT"], environ["TEMPORAL_TLS_CLIENT_KEY_PAHT"] = "a:1", "http://a", "/key"
	assert.Equal(t, []string{
		"OTEL_EXPORTER_OTLP_ENDPONT n'est pas un réglage, et n'a aucun effet : écrivez OTEL_EXPORTER_OTLP_ENDPOINT.",
		"TEMPORAL_ADRESS n'est pas un réglage, et n'a aucun effet : écrivez TEMPORAL_ADDRESS.",
		"TEMPORAL_TLS_CLIENT_KEY_PAHT n'est pas un réglage, et n'a aucun effet : écrivez TEMPORAL_TLS_CLIENT_KEY_PATH.",
	}, config.Misspelt(environ))
}

// What stands in .env in vain no program is given: whoever looks through the file tells it.
func TestWhatHasNoEffectWithComposeIsTold(t *testing.T) {
	assert.Empty(t, config.ComposeEnv(map[string]string{
		"OKEY_URL": "", "OKEY_BACKUP_FOLDER": "", "OKEY_LDAP_PASSWORD_FILE": "", "POSTGRES_CONNECTIONS": "", "COMPOSE_PROFILES": "metrics",
		"TEMPORAL_TLS_SERVER_CA_CERT_PATH": "", "OKEY_VERSION": "0.3.0",
	}))
	assert.Equal(t, []string{
		"OKEY_BACKUP_FOLDRE n'est pas un réglage, et n'a aucun effet : écrivez OKEY_BACKUP_FOLDER.",
		"OKEY_BOUNCE_IMAP_URL_FILE n'a pas d'effet avec docker-compose.yml : écrivez OKEY_BOUNCE_IMAP_FILE.",
		"OKEY_DOCTOR_HOUR n'est lu ni par OKEY ni par docker-compose.yml : vérifiez son nom, ou retirez-le.",
		"OKEY_SMTP_URL n'a pas d'effet avec docker-compose.yml : écrivez OKEY_MAIL_RELAY, et OKEY_MAIL_RELAY_USER s'il demande un nom.",
		"POSTGRES_CONECTIONS n'est pas un réglage, et n'a aucun effet : écrivez POSTGRES_CONNECTIONS.",
		"TEMPORAL_UI_SCOPE n'est pas un réglage, et n'a aucun effet : écrivez TEMPORAL_UI_SCOPES.",
	}, config.ComposeEnv(map[string]string{
		"OKEY_BACKUP_FOLDRE": "", "OKEY_BOUNCE_IMAP_URL_FILE": "", "OKEY_DOCTOR_HOUR": "", "OKEY_SMTP_URL": "", "POSTGRES_CONECTIONS": "",
		"TEMPORAL_UI_SCOPE": "",
	}))
}

func TestAMissingCertificateIsNamedWithItsSetting(t *testing.T) {
	for _, name := range []string{"TEMPORAL_TLS_SERVER_CA_CERT_PATH", "TEMPORAL_TLS_CLIENT_CERT_PATH", "TEMPORAL_TLS_CLIENT_KEY_PATH", "TEMPORAL_CONFIG_FILE"} {
		environ := complete()
		environ[name] = "/nonexist"
		_, err := config.Load(environ)
		require.ErrorContains(t, err, name+" = « /nonexist » : ne peut être lu (il n'existe pas).")
	}
}
