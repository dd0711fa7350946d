package config_test

import (
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/config"
)

const (
	keyA = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	keyB = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
)

// complete is an environment that every role is content with.
func complete() map[string]string {
	return map[string]string{
		"OKEY_DATABASE_URL":       "postgres://okey:motdepasse@base:5432/okey",
		"TEMPORAL_ADDRESS":        "temporal:7233",
		"TEMPORAL_NAMESPACE":      "okey",
		"OKEY_URL":                "https://okey.ac-exemple.fr/",
		"OKEY_SMTP_URL":           "smtp://relais:25",
		"OKEY_MAIL_FROM":          "OKEY <okey@ac-exemple.fr>",
		"OKEY_SUPPORT_MAIL":       "assistance@ac-exemple.fr",
		"OKEY_OIDC_ISSUER":        "https://connexion.ac-exemple.fr",
		"OKEY_OIDC_CLIENT_ID":     "okey",
		"OKEY_OIDC_CLIENT_SECRET": "secret-du-client",
		"OKEY_LINK_KEYS":          "2:" + keyB + ",1:" + keyA,
		"OKEY_PIN_PEPPERS":        "1:" + keyA,
		"OKEY_AUDIT_KEYS":         "1:" + keyB,
	}
}

func TestLoadFillsDefaultsAndParses(t *testing.T) {
	c, err := config.Load(complete())
	require.NoError(t, err)
	require.NoError(t, c.Check(config.RoleServer))
	require.NoError(t, c.Check(config.RoleWorker))
	assert.Equal(t, "127.0.0.1:8080", c.HTTP)
	assert.Equal(t, "127.0.0.1:9464", c.Metrics)
	assert.Equal(t, "https://okey.ac-exemple.fr", c.URL, "links are joined to it: no trailing slash")
	assert.Empty(t, c.TrustedProxies)
	assert.Equal(t, slog.LevelInfo, c.Level())
	assert.Equal(t, config.SMTPURL{Host: "relais", Port: 25}, c.SMTP)
	address, ok := c.Temporal.LookupEnv("TEMPORAL_ADDRESS")
	assert.True(t, ok)
	assert.Equal(t, "temporal:7233", address)
	version, key := c.LinkKeys.Current()
	assert.Equal(t, 2, version)
	assert.Equal(t, keyB, fmt.Sprintf("%x", key))
	assert.Equal(t, keyA, fmt.Sprintf("%x", c.LinkKeys.Get(1)))
	assert.Nil(t, c.LinkKeys.Get(3))
}

func TestAnEmptyMetricsAddressSwitchesThemOff(t *testing.T) {
	environ := complete()
	environ["OKEY_METRICS"] = ""
	c, err := config.Load(environ)
	require.NoError(t, err)
	assert.Empty(t, c.Metrics)
}

func TestMetricsAreForPrivateNetworks(t *testing.T) {
	for address, may := range map[string]bool{
		"127.0.0.1:9464": true, "localhost:9464": true, "[::1]:9464": true, "10.1.2.3:9464": true, "0.0.0.0:9464": true, ":9464": true,
		"[fd00::7]:9464": true, "192.0.2.7:9464": false, "[2001:db8::7]:9464": false, "okey.ac-exemple.fr:9464": false, "9464": false,
	} {
		environ := complete()
		environ["OKEY_METRICS"] = address
		_, err := config.Load(environ)
		assert.Equal(t, may, err == nil, address)
	}
}

func TestAllThatIsWrongIsNamedAtOnce(t *testing.T) {
	environ := complete()
	wrong := map[string]string{
		"OKEY_DATABASE_URL":    "mysql://okey:motdepasse@base/okey",
		"OKEY_HTTP":            "8080",
		"OKEY_METRICS":         "192.0.2.7:9464",
		"OKEY_URL":             "okey.ac-exemple.fr",
		"OKEY_SMTP_URL":        "relais:25",
		"OKEY_MAIL_FROM":       "okey",
		"OKEY_LINK_KEYS":       "1:abcd",
		"OKEY_TRUSTED_PROXIES": "10.0.0.0/8, relais",
		"OKEY_HOLIDAYS_FILE":   "/nulle/part.csv",
		"OKEY_LOG_LEVEL":       "bavard",
		"OKEY_LOG_FORMAT":      "xml",

		"OTEL_EXPORTER_OTLP_ENDPOINT": "collecteur:4318",
	}
	for name, value := range wrong {
		environ[name] = value
	}
	delete(environ, "OKEY_OIDC_CLIENT_ID")

	c, err := config.Load(environ)
	var problems config.Problems
	require.ErrorAs(t, err, &problems)
	assert.Len(t, problems, len(wrong))
	require.ErrorAs(t, c.Check(config.RoleServer), &problems)
	message := problems.Error()
	for name := range wrong {
		assert.Equal(t, 1, strings.Count(message, "  "+name+" "), "%s once in:\n%s", name, message)
	}
	assert.Contains(t, message, "13 défauts")
	assert.Contains(t, message, "OKEY_OIDC_CLIENT_ID : manque")
	assert.Contains(t, message, "« okey.ac-exemple.fr »")
	assert.NotContains(t, message, "motdepasse", "the values of secrets stay out")
	assert.NotContains(t, message, "abcd", "the values of secrets stay out")
}

func TestWorkersAreCalledAsTheEngineCanCallThem(t *testing.T) {
	for name, good := range map[string]bool{"": true, "okey": true, "okey-2_b": true, "okey.fr": false, "okey:1": false, "__okey": false, "a b": false} {
		environ := complete()
		environ["OKEY_WORKER_DEPLOYMENT"] = name
		c, err := config.Load(environ)
		assert.Equal(t, name, c.WorkerDeployment)
		if good {
			assert.NoError(t, err, name)
		} else {
			assert.ErrorContains(t, err, "OKEY_WORKER_DEPLOYMENT", name)
		}
	}
}

func TestADirectoryIsExaminedOnlyWhereThereIsOne(t *testing.T) {
	environ := complete()
	environ["OKEY_LDAP_FILTER"], environ["OKEY_LDAP_BASE"] = "(uid=", "personnels"
	c, err := config.Load(environ)
	require.NoError(t, err)
	assert.False(t, c.HasDirectory())

	empty := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for name, test := range map[string]struct{ setting, value string }{
		"no address of a directory": {"OKEY_LDAP_URL", "http://annuaire.ac-exemple.fr"},
		"an account within":         {"OKEY_LDAP_URL", "ldaps://okey:motdepasse@annuaire.ac-exemple.fr"},
		"no filter":                 {"OKEY_LDAP_FILTER", "(uid="},
		"no name":                   {"OKEY_LDAP_BASE", "personnels"},
		"no base":                   {"OKEY_LDAP_BASE", ""},
		"no attribute":              {"OKEY_LDAP_UID", ""},
		"no password":               {"OKEY_LDAP_PASSWORD", ""},
		"no certificate":            {"OKEY_LDAP_CA_FILE", empty},
		"no file":                   {"OKEY_LDAP_CA_FILE", "/nulle/part.pem"},
		"nothing wrong":             {"OKEY_LDAP_FILTER", "(&(uid=*)(FrEduRne=*))"},
	} {
		environ := complete()
		environ["OKEY_LDAP_URL"], environ["OKEY_LDAP_BASE"] = "ldaps://annuaire.ac-exemple.fr:636", "ou=personnels,dc=ac-exemple,dc=fr"
		environ["OKEY_LDAP_BIND_DN"], environ["OKEY_LDAP_PASSWORD"] = "uid=okey,dc=ac-exemple,dc=fr", "motdepasse"
		environ[test.setting] = test.value
		c, err := config.Load(environ)
		if name == "nothing wrong" {
			require.NoError(t, err)
			assert.True(t, c.HasDirectory())
			continue
		}
		var problems config.Problems
		require.ErrorAs(t, err, &problems, name)
		require.Len(t, problems, 1, name)
		assert.Equal(t, test.setting, problems[0].Name, name)
		assert.NotContains(t, problems.Error(), "motdepasse", name)
	}
}

func TestAuthenticationServersAreExaminedOnlyWhereThereAreSome(t *testing.T) {
	environ := complete()
	environ["OKEY_RADIUS_USER"] = "nom"
	c, err := config.Load(environ)
	require.NoError(t, err)
	assert.False(t, c.HasRadius())

	empty := filepath.Join(t.TempDir(), "okey.pem")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for name, test := range map[string]struct{ setting, value string }{
		"no address":        {"OKEY_RADIUS_SERVERS", "http://radius.ac-exemple.fr"},
		"no port":           {"OKEY_RADIUS_SERVERS", "radius.ac-exemple.fr:radius"},
		"no host":           {"OKEY_RADIUS_SERVERS", ":1812"},
		"no secret":         {"OKEY_RADIUS_SECRET", ""},
		"a short secret":    {"OKEY_RADIUS_SECRET", "testing123"},
		"another name":      {"OKEY_RADIUS_USER", "nom"},
		"another form":      {"OKEY_RADIUS_PASSWORD", "pin"},
		"no name of OKEY's": {"OKEY_RADIUS_NAS", ""},
		"no certificate":    {"OKEY_RADIUS_CERTIFICATE_FILE", "-"},
		"an empty one":      {"OKEY_RADIUS_CERTIFICATE_FILE", empty},
		"no such file":      {"OKEY_RADIUS_CERTIFICATE_FILE", "/nulle/part.pem"},
	} {
		environ := complete()
		environ["OKEY_RADIUS_SERVERS"], environ["OKEY_RADIUS_SECRET"] = "radius1.ac-exemple.fr, 192.0.2.7:1645", "un secret assez long"
		environ[test.setting] = test.value
		if test.setting == "OKEY_RADIUS_CERTIFICATE_FILE" {
			environ["OKEY_RADIUS_SERVERS"], environ[test.setting] = "radsec://radius1.ac-exemple.fr", strings.Trim(test.value, "-")
		}
		_, err := config.Load(environ)
		var problems config.Problems
		require.ErrorAs(t, err, &problems, name)
		require.Len(t, problems, 1, name)
		assert.Equal(t, test.setting, problems[0].Name, name)
		assert.NotContains(t, problems.Error(), "testing123", name)
	}

	environ = complete()
	environ["OKEY_RADIUS_SERVERS"], environ["OKEY_RADIUS_SECRET"] = "radius1.ac-exemple.fr, [2001:db8::7]:1645", "un secret assez long"
	c, err = config.Load(environ)
	require.NoError(t, err)
	assert.Equal(t, []config.RadiusServer{{Address: "radius1.ac-exemple.fr:1812"}, {Address: "[2001:db8::7]:1645"}}, c.Radius())
	assert.Nil(t, c.RadiusTLS)
}

func TestATrialAtTheCounterWantsAnAuthenticationServer(t *testing.T) {
	environ := complete()
	environ["OKEY_COUNTER_PROOF"] = "off, nice=off"
	c, err := config.Load(environ)
	require.NoError(t, err)
	require.NoError(t, c.Check(config.RoleServer))
	environ["OKEY_COUNTER_PROOF"] = "nice=required"
	c, err = config.Load(environ)
	require.NoError(t, err)
	require.ErrorContains(t, c.Check(config.RoleServer), "OKEY_COUNTER_PROOF")
	require.NoError(t, c.Check(config.RoleWorker), "the server alone has them")
	environ["OKEY_RADIUS_SERVERS"], environ["OKEY_RADIUS_SECRET"] = "radius1.ac-exemple.fr", "un secret assez long"
	c, err = config.Load(environ)
	require.NoError(t, err)
	require.NoError(t, c.Check(config.RoleServer))
	environ["OKEY_COUNTER_PROOF"] = "nice=perhaps"
	c, err = config.Load(environ)
	if err == nil {
		err = c.Check(config.RoleWorker)
	}
	require.ErrorContains(t, err, "OKEY_COUNTER_PROOF")
	environ["OKEY_COUNTER_PROOF"], environ["OKEY_MAIL_RATE"] = "nise=required,off,nice=off,nice=offered", "many"
	_, err = config.Load(environ)
	require.ErrorContains(t, err, "OKEY_COUNTER_PROOF = « nise=required » : nomme une académie inconnue. Écrivez-la comme dans ses adresses")
	require.ErrorContains(t, err, "OKEY_COUNTER_PROOF = « nice=offered » : donne deux fois un choix pour nice.")
	require.ErrorContains(t, err, "OKEY_MAIL_RATE = « many »", "together with the others")
}

func TestEachRoleAsksForWhatItNeedsOnly(t *testing.T) {
	for role, needs := range map[config.Role][]string{
		config.RoleMigrate: {"OKEY_ADMIN_DATABASE_URL"},
		config.RoleCommand: {"OKEY_DATABASE_URL", "OKEY_AUDIT_KEYS"},
		config.RoleDoctor:  {"OKEY_DATABASE_URL", "OKEY_AUDIT_KEYS"},
		config.RoleWorker: {
			"OKEY_DATABASE_URL", "OKEY_URL", "OKEY_SMTP_URL", "OKEY_MAIL_FROM", "OKEY_SUPPORT_MAIL", "OKEY_LINK_KEYS", "OKEY_AUDIT_KEYS",
		},
		config.RoleServer: {
			"OKEY_DATABASE_URL", "OKEY_URL", "OKEY_SUPPORT_MAIL", "OKEY_OIDC_ISSUER", "OKEY_OIDC_CLIENT_ID", "OKEY_OIDC_CLIENT_SECRET",
			"OKEY_LINK_KEYS", "OKEY_PIN_PEPPERS", "OKEY_AUDIT_KEYS",
		},
	} {
		c, err := config.Load(nil)
		require.NoError(t, err)
		var problems config.Problems
		require.ErrorAs(t, c.Check(role), &problems)
		var names []string
		for _, p := range problems {
			names = append(names, p.Name)
		}
		assert.ElementsMatch(t, needs, names, string(role))
	}
}

func TestServerAndWorkerRefuseTheOwnersRole(t *testing.T) {
	environ := complete()
	environ["OKEY_ADMIN_DATABASE_URL"] = "postgres://owner:x@base/okey"
	c, err := config.Load(environ)
	require.NoError(t, err)
	require.ErrorContains(t, c.Check(config.RoleServer), "OKEY_ADMIN_DATABASE_URL")
	require.ErrorContains(t, c.Check(config.RoleWorker), "OKEY_ADMIN_DATABASE_URL")
	require.NoError(t, c.Check(config.RoleMigrate))
	require.NoError(t, c.Check(config.RolePrepare))
}

func TestTheEngineIsPreparedWithoutASettingOfTheDatabase(t *testing.T) {
	c, err := config.Load(nil)
	require.NoError(t, err)
	require.NoError(t, c.Check(config.RolePrepare))
}

func TestSecretsComeFromFilesToo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "client-secret")
	require.NoError(t, os.WriteFile(path, []byte("dans-le-fichier\n"), 0o600))
	environ := complete()
	delete(environ, "OKEY_OIDC_CLIENT_SECRET")
	environ["OKEY_OIDC_CLIENT_SECRET_FILE"] = path
	c, err := config.Load(environ)
	require.NoError(t, err)
	assert.Equal(t, "dans-le-fichier", c.OIDCClientSecret)

	environ["OKEY_OIDC_CLIENT_SECRET"] = "et-ici"
	_, err = config.Load(environ)
	require.ErrorContains(t, err, "deux fois")

	environ["OKEY_AUDIT_KEYS"], environ["OKEY_AUDIT_KEYS_FILE"] = "", "/nulle/part"
	_, err = config.Load(environ)
	require.ErrorContains(t, err, "il n'existe pas")
}

func TestFlagsWinOverTheEnvironmentAndSecretsAreNone(t *testing.T) {
	for name, value := range complete() {
		t.Setenv(name, value)
	}
	t.Setenv("OKEY_HTTP", "127.0.0.1:1000")
	t.Setenv("OKEY_LOG_LEVEL", "warn")
	var cli struct{ config.Config }
	parser, err := kong.New(&cli)
	require.NoError(t, err)
	_, err = parser.Parse([]string{"--http=127.0.0.1:2000", "--temporal-address=moteur:7233", "--trusted-proxies=10.0.0.0/8,192.0.2.7"})
	require.NoError(t, err)
	cli.Complete(config.Environ())
	require.NoError(t, cli.Check(config.RoleServer))
	assert.Equal(t, "127.0.0.1:2000", cli.HTTP)
	assert.Equal(t, slog.LevelWarn, cli.Level())
	assert.Equal(t, []string{"10.0.0.0/8", "192.0.2.7"}, cli.TrustedProxies)
	assert.Equal(t, "moteur:7233", cli.Temporal["TEMPORAL_ADDRESS"])
	assert.Equal(t, "secret-du-client", cli.OIDCClientSecret)

	known := make(map[string]*kong.Flag)
	for _, flag := range parser.Model.Flags {
		known[flag.Name] = flag
	}
	for _, s := range config.Settings() {
		assert.NotEmpty(t, s.Help, s.Name)
		if s.Secret {
			assert.Empty(t, s.Flag, s.Name)
			continue
		}
		require.Contains(t, known, s.Flag)
		assert.Equal(t, []string{s.Name}, known[s.Flag].Envs)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	environ := complete()
	environ["OKEY_SMTP_URL"], environ["OKEY_BOUNCE_IMAP_URL"] = "smtps://qui:motdepasse@relais", "imaps://qui:motdepasse@boite"
	environ["OKEY_BOUNCE_ADDRESS"] = "retours@ac-exemple.fr"
	c, err := config.Load(environ)
	require.NoError(t, err)
	assert.Equal(t, 465, c.SMTP.Port)
	for _, form := range []string{"%v", "%+v", "%#v", "%s"} {
		printed := fmt.Sprintf(form, c.SMTP) + fmt.Sprintf(form, c.BounceIMAP) + fmt.Sprintf(form, c.LinkKeys)
		assert.NotContains(t, printed, "motdepasse")
		assert.NotContains(t, printed, "1, 2, 3")
		assert.NotContains(t, printed, "[0 1 2")
	}
}

func TestKeyringTellsWhatIsWrongWithIt(t *testing.T) {
	for text, part := range map[string]string{
		keyA:                           "version:clef",
		"0:" + keyA:                    "de 1 à 255",
		"1:" + keyA[2:]:                "64 chiffres",
		"1:" + keyA + ",1:" + keyB:     "deux fois",
		"1:" + strings.Repeat("0", 64): "hasard",
	} {
		_, err := config.ParseKeyring(text)
		require.ErrorContains(t, err, part)
		assert.NotContains(t, err.Error(), keyA[2:])
	}
}

func TestANewKeyringCanBeStoredAndReadBack(t *testing.T) {
	ring := config.NewKeyring()
	again, err := config.ParseKeyring(ring.Reveal())
	require.NoError(t, err)
	assert.Equal(t, ring, again)
}

func TestASwitchIsOnOrOffOrNamed(t *testing.T) {
	for value, on := range map[string]bool{"": false, "non": false, "false": false, "oui": true, "OUI": true, "true": true, "1": true} {
		environ := complete()
		environ["OKEY_LINKS_REQUIRE_SIGN_IN"] = value
		c, err := config.Load(environ)
		require.NoError(t, err, value)
		assert.Equal(t, on, c.LinksRequireSignIn.On(), value)
	}
	environ := complete()
	environ["OKEY_LINKS_REQUIRE_SIGN_IN"] = "peut-être"
	_, err := config.Load(environ)
	assert.ErrorContains(t, err, "OKEY_LINKS_REQUIRE_SIGN_IN")
	assert.ErrorContains(t, err, "Écrivez oui ou non.")
}

func TestCountsAreNumbers(t *testing.T) {
	for _, c := range []struct {
		connections, rate string
		pool, mails       int
		refused           string
	}{
		{"", "", 20, 0, ""},
		{"40", "120", 40, 120, ""},
		{"7", "", 7, 0, "OKEY_DATABASE_CONNECTIONS"},
		{"beaucoup", "", 20, 0, "OKEY_DATABASE_CONNECTIONS"},
		{"20", "0", 20, 0, "OKEY_MAIL_RATE"},
		{"20", "1/s", 20, 0, "OKEY_MAIL_RATE"},
	} {
		environ := complete()
		environ["OKEY_DATABASE_CONNECTIONS"], environ["OKEY_MAIL_RATE"] = c.connections, c.rate
		set, err := config.Load(environ)
		assert.Equal(t, c.pool, set.PoolSize())
		assert.Equal(t, c.mails, set.MailsAMinute())
		if c.refused == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, c.refused)
		}
	}
}

// The tour of a demonstration is for one machine alone: whatever else its server is told, one that others reach has none.
func TestADemonstrationIsRefusedOnAServerThatOthersReach(t *testing.T) {
	local := map[string]string{
		"OKEY_DEMONSTRATION": "http://127.0.0.1:8025", "OKEY_URL": "http://localhost:8080", "OKEY_OIDC_ISSUER": "http://127.0.0.1:8090",
	}
	c, err := config.Load(local)
	require.NoError(t, err)
	require.Equal(t, "http://127.0.0.1:8025", c.Demonstration)
	for name, value := range map[string]string{
		"OKEY_URL": "https://okey.ac-exemple.fr", "OKEY_OIDC_ISSUER": "https://connexion.ac-exemple.fr", "OKEY_DEMONSTRATION": "oui",
	} {
		environ := maps.Clone(local)
		environ[name] = value
		_, err := config.Load(environ)
		require.ErrorContains(t, err, "OKEY_DEMONSTRATION", name)
	}
}
