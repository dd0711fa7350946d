package sql

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestASpanIsNamedByVerbAndTableAlone(t *testing.T) {
	for query, want := range map[string]string{
		"SELECT uai FROM establishment WHERE uai = $1 FOR NO KEY UPDATE":                "SELECT establishment",
		"\n\t\tINSERT INTO action (id)\n VALUES ($1)":                                   "INSERT action",
		"UPDATE key SET state = 'lost'":                                                 "UPDATE key",
		"WITH gone AS (DELETE FROM session WHERE expiry < now()) SELECT 1":              "WITH session",
		"SELECT (SELECT json_agg(q) FROM (SELECT id FROM request WHERE person = $1) q)": "SELECT request",
		"SAVEPOINT attempt": "SAVEPOINT",
		"SELECT\n1":         "SELECT",
	} {
		assert.Equal(t, want, spanName(query), query)
	}
}

func TestAStatementOfNoTraceCostsNothing(t *testing.T) {
	ctx := context.Background()
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		_, span := traced(ctx, "SELECT 1 FROM request")
		endSpan(span, nil)
	}))
}
