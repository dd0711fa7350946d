package sql

import (
	"context"
	stdsql "database/sql"
	"encoding/json"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// nullID writes the zero id as NULL.
func nullID(id uuid.UUID) uuid.NullUUID { return uuid.NullUUID{UUID: id, Valid: id != uuid.Nil} }

// document writes a value as JSON for a column of such: text, since jsonb takes bytes for its own binary form.
func document(v any) (string, error) {
	text, err := json.Marshal(v)
	return string(text), err
}

// dayOf turns a date column into a Day; lib/pq gives midnight of no particular zone.
func dayOf(t stdsql.NullTime) okey.Day {
	if !t.Valid {
		return okey.Day{}
	}
	return okey.NewDay(t.Time.Year(), t.Time.Month(), t.Time.Day())
}

// nullDay writes the zero day as NULL, others as ISO text: a time would drag a zone along.
func nullDay(d okey.Day) stdsql.NullString {
	return stdsql.NullString{String: d.String(), Valid: !d.IsZero()}
}

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC()
}

// listed reads rows and makes each into what a list shows of it.
func listed[R, T any](ctx context.Context, r reader, as func(R) T, query string, args ...any) ([]T, error) {
	var rows []R
	err := r.all(ctx, &rows, query, args...)
	found := make([]T, len(rows))
	for i, row := range rows {
		found[i] = as(row)
	}
	return found, err
}
