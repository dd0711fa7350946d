// Package story tells what support sees beside a request, a key, an order, a person or a school: the actions, the mails, the audit of it.
// It knows the way of an action, how pages are made and what letters are called, and none of the rooms whose pages it stands on.
package story

import (
	"okey/server/act"
	"okey/server/web"
	"okey/sql"
)

// Pages are the parts of pages that this room makes.
type Pages struct {
	*web.Site
	store *sql.Store
	act   *act.Dispatcher
}

// New makes the room.
func New(site *web.Site, store *sql.Store, a *act.Dispatcher) *Pages {
	return &Pages{Site: site, store: store, act: a}
}
