package sql

import (
	"context"
	"time"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// Reach is how far a list may go for whoever reads it: everything, or one's own and what one's establishments answer for.
type Reach struct {
	All    bool
	Person okey.PersonID
	UAIs   []okey.UAI // that the reader answers for
}

// answered are the establishments whose approvers are those of $3. Found beforehand, they lead into an index; a join
// would be looked at row by row.
const answered = `= ANY (ARRAY(SELECT a.uai FROM establishment a WHERE coalesce(a.host, a.uai) = ANY (ARRAY(SELECT unnest($3::text[])))))`

// RequestFilter narrows a list of requests; zero values narrow nothing.
type RequestFilter struct {
	Stages        []okey.Stage
	Establishment okey.UAI
	Person        okey.PersonID
	Requester     string    // a uid, as okey.NormalUID writes it
	ChangedSince  time.Time // when the database wrote what lists show of it
	Open          bool      // only those that can still move
	BeforeAskedAt time.Time
	AfterID       uuid.UUID // with BeforeAskedAt: where the page before ended
	Limit         int
}

// ListedRequest is a request with the names that a list shows.
type ListedRequest struct {
	okey.Request
	Requester     okey.Person
	Establishment string
}

type listedRequestRow struct {
	requestRow
	UID    string `db:"uid"`
	Given  string `db:"given_name"`
	Family string `db:"family_name"`
	Name   string `db:"name"`
}

// ListRequests returns a page of requests within reach, newest first.
func (r reader) ListRequests(ctx context.Context, reach Reach, f RequestFilter) ([]ListedRequest, error) {
	var rows []listedRequestRow
	q := &composed{}
	q.add(`SELECT `+requestColumns+`, p.uid, p.given_name, p.family_name, e.name`+requestTables+`
		JOIN person p ON p.id = r.person
		WHERE ($1 OR r.person = $2 OR r.uai `+answered+`)
		AND (cardinality($4::text[]) = 0 OR r.stage = ANY ($4)) AND ($5 = '' OR r.uai = $5)
		AND ($6::uuid IS NULL OR r.person = $6) AND (NOT $7 OR r.closed_at IS NULL)
		AND ($8::timestamptz IS NULL OR (r.asked_at <= $8 AND (r.asked_at < $8 OR r.id > $9)))`,
		reach.All, reach.Person, pq.Array(texts(reach.UAIs)), pq.Array(texts(f.Stages)), string(f.Establishment),
		nullID(f.Person), f.Open, nullTime(f.BeforeAskedAt), f.AfterID)
	q.narrow([]condition{
		{f.Requester != "", `r.person = ` + namedBy, []any{f.Requester}},
		{!f.ChangedSince.IsZero(), `r.touched_at >= $1`, []any{f.ChangedSince}},
	})
	q.add(` ORDER BY r.asked_at DESC, r.id LIMIT $1`, f.Limit)
	err := r.all(ctx, &rows, q.text.String(), q.args...)
	found := make([]ListedRequest, len(rows))
	for i, row := range rows {
		found[i] = row.listed()
	}
	return found, err
}

// SimilarSerials returns serials of an establishment that differ from the given one by leading zeros only: to propose, never to assume.
func (r reader) SimilarSerials(ctx context.Context, serial okey.Serial, uai okey.UAI) ([]okey.Serial, error) {
	var found []okey.Serial
	err := r.all(ctx, &found, `SELECT serial FROM key WHERE uai = $1 AND ltrim(serial, '0') = $2 AND serial <> $3 ORDER BY serial LIMIT 3`,
		uai, serial.Stem(), string(serial))
	return found, err
}
