package sql

import (
	"context"
	"database/sql/driver"
)

// statement is a question, prepared or not.
type statement interface {
	driver.StmtExecContext
	driver.StmtQueryContext
}

// unprepared is a question that the database plans as it is asked.
type unprepared struct {
	pqConn
	query string
}

// ExecContext is part of driver.StmtExecContext.
func (u unprepared) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return u.pqConn.ExecContext(ctx, u.query, args)
}

// QueryContext is part of driver.StmtQueryContext.
func (u unprepared) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return u.pqConn.QueryContext(ctx, u.query, args)
}

// mostPrepared bounds what one session keeps: a plan takes some tens of kilobytes.
const mostPrepared = 200

// statement is prepared where a question comes again: planning takes the database twice as long as answering most of OKEY's.
func (c *connection) statement(ctx context.Context, query string, args []driver.NamedValue) (statement, error) {
	plain := unprepared{c.pqConn, query}
	if !c.own || len(args) == 0 { // without parameters it may be several
		return plain, nil
	}
	kept, seen := c.prepared[query]
	switch {
	case kept != nil:
		return kept, nil
	case !seen:
		if len(c.prepared) < mostPrepared {
			c.prepared[query] = nil
		}
		return plain, nil
	}
	made, err := c.pqConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	c.prepared[query] = made.(statement)
	return c.prepared[query], nil
}
