package activities

import (
	"context"
	"slices"

	"okey/calendar"
	"okey/engine"
	"okey/okey"
	"okey/sql"
)

// placeOrder writes an order of keys.
func placeOrder(ctx context.Context, c *stockTx) (okey.Verdict, error) {
	content := c.action.Content
	if err := c.permit(ctx, okey.ActOrder, content.Establishment); err != nil {
		return okey.Verdict{}, err
	}
	if err := c.lockServed(ctx, content.Establishment); err != nil {
		return okey.Verdict{}, err
	}
	if content.Quantity < 1 || content.Quantity > okey.MaxOrder {
		return okey.Verdict{}, okey.InvalidField("quantity", "Commandez de 1 à %d clefs.", okey.MaxOrder)
	}
	v := okey.Verdict{Accepted: true, Count: content.Quantity, Letters: c.inPlaceOf(content.Establishment)}
	return v, c.PlaceOrder(ctx, okey.Order{
		ID: c.action.Subject, UAI: content.Establishment, Quantity: content.Quantity, Comment: content.Comment, By: c.action.By,
		PlacedAt: c.At,
	})
}

// inPlaceOf has an establishment's approvers told of an order that support placed, or brought to its end, in their place.
func (c *stockTx) inPlaceOf(uai okey.UAI) []okey.MailOrder {
	told := map[okey.ActionName]okey.MailKind{
		okey.ActionOrder: okey.MailSupportOrdered, okey.ActionCancellation: okey.MailOrderClosed, okey.ActionClosing: okey.MailOrderClosed,
	}
	kind, tells := told[c.action.Name]
	if !tells || c.action.Via != okey.ViaSupport || c.action.By == (okey.PersonID{}) {
		return nil
	}
	return []okey.MailOrder{c.letter(kind, 1, uai)}
}

// orderAct makes a judge of an action on an order that exists: the table of states first, then what apply does to it.
func orderAct(act okey.Act, apply func(o *okey.Order, a okey.Action) error) func(context.Context, *stockTx) (okey.Verdict, error) {
	return func(ctx context.Context, c *stockTx) (okey.Verdict, error) {
		o, err := c.LockOrder(ctx, c.action.Subject)
		if err != nil {
			return okey.Verdict{}, err
		}
		if err := c.permit(ctx, act, o.UAI); err != nil {
			return okey.Verdict{}, err
		}
		if !slices.Contains(c.action.Name.Kind().From, o.State) {
			return okey.Verdict{}, okey.Errorf(okey.CodeOrderState, "La commande est %s.", o.State.French())
		}
		if err := apply(&o.Order, c.action); err != nil {
			return okey.Verdict{}, err
		}
		v := okey.Verdict{Accepted: true, Count: o.Received, Letters: c.inPlaceOf(o.UAI)}
		return v, c.MoveOrder(ctx, o.Order, sql.OrderChange{At: c.At, By: c.action.By, Comment: c.action.Content.Comment})
	}
}

func cancel(o *okey.Order, _ okey.Action) error {
	o.State = okey.OrderCancelled
	return nil
}

func ship(o *okey.Order, _ okey.Action) error {
	o.State = okey.OrderShipped
	return nil
}

func receive(o *okey.Order, a okey.Action) error {
	left := o.Quantity - o.Received
	if a.Content.Quantity < 1 || a.Content.Quantity > left {
		return okey.Errorf(okey.CodeOrderQuantity, "Il reste %d clefs à recevoir.", left)
	}
	o.ReceiveByHand(a.Content.Quantity)
	return nil
}

func closeShort(o *okey.Order, _ okey.Action) error {
	o.CloseShort()
	return nil
}

// seeOrder changes nothing: its workflow looks again where the order stands.
func seeOrder(context.Context, *stockTx) (okey.Verdict, error) {
	return okey.Verdict{Accepted: true}, nil
}

// Orders is what the workflows of orders ask beside judging.
type Orders struct {
	store    *sql.Store
	engine   *engine.Engine
	calendar *calendar.Calendar
}

// NewOrders makes the keeper of orders.
func NewOrders(store *sql.Store, e *engine.Engine, days *calendar.Calendar) *Orders {
	return &Orders{store: store, engine: e, calendar: days}
}

// Load tells where an order stands, and when support is told that it is late.
func (o *Orders) Load(ctx context.Context, in okey.OrderInput) (okey.OrderStanding, error) {
	found, err := o.store.Order(ctx, in.Order)
	if okey.ErrorCode(err) == okey.CodeNotFound {
		return okey.OrderStanding{}, o.store.Leads(ctx)
	}
	if err != nil {
		return okey.OrderStanding{}, err
	}
	s := okey.OrderStanding{State: found.State, UAI: found.UAI}
	if found.ExportedAt.IsZero() || found.State.Closed() {
		return s, nil
	}
	place, err := o.store.Place(ctx, found.UAI)
	for _, days := range in.Overdue {
		due := o.calendar.AddOpenDays(place.Establishment, found.ExportedAt, days)
		s.Overdue = append(s.Overdue, due.In(okey.ZoneOf(place.Academy))) // the workflow shows it as it comes
	}
	return s, err
}

// Plan records that the schedule wants an export, where any order waits for one, and delivers it.
func (o *Orders) Plan(ctx context.Context, plan okey.ExportPlan) error {
	some, err := o.store.OrdersPlaced(ctx)
	if err != nil || !some {
		return err
	}
	action := okey.Action{
		ID: plan.Run, Name: okey.ActionExport, Subject: okey.DerivedID(plan.Run, string(okey.ActionExport)), Via: okey.ViaEngine,
		CreatedAt: plan.At,
	}
	if err := o.store.Do(ctx, func(tx *sql.Tx) error { return tx.FollowUp(ctx, action) }); err != nil {
		return err
	}
	return o.engine.Deliver(ctx, action)
}
