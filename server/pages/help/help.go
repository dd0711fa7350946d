package help

import (
	"fmt"
	"net/http"

	"okey/internal/address"
	"okey/okey"
	"okey/server/web"
)

// accessibilityPage is the statement that article 47 of the law of 11 February 2005 and the decree of 24 July 2019 ask for. It is open.
// The state that it tells stands in the foot of every page, too: "non conforme" until somebody has held OKEY against RGAA, whatever
// programs find; an academy that had it done says so in its settings.
func (s *Pages) accessibilityPage(v *web.Visit) error {
	page := accessibilityScreen{State: s.help.Conformity, Audit: s.help.Audit}
	return s.Show(v, http.StatusOK, "accessibility", web.Screen{Title: "Accessibilité : " + page.State, Body: page})
}

// accessibilityScreen is what an audit has found, and which audit that was; empty for none.
type accessibilityScreen struct{ State, Audit string }

// helpScreen is one answer, with what the settings say of the academy's other tools: each is empty where they say nothing.
type helpScreen struct {
	Others   []web.Situation // of the same theme
	Desk     bool            // whoever reads it is support: there is nobody else to write to
	Ticket   *ticket
	Portal   string
	Training string
	Trials   bool

	pages  *Pages
	reader *web.Visit
}

// Opens tells whether its reader may go to a page that is not for everybody, as the page itself does. Whoever has not signed in is let try.
func (page helpScreen) Opens(path string) (bool, error) {
	v := page.reader
	if !v.SignedIn() {
		return true, nil
	}
	var refused error
	switch path {
	case address.PathOrders:
		return v.Oversees(), nil
	case address.PathInventory:
		return v.Answers(), nil
	case address.PathAnswers:
		_, refused = web.PlacesWhere(v, okey.ActDecide)
	case address.PathCounter:
		_, refused = web.PlacesWhere(v, okey.ActHandOver)
	case address.PathDelegations:
		_, _, refused = page.pages.people.DelegationReach(v)
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

// theme is a part of the index.
type theme struct {
	Name       string
	Situations []web.Situation
}

type helpIndex struct {
	Themes   []theme
	Training string
}

// helpIndexPage lists every question.
func (s *Pages) helpIndexPage(v *web.Visit) error {
	index := helpIndex{Training: s.help.Training}
	for _, one := range s.Situations() {
		if one.Desk && web.MayArrange(v) != nil {
			continue
		}
		if n := len(index.Themes); n == 0 || index.Themes[n-1].Name != one.Theme {
			index.Themes = append(index.Themes, theme{Name: one.Theme})
		}
		last := &index.Themes[len(index.Themes)-1]
		last.Situations = append(last.Situations, one)
	}
	return s.Show(v, http.StatusOK, "help", web.Screen{Title: "Aide", Body: index})
}

// situationPage answers one question.
func (s *Pages) situationPage(v *web.Visit) error {
	found, err := s.SituationsNamed(v.Param("situation"))
	if err != nil || len(found) != 1 || found[0].Desk && web.MayArrange(v) != nil {
		return okey.Errorf(okey.CodeNotFound, "Cette page d'aide n'existe pas.")
	}
	one := found[0]
	page := helpScreen{
		Desk: one.Desk, Ticket: s.help.ticket(one.Question), Portal: s.help.Portal, Training: s.help.Training, Trials: s.help.Trials,
		pages: s, reader: v,
	}
	for _, other := range s.Situations() {
		if other.Theme == one.Theme && other.Name != one.Name {
			page.Others = append(page.Others, other)
		}
	}
	return s.Show(v, http.StatusOK, one.Page(), web.Screen{Title: one.Question, Body: page})
}
