package server

import (
	"fmt"
	"net/http"
	"strings"

	"okey/okey"
)

const pathHelp = "/aide"

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

// helpSettings are what the academy says of its other tools, and of who has held OKEY against the rules of accessibility.
type helpSettings struct {
	Portal, Training          string
	TicketTool, TicketProduct string
	TicketLink                func(subject string) string
	Conformity, Audit         string
}

func (o helpSettings) ticket(subject string) *ticket {
	if o.TicketTool == "" {
		return nil
	}
	return &ticket{Tool: o.TicketTool, Product: o.TicketProduct, URL: o.TicketLink(strings.ReplaceAll(subject, "\u00a0", " "))}
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

// helpIndexPage lists every question.
func (s *Server) helpIndexPage(v *visit) error {
	index := helpIndex{Training: s.help.Training}
	for _, one := range s.situations() {
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
	found, err := s.situationsNamed(v.Param("situation"))
	if err != nil || len(found) != 1 || found[0].Desk && mayArrange(v) != nil {
		return okey.Errorf(okey.CodeNotFound, "Cette page d'aide n'existe pas.")
	}
	one := found[0]
	page := helpScreen{Desk: one.Desk, Ticket: s.help.ticket(one.Question), Portal: s.help.Portal, Training: s.help.Training, server: s, reader: v}
	for _, other := range s.situations() {
		if other.Theme == one.Theme && other.Name != one.Name {
			page.Others = append(page.Others, other)
		}
	}
	return s.show(v, http.StatusOK, one.page(), screen{Title: one.Question, Body: page})
}
