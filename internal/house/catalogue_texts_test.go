package house_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// How texts are told from what programs say to each other: by what they look like, and by what stands around them.

// internal are calls whose words are for the log, the engine, other programs or Go itself.
var internal = regexp.MustCompile(
	`^(slog|regexp|temporal|prometheus|os|filepath|path|mux|flag|kong\.Name|time|sql|workflow\.(Get|Set[^C])|errors\.New|fmt\.Errorf|panic|` +
		`strings\.(HasPrefix|HasSuffix|Contains|Cut|TrimPrefix|TrimSuffix|EqualFold|Split|Fields)|guard|` +
		`\w*\.(Header|GetHeader|Set|Get|Exec|Queryx?|Select|ExecuteWorkflow|ExecuteActivity|SetGenHeader|LookupEnv|Warn|Error|Info|Debug))\b`,
)

// textsOfGo are the literals that people read: what looks like words, and is not said to the log or to other programs.
func textsOfGo(t *testing.T, content string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "", content, 0)
	require.NoError(t, err)
	var texts []string
	var above []ast.Node
	ast.Inspect(file, func(node ast.Node) bool {
		if node == nil {
			above = above[:len(above)-1]
			return true
		}
		above = append(above, node)
		expression, is := node.(ast.Expr)
		if !is {
			return true
		}
		text, is := literalText(expression)
		if !is {
			return true
		}
		whole := above
		above = above[:len(above)-1] // its parts are not looked at
		switch whose(whole) {
		case toPrograms:
			if french.MatchString(text) && wordy(text) { // an error that an operator reads
				texts = append(texts, oneLine(text))
			}
		case toPeople:
			if wordy(text) {
				texts = append(texts, oneLine(text))
			}
		case asTag:
			for _, key := range []string{"help", "placeholder"} {
				if said := reflect.StructTag(text).Get(key); wordy(said) {
					texts = append(texts, said)
				}
			}
		}
		return false
	})
	return texts
}

// literalText is a text as it is written in the source: in one literal, or in several that + joins, where a sentence is longer than a line.
func literalText(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		left, is := literalText(e.X)
		right, too := literalText(e.Y)
		return left + right, is && too && e.Op == token.ADD
	}
	return "", false
}

// textsOfErrors are what the store tells people: all its other literals are SQL.
func textsOfErrors(t *testing.T, content string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "", content, 0)
	require.NoError(t, err)
	var texts []string
	ast.Inspect(file, func(node ast.Node) bool {
		call, is := node.(*ast.CallExpr)
		if !is || !strings.HasPrefix(called(call), "okey.") {
			return true
		}
		for _, argument := range call.Args {
			if literal, is := argument.(*ast.BasicLit); is && literal.Kind == token.STRING {
				if text, err := strconv.Unquote(literal.Value); err == nil && wordy(text) {
					texts = append(texts, oneLine(text))
				}
			}
		}
		return true
	})
	return texts
}

type listener int

const (
	toPeople listener = iota
	toPrograms
	asTag
)

// whose tells from what stands around a literal whom it is for.
func whose(above []ast.Node) listener {
	for i := len(above) - 2; i >= 0; i-- {
		switch n := above[i].(type) {
		case *ast.ImportSpec:
			return toPrograms
		case *ast.Field:
			if n.Tag == above[i+1] {
				return asTag
			}
		case *ast.ValueSpec:
			if literal, is := above[len(above)-1].(*ast.BasicLit); is && n.Type == nil && constant(above[:i]) &&
				!strings.ContainsFunc(literal.Value, unlikeCode) {
				return toPrograms
			}
		case *ast.CallExpr:
			if internal.MatchString(called(n)) {
				return toPrograms
			}
		}
	}
	return toPeople
}

// constant tells whether the declaration next above is of constants: a bare word there is a name for programs.
func constant(above []ast.Node) bool {
	declared, is := above[len(above)-1].(*ast.GenDecl)
	return is && declared.Tok == token.CONST
}

func unlikeCode(r rune) bool { return r > unicode.MaxASCII || r == ' ' }

func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		if of, is := f.X.(*ast.Ident); is {
			return of.Name + "." + f.Sel.Name
		}
		return "." + f.Sel.Name
	}
	return ""
}

var (
	// One word without an accent is a code, a key or a type, unless it is written as a title is.
	plain   = regexp.MustCompile(`^[\x00-\x7F]*$`)
	title   = regexp.MustCompile(`^[A-Z][a-z'-]+$`)
	machine = regexp.MustCompile(
		`^(has invalid permissions|Permission denied|No such file or directory)$|\b(SELECT|INSERT|UPDATE|DELETE|FROM|WHERE|AND ExecutionStatus|ExecutionStatus IN|AND StartTime)\b|^(text|application)/|default-src|frame-ancestors|` +
			`^(apt-get|apk|dnf|brew|pacman|zypper) |kill -QUIT|^use strict$|aria-|\(\?:|^okey (link|attempt|bounce)\b|^keyring\(|yyyy|^&R|^</?[a-z]|="`,
	)
	verb    = regexp.MustCompile(`%(\[\d\])?[-+0-9.]*[a-z]|{}|\x1b\[K?`)
	address = regexp.MustCompile(`^[a-z]+://\S*$|^/\S*$|^\S+/\S+$|^[\w./:;=+*-]*[/:=][\w./:;=+*-]*$`)
)

// french tells a sentence of ours from one of the log's.
var french = regexp.MustCompile(`(?i)[àâçéèêëîïôùûœ«]|\b(la|le|les|une|pas|sont|est|vous)\b`)

// unread are literals that look like words and are read by no person: parts of formats, and causes that the log alone gets.
var unread = map[string]bool{
	"General":                            true,
	"Relationship":                       true,
	"Key":                                true,
	"link token":                         true,
	"No such recipient here":             true,
	"Not now, try again later":           true,
	"A line of this message is too long": true,
	"pin salt":                           true,
	"Temporal does not answer":           true,
	"Temporal does not know the search attributes yet": true,
	"a delivery has bad rows":                          true,
	"the provider did not ask again":                   true,
	"the provider gives no auth_time":                  true,
	"02/01/2006 à 15 h 04":                             true,
	"line %d: %s":                                      true,
	"no such host":                                     true,
	"i/o timeout":                                      true,
	"connection refused":                               true,
	"deadline exceeded":                                true,
}

// wordy tells whether a literal looks like something said to people.
func wordy(text string) bool {
	letters := 0
	for _, r := range verb.ReplaceAllString(text, "") {
		if unicode.IsLetter(r) {
			letters++
		}
	}
	text = strings.TrimSpace(text)
	switch {
	case letters < 2, !utf8.ValidString(text), machine.MatchString(text), address.MatchString(text), unread[text]:
		return false
	case strings.Contains(text, " "):
		return true
	case plain.MatchString(text):
		return title.MatchString(text) && len(text) > 2
	default:
		return true
	}
}

// oneLine is a text without the layout that it is written in, or told with.
func oneLine(text string) string {
	return strings.Join(strings.Fields(terminal.ReplaceAllString(text, "")), " ")
}

var terminal = regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]`)

var (
	comment   = regexp.MustCompile(`(?s)<!--.*?-->|{{/\*.*?\*/}}|<script[^>]*>.*?</script>|<style[^>]*>.*?</style>`)
	control   = regexp.MustCompile(`{{-?\s*(if|else|end|range|with|define|template|block|break|continue)\b[^}]*}}`)
	action    = regexp.MustCompile(`{{[^}]*}}`)
	said      = regexp.MustCompile(`"([^"]*)"`)
	attribute = regexp.MustCompile(`\s(?:aria-label|data-label|title|alt|placeholder|label)="([^"]*)"`)
	tag       = regexp.MustCompile(`<[^>]*>`)
	parting   = "\x00"
)

// textsOfPage are what stands between tags, and in the attributes that are read out.
func textsOfPage(_ *testing.T, content string) []string {
	content = comment.ReplaceAllString(content, parting)
	var texts []string
	for _, found := range action.FindAllString(content, -1) {
		texts = append(texts, literals(found)...)
	}
	content = action.ReplaceAllString(control.ReplaceAllString(content, parting), "{}")
	for _, found := range attribute.FindAllStringSubmatch(content, -1) {
		texts = append(texts, pieces(found[1])...)
	}
	return append(texts, pieces(tag.ReplaceAllStringFunc(content, inTag))...)
}

// inTag parts sentences at blocks, and leaves them whole around what is only marked.
func inTag(tag string) string {
	name := strings.Trim(strings.ToLower(strings.FieldsFunc(tag, func(r rune) bool { return r == ' ' || r == '>' || r == '\n' })[0]), "</")
	if slices.Contains([]string{"a", "strong", "em", "span", "code", "abbr", "b", "i"}, name) {
		return ""
	}
	return parting
}

// literals are words within a template's action: never names of templates or fields.
func literals(action string) []string {
	if control.MatchString(action) && !strings.Contains(action, "either") {
		return nil
	}
	var texts []string
	for _, found := range said.FindAllStringSubmatch(action, -1) {
		if text := found[1]; wordy(text) || strings.Contains(action, "either ") || strings.Contains(action, "count ") {
			texts = append(texts, text)
		}
	}
	return texts
}

func pieces(content string) []string {
	var texts []string
	for _, piece := range strings.Split(content, parting) {
		piece = oneLine(strings.ReplaceAll(strings.ReplaceAll(piece, "&nbsp;", "\u00a0"), "&amp;", "&"))
		if strings.ContainsFunc(strings.ReplaceAll(piece, "{}", ""), unicode.IsLetter) && !machine.MatchString(piece) {
			texts = append(texts, piece)
		}
	}
	return texts
}

// textsOfLetter are the blocks of a mail, or of the charter.
func textsOfLetter(_ *testing.T, content string) []string {
	var texts []string
	for _, found := range action.FindAllString(content, -1) {
		texts = append(texts, literals(found)...)
	}
	content = action.ReplaceAllString(control.ReplaceAllString(content, parting), "{}")
	for _, block := range strings.Split(content, "\n\n") {
		block = strings.TrimPrefix(strings.TrimSpace(block), "- ")
		if button := regexp.MustCompile(`^\[(.+)\]$`).FindStringSubmatch(block); button != nil {
			block = button[1]
		}
		texts = append(texts, pieces(block)...)
	}
	return texts
}

func textsOfScript(_ *testing.T, content string) []string {
	var texts []string
	for _, found := range said.FindAllStringSubmatch(content, -1) {
		if wordy(found[1]) {
			texts = append(texts, found[1])
		}
	}
	return texts
}

func TestWhatPeopleReadIsToldFromWhatProgramsRead(t *testing.T) {
	assert.Equal(t, []string{"Clef perdue", "Rendez-la, vite.", "Adresse d'écoute.", "HÔTE:PORT"}, textsOfGo(t, `package p
import "some where"
const code = "in_stock"
var x = map[string]string{"lost": "Clef perdue"}
func f() { slog.Info("a word for the log"); say("Rendez-la, vite."); panic(fmt.Errorf("no such %s", "Thing here")); _ = "SELECT a FROM b"; _ = "\x89PNG is no text" }
type c struct { A string `+"`name:\"http\" placeholder:\"HÔTE:PORT\" help:\"Adresse d'écoute.\"`"+` }`))
	assert.ElementsMatch(t, []string{"Clefs", "Il reste {} clef", "s", "Voir mes clefs, toutes", "attend"}, textsOfPage(
		t,
		`<ul aria-label="Clefs"><li class="a b">Il reste {{.N}} clef{{if .Many}}s{{end}}<!-- no word --></li><li><a href="/x">Voir</a> mes <em>clefs</em>, toutes</li></ul>{{either .N "attend"}}`,
	))
	assert.Equal(
		t,
		[]string{"Votre clef", "Elle attend.", "Voir", "{}, dit-il"},
		textsOfLetter(t, "Votre clef\n\nElle\nattend.\n\n[Voir]\n\n- {{.By}}, dit-il\n"),
	)
}
