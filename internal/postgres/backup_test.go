package postgres

import (
	"bytes"
	"database/sql"
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
	service := project.Services["backup"]
	require.Equal(t, types.ShellCommand{"/bin/sh", "-euc"}, service.Entrypoint)
	return strings.NewReplacer("$$", "$", "/backup", folder, "--username postgres", "--username "+Admin).Replace(service.Command[0])
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

	folder := t.TempDir()
	for _, old := range []string{"2026-01-01", "2026-01-02"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, "okey-"+old+".tar.gz"), nil, 0o600))
	}
	taken := func(what string, at time.Time) {
		_ = os.Remove(filepath.Join(folder, "good"))
		if what == "at its hour" { // for the others it would begin at once
			require.NoError(t, os.WriteFile(filepath.Join(folder, "good"), nil, 0o600))
		}
		began := time.Now()
		var said bytes.Buffer
		loop := exec.CommandContext(t.Context(), "/bin/sh", "-euc", backupScript(t, folder))
		loop.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		loop.Cancel = func() error { return syscall.Kill(-loop.Process.Pid, syscall.SIGKILL) }
		loop.Stdout, loop.Stderr = &said, &said
		loop.Env = []string{
			"PATH=" + c.binaries.Dir + ":/usr/bin:/bin", "LC_ALL=C", "TZ=UTC", "PGPORT=" + strconv.Itoa(c.port), "PGPASSWORD=" + c.password,
			"AT=" + at.UTC().Format(time.TimeOnly), "KEEP=2",
		}
		require.NoError(t, loop.Start())
		defer func() { _ = syscall.Kill(-loop.Process.Pid, syscall.SIGKILL); _ = loop.Wait() }()
		require.Eventually(t, func() bool {
			good, err := os.Stat(filepath.Join(folder, "good"))
			return err == nil && good.ModTime().After(began)
		}, time.Minute, 50*time.Millisecond, "none %s: %s", what, &said)
	}
	taken("at first", time.Now().Add(-time.Hour))
	taken("at its hour", time.Now().Add(4*time.Second))
	kept, err := filepath.Glob(filepath.Join(folder, "okey-*.tar.gz"))
	require.NoError(t, err)
	assert.Len(t, kept, 2, "the newest are kept")

	byHand := filepath.Join(folder, "okey.tar.gz")
	documented(t, regexp.MustCompile(`exec -T postgres (.*) > okey\.tar\.gz`),
		"PATH="+c.binaries.Dir+":/usr/bin:/bin", "PGPORT="+strconv.Itoa(c.port), "PGHOST=127.0.0.1", "PGPASSWORD="+c.password,
	)("--username postgres", "--username "+Admin, "$", " > "+byHand)
	for _, made := range []string{kept[1], byHand} {
		restoredFrom(t, c, made)
	}
}

// documented is a command of docs/backup.md that operators copy, to be run with places of this machine instead of theirs: "$" stands for its end.
func documented(t *testing.T, command *regexp.Regexp, environment ...string) func(instead ...string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/backup.md")
	require.NoError(t, err)
	found := command.FindStringSubmatch(string(text))
	require.NotNil(t, found, "docs/backup.md does not say %s", command)
	return func(instead ...string) {
		t.Helper()
		line := strings.TrimSuffix(strings.NewReplacer(instead...).Replace(found[1]+"$"), "$")
		run := exec.CommandContext(t.Context(), "/bin/sh", "-euc", line)
		run.Env = append([]string{"LC_ALL=C", "TZ=UTC", "PATH=/usr/sbin:/usr/bin:/bin"}, environment...)
		said, err := run.CombinedOutput()
		require.NoError(t, err, "%s: %s", line, said)
	}
}

// restoredFrom puts a backup of the cluster back by the documented command, and looks whether what it held is there.
func restoredFrom(t *testing.T, c *Cluster, made string) {
	t.Helper()
	restored := t.TempDir()
	data := filepath.Join(restored, "data")
	require.NoError(t, os.Mkdir(data, 0o700))
	owner := "chown -R " + strconv.Itoa(os.Getuid())
	if c.account != nil {
		owner = "chown -R " + strconv.Itoa(c.account.uid)
	}
	documented(t, regexp.MustCompile(`(?s)--entrypoint sh postgres .*?-c '([^']*)'`))(
		"/from/okey.tar.gz", made, "/var/lib/postgresql/data", data, "chown -R postgres:", owner)
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
