// Package home is the first page: what awaits the person who has signed in. It takes what it shows from the rooms of keys, requests,
// stock, people and desk, and knows nothing that they don't.
package home

import (
	"embed"

	"okey/server/pages/desk"
	"okey/server/pages/keys"
	"okey/server/pages/people"
	"okey/server/pages/requests"
	"okey/server/web"
	"okey/sql"
)

// Files are the templates of this room's pages.
//
//go:embed *.html
var Files embed.FS

// Pages are the pages of this room.
type Pages struct {
	*web.Site
	store    *sql.Store
	keys     *keys.Pages
	requests *requests.Pages
	people   *people.Pages
	desk     *desk.Pages
}

// New makes the room.
func New(site *web.Site, store *sql.Store, k *keys.Pages, r *requests.Pages, p *people.Pages, d *desk.Pages) *Pages {
	return &Pages{Site: site, store: store, keys: k, requests: r, people: p, desk: d}
}

// Routes registers the first page.
func (s *Pages) Routes(r web.Routes) { r.Get("/", s.homePage) }
