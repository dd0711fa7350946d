// Package desk is support's desk: what is stuck, the search, mails and letters, the audit, the dashboard. It asks the engine which requests
// it follows, and knows how the rooms of requests and story word what it lists.
package desk

import (
	"embed"

	"okey/calendar"
	"okey/internal/address"
	"okey/okey"
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
	engine      act.Engine
	requests    *requests.Pages
	calendar    *calendar.Calendar
	academyName string
}

// New makes the room.
func New(
	site *web.Site, store *sql.Store, a *act.Dispatcher, e act.Engine, r *requests.Pages, holidays *calendar.Calendar, academyName string,
) *Pages {
	return &Pages{Site: site, store: store, act: a, engine: e, requests: r, calendar: holidays, academyName: academyName}
}

// Routes registers support's desk.
func (s *Pages) Routes(r web.Routes) {
	r.Get(address.PathDesk, s.deskPage)
	r.Sheet(address.PathDesk+".xlsx", s.deskTable)
	r.Get(address.PathMails, s.mailsPage)
	r.Sheet(address.PathMails+".xlsx", s.mailsTable)
	r.Post(address.PathMails, s.resendAll)
	r.Get(address.PathMails+"/:id", s.mailPage)
	r.Post(address.PathMails+"/:id", s.resend)
	r.Get(address.PathAudit, s.auditPage)
	r.Sheet(address.PathAudit+".xlsx", s.auditTable)
	r.Get(address.PathLetters, s.lettersPage)
	r.Get(address.PathLetters+"/:lettre", s.letterPage)
	r.Get(address.PathLetters+"/:lettre/apercu", s.letterPart)
	r.Get(address.PathImports, s.importsPage)
	r.Sheet(address.PathImports+".xlsx", s.importsTable)
	r.Get(address.PathImports+"/:id", s.importPage)
	r.Sheet(address.PathImports+"/:id/tableau.xlsx", s.importTable)
	r.Get(address.PathReceivers, s.receiversPage)
	r.Sheet(address.PathReceivers+".xlsx", s.receiversTable)
	r.Get(address.PathReceivers+"/:id", s.receiverPage)
	r.Post(address.PathReceivers+"/:id", s.resumeReceiver)
	r.Post(address.PathReceivers+"/:id"+address.PathTest, s.testReceiver)
	r.Back(address.PathReceivers+"/:id"+address.PathTest, func(v *web.Visit) string { return address.PathReceivers + "/" + v.Param("id") })
	r.Get(address.PathDashboard, s.dashboardPage)
	for _, p := range panels {
		r.Sheet(p.address(), s.panelTable(p))
	}
}

// seesDesk tells whether the visitor is support or an auditor; for everybody else the desk does not exist.
func seesDesk(v *web.Visit) error {
	return okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.Today())
}
