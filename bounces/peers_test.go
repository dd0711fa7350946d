//go:build mail

package bounces_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"okey/bounces"
	"okey/internal/postbox"
	"okey/mail"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Debian's own servers, each with a folder and ports of its own, on this machine alone. They change users, and so want root: make
// test-mail.

// within is how long a server has for what a test waits for.
const within = 30 * time.Second

func eventually(t *testing.T, so func() bool, what string) {
	t.Helper()
	require.Eventually(t, so, within, 50*time.Millisecond, what)
}

// room is a folder that other users may enter.
func room(t *testing.T) string {
	t.Helper()
	require.Zero(t, os.Geteuid(), "these servers are started by root alone")
	dir, err := os.MkdirTemp("", "okey-mail-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// start runs a server until the test ends, and waits until it is called.
func start(t *testing.T, port int, name string, args ...string) {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	server := exec.Command(name, args...)
	server.Stdout, server.Stderr = log, log
	require.NoError(t, server.Start())
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		_ = server.Wait()
		if t.Failed() {
			said, _ := os.ReadFile(log.Name())
			t.Logf("%s:\n%s", name, said)
		}
		_ = log.Close()
	})
	eventually(t, func() bool {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, name+" is called")
}

func write(t *testing.T, file string, text string, values ...any) {
	t.Helper()
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, text, values...), 0o644))
}

// openPostfix relays to the academy's mailboxes, and hands what comes back to a port by LMTP. It returns where it is, and its folder.
func openPostfix(t *testing.T, mailboxes, returns int) (port int, dir string) {
	t.Helper()
	dir, port = room(t), freePort(t)
	owner, err := user.Lookup("postfix")
	require.NoError(t, err)
	uid, _ := strconv.Atoi(owner.Uid)
	for _, sub := range []string{"queue", "data"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, sub), 0o755))
	}
	require.NoError(t, os.Chown(filepath.Join(dir, "data"), uid, -1))
	write(t, filepath.Join(dir, "main.cf"), `compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
maillog_file = /dev/stdout
daemon_directory = /usr/lib/postfix/sbin
myhostname = relais.ac-exemple.fr
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
recipient_delimiter = +
transport_maps = inline:{ {retours@ac-exemple.fr=lmtp:[127.0.0.1]:%[3]d}, {ac-nice.fr=smtp:[127.0.0.1]:%[2]d} }
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
`, dir, mailboxes, returns)
	services := fmt.Sprintf("127.0.0.1:%d inet n - n - - smtpd\n", port)
	for _, service := range []string{
		"pickup unix n - n 60 1 pickup", "cleanup unix n - n - 0 cleanup", "qmgr unix n - n 300 1 qmgr", "rewrite unix - - n - - trivial-rewrite",
		"bounce unix - - n - 0 bounce", "defer unix - - n - 0 bounce", "trace unix - - n - 0 bounce", "verify unix - - n - 1 verify",
		"flush unix n - n 1000? 0 flush", "proxymap unix - - n - - proxymap", "smtp unix - - n - - smtp", "lmtp unix - - n - - lmtp",
		"showq unix n - n - - showq", "error unix - - n - - error", "retry unix - - n - - error", "anvil unix - - n - 1 anvil",
		"postlog unix-dgram n - n - 1 postlogd", "tlsmgr unix - - n 1000? 1 tlsmgr", "scache unix - - n - 1 scache",
	} {
		services += service + "\n"
	}
	write(t, filepath.Join(dir, "master.cf"), "%s", services)
	start(t, port, "/usr/sbin/postfix", "-c", dir, "start-fg")
	t.Cleanup(func() { _ = exec.Command("/usr/sbin/postfix", "-c", dir, "abort").Run() }) // its master is another process
	return port, dir
}

// A mail to a mailbox that is not there leaves through Postfix, and comes back; while the database is away, Postfix keeps the report.
func TestAMailThatPostfixCannotDeliverComesBack(t *testing.T) {
	f := newFixture(t)
	school := postbox.Open(t)
	school.Refuse(lea, 550)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = f.taker.Serve(t.Context(), listener, true) }()
	port, dir := openPostfix(t, school.Port, listener.Addr().(*net.TCPAddr).Port)

	gone, arrives := f.mail(), f.mail()
	connection, err := mail.NewSender(mail.Relay{Host: "127.0.0.1", Port: port}, "OKEY <okey@ac-exemple.fr>", "").Open()
	require.NoError(t, err)
	f.Exec(`ALTER TABLE mail RENAME TO away`)
	for id, to := range map[string]string{f.address.Of(gone): lea, f.address.Of(arrives): "mroux@ac-nice.fr"} {
		require.NoError(t, connection.Send(t.Context(), mail.Message{
			ID: id, Return: id, To: to, Date: time.Now(), Subject: "Votre clef vous attend", Text: "https://okey.ac-exemple.fr/valider/secret", HTML: "<p>clef</p>",
		}))
	}
	connection.Close()
	eventually(t, func() bool {
		queue, _ := exec.Command("/usr/sbin/postqueue", "-c", dir, "-p").Output()
		return strings.Contains(string(queue), "451")
	}, "Postfix keeps the report")
	f.Exec(`ALTER TABLE away RENAME TO mail`)
	eventually(t, func() bool { return f.state(gone) == "failed" }, "the mail came back")
	eventually(t, func() bool { return len(school.To("mroux@ac-nice.fr")) == 1 }, "the other one arrived")
	assert.Equal(t, "sent", f.state(arrives))
	assert.Contains(t, f.Text(`SELECT error FROM mail WHERE id = $1`, gone), "5.1.1 smtp; 550 5.1.1 not for "+lea)
	assert.Equal(t, 1, f.Count(`SELECT count(*) FROM action WHERE name = 'mail-returned' AND subject = $1`, gone))
	assert.Equal(t, map[string]int{"gone": 1}, f.counted())
}

// openDovecot has the account in a folder of its own.
func openDovecot(t *testing.T) bounces.Mailbox {
	t.Helper()
	dir, port := room(t), freePort(t)
	for _, sub := range []string{"run", "state", "mail"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, sub), 0o755))
	}
	owner, err := user.Lookup("mail")
	require.NoError(t, err)
	uid, _ := strconv.Atoi(owner.Uid)
	require.NoError(t, os.Chown(filepath.Join(dir, "mail"), uid, -1))
	write(t, filepath.Join(dir, "dovecot.conf"), `protocols = imap
base_dir = %[1]s/run
state_dir = %[1]s/state
log_path = /dev/stderr
ssl = no
disable_plaintext_auth = no
mail_location = maildir:%[1]s/mail/%%u
first_valid_uid = 1
passdb {
  driver = static
  args = password=%[2]s
}
userdb {
  driver = static
  args = uid=%[3]s gid=%[4]s home=%[1]s/mail/%%u
}
service imap-login {
  inet_listener imap {
    address = 127.0.0.1
    port = %[5]d
  }
  inet_listener imaps {
    port = 0
  }
}
`, dir, secret, owner.Uid, owner.Gid, port)
	start(t, port, "/usr/sbin/dovecot", "-F", "-c", filepath.Join(dir, "dovecot.conf"))
	return mailboxAt(t, fmt.Sprintf("127.0.0.1:%d", port))
}

func TestAMailboxOfDovecotIsRead(t *testing.T) { readsMailbox(t, openDovecot(t)) }
