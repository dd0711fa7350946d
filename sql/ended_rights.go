package sql

import (
	"context"
	stdsql "database/sql"
	"fmt"

	"okey"
)

// EndedRight is what a person could do for an establishment until lately.
type EndedRight struct {
	School, HeirName string
	UAI, Heir        okey.UAI // Heir continues the establishment; empty where it goes on itself
	Delegated        bool     // else it came with a function of the person's own
	On               okey.Day // the last day, by the clock of Paris; zero: it has no effect any more, since OKEY does not know when
}

// EndedRights returns the functions and delegations of a person that ended since a day, before today, newest first, and the closed establishments whose
// principal or deputy the person is: whoever had a page open, or a key in their drawer, is to learn why it no longer concerns them.
func (r reader) EndedRights(ctx context.Context, id okey.PersonID, since, today okey.Day) ([]EndedRight, error) {
	var rows []struct {
		UAI       okey.UAI        `db:"uai"`
		School    string          `db:"school"`
		Heir      okey.UAI        `db:"heir"`
		HeirName  string          `db:"heir_name"`
		Delegated bool            `db:"delegated"`
		On        stdsql.NullTime `db:"on_day"`
	}
	err := r.all(ctx, &rows, `SELECT * FROM (
		SELECT d.uai, e.name AS school, '' AS heir, '' AS heir_name, true AS delegated,
			CASE WHEN d.ended_at IS NOT NULL THEN (d.ended_at AT TIME ZONE 'Europe/Paris')::date WHEN d.until_day < $3::date THEN d.until_day END AS on_day
		FROM delegation d JOIN establishment e USING (uai) WHERE d.given_to = $1 AND d.begun_at IS NOT NULL AND CASE
			WHEN d.ended_at IS NOT NULL THEN (d.ended_at AT TIME ZONE 'Europe/Paris')::date BETWEEN $2::date AND $3::date
			WHEN d.until_day < $3::date THEN d.until_day >= $2::date
			ELSE e.successor IS NULL AND NOT EXISTS (SELECT FROM `+delegationHolds+` holds) END
		UNION ALL
		SELECT a.uai, e.name, '', '', false, max(a.until) FROM assignment a JOIN establishment e USING (uai)
		WHERE a.person = $1 AND a.function IN ('chef', 'adjoint') AND e.successor IS NULL GROUP BY a.uai, e.name
		HAVING bool_and(a.until < $3::date) AND max(a.until) >= $2::date
		UNION ALL
		SELECT a.uai, e.name, h.uai, h.name, false, max((s.at AT TIME ZONE 'Europe/Paris')::date)
		FROM assignment a JOIN establishment e USING (uai) JOIN establishment h ON h.uai = e.successor JOIN succession s ON s.from_uai = e.uai
		WHERE a.person = $1 AND a.function IN ('chef', 'adjoint') AND (a.until IS NULL OR a.until >= $2::date) GROUP BY a.uai, e.name, h.uai, h.name
		HAVING max((s.at AT TIME ZONE 'Europe/Paris')::date) >= $2::date
	) ended ORDER BY on_day DESC NULLS LAST, school, uai, delegated`, id, since.String(), today.String())
	if err != nil {
		return nil, fmt.Errorf("read rights that ended: %w", err)
	}
	ended := make([]EndedRight, len(rows))
	for i, row := range rows {
		ended[i] = EndedRight{School: row.School, HeirName: row.HeirName, UAI: row.UAI, Heir: row.Heir, Delegated: row.Delegated, On: dayOf(row.On)}
	}
	return ended, nil
}
