package sql

import (
	"context"
	"fmt"
	"time"

	"okey/okey"

	"github.com/lib/pq"
)

// Likeness is two rows that may be one person whose uid has changed: the old one has a key or an open request and works nowhere any more,
// or has the other's uid in other capitals; the new one does, with the same name and address. Whoever has a role is in none: a name and
// an address give nobody a role.
type Likeness struct {
	Old, New okey.Person
	Acted    bool // the new one has a key, has asked or decided something: the two can't become one any more
}

const likenesses = `WITH old AS (SELECT p.* FROM person p WHERE p.erased_at IS NULL AND NOT p.support AND NOT p.auditor
		AND (EXISTS (SELECT FROM key k WHERE k.holder = p.id)
			OR EXISTS (SELECT FROM request r WHERE r.person = p.id AND r.closed_at IS NULL))
	), pair AS (
		SELECT o.id AS old, n.id AS new FROM old o JOIN person n ON lower(n.uid) = lower(o.uid)
		UNION SELECT o.id, n.id FROM old o JOIN person n ON lower(n.mail) = lower(o.mail)
			AND n.mail <> '' AND NOT n.mail_denied AND NOT o.mail_denied
			AND fold(n.family_name) = fold(o.family_name) AND fold(n.given_name) = fold(o.given_name) AND n.family_name <> ''
			WHERE NOT EXISTS (SELECT FROM assignment a WHERE a.person = o.id AND (a.until IS NULL OR a.until >= $1::date))
	) SELECT o.id AS "old.id", o.uid AS "old.uid", o.family_name AS "old.family_name", o.given_name AS "old.given_name",
		n.id AS "new.id", n.uid AS "new.uid", n.family_name AS "new.family_name", n.given_name AS "new.given_name",
		n.mail AS "new.mail", n.mail_denied AS "new.mail_denied", EXISTS (SELECT FROM key k WHERE k.holder = pair.new)
		OR EXISTS (SELECT FROM request r WHERE r.person = pair.new) OR EXISTS (SELECT FROM action a WHERE a.by_person = pair.new)
		OR EXISTS (SELECT FROM delegation d WHERE d.given_by = pair.new) AS acted
	FROM pair JOIN person o ON o.id = pair.old JOIN person n ON n.id = pair.new WHERE pair.old <> pair.new AND n.erased_at IS NULL
	AND NOT n.support AND NOT n.auditor AND EXISTS (SELECT FROM assignment a WHERE a.person = n.id
		AND (a.until IS NULL OR a.until >= $1::date))
	AND ($2::uuid[] IS NULL OR pair.old = ANY ($2) OR pair.new = ANY ($2)) ORDER BY n.family_name, n.given_name, pair.old, pair.new`

// Likenesses are all there are on the day or, where some are given, those of these people.
func (r reader) Likenesses(ctx context.Context, today okey.Day, of ...okey.PersonID) ([]Likeness, error) {
	var rows []struct {
		Old   personRow `db:"old"`
		New   personRow `db:"new"`
		Acted bool      `db:"acted"`
	}
	if err := r.all(ctx, &rows, likenesses, today.String(), pq.Array(of)); err != nil {
		return nil, fmt.Errorf("look for people whose uid has changed: %w", err)
	}
	found := make([]Likeness, len(rows))
	for i, row := range rows {
		found[i] = Likeness{Old: row.Old.person(), New: row.New.person(), Acted: row.Acted}
	}
	return found, nil
}

const eventSamePerson = "same_person"

// What the new row has goes to the old one; the row stays, nameless, as of somebody whose data are erased.
var becomeOne = []string{
	`INSERT INTO assignment (person, uai, function, source, until, reason, since, old_code)
		SELECT $1, uai, function, source, until, reason, since, old_code FROM assignment WHERE person = $2
		ON CONFLICT (person, uai, function, source) DO UPDATE SET until = excluded.until, old_code = excluded.old_code`,
	`DELETE FROM assignment WHERE person = $2 AND person <> $1`,
	`UPDATE attachment SET person = $1 WHERE person = $2 AND NOT EXISTS (SELECT FROM attachment o
		WHERE o.person = $1 AND o.uai = attachment.uai AND o.ended_at IS NULL AND attachment.ended_at IS NULL)`,
	`UPDATE delegation SET given_to = $1 WHERE given_to = $2 AND given_by <> $1`,
	`UPDATE mail SET person = $1 WHERE person = $2`,
	`DELETE FROM api_token WHERE person = $2 AND person <> $1`,
}

// MakeOne makes two people one whom support says to be the same: the old one, with its keys and requests, has the uid, the name, the
// address and the functions of the new one. Repeated, it changes nothing. invalid where they are not alike, or the new one has acted.
func (s *Store) MakeOne(ctx context.Context, old, known, by okey.PersonID, today okey.Day, at time.Time) error {
	return s.Do(ctx, func(t *Tx) error {
		if err := t.exec(ctx, `SELECT FROM person WHERE id IN ($1, $2) ORDER BY id FOR UPDATE`, old, known); err != nil {
			return fmt.Errorf("lock two people: %w", err)
		}
		var done bool
		if err := t.get(ctx, &done, "", `SELECT EXISTS (SELECT FROM audit WHERE event = $1 AND subject = $2 AND detail = $3)`,
			eventSamePerson, AboutPerson(old), known.String()); err != nil || done {
			return err
		}
		pair, err := t.alike(ctx, old, known, today)
		if err != nil {
			return err
		}
		for _, statement := range becomeOne {
			if err := t.exec(ctx, statement, old, known); err != nil {
				return fmt.Errorf("make two people one: %w", err)
			}
		}
		if err := t.exec(ctx, `UPDATE person SET uid = 'efface:' || id, family_name = '', given_name = '', mail = '', erased_at = $2,
			sessions_from = $2 WHERE id = $1`, known, at); err != nil {
			return fmt.Errorf("empty the new row: %w", err)
		}
		if err := t.exec(ctx, `UPDATE person SET uid = $2, family_name = $3, given_name = $4, mail = $5, mail_denied = $6, idle_since = NULL
			WHERE id = $1`, old, okey.NormalUID(pair.New.UID), pair.New.FamilyName, pair.New.GivenName, pair.New.Mail,
			pair.New.MailDenied); err != nil {
			return fmt.Errorf("give the new uid: %w", err)
		}
		t.Audit(Entry{At: at, Event: eventSamePerson, Actor: by, Via: okey.ViaSupport, Subject: AboutPerson(old), Detail: known.String()})
		return nil
	})
}

// alike is the likeness between two people; invalid where there is none, or it is too late.
func (t *Tx) alike(ctx context.Context, old, known okey.PersonID, today okey.Day) (Likeness, error) {
	found, err := t.Likenesses(ctx, today, old)
	if err != nil {
		return Likeness{}, err
	}
	for _, pair := range found {
		if pair.Old.ID == old && pair.New.ID == known && !pair.Acted {
			return pair, nil
		}
	}
	return Likeness{}, okey.Errorf(okey.CodeInvalid,
		"Ces deux identifiants ne peuvent plus être réunis : rechargez la page de la personne.")
}
