package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/internal/version"
)

// tell runs a command of a machine where nothing is set, and answers what it says.
func tell(t *testing.T, args ...string) (code int, said string) {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "OKEY_") {
			t.Setenv(name, "")
			require.NoError(t, os.Unsetenv(name))
		}
	}
	var out bytes.Buffer
	code = run(t.Context(), args, &out, &out)
	return code, out.String()
}

func TestAWrongCommandLineIsExplainedInFrench(t *testing.T) {
	for line, want := range map[string]string{
		"":                            "la commande est incomplète : ajoutez l'un de ces mots (server, worker, migrate, import, sync…)",
		"serveur":                     "« serveur » n'est pas attendu ici ; peut-être server",
		"server x":                    "« x » n'est pas attendu ici",
		"server --htp x":              "l'option --htp n'existe pas ; peut-être --help, --http",
		"server --zzzzzzzz":           "l'option --zzzzzzzz n'existe pas",
		"import staff":                "la commande est incomplète : il manque <fichier>",
		"healthcheck foo":             "[<partie>] attend l'un de ces mots (server, worker, doctor), pas « foo »",
		"secrets --rotate=x d":        "--rotate attend l'un de ces mots (link-keys, pin-peppers, audit-keys), pas « x »",
		"token a@b.fr --ttl 3jours":   "l'option --ttl attend une durée comme 30m ou 1h, pas « 3jours »",
		"token --ttl":                 "l'option --ttl attend une valeur",
		"import staff x --force=peut": "l'option --force n'attend pas de valeur comme « peut »",
		"grant support":               "la commande est incomplète : il manque <mail>",
		"worker --log-level":          "l'option --log-level attend une valeur",
	} {
		code, said := tell(t, strings.Fields(line)...)
		assert.Equal(t, 1, code, line)
		assert.Equal(t, "okey : "+want+". Voyez « okey --help ».\n", said, line)
	}
}

func TestHelpIsFrench(t *testing.T) {
	english := regexp.MustCompile(`(?i)\b(usage:|flags|commands:|run|show|the|for more|information|arguments:)\b`)
	for _, command := range []string{
		"", "server", "worker", "migrate", "import", "import establishments", "import staff", "import keys", "import logins",
		"import delivery", "token", "revoke", "grant",
		"charter", "charter publish", "secrets", "doctor", "healthcheck",
	} {
		code, said := tell(t, append(strings.Fields(command), "--help")...)
		assert.Equal(t, 0, code, command)
		assert.Contains(t, said, "Usage : okey", command)
		assert.Contains(t, said, "Options :", command)
		assert.Empty(t, english.FindAllString(said, -1), command)
	}
}

// What the system answers is English: the terminal says it in French, with what it is about.
func TestAFileThatDoesNotOpenIsExplainedInFrench(t *testing.T) {
	d := newDesk(t)
	dir := t.TempDir()
	for path, want := range map[string]string{
		filepath.Join(dir, "absent.csv"): "absent.csv ne s'ouvre pas : vérifiez le chemin et les droits.",
		dir:                              dir + " n'est pas un fichier.",
	} {
		code, _, said := d.okey("import", "staff", path)
		assert.Equal(t, 1, code)
		assert.Contains(t, said, want)
		assert.NotRegexp(t, `no such|directory|open `, said)
	}
	code, _, said := d.okey("charter", "publish", filepath.Join(dir, "absent.txt"))
	assert.Equal(t, 1, code)
	assert.NotRegexp(t, `no such|directory|open /`, said)
	code, said = tell(t, "doctor", "--env", filepath.Join(dir, "absent.env"))
	assert.Equal(t, 1, code)
	assert.NotRegexp(t, `no such|directory|open /`, said)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "fichier"), nil, 0o600))
	code, said = tell(t, "secrets", filepath.Join(dir, "fichier", "x"))
	assert.Equal(t, 1, code)
	assert.Equal(t, "okey : échec : une partie de ce chemin n'est pas un dossier\n", said)
}

func TestAMachineThatDoesNotAnswerIsExplainedInFrench(t *testing.T) {
	d := newDesk(t)
	t.Setenv("OKEY_HTTP", closedPort(t))
	_, _, said := d.okey("healthcheck", "server")
	assert.Equal(t, "okey : server ne répond pas (rien n'écoute à cette adresse).\n", said)
	t.Setenv("OKEY_DATABASE_URL", "postgres://okey_app:x@"+closedPort(t)+"/okey?sslmode=disable")
	for _, command := range [][]string{{"doctor"}, {"grant", "support", "sam@exemple.fr"}, {"import", "staff", "usage_test.go"}} {
		code, out, said := d.okey(command...)
		assert.Equal(t, 1, code, command)
		assert.NotRegexp(t, `refused|dial|connect:|pq:`, out+said, command)
	}
}

// Whoever looks after many programs asks each in the same way.
func TestTheVersionIsAFlagToo(t *testing.T) {
	var asked, flag, wrong bytes.Buffer
	require.Equal(t, 0, run(t.Context(), []string{"version"}, &asked, &wrong), wrong.String())
	require.Equal(t, 0, run(t.Context(), []string{"--version"}, &flag, &wrong), wrong.String())
	assert.Equal(t, asked.String(), flag.String())
	assert.Contains(t, flag.String(), version.Number)
}
