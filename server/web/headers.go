package web

import (
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"
)

// PageHeaders keep a page to itself: no script, style or form of others, no frame, no copy in a cache, no address in referrers. The origin
// alone is sent along: CrossOriginProtection needs it from browsers that know no Sec-Fetch-Site.
func (s *Site) PageHeaders(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", s.ContentSecurity())
	h.Set("Referrer-Policy", "strict-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cache-Control", "no-store")
	if strings.HasPrefix(s.settings.URL, "https://") {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// ContentSecurity lets forms lead to the identity provider too: browsers hold the redirects that follow a form against form-action.
func (s *Site) ContentSecurity() string {
	forms := "'self'"
	if issuer, err := url.Parse(s.settings.Issuer); err == nil && issuer.Host != "" {
		forms += " " + issuer.Scheme + "://" + issuer.Host
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
		"form-action " + forms + "; base-uri 'none'; frame-ancestors 'none'"
}

// FailPage ends a page with an error's status and sentence.
func (s *Site) FailPage(c *gin.Context, err error) {
	s.PageHeaders(c) // the router calls it where no route's own have been set
	c.Abort()
	s.showFailure(c, err)
}
