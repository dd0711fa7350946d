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

	"okey"

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
	_, err = fmt.Fprintf(under, "POST /demandes/nouvelle HTTP/1.1\r\nHost: %s\r\nCookie: %s=%s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
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
	for path, status := range map[string]int{"/static/okey.css": http.StatusOK, "/static/absent.css": http.StatusNotFound, "/static/a/b": http.StatusNotFound} {
		answer := lea.get(path)
		assert.Equal(t, status, answer.Status, path)
		assert.Empty(t, answer.Header.Get("Set-Cookie"), path)
	}
	assert.Equal(t, http.StatusMethodNotAllowed, lea.post("/static/okey.css", url.Values{}).Status)
	assert.Zero(t, h.Count(`SELECT count(*) FROM session WHERE expiry > now() + interval '1 minute' AND position(convert_to($1, 'UTF8') IN data) > 0`, c.lea.ID.String()))
}

// Whoever sends forms without a session fills the table of sessions: each of those ends in an hour, and a network may make sixty in ten minutes.
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
