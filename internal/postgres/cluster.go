package postgres

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lib/pq"
)

// Admin is the role that owns the cluster and every database in it.
const Admin = "okey_admin"

const (
	startLimit = 2 * time.Minute // crash recovery replays what a kill -9 left behind
	stopLimit  = 30 * time.Second
)

// Options say where a cluster lives and how it runs.
type Options struct {
	Dir  string // made if missing; holds data/, password, port and log
	Host string // a loopback address; "" is 127.0.0.1
	Port int    // 0: the port of the last start if it is still free, else any free one

	Fast          bool // for tests: no fsync, a crash of the machine may lose everything
	DieWithParent bool // for tests: the server dies and Dir is removed when this process is gone, however it went
}

// Cluster is a running PostgreSQL server with its data directory. It is reached over TCP on a loopback address, with a
// password; it has no socket file.
type Cluster struct {
	options  Options
	binaries Binaries
	account  *account
	password string
	port     int
	command  *exec.Cmd
	watchdog *watchdog
	stopping sync.Once
	done     chan struct{}
	exit     error
	guarded
}

// PortTakenError tells that the port asked for belongs to another program.
type PortTakenError struct{ Address string }

func (e *PortTakenError) Error() string { return "l'adresse " + e.Address + " est déjà occupée" }

// Start makes the cluster on first use, stops a server that an earlier process left behind on the same directory, and
// returns once the server answers. A data directory of a version that is not installed is left as it is: *VersionError.
func Start(ctx context.Context, options Options) (*Cluster, error) {
	c, err := prepare(options)
	if err != nil {
		return nil, err
	}
	if err := stopOrphan(c.dataDir()); err != nil {
		return nil, fmt.Errorf("stop the server left running on %s: %w", c.dataDir(), err)
	}
	if err := c.init(ctx); err != nil {
		return nil, err
	}
	if err := c.choosePort(); err != nil {
		return nil, err
	}
	if err := c.launch(); err != nil {
		return nil, err
	}
	if err := c.awaitReady(ctx); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

func prepare(options Options) (*Cluster, error) {
	dir, err := filepath.Abs(options.Dir)
	if err != nil {
		return nil, fmt.Errorf("locate %s: %w", options.Dir, err)
	}
	options.Dir = dir
	if options.Host == "" {
		options.Host = "127.0.0.1"
	}
	if ip := net.ParseIP(options.Host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("PostgreSQL n'écoute que sur une adresse de bouclage (127.0.0.1), pas sur %s", options.Host)
	}
	c := &Cluster{options: options, done: make(chan struct{})}
	major, err := majorOf(c.dataDir())
	if err != nil {
		return nil, err
	}
	if c.binaries, err = Find(major); err != nil {
		var version *VersionError
		if errors.As(err, &version) {
			version.Dir = c.dataDir()
		}
		return nil, err
	}
	if c.account, err = unprivileged(); err != nil {
		return nil, err
	}
	return c, nil
}

// majorOf returns the version that made the data directory, 0 where there is none yet.
func majorOf(dataDir string) (int, error) {
	text, err := os.ReadFile(filepath.Join(dataDir, "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the data directory's version: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("le fichier PG_VERSION de %s est illisible : %q", dataDir, text)
	}
	return major, nil
}

func (c *Cluster) dataDir() string      { return filepath.Join(c.options.Dir, "data") }
func (c *Cluster) passwordFile() string { return filepath.Join(c.options.Dir, "password") }
func (c *Cluster) portFile() string     { return filepath.Join(c.options.Dir, "port") }

// LogFile is where the server writes what it has to say.
func (c *Cluster) LogFile() string { return filepath.Join(c.options.Dir, "log") }

// init makes the data directory under another name and renames it when it is whole, so that a process killed meanwhile
// leaves nothing that looks like a database.
func (c *Cluster) init(ctx context.Context) error {
	if err := os.MkdirAll(c.options.Dir, 0o700); err != nil {
		return fmt.Errorf("make the cluster's folder: %w", err)
	}
	if err := c.account.own(c.options.Dir); err != nil {
		return fmt.Errorf("hand the cluster's folder to its user: %w", err)
	}
	if _, err := os.Stat(c.dataDir()); err == nil {
		return c.readPassword()
	}
	if _, err := os.Stat(c.portFile()); err == nil { // it has run: what it held is somewhere else
		return fmt.Errorf("le dossier %s manque, et une base a servi ici : un disque n'est peut-être pas monté. Remettez-le, ou restaurez "+
			"une sauvegarde ; pour repartir de rien, effacez tout le dossier %s", c.dataDir(), c.options.Dir)
	}
	if err := c.writePassword(); err != nil {
		return err
	}
	half := c.dataDir() + ".new"
	if err := os.RemoveAll(half); err != nil {
		return fmt.Errorf("clear an unfinished data directory: %w", err)
	}
	arguments := []string{
		"-D", c.inside("data.new"), "-U", Admin, "--pwfile", c.inside("password"),
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=" + locale(), "--data-checksums",
	}
	if c.options.Fast {
		arguments = append(arguments, "--no-sync")
	}
	command, release, err := c.program(ctx, "initdb", arguments)
	if err != nil {
		return err
	}
	defer release()
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, lastLines(string(out)))
	}
	if err := os.Rename(half, c.dataDir()); err != nil {
		return fmt.Errorf("put the data directory in its place: %w", err)
	}
	return nil
}

func (c *Cluster) writePassword() error {
	secret := make([]byte, 24)
	rand.Read(secret) // never fails
	c.password = hex.EncodeToString(secret)
	if err := os.WriteFile(c.passwordFile(), []byte(c.password+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the cluster's password: %w", err)
	}
	return c.account.own(c.passwordFile())
}

func (c *Cluster) readPassword() error {
	text, err := os.ReadFile(c.passwordFile())
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("le fichier %s manque : c'est le mot de passe de la base, remettez-le depuis la sauvegarde", c.passwordFile())
	}
	if err != nil {
		return fmt.Errorf("read the cluster's password: %w", err)
	}
	c.password = strings.TrimSpace(string(text))
	return nil
}

// program prepares one of PostgreSQL's programs to run as the cluster's user, with descriptor 3 on the cluster's folder.
func (c *Cluster) program(ctx context.Context, name string, arguments []string) (*exec.Cmd, func(), error) {
	command := exec.CommandContext(ctx, c.binaries.path(name), arguments...)
	command.Dir = "/"
	command.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=" + c.binaries.Dir + ":/usr/bin:/bin"}
	command.SysProcAttr = c.account.attributes()
	if !c.account.seesThroughDescriptor() {
		return command, func() {}, nil
	}
	folder, err := os.Open(c.options.Dir)
	if err != nil {
		return nil, nil, fmt.Errorf("open the cluster's folder: %w", err)
	}
	command.ExtraFiles = []*os.File{folder}
	return command, func() { folder.Close() }, nil
}

// inside names a file of the cluster's folder as the cluster's user can reach it.
func (c *Cluster) inside(name string) string {
	if c.account.seesThroughDescriptor() {
		return "/proc/self/fd/3/" + name
	}
	return filepath.Join(c.options.Dir, name)
}

// choosePort settles on a port and remembers it: addresses written down elsewhere stay true across restarts.
func (c *Cluster) choosePort() error {
	if c.options.Port != 0 {
		c.port = c.options.Port
		if !c.free(c.port) {
			return &PortTakenError{Address: c.Address()}
		}
		return c.rememberPort()
	}
	if text, err := os.ReadFile(c.portFile()); err == nil {
		if last, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && c.free(last) {
			c.port = last
			return nil
		}
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(c.options.Host, "0"))
	if err != nil {
		return fmt.Errorf("find a free port: %w", err)
	}
	c.port = listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	return c.rememberPort()
}

func (c *Cluster) free(port int) bool {
	listener, err := net.Listen("tcp", net.JoinHostPort(c.options.Host, strconv.Itoa(port)))
	if err != nil {
		return false
	}
	listener.Close()
	return true
}

func (c *Cluster) rememberPort() error {
	if err := os.WriteFile(c.portFile(), []byte(strconv.Itoa(c.port)+"\n"), 0o600); err != nil {
		return fmt.Errorf("remember the cluster's port: %w", err)
	}
	return nil
}

func (c *Cluster) launch() error {
	log, err := c.openLog()
	if err != nil {
		return err
	}
	defer log.Close()
	// The server's life is not the start's context: it ends with Stop.
	command, release, err := c.program(context.Background(), "postgres", c.settings())
	if err != nil {
		return err
	}
	defer release()
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	c.command = command
	go func(done chan struct{}) {
		c.exit = command.Wait()
		close(done)
	}(c.done)
	if c.options.DieWithParent {
		c.watchdog, err = watch(command.Process.Pid, c.options.Dir)
	}
	return err
}

func (c *Cluster) settings() []string {
	arguments := []string{"-D", c.inside("data"), "-h", c.options.Host, "-p", strconv.Itoa(c.port)}
	settings := []string{
		"unix_socket_directories=", "max_connections=300", "password_encryption=scram-sha-256",
		"timezone=UTC", "log_timezone=UTC", "jit=off", "logging_collector=off", "log_min_messages=warning",
	}
	if c.options.Fast {
		settings = append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal",
			"max_wal_senders=0", "shared_buffers=32MB", "min_wal_size=32MB", "max_wal_size=128MB")
	}
	for _, setting := range settings {
		arguments = append(arguments, "-c", setting)
	}
	return arguments
}

func (c *Cluster) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	connector, err := pq.NewConnector(c.URL("postgres"))
	if err != nil {
		return fmt.Errorf("address the server: %w", err)
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if err = db.PingContext(ctx); err == nil {
			return nil
		}
		if refused, is := errors.AsType[*pq.Error](err); is && refused.Code == "3D000" { // no waiting brings it back
			return errors.New("PostgreSQL n'a plus ses données : un dossier de la base manque. Remettez la dernière sauvegarde")
		}
		select {
		case <-c.Done():
			return fmt.Errorf("PostgreSQL s'est arrêté au démarrage : %s", Explain(c.lastWords()))
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL ne répond pas : %w", errors.Join(ctx.Err(), err))
		case <-tick.C:
		}
	}
}

// Done is closed when the server has ended, asked to or not; one that Keep has started again since has another.
func (c *Cluster) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.done
}

// Address is host:port.
func (c *Cluster) Address() string { return net.JoinHostPort(c.options.Host, strconv.Itoa(c.port)) }

// Port is the TCP port the server listens on.
func (c *Cluster) Port() int { return c.port }

// Password is the admin role's.
func (c *Cluster) Password() string { return c.password }

// URL addresses one database as the cluster's owner.
func (c *Cluster) URL(database string) string { return c.URLAs(Admin, c.password, database) }

// URLAs addresses one database as any role.
func (c *Cluster) URLAs(role, password, database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(role, password), Host: c.Address(), Path: "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

func (c *Cluster) lastWords() string {
	text, err := os.ReadFile(c.LogFile())
	if err != nil {
		return err.Error()
	}
	if c.logFrom > int64(len(text)) { // somebody has emptied it meanwhile, as logrotate does
		c.logFrom = 0
	}
	said := string(text[c.logFrom:])
	var why strings.Builder // lines of an end follow it, and say less
	for line := range strings.Lines(said) {
		if strings.Contains(line, "FATAL:") || strings.Contains(line, "PANIC:") {
			why.WriteString(line)
		}
	}
	return lastLines(cmp.Or(why.String(), said))
}

func lastLines(text string) string {
	const n = 3
	var lines []string
	scanner := bufio.NewScanner(strings.NewReader(text))
	for scanner.Scan() {
		if line := strings.TrimSpace(scanner.Text()); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-n):], " · ")
}
