package people

import (
	"net/http"
	"slices"

	"okey/internal/address"
	"okey/internal/workbook"
	"okey/okey"
	"okey/server/web"
	"okey/sql"
)

// The page shows what has ended for a year, and a spreadsheet has as much.
const (
	delegationMonths = 12
	DelegationRows   = 500
	mostColleagues   = 20
)

// delegationsScreen is the page of delegations: a part for each establishment that the visitor heads.
type delegationsScreen struct {
	Running string // who answers with the visitor, in a line
	Own     bool   // the visitor has something to delegate, and does not only read
	Schools []delegationSchool
	Sheet   string
}

type delegationSchool struct {
	Name       string
	Form       *web.Form // none for those who only read
	Live, Past []arrangementLine
}

// headed are the establishments for which the visitor may name delegates.
func (s *Pages) headed(v *web.Visit) ([]sql.Place, error) {
	uais := HeadedBy(v)
	if len(uais) == 0 {
		return nil, nil
	}
	places, err := s.store.Places(v.Ctx(), uais...)
	return Heads(v, places), err
}

// HeadedBy are the establishments of which the visitor is principal or deputy, on whatever days.
func HeadedBy(v *web.Visit) (uais []okey.UAI) {
	for _, as := range v.Actor.Assignments {
		if as.Function.Approves() && !slices.Contains(uais, as.UAI) {
			uais = append(uais, as.UAI)
		}
	}
	return uais
}

// Heads are those of the establishments for which the visitor may name delegates today, in the order of their assignments.
func Heads(v *web.Visit, places []sql.Place) (heads []sql.Place) {
	for _, uai := range HeadedBy(v) {
		at := slices.IndexFunc(places, func(place sql.Place) bool { return place.UAI == uai })
		if at >= 0 && okey.May(okey.ActDelegate, v.Actor, okey.Subject{UAI: uai}, web.TodayAt(v, places[at])) == nil {
			heads = append(heads, places[at])
		}
	}
	return heads
}

// DelegationReach are the establishments whose delegations the visitor sees; all of them for support and auditors.
func (s *Pages) DelegationReach(v *web.Visit) (places []sql.Place, uais []okey.UAI, err error) {
	if places, err = s.headed(v); err != nil {
		return nil, nil, err
	}
	if len(places) > 0 || v.Desk() {
		return places, each(places, func(place sql.Place) okey.UAI { return place.UAI }), nil
	}
	subject := okey.Subject{}
	if answers := v.Actor.Answers(v.Today()); len(answers) > 0 {
		subject.UAI = answers[0] // a delegate: what is lent is not lent on
	}
	err = okey.May(okey.ActDelegate, v.Actor, subject, v.Today())
	if okey.ErrorCode(err) == okey.CodeForbidden {
		err = okey.Errorf(okey.CodeForbidden,
			"Seule la direction donne une délégation ou y met fin : celle que vous avez ne se transmet pas.")
	}
	return nil, nil, err
}

func (s *Pages) delegationsPage(v *web.Visit) error { return s.showDelegations(v, nil) }

// showDelegations makes the page; sent is a form that came back with something to correct.
func (s *Pages) showDelegations(v *web.Visit, sent *web.Form) error {
	places, uais, err := s.DelegationReach(v)
	if err != nil {
		return err
	}
	found, err := s.store.Delegations(v.Ctx(), uais, v.Today().AddMonths(-delegationMonths), DelegationRows)
	if err != nil {
		return err
	}
	status, notice := http.StatusUnprocessableEntity, ""
	if sent == nil {
		status = http.StatusOK
		if notice, err = s.delegationNotice(v); err != nil {
			return err
		}
	}
	page := delegationsScreen{Own: len(places) > 0, Sheet: web.ChangedURL(v, address.PathDelegations+".xlsx", "fini", "")}
	for _, place := range places {
		f := delegationForm(v, place)
		if sent != nil && sent.Path == f.Path {
			f = sent
		} else if s.Restore(v, f) {
			notice = web.RestoredNotice
		}
		school := okey.SayPlace(place.Name, place.UAI)
		page.Schools = append(page.Schools, newDelegationSchool(v, school, f, found, place.UAI))
	}
	for _, d := range found {
		if slices.Contains(uais, d.UAI) {
			continue
		}
		uais = append(uais, d.UAI) // of those that the visitor only reads about
		school := okey.SayPlace(d.School, d.UAI)
		page.Schools = append(page.Schools, newDelegationSchool(v, school, nil, found, d.UAI))
	}
	page.Running = DelegationLine(v, places, found)
	if page.Running == noDelegation || notice != "" { // each establishment, or the notice, says it
		page.Running = ""
	}
	return s.Show(v, status, "delegations", web.Screen{Title: "Délégations", Notice: notice, Body: page})
}

// newDelegationSchool has, of all delegations that were found, those of the establishment.
func newDelegationSchool(v *web.Visit, name string, f *web.Form, found []sql.ListedDelegation, uai okey.UAI) delegationSchool {
	var lines []arrangementLine
	for _, d := range found {
		if d.UAI == uai {
			lines = append(lines, delegationLine(v, d))
		}
	}
	school := delegationSchool{Name: name, Form: f}
	school.Live, school.Past = part(v, lines, address.PathDelegations, f != nil)
	return school
}

func delegationLine(v *web.Visit, d sql.ListedDelegation) arrangementLine {
	today := okey.DayOf(v.Now, d.Zone())
	return arrangementLine{
		id: d.ID, over: !d.Live(today), does: "Mettre fin à la délégation " + okey.SayOf(d.ToName),
		texts: []string{
			d.ToName, d.Scope.French(), d.From.Say(today), d.Until.Say(today), d.ByName, sayDelegation(d, today, web.Paris(v)),
		},
	}
}

// delegationsTable is the page's tables as one.
func (s *Pages) delegationsTable(v *web.Visit) (web.Spreadsheet, error) {
	_, uais, err := s.DelegationReach(v)
	if err != nil {
		return web.Spreadsheet{}, err
	}
	found, err := s.store.Delegations(v.Ctx(), uais, v.Today().AddMonths(-delegationMonths), DelegationRows)
	rows := web.RowsOf(found, func(d sql.ListedDelegation) []any {
		return append([]any{d.UAI, d.School, d.ToName, d.Scope.French(), d.ByName}, DelegationCells(v, d)...)
	})
	return web.Spreadsheet{Name: "delegations", Title: "Délégations", Sheets: []workbook.Sheet{{
		Name: "Délégations", Rows: rows, Columns: append([]workbook.Column{
			{Title: "UAI", Width: 12},
			{Title: "Établissement", Width: 36},
			{Title: "Délégataire"},
			{Title: "Quoi", Width: 36},
			{Title: "Donnée par"},
		}, DelegationColumns...),
	}}}, err
}
