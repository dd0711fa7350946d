package sql

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// DeskFigures are how much waits now, and how much did at an instant before.
type DeskFigures struct {
	Late          int `db:"late"` // requests that had waited for their answer for as long as the asker says
	LateBefore    int `db:"late_before"`
	Dry           int `db:"dry"` // establishments where an accepted request waits for a key
	DryBefore     int `db:"dry_before"`
	Overdue       int `db:"overdue"` // open orders of which support had been told that they do not come
	OverdueBefore int `db:"overdue_before"`
}

// deskFigures tells what waited at $1 by what still does, and by the lines of timelines since that ended it. $2 and $3 are when a request
// must have been made, at the latest, to be late now and at $1.
const deskFigures = `SELECT
	(SELECT count(*) FROM request WHERE closed_at IS NULL AND stage = 'awaiting_decision' AND since <= $2) AS late,
	(SELECT count(*) FROM request WHERE closed_at IS NULL AND stage = 'awaiting_decision' AND since <= $3)
		+ (SELECT count(*) FROM timeline WHERE at > $1 AND ended = 'awaiting_decision' AND ended_since <= $3) AS late_before,
	(SELECT count(DISTINCT uai) FROM request WHERE closed_at IS NULL AND stage = 'awaiting_stock') AS dry,
	(SELECT count(*) FROM (SELECT uai FROM request WHERE closed_at IS NULL AND stage = 'awaiting_stock' AND since <= $1
		UNION SELECT r.uai FROM timeline t JOIN request r ON r.id = t.request
		WHERE t.at > $1 AND t.ended = 'awaiting_stock' AND t.ended_since <= $1) dry) AS dry_before,
	(SELECT count(*) FROM key_order o WHERE o.closed_at IS NULL
		AND EXISTS (SELECT FROM mail m WHERE m.subject_id = o.id AND m.kind = 'order_overdue')) AS overdue,
	(SELECT count(*) FROM key_order o WHERE (o.closed_at IS NULL OR o.closed_at > $1) AND o.placed_at <= $1
		AND EXISTS (SELECT FROM mail m WHERE m.subject_id = o.id AND m.kind = 'order_overdue' AND m.created_at <= $1)) AS overdue_before`

// Told is the last letter that went to others about something.
type Told struct {
	About uuid.UUID      `db:"about"`
	At    time.Time      `db:"at"`
	To    pq.StringArray `db:"told"` // names; of a mailbox its address
}

// LastTold answers what others than the requester were told last of requests, and of orders, deliveries and reports; nothing for what
// nobody was told of. Who gets one letter together is named together.
func (r reader) LastTold(ctx context.Context, about []uuid.UUID) (map[uuid.UUID]Told, error) {
	var rows []Told
	err := r.all(ctx, &rows, `SELECT a.id AS about, last.created_at AS at,
			ARRAY(SELECT DISTINCT coalesce(nullif(trim(p.given_name || ' ' || p.family_name), ''), m.address)
				FROM mail m LEFT JOIN person p ON p.id = m.person WHERE m.kind = last.kind AND m.ref = last.ref AND m.id <> last.id
				AND (m.request = last.request OR m.subject_id = last.subject_id) AND m.state IN ('queued', 'sent')
				UNION SELECT coalesce(nullif(trim(q.given_name || ' ' || q.family_name), ''), last.address)
				FROM (SELECT) one LEFT JOIN person q ON q.id = last.person) AS told
		FROM unnest($1::uuid[]) AS a (id)
		CROSS JOIN LATERAL (SELECT m.* FROM (
			SELECT o.* FROM mail o JOIN request r ON r.id = o.request WHERE o.request = a.id AND o.person IS DISTINCT FROM r.person
			UNION ALL SELECT o.* FROM mail o WHERE o.subject_id = a.id
			UNION ALL SELECT o.* FROM key_report k JOIN mail o ON o.subject_id = k.inventory WHERE k.id = a.id) m
			WHERE m.state IN ('queued', 'sent') ORDER BY m.created_at DESC, m.id LIMIT 1) last`, pq.Array(about))
	if err != nil {
		return nil, fmt.Errorf("find who was told last: %w", err)
	}
	found := make(map[uuid.UUID]Told, len(rows))
	for _, told := range rows {
		told.At = utc(told.At)
		found[told.About] = told
	}
	return found, nil
}

// Week is the past that the figures of the desk are compared with.
const Week = 7 * 24 * time.Hour

// figuresOf asks for them at the instant; a request is late that has waited for so long.
func figuresOf(to *DeskFigures, at time.Time, late time.Duration) question {
	return one(to, deskFigures, at.Add(-Week), at.Add(-late), at.Add(-Week-late))
}
