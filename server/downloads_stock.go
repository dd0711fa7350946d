package server

import (
	"okey/internal/workbook"
	"okey/okey"
	"okey/sql"
)

// ordersTable is the list of orders: same reach and filters as its page; to support and auditors also what was exported.
func (s *Server) ordersTable(v *visit) (spreadsheet, error) {
	if !v.oversees() {
		return spreadsheet{}, okey.Errorf(okey.CodeNotFound, "Cette page n'existe pas, ou elle n'est pas pour vous.")
	}
	if err := mayTakeList(v); err != nil {
		return spreadsheet{}, err
	}
	filter := sql.OrderFilter{Establishment: chosenSchool(v), Limit: downloadPage}
	if state := okey.OrderState(v.Query("etat")); state.Valid() {
		filter.State = state
	}
	found := paged(maxDownload, func(last *sql.ListedOrder) ([]sql.ListedOrder, error) {
		if last != nil {
			filter.BeforePlacedAt, filter.AfterID = last.PlacedAt, last.ID
		}
		return s.store.ListOrders(v.ctx(), reach(v.Actor), filter)
	})
	zone := paris(v).zone
	made := spreadsheet{Name: "commandes", Title: "Commandes", Sheets: []workbook.Sheet{{Name: "Commandes", Columns: []workbook.Column{
		{Title: "N°", Kind: workbook.Number},
		{Title: "Date", Kind: workbook.Instant},
		{Title: "UAI", Width: 12},
		{Title: "Établissement", Width: 36},
		{Title: "Clefs", Kind: workbook.Number},
		{Title: "Reçues", Kind: workbook.Number},
		{Title: "État", Width: 18},
		{Title: "Par"},
		{Title: "Motif", Width: 48},
	}, Rows: cells(found, func(o sql.ListedOrder) []any {
		return []any{o.Number, inZone(o.PlacedAt, zone), o.UAI, o.Establishment, o.Quantity, o.Received, o.State.Say(o.Received, o.Quantity), o.ByName, o.Comment}
	})}}}
	if !v.desk() {
		return made, nil
	}
	exports, err := s.store.Exports(v.ctx(), maxDownload)
	made.Sheets = append(made.Sheets, workbook.Sheet{Name: "Classeurs transmis", Columns: []workbook.Column{
		{Title: "Date", Kind: workbook.Instant},
		{Title: "Commandes", Kind: workbook.Number},
		{Title: "Clefs", Kind: workbook.Number},
		{Title: "Par"},
		{Title: "Fichier", Width: 36},
	}, Rows: rowsOf(exports, func(x sql.Export) []any { return []any{inZone(x.At, zone), x.Orders, x.Keys, x.ByName, x.FileName} })})
	return made, err
}

// deliveriesTable is the list of deliveries.
func (s *Server) deliveriesTable(v *visit) (spreadsheet, error) {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.today()); err != nil {
		return spreadsheet{}, err
	}
	found, err := s.store.Deliveries(v.ctx(), maxDownload)
	zone := paris(v).zone
	return spreadsheet{Name: "livraisons", Title: "Livraisons", Sheets: []workbook.Sheet{{Name: "Livraisons", Columns: []workbook.Column{
		{Title: "Date", Kind: workbook.Instant},
		{Title: "Fichier", Width: 36},
		{Title: "Clefs", Kind: workbook.Number},
		{Title: "Encore en route", Kind: workbook.Number, Width: 16},
		{Title: "État", Width: 18},
		{Title: "Par"},
	}, Rows: rowsOf(found, func(d sql.Delivery) []any {
		return []any{inZone(d.CreatedAt, zone), d.FileName, d.Keys, d.InTransit, d.State.French(), d.ByName}
	})}}}, err
}

// deliveryTable is every row of a delivery: the page shows the first ones.
func (s *Server) deliveryTable(v *visit) (spreadsheet, error) {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.today()); err != nil {
		return spreadsheet{}, err
	}
	d, err := s.deliveryOf(v)
	if err != nil {
		return spreadsheet{}, err
	}
	rows, err := s.store.DeliveryRows(v.ctx(), d.ID)
	if err != nil {
		return spreadsheet{}, err
	}
	stand, err := s.store.DeliveredKeys(v.ctx(), d.ID)
	zone := paris(v).zone
	return spreadsheet{Name: "livraison", Title: "Livraison " + d.FileName, Sheets: []workbook.Sheet{{Name: "Clefs", Columns: []workbook.Column{
		{Title: "Ligne", Kind: workbook.Number},
		{Title: "Numéro de série"},
		{Title: "Lot", Width: 14},
		{Title: "Date d'expiration", Kind: workbook.Date},
		{Title: "UAI", Width: 12},
		{Title: "État", Width: 14},
		{Title: "Arrivée confirmée", Kind: workbook.Instant, Width: 20},
		{Title: "Confirmée par", Width: 28},
	}, Rows: rowsOf(rows, func(k okey.ImportedKey) []any {
		now := stand[k.Serial]
		return []any{k.Line, k.Serial, k.Batch, k.ExpiresOn, now.Receiver(k), now.State.French(), inZone(now.Confirmed.Time, zone), now.By}
	})}}}, err
}
