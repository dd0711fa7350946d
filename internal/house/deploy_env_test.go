package house_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/config"
)

// fromEnv are the variables that docker-compose.yml takes from .env: by a ${NAME}, or by a name without a value.
func fromEnv(t *testing.T) []string {
	t.Helper()
	content, err := os.ReadFile("docker-compose.yml")
	require.NoError(t, err)
	var names []string
	for _, found := range regexp.MustCompile(`(?m)\$\{([A-Z][A-Z0-9_]+)|^\s+([A-Z][A-Z0-9_]+):$|args: \[([A-Z_]+)\]`).
		FindAllStringSubmatch(string(content), -1) {
		names = append(names, found[1]+found[2]+found[3])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Whoever looks through .env knows what compose takes from it, what it does not, and nothing else.
func TestWhatComposeTakesFromEnvIsKnown(t *testing.T) {
	taken := fromEnv(t)
	settings := map[string]bool{}
	for _, s := range config.Settings() {
		settings[s.Name] = true
		if s.Secret {
			settings[s.Name+"_FILE"] = true
		}
	}
	guide, err := os.ReadFile("docs/deploy.md")
	require.NoError(t, err)
	_, table, found := strings.Cut(string(guide), "| in `.env` without effect |")
	require.True(t, found)
	table, _, _ = strings.Cut(table, "\n\n")
	for name := range settings {
		_, dropped := config.NotPassed[name]
		assert.NotEqual(t, slices.Contains(taken, name), dropped, "%s: either compose takes it from .env, or config.NotPassed says what to do", name)
		assert.True(t, !dropped || strings.Contains(table, strings.TrimSuffix(name, "_FILE")+"`"), "%s: docs/deploy.md", name)
	}
	for _, name := range taken {
		engines := name == "TEMPORAL_TLS_SERVER_CA_CERT_PATH"
		assert.True(t, settings[name] || engines || slices.Contains(config.ComposesOwn, name), "%s: config.ComposesOwn", name)
	}
	for _, name := range config.ComposesOwn {
		assert.Contains(t, taken, name)
	}
	for name := range asked {
		assert.Contains(t, taken, name)
	}
}

// The command of the guide, with a shell as the operator's and a container's user, who may not read .env: of the version that .env names.
func TestTheEnvOfComposeIsLookedThroughByTheGuide(t *testing.T) {
	place := t.TempDir()
	program := filepath.Join(place, "okey")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./cmd/okey").CombinedOutput()
	require.NoError(t, err, string(out))
	guide, err := os.ReadFile("docs/deploy.md")
	require.NoError(t, err)
	lines := regexp.MustCompile(`(?m)^IMAGE=.*\n(docker run --rm --interactive .*)$`).FindString(string(guide))
	require.NotEmpty(t, lines)
	looks := func(env string) (string, error) {
		require.NoError(t, os.WriteFile(filepath.Join(place, ".env"), []byte(env), 0o600))
		run := exec.CommandContext(t.Context(), "/bin/sh", "-euc", `docker() { echo "image $4"; shift 4; env -i ./okey "$@"; }`+"\n"+lines)
		run.Dir = place
		said, err := run.CombinedOutput()
		return string(said), err
	}
	said, err := looks("OKEY_URL=https://okey.ac-exemple.fr\n# none\n")
	require.NoError(t, err, said)
	assert.Equal(t, "image okey:latest\nRien à redire : 1 variable.\n", said)
	said, err = looks("OKEY_VERSION=0.3.0\nOKEY_BACKUP_FOLDRE=/srv\nOKEY_LDAP_PASSWORD=hush\n")
	require.Error(t, err)
	assert.Contains(t, said, "image okey:0.3.0\nOKEY_BACKUP_FOLDRE n'est pas")
	assert.Contains(t, said, "OKEY_LDAP_PASSWORD n'a pas d'effet")
	assert.NotContains(t, said, "hush")
	assert.Contains(t, string(guide), `"$IMAGE" secrets /here/secrets`)
}
