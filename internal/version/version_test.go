package version

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatRunsIsSaidAndNothingIsMadeUp(t *testing.T) {
	for _, one := range []struct {
		stamp, programs, people, inexact string
	}{
		{"c0ed0fb694ba 2026-11-30", "+c0ed0fb694ba", ", révision c0ed0fb694ba du lundi 30 novembre 2026", ""},
		{"c0ed0fb694ba 2026-11-30 modified", "+c0ed0fb694ba.modified", ", révision c0ed0fb694ba du lundi 30 novembre 2026, modifiée", "modifiée"},
		{"", "+unknown", ", révision inconnue", "inconnue"},
		{"c0ed0fb694ba", "+unknown", ", révision inconnue", "inconnue"},
		{"c0ed0fb694ba yesterday", "+unknown", ", révision inconnue", "inconnue"},
	} {
		stamp = one.stamp
		assert.Equal(t, Number+one.programs, String(), one.stamp)
		assert.Equal(t, "Version "+Number+one.people, Say(), one.stamp)
		assert.Equal(t, one.inexact == "", Inexact() == "", one.stamp)
		assert.Contains(t, Inexact(), one.inexact, one.stamp)
	}
	stamp = ""
}

// stamped is what tools/stamp says in a folder of its own.
func stamped(t *testing.T, dir string) string {
	t.Helper()
	said, err := exec.CommandContext(t.Context(), filepath.Join(dir, "tools", "stamp")).Output()
	require.NoError(t, err)
	return string(said)
}

func TestTheStampIsOfTheCommitThatIsBuiltOrEmpty(t *testing.T) {
	script, err := os.ReadFile("../../tools/stamp")
	require.NoError(t, err)
	outer := t.TempDir()
	dir := filepath.Join(outer, "okey")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "tools"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tools", "stamp"), script, 0o700)) //nolint:gosec // it is run
	git := func(at string, args ...string) string {
		args = append([]string{"-c", "user.name=x", "-c", "user.email=x@exemple.fr"}, args...)
		c := exec.CommandContext(t.Context(), "git", args...)
		c.Dir = at
		c.Env = append(os.Environ(), "GIT_COMMITTER_DATE=2026-11-30T12:00:00Z")
		said, err := c.CombinedOutput()
		require.NoError(t, err, "%s", said)
		return strings.TrimSpace(string(said))
	}
	assert.Empty(t, stamped(t, dir), "an archive of files")
	git(outer, "init")
	git(outer, "commit", "--allow-empty", "--message", "another's")
	assert.Empty(t, stamped(t, dir), "an archive within a repository of something else")
	ignored, err := os.ReadFile("../../.gitignore")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".gitignore"), ignored, 0o600))
	git(dir, "init")
	git(dir, "add", ".")
	git(dir, "commit", "--message", "first")
	commit := git(dir, "rev-parse", "--short=12", "HEAD")
	assert.Equal(t, commit+" 2026-11-30", stamped(t, dir))
	for document, makes := range map[string][]string{
		"deploy.md": {"files/clefs.xlsx", ".env", "docker-compose.override.yml"}, "backup.md": {"okey.tar.gz", "before/PG_VERSION", "restored/PG_VERSION"},
		"standalone.md": {"okey.dump"},
	} {
		text, err := os.ReadFile("../../docs/" + document)
		require.NoError(t, err)
		for _, name := range makes {
			folder, _, _ := strings.Cut(name, "/")
			assert.Contains(t, string(text), folder, document)
			require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
		}
	}
	assert.Equal(t, commit+" 2026-11-30", stamped(t, dir), "what the documents have an operator make")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "new.go"), nil, 0o600))
	assert.Equal(t, commit+" 2026-11-30 modified", stamped(t, dir))
}
