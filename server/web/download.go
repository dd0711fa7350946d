package web

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"iter"
	"log/slog"
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
// Sign-in, headers, name and Excel's limit are seen to here.

// Spreadsheet is what a download holds.
type Spreadsheet struct {
	Name   string // of the file: ASCII, without date and ending
	Title  string
	Sheets []workbook.Sheet
}

// sendSpreadsheet answers with the whole file or, where its rows can't all be had, with an error page: until all have been read nothing
// leaves.
func sendSpreadsheet(v *Visit, made Spreadsheet) error {
	line := http.NewResponseController(v.Writer)
	_ = line.SetWriteDeadline(time.Now().Add(sheetTime))
	err := made.write(v, begun{v, made.Name})
	if err == nil || !v.Writer.Written() {
		return err
	}
	slog.WarnContext(v.Ctx(), "a spreadsheet was broken off", "error", err)
	return line.SetWriteDeadline(time.Now()) // who reads it sees that its end is missing
}

// sheetTime is how long a spreadsheet may take, from its request until its last byte: a nation's keys are a million rows.
const sheetTime = 10 * time.Minute

// begun is an answer whose head is written with its first bytes.
type begun struct {
	*Visit
	name string
}

// Write is part of io.Writer.
func (b begun) Write(part []byte) (int, error) {
	if !b.Writer.Written() {
		day := b.Now.In(Paris(b.Visit).Zone).Format(time.DateOnly)
		b.Header("Content-Disposition", fmt.Sprintf(`attachment; filename="okey-%s-%s.xlsx"`, b.name, day))
		b.Header("Content-Type", respond.XLSX)
		b.Status(http.StatusOK)
	}
	return b.Writer.Write(part)
}

// Enclosed is a spreadsheet that the page itself carries (RFC 2397): of a table that is the answer to a form, and at no address of its own.
func Enclosed(v *Visit, made Spreadsheet) (template.URL, error) {
	var file bytes.Buffer
	err := made.write(v, &file)
	coded := base64.StdEncoding.EncodeToString(file.Bytes()) // of our own making
	return template.URL("data:" + respond.XLSX + ";base64," + coded), err
}

// write writes the spreadsheet as it is read elsewhere, made for the visitor.
func (made Spreadsheet) write(v *Visit, to io.Writer) error {
	about := workbook.Properties{Title: made.Title, Subject: "OKEY, pour " + v.Actor.Name(), Created: v.Now}
	if err := workbook.Write(to, about, made.Sheets...); err != nil {
		return fmt.Errorf("make spreadsheet %s: %w", made.Name, err)
	}
	return nil
}

// SheetURL is the download of the list that the visitor looks at: the same filters, from the beginning.
func SheetURL(v *Visit) string { return ChangedURL(v, v.Request.URL.Path+".xlsx", "cursor", "") }

// SheetOf is the download of a page about one thing.
func SheetOf(v *Visit) string { return v.Request.URL.Path + "/tableau.xlsx" }

// A download has as many rows as Excel lets a sheet have; past it, a list is narrowed first. They are read so many at a time.
const (
	MaxDownload  = workbook.MaxRows
	DownloadPage = 5_000
)

// Paged reads a long list page by page: next answers the page after the last of its rows, nil for the first page; the database looks for
// one while the rows of that before are written. Rows past the cap are an invalid that says so.
func Paged[T any](most int, next func(last *T) ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		coming := ahead(next, nil)
		for seen := 0; ; {
			page := <-coming
			if page.err != nil {
				yield(none, page.err)
				return
			}
			more := len(page.rows) == DownloadPage && seen+len(page.rows) <= most
			if more {
				coming = ahead(next, &page.rows[DownloadPage-1])
			}
			for _, row := range page.rows {
				if seen++; seen > most {
					yield(none, tooLong(most))
					return
				}
				if !yield(row, nil) {
					if more {
						<-coming // it reads for a visit that ends with this
					}
					return
				}
			}
			if !more {
				return
			}
		}
	}
}

func tooLong(most int) error {
	return okey.Errorf(okey.CodeInvalid, "Ce tableau a plus de %s lignes, ce qu'Excel ne sait pas lire : filtrez-le, puis téléchargez-le "+
		"en plusieurs fois.", okey.SayNumber(most))
}

// part is a page of a list, or why there is none.
type part[T any] struct {
	rows []T
	err  error
}

// ahead has the next page read beside.
func ahead[T any](next func(last *T) ([]T, error), last *T) <-chan part[T] {
	read := make(chan part[T], 1)
	go func() {
		defer func() {
			if broken := recover(); broken != nil {
				read <- part[T]{err: fmt.Errorf("read a page of a list: %v", broken)}
			}
		}()
		rows, err := next(last)
		read <- part[T]{rows, err}
	}()
	return read
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
