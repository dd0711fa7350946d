package people

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"okey/internal/workbook"
	"okey/okey"
	"okey/server/respond"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// The page shows what has ended for a year, and a spreadsheet has as much.
const (
	delegationMonths = 12
	delegationRows   = 500
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
	Name string
	Form *web.Form // none for those who only read
	Live []delegationLine
	Past []delegationLine
}

type delegationLine struct {
	Who, Scope, From, Until, By, State string
	End                                *web.Form
}

// headed are the establishments for which the visitor may name delegates.
func (s *Pages) headed(v *web.Visit) ([]sql.Place, error) {
	var places []sql.Place
	var seen []okey.UAI
	for _, as := range v.Actor.Assignments {
		if !as.Function.Approves() || slices.Contains(seen, as.UAI) {
			continue
		}
		seen = append(seen, as.UAI)
		place, err := s.store.Place(v.Ctx(), as.UAI)
		if err != nil {
			return nil, err
		}
		if okey.May(okey.ActDelegate, v.Actor, okey.Subject{UAI: as.UAI}, web.TodayAt(v, place)) == nil {
			places = append(places, place)
		}
	}
	return places, nil
}

// DelegationReach are the establishments whose delegations the visitor sees; all of them for support and auditors.
func (s *Pages) DelegationReach(v *web.Visit) (places []sql.Place, uais []okey.UAI, err error) {
	if places, err = s.headed(v); err != nil {
		return nil, nil, err
	}
	for _, place := range places {
		uais = append(uais, place.UAI)
	}
	if len(places) > 0 || v.Desk() {
		return places, uais, nil
	}
	subject := okey.Subject{}
	if answers := v.Actor.Answers(v.Today()); len(answers) > 0 {
		subject.UAI = answers[0] // a delegate: what is lent is not lent on
	}
	err = okey.May(okey.ActDelegate, v.Actor, subject, v.Today())
	if okey.ErrorCode(err) == okey.CodeForbidden {
		err = okey.Errorf(okey.CodeForbidden, "Seule la direction donne une délégation ou y met fin : celle que vous avez ne se transmet pas.")
	}
	return nil, nil, err
}

func (s *Pages) delegationsPage(v *web.Visit) error {
	notice, err := s.delegationNotice(v)
	if err != nil {
		return err
	}
	return s.showDelegations(v, http.StatusOK, nil, notice)
}

// delegationNotice says what the visitor has just given or ended.
func (s *Pages) delegationNotice(v *web.Visit) (string, error) {
	for _, asked := range []string{"fait", "fini"} {
		id, _ := uuid.Parse(v.Query(asked))
		if id == uuid.Nil {
			continue
		}
		d, err := s.store.Delegation(v.Ctx(), id)
		if okey.ErrorCode(err) == okey.CodeNotFound {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		today, err := s.store.Today(v.Ctx(), d.UAI, v.Now)
		switch {
		case err != nil:
			return "", err
		case asked == "fait" && d.By == v.Actor.ID:
			return fmt.Sprintf("C'est fait : %s %s (%s). Cette personne et la direction sont prévenues.",
				sayLent(d, today), d.SayDays(today), d.Scope.French()), nil
		case asked == "fini" && d.EndedBy == v.Actor.ID:
			zone, err := s.store.Zone(v.Ctx(), d.UAI)
			if err != nil {
				return "", err
			}
			if d.CalledOff(today, zone) {
				return fmt.Sprintf("C'est fait : la délégation %s, qui devait commencer le %s, n'aura pas lieu. Cette personne et la direction sont prévenues.", okey.SayOf(d.ToName), d.From.Say(today)), nil
			}
			return fmt.Sprintf("C'est fait : la délégation %s a pris fin. Cette personne et la direction sont prévenues.", okey.SayOf(d.ToName)), nil
		case asked == "fini" && !d.EndedAt.IsZero() && okey.May(okey.ActDelegate, v.Actor, okey.Subject{UAI: d.UAI}, today) == nil:
			return fmt.Sprintf("%s avait déjà mis fin à la délégation %s : rien n'a changé.", d.EndedByName, okey.SayOf(d.ToName)), nil
		}
	}
	return "", nil
}

// showDelegations makes the page; sent is a form that came back with something to correct.
func (s *Pages) showDelegations(v *web.Visit, status int, sent *web.Form, notice string) error {
	places, uais, err := s.DelegationReach(v)
	if err != nil {
		return err
	}
	found, err := s.store.Delegations(v.Ctx(), uais, v.Today().AddMonths(-delegationMonths), delegationRows)
	if err != nil {
		return err
	}
	page := delegationsScreen{Own: len(places) > 0, Sheet: web.ChangedURL(v, web.PathDelegations+".xlsx", "fini", "")}
	for _, place := range places {
		f := delegationForm(v, place)
		if sent != nil && sent.Path == f.Path {
			f = sent
		} else if s.Restore(v, f) {
			notice = web.RestoredNotice
		}
		school := delegationSchool{Name: fmt.Sprintf("%s (%s)", place.Name, place.UAI), Form: f}
		school.fill(v, found, place.UAI, web.TodayAt(v, place))
		page.Schools = append(page.Schools, school)
	}
	for _, d := range found { // of those that the visitor only reads about
		if slices.Contains(uais, d.UAI) || slices.ContainsFunc(page.Schools, func(known delegationSchool) bool { return known.Name == schoolOf(d) }) {
			continue
		}
		today, err := s.store.Today(v.Ctx(), d.UAI, v.Now)
		if err != nil {
			return err
		}
		school := delegationSchool{Name: schoolOf(d)}
		school.fill(v, found, d.UAI, today)
		page.Schools = append(page.Schools, school)
	}
	if page.Running, err = s.DelegationLine(v); err != nil {
		return err
	}
	if page.Running == noDelegation || notice != "" { // each establishment, or the notice, says it
		page.Running = ""
	}
	return s.Show(v, status, "delegations", web.Screen{Title: "Délégations", Notice: notice, Body: page})
}

func schoolOf(d sql.ListedDelegation) string { return fmt.Sprintf("%s (%s)", d.School, d.UAI) }

func (school *delegationSchool) fill(v *web.Visit, found []sql.ListedDelegation, uai okey.UAI, today okey.Day) {
	for _, d := range found {
		if d.UAI != uai {
			continue
		}
		line := delegationLine{
			Who: d.ToName, Scope: d.Scope.French(), From: d.From.Say(today), Until: d.Until.Say(today), By: d.ByName, State: sayDelegation(d, today, web.Paris(v)),
		}
		if !d.Live(today) {
			school.Past = append(school.Past, line)
			continue
		}
		if school.Form != nil {
			line.End = web.NewForm(v, "fin", web.PathDelegations+"/"+d.ID.String()+"/fin", "Mettre fin", nil)
			line.End.Extra = okey.SayOf(d.ToName)
		}
		school.Live = append(school.Live, line)
	}
}

// sayDelegation is where a delegation stands.
func sayDelegation(d sql.ListedDelegation, today okey.Day, c web.Clock) string {
	switch d.State(today) {
	case okey.DelegationComing:
		return "à venir"
	case okey.DelegationCurrent:
		if d.Valid.Before(d.Until) {
			return "en cours, jusqu'au " + d.Valid.Say(today) + " : la personne qui l'a donnée ou reçue quitte alors sa fonction"
		}
		return "en cours"
	case okey.DelegationEnded:
		said := fmt.Sprintf("%s %s", sayOver(d, today, c), c.Day(d.EndedAt))
		if d.EndedByName == "" {
			return said + ", d'après l'annuaire"
		}
		return said + " par " + d.EndedByName
	case okey.DelegationLapsed:
		return "sans effet : " + web.SayLeft(d, today)
	}
	return "passée"
}

// sayOver tells what was ended from what never began.
func sayOver(d sql.ListedDelegation, today okey.Day, c web.Clock) string {
	if d.CalledOff(today, c.Zone) {
		return "annulée avant son premier jour,"
	}
	return "terminée"
}

// DelegationColumns are the last columns of a table of delegations, from the first day on; DelegationCells fills them.
var DelegationColumns = []workbook.Column{
	{Title: "Premier jour", Kind: workbook.Date},
	{Title: "Dernier jour", Kind: workbook.Date},
	{Title: "État", Width: 48},
	{Title: "Terminée", Kind: workbook.Instant},
	{Title: "Terminée par"},
}

func DelegationCells(v *web.Visit, d sql.ListedDelegation) []any {
	c, state := web.Paris(v), ""
	if state = sayDelegation(d, v.Today(), c); d.State(v.Today()) == okey.DelegationEnded {
		state = strings.TrimSuffix(sayOver(d, v.Today(), c), ",")
	}
	return []any{d.From, d.Until, state, web.InZone(d.EndedAt, c.Zone), d.EndedByName}
}

func delegationForm(v *web.Visit, place sql.Place) *web.Form {
	return web.NewForm(v, "delegation-"+string(place.UAI), web.PathDelegations+"/"+string(place.UAI), "Déléguer", map[string]web.Field{
		"delegate": {Label: "*À qui", Hint: "Nom, adresse ou identifiant d'une personne de cet établissement."},
		"chosen":   {},
		"from":     {Label: "*Premier jour"},
		"until":    {Label: "*Dernier jour", Hint: "Ce jour est compris. Un an au plus."},
		"scope": {Label: "*Quoi", Choices: []web.Choice{
			{Value: string(okey.Everything), Label: okey.Capitalize(okey.Everything.French())}, {Value: string(okey.HandoverAndStock), Label: okey.Capitalize(okey.HandoverAndStock.French())},
		}},
	})
}

// giveDelegation writes what an approver delegates.
func (s *Pages) giveDelegation(v *web.Visit) error {
	place, err := s.delegatesAt(v, okey.UAI(v.Param("id")))
	if err != nil {
		return err
	}
	f := delegationForm(v, place)
	if err := s.Read(v, f); err != nil {
		return err
	}
	d, err := s.readDelegation(v, f, place)
	if err != nil {
		return err
	}
	if len(f.Errors) > 0 {
		return s.showDelegations(v, http.StatusUnprocessableEntity, f, "")
	}
	told, err := s.store.GiveDelegation(v.Ctx(), d, web.TodayAt(v, place))
	if err != nil {
		if err = f.Refuse(err); err != nil {
			return err
		}
		return s.showDelegations(v, http.StatusUnprocessableEntity, f, "")
	}
	s.act.Tell(v.Ctx(), told)
	v.Redirect(http.StatusSeeOther, web.DoneURL(web.PathDelegations, d.ID))
	return nil
}

// delegatesAt is an establishment at which the visitor may name and end delegates.
func (s *Pages) delegatesAt(v *web.Visit, typed okey.UAI) (sql.Place, error) {
	uai, err := okey.ParseUAI(string(typed))
	if err != nil {
		return sql.Place{}, okey.Errorf(okey.CodeNotFound, "Cette page n'existe pas, ou elle n'est pas pour vous.")
	}
	place, err := s.store.Place(v.Ctx(), uai)
	if err != nil {
		return place, err
	}
	return place, okey.May(okey.ActDelegate, v.Actor, okey.Subject{UAI: uai}, web.TodayAt(v, place))
}

// readDelegation is what the form says; what is wrong with it stands in the form.
func (s *Pages) readDelegation(v *web.Visit, f *web.Form, place sql.Place) (okey.GivenDelegation, error) {
	today := web.TodayAt(v, place)
	d := okey.GivenDelegation{
		ID: okey.DerivedID(v.Actor.ID, "delegation/"+f.Action.String()), By: v.Actor.ID, At: v.Now.UTC(),
		Delegation: okey.Delegation{UAI: place.UAI, Scope: okey.Scope(f.Values["scope"])},
	}
	d.From, d.Until = f.Day("from", today), f.Day("until", today)
	on := today
	if on.Before(d.From) {
		on = d.From
	}
	var err error
	if d.To, err = s.colleague(v, f, place.UAI, on); err != nil {
		return d, err
	}
	for _, wrong := range d.Check(today) {
		f.Wrong(wrong.Field, wrong.Message)
	}
	f.InOrder("delegate", "from", "until", "scope")
	return d, nil
}

// colleague is the person of an establishment whom the form means. Where several answer to what was typed, the form asks which.
func (s *Pages) colleague(v *web.Visit, f *web.Form, uai okey.UAI, on okey.Day) (okey.PersonID, error) {
	typed := strings.TrimSpace(f.Values["delegate"])
	if typed == "" || len(typed) > okey.MaxText || !web.IsPlainText(typed) {
		f.Note("delegate", "Écrivez à qui vous déléguez.")
		return okey.PersonID{}, nil
	}
	found, err := s.store.Colleagues(v.Ctx(), uai, typed, on, mostColleagues+1)
	switch {
	case err != nil:
		return okey.PersonID{}, err
	case len(found) == 0:
		f.Note("delegate", "Personne de ce nom ne travaille dans cet établissement à ces dates : vérifiez, ou tapez son adresse.")
		return okey.PersonID{}, nil
	case len(found) == 1:
		return found[0].ID, nil
	case len(found) > mostColleagues:
		f.Note("delegate", "Trop de personnes répondent à ce nom : écrivez-le en entier, ou tapez son adresse.")
		return okey.PersonID{}, nil
	}
	which := web.Field{Label: "*Laquelle de ces personnes"}
	for _, p := range found {
		if f.Values["chosen"] == p.ID.String() {
			return p.ID, nil
		}
		which.Choices = append(which.Choices, web.Choice{Value: p.ID.String(), Label: fmt.Sprintf("%s, %s (%s)", p.Name(), p.Mail, p.UID)})
	}
	f.Add("chosen", "", which)
	f.Note("chosen", "Plusieurs personnes répondent à ce nom : choisissez laquelle.")
	return okey.PersonID{}, nil
}

// endDelegation ends one at once.
func (s *Pages) endDelegation(v *web.Visit) error {
	id, err := respond.IDOf(v.Context)
	if err != nil {
		return err
	}
	d, err := s.store.Delegation(v.Ctx(), id)
	if err != nil {
		return err
	}
	if _, err := s.delegatesAt(v, d.UAI); err != nil {
		return err
	}
	if err := s.Read(v, web.NewForm(v, "fin", "", "", nil)); err != nil {
		return err
	}
	told, err := s.store.EndDelegation(v.Ctx(), id, v.Actor.ID, v.Now.UTC())
	if err != nil {
		return err
	}
	s.act.Tell(v.Ctx(), told)
	v.Redirect(http.StatusSeeOther, web.PathDelegations+"?fini="+id.String())
	return nil
}

// delegationsTable is the page's tables as one.
func (s *Pages) delegationsTable(v *web.Visit) (web.Spreadsheet, error) {
	_, uais, err := s.DelegationReach(v)
	if err != nil {
		return web.Spreadsheet{}, err
	}
	found, err := s.store.Delegations(v.Ctx(), uais, v.Today().AddMonths(-delegationMonths), delegationRows)
	return web.Spreadsheet{Name: "delegations", Title: "Délégations", Sheets: []workbook.Sheet{{Name: "Délégations", Columns: append([]workbook.Column{
		{Title: "UAI", Width: 12},
		{Title: "Établissement", Width: 36},
		{Title: "Délégataire"},
		{Title: "Quoi", Width: 36},
		{Title: "Donnée par"},
	}, DelegationColumns...), Rows: web.RowsOf(found, func(d sql.ListedDelegation) []any {
		return append([]any{d.UAI, d.School, d.ToName, d.Scope.French(), d.ByName}, DelegationCells(v, d)...)
	})}}}, err
}

const noDelegation = "Aucune délégation en cours ni à venir."

// DelegationLine says who answers with the visitor today, or will; empty for whoever may not delegate.
func (s *Pages) DelegationLine(v *web.Visit) (string, error) {
	heads, err := s.headed(v)
	if err != nil || len(heads) == 0 {
		return "", err
	}
	uais, days := make([]okey.UAI, len(heads)), map[okey.UAI]okey.Day{}
	for i, place := range heads {
		uais[i], days[place.UAI] = place.UAI, web.TodayAt(v, place)
	}
	found, err := s.store.Delegations(v.Ctx(), uais, v.Today(), delegationRows)
	if err != nil {
		return "", err
	}
	var said []string
	for _, d := range found {
		today := days[d.UAI]
		switch d.State(today) {
		case okey.DelegationCurrent:
			said = append(said, fmt.Sprintf("%s jusqu'au %s.", sayLent(d, today), d.Until.Say(today)))
		case okey.DelegationComing:
			said = append(said, fmt.Sprintf("%s à partir du %s.", sayLent(d, today), d.From.Say(today)))
		}
	}
	if len(said) == 0 {
		return noDelegation, nil
	}
	return strings.Join(said, " "), nil
}

// sayLent is what a delegate does with whoever named them: who was lent the handovers and the stock alone answers nothing.
func sayLent(d sql.ListedDelegation, today okey.Day) string {
	coming := d.State(today) == okey.DelegationComing
	does := "répond avec vous"
	switch {
	case d.Scope == okey.HandoverAndStock && coming:
		does = "remettra les clefs et tiendra le stock avec vous"
	case d.Scope == okey.HandoverAndStock:
		does = "remet les clefs et tient le stock avec vous"
	case coming:
		does = "répondra avec vous"
	}
	return d.ToName + " " + does
}

func (l delegationLine) Cells() []web.Cell {
	end := web.Cell{Text: l.State, Form: l.End}
	if l.End != nil {
		end.Does = fmt.Sprintf("Mettre fin à la délégation %v", l.End.Extra)
	}
	return []web.Cell{{Text: l.Who}, {Text: l.Scope}, {Text: l.From}, {Text: l.Until}, {Text: l.By}, end}
}
