package server

// NewHTTPServer is the server that listens to everybody, with its patience.
var NewHTTPServer = newHTTPServer
