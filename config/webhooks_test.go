package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const goodSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8G" // made up

// webhooks loads a configuration with a file of receivers.
func webhooks(t *testing.T, content string) (Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "webhooks.json")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return Load(map[string]string{"OKEY_WEBHOOKS": path})
}

func TestReceiversAreReadFromTheirFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(file, []byte(goodSecret+"\n"), 0o600))
	c, err := webhooks(t, `{"receivers": [
		{"name": "authentification", "url": "https://auth.ac-exemple.fr/okey", "secrets": ["`+goodSecret+`"]},
		{"name": "portail", "url": "http://10.0.0.1:8080/", "plain_http": true, "private": true, "secret_files": ["`+file+`"],
		 "events": ["key.lost"], "fields": ["state"]}]}`)
	require.NoError(t, err)
	require.Len(t, c.Webhooks, 2)
	all, some := c.Webhooks[0], c.Webhooks[1]
	assert.Equal(t, []string{goodSecret}, some.Secrets)
	assert.True(t, all.Wants(okey.KeyEventFound))
	assert.False(t, some.Wants(okey.KeyEventFound))
	assert.Equal(t, okey.EventFields(), c.FieldsOf(all))
	assert.Equal(t, []okey.EventField{okey.FieldState}, c.FieldsOf(some))
	c.EventFields = []string{"holder"}
	assert.Empty(t, c.FieldsOf(some), "a receiver has no field that events have not")
}

// What is wrong is said by file, place and field, with what to do; a secret is never repeated.
func TestFaultsOfAReceiverAreNamed(t *testing.T) {
	const rest = `"url": "https://a.fr/", "secrets": ["` + goodSecret + `"]`
	for content, said := range map[string][]string{
		` `:                                {"s'arrête avant la fin"},
		`{`:                                {"s'arrête avant la fin"},
		"{\n\"receivers\": x}":             {"ligne 2"},
		`{"receivers": []} {}`:             {"quelque chose suit"},
		`{"receivers": [{"secret": "x"}]}`: {"champ inconnu : secret"},
		`{"receivers": [{"name": 3}]}`:     {"ligne 1, champ receivers.name"},
		`{"receivers": [{"name": "A", ` + rest + `}]}`:                                                                          {"receivers[0].name"},
		`{"receivers": [{"name": "a", ` + rest + `}, {"name": "a", ` + rest + `}]}`:                                             {"deux récepteurs « a »"},
		`{"receivers": [{"name": "a", "url": "ftp://a.fr/", "secrets": ["` + goodSecret + `"]}]}`:                               {"receivers[0].url", "adresse web"},
		`{"receivers": [{"name": "a", "url": "http://a.fr/", "secrets": ["` + goodSecret + `"]}]}`:                              {"receivers[0].url", "pas chiffrée"},
		`{"receivers": [{"name": "a", "url": "https://10.1.2.3/", "secrets": ["` + goodSecret + `"]}]}`:                         {"receivers[0].url", "privée sans"},
		`{"receivers": [{"name": "a", "url": "https://169.254.169.254/", "private": true, "secrets": ["` + goodSecret + `"]}]}`: {"receivers[0].url", "réservée"},
		`{"receivers": [{"name": "a", "url": "https://u:p@a.fr/", "secrets": ["` + goodSecret + `"]}]}`:                         {"receivers[0].url"},
		`{"receivers": [{"name": "a", "url": "https://a.fr/"}]}`:                                                                {"receivers[0].secrets", "0"},
		`{"receivers": [{"name": "a", "url": "https://a.fr/", "secrets": ["whsec_c2VjcmV0"]}]}`:                                 {"receivers[0].secrets[0]"},
		`{"receivers": [{"name": "a", "url": "https://a.fr/", "secret_files": ["/nowhere"]}]}`:                                  {"secret_files[0]", "ne peut être lu"},
		`{"receivers": [{"name": "a", ` + rest + `, "events": ["key.lots"]}]}`:                                                  {"events[0]", "key.lost"},
		`{"receivers": [{"name": "a", ` + rest + `, "fields": ["pin"]}]}`:                                                       {"fields[0]", "due_at"},
		`{"receivers": [` + strings.TrimSuffix(strings.Repeat(`{"name": "a", `+rest+`},`, 21), ",") + `]}`:                      {"plus de 20"},
	} {
		_, err := webhooks(t, content)
		require.Error(t, err, content)
		for _, part := range append(said, "OKEY_WEBHOOKS") {
			assert.ErrorContains(t, err, part, content)
		}
		assert.NotContains(t, err.Error(), "MfKQ9r8GKYqr")
		assert.NotContains(t, err.Error(), "c2VjcmV0")
	}
	_, err := Load(map[string]string{"OKEY_EVENT_FIELDS": "state,pin", "OKEY_EVENT_MONTHS": "0"})
	assert.ErrorContains(t, err, "OKEY_EVENT_FIELDS = « pin »")
	assert.ErrorContains(t, err, "OKEY_EVENT_MONTHS = « 0 »")
}
