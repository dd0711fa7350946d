package server

import "net/http"

const pathAccessibility = "/accessibilite"

// accessibilityPage is the statement that article 47 of the law of 11 February 2005 and the decree of 24 July 2019 ask for. It is open. The state
// that it tells stands in the foot of every page, too: "non conforme" until somebody has held OKEY against RGAA, whatever programs find; an academy
// that had it done says so in its settings.
func (s *Server) accessibilityPage(v *visit) error {
	return s.show(v, http.StatusOK, "accessibility", screen{Title: "Accessibilité : " + s.help.Conformity, Body: accessibilityScreen{s.help.Conformity, s.help.Audit}})
}

// accessibilityScreen is what an audit has found, and which audit that was; empty for none.
type accessibilityScreen struct{ State, Audit string }
