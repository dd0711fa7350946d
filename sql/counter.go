package sql

import (
	"context"
	"fmt"

	"okey/okey"

	"github.com/lib/pq"
)

const foldedRequester = `fold(concat_ws(' ', p.given_name, p.family_name, p.uid))`

// CounterSearch is who is looked for at a counter.
type CounterSearch struct {
	At         []okey.UAI    // the establishments that answer for the requests
	Everywhere bool          // whoever answers; then nothing typed finds nobody
	But        okey.PersonID // whose request is left out
	Typed      string        // words of a name, or part of a key's number; empty finds all
	Limit      int
}

// AtCounter returns the open requests answered by one of the establishments whose requester's name has each of the
// typed words in it, or whose key's number has what was typed in it: those whose key awaits its person first, oldest
// first, then the others. total counts those whose key awaits its person.
func (r reader) AtCounter(ctx context.Context, who CounterSearch) (found []Awaited, total int, err error) {
	var rows []struct {
		requestRow
		Given  string `db:"given_name"`
		Family string `db:"family_name"`
		School string `db:"school"`
		Total  int    `db:"total"`
	}
	err = r.all(ctx, &rows, `SELECT `+requestColumns+`, p.given_name, p.family_name, e.name AS school,
			count(*) FILTER (WHERE r.stage = 'awaiting_handover') OVER () AS total`+requestTables+`JOIN person p ON p.id = r.person
		WHERE r.closed_at IS NULL AND (coalesce(e.host, e.uai) = ANY ($1) OR ($5 AND cardinality($3::text[]) > 0)) AND r.person <> $6
		AND (r.stage = 'awaiting_handover' OR cardinality($3::text[]) > 0)
		AND (cardinality($3::text[]) = 0 OR ($2 <> '' AND r.stage = 'awaiting_handover' AND position($2 IN k.serial) > 0)
			OR NOT EXISTS (SELECT FROM unnest($3::text[]) AS w WHERE position(fold(w) IN `+foldedRequester+`) = 0))
		ORDER BY r.stage = 'awaiting_handover' DESC, r.since, r.id LIMIT $4`,
		pq.Array(texts(who.At)), okey.Compact(who.Typed), pq.Array(words(who.Typed)), who.Limit, who.Everywhere, who.But)
	if err != nil {
		return nil, 0, fmt.Errorf("search the counter: %w", err)
	}
	for _, row := range rows {
		found = append(found, Awaited{
			Request: row.request(), School: row.School,
			Requester: okey.Person{ID: row.Person, GivenName: row.Given, FamilyName: row.Family},
		})
		total = row.Total
	}
	return found, total, nil
}
