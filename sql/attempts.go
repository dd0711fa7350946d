package sql

import (
	"context"
	"fmt"
	"time"

	"okey"
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

// CountAttempt counts a wrong guess, whichever server it came to, and returns how many the place had made before it. A count whose time is over
// begins anew.
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
