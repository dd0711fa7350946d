package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	stdsql "database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"okey/internal/freeradius"
	"okey/sql"
	"okey/standalone/inbox"
	"okey/standalone/otp"
)

// authentication is the academy's authentication server in the demonstration: FreeRADIUS, where this machine has it. The demonstration
// plays the keys' part too: the secret of each follows from a seed that the folder keeps, and the inbox shows what each key in hand shows.
type authentication struct {
	freeradius.Settings
	seed []byte
	db   *stdsql.DB

	mu      sync.Mutex
	process *os.Process // nil while it does not run
	ending  bool
}

// prepareAuthentication finds what there is to be known of it before OKEY is configured; nil where there is none, or none that can be
// started: then the pages say nothing of it.
func (h *house) prepareAuthentication(ctx context.Context) *authentication {
	if !h.demonstrates() {
		return nil
	}
	if _, err := freeradius.Program(); err != nil {
		return nil
	}
	a, err := h.newAuthentication()
	if err == nil {
		err = a.Prepare(nil) // those who have a key are known later
	}
	if err == nil {
		within, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		err = a.Check(within)
	}
	if err != nil {
		slog.Warn("FreeRADIUS is here and can't be started: the demonstration does without it", "error", err)
		return nil
	}
	return a
}

func (h *house) newAuthentication() (*authentication, error) {
	dir := filepath.Join(h.flags.Data, "radius")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the authentication server: %w", err)
	}
	seed, err := keptSeed(filepath.Join(dir, "seed"))
	if err != nil {
		return nil, err
	}
	a := &authentication{seed: seed}
	a.Settings = freeradius.Settings{
		Dir: dir, Client: "127.0.0.1", URL: h.addresses.http.url(), Secret: hex.EncodeToString(a.derived("shared")[:16]),
		Token: "okey_" + base64.RawURLEncoding.EncodeToString(a.derived("token")),
	}
	a.Auth, err = keptPort(filepath.Join(dir, "auth-port"))
	if err == nil {
		a.Acct, err = keptPort(filepath.Join(dir, "acct-port"))
	}
	if err != nil {
		return nil, fmt.Errorf("find a port for the authentication server: %w", err)
	}
	return a, nil
}

func keptSeed(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err == nil {
		return hex.DecodeString(string(text))
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read the seed of the keys: %w", err)
	}
	seed := make([]byte, 32)
	rand.Read(seed) // never fails
	return seed, writeWhole(file, hex.EncodeToString(seed))
}

// keptPort is an address for UDP, the same at each start unless somebody else has taken it.
func keptPort(file string) (string, error) {
	last, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	for range 40 { // the server of a process that was killed goes as soon as its guard has seen that
		if len(last) == 0 {
			break
		}
		conn, err := net.ListenPacket("udp", string(last))
		if err == nil {
			return string(last), conn.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	at := conn.LocalAddr().String()
	return at, errors.Join(conn.Close(), writeWhole(file, at))
}

func (a *authentication) derived(what string) []byte {
	mac := hmac.New(sha256.New, a.seed)
	mac.Write([]byte(what))
	return mac.Sum(nil)
}

// settings are what OKEY is told.
func (a *authentication) settings() []variable {
	if a == nil {
		return nil
	}
	return []variable{
		{"OKEY_RADIUS_SERVERS", a.Auth},
		{"OKEY_RADIUS_SECRET", a.Secret},
		{"OKEY_COUNTER_PROOF", ours("OKEY_COUNTER_PROOF", "offered")},
	}
}

// asking is whom the server's token stands for.
var asking = sql.Bearer{Service: "freeradius", Scopes: []string{"pin-checks", "logins"}}

// startAuthentication starts the server and has the inbox show the keys. One that does not run is missed by whoever tries a key, and by
// nobody else: it brings nothing down.
func (h *house) startAuthentication(ctx context.Context, store *sql.Store, box *inbox.Inbox) error {
	a := h.authentication
	if a == nil {
		return nil
	}
	a.db = store.DB()
	now := time.Now().UTC()
	if _, err := store.Bearer(ctx, a.Token, now.AddDate(0, 0, 30)); err != nil {
		err := store.Do(ctx, func(tx *sql.Tx) error { return tx.SaveToken(ctx, a.Token, asking, now, now.AddDate(10, 0, 0)) })
		if err != nil {
			return fmt.Errorf("give the authentication server its token: %w", err)
		}
	}
	users, err := a.users(ctx)
	if err == nil {
		err = a.Prepare(users)
	}
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended, begun := make(chan struct{}), make(chan struct{})
	go func() { defer close(ended); a.keep(running, sync.OnceFunc(func() { close(begun) })) }()
	// A program has our sockets for the instant in which it begins. None is handed on meanwhile: it would be taken, still.
	<-begun
	go a.follow(running, users)
	h.add("serveur d'authentification", func() error {
		stop()
		a.end()
		<-ended
		return nil
	})
	box.ShowKeys(a.shown)
	return nil
}

// keep runs the server until it is told to end, anew where it ends by itself; begun is told of the first begin, or that it failed.
func (a *authentication) keep(ctx context.Context, begun func()) {
	for ctx.Err() == nil {
		err := a.run(begun)
		begun()
		if err != nil {
			slog.Error("the authentication server does not run", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(2 * time.Second):
		}
	}
}

// orphaned kills the server once the other end of its standard input is gone without a word: this process was killed.
const orphaned = `read word && exit 0
kill -KILL "$1"`

func (a *authentication) run(begun func()) error {
	run, err := a.Command(context.Background()) // it is told to end
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(a.Dir, "radius.log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	run.Stdout, run.Stderr = log, log
	run.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // out of reach of the terminal's Ctrl-C
	if err := a.begin(run); err != nil {
		return err
	}
	guard := exec.Command("/bin/sh", "-c", orphaned, "sh", strconv.Itoa(run.Process.Pid))
	guard.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	word, err := guard.StdinPipe()
	if err == nil {
		err = guard.Start()
	}
	begun()
	if err != nil {
		_ = run.Process.Kill()
	}
	ended := run.Wait()
	a.mu.Lock()
	a.process = nil
	a.mu.Unlock()
	if err != nil {
		return err
	}
	_, _ = word.Write([]byte("done\n"))
	_ = word.Close()
	_ = guard.Wait()
	return ended
}

func (a *authentication) begin(run *exec.Cmd) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ending {
		return context.Canceled
	}
	if err := run.Start(); err != nil {
		return err
	}
	a.process = run.Process
	return nil
}

func (a *authentication) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ending = true
	a.signal(syscall.SIGTERM)
}

// signal is for whoever holds the lock.
func (a *authentication) signal(s os.Signal) {
	if a.process != nil {
		_ = a.process.Signal(s) // one that has just ended needs none
	}
}

// between is how far apart FreeRADIUS takes two requests to read its users again: it wants five seconds, counted in whole ones.
const between = 7 * time.Second

// follow has the server know who has which key, as keys change hands.
func (a *authentication) follow(ctx context.Context, known []freeradius.User) {
	told := time.Now() // its start counts as well
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		users, err := a.users(ctx)
		if err != nil || time.Since(told) <= between || sameUsers(users, known) {
			continue // read again at the next tick
		}
		if err := a.WriteUsers(users); err != nil {
			slog.Error("the authentication server is not told who has a key", "error", err)
			continue
		}
		a.mu.Lock()
		a.signal(syscall.SIGHUP)
		a.mu.Unlock()
		known, told = users, time.Now()
	}
}

func sameUsers(a, b []freeradius.User) bool {
	return slices.EqualFunc(a, b, func(x, y freeradius.User) bool { return x.Name == y.Name && x.Serial == y.Serial })
}

// inHand are the keys that their holder can use, or may try before they are handed over, and whose they are: one that replaces another
// comes after it.
const inHand = `SELECT p.uid, k.serial, p.given_name || ' ' || p.family_name FROM key k LEFT JOIN request r ON r.id = k.request
	JOIN person p ON p.id = coalesce(k.holder, r.person) WHERE k.state IN ('in_service', 'lent', 'attributed')
	ORDER BY p.family_name, p.given_name, p.uid, k.state = 'attributed', k.serial`

// plain are the names that FreeRADIUS' file of users takes as they are.
var plain = regexp.MustCompile(`^[A-Za-z0-9._@-]+$`)

func (a *authentication) users(ctx context.Context) ([]freeradius.User, error) {
	var users []freeradius.User
	err := a.each(ctx, func(uid, serial, _ string) {
		if plain.MatchString(uid) && plain.MatchString(serial) {
			users = append(users, freeradius.User{Name: uid, Serial: serial, Secret: a.secret(serial)})
		}
	})
	return users, err
}

// shown are what the keys in hand show at an instant.
func (a *authentication) shown(ctx context.Context, at time.Time) ([]inbox.Key, error) {
	var keys []inbox.Key
	err := a.each(ctx, func(_, serial, holder string) {
		code := otp.Code(a.secret(serial), at)
		keys = append(keys, inbox.Key{Serial: serial, Holder: holder, Shows: code[:3] + " " + code[3:]})
	})
	return keys, err
}

func (a *authentication) each(ctx context.Context, take func(uid, serial, holder string)) error {
	rows, err := a.db.QueryContext(ctx, inHand)
	if err != nil {
		return fmt.Errorf("read who has a key: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var uid, serial, holder string
		if err := rows.Scan(&uid, &serial, &holder); err != nil {
			return fmt.Errorf("read who has a key: %w", err)
		}
		take(uid, serial, holder)
	}
	return rows.Err()
}

// secret is what a key reckons its codes from: here alone does anybody but the server and the key know it.
func (a *authentication) secret(serial string) []byte { return a.derived("key " + serial)[:20] }
