package sql

import (
	"context"

	"okey/okey"
)

// Responders returns those who act for an establishment on a day: its principals and deputies, then those whose
// delegation holds, by name. Who is both, or a delegate twice over, is there once for each role.
func (r reader) Responders(ctx context.Context, uai okey.UAI, on okey.Day) ([]okey.Responder, error) {
	var rows []struct {
		personRow
		Role okey.Role `db:"role"`
	}
	err := r.all(ctx, &rows, `SELECT `+personColumns+`, acting.role
		FROM (
			SELECT a.person, 1 AS turn, 'approver' AS role
			FROM assignment a
			WHERE a.uai = $1 AND a.function IN ('chef', 'adjoint') AND (a.until IS NULL OR a.until >= $2::date)
			UNION
			SELECT d.given_to, 2, CASE d.scope WHEN 'everything' THEN 'delegate' ELSE 'stock_delegate' END
			FROM delegation d JOIN `+delegationHolds+` holds ON holds.until_day >= $2::date
			WHERE d.uai = $1 AND d.ended_at IS NULL AND $2::date BETWEEN d.from_day AND d.until_day
		) acting JOIN person p ON p.id = acting.person
		ORDER BY acting.turn, p.family_name, p.given_name, p.uid, acting.role`, uai, on.String())
	found := make([]okey.Responder, len(rows))
	for i, row := range rows {
		found[i] = okey.Responder{Person: row.person(), Role: row.Role}
	}
	return found, err
}
