package sql

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"strings"
	"time"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// Delivery is a file of keys: shown first, then taken whole.
type Delivery struct {
	ID        uuid.UUID
	FileName  string // as its sender called it: for people's eyes only
	Sum       string // SHA-256 of what it says
	Announced bool   // its keys are on their way: an approver confirms what arrives
	State     okey.DeliveryState
	By        okey.PersonID
	ByName    string
	CreatedAt time.Time
	TakenAt   time.Time
	Keys      int
	InTransit int // of its keys
}

type deliveryRow struct {
	ID        uuid.UUID          `db:"id"`
	FileName  string             `db:"file_name"`
	Sum       string             `db:"sum"`
	Announced bool               `db:"announced"`
	State     okey.DeliveryState `db:"state"`
	By        uuid.NullUUID      `db:"by_person"`
	ByName    string             `db:"by_name"`
	CreatedAt time.Time          `db:"created_at"`
	TakenAt   stdsql.NullTime    `db:"taken_at"`
	Keys      int                `db:"keys"`
	InTransit int                `db:"in_transit"`
}

func (r deliveryRow) delivery() Delivery {
	return Delivery{
		ID: r.ID, FileName: r.FileName, Sum: r.Sum, Announced: r.Announced, State: r.State, By: r.By.UUID, ByName: r.ByName,
		CreatedAt: utc(r.CreatedAt), TakenAt: utc(r.TakenAt.Time), Keys: r.Keys, InTransit: r.InTransit,
	}
}

// $1: the establishments that count, null for all.
const deliveries = `SELECT d.id, d.file_name, d.sum, d.announced, d.state, d.by_person,
	trim(coalesce(p.given_name, '') || ' ' || coalesce(p.family_name, '')) AS by_name, d.created_at, d.taken_at,
	(SELECT count(*) FROM delivery_row w WHERE w.delivery = d.id AND ($1::text[] IS NULL OR w.uai = ANY ($1))) AS keys,
	(SELECT count(*) FROM delivery_row w JOIN key k ON k.serial = w.serial AND k.state = 'in_transit'
		WHERE w.delivery = d.id AND ($1::text[] IS NULL OR k.uai = ANY ($1))) AS in_transit
	FROM delivery d LEFT JOIN person p ON p.id = d.by_person `

const noDelivery = "Cette livraison n'existe pas, ou elle n'est pas pour vous."

// Delivery answers not_found for an unknown id.
func (r reader) Delivery(ctx context.Context, id uuid.UUID) (Delivery, error) {
	var row deliveryRow
	err := r.get(ctx, &row, noDelivery, deliveries+`WHERE d.id = $2`, nil, id)
	return row.delivery(), err
}

// Deliveries returns the latest, drafts left out, newest first.
func (r reader) Deliveries(ctx context.Context, limit int) ([]Delivery, error) {
	return r.deliveries(ctx, `WHERE d.state <> 'draft' ORDER BY d.created_at DESC, d.id LIMIT $2`, nil, limit)
}

// AwaitedDeliveries returns the announced deliveries of which keys for the establishments are still on their way, oldest first, counting
// these keys alone.
func (r reader) AwaitedDeliveries(ctx context.Context, uais []okey.UAI) ([]Delivery, error) {
	return listed(ctx, r, deliveryRow.delivery, awaitedDeliveries, pq.Array(texts(uais)))
}

// awaitedDeliveries are asked for establishments, never for all: what is said for both would have the plan that is kept look dear (house).
var awaitedDeliveries = strings.NewReplacer("$1::text[] IS NULL OR ", "", "= ANY ($1)", "= ANY (ARRAY(SELECT unnest($1::text[])))").
	Replace(deliveries + `WHERE d.state = 'in_transit' AND EXISTS (SELECT FROM delivery_row w JOIN key k ON k.serial = w.serial
	WHERE w.delivery = d.id AND k.state = 'in_transit' AND k.uai = ANY ($1)) ORDER BY d.created_at, d.id`)

func (r reader) deliveries(ctx context.Context, query string, args ...any) ([]Delivery, error) {
	return listed(ctx, r, deliveryRow.delivery, deliveries+query, args...)
}

// DeliveryRows returns what a delivery brings, in the order of its file.
func (r reader) DeliveryRows(ctx context.Context, id uuid.UUID) ([]okey.ImportedKey, error) {
	var rows []struct {
		Line    int             `db:"line"`
		Serial  okey.Serial     `db:"serial"`
		UAI     okey.UAI        `db:"uai"`
		Batch   string          `db:"batch"`
		Expires stdsql.NullTime `db:"expires_on"`
	}
	err := r.all(ctx, &rows, `SELECT line, serial, uai, batch, expires_on FROM delivery_row WHERE delivery = $1 ORDER BY line, serial`, id)
	found := make([]okey.ImportedKey, len(rows))
	for i, row := range rows {
		found[i] = okey.ImportedKey{
			Line: row.Line, Serial: row.Serial, UAI: row.UAI, Batch: row.Batch, ExpiresOn: dayOf(row.Expires),
			State: okey.InStock,
		}
	}
	return found, err
}

// DeliveredKey is how a key of a delivery stands, and who confirmed that it arrived: nobody of a delivery that came unannounced.
type DeliveredKey struct {
	Serial    okey.Serial     `db:"serial"`
	UAI       okey.UAI        `db:"uai"` // where it is, or goes: another than the file says, once a successor took over
	State     okey.KeyState   `db:"state"`
	Confirmed stdsql.NullTime `db:"confirmed_at"`
	By        string          `db:"by_name"`
}

// Receiver is the establishment that a row is for: while its key is on its way, the one that can confirm it.
func (k DeliveredKey) Receiver(row okey.ImportedKey) okey.UAI {
	if k.State == okey.InTransit {
		return k.UAI
	}
	return row.UAI
}

// DeliveredKeys returns the keys that a delivery brought, by serial.
func (r reader) DeliveredKeys(ctx context.Context, id uuid.UUID) (map[okey.Serial]DeliveredKey, error) {
	var rows []DeliveredKey
	err := r.all(ctx, &rows, `SELECT k.serial, k.uai, k.state, v.at AS confirmed_at,
		trim(coalesce(p.given_name, '') || ' ' || coalesce(p.family_name, '')) AS by_name
		FROM delivery d JOIN delivery_row w ON w.delivery = d.id JOIN key k ON k.serial = w.serial
		LEFT JOIN LATERAL (SELECT e.at, e.by_person FROM key_event e
			WHERE d.announced AND e.serial = k.serial AND e.reason = 'arrived' AND e.at >= d.taken_at
			ORDER BY e.seq LIMIT 1) v ON true
		LEFT JOIN person p ON p.id = v.by_person WHERE d.id = $1 AND d.state <> 'draft'`, id)
	found := make(map[okey.Serial]DeliveredKey, len(rows))
	for _, row := range rows {
		found[row.Serial] = row
	}
	return found, err
}

// BroughtBy answers the delivery that a key on its way comes with; ok is false for one that was announced by none.
func (r reader) BroughtBy(ctx context.Context, serial okey.Serial) (id uuid.UUID, ok bool, err error) {
	err = r.get(ctx, &id, noDelivery, `SELECT d.id FROM delivery_row w JOIN delivery d ON d.id = w.delivery
		WHERE w.serial = $1 AND d.state = 'in_transit' ORDER BY d.taken_at DESC, d.id LIMIT 1`, serial)
	if isNoRow(err) {
		return id, false, nil
	}
	return id, err == nil, err
}

// BringersOf are BroughtBy of many keys, those that a delivery brings until now.
func (r reader) BringersOf(ctx context.Context, serials []okey.Serial) (map[okey.Serial]uuid.UUID, error) {
	var rows []struct {
		Serial   okey.Serial `db:"serial"`
		Delivery uuid.UUID   `db:"delivery"`
	}
	err := r.all(ctx, &rows, `SELECT DISTINCT ON (w.serial) w.serial, w.delivery FROM delivery_row w
		JOIN delivery d ON d.id = w.delivery JOIN key k ON k.serial = w.serial
		WHERE w.serial = ANY ($1) AND d.state = 'in_transit' AND k.state = 'in_transit'
		ORDER BY w.serial, d.taken_at DESC, d.id`, pq.Array(texts(serials)))
	found := make(map[okey.Serial]uuid.UUID, len(rows))
	for _, row := range rows {
		found[row.Serial] = row.Delivery
	}
	return found, err
}

// InTransit returns the keys of a delivery that are still on their way, by serial.
func (r reader) InTransit(ctx context.Context, id uuid.UUID) ([]okey.Key, error) {
	return listed(ctx, r, keyRow.key, `SELECT `+keyColumns+` FROM key k JOIN delivery_row w ON w.serial = k.serial
		WHERE w.delivery = $1 AND k.state = 'in_transit' ORDER BY k.uai, k.serial`, id)
}

// SaveDelivery keeps what a file says until somebody takes it; the same delivery again changes nothing.
func (s *Store) SaveDelivery(ctx context.Context, d Delivery, rows []okey.ImportedKey) error {
	err := s.Do(ctx, func(t *Tx) error {
		var id uuid.UUID
		err := t.get(ctx, &id, noDelivery, `INSERT INTO delivery (id, file_name, sum, announced, state, by_person, created_at)
			VALUES ($1, $2, $3, $4, 'draft', $5, $6) ON CONFLICT (id) DO NOTHING RETURNING id`,
			d.ID, d.FileName, d.Sum, d.Announced, nullID(d.By), d.CreatedAt)
		if isNoRow(err) {
			return nil
		}
		if err != nil {
			return err
		}
		columns := []string{"delivery", "line", "serial", "uai", "batch", "expires_on"}
		return t.copyIn(ctx, "delivery_row", columns, len(rows), func(i int) []any {
			k := rows[i]
			return []any{d.ID.String(), k.Line, string(k.Serial), string(k.UAI), k.Batch, k.ExpiresOn.String()}
		})
	})
	if err != nil {
		return fmt.Errorf("keep a delivery: %w", err)
	}
	return nil
}

// LockDelivery is Delivery under its row's lock.
func (t *Tx) LockDelivery(ctx context.Context, id uuid.UUID) (Delivery, error) {
	var locked uuid.UUID
	if err := t.get(ctx, &locked, noDelivery, `SELECT id FROM delivery WHERE id = $1 FOR UPDATE`, id); err != nil {
		return Delivery{}, err
	}
	return t.Delivery(ctx, id)
}

// DeliveryIs writes where a delivery stands.
func (t *Tx) DeliveryIs(ctx context.Context, id uuid.UUID, state okey.DeliveryState, at time.Time) error {
	return t.exec(ctx, `UPDATE delivery SET state = $2, taken_at = coalesce(taken_at, $3) WHERE id = $1`, id, string(state), at)
}

// DropOldDrafts forgets deliveries that nobody took since the instant, unless an action still waits for its judge.
func (s *Store) DropOldDrafts(ctx context.Context, before time.Time) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM delivery d WHERE d.state = 'draft' AND d.created_at < $1
		AND NOT EXISTS (SELECT FROM action a WHERE a.subject = d.id AND a.outcome IS NULL)`, before)
	if err != nil {
		return fmt.Errorf("drop deliveries that nobody took: %w", err)
	}
	return nil
}
