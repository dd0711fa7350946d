package mails

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/okey"
)

// A kind of mail without a recipe would be told to nobody.
func TestEveryKindOfMailHasARecipe(t *testing.T) {
	files, err := filepath.Glob("../../okey/*.go")
	require.NoError(t, err)
	declared := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, found := range regexp.MustCompile(`MailKind += "([a-z_]+)"`).FindAllStringSubmatch(string(content), -1) {
			declared++
			assert.Contains(t, recipes, okey.MailKind(found[1]), "%s", file)
		}
	}
	assert.Len(t, recipes, declared, "a recipe for each kind, and no other")
}
