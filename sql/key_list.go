package sql

import (
	"context"
	"fmt"
	"slices"
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
	WatchedLeft    KeyWatch = "left"    // in the hands of somebody who has left the establishment
	WatchedEnding  KeyWatch = "ending"  // in service, and ends within okey.RenewalMonths, or has ended
	WatchedBroken  KeyWatch = "broken"  // defective, and still in somebody's pocket as far as OKEY knows
	WatchedMislaid KeyWatch = "mislaid" // lost before long, if nobody finds it
	WatchedLent    KeyWatch = "lent"    // lent, and to be back some day soon
	WatchedLoans   KeyWatch = "loans"   // lent, and to be back by now
)

// inAPocket tells of a defective key that nobody who answers for its establishment has had in hand: its holder declared
// it, or support on the telephone. One that an approver or delegate declared is the drawer's already.
const inAPocket = `EXISTS (SELECT FROM key_event v WHERE v.serial = k.serial AND v.reason = 'defective' AND v.holder IS NOT NULL
	AND v.seq = (SELECT max(l.seq) FROM key_event l WHERE l.serial = k.serial AND l.reason = 'defective')
	AND NOT EXISTS (SELECT FROM assignment a WHERE a.person = v.by_person AND a.uai IN (k.uai, e.host)
		AND a.function IN ('chef', 'adjoint'))
	AND NOT EXISTS (SELECT FROM delegation d WHERE d.given_to = v.by_person AND d.uai IN (k.uai, e.host)) OFFSET 0)`

// KeyFilter narrows a list of keys; zero values narrow nothing.
type KeyFilter struct {
	Serial        okey.Serial
	Establishment okey.UAI
	State         okey.KeyState
	Holder        string // a uid, as okey.NormalUID writes it
	KeptFor       string // the uid of whom a key is kept aside for
	ChangedSince  time.Time
	Batch         string
	ExpiresBefore okey.Day
	Watch         KeyWatch
	Today         okey.Day  // for Watch and HolderLeft; zero: neither is looked at
	Now           time.Time // for WatchedLoans
	Search        string    // a part of a serial number, or words of the holder's name or uid
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
	KeptForUID    string
	Establishment string
	ChangedAt     time.Time
	HolderLeft    bool   // its holder works at its establishment no more
	Place         string // in the order that was asked for; opaque
}

const foldedHolder = `fold(concat_ws(' ', p.family_name, p.given_name, p.uid))`

// called is a person's name and uid, of the lines that migration 00042 keeps of them: to fold thousands of names takes longer than to find
// them. An index (00074) knows it.
const called = `(split_part(p.sought, E'\n', 3) || ' ' || split_part(p.sought, E'\n', 4))`

// calledAll tells whether a person's name and uid have all words.
func calledAll(words string) string {
	return `(SELECT bool_and(strpos(` + called + `, w) > 0)
		FROM unnest(ARRAY(SELECT fold(w) FROM unnest(` + words + `::text[]) AS w)) AS w)`
}

// loansOver tells of keys that were lent, and are to be back by an instant.
const loansOver = `k.state = 'lent' AND k.due_at <= $1`

// keyOrders say where a key stands in an order: its place, empty for what comes last; what an index has the keys in the order of; and the
// same of the key where the page before ended, of its place $1.
var keyOrders = map[KeySort]struct{ place, by, ended string }{
	BySerial: {`''`, `k.serial`, ``},
	ByHolder: {foldedHolder, `(fold(p.family_name || ' ' || p.given_name || ' ' || p.uid) COLLATE "C")`, `substr($1, 2) COLLATE "C"`},
	ByState: {
		`to_char(` + lifeOrder + `, '00')`, lifeOrder, `nullif(substr($1, 2), '')::integer`,
	},
	ByBatch:  {`lower(k.batch)`, `(CASE WHEN k.batch = '' THEN '1' ELSE '0' || lower(k.batch) END COLLATE "C")`, `$1 COLLATE "C"`},
	ByExpiry: {`to_char(k.expires_on, 'YYYY-MM-DD')`, `k.expires_on`, `nullif(substr($1, 2), '')::date`},
	ByLastLogin: {
		`to_char(k.last_login_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')`, `coalesce(k.last_login_at, 'infinity')`,
		`coalesce(nullif(substr($1, 2), '')::timestamp AT TIME ZONE 'UTC', 'infinity')`,
	},
	ByEstablishment: {`fold(e.name) || ' ' || e.uai`, `((fold(e.name) || ' ' || e.uai) COLLATE "C")`, `substr($1, 2) COLLATE "C"`},
}

// lifeOrder is what an index (migration 00060) knows states by: in the order of a key's life.
const lifeOrder = `array_position(
	'{in_transit,in_stock,reserved,attributed,in_service,suspended,lent,lost,defective,retired}'::text[], k.state)`

// soughtKeys are those of whose serial $1 is a part, or whose holder's name and uid have the words $2, of which $3 to $5 lead into an
// index; up to $6 of each kind.
var soughtKeys = `(SELECT s.serial FROM key s WHERE $1 <> '' AND s.serial || '' LIKE anywhere($1) LIMIT $6)
	UNION ALL (SELECT h.serial FROM person p CROSS JOIN LATERAL (SELECT serial FROM key WHERE holder = p.id OFFSET 0) h
		WHERE ` + within(called, 3) + ` AND ` + calledAll("$2") + ` LIMIT $6)`

// isSought tells of one key whether it is sought.
var isSought = `$1 <> '' AND k.serial LIKE anywhere($1)
	OR EXISTS (SELECT FROM person p WHERE p.id = k.holder AND ` + calledAll("$2") + ` OFFSET 0)`

// mostKeysSought is how many keys that are sought are looked up before a list is made of them. Where there are more, one in two hundred of
// the nation's, it is sooner to go along the list until a page is full, except by holder: there they stand together, however far on.
var mostKeysSought = 5000 // fewer in a test

// seek answers the conditions of a list and of its count that a search sets, where there is one.
func (r reader) seek(ctx context.Context, reach Reach, f KeyFilter) (page, count condition, err error) {
	asked := words(f.Search)
	if len(asked) == 0 {
		return condition{}, condition{}, nil
	}
	a, b, c := three(asked)
	serial := okey.Compact(f.Search)
	var found []string
	if err := r.all(ctx, &found, soughtKeys, serial, pq.Array(asked), a, b, c, mostKeysSought); err != nil {
		return condition{}, condition{}, fmt.Errorf("look for keys: %w", err)
	}
	these := condition{true, `k.serial = ANY (ARRAY(SELECT unnest($1::text[])))`, []any{pq.Array(found)}} // no plan knows how many
	if len(found) < mostKeysSought {
		return these, these, nil
	}
	each := condition{true, isSought, []any{serial, pq.Array(asked)}}
	page, count = each, each
	if f.Sort == ByHolder {
		page = condition{true, `k.serial = ANY (ARRAY(` + soughtKeys + `))`, []any{serial, pq.Array(asked), a, b, c, nil}}
	}
	narrowed := slices.ContainsFunc(f.conditions(reach), func(c condition) bool { return c.asked })
	if !narrowed && len(found) > 2*CountMost { // each is there twice at most
		count = these
	}
	return page, count, nil
}

// condition narrows a list where it is asked for.
type condition struct {
	asked bool
	text  string
	args  []any
}

// conditions are what a reach and a filter, but for its search, let through of keys k, of establishments e. A question has none but those
// that are asked for: for one that holds for any of them PostgreSQL would find no index.
func (f KeyFilter) conditions(reach Reach) []condition {
	return []condition{
		{
			!reach.All, `k.serial = ANY (ARRAY(SELECT serial FROM key WHERE holder = $1
				UNION SELECT serial FROM key WHERE uai ` + strings.ReplaceAll(answered, "$3", "$2") + `))`,
			[]any{reach.Person, pq.Array(texts(reach.UAIs))},
		},
		{f.Serial != "", `k.serial = $1`, []any{string(f.Serial)}},
		{f.Establishment != "", `k.uai = $1`, []any{string(f.Establishment)}},
		{f.State != "", lifeOrder + ` = ` + strings.ReplaceAll(lifeOrder, "k.state", "$1::text"), []any{string(f.State)}},
		{f.Holder != "", `k.holder = ` + namedBy, []any{f.Holder}},
		{
			f.KeptFor != "", `k.request = ANY (ARRAY(SELECT q.id FROM request q WHERE q.person = ` + namedBy + `))`,
			[]any{f.KeptFor},
		},
		{!f.ChangedSince.IsZero(), `k.changed_at >= $1`, []any{f.ChangedSince}},
		{f.Batch != "", `k.batch = $1`, []any{f.Batch}},
		{!f.ExpiresBefore.IsZero(), `k.expires_on < $1::date`, []any{f.ExpiresBefore.String()}},
		{f.Watch == WatchedLeft, `k.serial = ANY (ARRAY(SELECT gone.serial FROM (` + left + `) gone))`, []any{f.Today.String()}},
		{
			f.Watch == WatchedEnding, `k.state = 'in_service' AND k.expires_on <= $1::date`,
			[]any{f.Today.AddMonths(okey.RenewalMonths).String()},
		},
		{f.Watch == WatchedBroken, lifeOrder + ` = ` + strings.ReplaceAll(lifeOrder, "k.state", "'defective'") + ` AND ` + inAPocket, nil},
		{f.Watch == WatchedMislaid, lifeOrder + ` = ` + strings.ReplaceAll(lifeOrder, "k.state", "'suspended'"), nil},
		{f.Watch == WatchedLoans, loansOver, []any{f.Now}},
	}
}

// keptFor is whom a key k is kept aside for. It is looked up for each key, by its request: never are all of them joined.
const keptFor = `LEFT JOIN LATERAL (SELECT trim(a.given_name || ' ' || a.family_name) AS name, a.uid
	FROM request q JOIN person a ON a.id = q.person WHERE q.id = k.request OFFSET 0) r ON true`

// keys asks for the keys that a reach and a filter let through, and conditions more.
func (s *composed) keys(reach Reach, f KeyFilter, also ...condition) {
	place := keyOrders[f.Sort].place
	s.add(`SELECT ` + keyColumns + `, coalesce(p.given_name, '') AS given_name, coalesce(p.family_name, '') AS family_name,
		coalesce(p.uid, '') AS uid, e.name, k.changed_at, coalesce(r.name, '') AS kept_for, coalesce(r.uid, '') AS kept_for_uid,
		CASE WHEN coalesce(` + place + `, '') = '' THEN '1' ELSE '0' || ` + place + ` END COLLATE "C" AS place, `)
	if f.Today.IsZero() {
		s.add(`false AS gone`)
	} else {
		s.add(`k.holder IS NOT NULL AND `+hasLeft+` AS gone`, f.Today.String())
	}
	s.add(` FROM key k JOIN establishment e ON e.uai = k.uai LEFT JOIN person p ON p.id = k.holder ` + keptFor + ` WHERE true`)
	s.narrow(append(f.conditions(reach), also...))
}

// narrow adds the conditions that are asked for.
func (s *composed) narrow(all []condition) {
	for _, c := range all {
		if c.asked {
			s.add(` AND (`+c.text+`)`, c.args...)
		}
	}
}

// namedBy is whom the normal form $1 of a uid names; of two that differ by case alone, the one who has it so.
const namedBy = `(SELECT p.id FROM person p WHERE lower(p.uid) = $1 ORDER BY p.uid <> $1, p.uid LIMIT 1)`

// keyPage asks for a page of the list, of keys that are sought, from behind where the one before ended.
func keyPage(reach Reach, f KeyFilter, sought condition) (query string, args []any) {
	s, beyond, way := &composed{}, `>`, ``
	if f.Descending {
		beyond, way = `<`, ` DESC`
	}
	order, goesOn := keyOrders[f.Sort], f.AfterSerial != ""
	bySerial := condition{goesOn, `k.serial ` + beyond + ` $1`, []any{string(f.AfterSerial)}}
	behind := condition{
		goesOn, fmt.Sprintf(`%[1]s %[3]s= %[2]s AND (%[1]s, k.serial) %[3]s (%[2]s, $2)`, order.by, order.ended, beyond),
		[]any{f.AfterPlace, string(f.AfterSerial)},
	}
	ends := ` ORDER BY ` + order.by + way + `, k.serial` + way + ` LIMIT $1`
	switch f.Sort {
	case BySerial:
		s.keys(reach, f, sought, bySerial)
		s.add(` ORDER BY k.serial`+way+` LIMIT $1`, f.Limit)
	case ByHolder: // those that nobody holds come last, going up: two questions, each with an index of its own
		held, unheld := condition{true, `p.id IS NOT NULL`, nil}, condition{true, `k.holder IS NULL`, nil}
		if goesOn && f.AfterPlace == unplaced {
			unheld = condition{true, unheld.text + ` AND ` + bySerial.text, bySerial.args}
			held.text += ` AND ` + fmt.Sprint(f.Descending)
		} else if goesOn {
			held = condition{true, held.text + ` AND ` + behind.text, behind.args}
			unheld.text += ` AND ` + fmt.Sprint(!f.Descending)
		}
		s.add(`SELECT serial, uai, state, batch, expires_on, holder, request, last_login_at, prior_to_okey, due_at, given_name,
			family_name, uid, name, changed_at, kept_for, kept_for_uid, place, gone FROM ((`)
		s.keys(reach, f, sought, held)
		s.add(ends+`) UNION ALL (`, f.Limit)
		s.keys(reach, f, sought, unheld)
		s.add(` ORDER BY k.serial`+way+` LIMIT $1)) both_kinds ORDER BY place`+way+`, serial`+way+` LIMIT $1`, f.Limit)
	default:
		s.keys(reach, f, sought, behind)
		s.add(ends, f.Limit)
	}
	return s.text.String(), s.args
}

// unplaced is the place of what comes last, going up.
const unplaced = "1"

type listedKeyRow struct {
	keyRow
	Given     string    `db:"given_name"`
	Family    string    `db:"family_name"`
	UID       string    `db:"uid"`
	Name      string    `db:"name"`
	ChangedAt time.Time `db:"changed_at"`
	Place     string    `db:"place"`
	Gone      bool      `db:"gone"`
	KeptFor   string    `db:"kept_for"`
	ForUID    string    `db:"kept_for_uid"`
}

func (row listedKeyRow) listed() ListedKey {
	return ListedKey{
		Key: row.key(), Establishment: row.Name, ChangedAt: utc(row.ChangedAt), Place: row.Place, HolderLeft: row.Gone,
		HolderUID:  row.UID,
		KeptFor:    row.KeptFor,
		KeptForUID: row.ForUID,
		HolderName: okey.Person{GivenName: row.Given, FamilyName: row.Family}.Name(),
	}
}

// ListKeys returns a page of keys within reach, in the order that the filter asks for.
func (r reader) ListKeys(ctx context.Context, reach Reach, f KeyFilter) ([]ListedKey, error) {
	sought, _, err := r.seek(ctx, reach, f)
	if err != nil {
		return nil, err
	}
	query, args := keyPage(reach, f, sought)
	return listed(ctx, r, listedKeyRow.listed, query, args...)
}

// KeyCount is how many keys a list has, up to one more than CountMost, and how many of those are in each state.
type KeyCount struct {
	Keys int
	In   map[okey.KeyState]int
}

// ListKeysCounted is ListKeys, and how many there are in all.
func (r reader) ListKeysCounted(ctx context.Context, reach Reach, f KeyFilter) (found []ListedKey, n KeyCount, err error) {
	sought, counting, err := r.seek(ctx, reach, f)
	if err != nil {
		return nil, n, err
	}
	query, args := keyPage(reach, f, sought)
	s := &composed{}
	s.add(`SELECT state, count(*) AS n FROM (SELECT k.state FROM key k JOIN establishment e ON e.uai = k.uai WHERE true`)
	s.narrow(append(f.conditions(reach), counting))
	s.add(` LIMIT $1) counted GROUP BY state`, CountMost+1)
	var counted []struct {
		State okey.KeyState `db:"state"`
		N     int           `db:"n"`
	}
	err = r.together(ctx, list(&found, listedKeyRow.listed, query, args...), rows(&counted, s.text.String(), s.args...))
	n.In = map[okey.KeyState]int{}
	for _, c := range counted {
		n.Keys, n.In[c.State] = n.Keys+c.N, c.N
	}
	return found, n, err
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
