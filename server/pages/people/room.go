// Package people has the pages about people and schools, and who answers for them: delegations, attachments, hosts, successions. It knows
// story for what support sees beside a person or a school, and how requests are said there.
package people

import (
	"embed"

	"okey/internal/address"
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
	r.Get(address.PathPersons+"/:id", s.personPage)
	r.Post(address.PathPersons+"/:id/meme-personne", s.samePerson)
	r.Back(address.PathPersons+"/:id/meme-personne", func(v *web.Visit) string { return address.PathPersons + "/" + v.Param("id") })
	r.Get(address.PathSchools+"/:uai", s.schoolPage)

	r.Get(address.PathDelegations, s.delegationsPage)
	r.Sheet(address.PathDelegations+".xlsx", s.delegationsTable)
	r.Post(address.PathDelegations+"/:id", s.giveDelegation)
	r.BackTo(address.PathDelegations+"/:id", address.PathDelegations)
	r.Post(address.PathDelegations+"/:id/fin", s.endDelegation)
	r.BackTo(address.PathDelegations+"/:id/fin", address.PathDelegations)

	r.Get(address.PathAttachments, s.attachmentsPage)
	r.Sheet(address.PathAttachments+".xlsx", s.attachmentsTable)
	r.Post(address.PathAttachments, s.attach)
	r.Post(address.PathAttachments+"/:id/fin", s.detach)
	r.BackTo(address.PathAttachments+"/:id/fin", address.PathAttachments)
	r.Get(address.PathHosts, s.hostsPage)
	r.Sheet(address.PathHosts+".xlsx", s.hostsTable)
	r.Post(address.PathHosts, s.host)
	r.Post(address.PathHosts+"/:id/fin", s.endHosting)
	r.BackTo(address.PathHosts+"/:id/fin", address.PathHosts)

	r.Get(address.PathSuccession, s.successionPage)
	r.Post(address.PathSuccession, s.succession)
	r.Get(address.PathSuccession+"/:id", s.successionRecordPage)
	r.Sheet(address.PathSuccession+"/:id/tableau.xlsx", s.successionTable)
}

// each makes something of each thing in a list.
func each[T, R any](all []T, as func(T) R) []R {
	made := make([]R, len(all))
	for i, one := range all {
		made[i] = as(one)
	}
	return made
}
