package pgtest

import (
	"bytes"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Pooler runs PgBouncer in transaction mode before a database, with so many sessions for everybody, and returns where the application
// finds it.
func Pooler(t testing.TB, db *DB, sessions int) string {
	t.Helper()
	to, err := url.Parse(db.AppURL)
	check(t, err)
	dir, err := os.MkdirTemp("", "okey-pgbouncer-")
	check(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	check(t, os.Chmod(dir, 0o755)) //nolint:gosec // nobody's own, below
	front, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	check(t, front.Close())
	_, port, _ := net.SplitHostPort(front.Addr().String())
	settings := filepath.Join(dir, "pgbouncer.ini")
	text := fmt.Sprintf("[databases]\n%s = host=%s port=%s user=%s password=%s\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %s\n"+
		"unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = %d\n",
		db.Name, to.Hostname(), to.Port(), App, appPassword, port, sessions)
	if os.Geteuid() == 0 { // which it refuses to be
		text += "user = nobody\n"
	}
	check(t, os.WriteFile(settings, []byte(text), 0o644)) //nolint:gosec // read by nobody
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer" // where users do not look
	}
	pooler := exec.Command(program, settings)
	var said bytes.Buffer
	pooler.Stdout, pooler.Stderr = &said, &said
	check(t, pooler.Start())
	ended := make(chan struct{})
	go func() {
		_ = pooler.Wait() // it is killed
		close(ended)
	}()
	t.Cleanup(func() {
		_ = pooler.Process.Kill()
		<-ended
	})
	to.Host = front.Addr().String()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 1500 {
		if line, err := net.Dial("tcp", to.Host); err == nil {
			_ = line.Close()
			return to.String()
		}
		select {
		case <-tick.C:
		case <-ended:
			t.Fatalf("pgtest: PgBouncer ended: %s", said.String())
		}
	}
	t.Fatalf("pgtest: PgBouncer does not answer: %s", said.String())
	return ""
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal("pgtest:", err)
	}
}
