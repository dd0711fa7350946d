package sql

import (
	"context"
	"regexp"
	"strings"
	"time"

	"okey"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// AuditFilter narrows the audit; zero values narrow nothing.
type AuditFilter struct {
	Events    []string // any of them
	Actor     string   // words of the name or uid of whoever did it
	Subject   string   // a serial number, a UAI, or the id of a request, an order, a person ...
	From      time.Time
	Before    time.Time
	BeforeSeq int64 // where the page before ended
	Limit     int
}

// AuditedEntry is an entry with the name of whoever did it.
type AuditedEntry struct {
	Entry
	Seq    int64
	ByName string // empty for the flow itself, and for somebody of whom nothing is kept any more
	OfName string // of the person that the entry is about
	Order  int64  // the number of the order that it is about
}

var foldedActor = strings.ReplaceAll(folded, "%s", `concat_ws(' ', p.family_name, p.given_name, p.uid)`)

// shownOfID is how much of an id a table shows: that finds it, too.
const shownOfID = 8

// ShownOfPrint is how much of a text's fingerprint a table shows: that finds it, too.
const ShownOfPrint = 12

var somePrint = regexp.MustCompile(`^[0-9a-f]{12,64}$`)

// beginsPrint is what a fingerprint must be like to be meant; nothing is like the empty text.
func beginsPrint(text string) string {
	if somePrint.MatchString(text) {
		return text + "%"
	}
	return ""
}

func isUAI(text string) bool {
	uai, err := okey.ParseUAI(text)
	return err == nil && string(uai) == text
}

// AuditEntries returns the entries that a filter lets through, newest first.
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
		OfName  string        `db:"of_name"`
		Order   int64         `db:"order_number"`
	}
	err := r.all(ctx, &rows, `SELECT a.seq, a.at, a.event, a.actor, a.via, a.subject, a.detail,
			trim(coalesce(p.given_name, '') || ' ' || coalesce(p.family_name, '')) AS by_name,
			trim(coalesce(o.given_name, '') || ' ' || coalesce(o.family_name, '')) AS of_name,
			coalesce(ko.number, 0) AS order_number
		FROM audit a LEFT JOIN person p ON p.id = a.actor
		LEFT JOIN person o ON o.id = CASE WHEN a.subject ~ '^person:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN substr(a.subject, 8)::uuid END
		LEFT JOIN key_order ko ON ko.id = CASE WHEN a.subject ~ '^(order|cancellation|shipment|receipt|exported|arrived|closing):[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
			THEN split_part(a.subject, ':', 2)::uuid END
		WHERE (cardinality($1::text[]) = 0 OR a.event = ANY ($1))
		AND ($2 = '' OR p.id IS NOT NULL AND NOT EXISTS (
			SELECT FROM unnest(string_to_array($2, ' ')) AS words (w) WHERE strpos(`+foldedActor+`, `+foldedWord+`) = 0))
		AND ($3 = '' OR split_part(a.subject, ':', 2) = $3 OR a.detail = $3 OR (a.event = 'charter_signed' AND split_part(a.detail, ':', 1) LIKE $10) OR ($8 AND split_part(a.subject, ':', 2) LIKE $3 || '%')
			OR ($9 AND a.subject IN (SELECT 'request:' || id FROM request WHERE uai = $3 UNION ALL SELECT 'key:' || serial FROM key WHERE uai = $3
				UNION ALL SELECT o.kind || ':' || o.id FROM (SELECT id, unnest(ARRAY['order', 'cancellation', 'shipment', 'receipt', 'exported', 'arrived', 'closing']) AS kind
					FROM key_order WHERE uai = $3) o
				UNION ALL SELECT 'inventory:' || id FROM inventory WHERE uai = $3
				UNION ALL SELECT 'succession:' || id FROM succession WHERE from_uai = $3 OR to_uai = $3)))
		AND ($4::timestamptz IS NULL OR a.at >= $4) AND ($5::timestamptz IS NULL OR a.at < $5)
		AND ($6 = 0 OR a.seq < $6) ORDER BY a.seq DESC LIMIT $7`,
		pq.Array(texts(f.Events)), strings.Join(strings.Fields(f.Actor), " "), f.Subject, nullTime(f.From), nullTime(f.Before), f.BeforeSeq, f.Limit, len(f.Subject) == shownOfID && !isUAI(f.Subject), isUAI(f.Subject), beginsPrint(f.Subject))
	entries := make([]AuditedEntry, len(rows))
	for i, row := range rows {
		entries[i] = AuditedEntry{Seq: row.Seq, ByName: row.ByName, OfName: row.OfName, Order: row.Order, Entry: Entry{
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
