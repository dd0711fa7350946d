package activities_test

import (
	"context"
	"testing"

	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// told are the types of a key's events, in order, and its last event.
func (c *fixture) told(serial okey.Serial) (types []okey.EventType, last okey.OutboxEvent) {
	c.Helper()
	found, err := c.Store.Events(context.Background(), 0, 1000)
	require.NoError(c, err)
	for _, e := range found.Events {
		if e.Serial == serial {
			types, last = append(types, e.Type), e
		}
	}
	return types, last
}

func TestTheWayOfAKeyToItsHolderIsTold(t *testing.T) {
	c := newFixture(t)
	request, serial := c.until(okey.AwaitingHandover)
	types, last := c.told(serial)
	assert.Equal(t, []okey.EventType{okey.KeyEventAttributed, okey.KeyEventPINSet}, types)
	assert.Equal(t, okey.Attributed, last.State)
	assert.Equal(t, c.lea.UID, last.UID, "for whom it is kept")
	require.True(t, c.changePIN(c.lea, serial, "another").Verdict.Accepted)
	other := c.Key(scene.Tilleuls)
	require.True(t, c.act(c.roux, request, okey.Handover, okey.Content{Serial: other}).Accepted)
	types, last = c.told(serial)
	assert.Equal(t, []okey.EventType{
		okey.KeyEventAttributed, okey.KeyEventPINSet, okey.KeyEventPINSet, okey.KeyEventReleased,
	}, types, "its place was another's")
	assert.Equal(t, okey.InStock, last.State)
	types, last = c.told(other)
	assert.Contains(t, types, okey.KeyEventPINSet, "which carries the PIN")
	assert.Contains(t, types, okey.KeyEventHandedOver)
	assert.Equal(t, okey.InService, last.State)
	assert.Equal(t, c.lea.UID, last.UID)
}

func TestAWithdrawnRequestReleasesItsKey(t *testing.T) {
	c := newFixture(t)
	request, serial := c.until(okey.AwaitingHandover)
	require.True(t, c.act(c.lea, request, okey.Withdrawal, okey.Content{}).Accepted)
	types, last := c.told(serial)
	assert.Equal(t, okey.KeyEventReleased, types[len(types)-1])
	assert.Equal(t, okey.InStock, last.State)
	assert.Equal(t, c.lea.UID, last.UID, "for whom it was kept")
}

func TestALoanIsToldToItsEnd(t *testing.T) {
	c := newFixture(t)
	own, free := c.mislays()
	c.lends(free)
	_, last := c.told(free)
	assert.Equal(t, okey.Lent, last.State)
	due := c.key(free).DueAt
	assert.WithinDuration(t, due, last.DueAt, 0)
	require.True(t, c.change(c.lea, own, okey.ReasonRecovered).Accepted)
	types, last := c.told(free)
	assert.Equal(t, okey.KeyEventLoanEnded, types[len(types)-1])
	assert.WithinDuration(t, c.now, last.DueAt, 0)
	types, _ = c.told(own)
	assert.Equal(t, []okey.EventType{okey.KeyEventMislaid, okey.KeyEventRecovered}, types)
}

// What only time or a directory does is told by the daily watch, once.
func TestWhoLeftAndLoansThatAreOverAreToldOnce(t *testing.T) {
	c := newFixture(t)
	_, lent := c.mislays()
	c.lends(lent)
	kept := c.KeyOf(c.blanc, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	c.Exec(`DELETE FROM assignment WHERE person = $1`, c.blanc.ID)
	c.now = c.key(lent).DueAt
	for _, run := range []string{"1", "2"} {
		c.due(run)
	}
	types, last := c.told(kept)
	assert.Equal(t, []okey.EventType{okey.KeyEventHolderLeft}, types)
	assert.Equal(t, okey.InService, last.State, "which takes nothing away")
	require.True(t, c.change(c.roux, kept, okey.ReasonMislaid).Accepted)
	c.due("3")
	types, _ = c.told(kept)
	assert.Equal(t, []okey.EventType{okey.KeyEventHolderLeft, okey.KeyEventMislaid}, types, "who has left stays so")
	types, last = c.told(lent)
	assert.Equal(t, okey.KeyEventLoanEnded, types[len(types)-1])
	assert.Equal(t, 1, c.Count(`SELECT count(*) FROM outbox WHERE type = 'key.loan_ended'`))
	assert.WithinDuration(t, c.now, last.DueAt, 0)
}

// A mislaid key is in somebody's hands still. There is nothing to collect, so no letter speaks of it before it is found.
func TestWhoLeftWithoutFindingTheirKeyIsToldToPrograms(t *testing.T) {
	c := newFixture(t)
	own, _ := c.mislays()
	c.Exec(`DELETE FROM assignment WHERE person = $1`, c.lea.ID)
	for _, run := range []string{"1", "2"} {
		for _, letter := range c.due(run) {
			keys, err := c.Store.WatchedKeys(t.Context(), letter.Letter, okey.DayOf(c.now, okey.ZoneOf("")))
			require.NoError(t, err)
			assert.Empty(t, keys)
		}
	}
	types, last := c.told(own)
	assert.Equal(t, []okey.EventType{okey.KeyEventMislaid, okey.KeyEventHolderLeft}, types)
	assert.Equal(t, okey.Suspended, last.State, "which gives nothing back")
	assert.Equal(t, c.lea.UID, last.UID)

	require.True(t, c.change(c.lea, own, okey.ReasonRecovered).Accepted)
	told := 0
	for _, letter := range c.due("3") {
		keys, err := c.Store.WatchedKeys(t.Context(), letter.Letter, okey.DayOf(c.now, okey.ZoneOf("")))
		require.NoError(t, err)
		told += len(keys)
	}
	assert.Equal(t, 2, told, "its holder and the school, now that it may be collected")
	types, _ = c.told(own)
	assert.Equal(t, okey.KeyEventHolderLeft, types[len(types)-1], "and programs once more")
}

func TestAMoveIsTold(t *testing.T) {
	c := newFixture(t)
	serial := c.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	require.NoError(t, c.Store.Do(t.Context(), func(tx *sql.Tx) error {
		key, err := tx.Key(t.Context(), serial)
		require.NoError(t, err)
		return tx.MoveKey(t.Context(), key, sql.KeyMoving{To: scene.Acacias, At: c.now, Via: okey.ViaSupport})
	}))
	types, last := c.told(serial)
	assert.Equal(t, []okey.EventType{okey.KeyEventMoved}, types)
	assert.Equal(t, scene.Acacias, last.UAI)
	assert.Equal(t, scene.Tilleuls, last.From)
	assert.Equal(t, c.lea.UID, last.UID)
}

func TestOldEventsAreForgotten(t *testing.T) {
	c := newFixture(t)
	serial := c.Key(scene.Tilleuls)
	require.True(t, c.change(c.roux, serial, okey.ReasonLost).Accepted)
	c.Exec(`UPDATE outbox SET created_at = $1`, c.now)
	c.retain(c.later(2))
	assert.Equal(t, 1, c.Count(`SELECT count(*) FROM outbox`))
	c.retain(c.later(3))
	assert.Zero(t, c.Count(`SELECT count(*) FROM outbox`))
	found, err := c.Store.Events(t.Context(), 0, 10)
	require.NoError(t, err)
	assert.EqualValues(t, 1, found.Gone, "and said to be gone")
}
