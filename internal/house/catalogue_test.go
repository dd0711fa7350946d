package house_test

import (
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The catalogue is every text that OKEY shows a person, in one place: read from where each stands, as gettext does, so that whoever looks
// after the words reads one file, and rules about words are held on all of them at once.
var catalogueFile = flag.String("catalogue", "", "a file to write the catalogue to")

const catalogueHead = `# Every text that OKEY shows a person, and the files where it stands. Made by "make catalogue": change a text where it stands.
# {} is what the program fills in on pages and in mails, %s, %d and the like in its other texts.
`

// A page, a mail, an error and the charter are each there; with -catalogue the whole is written.
func TestTheCatalogueCanBeWritten(t *testing.T) {
	var content strings.Builder
	content.WriteString(catalogueHead)
	texts := catalogue(t)
	read := map[string]bool{}
	for _, text := range slices.Sorted(maps.Keys(texts)) {
		fmt.Fprintf(&content, "\n%s\n", text)
		for _, file := range texts[text] {
			fmt.Fprintf(&content, "\t%s\n", file)
			folder, _, _ := strings.Cut(file, "/")
			read[folder+path.Ext(file)] = true
		}
	}
	for _, kind := range []string{"server.html", "server.js", "server.go", "mail.txt", "okey.txt", "okey.go", "sql.go", "config.go", "cmd.go"} {
		require.True(t, read[kind], "no text was read of %s", kind)
	}
	if *catalogueFile != "" {
		require.NoError(t, os.WriteFile(*catalogueFile, []byte(content.String()), 0o644))
	}
}

// catalogue is all texts, each with its files in order.
func catalogue(t *testing.T) map[string][]string {
	t.Helper()
	texts := map[string][]string{}
	for file, found := range textsByFile(t) {
		for _, text := range found {
			if !slices.Contains(texts[text], file) {
				texts[text] = append(texts[text], file)
			}
		}
	}
	for _, files := range texts {
		slices.Sort(files)
	}
	return texts
}

// silent are folders without a text of the product's: what runs beside it, and what tests alone use.
var silent = []string{"bin", "data", "node_modules", "testdata", "standalone", "tools", "e2e", "docs", "scene", "pgtest", "postbox", "ldaptest", "radiustest", "freeradius"}

func textsByFile(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name := entry.Name(); file != "." && (strings.HasPrefix(name, ".") || slices.Contains(silent, name)) {
				return fs.SkipDir
			}
			return nil
		}
		read := reader(filepath.ToSlash(file))
		if read == nil {
			return nil
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if found := read(t, string(content)); len(found) > 0 {
			all[filepath.ToSlash(file)] = found
		}
		return nil
	})
	require.NoError(t, err)
	return all
}

func reader(file string) func(*testing.T, string) []string {
	switch {
	case strings.HasSuffix(file, "_test.go"):
		return nil
	case strings.HasPrefix(file, "sql/") && path.Ext(file) == ".go":
		return textsOfErrors
	case strings.HasSuffix(file, ".go"):
		return textsOfGo
	case path.Ext(file) == ".html":
		return textsOfPage
	case path.Ext(file) == ".js":
		return textsOfScript
	case strings.HasPrefix(file, "mail/") && path.Ext(file) == ".txt", file == "okey/charter.txt":
		return textsOfLetter
	}
	return nil
}
