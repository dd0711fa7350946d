package desk

import (
	"net/http"
	"time"

	"okey/internal/address"
	"okey/internal/workbook"
	"okey/okey"
	"okey/server/pages/story"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// mailsScreen is the list of what OKEY has written.
type mailsScreen struct {
	web.Pager

	Filters *web.Form
	Count   string
	Mails   []story.MailLine
	Sheet   string
}

type mailCursor struct {
	At time.Time `json:"t"`
	ID uuid.UUID `json:"i"`
}

// mailsPage is for support and auditors: every mail, or those about one establishment.
func (s *Pages) mailsPage(v *web.Visit) error {
	if err := seesDesk(v); err != nil {
		return err
	}
	l, counted := sql.MailList{Establishment: web.ListedSchool(v)}, 0
	page := mailsScreen{Filters: web.ListForm(address.PathMails), Sheet: web.SheetURL(v)}
	found, pager, err := web.Page(v, func(from mailCursor, ahead bool, limit int) ([]sql.Mail, error) {
		l.At, l.ID, l.Ahead, l.Limit = from.At, from.ID, ahead, limit
		rows, n, err := s.store.Mails(v.Ctx(), l)
		counted = n
		return rows, err
	}, func(m sql.Mail) mailCursor { return mailCursor{m.CreatedAt, m.ID} })
	if err != nil {
		return err
	}
	page.Pager, page.Mails = pager, story.MailLines(found, web.Paris(v))
	if len(found) > 0 {
		page.Count = okey.Capitalize(web.SayUpTo(counted, "courriel"))
	}
	if err := s.AddPlaces(v, page.Filters, l.Establishment); err != nil {
		return err
	}
	return s.Show(v, http.StatusOK, "mails", web.Screen{Title: "Courriels envoyés", Body: page})
}

// mailsTable is the list with the page's filter.
func (s *Pages) mailsTable(v *web.Visit) (web.Spreadsheet, error) {
	if err := seesDesk(v); err != nil {
		return web.Spreadsheet{}, err
	}
	if err := web.MayTakeList(v); err != nil {
		return web.Spreadsheet{}, err
	}
	l := sql.MailList{Establishment: web.ListedSchool(v), Limit: web.DownloadPage}
	found := web.Paged(web.MaxDownload, func(last *sql.Mail) ([]sql.Mail, error) {
		if last != nil {
			l.At, l.ID = last.CreatedAt, last.ID
		}
		page, _, err := s.store.Mails(v.Ctx(), l)
		return page, err
	})
	return web.Spreadsheet{
		Name: "courriels", Title: "Courriels envoyés", Sheets: []workbook.Sheet{story.MailSheet("Courriels", found, web.Paris(v))},
	}, nil
}
