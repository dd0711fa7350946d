package sql

import (
	"context"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// What a source said of people at the closing establishment; what support attached there is void until support ends it.
const staysOn = `a.uai = $1 AND a.source <> 'support' AND (a.until IS NULL OR a.until >= $2::date)`

// Whatever moves is said under the code that its source still says: see followSuccessors. Under both, it is said under the own one.
const moveStaff = `WITH old AS (DELETE FROM assignment a WHERE a.uai = $1 AND a.source <> 'support' RETURNING *)
	INSERT INTO assignment AS a (person, uai, function, source, until, since, old_code)
	SELECT person, $3, function, source, until, since, coalesce(old_code, uai) FROM old
	ON CONFLICT (person, uai, function, source) DO UPDATE SET until = excluded.until, since = excluded.since, old_code = excluded.old_code
	WHERE a.until < $2::date`

// followStaff lets the people of the closing establishment work at the successor, and answer there if nobody does under its own code: what
// an import would do that says the old one. What directories say of delegations goes along.
func (t *Tx) followStaff(ctx context.Context, s okey.Succession) error {
	today := okey.DayOf(s.At, okey.ZoneOf("")).String()
	if err := t.noteStaff(ctx, s); err != nil {
		return err
	}
	if err := t.exec(ctx, moveStaff, string(s.From), today, string(s.To)); err != nil {
		return err
	}
	if err := t.exec(ctx, `UPDATE delegation SET uai = $2 WHERE uai = $1 AND source <> 'page' AND ended_at IS NULL`,
		string(s.From), string(s.To)); err != nil {
		return err
	}
	return t.endOldHeads(ctx, okey.DayOf(s.At, okey.ZoneOf("")))
}

// noteStaff records who works at the closing establishment, and who answers for it.
func (t *Tx) noteStaff(ctx context.Context, s okey.Succession) error {
	today := okey.DayOf(s.At, okey.ZoneOf(""))
	place, err := t.Place(ctx, s.From)
	if err != nil {
		return err
	}
	approvers, err := t.Approvers(ctx, place.AnsweredBy(), today)
	if err != nil {
		return err
	}
	delegates, err := t.Delegates(ctx, place.AnsweredBy(), today, okey.Everything, okey.HandoverAndStock)
	if err != nil {
		return err
	}
	answer := []string{}
	for _, person := range append(approvers, delegates...) {
		answer = append(answer, person.ID.String())
	}
	return t.exec(ctx, `INSERT INTO succession_staff (succession, person, function, answered)
		SELECT $3, coalesce(w.person, k.person), w.function, k.person IS NOT NULL
		FROM (SELECT a.person, min(a.function) AS function FROM assignment a WHERE `+staysOn+` GROUP BY a.person) w
		FULL JOIN (SELECT DISTINCT person FROM unnest($4::uuid[]) person) k ON k.person = w.person`, // adjoint, chef, personnel: by letter
		string(s.From), today.String(), s.ID, pq.Array(answer))
}

// SuccessionKeepers returns those who answered for the closing establishment of a succession, by name.
func (r reader) SuccessionKeepers(ctx context.Context, id uuid.UUID) ([]okey.Person, error) {
	return listed(ctx, r, personRow.person, `SELECT `+personColumns+` FROM person p JOIN succession_staff s ON s.person = p.id
		WHERE s.succession = $1 AND s.answered ORDER BY p.family_name, p.given_name, p.uid`, id)
}

// HeadsToFollow returns the principals and deputies of an establishment on a day who, if it had a successor without any, would be its.
func (r reader) HeadsToFollow(ctx context.Context, from okey.UAI, on okey.Day) ([]okey.Person, error) {
	return listed(ctx, r, personRow.person, `SELECT `+personColumns+` FROM person p WHERE EXISTS (SELECT FROM assignment a
		WHERE a.person = p.id AND a.function IN ('chef', 'adjoint') AND `+staysOn+`)
		ORDER BY p.family_name, p.given_name, p.uid`, string(from), on.String())
}
