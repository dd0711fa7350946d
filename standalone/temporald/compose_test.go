package temporald

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/server/common/log"

	"okey/engine"
	"okey/internal/postbox"
	"okey/internal/postgres"
)

// installation is docker-compose.yml without containers: the same programs with the same settings, roles and secrets, at addresses of this
// machine. What only containers have is not in it: images, networks, limits.
type installation struct {
	*testing.T
	project  *types.Project
	secrets  string
	okey     string // the program
	programs string // the engine's door of programs
	base     Database
	box      *postbox.Box
	http     string
}

func install(t *testing.T) *installation {
	t.Helper()
	o := &installation{T: t, http: freeAddress(t), okey: filepath.Join(t.TempDir(), "okey"), box: postbox.Open(t)}
	build := exec.Command("go", "build", "-ldflags", "-s -w", "-o", o.okey, "./cmd/okey")
	build.Dir = "../.."
	said, err := build.CombinedOutput()
	require.NoError(t, err, "%s", said)
	o.project, o.secrets = composed(t, newProvider(t).URL, map[string]string{"OKEY_URL": "http://" + o.http})
	for _, name := range engine.DoorFiles { // the program makes them, as an operator has it do
		require.NoError(t, os.Remove(filepath.Join(o.secrets, name)))
	}
	o.run(nil, "secrets", o.secrets)
	for _, name := range []string{"okey_oidc_client_secret", "temporal_ui_client_secret"} {
		require.NoError(t, os.WriteFile(filepath.Join(o.secrets, name), []byte("from the provider"), 0o600))
	}
	o.makeRoles()
	o.base.User, o.base.Password = "temporal", o.secret("temporal_database_password")
	for name, schema := range map[string]string{mainDatabase: "postgresql/v12/temporal", visibilityDatabase: "postgresql/v12/visibility"} {
		require.NoError(t, o.base.setup(name, log.NewNoopLogger()), "as temporal-schema does")
		require.NoError(t, o.base.update(name, schema, log.NewNoopLogger()))
	}
	_, o.programs = engineOfCompose(t, o.project, o.secrets, o.base)
	return o
}

func (o *installation) secret(name string) string {
	o.Helper()
	text, err := os.ReadFile(filepath.Join(o.secrets, name))
	require.NoError(o, err)
	return strings.TrimSpace(string(text))
}

// makeRoles starts the database and has the script of its first start make roles and databases.
func (o *installation) makeRoles() {
	o.Helper()
	o.base = database(o.T)
	host, port, err := net.SplitHostPort(o.base.Address)
	require.NoError(o, err)
	script := strings.NewReplacer("/run/secrets/", o.secrets+"/", "--username postgres", "").Replace(o.project.Configs["roles"].Content)
	c := exec.Command("/bin/sh", "-euc", script)
	c.Env = append(os.Environ(), "PGHOST="+host, "PGPORT="+port, "PGUSER="+postgres.Admin, "PGPASSWORD="+o.base.Password, "PGDATABASE=postgres")
	said, err := c.CombinedOutput()
	require.NoError(o, err, "%s", said)
	for _, name := range []string{"okey_database_url", "okey_admin_database_url"} {
		url := strings.Replace(o.secret(name), "@postgres:5432/", "@"+o.base.Address+"/", 1)
		path := filepath.Join(o.secrets, name)
		require.NoError(o, os.Remove(path)) // it can't be written to
		require.NoError(o, os.WriteFile(path, []byte(url), 0o600))
	}
}

// environment is a service's own.
func (o *installation) environment(service string) map[string]string {
	o.Helper()
	instead := map[string]string{"TEMPORAL_ADDRESS": o.programs}
	env := environment(o.project, service, o.secrets, instead)
	for name, value := range map[string]string{
		"OKEY_HTTP": o.http, "OKEY_SMTP_URL": fmt.Sprintf("smtp://%s:%d", o.box.Host, o.box.Port), "OKEY_HOLIDAYS_FILE": o.project.Configs["holidays"].File,
	} {
		if _, set := env[name]; set {
			env[name] = value
		}
	}
	if _, set := env["OKEY_METRICS"]; set {
		env["OKEY_METRICS"] = freeAddress(o.T)
	}
	return env
}

func (o *installation) command(env map[string]string, arguments ...string) *exec.Cmd {
	c := exec.Command(o.okey, arguments...)
	for name, value := range env {
		c.Env = append(c.Env, name+"="+value)
	}
	c.Env = append(c.Env, "PATH="+os.Getenv("PATH"), "TMPDIR="+o.TempDir())
	return c
}

// run runs a command to its end, which is to be a good one, and returns what it says.
func (o *installation) run(env map[string]string, arguments ...string) string {
	o.Helper()
	var said, wrong bytes.Buffer
	c := o.command(env, arguments...)
	c.Stdout, c.Stderr = &said, &wrong
	require.NoError(o, c.Run(), "okey %v: %s%s", arguments, &said, &wrong)
	return strings.TrimSpace(said.String())
}

// stays starts a service that stays, waits until its own health check is content, and ends it with the test.
func (o *installation) stays(service string) {
	o.Helper()
	env, of := o.environment(service), o.project.Services[service]
	var said bytes.Buffer
	c := o.command(env, of.Command...)
	c.Stdout, c.Stderr = &said, &said
	require.NoError(o, c.Start())
	o.Cleanup(func() {
		_ = c.Process.Signal(os.Interrupt)
		assert.NoError(o, c.Wait(), "%s: %s", service, &said)
	})
	check := of.HealthCheck.Test[2:] // after CMD and the program
	require.Eventually(o, func() bool { return o.command(env, check...).Run() == nil }, readyLimit, 200*time.Millisecond, "%s is not well", service)
}

// call asks the API as a person, and again where it was only recorded.
func (o *installation) call(token, path string, body map[string]any) map[string]any {
	o.Helper()
	text, err := json.Marshal(body)
	require.NoError(o, err)
	answer := map[string]any{}
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", time.Now().UnixNano()%1e12)
	require.Eventually(o, func() bool {
		request, err := http.NewRequest(http.MethodPost, "http://"+o.http+"/api/v1"+path, bytes.NewReader(text))
		require.NoError(o, err)
		for name, value := range map[string]string{"Authorization": "Bearer " + token, "Content-Type": "application/json", "Idempotency-Key": id} {
			request.Header.Set(name, value)
		}
		response, err := http.DefaultClient.Do(request)
		require.NoError(o, err)
		defer response.Body.Close()
		content, err := io.ReadAll(response.Body)
		require.NoError(o, err)
		if response.StatusCode == http.StatusAccepted {
			return false
		}
		require.Less(o, response.StatusCode, 300, "%s: %s", path, content)
		return json.Unmarshal(content, &answer) == nil
	}, readyLimit, 100*time.Millisecond)
	return answer
}

// What docker-compose.yml runs, as programs of this machine: from the first secrets to a key in somebody's hand.
func TestWhatComposeRunsGoesFromSecretsToAKeyInHand(t *testing.T) {
	o := install(t)
	makeNamespace(t, shows(t, o.secrets, "engine_client", o.programs)) // as temporal-namespace does
	o.run(o.environment("migrate"), o.project.Services["migrate"].Command...)
	o.stays("worker")
	o.stays("server")

	server := o.environment("server")
	file := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	o.run(server, "import", "establishments", file("e.csv", "numero_uai;appellation_officielle;nature_uai;etat_etablissement;"+
		"secteur_prive_code_type_contrat;code_academie;libelle_commune;code_postal_uai\n0069901E;Collège des Essais;340;1;99;23;Nice;06000\n"))
	o.run(server, "import", "staff", file("p.csv", "uai;uid;nom;prenom;mail;fonction\n0069901E;roux;Roux;Paul;roux@ecole.test;chef\n"+
		"0069901E;lea;Martin;Léa;lea@ecole.test;personnel\n"))
	o.run(server, "import", "keys", file("k.csv", "numero_de_serie;lot;date_d_expiration;uai\n8500000001;L1;31/12/2030;0069901E\n"))
	lea, roux := o.run(server, "token", "lea@ecole.test"), o.run(server, "token", "roux@ecole.test")
	request, _ := o.call(lea, "/requests", map[string]any{"establishment": "0069901E", "need": "notes"})["id"].(string)
	signal := func(token, name string, body map[string]any) map[string]any {
		return o.call(token, "/requests/"+request+"/signals/"+name, body)
	}
	signal(roux, "principal-decision", map[string]any{"decision": "approve", "comment": ""})
	signal(lea, "charter-and-pin", map[string]any{"charter": 1, "pin": "40718263"})
	assert.Equal(t, "handed_over", signal(roux, "handover", map[string]any{"serial": "8500000001"})["stage"])
	require.Eventually(t, func() bool { return len(o.box.To("lea@ecole.test")) >= 3 }, readyLimit, 100*time.Millisecond, "her mails")

	doctor := maps.Clone(o.environment("doctor"))
	doctor["OKEY_OIDC_ISSUER"] = describesItself(t) // the example's is nowhere
	said := o.command(doctor, "doctor")
	out, _ := said.CombinedOutput()
	assert.NotContains(t, string(out), "✗")
}

// describesItself is a provider as doctor asks for it.
func describesItself(t *testing.T) string {
	t.Helper()
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": s.URL, "authorization_endpoint": s.URL + "/a", "token_endpoint": s.URL + "/t", "jwks_uri": s.URL + "/k",
			"code_challenge_methods_supported": []string{"S256"},
		})
	}))
	t.Cleanup(s.Close)
	return s.URL
}
