package sql

import (
	"context"
	"fmt"

	"okey/okey"
)

// A directory, or a staff file, may name a school for months by the code of the one that it has succeeded. Whom it names so works at the
// successor, and has there the function that it says while nobody else has one under the school's own code: somebody can answer, and where
// two schools became one, not both heads.

// OldCode is a code that something still says for another.
type OldCode struct {
	UAI       okey.UAI `db:"old_code"`
	Name      string   `db:"name"` // of the closed establishment
	Successor okey.UAI `db:"uai"`
	People    int      `db:"people"`
}

// ownHead is an assignment a of an approver, under the own code of the establishment, on a day: $1.
const ownHead = `a.function IN ('chef', 'adjoint') AND a.old_code IS NULL AND (a.until IS NULL OR a.until >= $1::date)`

// What was said of a school before its succession is said under its old code since.
const followAssignments = `WITH old AS (
		DELETE FROM assignment a USING establishment e WHERE e.uai = a.uai AND e.successor IS NOT NULL AND a.source = $1
		AND a.uai IN (SELECT uai FROM import_scope) RETURNING a.person, e.successor, a.source, a.until, a.since, a.uai
	) INSERT INTO assignment (person, uai, function, source, until, since, old_code)
	SELECT DISTINCT ON (person, successor) person, successor, 'personnel', source, until, since, uai FROM old
	ORDER BY person, successor, until DESC NULLS FIRST, uai ON CONFLICT DO NOTHING`

const followRows = `UPDATE import_staff i SET old_code = i.uai, uai = e.successor,
	function = CASE WHEN answered.already THEN 'personnel' ELSE i.function END
	FROM establishment e CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM import_staff o WHERE o.uai = e.successor
			AND o.function IN ('chef', 'adjoint') AND (o.until IS NULL OR o.until >= $1::date))
		OR EXISTS (SELECT FROM assignment a WHERE a.uai = e.successor AND ` + ownHead + `
			AND NOT EXISTS (SELECT FROM import_scope s WHERE s.uai = a.uai AND s.source = a.source)) AS already) answered
	WHERE e.uai = i.uai AND e.successor IS NOT NULL`

const listOldCodes = `SELECT i.old_code, e.name, i.uai, count(DISTINCT i.uid) AS people
	FROM import_staff i JOIN establishment e ON e.uai = i.old_code GROUP BY i.old_code, e.name, i.uai ORDER BY i.old_code`

// Said under both codes, it is said under the own one.
const dropRepeated = `DELETE FROM import_staff i USING import_staff o WHERE i.old_code IS NOT NULL
	AND (o.uid, o.uai, o.function) = (i.uid, i.uai, i.function) AND (o.old_code IS NULL OR o.line < i.line)`

// followSuccessors takes what the rows say of schools that have a successor as said of that one.
func (t *Tx) followSuccessors(ctx context.Context, how StaffImport, out *StaffOutcome) error {
	if err := t.exec(ctx, followAssignments, string(how.Source)); err != nil {
		return fmt.Errorf("follow successors: %w", err)
	}
	if err := t.exec(ctx, followRows, how.Today.String()); err != nil {
		return fmt.Errorf("follow successors: %w", err)
	}
	if err := t.all(ctx, &out.OldCodes, listOldCodes); err != nil {
		return fmt.Errorf("count old codes: %w", err)
	}
	return t.exec(ctx, dropRepeated)
}

// endOldHeads ends the functions under an old code where the school has an approver under its own: they stay on its staff.
func (t *Tx) endOldHeads(ctx context.Context, today okey.Day) error {
	return t.exec(ctx, `WITH ended AS (
			DELETE FROM assignment old WHERE old.old_code IS NOT NULL AND old.function IN ('chef', 'adjoint')
			AND EXISTS (SELECT FROM assignment a WHERE a.uai = old.uai AND `+ownHead+`)
			RETURNING old.person, old.uai, old.source, old.until, old.since, old.old_code
		) INSERT INTO assignment (person, uai, function, source, until, since, old_code)
		SELECT DISTINCT ON (person, uai, source) person, uai, 'personnel', source, until, since, old_code FROM ended
		ON CONFLICT DO NOTHING`, today.String())
}

// OldCodes counts the people whom something still names by the code of a school that has a successor.
func (r reader) OldCodes(ctx context.Context) ([]OldCode, error) {
	var found []OldCode
	err := r.all(ctx, &found, `SELECT a.old_code, e.name, a.uai, count(DISTINCT a.person) AS people
		FROM assignment a JOIN establishment e ON e.uai = a.old_code GROUP BY a.old_code, e.name, a.uai ORDER BY a.old_code`)
	return found, err
}
