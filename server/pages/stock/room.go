// Package stock has the pages about what lies in drawers and how it is refilled: stock, orders and their exports, deliveries,
// inventories, reported keys. It knows the page of a key, to which its lines lead, and story for what support sees beside an order.
package stock

import (
	"embed"
	"fmt"
	"net/url"

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

// Routes registers the pages about stock, orders, deliveries and inventories.
func (s *Pages) Routes(r web.Routes) {
	r.Get(web.PathStock, s.stockPage)
	r.Sheet(web.PathStock+".xlsx", s.stockTable)

	r.Get(web.PathOrders, s.ordersPage)
	r.Sheet(web.PathOrders+".xlsx", s.ordersTable)
	r.Post(web.PathOrders, s.placeOrder)
	r.Post(web.PathOrders+"/exports", s.exportNow)
	r.BackTo(web.PathOrders+"/exports", web.PathOrders)
	r.Get(web.PathOrders+"/exports/:id", s.downloadExport)
	r.Post(web.PathOrders+"/minimum", s.setMinimum)
	r.BackTo(web.PathOrders+"/minimum", web.PathOrders)
	r.Get(web.PathOrders+"/:id", s.orderPage)
	for path := range orderForms {
		r.Post(web.PathOrders+"/:id/"+path, func(v *web.Visit) error { return s.orderAct(v, path) })
		r.Back(web.PathOrders+"/:id/"+path, func(v *web.Visit) string {
			return web.PathOrders + "/" + url.PathEscape(v.Param("id"))
		})
	}

	r.Get(web.PathDeliveries, s.deliveriesPage)
	r.Sheet(web.PathDeliveries+".xlsx", s.deliveriesTable)
	r.Post(web.PathDeliveries, s.uploadDelivery)
	r.Get(web.PathDeliveries+"/:id", s.deliveryPage)
	r.Sheet(web.PathDeliveries+"/:id/tableau.xlsx", s.deliveryTable)
	r.Post(web.PathDeliveries+"/:id", s.takeDelivery)
	r.Get("/livraisons/:id", s.arrivalPage)
	r.Post("/livraisons/:id", s.confirmArrival)

	r.Get(web.PathInventory, s.inventoryPage)
	r.Sheet(web.PathInventory+".xlsx", s.inventoriesTable)
	r.Post(web.PathInventory, s.takeInventory)
	r.Get(web.PathInventory+"/:id", s.pastInventory)
	r.Sheet(web.PathInventory+"/:id/tableau.xlsx", s.inventoryTable)
	r.Get(web.PathReports, s.reportsPage)
	r.Sheet(web.PathReports+".xlsx", s.reportsTable)
	r.Get(web.PathReports+"/:id", s.reportPage)
	r.Post(web.PathReports+"/:id", s.decideReport)
}

// may tells whether the visitor has a right at an establishment, where a page only offers what it opens.
func (s *Pages) may(v *web.Visit, right okey.Act, uai okey.UAI) bool {
	return s.act.PermitAt(v.Ctx(), v.Actor, right, uai) == nil
}

// sayPlace names an establishment and its code.
func sayPlace(name string, uai okey.UAI) string { return fmt.Sprintf("%s (%s)", name, uai) }
