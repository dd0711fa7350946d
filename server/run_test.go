package server_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"okey/config"
	"okey/internal/pgtest"
	"okey/internal/scene"
	"okey/server"
	"okey/sql"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// freePort is an address that nobody listens at, just now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

// settings are those of a whole server, its engine and its provider away.
func settings(t *testing.T, database string) config.Config {
	t.Helper()
	address := freePort(t)
	cfg, err := config.Load(map[string]string{
		"OKEY_DATABASE_URL": database, "OKEY_HTTP": address, "OKEY_METRICS": freePort(t), "OKEY_URL": "http://" + address,
		"OKEY_SUPPORT_MAIL": "assistance@ac-exemple.fr", "TEMPORAL_ADDRESS": freePort(t),
		"OKEY_OIDC_ISSUER": "http://127.0.0.1:1", "OKEY_OIDC_CLIENT_ID": "okey", "OKEY_OIDC_CLIENT_SECRET": "made-up",
		"OKEY_LINK_KEYS": config.NewKeyring().Reveal(), "OKEY_PIN_PEPPERS": config.NewKeyring().Reveal(),
		"OKEY_AUDIT_KEYS": config.NewKeyring().Reveal(),
	})
	require.NoError(t, err)
	require.NoError(t, cfg.Check(config.RoleServer))
	return cfg
}

// start runs a server until the test ends, or stop is called; stop returns what Run returned.
func start(t *testing.T, cfg config.Config) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx, cfg) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { _ = stop() })
	return stop
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text)
}

func eventually(t *testing.T, what func() bool) {
	t.Helper()
	require.Eventually(t, what, 20*time.Second, 50*time.Millisecond)
}

func TestTheServerWaitsForItsDatabaseAndSaysSo(t *testing.T) {
	db := pgtest.Empty(t)
	cfg := settings(t, db.AppURL)
	stop := start(t, cfg)
	eventually(t, func() bool { status, _ := get(t, cfg.URL+"/healthz"); return status == http.StatusOK })
	status, text := get(t, cfg.URL+"/readyz")
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.Contains(t, text, "database")
	status, _ = get(t, cfg.URL+"/api/v1/me")
	assert.Equal(t, http.StatusServiceUnavailable, status)

	require.NoError(t, sql.Migrate(t.Context(), db.AdminURL))
	eventually(t, func() bool { status, _ := get(t, cfg.URL+"/api/v1/me"); return status == http.StatusUnauthorized })
	status, text = get(t, cfg.URL+"/readyz")
	assert.Equal(t, http.StatusServiceUnavailable, status, "Temporal is away, and named")
	assert.Contains(t, text, `"schema":"ok"`)
	assert.Contains(t, text, `"temporal":"ne répond pas"`)
	status, text = get(t, "http://"+cfg.Metrics+"/metrics")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, text, `okey_http_requests_total{method="GET",route="/api/v1/me",status="401"}`)
	assert.NoError(t, stop())
}

func TestAnOccupiedPortIsNamed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	cfg := settings(t, pgtest.New(t).AppURL)
	cfg.HTTP = l.Addr().String()
	err = server.Run(t.Context(), cfg)
	assert.ErrorContains(t, err, "OKEY_HTTP")
	assert.ErrorContains(t, err, "déjà pris")
}

func TestTheOwnerOfTheAuditIsRefused(t *testing.T) {
	cfg := settings(t, pgtest.New(t).AdminURL)
	assert.ErrorContains(t, server.Run(t.Context(), cfg), "okey_app")
}

func TestTwoServersLiveInOneProcess(t *testing.T) {
	db := pgtest.New(t)
	one, two := settings(t, db.AppURL), settings(t, db.AppURL)
	two.Metrics = one.Metrics // taken: no reason not to serve
	start(t, one)
	start(t, two)
	for _, cfg := range []config.Config{one, two} {
		eventually(t, func() bool { status, _ := get(t, cfg.URL+"/api/v1/openapi.yaml"); return status == http.StatusOK })
	}
}

func TestTheLogTellsRoutesNeverURLs(t *testing.T) {
	pgtest.Alone(t) // the log is the process's
	h := newHouse(t)
	lea := h.Person("Léa Martin", "personnel", scene.Tilleuls)
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	defer slog.SetDefault(before)
	a := h.call(lea, http.MethodGet, "/keys/SECRET123?jeton=zq9xk", nil)
	assert.Equal(t, http.StatusNotFound, a.Status)
	get(t, h.URL+"/valider/jeton-tres-secret")
	get(t, h.URL+"/inconnue/jeton-tres-secret")
	said := log.String()
	assert.Contains(t, said, "/api/v1/keys/:serial")
	for _, secret := range []string{"SECRET123", "zq9xk", "jeton-tres-secret", "Martin"} {
		assert.NotContains(t, said, secret)
	}
}

func TestPagesKeepToThemselves(t *testing.T) {
	h := newHouse(t)
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, h.URL+"/aide", nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	for name, part := range map[string]string{
		"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
		"X-Frame-Options": "DENY",
	} {
		assert.Contains(t, response.Header.Get(name), part)
	}
	assert.NotContains(t, response.Header.Get("Content-Security-Policy"), "unsafe")
}
