package activities_test

import (
	"context"
	"testing"
	"time"

	"okey/activities"
	"okey/calendar"
	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lapse has what is overdue at the fixture's time be lost, twice, as engine and watch do, and returns what became of the actions that
// follow.
func (c *fixture) lapse() []okey.KeyVerdict {
	c.Helper()
	ctx := context.Background()
	require.NoError(c, c.Store.LapseKeys(ctx, c.now))
	require.NoError(c, c.Store.LapseKeys(ctx, c.now.Add(time.Second)))
	found, err := c.Store.FollowUps(ctx, 10)
	require.NoError(c, err)
	var verdicts []okey.KeyVerdict
	for _, a := range found {
		m := okey.KeyMatter{Action: a.ID, At: c.now}
		v, err := activities.NewKeys(c.Store, calendar.PublicOnly()).Change(ctx, m)
		require.NoError(c, err)
		verdicts = append(verdicts, v)
	}
	return verdicts
}

func (c *fixture) key(serial okey.Serial) okey.Key {
	c.Helper()
	key, err := c.Store.Key(context.Background(), serial)
	require.NoError(c, err)
	return key
}

func TestAMislaidKeyKeepsHolderPINAndCountOfWrongOnes(t *testing.T) {
	c := newFixture(t)
	_, serial := c.until(okey.HandedOver)
	c.Exec(`INSERT INTO pin_guard (serial, wrong) VALUES ($1, 5)`, string(serial))
	v := c.change(c.lea, serial, okey.ReasonMislaid)
	require.True(t, v.Accepted)
	require.Equal(t, []okey.DeadlineKind{okey.DueReminder, okey.DueExpiry}, []okey.DeadlineKind{v.Deadlines[0].Kind, v.Deadlines[1].Kind})
	key := c.key(serial)
	assert.Equal(t, okey.Suspended, key.State)
	assert.Equal(t, c.lea.ID, key.Holder)
	assert.True(t, v.Deadlines[1].At.Equal(key.DueAt))
	// Tuesday 24 November 2026, five open days on.
	assert.Equal(t, "2026-12-01T23:59:59+01:00", key.DueAt.In(okey.ZoneOf("")).Format(time.RFC3339))
	assert.Zero(t, v.Mislaid)
	found := c.change(c.roux, serial, okey.ReasonRecovered)
	require.True(t, found.Accepted)
	assert.Equal(t, c.Text(`SELECT id::text FROM action WHERE content->>'key_reason' = 'mislaid'`), found.Mislaid.String(), "who waits for it is to be told")
	key = c.key(serial)
	assert.Equal(t, okey.InService, key.State)
	assert.Equal(t, c.lea.ID, key.Holder)
	assert.Zero(t, key.DueAt)
	assert.Equal(t, "hash of the PIN", c.Text(`SELECT pin_hash FROM key WHERE serial = $1`, string(serial)))
	assert.Equal(t, 5, c.Count(`SELECT wrong FROM pin_guard WHERE serial = $1`, string(serial)), "to say so opens no locked PIN")
}

func TestAKeyThatIsNotFoundInTimeIsLostOnce(t *testing.T) {
	c := newFixture(t)
	serial := c.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	c.change(c.lea, serial, okey.ReasonMislaid)
	due := c.key(serial).DueAt
	c.now = due.Add(-2 * time.Second)
	assert.Empty(t, c.lapse(), "its last day counts whole")
	c.now = due
	verdicts := c.lapse()
	require.Len(t, verdicts, 1)
	assert.True(t, verdicts[0].Accepted)
	assert.Equal(t, []okey.MailStep{{Kind: okey.MailKeyChanged, Ref: 1}}, verdicts[0].Mails, "told as any loss is")
	key := c.key(serial)
	assert.Equal(t, okey.Lost, key.State)
	assert.Zero(t, key.Holder)
	assert.Zero(t, key.DueAt)
	assert.Equal(t, 1, c.Count(`SELECT count(*) FROM audit WHERE event = 'key_lost'`))
	assert.Empty(t, c.lapse())
	request, _ := c.ask(c.lea, okey.Replacement)
	assert.Equal(t, okey.AwaitingDecision, c.Request(request).Stage, "they may ask for another")
}

func TestAKeyThatIsFoundWhileItsLossIsOnTheWayIsNotLost(t *testing.T) {
	c := newFixture(t)
	serial := c.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	c.change(c.lea, serial, okey.ReasonMislaid)
	c.now = c.key(serial).DueAt
	require.NoError(t, c.Store.LapseKeys(context.Background(), c.now))
	c.change(c.roux, serial, okey.ReasonRecovered)
	verdicts := c.lapse()
	require.Len(t, verdicts, 1)
	assert.Equal(t, okey.CodeKeyTransition, verdicts[0].Reason)
	assert.Equal(t, okey.InService, c.KeyState(serial))
	c.change(c.lea, serial, okey.ReasonMislaid)
	assert.Empty(t, c.lapse(), "mislaid anew, it has its days anew")
	assert.Equal(t, okey.Suspended, c.KeyState(serial))
}

// A click made in time counts, however late the engine hears of it.
func TestWhatWasSaidInTimeOfAMislaidKeyIsJudgedFirst(t *testing.T) {
	c := newFixture(t)
	serial := c.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	c.change(c.lea, serial, okey.ReasonMislaid)
	found := c.Record(okey.Action{
		Name: okey.ActionKeyChange, By: c.lea.ID, Key: serial, Content: okey.Content{KeyReason: okey.ReasonRecovered, Comment: "là"},
	})
	c.now = c.key(serial).DueAt.Add(time.Hour)
	assert.Empty(t, c.lapse())
	v, err := activities.NewKeys(c.Store, calendar.PublicOnly()).Change(context.Background(), okey.KeyMatter{Action: found.ID, At: c.now})
	require.NoError(t, err)
	assert.True(t, v.Accepted)
	assert.Equal(t, okey.InService, c.KeyState(serial))
}
