package sql

import (
	"context"
	stdsql "database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"time"

	"okey/okey"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed grants.sql
var grants string

// Migrate brings the schema up to date, gives the application's role (okey_app) its rights and publishes the first charter
// where there is none. adminURL is the owner's. Twice is as good as once, also at the same time: a session lock orders them.
func Migrate(ctx context.Context, adminURL string) error {
	return MigrateBefore(ctx, adminURL, time.Now())
}

// MigrateBefore is Migrate for what is to be told of a past: the first charter is published at the instant.
func MigrateBefore(ctx context.Context, adminURL string, published time.Time) error {
	patient, err := withTimeouts(adminURL)
	if err != nil {
		return err
	}
	db, err := stdsql.Open("postgres", patient)
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	defer func() { _ = db.Close() }()
	provider, err := migrationProvider(db)
	if err != nil {
		return err
	}
	if err := up(ctx, db, provider); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if _, err := db.ExecContext(ctx, grants); err != nil {
		return fmt.Errorf("grant the application's rights: %w", err)
	}
	_, err = db.ExecContext(ctx, `INSERT INTO charter (version, body, sha256, published_at)
		SELECT 1, $1, $2, $3 WHERE NOT EXISTS (SELECT FROM charter)`,
		okey.FirstCharter, okey.CharterSum(okey.FirstCharter), published.UTC())
	if err != nil {
		return fmt.Errorf("publish the first charter: %w", err)
	}
	return nil
}

// up applies what is missing. A lock that is not had soon is given up, for whoever comes behind a migration that waits stands, too, and
// asked for again, as is what a deadlock with people at work undid: about two minutes long, then an error names it.
func up(ctx context.Context, db *stdsql.DB, provider *goose.Provider) error {
	for tries := 1; ; tries++ {
		err := dropUnfinishedIndexes(ctx, db)
		if err == nil {
			_, err = provider.Up(ctx)
		}
		if tries == 60 || !retriable(err) && !WaitedInVain(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// dropUnfinishedIndexes clears away what a CREATE INDEX CONCURRENTLY that was broken off leaves: an index that nothing reads, and whose
// name is taken. One that is being built elsewhere is invalid, too: its lock makes this wait for it.
func dropUnfinishedIndexes(ctx context.Context, db *stdsql.DB) error {
	var unfinished []string
	err := sqlx.SelectContext(ctx, sqlx.NewDb(db, "postgres"), &unfinished,
		`SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid`)
	for _, name := range unfinished {
		if err == nil {
			_, err = db.ExecContext(ctx, "DROP INDEX CONCURRENTLY IF EXISTS "+name)
		}
	}
	return err
}

// RefuseNewer refuses a database that a later version of OKEY has migrated: this one does not know what it would do there.
func RefuseNewer(ctx context.Context, adminURL string) error {
	newest, err := latestMigration()
	if err != nil {
		return err
	}
	db, err := stdsql.Open("postgres", adminURL)
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	defer func() { _ = db.Close() }()
	var have stdsql.NullInt64
	err = db.QueryRowContext(ctx, `SELECT max(version_id) FROM goose_db_version WHERE is_applied`).Scan(&have)
	var refused *pq.Error
	switch {
	case errors.As(err, &refused) && refused.Code == "42P01": // nothing was migrated yet
		return nil
	case err != nil:
		return fmt.Errorf("read the schema's version: %w", err)
	case have.Int64 > newest:
		return okey.Errorf(okey.CodeUnavailable, "La base de données en est à la version %d, ce programme ne connaît que la %d : "+
			"prenez la version d'OKEY qui l'a mise à jour, ou remettez la sauvegarde d'avant.", have.Int64, newest)
	}
	return nil
}

// withTimeouts bounds what a migration may wait and take: behind one that waits for a lock, everybody else would queue. It gives way before
// PostgreSQL looks for deadlocks (deadlock_timeout, 1 s), so that it is the migration that is undone and not what somebody has just sent.
func withTimeouts(databaseURL string) (string, error) {
	u, err := url.Parse(wanted(databaseURL))
	if err != nil {
		return "", errors.New("the owner's database URL can't be read") // the parser's error would repeat the password
	}
	query := u.Query()
	query.Set("lock_timeout", "900ms")
	query.Set("statement_timeout", "10min")
	u.RawQuery = query.Encode()
	return u.String(), nil
}

func migrationProvider(db *stdsql.DB) (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, fmt.Errorf("lock the migrations: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, dir, goose.WithSessionLocker(locker))
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return provider, nil
}

// latestMigration is the version that this program needs.
func latestMigration() (int64, error) {
	entries, err := migrations.ReadDir("migrations")
	if err != nil {
		return 0, fmt.Errorf("read the migrations: %w", err)
	}
	return goose.NumericComponent(entries[len(entries)-1].Name())
}

// CheckSchema answers nil when the schema is that of this program or a later one: during an upgrade old and new run side by side.
func (s *Store) CheckSchema(ctx context.Context) error {
	want, err := latestMigration()
	if err != nil {
		return err
	}
	var have stdsql.NullInt64
	err = s.db.GetContext(ctx, &have, `SELECT max(version_id) FROM goose_db_version WHERE is_applied`)
	var refused *pq.Error
	switch {
	case errors.As(err, &refused) && refused.Code == "42P01": // undefined_table
		return okey.Errorf(okey.CodeUnavailable, "La base de données est vide : lancez « okey migrate ».")
	case err != nil:
		return fmt.Errorf("read the schema's version: %w", err)
	case have.Int64 < want:
		return okey.Errorf(okey.CodeUnavailable,
			"La base de données en est à la version %d, ce programme demande la %d : lancez « okey migrate ».", have.Int64, want)
	}
	return nil
}

// CheckRole refuses a database role that could rewrite the audit: one that owns the table, may update, delete or truncate it, or
// stands above all rights.
func (s *Store) CheckRole(ctx context.Context) error {
	var over struct {
		Super    bool `db:"super"`
		Owns     bool `db:"owns"`
		Update   bool `db:"upd"`
		Delete   bool `db:"del"`
		Truncate bool `db:"trunc"`
		Charter  bool `db:"charter"`
		Disabled bool `db:"disabled"`
	}
	err := s.db.GetContext(ctx, &over, `SELECT
		(SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS super,
		pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = 'audit'::regclass), 'MEMBER') AS owns,
		has_table_privilege('audit', 'UPDATE') OR has_any_column_privilege('audit', 'UPDATE') AS upd,
		has_table_privilege('audit', 'DELETE') OR has_table_privilege('audit_head', 'DELETE') AS del,
		has_table_privilege('audit', 'TRUNCATE') OR has_table_privilege('audit_head', 'TRUNCATE') AS trunc,
		has_any_column_privilege('charter', 'UPDATE') OR has_table_privilege('charter', 'DELETE')
		OR has_table_privilege('charter', 'TRUNCATE') AS charter,
		EXISTS (SELECT FROM pg_trigger WHERE tgname IN ('charter_is_never_rewritten', 'signature_is_never_rewritten')
			AND tgenabled = 'D') AS disabled`)
	if err != nil {
		return fmt.Errorf("read the role's rights: %w", err)
	}
	if over.Super || over.Owns || over.Update || over.Delete || over.Truncate {
		return okey.Errorf(okey.CodeForbidden,
			"OKEY_DATABASE_URL désigne un rôle qui peut réécrire le journal d'audit : "+
				"donnez celui de l'application (okey_app), pas le propriétaire.")
	}
	if over.Charter || over.Disabled {
		return okey.Errorf(okey.CodeForbidden,
			"Une charte publiée ou une signature peut être réécrite : les droits du rôle de l'application, ou les gardes de la base, "+
				"ont été changés. Lancez « okey migrate », puis voyez qui l'a fait.")
	}
	return nil
}
