// Package stock has the pages about what lies in drawers and how it is refilled: stock, orders and their exports, deliveries,
// inventories, reported keys. It knows the page of a key, to which its lines lead, and story for what support sees beside an order.
package stock

import (
	"embed"
	"net/url"

	"okey/internal/address"
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
	r.Get(address.PathStock, s.stockPage)
	r.Sheet(address.PathStock+".xlsx", s.stockTable)

	r.Get(address.PathOrders, s.ordersPage)
	r.Sheet(address.PathOrders+".xlsx", s.ordersTable)
	r.Post(address.PathOrders, s.placeOrder)
	r.Post(address.PathOrders+"/exports", s.exportNow)
	r.BackTo(address.PathOrders+"/exports", address.PathOrders)
	r.Get(address.PathOrders+"/exports/:id", s.downloadExport)
	r.Post(address.PathOrders+"/minimum", s.setMinimum)
	r.BackTo(address.PathOrders+"/minimum", address.PathOrders)
	r.Get(address.PathOrders+"/:id", s.orderPage)
	for path := range orderForms {
		r.Post(address.PathOrders+"/:id/"+path, func(v *web.Visit) error { return s.orderAct(v, path) })
		r.Back(address.PathOrders+"/:id/"+path, func(v *web.Visit) string {
			return address.PathOrders + "/" + url.PathEscape(v.Param("id"))
		})
	}

	r.Get(address.PathDeliveries, s.deliveriesPage)
	r.Sheet(address.PathDeliveries+".xlsx", s.deliveriesTable)
	r.Post(address.PathDeliveries, s.uploadDelivery)
	r.Get(address.PathDeliveries+"/:id", s.deliveryPage)
	r.Sheet(address.PathDeliveries+"/:id/tableau.xlsx", s.deliveryTable)
	r.Post(address.PathDeliveries+"/:id", s.takeDelivery)
	r.Get(address.PathArrival+"/:id", s.arrivalPage)
	r.Post(address.PathArrival+"/:id", s.confirmArrival)

	r.Get(address.PathInventory, s.inventoryPage)
	r.Sheet(address.PathInventory+".xlsx", s.inventoriesTable)
	r.Post(address.PathInventory, s.takeInventory)
	r.Get(address.PathInventory+"/:id", s.pastInventory)
	r.Sheet(address.PathInventory+"/:id/tableau.xlsx", s.inventoryTable)
	r.Get(address.PathReports, s.reportsPage)
	r.Sheet(address.PathReports+".xlsx", s.reportsTable)
	r.Get(address.PathReports+"/:id", s.reportPage)
	r.Post(address.PathReports+"/:id", s.decideReport)
}

// may tells whether the visitor has a right at an establishment, where a page only offers what it opens.
func (s *Pages) may(v *web.Visit, right okey.Act, uai okey.UAI) bool {
	return s.act.PermitAt(v.Ctx(), v.Actor, right, uai) == nil
}
