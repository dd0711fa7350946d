package sql

import (
	"context"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// Unanswered is an establishment whose requests nobody can answer today.
type Unanswered struct {
	UAI      okey.UAI  `db:"uai"`
	Name     string    `db:"name"`
	Host     okey.UAI  `db:"host"` // that was named, and has no direction either; empty for none
	Requests int       `db:"requests"`
	Since    time.Time `db:"since"` // the oldest waits
}

// Stuck is what does not go on by itself.
type Stuck struct {
	Escalated  []Awaited         // came to support where they still are, those that wait longest first
	Unanswered []Unanswered      // those that wait longest first
	Closed     []ClosedSchool    // with the most of what is left first
	Actions    []DeskAction      // as StuckActions
	Mails      []FailedMail      // newest first
	Reports    []ListedReport    // as PendingReports
	Overdue    []ListedOrder     // open orders of which support has been told that they do not come, oldest first
	Announced  []Delivery        // announced deliveries of which keys are still on their way, oldest first
	Troubles   []Trouble         // as Troubles
	Readings   []ImportRun       // the last of the directory, where there was one
	Receivers  []WebhookReceiver // that are stopped, or have long failed, by name
	Refused    []DeskAction      // as RefusedActions
	Figures    DeskFigures       // now, and a week before
	Open       int               // requests that the engine must know by now
	Before     *int              // as Count, a week before; nil: nobody counted then
}

// Count is how many things are stuck, but for requests that the engine does not follow: of those the database knows nothing.
func (s Stuck) Count() int {
	n := len(s.Escalated) + len(s.Unanswered) + len(s.Closed) + len(s.Actions) + len(s.Mails) + len(s.Reports) + len(s.Overdue) +
		len(s.Announced) + len(s.Troubles) + len(s.Receivers)
	for _, run := range s.Readings {
		n += len(run.HeldBack())
	}
	return n
}

// LateDays is after how many days an answer is late.
const LateDays = 5

// The windows of support's page: an action is stuck after a minute (its sender waited 3 seconds), a workflow is missed after two (the
// repair watch looks each minute), a delivery after a week, and what was refused is history after two.
const (
	MissedAfter  = 2 * time.Minute
	stuckAfter   = time.Minute
	failingAfter = time.Hour // as the alert OkeyEventsNotTaken
	deskHistory  = 2 * Week
)

// StuckAt is what counts as stuck at the instant, at most so many things of each kind.
func StuckAt(now time.Time, limit int) StuckSince {
	return StuckSince{
		Recorded: now.Add(-stuckAfter), Refused: now.Add(-deskHistory), Taken: now.Add(-Week), Missed: now.Add(-MissedAfter), Now: now,
		Failing: now.Add(-failingAfter), Late: LateDays * 24 * time.Hour, Today: okey.DayOf(now, okey.ZoneOf("")), Limit: limit,
	}
}

// StuckSince says what counts as stuck: actions recorded before one instant, mails refused since another, deliveries taken before a third;
// and today, in Paris.
type StuckSince struct {
	Recorded, Refused, Taken time.Time
	Missed                   time.Time // what was asked before it, the engine must know
	Failing                  time.Time // before which a receiver of events began to fail
	Now                      time.Time
	Late                     time.Duration // an answer is after so long
	Today                    okey.Day
	Limit                    int // of each
}

// unansweredSchools are establishments with open requests, and neither principal nor deputy on the day; a delegation holds no longer than
// its giver.
const unansweredSchools = `SELECT e.uai, e.name, coalesce(e.host, '') AS host, count(*) AS requests, min(r.since) AS since
	FROM request r JOIN establishment e ON e.uai = r.uai WHERE r.closed_at IS NULL
	AND NOT EXISTS (SELECT FROM assignment a WHERE a.uai = coalesce(e.host, e.uai) AND a.function IN ('chef', 'adjoint')
		AND (a.until IS NULL OR a.until >= $1::date))
	GROUP BY e.uai, e.name, e.host ORDER BY min(r.since), e.uai LIMIT $2`

// ClosedSchool is an establishment that the register has closed, and nobody has said what follows it: what it has left is nobody's.
type ClosedSchool struct {
	UAI      okey.UAI `db:"uai"`
	Name     string   `db:"name"`
	Keys     int      `db:"keys"`     // that somebody has, or could have
	Requests int      `db:"requests"` // open ones
}

const closedSchools = `SELECT uai, name, keys, requests FROM (SELECT e.uai, e.name,
		(SELECT count(*) FROM key k WHERE k.uai = e.uai AND k.state NOT IN ('lost', 'defective', 'retired')) AS keys,
		(SELECT count(*) FROM request r WHERE r.uai = e.uai AND r.closed_at IS NULL) AS requests
		FROM establishment e WHERE NOT e.served AND e.successor IS NULL) closed
	WHERE keys + requests > 0 ORDER BY keys + requests DESC, uai LIMIT $1`

// Stuck reads it.
func (r reader) Stuck(ctx context.Context, since StuckSince) (Stuck, error) {
	var s Stuck
	err := r.together(
		ctx,
		list(&s.Escalated, escalatedRow.awaited, escalated, since.Limit),
		rows(&s.Unanswered, unansweredSchools, since.Today.String(), since.Limit),
		rows(&s.Closed, closedSchools, since.Limit),
		list(&s.Actions, deskActionRow.action, stuckActions, since.Recorded, since.Limit),
		rows(&s.Mails, failedMails, since.Refused, since.Limit, since.Today.String()),
		list(&s.Reports, reportRow.report, pendingReports, since.Limit),
		list(&s.Overdue, orderRow.order, orders+`WHERE o.closed_at IS NULL
			AND EXISTS (SELECT FROM mail m WHERE m.subject_id = o.id AND m.kind = 'order_overdue')
			ORDER BY o.exported_at, o.id LIMIT $1`, since.Limit),
		list(&s.Announced, deliveryRow.delivery, deliveries+`WHERE d.state = 'in_transit' AND d.taken_at < $2
			ORDER BY d.taken_at, d.id LIMIT $3`, nil, since.Taken, since.Limit),
		rows(&s.Troubles, troublesOfWork, since.Limit),
		list(&s.Readings, importRunRow.run, lastReading),
		list(&s.Receivers, webhookRow.receiver, webhookReceivers+`WHERE w.state = 'stopped'
			OR w.state = 'active' AND w.failing_since < $1 ORDER BY w.name LIMIT $2`, since.Failing, since.Limit),
		list(&s.Refused, deskActionRow.action, refusedActions, since.Refused, since.Limit),
		figuresOf(&s.Figures, since.Now, since.Late),
		one(&s.Open, countOpen, since.Missed),
		one(&s.Before, `SELECT count FROM stuck_on WHERE day = $1::date`, since.Today.AddDays(-7).String()),
	)
	if err != nil {
		return Stuck{}, fmt.Errorf("look at what is stuck: %w", err)
	}
	return s, nil
}

// KeepStuckOn keeps how many things were stuck on a day, as they were counted first, for two months.
func (s *Store) KeepStuckOn(ctx context.Context, day okey.Day, count int) error {
	return s.Do(ctx, func(t *Tx) error {
		if err := t.exec(ctx, `INSERT INTO stuck_on (day, count) VALUES ($1, $2) ON CONFLICT DO NOTHING`, day.String(), count); err != nil {
			return fmt.Errorf("keep how many things are stuck: %w", err)
		}
		return t.exec(ctx, `DELETE FROM stuck_on WHERE day < $1`, day.AddMonths(-2).String())
	})
}

// CountOpen counts the open requests that were made before the instant.
func (r reader) CountOpen(ctx context.Context, before time.Time) (int, error) {
	var n int
	err := r.get(ctx, &n, "", countOpen, before)
	return n, err
}

const countOpen = `SELECT count(*) FROM request WHERE closed_at IS NULL AND asked_at < $1`

// OpenBut returns open requests that were made before the instant and are none of those named, oldest first.
func (r reader) OpenBut(ctx context.Context, named []uuid.UUID, before time.Time, limit int) ([]Awaited, error) {
	var rows []struct {
		requestRow
		Given  string `db:"given_name"`
		Family string `db:"family_name"`
		School string `db:"school"`
	}
	err := r.all(ctx, &rows, `SELECT `+requestColumns+`, p.given_name, p.family_name, e.name AS school`+requestTables+`
		JOIN person p ON p.id = r.person WHERE r.closed_at IS NULL AND r.asked_at < $2
		AND NOT EXISTS (SELECT FROM unnest($1::uuid[]) AS named (id) WHERE named.id = r.id)
		ORDER BY r.since, r.id LIMIT $3`, pq.Array(named), before, limit)
	if err != nil {
		return nil, fmt.Errorf("find open requests but some: %w", err)
	}
	found := make([]Awaited, len(rows))
	for i, row := range rows {
		found[i] = Awaited{
			Request: row.request(), Requester: okey.Person{ID: row.Person, GivenName: row.Given, FamilyName: row.Family},
			School: row.School,
		}
	}
	return found, nil
}
