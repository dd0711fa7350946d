package server

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
