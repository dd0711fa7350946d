package metrics_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"okey/config"
	"okey/engine"
	"okey/internal/metrics"
	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhoIsFarAwayIsToldNothing(t *testing.T) {
	handler := metrics.Nearby(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for from, status := range map[string]int{
		"127.0.0.1:1": 200, "[::1]:1": 200, "172.18.0.7:4711": 200, "[::ffff:10.1.2.3]:1": 200, "[fd00::7]:1": 200,
		"192.0.2.7:4711": 403, "[2001:db8::7]:1": 403, "": 403,
	} {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.RemoteAddr = from
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		assert.Equal(t, status, answer.Code, from)
	}
}

func TestHealthIsWhatTheCheckSays(t *testing.T) {
	address := freeAddress(t)
	var ill atomic.Bool
	stop := metrics.Serve(address, metrics.NewRegistry(), func() error {
		if ill.Load() {
			return errors.New("no poll for workflow tasks")
		}
		return nil
	})
	status, _ := get(t, address, "/healthz")
	assert.Equal(t, http.StatusOK, status)
	ill.Store(true)
	status, text := get(t, address, "/healthz")
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.Contains(t, text, "no poll for workflow tasks")
	status, text = get(t, address, "/metrics")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, text, `okey_build_info{goversion="go`)
	stop()
	response, err := http.Get("http://" + address + "/healthz")
	if !assert.Error(t, err) {
		assert.NoError(t, response.Body.Close())
	}
}

// What is away is told, and takes no other figure along.
func TestWhatIsAwayIsTold(t *testing.T) {
	s := scene.New(t)
	nobody := freeAddress(t)
	c, err := engine.Dial(config.Config{Temporal: config.TemporalEnv{"TEMPORAL_ADDRESS": nobody}})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	registry := prometheus.NewRegistry()
	metrics.WatchWork(registry, s.Store, c)
	told := gathered(t, registry)
	assert.InDelta(t, 1, told["okey_database_up"], 0)
	assert.InDelta(t, 0, told["okey_engine_up"], 0)
	assert.NotContains(t, told, `okey_schedule_period_seconds{schedule="retention"}`)

	away, err := sql.Open("postgres://okey:x@"+nobody+"/okey?sslmode=disable", s.Keys)
	require.NoError(t, err)
	registry = prometheus.NewRegistry()
	metrics.WatchWork(registry, away, c)
	assert.Equal(t, map[string]float64{"okey_database_up": 0, "okey_engine_up": 0}, gathered(t, registry))
}

func TestWhatWaitsIsCountedAndHowLongIt(t *testing.T) {
	s := scene.New(t)
	now := time.Now()
	ago := func(days float64) time.Time { return now.Add(-time.Duration(days * 24 * float64(time.Hour))) }
	for i, since := range []float64{0.5, 3, 3, 12, 45} {
		p := s.Person("Léa Martin "+string(rune('a'+i)), "personnel", scene.Tilleuls)
		s.Exec(`INSERT INTO request (id, person, uai, need, reason, stage, since, asked_at)
			VALUES (gen_random_uuid(), $1, $2, '', 'first', 'awaiting_decision', $3, $3)`, p.ID, string(scene.Tilleuls), ago(since))
	}
	owed, p := uuid.New(), s.Person("Ali Benali", "personnel", scene.Acacias)
	s.Exec(`INSERT INTO request (id, person, uai, need, reason, stage, since, asked_at, approved_at, wake_up_owed)
		VALUES ($1, $2, $3, '', 'first', 'awaiting_charter', $4, $4, $4, true)`, owed, p.ID, string(scene.Acacias), ago(1.5))
	s.Key(scene.Tilleuls)
	s.Key(scene.Tilleuls)
	kept := s.Key(scene.Acacias)
	s.Exec(`UPDATE key SET state = 'reserved', request = $1, changed_at = $2 WHERE serial = $3`, owed, ago(0.25), string(kept))
	s.KeyOf(p, scene.Acacias, okey.DayOf(now, time.UTC))
	for i, at := range []float64{0.01, 2} {
		s.Exec(`INSERT INTO action (id, request, name, via, content, digest, created_at) VALUES (gen_random_uuid(), $1, $2, 'web', '{}', '', $3)`,
			owed, []string{"withdrawal", "ask"}[i], ago(at))
	}
	for i, m := range []struct {
		state    string
		at       float64
		returned any
	}{{"queued", 3, nil}, {"queued", 0.1, nil}, {"sent", 0.5, nil}, {"sent", 2, nil}, {"failed", 0.2, nil}, {"failed", 0.2, now}} {
		s.Exec(`INSERT INTO mail (id, kind, ref, address, message_id, state, created_at, returned_at)
			VALUES (gen_random_uuid(), 'reminder', $1, '', gen_random_uuid(), $2, $3, $4)`, i, m.state, ago(m.at), m.returned)
	}
	s.Exec(`INSERT INTO trouble (id, kind, workflow, what, error, attempts, since, last_at)
		VALUES (gen_random_uuid(), 'activity', 'w', 'Judge', 'x', 5, $1, $1)`, now)
	s.Exec(`UPDATE audit_head SET seq = 42`)
	_, err := s.Store.KeepReceivers(t.Context(), map[string]string{"portail": "h"})
	require.NoError(t, err)
	s.Exec(`INSERT INTO outbox (seq, type, at, serial, state, uai, created_at)
		SELECT n, 'key.lost', $1, $2, 'lost', $3, $1 FROM generate_series(1, 3) n`, ago(4), string(kept), string(scene.Acacias))
	s.Exec(`UPDATE audit_head SET event_seq = 3`)
	s.Exec(`UPDATE webhook_receiver SET ahead = '{2}'`)
	require.NoError(t, s.Store.NoteExamined(t.Context(), ago(2)))
	require.NoError(t, s.Store.NoteExamined(t.Context(), ago(1)))
	require.NoError(t, s.Store.NoteBackup(t.Context(), ago(3)))

	c, err := engine.Dial(config.Config{Temporal: config.TemporalEnv{"TEMPORAL_ADDRESS": freeAddress(t)}})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	registry := prometheus.NewRegistry()
	metrics.WatchWork(registry, s.Store, c)
	told := gathered(t, registry)
	for series, want := range map[string]float64{
		`okey_requests{age="under_1d",stage="awaiting_decision"}`: 1, `okey_requests{age="1d_to_7d",stage="awaiting_decision"}`: 2,
		`okey_requests{age="7d_to_30d",stage="awaiting_decision"}`: 1, `okey_requests{age="over_30d",stage="awaiting_decision"}`: 1,
		`okey_requests{age="1d_to_7d",stage="awaiting_charter"}`: 1, `okey_requests{age="over_30d",stage="awaiting_stock"}`: 0,
		`okey_actions_unjudged`: 2, `okey_wake_ups_owed`: 1,
		`okey_mails{state="queued"}`: 2, `okey_mails{state="sent"}`: 1, `okey_mails{state="failed"}`: 1, `okey_mails{state="returned"}`: 1,
		`okey_mails{state="dropped"}`:                      0,
		`okey_keys{academy="Nice",state="in_stock"}`:       2,
		`okey_keys{academy="Nice",state="reserved"}`:       0,
		`okey_keys{academy="Guadeloupe",state="reserved"}`: 1,
		`okey_keys{academy="Guadeloupe",state="in_stock"}`: 0,
		`okey_troubles{kind="activity"}`:                   1,
		`okey_troubles{kind="workflow"}`:                   0,
		`okey_webhook_events{receiver="portail"}`:          2,
		`okey_audit_entries`:                               42,
		`okey_audit_examined_timestamp_seconds`:            float64(ago(1).Unix()),
		`okey_backup_last_success_timestamp_seconds`:       float64(ago(3).Unix()),
	} {
		got, told := told[series]
		assert.True(t, told, series)
		assert.InDelta(t, want, got, 0, series)
	}
	for series, days := range map[string]float64{
		`okey_actions_unjudged_oldest_age_seconds`: 2, `okey_wake_ups_owed_oldest_age_seconds`: 0.25,
		`okey_mails_queued_oldest_age_seconds`: 3, `okey_webhook_events_oldest_age_seconds{receiver="portail"}`: 4,
	} {
		assert.InDelta(t, days*86400, told[series], 60, series)
	}
	assert.NotContains(t, told, `okey_keys{academy="Guadeloupe",state="in_service"}`, "those in hand are not counted each half minute")
	assert.Equal(t, told, gathered(t, registry), "two who ask at once are told the same, ages and all")
}

// gathered are the series by name and labels.
func gathered(t *testing.T, from prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := from.Gather()
	require.NoError(t, err)
	found := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			name := family.GetName()
			for i, label := range m.GetLabel() {
				name += []string{"{", ","}[min(i, 1)] + label.GetName() + `="` + label.GetValue() + `"`
			}
			if len(m.GetLabel()) > 0 {
				name += "}"
			}
			found[name] = m.GetGauge().GetValue()
		}
	}
	return found
}

func get(t *testing.T, address, path string) (int, string) {
	t.Helper()
	answer, err := http.Get("http://" + address + path)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(text)
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}
