package web

import (
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"slices"
	"strings"

	"okey/internal/address"
)

//go:embed *.html
var ownFiles embed.FS

//go:embed static styles
var staticFiles embed.FS

// Templates are the pages of all rooms, each together with the layout that it stands in.
type Templates struct {
	pages map[string]*template.Template

	// situations are the pages of help, in the order of the index: every page may name some.
	situations []Situation
}

// ParseTemplates reads the pages of each room: thing.html is the page thing, layout.html and parts*.html are for all pages,
// aide/*.html are pages of help. It panics where two pages have one name or one does not parse: what is embedded is right, or the
// program does not start.
func ParseTemplates(rooms ...fs.FS) *Templates {
	t := &Templates{pages: map[string]*template.Template{}}
	rooms = append([]fs.FS{ownFiles}, rooms...)
	shared := template.New("layout.html").Option("missingkey=error").Funcs(template.FuncMap{
		"entry":      (*Form).Entry,
		"asset":      asset,
		"situations": t.named,
		"table":      TableOf,
		"asked":      func(f Field) bool { return f.Label != "" }, // and not only carried along
	})
	for _, room := range rooms {
		if parts := slices.DeleteFunc(filesOf(room, "*.html"), isPage); len(parts) > 0 {
			template.Must(shared.ParseFS(room, parts...))
		}
	}
	for _, room := range rooms {
		for _, file := range filesOf(room, "*.html") {
			if name := strings.TrimSuffix(file, ".html"); isPage(file) && name != aroundSituation {
				t.add(name, template.Must(template.Must(shared.Clone()).ParseFS(room, file)))
			}
		}
		for _, file := range filesOf(room, "aide/*.html") {
			one := readSituation(room, file)
			t.situations = append(t.situations, one)
			t.add(one.Page(), template.Must(template.Must(shared.Clone()).ParseFS(room, aroundSituation+".html", file)))
		}
	}
	return t
}

// isPage tells a page from what all pages share.
func isPage(file string) bool { return file != "layout.html" && !strings.HasPrefix(file, "parts") }

func (t *Templates) add(name string, page *template.Template) {
	if t.pages[name] != nil {
		panic("two rooms have a page " + name)
	}
	t.pages[name] = page
}

func filesOf(room fs.FS, pattern string) []string {
	files, err := fs.Glob(room, pattern)
	if err != nil {
		panic(err) // the pattern is a constant
	}
	return files
}

// Situation is a page of help: the question that a person has, and a short answer. One file in folder aide is one page: its name is the
// number that orders it, then its address; it defines theme, question and answer, and readers where it is for support alone.
type Situation struct {
	Name     string
	Theme    string
	Question string
	Desk     bool // for support alone: others are told that there is no such page
}

// aroundSituation is the template around each situation.
const aroundSituation = "situation"

// Path is where the answer is read.
func (one Situation) Path() string { return address.PathHelp + "/" + one.Name }

// Page is the name that Show knows it by.
func (one Situation) Page() string { return "aide/" + one.Name }

func readSituation(room fs.FS, file string) Situation {
	_, name, numbered := strings.Cut(strings.TrimSuffix(path.Base(file), ".html"), "-")
	if !numbered {
		panic(file + " has no number before its name")
	}
	words := template.Must(template.New(name).ParseFS(room, file))
	return Situation{Name: name, Theme: wordsOf(words, "theme"), Question: wordsOf(words, "question"), Desk: words.Lookup("readers") != nil}
}

// wordsOf is the plain text of a definition.
func wordsOf(t *template.Template, name string) string {
	defined := t.Lookup(name)
	if defined == nil {
		panic("help " + t.Name() + " lacks its " + name)
	}
	return defined.Tree.Root.String()
}

// named are the pages of help that a template names, with spaces between.
func (t *Templates) named(names string) ([]Situation, error) {
	var found []Situation
	for _, name := range strings.Fields(names) {
		at := slices.IndexFunc(t.situations, func(one Situation) bool { return one.Name == name })
		if at < 0 {
			return nil, fmt.Errorf("there is no help about %q", name)
		}
		found = append(found, t.situations[at])
	}
	return found, nil
}

// Situations are all pages of help, in the order of the index.
func (s *Site) Situations() []Situation { return s.templates.situations }

// SituationsNamed are the pages of help that a text names, with spaces between; a name that no page has is an error.
func (s *Site) SituationsNamed(names string) ([]Situation, error) { return s.templates.named(names) }
