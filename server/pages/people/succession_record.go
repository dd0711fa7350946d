package people

import (
	"fmt"
	"net/http"

	"okey/internal/address"
	"okey/internal/workbook"
	"okey/okey"
	"okey/server/pages/story"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// successionRecord is the page of a succession that has happened.
type successionRecord struct {
	Facts   []web.Fact
	Comment string
	Tables  []recordTable
	Sheet   string
	Desk    *story.DeskSide
}

// recordTable is what moved of one kind: the first rows, how many more there are, and what their columns are called.
type recordTable struct {
	Title   string
	Columns []workbook.Column
	Rows    []recordRow
	More    int
}

// recordRow is one thing that moved: the first of its cells leads to its page.
type recordRow struct {
	Path  string
	Cells []any
}

// foundSuccession is the succession that the address names, for support and auditors.
func (s *Pages) foundSuccession(v *web.Visit) (sql.Succession, error) {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.Today()); err != nil {
		return sql.Succession{}, err
	}
	id, err := uuid.Parse(v.Param("id"))
	if err != nil {
		return sql.Succession{}, okey.Errorf(okey.CodeNotFound, "Cette page n'existe pas, ou elle n'est pas pour vous.")
	}
	return s.store.Succession(v.Ctx(), id)
}

func (s *Pages) successionRecordPage(v *web.Visit) error {
	found, err := s.foundSuccession(v)
	if err != nil {
		return err
	}
	counts, err := s.store.SuccessionCounts(v.Ctx(), found.ID)
	if err != nil {
		return err
	}
	page := successionRecord{Comment: found.Comment, Sheet: web.SheetOf(v)}
	if page.Tables, err = s.successionTables(v, found.ID); err != nil {
		return err
	}
	if page.Desk, err = s.story.SubjectSide(v, found.ID, web.Paris(v)); err != nil {
		return err
	}
	for i := range page.Tables {
		t := &page.Tables[i]
		t.More = max(0, len(t.Rows)-web.ShownRows)
		t.Rows = t.Rows[:min(web.ShownRows, len(t.Rows))]
	}
	page.Facts = append([]web.Fact{
		{Name: "Ferme", Value: okey.SayPlace(found.FromName, found.From)},
		{Name: "Le remplace", Value: okey.SayPlace(found.ToName, found.To)},
		{Name: "Noté", Value: fmt.Sprintf("%s, par %s", web.Paris(v).Time(found.At), found.ByName)},
	}, movedFacts(counts)...)
	notice := ""
	if done, was, err := s.JustDone(v); err != nil {
		return err
	} else if was && done.Subject == found.ID {
		notice = fmt.Sprintf("C'est fait : %s remplace %s. "+
			"Les deux directions et les demandeurs sont prévenus, pas les titulaires des clefs.",
			okey.SayEstablishment(found.ToName), okey.SayEstablishment(found.FromName))
	}
	return s.Show(v, http.StatusOK, "succession_record", web.Screen{Title: "Succession", Notice: notice, Body: page})
}

// successionTable is the same record as a spreadsheet, with every row.
func (s *Pages) successionTable(v *web.Visit) (web.Spreadsheet, error) {
	found, err := s.foundSuccession(v)
	if err != nil {
		return web.Spreadsheet{}, err
	}
	tables, err := s.successionTables(v, found.ID)
	made := web.Spreadsheet{Name: "succession", Title: fmt.Sprintf("Succession de %s à %s", found.From, found.To)}
	for _, t := range tables {
		made.Sheets = append(made.Sheets, workbook.Sheet{
			Name: t.Title, Columns: t.Columns, Rows: web.RowsOf(t.Rows, func(r recordRow) []any { return r.Cells }),
		})
	}
	return made, err
}

// successionTables are the record, one table a kind, those without rows too.
func (s *Pages) successionTables(v *web.Visit, id uuid.UUID) ([]recordTable, error) {
	requests, err := s.store.SuccessionRequests(v.Ctx(), id)
	if err != nil {
		return nil, err
	}
	orders, err := s.store.SuccessionOrders(v.Ctx(), id)
	if err != nil {
		return nil, err
	}
	moves, err := s.store.SuccessionMoves(v.Ctx(), id)
	if err != nil {
		return nil, err
	}
	reports, err := s.store.SuccessionReports(v.Ctx(), id)
	if err != nil {
		return nil, err
	}
	keys, err := s.store.SuccessionKeys(v.Ctx(), id)
	if err != nil {
		return nil, err
	}
	ordered := append(columns("Commande", "État aujourd'hui"), workbook.Column{Title: "Clefs", Kind: workbook.Number},
		workbook.Column{Title: "Reçues", Kind: workbook.Number})
	return []recordTable{
		{Title: "Demandes", Columns: columns("Demandeur", "Étape aujourd'hui", "Clef"), Rows: each(requests, requestMoved)},
		{Title: "Commandes", Columns: ordered, Rows: each(orders, orderMoved)},
		{Title: "Départs", Columns: columns("Titulaire", "Clef", "Réponse aujourd'hui"), Rows: each(moves, departureMoved)},
		{Title: "Clefs signalées", Columns: columns("Numéro de série", "Réponse aujourd'hui"), Rows: each(reports, reportMoved)},
		{Title: "Clefs", Columns: columns("Numéro de série", "État au transfert", "Titulaire"), Rows: each(keys, keyMoved)},
	}, nil
}

func columns(titles ...string) []workbook.Column {
	return each(titles, func(title string) workbook.Column { return workbook.Column{Title: title, Width: 28} })
}

func requestMoved(r sql.SuccessionRequest) recordRow {
	return recordRow{address.RequestURL(r.ID), []any{r.Requester.Name(), okey.Capitalize(r.Stage.French()), string(r.Key)}}
}

func orderMoved(o sql.SuccessionOrder) recordRow {
	return recordRow{
		address.OrderURL(o.ID),
		[]any{fmt.Sprintf("N° %d", o.Number), okey.Capitalize(o.State.Say(o.Received, o.Quantity)), o.Quantity, o.Received},
	}
}

func departureMoved(m sql.SuccessionMove) recordRow {
	return recordRow{address.MoveURL(m.ID), []any{m.HolderName, string(m.Serial), okey.Capitalize(m.State.French())}}
}

func reportMoved(r sql.SuccessionReport) recordRow {
	return recordRow{address.PathReports + "/" + r.ID.String(), []any{string(r.Serial), okey.Capitalize(r.State.French())}}
}

func keyMoved(k sql.SuccessionKey) recordRow {
	return recordRow{address.KeyURL(k.Serial), []any{string(k.Serial), okey.Capitalize(k.State.French()), k.Holder}}
}

// View is the table as pages write it.
func (t recordTable) View() web.TableView {
	view := web.TableView{Name: t.Title}
	for _, column := range t.Columns {
		view.Columns = append(view.Columns, column.Title)
	}
	for _, row := range t.Rows {
		cells := make([]web.Cell, len(row.Cells))
		for i, value := range row.Cells {
			cells[i] = web.Cell{Text: fmt.Sprint(value), Column: t.Columns[i].Title}
		}
		cells[0].Path = row.Path
		view.Rows = append(view.Rows, cells)
	}
	return view
}
