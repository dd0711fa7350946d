// Package reference has the page that describes the JSON API to whoever writes programs. It draws openapi.yaml, the description that the
// tests hold every answer against, and says nothing of its own.
package reference

import (
	"embed"
	"net/http"
	"sync"

	"okey/internal/address"
	"okey/server/api"
	"okey/server/web"

	"github.com/gin-gonic/gin"
)

// Files are the templates of this room's pages.
//
//go:embed *.html
var Files embed.FS

// Pages are the pages of this room.
type Pages struct {
	*web.Site
	url string // of OKEY, for calls that can be copied
}

// New makes the room.
func New(site *web.Site, url string) *Pages { return &Pages{Site: site, url: url} }

// Routes registers the page. Everybody may read it, as the description itself.
func (s *Pages) Routes(r web.Routes) {
	r.Open(address.PathAPI, s.page)
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		r.Handle(method, address.PathAPI+"/", func(c *gin.Context) { c.Redirect(http.StatusMovedPermanently, address.PathAPI) })
	}
}

// drawn is the description as the page shows it: the same for everybody, read once.
var drawn = sync.OnceValue(func() description { return read(api.Description) })

type screen struct {
	description
	URL   string
	Files []string // the description itself
}

func (s *Pages) page(v *web.Visit) error {
	return s.Show(v, http.StatusOK, "reference", web.Screen{Title: "L'API, pour les programmes", Body: screen{
		drawn(), s.url, []string{"openapi.yaml", "openapi.json"},
	}})
}
