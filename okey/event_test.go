package okey

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// Each reason is in the table, as an event or as none.
func TestEachReasonOfAKeysChangeIsAnEventOrNone(t *testing.T) {
	for reason := range keyReasonNames {
		kind, listed := keyEvents[reason]
		assert.True(t, listed, "%s", reason)
		assert.True(t, kind == "" || slices.Contains(EventTypes(), kind), "%s", reason)
	}
}

// A program that follows events never goes on accepting, or keeping, a key that is somebody's no more, nor misses one that is.
func TestNoKeyBecomesOrCeasesToBeSomebodysSilently(t *testing.T) {
	somebodys := func(s KeyState) bool { return s == Attributed || s.InHand() }
	for _, row := range KeyTransitions {
		if somebodys(row.From) || somebodys(row.To) {
			assert.NotEmpty(t, EventOf(row.Reason), "%s, %s", row.From, row.Reason)
		}
	}
	for _, state := range KeyStates() {
		if state.InHand() && state != Suspended && state != Lent { // no file says these
			assert.NotEmpty(t, ImportedEvents()[state], "imported %s", state)
		}
	}
}

func TestAMessageHasTheFieldsThatAreWanted(t *testing.T) {
	at := time.Date(2026, 11, 24, 9, 12, 0, 0, time.UTC)
	e := OutboxEvent{Seq: 7, Type: KeyEventMoved, At: at, Serial: "42", State: Lent, UAI: "0069001B", From: "0069002C", UID: "lmartin", DueAt: at}
	m := e.Message(EventFields())
	assert.Equal(t, map[string]any{
		"serial": Serial("42"), "state": "lent", "establishment": "0069001B", "from_establishment": "0069002C", "holder": "lmartin",
		"due_at": "2026-11-24T09:12:00Z", "expires_on": nil,
	}, m.Data)
	assert.Equal(t, map[string]any{"serial": Serial("42"), "state": "lent"}, e.Message([]EventField{FieldState}).Data)
}
