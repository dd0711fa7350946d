package sql

import (
	stdsql "database/sql"
	"strings"
	"testing"
	"time"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAQuestionAfterOthersHasParametersOfItsOwn(t *testing.T) {
	var written strings.Builder
	renumber(&written, `SELECT $1::text || $12 WHERE $2`, 9)
	assert.Equal(t, `SELECT $10::text || $21 WHERE $11`, written.String())
}

// What the driver reads from a row and what comes as JSON is the same.
func TestRowsComeAsTheDriverHasThem(t *testing.T) {
	type inner struct {
		ID   uuid.UUID       `db:"id"`
		None uuid.NullUUID   `db:"none"`
		At   time.Time       `db:"at"`
		Day  stdsql.NullTime `db:"day"`
	}
	type row struct {
		inner
		UAI     okey.UAI          `db:"uai"`
		N       int               `db:"n"`
		Is      bool              `db:"is"`
		Text    stdsql.NullString `db:"text"`
		Number  stdsql.NullInt64  `db:"number"`
		Similar pq.StringArray    `db:"similar"`
		Content []byte            `db:"content"`
		Sum     []byte            `db:"sum"`
	}
	id := uuid.New()
	rows, err := rowsOf[row]([]byte(`[{"id":"` + id.String() + `","none":null,"at":"2026-11-24T09:12:00.123456+00:00","day":"2026-11-25",
		"uai":"0069001B","n":3,"is":true,"text":"l'\"été\"","number":7,"similar":["1","2"],"content":{"a": [1]},"sum":"\\x01ff"}]`))
	require.NoError(t, err)
	assert.Equal(t, []row{{
		inner: inner{
			ID: id, At: time.Date(2026, time.November, 24, 9, 12, 0, 123456000, time.UTC),
			Day: stdsql.NullTime{Time: time.Date(2026, time.November, 25, 0, 0, 0, 0, time.UTC), Valid: true},
		},
		UAI: "0069001B", N: 3, Is: true, Text: stdsql.NullString{String: `l'"été"`, Valid: true},
		Number: stdsql.NullInt64{Int64: 7, Valid: true}, Similar: pq.StringArray{"1", "2"}, Content: []byte(`{"a": [1]}`), Sum: []byte{1, 255},
	}}, rows)
	numbers, err := rowsOf[int]([]byte(`[{"count":3}]`))
	require.NoError(t, err)
	assert.Equal(t, []int{3}, numbers)
	_, err = rowsOf[inner]([]byte(`[{"id":null,"other":1}]`))
	require.ErrorContains(t, err, "other", "as the driver says of a column that has no place")
}
