package okey_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every name that the domain declares for an action or a signal has its row, which names it and says what it is about.
func TestEveryActionHasARow(t *testing.T) {
	var declared int
	for _, name := range constants(t, "ActionName", "Signal") {
		if okey.Signal(name) == okey.Expiry { // a timer's, in the table of stages: nobody sends it
			continue
		}
		declared++
		kind, known := okey.ActionKinds[okey.ActionName(name)]
		require.True(t, known, name)
		assert.NotEmpty(t, kind.French, name)
		assert.NotEmpty(t, kind.About, name)
		assert.True(t, kind.About == okey.ThingOrder || kind.From == nil, "%s: states are an order's", name)
	}
	assert.Len(t, okey.ActionKinds, declared, "a row for each name, and no other")
}

// constants are the values of the domain's constants of one of the types.
func constants(t *testing.T, types ...string) []string {
	t.Helper()
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	var values []string
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file.Name(), nil, 0)
		require.NoError(t, err)
		ast.Inspect(parsed, func(node ast.Node) bool {
			spec, is := node.(*ast.ValueSpec)
			if !is || len(spec.Values) != 1 {
				return true
			}
			typed, named := spec.Type.(*ast.Ident)
			text, literal := spec.Values[0].(*ast.BasicLit)
			for _, wanted := range types {
				if named && literal && typed.Name == wanted {
					value, err := strconv.Unquote(text.Value)
					require.NoError(t, err)
					values = append(values, value)
				}
			}
			return true
		})
	}
	return values
}
