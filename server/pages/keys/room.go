// Package keys has the pages about keys: the list, a key's page and its story, what its holder may do with it, the PIN, moves
// between schools. It knows sign-in, for a forgotten PIN asks for a fresh one, and story for what support sees beside a key.
package keys

import (
	"embed"
	"strings"

	"okey/internal/address"
	"okey/server/act"
	"okey/server/pages/story"
	"okey/server/signin"
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
	store   *sql.Store
	act     *act.Dispatcher
	signin  *signin.SignIn
	story   *story.Pages
	session *web.Sessions
	portal  string      // where a key is used; empty where the academy does not say
	trials  *act.Trials // nil where no authentication server is known: then no page speaks of trying a key
}

// New makes the room.
func New(
	site *web.Site, store *sql.Store, a *act.Dispatcher, in *signin.SignIn, session *web.Sessions, st *story.Pages, portal string,
	trials *act.Trials,
) *Pages {
	return &Pages{Site: site, store: store, act: a, signin: in, session: session, story: st, portal: portal, trials: trials}
}

// Routes registers the pages about keys.
func (s *Pages) Routes(r web.Routes) {
	of := func(path string) string { return address.PathKeys + "/:serial" + path }
	r.Get(address.PathKeys, s.keysPage)
	r.Sheet(address.PathKeys+".xlsx", s.keysTable)
	r.Get(of(""), s.keyPage)
	r.Post(of(""), s.changeKey)
	r.Get(of("/depart"), s.takeAlongPage)
	r.Post(of("/depart"), s.takeAlong)
	r.Get(address.PathMoveKeys, s.moveKeysPage)
	r.Post(address.PathMoveKeys, s.moveKeys)
	r.Get(address.PathMoves+"/:id", s.movePage)
	r.Post(address.PathMoves+"/:id", s.decideMove)
	r.Back(address.PathMoves+"/:id/retrait", func(v *web.Visit) string { return strings.TrimSuffix(v.Request.URL.Path, "/retrait") })
	r.Post(address.PathMoves+"/:id/retrait", s.withdrawMove)

	r.Get(address.PathMyKey, s.myKeyPage)
	r.Get(address.PathMyTrial, s.myKeyPage)
	for _, t := range troubles {
		r.Get(of(t.path), func(v *web.Visit) error { return s.troublePage(v, t) })
	}
	for _, d := range declarations {
		r.Get(of(d.path), func(v *web.Visit) error { return s.declarationPage(v, d) })
		r.Post(of(d.path), func(v *web.Visit) error { return s.declare(v, d) })
	}
	r.Get(of(address.PathLeaving), s.leavingPage)
	r.Get(of(address.PathTrial), s.trialPage)
	r.Post(of(address.PathTrial), s.try)

	r.Get(address.PathPIN, s.pinPage)
	r.Post(address.PathPIN, s.changePIN)
	r.Get(address.PathPINForgotten, s.pinForgottenPage)
	r.Post(address.PathPINForgotten, s.setForgottenPIN)
	r.BackTo(address.PathPINSignIn, address.PathPINForgotten) // whoever comes back from a sign-in that ended their session
	r.Post(address.PathPINSignIn, s.signInAfresh)
}
