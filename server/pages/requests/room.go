// Package requests has the pages about one request, from asking to holding a key: the form, the request's page, the charter, signing,
// handing over, the slip. It knows keys for the holder's own, and story for what support sees beside a request.
package requests

import (
	"embed"
	"strings"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/pages/keys"
	"okey/server/pages/story"
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
	store *sql.Store
	act   *act.Dispatcher
	keys  *keys.Pages
	story *story.Pages
}

// New makes the room.
func New(site *web.Site, store *sql.Store, a *act.Dispatcher, k *keys.Pages, st *story.Pages) *Pages {
	return &Pages{Site: site, store: store, act: a, keys: k, story: st}
}

// Routes registers the pages about requests.
func (s *Pages) Routes(r web.Routes) {
	r.Get(address.PathRequests, s.requestsPage)
	r.Sheet(address.PathRequests+".xlsx", s.requestsTable)
	r.Get(address.PathAsk, s.askPage)
	r.Post(address.PathAsk, s.ask)
	r.Get(address.PathRequests+"/:id", s.requestPage)
	r.Sheet(address.PathRequests+"/:id/tableau.xlsx", s.requestDeskTable)
	for _, f := range signalForms {
		if f.signal != okey.CharterAndPIN { // whose address is the signed charter's too
			r.Get(address.PathRequests+"/:id/"+f.path, backToRequest)
		}
		r.Post(address.PathRequests+"/:id/"+f.path, func(v *web.Visit) error { return s.signal(v, f) })
	}
	r.Get(address.PathRequests+"/:id"+address.PathSigned, s.signedPage)
	r.Get(address.PathRequests+"/:id"+address.PathSigned+".txt", s.signedText)
	r.Get(address.PathRequests+"/:id"+address.PathReissue, backToRequest)
	r.Post(address.PathRequests+"/:id"+address.PathReissue, s.reissueLinks)
	r.Get(address.PathRequests+"/:id"+address.PathIllegible, s.illegiblePage)
	r.Post(address.PathRequests+"/:id"+address.PathIllegible, s.illegible)
	r.Get(address.PathRequests+"/:id"+address.PathSlip, s.slipPage)
	r.Get(address.PathCounter+"/:id", s.handoverPage)
	r.Post(address.PathCounter+"/:id", s.handOver)
	r.Back(address.PathCounter+"/:id"+address.PathTrial, func(v *web.Visit) string {
		return strings.TrimSuffix(v.Request.URL.Path, address.PathTrial)
	})
	r.Post(address.PathCounter+"/:id"+address.PathTrial, s.prove)
	r.Open("/charte", s.charterPage)
	r.Open("/charte/:version", s.charterVersionPage)
}
