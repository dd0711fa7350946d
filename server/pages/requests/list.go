package requests

import (
	"net/http"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// listScreen is a list with its filters.
type listScreen struct {
	web.Pager

	Filters *web.Form
	Of      string // whose requests these are, where the list is of one person
	Cards   []web.Card
	Sheet   string // the whole list as a spreadsheet
	Ask     bool
	Empty   string
}

// chosenRequests is what the address of a list of requests asks for; what can't be read filters nothing.
func chosenRequests(v *web.Visit) sql.RequestFilter {
	filter := sql.RequestFilter{Establishment: web.ChosenSchool(v)}
	if stage := okey.Stage(v.Query("etape")); stage.Valid() {
		filter.Stages = []okey.Stage{stage}
	}
	if person, err := uuid.Parse(v.Query("personne")); err == nil && v.Desk() {
		filter.Person = person
	}
	return filter
}

func stageOf(f sql.RequestFilter) okey.Stage {
	if len(f.Stages) == 0 {
		return ""
	}
	return f.Stages[0]
}

// requestsPage lists the requests that the person may see, newest first.
func (s *Pages) requestsPage(v *web.Visit) error {
	filter := chosenRequests(v)
	page := listScreen{
		Filters: web.ListForm(address.PathRequests), Empty: "Aucune demande ici.", Ask: len(v.Actor.Establishments(v.Today())) > 0,
	}
	if filter.Person != (okey.PersonID{}) {
		who, err := s.store.Person(v.Ctx(), filter.Person)
		if err != nil {
			return err
		}
		page.Of = okey.SayOf(who.Name())
		page.Filters.Add("personne", filter.Person.String(), web.Field{}) // whatever else is chosen, the list stays theirs
	}
	found, pager, err := web.Page(v, func(after act.RequestCursor, limit int) ([]sql.ListedRequest, error) {
		filter.BeforeAskedAt, filter.AfterID, filter.Limit = after.AskedAt, after.ID, limit
		return s.store.ListRequests(v.Ctx(), act.Reach(v.Actor), filter)
	}, func(last sql.ListedRequest) act.RequestCursor {
		return act.RequestCursor{AskedAt: last.AskedAt, ID: last.ID}
	})
	if err != nil {
		return err
	}
	page.Pager = pager
	for _, r := range found {
		page.Cards = append(page.Cards, web.Card{
			Path: address.RequestURL(r.ID), Who: r.Requester.Name(), Where: r.Establishment, Need: r.Need, State: sayStateTo(v, r.Request),
		})
	}
	stages := []web.Choice{}
	for _, st := range okey.Stages() {
		stages = append(stages, web.Choice{Value: string(st), Label: okey.Capitalize(st.French())})
	}
	page.Filters.Add("etape", string(stageOf(filter)), web.Field{Label: "Étape", Empty: "Toutes", Choices: stages})
	if err := s.AddPlaces(v, page.Filters, filter.Establishment); err != nil {
		return err
	}
	page.Filters.Doubt(v)
	page.Sheet = web.SheetURL(v)
	return s.Show(v, http.StatusOK, "requests", web.Screen{Title: "Demandes", Body: page})
}
