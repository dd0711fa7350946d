package sql

import (
	"context"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// OrderEvent is one line of an order's story.
type OrderEvent struct {
	At       time.Time       `db:"at"`
	State    okey.OrderState `db:"state"`
	Arrived  int             `db:"arrived"` // keys received by this
	Entered  int             `db:"entered"` // of the keys noted by hand before: how many entered the stock by this
	By       string          `db:"by_name"`
	Comment  string          `db:"comment"`
	Delivery uuid.NullUUID   `db:"delivery"`
	Brought  int             `db:"brought"`   // keys of the delivery for the establishment that the order was for
	Sender   string          `db:"sent_by"`   // of the delivery; empty: a command
	OnItsWay bool            `db:"announced"` // the delivery was announced before it arrived
	Moved    bool            `db:"moved"`     // nothing but its establishment changed: another has succeeded
}

// OrderStory returns what happened to an order, oldest first.
func (r reader) OrderStory(ctx context.Context, id uuid.UUID) ([]OrderEvent, error) {
	var events []OrderEvent
	err := r.all(ctx, &events, `SELECT v.at, v.state, v.entered, v.comment, v.delivery,
		coalesce(v.keys = 0 AND v.entered = 0 AND v.state = lag(v.state) OVER (ORDER BY v.seq), false) AS moved,
		CASE WHEN v.state IN ('partly_received', 'received') THEN greatest(0, v.keys - coalesce(max(v.keys)
			FILTER (WHERE v.state IN ('partly_received', 'received'))
			OVER (ORDER BY v.seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0))
			ELSE 0 END AS arrived,
		trim(coalesce(p.given_name, '') || ' ' || coalesce(p.family_name, '')) AS by_name,
		trim(coalesce(s.given_name, '') || ' ' || coalesce(s.family_name, '')) AS sent_by,
		coalesce(d.announced, false) AS announced, (SELECT count(*) FROM delivery_row w WHERE w.delivery = v.delivery AND (w.uai = ours.uai
			OR EXISTS (SELECT FROM succession s WHERE s.from_uai = w.uai AND s.to_uai = ours.uai AND s.at <= v.at))) AS brought
		FROM order_event v JOIN key_order o ON o.id = v.key_order
		CROSS JOIN LATERAL (SELECT coalesce((SELECT s.from_uai FROM succession_item i JOIN succession s ON s.id = i.succession
			WHERE i.kind = 'order' AND i.id = o.id::text AND s.at > v.at ORDER BY s.at LIMIT 1), o.uai) AS uai) ours
		LEFT JOIN person p ON p.id = v.by_person
		LEFT JOIN delivery d ON d.id = v.delivery LEFT JOIN person s ON s.id = d.by_person WHERE v.key_order = $1 ORDER BY v.seq`, id)
	return events, err
}

// Arrival is keys that entered the stock of an establishment by one act.
type Arrival struct {
	UAI      okey.UAI
	Keys     int
	Delivery uuid.UUID     // that brought them; zero: support confirmed them after an inventory
	By       okey.PersonID // who has seen them arrive; zero: nobody has, a file says so
	Cause    uuid.UUID     // names what orders' workflows are told
	At       time.Time
}

// ReceiveKeys books keys that entered the stock. They are first those that somebody has noted by hand, on whichever
// order, oldest first: these are received already. What is beyond, of a delivery, is booked on the oldest orders under
// way, whose workflows are told by actions of the flow's own, named after the cause. A key confirmed after an inventory
// may come from anywhere: no order is booked for it. The caller holds the establishment's lock.
func (t *Tx) ReceiveKeys(ctx context.Context, a Arrival) error {
	left, err := t.matchNoted(ctx, a)
	if err != nil || a.Delivery == uuid.Nil || left == 0 {
		return err
	}
	var rows []orderRow
	err = t.all(ctx, &rows, orders+`WHERE o.uai = $1 AND o.state IN ('exported', 'shipped', 'partly_received') ORDER BY o.number`, a.UAI)
	if err != nil {
		return fmt.Errorf("find orders of %s: %w", a.UAI, err)
	}
	for _, row := range rows {
		o := row.order().Order
		if left == 0 {
			return nil
		}
		n := min(left, o.Quantity-o.Received)
		left -= n
		o.Receive(n)
		if err := t.MoveOrder(ctx, o, OrderChange{At: a.At, By: a.By, Delivery: a.Delivery}); err != nil {
			return err
		}
		if err := t.TellOrder(ctx, o.ID, okey.ActionOrderArrived, a.Cause, a.At); err != nil {
			return err
		}
	}
	return nil
}

// matchNoted takes keys that arrived for those noted by hand, also on closed orders and on those of an establishment that this one follows.
// It returns how many keys are left.
func (t *Tx) matchNoted(ctx context.Context, a Arrival) (left int, err error) {
	var rows []orderRow
	err = t.all(ctx, &rows, orders+`WHERE o.noted > 0 AND (o.uai = $1 OR e.successor = $1) ORDER BY o.number FOR UPDATE OF o`, a.UAI)
	if err != nil {
		return a.Keys, fmt.Errorf("find what was noted on orders of %s: %w", a.UAI, err)
	}
	left = a.Keys
	for _, row := range rows {
		o := row.order().Order
		if left == 0 {
			return 0, nil
		}
		n := min(left, o.Noted)
		left -= n
		o.Noted -= n
		if err := t.MoveOrder(ctx, o, OrderChange{At: a.At, By: a.By, Delivery: a.Delivery, Entered: n}); err != nil {
			return left, err
		}
	}
	return left, nil
}

// TellOrder has an order's workflow look again where the order stands. The action that tells it says truly what
// happened: the audit keeps it.
func (t *Tx) TellOrder(ctx context.Context, order uuid.UUID, what okey.ActionName, cause uuid.UUID, at time.Time) error {
	return t.FollowUp(ctx, okey.Action{
		ID: okey.DerivedID(cause, "tell/"+order.String()), Subject: order, Name: what, Via: okey.ViaEngine, CreatedAt: at,
	})
}
