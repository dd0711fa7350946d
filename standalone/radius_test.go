package main

import (
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"okey/internal/cast"
	"okey/okey"
)

var shows = regexp.MustCompile(`affiche <strong>(\d{3} \d{3})</strong>`)

// running tells whether the authentication server of a folder runs.
func running(t *testing.T, dir string) bool {
	t.Helper()
	said, err := exec.Command("ps", "-eo", "args").Output()
	require.NoError(t, err)
	return strings.Contains(string(said), "freeradius -f -d "+filepath.Join(dir, "radius"))
}

// TestANewcomerTriesTheKeyOfTheDemonstration lives through the whole: asked, accepted, signed, handed over, tried.
func TestANewcomerTriesTheKeyOfTheDemonstration(t *testing.T) {
	s := &stack{program: start(t, private(t), "--demo=small"), t: t, tokens: map[string]string{}}
	s.tokens[cast.Requester] = s.okey("token", "lea.martin@ac-nice.fr")
	s.tokens["roux"], s.tokens["sam"] = s.okey("token", cast.HeadMail), s.okey("token", "nadia.durand@ac-nice.fr")
	require.True(t, running(t, s.dir))
	shown := s.env["OKEY_DEMONSTRATION"] + "/clefs"
	status, page := get(t, shown)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, "Hawa Diallo")
	require.NotContains(t, page, "Léa Martin")
	_, page = get(t, s.env["OKEY_DEMONSTRATION"]+"/")
	require.Contains(t, page, `href="/clefs"`)

	lea := s.signIn(cast.Requester)
	require.NotContains(t, lea.page, "/essai")
	id := s.until(cast.Requester, okey.AwaitingHandover, "")
	serial := s.call("roux", http.MethodGet, "/requests/"+id, nil).Body["key"].(map[string]any)["serial"].(string)
	s.applied("roux", id, okey.Handover, fields{"serial": serial})
	lea.open(s.env["OKEY_URL"] + "/")
	require.Contains(t, lea.page, "Léa Martin essaie sa clef", "the tour's step")
	require.Eventually(t, func() bool { // the server has read who has the key
		said, err := os.ReadFile(filepath.Join(s.dir, "radius", "radius.log"))
		users, unread := os.ReadFile(filepath.Join(s.dir, "radius", "okey-users"))
		return err == nil && unread == nil && strings.Contains(string(users), serial) && strings.Contains(string(said), "HUP")
	}, patience, 50*time.Millisecond)
	for range 4 { // it says that it reads them again before it has
		_, page = get(t, shown+"?q="+serial)
		code := shows.FindStringSubmatch(page)
		require.NotNil(t, code, page)
		lea.open(s.env["OKEY_URL"] + "/ma-clef/essai")
		lea.submit("/essai", url.Values{"pin": {signing["pin"].(string)}, "code": {code[1]}})
		if strings.Contains(lea.page, "Votre clef marche") {
			break
		}
		<-time.After(3 * time.Second)
	}
	require.Contains(t, lea.page, "Votre clef marche")
	require.Contains(t, lea.page, "5 sur 6", "all but the look into the engine")

	s.kill(t)
	require.Eventually(t, func() bool { return !running(t, s.dir) }, patience, 50*time.Millisecond, "it leaves nobody behind")
	again := start(t, s.dir)
	require.Equal(t, s.env, again.env, "secrets and addresses stay")
	require.True(t, running(t, s.dir))
	again.stop(t)
	require.False(t, running(t, s.dir))
}

// A FreeRADIUS that is installed, and does not start, is as if there were none: nobody is offered what can't be tried.
func TestAnAuthenticationServerThatCannotBeStartedIsNotSpokenOf(t *testing.T) {
	h := &house{flags: flags{Data: t.TempDir(), Demo: smallDemo}, addresses: &addresses{http: &address{host: "127.0.0.1", at: "127.0.0.1:9"}}}
	a := h.prepareAuthentication(t.Context())
	require.NotNil(t, a, "here it can be")
	require.NotEmpty(t, a.settings())

	a.More = "no such thing {"
	require.NoError(t, a.Prepare(nil))
	require.ErrorContains(t, a.Check(t.Context()), "FreeRADIUS does not start: exit status 1: ")
	conf := filepath.Join(a.Dir, "radiusd.conf")
	require.NoError(t, os.Remove(conf))
	require.NoError(t, os.Mkdir(conf, 0o700))
	none := h.prepareAuthentication(t.Context())
	require.Nil(t, none)
	require.Empty(t, none.settings(), "OKEY is told of no server: its pages say nothing")
}

func TestWithoutADemonstrationThereIsNoAuthenticationServer(t *testing.T) {
	p := start(t, private(t), "--no-demo", "--no-okey")
	require.NotContains(t, p.env, "OKEY_RADIUS_SERVERS")
	require.False(t, running(t, p.dir))
	_, err := os.Stat(filepath.Join(p.dir, "radius"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
