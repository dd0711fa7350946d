// Package freeradius runs Debian's FreeRADIUS with the files of docs/freeradius, in a folder of its own: for the demonstration, and for
// tests. A real installation has these files beside its own.
package freeradius

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	files "okey/docs/freeradius"
)

// Settings are what the files take from the environment.
type Settings struct {
	Dir        string // of the configuration
	Auth, Acct string // host:port, of the same host
	Secret     string // shared with Client
	Client     string // the address that OKEY asks from
	URL        string // of OKEY
	Token      string // for pin-checks and logins
	More       string // behind the site
}

// User is somebody with a key; who has two stands there twice.
type User struct {
	Name, Serial string
	Secret       []byte // RFC 6238, SHA-1, 30 seconds, six digits
}

// ErrMissing is that FreeRADIUS, or its module rest, is not installed here.
var ErrMissing = errors.New("FreeRADIUS is missing: apt-get install -y --no-install-recommends freeradius freeradius-rest")

// Program is where FreeRADIUS stands.
func Program() (string, error) {
	const program = "/usr/sbin/freeradius"
	for _, needed := range []string{program, "/usr/lib/freeradius/rlm_rest.so", "/usr/lib/freeradius/rlm_totp.so"} {
		if _, err := os.Stat(needed); err != nil {
			return "", ErrMissing
		}
	}
	return program, nil
}

// Prepare writes the configuration.
func (s Settings) Prepare(users []User) error {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return fmt.Errorf("prepare FreeRADIUS: %w", err)
	}
	for _, name := range []string{"radiusd.conf", "okey-site", "okey-modules"} {
		content, err := files.Files.ReadFile(name)
		if err != nil {
			return fmt.Errorf("prepare FreeRADIUS: %w", err)
		}
		if name == "okey-site" {
			content = append(content, s.More...)
		}
		if err := os.WriteFile(filepath.Join(s.Dir, name), content, 0o600); err != nil {
			return fmt.Errorf("prepare FreeRADIUS: %w", err)
		}
	}
	return s.WriteUsers(users)
}

// places are where somebody's keys stand in their line, the key in hand before the one that is to follow.
var places = []string{`TOTP-Secret := %q, Tmp-String-0 := %q`, `, Tmp-String-2 := %q, Tmp-String-3 := %q`}

// WriteUsers replaces those who have a key, somebody's keys one after the other. FreeRADIUS reads them on SIGHUP.
func (s Settings) WriteUsers(users []User) error {
	var b strings.Builder
	for len(users) > 0 {
		of := slices.IndexFunc(users, func(u User) bool { return u.Name != users[0].Name })
		if of < 0 {
			of = len(users)
		}
		line := strings.ToLower(users[0].Name) + "\t" // as they are looked for
		for i, u := range users[:min(of, len(places))] {
			secret := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(u.Secret)
			line += fmt.Sprintf(places[i], secret, u.Serial)
		}
		b.WriteString(line + "\n")
		users = users[of:]
	}
	whole := filepath.Join(s.Dir, "okey-users")
	if err := os.WriteFile(whole+".new", []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("write FreeRADIUS' users: %w", err)
	}
	return os.Rename(whole+".new", whole)
}

// Check has FreeRADIUS read the configuration that Prepare wrote, and load its modules: one that is installed need not run for that.
func (s Settings) Check(ctx context.Context) error {
	run, err := s.Command(ctx)
	if err != nil {
		return err
	}
	run.Args = append(run.Args, "-C")
	if said, err := run.CombinedOutput(); err != nil {
		lines := strings.Split(strings.TrimSpace(string(said)), "\n")
		return fmt.Errorf("FreeRADIUS does not start: %w: %s", err, lines[len(lines)-1])
	}
	return nil
}

// Command is how FreeRADIUS is run in the foreground, its log on standard output; it is killed when ctx ends.
func (s Settings) Command(ctx context.Context) (*exec.Cmd, error) {
	program, err := Program()
	if err != nil {
		return nil, err
	}
	host, auth, err := net.SplitHostPort(s.Auth)
	if err != nil {
		return nil, err
	}
	_, acct, err := net.SplitHostPort(s.Acct)
	if err != nil {
		return nil, err
	}
	run := exec.CommandContext(ctx, program, "-f", "-d", s.Dir)
	run.Env = []string{
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "OKEY_RADIUS_DIR=" + s.Dir, "OKEY_RADIUS_CLIENT=" + s.Client,
		"OKEY_RADIUS_SECRET=" + s.Secret,
		"OKEY_RADIUS_LISTEN=" + host, "OKEY_RADIUS_AUTH_PORT=" + auth, "OKEY_RADIUS_ACCT_PORT=" + acct,
		"OKEY_URL=" + s.URL, "OKEY_TOKEN=" + s.Token,
	}
	return run, nil
}
