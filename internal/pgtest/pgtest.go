// Package pgtest gives tests real PostgreSQL databases: one private cluster for each test process, a template migrated
// once, and a clone of it for each test. Tests of package sql itself stand in package sql_test: this one imports sql.
package pgtest

import (
	"context"
	"crypto/rand"
	stdsql "database/sql"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"okey/internal/postgres"
	"okey/sql"

	"github.com/lib/pq"
)

// App is the role that the application signs in with: it owns nothing.
const App = "okey_app"

const (
	appPassword = "okey"
	template    = "okey_template"
)

// DB is one test's own database.
type DB struct {
	Name     string
	AppURL   string // as okey_app, with the rights that migrations grant
	AdminURL string // as the owner
	Log      string // the file where the cluster writes what it has to say
}

var cluster struct {
	sync.Mutex // also held while a clone is made: nobody else may be connected to the template
	*postgres.Cluster
	dir      string
	migrated bool
	err      error // a first start that failed is not tried again by every test
}

// New returns a database with the application's schema and no rows, dropped when the test ends. A test that has one runs beside the others
// from there on: each waits more than it works. Whoever changes what the whole process shares says Alone first.
func New(t testing.TB) *DB {
	t.Helper()
	return create(t, true)
}

// Empty returns a database with nothing in it, dropped when the test ends.
func Empty(t testing.TB) *DB {
	t.Helper()
	return create(t, false)
}

var beside sync.Map // the tests that run beside others already

// Alone keeps a test from running beside others: before its first database.
func Alone(t *testing.T) {
	t.Helper()
	t.Setenv("OKEY_TEST_ALONE", "1") // which testing takes as a promise
	beside.Store(t, true)
}

// Beside lets a test run beside others, unless it is a part of another, or has set a variable of the environment.
func Beside(tb testing.TB) {
	t, is := tb.(*testing.T)
	if !is || strings.Contains(t.Name(), "/") {
		return
	}
	if _, already := beside.LoadOrStore(t, true); already {
		return
	}
	defer func() { _ = recover() }() // t.Setenv was called: testing says so by a panic, before anything has changed
	t.Parallel()
}

// Main runs a package's tests and stops the cluster: `func TestMain(m *testing.M) { pgtest.Main(m) }`. A test process
// that is killed, or that goes without it, leaves nothing either, a moment later.
func Main(m *testing.M) {
	AtOnce(2 * runtime.GOMAXPROCS(0))
	code := m.Run()
	if err := stop(); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// AtOnce is how many tests run beside each other, unless the command line says so.
func AtOnce(tests int) {
	flag.Parse()
	if given := flag.Lookup("test.parallel"); given.Value.String() == given.DefValue {
		_ = given.Value.Set(strconv.Itoa(tests))
	}
}

func create(t testing.TB, migrated bool) *DB {
	t.Helper()
	Beside(t)
	cluster.Lock()
	defer cluster.Unlock()
	if cluster.err == nil {
		cluster.err = prepare(t.Context(), migrated)
	}
	if cluster.err != nil {
		t.Fatalf("pgtest: %v", cluster.err)
	}
	name := "test_" + suffix()
	statement := "CREATE DATABASE " + name
	if migrated {
		statement += " TEMPLATE " + template + cluster.Copying()
	}
	if err := execute(t.Context(), statement); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		// The test's own context is cancelled by now.
		if err := execute(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return &DB{Name: name, AppURL: cluster.URLAs(App, appPassword, name), AdminURL: cluster.URL(name), Log: cluster.LogFile()}
}

func prepare(ctx context.Context, migrated bool) error {
	if cluster.Cluster == nil {
		if err := start(ctx); err != nil {
			return err
		}
	}
	if !migrated || cluster.migrated {
		return nil
	}
	if err := execute(ctx, "CREATE DATABASE "+template); err != nil {
		return err
	}
	if err := sql.Migrate(ctx, cluster.URL(template)); err != nil {
		return fmt.Errorf("migrate the template: %w", err)
	}
	cluster.migrated = true
	return nil
}

func start(ctx context.Context) error {
	dir, err := os.MkdirTemp(postgres.Memory(), "okey-pgtest-")
	if err != nil {
		return err
	}
	started, err := postgres.Start(ctx, postgres.Options{Dir: dir, Fast: true, DieWithParent: true})
	if err != nil {
		_ = os.RemoveAll(dir) // the start's error says more
		return err
	}
	cluster.Cluster, cluster.dir = started, dir
	return execute(ctx, "CREATE ROLE "+App+" LOGIN PASSWORD "+pq.QuoteLiteral(appPassword))
}

func stop() error {
	cluster.Lock()
	defer cluster.Unlock()
	if cluster.Cluster == nil {
		return nil
	}
	if err := cluster.Stop(); err != nil {
		return err
	}
	return os.RemoveAll(cluster.dir)
}

// execute runs a statement about whole databases or roles.
func execute(ctx context.Context, statement string) error {
	connector, err := pq.NewConnector(cluster.URL("postgres"))
	if err != nil {
		return err
	}
	db := stdsql.OpenDB(connector)
	defer db.Close()
	if _, err := db.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

func suffix() string {
	random := make([]byte, 8)
	rand.Read(random) // never fails
	return hex.EncodeToString(random)
}
