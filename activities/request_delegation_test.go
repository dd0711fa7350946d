package activities_test

import (
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A delegation holds from midnight to midnight by the clock of its establishment: Paris is at UTC+1 in November, Guadeloupe at UTC-4.
func TestADelegateAnswersFromMidnightToMidnightThere(t *testing.T) {
	for name, at := range map[string]struct {
		uai      okey.UAI
		midnight int // UTC
	}{"Paris": {scene.Tilleuls, 23}, "Guadeloupe": {scene.Acacias, 4}} {
		t.Run(name, func(t *testing.T) {
			c := newFixture(t)
			head, eve := c.Person("Paul Petit", okey.Principal, at.uai), c.Person("Eve Morel", okey.Staff, at.uai)
			c.Exec(`INSERT INTO delegation (id, uai, given_by, given_to, scope, from_day, until_day, created_at)
				VALUES ($1, $2, $3, $4, 'everything', '2026-11-26', '2026-11-27', $5)`, uuid.New(), at.uai, head.ID, eve.ID, c.now)
			first := time.Date(2026, time.November, 25, at.midnight, 0, 0, 0, time.UTC)
			if at.uai == scene.Acacias {
				first = first.AddDate(0, 0, 1) // midnight there is the morning of the same day in UTC
			}
			over := first.AddDate(0, 0, 2)
			for instant, may := range map[time.Time]bool{
				first.Add(-time.Second): false, first: true, over.Add(-time.Second): true, over: false,
			} {
				who := c.Person("Demandeur N"+uuid.NewString()[:8], okey.Staff, at.uai)
				a := c.Record(okey.Action{
					Name: okey.ActionAsk, By: who.ID, Content: okey.Content{Establishment: at.uai, Need: "notes", Reason: okey.FirstKey},
				})
				c.put(okey.Matter{Kind: okey.MatterOpen, Request: a.Request, Action: a.ID})
				before := c.now
				c.now = instant
				v := c.act(eve, a.Request, okey.PrincipalDecision, okey.Content{Decision: okey.Approve})
				c.now = before
				assert.Equal(t, may, v.Accepted, "%s: %s", instant, v.Reason)
				if !may {
					assert.Equal(t, okey.CodeNotFound, v.Reason)
					continue
				}
				event, found, err := c.Store.LastEvent(t.Context(), a.Request, okey.EventApproved)
				require.NoError(t, err)
				require.True(t, found)
				assert.Equal(t, "Eve Morel", event.ByName, "the record shows who really answered")
			}
		})
	}
}

func TestADelegateNeverJudgesTheirOwnRequest(t *testing.T) {
	c := newFixture(t)
	c.Key(scene.Tilleuls)
	request, _ := c.ask(c.lea, okey.FirstKey)
	c.Exec(`INSERT INTO delegation (id, uai, given_by, given_to, scope, from_day, until_day, created_at)
		VALUES ($1, $2, $3, $4, 'everything', '2026-11-01', '2026-12-31', $5)`, uuid.New(), scene.Tilleuls, c.roux.ID, c.lea.ID, c.now)
	own := c.act(c.lea, request, okey.PrincipalDecision, okey.Content{Decision: okey.Approve})
	assert.Equal(t, okey.CodeOwnRequest, own.Reason, "though the delegation came after the action was allowed")
	require.True(t, c.approve(request).Accepted)
	require.True(t, c.sign(c.lea, request).Accepted)
	handed := c.act(c.lea, request, okey.Handover, okey.Content{Serial: c.Request(request).Key})
	assert.Equal(t, okey.CodeOwnRequest, handed.Reason, "there are others who hand keys over")
}
