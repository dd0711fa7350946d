package desk

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"okey/internal/address"
	"okey/internal/workbook"
	"okey/okey"
	"okey/server/pages/story"
	"okey/server/web"
	"okey/sql"
)

// JournalTitle is the heading of the audit.
const JournalTitle = "Journal d'audit"

// Journal is the audit, newest first.
type Journal struct {
	web.Pager

	Chain   string // how the end of the chain stands; on the first page
	Broken  string // what is wrong with it
	Count   string // of the lines that the filters let through
	Filters *web.Form
	Lines   []story.AuditLine
	Sheet   string
}

type auditCursor struct {
	Seq int64 `json:"s"`
}

// auditPage is for support and auditors.
func (s *Pages) auditPage(v *web.Visit) error {
	page, err := s.Journal(v)
	if err != nil {
		return err
	}
	return s.Show(v, http.StatusOK, "audit", web.Screen{Title: JournalTitle, Body: page})
}

// Journal looks up a page of the audit.
func (s *Pages) Journal(v *web.Visit) (*Journal, error) {
	chosen, err := s.auditChoiceOf(v)
	if err != nil {
		return nil, err
	}
	page := &Journal{Sheet: web.ChangedURL(v, address.PathAudit+".xlsx", "", "")}
	found, pager, err := web.PageAt(v, address.PathAudit, func(from auditCursor, ahead bool, limit int) ([]sql.AuditedEntry, error) {
		chosen.filter.BeforeSeq, chosen.filter.AfterSeq, chosen.filter.Limit = from.Seq, 0, limit
		if ahead {
			chosen.filter.BeforeSeq, chosen.filter.AfterSeq = 0, from.Seq
		}
		return s.store.AuditEntries(v.Ctx(), chosen.filter)
	}, func(last sql.AuditedEntry) auditCursor { return auditCursor{Seq: last.Seq} })
	if err != nil {
		return nil, err
	}
	page.Pager = pager
	for _, e := range found {
		page.Lines = append(page.Lines, story.NewAuditLine(e, web.Paris(v)))
	}
	if said := misreadCode(chosen.filter.Subject); said != "" && len(found) == 0 {
		chosen.wrong = append(chosen.wrong, web.FormError{Field: "objet", Message: said})
	}
	page.Filters = auditFilters(v, chosen)
	counted := len(found) // who looks for a needle has the whole audit read once, not twice
	if pager != (web.Pager{}) {
		if counted, err = s.store.CountAudit(v.Ctx(), chosen.filter); err != nil {
			return nil, err
		}
	}
	if counted > 0 {
		page.Count = okey.Capitalize(web.SayUpTo(counted, "ligne"))
	}
	if pager.First == "" {
		err = s.sayChain(v, page)
	}
	return page, err
}

// checkedLines is how much of the audit its page holds to the chain, each time that it is opened: the whole of it is for okey doctor.
const checkedLines = 1000

// sayChain says whether the end of the audit is as it was written.
func (s *Pages) sayChain(v *web.Visit, page *Journal) error {
	end, checked, err := s.store.VerifyAuditEnd(v.Ctx(), checkedLines)
	_, unknown := errors.AsType[*sql.UnknownKeyError](err)
	switch {
	case unknown:
		page.Broken = "La chaîne du journal n'est pas vérifiée : " + okey.ErrorMessage(err) + " Prévenez l'exploitant."
		return nil
	case okey.ErrorCode(err) == okey.CodeInvalid:
		page.Broken = "La chaîne du journal est rompue : " + okey.ErrorMessage(err) + " Prévenez l'exploitant."
		return nil
	case err != nil || checked == 0:
		return err
	case int64(checked) == end.Seq:
		page.Chain = fmt.Sprintf("Chaîne intacte : %s, vérifiées à l'instant.", okey.SayCount(checked, "ligne"))
	default:
		page.Chain = fmt.Sprintf("Chaîne intacte : les %s dernières lignes, jusqu'à la n° %s, viennent d'être vérifiées.",
			okey.SayNumber(checked), okey.SayNumber(int(end.Seq)))
	}
	return nil
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
	return web.Spreadsheet{Name: "journal", Title: JournalTitle, Sheets: []workbook.Sheet{{Name: "Journal", Columns: []workbook.Column{
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
