package web

import (
	"net/http"

	"okey/internal/address"

	"github.com/gin-gonic/gin"
)

// Routes takes the addresses of a room's pages. GET and HEAD change nothing.
type Routes struct {
	site *Site
	to   gin.IRouter
}

// NewRoutes takes pages to a router, and begins with the addresses that every page needs.
func NewRoutes(site *Site, router gin.IRouter) Routes {
	r := Routes{site: site, to: router.Group("", site.PageHeaders)}
	r.shown("/static/:file", site.serveStatic)
	r.Get(address.PathFollow+"/:action", site.followPage)
	return r
}

// Get is a page for whoever has signed in; the others are led to sign in, and back.
func (r Routes) Get(path string, show func(*Visit) error) { r.shown(path, r.site.page(show)) }

// Post takes a form. Its address answers GET, too, with the page that holds the form or a way there: whoever signs in again,
// or comes back in the browser's history, is led there.
func (r Routes) Post(path string, do func(*Visit) error) { r.to.POST(path, r.site.page(do)) }

// Back leads from the address of a form to the page that holds it.
func (r Routes) Back(path string, to func(*Visit) string) {
	r.Get(path, func(v *Visit) error {
		v.Redirect(http.StatusSeeOther, to(v))
		return nil
	})
}

// BackTo is Back to a page of one address.
func (r Routes) BackTo(path, to string) { r.Back(path, func(*Visit) string { return to }) }

// Sheet is a table of a page as a spreadsheet.
func (r Routes) Sheet(path string, table func(*Visit) (Spreadsheet, error)) {
	r.Get(path, func(v *Visit) error {
		made, err := table(v)
		if err != nil {
			return err
		}
		return sendSpreadsheet(v, made)
	})
}

// Open is a page that says nothing about anybody: no sign-in.
func (r Routes) Open(path string, show func(*Visit) error) { r.shown(path, r.site.openPage(show)) }

// OpenPost takes the form of a page that asks for no sign-in.
func (r Routes) OpenPost(path string, do func(*Visit) error) { r.to.POST(path, r.site.openPage(do)) }

// Handle is for what needs no visit around it.
func (r Routes) Handle(method, path string, do gin.HandlerFunc) { r.to.Handle(method, path, do) }

// shown answers GET and HEAD with what needs no visit around it.
func (r Routes) shown(path string, show gin.HandlerFunc) {
	r.to.Match([]string{http.MethodGet, http.MethodHead}, path, show)
}
