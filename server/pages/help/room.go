// Package help has the pages of help, and what everybody may know: privacy, accessibility, one's own account. It asks the rooms of people
// and sign-in what a reader may do, so that help leads nobody to a page that is not theirs, and words one's own data as story
// does.
package help

import (
	"embed"
	"strings"

	"okey/internal/address"
	"okey/server/pages/people"
	"okey/server/signin"
	"okey/server/web"
	"okey/sql"
)

// Files are the templates of this room's pages.
//
//go:embed *.html aide/*.html
var Files embed.FS

// Pages are the pages of this room.
type Pages struct {
	*web.Site
	store   *sql.Store
	session *web.Sessions
	signin  *signin.SignIn
	people  *people.Pages
	help    Settings
}

// New makes the room.
func New(site *web.Site, store *sql.Store, session *web.Sessions, in *signin.SignIn, p *people.Pages, settings Settings) *Pages {
	return &Pages{Site: site, store: store, session: session, signin: in, people: p, help: settings}
}

// ticket is where the academy's people write to support.
type ticket struct{ Tool, Product, URL string }

// Settings are what the academy says of its other tools, and of who has held OKEY against the rules of accessibility.
type Settings struct {
	Portal, Training          string
	TicketTool, TicketProduct string
	TicketLink                func(subject string) string
	Conformity, Audit         string
	EventMonths               int  // for how many months events are kept
	Trials                    bool // there is an authentication server to try keys with
}

func (o Settings) ticket(subject string) *ticket {
	if o.TicketTool == "" {
		return nil
	}
	return &ticket{Tool: o.TicketTool, Product: o.TicketProduct, URL: o.TicketLink(strings.ReplaceAll(subject, "\u00a0", " "))}
}

// Routes registers help, and what everybody may know of OKEY and of what it keeps about them.
func (s *Pages) Routes(r web.Routes) {
	r.Open(address.PathHelp, s.helpIndexPage)
	r.Open(address.PathHelp+"/:situation", s.situationPage)
	r.Open(address.PathPrivacy, s.privacyPage)
	r.Open(address.PathAccessibility, s.accessibilityPage)
	r.Get(address.PathAccount, s.accountPage)
	r.Sheet(address.PathAccount+".xlsx", s.accountTable)
	r.Post(address.PathAccount+"/sessions", s.endSessions)
	r.BackTo(address.PathAccount+"/sessions", address.PathAccount)
}
