package sql

import (
	"context"
	"time"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// What support's page of an establishment asks, besides what other pages ask too.

// PlaceStatus is what OKEY itself knows of an establishment.
type PlaceStatus struct {
	Served     bool      `db:"served"`
	Minimum    int       `db:"minimum_stock"`
	ImportedAt time.Time `db:"imported_at"`
	People     int       `db:"people"`
}

// PlaceStatus answers not_found for an unknown establishment; People work there on the day.
func (r reader) PlaceStatus(ctx context.Context, uai okey.UAI, on okey.Day) (PlaceStatus, error) {
	var p PlaceStatus
	err := r.get(ctx, &p, "Cet établissement n'est pas dans OKEY.", `SELECT e.served, e.minimum_stock, e.imported_at,
		(SELECT count(DISTINCT a.person) FROM assignment a WHERE a.uai = e.uai AND (a.until IS NULL OR a.until >= $2::date)) AS people
		FROM establishment e WHERE e.uai = $1`, string(uai), on.String())
	return p, err
}

// KeyCounts counts an establishment's keys by state.
func (r reader) KeyCounts(ctx context.Context, uai okey.UAI) (map[okey.KeyState]int, error) {
	var rows []struct {
		State okey.KeyState `db:"state"`
		N     int           `db:"n"`
	}
	err := r.all(ctx, &rows, `SELECT state, count(*) AS n FROM key WHERE uai = $1 GROUP BY state`, string(uai))
	counts := map[okey.KeyState]int{}
	for _, row := range rows {
		counts[row.State] = row.N
	}
	return counts, err
}

// DeliveriesTo returns the latest deliveries that brought, or bring, keys to an establishment, newest first, counting its keys alone.
func (r reader) DeliveriesTo(ctx context.Context, uai okey.UAI, limit int) ([]Delivery, error) {
	return r.deliveries(ctx, `WHERE d.state <> 'draft' AND EXISTS (SELECT FROM delivery_row w WHERE w.delivery = d.id AND w.uai = ANY ($1))
		ORDER BY d.created_at DESC, d.id LIMIT $2`, pq.Array([]string{string(uai)}), limit)
}

// Passage is keys that went from one establishment to another together.
type Passage struct {
	Subject  uuid.UUID `db:"subject"`
	At       time.Time `db:"at"`
	From     okey.UAI  `db:"from_uai"`
	FromName string    `db:"from_name"`
	To       okey.UAI  `db:"to_uai"`
	ToName   string    `db:"to_name"`
	Keys     int       `db:"keys"`
}

// Passages returns the latest passages of keys to and from an establishment, newest first.
func (r reader) Passages(ctx context.Context, uai okey.UAI, limit int) ([]Passage, error) {
	var found []Passage
	err := r.all(ctx, &found, `SELECT m.subject, max(m.at) AS at, m.from_uai, f.name AS from_name, m.to_uai, t.name AS to_name,
		count(*) AS keys
		FROM key_moved m JOIN establishment f ON f.uai = m.from_uai JOIN establishment t ON t.uai = m.to_uai
		WHERE m.from_uai = $1 OR m.to_uai = $1 GROUP BY m.subject, m.from_uai, f.name, m.to_uai, t.name
		ORDER BY max(m.at) DESC, m.subject LIMIT $2`, string(uai), limit)
	return found, err
}

// Leaving is a proposal that somebody takes a key along to another establishment.
type Leaving struct {
	ID     uuid.UUID      `db:"id"`
	At     time.Time      `db:"proposed_at"`
	Serial okey.Serial    `db:"serial"`
	Holder string         `db:"holder"`
	From   okey.UAI       `db:"from_uai"`
	To     okey.UAI       `db:"to_uai"`
	Other  string         `db:"other"` // the name of the establishment at the other end
	State  okey.MoveState `db:"state"`
}

// Leavings returns the latest proposals that keys leave for an establishment, or leave it, newest first. Those that
// were accepted are passages.
func (r reader) Leavings(ctx context.Context, uai okey.UAI, limit int) ([]Leaving, error) {
	var found []Leaving
	err := r.all(ctx, &found, `SELECT m.id, m.proposed_at, m.serial, trim(p.given_name || ' ' || p.family_name) AS holder, m.from_uai,
		m.to_uai, o.name AS other, m.state
		FROM key_move m JOIN person p ON p.id = m.holder
		JOIN establishment o ON o.uai = CASE m.from_uai WHEN $1 THEN m.to_uai ELSE m.from_uai END
		WHERE m.state <> 'accepted' AND (m.from_uai = $1 OR m.to_uai = $1) ORDER BY m.proposed_at DESC, m.id LIMIT $2`, string(uai), limit)
	return found, err
}

// SuccessionsOf returns the successions that an establishment has a part in, newest first.
func (r reader) SuccessionsOf(ctx context.Context, uai okey.UAI, limit int) ([]Succession, error) {
	return listed(ctx, r, successionRow.succession, selectSuccession+`WHERE s.from_uai = $1 OR s.to_uai = $1
		ORDER BY s.at DESC, s.id LIMIT $2`, string(uai), limit)
}

// MailsOfKey returns the mails about a key, oldest first: those of its own, the receipt of its handover, those of its
// departures, of its report by an inventory, and of its moves by support, to the schools and to whoever had it in hand.
func (r reader) MailsOfKey(ctx context.Context, serial okey.Serial) ([]Mail, error) {
	var mails []Mail
	err := r.all(ctx, &mails, `SELECT `+mailColumns+` FROM mail m WHERE m.id IN (
			SELECT o.id FROM mail o WHERE o.key = $1
			UNION SELECT o.id FROM request r JOIN mail o ON o.request = r.id WHERE r.handed_over_key = $1 AND o.kind = 'handed_over'
			UNION SELECT o.id FROM key_move v JOIN mail o ON o.subject_id = v.id WHERE v.serial = $1
			UNION SELECT o.id FROM key_report p JOIN mail o ON o.subject_id = p.id
			OR (o.subject_id = p.inventory AND o.kind = 'keys_reported') WHERE p.serial = $1
			UNION SELECT o.id FROM key_moved v JOIN mail o ON o.subject_id = v.subject WHERE v.serial = $1 AND (o.kind = 'keys_moved'
				OR (o.kind = 'your_key_moved' AND o.person IN (SELECT holder FROM key_event WHERE serial = $1))))
		ORDER BY m.created_at, m.id`, string(serial))
	return mails, err
}

// Keeping is a request that a key was kept aside for, or handed over.
type Keeping struct {
	At        time.Time `db:"at"`
	Request   uuid.UUID `db:"request"`
	Requester string    `db:"requester"`
}

// KeptFor returns the requests that a key was ever kept aside for, or handed over, oldest first.
func (r reader) KeptFor(ctx context.Context, serial okey.Serial) ([]Keeping, error) {
	var kept []Keeping
	err := r.all(ctx, &kept, `SELECT t.at, t.request, trim(p.given_name || ' ' || p.family_name) AS requester
		FROM timeline t JOIN request r ON r.id = t.request JOIN person p ON p.id = r.person
		WHERE t.key = $1 AND t.kind IN ('key_reserved', 'key_swapped', 'handed_over') ORDER BY t.at, t.request`, string(serial))
	return kept, err
}

// MailsOfSubject returns the mails about an order, a delivery or whatever else has an id of its own, oldest first.
func (r reader) MailsOfSubject(ctx context.Context, subject uuid.UUID) ([]Mail, error) {
	var mails []Mail
	err := r.all(ctx, &mails, `SELECT `+mailColumns+` FROM mail m WHERE m.subject_id = $1 ORDER BY m.created_at, m.id`, subject)
	return mails, err
}

// ActionsOnKey returns everything that anybody wanted of a key, oldest first.
func (r reader) ActionsOnKey(ctx context.Context, serial okey.Serial) ([]DeskAction, error) {
	return r.deskActions(ctx, deskActions+`WHERE a.key = $1 ORDER BY a.created_at, a.id`, string(serial))
}

// ActionsOnSubject returns everything that anybody wanted of an order, oldest first.
func (r reader) ActionsOnSubject(ctx context.Context, subject uuid.UUID) ([]DeskAction, error) {
	return r.deskActions(ctx, deskActions+`WHERE a.subject = $1 ORDER BY a.created_at, a.id`, subject)
}
