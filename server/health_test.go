package server_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"okey/internal/pgtest"
	"okey/internal/version"
	"okey/server"
	"okey/server/act"
	"okey/sql"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHealthAnswersEveryProbe(t *testing.T) {
	h := newHouse(t)
	for method, want := range map[string]int{http.MethodGet: 200, http.MethodHead: 200, http.MethodPost: 405} {
		request, err := http.NewRequestWithContext(t.Context(), method, h.URL+"/healthz", http.NoBody)
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err, method)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, want, response.StatusCode, method)
	}
	_, said := get(t, h.URL+"/healthz")
	assert.JSONEq(t, `{"status":"ok","version":"`+version.String()+`"}`, said)
}

// another runs a server over a database of its own address, with the house's people and another engine.
func (h *house) another(address string, engine act.Engine) *house {
	h.Helper()
	store, err := sql.Open(address, h.Keys)
	require.NoError(h, err)
	ctx, cancel := context.WithCancel(context.Background())
	outcomes, err := store.ListenOutcomes(ctx)
	require.NoError(h, err)
	web := httptest.NewUnstartedServer(nil)
	other := &house{Scene: h.Scene, Judges: h.Judges, Config: h.Config, spec: h.spec, URL: "http://" + web.Listener.Addr().String()}
	other.Config.URL = other.URL
	other.Server = server.New(other.Config, store, outcomes, engine)
	web.Config.Handler = other.Server.Handler()
	web.Start()
	h.Cleanup(func() {
		cancel()
		web.CloseClientConnections()
		web.Close()
		other.Server.Close()
		_ = store.Close()
	})
	return other
}

// stuck is an engine that does not even come back.
type stuck struct {
	act.Engine
	asked atomic.Int32
	until chan struct{}
}

func (s *stuck) Ready(context.Context) error {
	s.asked.Add(1)
	<-s.until
	return nil
}

func TestReadinessNamesWhatHangsAndAsksItOnce(t *testing.T) {
	h := newHouse(t)
	engine := &stuck{Engine: h.Judges, until: make(chan struct{})}
	t.Cleanup(func() { close(engine.until) })
	other := h.another(h.Scene.URL, engine)
	for range 2 {
		status, text := get(t, other.URL+"/readyz")
		assert.Equal(t, http.StatusServiceUnavailable, status)
		assert.Contains(t, text, `"temporal":"ne répond pas"`)
		assert.Contains(t, text, `"database":"ok"`)
		assert.Contains(t, text, `"notifications":"ok"`)
	}
	assert.EqualValues(t, 1, engine.asked.Load())
}

func TestReadinessNamesASilentDatabase(t *testing.T) {
	h := newHouse(t)
	proxy := pgtest.NewProxy(t, h.Scene.URL)
	other := h.another(proxy.URL, h.Judges)
	status, _ := get(t, other.URL+"/readyz")
	require.Equal(t, http.StatusOK, status)
	proxy.Silence()
	status, text := get(t, other.URL+"/readyz")
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.Contains(t, text, `"database":"ne répond pas"`)
	assert.Contains(t, text, `"temporal":"ok"`)
}

func TestReadinessSurvivesAProxyThatClosesIdleConnections(t *testing.T) {
	h := newHouse(t)
	proxy := pgtest.NewProxy(t, h.Scene.URL)
	other := h.another(proxy.URL, h.Judges)
	for range 5 {
		status, text := get(t, other.URL+"/readyz")
		require.Equal(t, http.StatusOK, status, text)
		proxy.Drop()
	}
}

func TestReadinessNamesADatabaseThatTakesNoWrites(t *testing.T) {
	h := newHouse(t)
	other := h.another(h.Scene.URL, h.Judges)
	h.Exec(`DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$`)
	status, text := get(t, other.URL+"/readyz")
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.Contains(t, text, `"database":"en lecture seule`)
}

func TestReadinessIsNotLostWithNotifications(t *testing.T) {
	h := newHouse(t)
	proxy := pgtest.NewProxy(t, h.Scene.URL)
	other := h.another(proxy.URL, h.Judges)
	require.Equal(t, 1, proxy.Silence(), "the listening connection: no other was needed yet")
	status, text := get(t, other.URL+"/readyz")
	assert.Equal(t, http.StatusOK, status, text)
	assert.Contains(t, text, `"notifications":"n'arrivent pas`)
}
