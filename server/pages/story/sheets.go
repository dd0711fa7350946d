package story

import (
	"iter"

	"okey/internal/workbook"
	"okey/server/web"
	"okey/sql"
)

// ActionSheet is a table of actions to take along.
func ActionSheet(name string, actions []sql.DeskAction, c web.Clock) workbook.Sheet {
	return workbook.Sheet{Name: name, Columns: []workbook.Column{
		{Title: "Quand", Kind: workbook.Instant},
		{Title: "Quoi"},
		{Title: "Qui"},
		{Title: "Par"},
		{Title: "Suite", Width: 36},
		{Title: "À propos de", Width: 40},
	}, Rows: web.RowsOf(actions, func(a sql.DeskAction) []any {
		line := newDeskLine(a, c)
		return []any{web.InZone(a.CreatedAt, c.Zone), line.What, line.Who, line.Via, line.Outcome, line.About}
	})}
}

// MailSheet is a table of mails to take along. A mail that is about no request has nothing under "Demande".
func MailSheet(name string, mails iter.Seq2[sql.Mail, error], c web.Clock) workbook.Sheet {
	return workbook.Sheet{Name: name, Columns: []workbook.Column{
		{Title: "Quand", Kind: workbook.Instant},
		{Title: "Objet", Width: 48},
		{Title: "À", Width: 36},
		{Title: "État", Width: 14},
		{Title: "Demande", Width: 40},
	}, Rows: web.Cells(mails, func(m sql.Mail) []any {
		line, about := newMailLine(m, c), ""
		if m.Request.Valid {
			about = m.Request.UUID.String()
		}
		return []any{web.InZone(m.CreatedAt, c.Zone), line.What, line.To, line.State, about}
	})}
}
