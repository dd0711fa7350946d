package temporald

import (
	"context"
	stdsql "database/sql"
	"fmt"

	"github.com/lib/pq"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
	"go.temporal.io/server/tools/common/schema"
	"go.temporal.io/server/tools/sql"
)

// The names of Temporal's two databases, which are those of its own documentation.
const (
	mainDatabase       = "temporal"
	visibilityDatabase = "temporal_visibility"
)

// Database is where Temporal keeps everything; the role may create databases.
type Database struct {
	Address        string // host:port
	User, Password string
	URL            string // of the maintenance database
}

func (d Database) config(name string) *config.SQL {
	return &config.SQL{
		PluginName: postgresql.PluginName, ConnectAddr: d.Address, ConnectProtocol: "tcp", User: d.User,
		Password: d.Password, DatabaseName: name, MaxConns: 40, MaxIdleConns: 20,
	}
}

// migrate brings both databases to the schema of this server, making them on first use.
func (d Database) migrate(ctx context.Context, logger log.Logger) error {
	for name, schemaName := range map[string]string{
		mainDatabase:       "postgresql/v12/temporal",
		visibilityDatabase: "postgresql/v12/visibility",
	} {
		if err := d.migrateOne(ctx, name, schemaName, logger); err != nil {
			return fmt.Errorf("schema of %s: %w", name, err)
		}
	}
	return nil
}

func (d Database) migrateOne(ctx context.Context, name, schemaName string, logger log.Logger) error {
	connector, err := pq.NewConnector(d.URL)
	if err != nil {
		return err
	}
	maintenance := stdsql.OpenDB(connector)
	defer maintenance.Close()
	var exists bool
	if err := maintenance.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).
		Scan(&exists); err != nil {
		return err
	}
	if exists {
		return d.update(name, schemaName, logger)
	}
	// A first schema is laid under another name: a process killed meanwhile leaves nothing half done under the real one.
	half := name + "_new"
	if _, err := maintenance.ExecContext(ctx, "DROP DATABASE IF EXISTS "+half+" WITH (FORCE)"); err != nil {
		return err
	}
	if _, err := maintenance.ExecContext(ctx, "CREATE DATABASE "+half); err != nil {
		return err
	}
	if err := d.setup(half, logger); err != nil {
		return err
	}
	if err := d.update(half, schemaName, logger); err != nil {
		return err
	}
	if err := d.nameVersion(half, name, logger); err != nil {
		return err
	}
	_, err = maintenance.ExecContext(ctx, "ALTER DATABASE "+half+" RENAME TO "+name)
	return err
}

// nameVersion prepares a database for its final name: Temporal looks its schema's version up by the database's name.
func (d Database) nameVersion(half, name string, logger log.Logger) error {
	connection, err := sql.NewConnection(d.config(half), logger)
	if err != nil {
		return err
	}
	defer connection.Close()
	return connection.Exec(`UPDATE schema_version SET db_name = $1`, name)
}

// setup makes the tables that hold the schema's version, at 0.0.
func (d Database) setup(name string, logger log.Logger) error {
	connection, err := sql.NewConnection(d.config(name), logger)
	if err != nil {
		return err
	}
	defer connection.Close()
	return schema.NewSetupSchemaTask(connection, &schema.SetupConfig{InitialVersion: "0.0"}, logger).Run()
}

func (d Database) update(name, schemaName string, logger log.Logger) error {
	connection, err := sql.NewConnection(d.config(name), logger)
	if err != nil {
		return err
	}
	defer connection.Close()
	return schema.NewUpdateSchemaTask(connection, &schema.UpdateConfig{SchemaName: schemaName}, logger).Run()
}
