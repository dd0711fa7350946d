// Package nation fills a database with what all schools of France would leave in it, for measures and for the plans of queries.
// It knows the tables by their names alone, so that rows come by the million.
package nation

import (
	"context"
	stdsql "database/sql"
	_ "embed"
	"fmt"
	"strings"
	"time"
)

//go:embed nation.sql
var rows string

// Fill adds to a migrated, empty database, at scale 1: 60,000 schools in 30 academies, 1,000,000 people (780,000 of whom have a function),
// as many keys, 820,000 requests (33,000 open, 20,000 of them waiting for stock), 33,000 orders (3,000 open), and what they leave behind:
// events, actions, mails, 5,000,000 entries of the audit, which are not chained. Dates are reckoned from the instant. It wants a superuser,
// and a scale that is a multiple of 0.01.
func Fill(ctx context.Context, db *stdsql.DB, scale float64, now time.Time) error {
	session, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer session.Close()
	// Constants are reckoned once, settings of the session once a row.
	filled := strings.NewReplacer(":scale", fmt.Sprint(scale), ":now", "'"+now.UTC().Format(time.RFC3339)+"'::timestamptz").Replace(rows)
	if _, err := session.ExecContext(ctx, `BEGIN;`+filled+`COMMIT`); err != nil {
		return fmt.Errorf("fill the nation: %w", err)
	}
	for _, after := range []string{`DISCARD ALL`, `VACUUM (ANALYZE)`} { // the second as autovacuum would have
		if _, err := session.ExecContext(ctx, after); err != nil {
			return err
		}
	}
	return nil
}
