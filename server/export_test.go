package server

import "time"

// NewHTTPServer is the server that listens to everybody, with its patience.
var NewHTTPServer = newHTTPServer

// Routes are all routes of the running server, as "GET /demandes/:id".
func (s *Server) Routes() []string {
	var routes []string
	for _, r := range s.router().Routes() {
		routes = append(routes, r.Method+" "+r.Path)
	}
	return routes
}

// SetPatience sets how long a person waits for the truth, instead of act.OutcomeWait.
func (s *Server) SetPatience(d time.Duration) { s.act.Patience = d }

// Waiting counts the calls that wait for events.
func (s *Server) Waiting() int { return s.api.Waiting() }

// Leave has those calls answered, as at the end.
func (s *Server) Leave() { s.api.Leave() }
