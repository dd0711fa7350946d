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
