package server_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"okey/internal/pgtest"
	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAPageIsSentWhoseSessionCanNotBeProlonged(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	lea := h.as(c.lea)
	h.Exec(`UPDATE session SET expiry = expiry - interval '10 minutes'`) // it is prolonged once a minute
	h.Exec(`REVOKE UPDATE ON session FROM okey_app`)
	home := lea.get("/")
	assert.Equal(t, http.StatusOK, home.Status)
	assert.Contains(t, home.text(), "Demander une clef")
}

func TestAPageDoesNotWaitForASessionThatSomebodyHasLocked(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	locked, err := url.Parse(h.Scene.URL)
	require.NoError(t, err)
	forever := locked.Query()
	forever.Set("lock_timeout", "0")
	forever.Set("statement_timeout", "0")
	locked.RawQuery = forever.Encode()
	lea := h.another(locked.String(), h.Judges).as(c.lea)
	h.Exec(`UPDATE session SET expiry = expiry - interval '10 minutes'`)
	somebody, err := h.Admin.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer func() { _ = somebody.Rollback() }()
	_, err = somebody.ExecContext(t.Context(), `LOCK session IN SHARE MODE`)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, lea.get("/").Status)
}

func TestASessionThatCanNotBeBegunIsToldByAWholePage(t *testing.T) {
	h := newHouse(t)
	h.Exec(`REVOKE INSERT ON session FROM okey_app`)
	failed := h.browse().post("/demandes/nouvelle", url.Values{"person": {"x"}}) // what was typed would be kept
	assert.Equal(t, http.StatusInternalServerError, failed.Status)
	assert.Contains(t, failed.Header.Get("Content-Type"), "text/html")
	assert.Contains(t, failed.text(), "Une erreur s'est produite")
	assert.Contains(t, failed.HTML, "</html>")
	assert.NotContains(t, failed.text(), "session a pris fin")
}

func TestPagesSayThatTheDatabaseIsAway(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	proxy := pgtest.NewProxy(t, h.Scene.URL)
	other := h.another(proxy.URL, h.Judges)
	lea := other.as(c.lea)
	require.Equal(t, http.StatusOK, lea.get("/").Status)
	proxy.Cut()
	for _, answer := range []sheet{lea.get("/"), lea.get("/demandes"), lea.post("/demandes/nouvelle", url.Values{"need": {"notes"}})} {
		assert.Equal(t, http.StatusServiceUnavailable, answer.Status)
		assert.Equal(t, "5", answer.Header.Get("Retry-After"))
		assert.Contains(t, answer.text(), "OKEY est momentanément indisponible")
		assert.Contains(t, answer.HTML, "</html>")
	}
	assert.Contains(t, lea.post("/demandes/nouvelle", url.Values{"need": {"notes"}}).text(), "il ne compte qu'une fois")
	proxy.Mend()
	assert.Equal(t, http.StatusOK, lea.get("/").Status)
}

func TestPagesSayThatTheDatabaseIsSilent(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	proxy := pgtest.NewProxy(t, h.Scene.URL)
	other := h.another(proxy.URL, h.Judges)
	lea := other.as(c.lea)
	require.Equal(t, http.StatusOK, lea.get("/").Status)
	require.GreaterOrEqual(t, proxy.Silence(), 2, "the listening connection, and the pool's")
	eventually(t, func() bool { // as many as the pool has, one after the other
		shown := lea.get("/")
		assert.Contains(t, []int{http.StatusOK, http.StatusServiceUnavailable}, shown.Status)
		return shown.Status == http.StatusOK
	})
}

func TestProgramsAreToldThatTheDatabaseIsSilent(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	proxy := pgtest.NewProxy(t, h.Scene.URL)
	other := h.another(proxy.URL, h.Judges)
	token := other.tokenFor(sql.Bearer{Person: c.lea.ID}, time.Hour)
	require.Equal(t, http.StatusOK, other.send(token, http.MethodGet, "/me", "").Status)
	require.GreaterOrEqual(t, proxy.Silence(), 2, "the listening connection, and the pool's")
	eventually(t, func() bool {
		shown := other.send(token, http.MethodGet, "/me", "")
		assert.Contains(t, []int{http.StatusOK, http.StatusServiceUnavailable}, shown.Status)
		return shown.Status == http.StatusOK
	})
}

// cutting is an engine that takes an action, and the database goes away.
type cutting struct {
	*judges
	proxy *pgtest.Proxy
}

func (e *cutting) Deliver(context.Context, okey.Action) error {
	e.proxy.Cut()
	return nil
}

func TestWhatWasRecordedIsSaidToBeWhenTheDatabaseGoesAway(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	proxy := pgtest.NewProxy(t, h.Scene.URL)
	other := h.another(proxy.URL, &cutting{h.Judges, proxy})
	lea := other.as(c.lea)
	form := lea.get("/demandes/nouvelle").form(t, "/demandes/nouvelle", "establishment", string(scene.Tilleuls), "need", "notes")
	sent := lea.post("/demandes/nouvelle", form)
	assert.Equal(t, http.StatusAccepted, sent.Status, sent.text())
	assert.Contains(t, sent.text(), "C'est enregistré")
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM action WHERE name = 'ask'`))
}
