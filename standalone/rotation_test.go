package main

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/okey"
)

// rotate puts a new key before the old one of every ring.
func (s *stack) rotate() {
	s.t.Helper()
	path := filepath.Join(s.dir, "secrets")
	before, err := os.ReadFile(path)
	require.NoError(s.t, err)
	for _, name := range []string{"link-keys", "pin-peppers", "audit-keys"} {
		printed, err := standaloneCommand(s.t, s.dir, "rotate", name)
		require.NoError(s.t, err, printed)
		assert.Contains(s.t, printed, name+" : la clef de version 2 servira")
	}
	after, err := os.ReadFile(path)
	require.NoError(s.t, err)
	for line := range strings.Lines(string(before)) {
		_, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		assert.Contains(s.t, string(after), value, "what was there stays")
	}
	assert.Equal(s.t, 3, strings.Count(string(after), "=2:"), "links, peppers, audit")
}

// New keys for links, PINs and audit: sessions, emailed links, open requests, PINs and the audit go on as they were.
func TestKeysAreReplacedAndNothingIsLost(t *testing.T) {
	s := newStack(t)
	s.keys("00480001", "00480002")
	inHand := s.until("ali", okey.HandedOver, "00480001")
	open := s.ask("lea")
	token := linkPattern.FindStringSubmatch(s.awaitLetter("roux@", "Léa Martin demande").Text)
	require.NotNil(t, token)
	blanc := s.signIn("blanc")

	s.rotate()
	s.restart()
	blanc.open(s.env["OKEY_URL"] + "/compte")
	assert.Equal(t, "/compte", blanc.at.Path, "her session goes on")
	roux := &browser{stack: s}
	roux.open(s.env["OKEY_URL"] + "/valider/" + token[1])
	roux.submit("", url.Values{"decision": {"approve"}})
	s.awaitStage(open, okey.AwaitingCharter)
	s.applied("lea", open, okey.CharterAndPIN, signing)
	s.applied("roux", open, okey.Handover, fields{"serial": "00480002"})

	s.tokens["radius"] = s.okey("token", "--service", "radius", "--scope", "pin-checks")
	pin := signing["pin"]
	assert.Equal(t, true, s.call("radius", "POST", "/keys/00480001/pin-checks", fields{"pin": pin}).Body["ok"], "a PIN under the old pepper")
	assert.Equal(t, true, s.call("radius", "POST", "/keys/00480002/pin-checks", fields{"pin": pin}).Body["ok"], "and one under the new")
	assert.Equal(t, "handed_over", s.stage(inHand))
	assert.Contains(t, s.okey("doctor"), "chaîne intacte", "across both keys")

	s.ask("eva")
	next := linkPattern.FindStringSubmatch(s.awaitLetter("roux@", "Eva Simon demande").Text)
	require.NotNil(t, next)
	roux.open(s.env["OKEY_URL"] + "/valider/" + next[1])
	assert.Contains(t, roux.page, "Eva Simon")
}
