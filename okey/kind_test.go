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

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every name that the domain declares for an action or a signal has its row, which names it and says what it is about.
func TestTheRunsOfAScheduleAreOneWorkflow(t *testing.T) {
	request := okey.RequestWorkflowID(uuid.MustParse("0b6b0e5f-2a67-4d0c-9d2e-6f6b65790001"))
	for id, want := range map[string]string{
		"repair-watch-2026-11-29T12:25:00Z": "repair-watch", "directory-sync-2026-11-29T03:30:00Z": "directory-sync",
		"repair-watch": "repair-watch", request: request,
	} {
		assert.Equal(t, want, okey.ScheduleOf(id))
	}
}

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
