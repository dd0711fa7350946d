package server

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"iter"
	"net/http"
	"time"

	"okey/internal/workbook"
	"okey/okey"
	"okey/sql"
)

// Every table on a page can be taken along as a spreadsheet, with what the page's reader may see and nothing more. To add one:
//   - write `func (s *Server) thingsTable(v *visit) (spreadsheet, error)` beside its page, with the same permission and the same filters
//     (rowsOf for rows that are all there, paged for long lists that are read page by page);
//   - add one line to its room's routes: a list at /things is downloaded from /things.xlsx, a page at /things/:id from /things/:id/tableau.xlsx;
//   - put `{{template "download" .Sheet}}` under the table, where the page's Sheet is sheetURL(v), or sheetOf(v) for a page of one thing.
//
// Sign-in, headers, name and cap are seen to here.

// spreadsheet is what a download holds.
type spreadsheet struct {
	Name   string // of the file: ASCII, without date and ending
	Title  string
	Sheets []workbook.Sheet
}

const xlsxType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// sendSpreadsheet answers with the whole file or, where its rows can't all be had, with an error page.
func sendSpreadsheet(v *visit, made spreadsheet) error {
	var file bytes.Buffer
	about := workbook.Properties{Title: made.Title, Subject: "OKEY, pour " + v.Actor.Name(), Created: v.Now}
	if err := workbook.Write(&file, about, made.Sheets...); err != nil {
		return fmt.Errorf("make spreadsheet %s: %w", made.Name, err)
	}
	v.Header("Content-Disposition", fmt.Sprintf(`attachment; filename="okey-%s-%s.xlsx"`, made.Name, v.Now.In(paris(v).zone).Format(time.DateOnly)))
	v.Data(http.StatusOK, xlsxType, file.Bytes())
	return nil
}

// enclosed is a spreadsheet that the page itself carries (RFC 2397): of a table that is the answer to a form, and at no address of its own.
func enclosed(v *visit, made spreadsheet) (template.URL, error) {
	var file bytes.Buffer
	about := workbook.Properties{Title: made.Title, Subject: "OKEY, pour " + v.Actor.Name(), Created: v.Now}
	if err := workbook.Write(&file, about, made.Sheets...); err != nil {
		return "", fmt.Errorf("make spreadsheet %s: %w", made.Name, err)
	}
	return template.URL("data:" + xlsxType + ";base64," + base64.StdEncoding.EncodeToString(file.Bytes())), nil // base64 of our own making
}

// sheetURL is the download of the list that the visitor looks at: the same filters, from the beginning.
func sheetURL(v *visit) string { return changedURL(v, v.Request.URL.Path+".xlsx", "cursor", "") }

// sheetOf is the download of a page about one thing.
func sheetOf(v *visit) string { return v.Request.URL.Path + "/tableau.xlsx" }

// The cap keeps one person's download from filling the server: past it, a list is narrowed first.
const (
	maxDownload  = 50_000
	downloadPage = 1_000
)

// paged reads a long list page by page: next answers the page after the last of its rows, nil for the first page. Rows past the cap are an
// error that says so.
func paged[T any](most int, next func(last *T) ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		var last *T
		for seen := 0; ; {
			page, err := next(last)
			if err != nil {
				yield(none, err)
				return
			}
			for i := range page {
				if seen++; seen > most {
					yield(none, okey.Errorf(okey.CodeInvalid, "Ce tableau a plus de %s lignes : filtrez-le, puis téléchargez-le en plusieurs fois.", okey.SayNumber(most)))
					return
				}
				if !yield(page[i], nil) {
					return
				}
			}
			if len(page) < downloadPage {
				return
			}
			last = &page[len(page)-1]
		}
	}
}

// cells turns the things of a list into rows.
func cells[T any](all iter.Seq2[T, error], row func(T) []any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for one, err := range all {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(row(one), nil) {
				return
			}
		}
	}
}

// rowsOf are the rows of a list that is all there.
func rowsOf[T any](all []T, row func(T) []any) iter.Seq2[[]any, error] { return cells(each(all), row) }

// each goes through a list that is all there as paged goes through a long one.
func each[T any](all []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, one := range all {
			if !yield(one, nil) {
				return
			}
		}
	}
}

// keysTable is the list of keys: same reach and filters as its page.
func (s *Server) keysTable(v *visit) (spreadsheet, error) {
	if err := mayTakeList(v); err != nil {
		return spreadsheet{}, err
	}
	filter, wrong := keyFilterOf(v)
	if wrong != nil {
		return spreadsheet{}, okey.InvalidField(wrong.Field, "Écrivez une date comme 31/12/2027.")
	}
	filter.Limit = downloadPage
	found := paged(maxDownload, func(last *sql.ListedKey) ([]sql.ListedKey, error) {
		if last != nil {
			filter.AfterSerial, filter.AfterPlace = last.Serial, last.Place
		}
		return s.store.ListKeys(v.ctx(), reach(v.Actor), filter)
	})
	zone := paris(v).zone
	columns := []workbook.Column{{Title: "Numéro de série"}, {Title: "Titulaire"}, {Title: "État", Width: 14}}
	if v.oversees() { // as on the page
		columns = append(columns, workbook.Column{Title: "Lot", Width: 14})
	}
	columns = append(columns, []workbook.Column{
		{Title: "Date d'expiration", Kind: workbook.Date},
		{Title: "Dernière connexion", Kind: workbook.Instant},
		{Title: "UAI", Width: 12},
		{Title: "Établissement", Width: 36},
		{Title: "Identifiant", Width: 20}, // of whoever has it: two people may have one name
	}...)
	return spreadsheet{Name: "clefs", Title: "Clefs", Sheets: []workbook.Sheet{{Name: "Clefs", Columns: columns, Rows: cells(found, func(k sql.ListedKey) []any {
		row := []any{k.Serial, sayHolder(k), k.State.French()}
		if v.oversees() {
			row = append(row, k.Batch)
		}
		return append(row, k.ExpiresOn, inZone(k.LastLoginAt, zone), k.UAI, k.Establishment, k.HolderUID)
	})}}}, nil
}

func inZone(t time.Time, zone *time.Location) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(zone)
}

// deskTable is support's page: a sheet for each of its tables.
func (s *Server) deskTable(v *visit) (spreadsheet, error) {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.today()); err != nil {
		return spreadsheet{}, err
	}
	st, err := s.stuck(v)
	if err != nil {
		return spreadsheet{}, err
	}
	refused, err := s.store.RefusedActions(v.ctx(), v.Now.Add(-deskHistory), deskRows)
	if err != nil {
		return spreadsheet{}, err
	}
	escalated := make([]sql.ListedRequest, len(st.escalated))
	for i, r := range st.escalated {
		escalated[i] = sql.ListedRequest{Request: r.Request, Requester: r.Requester, Establishment: r.School}
	}
	all, err := s.stepped(v.ctx(), escalated, v.today())
	if err != nil {
		return spreadsheet{}, err
	}
	c := paris(v)
	return spreadsheet{Name: "assistance", Title: "Assistance", Sheets: []workbook.Sheet{
		requestSheet("Demandes remontées", each(all), c.zone), actionSheet("Actions sans suite", st.actions, c),
		mailSheet("Courriels refusés", st.mails, c), actionSheet("Actions refusées", refused, c),
		{Name: "Clefs à confirmer", Columns: []workbook.Column{
			{Title: "Numéro de série"}, {Title: "UAI", Width: 12}, {Title: "Établissement", Width: 36}, {Title: "Trouvée", Kind: workbook.Instant}, {Title: "Par", Width: 28},
		}, Rows: rowsOf(st.reports, func(r sql.ListedReport) []any {
			return []any{r.Serial, r.UAI, r.Establishment, inZone(r.At, c.zone), r.ByName}
		})},
	}}, nil
}

func actionSheet(name string, actions []sql.DeskAction, c clock) workbook.Sheet {
	return workbook.Sheet{Name: name, Columns: []workbook.Column{
		{Title: "Quand", Kind: workbook.Instant}, {Title: "Quoi"}, {Title: "Qui"}, {Title: "Par"}, {Title: "Suite", Width: 36}, {Title: "À propos de", Width: 40},
	}, Rows: rowsOf(actions, func(a sql.DeskAction) []any {
		line := deskLines([]sql.DeskAction{a}, c)[0]
		return []any{inZone(a.CreatedAt, c.zone), line.What, line.Who, line.Via, line.Outcome, line.About}
	})}
}

func mailSheet(name string, mails []sql.Mail, c clock) workbook.Sheet {
	return workbook.Sheet{Name: name, Columns: []workbook.Column{
		{Title: "Quand", Kind: workbook.Instant}, {Title: "Objet", Width: 48}, {Title: "À", Width: 36}, {Title: "État", Width: 14}, {Title: "Demande", Width: 40},
	}, Rows: rowsOf(mails, func(m sql.Mail) []any {
		line, about := mailLines([]sql.Mail{m}, c)[0], ""
		if m.Request.Valid {
			about = m.Request.UUID.String()
		}
		return []any{inZone(m.CreatedAt, c.zone), line.What, line.To, line.State, about}
	})}
}
