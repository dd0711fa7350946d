package server

import (
	"net/http"
	"strings"
	"unicode"

	"okey/server/respond"

	"github.com/gin-gonic/gin"
)

// wrapping is what readers of mail leave behind an address, in their own spelling: a bracket of HTML, the end of a line in
// quoted-printable.
var wrapping = []string{"&gt;", "&gt", "&quot;", "=0D", "=0A", "=20"}

// unwrapAddress leads to the page of an address that came with more than it: the full stop of a sentence, a bracket, a space. No address of
// a page ends with anything but a letter, a digit, - or _.
func (s *Server) unwrapAddress(c *gin.Context) {
	given := c.Request.URL.Path
	reads := c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead
	if !reads || respond.ForPrograms(given) || respond.IsStatic(given) {
		return
	}
	if clean := unwrapped(given); clean != given && !strings.HasPrefix(clean, "//") && !strings.Contains(clean, "\\") {
		to := *c.Request.URL
		to.Path, to.RawPath = clean, ""
		c.Header("Referrer-Policy", "no-referrer")
		c.Redirect(http.StatusFound, to.RequestURI())
		c.Abort()
	}
}

func unwrapped(path string) string {
	const home = "/"
	for path != home {
		shorter := strings.TrimRightFunc(path, func(r rune) bool { return !unicode.In(r, unicode.L, unicode.N) && r != '-' && r != '_' })
		for _, end := range wrapping {
			shorter = strings.TrimSuffix(shorter, end)
		}
		if shorter == path {
			return path
		}
		path = shorter
		if path == "" {
			return home
		}
	}
	return path
}
