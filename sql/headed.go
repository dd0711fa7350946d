package sql

import (
	"context"
	stdsql "database/sql"

	"okey/okey"
)

// HeadedSchool is an establishment whose principal or deputy a person is or was.
type HeadedSchool struct {
	UAI      okey.UAI        `db:"uai"`
	Name     string          `db:"name"`
	Until    stdsql.NullTime `db:"until_day"` // the last day of the function; null: no end
	Heir     okey.UAI        `db:"heir"`      // continues it; empty where it goes on itself
	HeirName string          `db:"heir_name"`
	Closed   stdsql.NullTime `db:"closed_at"`
}

// LastDay is the last day of the function; zero for no end.
func (h HeadedSchool) LastDay() okey.Day { return dayOf(h.Until) }

// ClosedOn is the day on which another establishment took over, by the clock of Paris; zero where none has.
func (h HeadedSchool) ClosedOn() okey.Day {
	if !h.Closed.Valid {
		return okey.Day{}
	}
	return okey.DayOf(h.Closed.Time, okey.ZoneOf(""))
}

// Rights returns what a person has, or had, a right to: the establishments that they head, or headed until some day, with what became of
// them, and the delegations that they were given and that were still in force since the day, latest end first.
func (r reader) Rights(
	ctx context.Context, person okey.PersonID, since okey.Day,
) (headed []HeadedSchool, lent []ListedDelegation, err error) {
	err = r.together(
		ctx,
		rows(&headed, `SELECT e.uai, e.name, CASE WHEN bool_and(a.until IS NOT NULL) THEN max(a.until) END AS until_day,
			coalesce(h.uai, '') AS heir, coalesce(h.name, '') AS heir_name,
			(SELECT max(s.at) FROM succession s WHERE s.from_uai = e.uai) AS closed_at
			FROM (SELECT uai, function, until FROM assignment WHERE person = $1
				UNION ALL SELECT s.from_uai, w.function, NULL FROM succession s JOIN succession_staff w ON w.succession = s.id
				WHERE w.person = $1
			) a JOIN establishment e USING (uai) LEFT JOIN establishment h ON h.uai = e.successor
			WHERE a.function IN ('chef', 'adjoint') GROUP BY e.uai, e.name, h.uai, h.name ORDER BY e.name, e.uai`, person),
		list(&lent, delegationRow.delegation, delegationsTo, person, since.String()),
	)
	return headed, lent, err
}
