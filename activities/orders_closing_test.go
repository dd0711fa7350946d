package activities_test

import (
	"bytes"
	"context"
	"testing"

	"okey/activities"
	"okey/calendar"
	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
)

const noMore = "le fournisseur n'en fabrique plus"

// inPlace has support act on an order in the school's place.
func (c *fixture) inPlace(by okey.Person, name okey.ActionName, order uuid.UUID, comment string) okey.Verdict {
	c.Helper()
	return *c.stockAct(okey.Action{
		Name: name, By: by.ID, Via: okey.ViaSupport, Subject: order, Content: okey.Content{Comment: comment},
	}).Verdict
}

func TestSupportClosesAnOrderOfWhichNoKeyCame(t *testing.T) {
	c := newFixture(t)
	support := c.Support("Sam Support")
	order := c.ordered(support, 4)[0]
	today := okey.DayOf(c.now, okey.ZoneOf("23"))
	orders, in := activities.NewOrders(c.Store, nil, calendar.PublicOnly()), okey.OrderInput{Order: order, Overdue: okey.DefaultOverdue()}
	open, err := orders.Load(t.Context(), in)
	require.NoError(t, err)
	require.Len(t, open.Overdue, 3)
	assert.Equal(t, okey.ZoneOf("23"), open.Overdue[0].Location(), "as the engine shows it")
	v := c.inPlace(support, okey.ActionClosing, order, noMore)
	require.True(t, v.Accepted)
	assert.Equal(t, okey.OrderCancelled, c.standsAt(order).State)
	needs, err := c.Store.NeedsOf(context.Background(), scene.Tilleuls, today)
	require.NoError(t, err)
	assert.Zero(t, needs.UnderWay, "nothing is awaited any more")
	standing, err := orders.Load(t.Context(), in)
	require.NoError(t, err)
	assert.Empty(t, standing.Overdue, "support is not reminded of it")

	assert.Equal(t, []okey.MailKind{okey.MailOrderClosed}, letters(v))
	assert.Equal(t, okey.CodeOrderState, c.inPlace(support, okey.ActionClosing, order, noMore).Reason, "it is over")
}

func TestSupportClosesAnOrderOfWhichSomeKeysCame(t *testing.T) {
	c := newFixture(t)
	support := c.Support("Sam Support")
	order := c.ordered(support, 4)[0]
	require.True(t, c.onOrder(c.roux, okey.ActionReceipt, order, okey.Content{Quantity: 1}).Accepted)
	v := c.inPlace(support, okey.ActionClosing, order, noMore)
	require.True(t, v.Accepted)
	closed := c.standsAt(order)
	assert.Equal(t, okey.OrderReceived, closed.State)
	assert.Equal(t, []int{1, 4}, []int{closed.Received, closed.Quantity}, "nothing is said to have come that did not")
	assert.Equal(t, []okey.MailKind{okey.MailOrderClosed}, letters(v))
	c.delivers(support, scene.Tilleuls, "0047000001", "0047000002")
	assert.Equal(t, 1, c.standsAt(order).Received, "its one key is in the stock now; the other one is no longer awaited")
}

func TestOnlySupportClosesAnOrderWithoutItsKeysAndSaysWhy(t *testing.T) {
	c := newFixture(t)
	support := c.Support("Sam Support")
	order := c.ordered(support, 4)[0]
	assert.Equal(t, okey.CodeForbidden, c.onOrder(c.roux, okey.ActionClosing, order, okey.Content{Comment: noMore}).Reason)
	assert.Equal(t, okey.CodeInvalid, c.inPlace(support, okey.ActionClosing, order, "").Reason)
	placed := c.stockAct(okey.Action{
		Name: okey.ActionOrder, By: c.roux.ID, Content: okey.Content{Establishment: scene.Tilleuls, Quantity: 1, Comment: "x"},
	})
	assert.Equal(t, okey.CodeOrderState, c.inPlace(support, okey.ActionClosing, placed.Subject, noMore).Reason, "it can be cancelled still")
	assert.Equal(t, okey.OrderExported, c.standsAt(order).State)
}

func TestTheWorkbookSaysWhereToSendTheKeys(t *testing.T) {
	c := newFixture(t)
	c.Exec(`UPDATE establishment SET postcode = '06000' WHERE uai = $1`, scene.Tilleuls)
	c.ordered(c.Support("Sam Support"), 4)
	content, err := c.Store.Workbook(context.Background(), uuid.MustParse(c.Text(`SELECT id FROM order_export`)))
	require.NoError(t, err)
	book, err := excelize.OpenReader(bytes.NewReader(content))
	require.NoError(t, err)
	for sheet, column := range map[string]int{"Commandes": 4, "Par établissement": 2} {
		rows, err := book.GetRows(sheet)
		require.NoError(t, err)
		assert.Equal(t, []string{"Code postal", "Commune"}, rows[0][column:column+2], sheet)
		assert.Equal(t, []string{"06000", "Nice"}, rows[1][column:column+2], "%s: the zero stays", sheet)
	}
}
