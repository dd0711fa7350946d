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

type personRow struct {
	ID         uuid.UUID `db:"id"`
	UID        string    `db:"uid"`
	FamilyName string    `db:"family_name"`
	GivenName  string    `db:"given_name"`
	Mail       string    `db:"mail"`
	Support    bool      `db:"support"`
	Auditor    bool      `db:"auditor"`
	MailDenied bool      `db:"mail_denied"`

	SessionsFrom stdsql.NullTime `db:"sessions_from"`
}

const personColumns = `p.id, p.uid, p.family_name, p.given_name, p.mail, p.support, p.auditor, p.mail_denied, p.sessions_from`

func (p personRow) person() okey.Person {
	return okey.Person{ID: p.ID, UID: p.UID, FamilyName: p.FamilyName, GivenName: p.GivenName, Mail: p.Mail, MailDenied: p.MailDenied}
}

const nobody = "Cette personne n'est pas dans OKEY."

// Person answers not_found for an unknown id.
func (r reader) Person(ctx context.Context, id okey.PersonID) (okey.Person, error) {
	var row personRow
	err := r.get(ctx, &row, nobody, `SELECT `+personColumns+` FROM person p WHERE p.id = $1`, id)
	return row.person(), err
}

// PersonByUID answers not_found for an unknown uid, in whichever capitals.
func (r reader) PersonByUID(ctx context.Context, uid string) (okey.Person, error) {
	var row personRow
	err := r.get(ctx, &row, nobody, `SELECT `+personColumns+` FROM person p WHERE lower(p.uid) = $1 ORDER BY p.uid <> $1, p.uid LIMIT 1`,
		okey.NormalUID(uid))
	return row.person(), err
}

// PeopleByMail returns everybody with that address, whatever its capitals: addresses are not unique. Whose address
// nobody has checked is found by uid alone.
func (r reader) PeopleByMail(ctx context.Context, mail string) ([]okey.Person, error) {
	return listed(ctx, r, personRow.person,
		`SELECT `+personColumns+` FROM person p WHERE lower(p.mail) = lower($1) AND NOT p.mail_denied ORDER BY p.uid`, mail)
}

// Actor loads a person with all that they may act for. not_found for an unknown id.
func (r reader) Actor(ctx context.Context, id okey.PersonID) (okey.Actor, error) {
	var row personRow
	var actor okey.Actor
	err := r.together(
		ctx,
		one(&row, `SELECT `+personColumns+` FROM person p WHERE p.id = $1`, id),
		// Whom something says to be at an establishment that has a successor works there, without the function: support's attachments do.
		list(&actor.Assignments, assignmentRow.assignment, `SELECT DISTINCT coalesce(e.successor, a.uai) AS uai,
			CASE WHEN e.successor IS NULL THEN a.function ELSE 'personnel' END AS function, a.until
			FROM assignment a JOIN establishment e USING (uai) LEFT JOIN establishment s ON s.uai = e.successor
			WHERE a.person = $1 AND coalesce(s.served, e.served) ORDER BY 1, 2, 3`, id),
		// A delegation ends with the function of the person who gave it, and with the assignment of the person who has it.
		list(&actor.Delegations, lentRow.delegation, `SELECT d.uai, d.scope, d.from_day, least(d.until_day, holds.until_day) AS until_day
			FROM delegation d JOIN `+delegationHolds+` holds ON holds.until_day >= d.from_day
			JOIN establishment e ON e.uai = d.uai AND e.successor IS NULL
			WHERE d.given_to = $1 AND d.ended_at IS NULL ORDER BY d.uai, d.from_day`, id),
	)
	switch {
	case err != nil:
		return okey.Actor{}, fmt.Errorf("read an actor: %w", err)
	case row.ID == uuid.Nil:
		return okey.Actor{}, okey.Errorf(okey.CodeNotFound, "%s", nobody)
	}
	actor.Person, actor.Support, actor.Auditor = row.person(), row.Support, row.Auditor
	actor.SessionsFrom = utc(row.SessionsFrom.Time)
	return actor, nil
}

type assignmentRow struct {
	UAI      okey.UAI        `db:"uai"`
	Function okey.Function   `db:"function"`
	Until    stdsql.NullTime `db:"until"`
}

func (a assignmentRow) assignment() okey.Assignment {
	return okey.Assignment{UAI: a.UAI, Function: a.Function, Until: dayOf(a.Until)}
}

type lentRow struct {
	UAI   okey.UAI        `db:"uai"`
	Scope okey.Scope      `db:"scope"`
	From  stdsql.NullTime `db:"from_day"`
	Until stdsql.NullTime `db:"until_day"`
}

func (d lentRow) delegation() okey.Delegation {
	return okey.Delegation{UAI: d.UAI, Scope: d.Scope, From: dayOf(d.From), Until: dayOf(d.Until)}
}

// UnservedOf returns where a person works on the day though OKEY serves nobody there, by its code; empty for nowhere.
func (r reader) UnservedOf(ctx context.Context, id okey.PersonID, on okey.Day) (okey.UAI, error) {
	var uai okey.UAI
	err := r.get(ctx, &uai, nobody, `SELECT coalesce(min(a.uai), '') FROM assignment a JOIN establishment e USING (uai)
		LEFT JOIN establishment s ON s.uai = e.successor
		WHERE a.person = $1 AND (a.until IS NULL OR a.until >= $2::date) AND NOT coalesce(s.served, e.served)`, id, on.String())
	return uai, err
}

// Approvers returns the principals and deputies of an establishment on a day, by function and name.
func (r reader) Approvers(ctx context.Context, uai okey.UAI, on okey.Day) ([]okey.Person, error) {
	return listed(ctx, r, personRow.person, `SELECT `+personColumns+` FROM person p WHERE EXISTS (SELECT FROM assignment a
		WHERE a.person = p.id AND a.uai = $1 AND a.function IN ('chef', 'adjoint') AND (a.until IS NULL OR a.until >= $2::date))
		ORDER BY p.family_name, p.given_name, p.uid`, uai, on.String())
}

// Delegates returns those whose delegation for the establishment holds on the day, with one of the scopes.
func (r reader) Delegates(ctx context.Context, uai okey.UAI, on okey.Day, scopes ...okey.Scope) ([]okey.Person, error) {
	return listed(ctx, r, personRow.person, `SELECT DISTINCT `+personColumns+` FROM person p JOIN delegation d ON d.given_to = p.id
		JOIN `+delegationHolds+` holds ON holds.until_day >= $2::date
		WHERE d.uai = $1 AND d.ended_at IS NULL AND $2::date BETWEEN d.from_day AND d.until_day AND d.scope = ANY ($3)
		ORDER BY p.family_name, p.given_name, p.uid`, uai, on.String(), pq.Array(scopes))
}

// SharedAddress tells whether two people have this address: such a mailbox gets no link that acts. Whoever has an
// address that nobody has checked is no second owner: they would take the links from the one whose it is.
func (r reader) SharedAddress(ctx context.Context, mail string) (bool, error) {
	var shared bool
	err := r.get(ctx, &shared, "", `SELECT count(*) > 1 FROM person WHERE lower(mail) = lower($1) AND NOT mail_denied`, mail)
	return shared, err
}

// SavePerson writes what the directory says of a person, matched by uid, and returns the id. Ids are random: nobody can work out
// from one of them, in a history or the audit, whom it stands for.
func (t *Tx) SavePerson(ctx context.Context, p okey.Person, at time.Time) (okey.PersonID, error) {
	var id uuid.UUID
	err := t.get(ctx, &id, nobody, `INSERT INTO person (uid, family_name, given_name, mail, created_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (uid) DO UPDATE SET family_name = excluded.family_name, given_name = excluded.given_name, mail = excluded.mail,
		mail_denied = false
		RETURNING id`, okey.NormalUID(p.UID), p.FamilyName, p.GivenName, p.Mail, at)
	return id, err
}

// respell gives whom OKEY knows under capitals, from before it kept uids without, the uid that it keeps: those whose uid the query finds.
// Of several who differ by capitals alone one gets it, first whoever holds a key; support is shown the others.
func (t *Tx) respell(ctx context.Context, uids string, at time.Time, args ...any) error {
	var known []struct {
		ID  uuid.UUID `db:"id"`
		UID string    `db:"uid"`
	}
	err := t.all(ctx, &known, `UPDATE person p SET uid = lower(p.uid) WHERE p.id IN (SELECT DISTINCT ON (lower(o.uid)) o.id FROM person o
			WHERE o.uid <> lower(o.uid) AND lower(o.uid) IN (`+uids+`)
			AND NOT EXISTS (SELECT FROM person known WHERE known.uid = lower(o.uid))
			ORDER BY lower(o.uid), EXISTS (SELECT FROM key k WHERE k.holder = o.id) DESC, o.created_at, o.id)
		RETURNING p.id, p.uid`, args...)
	if err != nil {
		return fmt.Errorf("spell uids without capitals: %w", err)
	}
	for _, p := range known {
		t.adopted(p.ID, p.UID, at) // whose role it is, the audit knows by the uid
	}
	return nil
}
