package sql

import (
	"context"
	"regexp"
	"strings"
	"time"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// AuditFilter narrows the audit; zero values narrow nothing.
type AuditFilter struct {
	Events    []string // any of them
	Actor     string   // words of the name, uid or address of whoever did it
	Nobody    Nobody   // instead of a person
	Subject   string   // a serial number, a UAI, or the id of a request, an order, a person ...
	From      time.Time
	Before    time.Time
	BeforeSeq int64 // where the page before ended
	AfterSeq  int64 // instead: where the page behind begins; the nearest come first
	Limit     int
}

// Nobody is what did something where no person did.
type Nobody string

// Who does things besides people.
const (
	Itself   Nobody = "itself"   // OKEY's own flow
	Operator Nobody = "operator" // on the command line
	Engine   Nobody = "engine"   // whatever came by way of it
	Erased   Nobody = "erased"   // a person of whom nothing is kept any more
)

// AuditedEntry is an entry with the name of whoever did it.
type AuditedEntry struct {
	Entry
	Seq    int64
	ByName string // empty for the flow itself, and for somebody of whom nothing is kept any more
	ByUID  string // alike
	OfName string // of the person that the entry is about
	Order  int64  // the number of the order that it is about
}

const foldedActor = `fold(concat_ws(' ', p.family_name, p.given_name, p.uid, p.mail))`

// ofSchool are the ids of what is about an establishment, or was while it was there: keys move, and a merger takes along what was open.
const ofSchool = `SELECT id::text FROM request WHERE uai = $3 UNION ALL SELECT serial FROM key WHERE uai = $3
	UNION ALL SELECT id::text FROM key_order WHERE uai = $3 UNION ALL SELECT id::text FROM inventory WHERE uai = $3
	UNION ALL SELECT id::text FROM key_report WHERE uai = $3 UNION ALL SELECT delivery::text FROM delivery_row WHERE uai = $3
	UNION ALL SELECT id::text FROM attachment WHERE uai = $3 UNION ALL SELECT id::text FROM delegation WHERE uai = $3
	UNION ALL SELECT id::text FROM hosting WHERE uai = $3 OR host = $3
	UNION ALL SELECT id::text FROM key_move WHERE from_uai = $3 OR to_uai = $3
	UNION ALL SELECT serial FROM key_moved WHERE from_uai = $3 OR to_uai = $3
	UNION ALL SELECT subject::text FROM key_moved WHERE from_uai = $3 OR to_uai = $3
	UNION ALL SELECT id::text FROM succession WHERE from_uai = $3 OR to_uai = $3
	UNION ALL SELECT i.id FROM succession s JOIN succession_item i ON i.succession = s.id WHERE s.from_uai = $3 OR s.to_uai = $3`

// shownOfID is how much of an id a table shows: that finds it, too.
const shownOfID = 8

// ShownOfPrint is how much of a text's fingerprint a table shows: that finds it, too.
const ShownOfPrint = 12

var somePrint = regexp.MustCompile(`^[0-9a-f]{12,64}$`)

// beginsPrint is what a fingerprint must be like to be meant; nothing is like the empty text.
func beginsPrint(text string) string {
	text = strings.ToLower(text)
	if somePrint.MatchString(text) {
		return text + "%"
	}
	return ""
}

func isUAI(text string) bool {
	uai, err := okey.ParseUAI(text)
	return err == nil && string(uai) == text
}

// auditFiltered are the entries a, by people p, that a filter lets through.
const auditFiltered = `WHERE (cardinality($1::text[]) = 0 OR a.event = ANY ($1))
	AND ($2 = '' OR p.id IS NOT NULL AND NOT EXISTS (
		SELECT FROM unnest(string_to_array($2, ' ')) AS words (w) WHERE strpos(` + foldedActor + `, fold(w)) = 0))
	AND CASE $11 WHEN '' THEN true WHEN 'engine' THEN a.via = 'engine'
		WHEN 'erased' THEN a.actor IS NOT NULL AND (p.id IS NULL OR p.erased_at IS NOT NULL)
		WHEN 'operator' THEN a.actor IS NULL AND a.via = 'support' ELSE a.actor IS NULL AND a.via <> 'support' END
	AND ($3 = '' OR split_part(a.subject, ':', 2) = $3 OR (a.detail = $3 AND a.detail !~ '^[0-9]{1,6}$')
		OR (a.event = 'charter_signed' AND split_part(a.detail, ':', 1) LIKE $10)
		OR (a.event = 'charter' AND split_part(a.detail, ':', 2) LIKE $10)
		OR ($8 AND split_part(a.subject, ':', 2) LIKE $3 || '%')
		OR ($9 AND (a.detail LIKE $3 || '/%' OR split_part(a.subject, ':', 2) IN (` + ofSchool + `))))
	AND ($4::timestamptz IS NULL OR a.at >= $4) AND ($5::timestamptz IS NULL OR a.at < $5)`

// auditWays are the two ways to read it: from an entry back in time, and from one on.
var auditWays = map[bool]string{false: `a.seq < $6) ORDER BY a.seq DESC`, true: `a.seq > $6) ORDER BY a.seq`}

func (f AuditFilter) args(seq int64, limit int) []any {
	return []any{
		pq.Array(texts(f.Events)), strings.Join(strings.Fields(f.Actor), " "), f.Subject, nullTime(f.From), nullTime(f.Before),
		seq, limit, len(f.Subject) == shownOfID && !isUAI(f.Subject), isUAI(f.Subject), beginsPrint(f.Subject), string(f.Nobody),
	}
}

// CountAudit is how many entries a filter lets through, up to one more than CountMost.
func (r reader) CountAudit(ctx context.Context, f AuditFilter) (n int, err error) {
	err = r.get(ctx, &n, "", `SELECT count(*) FROM (SELECT FROM audit a LEFT JOIN person p ON p.id = a.actor `+auditFiltered+`
		AND a.seq > $6 ORDER BY a.seq DESC LIMIT $7) counted`, f.args(0, CountMost+1)...)
	return n, err
}

// AuditEntries returns the entries that a filter lets through, newest first; oldest first with AfterSeq.
func (r reader) AuditEntries(ctx context.Context, f AuditFilter) ([]AuditedEntry, error) {
	var rows []struct {
		Seq     int64         `db:"seq"`
		At      time.Time     `db:"at"`
		Event   string        `db:"event"`
		Actor   uuid.NullUUID `db:"actor"`
		Via     okey.Via      `db:"via"`
		Subject string        `db:"subject"`
		Detail  string        `db:"detail"`
		ByName  string        `db:"by_name"`
		ByUID   string        `db:"by_uid"`
		OfName  string        `db:"of_name"`
		Order   int64         `db:"order_number"`
	}
	err := r.all(ctx, &rows, `SELECT a.seq, a.at, a.event, a.actor, a.via, a.subject, a.detail,
			trim(coalesce(p.given_name, '') || ' ' || coalesce(p.family_name, '')) AS by_name,
			CASE WHEN p.erased_at IS NULL THEN coalesce(p.uid, '') ELSE '' END AS by_uid,
			trim(coalesce(o.given_name, '') || ' ' || coalesce(o.family_name, '')) AS of_name,
			coalesce(ko.number, 0) AS order_number
		FROM audit a LEFT JOIN person p ON p.id = a.actor
		LEFT JOIN person o ON o.id = CASE
			WHEN a.subject ~ '^person:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN substr(a.subject, 8)::uuid END
		LEFT JOIN key_order ko ON ko.id = CASE
			WHEN a.subject ~ '^(order|cancellation|shipment|receipt|exported|arrived|closing):[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
			THEN split_part(a.subject, ':', 2)::uuid END
		`+auditFiltered+` AND ($6 = 0 OR `+auditWays[f.AfterSeq > 0]+` LIMIT $7`,
		f.args(max(f.BeforeSeq, f.AfterSeq), f.Limit)...)
	entries := make([]AuditedEntry, len(rows))
	for i, row := range rows {
		entries[i] = AuditedEntry{Seq: row.Seq, ByName: row.ByName, ByUID: row.ByUID, OfName: row.OfName, Order: row.Order, Entry: Entry{
			At: utc(row.At), Event: row.Event, Actor: row.Actor.UUID, Via: row.Via, Subject: row.Subject, Detail: row.Detail,
		}}
	}
	return entries, err
}

// AuditEvents returns the events that the audit knows, for a choice of them.
func (r reader) AuditEvents(ctx context.Context) ([]string, error) {
	var events []string
	// A loose index scan: a plain DISTINCT would read the whole audit.
	err := r.all(ctx, &events, `WITH RECURSIVE known (event) AS (
			SELECT min(event) FROM audit
			UNION ALL SELECT (SELECT min(a.event) FROM audit a WHERE a.event > known.event) FROM known WHERE known.event IS NOT NULL
		) SELECT event FROM known WHERE event IS NOT NULL`)
	return events, err
}
