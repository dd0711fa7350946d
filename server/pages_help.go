package server

import (
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"

	"okey/config"
	"okey/okey"
)

const pathHelp = "/aide"

// situation is a page of help: the question that a person has, and a short answer. One file in templates/aide is one page: its name is the
// number that orders it, then its address; it defines theme, question and answer, and readers where it is for support alone.
type situation struct {
	Name     string
	Theme    string
	Question string
	Desk     bool // for support alone: others are told that there is no such page
	file     string
}

// Path is where the answer is read.
func (one situation) Path() string { return pathHelp + "/" + one.Name }

func (one situation) page() string { return "aide/" + one.Name }

// situations are all pages of help, in the order of the index.
var situations = readSituations()

func readSituations() []situation {
	files, err := fs.Glob(templateFiles, "templates/aide/*.html")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	all := make([]situation, len(files))
	for i, file := range files {
		_, name, numbered := strings.Cut(strings.TrimSuffix(path.Base(file), ".html"), "-")
		if !numbered {
			panic(file + " has no number before its name")
		}
		words := template.Must(template.New(name).ParseFS(templateFiles, file))
		all[i] = situation{Name: name, Theme: wordsOf(words, "theme"), Question: wordsOf(words, "question"), Desk: words.Lookup("readers") != nil, file: file}
	}
	return all
}

// wordsOf is the plain text of a definition.
func wordsOf(t *template.Template, name string) string {
	defined := t.Lookup(name)
	if defined == nil {
		panic("help " + t.Name() + " lacks its " + name)
	}
	return defined.Tree.Root.String()
}

// situationsNamed are the pages of help that a template names, with spaces between.
func situationsNamed(names string) ([]situation, error) {
	var found []situation
	for _, name := range strings.Fields(names) {
		at := slices.IndexFunc(situations, func(one situation) bool { return one.Name == name })
		if at < 0 {
			return nil, fmt.Errorf("there is no help about %q", name)
		}
		found = append(found, situations[at])
	}
	return found, nil
}

// helpScreen is one answer, with what the settings say of the academy's other tools: each is empty where they say nothing.
type helpScreen struct {
	Others   []situation // of the same theme
	Desk     bool        // whoever reads it is support: there is nobody else to write to
	Ticket   *ticket
	Portal   string
	Training string

	server *Server
	reader *visit
}

// Opens tells whether its reader may go to a page that is not for everybody, as the page itself does. Whoever has not signed in is let try.
func (page helpScreen) Opens(path string) (bool, error) {
	v := page.reader
	if !v.signedIn() {
		return true, nil
	}
	var refused error
	switch path {
	case pathOrders:
		return v.oversees(), nil
	case pathInventory:
		return v.answers(), nil
	case pathAnswers:
		_, refused = placesWhere(v, okey.ActDecide)
	case pathCounter:
		_, refused = placesWhere(v, okey.ActHandOver)
	case pathDelegations:
		_, _, refused = page.server.delegationReach(v)
	default:
		return false, fmt.Errorf("help asks whether %s opens: say who may", path)
	}
	switch okey.ErrorCode(refused) {
	case "":
		return true, nil
	case okey.CodeNotFound, okey.CodeForbidden:
		return false, nil
	}
	return false, refused
}

// ticket is where the academy's people write to support.
type ticket struct{ Tool, Product, URL string }

func ticketOf(cfg config.Config, subject string) *ticket {
	if cfg.TicketTool == "" {
		return nil
	}
	return &ticket{Tool: cfg.TicketTool, Product: cfg.TicketProduct, URL: cfg.TicketLink(strings.ReplaceAll(subject, "\u00a0", " "))}
}

// theme is a part of the index.
type theme struct {
	Name       string
	Situations []situation
}

type helpIndex struct {
	Themes   []theme
	Training string
}

func (s *Server) helpPages(open func(string, func(*visit) error)) {
	open(pathHelp, s.helpIndexPage)
	open(pathHelp+"/:situation", s.situationPage)
}

// helpIndexPage lists every question.
func (s *Server) helpIndexPage(v *visit) error {
	index := helpIndex{Training: s.cfg.TrainingURL}
	for _, one := range situations {
		if one.Desk && mayArrange(v) != nil {
			continue
		}
		if n := len(index.Themes); n == 0 || index.Themes[n-1].Name != one.Theme {
			index.Themes = append(index.Themes, theme{Name: one.Theme})
		}
		last := &index.Themes[len(index.Themes)-1]
		last.Situations = append(last.Situations, one)
	}
	return s.show(v, http.StatusOK, "help", screen{Title: "Aide", Body: index})
}

// situationPage answers one question.
func (s *Server) situationPage(v *visit) error {
	found, err := situationsNamed(v.Param("situation"))
	if err != nil || len(found) != 1 || found[0].Desk && mayArrange(v) != nil {
		return okey.Errorf(okey.CodeNotFound, "Cette page d'aide n'existe pas.")
	}
	one := found[0]
	page := helpScreen{Desk: one.Desk, Ticket: ticketOf(s.cfg, one.Question), Portal: s.cfg.PortalURL, Training: s.cfg.TrainingURL, server: s, reader: v}
	for _, other := range situations {
		if other.Theme == one.Theme && other.Name != one.Name {
			page.Others = append(page.Others, other)
		}
	}
	return s.show(v, http.StatusOK, one.page(), screen{Title: one.Question, Body: page})
}
