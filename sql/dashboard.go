package sql

import (
	"context"
	"time"

	"okey"
)

// DeskScope narrows what support's figures are about; zero values narrow nothing.
type DeskScope struct {
	Academy       string
	Establishment okey.UAI
}

// WeekCount is how many requests of a week are at a stage now.
type WeekCount struct {
	Week  okey.Day // its Monday
	Stage okey.Stage
	Count int
}

// RequestsByWeek counts the requests asked from the day on by the week in which they were asked, in the time of the zone: ISO weeks, which
// begin on Monday.
func (r reader) RequestsByWeek(ctx context.Context, scope DeskScope, from okey.Day, zone *time.Location) ([]WeekCount, error) {
	var rows []struct {
		Week  time.Time  `db:"week"`
		Stage okey.Stage `db:"stage"`
		Count int        `db:"count"`
	}
	err := r.all(ctx, &rows, `SELECT date_trunc('week', r.asked_at AT TIME ZONE $4)::date AS week, r.stage, count(*) AS count
		FROM request r JOIN establishment e ON e.uai = r.uai
		WHERE r.asked_at >= $3 AND ($1 = '' OR e.academy = $1) AND ($2 = '' OR r.uai = $2)
		GROUP BY 1, 2 ORDER BY 1, 2`, scope.Academy, string(scope.Establishment), from.In(zone), zone.String())
	counts := make([]WeekCount, len(rows))
	for i, row := range rows {
		counts[i] = WeekCount{okey.NewDay(row.Week.Date()), row.Stage, row.Count}
	}
	return counts, err
}

// ServedAcademies are the codes of the academies whose establishments OKEY serves.
func (r reader) ServedAcademies(ctx context.Context) ([]string, error) {
	var codes []string
	err := r.all(ctx, &codes, `SELECT DISTINCT academy FROM establishment WHERE served ORDER BY academy`)
	return codes, err
}
