package server_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"okey/config"
	"okey/internal/pgtest"
	"okey/internal/scene"
	"okey/internal/telemetry"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// asked is the header of an answer.
func asked(t *testing.T, url string, header ...string) http.Header {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.Header
}

func TestWhatARequestIsCalledIsBelievedOfTrustedProxiesAlone(t *testing.T) {
	proxied := newHouseWith(t, func(cfg *config.Config) { cfg.TrustedProxies = []string{"10.0.0.0/8", "127.0.0.1"} })
	strange := proxied.beside(func(cfg *config.Config) { cfg.TrustedProxies = []string{"10.0.0.0/8", "192.0.2.7"} })
	for given, kept := range map[string]bool{
		"4bf92f3577b34da6a3ce929d0e0e4736": true, uuid.NewString(): true, "web-3.17_2026": true,
		"short": false, strings.Repeat("x", 65): false, "léa@ecole.test": false, `lea" level=ERROR`: false, "": false,
	} {
		for h, trusts := range map[*house]bool{proxied: true, strange: false} {
			answered := asked(t, h.URL+"/aide", "X-Request-Id", given).Values("X-Request-Id")
			require.Len(t, answered, 1)
			assert.Equal(t, kept && trusts, answered[0] == given, "%q became %q", given, answered[0])
			if !kept || !trusts {
				assert.NoError(t, uuid.Validate(answered[0]))
			}
		}
	}
	lea := proxied.Person("Léa Martin", "personnel", scene.Tilleuls)
	for given, instance := range map[string]string{
		"web-3.17_2026":                        "x-request-id:web-3.17_2026",
		"3c1f0f6a-52a7-4f0e-9d6b-1f2a5e7c8b90": "urn:uuid:3c1f0f6a-52a7-4f0e-9d6b-1f2a5e7c8b90",
	} {
		a := proxied.call(lea, http.MethodGet, "/requests/"+uuid.NewString(), nil, "X-Request-Id", given)
		assert.Equal(t, instance, a.at("instance"))
	}
}

// Each line of a request says which, and which action it has brought.
func TestEachLineSaysWhichRequestAndWhichAction(t *testing.T) {
	pgtest.Alone(t) // the log is the process's
	var log bytes.Buffer
	var lock sync.Mutex
	was := slog.Default()
	slog.SetDefault(slog.New(telemetry.NewHandler(writerFunc(func(p []byte) (int, error) {
		lock.Lock()
		defer lock.Unlock()
		return log.Write(p)
	}), "text", slog.LevelDebug)))
	t.Cleanup(func() { slog.SetDefault(was) })
	h := newHouseWith(t, func(cfg *config.Config) { cfg.TrustedProxies = []string{"127.0.0.1"} })
	c := h.cast()
	h.cutOff(true)
	action := uuid.NewString()
	a := h.call(c.lea, http.MethodPost, "/requests", map[string]any{"establishment": scene.Tilleuls, "need": "saisie"},
		"X-Request-Id", "proxy-1-17", "Idempotency-Key", action)
	require.Equal(t, http.StatusAccepted, a.Status, a.Text)
	lock.Lock()
	defer lock.Unlock()
	for _, message := range []string{`msg="an action was recorded but not delivered yet"`, "msg=request "} {
		line := ""
		for one := range strings.Lines(log.String()) {
			if strings.Contains(one, message) && strings.Contains(one, "proxy-1-17") {
				line = one
			}
		}
		assert.Equal(t, 1, strings.Count(line, "request_id=proxy-1-17"), "%s: %s", message, line)
		assert.Equal(t, 1, strings.Count(line, "action="+action), "%s: %s", message, line)
	}
}

// A stranger could put spans among those of others.
func TestATraceIsContinuedForTrustedProxiesAlone(t *testing.T) {
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	id, err := hex.DecodeString(trace)
	require.NoError(t, err)
	for proxies, continued := range map[string]bool{"127.0.0.1": true, "10.0.0.0/8": false} {
		var lock sync.Mutex
		var sent bytes.Buffer
		collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			lock.Lock()
			defer lock.Unlock()
			_, _ = io.Copy(&sent, r.Body)
		}))
		t.Cleanup(collector.Close)
		cfg := settings(t, pgtest.New(t).AppURL)
		cfg.TracesURL, cfg.TrustedProxies = collector.URL, []string{proxies}
		stop := start(t, cfg)
		eventually(t, func() bool { status, _ := get(t, cfg.URL+"/aide"); return status == http.StatusOK })
		asked(t, cfg.URL+"/valider/jeton-tres-secret", "Traceparent", "00-"+trace+"-00f067aa0ba902b7-01")
		require.NoError(t, stop(), "what is left is sent")
		lock.Lock()
		assert.Equal(t, continued, bytes.Contains(sent.Bytes(), id), "behind %s", proxies)
		assert.Contains(t, sent.String(), "GET /valider/:token")
		assert.Contains(t, sent.String(), "SELECT attempt")
		assert.NotContains(t, sent.String(), "jeton-tres-secret")
		lock.Unlock()
	}
}
