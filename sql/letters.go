package sql

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// KeepLetters writes the letters of an action as rows, in the transaction that makes them necessary: an answer to the engine holds only so
// many. They are numbered from 1.
func (t *Tx) KeepLetters(ctx context.Context, action uuid.UUID, letters []okey.MailOrder) error {
	for i := range letters {
		letters[i].Cause, letters[i].Row = action, i+1
	}
	orders, err := document(letters)
	if err != nil {
		return fmt.Errorf("write the letters of action %s: %w", action, err)
	}
	return t.exec(ctx, `INSERT INTO letter (action, n, mail_order)
		SELECT $1, (l.value ->> 'row')::integer, l.value FROM jsonb_array_elements($2::jsonb) l`, action, orders)
}

// LettersWaiting returns an action's letters with a number above the given one that have not left, by their numbers.
func (r reader) LettersWaiting(ctx context.Context, action uuid.UUID, after, limit int) ([]okey.MailOrder, error) {
	var rows [][]byte
	err := r.all(ctx, &rows,
		`SELECT mail_order FROM letter WHERE action = $1 AND n > $2 AND left_at IS NULL ORDER BY n LIMIT $3`, action, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read the letters of action %s: %w", action, err)
	}
	letters := make([]okey.MailOrder, len(rows))
	for i, row := range rows {
		if err := json.Unmarshal(row, &letters[i]); err != nil {
			return nil, fmt.Errorf("read a letter of action %s: %w", action, err)
		}
	}
	return letters, nil
}

// LetterLeft notes that a letter needs nobody any more: it has left, or support was told that it does not.
func (s *Store) LetterLeft(ctx context.Context, action uuid.UUID, n int, at time.Time) error {
	return s.attempt(ctx, `UPDATE letter SET left_at = $3 WHERE action = $1 AND n = $2 AND left_at IS NULL`, action, n, at)
}
