package sql

import (
	"context"
	"fmt"
	"strings"
	"time"

	"okey/okey"

	"github.com/lib/pq"
)

// KeySort is what a list of keys is ordered by.
type KeySort string

// The orders of a list of keys. What is empty comes last; keys that are equal stand by serial.
const (
	BySerial        KeySort = "" // the zero value: what programs read
	ByHolder        KeySort = "holder"
	ByState         KeySort = "state" // in the order of a key's life
	ByBatch         KeySort = "batch"
	ByExpiry        KeySort = "expiry"
	ByLastLogin     KeySort = "login"
	ByEstablishment KeySort = "establishment"
)

// KeyWatch narrows a list to keys that somebody should see to.
type KeyWatch string

// What the daily watch writes letters about, and what it need not.
const (
	WatchedLeft   KeyWatch = "left"   // in the hands of somebody who has left the establishment
	WatchedEnding KeyWatch = "ending" // in service, and ends within okey.RenewalMonths, or has ended
	WatchedBroken KeyWatch = "broken" // defective, and still in somebody's pocket as far as OKEY knows
)

// inAPocket tells of a defective key that nobody who answers for its establishment has had in hand: its holder declared
// it, or support on the telephone. One that an approver or delegate declared is the drawer's already.
const inAPocket = `EXISTS (SELECT FROM key_event v WHERE v.serial = k.serial AND v.reason = 'defective' AND v.holder IS NOT NULL
	AND v.seq = (SELECT max(l.seq) FROM key_event l WHERE l.serial = k.serial AND l.reason = 'defective')
	AND NOT EXISTS (SELECT FROM assignment a WHERE a.person = v.by_person AND a.uai IN (k.uai, e.host)
		AND a.function IN ('chef', 'adjoint'))
	AND NOT EXISTS (SELECT FROM delegation d WHERE d.given_to = v.by_person AND d.uai IN (k.uai, e.host)))`

// KeyFilter narrows a list of keys; zero values narrow nothing.
type KeyFilter struct {
	Serial        okey.Serial
	Establishment okey.UAI
	State         okey.KeyState
	ChangedSince  time.Time
	Batch         string
	ExpiresBefore okey.Day
	Watch         KeyWatch
	Today         okey.Day // for Watch and HolderLeft; zero: neither is looked at
	Search        string   // a part of a serial number, or words of the holder's name or uid
	Sort          KeySort
	Descending    bool
	AfterSerial   okey.Serial // where the page before ended
	AfterPlace    string      // with it, where Sort is not by serial: ListedKey.Place
	Limit         int
}

// ListedKey is a key with the names that a list shows.
type ListedKey struct {
	okey.Key
	HolderName    string
	HolderUID     string
	KeptFor       string // whom the key awaits; empty for nobody
	Establishment string
	ChangedAt     time.Time
	HolderLeft    bool   // its holder works at its establishment no more
	Place         string // in the order that was asked for; opaque
}

const foldedHolder = `fold(concat_ws(' ', p.family_name, p.given_name, p.uid))`

// keyTables are the keys within reach that a filter lets through; x.place is where a key stands in the order asked for.
// An empty value comes after all others, going up.
var keyTables = `
	FROM key k JOIN establishment e ON e.uai = k.uai LEFT JOIN person p ON p.id = k.holder
	CROSS JOIN LATERAL (SELECT CASE $12
		WHEN 'holder' THEN ` + foldedHolder + `
		WHEN 'state' THEN to_char(array_position($13::text[], k.state), '00')
		WHEN 'batch' THEN lower(k.batch)
		WHEN 'expiry' THEN to_char(k.expires_on, 'YYYY-MM-DD')
		WHEN 'login' THEN to_char(k.last_login_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')
		WHEN 'establishment' THEN fold(e.name) || ' ' || e.uai END AS raw) y
	CROSS JOIN LATERAL (SELECT CASE WHEN coalesce(y.raw, '') = '' THEN '1' ELSE '0' || y.raw END COLLATE "C" AS place) x
	CROSS JOIN LATERAL (SELECT $17::date IS NOT NULL AND k.holder IS NOT NULL
		AND EXISTS (SELECT FROM (` + strings.ReplaceAll(left, "$1", "$17") + ` AND k.serial = outer_key.serial) gone) AS gone
		FROM (SELECT k.serial) outer_key) w
	WHERE ($1 OR k.holder = $2 OR k.uai ` + answered + `)
	AND ($4 = '' OR k.serial = $4) AND ($5 = '' OR k.uai = $5) AND ($6 = '' OR k.state = $6)
	AND ($7::timestamptz IS NULL OR k.changed_at >= $7)
	AND ($8 = '' OR k.batch = $8) AND ($9::date IS NULL OR k.expires_on < $9)
	AND ($18 = '' OR ($18 = 'left' AND ($1 AND $5 = '' AND k.serial = ANY (ARRAY(SELECT gone.serial FROM (` +
	strings.ReplaceAll(left, "$1", "$17") + `) gone)) OR NOT ($1 AND $5 = '') AND w.gone))
		OR ($18 = 'ending' AND k.state = 'in_service' AND k.expires_on <= $19::date)
		OR ($18 = 'broken' AND k.state = 'defective' AND ` + inAPocket + `))
	AND (cardinality($11::text[]) = 0 OR k.serial = ANY (ARRAY(
		SELECT s.serial FROM key s WHERE $10 <> '' AND s.serial || '' LIKE anywhere($10)
		UNION SELECT h.serial FROM person p JOIN key h ON h.holder = p.id
			WHERE ` + within("p.sought", 20) + ` AND NOT EXISTS (SELECT FROM unnest($11::text[]) AS w
				WHERE position(fold(w) IN ` + foldedHolder + `) = 0))))
	`

var keyList = `SELECT ` + keyColumns + `, coalesce(p.given_name, '') AS given_name, coalesce(p.family_name, '') AS family_name,
	coalesce(p.uid, '') AS uid,
	coalesce((SELECT trim(r.given_name || ' ' || r.family_name) FROM request q JOIN person r ON r.id = q.person WHERE q.id = k.request),
		'') AS kept_for,
	e.name, k.changed_at, x.place, w.gone` + keyTables

// keyOrders are what an index has the keys in the order of, and the same of the key where the page before ended: $14 begins with 0,
// or is 1 for what is empty.
var keyOrders = map[KeySort]struct{ by, ended string }{
	ByHolder: {holderOrder, `substr($14, 2) COLLATE "C"`},
	ByState: {
		`array_position('{in_transit,in_stock,reserved,attributed,in_service,lost,defective,retired}'::text[], k.state)`,
		`nullif(substr($14, 2), '')::integer`,
	},
	ByBatch:  {`(CASE WHEN k.batch = '' THEN '1' ELSE '0' || lower(k.batch) END COLLATE "C")`, `$14 COLLATE "C"`},
	ByExpiry: {`k.expires_on`, `nullif(substr($14, 2), '')::date`},
	ByLastLogin: {
		`coalesce(k.last_login_at, 'infinity')`, `coalesce(nullif(substr($14, 2), '')::timestamp AT TIME ZONE 'UTC', 'infinity')`,
	},
	ByEstablishment: {`((fold(e.name) || ' ' || e.uai) COLLATE "C")`, `substr($14, 2) COLLATE "C"`},
}

const holderOrder = `(fold(p.family_name || ' ' || p.given_name || ' ' || p.uid) COLLATE "C")`

// keyPage is a page of the list, from behind where the one before ended.
func keyPage(sort KeySort, descending bool) string {
	beyond, way, empty, full := `>`, ``, `<> '1' OR`, `<> '1' AND`
	if descending {
		beyond, way, empty, full = `<`, ` DESC`, `= '1' AND`, `= '1' OR`
	}
	bySerial := `k.serial ` + beyond + ` $15)`
	ends := ` ORDER BY k.serial` + way + ` LIMIT $16`
	if sort == BySerial {
		return keyList + `AND ($15 = '' OR $14::text IS NOT NULL AND ` + bySerial + ends // whatever the place: it is the same for all
	}
	order := keyOrders[sort]
	behind := fmt.Sprintf(`%[1]s %[3]s= %[2]s AND (%[1]s, k.serial) %[3]s (%[2]s, $15))`, order.by, order.ended, beyond)
	ends = ` ORDER BY ` + order.by + way + `, k.serial` + way + ` LIMIT $16`
	if sort != ByHolder {
		return keyList + `AND ($15 = '' OR ` + behind + ends
	}
	return `SELECT serial, uai, state, batch, expires_on, holder, request, last_login_at, prior_to_okey, given_name, family_name, uid,
		kept_for, name, changed_at, place, gone FROM ((` + keyList + `AND p.id IS NOT NULL AND ($15 = '' OR $14 ` + full + ` ` +
		behind + ends + `) UNION ALL (` +
		keyList + `AND k.holder IS NULL AND ($15 = '' OR $14 ` + empty + ` ` + bySerial +
		` ORDER BY k.serial` + way + ` LIMIT $16)) both_kinds
		ORDER BY place` + way + `, serial` + way + ` LIMIT $16`
}

// ListKeys returns a page of keys within reach, in the order that the filter asks for.
func (r reader) ListKeys(ctx context.Context, reach Reach, f KeyFilter) ([]ListedKey, error) {
	var rows []struct {
		keyRow
		Given     string    `db:"given_name"`
		Family    string    `db:"family_name"`
		UID       string    `db:"uid"`
		Name      string    `db:"name"`
		ChangedAt time.Time `db:"changed_at"`
		Place     string    `db:"place"`
		Gone      bool      `db:"gone"`
		KeptFor   string    `db:"kept_for"`
	}
	ending := okey.Day{}
	if !f.Today.IsZero() {
		ending = f.Today.AddMonths(okey.RenewalMonths)
	}
	a, b, c := three(words(f.Search))
	err := r.all(ctx, &rows, keyPage(f.Sort, f.Descending),
		reach.All, reach.Person, pq.Array(texts(reach.UAIs)), string(f.Serial), string(f.Establishment), string(f.State),
		nullTime(f.ChangedSince), f.Batch, nullDay(f.ExpiresBefore), okey.Compact(f.Search), pq.Array(words(f.Search)), string(f.Sort),
		pq.Array(texts(okey.KeyStates())), f.AfterPlace, string(f.AfterSerial), f.Limit, nullDay(f.Today), string(f.Watch), nullDay(ending),
		a, b, c)
	found := make([]ListedKey, len(rows))
	for i, row := range rows {
		found[i] = ListedKey{
			Key: row.key(), Establishment: row.Name, ChangedAt: utc(row.ChangedAt), Place: row.Place, HolderLeft: row.Gone,
			HolderUID:  row.UID,
			KeptFor:    row.KeptFor,
			HolderName: okey.Person{GivenName: row.Given, FamilyName: row.Family}.Name(),
		}
	}
	return found, err
}

func words(text string) []string { return strings.Fields(strings.ToLower(text)) }

// KeyBatches returns the batches of the keys within reach, by name.
func (r reader) KeyBatches(ctx context.Context, reach Reach, uai okey.UAI, limit int) ([]string, error) {
	var found []string
	if reach.All && uai == "" {
		err := r.all(ctx, &found, batches+`SELECT batch FROM batches WHERE batch <> '' ORDER BY batch LIMIT $1`, limit)
		return found, err
	}
	err := r.all(ctx, &found, `SELECT DISTINCT k.batch FROM key k
		WHERE ($1 OR k.holder = $2 OR k.uai `+answered+`) AND ($4 = '' OR k.uai = $4) AND k.batch <> '' ORDER BY k.batch LIMIT $5`,
		reach.All, reach.Person, pq.Array(texts(reach.UAIs)), string(uai), limit)
	return found, err
}
