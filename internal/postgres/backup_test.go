package postgres

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// backupScript is what the service `backup` of docker-compose.yml runs, with its folder and database here.
func backupScript(t *testing.T, folder string) string {
	t.Helper()
	project, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir: "../..", ConfigFiles: []types.ConfigFile{{Filename: "../../docker-compose.yml"}},
		Environment: map[string]string{},
	}, func(o *loader.Options) { o.SkipInterpolation, o.SkipConsistencyCheck = true, true })
	require.NoError(t, err)
	entry := project.Services["backup"].Entrypoint
	require.Equal(t, []string{"/bin/sh", "-euc"}, []string(entry[:2]))
	return strings.NewReplacer("$$", "$", "/backup", folder, "3600", "1").Replace(entry[2])
}

// composed is the service `backup`, with its database here; words are its command.
func composed(t *testing.T, c *Cluster, folder, at string, words ...string) (service *exec.Cmd, said *bytes.Buffer) {
	t.Helper()
	said = &bytes.Buffer{}
	service = exec.CommandContext(t.Context(), "/bin/sh", append([]string{"-euc", backupScript(t, folder), "backup"}, words...)...)
	service.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	service.Cancel = func() error { return syscall.Kill(-service.Process.Pid, syscall.SIGKILL) }
	service.Stdout, service.Stderr = said, said
	service.Env = []string{
		"PATH=" + c.binaries.Dir + ":/usr/bin:/bin", "LC_ALL=C", "TZ=UTC", "PGHOST=127.0.0.1", "PGUSER=" + Admin,
		"PGPORT=" + strconv.Itoa(c.port), "PGPASSWORD=" + c.password, "AT=" + at, "KEEP=2",
	}
	return service, said
}

// busy has checkpoints pass for as long as the test runs, as on a day on which people work: each throws away what log is not kept.
func busy(t *testing.T, db *sql.DB) {
	t.Helper()
	_, err := db.Exec(`CREATE TABLE worked (n int)`)
	require.NoError(t, err)
	over, done := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(over); <-done })
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-over:
				return
			case <-tick.C:
				passes(db)
			}
		}
	}()
}

func passes(db *sql.DB) {
	for _, statement := range []string{`INSERT INTO worked VALUES (1)`, `SELECT pg_switch_wal()`, `CHECKPOINT`} {
		_, _ = db.Exec(statement) // the database may be stopping
	}
}

// checkpoints is a slow reader of a backup: while the first of it is taken, checkpoints pass.
type checkpoints struct {
	db *sql.DB
	n  int
}

func (c *checkpoints) Write(p []byte) (int, error) {
	for ; c.n < 5; c.n++ {
		passes(c.db)
	}
	return len(p), nil
}

func TestABackupOutlivesCheckpoints(t *testing.T) {
	c := lasting(t, t.TempDir())
	db, err := sql.Open("postgres", c.URL("postgres"))
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec(`CREATE TABLE worked (n int)`)
	require.NoError(t, err)
	require.NoError(t, Backup(t.Context(), Options{Dir: c.options.Dir, Port: c.port}, &checkpoints{db: db}))
	require.Eventually(t, func() bool { // what was kept for it is let go
		var slots int
		return db.QueryRow(`SELECT count(*) FROM pg_replication_slots`).Scan(&slots) == nil && slots == 0
	}, time.Minute, 20*time.Millisecond)
}

// lasting starts a cluster as production has it: one of tests' own keeps nothing that a backup is made of.
func lasting(t *testing.T, dir string) *Cluster {
	t.Helper()
	c, err := Start(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Stop()) })
	return c
}

// The nightly backup of docker-compose.yml, by PostgreSQL's own programs: it comes at once and at its hour, is checked, the newest are kept, and a
// cluster made of one has what the database had.
func TestTheBackupOfComposeIsTakenAndCanBeRestored(t *testing.T) {
	c := lasting(t, t.TempDir())
	db, err := sql.Open("postgres", c.URL("postgres"))
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec(`CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n`)
	require.NoError(t, err)
	busy(t, db)

	folder := t.TempDir()
	for _, old := range []string{"2026-01-01", "2099-01-01", "2099-01-02"} { // of a clock that was wrong: today's is never what goes
		require.NoError(t, os.WriteFile(filepath.Join(folder, "okey-"+old+".tar.gz"), nil, 0o644))
	}
	killed := filepath.Join(folder, "okey-2026-01-03.new")
	require.NoError(t, os.Mkdir(killed, 0o700))
	require.NoError(t, os.Chtimes(killed, time.Now().AddDate(0, 0, -2), time.Now().AddDate(0, 0, -2)))
	var kept []string
	taken := func(what string, at time.Time) {
		_ = os.Remove(filepath.Join(folder, "good"))
		if what == "at its hour" { // for the others it would begin at once
			require.NoError(t, os.WriteFile(filepath.Join(folder, "good"), nil, 0o600))
		}
		began := time.Now()
		loop, said := composed(t, c, folder, at.UTC().Format(time.TimeOnly), "nightly")
		require.NoError(t, loop.Start())
		defer func() { _ = syscall.Kill(-loop.Process.Pid, syscall.SIGKILL); _ = loop.Wait() }()
		require.Eventually(t, func() bool {
			good, err := os.Stat(filepath.Join(folder, "good"))
			kept, _ = filepath.Glob(filepath.Join(folder, "okey-*.tar.gz"))
			return err == nil && good.ModTime().After(began) && len(kept) == 2 // the newest are kept
		}, time.Minute, 50*time.Millisecond, "none %s: %s", what, said)
	}
	taken("at first", time.Now().Add(-time.Hour))
	assert.NoDirExists(t, killed, "what one that was killed has left")
	taken("at its hour", time.Now().Add(4*time.Second))
	require.Contains(t, documents(t), "docker compose run --rm backup now")
	now, said := composed(t, c, folder, "02:30", "now")
	require.NoError(t, now.Run(), said)
	lines := strings.Split(strings.TrimSpace(said.String()), "\n")
	byHand := lines[len(lines)-1]
	for _, made := range []string{kept[0], byHand} {
		about, err := os.Stat(made)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), about.Mode(), made)
		restoredFrom(t, c, made)
	}
}

// A setting that is none would keep no backup at all, or take none: it is named, and nothing is removed.
func TestABackupOfComposeRefusesWhatIsNoSetting(t *testing.T) {
	c := &Cluster{port: 1}
	for setting, values := range map[string][]string{
		"KEEP": {"0", "00", "-1", "", "two", "1.5", "2 ", "1000"}, "AT": {"2h30", "24:00", "02:60", "", "tomorrow", "02:30 "},
	} {
		for _, value := range values {
			folder := t.TempDir()
			kept := filepath.Join(folder, "okey-2026-01-01.tar.gz")
			require.NoError(t, os.WriteFile(kept, nil, 0o600))
			service, said := composed(t, c, folder, "02:30", "nightly")
			service.Env = append(service.Env, setting+"="+value)
			require.NoError(t, service.Start())
			late := time.AfterFunc(10*time.Second, func() { _ = service.Cancel() }) // it waits for another try
			assert.Error(t, service.Wait(), "%s=%s", setting, value)
			late.Stop()
			assert.Contains(t, said.String(), "OKEY_BACKUP_"+setting+"="+value+": write ")
			assert.FileExists(t, kept)
		}
	}
	service, said := composed(t, c, t.TempDir(), "2:30", "nightly")
	require.NoError(t, service.Start())
	late := time.AfterFunc(time.Second, func() { _ = service.Cancel() })
	_ = service.Wait()
	late.Stop()
	assert.Contains(t, said.String(), "no backup was taken: again within the hour", "2:30 is an hour")
}

// What fails is tried again, and leaves nothing that looks like a backup; what is taken is noted where doctor and metrics find it.
func TestABackupOfComposeThatFailsIsTriedAgain(t *testing.T) {
	c, err := Start(t.Context(), Options{Dir: t.TempDir()})
	require.NoError(t, err)
	folder := t.TempDir()
	require.NoError(t, c.Stop())
	loop, _ := composed(t, c, folder, "02:30", "nightly")
	out := filepath.Join(t.TempDir(), "out")
	written, err := os.Create(out)
	require.NoError(t, err)
	defer written.Close()
	loop.Stdout, loop.Stderr = written, written
	require.NoError(t, loop.Start())
	defer func() { _ = syscall.Kill(-loop.Process.Pid, syscall.SIGKILL); _ = loop.Wait() }()
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(out)
		return err == nil && strings.Count(string(text), "again within the hour") >= 2
	}, time.Minute, 50*time.Millisecond)
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, entry := range left {
		assert.True(t, strings.HasSuffix(entry.Name(), ".new"), "%s looks like a backup", entry.Name())
	}
	c = lasting(t, c.options.Dir)
	db, err := sql.Open("postgres", c.URL("postgres"))
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec(`CREATE DATABASE okey`)
	require.NoError(t, err)
	noted, err := sql.Open("postgres", c.URL("okey"))
	require.NoError(t, err)
	defer noted.Close()
	_, err = noted.Exec(`CREATE TABLE setting (name text PRIMARY KEY, value text, changed_at timestamptz)`)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		var ago float64
		err := noted.QueryRow(`SELECT extract(epoch FROM now() - changed_at) FROM setting WHERE name = 'backup_taken'`).Scan(&ago)
		return err == nil && ago < 60
	}, time.Minute, 50*time.Millisecond)
}

// documents is the guide of backups.
func documents(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/backup.md")
	require.NoError(t, err)
	return string(text)
}

// documented is a command of docs/backup.md that operators copy, to be run with places of this machine instead of theirs: "$" stands for its end.
func documented(t *testing.T, command *regexp.Regexp, environment ...string) func(instead ...string) error {
	t.Helper()
	found := command.FindStringSubmatch(documents(t))
	require.NotNil(t, found, "docs/backup.md does not say %s", command)
	return func(instead ...string) error {
		t.Helper()
		line := strings.TrimSuffix(strings.NewReplacer(instead...).Replace(found[1]+"$"), "$")
		run := exec.CommandContext(t.Context(), "/bin/sh", "-euc", line)
		run.Env = append([]string{"LC_ALL=C", "TZ=UTC", "PATH=/usr/sbin:/usr/bin:/bin"}, environment...)
		said, err := run.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s: %w: %s", line, err, said)
		}
		return nil
	}
}

// restoredFrom puts a backup of the cluster back by the documented command, and looks whether what it held is there.
func restoredFrom(t *testing.T, c *Cluster, made string) {
	t.Helper()
	restored, from := t.TempDir(), t.TempDir()
	data := filepath.Join(restored, "data")
	require.NoError(t, os.Mkdir(data, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(data, "before"), nil, 0o600))
	owner := "chown -R " + strconv.Itoa(os.Getuid())
	if c.account != nil {
		owner = "chown -R " + strconv.Itoa(c.account.uid)
	}
	command := regexp.MustCompile(`(?s)--entrypoint sh postgres .*?-euc '([^']*)'`)
	path := "PATH=" + c.binaries.Dir + ":/usr/sbin:/usr/bin:/bin"
	instead := []string{"/var/lib/postgresql/data", data, "chown -R postgres:", owner, "/from/", from + "/"}
	whole, err := os.ReadFile(made)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(from, "okey.tar.gz"), whole[:len(whole)/2], 0o600))
	require.Error(t, documented(t, command, path)(instead...), "half a backup")
	require.FileExists(t, filepath.Join(data, "before"), "what is there stays until the backup was found whole")
	require.NoError(t, os.WriteFile(filepath.Join(from, "okey.tar.gz"), whole, 0o600))
	require.NoError(t, documented(t, command, path)(instead...))
	require.FileExists(t, filepath.Join(from, "before", "before"), "and after that, too")
	require.NoFileExists(t, filepath.Join(data, "before"))
	password, err := os.ReadFile(filepath.Join(c.options.Dir, "password"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(restored, "password"), password, 0o600))
	if a := c.account; a != nil {
		require.NoError(t, filepath.WalkDir(restored, func(path string, _ os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return a.own(path)
		}))
	}
	again := lasting(t, restored)
	other, err := sql.Open("postgres", again.URL("postgres"))
	require.NoError(t, err)
	defer other.Close()
	var n int
	require.NoError(t, other.QueryRow(`SELECT count(*) FROM kept`).Scan(&n))
	assert.Equal(t, 1000, n)
}
