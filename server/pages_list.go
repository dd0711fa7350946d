package server

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"okey/okey"
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
	Next    string
	First   string // back to the beginning, from a later page
	Sheet   string // the whole list as a spreadsheet
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

// mayTakeList answers invalid where the address of a list names a school that can't be read: the page says so and shows everybody's, but a
// spreadsheet that is not the one asked for is worse than none.
func mayTakeList(v *visit) error {
	if v.Query("etablissement") == "" {
		return nil
	}
	if _, err := okey.ParseUAI(v.Query("etablissement")); err != nil {
		return okey.InvalidField("etablissement", "%s", okey.ErrorMessage(err))
	}
	return nil
}

// chosenRequests is what the address of a list of requests asks for; what can't be read filters nothing.
func chosenRequests(v *visit) sql.RequestFilter {
	filter := sql.RequestFilter{Establishment: chosenSchool(v)}
	if stage := okey.Stage(v.Query("etape")); stage.Valid() {
		filter.Stages = []okey.Stage{stage}
	}
	if person, err := uuid.Parse(v.Query("personne")); err == nil && v.desk() {
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
func (s *Server) requestsPage(v *visit) error {
	filter := chosenRequests(v)
	filter.Limit = pageLines + 1
	page := listScreen{Filters: listForm("/demandes"), Empty: "Aucune demande ici.", Ask: len(v.Actor.Establishments(v.today())) > 0}
	if filter.Person != (okey.PersonID{}) {
		who, err := s.store.Person(v.ctx(), filter.Person)
		if err != nil {
			return err
		}
		page.Of = okey.SayOf(who.Name())
		page.Filters.add("personne", filter.Person.String(), field{}) // whatever else is chosen, the list stays theirs
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
			Path: requestURL(r.ID), Who: r.Requester.Name(), Where: r.Establishment, Need: r.Need, State: sayStateTo(v, r.Request),
		})
	}
	stages := []choice{}
	for _, st := range okey.Stages() {
		stages = append(stages, choice{string(st), okey.Capitalize(st.French())})
	}
	page.Filters.add("etape", string(stageOf(filter)), field{Label: "Étape", Empty: "Toutes", Choices: stages})
	if err := s.addPlaces(v, page.Filters, filter.Establishment); err != nil {
		return err
	}
	page.Filters.doubt(v)
	page.Sheet = sheetURL(v)
	return s.show(v, http.StatusOK, "requests", screen{Title: "Demandes", Body: page})
}

// listURL is the same list, from a cursor on.
func listURL(v *visit, cursor string) string {
	return changedURL(v, v.Request.URL.Path, "cursor", cursor)
}

// changedURL is path with the query of this page, one value of it changed; from the list's beginning, unless that value is the cursor.
func changedURL(v *visit, path, name, value string) string {
	query := url.Values{}
	for known, values := range v.Request.URL.Query() {
		if known != "cursor" && known != "fait" && values[0] != "" {
			query.Set(known, values[0])
		}
	}
	if query.Del(name); value != "" {
		query.Set(name, value)
	}
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

func listForm(path string) *form {
	return &form{Name: "filtre", Path: path, Values: map[string]string{}, Fields: map[string]field{}, Button: "Filtrer"}
}

// doubt says of each choice that the address makes and that the list does not offer, that it filters nothing.
func (f *form) doubt(v *visit) {
	for name, how := range f.Fields {
		asked := v.Query(name)
		if len(how.Choices) > 0 && asked != "" && !slices.ContainsFunc(how.Choices, func(c choice) bool { return c.Value == asked }) {
			f.note(name, "Ce choix n'existe pas : prenez-en un de la liste. En attendant, rien n'est filtré par là.")
		}
	}
}

func (f *form) add(name, value string, how field) {
	f.Fields[name], f.Values[name] = how, value
}

// addTypedPlace lets support type which establishment of all the list is about, and names it.
func (s *Server) addTypedPlace(v *visit, f *form, chosen okey.UAI) error {
	how := field{Label: "Établissement", Hint: "Son code UAI, par exemple 0061565U."}
	typed := v.Query("etablissement")
	if chosen != "" {
		place, err := s.store.Place(v.ctx(), chosen)
		switch {
		case okey.ErrorCode(err) == okey.CodeNotFound:
			f.note("etablissement", "Cet établissement n'est pas dans OKEY : vérifiez son code, ou cherchez son nom dans « Assistance ».")
		case err != nil:
			return err
		case place.Successor != "": // no mistake: what was done there stays in the list
			how.Hint = place.Name + ". " + okey.ErrorMessage(replaced("etablissement", place))
		default:
			how.Hint = place.Name
		}
		typed = string(chosen)
	} else if _, err := okey.ParseUAI(typed); err != nil && typed != "" {
		f.note("etablissement", okey.ErrorMessage(err)+" En attendant, rien n'est filtré par là.")
	}
	f.add("etablissement", typed, how)
	return nil
}

// addPlaces lets whoever answers for several establishments choose one, and support type any.
func (s *Server) addPlaces(v *visit, f *form, chosen okey.UAI) error {
	if v.desk() {
		return s.addTypedPlace(v, f, chosen)
	}
	uais := v.Actor.Answers(v.today())
	hosted, err := s.store.HostedBy(v.ctx(), uais...)
	if err != nil || len(uais) == 0 || len(uais)+len(hosted) == 1 {
		return err
	}
	places, err := s.store.Establishments(v.ctx(), append(uais, hosted...)...)
	how := field{Label: "Établissement", Empty: "Tous"}
	for _, p := range places {
		how.Choices = append(how.Choices, choice{string(p.UAI), fmt.Sprintf("%s (%s)", p.Name, p.UAI)})
	}
	f.add("etablissement", string(chosen), how)
	return err
}
