package sql_test

import (
	"context"
	"strings"
	"testing"

	"okey/internal/pgtest"
	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheDatabaseHoldsTheDomainsTableOfKeyStates(t *testing.T) {
	s := scene.New(t)
	assert.Equal(t, len(okey.KeyTransitions), s.Count(`SELECT count(*) FROM key_transition`))
	for _, row := range okey.KeyTransitions {
		assert.Equal(t, 1, s.Count(`SELECT count(*) FROM key_transition WHERE from_state = $1 AND reason = $2 AND to_state = $3`,
			string(row.From), string(row.Reason), string(row.To)), "%s: %s", row.From, row.Reason)
	}
}

func TestTheDatabaseKnowsEveryStageAndKeyState(t *testing.T) {
	s := scene.New(t)
	stages := s.Text(`SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'request_stage_check'`)
	for _, stage := range okey.Stages() {
		assert.Contains(t, stages, "'"+string(stage)+"'")
	}
	states := s.Text(`SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'key_state_check'`)
	for _, state := range okey.KeyStates() {
		assert.Contains(t, states, "'"+string(state)+"'")
	}
}

func TestNamesSortAsInADictionary(t *testing.T) {
	s := scene.New(t)
	want := []string{"Bernard", "de La Tour", "Élie", "Étienne", "evrard", "Zola"}
	for _, i := range []int{5, 3, 1, 4, 0, 2} {
		s.Person("X "+want[i], okey.Staff, scene.Tilleuls)
	}
	assert.Equal(t, strings.Join(want, ","), s.Text(`SELECT string_agg(family_name, ',' ORDER BY family_name) FROM person`))
}

func TestTheDatabaseRefusesAKeyStateOutOfTurn(t *testing.T) {
	s := scene.New(t)
	serial := s.Key(scene.Tilleuls)
	_, err := s.Admin.ExecContext(context.Background(), `UPDATE key SET state = 'retired' WHERE serial = $1`, string(serial))
	require.NoError(t, err)
	_, err = s.Admin.ExecContext(context.Background(), `UPDATE key SET state = 'lost' WHERE serial = $1`, string(serial))
	assert.ErrorContains(t, err, "may not go from retired to lost")
}

func TestMigrateTwiceChangesNothing(t *testing.T) {
	db := pgtest.New(t)
	require.NoError(t, sql.Migrate(context.Background(), db.AdminURL))
	store, err := sql.Open(db.AppURL, scene.New(t).Keys)
	require.NoError(t, err)
	defer func() { _ = store.Close() }()
	require.NoError(t, store.Await(context.Background()))
	charter, err := store.Charter(context.Background())
	require.NoError(t, err)
	assert.Equal(t, 1, charter.Version)
	assert.Equal(t, okey.CharterSum(okey.FirstCharter), charter.SHA256)
}

func TestAnEmptyDatabaseIsNamedAndAnswersWithTheCommand(t *testing.T) {
	db := pgtest.Empty(t)
	store, err := sql.Open(db.AdminURL, nil)
	require.NoError(t, err)
	defer func() { _ = store.Close() }()
	assert.ErrorContains(t, store.CheckSchema(context.Background()), "okey migrate")
}

func TestARoleThatCouldRewriteTheAuditIsRefused(t *testing.T) {
	db := pgtest.New(t)
	owner, err := sql.Open(db.AdminURL, nil)
	require.NoError(t, err)
	defer func() { _ = owner.Close() }()
	assert.ErrorContains(t, owner.Await(context.Background()), "okey_app")
}

func TestAPublishedCharterIsNeverEditedByTheApplication(t *testing.T) {
	s := scene.New(t)
	for _, statement := range []string{
		`UPDATE charter SET body = 'x'`,
		`DELETE FROM charter`, `TRUNCATE charter CASCADE`, `UPDATE audit SET event = 'x'`, `TRUNCATE audit`, `DELETE FROM key_transition`,
	} {
		_, err := s.Store.DB().ExecContext(context.Background(), statement)
		assert.ErrorContains(t, err, "permission denied", statement)
	}
}

func TestNotEvenTheOwnerRewritesAPublishedCharterBySlip(t *testing.T) {
	s := scene.New(t)
	for _, statement := range []string{`UPDATE charter SET body = 'x'`, `DELETE FROM charter`, `TRUNCATE charter CASCADE`} {
		_, err := s.Admin.ExecContext(context.Background(), statement)
		assert.ErrorContains(t, err, "never rewritten", statement)
	}
	assert.Equal(t, okey.CharterSum(okey.FirstCharter), s.Text(`SELECT sha256 FROM charter`))
}
