package stock

import (
	"cmp"

	"okey/internal/workbook"
	"okey/okey"
	"okey/server/act"
	"okey/server/web"
	"okey/sql"
)

// oneSheet is a spreadsheet that has no second table.
func oneSheet(name, title string, sheet workbook.Sheet) web.Spreadsheet {
	return web.Spreadsheet{Name: name, Title: title, Sheets: []workbook.Sheet{sheet}}
}

// inventoriesTable is the list of an establishment's inventories.
func (s *Pages) inventoriesTable(v *web.Visit) (web.Spreadsheet, error) {
	place, err := s.managed(v, web.OrderingAt(v))
	if okey.ErrorCode(err) == okey.CodeForbidden { // as on the page
		place, err = s.store.Place(v.Ctx(), web.OrderingAt(v))
	}
	if err != nil {
		return web.Spreadsheet{}, err
	}
	found, err := s.store.Inventories(v.Ctx(), place.UAI, web.MaxDownload)
	zone := web.Paris(v).Zone
	return oneSheet("inventaires", "Inventaires", workbook.Sheet{Name: "Inventaires", Columns: []workbook.Column{
		{Title: "Date", Kind: workbook.Instant},
		{Title: "UAI", Width: 12},
		{Title: "Établissement", Width: 36},
		{Title: "Par"},
		{Title: "Trouvées", Kind: workbook.Number},
		{Title: "Manquantes", Kind: workbook.Number},
		{Title: "Autres", Kind: workbook.Number},
		{Title: "Commentaire", Width: 48},
	}, Rows: web.RowsOf(found, func(i sql.ListedInventory) []any {
		return []any{web.InZone(i.At, zone), i.UAI, i.Establishment, i.ByName, i.Found, i.Missing, i.Others, i.Comment}
	})}), err
}

// inventoryTable is an inventory key by key.
func (s *Pages) inventoryTable(v *web.Visit) (web.Spreadsheet, error) {
	_, lines, err := s.visibleInventory(v)
	return oneSheet("inventaire", "Inventaire", workbook.Sheet{Name: "Inventaire", Columns: []workbook.Column{
		{Title: "Numéro de série"},
		{Title: "Constat", Width: 36},
		{Title: "État dans OKEY", Width: 18},
	}, Rows: web.RowsOf(lines, func(l okey.InventoryLine) []any {
		state := l.State.French()
		if l.Finding == okey.FoundElsewhere {
			state = ""
		}
		return []any{string(l.Serial), sayFinding(l.Finding), state}
	})}), err
}

// reportsTable is the list of keys that support is to confirm.
func (s *Pages) reportsTable(v *web.Visit) (web.Spreadsheet, error) {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.Today()); err != nil {
		return web.Spreadsheet{}, err
	}
	found, err := s.store.PendingReports(v.Ctx(), web.MaxDownload)
	zone := web.Paris(v).Zone
	return oneSheet("clefs-a-confirmer", "Clefs à confirmer", workbook.Sheet{Name: "Clefs à confirmer", Columns: []workbook.Column{
		{Title: "Numéro de série"},
		{Title: "UAI", Width: 12},
		{Title: "Établissement", Width: 36},
		{Title: "Trouvée", Kind: workbook.Instant},
		{Title: "Par"},
		{Title: "Ressemble à"},
		{Title: "Dans OKEY", Width: 36},
	}, Rows: web.RowsOf(found, func(r sql.ListedReport) []any {
		return []any{
			string(r.Serial), r.UAI, r.Establishment, web.InZone(r.At, zone), r.ByName, web.SayList(r.Similar),
			cmp.Or(r.KeptAt, "pas encore"),
		}
	})}), err
}

// ordersTable is the list of orders: same reach and filters as its page; to support and auditors also what was exported.
func (s *Pages) ordersTable(v *web.Visit) (web.Spreadsheet, error) {
	if !v.Oversees() {
		return web.Spreadsheet{}, okey.Errorf(okey.CodeNotFound, "Cette page n'existe pas, ou elle n'est pas pour vous.")
	}
	if err := web.MayTakeList(v); err != nil {
		return web.Spreadsheet{}, err
	}
	filter := sql.OrderFilter{Establishment: web.ChosenSchool(v), Limit: web.DownloadPage}
	if state := okey.OrderState(v.Query("etat")); state.Valid() {
		filter.State = state
	}
	found := web.Paged(web.MaxDownload, func(last *sql.ListedOrder) ([]sql.ListedOrder, error) {
		if last != nil {
			filter.BeforePlacedAt, filter.AfterID = last.PlacedAt, last.ID
		}
		return s.store.ListOrders(v.Ctx(), act.Reach(v.Actor), filter)
	})
	zone := web.Paris(v).Zone
	made := oneSheet("commandes", "Commandes", workbook.Sheet{Name: "Commandes", Columns: []workbook.Column{
		{Title: "N°", Kind: workbook.Number},
		{Title: "Date", Kind: workbook.Instant},
		{Title: "UAI", Width: 12},
		{Title: "Établissement", Width: 36},
		{Title: "Clefs", Kind: workbook.Number},
		{Title: "Reçues", Kind: workbook.Number},
		{Title: "État", Width: 18},
		{Title: "Par"},
		{Title: "Motif", Width: 48},
	}, Rows: web.Cells(found, func(o sql.ListedOrder) []any {
		return []any{
			o.Number, web.InZone(o.PlacedAt, zone), o.UAI, o.Establishment, o.Quantity, o.Received,
			o.State.Say(o.Received, o.Quantity), o.ByName, o.Comment,
		}
	})})
	if !v.Desk() {
		return made, nil
	}
	exports, err := s.store.Exports(v.Ctx(), web.MaxDownload)
	made.Sheets = append(made.Sheets, workbook.Sheet{Name: "Classeurs transmis", Columns: []workbook.Column{
		{Title: "Date", Kind: workbook.Instant},
		{Title: "Commandes", Kind: workbook.Number},
		{Title: "Clefs", Kind: workbook.Number},
		{Title: "Par"},
		{Title: "Fichier", Width: 36},
	}, Rows: web.RowsOf(exports, func(x sql.Export) []any {
		return []any{web.InZone(x.At, zone), x.Orders, x.Keys, x.ByName, x.FileName}
	})})
	return made, err
}

// deliveriesTable is the list of deliveries.
func (s *Pages) deliveriesTable(v *web.Visit) (web.Spreadsheet, error) {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.Today()); err != nil {
		return web.Spreadsheet{}, err
	}
	found, err := s.store.Deliveries(v.Ctx(), web.MaxDownload)
	zone := web.Paris(v).Zone
	return oneSheet("livraisons", "Livraisons", workbook.Sheet{Name: "Livraisons", Columns: []workbook.Column{
		{Title: "Date", Kind: workbook.Instant},
		{Title: "Fichier", Width: 36},
		{Title: "Clefs", Kind: workbook.Number},
		{Title: "Encore en route", Kind: workbook.Number, Width: 16},
		{Title: "État", Width: 18},
		{Title: "Par"},
	}, Rows: web.RowsOf(found, func(d sql.Delivery) []any {
		return []any{web.InZone(d.CreatedAt, zone), d.FileName, d.Keys, d.InTransit, d.State.French(), d.ByName}
	})}), err
}

// deliveryTable is every row of a delivery: the page shows the first ones.
func (s *Pages) deliveryTable(v *web.Visit) (web.Spreadsheet, error) {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.Today()); err != nil {
		return web.Spreadsheet{}, err
	}
	d, err := s.deliveryOf(v)
	if err != nil {
		return web.Spreadsheet{}, err
	}
	rows, err := s.store.DeliveryRows(v.Ctx(), d.ID)
	if err != nil {
		return web.Spreadsheet{}, err
	}
	stand, err := s.store.DeliveredKeys(v.Ctx(), d.ID)
	zone := web.Paris(v).Zone
	return oneSheet("livraison", "Livraison "+d.FileName, workbook.Sheet{Name: "Clefs", Columns: []workbook.Column{
		{Title: "Ligne", Kind: workbook.Number},
		{Title: "Numéro de série"},
		{Title: "Lot", Width: 14},
		{Title: "Date d'expiration", Kind: workbook.Date},
		{Title: "UAI", Width: 12},
		{Title: "État", Width: 14},
		{Title: "Arrivée confirmée", Kind: workbook.Instant, Width: 20},
		{Title: "Confirmée par", Width: 28},
	}, Rows: web.RowsOf(rows, func(k okey.ImportedKey) []any {
		now := stand[k.Serial]
		return []any{
			k.Line, k.Serial, k.Batch, k.ExpiresOn, now.Receiver(k), now.State.French(), web.InZone(now.Confirmed.Time, zone), now.By,
		}
	})}), err
}
