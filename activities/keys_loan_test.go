package activities_test

import (
	"context"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mislays has Léa have mislaid a key of hers, with one in the drawer that may be lent.
func (c *fixture) mislays() (own, free okey.Serial) {
	c.Helper()
	own = c.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	require.True(c, c.change(c.lea, own, okey.ReasonMislaid).Accepted)
	return own, c.Key(scene.Tilleuls)
}

// lends leads a request for a loan to its handover.
func (c *fixture) lends(serial okey.Serial) uuid.UUID {
	c.Helper()
	request, v := c.ask(c.lea, okey.Loan)
	require.True(c, v.Accepted, "%v", v)
	c.approve(request)
	c.sign(c.lea, request)
	v = c.act(c.roux, request, okey.Handover, okey.Content{Serial: serial})
	require.Equal(c, okey.HandedOver, v.Standing.Stage, "%v", v)
	return request
}

// followed judges what the flow itself has recorded of requests, and returns it.
func (c *fixture) followed() []okey.Verdict {
	c.Helper()
	found, err := c.Store.FollowUps(context.Background(), 10)
	require.NoError(c, err)
	var verdicts []okey.Verdict
	for _, a := range found {
		verdicts = append(verdicts, c.put(okey.Matter{
			Kind: okey.MatterAction, Request: a.Request, Action: a.ID, Signal: a.Name.Signal(),
		}))
	}
	return verdicts
}

func TestAKeyIsLentForFiveOpenDaysToWhoHasMislaidTheirs(t *testing.T) {
	c := newFixture(t)
	own, free := c.mislays()
	request := c.lends(free)
	key := c.key(free)
	assert.Equal(t, okey.Lent, key.State)
	assert.Equal(t, c.lea.ID, key.Holder)
	// Tuesday 24 November 2026, five open days on.
	assert.Equal(t, "2026-12-01T23:59:59+01:00", key.DueAt.In(okey.ZoneOf("")).Format(time.RFC3339))
	assert.Equal(t, "hash of the PIN", c.kept(free), "signed for, with a PIN of its own")
	assert.Equal(t, okey.Suspended, c.KeyState(own), "which waits to be found as before")
	assert.Equal(t, free, c.Request(request).Key)

	_, again := c.ask(c.lea, okey.Loan)
	assert.Equal(t, okey.CodeAlreadyHolds, again.Reason)
	assert.Equal(t, okey.DetailLent, again.Detail)
	require.True(t, c.change(c.roux, free, okey.ReasonReturn).Accepted)
	assert.Equal(t, okey.InStock, c.KeyState(free))
	assert.Zero(t, c.key(free).DueAt)
	_, again = c.ask(c.lea, okey.Loan)
	assert.True(t, again.Accepted, "given back, another may be asked for")
}

func TestOnlyWhoHasMislaidTheirKeyIsLentOne(t *testing.T) {
	c := newFixture(t)
	_, v := c.ask(c.lea, okey.Loan)
	assert.Equal(t, okey.CodeInvalid, v.Reason)
	assert.Equal(t, okey.DetailNotMislaid, v.Detail)
	c.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	_, v = c.ask(c.lea, okey.Loan)
	assert.Equal(t, okey.CodeAlreadyHolds, v.Reason)
	assert.Equal(t, okey.DetailNotMislaid, v.Detail)
	assert.Zero(t, c.Count(`SELECT count(*) FROM request`))
}

func TestAKeyThatIsFoundEndsALoanThatIsAskedFor(t *testing.T) {
	for name, by := range map[string]func(*fixture) okey.Person{
		"by its holder": func(c *fixture) okey.Person { return c.lea }, "by the head": func(c *fixture) okey.Person { return c.roux },
	} {
		t.Run(name, func(t *testing.T) {
			c := newFixture(t)
			own, free := c.mislays()
			request, _ := c.ask(c.lea, okey.Loan)
			v := c.change(by(c), own, okey.ReasonRecovered)
			require.True(t, v.Accepted)
			assert.True(t, v.Wake, "the request's workflow is told at once, not by the watch")
			verdicts := c.followed()
			require.Len(t, verdicts, 1)
			assert.True(t, verdicts[0].Accepted, "%v", verdicts[0])
			assert.Equal(t, okey.Withdrawn, c.Request(request).Stage)
			assert.Equal(t, okey.InStock, c.KeyState(free))
		})
	}
}

// The flow's own withdrawal may still be on its way when the head hands the key over.
func TestNoKeyIsLentOnceTheOtherIsFound(t *testing.T) {
	c := newFixture(t)
	own, free := c.mislays()
	request, _ := c.ask(c.lea, okey.Loan)
	c.approve(request)
	c.sign(c.lea, request)
	c.change(c.lea, own, okey.ReasonRecovered)
	v := c.act(c.roux, request, okey.Handover, okey.Content{Serial: free})
	assert.Equal(t, okey.CodeAlreadyHolds, v.Reason)
	c.followed()
	assert.Equal(t, okey.InStock, c.KeyState(free), "withdrawn, its key goes back")
}

func TestALentKeyIsDueAtOnceWhereTheirOwnServesAgain(t *testing.T) {
	c := newFixture(t)
	own, free := c.mislays()
	c.lends(free)
	c.change(c.lea, own, okey.ReasonRecovered)
	assert.Equal(t, okey.InService, c.KeyState(own))
	key := c.key(free)
	assert.True(t, key.LoanOver(c.now), "due at %s", key.DueAt)
	assert.Equal(t, okey.Lent, key.State, "until somebody has it in hand")
}

func TestALoanThatIsAskedForBecomesAReplacementWhereTheKeyIsLost(t *testing.T) {
	c := newFixture(t)
	own, free := c.mislays()
	request, _ := c.ask(c.lea, okey.Loan)
	c.approve(request)
	c.change(c.lea, own, okey.ReasonLost)
	assert.Empty(t, c.followed())
	assert.Equal(t, okey.Replacement, c.Request(request).Reason)
	c.sign(c.lea, request)
	c.act(c.roux, request, okey.Handover, okey.Content{Serial: free})
	assert.Equal(t, okey.InService, c.KeyState(free), "for good")
}

// The head has the mislaid key in hand and puts it into the drawer: its holder still needs one.
func TestALoanThatIsAskedForIsForGoodWhereTheKeyGoesToTheDrawer(t *testing.T) {
	c := newFixture(t)
	own, _ := c.mislays()
	request, _ := c.ask(c.lea, okey.Loan)
	c.change(c.roux, own, okey.ReasonReturn)
	assert.Empty(t, c.followed())
	now := c.Request(request)
	assert.Equal(t, okey.AwaitingDecision, now.Stage)
	assert.Equal(t, okey.FirstKey, now.Reason)
	story, err := c.Store.Timeline(context.Background(), request)
	require.NoError(t, err)
	assert.Equal(t, okey.EventForGood, story[len(story)-1].Kind)
}

// Nobody takes back what is mislaid: it is not booked as scrapped.
func TestAMislaidKeyIsLostAtTheHandoverOfTheNext(t *testing.T) {
	c := newFixture(t)
	own := c.KeyOf(c.lea, scene.Tilleuls, okey.DayOf(c.now, okey.ZoneOf("")).AddMonths(2))
	request, _ := c.ask(c.lea, okey.Renewal)
	c.change(c.lea, own, okey.ReasonMislaid)
	next := c.Key(scene.Tilleuls)
	c.approve(request)
	c.sign(c.lea, request)
	c.act(c.roux, request, okey.Handover, okey.Content{Serial: next})
	assert.Equal(t, okey.InService, c.KeyState(next))
	assert.Equal(t, okey.Lost, c.KeyState(own))
}

func TestWhoHasLostTheirKeyAsksForAnotherWhileOneIsLent(t *testing.T) {
	c := newFixture(t)
	own, lent := c.mislays()
	c.lends(lent)
	c.change(c.lea, own, okey.ReasonLost)
	next := c.Key(scene.Tilleuls)
	request, v := c.ask(c.lea, okey.Replacement)
	require.True(t, v.Accepted, "%v", v)
	c.approve(request)
	c.sign(c.lea, request)
	v = c.act(c.roux, request, okey.Handover, okey.Content{Serial: next})
	require.Equal(t, okey.HandedOver, v.Standing.Stage, "%v", v)
	assert.Equal(t, okey.InService, c.KeyState(next))
	assert.True(t, c.key(lent).LoanOver(c.now), "the lent one is to be back now")
}

func TestARenewalLeavesALentKeyAlone(t *testing.T) {
	c := newFixture(t)
	own := c.KeyOf(c.lea, scene.Tilleuls, okey.DayOf(c.now, okey.ZoneOf("")).AddMonths(2))
	c.change(c.lea, own, okey.ReasonMislaid)
	lent := c.Key(scene.Tilleuls)
	c.lends(lent)
	c.change(c.lea, own, okey.ReasonRecovered)
	next := c.Key(scene.Tilleuls)
	request, v := c.ask(c.lea, okey.Renewal)
	require.True(t, v.Accepted, "%v", v)
	c.approve(request)
	c.sign(c.lea, request)
	c.act(c.roux, request, okey.Handover, okey.Content{Serial: next})
	assert.Equal(t, okey.Retired, c.KeyState(own))
	assert.Equal(t, okey.Lent, c.KeyState(lent), "it goes back to the drawer, not to the scrap")
}

// The mislaid key is found or lost within days, and what is kept for a loan is not kept for longer.
func TestAKeyIsKeptForALoanForAsLongAsTheMislaidOneIsLookedFor(t *testing.T) {
	c := newFixture(t)
	_, free := c.mislays()
	request, _ := c.ask(c.lea, okey.Loan)
	for _, next := range []func() okey.Verdict{
		func() okey.Verdict { return c.approve(request) }, func() okey.Verdict { return c.sign(c.lea, request) },
	} {
		v := next()
		until := openDaysLater(t, c, c.now, okey.MislaidExpiry)
		assert.Equal(t, until, c.Request(request).KeptUntil, "what pages and mails read, %s", v.Standing.Stage)
		assert.True(t, until.Equal(v.Standing.ExpiryOf()), "and the flow")
	}
	turn := c.Request(request).Turn
	c.now = c.Request(request).KeptUntil.Add(time.Second)
	c.put(okey.Matter{Kind: okey.MatterExpiry, Request: request, Turn: turn})
	assert.Equal(t, okey.Expired, c.Request(request).Stage)
	assert.Equal(t, okey.InStock, c.KeyState(free))
}

// Who turned out to need a key for good has the time for it that everybody has.
func TestALoanThatBecameAReplacementIsKeptForLonger(t *testing.T) {
	c := newFixture(t)
	own, free := c.mislays()
	request, _ := c.ask(c.lea, okey.Loan)
	c.approve(request)
	c.sign(c.lea, request)
	require.True(t, c.change(c.lea, own, okey.ReasonLost).Accepted)
	before := c.Request(request)
	ends := okey.Matter{Kind: okey.MatterExpiry, Request: request, Turn: before.Turn, Once: "run/7"}
	c.now = before.KeptUntil.Add(time.Second)
	v := c.put(ends)
	assert.Equal(t, v, c.put(ends), "a second attempt answers what the first did")
	after := c.Request(request)
	assert.Equal(t, okey.AwaitingHandover, after.Stage)
	assert.Equal(t, free, after.Key)
	assert.Equal(t, before.Turn+1, v.Standing.Turn, "the flow waits anew")
	assert.Equal(t, openDaysLater(t, c, c.now, okey.DefaultWaits().HandoverExpiry), after.KeptUntil)
	c.now = after.KeptUntil.Add(time.Second)
	c.put(okey.Matter{Kind: okey.MatterExpiry, Request: request, Turn: after.Turn})
	assert.Equal(t, okey.Expired, c.Request(request).Stage, "but not for ever")
}
