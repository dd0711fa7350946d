package server_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A form under way when its writer signs out, in another tab, must not sign them in again.
func TestAnAnswerUnderWayDoesNotBringAnEndedSessionBack(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	lea := h.as(c.lea)
	home, err := url.Parse(h.URL)
	require.NoError(t, err)
	cookie := lea.client.Jar.Cookies(home)[0]

	under, err := (&net.Dialer{Timeout: time.Minute}).DialContext(t.Context(), "tcp", home.Host)
	require.NoError(t, err)
	defer func() { _ = under.Close() }()
	body := "need=notes"
	_, err = fmt.Fprintf(under, "POST /demandes/nouvelle HTTP/1.1\r\nHost: %s\r\nCookie: %s=%s\r\nContent-Type: "+
		"application/x-www-form-urlencoded\r\nContent-Length: %d\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
		home.Host, cookie.Name, cookie.Value, len(body))
	require.NoError(t, err)
	answers := bufio.NewReader(under)
	goOn, err := http.ReadResponse(answers, nil) // its session has been read, its body is asked for
	require.NoError(t, err)
	require.NoError(t, goOn.Body.Close())
	require.Equal(t, http.StatusContinue, goOn.StatusCode)
	lea.post("/deconnexion", url.Values{})
	require.Zero(t, h.Count(`SELECT count(*) FROM session WHERE position(convert_to($1, 'UTF8') IN data) > 0`, c.lea.ID.String()))
	_, err = under.Write([]byte(body))
	require.NoError(t, err)
	r, err := http.ReadResponse(answers, nil)
	require.NoError(t, err)
	require.NoError(t, r.Body.Close())
	assert.Less(t, r.StatusCode, http.StatusInternalServerError)
	assert.Zero(t, h.Count(`SELECT count(*) FROM session WHERE position(convert_to($1, 'UTF8') IN data) > 0`, c.lea.ID.String()))
}

func TestStylesheetsAndScriptsNeitherReadNorProlongASession(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	lea := h.as(c.lea)
	h.Exec(`UPDATE session SET expiry = now() + interval '1 minute'`)
	for path, status := range map[string]int{
		"/static/okey.css": http.StatusOK, "/static/absent.css": http.StatusNotFound, "/static/a/b": http.StatusNotFound,
	} {
		answer := lea.get(path)
		assert.Equal(t, status, answer.Status, path)
		assert.Empty(t, answer.Header.Get("Set-Cookie"), path)
	}
	assert.Equal(t, http.StatusMethodNotAllowed, lea.post("/static/okey.css", url.Values{}).Status)
	assert.Zero(t, h.Count(`SELECT count(*) FROM session WHERE expiry > now() + interval '1 minute'
		AND position(convert_to($1, 'UTF8') IN data) > 0`, c.lea.ID.String()))
}

// A page notes that its reader is there, but not each of those that follow closely.
func TestPagesWriteASessionOnceAMinute(t *testing.T) {
	h := newHouse(t)
	lea := h.as(h.cast().lea)
	for left, prolonged := range map[string]int{"1 hour 59 minutes 30 seconds": 0, "1 hour 58 minutes": 1} {
		h.Exec(`UPDATE session SET expiry = now() + $1::interval`, left)
		require.Equal(t, http.StatusOK, lea.get("/aide").Status)
		assert.Equal(t, prolonged, h.Count(`SELECT count(*) FROM session WHERE expiry > now() + interval '1 hour 59 minutes 45 seconds'`), left)
	}
	h.Exec(`UPDATE session SET expiry = now() + interval '1 hour 59 minutes 30 seconds'`)
	form := lea.get("/demandes/nouvelle").form(t, "/demandes/nouvelle", "need", "")
	require.Equal(t, http.StatusUnprocessableEntity, lea.post("/demandes/nouvelle", form).Status)
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM session WHERE expiry > now() + interval '1 hour 59 minutes 45 seconds'`),
		"what it holds besides is kept at once")
}

// Whoever sends forms without a session fills the table of sessions: each of those ends in an hour, and a network may make sixty
// in ten minutes.
func TestFormsWithoutASessionFillNoTable(t *testing.T) {
	h := newHouse(t)
	limit := okey.AttemptDraft.Limit().Wrong
	form := url.Values{"person": {"x"}, "need": {strings.Repeat("long ", 100)}}
	for n := range limit + 20 {
		answer := h.browse().post("/demandes/nouvelle", form)
		require.Equal(t, http.StatusUnauthorized, answer.Status)
		assert.Equal(t, n < limit, strings.Contains(answer.text(), "n'est perdu"), n)
	}
	assert.Equal(t, limit, h.Count(`SELECT count(*) FROM session`))
	assert.Zero(t, h.Count(`SELECT count(*) FROM session WHERE expiry > now() + interval '61 minutes'`))
	h.Exec(`UPDATE attempt SET since = since - interval '11 minutes'`)
	assert.Contains(t, h.browse().post("/demandes/nouvelle", form).text(), "n'est perdu")
}

// Proving who one is, for a forgotten PIN, signs nobody in who has signed out meanwhile.
func TestAFreshSignInDoesNotBringAnEndedSessionBack(t *testing.T) {
	h, p := newGate(t)
	c := h.cast()
	_, serial := h.atCounter(c)
	v := h.visitor()
	v.signedIn(p, c.lea)
	p.authTime = time.Now()
	p.meanwhile = func() { h.Exec(`DELETE FROM session`) }
	back := v.afresh(p, serial)
	assert.Equal(t, http.StatusUnauthorized, back.Status)
	assert.Contains(t, back.text(), "Votre session a été fermée entre-temps")
	assert.Equal(t, http.StatusSeeOther, v.browser().get("/compte").Status)
	assert.Zero(t, h.Count(`SELECT count(*) FROM session WHERE position(convert_to($1, 'UTF8') IN data) > 0`, c.lea.ID.String()))
}

// A session is written whole, by answers that were under way too: what it says of a fresh sign-in is no proof that this has not served.
func TestAFreshSignInServesOnceWhateverItsSessionSays(t *testing.T) {
	h, p := newGate(t)
	c := h.cast()
	_, serial := h.atCounter(c)
	v := h.visitor()
	v.signedIn(p, c.lea)
	p.authTime = time.Now()
	page := v.afresh(p, serial).Location
	lea := v.browser()
	h.Exec(`CREATE TABLE kept AS SELECT * FROM session`)
	lea.done(lea.fill(page, "/mon-code-pin/oublie", "pin", "730452", "pin2", "730452"))
	h.Exec(`UPDATE session s SET data = k.data FROM kept k WHERE k.token = s.token`)
	again := lea.fill(page, "/mon-code-pin/oublie", "pin", "918273", "pin2", "918273")
	assert.Equal(t, http.StatusForbidden, again.Status)
	assert.Contains(t, again.text(), "a déjà servi")
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM audit WHERE event = 'pin_set' AND detail = 'sign_in'`))
}

// A page's address comes along in a cookie, which a server that is asked for anything at all must not refuse for its size.
func TestASignInThatBeginsKeepsLittle(t *testing.T) {
	h, p := newGate(t)
	p.claims = map[string]any{"sub": "s-1"}
	for path, to := range map[string]string{"/" + strings.Repeat("a", 60000): "/", "/clefs?q=0048": "/clefs?q=0048"} {
		v := h.visitor()
		state := v.leave(p, "/connexion?vers="+url.QueryEscape(path))
		at, err := url.Parse(v.URL)
		require.NoError(t, err)
		for _, cookie := range v.web.Jar.Cookies(at) {
			assert.Less(t, len(cookie.Value), 2000)
		}
		assert.Equal(t, to, v.do(http.MethodGet, "/connexion/retour?code=the-code&state="+state).Header.Get("Location"))
	}
}

func TestAFormSentAfterItsSessionWasEndedElsewhereIsKept(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	lea := h.as(c.lea)
	form := lea.get("/demandes/nouvelle").form(t, "/demandes/nouvelle", "need", "longue explication")
	h.Exec(`UPDATE person SET sessions_from = now() + interval '1 second' WHERE id = $1`, c.lea.ID)
	ended := lea.post("/demandes/nouvelle", form)
	assert.Equal(t, http.StatusUnauthorized, ended.Status)
	assert.Contains(t, ended.text(), "Rien de ce que vous avez écrit n'est perdu")
	h.Exec(`UPDATE person SET sessions_from = NULL`)
	lea.continueAs(c.lea)
	assert.Contains(t, lea.get("/demandes/nouvelle").HTML, "longue explication</textarea>")
}

// The directory gives nobody the role of support: the operator does.
func TestAnAccountSaysWhoGivesItsRole(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	const directory, operator = "Vos fonctions viennent de l'annuaire", "L'exploitant d'OKEY donne et retire les rôles"
	support := h.as(c.support).get("/compte").text()
	assert.Contains(t, support, operator)
	assert.NotContains(t, support, directory)
	lea := h.as(c.lea).get("/compte").text()
	assert.Contains(t, lea, directory)
	assert.NotContains(t, lea, operator)
}
