package desk

import (
	"net/http"
	"strings"

	"okey/internal/workbook"
	"okey/okey"
	"okey/server/pages/story"
	"okey/server/web"
	"okey/sql"
)

// auditScreen is the audit, newest first.
type auditScreen struct {
	web.Pager

	Filters *web.Form
	Lines   []story.AuditLine
	Sheet   string
}

type auditCursor struct {
	Seq int64 `json:"s"`
}

// auditPage is for support and auditors.
func (s *Pages) auditPage(v *web.Visit) error {
	chosen, err := s.auditChoiceOf(v)
	if err != nil {
		return err
	}
	found, pager, err := web.Page(v, func(after auditCursor, limit int) ([]sql.AuditedEntry, error) {
		chosen.filter.BeforeSeq, chosen.filter.Limit = after.Seq, limit
		return s.store.AuditEntries(v.Ctx(), chosen.filter)
	}, func(last sql.AuditedEntry) auditCursor { return auditCursor{Seq: last.Seq} })
	if err != nil {
		return err
	}
	page := auditScreen{Sheet: web.SheetURL(v), Pager: pager}
	for _, e := range found {
		page.Lines = append(page.Lines, story.NewAuditLine(e, web.Paris(v)))
	}
	if said := misreadCode(chosen.filter.Subject); said != "" && len(found) == 0 {
		chosen.wrong = append(chosen.wrong, web.FormError{Field: "objet", Message: said})
	}
	page.Filters = auditFilters(v, chosen)
	return s.Show(v, http.StatusOK, "audit", web.Screen{Title: "Journal d'audit", Body: page})
}

// auditTable is the audit with the page's filters. What of them can't be read is an error here: everything is not what was asked for.
func (s *Pages) auditTable(v *web.Visit) (web.Spreadsheet, error) {
	chosen, err := s.auditChoiceOf(v)
	if err != nil {
		return web.Spreadsheet{}, err
	}
	if len(chosen.wrong) > 0 {
		return web.Spreadsheet{}, okey.InvalidField(chosen.wrong[0].Field, "%s", strings.TrimSpace(chosen.wrong[0].Message))
	}
	filter, c := chosen.filter, web.Paris(v)
	filter.Limit = web.DownloadPage
	found := web.Paged(web.MaxDownload, func(last *sql.AuditedEntry) ([]sql.AuditedEntry, error) {
		if last != nil {
			filter.BeforeSeq = last.Seq
		}
		return s.store.AuditEntries(v.Ctx(), filter)
	})
	return web.Spreadsheet{Name: "journal", Title: "Journal d'audit", Sheets: []workbook.Sheet{{Name: "Journal", Columns: []workbook.Column{
		{Title: "N°", Kind: workbook.Number},
		{Title: "Quand", Kind: workbook.Instant},
		{Title: "Quoi", Width: 32},
		{Title: "Qui", Width: 28},
		{Title: "Par"},
		{Title: "À propos de", Width: 24},
		{Title: "Lequel", Width: 40},
		{Title: "Suite", Width: 28},
		{Title: "Identifiant", Width: 20}, // of whoever did it: two people may have one name
	}, Rows: web.Cells(found, func(e sql.AuditedEntry) []any {
		line, about := story.NewAuditLine(e, c), story.NewAuditSubject(e)
		detail := story.SayAuditDetail(story.ShownDetail(e.Entry)) // whole: the line may cut it short
		return []any{e.Seq, web.InZone(e.At, c.Zone), line.What, line.Who, line.Via, about.Kind, about.Name, detail, e.ByUID}
	})}}}, nil
}
