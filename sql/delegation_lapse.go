package sql

import (
	"context"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// A delegation dies with the function of its giver or its holder: see delegationHolds. A staff file that takes one of
// these away ends it in silence, and whoever counted on it, while away, is to know.

// heldAtStaffed are the delegations, coming ones too, that hold at the establishments of a staff file before it is written.
const heldAtStaffed = `SELECT d.id FROM delegation d JOIN ` + delegationHolds + ` holds ON holds.until_day >= $1::date
	WHERE d.ended_at IS NULL AND d.until_day >= $1::date AND d.uai IN (SELECT s.uai FROM import_scope s) ORDER BY d.id`

// heldNoMore are those of them that hold no more: of several that somebody has at one establishment the first, for all of them.
const heldNoMore = `SELECT DISTINCT ON (d.uai, d.given_to) d.id, d.uai FROM delegation d
	WHERE d.id = ANY ($1) AND NOT EXISTS (SELECT FROM ` + delegationHolds + ` holds) ORDER BY d.uai, d.given_to, d.from_day, d.id`

// heldDelegations returns those that the staff file may end.
func (t *Tx) heldDelegations(ctx context.Context, today okey.Day) ([]uuid.UUID, error) {
	var held []uuid.UUID
	if err := t.all(ctx, &held, heldAtStaffed, today.String()); err != nil {
		return nil, fmt.Errorf("look which delegations hold: %w", err)
	}
	return held, nil
}

// tellLapsed has giver and holder told of the delegations that held and hold no more, once of each holder at an establishment.
func (t *Tx) tellLapsed(ctx context.Context, held []uuid.UUID, at time.Time) error {
	var lapsed []struct {
		ID  uuid.UUID `db:"id"`
		UAI okey.UAI  `db:"uai"`
	}
	if err := t.all(ctx, &lapsed, heldNoMore, pq.Array(held)); err != nil {
		return fmt.Errorf("look which delegations hold no more: %w", err)
	}
	for _, d := range lapsed {
		told := followUp(d.ID, okey.ActionDelegationEnded, d.UAI, at)
		told.ID = okey.DerivedID(d.ID, "lapsed/"+at.Format(time.RFC3339Nano)) // it may come back, and end another time
		if err := t.FollowUp(ctx, told); err != nil {
			return fmt.Errorf("have it told that a delegation holds no more: %w", err)
		}
	}
	return nil
}
