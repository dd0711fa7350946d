package pgtest

import (
	stdsql "database/sql"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { Main(m) }

func open(t *testing.T, url string) *stdsql.DB {
	t.Helper()
	db, err := stdsql.Open("postgres", url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestEachTestHasItsOwnDatabase(t *testing.T) {
	first, second := New(t), New(t)
	_, err := open(t, first.AdminURL).ExecContext(t.Context(), `CREATE TABLE mine (word text)`)
	require.NoError(t, err)
	_, err = open(t, second.AdminURL).ExecContext(t.Context(), `SELECT word FROM mine`)
	require.ErrorContains(t, err, "does not exist")
}

func TestApplicationIsNotTheOwner(t *testing.T) {
	db := New(t)
	var user string
	require.NoError(t, open(t, db.AppURL).QueryRowContext(t.Context(), `SELECT current_user`).Scan(&user))
	require.Equal(t, App, user)
	_, err := open(t, db.AppURL).ExecContext(t.Context(), `CREATE TABLE mine (word text)`)
	require.ErrorContains(t, err, "permission denied")
}
