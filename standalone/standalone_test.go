package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/smtp"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"okey/internal/cast"
	"okey/internal/pgtest"
	"okey/internal/postgres"
	"okey/internal/version"
	"okey/okey"
	"okey/standalone/temporald"
)

// patience is how long a test waits for what has to come. No speed is held by it: the engine looks at its queues every minute, whatever it was
// told, and machines are shared.
const patience = 4 * time.Minute

// folder has all that a run of tests keeps.
var folder string

// TestMain makes the test binary the program itself, so that tests start, kill and restart the very thing that users run.
// Its standard input ends with the test process: a test run that is broken off leaves nothing running, and nothing behind.
func TestMain(m *testing.M) {
	if folder = os.Getenv("OKEY_TEST_STANDALONE"); folder == "" {
		os.Exit(test(m))
	}
	if os.Getenv("OKEY_TEST_SHORT_HISTORIES") != "" {
		temporald.SuggestNewRunsAfter(40)
	}
	var left atomic.Bool
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		left.Store(true)
		_ = syscall.Kill(os.Getpid(), syscall.SIGTERM)
	}()
	main()
	if left.Load() {
		_ = os.RemoveAll(folder) // nobody is there to be told
	}
}

func test(m *testing.M) int {
	var err error
	if folder, err = os.MkdirTemp(postgres.Memory(), "okey-standalone-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	pgtest.AtOnce(1 + runtime.GOMAXPROCS(0)) // each has an engine and waits for it most of its time
	return m.Run()
}

// anyPorts lets tests run beside each other and beside an OKEY in use: each folder has its own, which nobody else gets while it is down.
func anyPorts(t *testing.T, dir string) []string {
	t.Helper()
	var flags []string
	for _, part := range []string{"http", "inbox", "temporal", "temporal-ui", "idp", "postgres"} {
		address, _ := given.LoadOrStore(dir+"/"+part, freeAddress(t))
		flags = append(flags, "--"+part, address.(string))
	}
	if address, old := given.LoadOrStore(dir+"/smtp", freeAddress(t)); !old { // no flag says it, what is remembered does
		_, port, err := net.SplitHostPort(address.(string))
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(dir, 0o700))
		require.NoError(t, rememberPorts(dir, map[string]string{"smtp": port}))
	}
	return flags
}

var (
	given sync.Map // addresses, by folder and part
	asked atomic.Int64
)

// freeAddress is one that the system gives to nobody who asks for any: Linux takes those from 32768 on.
func freeAddress(t *testing.T) string {
	t.Helper()
	const first, count = 20000, 12000
	for range count {
		port := first + (int64(os.Getpid())*61+asked.Add(1))%count
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			require.NoError(t, listener.Close())
			return listener.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}

// program is a running okey-standalone.
type program struct {
	*exec.Cmd
	dir   string
	said  bytes.Buffer // what it printed until it was ready
	wrong bytes.Buffer // its standard error
	env   map[string]string
}

var settings sync.Map // what a test sets for its programs, by its name

// set has a test's programs find a variable. t.Setenv would set it for all tests, and so keep this one from running beside them.
func set(t *testing.T, name, value string) {
	t.Helper()
	settings.Store(t.Name(), append(settingsOf(t), name+"="+value))
}

func settingsOf(t *testing.T) []string {
	whole, _, _ := strings.Cut(t.Name(), "/")
	found, _ := settings.Load(whole)
	list, _ := found.([]string)
	return list
}

func command(t *testing.T, dir string, arguments ...string) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0], append([]string{"--data", dir}, arguments...)...)
	c.Env = append(append(os.Environ(), settingsOf(t)...), "OKEY_TEST_STANDALONE="+folder)
	_, err := c.StdinPipe() // held open until the program ends, or we do
	require.NoError(t, err)
	return c
}

// start returns once the program says that it is ready.
func start(t *testing.T, dir string, arguments ...string) *program {
	t.Helper()
	pgtest.Beside(t)
	p := &program{Cmd: command(t, dir, append(anyPorts(t, dir), arguments...)...), dir: dir}
	p.Stderr = &p.wrong
	stdout, err := p.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.Start())
	t.Cleanup(func() { p.clear(t) })
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		p.said.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "Ctrl-C") {
			p.env = readEnvironment(t, filepath.Join(dir, "okey.env"))
			go func() { _, _ = io.Copy(io.Discard, stdout) }()
			return p
		}
	}
	ended := p.Wait() // only then is all of its standard error here
	t.Fatalf("okey-standalone ended before it was ready: %v: %s", ended, p.wrong.String())
	return nil
}

// stop ends the program as Ctrl-C does.
func (p *program) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, p.Process.Signal(syscall.SIGTERM))
	require.NoError(t, p.Wait(), p.wrong.String())
}

func (p *program) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, p.Process.Kill())
	_ = p.Wait() // "signal: killed", as meant
}

// clear leaves nothing behind a test, whatever became of it: a cluster that starts stops its orphan first.
func (p *program) clear(t *testing.T) {
	if p.ProcessState == nil {
		_ = p.Process.Kill()
		_ = p.Wait()
	}
	orphan, err := postgres.Start(t.Context(), postgres.Options{Dir: filepath.Join(p.dir, "postgres")})
	if err == nil {
		_ = orphan.Stop()
	}
}

func readEnvironment(t *testing.T, path string) map[string]string {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode(), path)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	values := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		require.True(t, ok, line)
		values[name] = value
	}
	return values
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Get(url)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body)
}

// address is what the welcome says of a part.
func (p *program) address(t *testing.T, part string) string {
	t.Helper()
	for line := range strings.Lines(p.said.String()) {
		if fields := strings.Fields(line); len(fields) == 2 && fields[0] == part {
			return fields[1]
		}
	}
	t.Fatalf("nothing is said of %s: %s", part, p.said.String())
	return ""
}

// private is a folder that only its owner may enter, as mktemp -d makes them.
func private(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(folder, "")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return filepath.Join(dir, "data")
}

func TestWholeHouseStandsAndSurvivesAKill(t *testing.T) {
	dir := private(t)
	first := start(t, dir, "--demo=small")
	require.Contains(t, first.said.String(), "Léa Martin")
	require.Contains(t, first.said.String(), "assistance")
	status, _ := get(t, first.address(t, "OKEY")+"/readyz")
	require.Equal(t, http.StatusOK, status)
	_, page := get(t, first.address(t, "Connexion"))
	require.Contains(t, page, "Paul Roux")
	for _, group := range cast.Groups {
		for _, player := range group.Players {
			require.Contains(t, html.UnescapeString(page), "<strong>"+player.Name+"</strong><span> : "+player.Does, "the demonstration has them")
		}
	}
	require.Contains(t, page, cast.HeadMail)
	require.Contains(t, first.said.String(), "Trois choses à faire")
	require.Contains(t, first.said.String(), fmt.Sprintf("kill -9 %d", first.Process.Pid))
	require.Equal(t, first.address(t, "Courriels"), first.env["OKEY_DEMONSTRATION"])
	require.Equal(t, "'Académie fictive'", first.env["OKEY_ACADEMY_NAME"], "papers say who issues them")
	require.NoError(t, smtp.SendMail(strings.TrimPrefix(first.env["OKEY_SMTP_URL"], "smtp://"), nil, "a@b.fr", []string{"c@d.fr"}, []byte("Subject: un\r\n\r\nbonjour\r\n")))
	cluster, err := os.Stat(filepath.Join(dir, "postgres", "data", "PG_VERSION"))
	require.NoError(t, err)
	first.kill(t)

	began := time.Now()
	second := start(t, dir)
	t.Logf("second start: %s", time.Since(began))
	again, err := os.Stat(filepath.Join(dir, "postgres", "data", "PG_VERSION"))
	require.NoError(t, err)
	require.True(t, os.SameFile(cluster, again), "nothing is made again")
	require.Equal(t, first.env, second.env, "secrets and addresses stay")
	var messages []struct{ Subject string }
	_, list := get(t, second.address(t, "Courriels")+"/messages.json")
	require.NoError(t, json.Unmarshal([]byte(list), &messages))
	require.Len(t, messages, 1)
	require.Equal(t, "un", messages[0].Subject)
	second.stop(t)

	_, err = os.Stat(filepath.Join(dir, "postgres", "data", "postmaster.pid"))
	require.ErrorIs(t, err, os.ErrNotExist, "the database is stopped, too")
}

func TestEngineAloneForProgramsThatJoinIn(t *testing.T) {
	p := start(t, private(t), "--no-okey", "--no-demo")
	require.Empty(t, p.env["OKEY_DEMONSTRATION"], "nobody here is made up")
	require.NotContains(t, p.env, "OKEY_ACADEMY_NAME", "nor is an academy")
	require.Contains(t, p.said.String(), "bin/okey server")
	require.Contains(t, p.said.String(), "bin/okey import")
	answer, err := http.Get(p.env["OKEY_OIDC_ISSUER"])
	require.NoError(t, err)
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NotContains(t, string(page), "inventées")
	listener, err := net.Listen("tcp", p.env["OKEY_HTTP"])
	require.NoError(t, err, "the port is for bin/okey server")
	defer listener.Close()
	c, err := client.Dial(client.Options{HostPort: p.env["TEMPORAL_ADDRESS"], Namespace: p.env["TEMPORAL_NAMESPACE"]})
	require.NoError(t, err)
	c.Close()
	admin := readEnvironment(t, filepath.Join(p.dir, "okey-admin.env"))
	require.Len(t, admin, 1)
	require.Contains(t, admin["OKEY_ADMIN_DATABASE_URL"], postgres.Admin)
	require.NotContains(t, p.env, "OKEY_ADMIN_DATABASE_URL")
	p.stop(t)

	again := start(t, p.dir, "--no-okey", "--http", p.env["OKEY_HTTP"])
	require.Equal(t, p.env, again.env, "a server that runs on is no obstacle")
	again.stop(t)
}

func TestOneProgramAFolder(t *testing.T) {
	p := start(t, private(t), "--no-okey", "--no-demo")
	code, said := fails(t, command(t, p.dir, anyPorts(t, p.dir)...))
	require.Equal(t, 1, code)
	require.Contains(t, said, "utilise déjà le dossier")
	p.stop(t)
}

func TestOccupiedPortIsNamedAndNothingStarts(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	for _, flag := range []string{"--http", "--inbox", "--temporal", "--temporal-ui", "--idp", "--postgres"} {
		dir := private(t)
		code, said := fails(t, command(t, dir, append(anyPorts(t, dir), flag, listener.Addr().String())...))
		require.Equal(t, 1, code, said)
		require.Equal(t, 1, strings.Count(said, "\n"), said)
		require.Contains(t, said, fmt.Sprintf("%s %s : cette adresse est déjà occupée", flag, listener.Addr()))
		require.Contains(t, said, "par exemple "+flag+" 127.0.0.1:")
		_, err := os.Stat(filepath.Join(dir, "postgres", "data", "postmaster.pid"))
		require.ErrorIs(t, err, os.ErrNotExist)
	}
}

func TestWrongAddressesAreNamedAllAtOnce(t *testing.T) {
	dir := private(t)
	code, said := fails(t, command(t, dir, append(anyPorts(t, dir), "--http", "8080", "--idp", "0.0.0.0:8090", "--inbox", "127.0.0.1:99999")...))
	require.Equal(t, 1, code)
	require.Contains(t, said, "--http 8080 : écrivez une adresse et un port")
	require.Contains(t, said, "--idp 0.0.0.0:8090 : okey-standalone n'écoute que sur cette machine")
	require.Contains(t, said, "--inbox 127.0.0.1:99999 : le port est un nombre")
	_, said = fails(t, command(t, dir, append(anyPorts(t, dir), "--demo-scale", "0")...))
	require.Contains(t, said, "--demo-scale 0 : écrivez un nombre, 1 ou plus")
}

func TestFolderOfAnotherPostgresVersionStaysUntouched(t *testing.T) {
	dir := private(t)
	data := filepath.Join(dir, "postgres", "data")
	require.NoError(t, os.MkdirAll(data, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte("9\n"), 0o600))
	code, said := fails(t, command(t, dir, anyPorts(t, dir)...))
	require.Equal(t, 1, code)
	require.Contains(t, said, "viennent de PostgreSQL 9")
	require.Equal(t, 1, strings.Count(said, "\n"), said)
}

func TestLostSecretsAreMissedRatherThanReplaced(t *testing.T) {
	dir := private(t)
	start(t, dir, "--no-okey", "--no-demo").stop(t)
	require.NoError(t, os.Remove(secretsFile(dir)))
	code, said := fails(t, command(t, dir, append(anyPorts(t, dir), "--no-okey")...))
	require.Equal(t, 1, code)
	require.Contains(t, said, "remettez-le")
}

// Without okey.env too: a database that has an audit was worked with.
func TestNoNewSecretsAreMadeBesideADatabaseThatHasAnAudit(t *testing.T) {
	dir := private(t)
	start(t, dir, "--no-okey", "--demo=small").stop(t)
	require.NoError(t, os.Remove(secretsFile(dir)))
	require.NoError(t, os.Remove(environmentFile(dir)))
	code, said := fails(t, command(t, dir, append(anyPorts(t, dir), "--no-okey")...))
	require.Equal(t, 1, code)
	require.Contains(t, said, "a servi avec ses secrets")
}

// PostgreSQL is killed under everything: it comes back by itself, and what is asked then is done.
func TestADatabaseThatIsKilledComesBackByItself(t *testing.T) {
	s := newStack(t)
	s.keys("00480001")
	pid, err := os.ReadFile(filepath.Join(s.dir, "postgres", "data", "postmaster.pid"))
	require.NoError(t, err)
	first, _, _ := strings.Cut(string(pid), "\n")
	number, err := strconv.Atoi(first)
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(number, syscall.SIGKILL))
	require.Eventually(t, func() bool {
		said, err := os.ReadFile(filepath.Join(s.dir, "okey.log"))
		return err == nil && strings.Contains(string(said), "PostgreSQL was started again") && answers(t.Context(), s.env["OKEY_URL"]+"/readyz")
	}, patience, 200*time.Millisecond)
	s.awaitEnd(s.until("lea", okey.HandedOver, "00480001"))
}

// fails runs a program that must end by itself, with an error.
func fails(t *testing.T, c *exec.Cmd) (code int, said string) {
	t.Helper()
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, "%s", out)
	return exit.ExitCode(), string(out)
}

// Settings that cannot hold are told together, each once, before a database has been made for them; what does nothing is told too.
func TestWrongSettingsAreToldBeforeAnythingStarts(t *testing.T) {
	dir := private(t)
	c := command(t, dir, append(anyPorts(t, dir), "--production")...)
	c.Env = append(c.Env, "OKEY_URL=okey.ac-exemple.fr", "OKEY_MAIL_FROM=personne", "OKEY_SUPORT_MAIL=a@b.fr")
	code, said := fails(t, c)
	assert.Equal(t, 1, code)
	for _, name := range []string{"OKEY_URL", "OKEY_MAIL_FROM", "OKEY_SMTP_URL", "OKEY_OIDC_ISSUER"} {
		assert.Equal(t, 1, strings.Count(said, name+" "), "%s in %s", name, said)
	}
	assert.Contains(t, said, "OKEY_SUPORT_MAIL n'est pas un réglage, et n'a aucun effet : écrivez OKEY_SUPPORT_MAIL.")
	assert.Contains(t, said, "OKEY_SUPPORT_MAIL : manque")
	assert.NoDirExists(t, databaseDir(dir))
	assert.NoFileExists(t, secretsFile(dir))
	assert.NoFileExists(t, markerIn(dir), "what was refused is no production yet")

	t.Setenv("OKEY_LDAP_URL", "ldaps://annuaire")
	assert.Equal(t, []string{"OKEY_LDAP_URL n'a pas d'effet ici : okey-standalone s'en charge."}, unheard(nil)[:1])
}

func TestTheProgramSaysWhichVersionItIs(t *testing.T) {
	for _, asked := range []string{"version", "--version"} {
		said, err := command(t, t.TempDir(), asked).Output()
		require.NoError(t, err)
		assert.Contains(t, string(said), version.Say()+"\n")
	}
}
