package server

import "net/http"

// helpPage says in one page what everybody asks.
func (s *Server) helpPage(v *visit) error {
	return s.show(v, http.StatusOK, "help", screen{Title: "Aide", Body: nil})
}
