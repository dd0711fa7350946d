package requests

import (
	"context"
	"iter"
	"time"

	"okey/internal/workbook"
	"okey/okey"
	"okey/server/pages/story"
	"okey/server/respond"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// SteppedRequest is a request of a list with the dates of its steps.
type SteppedRequest struct {
	sql.ListedRequest
	sql.RequestSteps
}

// Stepped looks up the steps of a page of a list.
func (s *Pages) Stepped(ctx context.Context, page []sql.ListedRequest, today okey.Day) ([]SteppedRequest, error) {
	ids := make([]uuid.UUID, len(page))
	for i, r := range page {
		ids[i] = r.ID
	}
	steps, err := s.store.StepsOf(ctx, ids, today)
	found := make([]SteppedRequest, len(page))
	for i, r := range page {
		found[i] = SteppedRequest{r, steps[r.ID]}
	}
	return found, err
}

// requestsTable is the list of requests: same reach and filters as its page.
func (s *Pages) requestsTable(v *web.Visit) (web.Spreadsheet, error) {
	if err := web.MayTakeList(v); err != nil {
		return web.Spreadsheet{}, err
	}
	l := chosenRequests(v)
	if _, l.Part = tabAsked(v.Query("etape")); !tabbed(v, l) {
		l.Part = sql.RequestPart{Stages: l.Part.Stages}
	}
	l.Limit = web.DownloadPage
	found := web.Paged(web.MaxDownload, func(last *SteppedRequest) ([]SteppedRequest, error) {
		if last != nil {
			l.At, l.ID = l.Part.Place(last.Request), last.ID
		}
		page, _, err := s.store.RequestsIn(v.Ctx(), l)
		if err != nil {
			return nil, err
		}
		return s.Stepped(v.Ctx(), page, v.Today())
	})
	return web.Spreadsheet{
		Name:   "demandes",
		Title:  "Demandes",
		Sheets: []workbook.Sheet{RequestSheet("Demandes", found, web.Paris(v).Zone)},
	}, nil
}

// RequestSheet is a list of requests as a sheet, each with its steps.
func RequestSheet(name string, found iter.Seq2[SteppedRequest, error], zone *time.Location) workbook.Sheet {
	return workbook.Sheet{Name: name, Columns: []workbook.Column{
		{Title: "Demandeur"},
		{Title: "UAI", Width: 12},
		{Title: "Établissement", Width: 36},
		{Title: "Besoin", Width: 48},
		{Title: "Motif", Width: 30},
		{Title: "Étape"},
		{Title: "Depuis", Kind: workbook.Instant},
		{Title: "Qui est attendu"},
		{Title: "Demandée", Kind: workbook.Instant},
		{Title: "Acceptée", Kind: workbook.Instant},
		{Title: "Clef réservée", Kind: workbook.Instant},
		{Title: "Charte signée", Kind: workbook.Instant},
		{Title: "Clef remise", Kind: workbook.Instant},
		{Title: "Clef"},
		{Title: "Identifiant du demandeur"},
		{Title: "Demande", Width: 40}, // its number, as the search takes it
	}, Rows: web.Cells(found, func(r SteppedRequest) []any {
		reserved := r.ReservedAt
		if r.Key == "" {
			reserved = time.Time{} // as on the request's page: that key is no longer its own
		}
		return []any{
			r.Requester.Name(),
			r.UAI,
			r.Establishment,
			r.Need,
			okey.Capitalize(web.ReasonNames[r.Reason]),
			okey.Capitalize(r.Stage.French()),
			web.InZone(
				r.Since,
				zone,
			),
			r.awaited(),
			web.InZone(r.AskedAt, zone),
			web.InZone(r.ApprovedAt, zone),
			web.InZone(reserved, zone),
			web.InZone(r.SignedAt, zone),
			web.InZone(r.HandedOverAt, zone),
			r.Key,
			r.Requester.UID,
			r.ID.String(),
		}
	})}
}

// awaited says in a word what the request's page says with names.
func (r SteppedRequest) awaited() string {
	switch r.Stage {
	case okey.AwaitingStock:
		return "une clef libre"
	case okey.AwaitingCharter:
		return r.Requester.Name()
	case okey.AwaitingDecision, okey.AwaitingHandover:
		switch {
		case r.Headed:
			return "la direction"
		case r.Delegated:
			return "le délégataire"
		}
		return "l'assistance"
	}
	return ""
}

// requestDeskTable is a request with everything that happened to it, for support and auditors.
func (s *Pages) requestDeskTable(v *web.Visit) (web.Spreadsheet, error) {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.Today()); err != nil {
		return web.Spreadsheet{}, err
	}
	id, err := respond.IDOf(v.Context)
	if err != nil {
		return web.Spreadsheet{}, err
	}
	d, err := s.Dossier(v, id)
	if err != nil {
		return web.Spreadsheet{}, err
	}
	places, err := s.store.Names(v.Ctx(), d.UAI)
	if err != nil {
		return web.Spreadsheet{}, err
	}
	one, err := s.Stepped(
		v.Ctx(),
		[]sql.ListedRequest{{Request: d.Request, Requester: d.Requester, Establishment: places[d.UAI]}},
		v.Today(),
	)
	if err != nil {
		return web.Spreadsheet{}, err
	}
	actions, err := s.store.ActionsOn(v.Ctx(), id)
	if err != nil {
		return web.Spreadsheet{}, err
	}
	mails, err := s.store.MailsOf(v.Ctx(), id)
	return web.Spreadsheet{Name: "demande", Title: "Demande " + id.String(), Sheets: []workbook.Sheet{
		RequestSheet(
			"Demande",
			web.Each(one),
			d.Clock.Zone,
		),
		stepSheet(d),
		story.ActionSheet("Actions", actions, d.Clock),
		story.MailSheet("Courriels", web.Each(mails), d.Clock),
	}}, err
}

// stepSheet is the request's story as its page tells it.
func stepSheet(d Dossier) workbook.Sheet {
	return workbook.Sheet{Name: "Étapes", Columns: []workbook.Column{
		{Title: "Quand", Kind: workbook.Instant}, {Title: "Quoi", Width: 60}, {Title: "Commentaire", Width: 60},
	}, Rows: web.RowsOf(d.story(), func(l web.StoryLine) []any { return []any{web.InZone(l.At, d.Clock.Zone), l.What, l.Comment} })}
}
