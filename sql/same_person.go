package sql

import (
	"context"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// Likeness is two rows that may be one person whose uid has changed: the old one has a key or an open request, the new one works
// somewhere, both have the same name and address or the same uid but for its capitals, and no staff file, nor the directory, names both.
// Whoever has a role is in none: a name and an address give nobody a role.
type Likeness struct {
	Old, New okey.Person
	// Apart tells that they can't become one as they stand: both have a key, or an open request, or the new one has signed for an open one.
	Apart bool
}

// lives tells whether an assignment a counts on the day: $1.
const lives = `(a.until IS NULL OR a.until >= $1::date)`

// alike are the pairs on the day ($1). What claims said stays for a year after the last sign-in, and a file until the next one: neither
// shows that the old uid is still somebody's.
const alike = `WITH old AS (SELECT p.id, p.uid, p.mail, p.mail_denied, p.family_name, p.given_name, split_part(p.sought, E'\n', 2) AS folded
		FROM person p WHERE p.erased_at IS NULL AND NOT p.support AND NOT p.auditor
		AND (EXISTS (SELECT FROM key k WHERE k.holder = p.id)
			OR EXISTS (SELECT FROM request r WHERE r.person = p.id AND r.closed_at IS NULL))
	), pair AS (
		SELECT o.id AS old, n.id AS new FROM old o JOIN person n ON lower(n.uid) = lower(o.uid) AND n.id <> o.id
		UNION SELECT o.id, n.id FROM old o JOIN person n ON lower(n.mail) = lower(o.mail) AND n.id <> o.id
			AND split_part(n.sought, E'\n', 2) = o.folded -- IS TRUE keeps the others' names from being folded to be hashed
			AND n.mail <> '' AND NOT n.mail_denied AND NOT o.mail_denied
			AND (fold(n.family_name) = fold(o.family_name) AND fold(n.given_name) = fold(o.given_name)) IS TRUE AND n.family_name <> ''
			WHERE NOT EXISTS (SELECT FROM assignment a WHERE a.person = o.id AND ` + lives + ` AND (a.source = 'support'
				OR a.source <> 'claims' AND EXISTS (SELECT FROM assignment b WHERE b.person = n.id AND b.source = a.source
					AND (b.until IS NULL OR b.until >= $1::date) AND (a.source = 'directory' OR b.uai = a.uai))))
	), alike AS (SELECT pair.* FROM pair JOIN person n ON n.id = pair.new WHERE n.erased_at IS NULL
		AND NOT n.support AND NOT n.auditor AND EXISTS (SELECT FROM assignment a WHERE a.person = n.id AND ` + lives + `)
		AND NOT EXISTS (SELECT FROM likeness l WHERE (l.old, l.new) = (pair.old, pair.new) AND l.answered_at IS NOT NULL)
	) `

const likenesses = alike + `SELECT o.id AS "old.id", o.uid AS "old.uid", o.family_name AS "old.family_name",
		o.given_name AS "old.given_name",
		n.id AS "new.id", n.uid AS "new.uid", n.family_name AS "new.family_name", n.given_name AS "new.given_name",
		n.mail AS "new.mail", n.mail_denied AS "new.mail_denied",
		EXISTS (SELECT FROM key k WHERE k.holder = o.id) AND EXISTS (SELECT FROM key k WHERE k.holder = n.id)
		OR EXISTS (SELECT FROM request r WHERE r.person = n.id AND r.closed_at IS NULL AND (r.signed_at IS NOT NULL
			OR EXISTS (SELECT FROM request m WHERE m.person = o.id AND m.closed_at IS NULL))) AS apart
	FROM alike JOIN person o ON o.id = alike.old JOIN person n ON n.id = alike.new
	WHERE $2::uuid[] IS NULL OR o.id = ANY ($2) OR n.id = ANY ($2) ORDER BY n.family_name, n.given_name, o.id, n.id`

type likenessRow struct {
	Old   personRow `db:"old"`
	New   personRow `db:"new"`
	Apart bool      `db:"apart"`
}

func (l likenessRow) likeness() Likeness {
	return Likeness{Old: l.Old.person(), New: l.New.person(), Apart: l.Apart}
}

// Likenesses are all there are on the day or, where some are given, those of these people.
func (r reader) Likenesses(ctx context.Context, today okey.Day, of ...okey.PersonID) ([]Likeness, error) {
	return listed(ctx, r, likenessRow.likeness, likenesses, today.String(), pq.Array(of))
}

// heldLikeness is for how many days letters about keys of people who left wait for support's word whether they have.
const heldLikeness = `7`

// stayed tells, of a key k, that its holder may only have another uid: support has not said yet.
const stayed = `EXISTS (SELECT FROM likeness l WHERE l.old = k.holder AND l.answered_at IS NULL
	AND l.found_at::date > $1::date - ` + heldLikeness + `)`

// noteLikenesses keeps since when there are those that nobody knew yet, and returns them.
func (t *Tx) noteLikenesses(ctx context.Context, today okey.Day, with uuid.UUID, at time.Time) ([]Likeness, error) {
	var old []uuid.UUID
	err := t.all(ctx, &old, alike+`INSERT INTO likeness (old, new, found_at, told_with) SELECT old, new, $2, $3 FROM alike
		ON CONFLICT DO NOTHING RETURNING old`, today.String(), at, with)
	if err != nil || len(old) == 0 {
		return nil, err
	}
	return t.Likenesses(ctx, today, old...)
}

// LikenessesToldWith returns those of a mail on which support has not said its word.
func (r reader) LikenessesToldWith(ctx context.Context, with uuid.UUID, today okey.Day) ([]Likeness, error) {
	var old []uuid.UUID
	err := r.all(ctx, &old, `SELECT old FROM likeness WHERE told_with = $1 AND answered_at IS NULL`, with)
	if err != nil || len(old) == 0 {
		return nil, err
	}
	return r.Likenesses(ctx, today, old...)
}

// The audit's entries of what support says of a likeness.
const (
	eventSamePerson = "same_person"
	eventTwoPeople  = "two_people"
)

// What could not be both's is settled before all else becomes the old row's. Each statement takes both rows.
var becomeOne = []string{
	`INSERT INTO assignment (person, uai, function, source, until, reason, since, old_code)
		SELECT $1, uai, function, source, until, reason, since, old_code FROM assignment WHERE person = $2
		ON CONFLICT (person, uai, function, source) DO UPDATE SET until = excluded.until, old_code = excluded.old_code`,
	`DELETE FROM assignment WHERE person = $2 AND person <> $1`,
	`UPDATE attachment SET ended_at = current_timestamp WHERE person = $2 AND ended_at IS NULL AND EXISTS (SELECT FROM attachment o
		WHERE o.person = $1 AND o.uai = attachment.uai AND o.ended_at IS NULL)`,
	`DELETE FROM delegation WHERE (given_by, given_to) IN (($1, $2), ($2, $1))`,
	`DELETE FROM api_token WHERE person = $2 AND person <> $1`,
	`DELETE FROM succession_staff s WHERE person = $2 AND EXISTS (SELECT FROM succession_staff o
		WHERE o.person = $1 AND o.succession = s.succession)`,
}

// ofPeople are the columns in which a row names a person. The audit's is none of them: what it says is never rewritten.
const ofPeople = `SELECT c.conrelid::regclass::text AS table, quote_ident(a.attname) AS column,
	CASE WHEN c.conrelid = 'request'::regclass THEN ' AND signed_at IS NULL' ELSE '' END AS but
	FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
	WHERE c.contype = 'f' AND c.confrelid = 'person'::regclass ORDER BY 1, 2`

// takeOver makes everything of a person another's. Who has signed is never rewritten: such requests, ended ones, stay with that row.
func (t *Tx) takeOver(ctx context.Context, old, known okey.PersonID) error {
	for _, statement := range becomeOne {
		if err := t.exec(ctx, statement, old, known); err != nil {
			return fmt.Errorf("make two people one: %w", err)
		}
	}
	var columns []struct {
		Table  string `db:"table"`
		Column string `db:"column"`
		But    string `db:"but"`
	}
	if err := t.all(ctx, &columns, ofPeople); err != nil {
		return fmt.Errorf("look what names people: %w", err)
	}
	for _, c := range columns {
		if err := t.exec(ctx, fmt.Sprintf(`UPDATE %s SET %s = $1 WHERE %[2]s = $2%s`, c.Table, c.Column, c.But), old, known); err != nil {
			return fmt.Errorf("make what %s says of one another's: %w", c.Table, err)
		}
	}
	return nil
}

// MakeOne makes two people one whom support says to be the same: the old one, with its keys and requests, has the uid, the name, the
// address, the functions and whatever else is the new one's. That row stays, nameless, as of somebody whose data are erased. Repeated, it
// changes nothing. invalid where they are not alike, or have what one person can't have.
func (s *Store) MakeOne(ctx context.Context, old, known, by okey.PersonID, today okey.Day, at time.Time) error {
	return s.Do(ctx, func(t *Tx) error {
		var done bool
		pair, err := t.lockAlike(ctx, eventSamePerson, old, known, today, &done)
		if err != nil || done {
			return err
		}
		if pair.Apart {
			return okey.Errorf(okey.CodeInvalid,
				"Ces deux identifiants ont chacun une clef ou une demande : rechargez la page de la personne.")
		}
		if err := t.takeOver(ctx, old, known); err != nil {
			return err
		}
		if err := t.exec(ctx, `UPDATE person SET uid = 'efface:' || id, family_name = '', given_name = '', mail = '', erased_at = $2,
			sessions_from = $2, merged_into = $3 WHERE id = $1`, known, at, old); err != nil {
			return fmt.Errorf("empty the new row: %w", err)
		}
		if err := t.exec(ctx, `UPDATE person SET uid = $2, family_name = $3, given_name = $4, mail = $5, mail_denied = $6, idle_since = NULL
			WHERE id = $1`, old, okey.NormalUID(pair.New.UID), pair.New.FamilyName, pair.New.GivenName, pair.New.Mail,
			pair.New.MailDenied); err != nil {
			return fmt.Errorf("give the new uid: %w", err)
		}
		if err := t.tellRenamed(ctx, old, at); err != nil {
			return err
		}
		if err := t.becameUID(ctx, old, okey.NormalUID(pair.Old.UID), okey.NormalUID(pair.New.UID), at); err != nil {
			return err
		}
		return t.settle(ctx, eventSamePerson, old, known, by, at)
	})
}

// KeepApart takes support's word that two people who are alike are two: they are not offered again. Repeated, it changes nothing. invalid
// where they are not alike.
func (s *Store) KeepApart(ctx context.Context, old, known, by okey.PersonID, today okey.Day, at time.Time) error {
	return s.Do(ctx, func(t *Tx) error {
		var done bool
		if _, err := t.lockAlike(ctx, eventTwoPeople, old, known, today, &done); err != nil || done {
			return err
		}
		return t.settle(ctx, eventTwoPeople, old, known, by, at)
	})
}

// settle notes that support has said its word on two people.
func (t *Tx) settle(ctx context.Context, event string, old, known, by okey.PersonID, at time.Time) error {
	t.Audit(Entry{At: at, Event: event, Actor: by, Via: okey.ViaSupport, Subject: AboutPerson(old), Detail: known.String()})
	return t.exec(ctx, `INSERT INTO likeness (old, new, found_at, told_with, answered_at, answered_by) VALUES ($1, $2, $3, $1, $3, $4)
		ON CONFLICT (old, new) DO UPDATE SET answered_at = excluded.answered_at, answered_by = excluded.answered_by`, old, known, at, by)
}

// lockAlike is the likeness between two people, under the locks of both; invalid where there is none. done: the same was said before.
func (t *Tx) lockAlike(ctx context.Context, event string, old, known okey.PersonID, today okey.Day, done *bool) (Likeness, error) {
	if err := t.exec(ctx, `SELECT FROM person WHERE id IN ($1, $2) ORDER BY id FOR UPDATE`, old, known); err != nil {
		return Likeness{}, fmt.Errorf("lock two people: %w", err)
	}
	err := t.get(ctx, done, "", `SELECT EXISTS (SELECT FROM audit WHERE event = $1 AND subject = $2 AND detail = $3)`,
		event, AboutPerson(old), known.String())
	if err != nil || *done {
		return Likeness{}, err
	}
	found, err := t.Likenesses(ctx, today, old)
	if err != nil {
		return Likeness{}, err
	}
	for _, pair := range found {
		if pair.Old.ID == old && pair.New.ID == known {
			return pair, nil
		}
	}
	return Likeness{}, okey.Errorf(okey.CodeInvalid,
		"Ces deux identifiants ne peuvent plus être réunis : rechargez la page de la personne.")
}
