package web

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"okey/okey"
	"okey/server/act"
	"okey/server/respond"
	"okey/sql"
)

// PageLines is how many lines a list shows at once.
const PageLines = 25

// WaitedDays are the ages, in days, that a list of requests can be narrowed to; LateDays is the one after which an answer is late.
var WaitedDays = []int{LateDays, 10, 30}

// LateDays is when support's page counts an answer as late.
const LateDays = sql.LateDays

// ShownRows is how many rows of a file a page shows.
const ShownRows = 100

// noSchool is chosen by an address that names none, or several: no list has anything of it.
const noSchool okey.UAI = "?"

// ListedSchool is the filter by establishment. Where support typed what says none, the list is empty: everybody's would look like an
// answer.
func ListedSchool(v *Visit) okey.UAI {
	if v.unread != nil {
		return noSchool
	}
	return ChosenSchool(v)
}

// ChosenSchool is the establishment that a form or page begins with; what is no UAI chooses none.
func ChosenSchool(v *Visit) okey.UAI {
	uai, err := okey.ParseUAI(v.Query("etablissement"))
	if err != nil {
		return ""
	}
	return uai
}

// MayTakeList answers invalid where the address of a list names a school that can't be read: an empty spreadsheet would look like
// an answer.
func MayTakeList(v *Visit) error {
	if v.Query("etablissement") == "" {
		return nil
	}
	if v.unread != nil {
		return v.unread
	}
	_, err := okey.ParseUAI(v.Query("etablissement"))
	return respond.InField("etablissement", err)
}

// Pager leads from a page of a list to the others.
type Pager struct {
	First  string // back to the beginning, from a later page
	Before string
	Next   string
}

// The parameters of a list's address that say where its page begins: behind one row, or ahead of another.
const (
	pageBehind = "cursor"
	pageAhead  = "avant"
)

// Page is the page of a list that the address asks for. It finds the rows behind a cursor, which is zero on the first page, or ahead of it,
// the nearest first; at is the cursor of a row. A cursor that is not ours is invalid.
func Page[Row, Cursor any](
	v *Visit, find func(from Cursor, ahead bool, limit int) ([]Row, error), at func(Row) Cursor,
) ([]Row, Pager, error) {
	return PageAt(v, v.Request.URL.Path, find, at)
}

// PageAt is the page of a list whose other pages are at path: home shows the first one of some lists.
func PageAt[Row, Cursor any](
	v *Visit, path string, find func(from Cursor, ahead bool, limit int) ([]Row, error), at func(Row) Cursor,
) ([]Row, Pager, error) {
	var from, first Cursor
	var to Pager
	ahead, err := respond.CursorNamed(v.Context, pageAhead, &from)
	if err != nil {
		return nil, to, err
	}
	later := false
	if !ahead {
		if later, err = respond.CursorOf(v.Context, &from); err != nil {
			return nil, to, err
		}
	}
	found, err := find(from, ahead, PageLines+1)
	if ahead && err == nil && len(found) <= PageLines { // the beginning, whole
		ahead = false
		found, err = find(first, false, PageLines+1)
	}
	if err != nil {
		return nil, to, err
	}
	more := len(found) > PageLines
	if found = found[:min(len(found), PageLines)]; ahead {
		slices.Reverse(found)
	}
	if later || ahead {
		to.First = ChangedURL(v, path, pageBehind, "")
	}
	link := func(wanted bool, name string, row int) (string, error) {
		if !wanted || len(found) == 0 {
			return "", nil
		}
		cursor, err := respond.CursorAt(at(found[row]))
		return ChangedURL(v, path, name, cursor), err
	}
	if to.Before, err = link(later || ahead, pageAhead, 0); err != nil {
		return nil, to, err
	}
	to.Next, err = link(more || ahead, pageBehind, len(found)-1)
	return found, to, err
}

// ChangedURL is path with the query of this page, one value of it changed; from the list's beginning, unless that value is a cursor.
func ChangedURL(v *Visit, path, name, value string) string {
	query := url.Values{}
	for known, values := range v.Request.URL.Query() {
		if !slices.Contains([]string{pageBehind, pageAhead, "fait"}, known) && values[0] != "" {
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

// SayUpTo says a count that goes no further than sql.CountMost: "312 clefs", "plus de 1 000 clefs".
func SayUpTo(n int, noun string) string {
	if n > sql.CountMost {
		return "plus de " + okey.SayCount(sql.CountMost, noun)
	}
	return okey.SayCount(n, noun)
}

// ListForm is a form of filters, above the list at path: it is sent with GET, and does nothing.
func ListForm(path string) *Form {
	return &Form{Name: "filtre", Path: path, Values: map[string]string{}, Fields: map[string]Field{}, Button: "Filtrer"}
}

// Narrows tells whether somebody has asked for less than all: an empty list then says how to see the rest.
func (f *Form) Narrows() bool {
	for name, how := range f.Fields {
		if how.narrows(f.Values[name]) {
			return true
		}
	}
	return false
}

// narrows tells whether a value asks for less than all.
func (how Field) narrows(value string) bool {
	all := ""
	if how.Empty == "" && len(how.Choices) > 0 { // nothing stands before a choice
		all = cmp.Or(how.Default, how.Choices[0].Value)
	}
	return how.Label != "" && value != "" && value != all
}

// Said is what the list is narrowed to, in words: "État « Perdue », Nom « martin »". What is wrong with a field narrows nothing by it.
func (f *Form) Said() string {
	var said []string
	for _, name := range slices.Sorted(maps.Keys(f.Fields)) {
		how, value := f.Fields[name], f.Values[name]
		switch {
		case how.Printed != "":
			said = append(said, how.Printed)
		case slices.ContainsFunc(f.Errors, func(wrong FormError) bool { return wrong.Field == name }):
		case how.narrows(value):
			said = append(said, how.Label+" « "+how.shown(value)+" »")
		}
	}
	return strings.Join(said, ", ")
}

// shown is a value as the field shows it.
func (how Field) shown(value string) string {
	for _, choice := range how.Choices {
		if choice.Value == value {
			return choice.Label
		}
	}
	if day, err := time.Parse(time.DateOnly, value); err == nil { // browsers write days so, and show them otherwise
		return day.Format("02/01/2006")
	}
	return value
}

// Opens tells whether the filters are to be seen where a screen has no room for them: somebody has narrowed the list, or tried to.
func (f *Form) Opens() bool { return f.Narrows() || len(f.Errors) > 0 }

// Doubt says of each choice that the address makes and that the list does not offer, that it filters nothing.
func (f *Form) Doubt(v *Visit) {
	for name, how := range f.Fields {
		asked := v.Query(name)
		if len(how.Choices) > 0 && asked != "" && !slices.ContainsFunc(how.Choices, func(c Choice) bool { return c.Value == asked }) {
			f.Note(name, "Ce choix n'existe pas : prenez-en un de la liste. En attendant, rien n'est filtré par là.")
		}
	}
}

// Add gives the form a field, filled in.
func (f *Form) Add(name, value string, how Field) {
	f.Fields[name], f.Values[name] = how, value
}

// AddTypedPlace lets support name which establishment of all the list is about: place is the one chosen, where OKEY knows it, and some are
// offered.
func AddTypedPlace(v *Visit, f *Form, chosen okey.UAI, place sql.Place, some []sql.Place) {
	how := Field{Label: "Établissement", Hint: SchoolHint, Offered: v.meant}
	if how.Offered == nil {
		for _, p := range some {
			how.Offered = append(how.Offered, offered(p))
		}
	}
	typed := v.Query("etablissement")
	switch {
	case v.unread != nil:
		f.Errors = append(f.Errors, FormError{Field: "etablissement", Message: okey.ErrorMessage(v.unread), Among: v.linked()})
	case chosen == "":
	case place.UAI == "":
		f.Note("etablissement", "Cet établissement n'est pas dans OKEY : vérifiez son code, ou tapez son nom.")
	case place.Successor != "": // no mistake: what was done there stays in the list
		how.Hint = place.Name + ". " + okey.ErrorMessage(act.Replaced("etablissement", place))
	default:
		how.Hint = place.Name
		how.Printed = how.Label + " « " + okey.SayPlace(place.Name, place.UAI) + " »"
	}
	if chosen != "" && v.unread == nil {
		typed = string(chosen)
	}
	f.Add("etablissement", typed, how)
}

// linked leads to the same page of each establishment that may be meant.
func (v *Visit) linked() []NavLink {
	links := make([]NavLink, len(v.meant))
	for i, p := range v.meant {
		there := ChangedURL(v, v.Request.URL.Path, "etablissement", string(CodeTyped(p.Value)))
		links[i] = NavLink{Name: p.Value + ", " + p.Label, Path: there}
	}
	return links
}

// addTypedPlace is AddTypedPlace for who has not read the place.
func (s *Site) addTypedPlace(v *Visit, f *Form, chosen okey.UAI) error {
	var place sql.Place
	if chosen != "" && v.unread == nil {
		found, err := s.store.Place(v.Ctx(), chosen)
		if err != nil && okey.ErrorCode(err) != okey.CodeNotFound {
			return err
		}
		place = found
	}
	some, err := s.store.ServedPlaces(v.Ctx(), OfferedSchools)
	AddTypedPlace(v, f, chosen, place, some)
	return err
}

// AddPlaces lets whoever answers for several establishments choose one, and support type any.
func (s *Site) AddPlaces(v *Visit, f *Form, chosen okey.UAI) error {
	if v.Desk() {
		return s.addTypedPlace(v, f, chosen)
	}
	uais := v.Actor.Answers(v.Today())
	hosted, err := s.store.HostedBy(v.Ctx(), uais...)
	if err != nil || len(uais) == 0 || len(uais)+len(hosted) == 1 {
		return err
	}
	places, err := s.store.Establishments(v.Ctx(), append(uais, hosted...)...)
	how := Field{Label: "Établissement", Empty: "Tous"}
	for _, p := range places {
		how.Choices = append(how.Choices, Choice{string(p.UAI), okey.SayPlace(p.Name, p.UAI)})
	}
	f.Add("etablissement", string(chosen), how)
	return err
}
