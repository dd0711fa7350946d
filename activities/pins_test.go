package activities_test

import (
	"context"
	"testing"
	"time"

	"okey/activities"
	"okey/calendar"
	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pinAct records an action about the PIN of a key, judges it, and returns it with its outcome.
func (c *court) pinAct(a okey.Action) okey.Action {
	c.Helper()
	a = c.Record(a)
	_, err := activities.NewStock(c.Store, calendar.PublicOnly()).Change(context.Background(), okey.StockMatter{Action: a.ID, At: c.now})
	require.NoError(c, err)
	a, err = c.Store.Action(context.Background(), a.ID)
	require.NoError(c, err)
	require.NotNil(c, a.Verdict)
	return a
}

func (c *court) changePIN(by okey.Person, serial okey.Serial, hash string) okey.Action {
	c.Helper()
	return c.pinAct(okey.Action{Name: okey.ActionPINChange, Key: serial, By: by.ID, PINHash: hash, Content: okey.Content{Proof: okey.ProofCurrent}})
}

func (c *court) kept(serial okey.Serial) string {
	c.Helper()
	return c.Text(`SELECT pin_hash FROM key WHERE serial = $1`, string(serial))
}

func TestAnotherPINIsTheHoldersAloneToSet(t *testing.T) {
	o := newOffice(t)
	_, waits := o.until(okey.AwaitingHandover)
	held := o.KeyOf(o.blanc, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	free := o.Key(scene.Tilleuls)

	v := o.changePIN(o.lea, waits, "another").Verdict
	assert.True(t, v.Accepted)
	assert.Equal(t, "another", o.kept(waits), "from awaiting_handover on")
	assert.Equal(t, okey.Attributed, o.KeyState(waits))
	assert.Equal(t, 1, o.Count(`SELECT count(*) FROM audit WHERE event = 'pin_set' AND subject = $1 AND detail = 'current'`, sql.AboutKey(waits)))
	assert.Equal(t, 0, o.Count(`SELECT count(*) FROM action WHERE pin_hash IS NOT NULL`))
	arrived := o.letters(v.Letters...)
	require.Equal(t, []string{"lmartin@ac-nice.fr: Votre code PIN a été changé"}, lines(arrived))
	assert.Equal(t, base+"/mon-code-pin/oublie?clef="+string(waits), link(arrived[0]))

	assert.True(t, o.changePIN(o.blanc, held, "own").Verdict.Accepted)
	for _, stranger := range []okey.Person{o.lea, o.roux, o.Support("Sam Secours")} {
		v := o.changePIN(stranger, held, "stolen").Verdict
		assert.False(t, v.Accepted)
		assert.Empty(t, v.Letters)
	}
	assert.Equal(t, "own", o.kept(held))
	assert.False(t, o.changePIN(o.lea, free, "nobody's").Verdict.Accepted)
}

func TestTheLaterOfTwoPINsStandsWhicheverArrivesLast(t *testing.T) {
	c := newCourt(t)
	serial := c.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	assert.True(t, c.changePIN(c.lea, serial, "later").Verdict.Accepted)
	earlier := c.Record(okey.Action{Name: okey.ActionPINChange, Key: serial, By: c.lea.ID, PINHash: "earlier"})
	c.Exec(`UPDATE action SET created_at = created_at - interval '1 minute' WHERE id = $1`, earlier.ID)
	_, err := activities.NewStock(c.Store, calendar.PublicOnly()).Change(context.Background(), okey.StockMatter{Action: earlier.ID, At: c.now})
	require.NoError(t, err)
	assert.Equal(t, "later", c.kept(serial))
	assert.Equal(t, "pin_replaced", c.Text(`SELECT reason FROM action WHERE id = $1`, earlier.ID))
}

func TestAPINThatWaitedTooLongForItsJudgeIsRefused(t *testing.T) {
	c := newCourt(t)
	serial := c.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	a := c.Record(okey.Action{Name: okey.ActionPINChange, Key: serial, By: c.lea.ID, PINHash: "old"})
	require.NoError(t, c.Store.DropOldPINs(context.Background(), c.now.Add(time.Hour)))
	_, err := activities.NewStock(c.Store, calendar.PublicOnly()).Change(context.Background(), okey.StockMatter{Action: a.ID, At: c.now})
	require.NoError(t, err)
	assert.Empty(t, c.kept(serial))
	assert.Equal(t, "invalid", c.Text(`SELECT reason FROM action WHERE id = $1`, a.ID))
}

func TestTheHolderIsToldOfALockedPINAndNobodyOnceTheKeyIsGone(t *testing.T) {
	o := newOffice(t)
	serial := o.KeyOf(o.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	lock, err := o.Store.LockPIN(context.Background(), serial, o.now)
	require.NoError(t, err)
	_, err = activities.NewStock(o.Store, calendar.PublicOnly()).Change(context.Background(), okey.StockMatter{Action: lock.ID, At: o.now})
	require.NoError(t, err)
	judged, err := o.Store.Action(context.Background(), lock.ID)
	require.NoError(t, err)
	assert.Equal(t, 1, o.Count(`SELECT count(*) FROM audit WHERE event = 'pin-lock' AND subject = $1`, sql.AboutKey(serial)))
	o.Exec(`UPDATE key SET state = 'lost', holder = NULL WHERE serial = $1`, string(serial))
	assert.Empty(t, o.letters(judged.Verdict.Letters...))
	o.Exec(`DELETE FROM key WHERE serial = $1`, string(serial))
	o.Exec(`INSERT INTO key (serial, uai, state, batch, expires_on, holder, changed_at) VALUES ($1, $2, 'in_service', 'L1', '2029-06-30', $3, $4)`, string(serial), scene.Tilleuls, o.lea.ID, o.now)
	arrived := o.letters(judged.Verdict.Letters...)
	require.Equal(t, []string{"lmartin@ac-nice.fr: Le code PIN de votre clef n° " + string(serial) + " est bloqué"}, lines(arrived))
	assert.Contains(t, arrived[0].Text, "avant le mercredi 25 novembre à 10 h 12")
}
