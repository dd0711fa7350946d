package main

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"okey/internal/postgres"
	"okey/sql"
	"okey/standalone/demo"

	"github.com/lib/pq"
)

const (
	okeyDatabase = "okey"
	okeyRole     = "okey_app"
)

// databases are the URLs of okey's own database.
type databases struct{ app, admin string }

// startDatabase starts the cluster and brings okey's database up to date.
func (h *house) startDatabase(ctx context.Context) (*postgres.Cluster, databases, error) {
	if err := databaseIsThere(h.flags.Data); err != nil {
		return nil, databases{}, err
	}
	cluster, err := postgres.Start(ctx, postgres.Options{
		Dir: databaseDir(h.flags.Data), Host: h.addresses.postgresHost, Port: h.addresses.postgresPort,
	})
	var occupied *postgres.PortTakenError
	if errors.As(err, &occupied) {
		return nil, databases{}, taken(
			"--postgres",
			net.JoinHostPort(h.addresses.postgresHost, strconv.Itoa(h.addresses.postgresPort)),
			syscall.EADDRINUSE,
		)
	}
	if err != nil {
		return nil, databases{}, err
	}
	h.add("PostgreSQL", cluster.Stop)
	go func() {
		if err := cluster.Keep(ctx); err != nil {
			h.failed <- err
		}
	}()
	if h.secrets, err = loadSecrets(h.flags.Data, func() (bool, error) { return hasAudit(ctx, cluster) }); err != nil {
		return nil, databases{}, err
	}
	if err := h.prepareDatabase(ctx, cluster); err != nil {
		return nil, databases{}, fmt.Errorf("prepare okey's database: %w", err)
	}
	urls := databases{app: cluster.URLAs(okeyRole, h.secrets.AppPassword, okeyDatabase), admin: cluster.URL(okeyDatabase)}
	if err := sql.RefuseNewer(ctx, urls.admin); err != nil {
		return nil, databases{}, err
	}
	charter := time.Now()
	if h.demonstrates() { // a charter is published before anybody signs it
		charter = demo.Before(charter)
	}
	if err := sql.MigrateBefore(ctx, urls.admin, charter); err != nil {
		return nil, databases{}, err
	}
	return cluster, urls, nil
}

func databaseDir(data string) string { return filepath.Join(data, "postgres") }

func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, os.ErrNotExist)
}

// databaseIsThere refuses a folder that has its secrets, which are made after the database, and no database any more: an empty one in its
// place would look like everything being well.
func databaseIsThere(data string) error {
	if missing(secretsFile(data)) || !missing(databaseDir(data)) {
		return nil // a first start, or for PostgreSQL to say
	}
	return fmt.Errorf("le dossier %s manque, et une base a servi ici : un disque n'est peut-être pas monté. Remettez-le, ou restaurez une "+
		"sauvegarde ; pour repartir de rien, effacez tout le dossier %s", databaseDir(data), data)
}

// prepareDatabase makes database and role on a first start, and gives the role the password that okey.env tells.
func (h *house) prepareDatabase(ctx context.Context, cluster *postgres.Cluster) error {
	connector, err := pq.NewConnector(cluster.URL("postgres"))
	if err != nil {
		return err
	}
	db := stdsql.OpenDB(connector)
	defer db.Close()
	var role, database bool
	err = db.QueryRowContext(ctx, `
		SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1), EXISTS (SELECT FROM pg_database WHERE datname = $2)`,
		okeyRole, okeyDatabase).
		Scan(&role, &database)
	if err != nil {
		return err
	}
	verb := "CREATE"
	if role {
		verb = "ALTER"
	}
	if _, err := db.ExecContext(ctx, verb+" ROLE "+okeyRole+" LOGIN PASSWORD "+pq.QuoteLiteral(h.secrets.AppPassword)); err != nil {
		return err
	}
	if !database {
		_, err = db.ExecContext(ctx, "CREATE DATABASE "+okeyDatabase)
	}
	return err
}

// hasAudit tells whether the cluster holds a database of OKEY's in which something has happened: new secrets beside it would make its
// audit, its PINs and its links worthless.
func hasAudit(ctx context.Context, cluster *postgres.Cluster) (bool, error) {
	db, err := stdsql.Open("postgres", cluster.URL(okeyDatabase))
	if err != nil {
		return false, err
	}
	defer db.Close()
	var there bool
	err = db.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM audit)`).Scan(&there)
	var refused *pq.Error
	if errors.As(err, &refused) && (refused.Code == "3D000" || refused.Code == "42P01") { // no such database, no such table
		return false, nil
	}
	return there, err
}
