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

// ChoiceOf is what the page that asks to confirm several answers has sent back.
var ChoiceOf = choiceOf

// What pages say of codes.
var (
	ReasonNames    = reasonNames
	ActionNames    = actionNames
	ViaNames       = viaNames
	RefusalNames   = refusalNames
	SayEvent       = sayEvent
	SayAuditDetail = sayAuditDetail
)
