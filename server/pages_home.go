package server

import (
	"fmt"
	"net/http"

	"okey/okey"
)

// homeScreen is what awaits the person, whatever they are.
type homeScreen struct {
	Nowhere  string
	Approver approverHome
	Desk     *deskCounts
	Mine     *mine
}

// homePage shows what awaits the person.
func (s *Server) homePage(v *visit) error {
	page := homeScreen{}
	var err error
	if page.Approver, err = s.approverHome(v); err != nil {
		return err
	}
	help := "demander console-rc"
	if page.Approver.Approve { // asked above already
		help = "demander"
	}
	works := len(v.Actor.Establishments(v.today())) > 0
	if page.Mine, err = s.mine(v, works, help); err != nil {
		return err
	}
	if v.desk() {
		if page.Desk, err = s.deskCounts(v); err != nil {
			return err
		}
	}
	if !works && !v.desk() && !page.Approver.Approve && (page.Mine == nil || len(page.Mine.Keys) == 0) {
		if page.Nowhere, err = s.whyNowhere(v); err != nil {
			return err
		}
	}
	return s.show(v, http.StatusOK, "home", screen{Title: "Bonjour " + v.Actor.Name(), Body: page})
}

// card is a request in a list.
type card struct {
	Path, Who, Where, Need, State string

	Replaces string    // in a sentence, what the key replaces; empty for a first one
	Acts     []navLink // what the visitor may do about it, the likeliest first
}

// sayStateTo is sayState as the visitor reads it: a stage's name is for whoever acts then, and who asked fetches the key that others hand over.
func sayStateTo(v *visit, r okey.Request) string {
	if r.Person == v.Actor.ID && r.Stage == okey.AwaitingHandover {
		return fmt.Sprintf("Clef à aller chercher depuis %s : clef %s", paris(v).day(r.Since), r.Key)
	}
	return sayState(r, paris(v))
}

// sayState is where a request stands, in one line.
func sayState(r okey.Request, c clock) string {
	said := okey.Capitalize(r.Stage.French()) + " depuis " + c.day(r.Since)
	if r.Stage == okey.AwaitingHandover {
		return said + " : clef " + string(r.Key)
	}
	if r.Stage.Closed() {
		return okey.Capitalize(r.Stage.French()) + " " + c.day(r.Since)
	}
	return said
}
