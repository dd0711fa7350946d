package server_test

import (
	"net/http"
	"testing"

	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
)

// What is wrong with a body is for whoever may act: to others it would tell that the thing is there, or how to talk to it.
func TestABodyThatCannotBeReadIsToldOnlyToWhoeverMayAct(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.Key(scene.Tilleuls)
	request := h.ask(c.lea, scene.Tilleuls)
	order := h.call(c.roux, http.MethodPost, "/orders",
		map[string]any{"establishment": scene.Tilleuls, "quantity": 3, "comment": "rentrée"}).at("id").(string)
	auditor := h.auditor()
	signal := request + "/signals/"
	for _, test := range []struct {
		path        string
		actor, sees okey.Person
	}{
		{signal + "principal-decision", c.roux, c.lea},
		{signal + "handover", c.roux, auditor},
		{signal + "charter-and-pin", c.lea, c.roux},
		{signal + "withdrawal", c.lea, auditor},
		{signal + "stock-available", c.support, c.roux},
		{"/keys/" + string(serial) + "/changes", c.roux, auditor},
		{"/orders/" + order + "/signals/cancellation", c.roux, auditor},
		{"/exports", c.support, auditor},
	} {
		for _, body := range []any{`{"broken": `, map[string]any{"champ": 1}, `[]`} {
			assert.Equal(t, http.StatusUnprocessableEntity, h.call(test.actor, http.MethodPost, test.path, body).Status,
				"%s by who may: %v", test.path, body)
			assert.Equal(t, http.StatusForbidden, h.call(test.sees, http.MethodPost, test.path, body).Status,
				"%s by who sees: %v", test.path, body)
			assert.Equal(t, http.StatusNotFound, h.call(c.stranger, http.MethodPost, test.path, body).Status,
				"%s by a stranger: %v", test.path, body)
		}
		assert.Equal(t, http.StatusUnprocessableEntity,
			h.call(test.actor, http.MethodPost, test.path, map[string]any{}, "Idempotency-Key", "x").Status, test.path)
		assert.Equal(t, http.StatusNotFound,
			h.call(c.stranger, http.MethodPost, test.path, map[string]any{}, "Idempotency-Key", "x").Status, test.path)
	}
	unknown := "/requests/" + uuid.NewString() + "/signals/withdrawal"
	assert.Equal(t, http.StatusNotFound, h.call(c.roux, http.MethodPost, unknown, `{"broken": `).Status)
	assert.Equal(t, 2, h.Count(`SELECT count(*) FROM action`), "the asking and the order")
}
