package server

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"okey/internal/workbook"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

const pathDelegations = "/delegations"

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
	Form *form // none for those who only read
	Live []delegationLine
	Past []delegationLine
}

type delegationLine struct {
	Who, Scope, From, Until, By, State string
	End                                *form
}

// todayAt is the day that it is at an establishment.
func todayAt(v *visit, place sql.Place) okey.Day {
	return okey.DayOf(v.Now, okey.ZoneOf(place.Academy))
}

// headed are the establishments for which the visitor may name delegates.
func (s *Server) headed(v *visit) ([]sql.Place, error) {
	var places []sql.Place
	var seen []okey.UAI
	for _, as := range v.Actor.Assignments {
		if !as.Function.Approves() || slices.Contains(seen, as.UAI) {
			continue
		}
		seen = append(seen, as.UAI)
		place, err := s.store.Place(v.ctx(), as.UAI)
		if err != nil {
			return nil, err
		}
		if okey.May(okey.ActDelegate, v.Actor, okey.Subject{UAI: as.UAI}, todayAt(v, place)) == nil {
			places = append(places, place)
		}
	}
	return places, nil
}

// delegationReach are the establishments whose delegations the visitor sees; all of them for support and auditors.
func (s *Server) delegationReach(v *visit) (places []sql.Place, uais []okey.UAI, err error) {
	if places, err = s.headed(v); err != nil {
		return nil, nil, err
	}
	for _, place := range places {
		uais = append(uais, place.UAI)
	}
	if len(places) > 0 || v.desk() {
		return places, uais, nil
	}
	subject := okey.Subject{}
	if answers := v.Actor.Answers(v.today()); len(answers) > 0 {
		subject.UAI = answers[0] // a delegate: what is lent is not lent on
	}
	err = okey.May(okey.ActDelegate, v.Actor, subject, v.today())
	if okey.ErrorCode(err) == okey.CodeForbidden {
		err = okey.Errorf(okey.CodeForbidden, "Seule la direction donne une délégation ou y met fin : celle que vous avez ne se transmet pas.")
	}
	return nil, nil, err
}

func (s *Server) delegationsPage(v *visit) error {
	notice, err := s.delegationNotice(v)
	if err != nil {
		return err
	}
	return s.showDelegations(v, http.StatusOK, nil, notice)
}

// delegationNotice says what the visitor has just given or ended.
func (s *Server) delegationNotice(v *visit) (string, error) {
	for _, asked := range []string{"fait", "fini"} {
		id, _ := uuid.Parse(v.Query(asked))
		if id == uuid.Nil {
			continue
		}
		d, err := s.store.Delegation(v.ctx(), id)
		if okey.ErrorCode(err) == okey.CodeNotFound {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		today, err := s.store.Today(v.ctx(), d.UAI, v.Now)
		switch {
		case err != nil:
			return "", err
		case asked == "fait" && d.By == v.Actor.ID:
			return fmt.Sprintf("C'est fait : %s %s (%s). Cette personne et la direction sont prévenues.",
				sayLent(d, today), d.SayDays(today), d.Scope.French()), nil
		case asked == "fini" && d.EndedBy == v.Actor.ID:
			zone, err := s.store.Zone(v.ctx(), d.UAI)
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
func (s *Server) showDelegations(v *visit, status int, sent *form, notice string) error {
	places, uais, err := s.delegationReach(v)
	if err != nil {
		return err
	}
	found, err := s.store.Delegations(v.ctx(), uais, v.today().AddMonths(-delegationMonths), delegationRows)
	if err != nil {
		return err
	}
	page := delegationsScreen{Own: len(places) > 0, Sheet: changedURL(v, pathDelegations+".xlsx", "fini", "")}
	for _, place := range places {
		f := delegationForm(v, place)
		if sent != nil && sent.Path == f.Path {
			f = sent
		} else if s.restore(v, f) {
			notice = restoredNotice
		}
		school := delegationSchool{Name: fmt.Sprintf("%s (%s)", place.Name, place.UAI), Form: f}
		school.fill(v, found, place.UAI, todayAt(v, place))
		page.Schools = append(page.Schools, school)
	}
	for _, d := range found { // of those that the visitor only reads about
		if slices.Contains(uais, d.UAI) || slices.ContainsFunc(page.Schools, func(known delegationSchool) bool { return known.Name == schoolOf(d) }) {
			continue
		}
		today, err := s.store.Today(v.ctx(), d.UAI, v.Now)
		if err != nil {
			return err
		}
		school := delegationSchool{Name: schoolOf(d)}
		school.fill(v, found, d.UAI, today)
		page.Schools = append(page.Schools, school)
	}
	if page.Running, err = s.delegationLine(v); err != nil {
		return err
	}
	if page.Running == noDelegation || notice != "" { // each establishment, or the notice, says it
		page.Running = ""
	}
	return s.show(v, status, "delegations", screen{Title: "Délégations", Notice: notice, Body: page})
}

func schoolOf(d sql.ListedDelegation) string { return fmt.Sprintf("%s (%s)", d.School, d.UAI) }

func (school *delegationSchool) fill(v *visit, found []sql.ListedDelegation, uai okey.UAI, today okey.Day) {
	for _, d := range found {
		if d.UAI != uai {
			continue
		}
		line := delegationLine{
			Who: d.ToName, Scope: d.Scope.French(), From: d.From.Say(today), Until: d.Until.Say(today), By: d.ByName, State: sayDelegation(d, today, paris(v)),
		}
		if !d.Live(today) {
			school.Past = append(school.Past, line)
			continue
		}
		if school.Form != nil {
			line.End = newForm(v, "fin", pathDelegations+"/"+d.ID.String()+"/fin", "Mettre fin", nil)
			line.End.Extra = okey.SayOf(d.ToName)
		}
		school.Live = append(school.Live, line)
	}
}

// sayDelegation is where a delegation stands.
func sayDelegation(d sql.ListedDelegation, today okey.Day, c clock) string {
	switch d.State(today) {
	case okey.DelegationComing:
		return "à venir"
	case okey.DelegationCurrent:
		if d.Valid.Before(d.Until) {
			return "en cours, jusqu'au " + d.Valid.Say(today) + " : la personne qui l'a donnée ou reçue quitte alors sa fonction"
		}
		return "en cours"
	case okey.DelegationEnded:
		said := fmt.Sprintf("%s %s", sayOver(d, today, c), c.day(d.EndedAt))
		if d.EndedByName == "" {
			return said + ", d'après l'annuaire"
		}
		return said + " par " + d.EndedByName
	case okey.DelegationLapsed:
		return "sans effet : " + sayLeft(d, today)
	}
	return "passée"
}

// sayLeft names whose leaving a delegation has not outlived.
func sayLeft(d sql.ListedDelegation, today okey.Day) string {
	giver, holder := d.Left(today)
	leaves := " n'est plus en fonction ici"
	if !d.Valid.Before(today) { // zero comes before any day
		leaves = " quitte sa fonction ici avant ce jour"
	}
	switch {
	case giver:
		return d.ByName + leaves
	case holder:
		return d.ToName + leaves
	}
	return "l'établissement a été remplacé"
}

// sayOver tells what was ended from what never began.
func sayOver(d sql.ListedDelegation, today okey.Day, c clock) string {
	if d.CalledOff(today, c.zone) {
		return "annulée avant son premier jour,"
	}
	return "terminée"
}

// delegationColumns are the last columns of a table of delegations, from the first day on; delegationCells fills them.
var delegationColumns = []workbook.Column{
	{Title: "Premier jour", Kind: workbook.Date},
	{Title: "Dernier jour", Kind: workbook.Date},
	{Title: "État", Width: 48},
	{Title: "Terminée", Kind: workbook.Instant},
	{Title: "Terminée par"},
}

func delegationCells(v *visit, d sql.ListedDelegation) []any {
	c, state := paris(v), ""
	if state = sayDelegation(d, v.today(), c); d.State(v.today()) == okey.DelegationEnded {
		state = strings.TrimSuffix(sayOver(d, v.today(), c), ",")
	}
	return []any{d.From, d.Until, state, inZone(d.EndedAt, c.zone), d.EndedByName}
}

func delegationForm(v *visit, place sql.Place) *form {
	return newForm(v, "delegation-"+string(place.UAI), pathDelegations+"/"+string(place.UAI), "Déléguer", map[string]field{
		"delegate": {Label: "*À qui", Hint: "Nom, adresse ou identifiant d'une personne de cet établissement."},
		"chosen":   {},
		"from":     {Label: "*Premier jour"},
		"until":    {Label: "*Dernier jour", Hint: "Ce jour est compris. Un an au plus."},
		"scope": {Label: "*Quoi", Choices: []choice{
			{string(okey.Everything), okey.Capitalize(okey.Everything.French())}, {string(okey.HandoverAndStock), okey.Capitalize(okey.HandoverAndStock.French())},
		}},
	})
}

// giveDelegation writes what an approver delegates.
func (s *Server) giveDelegation(v *visit) error {
	place, err := s.delegatesAt(v, okey.UAI(v.Param("id")))
	if err != nil {
		return err
	}
	f := delegationForm(v, place)
	if err := s.read(v, f); err != nil {
		return err
	}
	d, err := s.readDelegation(v, f, place)
	if err != nil {
		return err
	}
	if len(f.Errors) > 0 {
		return s.showDelegations(v, http.StatusUnprocessableEntity, f, "")
	}
	told, err := s.store.GiveDelegation(v.ctx(), d, todayAt(v, place))
	if err != nil {
		if err = f.refuse(err); err != nil {
			return err
		}
		return s.showDelegations(v, http.StatusUnprocessableEntity, f, "")
	}
	s.tell(v.ctx(), told)
	v.Redirect(http.StatusSeeOther, doneURL(pathDelegations, d.ID))
	return nil
}

// delegatesAt is an establishment at which the visitor may name and end delegates.
func (s *Server) delegatesAt(v *visit, typed okey.UAI) (sql.Place, error) {
	uai, err := okey.ParseUAI(string(typed))
	if err != nil {
		return sql.Place{}, okey.Errorf(okey.CodeNotFound, "Cette page n'existe pas, ou elle n'est pas pour vous.")
	}
	place, err := s.store.Place(v.ctx(), uai)
	if err != nil {
		return place, err
	}
	return place, okey.May(okey.ActDelegate, v.Actor, okey.Subject{UAI: uai}, todayAt(v, place))
}

// readDelegation is what the form says; what is wrong with it stands in the form.
func (s *Server) readDelegation(v *visit, f *form, place sql.Place) (okey.GivenDelegation, error) {
	today := todayAt(v, place)
	d := okey.GivenDelegation{
		ID: okey.DerivedID(v.Actor.ID, "delegation/"+f.Action.String()), By: v.Actor.ID, At: v.Now.UTC(),
		Delegation: okey.Delegation{UAI: place.UAI, Scope: okey.Scope(f.Values["scope"])},
	}
	d.From, d.Until = f.day("from", today), f.day("until", today)
	on := today
	if on.Before(d.From) {
		on = d.From
	}
	var err error
	if d.To, err = s.colleague(v, f, place.UAI, on); err != nil {
		return d, err
	}
	for _, wrong := range d.Check(today) {
		f.wrong(wrong.Field, wrong.Message)
	}
	f.inOrder("delegate", "from", "until", "scope")
	return d, nil
}

// day reads a day of the form, and leaves it there as browsers write days. What to write instead is a day that the form would take.
func (f *form) day(name string, today okey.Day) okey.Day {
	day, ok := readDay(strings.TrimSpace(f.Values[name]))
	if !ok {
		f.note(name, fmt.Sprintf("%s : écrivez une date comme %s.", strings.TrimPrefix(f.Fields[name].Label, "*"), today.AddMonths(1).Time().Format("02/01/2006")))
		return okey.Day{}
	}
	f.Values[name] = day.String()
	return day
}

// colleague is the person of an establishment whom the form means. Where several answer to what was typed, the form asks which.
func (s *Server) colleague(v *visit, f *form, uai okey.UAI, on okey.Day) (okey.PersonID, error) {
	typed := strings.TrimSpace(f.Values["delegate"])
	if typed == "" || len(typed) > okey.MaxText || !isPlainText(typed) {
		f.note("delegate", "Écrivez à qui vous déléguez.")
		return okey.PersonID{}, nil
	}
	found, err := s.store.Colleagues(v.ctx(), uai, typed, on, mostColleagues+1)
	switch {
	case err != nil:
		return okey.PersonID{}, err
	case len(found) == 0:
		f.note("delegate", "Personne de ce nom ne travaille dans cet établissement à ces dates : vérifiez, ou tapez son adresse.")
		return okey.PersonID{}, nil
	case len(found) == 1:
		return found[0].ID, nil
	case len(found) > mostColleagues:
		f.note("delegate", "Trop de personnes répondent à ce nom : écrivez-le en entier, ou tapez son adresse.")
		return okey.PersonID{}, nil
	}
	which := field{Label: "*Laquelle de ces personnes"}
	for _, p := range found {
		if f.Values["chosen"] == p.ID.String() {
			return p.ID, nil
		}
		which.Choices = append(which.Choices, choice{p.ID.String(), fmt.Sprintf("%s, %s (%s)", p.Name(), p.Mail, p.UID)})
	}
	f.add("chosen", "", which)
	f.note("chosen", "Plusieurs personnes répondent à ce nom : choisissez laquelle.")
	return okey.PersonID{}, nil
}

// endDelegation ends one at once.
func (s *Server) endDelegation(v *visit) error {
	id, err := idOf(v.Context)
	if err != nil {
		return err
	}
	d, err := s.store.Delegation(v.ctx(), id)
	if err != nil {
		return err
	}
	if _, err := s.delegatesAt(v, d.UAI); err != nil {
		return err
	}
	if err := s.read(v, newForm(v, "fin", "", "", nil)); err != nil {
		return err
	}
	told, err := s.store.EndDelegation(v.ctx(), id, v.Actor.ID, v.Now.UTC())
	if err != nil {
		return err
	}
	s.tell(v.ctx(), told)
	v.Redirect(http.StatusSeeOther, pathDelegations+"?fini="+id.String())
	return nil
}

// delegationsTable is the page's tables as one.
func (s *Server) delegationsTable(v *visit) (spreadsheet, error) {
	_, uais, err := s.delegationReach(v)
	if err != nil {
		return spreadsheet{}, err
	}
	found, err := s.store.Delegations(v.ctx(), uais, v.today().AddMonths(-delegationMonths), delegationRows)
	return spreadsheet{Name: "delegations", Title: "Délégations", Sheets: []workbook.Sheet{{Name: "Délégations", Columns: append([]workbook.Column{
		{Title: "UAI", Width: 12},
		{Title: "Établissement", Width: 36},
		{Title: "Délégataire"},
		{Title: "Quoi", Width: 36},
		{Title: "Donnée par"},
	}, delegationColumns...), Rows: rowsOf(found, func(d sql.ListedDelegation) []any {
		return append([]any{d.UAI, d.School, d.ToName, d.Scope.French(), d.ByName}, delegationCells(v, d)...)
	})}}}, err
}
