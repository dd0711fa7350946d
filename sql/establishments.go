package sql

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"time"

	"okey/okey"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Place is an establishment with what OKEY itself knows of it.
type Place struct {
	okey.Establishment
	Host          okey.UAI
	Successor     okey.UAI  // who follows it, since it has closed or merged
	ShortageSince time.Time // since when requests wait while no key is free; zero: no shortage
}

// AnsweredBy is the establishment whose approvers answer.
func (p Place) AnsweredBy() okey.UAI {
	if p.Host != "" {
		return p.Host
	}
	return p.UAI
}

type placeRow struct {
	UAI       okey.UAI          `db:"uai"`
	Name      string            `db:"name"`
	Nature    int               `db:"nature"`
	Contract  string            `db:"contract"`
	State     string            `db:"state"`
	Academy   string            `db:"academy"`
	Street    string            `db:"street"`
	Commune   string            `db:"commune"`
	Postcode  string            `db:"postcode"`
	Host      stdsql.NullString `db:"host"`
	Successor stdsql.NullString `db:"successor"`
	Mother    stdsql.NullString `db:"mother"`
	Shortage  stdsql.NullTime   `db:"shortage_since"`
}

const placeColumns = `e.uai, e.name, e.nature, e.contract, e.state, e.academy, e.street, e.commune, e.postcode, e.host, e.successor,
	e.mother, e.shortage_since`

func (p placeRow) place() Place {
	return Place{
		Establishment: okey.Establishment{
			UAI: p.UAI, Name: p.Name, Nature: p.Nature, Contract: p.Contract, State: p.State,
			Academy: p.Academy, Street: p.Street, Commune: p.Commune, Postcode: p.Postcode, Mother: okey.UAI(p.Mother.String),
		},
		Host: okey.UAI(p.Host.String), Successor: okey.UAI(p.Successor.String), ShortageSince: utc(p.Shortage.Time),
	}
}

// Establishment answers not_found for one that OKEY does not serve.
func (r reader) Establishment(ctx context.Context, uai okey.UAI) (Place, error) {
	var row placeRow
	err := r.get(ctx, &row, "Cet établissement n'est pas dans OKEY.",
		`SELECT `+placeColumns+` FROM establishment e WHERE e.uai = $1 AND e.served`, uai)
	return row.place(), err
}

// Place is Establishment for what exists already: a request or a key goes on when its school is no longer served.
func (r reader) Place(ctx context.Context, uai okey.UAI) (Place, error) {
	var row placeRow
	err := r.get(ctx, &row, "Cet établissement n'est pas dans OKEY.", `SELECT `+placeColumns+` FROM establishment e WHERE e.uai = $1`, uai)
	return row.place(), err
}

// Places are several, by name; what is not there is left out.
func (r reader) Places(ctx context.Context, uais ...okey.UAI) ([]Place, error) {
	return listed(ctx, r, placeRow.place, `SELECT `+placeColumns+` FROM establishment e
		WHERE e.uai = ANY ($1) ORDER BY e.name, e.uai`, pq.Array(texts(uais)))
}

// ServedPlaces are all establishments that OKEY serves, by name; none where they are more than so many.
func (r reader) ServedPlaces(ctx context.Context, most int) ([]Place, error) {
	return listed(ctx, r, placeRow.place, servedPlaces, most)
}

const servedPlaces = `SELECT ` + placeColumns + ` FROM establishment e
	WHERE e.served AND (SELECT count(*) FROM (SELECT FROM establishment WHERE served LIMIT $1 + 1) few) <= $1
	ORDER BY e.name, e.uai`

// Names returns the names of establishments, served or not.
func (r reader) Names(ctx context.Context, uais ...okey.UAI) (map[okey.UAI]string, error) {
	var found []nameRow
	err := r.all(ctx, &found, `SELECT uai, name FROM establishment WHERE uai = ANY ($1)`, pq.Array(texts(uais)))
	return named(found), err
}

type nameRow struct {
	UAI  okey.UAI `db:"uai"`
	Name string   `db:"name"`
}

func named(schools []nameRow) map[okey.UAI]string {
	names := make(map[okey.UAI]string, len(schools))
	for _, school := range schools {
		names[school.UAI] = school.Name
	}
	return names
}

// Establishments returns those named, by name; all that OKEY serves where none is named.
func (r reader) Establishments(ctx context.Context, uais ...okey.UAI) ([]Place, error) {
	return listed(ctx, r, placeRow.place, `SELECT `+placeColumns+` FROM establishment e
		WHERE e.served AND (cardinality($1::text[]) = 0 OR e.uai = ANY ($1)) ORDER BY e.name, e.uai`, pq.Array(texts(uais)))
}

// HostedBy returns the establishments without a head that the named ones answer for.
func (r reader) HostedBy(ctx context.Context, hosts ...okey.UAI) ([]okey.UAI, error) {
	var hosted []okey.UAI
	err := r.all(ctx, &hosted,
		`SELECT uai FROM establishment WHERE host = ANY ($1) AND NOT uai = ANY ($1) ORDER BY uai`, pq.Array(texts(hosts)))
	return hosted, err
}

// LeftOut tells why an import left an establishment out; ok is false for one that no import has named.
func (r reader) LeftOut(ctx context.Context, uai okey.UAI) (name string, why okey.NotServed, ok bool, err error) {
	var row struct {
		Name   string         `db:"name"`
		Reason okey.NotServed `db:"reason"`
	}
	err = sqlx.GetContext(ctx, r.q, &row, `SELECT name, reason FROM establishment_left_out WHERE uai = $1`, uai)
	if errors.Is(err, stdsql.ErrNoRows) {
		return "", "", false, nil
	}
	if err != nil {
		return "", "", false, fmt.Errorf("read what imports left out: %w", err)
	}
	return row.Name, row.Reason, true, nil
}

func texts[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}
