package sql_test

import (
	"context"
	stdsql "database/sql"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"okey/internal/pgtest"
	"okey/okey"
	"okey/sql"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fillsIn is what a migration does to the rows that were there before it.
func fillsIn(t *testing.T) string {
	t.Helper()
	_, fill, found := strings.Cut(migration(t, "00035_nobody_held_up.sql"), "SET statement_timeout = 0;")
	require.True(t, found)
	_, fill, _ = strings.Cut(fill, "-- +goose StatementBegin")
	fill, _, _ = strings.Cut(fill, "-- +goose StatementEnd")
	return fill
}

// upTo is a database as an earlier version left it.
func upTo(t *testing.T, version int64) (db *pgtest.DB, owner *stdsql.DB) {
	t.Helper()
	db = pgtest.Empty(t)
	owner, err := stdsql.Open("postgres", db.AdminURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = owner.Close() })
	provider, err := goose.NewProvider(goose.DialectPostgres, owner, os.DirFS("migrations"))
	require.NoError(t, err)
	_, err = provider.UpTo(t.Context(), version)
	require.NoError(t, err)
	return db, owner
}

// However long it takes to fill in what years have left, people go on: here it takes until somebody lets go, as a slow disk would.
func TestRowsAreFilledInWhilePeopleGoOn(t *testing.T) {
	db, owner := upTo(t, 14)
	run := func(statement string) {
		t.Helper()
		_, err := owner.ExecContext(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	const request = "0b6b0e5f-2a67-4d0c-9d2e-6f6b65790001"
	run(`INSERT INTO charter VALUES (1, 'x', 'x', now());
		INSERT INTO person (uid, family_name, given_name, mail, created_at) VALUES ('lmartin', 'Martin', 'Léa', 'l@ecole.test', now());
		INSERT INTO establishment (uai, name, nature, contract, state, academy, commune, postcode, imported_at)
			VALUES ('0060001A', 'Collège', 340, '99', '1', '23', 'Nice', '06000', now());
		INSERT INTO request (id, person, uai, need, reason, stage, since, asked_at, approved_at, charter, charter_sha256, signed_at)
			SELECT '` + request + `', id, '0060001A', '', 'first', 'awaiting_handover', now(), now(), now(), 1, 'x', now() FROM person;
		INSERT INTO timeline (request, seq, at, kind, via) VALUES ('` + request + `', 1, now(), 'asked', ''), ('` + request + `', 2, now(), 'approved', '')`)
	run(`CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		PERFORM set_config('lock_timeout', '0', true), pg_advisory_xact_lock(35);
		RETURN NEW;
	END $$;
	CREATE TRIGGER slow BEFORE UPDATE ON timeline FOR EACH ROW EXECUTE FUNCTION slow()`)
	disk, err := owner.Conn(t.Context())
	require.NoError(t, err)
	defer func() { _ = disk.Close() }()
	_, err = disk.ExecContext(t.Context(), `SELECT pg_advisory_lock(35)`)
	require.NoError(t, err)

	migrated := make(chan error, 1)
	go func() { migrated <- sql.Migrate(context.Background(), db.AdminURL) }()
	require.Eventually(t, func() bool {
		var waits int
		require.NoError(t, owner.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = 35`).Scan(&waits))
		return waits == 1
	}, time.Minute, 20*time.Millisecond)
	people := func(statement string) {
		t.Helper()
		_, err := owner.ExecContext(t.Context(), `SET lock_timeout = '1s'; `+statement)
		assert.NoError(t, err, statement)
	}
	people(`INSERT INTO timeline (request, seq, at, kind, via) VALUES ('` + request + `', 3, now(), 'key_reserved', '')`)
	people(`UPDATE request SET need = 'saisie' WHERE id = '` + request + `'`)
	people(`SELECT FROM request JOIN timeline ON request = id`)
	_, err = disk.ExecContext(t.Context(), `SELECT pg_advisory_unlock(35)`)
	require.NoError(t, err)
	require.NoError(t, <-migrated)

	var ended, signer string
	require.NoError(t, owner.QueryRowContext(t.Context(),
		`SELECT ended, signer_name FROM timeline JOIN request ON request = id WHERE seq = 2`).Scan(&ended, &signer))
	assert.Equal(t, []string{string(okey.AwaitingDecision), "Léa Martin"}, []string{ended, signer})
}

// Two who hold what the other needs: somebody at work has a request and wants a key, the migration has the keys and wants the requests.
func TestAMigrationGivesWayInADeadlock(t *testing.T) {
	db, owner := upTo(t, 58)
	somebody, err := owner.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer func() { _ = somebody.Rollback() }()
	_, err = somebody.ExecContext(t.Context(), `SELECT FROM request FOR UPDATE`)
	require.NoError(t, err)
	migrated := make(chan error, 1)
	go func() { migrated <- sql.Migrate(context.Background(), db.AdminURL) }()
	require.Eventually(t, func() bool {
		var waits int
		require.NoError(t, owner.QueryRowContext(t.Context(),
			`SELECT count(*) FROM pg_locks WHERE relation = 'request'::regclass AND NOT granted`).Scan(&waits))
		return waits == 1
	}, time.Minute, 5*time.Millisecond)
	_, err = somebody.ExecContext(t.Context(), `SELECT FROM key FOR UPDATE`)
	require.NoError(t, err, "what was sent is kept")
	require.NoError(t, somebody.Commit())
	require.NoError(t, <-migrated)
}

// Whoever pulls the plug in the midst of an index finds it whole after the next `okey migrate`.
func TestAnIndexThatWasBrokenOffIsBuiltAgain(t *testing.T) {
	db, owner := upTo(t, 35)
	_, err := owner.ExecContext(t.Context(), `UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'audit_at'::regclass;
		DELETE FROM goose_db_version WHERE version_id = 35`)
	require.NoError(t, err)
	require.NoError(t, sql.Migrate(t.Context(), db.AdminURL))
	var valid bool
	require.NoError(t, owner.QueryRowContext(t.Context(), `SELECT indisvalid FROM pg_index WHERE indexrelid = 'audit_at'::regclass`).Scan(&valid))
	assert.True(t, valid)
}

// A migration either changes the schema, in one short transaction, or works through rows and indexes beside people, outside of one.
func TestMigrationsHoldNobodyUp(t *testing.T) {
	rows := regexp.MustCompile(`(?m)^\s*(UPDATE|DELETE FROM|INSERT INTO .*SELECT) `)
	index := regexp.MustCompile(`CREATE (?:UNIQUE )?INDEX (CONCURRENTLY )?(?:IF NOT EXISTS )?\w+ ON (\w+)`)
	files, err := filepath.Glob("migrations/*.sql")
	require.NoError(t, err)
	for _, file := range files {
		if filepath.Base(file) < "00035" { // what came before is on every installation
			continue
		}
		up, _, _ := strings.Cut(migration(t, filepath.Base(file)), "-- +goose Down")
		if !strings.Contains(up, "-- +goose NO TRANSACTION") {
			assert.NotRegexp(t, rows, up, "%s: rows are filled in by a migration of its own, with NO TRANSACTION", file)
		}
		for _, made := range index.FindAllStringSubmatch(up, -1) {
			assert.True(t, made[1] != "" || strings.Contains(up, "CREATE TABLE "+made[2]+" ("), "%s: %s: CONCURRENTLY, with NO TRANSACTION", file, made[0])
		}
	}
}

// holds is what keeps people out for as long as it takes, in one transaction with a change of a table: rows that are written, and indexes of
// tables that the file does not make. The linter knows neither, or lets itself be told to look away.
func holds(migration string) []string {
	up, _, _ := strings.Cut(migration, "-- +goose Down")
	if strings.Contains(up, "+goose NO TRANSACTION") {
		return nil
	}
	made := map[string]bool{}
	for _, table := range regexp.MustCompile(`(?m)^CREATE TABLE (\w+)`).FindAllStringSubmatch(up, -1) {
		made[table[1]] = true
	}
	var held []string
	writes := regexp.MustCompile(`(?m)^(?:UPDATE|DELETE FROM|INSERT INTO|CREATE (?:UNIQUE )?INDEX \w+ ON) (\w+)`)
	for _, statement := range writes.FindAllStringSubmatch(up, -1) {
		if !made[statement[1]] {
			held = append(held, statement[0])
		}
	}
	return held
}

// 00022 once kept everybody out for minutes; the files up to it are as they were released.
func TestNoMigrationKeepsPeopleOut(t *testing.T) {
	assert.Equal(t, []string{"UPDATE timeline", "CREATE INDEX timeline_ended ON timeline"}, holds(`
ALTER TABLE timeline ADD COLUMN ended text;
UPDATE timeline t SET ended = '';
CREATE INDEX timeline_ended ON timeline (at);`))
	files, err := filepath.Glob("migrations/*.sql")
	require.NoError(t, err)
	for _, file := range files {
		if name := filepath.Base(file); name >= "00023" {
			assert.Empty(t, holds(migration(t, name)), name)
		}
	}
}
