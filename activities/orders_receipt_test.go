package activities_test

import (
	"context"
	"testing"

	"okey/activities"
	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ordered places orders of Les Tilleuls by its principal and has support export them.
func (c *fixture) ordered(support okey.Person, quantities ...int) []uuid.UUID {
	c.Helper()
	ids := make([]uuid.UUID, len(quantities))
	for i, n := range quantities {
		a := c.stockAct(okey.Action{
			Name: okey.ActionOrder, By: c.roux.ID, Content: okey.Content{Establishment: scene.Tilleuls, Quantity: n, Comment: "rentrée"},
		})
		require.True(c, a.Verdict.Accepted, a.Verdict.Reason)
		ids[i] = a.Subject
	}
	require.True(c, c.stockAct(okey.Action{Name: okey.ActionExport, By: support.ID}).Verdict.Accepted)
	return ids
}

// onOrder has somebody of the school act on an order.
func (c *fixture) onOrder(by okey.Person, name okey.ActionName, order uuid.UUID, content okey.Content) okey.Verdict {
	c.Helper()
	return *c.stockAct(okey.Action{Name: name, By: by.ID, Via: okey.ViaWeb, Subject: order, Content: content}).Verdict
}

func (c *fixture) standsAt(order uuid.UUID) sql.ListedOrder {
	c.Helper()
	o, err := c.Store.Order(context.Background(), order)
	require.NoError(c, err)
	return o
}

// delivers has support bring keys of these serials to an establishment by a file.
func (c *fixture) delivers(support okey.Person, uai okey.UAI, serials ...okey.Serial) uuid.UUID {
	c.Helper()
	d := sql.Delivery{ID: uuid.New(), FileName: "livraison.csv", Sum: "sum", By: support.ID, CreatedAt: c.now}
	rows := make([]okey.ImportedKey, len(serials))
	for i, serial := range serials {
		rows[i] = okey.ImportedKey{
			Line: i + 2, Serial: serial, UAI: uai, Batch: "L9", ExpiresOn: okey.DayOf(c.now, okey.ZoneOf("")).AddMonths(36),
			State: okey.InStock,
		}
	}
	require.NoError(c, c.Store.SaveDelivery(context.Background(), d, rows))
	a := c.stockAct(okey.Action{Name: okey.ActionDelivery, By: support.ID, Subject: d.ID, Content: okey.Content{Sum: d.Sum}})
	require.True(c, a.Verdict.Accepted, a.Verdict.Reason)
	return d.ID
}

func TestKeysNotedByHandAreNotBookedOnAnotherOrderWhenTheirFileComes(t *testing.T) {
	c := newFixture(t)
	support := c.Support("Sam Support")
	orders := c.ordered(support, 3, 2)
	require.True(t, c.onOrder(c.roux, okey.ActionReceipt, orders[1], okey.Content{Quantity: 2}).Accepted)
	require.Equal(t, okey.OrderReceived, c.standsAt(orders[1]).State)

	delivery := c.delivers(support, scene.Tilleuls, "0047000001", "0047000002")
	assert.Equal(t, okey.OrderExported, c.standsAt(orders[0]).State, "none of its keys has come")
	assert.Zero(t, c.standsAt(orders[0]).Received)
	assert.Equal(t, 2, c.standsAt(orders[1]).Received, "the same keys are not counted twice")
	story, err := c.Store.OrderStory(context.Background(), orders[1])
	require.NoError(t, err)
	last := story[len(story)-1]
	assert.Equal(t, []int{0, 2}, []int{last.Arrived, last.Entered}, "the story says that they are in the stock now")
	assert.Equal(t, delivery, last.Delivery.UUID)
	assert.Equal(t, "Sam Support", last.Sender)

	c.delivers(support, scene.Tilleuls, "0047000003", "0047000004", "0047000005")
	assert.Equal(t, okey.OrderReceived, c.standsAt(orders[0]).State, "what was noted has come: the next keys are the other order's")
}

// The audit cannot be mended: what wakes an order's workflow is written there under the name of what happened.
func TestTheAuditTellsAnOrdersReceiptByADeliveryAsOne(t *testing.T) {
	c := newFixture(t)
	support := c.Support("Sam Support")
	order := c.ordered(support, 2)[0]
	stock := activities.NewStock(c.Store)
	told := func() string {
		t.Helper()
		follow, err := c.Store.FollowUps(context.Background(), 10)
		require.NoError(t, err)
		for _, a := range follow {
			_, err := stock.Change(context.Background(), okey.StockMatter{Action: a.ID, At: c.now})
			require.NoError(t, err)
		}
		return c.Text(`SELECT string_agg(event, ', ' ORDER BY seq) FROM audit WHERE subject LIKE '%' || $1`, order.String())
	}
	assert.Equal(t, "order, exported", told())
	c.delivers(support, scene.Tilleuls, "0047000001", "0047000002")
	assert.Equal(t, "order, exported, arrived", told())
}

func TestADeliveryBooksWhatIsBeyondTheKeysNotedByHand(t *testing.T) {
	c := newFixture(t)
	support := c.Support("Sam Support")
	orders := c.ordered(support, 3, 4)
	require.True(t, c.onOrder(c.roux, okey.ActionReceipt, orders[1], okey.Content{Quantity: 1}).Accepted)
	c.delivers(support, scene.Tilleuls, "0047000001", "0047000002", "0047000003")
	assert.Equal(t, 2, c.standsAt(orders[0]).Received, "one of the three was noted already")
	assert.Equal(t, 1, c.standsAt(orders[1]).Received)
	story, err := c.Store.OrderStory(context.Background(), orders[0])
	require.NoError(t, err)
	assert.Equal(t, []int{2, 0}, []int{story[len(story)-1].Arrived, story[len(story)-1].Entered})
	c.delivers(support, scene.Tilleuls, "0047000004", "0047000005")
	story, err = c.Store.OrderStory(context.Background(), orders[0])
	require.NoError(t, err)
	assert.Equal(t, 1, story[len(story)-1].Arrived, "how many came each time, not in all")
	assert.Equal(t, 2, c.standsAt(orders[1]).Received)
}

func TestAKeyConfirmedAfterAnInventoryMatchesWhatWasNotedByHandAndNoOrderElse(t *testing.T) {
	c := newFixture(t)
	support := c.Support("Sam Support")
	orders := c.ordered(support, 3, 2)
	require.True(t, c.onOrder(c.roux, okey.ActionReceipt, orders[1], okey.Content{Quantity: 1}).Accepted)
	for _, serial := range []okey.Serial{"0047000001", "0047000002"} {
		c.counts(c.roux, scene.Tilleuls, serial)
		require.True(t, c.settles(support, c.reported(serial), okey.Approve).Accepted)
	}
	assert.Zero(t, c.standsAt(orders[1]).Noted, "the first is the one that was noted")
	assert.Zero(t, c.standsAt(orders[0]).Received, "the second may come from anywhere")
	assert.Equal(t, 1, c.standsAt(orders[1]).Received)
}

func TestKeysNotedByHandBeforeAMergerAreMatchedAtTheSuccessor(t *testing.T) {
	c := newFixture(t)
	support := c.Support("Sam Support")
	orders := c.ordered(support, 1, 3)
	require.True(t, c.onOrder(c.roux, okey.ActionReceipt, orders[0], okey.Content{Quantity: 1}).Accepted)
	require.True(t, c.succeed(support, scene.Tilleuls, scene.Acacias).Verdict.Accepted)
	require.Equal(t, scene.Tilleuls, c.standsAt(orders[0]).UAI, "what was over stays where it was")
	require.Equal(t, scene.Acacias, c.standsAt(orders[1]).UAI)
	c.delivers(support, scene.Acacias, "0047000001")
	assert.Zero(t, c.standsAt(orders[0]).Noted)
	assert.Zero(t, c.standsAt(orders[1]).Received)
}
