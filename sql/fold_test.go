package sql_test

import (
	stdsql "database/sql"
	"fmt"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/internal/pgtest"
	"okey/internal/scene"
	"okey/sql"
)

func TestNamesAreFoldedAsTheyAreTypedInAHurry(t *testing.T) {
	s := scene.New(t)
	for written, typed := range map[string]string{
		"ÀÂÄÁÃÅÇÉÈÊËÍÌÎÏÑÓÒÔÖÕÚÙÛÜÝŸ": "aaaaaaceeeeiiiinooooouuuuyy",
		"Œuvrard Lætitia":      "oeuvrard laetitia",
		"Škoda-Łukasz O’Brien": "skoda-lukasz o'brien",
		"0069001B":             "0069001b",
		"":                     "",
	} {
		assert.Equal(t, typed, s.Text(`SELECT fold($1)`, written))
		assert.Equal(t, typed, s.Text(`SELECT fold($1)`, typed), "folded once is folded")
	}
}

// Production's migrations run as the owner of the database, who is nobody else's superior.
func TestTheOwnerOfADatabaseIsEnoughToMigrateIt(t *testing.T) {
	db := pgtest.Empty(t)
	admin, err := stdsql.Open("postgres", db.AdminURL)
	require.NoError(t, err)
	defer func() { _ = admin.Close() }()
	owner := "owner_of_" + db.Name
	for _, statement := range []string{`CREATE ROLE %[1]s LOGIN PASSWORD 'x'`, `ALTER DATABASE %[2]s OWNER TO %[1]s`} {
		_, err := admin.ExecContext(t.Context(), fmt.Sprintf(statement, owner, db.Name))
		require.NoError(t, err, statement)
	}
	u, err := url.Parse(db.AdminURL)
	require.NoError(t, err)
	u.User = url.UserPassword(owner, "x")
	require.NoError(t, sql.Migrate(t.Context(), u.String()))
}
