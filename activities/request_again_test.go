package activities_test

import (
	"testing"

	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a killed worker had committed is judged a second time: the answer must be the first one, mails and all.

func TestASecondAttemptAtTheAskingStillMailsTheApprovers(t *testing.T) {
	c := newFixture(t)
	ask := c.Ask(c.lea, scene.Tilleuls)
	m := okey.Matter{Kind: okey.MatterOpen, Request: ask.Request, Action: ask.ID}
	first := c.put(m)
	require.Equal(t, []okey.MailKind{okey.MailAsked}, kinds(first))
	assert.Equal(t, first, c.put(m))
}

func TestASecondAttemptAtANudgeStillTellsThatAKeyIsFree(t *testing.T) {
	c := newFixture(t)
	line := c.inLine("Ali Benali")
	c.Key(scene.Tilleuls)
	m := okey.Matter{Kind: okey.MatterNudge, Request: line[0], Signal: okey.StockAvailable, Once: "run/1"}
	first := c.put(m)
	require.Equal(t, []okey.MailKind{okey.MailKeyFree}, kinds(first))
	assert.Equal(t, first, c.put(m))
	m.Once = "run/2"
	assert.Empty(t, c.put(m).Mails)
}

// A fail-over may leave an asking that only the old database judged: its workflow runs, and gets it once more as a signal.
func TestAnAskingThatASignalBringsOpensItsRequestOnce(t *testing.T) {
	c := newFixture(t)
	ask := c.Ask(c.lea, scene.Tilleuls)
	m := okey.Matter{Kind: okey.MatterAction, Signal: okey.StockAvailable, Request: ask.Request, Action: ask.ID}
	first := c.put(m)
	require.Equal(t, okey.AwaitingDecision, first.Standing.Stage)
	require.Equal(t, []okey.MailKind{okey.MailAsked}, kinds(first))
	assert.Equal(t, first, c.put(m))
	assert.Zero(t, c.Count(`SELECT count(*) FROM audit WHERE event = 'stray'`))
	m.Request = uuid.New()
	assert.Empty(t, c.put(m).Standing.Stage, "not another's")
}

func TestALookThatFindsNothingLeavesNoRow(t *testing.T) {
	c := newFixture(t)
	line := c.inLine("Ali Benali")
	before := c.Count(`SELECT count(*) FROM action`)
	c.nudge(line[0])
	assert.Equal(t, before, c.Count(`SELECT count(*) FROM action`))
}

func TestAStrayThatComesTwiceDoesNotLeadBack(t *testing.T) {
	c := newFixture(t)
	request, _ := c.until(okey.AwaitingDecision)
	m := okey.Matter{Kind: okey.MatterAction, Request: request, Signal: okey.Handover, Action: uuid.New()}
	c.put(m)
	c.approve(request)
	assert.Equal(t, okey.AwaitingCharter, c.put(m).Standing.Stage)
}

func TestARequestGoesOnWhenItsSchoolIsNoLongerServed(t *testing.T) {
	c := newFixture(t)
	request, serial := c.until(okey.AwaitingHandover)
	c.Exec(`UPDATE establishment SET served = false`)
	v := c.act(c.lea, request, okey.Withdrawal, okey.Content{})
	assert.Equal(t, okey.Withdrawn, v.Standing.Stage)
	assert.Equal(t, okey.InStock, c.KeyState(serial))
}

func TestAPINOutlivesTwoKeysThatFail(t *testing.T) {
	c := newFixture(t)
	request, first := c.until(okey.AwaitingHandover)
	require.True(t, c.change(c.roux, first, okey.ReasonLost).Accepted)
	require.Equal(t, okey.AwaitingStock, c.nudge(request).Standing.Stage)
	second := c.KeyOf(c.blanc, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	c.change(c.roux, second, okey.ReasonReturn)
	require.Equal(t, okey.Reserved, c.KeyState(second), "given, not taken yet")
	require.True(t, c.change(c.roux, second, okey.ReasonDefective).Accepted)
	assert.False(t, c.Request(request).WakeUpOwed, "nothing is left to be woken for")
	third := c.Key(scene.Tilleuls)
	assert.Equal(t, okey.AwaitingHandover, c.nudge(request).Standing.Stage)
	assert.Equal(t, "hash of the PIN", c.Text(`SELECT pin_hash FROM key WHERE serial = $1`, string(third)))
}

func TestADelegationEndsWithTheFunctionOfItsGiver(t *testing.T) {
	c := newFixture(t)
	delegate := c.Person("Zoé Durand", okey.Staff, scene.Tilleuls)
	c.Exec(`INSERT INTO delegation (id, uai, given_by, given_to, scope, from_day, until_day, created_at)
		VALUES ($1, $2, $3, $4, 'everything', '2026-09-01', '2027-06-30', $5)`, uuid.New(), scene.Tilleuls, c.roux.ID, delegate.ID, c.now)
	c.Exec(`UPDATE assignment SET until = '2026-10-31' WHERE person = $1`, c.roux.ID)
	request, _ := c.until(okey.AwaitingDecision)
	v := c.act(delegate, request, okey.PrincipalDecision, okey.Content{Decision: okey.Approve})
	assert.Equal(t, okey.CodeNotFound, v.Reason)
}

func TestWhoIsNoLongerEligibleGetsNoKeyAtAnyStep(t *testing.T) {
	for stage, act := range map[okey.Stage]func(*fixture, uuid.UUID, okey.Serial) okey.Verdict{
		okey.AwaitingDecision: func(c *fixture, id uuid.UUID, _ okey.Serial) okey.Verdict { return c.approve(id) },
		okey.AwaitingCharter:  func(c *fixture, id uuid.UUID, _ okey.Serial) okey.Verdict { return c.sign(c.lea, id) },
		okey.AwaitingHandover: func(c *fixture, id uuid.UUID, serial okey.Serial) okey.Verdict {
			return c.act(c.roux, id, okey.Handover, okey.Content{Serial: serial})
		},
	} {
		t.Run("a second key at "+string(stage), func(t *testing.T) {
			c := newFixture(t)
			request, serial := c.until(stage)
			c.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30)) // imported meanwhile
			v := act(c, request, serial)
			assert.Equal(t, okey.CodeAlreadyHolds, v.Reason)
			assert.Equal(t, stage, v.Standing.Stage)
			assert.Equal(t, okey.Withdrawn, c.act(c.lea, request, okey.Withdrawal, okey.Content{}).Standing.Stage)
		})
		t.Run("moved away at "+string(stage), func(t *testing.T) {
			c := newFixture(t)
			request, serial := c.until(stage)
			c.Exec(`DELETE FROM assignment WHERE person = $1`, c.lea.ID)
			assert.Equal(t, okey.CodeNotEligible, act(c, request, serial).Reason)
		})
	}
}
