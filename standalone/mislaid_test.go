package main

import (
	"testing"
	"time"

	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A mislaid key goes through the running engine: its holder is told and reminded, and when its time is over it is lost as any other.
func TestAMislaidKeyThatIsNotFoundIsLost(t *testing.T) {
	s := newStack(t)
	state := func() any { return s.call("roux", "GET", "/keys/00480001", nil).Body["state"] }
	s.keys("00480001")
	s.awaitEnd(s.until("lea", okey.HandedOver, "00480001"))
	told := s.call("lea", "POST", "/keys/00480001/changes", fields{"reason": "mislaid", "comment": "chez moi"})
	require.Equal(t, 200, told.Status, "%v", told.Body)
	assert.Equal(t, "suspended", told.Body["state"])
	assert.NotEmpty(t, told.Body["due_at"])
	s.awaitLetter("lea@", "est déclarée égarée")
	var workflow string
	require.Eventually(t, func() bool {
		workflow = s.newest("WorkflowType = 'KeyChange' AND ExecutionStatus = 'Running'")
		return workflow != ""
	}, patience, 50*time.Millisecond)
	s.repair()
	assert.Equal(t, "suspended", state(), "the watch leaves it its time")
	s.fastForwardWorkflow(workflow, 60*24*time.Hour)
	require.Eventually(t, func() bool { return state() == "lost" }, patience, 50*time.Millisecond)
	s.awaitLetter("lea@", "Avez-vous retrouvé votre clef")
	s.awaitLetter("lea@", "a été déclarée perdue")
	s.awaitWorkflow(workflow)
	s.keep(workflow, "key_mislaid")
}

// One that is found again is waited for no longer, and the engine shows so.
func TestTheFlowOfAMislaidKeyThatIsFoundEnds(t *testing.T) {
	s := newStack(t)
	s.keys("00480002")
	s.awaitEnd(s.until("lea", okey.HandedOver, "00480002"))
	running := func() string { return s.newest("WorkflowType = 'KeyChange' AND ExecutionStatus = 'Running'") }
	require.Equal(t, 200, s.call("lea", "POST", "/keys/00480002/changes", fields{"reason": "mislaid", "comment": "chez moi"}).Status)
	var waits string
	require.Eventually(t, func() bool {
		waits = running()
		return waits != ""
	}, patience, 50*time.Millisecond)
	s.followedFor(school, waits, "Changement d'état d'une clef")
	found := s.call("lea", "POST", "/keys/00480002/changes", fields{"reason": "recovered", "comment": "dans le sac"})
	require.Equal(t, 200, found.Status, "%v", found.Body)
	assert.Equal(t, "in_service", found.Body["state"])
	s.awaitWorkflow(waits)
	require.Eventually(t, func() bool { return running() == "" }, patience, 50*time.Millisecond)
	s.keep(waits, "key_found")
	s.keep(s.newest("WorkflowType = 'KeyChange' AND WorkflowId != '"+waits+"'"), "key_recovered")
}
