package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func idIn(path string) string { return strings.TrimPrefix(path, "/requests/") }

// asked opens requests of as many people, the oldest first.
func (h *house) asked(n int) (people []okey.Person, ids []string) {
	h.Helper()
	for i := range n {
		people = append(people, h.Person(fmt.Sprintf("N%d Numéro%d", i, i), okey.Staff, scene.Tilleuls))
		ids = append(ids, idIn(h.ask(people[i], scene.Tilleuls)))
	}
	return people, ids
}

func items(all ...map[string]any) map[string]any { return map[string]any{"items": all} }

func TestSeveralRequestsAreAnsweredEachWithItsOutcome(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	_, ids := h.asked(3)
	own := idIn(h.ask(c.roux, scene.Tilleuls))
	elsewhere := idIn(h.ask(c.stranger, scene.Acacias))
	require.Equal(t, http.StatusOK, h.signal(c.blanc, "/requests/"+ids[2], okey.PrincipalDecision,
		map[string]any{"decision": "refuse", "comment": "non"}).Status)
	serial := h.Key(scene.Tilleuls)
	body := items(
		map[string]any{"request": ids[0], "decision": "approve"}, map[string]any{"request": own, "decision": "approve"},
		map[string]any{"request": elsewhere, "decision": "approve"}, map[string]any{"request": ids[2], "decision": "refuse", "comment": "non"},
		map[string]any{"request": ids[1], "decision": "refuse"}, map[string]any{"request": uuid.NewString(), "decision": "approve"},
	)
	key := uuid.NewString()
	first := h.call(c.roux, http.MethodPost, "/decisions", body, "Idempotency-Key", key)
	require.Equal(t, http.StatusOK, first.Status, first.Text)
	for n, want := range []struct {
		status int
		code   any
	}{{200, nil}, {403, "own_request"}, {404, "not_found"}, {409, "closed"}, {422, "invalid"}, {404, "not_found"}} {
		assert.EqualValues(t, want.status, first.at("outcomes", n, "status"), "%d: %s", n, first.Text)
		assert.Equal(t, want.code, first.at("outcomes", n, "problem", "code"), "%d", n)
		assert.Equal(t, body["items"].([]map[string]any)[n]["request"], first.at("outcomes", n, "request"), "in the order they were sent in")
	}
	assert.Equal(t, "awaiting_charter", first.at("outcomes", 0, "result", "stage"))
	assert.Equal(t, string(serial), first.at("outcomes", 0, "result", "key", "serial"))
	assert.Equal(t, "comment", first.at("outcomes", 4, "problem", "field"))

	actions := h.Count(`SELECT count(*) FROM action`)
	again := h.call(c.roux, http.MethodPost, "/decisions", body, "Idempotency-Key", key)
	for n := range 6 {
		for _, what := range []string{"status", "action", "request", "result"} {
			assert.Equal(t, first.at("outcomes", n, what), again.at("outcomes", n, what), "%d: %s", n, what)
		}
		assert.Equal(t, first.at("outcomes", n, "problem", "detail"), again.at("outcomes", n, "problem", "detail"), n)
	}
	assert.Equal(t, actions, h.Count(`SELECT count(*) FROM action`), "the same call does nothing more")

	other := h.call(c.roux, http.MethodPost, "/decisions", items(map[string]any{"request": ids[0], "decision": "refuse", "comment": "non"}), "Idempotency-Key", key)
	assert.Equal(t, "action_reused", other.at("outcomes", 0, "problem", "code"), "another answer under the same key")
	alone := h.signal(c.roux, "/requests/"+ids[0], okey.PrincipalDecision, map[string]any{"decision": "approve"},
		"Idempotency-Key", first.at("outcomes", 0, "action").(string))
	assert.Equal(t, http.StatusOK, alone.Status, "the action of an outcome is its key, alone")
}

func TestFreeKeysGoToTheFirstOfTheList(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	_, ids := h.asked(3)
	h.Key(scene.Tilleuls)
	a := h.call(c.roux, http.MethodPost, "/decisions", items(
		map[string]any{"request": ids[2], "decision": "approve"}, map[string]any{"request": ids[0], "decision": "approve"},
		map[string]any{"request": ids[1], "decision": "approve"},
	))
	assert.Equal(t, "awaiting_charter", a.at("outcomes", 0, "result", "stage"), a.Text)
	assert.Equal(t, "awaiting_stock", a.at("outcomes", 1, "result", "stage"))
	assert.Equal(t, "awaiting_stock", a.at("outcomes", 2, "result", "stage"))
}

func TestSeveralKeysAreHandedOverWithOneCall(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	people, ids := h.asked(2)
	var list []map[string]any
	for n, id := range ids {
		serial := h.Key(scene.Tilleuls)
		h.signal(c.roux, "/requests/"+id, okey.PrincipalDecision, map[string]any{"decision": "approve"})
		h.signal(people[n], "/requests/"+id, okey.CharterAndPIN, map[string]any{"charter": 1, "pin": "4071"})
		list = append(list, map[string]any{"request": id, "serial": serial})
	}
	serial := list[0]["serial"].(okey.Serial)
	list[0]["serial"] = serial[len(serial)-okey.LastOfSerial:] // which is enough of the key that is kept
	list[1]["serial"] = "ZZZ999"
	a := h.call(c.roux, http.MethodPost, "/handovers", items(list...))
	require.Equal(t, http.StatusOK, a.Status, a.Text)
	assert.Equal(t, "handed_over", a.at("outcomes", 0, "result", "stage"), a.Text)
	assert.Equal(t, "key_unknown", a.at("outcomes", 1, "problem", "code"), "a wrong number holds up no other")
	assert.EqualValues(t, http.StatusConflict, a.at("outcomes", 1, "status"))
}

func TestSeveralAnswersAreKeptWhileTheEngineIsAway(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	_, ids := h.asked(4)
	var list []map[string]any
	for _, id := range ids {
		list = append(list, map[string]any{"request": id, "decision": "refuse", "comment": "Pas cette année."})
	}
	h.cutOff(true)
	key := uuid.NewString()
	kept := h.call(c.roux, http.MethodPost, "/decisions", items(list...), "Idempotency-Key", key)
	require.Equal(t, http.StatusAccepted, kept.Status, kept.Text)
	for n := range ids {
		assert.EqualValues(t, http.StatusAccepted, kept.at("outcomes", n, "status"), "all are recorded: none waits behind another")
	}
	h.cutOff(false)
	eventually(t, func() bool { return h.Count(`SELECT count(*) FROM request WHERE stage = 'refused'`) == len(ids) })
	done := h.call(c.roux, http.MethodPost, "/decisions", items(list...), "Idempotency-Key", key)
	require.Equal(t, http.StatusOK, done.Status, done.Text)
	for n := range ids {
		assert.Equal(t, "refused", done.at("outcomes", n, "result", "stage"))
	}
}

func TestAListThatIsIllFormedIsRefusedWhole(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	_, ids := h.asked(1)
	good := map[string]any{"request": ids[0], "decision": "approve"}
	var tooMany []map[string]any
	for range 101 {
		tooMany = append(tooMany, map[string]any{"request": uuid.NewString(), "decision": "approve"})
	}
	for field, body := range map[string]any{
		"items":              items(tooMany...),
		"items[1].request":   items(good, good),
		"items[1].decison":   items(good, map[string]any{"request": uuid.NewString(), "decison": "approve"}),
		"items[1].comment":   items(good, map[string]any{"request": uuid.NewString(), "decision": "approve", "comment": 12}),
		"items[0].request":   items(map[string]any{"request": "17", "decision": "approve"}),
		"items[1]":           `{"items": [{"request": "` + ids[0] + `", "decision": "approve"}, 17]}`,
		"besides":            map[string]any{"items": []any{good}, "besides": 1},
		"Idempotency-Key":    nil,
		"items, and no list": `{"items": {}}`,
	} {
		headers := []string{}
		if field == "Idempotency-Key" {
			headers, body = []string{field, "17"}, items(good)
		}
		a := h.call(c.roux, http.MethodPost, "/decisions", body, headers...)
		assert.Equal(t, http.StatusUnprocessableEntity, a.Status, "%s: %s", field, a.Text)
		assert.Equal(t, strings.TrimSuffix(field, ", and no list"), a.at("errors", 0, "field"), a.Text)
	}
	for _, nothing := range []any{items(), map[string]any{}, nil} {
		assert.Equal(t, "items", h.call(c.roux, http.MethodPost, "/decisions", nothing).at("field"))
	}
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM action`), "nothing of this is done")
}
