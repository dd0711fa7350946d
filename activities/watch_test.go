package activities_test

import (
	"context"
	"testing"

	"okey"
	"okey/activities"
	"okey/internal/scene"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheWatchTellsEachThingOnce(t *testing.T) {
	c := newCourt(t)
	w := activities.NewWatch(c.Store)
	due := func(run string) []okey.MailKind {
		r, err := w.Due(context.Background(), okey.WatchInput{Run: run, At: c.now})
		require.NoError(t, err)
		var found []okey.MailKind
		for _, l := range r.Letters {
			found = append(found, l.Step.Kind)
		}
		return found
	}
	today := okey.DayOf(c.now, okey.ZoneOf(""))
	assert.Empty(t, due("1"))

	c.Exec(`UPDATE establishment SET minimum_stock = 2 WHERE uai = $1`, scene.Tilleuls)
	c.Key(scene.Tilleuls)
	assert.Equal(t, []okey.MailKind{okey.MailLowStock}, due("2"))
	assert.Equal(t, []okey.MailKind{okey.MailLowStock}, due("2"), "a second attempt finds what the first one claimed")
	assert.Empty(t, due("3"), "once a shortage, not daily")
	c.Key(scene.Tilleuls)
	assert.Empty(t, due("4"))
	c.Exec(`UPDATE establishment SET minimum_stock = 9 WHERE uai = $1`, scene.Tilleuls)
	assert.Equal(t, []okey.MailKind{okey.MailLowStock}, due("5"), "the next shortage is told again")

	serial := c.KeyOf(c.blanc, scene.Tilleuls, today.AddMonths(3))
	c.KeyOf(c.roux, scene.Tilleuls, today.AddMonths(3).AddDays(1))
	assert.Equal(t, []okey.MailKind{okey.MailKeyExpires}, due("6"))
	assert.Empty(t, due("7"))
	c.now = c.now.AddDate(0, 2, 1)
	assert.Len(t, due("8"), 2, "again a month before, and the other key's three months")
	c.ask(c.blanc, okey.Renewal)
	c.now = c.now.AddDate(0, 1, 2)
	assert.Len(t, due("9"), 1, "who has asked for the next one is left in peace")
	c.Exec(`UPDATE key SET state = 'lost', holder = NULL WHERE serial = $1`, string(serial))
	assert.Empty(t, due("10"))
}

func TestTheWatchTellsOfKeysOfPeopleWhoLeft(t *testing.T) {
	c := newCourt(t)
	w := activities.NewWatch(c.Store)
	due := func(run string) int {
		r, err := w.Due(context.Background(), okey.WatchInput{Run: run, At: c.now})
		require.NoError(t, err)
		return len(r.Letters)
	}
	c.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2030, 1, 1))
	assert.Zero(t, due("1"))
	c.Exec(`UPDATE assignment SET until = $2 WHERE person = $1`, c.lea.ID, c.now.AddDate(0, 0, -1)) // a replacement's end date
	assert.Equal(t, 1, due("2"))
	assert.Zero(t, due("3"))
	c.Exec(`UPDATE assignment SET until = NULL WHERE person = $1`, c.lea.ID)
	assert.Zero(t, due("4"))
	c.Exec(`DELETE FROM assignment WHERE person = $1`, c.lea.ID) // the next staff file
	assert.Equal(t, 1, due("5"), "once a leaving")
}
