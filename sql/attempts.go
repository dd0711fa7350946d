package sql

import (
	"context"
	"fmt"
	"time"

	"okey/okey"
)

// Attempts returns the wrong guesses that a place has made of late; none where it has not made any.
func (r reader) Attempts(ctx context.Context, kind okey.AttemptKind, mark []byte) (okey.Attempts, error) {
	var found okey.Attempts
	err := r.get(ctx, &found, "", `SELECT wrong, since FROM attempt WHERE kind = $1 AND mark = $2`, string(kind), mark)
	if isNoRow(err) {
		return okey.Attempts{}, nil
	}
	return found, err
}

// UseProof notes that a proof serves for an action, and answers whether it is that action's: the first to come has it.
func (s *Store) UseProof(ctx context.Context, proof, action []byte, at time.Time) (bool, error) {
	var mine bool
	err := s.Do(ctx, func(t *Tx) error {
		var first bool
		err := t.get(ctx, &first, "", `WITH new AS (INSERT INTO attempt (kind, mark, since, wrong) VALUES ($1, $2, $3, 1)
				ON CONFLICT DO NOTHING RETURNING 1)
			SELECT EXISTS (SELECT FROM new)`, string(okey.AttemptProof), proof, at)
		if err != nil {
			return err
		}
		if first {
			mine = true
			return t.exec(ctx,
				`INSERT INTO attempt (kind, mark, since, wrong) VALUES ($1, $2, $3, 1)`, string(okey.AttemptProof), action, at)
		}
		return t.get(ctx, &mine, "", `SELECT EXISTS (SELECT FROM attempt WHERE kind = $1 AND mark = $2)`, string(okey.AttemptProof), action)
	})
	if err != nil {
		return false, fmt.Errorf("use a proof: %w", err)
	}
	return mine, nil
}

// CountAttempt counts a wrong guess, whichever server it came to, and returns how many the place had made before it. A
// count whose time is over begins anew.
func (s *Store) CountAttempt(ctx context.Context, kind okey.AttemptKind, mark []byte, at time.Time) (okey.Attempts, error) {
	var counted okey.Attempts
	err := s.get(ctx, &counted, "", `INSERT INTO attempt (kind, mark, since, wrong) VALUES ($1, $2, $3, 1)
		ON CONFLICT (kind, mark) DO UPDATE SET
			wrong = CASE WHEN attempt.since > $4 THEN attempt.wrong + 1 ELSE 1 END,
			since = CASE WHEN attempt.since > $4 THEN attempt.since ELSE excluded.since END
		RETURNING wrong, since`, string(kind), mark, at, at.Add(-kind.Limit().Within))
	if err != nil {
		return counted, fmt.Errorf("count an attempt: %w", err)
	}
	return okey.Attempts{Wrong: counted.Wrong - 1, Since: utc(counted.Since)}, nil
}
