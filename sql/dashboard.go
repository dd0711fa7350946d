package sql

import (
	"context"
	"time"

	"okey/okey"

	"github.com/lib/pq"
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

// StageDays is how long the passages of requests through a stage have lasted, in days of 24 hours on the calendar, weekends and holidays
// included.
type StageDays struct {
	Stage    okey.Stage `db:"stage"`
	Passages int        `db:"passages"`
	Median   float64    `db:"median"`
	Ninth    float64    `db:"ninth"` // nine out of ten took no longer
}

// DaysByStage measures the passages through each open stage that have ended since the instant, zero for all that is
// known. A request that lost its key passes twice; whoever still waits counts once they wait no longer.
func (r reader) DaysByStage(ctx context.Context, scope DeskScope, since time.Time) ([]StageDays, error) {
	var days []StageDays
	err := r.all(ctx, &days, `SELECT t.ended AS stage, count(*) AS passages,
			percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM t.at - t.ended_since)::float8 / 86400) AS median,
			percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM t.at - t.ended_since)::float8 / 86400) AS ninth
		FROM timeline t WHERE t.ended IS NOT NULL AND t.at >= coalesce($3::timestamptz, '-infinity') AND (($1 = '' AND $2 = '')
			OR t.request IN (SELECT r.id FROM request r JOIN establishment e ON e.uai = r.uai
				WHERE ($1 = '' OR e.academy = $1) AND ($2 = '' OR r.uai = $2)))
		GROUP BY t.ended`, scope.Academy, string(scope.Establishment), nullTime(since))
	return days, err
}

// ShortPlace is an establishment where more people wait than keys are free.
type ShortPlace struct {
	UAI        okey.UAI `db:"uai"`
	Name       string   `db:"name"`
	Unanswered int      `db:"unanswered"`
	InLine     int      `db:"in_line"`
	Free       int      `db:"free"` // keys that may be lent on the day
}

// ShortPlaces returns the establishments where more people wait for an answer or for a key than keys are free, those first that lack most;
// and how many there are in all.
func (r reader) ShortPlaces(ctx context.Context, scope DeskScope, on okey.Day, limit int) (places []ShortPlace, all int, err error) {
	var rows []struct {
		ShortPlace
		All int `db:"all_places"`
	}
	err = r.all(ctx, &rows, `WITH waiting AS (
			SELECT uai, count(*) FILTER (WHERE stage = 'awaiting_decision') AS unanswered, count(*)
			FILTER (WHERE stage = 'awaiting_stock') AS in_line
			FROM request WHERE closed_at IS NULL AND stage IN ('awaiting_decision', 'awaiting_stock') AND ($2 = '' OR uai = $2) GROUP BY uai
		), free AS (
			SELECT uai, count(*) AS free FROM key WHERE state = 'in_stock' AND expires_on >= $3::date AND ($2 = '' OR uai = $2) GROUP BY uai
		)
		SELECT w.uai, e.name, w.unanswered, w.in_line, coalesce(f.free, 0) AS free, count(*) OVER () AS all_places
		FROM waiting w JOIN establishment e ON e.uai = w.uai LEFT JOIN free f ON f.uai = w.uai
		WHERE ($1 = '' OR e.academy = $1) AND w.unanswered + w.in_line > coalesce(f.free, 0)
		ORDER BY w.unanswered + w.in_line - coalesce(f.free, 0) DESC, w.in_line DESC, e.name, w.uai LIMIT $4`,
		scope.Academy, string(scope.Establishment), on.AddMonths(okey.LendableMonths).String(), limit)
	for _, row := range rows {
		places, all = append(places, row.ShortPlace), row.All
	}
	return places, all, err
}

// OrdersOfAge counts the open orders of a state and of an age.
type OrdersOfAge struct {
	Age    int             `db:"age"` // how many of the instants asked for the order is older than
	State  okey.OrderState `db:"state"`
	Orders int             `db:"orders"`
	Keys   int             `db:"keys"` // that have not arrived yet
	Told   int             `db:"told"` // of the orders: support has been told that they do not come
}

// OpenOrdersByAge counts the open orders by state and age: instants go from the latest to the earliest.
func (r reader) OpenOrdersByAge(ctx context.Context, scope DeskScope, instants ...time.Time) ([]OrdersOfAge, error) {
	var found []OrdersOfAge
	err := r.all(ctx, &found, `SELECT (SELECT count(*) FROM unnest($3::timestamptz[]) AS i WHERE o.placed_at < i) AS age, o.state,
			count(*) AS orders, sum(o.quantity - o.received) AS keys,
			count(*) FILTER (WHERE EXISTS (SELECT FROM mail m WHERE m.subject_id = o.id AND m.kind = 'order_overdue')) AS told
		FROM key_order o JOIN establishment e ON e.uai = o.uai
		WHERE o.closed_at IS NULL AND ($1 = '' OR e.academy = $1) AND ($2 = '' OR o.uai = $2)
		GROUP BY 1, 2 ORDER BY 1, 2`, scope.Academy, string(scope.Establishment), pq.Array(instants))
	return found, err
}

// DeskChoices are what the dashboard's filters offer: the codes of the academies whose establishments OKEY serves, and these as
// ServedPlaces.
func (r reader) DeskChoices(ctx context.Context, most int) (academies []string, places []Place, err error) {
	err = r.together(
		ctx,
		rows(&academies, `SELECT DISTINCT academy FROM establishment WHERE served ORDER BY academy`),
		list(&places, placeRow.place, servedPlaces, most),
	)
	return academies, places, err
}
