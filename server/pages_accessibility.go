package server

import "net/http"

const pathAccessibility = "/accessibilite"

// accessibilityPage is the statement that article 47 of the law of 11 February 2005 and the decree of 24 July 2019 ask for. It is open. The state
// that it tells stands in the foot of every page, too: "non conforme" until somebody has held OKEY against RGAA, whatever programs find.
func (s *Server) accessibilityPage(v *visit) error {
	return s.show(v, http.StatusOK, "accessibility", screen{Title: "Accessibilité : non conforme"})
}
