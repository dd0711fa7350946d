package sql

import (
	"context"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// StaffImport says how to take a staff file.
type StaffImport struct {
	Today okey.Day
	// Incomplete names the establishments of which some rows could not be read: nobody is removed from them. All means every one.
	Incomplete []okey.UAI
	All        bool
	Force      bool // take the file even where it removes many people
}

// Shrinkage is an establishment that would lose more people than a file may remove unasked.
type Shrinkage struct {
	UAI   okey.UAI `db:"uai"`
	Gone  int      `db:"gone"`
	Total int      `db:"total"`
}

// StaffOutcome is what a staff file did. Where TooMany is not empty, nothing may be kept of the transaction.
type StaffOutcome struct {
	Tally
	Gone     []string // who is removed: uid, name, establishment
	Kept     int      // assignments missing from the file that stay, because the file is incomplete
	Problems []StaffProblem
	TooMany  []Shrinkage
}

// StaffProblem is a row about an establishment that OKEY does not have; Why is empty where no import has named it.
type StaffProblem struct {
	Line int            `db:"line"`
	Why  okey.NotServed `db:"why"`
}

const createImportStaff = `CREATE TEMPORARY TABLE import_staff (
	line integer, uai text, uid text, family_name text, given_name text, mail text, function text, until date,
	PRIMARY KEY (uid, uai, function)
) ON COMMIT DROP`

const takeOutStrangers = `DELETE FROM import_staff i WHERE NOT EXISTS (SELECT FROM establishment e WHERE e.uai = i.uai)
	RETURNING i.line, coalesce((SELECT l.reason FROM establishment_left_out l WHERE l.uai = i.uai), '') AS why`

// Concurrent imports for one establishment follow each other.
const lockStaffedEstablishments = `SELECT e.uai FROM establishment e
	WHERE e.uai IN (SELECT i.uai FROM import_staff i) ORDER BY e.uai FOR NO KEY UPDATE`

// absent are assignments of the named establishments, made by imports, whose person the file no longer has there. Those that have
// ended are no loss.
const absent = `a.source = 'import' AND a.uai IN (SELECT i.uai FROM import_staff i)
	AND NOT EXISTS (SELECT FROM import_staff i JOIN person p ON p.uid = i.uid WHERE p.id = a.person AND i.uai = a.uai)`

// complete leaves out the establishments from which nobody may be removed: $1 all of them, $2 those named.
const complete = `NOT $1 AND NOT a.uai = ANY ($2)`

const shrinkages = `SELECT a.uai, count(DISTINCT a.person) FILTER (WHERE ` + absent + `) AS gone, count(DISTINCT a.person) AS total
	FROM assignment a WHERE a.source = 'import' AND (a.until IS NULL OR a.until >= $3::date) AND ` + complete + `
		AND a.uai IN (SELECT i.uai FROM import_staff i)
	GROUP BY a.uai
	HAVING count(DISTINCT a.person) FILTER (WHERE ` + absent + `) >= $4
		AND count(DISTINCT a.person) FILTER (WHERE ` + absent + `) * 100 > count(DISTINCT a.person) * $5
	ORDER BY a.uai`

// A staff file that removes more than that of an establishment's people takes nothing unless told to.
const removedAtLeast, removedPercent = 5, 10

const tallyStaff = `SELECT
	count(*) FILTER (WHERE r.known = 0) AS added,
	count(*) FILTER (WHERE r.known > 0 AND NOT r.same) AS changed,
	count(*) FILTER (WHERE r.known > 0 AND r.same) AS unchanged,
	(SELECT count(DISTINCT (a.person, a.uai)) FROM assignment a WHERE ` + absent + ` AND ` + complete + `) AS removed
	FROM (SELECT
		(SELECT count(*) FROM assignment a WHERE a.person = p.id AND a.uai = i.uai AND a.source = 'import') AS known,
		(p.family_name, p.given_name, p.mail) IS NOT DISTINCT FROM (i.family_name, i.given_name, i.mail)
			AND EXISTS (SELECT FROM assignment a WHERE a.person = p.id AND a.uai = i.uai AND a.source = 'import'
				AND a.function = i.function AND a.until IS NOT DISTINCT FROM i.until) AS same
		FROM import_staff i LEFT JOIN person p ON p.uid = i.uid) r`

const countKept = `SELECT count(DISTINCT (a.person, a.uai)) FROM assignment a WHERE ` + absent + ` AND NOT (` + complete + `)`

const namesOfAbsent = `SELECT DISTINCT p.uid || ' (' || trim(p.given_name || ' ' || p.family_name) || '), ' || a.uai
	FROM assignment a JOIN person p ON p.id = a.person WHERE ` + absent + ` AND ` + complete + ` ORDER BY 1`

// adoptGranted gives the uid of a row to the person whom okey grant made from the row's address, where the file has that address once: one
// person, one row, whichever command came first.
const adoptGranted = `UPDATE person p SET uid = i.uid
	FROM (SELECT lower(mail) AS mail, min(uid) AS uid FROM import_staff GROUP BY lower(mail) HAVING count(DISTINCT uid) = 1) i
	WHERE p.uid = i.mail AND p.family_name = '' AND NOT EXISTS (SELECT FROM person known WHERE known.uid = i.uid)
	AND NOT EXISTS (SELECT FROM assignment a WHERE a.person = p.id) RETURNING p.id, p.uid`

const writePeople = `INSERT INTO person AS p (id, uid, family_name, given_name, mail, created_at)
	SELECT gen_random_uuid(), i.uid, i.family_name, i.given_name, i.mail, $1
	FROM (SELECT DISTINCT ON (uid) uid, family_name, given_name, mail FROM import_staff ORDER BY uid, line) i ORDER BY i.uid
	ON CONFLICT (uid) DO UPDATE SET family_name = excluded.family_name, given_name = excluded.given_name, mail = excluded.mail,
	mail_denied = false
	WHERE (p.family_name, p.given_name, p.mail, p.mail_denied) IS DISTINCT FROM (excluded.family_name, excluded.given_name,
		excluded.mail, false)`

// A person who is there under another function loses the old one even where nobody is removed: the file says what they are.
const endAssignments = `DELETE FROM assignment a WHERE (` + absent + ` AND ` + complete + `) OR (a.source = 'import'
	AND EXISTS (SELECT FROM import_staff i JOIN person p ON p.uid = i.uid WHERE p.id = a.person AND i.uai = a.uai)
	AND NOT EXISTS (SELECT FROM import_staff i JOIN person p ON p.uid = i.uid
		WHERE p.id = a.person AND i.uai = a.uai AND i.function = a.function))`

// endClaims ends what a directory said of people who are in the file no more, or are not what it said: the file is
// complete for the establishments that it names, and newer than their last sign-in.
const endClaims = `DELETE FROM assignment a WHERE a.source = 'claims' AND a.uai IN (SELECT i.uai FROM import_staff i)
	AND NOT EXISTS (SELECT FROM import_staff i JOIN person p ON p.uid = i.uid WHERE p.id = a.person AND i.uai = a.uai
		AND (a.function = 'personnel' OR i.function = a.function)) AND ` + complete

// What had ended begins anew.
const writeAssignments = `INSERT INTO assignment AS a (person, uai, function, source, until, since)
	SELECT p.id, i.uai, i.function, 'import', i.until, $1 FROM import_staff i JOIN person p ON p.uid = i.uid ORDER BY i.uai, p.id
	ON CONFLICT (person, uai, function, source) DO UPDATE SET until = excluded.until,
	since = CASE WHEN a.until < $2::date THEN excluded.since ELSE a.since END
	WHERE a.until IS DISTINCT FROM excluded.until`

// newApprovers are those whom the file makes approvers, before it is written, where something awaits them: they are told.
const newApprovers = `SELECT DISTINCT i.uid, i.uai FROM import_staff i WHERE i.function IN ('chef', 'adjoint')
	AND NOT EXISTS (SELECT FROM assignment a JOIN person p ON p.id = a.person
		WHERE p.uid = i.uid AND a.uai = i.uai AND a.function IN ('chef', 'adjoint'))
	AND EXISTS (SELECT FROM request r JOIN establishment e ON e.uai = r.uai
		WHERE coalesce(e.host, e.uai) = i.uai AND r.stage IN ('awaiting_decision', 'awaiting_handover')) ORDER BY i.uai, i.uid`

// ImportStaff makes the staff of the establishments that rows name what rows say. What support attached stays.
// (uid, UAI, function) are distinct, and rows of one uid agree on the person.
func (t *Tx) ImportStaff(ctx context.Context, rows []okey.ImportedStaff, how StaffImport, at time.Time) (StaffOutcome, error) {
	var out StaffOutcome
	columns := []string{"line", "uai", "uid", "family_name", "given_name", "mail", "function", "until"}
	err := t.stage(ctx, "import_staff", createImportStaff, columns, len(rows), func(i int) []any {
		r := rows[i]
		return []any{r.Line, string(r.UAI), r.UID, r.FamilyName, r.GivenName, r.Mail, string(r.Function), nullDay(r.Until)}
	})
	if err != nil {
		return out, err
	}
	if err := t.compareStaff(ctx, how, &out); err != nil || len(out.TooMany) > 0 {
		return out, err
	}
	if err := t.adoptStaff(ctx, at); err != nil {
		return out, err
	}
	var arrived []newApprover
	if err := t.all(ctx, &arrived, newApprovers); err != nil {
		return out, fmt.Errorf("look for new approvers: %w", err)
	}
	held, err := t.heldDelegations(ctx, how.Today)
	if err != nil {
		return out, err
	}
	if err := t.writeStaff(ctx, how, at); err != nil {
		return out, err
	}
	if err := t.tellArrived(ctx, arrived, at); err != nil {
		return out, err
	}
	if err := t.tellLapsed(ctx, held, at); err != nil {
		return out, err
	}
	t.auditImport("staff", out.Tally, okey.PersonID{}, at)
	return out, nil
}

// compareStaff takes the locks, and says what the file would change: nothing more where it would remove too many.
func (t *Tx) compareStaff(ctx context.Context, how StaffImport, out *StaffOutcome) error {
	if err := t.all(ctx, &out.Problems, takeOutStrangers); err != nil {
		return fmt.Errorf("look establishments up: %w", err)
	}
	if err := t.exec(ctx, lockStaffedEstablishments); err != nil {
		return fmt.Errorf("lock establishments: %w", err)
	}
	incomplete := pq.Array(texts(how.Incomplete))
	if !how.Force {
		err := t.all(ctx, &out.TooMany, shrinkages, how.All, incomplete, how.Today.String(), removedAtLeast, removedPercent)
		if err != nil || len(out.TooMany) > 0 {
			return err
		}
	}
	if err := t.get(ctx, &out.Tally, "", tallyStaff, how.All, incomplete); err != nil {
		return fmt.Errorf("compare staff: %w", err)
	}
	if err := t.get(ctx, &out.Kept, "", countKept, how.All, incomplete); err != nil {
		return fmt.Errorf("compare staff: %w", err)
	}
	if err := t.all(ctx, &out.Gone, namesOfAbsent, how.All, incomplete); err != nil {
		return fmt.Errorf("name who is removed: %w", err)
	}
	return nil
}

// adoptStaff recognises those who were given a role before OKEY knew their uid.
func (t *Tx) adoptStaff(ctx context.Context, at time.Time) error {
	var known []struct {
		ID  uuid.UUID `db:"id"`
		UID string    `db:"uid"`
	}
	if err := t.all(ctx, &known, adoptGranted); err != nil {
		return fmt.Errorf("recognise people with a role: %w", err)
	}
	for _, p := range known {
		t.adopted(p.ID, p.UID, at)
	}
	return nil
}

func (t *Tx) writeStaff(ctx context.Context, how StaffImport, at time.Time) error {
	incomplete := pq.Array(texts(how.Incomplete))
	if err := t.exec(ctx, writePeople, at); err != nil {
		return fmt.Errorf("write people: %w", err)
	}
	if err := t.exec(ctx, endAssignments, how.All, incomplete); err != nil {
		return fmt.Errorf("end assignments: %w", err)
	}
	if err := t.exec(ctx, endClaims, how.All, incomplete); err != nil {
		return fmt.Errorf("end what claims said: %w", err)
	}
	if err := t.exec(ctx, writeAssignments, at, how.Today.String()); err != nil {
		return fmt.Errorf("write assignments: %w", err)
	}
	return nil
}

type newApprover struct {
	UID string   `db:"uid"`
	UAI okey.UAI `db:"uai"`
}

// tellArrived has each new approver told what awaits them.
func (t *Tx) tellArrived(ctx context.Context, arrived []newApprover, at time.Time) error {
	for _, a := range arrived {
		person, err := t.PersonByUID(ctx, a.UID)
		if err != nil {
			return fmt.Errorf("find a new approver: %w", err)
		}
		if err := t.FollowUp(ctx, okey.Action{
			ID: okey.DerivedID(person.ID, "arrived/"+string(a.UAI)+"/"+at.Format(time.RFC3339Nano)), Subject: person.ID,
			Name: okey.ActionApproverArrived, Via: okey.ViaEngine, CreatedAt: at, Content: okey.Content{Establishment: a.UAI},
		}); err != nil {
			return fmt.Errorf("have a new approver told: %w", err)
		}
	}
	return nil
}
