// Package people has the pages about people and schools, and who answers for them: delegations, attachments, hosts, successions. It knows
// story for what support sees beside a person or a school, and how requests are said there.
package people

import (
	"embed"

	"okey/server/act"
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
	story *story.Pages
}

// New makes the room.
func New(site *web.Site, store *sql.Store, a *act.Dispatcher, st *story.Pages) *Pages {
	return &Pages{Site: site, store: store, act: a, story: st}
}

// Routes registers the pages about people and schools, and who answers for them.
func (s *Pages) Routes(r web.Routes) {
	r.Get(web.PathPersons+"/:id", s.personPage)
	r.Get(web.PathSchools+"/:uai", s.schoolPage)

	r.Get(web.PathDelegations, s.delegationsPage)
	r.Sheet(web.PathDelegations+".xlsx", s.delegationsTable)
	r.Post(web.PathDelegations+"/:id", s.giveDelegation)
	r.BackTo(web.PathDelegations+"/:id", web.PathDelegations)
	r.Post(web.PathDelegations+"/:id/fin", s.endDelegation)
	r.BackTo(web.PathDelegations+"/:id/fin", web.PathDelegations)

	r.Get(web.PathAttachments, s.attachmentsPage)
	r.Sheet(web.PathAttachments+".xlsx", s.attachmentsTable)
	r.Post(web.PathAttachments, s.attach)
	r.Post(web.PathAttachments+"/:id/fin", s.detach)
	r.BackTo(web.PathAttachments+"/:id/fin", web.PathAttachments)
	r.Get(web.PathHosts, s.hostsPage)
	r.Sheet(web.PathHosts+".xlsx", s.hostsTable)
	r.Post(web.PathHosts, s.host)
	r.Post(web.PathHosts+"/:id/fin", s.endHosting)
	r.BackTo(web.PathHosts+"/:id/fin", web.PathHosts)

	r.Get(web.PathSuccession, s.successionPage)
	r.Post(web.PathSuccession, s.succession)
	r.Get(web.PathSuccession+"/:id", s.successionRecordPage)
	r.Sheet(web.PathSuccession+"/:id/tableau.xlsx", s.successionTable)
}

// each makes something of each thing in a list.
func each[T, R any](all []T, as func(T) R) []R {
	made := make([]R, len(all))
	for i, one := range all {
		made[i] = as(one)
	}
	return made
}
