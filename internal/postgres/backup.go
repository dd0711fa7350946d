package postgres

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// Backup writes a tar of the data directory, as it is at one moment, of the server that runs on options.Dir at options.Host and Port.
// With it comes the log that makes it whole, and the manifest by which Verify checks it. Whoever can read the cluster's password may ask.
func Backup(ctx context.Context, options Options, to io.Writer) error {
	c, err := running(options)
	if err != nil {
		return err
	}
	release, err := c.keepLog(ctx)
	if err != nil {
		return err
	}
	defer release()
	// The fast checkpoint: else it waits for the server's own, minutes long.
	command := exec.CommandContext(ctx, c.binaries.path("pg_basebackup"),
		"--host", c.options.Host, "--port", strconv.Itoa(options.Port), "--username", Admin, "--no-password",
		"--checkpoint", "fast", "--pgdata", "-", "--format", "tar", "--wal-method", "fetch")
	command.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=" + c.binaries.Dir + ":/usr/bin:/bin", "PGPASSWORD=" + c.password}
	var said bytes.Buffer
	command.Stdout, command.Stderr = to, &said
	if err := command.Run(); err != nil {
		where := net.JoinHostPort(c.options.Host, strconv.Itoa(options.Port))
		return fmt.Errorf("pg_basebackup %s: %w: %s", where, err, lastLines(said.String()))
	}
	return nil
}

// running is the cluster at options.Dir, whose server somebody has started at options.Host and Port.
func running(options Options) (*Cluster, error) {
	c, err := prepare(options)
	if err != nil {
		return nil, err
	}
	c.port = options.Port
	if err := c.readPassword(); err != nil {
		return nil, err
	}
	return c, nil
}

// Address is how the owner reaches a database of the server that runs on options.Dir at options.Host and Port.
func Address(options Options, database string) (string, error) {
	c, err := running(options)
	if err != nil {
		return "", err
	}
	return c.URL(database), nil
}

// keepLog has the server keep its log from here on until release: the end of a backup needs that of its beginning, and a checkpoint in
// between would throw it away. The slot is the session's own and goes with it, however that ends.
func (c *Cluster) keepLog(ctx context.Context) (release func(), err error) {
	db, err := sql.Open("postgres", c.URL("postgres"))
	if err != nil {
		return nil, fmt.Errorf("address the server: %w", err)
	}
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(ctx, `SELECT pg_create_physical_replication_slot('okey_backup_' || pg_backend_pid(), true, true)`)
	if err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("have the server keep its log meanwhile: %w", err)
	}
	return func() { _ = db.Close() }, nil
}

// Verify checks the data directory of a cluster that has been put back from a Backup, file by file, and hands it to the user that the
// server runs as. The server has never run on it since.
func Verify(ctx context.Context, dir string) error {
	c, err := prepare(Options{Dir: dir})
	if err != nil {
		return err
	}
	if err := os.Chmod(c.dataDir(), 0o700); err != nil {
		return fmt.Errorf("close the data directory to others: %w", err)
	}
	err = filepath.WalkDir(c.options.Dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return c.account.own(path)
	})
	if err != nil {
		return fmt.Errorf("hand the cluster to its user: %w", err)
	}
	command, release, err := c.program(ctx, "pg_verifybackup", []string{"--exit-on-error", "--quiet", c.inside("data")})
	if err != nil {
		return err
	}
	defer release()
	if said, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("la sauvegarde est abîmée : %s", strings.TrimSpace(lastLines(string(said))))
	}
	return nil
}
