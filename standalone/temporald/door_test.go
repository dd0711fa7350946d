package temporald

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/server/common/authorization"
	serverconfig "go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/temporal"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/durationpb"

	"okey/config"
	"okey/engine"
)

// provider signs tokens as an academy's OpenID provider does, and publishes its key.
type provider struct {
	*httptest.Server
	signer jose.Signer
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "one"}}, nil)
	require.NoError(t, err)
	public := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "one", Algorithm: string(jose.RS256), Use: "sig"}}}
	p := &provider{signer: signer, Server: httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(public)
	}))}
	t.Cleanup(p.Close)
	return p
}

// token is what somebody has who signed in there.
func (p *provider) token(t *testing.T, permissions ...string) string {
	t.Helper()
	text, err := jwt.Signed(p.signer).Claims(map[string]any{
		"sub": "sam", "exp": time.Now().Add(time.Hour).Unix(), "permissions": permissions,
	}).Serialize()
	require.NoError(t, err)
	return text
}

// composed is docker-compose.yml as an operator has set it, its secrets made by OKEY and put where the containers would find them.
func composed(t *testing.T, keys string, more map[string]string) (project *types.Project, secrets string) {
	t.Helper()
	asked := map[string]string{
		"OKEY_URL": "https://okey.ac-exemple.fr", "OKEY_SUPPORT_MAIL": "a@b.fr", "OKEY_MAIL_FROM": "a@b.fr", "OKEY_MAIL_DOMAIN": "b.fr",
		"OKEY_MAIL_RELAY": "relay:25", "OKEY_OIDC_ISSUER": "https://connexion.ac-exemple.fr", "OKEY_OIDC_CLIENT_ID": "okey",
		"TEMPORAL_UI_CLIENT_ID": "ui", "OKEY_HOLIDAYS_FILE": "calendar/demonstration.csv", "TEMPORAL_UI_JWKS_URL": keys,
	}
	maps.Copy(asked, more)
	project, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir: "../..", ConfigFiles: []types.ConfigFile{{Filename: "../../docker-compose.yml"}},
		Environment: asked,
	})
	require.NoError(t, err)
	secrets = t.TempDir()
	door, err := engine.NewDoor(time.Now())
	require.NoError(t, err)
	for name, content := range door {
		require.NoError(t, os.WriteFile(filepath.Join(secrets, name), []byte(content), 0o600))
	}
	return project, secrets
}

// environment is a service's, with the secrets' place and other words for what is elsewhere here.
func environment(project *types.Project, service, secrets string, instead map[string]string) map[string]string {
	found := map[string]string{}
	for name, value := range project.Services[service].Environment {
		if value != nil && *value != "" {
			found[name] = strings.ReplaceAll(*value, "/run/secrets/", secrets+"/")
		}
	}
	for name, value := range instead {
		found[name] = value
	}
	return found
}

// freePorts finds some that Temporal can write down: its table of members takes none above 32767.
func freePorts(t *testing.T, names ...string) map[string]string {
	t.Helper()
	ports := map[string]string{}
	for next := 10_000 + os.Getpid()%4_000; len(names) > 0; next++ {
		require.Less(t, next, 20_000, "no port is free")
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(next)))
		if err != nil {
			continue
		}
		require.NoError(t, listener.Close())
		ports[names[0]], names = strconv.Itoa(next), names[1:]
	}
	return ports
}

// engineOfCompose runs Temporal's server as its image does from the environment of docker-compose.yml, with the database and the ports of this
// machine.
func engineOfCompose(t *testing.T, project *types.Project, secrets string, base Database) (people, programs string) {
	t.Helper()
	host, port, err := net.SplitHostPort(base.Address)
	require.NoError(t, err)
	dynamic := filepath.Join(t.TempDir(), "dynamic.yaml")
	require.NoError(t, os.WriteFile(dynamic, []byte(project.Configs["temporal_dynamic"].Content), 0o600))
	ports := freePorts(
		t, "FRONTEND_GRPC_PORT", "FRONTEND_HTTP_PORT", "FRONTEND_MEMBERSHIP_PORT", "INTERNAL_FRONTEND_GRPC_PORT", "INTERNAL_FRONTEND_HTTP_PORT",
		"INTERNAL_FRONTEND_MEMBERSHIP_PORT", "HISTORY_GRPC_PORT", "HISTORY_MEMBERSHIP_PORT", "MATCHING_GRPC_PORT", "MATCHING_MEMBERSHIP_PORT",
		"WORKER_GRPC_PORT", "WORKER_MEMBERSHIP_PORT",
	)
	for name, value := range environment(project, "temporal", secrets, map[string]string{
		"POSTGRES_SEEDS": host, "DB_PORT": port, "POSTGRES_USER": base.User, "POSTGRES_PWD": base.Password, "BIND_ON_IP": "127.0.0.1",
		"DYNAMIC_CONFIG_FILE_PATH": dynamic, "NUM_HISTORY_SHARDS": "4",
	}) {
		t.Setenv(name, value)
	}
	for name, value := range ports {
		t.Setenv(name, value)
	}
	cfg, err := serverconfig.Load(serverconfig.WithEmbedded())
	require.NoError(t, err)
	authorizer, err := authorization.GetAuthorizerFromConfig(&cfg.Global.Authorization)
	require.NoError(t, err)
	claims, err := authorization.GetClaimMapperFromConfig(&cfg.Global.Authorization, log.NewNoopLogger())
	require.NoError(t, err)
	server, err := temporal.NewServer(
		temporal.ForServices(strings.Split(os.Getenv("TEMPORAL_SERVICES"), ",")), temporal.WithConfig(cfg),
		temporal.WithLogger(log.NewNoopLogger()), temporal.WithAuthorizer(authorizer),
		temporal.WithClaimMapper(func(*serverconfig.Config) authorization.ClaimMapper { return claims }),
	)
	require.NoError(t, err)
	require.NoError(t, server.Start())
	t.Cleanup(func() { require.NoError(t, server.Stop()) })
	return net.JoinHostPort("localhost", ports["FRONTEND_GRPC_PORT"]), net.JoinHostPort("localhost", ports["INTERNAL_FRONTEND_GRPC_PORT"])
}

// shows is a client with a certificate of the secrets, or with none.
func shows(t *testing.T, secrets, name, address string) client.Client {
	t.Helper()
	authority, err := os.ReadFile(filepath.Join(secrets, "engine_ca"))
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(authority))
	options := client.Options{HostPort: address, Namespace: namespace}
	options.ConnectionOptions.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	if name != "" {
		pair, err := tls.LoadX509KeyPair(filepath.Join(secrets, name+"_cert"), filepath.Join(secrets, name+"_key"))
		require.NoError(t, err)
		options.ConnectionOptions.TLS.Certificates = []tls.Certificate{pair}
	}
	c, err := client.NewLazyClient(options)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// makeNamespace makes OKEY's, and waits until it is known everywhere.
func makeNamespace(t *testing.T, c client.Client) {
	t.Helper()
	require.Eventually(t, func() bool {
		_, err := c.WorkflowService().RegisterNamespace(t.Context(), &workflowservice.RegisterNamespaceRequest{
			Namespace: namespace, WorkflowExecutionRetentionPeriod: durationpb.New(retention),
		})
		var exists *serviceerror.NamespaceAlreadyExists
		return (err == nil || errors.As(err, &exists)) && asks(t, c, "") == nil
	}, readyLimit, 100*time.Millisecond)
}

// asks lists what runs, as the bearer of a token or as nobody.
func asks(t *testing.T, c client.Client, token string) error {
	t.Helper()
	_, err := c.ListWorkflow(bearing(t, token), &workflowservice.ListWorkflowExecutionsRequest{Namespace: namespace})
	return err
}

func bearing(t *testing.T, token string) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	if token == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
}

// Temporal's frontend is open to nobody but OKEY's programs by their certificate, and to people by the UI's and what their provider says of
// them: the real engine, configured by docker-compose.yml as it stands.
func TestTheEnginesDoorOfCompose(t *testing.T) {
	theirs := newProvider(t)
	project, secrets := composed(t, theirs.URL, nil)
	base := database(t)
	require.NoError(t, base.migrate(t.Context(), log.NewNoopLogger()))
	people, programs := engineOfCompose(t, project, secrets, base)

	for _, service := range []string{"server", "worker", "migrate", "doctor"} { // each by its own settings, through OKEY's own client
		env := environment(project, service, secrets, map[string]string{"TEMPORAL_ADDRESS": programs})
		cfg := config.Config{TemporalAddress: programs, TemporalNamespace: namespace, Temporal: config.TemporalEnv{}}
		for name, value := range env {
			if strings.HasPrefix(name, "TEMPORAL_") {
				cfg.Temporal[name] = value
			}
		}
		c, err := engine.Dial(cfg)
		require.NoError(t, err, service)
		t.Cleanup(c.Close)
		require.Eventually(t, func() bool {
			_, err = c.CheckHealth(t.Context(), &client.CheckHealthRequest{})
			return err == nil
		}, readyLimit, 50*time.Millisecond, "%s: %v", service, err)
		if service == "server" {
			makeNamespace(t, c)
		}
		require.NoError(t, asks(t, c, ""), service)
		if service == "worker" {
			runWorker(t, c)
			run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "one", TaskQueue: "test"}, Wait, 0)
			require.NoError(t, err)
			require.NoError(t, c.SignalWorkflow(t.Context(), "one", "", "word", "bonjour"))
			var word string
			require.NoError(t, run.Get(t.Context(), &word))
			require.Equal(t, "bonjour", word)
		}
	}

	for _, address := range []string{people, programs} {
		plain, err := client.NewLazyClient(client.Options{HostPort: address, Namespace: namespace})
		require.NoError(t, err)
		t.Cleanup(plain.Close)
		require.Error(t, asks(t, plain, ""), "without TLS")
		require.Error(t, asks(t, shows(t, secrets, "", address), theirs.token(t, "okey:write")), "without a certificate")
	}
	require.Error(t, asks(t, shows(t, secrets, "engine_ui", programs), ""), "the UI's certificate does not open the programs' door")
	require.Error(t, asks(t, shows(t, secrets, "engine_client", people), ""), "nor the other way round")

	ui := shows(t, secrets, "engine_ui", people)
	require.NoError(t, asks(t, ui, theirs.token(t, "okey:read")), "an auditor")
	require.NoError(t, asks(t, ui, theirs.token(t, "okey:write")), "support")
	var denied *serviceerror.PermissionDenied
	for whose, token := range map[string]string{
		"nobody": "", "whoever may sign in": theirs.token(t), "somebody of another namespace": theirs.token(t, "other:write"),
		"somebody of another provider": newProvider(t).token(t, "okey:write"),
	} {
		require.ErrorAs(t, asks(t, ui, token), &denied, whose)
	}
	require.ErrorAs(t, ui.SignalWorkflow(bearing(t, theirs.token(t, "okey:read")), "one", "", "word", "non"), &denied, "an auditor changes nothing")
	var closed *serviceerror.NotFound
	require.ErrorAs(t, ui.SignalWorkflow(bearing(t, theirs.token(t, "okey:write")), "one", "", "word", "oui"), &closed, "it has ended, and support may")
}
