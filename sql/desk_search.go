package sql

import (
	"context"
	stdsql "database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// What support's search box finds. Each question is bounded, and answers what matches exactly first.

// FoundPerson is somebody whom the search has come upon.
type FoundPerson struct {
	okey.Person
	Exact bool // what was typed is the whole name, uid or address
	Posts []FoundPost
}

// FoundPost tells somebody from others of the same name.
type FoundPost struct {
	Function okey.Function `json:"function"`
	School   string        `json:"school"`
}

// foundPosts are the functions that somebody has in a school that OKEY serves, on the day $4.
const foundPosts = `(SELECT coalesce(json_agg(json_build_object('function', t.function, 'school', t.name)), '[]') FROM (
		SELECT DISTINCT a.function, e.name FROM assignment a JOIN establishment e ON e.uai = a.uai
		WHERE a.person = p.id AND (a.until IS NULL OR a.until >= $4::date) AND e.successor IS NULL AND e.served
		ORDER BY e.name, a.function LIMIT 3) t) AS posts`

// askedFor is what was typed, made comparable once and not for each row: OFFSET 0 keeps PostgreSQL from writing it out
// wherever it is named.
const askedFor = `(SELECT ARRAY(SELECT fold(w) FROM unnest($1::text[]) AS w) AS words, fold($2::text) AS whole OFFSET 0) asked`

// within is what an index finds of all that holds each word: $%d is the first of three parameters. Their patterns are made once: an index
// of trigrams has each row that it finds looked at again.
func within(column string, first int) string {
	patterns := make([]string, 3)
	for i := range patterns {
		patterns[i] = fmt.Sprintf(`%s LIKE (SELECT anywhere(fold($%d)))`, column, first+i)
	}
	return `(` + strings.Join(patterns, ` AND `) + `)`
}

// three are the words that an index looks for, the longest ones: it knows none of fewer letters than three. One that is empty is anywhere.
func three(words []string) (a, b, c string) {
	long := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return utf8.RuneCountInString(w) < 3 })
	slices.SortStableFunc(long, func(a, b string) int { return len(b) - len(a) })
	long = append(long, "", "", "")
	return long[0], long[1], long[2]
}

// byName is the order of an index of people; a text that somebody's whole name begins with stands before it there.
const byName = `(fold(p.family_name || ' ' || p.given_name || ' ' || p.uid) COLLATE "C")`

// mostSought is how many of those who match are put in order, besides the school's, and those whose family name is what was typed: of
// more a search shows the first few, and that there are others.
const mostSought = 500

var findPeople = `SELECT ` + personColumns + `, strpos(p.sought, E'\n' || asked.whole || E'\n') > 0 AS exact, ` + foundPosts + `
	FROM ` + askedFor + ` CROSS JOIN person p
	WHERE cardinality($1::text[]) > 0 AND p.erased_at IS NULL AND p.id = ANY (ARRAY(
		SELECT m.person FROM mail m
			WHERE position('@' IN $2) > 0 AND m.address <> '' AND lower(m.address) = lower($2) AND m.person IS NOT NULL
		UNION ALL SELECT p.id FROM person p WHERE p.uid = lower($2)
		UNION ALL (SELECT p.id FROM person p WHERE p.erased_at IS NULL
			AND ` + begins + ` ORDER BY ` + byName + ` LIMIT $3)
		UNION ALL SELECT p.id FROM assignment a JOIN person p ON p.id = a.person WHERE $5 <> '' AND a.uai = $5 AND ` + matches + `
		UNION ALL (SELECT p.id FROM person p WHERE ` + within("p.sought", 6) + ` AND ` + matches + `
			LIMIT ` + strconv.Itoa(mostSought) + `)))
	ORDER BY exact DESC, $5 <> '' AND EXISTS (SELECT FROM assignment a WHERE a.person = p.id AND a.uai = $5) DESC,
		` + begins + ` DESC, p.family_name, p.given_name, p.uid LIMIT $3`

// begins tells whether a person's whole name, the family name first, begins with what was typed.
const begins = `(` + byName + ` >= fold($2) AND ` + byName + ` < fold($2) || chr(1114111))`

// matches tells whether a person's name, uid or address has each word in it.
const matches = `p.erased_at IS NULL AND NOT EXISTS (SELECT FROM unnest(asked.words) AS w
	WHERE CASE WHEN length(w) = 1 THEN strpos(translate(p.sought, E'-\n', '  '), ' ' || w) = 0 ELSE strpos(p.sought, w) = 0 END)`

// FindPeople returns people whose name, uid or address has each word in it, whatever its accents, or who got a mail at
// the very address: the directory may have another by now. A single letter is an initial: a name begins with it. Those
// of the school, if any is given, come first.
func (r reader) FindPeople(ctx context.Context, typed string, school okey.UAI, on okey.Day, limit int) ([]FoundPerson, error) {
	words := searchWords(typed)
	a, b, c := three(words)
	return r.findPeople(ctx, findPeople, pq.Array(words), singleSpaced(typed), limit, on.String(), string(school), a, b, c)
}

// namesWithin are the people whose whole name stands in a text: from two to six of its words, the family name before the given one or
// after.
const namesWithin = `SELECT p.id FROM (SELECT (string_to_array(fold($2), ' '))[:40] AS words) t, generate_series(1, cardinality(t.words)) i,
		generate_series(i + 1, least(i + 5, cardinality(t.words))) j, generate_series(i, j) k, LATERAL (
		SELECT array_to_string(t.words[k + 1:j] || t.words[i:k], ' ') AS name OFFSET 0) n, LATERAL (
		SELECT p.id FROM person p WHERE ` + byName + ` >= n.name || ' ' AND ` + byName + ` < n.name || '!' LIMIT 100) p`

// namedBeside are people who may be named together with a school: words that no school has must be theirs, up to three of them, the longest
// ones; where each word may be a school's, one of them must be. The schools are counted, not just found: for one that is enough PostgreSQL
// would read half of them rather than go by their index.
const namedBeside = `(WITH told AS MATERIALIZED (
		SELECT t.pattern, (SELECT count(*) FROM establishment e WHERE e.sought LIKE t.pattern) > 0 AS schools
		FROM unnest($1::text[]) AS w, anywhere(fold(w)) AS t (pattern) WHERE length(w) > 2),
	theirs AS MATERIALIZED (SELECT array_agg(pattern ORDER BY length(pattern) DESC) || '{%,%}' AS patterns FROM told WHERE NOT schools)
	SELECT p.id FROM person p WHERE p.sought LIKE ANY ('{}'::text[]
		|| (SELECT CASE WHEN bool_and(told.schools) THEN array_agg(told.pattern) END FROM told))
	UNION SELECT p.id FROM person p WHERE EXISTS (SELECT FROM told WHERE NOT schools)
		AND p.sought LIKE (SELECT patterns[1] FROM theirs) AND p.sought LIKE (SELECT patterns[2] FROM theirs)
		AND p.sought LIKE (SELECT patterns[3] FROM theirs))`

const findPeopleNamed = `SELECT ` + personColumns + `, false AS exact, ` + foundPosts + `
	FROM ` + askedFor + ` CROSS JOIN person p
	CROSS JOIN LATERAL (SELECT split_part(p.sought, E'\n', 2) AS person OFFSET 0) named
	WHERE p.erased_at IS NULL AND p.family_name <> ''
	AND p.id = ANY (ARRAY(` + namesWithin + `
		UNION ` + namedBeside + `)) AND (
		position(' ' || named.person || ' ' IN ' ' || asked.whole || ' ') > 0
		OR position(' ' || split_part(p.sought, E'\n', 3) || ' ' IN ' ' || asked.whole || ' ') > 0
		OR cardinality($1::text[]) > 1 AND EXISTS (
			SELECT FROM unnest(asked.words) AS w WHERE position(' ' || w || ' ' IN ' ' || named.person || ' ') > 0)
		AND NOT EXISTS (SELECT FROM unnest(asked.words) AS w WHERE position(w IN named.person) = 0 AND NOT EXISTS (
			SELECT FROM assignment a JOIN establishment e ON e.uai = a.uai
			WHERE a.person = p.id AND position(w IN fold(concat_ws(' ', e.name, e.commune))) > 0)))
	ORDER BY p.family_name, p.given_name, p.uid LIMIT $3`

// FindPeopleNamed returns people whose whole name stands somewhere in the text, or who are named together with a school
// where they have been: "Une clef à remettre à Léa Martin", "Martin Les Mimosas".
func (r reader) FindPeopleNamed(ctx context.Context, text string, on okey.Day, limit int) ([]FoundPerson, error) {
	return r.findPeople(ctx, findPeopleNamed, pq.Array(searchWords(text)), singleSpaced(text), limit, on.String())
}

func (r reader) findPeople(ctx context.Context, query string, args ...any) ([]FoundPerson, error) {
	var rows []struct {
		personRow
		Exact bool   `db:"exact"`
		Posts []byte `db:"posts"`
	}
	if err := r.all(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("find people: %w", err)
	}
	found := make([]FoundPerson, len(rows))
	for i, row := range rows {
		found[i] = FoundPerson{Person: row.person(), Exact: row.Exact}
		if err := json.Unmarshal(row.Posts, &found[i].Posts); err != nil {
			return nil, fmt.Errorf("read what people do: %w", err)
		}
	}
	return found, nil
}

// FoundPlace is an establishment that the search has come upon.
type FoundPlace struct {
	Place
	Served bool
	Exact  bool // what was typed is its code or its whole name
}

var findPlaces = `SELECT ` + placeColumns + `, e.served, (e.uai = $2 OR fold(e.name) = fold($3)) AS exact
	FROM establishment e WHERE e.uai = $2 OR cardinality($1::text[]) > 0 AND ` + within("e.sought", 5) + `
		AND NOT EXISTS (SELECT FROM unnest($1::text[]) AS w WHERE strpos(e.sought, fold(w)) = 0)
	ORDER BY exact DESC, e.served DESC, e.name, e.uai LIMIT $4`

// FindEstablishments returns establishments, served or not, whose name, town, postcode or UAI has each word in it, and
// the one of the code, if any.
func (r reader) FindEstablishments(ctx context.Context, typed string, code okey.UAI, limit int) ([]FoundPlace, error) {
	var rows []struct {
		placeRow
		Served bool `db:"served"`
		Exact  bool `db:"exact"`
	}
	words := searchWords(typed)
	a, b, c := three(words)
	err := r.all(ctx, &rows, findPlaces, pq.Array(words), string(code), singleSpaced(typed), limit, a, b, c)
	found := make([]FoundPlace, len(rows))
	for i, row := range rows {
		found[i] = FoundPlace{Place: row.place(), Served: row.Served, Exact: row.Exact}
	}
	return found, err
}

// FoundKey is a key that the search has come upon.
type FoundKey struct {
	Serial okey.Serial   `db:"serial"`
	State  okey.KeyState `db:"state"`
	School string        `db:"school"`
	Holder string        `db:"holder"`
	Exact  bool          `db:"exact"`
}

// FindKeys returns keys whose serial number has the typed one in it, or differs from it by leading zeros only.
func (r reader) FindKeys(ctx context.Context, serial okey.Serial, limit int) ([]FoundKey, error) {
	var found []FoundKey
	err := r.all(ctx, &found, `SELECT k.serial, k.state, e.name AS school,
		trim(coalesce(p.given_name, '') || ' ' || coalesce(p.family_name, '')) AS holder,
			k.serial = $1 AS exact
		FROM key k JOIN establishment e ON e.uai = k.uai LEFT JOIN person p ON p.id = k.holder
		WHERE k.serial || '' LIKE anywhere($1) OR ltrim(k.serial, '0') = $2 ORDER BY exact DESC, length(k.serial), k.serial LIMIT $3`,
		string(serial), serial.Stem(), limit)
	return found, err
}

// FoundBatch is a batch of keys.
type FoundBatch struct {
	Batch string `db:"batch"`
	Keys  int    `db:"keys"`
	Exact bool   `db:"exact"`
}

// batches are all of them, each found behind the one before: the index is not read key by key.
const batches = `WITH RECURSIVE batches AS ((SELECT batch FROM key ORDER BY batch LIMIT 1)
	UNION ALL SELECT (SELECT k.batch FROM key k WHERE k.batch > b.batch ORDER BY k.batch LIMIT 1) FROM batches b
		WHERE b.batch IS NOT NULL) `

// FindBatches returns batches whose name has one of the texts in it, spaces and hyphens apart.
func (r reader) FindBatches(ctx context.Context, typed []string, limit int) ([]FoundBatch, error) {
	bare := make([]string, len(typed))
	for i, text := range typed {
		bare[i] = okey.Compact(text)
	}
	var found []FoundBatch
	err := r.all(ctx, &found, batches+`SELECT b.batch, (SELECT count(*) FROM key k WHERE k.batch = b.batch) AS keys,
			b.bare = ANY ($1) AS exact
		FROM (SELECT batch, regexp_replace(upper(batch), '[\s-]', '', 'g') AS bare FROM batches) b
		WHERE b.batch <> '' AND EXISTS (SELECT FROM unnest($1::text[]) AS w WHERE position(w IN b.bare) > 0)
		ORDER BY exact DESC, b.batch LIMIT $2`, pq.Array(bare), limit)
	return found, err
}

// FoundOrder is an order.
type FoundOrder struct {
	ID       uuid.UUID       `db:"id"`
	Number   int64           `db:"number"`
	State    okey.OrderState `db:"state"`
	Quantity int             `db:"quantity"`
	Received int             `db:"received"`
	School   string          `db:"school"`
}

const findOrders = `SELECT o.id, o.number, o.state, o.quantity, o.received, e.name AS school FROM key_order o
	JOIN establishment e ON e.uai = o.uai `

// FindOrder returns the order of a number; ok is false where there is none.
func (r reader) FindOrder(ctx context.Context, number int64) (o FoundOrder, ok bool, err error) {
	err = r.get(ctx, &o, noOrder, findOrders+`WHERE o.number = $1`, number)
	if isNoRow(err) {
		return o, false, nil
	}
	return o, err == nil, err
}

// FindOrders returns the orders whose id lies between two ids, both included.
func (r reader) FindOrders(ctx context.Context, from, to uuid.UUID, limit int) ([]FoundOrder, error) {
	var found []FoundOrder
	err := r.all(ctx, &found, findOrders+`WHERE o.id BETWEEN $1 AND $2 ORDER BY o.id LIMIT $3`, from, to, limit)
	return found, err
}

// FindDeliveries returns the deliveries that were taken and whose id lies between two ids, both included.
func (r reader) FindDeliveries(ctx context.Context, from, to uuid.UUID, limit int) ([]Delivery, error) {
	return r.deliveries(ctx, `WHERE d.state <> 'draft' AND d.id BETWEEN $2 AND $3 ORDER BY d.id LIMIT $4`, nil, from, to, limit)
}

// FindDeliveriesOf returns the deliveries that were taken and whose file has the text in its name, the newest first.
func (r reader) FindDeliveriesOf(ctx context.Context, file string, limit int) ([]Delivery, error) {
	return r.deliveries(ctx, `WHERE d.state <> 'draft' AND position(fold($2) IN fold(d.file_name)) > 0
		ORDER BY d.created_at DESC, d.id LIMIT $3`, nil, file, limit)
}

// FindReports returns reports of a serial number that became no key, those of the very number first.
func (r reader) FindReports(ctx context.Context, serial okey.Serial, limit int) ([]ListedReport, error) {
	return listed(ctx, r, reportRow.report, reports+`WHERE o.state <> 'confirmed' AND position($1 IN o.serial) > 0
		ORDER BY o.serial <> $1, o.at DESC, o.id LIMIT $2`, string(serial), limit)
}

// FoundRequest is a request with the name of who made it.
type FoundRequest struct {
	okey.Request
	Requester string
	School    string
}

// FindRequests returns the requests whose id lies between two ids, both included: those that begin alike stand together.
func (r reader) FindRequests(ctx context.Context, from, to uuid.UUID, limit int) ([]FoundRequest, error) {
	var rows []struct {
		requestRow
		Requester stdsql.NullString `db:"requester"`
		School    string            `db:"school"`
	}
	err := r.all(ctx, &rows, `SELECT `+requestColumns+`, trim(p.given_name || ' ' || p.family_name) AS requester,
		e.name AS school`+requestTables+`
		JOIN person p ON p.id = r.person WHERE r.id BETWEEN $1 AND $2 ORDER BY r.id LIMIT $3`, from, to, limit)
	if err != nil {
		return nil, fmt.Errorf("find requests: %w", err)
	}
	found := make([]FoundRequest, len(rows))
	for i, row := range rows {
		found[i] = FoundRequest{Request: row.request(), Requester: row.Requester.String, School: row.School}
	}
	return found, nil
}

// searchWords takes apart what was typed: hyphens and apostrophes part words, too.
func searchWords(typed string) []string {
	return strings.FieldsFunc(strings.ToLower(typed), func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("-'’", r) })
}

func singleSpaced(typed string) string { return strings.Join(strings.Fields(typed), " ") }
