package web

import (
	"bytes"
	"fmt"
	"net/http"
	"net/mail"
	"slices"
	"strings"

	"okey/internal/address"
	"okey/internal/version"
	"okey/okey"
	"okey/server/respond"

	"github.com/gin-gonic/gin"
)

// Screen is what the layout shows around a page.
type Screen struct {
	Title   string
	Of      string // of which the page is, where its heading does not say it: tabs and histories are told apart by it
	Notice  string // what just happened, and what comes next
	Warning string // what did not happen, and why
	Body    any

	Restored string // the field of a form given back where reading it over begins

	Failed  bool   // the title says so: a screen reader begins there
	Name    string // of whoever is signed in
	Nav     []NavLink
	Support string // address of the support team
	Academy academy

	Conformity string // to RGAA, in the foot
	Version    string // of what runs, in the foot

	Searches bool   // support and auditors search from every page
	Asked    string // what they have just searched for

	Guide *Guide // of a demonstration
}

// NavLink leads somewhere. Here tells the menu's link to the page that it stands on.
type NavLink struct {
	Name, Path string
	Here       bool
}

// Show writes a page. It is made whole first: a template that fails must not leave half a page behind.
func (s *Site) Show(v *Visit, status int, name string, sc Screen) error {
	sc.Failed = sc.Warning != "" || slices.Contains(refusals, status)
	if status == http.StatusUnprocessableEntity {
		s.KeepSent(v)
	}
	if v.Restored != nil {
		sc.Restored = v.Restored.begun()
	}
	s.dress(v, &sc)
	var page bytes.Buffer
	if err := s.templates.pages[name].Execute(&page, sc); err != nil {
		return fmt.Errorf("render page %s: %w", name, err)
	}
	v.Data(status, "text/html; charset=utf-8", unbroken(page.Bytes()))
	return nil
}

// refusals are the statuses of pages that say why nothing was done.
var refusals = []int{http.StatusUnprocessableEntity, http.StatusConflict, http.StatusTooManyRequests}

// dress adds what every page has: who is here, where one can go.
func (s *Site) dress(v *Visit, sc *Screen) {
	sc.Support, sc.Academy, sc.Conformity = addressOf(s.settings.SupportMail), s.academy, s.settings.Conformity
	sc.Version = version.Say()
	if v.SignedIn() {
		sc.Name, sc.Searches = v.Actor.Name(), v.Desk()
	}
	if s.guide != nil {
		sc.Guide = s.guide(v)
	}
	for _, place := range menu {
		if place.shown(v) {
			here := place.holds(v.Request.URL.Path) || place.path == address.PathDesk && v.Actor.Support && v.Request.URL.Path == "/"
			sc.Nav = append(sc.Nav, NavLink{Name: place.name, Path: place.path, Here: here})
		}
	}
}

// menu is where one can go from every page, and who sees that.
var menu = []menuPlace{
	{"Accueil", "/", func(v *Visit) bool { return v.SignedIn() && !v.Desk() }},
	{"Assistance", address.PathDesk, func(v *Visit) bool { return v.Actor.Support }}, // its home
	{"Journal", "/", (*Visit).audits},
	{"Demandes", address.PathRequests, (*Visit).SignedIn},
	{"Remise", address.PathCounter, does(okey.ActHandOver)},
	{"Gérer les clefs", address.PathKeys, (*Visit).ManagesKeys}, // the academy's own help says so to heads
	{"Clefs", address.PathKeys, func(v *Visit) bool { return v.SignedIn() && !v.ManagesKeys() }},
	{"Stock", address.PathStock, (*Visit).Answers},
	{"Commandes", address.PathOrders, (*Visit).Oversees},
	{"Inventaire", address.PathInventory, does(okey.ActManageKeys)},
	{"Délégations", address.PathDelegations, does(okey.ActDelegate)},
	{"Assistance", address.PathDesk, (*Visit).audits},
	{"Aide", address.PathHelp, func(*Visit) bool { return true }},
}

// audits tells whether the visitor audits, and is not of support besides.
func (v *Visit) audits() bool { return v.Actor.Auditor && !v.Actor.Support }

// does is for those who do something every day for an establishment of theirs. Support, which may do it anywhere, begins at its desk.
func does(act okey.Act) func(*Visit) bool {
	return func(v *Visit) bool {
		uais, _ := PlacesWhere(v, act)
		return len(uais) > 0
	}
}

type menuPlace struct {
	name, path string
	shown      func(*Visit) bool
}

// holds tells whether a page is that place, or below it.
func (m menuPlace) holds(page string) bool {
	return page == m.path || (m.path != "/" && strings.HasPrefix(page, m.path+"/"))
}

// addressOf is a mail address without the name that may stand before it.
func addressOf(mailbox string) string {
	if parsed, err := mail.ParseAddress(mailbox); err == nil {
		return parsed.Address
	}
	return mailbox
}

// NoRoute answers an address that does not exist: under /api as the rest of it does, elsewhere as a page.
func (s *Site) NoRoute(c *gin.Context) {
	if respond.ForPrograms(c.Request.URL.Path) {
		respond.FailWith(c, http.StatusNotFound, okey.Errorf(okey.CodeNotFound, "Cette adresse n'existe pas : voyez /api/v1/openapi.yaml."))
		return
	}
	if respond.IsStatic(c.Request.URL.Path) {
		respond.PlainPage(c.Writer, http.StatusNotFound, "Ce fichier n'existe pas.")
		return
	}
	s.FailPage(c, NoSuchPage())
}
