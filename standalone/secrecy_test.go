package main

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/base64"
	"net/http"
	"net/smtp"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"okey/okey"
)

// Every PIN that somebody types on the way, the wrong and the refused ones too. Eight digits that nothing else has.
const (
	pinChosen    = "73904815"
	pinChanged   = "60281739"
	pinOnPage    = "91573064"
	pinForgotten = "28460917"
	pinWrong     = "58102936"
	pinRefused   = "40917385"
	pinAsNumber  = "83650194"
	pinMisplaced = "17492608"
)

// A whole request, a PIN changed, forgotten and checked, all of it logged as loudly as can be, the database's statements too: no PIN stands
// anywhere afterwards, and the token of a link in the mail that it was sent with alone.
func TestNoPINAnywhereAndLinkTokensInTheirMailAlone(t *testing.T) {
	metrics := freeAddress(t)
	set(t, "OKEY_LOG_LEVEL", "debug")
	set(t, "OKEY_METRICS", metrics)
	s := newStack(t)
	for _, setting := range []string{"log_statement = 'all'", "log_min_error_statement = 'debug5'", "log_error_verbosity = 'verbose'"} {
		_, err := s.admin("postgres").Exec(`ALTER SYSTEM SET ` + setting)
		require.NoError(t, err)
	}
	_, err := s.admin("postgres").Exec(`SELECT pg_reload_conf()`)
	require.NoError(t, err)
	s.keys("00480001")
	tokens := s.requestWithManyPINs()
	require.Len(t, tokens, 2, "head and deputy")

	all := s.everything(metrics)
	for _, part := range []string{
		"database okey: public.key.pin_hash", "database temporal: ", "database temporal_visibility: ", "history key-request-", "history pin-change-",
		"file okey.log", "file temporal.log", "file postgres/log", "file postgres/data/pg_wal", "metrics", "mail to lea@", "mail to roux@",
	} {
		assert.True(t, all.has(part), "nothing was read of %s", part)
	}
	assert.Contains(t, string(bytes.Join(all.places["file postgres/log"], nil)), "INSERT INTO action", "statements and their parameters are logged")
	assert.Contains(t, string(bytes.Join(all.places["file okey.log"], nil)), "level=DEBUG")
	for _, pin := range []string{pinChosen, pinChanged, pinOnPage, pinForgotten, pinWrong, pinRefused, pinAsNumber, pinMisplaced} {
		assert.Empty(t, all.find(pin), "the PIN %s", pin)
	}
	for to, token := range tokens {
		places := all.find(token)
		assert.Len(t, places, 1)
		for _, place := range places {
			assert.True(t, strings.HasPrefix(place, "mail to "+to), place)
		}
	}
	t.Run("what is planted is found", func(t *testing.T) { s.plantAndFind(t, metrics) })
}

var linkPattern = regexp.MustCompile(`/valider/([\w.~-]+)`)

// requestWithManyPINs walks from the form to the key in hand and on, by pages, emailed link and API, and returns the tokens by their
// readers.
func (s *stack) requestWithManyPINs() map[string]string {
	t := s.t
	home := s.env["OKEY_URL"]
	lea := s.signIn("lea")
	lea.open(home + "/demandes/nouvelle")
	lea.submit("/demandes/nouvelle", url.Values{"need": {"saisie des absences"}})
	id := lea.at.Path[strings.LastIndex(lea.at.Path, "/")+1:]
	tokens := map[string]string{}
	for _, to := range []string{"roux@", "blanc@"} {
		found := linkPattern.FindStringSubmatch(s.awaitLetter(to, "saisie des absences").Text)
		require.NotNil(t, found)
		tokens[to] = found[1]
	}
	roux := &browser{stack: s}
	roux.open(home + "/valider/" + tokens["roux@"])
	roux.submit("", url.Values{"decision": {"approve"}})
	s.awaitStage(id, okey.AwaitingCharter)
	blanc := &browser{stack: s}
	blanc.open(home + "/valider/" + tokens["blanc@"])

	sign := "/requests/" + id + "/signals/charter-and-pin"
	require.Equal(t, 422, s.call("lea", "POST", sign, fields{"charter": 1, "pin": 83650194}).Status, "a number")
	require.Equal(t, 422, s.call("lea", "POST", sign, fields{"charter": 1, "pin": "4071", "code": pinMisplaced}).Status, "an unknown field")
	require.Equal(t, 409, s.call("lea", "POST", sign, fields{"charter": 7, "pin": pinRefused}).Status, "another charter")
	require.Equal(t, 404, s.call("eva", "POST", sign, fields{"charter": 1, "pin": pinRefused}).Status)
	lea.open(home + "/demandes/" + id + "/charte")
	lea.submit("/charte", url.Values{"read": {"oui"}, "pin": {pinRefused}, "pin2": {pinWrong}})
	require.Equal(t, 422, lea.status)
	lea.submit("/charte", url.Values{"read": {"oui"}, "pin": {pinChosen}, "pin2": {pinChosen}})
	s.awaitStage(id, okey.AwaitingHandover)

	put := func(current, pin string) answer {
		return s.call("lea", "PUT", "/me/pin", fields{"current": current, "pin": pin})
	}
	require.Equal(t, 422, put(pinWrong, pinRefused).Status)
	require.Equal(t, 200, put(pinChosen, pinChanged).Status)
	lea.open(home + "/mon-code-pin")
	lea.submit("/mon-code-pin", url.Values{"current": {pinWrong}, "pin": {pinOnPage}, "pin2": {pinOnPage}})
	require.Equal(t, 422, lea.status)
	lea.submit("/mon-code-pin", url.Values{"current": {pinChanged}, "pin": {pinOnPage}, "pin2": {pinOnPage}})
	require.Contains(t, lea.page, "a changé")
	s.applied("roux", id, okey.Handover, fields{"serial": "00480001"})

	lea.open(home + "/mon-code-pin/oublie")
	lea.submit("/oublie/connexion", nil)
	require.Contains(t, lea.page, "Qui êtes-vous", "the provider asks again")
	lea.submit("", url.Values{"uid": {"lea"}})
	require.Equal(t, "/mon-code-pin/oublie", lea.at.Path, lea.page)
	lea.submit("/mon-code-pin/oublie", url.Values{"pin": {pinForgotten}, "pin2": {pinForgotten}})
	require.Contains(t, lea.page, "a changé")
	s.awaitLetter("lea@", "sans l'ancien")

	s.tokens["radius"] = s.okey("token", "--service", "radius", "--scope", "pin-checks")
	check := func(pin any) answer { return s.call("radius", "POST", "/keys/00480001/pin-checks", fields{"pin": pin}) }
	require.Equal(t, true, check(pinForgotten).Body["ok"])
	require.Equal(t, false, check(pinOnPage).Body["ok"], "the one before")
	require.Equal(t, 422, check(83650194).Status)
	for range okey.PINLimit - 1 {
		_, err := s.admin("okey").Exec(`UPDATE pin_guard SET blocked_until = NULL`)
		require.NoError(t, err)
		require.Equal(t, false, check(pinWrong).Body["ok"])
	}
	locked := check(pinForgotten)
	require.Equal(t, http.StatusTooManyRequests, locked.Status)
	require.Equal(t, "pin_locked", locked.text("code"))
	s.awaitLetter("lea@", "bloqué")
	s.awaitEnd(id)
	s.keepFirst("WorkflowType = 'PINChange' AND ExecutionStatus = 'Completed'", "pin_change")
	assert.Contains(t, s.okey("doctor"), "chaîne intacte")
	return tokens
}

// plantAndFind shows that the search finds what there is to find, wherever it stands and however it is written.
func (s *stack) plantAndFind(t *testing.T, metrics string) {
	t.Helper()
	const planted = "94736150"
	var squeezed bytes.Buffer
	w := zlib.NewWriter(&squeezed)
	_, err := w.Write([]byte(`{"code": "` + planted + `"}`))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	_, err = s.admin("temporal_visibility").Exec(`CREATE TABLE planted (compressed bytea)`)
	require.NoError(t, err)
	_, err = s.admin("temporal_visibility").Exec(`INSERT INTO planted VALUES ($1)`, append([]byte("before"), squeezed.Bytes()...))
	require.NoError(t, err)
	_, err = s.admin("okey").Exec(`CREATE TABLE planted (encoded text, number bigint)`)
	require.NoError(t, err)
	_, err = s.admin("okey").Exec(`INSERT INTO planted VALUES ($1, 94736150)`, base64.StdEncoding.EncodeToString([]byte("le code est "+planted+", voilà")))
	require.NoError(t, err)
	_, err = s.engineClient().ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{ID: "planted", TaskQueue: "nobody"}, "Nothing", map[string]string{"pin": planted})
	require.NoError(t, err)
	log, err := os.OpenFile(filepath.Join(s.dir, "okey.log"), os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	_, err = log.WriteString("pin=" + planted + "\n")
	require.NoError(t, err)
	require.NoError(t, log.Close())
	relay := strings.TrimPrefix(s.env["OKEY_SMTP_URL"], "smtp://")
	require.NoError(t, smtp.SendMail(relay, nil, "a@b.fr", []string{"autre@ecole.test"}, []byte("Subject: un\r\n\r\nvotre code "+planted+"\r\n")))
	s.awaitLetter("autre@", planted)

	var found []string
	require.Eventually(t, func() bool { // the engine's list comes a moment later
		found = s.everything(metrics).find(planted)
		return slices.Contains(found, "history planted")
	}, patience, 500*time.Millisecond)
	for _, place := range []string{
		"database okey: public.planted.encoded", "database okey: public.planted.number", "database temporal: public.history_node.data",
		"database temporal_visibility: public.planted.compressed", "file okey.log", "file postgres/log", "history planted", "mail to autre@ecole.test: un",
	} {
		assert.Contains(t, found, place)
	}
}
