package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"
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
	assert.Equal(t, http.StatusForbidden,
		h.call(c.support, http.MethodPost, "/keys/"+string(held)+"/logins", map[string]any{"at": "2026-01-02T09:00:00Z"}).Status)
	other := h.tokenFor(sql.Bearer{Service: "stock", Scopes: []string{"keys"}}, time.Hour)
	assert.Equal(t, http.StatusForbidden,
		h.send(other, http.MethodPost, "/keys/"+string(held)+"/logins", map[string]any{"at": "2026-01-02T09:00:00Z"}).Status)
}

func TestALoginIsToldByRFC3339AndNothingElse(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	held := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2030, 1, 1))
	token := h.tokenFor(sql.Bearer{Service: "radius", Scopes: []string{"logins"}}, time.Hour)
	post := func(body any) answer { return h.send(token, http.MethodPost, "/keys/"+string(held)+"/logins", body) }
	for _, told := range [][2]string{ // each later than the one before
		{"2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"},
		{"2026-01-02t09:00:00z", "2026-01-02T09:00:00Z"},
		{"2026-01-02T09:00:00.5-05:00", "2026-01-02T14:00:00.5Z"},
		{"2026-01-02T23:00:00+00:00", "2026-01-02T23:00:00Z"},
	} {
		assert.Equal(t, told[1], post(map[string]any{"at": told[0]}).at("last_login_at"), told[0])
	}
	for _, at := range []any{
		"", "2026-01-03", "2026-01-03 09:00:00Z", "2026-01-03T09:00:00", "2026-01-03T09:00Z", "2026-01-03T9:00:00Z",
		"2026-01-03T09:00:00,5Z", "2026-01-03T09:00:00+0100",
		"2026-02-30T09:00:00Z", "2026-01-03T24:00:00Z", "0001-01-01T00:00:00Z", 1767427200, nil, strings.Repeat("9", 1000),
	} {
		assert.Equal(t, http.StatusUnprocessableEntity, post(map[string]any{"at": at}).Status, "%v", at)
	}
	assert.Equal(t, http.StatusUnprocessableEntity, post(map[string]any{}).Status)
	assert.Equal(t, http.StatusUnprocessableEntity, post(map[string]any{"at": "2026-01-03T09:00:00Z", "by": "me"}).Status)
	assert.Equal(t, http.StatusRequestEntityTooLarge, post(map[string]any{"at": strings.Repeat("9", 2<<20)}).Status)
	assert.Equal(t, "2026-01-02T23:00:00Z", h.call(c.roux, http.MethodGet, "/keys/"+string(held), nil).at("last_login_at"))
}

func TestALoginFindsItsKeyHoweverTheSerialIsWritten(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	held := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2030, 1, 1))
	h.Exec(`UPDATE key SET serial = 'AB' || serial WHERE serial = $1`, string(held))
	token := h.tokenFor(sql.Bearer{Service: "radius", Scopes: []string{"logins"}}, time.Hour)
	typed := "ab-" + string(held[:4]) + "%20" + string(held[4:6]) + "%C2%A0" + string(held[6:])
	told := h.send(token, http.MethodPost, "/keys/"+typed+"/logins", map[string]any{"at": "2026-01-02T09:00:00Z"})
	assert.Equal(t, "AB"+string(held), told.at("serial"))
	assert.Equal(t, http.StatusNotFound,
		h.send(token, http.MethodPost, "/keys/"+string(held[1:])+"/logins", map[string]any{"at": "2026-01-02T09:00:00Z"}).Status)
	assert.Equal(t, http.StatusNotFound,
		h.send(token, http.MethodPost, "/keys/a'b/logins", map[string]any{"at": "2026-01-02T09:00:00Z"}).Status)
	assert.Equal(t, http.StatusUnauthorized,
		h.send("", http.MethodPost, "/keys/AB"+string(held)+"/logins", map[string]any{"at": "2026-01-02T09:00:00Z"}).Status)
	assert.Contains(t, h.as(c.roux).get("/clefs").HTML, `<time datetime="2026-01-02">02/01/2026</time>`)
}
