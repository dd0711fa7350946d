package house_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// arrows says which of our packages each package may import, in one table. A package that is not here
// has no place in the house yet.
var arrows = map[string][]string{
	"okey/okey":                       {},
	"okey/config":                     {"okey/okey"},
	"okey/calendar":                   {"okey/okey", "okey/internal/spreadsheet"},
	"okey/internal/postgres":          {},
	"okey/internal/address":           {"okey/okey"},
	"okey/internal/house":             {},
	"okey/internal/spreadsheet":       {"okey/okey", "okey/internal/spreadsheet/guard"},
	"okey/internal/spreadsheet/guard": {"okey/okey"},
	"okey/internal/pgtest":            {"okey/sql", "okey/internal/postgres"},
	"okey/internal/postbox":           {},
	"okey/internal/bench":             {},
	"okey/internal/cast":              {},
	"okey/internal/nation":            {},
	"okey/internal/directory":         {"okey/okey"},
	"okey/internal/ldaptest":          {},
	"okey/docs/freeradius":            {},
	"okey/internal/radius":            {},
	"okey/internal/freeradius":        {"okey/docs/freeradius"},
	"okey/internal/radiustest":        {"okey/internal/freeradius", "okey/internal/radius"},
	"okey/internal/workbook":          {"okey/okey"},
	"okey/internal/version":           {"okey/okey"},
	"okey/internal/plot":              {"okey/okey"},
	"okey/internal/metrics":           {"okey/okey", "okey/sql", "okey/engine", "okey/internal/version"},
	"okey/internal/scene":             {"okey/okey", "okey/config", "okey/sql", "okey/internal/pgtest"},
	"okey/internal/telemetry":         {},
	"okey/sql":                        {"okey/okey", "okey/internal/telemetry"},
	"okey/mail":                       {"okey/okey"},
	"okey/workflows":                  {"okey/okey"},
	"okey/imports":                    {"okey/okey", "okey/sql", "okey/internal/directory", "okey/internal/spreadsheet"},
	"okey/engine":                     {"okey/okey", "okey/config", "okey/internal/address", "okey/internal/telemetry"},
	"okey/webhook":                    {"okey/okey", "okey/config"},
	"okey/activities":                 {"okey/okey", "okey/sql", "okey/engine", "okey/calendar", "okey/imports", "okey/internal/workbook", "okey/webhook"},
	"okey/activities/mails":           {"okey/okey", "okey/sql", "okey/calendar", "okey/mail", "okey/internal/address", "okey/internal/telemetry"},
	"okey/bounces":                    {"okey/okey", "okey/mail", "okey/sql"},
	"okey/worker": {
		"okey/okey", "okey/config", "okey/sql", "okey/calendar", "okey/mail", "okey/engine", "okey/workflows", "okey/activities",
		"okey/activities/mails", "okey/bounces", "okey/imports", "okey/internal/directory", "okey/internal/metrics", "okey/internal/telemetry", "okey/internal/version",
		"okey/webhook",
	},
	"okey/server/respond": {"okey/imports", "okey/internal/telemetry", "okey/okey", "okey/sql"},
	"okey/server/act":     {"okey/config", "okey/imports", "okey/internal/radius", "okey/internal/telemetry", "okey/okey", "okey/sql", "okey/server/respond"},
	"okey/server/web": {
		"okey/internal/address", "okey/internal/cast", "okey/config", "okey/internal/plot", "okey/internal/version", "okey/internal/workbook", "okey/okey", "okey/sql",
		"okey/server/respond", "okey/server/act",
	},
	"okey/server/signin":      {"okey/internal/address", "okey/config", "okey/okey", "okey/sql", "okey/server/respond", "okey/server/web"},
	"okey/server/api":         {"okey/internal/address", "okey/okey", "okey/sql", "okey/server/respond", "okey/server/act"},
	"okey/server/pages/story": {"okey/internal/address", "okey/internal/workbook", "okey/mail", "okey/okey", "okey/sql", "okey/server/act", "okey/server/web"},
	"okey/server/pages/keys": {
		"okey/internal/address", "okey/internal/workbook", "okey/okey", "okey/sql", "okey/server/respond", "okey/server/act", "okey/server/web",
		"okey/server/signin", "okey/server/pages/story",
	},
	"okey/server/pages/requests": {
		"okey/internal/address", "okey/internal/workbook", "okey/okey", "okey/sql", "okey/server/respond", "okey/server/act", "okey/server/web",
		"okey/server/pages/story", "okey/server/pages/keys",
	},
	"okey/server/pages/decisions": {
		"okey/internal/address", "okey/config", "okey/okey", "okey/sql", "okey/server/respond", "okey/server/act", "okey/server/web", "okey/server/pages/keys",
		"okey/server/pages/requests",
	},
	"okey/server/pages/stock": {
		"okey/internal/address", "okey/imports", "okey/internal/workbook", "okey/okey", "okey/sql", "okey/server/respond",
		"okey/server/act", "okey/server/web", "okey/server/pages/story", "okey/server/pages/keys",
	},
	"okey/server/pages/people": {
		"okey/internal/address", "okey/internal/workbook", "okey/okey", "okey/sql", "okey/server/respond", "okey/server/act", "okey/server/web",
		"okey/server/pages/story",
	},
	"okey/server/pages/desk": {
		"okey/calendar", "okey/internal/address", "okey/internal/plot", "okey/internal/workbook", "okey/mail", "okey/okey", "okey/sql", "okey/server/respond", "okey/server/act",
		"okey/server/web", "okey/server/pages/story", "okey/server/pages/requests",
	},
	"okey/server/pages/help": {
		"okey/internal/address", "okey/internal/workbook", "okey/okey", "okey/sql", "okey/server/web", "okey/server/signin", "okey/server/pages/story",
		"okey/server/pages/people",
	},
	"okey/server/pages/reference": {"okey/internal/address", "okey/server/api", "okey/server/web"},
	"okey/server/pages/home": {
		"okey/internal/address", "okey/okey", "okey/sql", "okey/server/act", "okey/server/web", "okey/server/pages/keys",
		"okey/server/pages/requests", "okey/server/pages/stock", "okey/server/pages/people", "okey/server/pages/desk",
	},
	"okey/server/pages/tour": {
		"okey/internal/address", "okey/internal/cast", "okey/config", "okey/okey", "okey/sql", "okey/server/act", "okey/server/signin",
		"okey/server/web",
	},
	"okey/server": {
		"okey/calendar", "okey/config", "okey/engine", "okey/internal/metrics", "okey/internal/radius", "okey/internal/telemetry", "okey/internal/version", "okey/okey", "okey/sql", "okey/server/respond", "okey/server/act",
		"okey/server/web", "okey/server/signin", "okey/server/api", "okey/server/pages/story", "okey/server/pages/keys", "okey/server/pages/requests",
		"okey/server/pages/decisions", "okey/server/pages/stock", "okey/server/pages/people", "okey/server/pages/desk",
		"okey/server/pages/help", "okey/server/pages/home", "okey/server/pages/tour", "okey/server/pages/reference",
	},
	"okey/cmd/okey": {
		"okey/okey", "okey/config", "okey/sql", "okey/calendar", "okey/engine", "okey/imports", "okey/server", "okey/worker", "okey/bounces",
		"okey/mail", "okey/internal/address", "okey/internal/telemetry", "okey/internal/version",
	},
}

// keptTo says where alone others' packages may be used; tests may speak SQL to look at what the program did.
var keptTo = []struct {
	prefix   string
	packages []string
	tests    bool
}{
	{"go.temporal.io/server", []string{"okey/standalone"}, false},
	{"github.com/temporalio/ui-server", []string{"okey/standalone"}, false},
	{"github.com/lib/pq", []string{"okey/sql", "okey/internal/pgtest", "okey/internal/postgres", "okey/standalone"}, true},
	{"github.com/jmoiron/sqlx", []string{"okey/sql", "okey/internal/pgtest", "okey/standalone"}, true},
	{
		"database/sql",
		[]string{"okey/sql", "okey/internal/pgtest", "okey/internal/postgres", "okey/internal/scene", "okey/internal/nation", "okey/standalone"},
		true,
	},
	{"okey/internal/pgtest", []string{"okey/internal/scene"}, true},
	{"okey/internal/scene", nil, true},
	{"okey/internal/bench", nil, true},
	{"okey/internal/nation", nil, true},
	{"okey/internal/postbox", nil, true},
	{"okey/internal/ldaptest", nil, true},
	{"okey/internal/radiustest", nil, true},
	{"okey/internal/freeradius", []string{"okey/internal/radiustest", "okey/standalone"}, true},
	{"layeh.com/radius", []string{"okey/internal/radius"}, true},
	{"github.com/prometheus/prometheus", []string{"okey/alerts"}, false},
	{"github.com/go-ldap/ldap", []string{"okey/internal/directory", "okey/internal/ldaptest", "okey/config"}, false},
	{"testing", []string{"okey/internal/pgtest", "okey/internal/scene", "okey/internal/postbox", "okey/internal/ldaptest", "okey/internal/radiustest"}, true},
}

// impure is what a workflow must not touch: it is replayed, so it has no clock, no chance and no world.
var impure = []string{"crypto/rand", "database/sql", "log", "log/slog", "math/rand", "net", "os", "sync", "io/fs"}

type source struct {
	file    string // from the root
	pkg     string // import path
	imports []string
}

func (s source) test() bool { return strings.HasSuffix(s.file, "_test.go") }

func (s source) standalone() bool { return within(s.pkg, "okey/standalone") }

// within tells whether an import path is a package or below it.
func within(importPath, parent string) bool {
	return importPath == parent || strings.HasPrefix(importPath, parent+"/")
}

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name := entry.Name(); file != "." &&
				(strings.HasPrefix(name, ".") || slices.Contains([]string{"bin", "data", "node_modules", "testdata"}, name)) {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(file) != ".go" {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return fmt.Errorf("parse %s: %w", file, err)
		}
		one := source{file: file, pkg: path.Join("okey", filepath.ToSlash(filepath.Dir(file)))}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			one.imports = append(one.imports, imported)
		}
		all = append(all, one)
		return nil
	})
	require.NoError(t, err)
	require.NotEmpty(t, all)
	return all
}

func TestArrowsRunOneWay(t *testing.T) {
	drawn := map[string]bool{}
	for _, s := range sources(t) {
		if s.standalone() || within(s.pkg, "okey/tools") || within(s.pkg, "okey/alerts") {
			continue
		}
		allowed, known := arrows[s.pkg]
		assert.True(t, known, "%s: package %s has no place in the table of arrows", s.file, s.pkg)
		for _, imported := range s.imports {
			if within(imported, "okey") && !s.test() {
				assert.Contains(t, allowed, imported, "%s: %s may not import it", s.file, s.pkg)
				drawn[s.pkg+" -> "+imported] = true
			}
			assert.False(t, within(imported, "okey/standalone"), "%s imports %s", s.file, imported)
		}
	}
	for pkg, allowed := range arrows {
		for _, imported := range allowed {
			assert.True(t, drawn[pkg+" -> "+imported], "%s may import %s, and does not: take it out of the table", pkg, imported)
		}
	}
}

// Whoever opens a room reads first what it is for and what it may know.
func TestEachRoomSaysWhatItIsForAndWhatItMayKnow(t *testing.T) {
	said := map[string]string{}
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), s.file, nil, parser.PackageClauseOnly|parser.ParseComments)
		require.NoError(t, err)
		said[s.pkg] += parsed.Doc.Text()
	}
	for room, text := range said {
		sentences := strings.Count(strings.ReplaceAll(text, "\n", " "), ". ")
		assert.GreaterOrEqual(t, sentences, 2, "%s begins with %q", room, text)
	}
}

func TestPartsStayInTheirRooms(t *testing.T) {
	for _, s := range sources(t) {
		for _, imported := range s.imports {
			for _, part := range keptTo {
				if !within(imported, part.prefix) || (s.test() && part.tests) {
					continue
				}
				home := slices.ContainsFunc(part.packages, func(p string) bool { return within(s.pkg, p) })
				assert.True(t, home, "%s: %s belongs to %v alone", s.file, imported, part.packages)
			}
		}
	}
}

func TestWorkflowsArePure(t *testing.T) {
	for _, s := range sources(t) {
		if s.pkg != "okey/workflows" || s.test() {
			continue
		}
		for _, imported := range s.imports {
			for _, world := range impure {
				assert.False(t, within(imported, world), "%s imports %s", s.file, imported)
			}
		}
	}
}

func TestNoTimeIsSleptAndNoTestSkipped(t *testing.T) {
	for _, s := range sources(t) {
		if !s.test() || s.file == "internal/house/house_test.go" {
			continue
		}
		content, err := os.ReadFile(s.file)
		require.NoError(t, err)
		for _, word := range []string{"time.Sleep(", "t.Skip(", "t.Skipf(", "t.SkipNow("} {
			assert.NotContains(t, string(content), word, s.file)
		}
	}
}

func TestModulesShareVersions(t *testing.T) {
	product := requirements(t, "go.mod")
	for _, file := range []string{"standalone/go.mod"} {
		for module, version := range requirements(t, file) {
			if ours, shared := product[module]; shared {
				assert.Equal(t, ours, version, "%s in %s is not the product's", module, file)
			}
		}
	}
	files, err := filepath.Glob("*/go.mod")
	require.NoError(t, err)
	for _, file := range files {
		assert.Equal(t, goVersion(t, "go.mod"), goVersion(t, file), file)
	}
}

func requirements(t *testing.T, file string) map[string]string {
	t.Helper()
	versions := make(map[string]string)
	for _, line := range strings.Split(modFile(t, file), "\n") {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		// What is indirect follows from what others require; the direct ones are our choice.
		if len(fields) >= 2 && strings.HasPrefix(fields[1], "v") && !strings.Contains(line, "=>") &&
			!strings.Contains(line, "// indirect") {
			versions[fields[0]] = fields[1]
		}
	}
	require.NotEmpty(t, versions, file)
	return versions
}

func goVersion(t *testing.T, file string) string {
	t.Helper()
	for _, line := range strings.Split(modFile(t, file), "\n") {
		if version, ok := strings.CutPrefix(line, "go "); ok {
			return version
		}
	}
	t.Fatalf("%s names no version of Go", file)
	return ""
}

func modFile(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(content)
}

func TestTheProductDoesWithoutTheEnginesServer(t *testing.T) {
	for module := range requirements(t, "go.mod") {
		assert.NotContains(t, []string{"go.temporal.io/server", "github.com/temporalio/ui-server/v2"}, module)
	}
}
