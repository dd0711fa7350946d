package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestACallbackThatThisBrowserDidNotAskForSignsNobodyIn(t *testing.T) {
	h, p := newGate(t)
	p.claims = map[string]any{"sub": "s-1"}
	for name, query := range map[string]string{
		"no state": "code=the-code", "foreign state": "code=the-code&state=abc", "other code": "code=stolen&state=",
		"refused": "error=access_denied&state=",
	} {
		v := h.visitor()
		state := v.leave(p, "/connexion")
		if strings.HasSuffix(query, "state=") {
			query += state
		}
		response := v.do(http.MethodGet, "/connexion/retour?"+query)
		assert.Equal(t, http.StatusUnauthorized, response.Status, name)
	}
	stolen := h.visitor()
	response := h.visitor().do(http.MethodGet, "/connexion/retour?code=the-code&state="+stolen.leave(p, "/connexion"))
	assert.Equal(t, http.StatusUnauthorized, response.Status, "another browser's sign-in")
	assert.Equal(t, 0, h.Count(`SELECT count(*) FROM person`))
}

// Somebody opens two mails on Monday morning, each in a tab, and signs in.
func TestTwoTabsThatSignInEndEachWhereItWasGoing(t *testing.T) {
	for name, order := range map[string][]int{"in order": {0, 1}, "the other way round": {1, 0}} {
		h, p := newGate(t)
		p.claims = map[string]any{"sub": "s-1"}
		v := h.visitor()
		paths, states, asked := []string{"/demandes/X", "/demandes/Y"}, []string{}, []url.Values{}
		for _, path := range paths {
			states = append(states, v.leave(p, "/connexion?vers="+url.QueryEscape(path)))
			asked = append(asked, p.asked)
		}
		for _, state := range []string{"", "unknown", states[0] + "x", states[0][:12]} {
			assert.Equal(t, http.StatusUnauthorized, v.do(http.MethodGet, "/connexion/retour?code=the-code&state="+state).Status, "%s: %q", name, state)
		}
		for _, i := range order {
			p.asked = asked[i]
			a := v.do(http.MethodGet, "/connexion/retour?code=the-code&state="+states[i])
			assert.Equal(t, paths[i], a.Header.Get("Location"), "%s: %s", name, a.Text)
		}
		again := v.do(http.MethodGet, "/connexion/retour?code=the-code&state="+states[0])
		assert.Equal(t, "/", again.Header.Get("Location"), "%s: it serves once", name)
		assert.Equal(t, http.StatusOK, v.do(http.MethodGet, "/demandes").Status)
	}
}

func TestAbandonedSignInsAreForgotten(t *testing.T) {
	h, p := newGate(t)
	p.claims = map[string]any{"sub": "s-1"}
	v := h.visitor()
	var states []string
	for range 20 {
		states = append(states, v.leave(p, "/connexion?vers=/demandes"))
	}
	at, err := url.Parse(v.URL)
	require.NoError(t, err)
	assert.LessOrEqual(t, len(v.web.Jar.Cookies(at)), 10)
	assert.Equal(t, 0, h.Count(`SELECT count(*) FROM session`), "nobody fills a table by beginning to sign in")
	assert.Equal(t, "/demandes", v.do(http.MethodGet, "/connexion/retour?code=the-code&state="+states[19]).Header.Get("Location"))
}

func TestReturnPathsStayHere(t *testing.T) {
	h, p := newGate(t)
	p.claims = map[string]any{"sub": "s-1"}
	for _, path := range []string{
		"https://ailleurs.fr/", "//ailleurs.fr", "/\\ailleurs.fr", "javascript:alert(1)", "demandes", "/connexion/retour",
	} {
		v := h.visitor()
		state := v.leave(p, "/connexion?vers="+url.QueryEscape(path))
		response := v.do(http.MethodGet, "/connexion/retour?code=the-code&state="+state)
		assert.Equal(t, "/", response.Header.Get("Location"), path)
	}
}

func TestTheServerDoesWithoutTheProviderUntilItIsBack(t *testing.T) {
	h, p := newGate(t)
	p.claims = map[string]any{"sub": "s-1"}
	p.broken = map[string]http.HandlerFunc{"/.well-known/openid-configuration": badGateway}
	v := h.visitor()
	response := v.do(http.MethodGet, "/connexion")
	assert.Equal(t, http.StatusServiceUnavailable, response.Status)
	assert.Contains(t, response.Text, "identité ne répond pas")
	p.broken = nil
	eventually(t, func() bool { return v.do(http.MethodGet, "/connexion").Status == http.StatusSeeOther }) // some seconds later
	v.leave(p, "/connexion")
}

// signsIn goes the whole way and returns the last answer.
// Somebody has typed their password, and the provider ends before it has vouched for them.
func TestAProviderThatEndsInTheMidstIsSaidToBeAway(t *testing.T) {
	h, p := newGate(t)
	p.claims = map[string]any{"sub": "s-1"}
	v := h.visitor()
	back := "/connexion/retour?code=the-code&state=" + v.leave(p, "/connexion?vers=/demandes")
	for _, path := range []string{"/token", "/keys", "/userinfo"} {
		for how, broken := range map[string]http.HandlerFunc{
			"a proxy answers in its place": badGateway, "cut short": cutShort, "a proxy's page": proxyPage,
			"too many": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "{}", http.StatusTooManyRequests) },
		} {
			p.broken = map[string]http.HandlerFunc{path: broken}
			busy := v.do(http.MethodGet, back)
			assert.Equal(t, http.StatusServiceUnavailable, busy.Status, "%s: %s", path, how)
		}
	}
	p.Close()
	response := v.do(http.MethodGet, back)
	assert.Equal(t, http.StatusServiceUnavailable, response.Status)
	assert.NotEmpty(t, response.Header.Get("Retry-After"))
	assert.Contains(t, response.Text, "identité ne répond pas")
	assert.Equal(t, http.StatusServiceUnavailable, v.do(http.MethodGet, back).Status, "the sign-in is under way still")
}
