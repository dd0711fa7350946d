package sql

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// StaffImport says how to take a staff file, or what the directory says.
type StaffImport struct {
	Source Source        // SourceImport or SourceDirectory: whose assignments the rows are, and the only ones that they end
	Run    uuid.UUID     // of the record that is kept of it
	By     okey.PersonID // nobody for the operator's commands and the engine
	Via    okey.Via
	Today  okey.Day
	// Incomplete names the establishments of which some rows could not be read: nobody is removed from them. All means every one.
	Incomplete []okey.UAI
	All        bool
	Unsure     []string // the uids of people who may work at more places than the rows say: nothing that they are ends
	Force      bool     // take the file even where it removes many people
	// Delegations of the people that the rows name: SourceDirectory alone has some.
	Delegations []okey.ImportedDelegation
}

// Shrinkage is an establishment that would lose more people than a file may remove unasked.
type Shrinkage struct {
	UAI   okey.UAI `db:"uai"`
	Gone  int      `db:"gone"`
	Total int      `db:"total"`
}

// StaffOutcome is what a staff file did. Where TooMany is not empty, nothing may be kept of the transaction; what the directory says of
// other establishments is taken.
type StaffOutcome struct {
	Tally
	Gone      []string   // who is removed: uid, name, establishment
	Kept      int        // assignments missing from the file that stay, because the file is incomplete
	Delegated int        // delegations of the directory that began or ended
	OldCodes  []OldCode  // that the rows say for a successor, and of how many people
	Alike     []Likeness // people whose uid has changed, it seems: support is told
	Problems  []StaffProblem
	TooMany   []Shrinkage
}

// StaffProblem is a row about an establishment that OKEY does not have; Why is empty where no import has named it.
type StaffProblem struct {
	Line int            `db:"line"`
	Why  okey.NotServed `db:"why"`
}

const createImportStaff = `CREATE TEMPORARY TABLE import_staff (
	line integer, uai text, uid text, family_name text, given_name text, mail text, function text, until date,
	mail_denied boolean NOT NULL DEFAULT false, old_code text,
	PRIMARY KEY (line)
) ON COMMIT DROP`

const takeOutStrangers = `DELETE FROM import_staff i WHERE NOT EXISTS (SELECT FROM establishment e WHERE e.uai = i.uai)
	RETURNING i.line, coalesce((SELECT l.reason FROM establishment_left_out l WHERE l.uai = i.uai), '') AS why`

const createImportScope = `CREATE TEMPORARY TABLE import_scope (uai text PRIMARY KEY, source text) ON COMMIT DROP`

// writeImportScope keeps for which establishments the rows are complete: a staff file for those that it names, the directory, besides, for
// all where it has said something before.
const writeImportScope = `INSERT INTO import_scope SELECT e.uai, $1 FROM establishment e WHERE e.uai IN (SELECT i.uai FROM import_staff i)
	OR ($1 = 'directory' AND e.uai IN (SELECT coalesce(a.old_code, a.uai) FROM assignment a WHERE a.source = $1))`

// What the directory does not say of people stays as it is known.
const takeKnownPeople = `UPDATE import_staff i SET family_name = coalesce(nullif(i.family_name, ''), p.family_name),
	given_name = coalesce(nullif(i.given_name, ''), p.given_name), mail = coalesce(nullif(i.mail, ''), p.mail),
	mail_denied = i.mail = '' AND p.mail_denied
	FROM person p WHERE p.uid = i.uid`

// What the directory says of names and address a staff file does not change: each would undo the other.
const heedDirectory = `UPDATE import_staff i SET family_name = p.family_name, given_name = p.given_name,
	mail = CASE WHEN p.mail = '' OR p.mail_denied THEN i.mail ELSE p.mail END FROM person p
	WHERE p.uid = i.uid AND EXISTS (SELECT FROM assignment a WHERE a.person = p.id AND a.source = 'directory')`

// Concurrent imports for one establishment follow each other.
const lockStaffedEstablishments = `SELECT e.uai FROM establishment e
	WHERE e.uai IN (SELECT s.uai FROM import_scope s UNION SELECT o.successor FROM import_scope s JOIN establishment o USING (uai))
	ORDER BY e.uai FOR NO KEY UPDATE`

// saidOf is the code by which an assignment names its establishment.
const saidOf = `coalesce(a.old_code, a.uai)`

// scoped are the assignments that the rows may end: of their establishments, and from the same source.
const scoped = `EXISTS (SELECT FROM import_scope s WHERE s.uai = ` + saidOf + ` AND s.source = a.source)`

// absent are those whose person the rows no longer have there. Those that have ended are no loss.
const absent = scoped + `
	AND NOT EXISTS (SELECT FROM import_staff i JOIN person p ON p.uid = i.uid WHERE p.id = a.person AND i.uai = a.uai)`

// sure leaves out the people of whom the rows do not say all.
const sure = `NOT EXISTS (SELECT FROM import_unsure u JOIN person p ON p.uid = u.uid WHERE p.id = a.person)`

// Whoever answers for a school goes on while it can't be read whether they do: that they work there takes nothing away.
const keepUnsure = `DELETE FROM import_staff i USING import_unsure u, person p, assignment a WHERE u.uid = i.uid AND p.uid = i.uid
	AND i.function = 'personnel' AND (a.person, a.uai) = (p.id, i.uai) AND a.source = $1 AND a.function <> i.function`

const createImportUnsure = `CREATE TEMPORARY TABLE import_unsure (uid text) ON COMMIT DROP`

// complete leaves out the establishments from which nobody may be removed: $1 all of them, $2 those named.
const complete = `NOT $1 AND NOT ` + saidOf + ` = ANY ($2) AND ` + sure

const shrinkages = `SELECT ` + saidOf + ` AS uai, count(DISTINCT a.person) FILTER (WHERE ` + absent + `) AS gone,
		count(DISTINCT a.person) AS total
	FROM assignment a WHERE ` + scoped + ` AND (a.until IS NULL OR a.until >= $3::date) AND ` + complete + `
	GROUP BY ` + saidOf + `
	HAVING count(DISTINCT a.person) FILTER (WHERE ` + absent + `) >= $4
		AND count(DISTINCT a.person) FILTER (WHERE ` + absent + `) * 100 > count(DISTINCT a.person) * $5
	ORDER BY 1`

// A staff file that removes more than that of an establishment's people takes nothing unless told to.
const removedAtLeast, removedPercent = 5, 10

const tallyStaff = `SELECT
	count(*) FILTER (WHERE known.person IS NULL) AS added,
	count(*) FILTER (WHERE known.person IS NOT NULL AND r.same IS NOT TRUE) AS changed,
	count(*) FILTER (WHERE known.person IS NOT NULL AND r.same) AS unchanged,
	(SELECT count(DISTINCT (a.person, a.uai)) FROM assignment a WHERE ` + absent + ` AND ` + complete + `) AS removed
	FROM import_staff i JOIN import_scope s ON s.uai = coalesce(i.old_code, i.uai) LEFT JOIN person p ON p.uid = i.uid
	LEFT JOIN (SELECT DISTINCT person, uai, source FROM assignment) known
		ON known.person = p.id AND known.uai = i.uai AND known.source = s.source
	LEFT JOIN assignment a ON a.person = p.id AND a.uai = i.uai AND a.function = i.function AND a.source = s.source
	CROSS JOIN LATERAL (SELECT a.person IS NOT NULL AND a.until IS NOT DISTINCT FROM i.until
		AND (p.family_name, p.given_name, p.mail) IS NOT DISTINCT FROM (i.family_name, i.given_name, i.mail) AS same) r`

const countKept = `SELECT count(DISTINCT (a.person, a.uai)) FROM assignment a WHERE ` + absent + ` AND ` + sure + `
	AND NOT (` + complete + `)`

const namesOfAbsent = `SELECT DISTINCT p.uid || ' (' || trim(p.given_name || ' ' || p.family_name) || '), ' || a.uai
	FROM assignment a JOIN person p ON p.id = a.person WHERE ` + absent + ` AND ` + complete + ` ORDER BY 1`

// adoptGranted gives the uid of a row to the person whom okey grant made from the row's address, where the file has that address once: one
// person, one row, whichever command came first.
const adoptGranted = `UPDATE person p SET uid = i.uid
	FROM (SELECT lower(mail) AS mail, min(uid) AS uid FROM import_staff GROUP BY lower(mail) HAVING count(DISTINCT uid) = 1) i
	WHERE p.uid = i.mail AND p.family_name = '' AND NOT EXISTS (SELECT FROM person known WHERE known.uid = i.uid)
	AND NOT EXISTS (SELECT FROM assignment a WHERE a.person = p.id) RETURNING p.id, p.uid`

const writePeople = `INSERT INTO person AS p (id, uid, family_name, given_name, mail, mail_denied, created_at)
	SELECT gen_random_uuid(), i.uid, i.family_name, i.given_name, i.mail, i.mail_denied, $1
	FROM (SELECT DISTINCT ON (uid) uid, family_name, given_name, mail, mail_denied FROM import_staff ORDER BY uid, line) i ORDER BY i.uid
	ON CONFLICT (uid) DO UPDATE SET family_name = excluded.family_name, given_name = excluded.given_name, mail = excluded.mail,
	mail_denied = excluded.mail_denied
	WHERE (p.family_name, p.given_name, p.mail, p.mail_denied) IS DISTINCT FROM (excluded.family_name, excluded.given_name,
		excluded.mail, excluded.mail_denied)`

// A person who is there under another function loses the old one even where nobody is removed: the file says what they are.
const endAssignments = `DELETE FROM assignment a WHERE (` + absent + ` AND ` + complete + `) OR (` + sure + ` AND ` + scoped + `
	AND EXISTS (SELECT FROM import_staff i JOIN person p ON p.uid = i.uid WHERE p.id = a.person AND i.uai = a.uai)
	AND NOT EXISTS (SELECT FROM import_staff i JOIN person p ON p.uid = i.uid
		WHERE p.id = a.person AND i.uai = a.uai AND i.function = a.function))`

// endClaims ends what a directory said of people who are in the file no more, or are not what it said: the file is
// complete for the establishments that it names, and newer than their last sign-in.
const endClaims = `DELETE FROM assignment a WHERE a.source = 'claims' AND ` + saidOf + ` IN (SELECT s.uai FROM import_scope s)
	AND NOT EXISTS (SELECT FROM import_staff i JOIN person p ON p.uid = i.uid WHERE p.id = a.person AND i.uai = a.uai
		AND (a.function = 'personnel' OR i.function = a.function)) AND ` + complete

// ownSaid tells whether the rows speak of an assignment's own code, all of it: what they say under an old one then takes its place. Else
// rows about the one do not speak of the other.
const ownSaid = `EXISTS (SELECT FROM import_scope s WHERE s.uai = a.uai AND s.source = a.source) AND NOT $3 AND NOT a.uai = ANY ($4)`

// What had ended begins anew.
const writeAssignments = `INSERT INTO assignment AS a (person, uai, function, source, until, since, old_code)
	SELECT p.id, i.uai, i.function, s.source, i.until, $1, i.old_code FROM import_staff i JOIN person p ON p.uid = i.uid
	JOIN import_scope s ON s.uai = coalesce(i.old_code, i.uai) ORDER BY i.uai, p.id
	ON CONFLICT (person, uai, function, source) DO UPDATE SET until = excluded.until,
	since = CASE WHEN a.until < $2::date THEN excluded.since ELSE a.since END,
	old_code = CASE WHEN a.old_code IS NOT NULL OR ` + ownSaid + ` THEN excluded.old_code END
	WHERE a.until IS DISTINCT FROM excluded.until
		OR a.old_code IS DISTINCT FROM excluded.old_code AND (a.old_code IS NOT NULL OR ` + ownSaid + `)`

// newApprovers are those whom the file makes approvers, before it is written, where something awaits them: they are told.
const newApprovers = `SELECT DISTINCT i.uid, i.uai FROM import_staff i WHERE i.function IN ('chef', 'adjoint')
	AND NOT EXISTS (SELECT FROM assignment a JOIN person p ON p.id = a.person
		WHERE p.uid = i.uid AND a.uai = i.uai AND a.function IN ('chef', 'adjoint'))
	AND EXISTS (SELECT FROM request r JOIN establishment e ON e.uai = r.uai
		WHERE coalesce(e.host, e.uai) = i.uai AND r.stage IN ('awaiting_decision', 'awaiting_handover')) ORDER BY i.uai, i.uid`

// ImportStaff makes the staff of the establishments that rows name what rows say. What support attached stays, and what another source
// said.
// (uid, UAI, function) are distinct, and rows of one uid agree on the person.
func (t *Tx) ImportStaff(ctx context.Context, rows []okey.ImportedStaff, how StaffImport, at time.Time) (StaffOutcome, error) {
	var out StaffOutcome
	how.Source, how.Via = cmp.Or(how.Source, SourceImport), cmp.Or(how.Via, okey.ViaSupport)
	columns := []string{"line", "uai", "uid", "family_name", "given_name", "mail", "function", "until"}
	err := t.stage(ctx, "import_staff", createImportStaff, columns, len(rows), func(i int) []any {
		r := rows[i]
		return []any{r.Line, string(r.UAI), r.UID, r.FamilyName, r.GivenName, r.Mail, string(r.Function), nullDay(r.Until)}
	})
	if err != nil {
		return out, err
	}
	unsure := func(i int) []any { return []any{how.Unsure[i]} }
	err = t.stage(ctx, "import_unsure", createImportUnsure, []string{"uid"}, len(how.Unsure), unsure)
	if err != nil {
		return out, err
	}
	if err := t.respell(ctx, "SELECT uid FROM import_staff", at); err != nil {
		return out, err
	}
	for _, statement := range followFormer {
		if err := t.exec(ctx, statement); err != nil {
			return out, fmt.Errorf("look earlier uids up: %w", err)
		}
	}
	if err := t.scopeStaff(ctx, how, &out); err != nil {
		return out, err
	}
	if err := t.compareStaff(ctx, &how, &out); err != nil || how.refused(out) {
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
	if out.Delegated, err = t.saveDirectoryDelegations(ctx, how, at); err != nil {
		return out, err
	}
	if err := t.tellArrived(ctx, arrived, at); err != nil {
		return out, err
	}
	if err := t.tellLapsed(ctx, held, at); err != nil {
		return out, err
	}
	if out.Alike, err = t.noteLikenesses(ctx, how.Today, how.Run, at); err != nil {
		return out, fmt.Errorf("look for people whose uid has changed: %w", err)
	}
	t.auditImport(how.What(), out.Tally, how.By, how.Via, at)
	return out, nil
}

// What is what the rows come from, for the audit and the record.
func (how StaffImport) What() ImportKind {
	if how.Source == SourceDirectory {
		return ImportedDirectory
	}
	return ImportedStaff
}

// scopeStaff leaves out the rows of establishments that OKEY does not have, says what the others are complete for, and takes the locks.
func (t *Tx) scopeStaff(ctx context.Context, how StaffImport, out *StaffOutcome) error {
	if err := t.all(ctx, &out.Problems, takeOutStrangers); err != nil {
		return fmt.Errorf("look establishments up: %w", err)
	}
	agree := heedDirectory
	if how.Source == SourceDirectory {
		agree = takeKnownPeople
	}
	if err := t.exec(ctx, agree); err != nil {
		return fmt.Errorf("look people up: %w", err)
	}
	if err := t.exec(ctx, createImportScope); err != nil {
		return fmt.Errorf("say what the rows are complete for: %w", err)
	}
	if err := t.exec(ctx, writeImportScope, string(how.Source)); err != nil {
		return fmt.Errorf("say what the rows are complete for: %w", err)
	}
	if err := t.exec(ctx, keepUnsure, string(how.Source)); err != nil {
		return fmt.Errorf("keep what people are of whom not all can be read: %w", err)
	}
	if err := t.exec(ctx, "ANALYZE import_scope"); err != nil {
		return fmt.Errorf("say what the rows are complete for: %w", err)
	}
	if err := t.exec(ctx, lockStaffedEstablishments); err != nil {
		return fmt.Errorf("lock establishments: %w", err)
	}
	return t.followSuccessors(ctx, how, out)
}

// refused tells whether nothing is taken. The directory is read every night, for all: one school of it holds up no other.
func (how StaffImport) refused(out StaffOutcome) bool {
	return len(out.TooMany) > 0 && how.Source != SourceDirectory
}

// compareStaff says what the rows would change: nothing more where they would remove too many. Those whom the directory has lost stay.
func (t *Tx) compareStaff(ctx context.Context, how *StaffImport, out *StaffOutcome) error {
	if !how.Force {
		err := t.all(ctx, &out.TooMany, shrinkages,
			how.All, pq.Array(texts(how.Incomplete)), how.Today.String(), removedAtLeast, removedPercent)
		if err != nil || how.refused(*out) {
			return err
		}
		for _, s := range out.TooMany {
			how.Incomplete = append(how.Incomplete, s.UAI)
		}
	}
	incomplete := pq.Array(texts(how.Incomplete))
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
	if err := t.exec(ctx, writeAssignments, at, how.Today.String(), how.All, incomplete); err != nil {
		return fmt.Errorf("write assignments: %w", err)
	}
	return t.endOldHeads(ctx, how.Today)
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
