package desk

import (
	"okey/internal/workbook"
	"okey/okey"
	"okey/server/pages/requests"
	"okey/server/pages/story"
	"okey/server/web"
	"okey/sql"
)

// deskTable is support's page: a sheet for each of its tables.
func (s *Pages) deskTable(v *web.Visit) (web.Spreadsheet, error) {
	if err := seesDesk(v); err != nil {
		return web.Spreadsheet{}, err
	}
	st, err := s.stuck(v, sheetRows)
	if err != nil {
		return web.Spreadsheet{}, err
	}
	escalated := make([]sql.ListedRequest, len(st.Escalated))
	for i, r := range st.Escalated {
		escalated[i] = sql.ListedRequest{Request: r.Request, Requester: r.Requester, Establishment: r.School}
	}
	all, err := s.requests.Stepped(v.Ctx(), escalated, v.Today())
	if err != nil {
		return web.Spreadsheet{}, err
	}
	c := web.Paris(v)
	return web.Spreadsheet{Name: "assistance", Title: "Assistance", Sheets: []workbook.Sheet{
		requests.RequestSheet("Demandes remontées", web.Each(all), c.Zone),
		story.ActionSheet("Actions sans suite", st.Actions, c),
		troubleSheet("Ce qui n'avance plus", st.Troubles, c),
		story.MailSheet("Courriels refusés", web.Each(mailsOf(st.Mails)), c),
		story.ActionSheet("Actions refusées", st.Refused, c),
		reportSheet("Clefs à confirmer", st.Reports, c),
	}}, nil
}

func troubleSheet(name string, troubles []sql.Trouble, c web.Clock) workbook.Sheet {
	return workbook.Sheet{Name: name, Columns: []workbook.Column{
		{Title: "Depuis", Kind: workbook.Instant},
		{Title: "Quoi", Width: 36},
		{Title: "Dans le moteur", Width: 52},
		{Title: "Essais", Kind: workbook.Number},
		{Title: "Erreur", Width: 60},
	}, Rows: web.RowsOf(troubles, func(t sql.Trouble) []any {
		return []any{web.InZone(t.Since, c.Zone), okey.Capitalize(okey.SayTrouble(t.What)), t.Workflow, t.Attempts, t.Error}
	})}
}

func reportSheet(name string, reports []sql.ListedReport, c web.Clock) workbook.Sheet {
	return workbook.Sheet{Name: name, Columns: []workbook.Column{
		{Title: "Numéro de série"},
		{Title: "UAI", Width: 12},
		{Title: "Établissement", Width: 36},
		{Title: "Trouvée", Kind: workbook.Instant},
		{Title: "Par", Width: 28},
	}, Rows: web.RowsOf(reports, func(r sql.ListedReport) []any {
		return []any{r.Serial, r.UAI, r.Establishment, web.InZone(r.At, c.Zone), r.ByName}
	})}
}
