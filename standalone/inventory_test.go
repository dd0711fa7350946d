package main

import (
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"okey/okey"
)

// A key that lies in the drawer unknown to OKEY: counted by the head, confirmed by support, given to whoever waits. Then support moves
// another.
func TestAKeyFoundInTheDrawerServesWhoWaits(t *testing.T) {
	s := newStack(t)
	waiting := s.ask("lea")
	s.applied("roux", waiting, okey.PrincipalDecision, approval)

	head := s.signIn("roux")
	head.open(s.env["OKEY_URL"] + "/inventaire")
	head.submit("/inventaire", url.Values{"serials": {"0048-7777 00489999"}})
	require.Contains(t, head.page, "Clefs inconnues d&#39;OKEY : 2")
	head.submit("/inventaire", url.Values{"serials": {"00487777"}})
	require.Contains(t, head.page, "La liste a changé")
	head.submit("/inventaire", url.Values{"serials": {"00487777"}})
	require.Contains(t, head.page, "est enregistré")
	s.awaitLetter("assistance@", "à confirmer")

	support := s.signIn("sam@ecole.test")
	support.open(s.env["OKEY_URL"] + "/assistance/clefs-a-confirmer")
	path := regexp.MustCompile(`/assistance/clefs-a-confirmer/[0-9a-f-]{36}`).FindString(support.page)
	require.NotEmpty(t, path, support.page)
	support.open(s.env["OKEY_URL"] + path)
	support.submit(path, url.Values{"decision": {"approve"}, "batch": {"L9"}, "expires_on": {"31/12/2030"}})
	require.Contains(t, support.page, "C&#39;est fait")
	s.awaitStage(waiting, okey.AwaitingCharter)
	s.awaitLetter("roux@", "elle est en stock")

	s.keys("00480055")
	support.open(s.env["OKEY_URL"] + "/assistance/deplacer")
	support.submit("/assistance/deplacer", url.Values{"serials": {"00480055"}, "establishment": {school2}, "comment": {"rééquilibrage"}})
	support.submit("/assistance/deplacer", url.Values{})
	require.Contains(t, support.page, "C&#39;est fait", support.page)
	require.Equal(t, school2, s.call("sam", "GET", "/keys/00480055", nil).text("establishment"))
	s.keepFirst("WorkflowType = 'KeyMove' AND ExecutionStatus = 'Completed'", "key_move")
	s.keepFirst("WorkflowType = 'Inventory' AND ExecutionStatus = 'Completed'", "inventory")
}
