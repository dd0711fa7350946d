package sql

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// FoundRecord is something that people know by its id alone: they have it from the audit, an address or the name of a workflow.
type FoundRecord struct {
	Kind string    `db:"kind"`
	Page string    `db:"page"` // what names its page: its own id, or that of whom or what it is about
	Name string    `db:"name"`
	More string    `db:"more"`
	At   time.Time `db:"at"`
}

// The kinds of records.
const (
	RecordPerson     = "person"
	RecordMail       = "mail"
	RecordMove       = "move"  // that somebody proposed
	RecordMoved      = "moved" // by support
	RecordSuccession = "succession"
	RecordInventory  = "inventory"
	RecordReport     = "report"
	RecordExport     = "export"
	RecordAttachment = "attachment"
	RecordDelegation = "delegation"
	RecordHosting    = "hosting"
)

const records = `SELECT kind, page, name, more, at FROM (
	SELECT 'person' AS kind, p.id::text AS page, trim(p.given_name || ' ' || p.family_name) AS name, p.uid AS more, p.created_at AS at
		FROM person p WHERE p.id BETWEEN $1 AND $2
	UNION ALL SELECT 'mail', m.id::text, m.subject, m.address, m.created_at FROM mail m WHERE m.id BETWEEN $1 AND $2
	UNION ALL SELECT 'move', v.id::text, v.serial, f.name || ' → ' || t.name, v.proposed_at
		FROM key_move v JOIN establishment f ON f.uai = v.from_uai JOIN establishment t ON t.uai = v.to_uai WHERE v.id BETWEEN $1 AND $2
	UNION ALL SELECT 'moved', m.serial, m.serial, f.name || ' → ' || t.name, m.at
		FROM key_moved m JOIN establishment f ON f.uai = m.from_uai JOIN establishment t ON t.uai = m.to_uai
		WHERE m.subject BETWEEN $1 AND $2
		AND NOT EXISTS (SELECT FROM key_move v WHERE v.id = m.subject) AND NOT EXISTS (SELECT FROM succession s WHERE s.id = m.subject)
	UNION ALL SELECT 'succession', s.id::text, f.name, t.name, s.at
		FROM succession s JOIN establishment f ON f.uai = s.from_uai JOIN establishment t ON t.uai = s.to_uai WHERE s.id BETWEEN $1 AND $2
	UNION ALL SELECT 'inventory', i.id::text, e.name, '', i.at FROM inventory i JOIN establishment e ON e.uai = i.uai
	WHERE i.id BETWEEN $1 AND $2
	UNION ALL SELECT 'report', o.id::text, o.serial, e.name, o.at FROM key_report o JOIN establishment e ON e.uai = o.uai
	WHERE o.id BETWEEN $1 AND $2
	UNION ALL SELECT 'export', x.id::text, x.file_name, '', x.at FROM order_export x WHERE x.id BETWEEN $1 AND $2
	UNION ALL SELECT 'attachment', a.person::text, trim(p.given_name || ' ' || p.family_name), e.name, a.created_at
		FROM attachment a JOIN person p ON p.id = a.person JOIN establishment e ON e.uai = a.uai WHERE a.id BETWEEN $1 AND $2
	UNION ALL SELECT 'delegation', d.given_to::text, trim(p.given_name || ' ' || p.family_name), e.name, d.created_at
		FROM delegation d JOIN person p ON p.id = d.given_to JOIN establishment e ON e.uai = d.uai WHERE d.id BETWEEN $1 AND $2
	UNION ALL SELECT 'hosting', h.uai, e.name, '', h.created_at FROM hosting h JOIN establishment e ON e.uai = h.uai
	WHERE h.id BETWEEN $1 AND $2
	) found ORDER BY kind, at DESC, page LIMIT $3`

// FindRecords returns what has an id between two, both included, requests, orders and deliveries apart: these have questions of their own.
func (r reader) FindRecords(ctx context.Context, from, to uuid.UUID, limit int) ([]FoundRecord, error) {
	var found []FoundRecord
	err := r.all(ctx, &found, records, from, to, limit)
	return found, err
}

// ActedOn returns what the actions are about whose id lies between two, both included: the id of an order, a mail, a
// request ..., or a serial number.
func (r reader) ActedOn(ctx context.Context, from, to uuid.UUID, limit int) ([]string, error) {
	var about []string
	err := r.all(ctx, &about, `SELECT DISTINCT coalesce(a.subject::text, r.id::text, a.key) AS about FROM action a
		LEFT JOIN request r ON r.id = a.request
		WHERE a.id BETWEEN $1 AND $2 AND coalesce(a.subject::text, r.id::text, a.key) IS NOT NULL ORDER BY about LIMIT $3`, from, to, limit)
	return about, err
}
