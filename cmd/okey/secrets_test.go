package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"okey/config"
	"okey/engine"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func secretsIn(t *testing.T, args ...string) (code int, said string) {
	t.Helper()
	var out bytes.Buffer
	code = run(t.Context(), append([]string{"secrets"}, args...), &out, &out)
	return code, out.String()
}

func ringIn(t *testing.T, dir, name string) config.Keyring {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	ring, err := config.ParseKeyring(strings.TrimSpace(string(text)))
	require.NoError(t, err)
	return ring
}

func TestASetOfSecretsIsMadeOnceAndPrintsNone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "secrets")
	require.NoError(t, os.Mkdir(dir, 0o755)) // left open by somebody
	code, said := secretsIn(t, dir)
	require.Equal(t, 0, code, said)
	about, err := os.Stat(dir)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), about.Mode().Perm())
	before := map[string]string{}
	for _, f := range secretFiles {
		text, err := os.ReadFile(filepath.Join(dir, f.name))
		if f.make == nil {
			assert.ErrorIs(t, err, os.ErrNotExist)
			assert.Contains(t, said, f.name+" : à écrire vous-même")
			continue
		}
		require.NoError(t, err, f.name)
		assert.NotContains(t, said, strings.TrimSpace(string(text)))
		assert.NotContains(t, before, string(text), "each its own")
		before[f.name] = string(text)
	}
	code, said = secretsIn(t, dir)
	require.Equal(t, 0, code, said)
	for name, text := range before {
		now, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Equal(t, text, string(now), "what is there stays")
	}
	assert.Contains(t, said, "déjà là")
}

func TestTheEnginesDoorIsMadeWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	code, said := secretsIn(t, dir)
	require.Equal(t, 0, code, said)
	before := map[string]string{}
	for _, name := range engine.DoorFiles {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		before[name] = string(text)
	}
	code, said = secretsIn(t, dir)
	require.Equal(t, 0, code, said)
	assert.Contains(t, said, "engine_* : déjà là, inchangés.")
	require.NoError(t, os.Remove(filepath.Join(dir, "engine_ui_key")))
	code, said = secretsIn(t, dir)
	assert.Equal(t, 1, code)
	assert.Contains(t, said, "n'a que 6 des 7 fichiers engine_*")
	assert.NoFileExists(t, filepath.Join(dir, "engine_ui_key"))
	for name, text := range before {
		if now, err := os.ReadFile(filepath.Join(dir, name)); name != "engine_ui_key" {
			require.NoError(t, err)
			assert.Equal(t, text, string(now))
		}
	}
}

func TestARotatedKeyStandsBeforeThoseItReplaces(t *testing.T) {
	dir := t.TempDir()
	code, said := secretsIn(t, dir, "--rotate", "link-keys")
	assert.Equal(t, 1, code)
	assert.Contains(t, said, "n'existe pas")
	assert.Contains(t, said, "« okey-standalone rotate »")
	code, said = secretsIn(t, dir)
	require.Equal(t, 0, code, said)
	for _, name := range []string{"link-keys", "pin-peppers", "audit-keys"} {
		file := "okey_" + strings.ReplaceAll(name, "-", "_")
		old := ringIn(t, dir, file)
		for range 2 {
			code, said = secretsIn(t, dir, "--rotate", name)
			require.Equal(t, 0, code, said)
		}
		now := ringIn(t, dir, file)
		version, key := now.Current()
		assert.Equal(t, 3, version)
		assert.NotEqual(t, old.Get(1), key)
		assert.Equal(t, old.Get(1), now.Get(1), "still verifies")
		assert.NotNil(t, now.Get(2))
		assert.NotContains(t, said, now.Reveal())
		assert.Contains(t, said, "Redémarrez serveur, worker et doctor.")
	}
	full := filepath.Join(dir, "okey_link_keys")
	require.NoError(t, os.Remove(full))
	require.NoError(t, os.WriteFile(full, []byte("255:"+randomSecret()), 0o600))
	code, said = secretsIn(t, dir, "--rotate", "link-keys")
	assert.Equal(t, 1, code)
	assert.Contains(t, said, "la dernière possible")
	code, _ = secretsIn(t, dir, "--rotate", "tout")
	assert.Equal(t, 1, code)
}
