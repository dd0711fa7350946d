// Package postgres runs a private PostgreSQL cluster with the machine's own server binaries: it finds them, makes a
// data directory, starts and stops the server, and clears away one that a killed process left running. It knows nothing of
// OKEY or of what is kept in the cluster.
package postgres

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
)

// oldestMajor is the first version with DROP DATABASE ... WITH (FORCE) and gen_random_uuid() built in.
const oldestMajor = 13

// Binaries is a folder that holds PostgreSQL's server programs, all of one version.
type Binaries struct {
	Dir   string
	Major int
}

func (b Binaries) path(program string) string { return filepath.Join(b.Dir, program) }

// NotInstalledError tells that this machine has no usable PostgreSQL server. Its text is one line for people.
type NotInstalledError struct{ Command string }

func (e *NotInstalledError) Error() string {
	return fmt.Sprintf("PostgreSQL (%d ou plus récent) n'est pas installé sur cette machine. Installez-le : %s", oldestMajor, e.Command)
}

// VersionError tells that a data directory was made by another major version than any installed one.
type VersionError struct {
	Dir       string
	Data      int
	Installed []Binaries
}

func (e *VersionError) Error() string {
	have := make([]string, 0, len(e.Installed))
	for _, b := range e.Installed {
		have = append(have, fmt.Sprintf("%d (%s)", b.Major, b.Dir))
	}
	return fmt.Sprintf("Les données de %s viennent de PostgreSQL %d, cette machine a PostgreSQL %s. Rien n'a été touché. "+
		"Installez PostgreSQL %[2]d et indiquez ses programmes par OKEY_POSTGRES_BIN, ou choisissez un autre dossier --data.",
		e.Dir, e.Data, strings.Join(have, ", "))
}

// Find returns the newest server binaries of this machine, or those of the major version asked for (0: any).
// OKEY_POSTGRES_BIN names the only folder to look in.
func Find(major int) (Binaries, error) {
	installed, err := find()
	if err != nil {
		return Binaries{}, err
	}
	best := Binaries{}
	for _, b := range installed {
		if b.Major >= oldestMajor && b.Major > best.Major && (major == 0 || b.Major == major) {
			best = b
		}
	}
	switch {
	case best.Dir != "":
		return best, nil
	case major != 0 && len(installed) > 0:
		return Binaries{}, &VersionError{Data: major, Installed: installed}
	default:
		return Binaries{}, &NotInstalledError{Command: installCommand()}
	}
}

func find() ([]Binaries, error) {
	if dir := os.Getenv("OKEY_POSTGRES_BIN"); dir != "" {
		b, err := inspect(dir)
		if err != nil {
			return nil, fmt.Errorf("OKEY_POSTGRES_BIN=%s : ce dossier ne contient pas les programmes initdb et postgres (%w)", dir, err)
		}
		return []Binaries{b}, nil
	}
	var found []Binaries
	seen := map[string]bool{}
	for _, dir := range candidates() {
		if real, err := filepath.EvalSymlinks(dir); err == nil && !seen[real] {
			seen[real] = true
			if b, err := inspect(real); err == nil {
				found = append(found, b)
			}
		}
	}
	return found, nil
}

// candidates lists where the usual packages put the server programs. The folders come before PATH, whose programs may
// be wrappers that start something else.
func candidates() []string {
	var dirs []string
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",                          // Debian, Ubuntu
		"/usr/pgsql-*/bin",                                   // Red Hat, from postgresql.org
		"/usr/libexec/postgresql*",                           // Alpine
		"/opt/homebrew/opt/postgresql*/bin",                  // macOS on ARM
		"/usr/local/opt/postgresql*/bin",                     // macOS on Intel
		"/usr/local/pgsql/bin",                               // built from source
		"/Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
	} {
		matches, _ := filepath.Glob(pattern) // the patterns are constant: only a bad one is an error
		dirs = append(dirs, matches...)
	}
	if program, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(program); err == nil {
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	return dirs
}

var versionLine = regexp.MustCompile(`^postgres \(PostgreSQL\) (\d+)`)

func inspect(dir string) (Binaries, error) {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return Binaries{}, err
	}
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return Binaries{}, err
	}
	match := versionLine.FindSubmatch(out)
	if match == nil {
		return Binaries{}, fmt.Errorf("postgres --version says %q", out)
	}
	major, err := strconv.Atoi(string(match[1]))
	return Binaries{Dir: dir, Major: major}, err
}

func installCommand() string {
	if runtime.GOOS == "darwin" {
		return "brew install postgresql"
	}
	for _, manager := range []struct{ program, command string }{
		{"apt-get", "apt-get install -y postgresql"},
		{"dnf", "dnf install -y postgresql-server"},
		{"apk", "apk add postgresql"},
		{"zypper", "zypper install -y postgresql-server"},
		{"pacman", "pacman -S --noconfirm postgresql"},
	} {
		if _, err := exec.LookPath(manager.program); err == nil {
			if os.Geteuid() != 0 {
				return "sudo " + manager.command
			}
			return manager.command
		}
	}
	return "apt-get install -y postgresql"
}
