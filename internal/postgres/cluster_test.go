package postgres

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/lib/pq"
	"github.com/stretchr/testify/require"
)

// start runs a cluster that ends with the test at the latest.
func start(t *testing.T, dir string, port int) *Cluster {
	t.Helper()
	c, err := Start(t.Context(), Options{Dir: dir, Port: port, Fast: true})
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Stop() })
	return c
}

func scalar(t *testing.T, url, query string) (value string) {
	t.Helper()
	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, db.QueryRowContext(t.Context(), query).Scan(&value))
	return value
}

func execute(t *testing.T, url, statement string) {
	t.Helper()
	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.ExecContext(t.Context(), statement)
	require.NoError(t, err)
}

// private is a folder under one that only its owner may enter, as mktemp -d and /root are.
func private(t *testing.T) string {
	t.Helper()
	outer := filepath.Join(t.TempDir(), "private")
	require.NoError(t, os.Mkdir(outer, 0o700))
	return filepath.Join(outer, "cluster")
}

func TestDataAndPortSurviveARestart(t *testing.T) {
	dir := private(t)
	first := start(t, dir, 0)
	execute(t, first.URL("postgres"), `CREATE TABLE kept (word text); INSERT INTO kept VALUES ('clef')`)
	port := first.Port()
	require.NoError(t, first.Stop())
	require.NoError(t, first.Stop(), "a second stop is harmless")

	second := start(t, dir, 0)
	require.Equal(t, port, second.Port())
	require.Equal(t, "clef", scalar(t, second.URL("postgres"), `SELECT word FROM kept`))
}

func TestServerIsPrivate(t *testing.T) {
	c := start(t, private(t), 0)
	require.Equal(t, "127.0.0.1", scalar(t, c.URL("postgres"), `SHOW listen_addresses`))
	require.Empty(t, scalar(t, c.URL("postgres"), `SHOW unix_socket_directories`))

	wrong, err := sql.Open("postgres", c.URLAs(Admin, "wrong", "postgres"))
	require.NoError(t, err)
	defer wrong.Close()
	require.ErrorContains(t, wrong.PingContext(t.Context()), "password authentication failed")

	for file, mode := range map[string]os.FileMode{c.passwordFile(): 0o600, c.dataDir(): 0o700 | os.ModeDir} {
		info, err := os.Stat(file)
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode(), file)
	}
}

func TestServerDoesNotRunAsRoot(t *testing.T) {
	c := start(t, private(t), 0)
	info, err := os.Stat(c.dataDir())
	require.NoError(t, err)
	require.NotZero(t, info.Sys().(*syscall.Stat_t).Uid)
}

func TestAccentedLettersHaveCapitals(t *testing.T) {
	c := start(t, private(t), 0)
	require.Equal(t, "É", scalar(t, c.URL("postgres"), `SELECT upper('é')`))
}

// An orphan is what a kill -9 of the parent leaves: a server with no one who waits for it.
func TestOrphanIsStoppedAndItsPortKept(t *testing.T) {
	dir := private(t)
	orphan := start(t, dir, 0)
	execute(t, orphan.URL("postgres"), `CREATE TABLE kept (word text); INSERT INTO kept VALUES ('clef')`)

	heir := start(t, dir, 0)
	<-orphan.Done()
	require.Equal(t, orphan.Port(), heir.Port())
	require.Equal(t, "clef", scalar(t, heir.URL("postgres"), `SELECT word FROM kept`))
}

func TestStaleNumberOfAnotherProcessIsLeftAlone(t *testing.T) {
	dir := private(t)
	c := start(t, dir, 0)
	require.NoError(t, c.Stop())
	bystander := exec.Command("sleep", "60")
	require.NoError(t, bystander.Start())
	defer func() { _ = bystander.Process.Kill(); _ = bystander.Wait() }()
	pid := strconv.Itoa(bystander.Process.Pid)
	require.NoError(t, os.WriteFile(filepath.Join(c.dataDir(), "postmaster.pid"), []byte(pid+"\n"), 0o600))

	require.NoError(t, stopOrphan(c.dataDir()))
	require.NoError(t, syscall.Kill(bystander.Process.Pid, 0), "still alive")
}

func TestTakenPortIsNamed(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	_, err = Start(t.Context(), Options{Dir: private(t), Port: listener.Addr().(*net.TCPAddr).Port, Fast: true})
	var taken *PortTakenError
	require.ErrorAs(t, err, &taken)
	require.Equal(t, listener.Addr().String(), taken.Address)
}

func TestRememberedPortTakenMeanwhileIsReplaced(t *testing.T) {
	dir := private(t)
	first := start(t, dir, 0)
	require.NoError(t, first.Stop())
	listener, err := net.Listen("tcp", first.Address())
	require.NoError(t, err)
	defer listener.Close()

	second := start(t, dir, 0)
	require.NotEqual(t, first.Port(), second.Port())
}

func TestDataOfAnotherVersionStaysUntouched(t *testing.T) {
	dir := private(t)
	data := filepath.Join(dir, "data")
	require.NoError(t, os.MkdirAll(data, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte("9\n"), 0o600))
	installed, err := Find(0)
	require.NoError(t, err)

	_, err = Start(t.Context(), Options{Dir: dir, Fast: true})
	var version *VersionError
	require.ErrorAs(t, err, &version)
	require.Equal(t, 9, version.Data)
	require.Contains(t, err.Error(), "PostgreSQL 9")
	require.Contains(t, err.Error(), "PostgreSQL "+strconv.Itoa(installed.Major))
	require.NotContains(t, err.Error(), "\n")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

// A disk that is not mounted is no reason to begin anew, and to write over the one password of what it holds.
func TestADirectoryThatHasGoneIsNotMadeAnew(t *testing.T) {
	dir := private(t)
	c := start(t, dir, 0)
	password := c.Password()
	require.NoError(t, c.Stop())
	data, aside := filepath.Join(dir, "data"), filepath.Join(dir, "elsewhere")
	require.NoError(t, os.Rename(data, aside))
	_, err := Start(t.Context(), Options{Dir: dir, Fast: true})
	require.ErrorContains(t, err, "pas monté")
	require.NoError(t, os.Rename(aside, data))
	again := start(t, dir, 0)
	require.Equal(t, password, again.Password())
	require.NoError(t, again.Stop())
}

func TestInterruptedInitIsDoneAgain(t *testing.T) {
	dir := private(t)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "data.new", "base"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data.new", "PG_VERSION"), []byte("15\n"), 0o600))
	c := start(t, dir, 0)
	require.Equal(t, "1", scalar(t, c.URL("postgres"), `SELECT 1`))
}

func TestOnlyLoopbackIsServed(t *testing.T) {
	_, err := Start(t.Context(), Options{Dir: private(t), Host: "0.0.0.0"})
	require.ErrorContains(t, err, "0.0.0.0")
}

func TestMachineWithoutPostgresIsToldTheCommand(t *testing.T) {
	t.Setenv("OKEY_POSTGRES_BIN", t.TempDir())
	_, err := Find(0)
	require.ErrorContains(t, err, "OKEY_POSTGRES_BIN")

	missing := &NotInstalledError{Command: installCommand()}
	require.Contains(t, missing.Error(), "install")
	require.NotContains(t, missing.Error(), "\n")
}

// TestNothingStaysWhenTheParentIsKilled runs itself as the parent: it starts a cluster, says so and is killed.
func TestNothingStaysWhenTheParentIsKilled(t *testing.T) {
	if dir := os.Getenv("OKEY_TEST_PARENT"); dir != "" {
		c, err := Start(context.Background(), Options{Dir: dir, Fast: true, DieWithParent: true})
		require.NoError(t, err)
		_, err = os.Stdout.WriteString("pid " + strconv.Itoa(c.command.Process.Pid) + "\n")
		require.NoError(t, err)
		select {}
	}
	dir := private(t)
	parent := exec.Command(os.Args[0], "-test.run=^TestNothingStaysWhenTheParentIsKilled$")
	parent.Env = append(os.Environ(), "OKEY_TEST_PARENT="+dir)
	stdout, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	line := make([]byte, 64)
	n, err := stdout.Read(line)
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(string(line[:n]), "pid ")))
	require.NoError(t, err)
	require.NoError(t, parent.Process.Kill())
	_ = parent.Wait() // "signal: killed", as meant

	require.Eventually(t, func() bool {
		_, err := os.Stat(dir)
		return errors.Is(err, os.ErrNotExist) && syscall.Kill(pid, 0) == syscall.ESRCH
	}, 10*time.Second, 20*time.Millisecond)
}
