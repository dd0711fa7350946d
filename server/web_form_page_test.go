package server_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
)

var parameter = regexp.MustCompile(`:[a-z]+`)

// Whoever signs in again is led to the page that holds the form, and so is whoever comes back in the browser's history: the
// address that takes a form shows it, or leads to where it stands.
func TestEveryFormHasAPageToComeBackTo(t *testing.T) {
	h := newHouse(t)
	guest := h.browse()
	routes := h.Server.Routes()
	for _, route := range routes {
		method, path, _ := strings.Cut(route, " ")
		if method != http.MethodPost || strings.HasPrefix(path, "/api/") || path == "/deconnexion" {
			continue
		}
		assert.Contains(t, routes, "GET "+path)
		if strings.HasPrefix(path, "/valider/") { // needs no session
			continue
		}
		path = parameter.ReplaceAllString(path, uuid.NewString())
		ended := guest.post(path, url.Values{})
		assert.Equal(t, http.StatusUnauthorized, ended.Status, route)
		assert.Contains(t, ended.HTML, `href="/connexion?vers=`+url.QueryEscape(path)+`"`, route)
	}
}
