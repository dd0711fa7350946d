// Package radiustest gives tests a real RADIUS server: Debian's FreeRADIUS with the files of docs/freeradius, on this machine, until the
// test ends; and the tools of others: radclient, a stranger that asks it, and oathtool, which
// plays the key. It knows nothing else of OKEY.
package radiustest

import (
	"bytes"
	"context"
	"encoding/base32"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"okey/internal/freeradius"
	"okey/internal/radius"
)

// Secret is shared with whoever asks from this machine, unless Settings say another.
const Secret = "entre nous, et long"

// Server is a FreeRADIUS that runs.
type Server struct {
	freeradius.Settings
	t   testing.TB
	log *log
}

// log is what the server has said so far.
type log struct {
	sync.Mutex
	bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.Lock()
	defer l.Unlock()
	return l.Buffer.Write(p)
}

// Start runs a FreeRADIUS for the users; url and token are those of the OKEY that it asks about PINs. more goes behind the site.
func Start(t testing.TB, url, token, more string, users ...freeradius.User) *Server {
	t.Helper()
	s := &Server{t: t, log: &log{}}
	s.Settings = freeradius.Settings{Dir: t.TempDir(), Secret: Secret, Client: "127.0.0.1", URL: url, Token: token, More: more}
	if err := s.Prepare(users); err != nil {
		t.Fatal("radiustest:", err)
	}
	for attempts := 0; !s.run(); attempts++ { // somebody else may have taken a port between its choice and the start
		if attempts == 4 {
			t.Fatalf("radiustest: FreeRADIUS ended each time\n%s", s.Log())
		}
	}
	return s
}

// Log is what the server has written.
func (s *Server) Log() string {
	s.log.Lock()
	defer s.log.Unlock()
	return s.log.String()
}

// Says waits until the server has written this: its log comes after its answer.
func (s *Server) Says(words string) {
	s.t.Helper()
	within, cancel := context.WithTimeout(s.t.Context(), 10*time.Second)
	defer cancel()
	for !strings.Contains(s.Log(), words) {
		select {
		case <-within.Done():
			s.t.Fatalf("radiustest: FreeRADIUS has not said %q\n%s", words, s.Log())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Client asks this server as OKEY does.
func (s *Server) Client() radius.Settings {
	return radius.Settings{Servers: []radius.Server{{Address: s.Auth}}, Secret: s.Secret, NAS: "okey", Timeout: 10 * time.Second}
}

// run starts FreeRADIUS at free ports and waits until it answers; false where it ends instead.
func (s *Server) run() bool {
	s.t.Helper()
	s.Auth, s.Acct = Free(s.t), Free(s.t)
	program, err := s.Command(context.Background())
	if err != nil {
		s.t.Fatal("radiustest:", err)
	}
	program.Stdout, program.Stderr = s.log, s.log
	if err := program.Start(); err != nil {
		s.t.Fatal("radiustest:", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = program.Wait()
		close(ended)
	}()
	s.t.Cleanup(func() {
		_ = program.Process.Kill()
		<-ended
	})
	within, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	for {
		asking := s.Client()
		asking.Timeout = time.Second
		if err = asking.Alive(within, asking.Servers[0]); err == nil {
			return true
		}
		select {
		case <-ended:
			return false
		case <-within.Done():
			s.t.Fatalf("radiustest: FreeRADIUS does not answer: %v\n%s", err, s.Log())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Radclient sends a request of a kind (auth, acct, status) by FreeRADIUS' own client and returns what came back.
func (s *Server) Radclient(kind string, attributes ...string) string {
	s.t.Helper()
	to := s.Auth
	if kind == "acct" {
		to = s.Acct
	}
	ask := exec.CommandContext(s.t.Context(), "/usr/bin/radclient", "-x", "-r", "1", "-t", "5", to, kind, s.Secret)
	ask.Stdin = strings.NewReader(strings.Join(attributes, "\n") + "\n")
	said, err := ask.CombinedOutput()
	if err != nil && len(said) == 0 {
		s.t.Fatalf("radiustest: radclient (apt-get install -y --no-install-recommends freeradius-utils): %v", err)
	}
	return string(said)
}

// Codes are shown for so long (RFC 6238, 5.2), and one is judged within so much of it, however busy the machine is.
const (
	shown  = 30 * time.Second
	judged = 6 * time.Second
)

// Code is what a key with this secret shows at an instant, as oathtool reckons it. Where that is about to change, it is the next one, once
// it is shown: the server takes none that is typed late.
func Code(t testing.TB, secret []byte, at time.Time) string {
	t.Helper()
	if left := shown - time.Since(at.Truncate(shown)); left < judged {
		select {
		case <-time.After(left):
		case <-t.Context().Done():
		}
		at = time.Now()
	}
	said, err := exec.CommandContext(t.Context(), "/usr/bin/oathtool", "--totp", "-b", "-N", at.UTC().Format("2006-01-02 15:04:05 UTC"),
		base32.StdEncoding.EncodeToString(secret)).CombinedOutput()
	if err != nil {
		t.Fatalf("radiustest: oathtool (apt-get install -y --no-install-recommends oathtool): %v\n%s", err, said)
	}
	return strings.TrimSpace(string(said))
}

var taken atomic.Int64

// Free is a port of this machine that nobody has, for UDP and TCP. Linux gives those from 32768 on to whoever asks for any: it is below.
func Free(t testing.TB) string {
	t.Helper()
	const first, count = 12000, 8000
	for range count {
		at := fmt.Sprintf("127.0.0.1:%d", first+(int64(os.Getpid())*61+taken.Add(1))%count)
		packets, err := net.ListenPacket("udp", at)
		if err != nil {
			continue
		}
		stream, err := net.Listen("tcp", at)
		_ = packets.Close()
		if err == nil {
			_ = stream.Close()
			return at
		}
	}
	t.Fatal("radiustest: no port is free")
	return ""
}
