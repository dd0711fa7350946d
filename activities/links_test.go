package activities_test

import (
	"context"
	"testing"

	"okey/activities"
	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func (c *fixture) reissue(by okey.Person, request uuid.UUID) okey.StockVerdict {
	c.Helper()
	a := c.Record(okey.Action{Name: okey.ActionLinkReissue, By: by.ID, Request: request})
	stock := activities.NewStock(c.Store)
	v, err := stock.Change(context.Background(), okey.StockMatter{Action: a.ID, At: c.now})
	require.NoError(c, err)
	again, err := stock.Change(context.Background(), okey.StockMatter{Action: a.ID, At: c.now})
	require.NoError(c, err)
	assert.Equal(c, v, again, "a second attempt answers the same")
	return v
}

func TestNobodyButSupportRaisesAnIssue(t *testing.T) {
	c := newFixture(t)
	request, _ := c.ask(c.lea, okey.FirstKey)
	for _, p := range []okey.Person{c.lea, c.roux, c.Person("Zoé Ailleurs", okey.Principal, scene.Acacias)} {
		v := c.reissue(p, request)
		assert.False(t, v.Accepted, p.Name())
		assert.Empty(t, v.Letters)
	}
	former := c.Support("Sam Secours")
	c.Exec(`UPDATE person SET support = false WHERE id = $1`, former.ID)
	assert.False(t, c.reissue(former, request).Accepted, "rights are asked for again")
	assert.Equal(t, 1, c.Count(`SELECT link_issue FROM request`))
}
