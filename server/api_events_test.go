package server_test

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"okey/config"
	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// watcher is a program that reads events.
type watcher struct {
	*house
	token string
}

func (h *house) watcher() watcher {
	return watcher{h, h.tokenFor(sql.Bearer{Service: "authentification", Scopes: []string{"events"}}, time.Hour)}
}

func (w watcher) read(query string) answer {
	return w.send(w.token, http.MethodGet, "/events"+query, nil)
}

// happens has something happen to a key, at once.
func (h *house) happens(serial okey.Serial, reason okey.KeyReason) {
	h.Helper()
	require.NoError(h, h.Store.Do(context.Background(), func(tx *sql.Tx) error {
		_, err := tx.ChangeKey(context.Background(), serial, sql.KeyChange{Reason: reason, At: scene.Now, Via: okey.ViaEngine})
		return err
	}))
}

func TestAProgramReadsWhatHappenedAfterANumber(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	w := h.watcher()
	start := w.read("")
	require.Equal(t, http.StatusOK, start.Status, start.Text)
	assert.Empty(t, start.at("events"))
	serial := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2030, 1, 1))
	h.happens(serial, okey.ReasonLost)
	h.happens(serial, okey.ReasonFound)
	one := w.read("?limit=1&after=" + number(start.at("next")))
	require.Equal(t, http.StatusOK, one.Status, one.Text)
	assert.Equal(t, "key.lost", one.at("events", 0, "type"))
	assert.Equal(t, c.lea.UID, one.at("events", 0, "data", "holder"), "who had it until now")
	assert.Equal(t, "lost", one.at("events", 0, "data", "state"))
	assert.Equal(t, "2030-01-01", one.at("events", 0, "data", "expires_on"))
	two := w.read("?after=" + number(one.at("next")))
	assert.Equal(t, "key.found", two.at("events", 0, "type"))
	assert.Nil(t, two.at("events", 0, "data", "holder"))
	assert.Equal(t, two.at("last"), two.at("next"))
	assert.Equal(t, one.at("events", 0, "id"), w.read("?limit=1&after="+number(start.at("next"))).at("events", 0, "id"), "a repeat says so")
	for _, secret := range []string{"Léa", "Martin", c.lea.Mail, c.lea.ID.String()} {
		assert.NotContains(t, one.Text+two.Text, secret)
	}
}

func number(n any) string { return strconv.Itoa(int(n.(float64))) }

// A setting leaves fields out; the serial stays.
func TestEventsHaveTheFieldsOfTheSetting(t *testing.T) {
	h := newHouse(t)
	serial := h.KeyOf(h.cast().lea, scene.Tilleuls, okey.NewDay(2030, 1, 1))
	h.happens(serial, okey.ReasonLost)
	w := h.beside(func(cfg *config.Config) { cfg.EventFields = []string{"state"} }).watcher()
	assert.Equal(t, map[string]any{"serial": string(serial), "state": "lost"}, w.read("?after=0").at("events", 0, "data"))
}

func TestAWaitEndsWhenSomethingHappens(t *testing.T) {
	h := newHouse(t)
	serial := h.Key(scene.Tilleuls)
	w := h.watcher()
	answered := make(chan answer, 1)
	go func() { answered <- w.read("?after=0&wait=30") }()
	require.Eventually(t, func() bool { return h.Server.Waiting() == 1 }, 20*time.Second, time.Millisecond)
	h.happens(serial, okey.ReasonLost)
	a := <-answered
	assert.Equal(t, "key.lost", a.at("events", 0, "type"), a.Text)
	assert.Zero(t, h.Server.Waiting())
}

func TestAWaitEndsWithTheServer(t *testing.T) {
	h := newHouse(t)
	w := h.watcher()
	answered := make(chan answer, 1)
	go func() { answered <- w.read("?after=0&wait=30") }()
	require.Eventually(t, func() bool { return h.Server.Waiting() == 1 }, 20*time.Second, time.Millisecond)
	h.Server.Leave()
	a := <-answered
	assert.Equal(t, http.StatusOK, a.Status)
	assert.Empty(t, a.at("events"))
}

func TestTooManyThatWaitAreToldSo(t *testing.T) {
	h := newHouse(t)
	w := h.watcher()
	for range 64 {
		go w.read("?after=0&wait=30")
	}
	require.Eventually(t, func() bool { return h.Server.Waiting() == 64 }, 20*time.Second, time.Millisecond)
	defer h.Server.Leave()
	a := w.read("?after=0&wait=1")
	assert.Equal(t, http.StatusServiceUnavailable, a.Status)
	assert.Equal(t, "15", a.Header.Get("Retry-After"))
	assert.Equal(t, http.StatusOK, w.read("?after=0").Status, "who does not wait is answered")
}

func TestEventsThatAreGoneAreSaidToBe(t *testing.T) {
	h := newHouse(t)
	serial := h.Key(scene.Tilleuls)
	for _, reason := range []okey.KeyReason{okey.ReasonLost, okey.ReasonFound, okey.ReasonLost} {
		h.happens(serial, reason)
	}
	h.Exec(`DELETE FROM outbox WHERE seq <= 2`)
	w := h.watcher()
	for query, status := range map[string]int{
		"?after=0": http.StatusGone, "?after=1": http.StatusGone, "?after=1&wait=30": http.StatusGone, "?after=2": http.StatusOK, "?after=3": http.StatusOK,
		"?after=4": http.StatusGone, // a database that was restored
		"?after=x": http.StatusUnprocessableEntity, "?after=-1": http.StatusUnprocessableEntity, "?wait=31&after=2": http.StatusUnprocessableEntity,
		"?limit=0&after=2": http.StatusUnprocessableEntity, "?since=2": http.StatusUnprocessableEntity,
	} {
		a := w.read(query)
		assert.Equal(t, status, a.Status, "%s: %s", query, a.Text)
		if status == http.StatusGone {
			assert.Equal(t, "events_gone", a.at("code"))
		}
	}
	h.Exec(`DELETE FROM outbox`)
	assert.Equal(t, http.StatusOK, w.read("?after=3").Status, "all are gone, and all were read")
	assert.True(t, strings.HasPrefix(w.read("?after=2").Header.Get("Content-Type"), "application/problem+json"))
}
