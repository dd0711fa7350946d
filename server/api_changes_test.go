package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// idsOf are the ids of what a list answers.
func idsOf(a answer, list string) (ids []string) {
	for _, one := range a.at(list).([]any) {
		ids = append(ids, one.(map[string]any)["id"].(string))
	}
	return ids
}

// since is the address of a list from an instant on.
func since(path string, at time.Time) string {
	return path + "?changed_since=" + url.QueryEscape(at.Format(time.RFC3339Nano))
}

func TestWhoAsksForChangesGetsWhatWasWrittenSince(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	begun := time.Now().Add(-time.Minute)
	quiet, busy := h.ask(c.lea, scene.Tilleuls), h.ask(c.roux, scene.Tilleuls)
	order := h.call(c.roux, http.MethodPost, "/orders", map[string]any{"establishment": scene.Tilleuls, "quantity": 3, "comment": "rentrée"}).at("id").(string)
	assert.Len(t, idsOf(h.call(c.support, http.MethodGet, since("/requests", begun), nil), "requests"), 2)
	assert.Len(t, idsOf(h.call(c.support, http.MethodGet, since("/orders", begun), nil), "orders"), 1)

	h.Exec(`UPDATE request SET touched_at = '2020-01-01'`)
	h.Exec(`UPDATE key_order SET touched_at = '2020-01-01'`)
	assert.Empty(t, idsOf(h.call(c.support, http.MethodGet, since("/requests", begun), nil), "requests"))
	assert.Empty(t, idsOf(h.call(c.support, http.MethodGet, since("/orders", begun), nil), "orders"))
	require.Equal(t, http.StatusOK, h.signal(c.roux, busy, okey.Withdrawal, map[string]any{}).Status)
	require.Equal(t, http.StatusOK, h.call(c.roux, http.MethodPost, "/orders/"+order+"/signals/cancellation", map[string]any{}).Status)
	assert.Equal(t, []string{strings.TrimPrefix(busy, "/requests/")}, idsOf(h.call(c.support, http.MethodGet, since("/requests", begun), nil), "requests"))
	assert.Equal(t, []string{order}, idsOf(h.call(c.support, http.MethodGet, since("/orders", begun), nil), "orders"))

	// A step that is done again after a fault carries the instant of its first try.
	h.Exec(`UPDATE request SET turn = turn + 1, since = '2020-01-01' WHERE id = $1`, strings.TrimPrefix(quiet, "/requests/"))
	assert.Len(t, idsOf(h.call(c.support, http.MethodGet, since("/requests", begun), nil), "requests"), 2, "it is told all the same")
	for _, path := range []string{"/requests", "/orders", "/keys"} {
		assert.Equal(t, "changed_since", h.call(c.support, http.MethodGet, path+"?changed_since=hier", nil).at("field"), path)
	}
}

func TestListsAreNarrowedToAPersonByUID(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.KeyOf(c.blanc, scene.Tilleuls, okey.NewDay(2030, time.March, 31))
	h.KeyOf(c.roux, scene.Tilleuls, okey.NewDay(2030, time.March, 31))
	h.ask(c.lea, scene.Tilleuls)
	elsewhere := h.ask(c.stranger, scene.Acacias)
	for uid, want := range map[string]int{c.lea.UID: 1, strings.ToUpper(c.lea.UID): 1, c.roux.UID: 0, "personne": 0} {
		assert.Len(t, idsOf(h.call(c.support, http.MethodGet, "/requests?requester="+url.QueryEscape(uid), nil), "requests"), want, uid)
	}
	assert.Equal(t, []string{strings.TrimPrefix(elsewhere, "/requests/")},
		idsOf(h.call(c.support, http.MethodGet, "/requests?requester="+c.stranger.UID, nil), "requests"))
	assert.Empty(t, idsOf(h.call(c.roux, http.MethodGet, "/requests?requester="+c.stranger.UID, nil), "requests"), "out of reach")

	program := h.tokenFor(sql.Bearer{Service: "annuaire", Scopes: []string{"keys"}}, time.Hour)
	held := h.send(program, http.MethodGet, "/keys?holder="+strings.ToUpper(c.blanc.UID), nil)
	assert.Len(t, held.at("keys"), 1)
	assert.Equal(t, string(serial), held.at("keys", 0, "serial"))
	assert.Empty(t, h.send(program, http.MethodGet, "/keys?holder=personne", nil).at("keys"))
}

func TestALinkLeadsToTheNextPage(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	h.Key(scene.Tilleuls)
	first := h.call(c.roux, http.MethodGet, "/keys?limit=1&state=in_stock", nil)
	target, isNext := strings.CutSuffix(strings.TrimPrefix(first.Header.Get("Link"), "<"+h.URL+"/api/v1"), `>; rel="next"`)
	require.True(t, isNext, first.Header.Get("Link"))
	second := h.call(c.roux, http.MethodGet, target, nil)
	require.Equal(t, http.StatusOK, second.Status, second.Text)
	assert.NotEqual(t, first.at("keys", 0, "serial"), second.at("keys", 0, "serial"))
	assert.Contains(t, target, "state=in_stock")
	assert.Empty(t, second.Header.Get("Link"), "the last page")
}

// What a program has read it names when it asks again.
func TestWhatHasNotChangedIsNotSentAgain(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	request := h.ask(c.lea, scene.Tilleuls)
	h.Key(scene.Tilleuls)
	require.Equal(t, http.StatusCreated, h.call(c.roux, http.MethodPost, "/orders",
		map[string]any{"establishment": scene.Tilleuls, "quantity": 3, "comment": "rentrée"}).Status)
	export := h.call(c.support, http.MethodPost, "/exports", nil).at("id").(string)
	for _, path := range []string{
		"/me", "/charter", request, "/requests", "/keys", "/orders", "/exports", "/exports/" + export, "/exports/" + export + ".xlsx",
	} {
		read := h.call(c.support, http.MethodGet, path, nil)
		tag := read.Header.Get("ETag")
		require.Equal(t, http.StatusOK, read.Status, path)
		require.Regexp(t, `^"[0-9a-f]{64}"$`, tag, path)
		for _, known := range []string{tag, "W/" + tag, `"x", ` + tag, "*"} {
			again := h.call(c.support, http.MethodGet, path, nil, "If-None-Match", known)
			assert.Equal(t, http.StatusNotModified, again.Status, "%s: %s", path, known)
			assert.Empty(t, again.Text, path)
			assert.Equal(t, tag, again.Header.Get("ETag"), path)
			assert.Equal(t, read.Header.Get("Cache-Control"), again.Header.Get("Cache-Control"), path)
		}
		other := h.call(c.support, http.MethodGet, path, nil, "If-None-Match", `"x"`)
		assert.Equal(t, http.StatusOK, other.Status, path)
		assert.Equal(t, read.Text, other.Text, path)
	}
	was := h.call(c.lea, http.MethodGet, request, nil).Header.Get("ETag")
	require.Equal(t, http.StatusOK, h.signal(c.roux, request, okey.PrincipalDecision, map[string]any{"decision": "approve"}).Status)
	now := h.call(c.lea, http.MethodGet, request, nil, "If-None-Match", was)
	assert.Equal(t, http.StatusOK, now.Status)
	assert.Equal(t, "awaiting_charter", now.at("stage"))

	missing := h.call(c.stranger, http.MethodGet, request, nil, "If-None-Match", "*")
	assert.Equal(t, http.StatusNotFound, missing.Status, "who may not see it is told nothing of it")
	assert.Empty(t, missing.Header.Get("ETag"))
	assert.Empty(t, h.call(c.support, http.MethodPost, "/exports", nil).Header.Get("ETag"), "a write")
}

func TestEachSchoolOfAPersonIsNamedOnce(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	for _, more := range []struct{ function, source, until string }{
		{"chef", "claims", "2030-08-31"}, {"personnel", "support", "2029-08-31"}, {"personnel", "claims", ""},
	} {
		h.Exec(`INSERT INTO assignment (person, uai, function, source, until, since) VALUES ($1, $2, $3, $4, nullif($5, '')::date, now())`,
			c.roux.ID, string(scene.Tilleuls), more.function, more.source, more.until)
	}
	me := h.call(c.roux, http.MethodGet, "/me", nil)
	require.Len(t, me.at("establishments"), 1, me.Text)
	assert.Equal(t, "chef", me.at("establishments", 0, "function"), "what may most")
	assert.Nil(t, me.at("establishments", 0, "until"), "one source gives it without end")
	assert.Equal(t, []any{
		map[string]any{"function": "chef", "until": nil}, map[string]any{"function": "personnel", "until": nil},
	}, me.at("establishments", 0, "functions"))
}
