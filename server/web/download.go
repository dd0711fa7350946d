package web

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"iter"
	"net/http"
	"slices"
	"time"

	"okey/internal/address"
	"okey/internal/workbook"
	"okey/okey"
	"okey/server/respond"
)

// Every table on a page can be taken along as a spreadsheet, with what the page's reader may see and nothing more. To add one:
//   - write `func (s *Pages) thingsTable(v *web.Visit) (web.Spreadsheet, error)` beside its page, with the same permission and the same
//     filters (RowsOf for rows that are all there, Paged for long lists that are read page by page);
//   - register it in its room's Routes with Sheet: a list at /things is downloaded from /things.xlsx, a page at /things/:id from
//     /things/:id/tableau.xlsx;
//   - put `{{template "download" .Sheet}}` under the table, where the page's Sheet is SheetURL(v), or SheetOf(v) for a page of one thing.
//
// Sign-in, headers, name and cap are seen to here.

// Spreadsheet is what a download holds.
type Spreadsheet struct {
	Name   string // of the file: ASCII, without date and ending
	Title  string
	Sheets []workbook.Sheet
}

// sendSpreadsheet answers with the whole file or, where its rows can't all be had, with an error page.
func sendSpreadsheet(v *Visit, made Spreadsheet) error {
	file, err := made.file(v)
	if err != nil {
		return err
	}
	day := v.Now.In(Paris(v).Zone).Format(time.DateOnly)
	v.Header("Content-Disposition", fmt.Sprintf(`attachment; filename="okey-%s-%s.xlsx"`, made.Name, day))
	v.Data(http.StatusOK, respond.XLSX, file)
	return nil
}

// Enclosed is a spreadsheet that the page itself carries (RFC 2397): of a table that is the answer to a form, and at no address of its own.
func Enclosed(v *Visit, made Spreadsheet) (template.URL, error) {
	file, err := made.file(v)
	return template.URL("data:" + respond.XLSX + ";base64," + base64.StdEncoding.EncodeToString(file)), err // base64 of our own making
}

// file is the spreadsheet as it is read elsewhere, made for the visitor.
func (made Spreadsheet) file(v *Visit) ([]byte, error) {
	var file bytes.Buffer
	about := workbook.Properties{Title: made.Title, Subject: "OKEY, pour " + v.Actor.Name(), Created: v.Now}
	if err := workbook.Write(&file, about, made.Sheets...); err != nil {
		return nil, fmt.Errorf("make spreadsheet %s: %w", made.Name, err)
	}
	return file.Bytes(), nil
}

// SheetURL is the download of the list that the visitor looks at: the same filters, from the beginning.
func SheetURL(v *Visit) string { return ChangedURL(v, v.Request.URL.Path+".xlsx", "cursor", "") }

// SheetOf is the download of a page about one thing.
func SheetOf(v *Visit) string { return v.Request.URL.Path + "/tableau.xlsx" }

// The cap keeps one person's download from filling the server: past it, a list is narrowed first.
const (
	MaxDownload  = 50_000
	DownloadPage = 1_000
)

// Paged reads a long list page by page: next answers the page after the last of its rows, nil for the first page. Rows past the cap
// are an invalid that says so.
func Paged[T any](most int, next func(last *T) ([]T, error)) iter.Seq2[T, error] {
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
					yield(none, okey.Errorf(okey.CodeInvalid,
						"Ce tableau a plus de %s lignes : filtrez-le, puis téléchargez-le en plusieurs fois.", okey.SayNumber(most)))
					return
				}
				if !yield(page[i], nil) {
					return
				}
			}
			if len(page) < DownloadPage {
				return
			}
			last = &page[len(page)-1]
		}
	}
}

// Cells turns the things of a list into rows.
func Cells[T any](all iter.Seq2[T, error], row func(T) []any) iter.Seq2[[]any, error] {
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

// RowsOf are the rows of a list that is all there.
func RowsOf[T any](all []T, row func(T) []any) iter.Seq2[[]any, error] { return Cells(Each(all), row) }

// Each goes through a list that is all there as Paged goes through a long one.
func Each[T any](all []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, one := range all {
			if !yield(one, nil) {
				return
			}
		}
	}
}

// InZone is an instant as a spreadsheet shows it there; the zero one stays an empty cell.
func InZone(t time.Time, zone *time.Location) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(zone)
}

var carriers = []string{"/api/v1/deliveries", "/api/v1/staff", "/api/v1/establishments", address.PathDeliveries}

// CarriesFile tells the requests that may be larger than a form.
func CarriesFile(r *http.Request) bool {
	return r.Method == http.MethodPost && slices.Contains(carriers, r.URL.Path)
}
