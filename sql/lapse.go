package sql

import (
	"context"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// overdue are the keys that were mislaid and not found in time. What somebody recorded of one before that, and nobody has judged yet, comes
// first.
const overdue = `SELECT k.serial, k.due_at FROM key k WHERE k.state = 'suspended' AND k.due_at <= $1
	AND NOT EXISTS (SELECT FROM action a WHERE a.outcome IS NULL AND a.key = k.serial AND a.created_at <= k.due_at) ORDER BY k.serial`

// LapseKeys records for each key that was mislaid, and not found by the instant, that it is lost: once, however often it is called.
func (s *Store) LapseKeys(ctx context.Context, at time.Time) error {
	err := s.Do(ctx, func(t *Tx) error {
		var keys []struct {
			Serial okey.Serial `db:"serial"`
			DueAt  time.Time   `db:"due_at"`
		}
		if err := t.all(ctx, &keys, overdue, at); err != nil {
			return err
		}
		for _, k := range keys {
			lost := okey.Action{
				ID:  okey.DerivedID(uuid.NameSpaceOID, "lapsed/"+string(k.Serial)+"/"+k.DueAt.UTC().Format(time.RFC3339)),
				Key: k.Serial, Name: okey.ActionKeyChange, Via: okey.ViaEngine, CreatedAt: at,
				Content: okey.Content{KeyReason: okey.ReasonLost, Comment: "Égarée, elle n'a pas été retrouvée à temps."},
			}
			if err := t.FollowUp(ctx, lost); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("have keys lost that were not found: %w", err)
	}
	return nil
}
