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
	Desk     *desk.Screen  // support begins at its desk
	Journal  *desk.Journal // who audits alone, at the audit
	Mine     *mine
}

// homePage shows what awaits the person.
func (s *Pages) homePage(v *web.Visit) error {
	page, title := homeScreen{}, "Bonjour "+v.Actor.Name()
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
	switch {
	case v.Actor.Support:
		title = "Assistance"
		page.Desk, err = s.desk.Screen(v, nil)
	case v.Actor.Auditor: // and not support
		title = desk.JournalTitle
		page.Journal, err = s.desk.Journal(v)
	}
	if err != nil {
		return err
	}
	if !works && !v.Desk() && !page.Approver.Approve && (page.Mine == nil || len(page.Mine.Keys) == 0) {
		if page.Nowhere, err = s.requests.WhyNowhere(v); err != nil {
			return err
		}
	}
	return s.Show(v, http.StatusOK, "home", web.Screen{Title: title, Body: page})
}
