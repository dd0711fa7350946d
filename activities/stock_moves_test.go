package activities_test

import (
	"context"
	"testing"
	"time"

	"okey/activities"
	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stockAct records what someone wants of the stock, judges it, and returns it with its outcome.
func (c *fixture) stockAct(a okey.Action) okey.Action {
	c.Helper()
	if a.Subject == uuid.Nil {
		a.Subject = uuid.New()
	}
	a = c.Record(a)
	_, err := activities.NewStock(c.Store).Change(context.Background(), okey.StockMatter{Action: a.ID, At: c.now})
	require.NoError(c, err)
	a, err = c.Store.Action(context.Background(), a.ID)
	require.NoError(c, err)
	require.NotNil(c, a.Verdict)
	return a
}

func (c *fixture) moveKeys(by okey.Person, to okey.UAI, serials ...okey.Serial) okey.Verdict {
	c.Helper()
	return *c.stockAct(okey.Action{
		Name: okey.ActionMoveKeys, By: by.ID, Content: okey.Content{Establishment: to, Serials: serials, Comment: "rééquilibrage"},
	}).Verdict
}

func (c *fixture) uaiOf(serial okey.Serial) okey.UAI {
	c.Helper()
	return okey.UAI(c.Text(`SELECT uai FROM key WHERE serial = $1`, string(serial)))
}

func TestSupportMovesKeysToWhoWaits(t *testing.T) {
	c := newFixture(t)
	support := c.Support("Sam Support")
	line := c.inLine("Ali Benali")
	free, lost := c.Key(scene.Acacias), c.Key(scene.Acacias)
	require.True(t, c.change(support, lost, okey.ReasonLost).Accepted)
	held := c.KeyOf(c.blanc, scene.Acacias, okey.NewDay(2029, time.June, 30))
	v := c.moveKeys(support, scene.Tilleuls, free, lost, held)
	require.True(t, v.Accepted)
	assert.Equal(t, 3, v.Count)
	assert.Equal(t, line, v.Woken)
	assert.Len(t, v.Letters, 3, "both establishments are told, and the holder")
	assert.Equal(t, okey.Reserved, c.KeyState(free))
	assert.Equal(t, okey.Lost, c.KeyState(lost))
	assert.Equal(t, okey.InService, c.KeyState(held), "its holder keeps it")
	for _, serial := range []okey.Serial{free, lost, held} {
		assert.Equal(t, scene.Tilleuls, c.uaiOf(serial))
	}
	assert.Equal(
		t, 3, c.Count(`SELECT count(*) FROM key_event WHERE reason = 'moved' AND comment = 'De 0069002C à 0069001B. rééquilibrage'`),
	)
}

func TestAllKeysMoveOrNoneAndEachThatStaysIsNamed(t *testing.T) {
	c := newFixture(t)
	support := c.Support("Sam Support")
	_, kept := c.until(okey.AwaitingCharter)
	free, there := c.Key(scene.Tilleuls), c.Key(scene.Acacias)
	coming := c.Key(scene.Tilleuls)
	c.Exec(`DELETE FROM key WHERE serial = $1`, string(coming))
	c.Exec(`INSERT INTO key (serial, uai, state, batch, expires_on, changed_at) VALUES ($1, $2, 'in_transit', 'L1', '2029-01-01', $3)`,
		string(coming), scene.Tilleuls, scene.Now)
	v := c.moveKeys(support, scene.Acacias, free, kept, there, coming, "00999")
	assert.Equal(t, okey.CodeKeysStay, v.Reason)
	assert.Equal(t, []okey.KeyFault{
		{Serial: kept, Why: okey.MoveKept},
		{Serial: there, Why: okey.MoveThere},
		{Serial: coming, Why: okey.MoveInTransit},
		{Serial: "00999", Why: okey.MoveUnknown},
	}, v.Faults)
	assert.Equal(t, scene.Tilleuls, c.uaiOf(free))
	assert.Equal(t, okey.CodeNotFound, c.moveKeys(c.roux, scene.Acacias, free).Reason)
}

func TestAMoveThatEmptiesADrawerBeginsAShortage(t *testing.T) {
	c := newFixture(t)
	support := c.Support("Sam Support")
	only := c.Key(scene.Tilleuls)
	c.ask(c.lea, okey.FirstKey)
	require.Zero(t, c.Count(`SELECT count(*) FROM establishment WHERE shortage_since IS NOT NULL`))
	require.True(t, c.moveKeys(support, scene.Acacias, only).Accepted)
	assert.Equal(t, 1, c.Count(`SELECT count(*) FROM establishment WHERE uai = $1 AND shortage_since IS NOT NULL`, scene.Tilleuls))
}

// leaver has Léa leave the Tilleuls for the Acacias with her key; Paul heads the Acacias.
func leaver(t *testing.T) (c *fixture, paul okey.Person, serial okey.Serial, propose func() okey.Action) {
	c = newFixture(t)
	paul = c.Person("Paul Petit", okey.Principal, scene.Acacias)
	serial = c.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, time.June, 30))
	return c, paul, serial, func() okey.Action {
		return c.stockAct(okey.Action{
			Name: okey.ActionTakeAlong, Key: serial, By: c.roux.ID,
			Content: okey.Content{Establishment: scene.Acacias, Comment: "mutation"},
		})
	}
}

func (c *fixture) answerMove(by okey.Person, move uuid.UUID, decision okey.Decision) okey.Verdict {
	c.Helper()
	return *c.stockAct(okey.Action{
		Name: okey.ActionMoveDecision, Subject: move, By: by.ID, Content: okey.Content{Decision: decision, Comment: "vu"},
	}).Verdict
}

func TestAPersonTakesTheKeyAlong(t *testing.T) {
	c, paul, serial, propose := leaver(t)
	proposal := propose()
	require.True(t, proposal.Verdict.Accepted)
	assert.Equal(t, okey.CodeMoveOpen, propose().Verdict.Reason, "one proposal at a time")
	assert.Equal(t, okey.CodeNotFound, c.answerMove(c.roux, proposal.Subject, okey.Approve).Reason, "the old approver does not answer")
	assert.Equal(t, okey.CodeNotFound, c.answerMove(c.lea, proposal.Subject, okey.Approve).Reason)
	v := c.answerMove(paul, proposal.Subject, okey.Approve)
	require.True(t, v.Accepted)
	assert.Equal(t, scene.Acacias, c.uaiOf(serial))
	assert.Equal(t, c.lea.ID.String(), c.Text(`SELECT holder FROM key WHERE serial = $1`, string(serial)))
	assert.Equal(t, okey.CodeMoveOver, c.answerMove(paul, proposal.Subject, okey.Refuse).Reason, "answered once")
	assert.Equal(t, "accepted", c.Text(`SELECT state FROM key_move`))
}

func TestARefusedProposalLeavesTheKeyWhereItIs(t *testing.T) {
	c, paul, serial, propose := leaver(t)
	require.True(t, c.answerMove(paul, propose().Subject, okey.Refuse).Accepted)
	assert.Equal(t, scene.Tilleuls, c.uaiOf(serial))
	assert.True(t, propose().Verdict.Accepted, "it may be proposed again")
}

func TestAProposalIsTakenBackByThoseWhomTheKeyLeaves(t *testing.T) {
	c, paul, serial, propose := leaver(t)
	proposal := propose()
	withdraw := func(by okey.Person) okey.Verdict {
		return *c.stockAct(okey.Action{
			Name: okey.ActionMoveWithdrawal, Subject: proposal.Subject, By: by.ID, Content: okey.Content{Comment: "elle reste"},
		}).Verdict
	}
	for _, other := range []okey.Person{paul, c.lea} {
		assert.Equal(t, okey.CodeNotFound, withdraw(other).Reason, "%s does not take it back", other.Name())
	}
	require.True(t, withdraw(c.roux).Accepted)
	assert.Equal(t, scene.Tilleuls, c.uaiOf(serial))
	assert.Equal(t, "withdrawn elle reste", c.Text(`SELECT state || ' ' || answer FROM key_move`))
	assert.Equal(t, okey.CodeMoveOver, withdraw(c.roux).Reason, "once")
	assert.Equal(t, okey.CodeMoveOver, c.answerMove(paul, proposal.Subject, okey.Approve).Reason, "nothing to answer any more")
	proposal = propose()
	require.True(t, proposal.Verdict.Accepted, "it may be proposed again")
	require.True(t, c.answerMove(paul, proposal.Subject, okey.Approve).Accepted)
	assert.Equal(t, okey.CodeNotFound, withdraw(c.lea).Reason)
	assert.Equal(t, okey.CodeMoveOver, withdraw(c.roux).Reason, "too late")
	assert.Equal(t, scene.Acacias, c.uaiOf(serial))
}

func TestNobodyLetsTheirOwnKeyIn(t *testing.T) {
	c, _, _, propose := leaver(t)
	c.Exec(`INSERT INTO assignment (person, uai, function, source, since) VALUES ($1, $2, 'chef', 'import', $3)`,
		c.lea.ID, scene.Acacias, scene.Now)
	assert.Equal(t, okey.CodeOwnKey, c.answerMove(c.lea, propose().Subject, okey.Approve).Reason)
}

func TestAProposalEndsWithTheHolding(t *testing.T) {
	c, paul, serial, propose := leaver(t)
	proposal := propose()
	require.True(t, c.change(c.roux, serial, okey.ReasonReturn).Accepted)
	assert.Equal(t, okey.CodeMoveOver, c.answerMove(paul, proposal.Subject, okey.Approve).Reason)
	assert.Equal(t, "ended", c.Text(`SELECT state FROM key_move`))
	assert.Equal(t, scene.Tilleuls, c.uaiOf(serial))
}

func TestAProposalEndsWhenSupportMovesTheKey(t *testing.T) {
	c, _, serial, propose := leaver(t)
	propose()
	require.True(t, c.moveKeys(c.Support("Sam Support"), scene.Acacias, serial).Accepted)
	assert.Equal(t, "ended", c.Text(`SELECT state FROM key_move`))
}

func TestAProposalThatNobodyAnswersExpires(t *testing.T) {
	c, paul, _, propose := leaver(t)
	proposal := propose()
	c.now = c.now.Add(okey.MoveLife - time.Minute)
	assert.Empty(t, c.due("1"))
	c.now = c.now.Add(time.Minute)
	letters := c.due("2")
	require.Len(t, letters, 1, "its proposer is told")
	assert.Equal(t, proposal.Subject, letters[0].Subject)
	assert.Equal(t, okey.CodeMoveOver, c.answerMove(paul, proposal.Subject, okey.Approve).Reason)
}
