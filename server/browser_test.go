package server_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pagesOfBrowser names every route that the browser tests look at, and those that show nothing.
const pagesOfBrowser = "../e2e/pages/pages.js"

// A page that the browser tests do not know is looked at by nobody: neither axe nor a phone's width nor a keyboard has been near it.
func TestEveryPageAndEveryFormIsLookedAtInABrowser(t *testing.T) {
	text, err := os.ReadFile(pagesOfBrowser)
	require.NoError(t, err)
	named := map[string]bool{}
	for _, found := range regexp.MustCompile(`"((?:GET|POST) /[^"]*)"`).FindAllStringSubmatch(string(text), -1) {
		named[found[1]] = true
	}
	routes := newHouse(t).Server.Routes()
	for _, route := range routes {
		if forPeople(route) {
			assert.True(t, named[route], "%s is not in %s: say who is to look at it, or that it shows nothing", route, pagesOfBrowser)
		}
	}
	for route := range named {
		assert.True(t, slices.Contains(routes, route), "%s in %s is no route", route, pagesOfBrowser)
	}
}

// forPeople leaves out what no browser shows: what programs call, and files.
func forPeople(route string) bool {
	_, path, _ := strings.Cut(route, " ")
	for _, ending := range []string{".xlsx", ".txt", ".svg", "/healthz", "/readyz"} {
		if strings.HasSuffix(path, ending) {
			return false
		}
	}
	return !strings.HasPrefix(path, "/api/") && !strings.HasPrefix(path, "/static/") && !strings.HasPrefix(route, "HEAD ")
}
