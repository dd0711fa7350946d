package activities_test

import (
	"context"
	"testing"
	"time"

	"okey/activities"
	"okey/calendar"
	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// change reports a key, and judges it.
func (c *fixture) change(by okey.Person, serial okey.Serial, reason okey.KeyReason) okey.KeyVerdict {
	c.Helper()
	a := c.Record(okey.Action{
		Name: okey.ActionKeyChange, By: by.ID, Key: serial, Content: okey.Content{KeyReason: reason, Comment: "constaté"},
	})
	v, err := activities.NewKeys(c.Store, calendar.PublicOnly()).Change(context.Background(), okey.KeyMatter{Action: a.ID, At: c.now})
	require.NoError(c, err)
	return v
}

func (c *fixture) nudge(request uuid.UUID) okey.Verdict {
	c.Helper()
	return c.put(okey.Matter{Kind: okey.MatterNudge, Request: request, Signal: okey.StockAvailable})
}

// inLine approves requests of new people while no key is free.
func (c *fixture) inLine(names ...string) []uuid.UUID {
	c.Helper()
	var line []uuid.UUID
	for _, name := range names {
		request, _ := c.ask(c.Person(name, okey.Staff, scene.Tilleuls), okey.FirstKey)
		c.now = c.now.Add(time.Minute)
		require.Equal(c, okey.AwaitingStock, c.approve(request).Standing.Stage)
		line = append(line, request)
	}
	return line
}

func TestAReturnedKeyGoesToTheOldestInLine(t *testing.T) {
	c := newFixture(t)
	line := c.inLine("Ali Benali", "Eva Simon")
	held := c.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, time.June, 30))
	v := c.change(c.roux, held, okey.ReasonReturn)
	assert.True(t, v.Accepted && v.Wake)
	assert.Equal(t, okey.Reserved, c.KeyState(held))
	assert.True(t, c.Request(line[0]).WakeUpOwed)
	assert.False(t, c.Request(line[1]).WakeUpOwed)
	assert.Equal(t, okey.AwaitingStock, c.nudge(line[1]).Standing.Stage, "nobody overtakes")
	assert.Equal(t, okey.AwaitingCharter, c.nudge(line[0]).Standing.Stage)
	assert.False(t, c.Request(line[0]).WakeUpOwed)
}

func TestAKeyThatExpiresWithinSixMonthsIsNotGiven(t *testing.T) {
	c := newFixture(t)
	c.KeyUntil(scene.Tilleuls, okey.NewDay(2027, time.May, 23))
	soonest, later := c.KeyUntil(scene.Tilleuls, okey.NewDay(2027, time.May, 24)), c.Key(scene.Tilleuls)
	request, _ := c.ask(c.lea, okey.FirstKey)
	require.Equal(t, okey.AwaitingCharter, c.approve(request).Standing.Stage)
	assert.Equal(t, soonest, c.Request(request).Key, "soonest to expire first")
	assert.Equal(t, okey.InStock, c.KeyState(later))
}

func TestAWithdrawalPassesTheKeyOn(t *testing.T) {
	c := newFixture(t)
	request, serial := c.until(okey.AwaitingHandover)
	line := c.inLine("Ali Benali")
	v := c.act(c.lea, request, okey.Withdrawal, okey.Content{Comment: "plus besoin"})
	assert.Equal(t, okey.Withdrawn, v.Standing.Stage)
	assert.Equal(t, line, v.Woken)
	assert.Equal(t, serial, c.Request(line[0]).Key)
	assert.Empty(t, c.Text(`SELECT pin_hash FROM key WHERE serial = $1`, string(serial)), "the PIN is gone with its owner")
}

func TestALostAttributedKeyKeepsPlaceCharterAndPIN(t *testing.T) {
	c := newFixture(t)
	request, serial := c.until(okey.AwaitingHandover)
	approved := c.Request(request).ApprovedAt
	other := c.Key(scene.Tilleuls)
	v := c.change(c.roux, serial, okey.ReasonLost)
	require.True(t, v.Accepted)
	follow, err := c.Store.FollowUps(context.Background(), 10)
	require.NoError(t, err)
	require.Len(t, follow, 1, "its workflow is owed the news")
	verdict := c.put(okey.Matter{Kind: okey.MatterAction, Request: request, Signal: okey.KeyUnavailable, Action: follow[0].ID})
	assert.Equal(t, okey.AwaitingHandover, verdict.Standing.Stage, "straight to the handover of another key")
	assert.Equal(t, other, c.Request(request).Key)
	assert.Equal(t, approved, c.Request(request).ApprovedAt)
	assert.Equal(t, "hash of the PIN", c.Text(`SELECT pin_hash FROM key WHERE serial = $1`, string(other)))
	assert.Zero(t, c.Count(`SELECT count(*) FROM request WHERE pin_hash IS NOT NULL`))
}

func TestABrokenReservedKeySendsItsRequestBackInLine(t *testing.T) {
	c := newFixture(t)
	request, serial := c.until(okey.AwaitingCharter)
	require.True(t, c.change(c.roux, serial, okey.ReasonDefective).Accepted)
	v := c.nudge(request)
	assert.Equal(t, okey.AwaitingStock, v.Standing.Stage, "whatever reaches it first, the loss is seen to")
	c.Key(scene.Tilleuls)
	assert.Equal(t, okey.AwaitingCharter, c.nudge(request).Standing.Stage)
}

func TestWordOfALostKeyHasHadItsEffectOnceTheRequestIsBackInLine(t *testing.T) {
	for name, before := range map[string]func(*fixture, uuid.UUID){
		"it comes first": func(*fixture, uuid.UUID) {},
		"the request's workflow has looked by itself before": func(c *fixture, request uuid.UUID) { c.nudge(request) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newFixture(t)
			request, serial := c.until(okey.AwaitingCharter)
			require.True(t, c.change(c.roux, serial, okey.ReasonLost).Accepted)
			follow, err := c.Store.FollowUps(context.Background(), 10)
			require.NoError(t, err)
			require.Len(t, follow, 1)
			before(c, request)
			v := c.put(okey.Matter{Kind: okey.MatterAction, Request: request, Signal: okey.KeyUnavailable, Action: follow[0].ID})
			assert.True(t, v.Accepted, v.Reason)
			assert.Equal(t, okey.AwaitingStock, v.Standing.Stage)
			refused, err := c.Store.RefusedActions(context.Background(), time.Time{}, 10)
			require.NoError(t, err)
			assert.Empty(t, refused, "what took effect was not refused")
		})
	}
}

func TestHandoverOfAnotherKeyOfTheStockSwapsThem(t *testing.T) {
	c := newFixture(t)
	request, serial := c.until(okey.AwaitingHandover)
	other := c.Key(scene.Tilleuls)
	v := c.act(c.roux, request, okey.Handover, okey.Content{Serial: other})
	assert.True(t, v.Accepted && v.Swapped)
	assert.Equal(t, okey.InStock, c.KeyState(serial))
	assert.Equal(t, okey.InService, c.KeyState(other))
	assert.Equal(t, "hash of the PIN", c.Text(`SELECT pin_hash FROM key WHERE serial = $1`, string(other)))
	assert.Equal(t, other, c.Request(request).Key)
}

// The last four characters of the attributed key's number are enough, whoever sends them; a key of that very number is meant before.
func TestTheEndOfTheAttributedKeysNumberNamesIt(t *testing.T) {
	c := newFixture(t)
	request, serial := c.until(okey.AwaitingHandover)
	end := serial[len(serial)-okey.LastOfSerial:]
	for _, other := range []okey.Serial{serial[len(serial)-3:], serial[1:], "ZZ" + end[2:]} {
		if other != serial {
			assert.Equal(t, okey.CodeKeyUnknown, c.act(c.roux, request, okey.Handover, okey.Content{Serial: other}).Reason, other)
		}
	}
	v := c.act(c.roux, request, okey.Handover, okey.Content{Serial: end})
	assert.True(t, v.Accepted && !v.Swapped, v.Reason)
	assert.Equal(t, okey.InService, c.KeyState(serial))
}

func TestAKeyNamedByItsWholeNumberIsMeantBeforeOneThatEndsSo(t *testing.T) {
	c := newFixture(t)
	request, serial := c.until(okey.AwaitingHandover)
	short, other := serial[len(serial)-okey.LastOfSerial:], c.Key(scene.Tilleuls)
	c.Exec(`UPDATE key SET serial = $2 WHERE serial = $1`, string(other), string(short))
	v := c.act(c.roux, request, okey.Handover, okey.Content{Serial: short})
	assert.True(t, v.Accepted && v.Swapped, v.Reason)
	assert.Equal(t, []okey.KeyState{okey.InStock, okey.InService}, []okey.KeyState{c.KeyState(serial), c.KeyState(short)})
}

func TestASwappedOutKeyGoesOnToTheNextInLine(t *testing.T) {
	c := newFixture(t)
	request, serial := c.until(okey.AwaitingHandover)
	line := c.inLine("Ali Benali")
	other := c.KeyUntil(scene.Tilleuls, okey.NewDay(2027, time.February, 1)) // too short a life to be given, but in the drawer
	v := c.act(c.roux, request, okey.Handover, okey.Content{Serial: other})
	require.True(t, v.Swapped)
	assert.Equal(t, serial, c.Request(line[0]).Key)
	assert.Equal(t, line, v.Woken)
}

func TestHandoverOfAKeyThatIsNotFreeNamesItsState(t *testing.T) {
	c := newFixture(t)
	request, serial := c.until(okey.AwaitingHandover)
	elsewhere := c.Key(scene.Acacias)
	inHand := c.KeyOf(c.blanc, scene.Tilleuls, okey.NewDay(2029, time.June, 30))
	for named, code := range map[okey.Serial]okey.Code{
		"00999": okey.CodeKeyUnknown, elsewhere: okey.CodeKeyElsewhere, inHand: okey.CodeKeyNotFree,
	} {
		v := c.act(c.roux, request, okey.Handover, okey.Content{Serial: named})
		assert.Equal(t, code, v.Reason)
		assert.Equal(t, okey.AwaitingHandover, v.Standing.Stage)
	}
	assert.Equal(t, okey.Attributed, c.KeyState(serial))
}

func TestSupportsStockAvailableIsRefusedWhereNoKeyIsFree(t *testing.T) {
	c := newFixture(t)
	support := c.Support("Sam Support")
	line := c.inLine("Ali Benali")
	assert.Equal(t, okey.CodeNoKeyFree, c.act(support, line[0], okey.StockAvailable, okey.Content{}).Reason)
	c.Key(scene.Tilleuls)
	assert.Equal(t, okey.AwaitingCharter, c.act(support, line[0], okey.StockAvailable, okey.Content{}).Standing.Stage)
}

func TestAHolderDeclaresTheirKeyLostAndMayAskAgainAtOnce(t *testing.T) {
	c := newFixture(t)
	held := c.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, time.June, 30))
	assert.Equal(t, okey.CodeForbidden, c.change(c.lea, held, okey.ReasonReturn).Reason)
	assert.True(t, c.change(c.lea, held, okey.ReasonLost).Accepted)
	_, v := c.ask(c.lea, okey.Replacement)
	assert.True(t, v.Accepted)
}

// The next holder's page must not show when somebody else was there.
func TestAReturnedKeyForgetsItsLastLogin(t *testing.T) {
	c := newFixture(t)
	serial := c.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	c.Exec(`UPDATE key SET last_login_at = now()`)
	require.True(t, c.change(c.roux, serial, okey.ReasonLost).Accepted)
	assert.Equal(t, 1, c.Count(`SELECT count(last_login_at) FROM key`), "a lost key's is worth knowing")
	require.True(t, c.change(c.roux, serial, okey.ReasonFound).Accepted)
	require.Equal(t, okey.InStock, c.KeyState(serial))
	assert.Zero(t, c.Count(`SELECT count(last_login_at) FROM key`))
}

// A key that has expired serves nobody: it takes no other's place.
func TestAnExpiredKeyIsNotHandedOver(t *testing.T) {
	c := newFixture(t)
	request, serial := c.until(okey.AwaitingHandover)
	gone := c.KeyUntil(scene.Tilleuls, okey.DayOf(scene.Now, okey.ZoneOf("")).AddDays(-1))
	v := c.act(c.roux, request, okey.Handover, okey.Content{Serial: gone})
	assert.Equal(t, []any{false, okey.CodeKeyNotFree, okey.DetailExpired}, []any{v.Accepted, v.Reason, v.Detail})
	assert.Equal(t, okey.Attributed, c.KeyState(serial))
	assert.Equal(t, okey.InStock, c.KeyState(gone))
}
