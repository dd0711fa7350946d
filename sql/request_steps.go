package sql

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// RequestSteps is what a list of requests tells of each besides: when its key was reserved and handed over, and who
// could answer on the day.
type RequestSteps struct {
	ReservedAt   time.Time // the last time; zero where there was none
	HandedOverAt time.Time
	Headed       bool // a principal or deputy may act who is not the requester
	Delegated    bool // so may a delegate, at the stage where the request is
}

// StepsOf returns the steps of these requests in one go: a list may be long.
func (r reader) StepsOf(ctx context.Context, requests []uuid.UUID, on okey.Day) (map[uuid.UUID]RequestSteps, error) {
	var rows []struct {
		ID         uuid.UUID       `db:"id"`
		Reserved   stdsql.NullTime `db:"reserved_at"`
		HandedOver stdsql.NullTime `db:"handed_over_at"`
		Headed     bool            `db:"headed"`
		Delegated  bool            `db:"delegated"`
	}
	err := r.all(ctx, &rows, `SELECT r.id,
			(SELECT max(t.at) FROM timeline t WHERE t.request = r.id AND t.kind = 'key_reserved') AS reserved_at,
			(SELECT max(t.at) FROM timeline t WHERE t.request = r.id AND t.kind = 'handed_over') AS handed_over_at,
			EXISTS (SELECT FROM assignment a WHERE a.uai = coalesce(e.host, e.uai) AND a.function IN ('chef', 'adjoint')
				AND a.person <> r.person AND (a.until IS NULL OR a.until >= $2::date)) AS headed,
			EXISTS (SELECT FROM delegation d JOIN `+delegationHolds+` holds ON holds.until_day >= $2::date
				WHERE d.uai = coalesce(e.host, e.uai) AND d.given_to <> r.person AND d.ended_at IS NULL
				AND $2::date BETWEEN d.from_day AND d.until_day
				AND (d.scope = 'everything' OR r.stage = 'awaiting_handover')) AS delegated
		FROM request r JOIN establishment e ON e.uai = r.uai WHERE r.id = ANY ($1)`, pq.Array(requests), on.String())
	if err != nil {
		return nil, fmt.Errorf("find the steps of requests: %w", err)
	}
	found := make(map[uuid.UUID]RequestSteps, len(rows))
	for _, row := range rows {
		found[row.ID] = RequestSteps{utc(row.Reserved.Time), utc(row.HandedOver.Time), row.Headed, row.Delegated}
	}
	return found, nil
}
