package server_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"okey/okey"
	"okey/server/pages/story"
	"okey/server/web"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// constants are all values that a package gives to a type, its own or the domain's.
func constants(t *testing.T, dir, typed string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	var values []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		parsed, err := parser.ParseFile(token.NewFileSet(), file, content, 0)
		require.NoError(t, err)
		ast.Inspect(parsed, func(node ast.Node) bool {
			spec, is := node.(*ast.ValueSpec)
			if !is || len(spec.Values) != 1 {
				return true
			}
			name, _ := spec.Type.(*ast.Ident)
			if foreign, is := spec.Type.(*ast.SelectorExpr); is {
				name = foreign.Sel
			}
			if name == nil || name.Name != typed {
				return true
			}
			if literal, is := spec.Values[0].(*ast.BasicLit); is && literal.Kind == token.STRING {
				value, err := strconv.Unquote(literal.Value)
				require.NoError(t, err)
				values = append(values, value)
			}
			return true
		})
	}
	require.NotEmpty(t, values, typed)
	return values
}

// What OKEY keeps as a code is said in French wherever it is shown: none of the domain's values lacks its words.
func TestEveryCodeHasItsWords(t *testing.T) {
	for typed, say := range map[string]func(string) string{
		"Stage":         func(v string) string { return okey.Stage(v).French() },
		"KeyState":      func(v string) string { return okey.KeyState(v).French() },
		"KeyReason":     func(v string) string { return okey.KeyReason(v).French() },
		"OrderState":    func(v string) string { return okey.OrderState(v).French() },
		"DeliveryState": func(v string) string { return okey.DeliveryState(v).French() },
		"ReportState":   func(v string) string { return okey.ReportState(v).French() },
		"MoveState":     func(v string) string { return okey.MoveState(v).French() },
		"MoveFault":     func(v string) string { return okey.MoveFault(v).French() },
		"NotServed":     func(v string) string { return okey.NotServed(v).French() },
		"Function":      func(v string) string { return okey.Function(v).French() },
		"Scope":         func(v string) string { return okey.Scope(v).French() },
		"RequestReason": func(v string) string { return web.ReasonNames[okey.RequestReason(v)] },
		"ActionName":    func(v string) string { return okey.ActionName(v).Kind().French },
		"Via":           func(v string) string { return web.ViaNames[okey.Via(v)] },
		"EventKind": func(v string) string {
			return web.SayEvent(okey.Event{Kind: okey.EventKind(v), ByName: "Léa Martin"}, "")
		},
	} {
		for _, value := range constants(t, "../okey", typed) {
			said := say(value)
			assert.NotEmpty(t, said, "%s %s", typed, value)
			assert.NotContains(t, said, "OKEY a noté un changement", "%s %s", typed, value)
		}
	}
}

// Support reads why an action was refused: each code that a verdict may give has words of its own.
func TestEveryRefusalHasItsWords(t *testing.T) {
	for _, code := range constants(t, "../okey", "Code") {
		assert.NotEmpty(t, web.RefusalNames[okey.Code(code)], "%s", code)
	}
}

// The audit keeps codes: its page shows none.
func TestTheAuditIsReadInFrench(t *testing.T) {
	for detail, want := range map[string]string{
		"accepted": "c'est fait", "revoked": "retiré", "in_stock": "en stock", "awaiting_charter": okey.AwaitingCharter.French(),
		"0069001B/adjoint": "0069001B, adjoint", "0069001B/chef": "0069001B, chef d'établissement", "0069001B": "0069001B", "12": "12",
		string(okey.CodeNoKeyFree): "sans effet : aucune clef libre", string(okey.MoveExpired): "expirée",
	} {
		assert.Equal(t, want, story.SayAuditDetail(detail))
	}
	for _, code := range constants(t, "../okey", "Code") {
		assert.NotEqual(t, code, story.SayAuditDetail(code))
	}
}
