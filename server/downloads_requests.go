package server

import (
	"context"
	"iter"
	"time"

	"okey/internal/workbook"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// steppedRequest is a request of a list with the dates of its steps.
type steppedRequest struct {
	sql.ListedRequest
	sql.RequestSteps
}

// stepped looks up the steps of a page of a list.
func (s *Server) stepped(ctx context.Context, page []sql.ListedRequest, today okey.Day) ([]steppedRequest, error) {
	ids := make([]uuid.UUID, len(page))
	for i, r := range page {
		ids[i] = r.ID
	}
	steps, err := s.store.StepsOf(ctx, ids, today)
	found := make([]steppedRequest, len(page))
	for i, r := range page {
		found[i] = steppedRequest{r, steps[r.ID]}
	}
	return found, err
}

// requestsTable is the list of requests: same reach and filters as its page.
func (s *Server) requestsTable(v *visit) (spreadsheet, error) {
	if err := mayTakeList(v); err != nil {
		return spreadsheet{}, err
	}
	filter := chosenRequests(v)
	filter.Limit = downloadPage
	found := paged(maxDownload, func(last *steppedRequest) ([]steppedRequest, error) {
		if last != nil {
			filter.BeforeAskedAt, filter.AfterID = last.AskedAt, last.ID
		}
		page, err := s.store.ListRequests(v.ctx(), reach(v.Actor), filter)
		if err != nil {
			return nil, err
		}
		return s.stepped(v.ctx(), page, v.today())
	})
	return spreadsheet{Name: "demandes", Title: "Demandes", Sheets: []workbook.Sheet{requestSheet("Demandes", found, paris(v).zone)}}, nil
}

func requestSheet(name string, found iter.Seq2[steppedRequest, error], zone *time.Location) workbook.Sheet {
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
	}, Rows: cells(found, func(r steppedRequest) []any {
		reserved := r.ReservedAt
		if r.Key == "" {
			reserved = time.Time{} // as on the request's page: that key is no longer its own
		}
		return []any{
			r.Requester.Name(), r.UAI, r.Establishment, r.Need, okey.Capitalize(reasonNames[r.Reason]), okey.Capitalize(r.Stage.French()),
			inZone(r.Since, zone), r.awaited(), inZone(r.AskedAt, zone), inZone(r.ApprovedAt, zone), inZone(reserved, zone), inZone(r.SignedAt, zone),
			inZone(r.HandedOverAt, zone), r.Key, r.Requester.UID, r.ID.String(),
		}
	})}
}

// awaited says in a word what the request's page says with names.
func (r steppedRequest) awaited() string {
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
func (s *Server) requestDeskTable(v *visit) (spreadsheet, error) {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.today()); err != nil {
		return spreadsheet{}, err
	}
	id, err := idOf(v.Context)
	if err != nil {
		return spreadsheet{}, err
	}
	d, err := s.dossier(v, id)
	if err != nil {
		return spreadsheet{}, err
	}
	places, err := s.store.Names(v.ctx(), d.UAI)
	if err != nil {
		return spreadsheet{}, err
	}
	one, err := s.stepped(v.ctx(), []sql.ListedRequest{{Request: d.Request, Requester: d.requester, Establishment: places[d.UAI]}}, v.today())
	if err != nil {
		return spreadsheet{}, err
	}
	actions, err := s.store.ActionsOn(v.ctx(), id)
	if err != nil {
		return spreadsheet{}, err
	}
	mails, err := s.store.MailsOf(v.ctx(), id)
	return spreadsheet{Name: "demande", Title: "Demande " + id.String(), Sheets: []workbook.Sheet{
		requestSheet("Demande", each(one), d.clock.zone), stepSheet(d), actionSheet("Actions", actions, d.clock), mailSheet("Courriels", mails, d.clock),
	}}, err
}

// stepSheet is the request's story as its page tells it.
func stepSheet(d dossier) workbook.Sheet {
	return workbook.Sheet{Name: "Étapes", Columns: []workbook.Column{
		{Title: "Quand", Kind: workbook.Instant}, {Title: "Quoi", Width: 60}, {Title: "Commentaire", Width: 60},
	}, Rows: rowsOf(d.story(), func(l storyLine) []any { return []any{inZone(l.at, d.clock.zone), l.What, l.Comment} })}
}
