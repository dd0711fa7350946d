package sql

import (
	"context"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// CountMost is how far lists are counted: past it a count is CountMost + 1, and there is more.
const CountMost = 1000

// RequestPart is a part of the requests within reach; the zero value is all of them.
type RequestPart struct {
	Stages []okey.Stage // open ones or closed ones, not both; none: all
	Own    bool         // the reader's alone
	Others bool         // none of the reader's
}

// RequestList is a page of a part of the requests within reach. Open ones come in the order in which they have waited at their stage,
// closed ones by when they ended, latest first; where both may be, the latest asked comes first.
type RequestList struct {
	Reach         Reach
	Part          RequestPart
	Establishment okey.UAI
	Person        okey.PersonID // who asked
	Name          string        // words of who asked
	Before        time.Time     // open ones that stand where they do since then or longer; zero: all
	At            time.Time     // with ID: where the page before ended, as Place of its part tells; zero for the first page
	ID            uuid.UUID
	Ahead         bool // what comes before that place instead, the nearest first
	Limit         int
}

// requestOrder is what a part is ordered by, and whether the latest comes first.
type requestOrder struct {
	column string
	latest bool
	place  func(okey.Request) time.Time
}

func (p RequestPart) order() requestOrder {
	switch {
	case len(p.Stages) == 0:
		return requestOrder{"r.asked_at", true, func(r okey.Request) time.Time { return r.AskedAt }}
	case p.Stages[0].Closed():
		return requestOrder{"r.closed_at", true, func(r okey.Request) time.Time { return r.Since }}
	}
	return requestOrder{"r.since", false, func(r okey.Request) time.Time { return r.Since }}
}

// Place is where a request stands in the order of the part.
func (p RequestPart) Place(r okey.Request) time.Time { return p.order().place(r) }

// conditions are what a list lets through of requests r. A question has none but those that are asked for, as with KeyFilter.
func (l RequestList) conditions(p RequestPart) []condition {
	a, b, c := three(words(l.Name))
	closed := len(p.Stages) > 0 && p.Stages[0].Closed()
	within := `r.uai = ANY (ARRAY(SELECT a.uai FROM establishment a WHERE coalesce(a.host, a.uai) = ANY ($1)))`
	schools := pq.Array(texts(l.Reach.UAIs))
	return []condition{
		{p.Own, `r.person = $1`, []any{l.Reach.Person}},
		{p.Others, `r.person <> $1`, []any{l.Reach.Person}},
		{p.Others && !l.Reach.All, within, []any{schools}},
		{!p.Own && !p.Others && !l.Reach.All, within + ` OR r.person = $2`, []any{schools, l.Reach.Person}},
		{len(p.Stages) > 0, `r.stage = ANY ($1)`, []any{pq.Array(texts(p.Stages))}},
		{len(p.Stages) > 0 && !closed, `r.closed_at IS NULL`, nil},
		{closed, `r.closed_at IS NOT NULL`, nil},
		{!l.Before.IsZero() && len(p.Stages) > 0 && !closed, `r.since <= $1`, []any{l.Before}},
		{l.Establishment != "", `r.uai = $1`, []any{string(l.Establishment)}},
		{l.Person != okey.PersonID{}, `r.person = $1`, []any{l.Person}},
		{len(words(l.Name)) > 0, askedBy, []any{pq.Array(words(l.Name)), a, b, c}},
	}
}

// askedBy are requests of people whose name and uid have the words $1, of which $2 to $4 lead into an index.
var askedBy = `r.person = ANY (ARRAY(SELECT p.id FROM person p WHERE ` + within(called, 2) + `
	AND ` + calledAll("$1") + `))`

func (s *composed) requests(conditions []condition) {
	s.add(` FROM request r WHERE true`)
	for _, c := range conditions {
		if c.asked {
			s.add(` AND (`+c.text+`)`, c.args...)
		}
	}
}

// page finds the ids first: names are looked up for those alone.
func (l RequestList) page() (query string, args []any) {
	order, s := l.Part.order(), &composed{}
	beyond, way, alike, ties := `>`, ``, `>`, ``
	if order.latest != l.Ahead { // ties stand by id, from the smallest in the order of the list
		beyond, way = `<`, ` DESC`
	}
	if l.Ahead {
		alike, ties = `<`, ` DESC`
	}
	sorted := ` ORDER BY ` + order.column + way + `, r.id` + ties
	s.add(`SELECT ` + requestColumns + `, p.uid, p.given_name, p.family_name, e.name` + requestTables + `
		JOIN person p ON p.id = r.person WHERE r.id = ANY (ARRAY(SELECT r.id`)
	s.requests(append(l.conditions(l.Part), condition{
		!l.At.IsZero(), fmt.Sprintf(`%[1]s %[2]s= $1 AND (%[1]s %[2]s $1 OR r.id %[3]s $2)`, order.column, beyond, alike),
		[]any{l.At, l.ID},
	}))
	s.add(sorted+` LIMIT $1))`+sorted, l.Limit)
	return s.text.String(), s.args
}

// counts asks how many there are of each part, up to one more than CountMost.
func (l RequestList) counts(parts []RequestPart) (query string, args []any) {
	s := &composed{}
	for i, p := range parts {
		if i > 0 {
			s.add(` UNION ALL `)
		}
		s.add(`SELECT $1::integer AS part, count(*) AS n FROM (SELECT`, i)
		s.requests(l.conditions(p))
		s.add(` LIMIT $1) counted`, CountMost+1)
	}
	return s.text.String(), s.args
}

func (row listedRequestRow) listed() ListedRequest {
	return ListedRequest{
		Request: row.request(), Establishment: row.Name,
		Requester: okey.Person{ID: row.Person, UID: row.UID, GivenName: row.Given, FamilyName: row.Family},
	}
}

// RequestsIn returns a page of a part, and how many there are of each of the parts.
func (r reader) RequestsIn(ctx context.Context, l RequestList, parts ...RequestPart) ([]ListedRequest, []int, error) {
	var found []ListedRequest
	var counted []struct {
		Part int `db:"part"`
		N    int `db:"n"`
	}
	query, args := l.page()
	questions := []question{list(&found, listedRequestRow.listed, query, args...)}
	if len(parts) > 0 {
		query, args = l.counts(parts)
		questions = append(questions, rows(&counted, query, args...))
	}
	if err := r.together(ctx, questions...); err != nil {
		return nil, nil, fmt.Errorf("list requests: %w", err)
	}
	counts := make([]int, len(parts))
	for _, c := range counted {
		counts[c.Part] = c.N
	}
	return found, counts, nil
}
