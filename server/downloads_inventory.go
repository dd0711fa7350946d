package server

import (
	"cmp"

	"okey/internal/workbook"
	"okey/okey"
	"okey/sql"
)

// inventoriesTable is the list of an establishment's inventories.
func (s *Server) inventoriesTable(v *visit) (spreadsheet, error) {
	place, err := s.managed(v, orderingAt(v))
	if okey.ErrorCode(err) == okey.CodeForbidden { // as on the page
		place, err = s.store.Place(v.ctx(), orderingAt(v))
	}
	if err != nil {
		return spreadsheet{}, err
	}
	found, err := s.store.Inventories(v.ctx(), place.UAI, maxDownload)
	zone := paris(v).zone
	return spreadsheet{Name: "inventaires", Title: "Inventaires", Sheets: []workbook.Sheet{{Name: "Inventaires", Columns: []workbook.Column{
		{Title: "Date", Kind: workbook.Instant},
		{Title: "UAI", Width: 12},
		{Title: "Établissement", Width: 36},
		{Title: "Par"},
		{Title: "Trouvées", Kind: workbook.Number},
		{Title: "Manquantes", Kind: workbook.Number},
		{Title: "Autres", Kind: workbook.Number},
		{Title: "Commentaire", Width: 48},
	}, Rows: rowsOf(found, func(i sql.ListedInventory) []any {
		return []any{inZone(i.At, zone), i.UAI, i.Establishment, i.ByName, i.Found, i.Missing, i.Others, i.Comment}
	})}}}, err
}

// inventoryTable is an inventory key by key.
func (s *Server) inventoryTable(v *visit) (spreadsheet, error) {
	_, lines, err := s.visibleInventory(v)
	return spreadsheet{Name: "inventaire", Title: "Inventaire", Sheets: []workbook.Sheet{{Name: "Inventaire", Columns: []workbook.Column{
		{Title: "Numéro de série"},
		{Title: "Constat", Width: 36},
		{Title: "État dans OKEY", Width: 18},
	}, Rows: rowsOf(lines, func(l okey.InventoryLine) []any {
		state := l.State.French()
		if l.Finding == okey.FoundElsewhere {
			state = ""
		}
		return []any{string(l.Serial), findingTitles[l.Finding], state}
	})}}}, err
}

// reportsTable is the list of keys that support is to confirm.
func (s *Server) reportsTable(v *visit) (spreadsheet, error) {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.today()); err != nil {
		return spreadsheet{}, err
	}
	found, err := s.store.PendingReports(v.ctx(), maxDownload)
	zone := paris(v).zone
	return spreadsheet{Name: "clefs-a-confirmer", Title: "Clefs à confirmer", Sheets: []workbook.Sheet{{Name: "Clefs à confirmer", Columns: []workbook.Column{
		{Title: "Numéro de série"},
		{Title: "UAI", Width: 12},
		{Title: "Établissement", Width: 36},
		{Title: "Trouvée", Kind: workbook.Instant},
		{Title: "Par"},
		{Title: "Ressemble à"},
		{Title: "Dans OKEY", Width: 36},
	}, Rows: rowsOf(found, func(r sql.ListedReport) []any {
		return []any{string(r.Serial), r.UAI, r.Establishment, inZone(r.At, zone), r.ByName, sayList(r.Similar), cmp.Or(r.KeptAt, "pas encore")}
	})}}}, err
}
