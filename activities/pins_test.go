package activities_test

import (
	"context"
	"testing"
	"time"

	"okey/activities"
	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pinAct records an action about the PIN of a key, judges it, and returns it with its outcome.
func (c *fixture) pinAct(a okey.Action) okey.Action {
	c.Helper()
	a = c.Record(a)
	_, err := activities.NewStock(c.Store).Change(context.Background(), okey.StockMatter{Action: a.ID, At: c.now})
	require.NoError(c, err)
	a, err = c.Store.Action(context.Background(), a.ID)
	require.NoError(c, err)
	require.NotNil(c, a.Verdict)
	return a
}

func (c *fixture) changePIN(by okey.Person, serial okey.Serial, hash string) okey.Action {
	c.Helper()
	return c.pinAct(okey.Action{
		Name: okey.ActionPINChange, Key: serial, By: by.ID, PINHash: hash, Content: okey.Content{Proof: okey.ProofCurrent},
	})
}

func (c *fixture) kept(serial okey.Serial) string {
	c.Helper()
	return c.Text(`SELECT pin_hash FROM key WHERE serial = $1`, string(serial))
}

func TestAnotherPINIsTheHoldersAloneToSet(t *testing.T) {
	c := newFixture(t)
	_, waits := c.until(okey.AwaitingHandover)
	held := c.KeyOf(c.blanc, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	free := c.Key(scene.Tilleuls)

	v := c.changePIN(c.lea, waits, "another").Verdict
	assert.True(t, v.Accepted)
	assert.Equal(t, "another", c.kept(waits), "from awaiting_handover on")
	assert.Equal(t, okey.Attributed, c.KeyState(waits))
	assert.Equal(
		t, 1, c.Count(`SELECT count(*) FROM audit WHERE event = 'pin_set' AND subject = $1 AND detail = 'current'`, sql.AboutKey(waits)),
	)
	assert.Equal(t, 0, c.Count(`SELECT count(*) FROM action WHERE pin_hash IS NOT NULL`))
	assert.Equal(t, []okey.MailKind{okey.MailPINChanged}, letters(*v))

	assert.True(t, c.changePIN(c.blanc, held, "own").Verdict.Accepted)
	for _, stranger := range []okey.Person{c.lea, c.roux, c.Support("Sam Secours")} {
		v := c.changePIN(stranger, held, "stolen").Verdict
		assert.False(t, v.Accepted)
		assert.Empty(t, v.Letters)
	}
	assert.Equal(t, "own", c.kept(held))
	assert.False(t, c.changePIN(c.lea, free, "nobody's").Verdict.Accepted)
}

func TestTheLaterOfTwoPINsStandsWhicheverArrivesLast(t *testing.T) {
	c := newFixture(t)
	serial := c.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	assert.True(t, c.changePIN(c.lea, serial, "later").Verdict.Accepted)
	earlier := c.Record(okey.Action{Name: okey.ActionPINChange, Key: serial, By: c.lea.ID, PINHash: "earlier"})
	c.Exec(`UPDATE action SET created_at = created_at - interval '1 minute' WHERE id = $1`, earlier.ID)
	_, err := activities.NewStock(c.Store).Change(context.Background(), okey.StockMatter{
		Action: earlier.ID, At: c.now,
	})
	require.NoError(t, err)
	assert.Equal(t, "later", c.kept(serial))
	assert.Equal(t, "pin_replaced", c.Text(`SELECT reason FROM action WHERE id = $1`, earlier.ID))
}

func TestAPINThatWaitedTooLongForItsJudgeIsRefused(t *testing.T) {
	c := newFixture(t)
	serial := c.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	a := c.Record(okey.Action{Name: okey.ActionPINChange, Key: serial, By: c.lea.ID, PINHash: "old"})
	require.NoError(t, c.Store.DropOldPINs(context.Background(), c.now.Add(time.Hour)))
	_, err := activities.NewStock(c.Store).Change(context.Background(), okey.StockMatter{Action: a.ID, At: c.now})
	require.NoError(t, err)
	assert.Empty(t, c.kept(serial))
	assert.Equal(t, "invalid", c.Text(`SELECT reason FROM action WHERE id = $1`, a.ID))
}
