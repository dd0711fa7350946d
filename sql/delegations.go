package sql

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// delegationHolds is, for a delegation d, the last day on which its giver approves there and its holder works there; no
// row where that is over for good. A delegation dies with either; who may hold one that the directory carries, the
// directory knows.
const delegationHolds = `LATERAL (SELECT least(giver.until_day, holder.until_day) AS until_day
	FROM (` + giverHolds + `) giver, (` + holderHolds + `) holder WHERE giver.until_day IS NOT NULL AND holder.until_day IS NOT NULL)`

// giverHolds and holderHolds are those days of each of the two; null where it is over for good.
const (
	giverHolds = `SELECT max(coalesce(a.until, d.until_day)) AS until_day FROM assignment a
		WHERE a.person = d.given_by AND a.uai = d.uai AND a.function IN ('chef', 'adjoint')`
	holderHolds = `SELECT CASE d.source WHEN 'page' THEN max(coalesce(a.until, d.until_day)) ELSE d.until_day END AS until_day
		FROM assignment a WHERE a.person = d.given_to AND a.uai = d.uai`
)

// ListedDelegation is a delegation with the names that a list shows.
type ListedDelegation struct {
	okey.GivenDelegation
	ArrangementNames
	ToName        string
	Academy       string   // of the establishment
	Giver, Holder okey.Day // the last day on which each is what it takes; zero: no longer
}

// Zone is the clock of the establishment.
func (d ListedDelegation) Zone() *time.Location { return okey.ZoneOf(d.Academy) }

// Left tells, of a delegation that lapsed, which of the two has left their function; neither where the establishment has a successor.
func (d ListedDelegation) Left(today okey.Day) (giver, holder bool) {
	needed := today
	if needed.Before(d.From) {
		needed = d.From
	}
	return d.Giver.IsZero() || d.Giver.Before(needed), d.Holder.IsZero() || d.Holder.Before(needed)
}

type delegationRow struct {
	arrangementRow
	To     uuid.UUID       `db:"given_to"`
	Scope  okey.Scope      `db:"scope"`
	From   stdsql.NullTime `db:"from_day"`
	Until  stdsql.NullTime `db:"until_day"`
	Holds  stdsql.NullTime `db:"holds"`
	Giver  stdsql.NullTime `db:"giver_holds"`
	Holder stdsql.NullTime `db:"holder_holds"`
	ToName string          `db:"to_name"`

	Academy string `db:"academy"`
}

const selectDelegation = `SELECT ` + arrangementColumns + `, d.given_to, d.scope, d.from_day, d.until_day,
	holds.until_day AS holds, (` + giverHolds + `) AS giver_holds, (` + holderHolds + `) AS holder_holds,
	trim(p.given_name || ' ' || p.family_name) AS to_name, coalesce(e.academy, '') AS academy
	FROM delegation d JOIN person p ON p.id = d.given_to` + arrangementTables + `
	LEFT JOIN ` + delegationHolds + ` holds ON e.successor IS NULL `

func (d delegationRow) delegation() ListedDelegation {
	return ListedDelegation{
		GivenDelegation: okey.GivenDelegation{
			Delegation: okey.Delegation{UAI: d.UAI, Scope: d.Scope, From: dayOf(d.From), Until: dayOf(d.Until)},
			ID:         d.ID, By: d.By.UUID, To: d.To, At: utc(d.At), EndedAt: utc(d.EndedAt.Time), EndedBy: d.EndedBy.UUID,
			Valid: dayOf(d.Holds),
		},
		ArrangementNames: d.ArrangementNames, ToName: d.ToName, Academy: d.Academy, Giver: dayOf(d.Giver), Holder: dayOf(d.Holder),
	}
}

const noDelegation = "Cette délégation n'existe pas, ou elle n'est pas pour vous."

// Delegation answers not_found for an unknown id.
func (r reader) Delegation(ctx context.Context, id uuid.UUID) (ListedDelegation, error) {
	var row delegationRow
	err := r.get(ctx, &row, noDelegation, selectDelegation+`WHERE d.id = $1`, id)
	return row.delegation(), err
}

// Delegations returns those for the establishments (none named: for all of them) that were still in force since the day, latest end first.
func (r reader) Delegations(ctx context.Context, uais []okey.UAI, since okey.Day, limit int) ([]ListedDelegation, error) {
	return listed(ctx, r, delegationRow.delegation, delegationsOf, pq.Array(texts(uais)), since.String(), limit)
}

const (
	delegationsOf = selectDelegation + `WHERE (cardinality($1::text[]) = 0 OR d.uai = ANY ($1))` + sinceDay
	// delegationsAt are those of the establishments named, none named: none. Its plan is the same for however many.
	delegationsAt = selectDelegation + `WHERE d.uai = ANY (ARRAY(SELECT unnest($1::text[])))` + sinceDay
	sinceDay      = ` AND d.until_day >= $2::date ORDER BY e.name, d.uai, d.until_day DESC, d.from_day DESC, d.id LIMIT $3`
	// delegationsTo are those that a person was given and that were still in force since the day, latest end first.
	delegationsTo = selectDelegation + `WHERE d.given_to = $1 AND d.until_day >= $2::date ORDER BY d.until_day DESC, e.name, d.id`
)

// Colleagues returns the people who work at an establishment on the day or later, and whose name, uid or address has
// each of the typed words in it. Where what was typed is the whole name, uid or address of some of them, only those are
// meant.
func (r reader) Colleagues(ctx context.Context, uai okey.UAI, typed string, on okey.Day, limit int) ([]okey.Person, error) {
	return listed(ctx, r, personRow.person, colleagues, string(uai), on.String(), pq.Array(words(typed)), typed, limit)
}

const colleagues = `WITH found AS (SELECT p.*, fold(regexp_replace(trim($4), '\s+', ' ', 'g')) IN (fold(p.uid), fold(p.mail),
		fold(p.given_name || ' ' || p.family_name), fold(p.family_name || ' ' || p.given_name)) AS whole
	FROM person p WHERE EXISTS (SELECT FROM assignment a WHERE a.person = p.id AND a.uai = $1 AND (a.until IS NULL OR a.until >= $2::date))
	AND NOT EXISTS (SELECT FROM unnest($3::text[]) AS w
		WHERE position(fold(w) IN fold(concat_ws(' ', p.given_name, p.family_name, p.uid, p.mail))) = 0))
	SELECT ` + personColumns + ` FROM found p WHERE p.whole OR NOT EXISTS (SELECT FROM found f WHERE f.whole)
	ORDER BY p.family_name, p.given_name, p.uid LIMIT $5`

// GiveDelegation writes a delegation with its audit, and the follow-up that has those concerned told. Written again, as
// a double click does, it is answered as it stands; invalid where it can't be given.
func (s *Store) GiveDelegation(ctx context.Context, d okey.GivenDelegation, today okey.Day) (okey.Action, error) {
	told := followUp(d.ID, okey.ActionDelegationGiven, d.UAI, d.At)
	err := s.Do(ctx, func(t *Tx) error {
		if err := t.LockEstablishment(ctx, d.UAI); err != nil {
			return err
		}
		known, err := t.Delegation(ctx, d.ID)
		if again, err := repeated(known.To == d.To && known.Delegation == d.Delegation, err); again {
			return err
		}
		if err := t.mayReceive(ctx, d, today); err != nil {
			return err
		}
		var begun time.Time
		if !today.Before(d.From) {
			begun = d.At
		}
		err = t.exec(ctx, `INSERT INTO delegation (id, uai, given_by, given_to, scope, from_day, until_day, created_at, begun_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			d.ID, string(d.UAI), d.By, d.To, string(d.Scope), d.From.String(), d.Until.String(), d.At, nullTime(begun))
		if err != nil {
			return fmt.Errorf("write the delegation: %w", err)
		}
		given := Entry{At: d.At, Event: "delegation_given", Actor: d.By, Via: okey.ViaWeb}
		given.Subject, given.Detail = aboutDelegation(d.ID), string(d.Scope)
		t.Audit(given)
		given.Subject, given.Detail = AboutPerson(d.To), string(d.UAI)
		t.Audit(given)
		return t.FollowUp(ctx, told)
	})
	return told, err
}

func aboutDelegation(id uuid.UUID) string { return "delegation:" + id.String() }

// mayReceive says why a person can't be given a delegation: who is not of the establishment, approves there anyway, or has it already.
func (t *Tx) mayReceive(ctx context.Context, d okey.GivenDelegation, today okey.Day) error {
	var is struct {
		Works    bool            `db:"works"`
		Approves bool            `db:"approves"`
		Leaves   stdsql.NullTime `db:"leaves"`
		Resigns  stdsql.NullTime `db:"resigns"`
	}
	first := d.From
	if first.Before(today) {
		first = today
	}
	err := t.get(ctx, &is, "", `SELECT coalesce(bool_or(a.until IS NULL OR a.until >= $3::date), false) AS works,
		coalesce(bool_or(a.function IN ('chef', 'adjoint') AND (a.until IS NULL OR a.until >= $4::date)), false) AS approves,
		CASE WHEN bool_and(a.until IS NOT NULL) THEN max(a.until) END AS leaves,
		(SELECT CASE WHEN bool_and(g.until IS NOT NULL) THEN max(g.until) END FROM assignment g
			WHERE g.person = $5 AND g.uai = $2 AND g.function IN ('chef', 'adjoint')) AS resigns
		FROM assignment a WHERE a.person = $1 AND a.uai = $2`, d.To, string(d.UAI), first.String(), d.Until.String(), d.By)
	switch {
	case err != nil:
		return err
	case d.To == d.By:
		return okey.InvalidField("delegate", "C'est vous : choisissez quelqu'un d'autre.")
	case !is.Works:
		return okey.InvalidField("delegate",
			"Cette personne ne travaille pas dans cet établissement à ces dates : choisissez quelqu'un d'autre.")
	case is.Approves:
		return okey.InvalidField("delegate",
			"Cette personne est déjà de la direction de cet établissement : elle peut tout faire sans délégation.")
	case is.Leaves.Valid && dayOf(is.Leaves).Before(d.Until):
		return okey.InvalidField("until",
			"Cette personne quitte l'établissement le %s : donnez un dernier jour qui ne vienne pas après.", dayOf(is.Leaves).Say(today))
	case is.Resigns.Valid && dayOf(is.Resigns).Before(d.Until):
		return okey.InvalidField("until", "Votre fonction ici prend fin le %s, et avec elle ce que vous déléguez : "+
			"donnez un dernier jour qui ne vienne pas après.", dayOf(is.Resigns).Say(today))
	}
	var same []delegationRow
	err = t.all(ctx, &same, selectDelegation+`WHERE d.uai = $1 AND d.given_to = $2 AND d.scope = $3 AND d.ended_at IS NULL
		AND d.from_day <= $5::date AND d.until_day >= $4::date AND holds.until_day >= $6::date ORDER BY d.from_day LIMIT 1`,
		string(d.UAI), d.To, string(d.Scope), d.From.String(), d.Until.String(), today.String())
	if err != nil || len(same) == 0 {
		return err
	}
	other := same[0].delegation()
	return okey.InvalidField("delegate",
		"%s a déjà la même délégation %s, donnée par %s : choisissez d'autres dates, ou mettez d'abord fin à celle-là.",
		other.ToName, other.SayDays(today), other.ByName)
}

// EndDelegation ends a delegation at once. Ended before, it stays as it was, and nobody is told twice.
func (s *Store) EndDelegation(ctx context.Context, id uuid.UUID, by okey.PersonID, at time.Time) (okey.Action, error) {
	var told okey.Action
	err := s.Do(ctx, func(t *Tx) error {
		d, err := t.Delegation(ctx, id)
		if err != nil {
			return err
		}
		told = followUp(id, okey.ActionDelegationEnded, d.UAI, at)
		if err := t.LockEstablishment(ctx, d.UAI); err != nil {
			return err
		}
		if d, err = t.Delegation(ctx, id); err != nil || !d.EndedAt.IsZero() {
			return err
		}
		if err := t.exec(ctx, `UPDATE delegation SET ended_at = $2, ended_by = $3 WHERE id = $1`, id, at, by); err != nil {
			return fmt.Errorf("end the delegation: %w", err)
		}
		t.Audit(Entry{
			At: at, Event: "delegation_ended", Actor: by, Via: okey.ViaWeb, Subject: aboutDelegation(id), Detail: string(d.UAI),
		})
		return t.FollowUp(ctx, told)
	})
	return told, err
}

// BeginDelegations finds the delegations whose first day has come, by the clock of their establishment, and records
// that each is to be told.
func (s *Store) BeginDelegations(ctx context.Context, now time.Time) error {
	const someZonesAreAhead = 14 * time.Hour
	latest := okey.DayOf(now.Add(someZonesAreAhead), time.UTC)
	var due []struct {
		ID      uuid.UUID       `db:"id"`
		UAI     okey.UAI        `db:"uai"`
		Academy string          `db:"academy"`
		From    stdsql.NullTime `db:"from_day"`
	}
	err := s.all(ctx, &due, `SELECT d.id, d.uai, e.academy, d.from_day FROM delegation d JOIN establishment e USING (uai)
		WHERE d.begun_at IS NULL AND d.ended_at IS NULL AND d.from_day <= $1::date ORDER BY d.id`, latest.String())
	if err != nil {
		return fmt.Errorf("look which delegations begin: %w", err)
	}
	for _, d := range due {
		if okey.DayOf(now, okey.ZoneOf(d.Academy)).Before(dayOf(d.From)) {
			continue
		}
		err := s.Do(ctx, func(t *Tx) error {
			if err := t.exec(ctx, `UPDATE delegation SET begun_at = $2 WHERE id = $1 AND begun_at IS NULL`, d.ID, now); err != nil {
				return err
			}
			return t.FollowUp(ctx, followUp(d.ID, okey.ActionDelegationBegun, d.UAI, now))
		})
		if err != nil {
			return fmt.Errorf("begin delegation %s: %w", d.ID, err)
		}
	}
	return nil
}
