package server

import (
	"net/http"

	"okey"
)

// helpPage says in one page what everybody asks.
func (s *Server) helpPage(v *visit) error {
	return s.show(v, http.StatusOK, "help", screen{Title: "Aide", Body: nil})
}

type charterScreen struct {
	okey.Charter
	Since string
}

// charterPage shows the text in force.
func (s *Server) charterPage(v *visit) error {
	charter, err := s.store.Charter(v.ctx())
	if err != nil {
		return err
	}
	return s.show(v, http.StatusOK, "charter", screen{
		Title: "Charte d'usage de la clef", Body: charterScreen{Charter: charter, Since: paris(v).day(charter.PublishedAt)},
	})
}
