package activities_test

import (
	"testing"
	"time"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whatever kept it from its judge, a click recorded before the end of a stage counts: the deadline judges it first.
func TestADeadlineJudgesFirstWhatWasRecordedInTime(t *testing.T) {
	for name, click := range map[string]struct {
		stage  okey.Stage
		by     func(*fixture) okey.Person
		action okey.Action
		then   okey.Stage
	}{
		"an answer": {
			okey.AwaitingDecision, func(c *fixture) okey.Person { return c.roux },
			okey.Action{Name: okey.ActionOf(okey.PrincipalDecision), Content: okey.Content{Decision: okey.Approve}},
			okey.AwaitingCharter,
		},
		"a signature": {
			okey.AwaitingCharter, func(c *fixture) okey.Person { return c.lea },
			okey.Action{Name: okey.ActionOf(okey.CharterAndPIN), Content: okey.Content{Charter: 1}, PINHash: "hash"},
			okey.AwaitingHandover,
		},
		"a handover": {
			okey.AwaitingHandover, func(c *fixture) okey.Person { return c.roux },
			okey.Action{Name: okey.ActionOf(okey.Handover)},
			okey.HandedOver,
		},
		"a withdrawal": {
			okey.AwaitingCharter, func(c *fixture) okey.Person { return c.lea },
			okey.Action{Name: okey.ActionOf(okey.Withdrawal)},
			okey.Withdrawn,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newFixture(t)
			request, serial := c.until(click.stage)
			until, turn := c.Request(request).KeptUntil, c.Request(request).Turn
			a := click.action
			a.By, a.Request, a.CreatedAt = click.by(c).ID, request, until.Add(-10*time.Minute)
			if a.Name == okey.ActionOf(okey.Handover) {
				a.Content.Serial = serial
			}
			a = c.Record(a)
			c.now = until.Add(30 * time.Minute)
			v := c.put(okey.Matter{Kind: okey.MatterExpiry, Request: request, Turn: turn})
			assert.Equal(t, click.then, v.Standing.Stage)
			assert.NotEmpty(t, v.Mails, "those of the step are sent by whoever judged it")
			judged, err := c.Store.Action(t.Context(), a.ID)
			require.NoError(t, err)
			require.NotNil(t, judged.Verdict)
			assert.True(t, judged.Verdict.Accepted)
			again := c.put(okey.Matter{Kind: okey.MatterAction, Request: request, Signal: a.Name.Signal(), Action: a.ID})
			assert.Equal(t, click.then, again.Standing.Stage, "its signal comes after all, and finds it done")
		})
	}
}

func TestADeadlineJudgesInTheOrderOfRecordingAndLeavesWhatCameLater(t *testing.T) {
	c := newFixture(t)
	request, _ := c.until(okey.AwaitingDecision)
	until := c.Request(request).KeptUntil
	record := func(by okey.Person, decision okey.Decision, at time.Time) uuid.UUID {
		return c.Record(okey.Action{
			Name: okey.ActionOf(okey.PrincipalDecision), By: by.ID, Request: request, CreatedAt: at,
			Content: okey.Content{Decision: decision, Comment: "non"},
		}).ID
	}
	second := record(c.blanc, okey.Approve, until.Add(-time.Minute))
	first := record(c.roux, okey.Refuse, until.Add(-time.Hour))
	late := record(c.blanc, okey.Approve, until.Add(time.Minute))
	c.now = until.Add(time.Hour)
	v := c.put(okey.Matter{Kind: okey.MatterExpiry, Request: request, Turn: c.Request(request).Turn})
	assert.Equal(t, okey.Refused, v.Standing.Stage)
	for id, outcome := range map[uuid.UUID]string{first: "accepted", second: "refused", late: ""} {
		assert.Equal(t, outcome, c.Text(`SELECT outcome FROM action WHERE id = $1`, id))
	}
}

// What comes after the last second is late, and the stage ends.
func TestADeadlineExpiresWhereNothingWasRecordedInTime(t *testing.T) {
	c := newFixture(t)
	request, _ := c.until(okey.AwaitingCharter)
	until := c.Request(request).KeptUntil
	c.Record(okey.Action{
		Name: okey.ActionOf(okey.CharterAndPIN), By: c.lea.ID, Request: request, Content: okey.Content{Charter: 1}, PINHash: "hash",
		CreatedAt: until.Add(time.Second),
	})
	c.now = until.Add(time.Hour)
	v := c.put(okey.Matter{Kind: okey.MatterExpiry, Request: request, Turn: c.Request(request).Turn})
	assert.Equal(t, okey.Expired, v.Standing.Stage)
}
