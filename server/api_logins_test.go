package server_test

import (
	"net/http"
	"testing"
	"time"

	"okey"
	"okey/internal/scene"
	"okey/sql"

	"github.com/stretchr/testify/assert"
)

func TestTheAuthenticationServerTellsTheLastLogin(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	held, free := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2030, 1, 1)), h.Key(scene.Tilleuls)
	token := h.tokenFor(sql.Bearer{Service: "radius", Scopes: []string{"logins"}}, time.Hour)
	post := func(serial okey.Serial, at string) answer {
		return h.send(token, http.MethodPost, "/keys/"+string(serial)+"/logins", map[string]any{"at": at})
	}
	assert.Equal(t, "2026-01-02T08:00:00Z", post(held, "2026-01-02T09:00:00+01:00").at("last_login_at"))
	assert.Equal(t, "2026-01-02T08:00:00Z", post(held, "2025-06-01T09:00:00Z").at("last_login_at"), "never back")
	assert.Equal(t, "2026-03-02T08:00:00Z", post(held, "2026-03-02T08:00:00Z").at("last_login_at"))
	assert.Equal(t, "2026-03-02T08:00:00Z", h.call(c.roux, http.MethodGet, "/keys/"+string(held), nil).at("last_login_at"))
	assert.Equal(t, http.StatusUnprocessableEntity, post(held, "hier").Status)
	assert.Equal(t, http.StatusUnprocessableEntity, post(held, time.Now().Add(time.Hour).Format(time.RFC3339)).Status)
	assert.Equal(t, http.StatusConflict, post(free, "2026-01-02T09:00:00Z").Status)
	assert.Equal(t, http.StatusNotFound, post("99999", "2026-01-02T09:00:00Z").Status)
	assert.Equal(t, http.StatusForbidden, h.call(c.support, http.MethodPost, "/keys/"+string(held)+"/logins", map[string]any{"at": "2026-01-02T09:00:00Z"}).Status)
	other := h.tokenFor(sql.Bearer{Service: "stock", Scopes: []string{"keys"}}, time.Hour)
	assert.Equal(t, http.StatusForbidden, h.send(other, http.MethodPost, "/keys/"+string(held)+"/logins", map[string]any{"at": "2026-01-02T09:00:00Z"}).Status)
}
