package sql

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// ListedOrder is an order with the names that a list shows.
type ListedOrder struct {
	okey.Order
	Establishment string
	Street        string
	Commune       string
	Postcode      string
	ByName        string
	Overdue       bool // it is open, and support has been told that it does not come
}

type orderRow struct {
	ID         uuid.UUID       `db:"id"`
	Number     int64           `db:"number"`
	UAI        okey.UAI        `db:"uai"`
	Quantity   int             `db:"quantity"`
	Received   int             `db:"received"`
	Noted      int             `db:"noted"`
	Comment    string          `db:"comment"`
	State      okey.OrderState `db:"state"`
	By         uuid.NullUUID   `db:"by_person"`
	PlacedAt   time.Time       `db:"placed_at"`
	Export     uuid.NullUUID   `db:"export"`
	ExportedAt stdsql.NullTime `db:"exported_at"`
	ClosedAt   stdsql.NullTime `db:"closed_at"`
	Name       string          `db:"name"`
	Street     string          `db:"street"`
	Commune    string          `db:"commune"`
	Postcode   string          `db:"postcode"`
	ByName     string          `db:"by_name"`
	Overdue    bool            `db:"overdue"`
}

func (r orderRow) order() ListedOrder {
	place := ListedOrder{
		Establishment: r.Name, Street: r.Street, Commune: r.Commune, Postcode: r.Postcode, ByName: r.ByName, Overdue: r.Overdue,
	}
	place.Order = okey.Order{
		ID: r.ID, Number: r.Number, UAI: r.UAI, Quantity: r.Quantity, Received: r.Received, Noted: r.Noted,
		Comment: r.Comment, State: r.State, By: r.By.UUID,
		PlacedAt: utc(r.PlacedAt), Export: r.Export.UUID, ExportedAt: utc(r.ExportedAt.Time), ClosedAt: utc(r.ClosedAt.Time),
	}
	return place
}

const orders = `SELECT o.id, o.number, o.uai, o.quantity, o.received, o.noted, o.comment, o.state, o.by_person, o.placed_at, o.export,
	o.exported_at,
	o.closed_at, e.name, e.street, e.commune, e.postcode, trim(coalesce(p.given_name, '') || ' ' || coalesce(p.family_name, '')) AS by_name,
	o.closed_at IS NULL AND EXISTS (SELECT FROM mail m WHERE m.subject_id = o.id AND m.kind = 'order_overdue') AS overdue
	FROM key_order o JOIN establishment e ON e.uai = o.uai LEFT JOIN person p ON p.id = o.by_person `

const noOrder = "Cette commande n'existe pas, ou elle n'est pas pour vous."

// Order answers not_found for an unknown id.
func (r reader) Order(ctx context.Context, id uuid.UUID) (ListedOrder, error) {
	var row orderRow
	err := r.get(ctx, &row, noOrder, orders+`WHERE o.id = $1`, id)
	return row.order(), err
}

// LockOrder takes the lock of the order's establishment, then the order's, and returns it as it is then.
func (t *Tx) LockOrder(ctx context.Context, id uuid.UUID) (ListedOrder, error) {
	o, err := t.Order(ctx, id)
	if err != nil {
		return o, err
	}
	if err := t.LockEstablishment(ctx, o.UAI); err != nil {
		return o, err
	}
	var locked uuid.UUID
	if err := t.get(ctx, &locked, noOrder, `SELECT id FROM key_order WHERE id = $1 FOR UPDATE`, id); err != nil {
		return o, err
	}
	now, err := t.Order(ctx, id)
	if err == nil && now.UAI != o.UAI { // its establishment has a successor since: the caller tries again
		return now, fmt.Errorf("order %s moved while it was being locked", id)
	}
	return now, err
}

// OrderFilter narrows a list of orders; zero values narrow nothing.
type OrderFilter struct {
	Establishment  okey.UAI
	State          okey.OrderState
	Open           bool
	Export         uuid.UUID
	ChangedSince   time.Time // when the database wrote what lists show of it
	BeforePlacedAt time.Time
	AfterID        uuid.UUID // with BeforePlacedAt: where the page before ended
	Ahead          bool      // what comes before that place instead, the nearest first
	Limit          int
}

// orderWays are the two ways to read the list: on from an order, and back.
var orderWays = map[bool]string{
	false: `(o.placed_at <= $1 AND (o.placed_at < $1 OR o.id > $2))) ORDER BY o.placed_at DESC, o.id`,
	true:  `(o.placed_at >= $1 AND (o.placed_at > $1 OR o.id < $2))) ORDER BY o.placed_at, o.id DESC`,
}

// orders adds which orders of reach f is about.
func (s *composed) orders(reach Reach, f OrderFilter) {
	s.add(` WHERE ($1 OR coalesce(e.host, e.uai) = ANY ($2)) AND ($3 = '' OR o.uai = $3)
		AND ($4 = '' OR o.state = $4) AND (NOT $5 OR o.closed_at IS NULL) AND ($6::uuid IS NULL OR o.export = $6)`,
		reach.All, pq.Array(texts(reach.UAIs)), string(f.Establishment), string(f.State), f.Open, nullID(f.Export))
	s.narrow([]condition{{!f.ChangedSince.IsZero(), `o.touched_at >= $1`, []any{f.ChangedSince}}})
}

func (f OrderFilter) page(reach Reach) *composed {
	s := &composed{}
	s.add(orders)
	s.orders(reach, f)
	s.add(` AND ($1::timestamptz IS NULL OR `+orderWays[f.Ahead], nullTime(f.BeforePlacedAt), f.AfterID)
	s.add(` LIMIT $1`, f.Limit)
	return s
}

// ListOrders returns a page of the orders within reach, newest first. Who ordered sees the order while they answer for the establishment.
func (r reader) ListOrders(ctx context.Context, reach Reach, f OrderFilter) ([]ListedOrder, error) {
	s := f.page(reach)
	return listed(ctx, r, orderRow.order, s.text.String(), s.args...)
}

// ListOrdersCounted is ListOrders, and how many there are in all, up to one more than CountMost.
func (r reader) ListOrdersCounted(ctx context.Context, reach Reach, f OrderFilter) (found []ListedOrder, n int, err error) {
	s, counted := f.page(reach), &composed{}
	counted.add(`SELECT count(*) FROM (SELECT FROM key_order o JOIN establishment e ON e.uai = o.uai`)
	counted.orders(reach, f)
	counted.add(` LIMIT $1) counted`, CountMost+1)
	err = r.together(ctx, list(&found, orderRow.order, s.text.String(), s.args...), one(&n, counted.text.String(), counted.args...))
	return found, n, err
}

// PlaceOrder writes a new order.
func (t *Tx) PlaceOrder(ctx context.Context, o okey.Order) error {
	err := t.exec(ctx,
		`INSERT INTO key_order (id, uai, quantity, comment, state, by_person, placed_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		o.ID, o.UAI, o.Quantity, o.Comment, string(okey.OrderPlaced), nullID(o.By), o.PlacedAt)
	if err != nil {
		return fmt.Errorf("place an order: %w", err)
	}
	return t.orderEvent(ctx, o.ID, okey.OrderPlaced, o.Quantity, OrderChange{At: o.PlacedAt, By: o.By, Comment: o.Comment})
}

// OrderChange is what a line of an order's story says beside the state.
type OrderChange struct {
	At       time.Time
	By       okey.PersonID // zero: the flow itself
	Comment  string
	Delivery uuid.UUID // that brought the keys; zero: none did
	Entered  int       // of the keys noted by hand before: how many entered the stock by this
}

// MoveOrder writes an order's next state and what has been received of it.
func (t *Tx) MoveOrder(ctx context.Context, o okey.Order, change OrderChange) error {
	closed := o.ClosedAt
	if o.State.Closed() && closed.IsZero() {
		closed = change.At
	}
	err := t.exec(ctx, `UPDATE key_order SET state = $2, received = $3, noted = $4, closed_at = $5 WHERE id = $1`,
		o.ID, string(o.State), o.Received, o.Noted, nullTime(closed))
	if err != nil {
		return fmt.Errorf("move order %s: %w", o.ID, err)
	}
	return t.orderEvent(ctx, o.ID, o.State, o.Received, change)
}

func (t *Tx) orderEvent(ctx context.Context, id uuid.UUID, state okey.OrderState, keys int, c OrderChange) error {
	return t.exec(ctx, `INSERT INTO order_event (key_order, seq, at, state, keys, by_person, comment, delivery, entered)
		SELECT $1, coalesce(max(seq), 0) + 1, $2, $3, $4, $5, $6, $7, $8 FROM order_event WHERE key_order = $1`,
		id, c.At, string(state), keys, nullID(c.By), c.Comment, nullID(c.Delivery), c.Entered)
}

// Export is a workbook of orders.
type Export struct {
	ID       uuid.UUID     `db:"id"`
	By       uuid.NullUUID `db:"by_person"`
	ByName   string        `db:"by_name"`
	At       time.Time     `db:"at"`
	Orders   int           `db:"orders"`
	Keys     int           `db:"keys"`
	FileName string        `db:"file_name"`
	SHA256   string        `db:"sha256"`
	Workbook []byte        `db:"workbook"` // by Workbook alone
}

// Number is the export's, as its file and the purchase order in it say it.
func (x Export) Number() string { return x.ID.String()[:8] }

const exports = `SELECT x.id, x.by_person, trim(coalesce(p.given_name, '') || ' ' || coalesce(p.family_name, '')) AS by_name,
	x.at, x.orders, x.keys,
	x.file_name, x.sha256 FROM order_export x LEFT JOIN person p ON p.id = x.by_person `

const noExport = "Ce classeur n'existe pas, ou il n'est pas pour vous."

// Export answers not_found for an unknown id.
func (r reader) Export(ctx context.Context, id uuid.UUID) (Export, error) {
	var x Export
	err := r.get(ctx, &x, noExport, exports+`WHERE x.id = $1`, id)
	return x, err
}

// Exports returns the latest, newest first.
func (r reader) Exports(ctx context.Context, limit int) ([]Export, error) {
	var found []Export
	err := r.all(ctx, &found, exports+`ORDER BY x.at DESC, x.id LIMIT $1`, limit)
	return found, err
}

// Workbook returns an export's file as it was sent; not_found once it is kept no longer (okey.KeptExports).
func (r reader) Workbook(ctx context.Context, id uuid.UUID) ([]byte, error) {
	var content []byte
	err := r.get(ctx, &content, noExport, `SELECT workbook FROM order_export WHERE id = $1`, id)
	if err == nil && len(content) == 0 {
		return nil, okey.Errorf(okey.CodeNotFound, "Ce classeur a été effacé : sa durée de conservation est passée.")
	}
	return content, err
}

// ClaimOrders locks and returns all placed orders, in one statement: of two exports at once the second waits for the
// first, and finds none of what that one took.
func (t *Tx) ClaimOrders(ctx context.Context) ([]ListedOrder, error) {
	claimed, err := listed(ctx, t.reader, orderRow.order, orders+`WHERE o.state = 'placed' ORDER BY o.number FOR UPDATE OF o`)
	if err != nil {
		return nil, fmt.Errorf("claim orders: %w", err)
	}
	return claimed, nil
}

// SaveExport keeps a workbook, and marks its orders as exported with it.
func (t *Tx) SaveExport(ctx context.Context, x Export, claimed []ListedOrder) error {
	err := t.exec(ctx,
		`INSERT INTO order_export (id, by_person, at, orders, keys, file_name, workbook, sha256) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		x.ID, x.By, x.At, x.Orders, x.Keys, x.FileName, x.Workbook, x.SHA256)
	if err != nil {
		return fmt.Errorf("keep an export: %w", err)
	}
	for _, o := range claimed {
		err := t.exec(ctx, `UPDATE key_order SET state = 'exported', export = $2, exported_at = $3 WHERE id = $1`, o.ID, x.ID, x.At)
		if err != nil {
			return fmt.Errorf("mark order %s as exported: %w", o.ID, err)
		}
		if err := t.orderEvent(ctx, o.ID, okey.OrderExported, o.Quantity, OrderChange{At: x.At, By: x.By.UUID}); err != nil {
			return err
		}
	}
	return nil
}

// OrdersPlaced tells whether any order waits for its export.
func (r reader) OrdersPlaced(ctx context.Context) (bool, error) {
	var some bool
	err := r.get(ctx, &some, "", `SELECT EXISTS (SELECT FROM key_order WHERE state = 'placed')`)
	return some, err
}

// CountOpenOrders counts the open orders that were placed before the instant.
func (r reader) CountOpenOrders(ctx context.Context, before time.Time) (int, error) {
	var n int
	err := r.get(ctx, &n, "", `SELECT count(*) FROM key_order WHERE closed_at IS NULL AND placed_at < $1`, before)
	return n, err
}

// OpenOrders returns ids of open orders after the given one, in their order.
func (r reader) OpenOrders(ctx context.Context, after uuid.UUID, limit int) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := r.all(ctx, &ids, `SELECT id FROM key_order WHERE closed_at IS NULL AND id > $1 ORDER BY id LIMIT $2`, after, limit)
	return ids, err
}

// needsColumns count what an order of an establishment e is reckoned from; c are its keys, by keysCounted.
const needsColumns = `e.minimum_stock AS minimum,
	(SELECT count(*) FROM request WHERE uai = e.uai AND stage IN ('awaiting_decision', 'awaiting_stock')) AS waiting,
	c.expiring, c.free,
	greatest((SELECT coalesce(sum(noted + CASE WHEN closed_at IS NULL THEN quantity - received ELSE 0 END), 0) FROM key_order
		WHERE uai = e.uai), c.in_transit) AS under_way`

// keysCounted counts an establishment's keys k, read once; at has the days until which a key is to be renewed, and from which it may be
// lent.
const keysCounted = `count(*) FILTER (WHERE k.state = 'in_service' AND k.expires_on <= at.renewed
		AND NOT EXISTS (SELECT FROM request r WHERE r.person = k.holder AND r.reason = 'renewal' AND r.closed_at IS NULL)) AS expiring,
	count(*) FILTER (WHERE k.state = 'in_stock' AND k.expires_on >= at.lendable) AS free,
	count(*) FILTER (WHERE k.state = 'in_transit') AS in_transit`

type needsRow struct {
	Waiting  int `db:"waiting"`
	Expiring int `db:"expiring"`
	Minimum  int `db:"minimum"`
	Free     int `db:"free"`
	UnderWay int `db:"under_way"`
}

// needs are those of one establishment, on the day.
const needs = `SELECT ` + needsColumns + ` FROM establishment e, (SELECT $2::date AS renewed, $3::date AS lendable) at,
	LATERAL (SELECT ` + keysCounted + ` FROM key k WHERE k.uai = e.uai) c WHERE e.uai = $1`

func needsAt(uai okey.UAI, on okey.Day) []any {
	return []any{string(uai), on.AddMonths(okey.RenewalMonths).String(), on.AddMonths(okey.LendableMonths).String()}
}

// NeedsOf counts what an order of an establishment is reckoned from, on the day.
func (r reader) NeedsOf(ctx context.Context, uai okey.UAI, on okey.Day) (okey.Needs, error) {
	var n needsRow
	err := r.get(ctx, &n, "Cet établissement n'est pas dans OKEY.", needs, needsAt(uai, on)...)
	return okey.Needs(n), err
}

// NotedKeys counts the keys that somebody at the establishments has noted as received, by hand, and that are not in stock yet.
func (r reader) NotedKeys(ctx context.Context, uais ...okey.UAI) (int, error) {
	var n int
	err := r.get(ctx, &n, "", `SELECT coalesce(sum(noted), 0) FROM key_order WHERE uai = ANY ($1)`, pq.Array(texts(uais)))
	return n, err
}

// SetMinimum writes how many keys support wants in an establishment's drawer.
func (s *Store) SetMinimum(ctx context.Context, uai okey.UAI, minimum int, by okey.PersonID, at time.Time) error {
	err := s.Do(ctx, func(t *Tx) error {
		if err := t.exec(ctx, `UPDATE establishment SET minimum_stock = $2 WHERE uai = $1`, uai, minimum); err != nil {
			return err
		}
		t.Audit(Entry{
			At: at, Event: "minimum_stock", Actor: by, Via: okey.ViaSupport, Subject: "establishment:" + string(uai),
			Detail: fmt.Sprint(minimum),
		})
		return nil
	})
	if err != nil {
		return fmt.Errorf("set the minimum of %s: %w", uai, err)
	}
	return nil
}
