package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHoldersDeclareTheirOwnKeyLostAndMayAskAgain(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2028, time.March, 31))
	path := "/keys/" + string(serial)
	own := h.call(c.lea, http.MethodGet, path, nil)
	require.Equal(t, http.StatusOK, own.Status, own.Text)
	assert.Equal(t, "lmartin", own.at("holder", "uid"), "names are not unique")
	assert.Nil(t, own.at("events"), "earlier holders are not this one's business")

	back := h.call(c.lea, http.MethodPost, path+"/changes", map[string]any{"reason": "return_to_stock", "comment": "je la rends"})
	assert.Equal(t, http.StatusForbidden, back.Status, back.Text)
	bare := h.call(c.lea, http.MethodPost, path+"/changes", map[string]any{"reason": "lost"})
	assert.Equal(t, "comment", bare.at("field"))
	unknown := h.call(c.lea, http.MethodPost, path+"/changes", map[string]any{"reason": "eaten", "comment": "par le chien"})
	assert.Equal(t, http.StatusUnprocessableEntity, unknown.Status, unknown.Text)
	assert.Equal(t, "reason", unknown.at("field"))
	assert.Equal(t, http.StatusNotFound,
		h.call(c.stranger, http.MethodPost, path+"/changes", map[string]any{"reason": "eaten", "comment": "x"}).Status)

	action := uuid.NewString()
	lost := h.call(c.lea, http.MethodPost, path+"/changes", map[string]any{"reason": "lost", "comment": "dans le train"},
		"Idempotency-Key", action)
	require.Equal(t, http.StatusOK, lost.Status, lost.Text)
	assert.Equal(t, "lost", lost.at("state"))
	assert.Nil(t, lost.at("holder"))
	again := h.call(c.lea, http.MethodPost, path+"/changes", map[string]any{"reason": "lost", "comment": "dans le train"},
		"Idempotency-Key", action)
	assert.Equal(t, http.StatusOK, again.Status, "the same action answers the same, though the key is no longer theirs")
	assert.Equal(t, http.StatusNotFound, h.call(c.lea, http.MethodGet, path, nil).Status)
	h.ask(c.lea, scene.Tilleuls)

	twice := h.call(c.roux, http.MethodPost, path+"/changes", map[string]any{"reason": "lost", "comment": "encore"})
	assert.Equal(t, http.StatusConflict, twice.Status, twice.Text)
	assert.Equal(t, "key_transition", twice.at("code"))
	found := h.call(c.roux, http.MethodPost, path+"/changes", map[string]any{"reason": "found", "comment": "sous le siège"})
	assert.Equal(t, "in_stock", found.at("state"), found.Text)
	assert.Equal(t, "sous le siège", found.at("events", 0, "comment"))
}

// A program that begins with the list of keys, as docs/events.md says, learns of a key that is signed for what its event told: whose it
// will be.
func TestAKeyThatAwaitsItsHandoverSaysWhoseItWillBe(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	program := h.tokenFor(sql.Bearer{Service: "authentification", Scopes: []string{"events", "keys"}}, time.Hour)
	inHand := h.KeyOf(c.blanc, scene.Tilleuls, okey.NewDay(2030, time.March, 31))
	page, serial := h.atCounter(c)
	events := h.send(program, http.MethodGet, "/events?after=0", nil).at("events").([]any)
	told := events[len(events)-1].(map[string]any)["data"].(map[string]any)
	require.Equal(t, string(serial), told["serial"])

	for _, found := range []any{
		h.send(program, http.MethodGet, "/keys?state=attributed", nil).at("keys", 0),
		h.send(program, http.MethodGet, "/keys?reserved_for="+strings.ToUpper(c.lea.UID), nil).at("keys", 0),
		h.send(program, http.MethodGet, "/keys/"+string(serial), nil).at(),
		h.call(c.roux, http.MethodGet, "/keys/"+string(serial), nil).at(),
	} {
		key := found.(map[string]any)
		assert.Equal(t, string(serial), key["serial"])
		assert.Equal(t, map[string]any{"name": "Léa Martin", "uid": told["holder"]}, key["reserved_for"])
		assert.Nil(t, key["holder"], "nobody has it yet")
	}
	assert.Empty(t, h.send(program, http.MethodGet, "/keys?holder="+c.lea.UID, nil).at("keys"), "she has none in hand")
	assert.Empty(t, h.send(program, http.MethodGet, "/keys?reserved_for="+c.blanc.UID, nil).at("keys"), "hers is in hand")
	assert.Nil(t, h.send(program, http.MethodGet, "/keys/"+string(inHand), nil).at("reserved_for"))
	assert.Equal(t, http.StatusNotFound, h.call(c.lea, http.MethodGet, "/keys/"+string(serial), nil).Status)

	handed := h.signal(c.roux, "/requests/"+idOf(page), okey.Handover, map[string]any{"serial": serial})
	require.Equal(t, http.StatusOK, handed.Status, handed.Text)
	after := h.send(program, http.MethodGet, "/keys/"+string(serial), nil)
	assert.Nil(t, after.at("reserved_for"))
	assert.Equal(t, told["holder"], after.at("holder", "uid"))
}

// Whoever repeats the report of a key that was theirs is not told whom it awaits now.
func TestWhoeverHadAKeyDoesNotReadWhomItAwaits(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2030, time.March, 31))
	action := uuid.NewString()
	reports := func() answer {
		return h.call(c.lea, http.MethodPost, "/keys/"+string(serial)+"/changes", map[string]any{"reason": "lost", "comment": "train"},
			"Idempotency-Key", action)
	}
	require.Equal(t, http.StatusOK, reports().Status)
	h.happens(serial, okey.ReasonFound)
	request := h.ask(c.blanc, scene.Tilleuls)
	require.Equal(t, http.StatusOK, h.signal(c.roux, request, okey.PrincipalDecision, map[string]any{"decision": "approve"}).Status)
	require.NotNil(t, h.call(c.roux, http.MethodGet, "/keys/"+string(serial), nil).at("reserved_for"))
	again := reports()
	require.Equal(t, http.StatusOK, again.Status, again.Text)
	assert.Nil(t, again.at("reserved_for"))
}

func TestKeysAreListedByWhoeverManagesThem(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	first, second := h.Key(scene.Tilleuls), h.Key(scene.Tilleuls)
	elsewhere := h.Key(scene.Acacias)
	h.Exec(`UPDATE key SET changed_at = '2020-01-01' WHERE serial = $1`, string(first))

	assert.Len(t, h.call(c.roux, http.MethodGet, "/keys", nil).at("keys"), 2)
	assert.Empty(t, h.call(c.lea, http.MethodGet, "/keys", nil).at("keys"))
	assert.Len(t, h.call(c.support, http.MethodGet, "/keys?state=in_stock", nil).at("keys"), 3)
	assert.Equal(t, string(elsewhere),
		h.call(c.support, http.MethodGet, "/keys?establishment="+string(scene.Acacias), nil).at("keys", 0, "serial"))
	changed := h.call(c.roux, http.MethodGet, "/keys?changed_since=2026-01-01T00:00:00Z", nil)
	assert.Equal(t, string(second), changed.at("keys", 0, "serial"))
	page := h.call(c.roux, http.MethodGet, "/keys?limit=1", nil)
	rest := h.call(c.roux, http.MethodGet, "/keys?limit=1&cursor="+page.at("next").(string), nil)
	assert.Equal(t, string(second), rest.at("keys", 0, "serial"))
	assert.Nil(t, rest.at("next"))

	assert.Equal(t, http.StatusNotFound, h.call(c.roux, http.MethodGet, "/keys/"+string(elsewhere), nil).Status)
	assert.Equal(t, http.StatusNotFound,
		h.call(c.roux, http.MethodPost, "/keys/"+string(elsewhere)+"/changes", map[string]any{"reason": "lost", "comment": "x"}).Status)
	assert.Equal(t, http.StatusNotFound, h.call(c.roux, http.MethodGet, "/keys/%C3%A9", nil).Status)
}
