package sql

import (
	"context"

	"okey/okey"

	"github.com/lib/pq"
)

// Responders returns those who act for an establishment on a day: its principals and deputies, then those whose
// delegation holds, by name. Who is both, or a delegate twice over, is there once for each role.
func (r reader) Responders(ctx context.Context, uai okey.UAI, on okey.Day) ([]okey.Responder, error) {
	found, err := r.RespondersOn(ctx, map[okey.UAI]okey.Day{uai: on})
	return found[uai], err
}

// RespondersOn is Responders for several establishments, each on a day of its own.
func (r reader) RespondersOn(ctx context.Context, days map[okey.UAI]okey.Day) (map[okey.UAI][]okey.Responder, error) {
	var rows []struct {
		personRow
		UAI  okey.UAI  `db:"uai"`
		Role okey.Role `db:"role"`
	}
	uais, on := arraysOf(days, 0)
	err := r.all(ctx, &rows, `SELECT `+personColumns+`, acting.uai, acting.role
		FROM (
			SELECT s.uai, a.person, 1 AS turn, 'approver' AS role
			FROM unnest($1::text[], $2::date[]) AS s (uai, today)
			JOIN assignment a ON a.uai = s.uai AND a.function IN ('chef', 'adjoint') AND (a.until IS NULL OR a.until >= s.today)
			UNION
			SELECT s.uai, d.given_to, 2, CASE d.scope WHEN 'everything' THEN 'delegate' ELSE 'stock_delegate' END
			FROM unnest($1::text[], $2::date[]) AS s (uai, today)
			JOIN delegation d ON d.uai = s.uai AND d.ended_at IS NULL AND s.today BETWEEN d.from_day AND d.until_day
			JOIN `+delegationHolds+` holds ON holds.until_day >= s.today
		) acting JOIN person p ON p.id = acting.person
		ORDER BY acting.turn, p.family_name, p.given_name, p.uid, acting.role`, uais, on)
	found := map[okey.UAI][]okey.Responder{}
	for _, row := range rows {
		found[row.UAI] = append(found[row.UAI], okey.Responder{Person: row.person(), Role: row.Role})
	}
	return found, err
}

// arraysOf are establishments, and for each its day so many months later.
func arraysOf(days map[okey.UAI]okey.Day, months int) (uais, on any) {
	var names, later []string
	for uai, day := range days {
		names, later = append(names, string(uai)), append(later, day.AddMonths(months).String())
	}
	return pq.Array(names), pq.Array(later)
}
