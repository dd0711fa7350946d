package home

import (
	"net/http"

	"okey/server/pages/desk"
	"okey/server/web"
)

// homeScreen is what awaits the person, whatever they are.
type homeScreen struct {
	Nowhere  string
	Approver approverHome
	Desk     *desk.Counts
	Mine     *mine
}

// homePage shows what awaits the person.
func (s *Pages) homePage(v *web.Visit) error {
	page := homeScreen{}
	var err error
	if page.Approver, err = s.approverHome(v); err != nil {
		return err
	}
	help := "demander console-rc"
	if page.Approver.Approve { // asked above already
		help = "demander"
	}
	works := len(v.Actor.Establishments(v.Today())) > 0
	if page.Mine, err = s.mine(v, works, help); err != nil {
		return err
	}
	if v.Desk() {
		if page.Desk, err = s.desk.Counts(v); err != nil {
			return err
		}
	}
	if !works && !v.Desk() && !page.Approver.Approve && (page.Mine == nil || len(page.Mine.Keys) == 0) {
		if page.Nowhere, err = s.requests.WhyNowhere(v); err != nil {
			return err
		}
	}
	return s.Show(v, http.StatusOK, "home", web.Screen{Title: "Bonjour " + v.Actor.Name(), Body: page})
}
