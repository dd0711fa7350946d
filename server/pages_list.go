package server

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"okey"
	"okey/sql"

	"github.com/google/uuid"
)

// pageLines is how many lines a list shows at once.
const pageLines = 25

// listScreen is a list with its filters.
type listScreen struct {
	Filters *form
	Of      string // whose requests these are, where the list is of one person
	Cards   []card
	Keys    []keyLine
	Next    string
	First   string // back to the beginning, from a later page
	Ask     bool
	Empty   string
}

// chosenSchool is the filter by establishment; what is no UAI filters nothing.
func chosenSchool(v *visit) okey.UAI {
	uai, err := okey.ParseUAI(v.Query("etablissement"))
	if err != nil {
		return ""
	}
	return uai
}

// requestsPage lists the requests that the person may see, newest first.
func (s *Server) requestsPage(v *visit) error {
	stage, uai := okey.Stage(v.Query("etape")), chosenSchool(v)
	filter := sql.RequestFilter{Establishment: uai, Limit: pageLines + 1}
	if stage.Valid() {
		filter.Stages = []okey.Stage{stage}
	}
	page := listScreen{Filters: listForm("/demandes"), Empty: "Aucune demande ici.", Ask: len(v.Actor.Establishments(v.today())) > 0}
	if person, err := uuid.Parse(v.Query("personne")); err == nil && v.desk() {
		filter.Person = person
		who, err := s.store.Person(v.ctx(), person)
		if err != nil {
			return err
		}
		page.Of = who.Name()
	}
	var at requestCursor
	if later, err := cursorOf(v.Context, &at); err != nil {
		return err
	} else if later {
		filter.BeforeAskedAt, filter.AfterID = at.AskedAt, at.ID
		page.First = listURL(v, "")
	}
	found, err := s.store.ListRequests(v.ctx(), reach(v.Actor), filter)
	if err != nil {
		return err
	}
	if len(found) > pageLines {
		found = found[:pageLines]
		last := found[pageLines-1]
		next, err := nextCursor(requestCursor{AskedAt: last.AskedAt, ID: last.ID})
		if err != nil {
			return err
		}
		page.Next = listURL(v, *next)
	}
	for _, r := range found {
		page.Cards = append(page.Cards, card{
			Path: requestURL(r.ID), Who: r.Requester.Name(), Where: r.Establishment, Need: r.Need, State: sayState(r.Request, paris(v)),
		})
	}
	stages := []choice{}
	for _, st := range okey.Stages() {
		stages = append(stages, choice{string(st), okey.Capitalize(st.French())})
	}
	page.Filters.add("etape", string(stage), field{Label: "Étape", Empty: "Toutes", Choices: stages})
	if err := s.addPlaces(v, page.Filters, uai); err != nil {
		return err
	}
	return s.show(v, http.StatusOK, "requests", screen{Title: "Demandes", Body: page})
}

// listURL is the same list, from a cursor on.
func listURL(v *visit, cursor string) string {
	query := url.Values{}
	for name, values := range v.Request.URL.Query() {
		if name != "cursor" && values[0] != "" {
			query.Set(name, values[0])
		}
	}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	if len(query) == 0 {
		return v.Request.URL.Path
	}
	return v.Request.URL.Path + "?" + query.Encode()
}

func listForm(path string) *form {
	return &form{Name: "filtre", Path: path, Values: map[string]string{}, Fields: map[string]field{}, Button: "Filtrer"}
}

func (f *form) add(name, value string, how field) {
	f.Fields[name], f.Values[name] = how, value
}

// addPlaces lets whoever answers for several establishments choose one; support types its UAI in the search of its own page.
func (s *Server) addPlaces(v *visit, f *form, chosen okey.UAI) error {
	uais := v.Actor.Answers(v.today())
	if v.desk() && chosen != "" && !slices.Contains(uais, chosen) {
		uais = append(uais, chosen)
	}
	if len(uais) == 0 || (len(uais) == 1 && !v.desk()) {
		return nil
	}
	places, err := s.store.Establishments(v.ctx(), uais...)
	how := field{Label: "Établissement", Empty: "Tous"}
	for _, p := range places {
		how.Choices = append(how.Choices, choice{string(p.UAI), fmt.Sprintf("%s (%s)", p.Name, p.UAI)})
	}
	f.add("etablissement", string(chosen), how)
	return err
}

// keyLine is a key in a list.
type keyLine struct {
	Path, Serial, State, Holder, Where, Expires string
}

// keysPage lists the keys that the person may see, by serial.
func (s *Server) keysPage(v *visit) error {
	state, uai := okey.KeyState(v.Query("etat")), chosenSchool(v)
	filter := sql.KeyFilter{Establishment: uai, Limit: pageLines + 1}
	if state.Valid() {
		filter.State = state
	}
	page := listScreen{Filters: listForm("/clefs"), Empty: "Aucune clef ici."}
	var at struct {
		Serial okey.Serial `json:"s"`
	}
	if later, err := cursorOf(v.Context, &at); err != nil {
		return err
	} else if later {
		filter.AfterSerial = at.Serial
		page.First = listURL(v, "")
	}
	found, err := s.store.ListKeys(v.ctx(), reach(v.Actor), filter)
	if err != nil {
		return err
	}
	if len(found) > pageLines {
		found = found[:pageLines]
		at.Serial = found[pageLines-1].Serial
		next, err := nextCursor(at)
		if err != nil {
			return err
		}
		page.Next = listURL(v, *next)
	}
	for _, k := range found {
		page.Keys = append(page.Keys, keyLine{
			Path: keyURL(k.Serial), Serial: string(k.Serial), State: k.State.French(), Holder: k.HolderName, Where: k.Establishment, Expires: paris(v).date(k.ExpiresOn),
		})
	}
	states := []choice{}
	for _, st := range okey.KeyStates() {
		states = append(states, choice{string(st), okey.Capitalize(st.French())})
	}
	page.Filters.add("etat", string(state), field{Label: "État", Empty: "Tous", Choices: states})
	if err := s.addPlaces(v, page.Filters, uai); err != nil {
		return err
	}
	title := "Mes clefs"
	if v.desk() || v.answers() {
		title = "Gérer les clefs"
	}
	return s.show(v, http.StatusOK, "keys", screen{Title: title, Body: page})
}
