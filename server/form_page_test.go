package server_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	parameter = regexp.MustCompile(`:[a-z]+`)
	leadsTo   = regexp.MustCompile(`/connexion\?vers=([^"]*)"`)
)

// Whoever signs in again is led to the page that holds the form, and so is whoever comes back in the browser's history: there is one for every form.
func TestEveryFormHasAPageToComeBackTo(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	guest, sam := h.browse(), h.as(c.support)
	for _, route := range h.Server.Routes() {
		method, path, _ := strings.Cut(route, " ")
		if method != http.MethodPost || strings.HasPrefix(path, "/api/") || path == "/deconnexion" || strings.HasPrefix(path, "/valider/") {
			continue
		}
		path = parameter.ReplaceAllString(path, uuid.NewString())
		ended := guest.post(path, url.Values{})
		require.Equal(t, http.StatusUnauthorized, ended.Status, route)
		found := leadsTo.FindStringSubmatch(html.UnescapeString(ended.HTML))
		require.NotEmpty(t, found, "%s: %s", route, ended.HTML)
		page, err := url.QueryUnescape(found[1])
		require.NoError(t, err)
		if other := `data-form="` + page + `"`; page == path {
			assert.NotContains(t, ended.HTML, other, route)
		} else {
			assert.Contains(t, ended.HTML, other, route)
		}
		assert.NotEqual(t, http.StatusMethodNotAllowed, sam.get(page).Status, "%s comes from %s", route, page)
		assert.True(t, strings.HasPrefix(path, page), "%s comes from %s", route, page)
	}
}
