package sql

import (
	"context"

	"okey/okey"
)

// Milestones are what somebody has done at a school, whatever became of the requests and keys since.
type Milestones struct {
	Asked      bool `db:"asked"`
	Approved   bool `db:"approved"`
	Signed     bool `db:"signed"`
	HandedOver bool `db:"handed_over"`
	Tried      bool `db:"tried"` // a key of theirs, any, and it was accepted
}

// Tour reads what the tour of a demonstration tells of somebody, by their uid, at a school: what they have done, and the request to follow.
// That is one that brought them a key there before the open one, and that before the latest; zero where there is none.
func (r reader) Tour(ctx context.Context, uid string, school okey.UAI) (done Milestones, latest okey.Request, err error) {
	var row requestRow
	err = r.together(
		ctx,
		one(&done, `SELECT count(r.id) > 0 AS asked, count(r.approved_at) > 0 AS approved, count(r.signed_at) > 0 AS signed,
			count(r.id) FILTER (WHERE r.stage = 'handed_over') > 0 AS handed_over,
			EXISTS (SELECT FROM key_trial t WHERE t.person = p.id AND t.outcome = 'accepted') AS tried
			FROM person p LEFT JOIN request r ON r.person = p.id AND r.uai = $2 WHERE p.uid = $1 GROUP BY p.id`, uid, school),
		one(&row, `SELECT `+requestColumns+requestTables+`WHERE r.person = (SELECT id FROM person WHERE uid = $1)
			ORDER BY r.stage = 'handed_over' AND r.uai = $2 DESC, r.closed_at IS NULL DESC, r.asked_at DESC, r.id LIMIT 1`, uid, school),
	)
	return done, row.request(), err
}
