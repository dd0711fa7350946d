package house_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/internal/version"
)

var (
	link   = regexp.MustCompile(`\]\(([^)#\s]+)(?:#[^)\s]*)?\)`)
	quoted = regexp.MustCompile("`([^`\\s]+)`")
	// A folder or a file of ours, as documents write it: with a slash, or with the end of a source.
	ours   = regexp.MustCompile(`^(?:(?:activities|alerts|calendar|cmd|config|docs|e2e|engine|imports|internal|mail|okey|server|sql|standalone|tools|worker|workflows)(?:/[\w.-]+)+|[\w-]+\.md|Makefile|Dockerfile|docker-compose\.yml)$`)
	target = regexp.MustCompile("`make ([a-z][a-z0-9-]*)")
	rule   = regexp.MustCompile(`(?m)^([a-z][a-z0-9-]*):`)
)

// What a document names is there: the link, the file of ours, the target of the Makefile.
func TestDocumentsNameWhatIsThere(t *testing.T) {
	makefile, err := os.ReadFile("Makefile")
	require.NoError(t, err)
	targets := map[string]bool{}
	for _, found := range rule.FindAllStringSubmatch(string(makefile), -1) {
		targets[found[1]] = true
	}
	documents, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	for _, document := range append(documents, "README.md", "CONTRIBUTING.md", "CHANGELOG.md") {
		content, err := os.ReadFile(document)
		require.NoError(t, err)
		text := string(content)
		for _, found := range link.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(found[1], ":") {
				assert.FileExists(t, path.Join(path.Dir(document), found[1]), document)
			}
		}
		for _, found := range quoted.FindAllStringSubmatch(text, -1) {
			if ours.MatchString(found[1]) {
				_, err := os.Stat(found[1])
				_, beside := os.Stat(path.Join(path.Dir(document), found[1]))
				assert.True(t, err == nil || beside == nil, "%s names %s", document, found[1])
			}
		}
		for _, found := range target.FindAllStringSubmatch(text, -1) {
			assert.True(t, targets[found[1]], "%s: make %s", document, found[1])
		}
	}
}

var release = regexp.MustCompile(`(?m)^## \[(\d+\.\d+\.\d+)\] - (Unreleased|\d{4}-\d{2}-\d{2})$`)

// Whoever looks up what a program says it is finds it at the top of what changed; what comes before has its day.
func TestTheNewestReleaseIsTheOneInTheProgram(t *testing.T) {
	content, err := os.ReadFile("CHANGELOG.md")
	require.NoError(t, err)
	found := release.FindAllStringSubmatch(string(content), -1)
	require.NotEmpty(t, found)
	assert.Len(t, found, strings.Count(string(content), "\n## "), "a heading is of no release")
	assert.Equal(t, version.Number, found[0][1])
	for _, earlier := range found[1:] {
		assert.NotEqual(t, "Unreleased", earlier[2], earlier[1])
	}
}

var pageLiteral = regexp.MustCompile(`"/(demandes|clefs|ma-clef|mon-code-pin|commandes|stock|inventaire|livraisons|deplacements|delegations|remise|valider|assistance)\b`)

// Where a page is, one room says: whoever links to it, a mail or the engine too, asks package address.
func TestAddressesAreWrittenOnce(t *testing.T) {
	for _, s := range sources(t) {
		if s.test() || s.standalone() || s.pkg == "okey/internal/address" {
			continue
		}
		content, err := os.ReadFile(s.file)
		require.NoError(t, err)
		for _, found := range pageLiteral.FindAllString(string(content), -1) {
			assert.Fail(t, "an address beside the book", "%s writes %s: take it from internal/address", s.file, found)
		}
	}
}
