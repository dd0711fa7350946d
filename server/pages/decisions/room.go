// Package decisions has the ways in which approvers answer and hand over: several requests together, by an emailed link, at the counter. It
// knows the page of a request, where each of them ends, and of keys how a lost one is told.
package decisions

import (
	"embed"

	"okey/config"
	"okey/internal/address"
	"okey/server/act"
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
	store       *sql.Store
	act         *act.Dispatcher
	requests    *requests.Pages
	linkKeys    config.Keyring
	signInFirst bool // before an emailed link may be used
}

// New makes the room.
func New(site *web.Site, store *sql.Store, a *act.Dispatcher, r *requests.Pages, linkKeys config.Keyring, signInFirst bool) *Pages {
	return &Pages{Site: site, store: store, act: a, requests: r, linkKeys: linkKeys, signInFirst: signInFirst}
}

// Routes registers the ways in which approvers answer and hand over.
func (s *Pages) Routes(r web.Routes) {
	r.Get(address.PathAnswers, s.answersPage)
	r.Post(address.PathAnswers, s.answerTogether)
	r.Get(address.PathAnswers+"/:id", s.answersGiven)
	r.Get(address.PathCounter, s.counterPage)
	r.Open(address.PathDecide+"/:token", s.linkPage)
	r.OpenPost(address.PathDecide+"/:token", s.answerLink)
}
