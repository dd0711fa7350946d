package server

import (
	"net/http"
	"net/url"
	"strings"

	"okey/okey"

	"github.com/gin-gonic/gin"
)

// routes takes the addresses of a room's pages. GET and HEAD change nothing.
type routes struct {
	site *Server
	to   gin.IRouter
}

// get is a page for whoever has signed in; the others are led to sign in, and back.
func (r routes) get(path string, show func(*visit) error) { r.shown(path, r.site.page(show)) }

// post takes a form. Its address answers GET, too, with the page that holds the form or a way there (back): whoever signs in again, or comes back
// in the browser's history, is led there.
func (r routes) post(path string, do func(*visit) error) { r.to.POST(path, r.site.page(do)) }

// back leads from the address of a form to the page that holds it.
func (r routes) back(path string, to func(*visit) string) {
	r.get(path, func(v *visit) error {
		v.Redirect(http.StatusSeeOther, to(v))
		return nil
	})
}

// backTo is back to a page of one address.
func (r routes) backTo(path, to string) { r.back(path, func(*visit) string { return to }) }

// sheet is a table of a page as a spreadsheet.
func (r routes) sheet(path string, table func(*visit) (spreadsheet, error)) {
	r.get(path, func(v *visit) error {
		made, err := table(v)
		if err != nil {
			return err
		}
		return sendSpreadsheet(v, made)
	})
}

// open is a page that says nothing about anybody: no sign-in. openPost takes its form.
func (r routes) open(path string, show func(*visit) error) { r.shown(path, r.site.openPage(show)) }

func (r routes) openPost(path string, do func(*visit) error) { r.to.POST(path, r.site.openPage(do)) }

// handle is for what needs no visit around it.
func (r routes) handle(method, path string, do gin.HandlerFunc) { r.to.Handle(method, path, do) }

// shown answers GET and HEAD with what needs no visit around it.
func (r routes) shown(path string, show gin.HandlerFunc) {
	r.to.Match([]string{http.MethodGet, http.MethodHead}, path, show)
}

// webRoutes are what every page needs.
func (s *Server) webRoutes(r routes) {
	r.shown("/static/:file", s.serveStatic)
	r.get("/suivi/:action", s.followPage)
}

// signInRoutes lead to the identity provider and back.
func (s *Server) signInRoutes(r routes) {
	r.handle(http.MethodGet, pathSignIn, s.startSignIn)
	r.handle(http.MethodGet, pathCallback, s.finishSignIn)
	r.handle(http.MethodPost, pathSignOut, s.signOut)
}

// homeRoutes registers the first page.
func (s *Server) homeRoutes(r routes) { r.get("/", s.homePage) }

// requestsRoutes registers the pages about requests.
func (s *Server) requestsRoutes(r routes) {
	r.get("/demandes", s.requestsPage)
	r.sheet("/demandes.xlsx", s.requestsTable)
	r.get("/demandes/nouvelle", s.askPage)
	r.post("/demandes/nouvelle", s.ask)
	r.get("/demandes/:id", s.requestPage)
	r.sheet("/demandes/:id/tableau.xlsx", s.requestDeskTable)
	for _, f := range signalForms {
		if f.signal != okey.CharterAndPIN { // whose address is the signed charter's too
			r.get("/demandes/:id/"+f.path, backToRequest)
		}
		r.post("/demandes/:id/"+f.path, func(v *visit) error { return s.signal(v, f) })
	}
	r.get("/demandes/:id"+pathSigned, s.signedPage)
	r.get("/demandes/:id"+pathSigned+".txt", s.signedText)
	r.get("/demandes/:id"+pathReissue, backToRequest)
	r.post("/demandes/:id"+pathReissue, s.reissueLinks)
	r.get("/demandes/:id"+pathIllegible, s.illegiblePage)
	r.post("/demandes/:id"+pathIllegible, s.illegible)
	r.get("/demandes/:id"+pathSlip, s.slipPage)
	r.get(pathCounter+"/:id", s.handoverPage)
	r.post(pathCounter+"/:id", s.handOver)
	r.open("/charte", s.charterPage)
	r.open("/charte/:version", s.charterVersionPage)
}

// decisionsRoutes registers the ways in which approvers answer and hand over.
func (s *Server) decisionsRoutes(r routes) {
	r.get(pathAnswers, s.answersPage)
	r.post(pathAnswers, s.answerTogether)
	r.get(pathAnswers+"/:id", s.answersGiven)
	r.get(pathCounter, s.counterPage)
	r.open("/valider/:token", s.linkPage)
	r.openPost("/valider/:token", s.answerLink)
}

// keysRoutes registers the pages about keys.
func (s *Server) keysRoutes(r routes) {
	r.get("/clefs", s.keysPage)
	r.sheet("/clefs.xlsx", s.keysTable)
	r.get("/clefs/:serial", s.keyPage)
	r.post("/clefs/:serial", s.changeKey)
	r.get("/clefs/:serial/depart", s.takeAlongPage)
	r.post("/clefs/:serial/depart", s.takeAlong)
	r.get(pathMoveKeys, s.moveKeysPage)
	r.post(pathMoveKeys, s.moveKeys)
	r.get("/deplacements/:id", s.movePage)
	r.post("/deplacements/:id", s.decideMove)
	r.back("/deplacements/:id/retrait", func(v *visit) string { return strings.TrimSuffix(v.Request.URL.Path, "/retrait") })
	r.post("/deplacements/:id/retrait", s.withdrawMove)

	r.get(pathMyKey, s.myKeyPage)
	of := func(path string) string { return "/clefs/:serial" + path }
	for _, t := range troubles {
		r.get(of(t.path), func(v *visit) error { return s.troublePage(v, t) })
	}
	for _, d := range declarations {
		r.get(of(d.path), func(v *visit) error { return s.declarationPage(v, d) })
		r.post(of(d.path), func(v *visit) error { return s.declare(v, d) })
	}
	r.get(of(pathLeaving), s.leavingPage)

	r.get(pathPIN, s.pinPage)
	r.post(pathPIN, s.changePIN)
	r.get(pathPINForgotten, s.pinForgottenPage)
	r.post(pathPINForgotten, s.setForgottenPIN)
	r.backTo(pathPINSignIn, pathPINForgotten) // whoever comes back from a sign-in that ended their session
	r.post(pathPINSignIn, s.signInAfresh)
}

// stockRoutes registers the pages about stock, orders, deliveries and inventories.
func (s *Server) stockRoutes(r routes) {
	r.get(pathStock, s.stockPage)
	r.sheet(pathStock+".xlsx", s.stockTable)

	r.get(pathOrders, s.ordersPage)
	r.sheet(pathOrders+".xlsx", s.ordersTable)
	r.post(pathOrders, s.placeOrder)
	r.post(pathOrders+"/exports", s.exportNow)
	r.backTo(pathOrders+"/exports", pathOrders)
	r.get(pathOrders+"/exports/:id", s.downloadExport)
	r.post(pathOrders+"/minimum", s.setMinimum)
	r.backTo(pathOrders+"/minimum", pathOrders)
	r.get(pathOrders+"/:id", s.orderPage)
	for path, name := range orderForms {
		r.post(pathOrders+"/:id/"+path, func(v *visit) error { return s.orderAct(v, name) })
		r.back(pathOrders+"/:id/"+path, func(v *visit) string { return pathOrders + "/" + url.PathEscape(v.Param("id")) })
	}

	r.get(pathDeliveries, s.deliveriesPage)
	r.sheet(pathDeliveries+".xlsx", s.deliveriesTable)
	r.post(pathDeliveries, s.uploadDelivery)
	r.get(pathDeliveries+"/:id", s.deliveryPage)
	r.sheet(pathDeliveries+"/:id/tableau.xlsx", s.deliveryTable)
	r.post(pathDeliveries+"/:id", s.takeDelivery)
	r.get("/livraisons/:id", s.arrivalPage)
	r.post("/livraisons/:id", s.confirmArrival)

	r.get(pathInventory, s.inventoryPage)
	r.sheet(pathInventory+".xlsx", s.inventoriesTable)
	r.post(pathInventory, s.takeInventory)
	r.get(pathInventory+"/:id", s.pastInventory)
	r.sheet(pathInventory+"/:id/tableau.xlsx", s.inventoryTable)
	r.get(pathReports, s.reportsPage)
	r.sheet(pathReports+".xlsx", s.reportsTable)
	r.get(pathReports+"/:id", s.reportPage)
	r.post(pathReports+"/:id", s.decideReport)
}

// peopleRoutes registers the pages about people and schools, and who answers for them.
func (s *Server) peopleRoutes(r routes) {
	r.get(pathPersons+"/:id", s.personPage)
	r.get(pathSchools+"/:uai", s.schoolPage)

	r.get(pathDelegations, s.delegationsPage)
	r.sheet(pathDelegations+".xlsx", s.delegationsTable)
	r.post(pathDelegations+"/:id", s.giveDelegation)
	r.backTo(pathDelegations+"/:id", pathDelegations)
	r.post(pathDelegations+"/:id/fin", s.endDelegation)
	r.backTo(pathDelegations+"/:id/fin", pathDelegations)

	r.get(pathAttachments, s.attachmentsPage)
	r.sheet(pathAttachments+".xlsx", s.attachmentsTable)
	r.post(pathAttachments, s.attach)
	r.post(pathAttachments+"/:id/fin", s.detach)
	r.backTo(pathAttachments+"/:id/fin", pathAttachments)
	r.get(pathHosts, s.hostsPage)
	r.sheet(pathHosts+".xlsx", s.hostsTable)
	r.post(pathHosts, s.host)
	r.post(pathHosts+"/:id/fin", s.endHosting)
	r.backTo(pathHosts+"/:id/fin", pathHosts)

	r.get(pathSuccession, s.successionPage)
	r.post(pathSuccession, s.succession)
	r.get(pathSuccession+"/:id", s.successionRecordPage)
	r.sheet(pathSuccession+"/:id/tableau.xlsx", s.successionTable)
}

// deskRoutes registers support's desk.
func (s *Server) deskRoutes(r routes) {
	r.get(pathDesk, s.deskPage)
	r.sheet("/assistance.xlsx", s.deskTable)
	r.get(pathMails+"/:id", s.mailPage)
	r.post(pathMails+"/:id", s.resend)
	r.get(pathAudit, s.auditPage)
	r.sheet(pathAudit+".xlsx", s.auditTable)
	r.get(pathLetters, s.lettersPage)
	r.get(pathLetters+"/:lettre", s.letterPage)
	r.get(pathLetters+"/:lettre/apercu", s.letterPart)
	r.get(pathDashboard, s.dashboardPage)
	r.sheet(pathDashboard+"/semaines.xlsx", s.weeksTable)
	r.sheet(pathDashboard+"/delais.xlsx", s.delaysTable)
	r.sheet(pathDashboard+"/etablissements.xlsx", s.shortTable)
	r.sheet(pathDashboard+"/commandes.xlsx", s.openOrdersTable)
}

// helpRoutes registers help, and what everybody may know of OKEY and of what it keeps about them.
func (s *Server) helpRoutes(r routes) {
	r.open(pathHelp, s.helpIndexPage)
	r.open(pathHelp+"/:situation", s.situationPage)
	r.open(pathPrivacy, s.privacyPage)
	r.open(pathAccessibility, s.accessibilityPage)
	r.get(pathAccount, s.accountPage)
	r.sheet(pathAccount+".xlsx", s.accountTable)
	r.post(pathAccount+"/sessions", s.endSessions)
	r.backTo(pathAccount+"/sessions", pathAccount)
}
