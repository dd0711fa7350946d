package house_test

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/config"
)

var (
	update     = flag.Bool("update", false, "write the table of settings in docs/configure.md anew")
	settingRow = regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\|[^|]*\\| (.*) \\|[^|]*\\|\n")
)

// neededBy is how the document names who can't do without a setting.
var neededBy = []struct {
	role config.Role
	said string
}{
	{config.RoleServer, "server"},
	{config.RoleWorker, "worker"},
	{config.RoleMigrate, "migrate"},
	{config.RoleCommand, "the other commands"},
	{config.RoleDoctor, "doctor"},
}

// The table of docs/configure.md is made of the settings: -update writes it anew, and keeps what stands there of each. What only the document
// knows is that text.
func TestTheTableOfSettingsIsMadeOfThem(t *testing.T) {
	content, err := os.ReadFile("docs/configure.md")
	require.NoError(t, err)
	said := map[string]string{}
	for _, row := range settingRow.FindAllStringSubmatch(string(content), -1) {
		said[row[1]] = strings.TrimPrefix(row[2], "secret: ")
	}
	var table strings.Builder
	for _, s := range config.Settings() {
		what, fallback, by := said[s.Name], "", []string(nil)
		assert.NotEmpty(t, what, "docs/configure.md does not say what %s is: begin a row for it", s.Name)
		if s.Secret {
			what = "secret: " + what
		}
		if s.Default != "" {
			fallback = "`" + s.Default + "`"
		}
		for _, needed := range neededBy {
			if s.NeededBy(needed.role) {
				by = append(by, needed.said)
			}
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", s.Name, fallback, what, strings.Join(by, ", "))
	}
	where := settingRow.FindAllStringIndex(string(content), -1)
	require.NotEmpty(t, where)
	begins, ends := where[0][0], where[len(where)-1][1]
	if *update {
		whole := string(content[:begins]) + table.String() + string(content[ends:])
		require.NoError(t, os.WriteFile("docs/configure.md", []byte(whole), 0o600))
		return
	}
	assert.Equal(t, table.String(), string(content[begins:ends]), "go test ./internal/house -run %s -update", t.Name())
}
