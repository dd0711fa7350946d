package requests

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// tab is a part of the list as the address names it.
type tab struct {
	name, title string
	part        sql.RequestPart
}

// Names of tabs that are no stage's.
const (
	tabEnded = "terminees"
	tabOwn   = "miennes"
)

// tabs are those of whoever sees others' requests, in the order of the page. Their own have a tab, too, where there are any.
var tabs = []tab{
	stageTab(okey.AwaitingDecision, "À répondre"), stageTab(okey.AwaitingStock, "En attente d'une clef"),
	stageTab(okey.AwaitingCharter, "À signer"), stageTab(okey.AwaitingHandover, "À remettre"),
	{name: tabEnded, title: "Terminées", part: sql.RequestPart{Others: true, Stages: endedStages()}},
	{name: tabOwn, title: "Les miennes", part: sql.RequestPart{Own: true}},
}

func stageTab(stage okey.Stage, title string) tab {
	return tab{name: string(stage), title: title, part: sql.RequestPart{Others: true, Stages: []okey.Stage{stage}}}
}

func endedStages() []okey.Stage {
	return slices.DeleteFunc(okey.Stages(), func(s okey.Stage) bool { return !s.Closed() })
}

// tabAsked is the tab that the address names, -1 for none; a stage in which requests end narrows that of the ended ones.
func tabAsked(asked string) (at int, part sql.RequestPart) {
	at = slices.IndexFunc(tabs, func(t tab) bool { return t.name == asked })
	if at >= 0 {
		return at, tabs[at].part
	}
	if stage := okey.Stage(asked); stage.Valid() {
		at = slices.IndexFunc(tabs, func(t tab) bool { return t.name == tabEnded })
		return at, sql.RequestPart{Others: true, Stages: []okey.Stage{stage}}
	}
	return -1, part
}

// listScreen is a list with its filters.
type listScreen struct {
	web.Pager

	Tabs    []tabLink
	Filters *web.Form
	Of      string         // whose requests these are, where the list is of one person
	Table   *web.TableView // of others' requests, one a line
	Cards   []web.Card     // of one person's
	Count   string
	Sheet   string // the whole list as a spreadsheet
	Ask     bool   // where asking is what one comes for
	AskToo  bool   // where it is not
	Several bool   // may be answered at once
	Empty   string
}

type tabLink struct {
	web.NavLink
	Count string
}

// chosenRequests is what the address of a list of requests asks for; what can't be read filters nothing.
func chosenRequests(v *web.Visit) sql.RequestList {
	l := sql.RequestList{Reach: act.Reach(v.Actor), Establishment: web.ListedSchool(v), Name: web.PlainQuery(v, "q")}
	if person, err := uuid.Parse(v.Query("personne")); err == nil && v.Desk() {
		l.Person = person
	}
	if days, err := strconv.Atoi(v.Query("depuis")); err == nil && slices.Contains(web.WaitedDays, days) {
		l.Before = v.Now.AddDate(0, 0, -days)
	}
	return l
}

// requestCursor is where a page of requests ends.
type requestCursor struct {
	At time.Time `json:"t"`
	ID uuid.UUID `json:"i"`
}

// requestsPage lists the requests that the person may see: others' by what they wait for, those that have waited longest first.
func (s *Pages) requestsPage(v *web.Visit) error {
	l := chosenRequests(v)
	page := listScreen{Filters: web.ListForm(address.PathRequests), Empty: "Aucune demande ici.", Sheet: web.SheetURL(v)}
	asks := len(v.Actor.Establishments(v.Today())) > 0
	var err error
	if tabbed(v, l) {
		page.AskToo = asks
		err = s.inTabs(v, l, &page)
	} else {
		page.Ask = asks
		err = s.plain(v, l, &page)
	}
	if err != nil {
		return err
	}
	page.Filters.Doubt(v)
	return s.Show(v, http.StatusOK, "requests", web.Screen{Title: "Demandes", Body: page})
}

// tabbed tells whether the list has tabs: it is of several people.
func tabbed(v *web.Visit, l sql.RequestList) bool {
	return v.Oversees() && l.Person == (okey.PersonID{})
}

// plain lists one person's requests, the latest first.
func (s *Pages) plain(v *web.Visit, l sql.RequestList, page *listScreen) error {
	_, chosen := tabAsked(v.Query("etape"))
	l.Part.Stages = chosen.Stages
	if l.Person != (okey.PersonID{}) {
		who, err := s.store.Person(v.Ctx(), l.Person)
		if err != nil {
			return err
		}
		page.Of = okey.SayOf(who.Name())
		page.Filters.Add("personne", l.Person.String(), web.Field{}) // whatever else is chosen, the list stays theirs
	}
	found, counts, err := s.pageOf(v, l, page, []sql.RequestPart{l.Part})
	if err != nil {
		return err
	}
	page.cards(v, found)
	page.Count = web.SayUpTo(counts[0], "demande")
	page.Filters.Add("etape", v.Query("etape"), stageChoice("Toutes", okey.Stages()))
	return s.AddPlaces(v, page.Filters, l.Establishment)
}

func stageChoice(all string, stages []okey.Stage) web.Field {
	how := web.Field{Label: "Étape", Empty: all}
	for _, st := range stages {
		how.Choices = append(how.Choices, web.Choice{Value: string(st), Label: okey.Capitalize(st.French())})
	}
	return how
}

// inTabs lists the requests of one tab: the one asked for, else the first that has any.
func (s *Pages) inTabs(v *web.Visit, l sql.RequestList, page *listScreen) error {
	parts := make([]sql.RequestPart, len(tabs))
	for i, t := range tabs {
		parts[i] = t.part
	}
	at, part := tabAsked(v.Query("etape"))
	guessed := at < 0
	if guessed {
		at, part = 0, tabs[0].part
	}
	l.Part = part
	found, counts, err := s.pageOf(v, l, page, parts)
	if err != nil {
		return err
	}
	if first := slices.IndexFunc(counts, func(n int) bool { return n > 0 }); guessed && first > 0 {
		at, l.Part = first, tabs[first].part
		if found, _, err = s.pageOf(v, l, page, nil); err != nil {
			return err
		}
	}
	if guessed {
		page.Sheet = web.ChangedURL(v, address.PathRequests+".xlsx", "etape", tabs[at].name)
	}
	page.Tabs = tabLinks(v, counts, at)
	tabFilters(page.Filters, v.Query("etape"), at, guessed)
	waited := web.Field{}
	if stages := tabs[at].part.Stages; len(stages) > 0 && !stages[0].Closed() {
		waited = web.Field{Label: "Depuis", Empty: "Peu importe"}
		for _, days := range web.WaitedDays {
			waited.Choices = append(waited.Choices, web.Choice{Value: strconv.Itoa(days), Label: fmt.Sprintf("%d jours ou plus", days)})
		}
	}
	page.Filters.Add("depuis", v.Query("depuis"), waited)
	page.Filters.Add("q", l.Name, web.Field{Label: "Nom"})
	if err := s.AddPlaces(v, page.Filters, l.Establishment); err != nil {
		return err
	}
	if tabs[at].name == tabOwn {
		page.cards(v, found)
		return nil
	}
	deciding, _ := web.PlacesWhere(v, okey.ActDecide) // where the table says no, nothing is offered
	page.Several = tabs[at].name == string(okey.AwaitingDecision) && len(found) > 1 && len(deciding) > 0
	return page.table(v, tabs[at].title, l.Part.Stages[0].Closed(), found)
}

// tabLinks lead to the tabs, with what each has; one's own is there where there are any.
func tabLinks(v *web.Visit, counts []int, here int) []tabLink {
	var links []tabLink
	for i, t := range tabs {
		if t.name == tabOwn && counts[i] == 0 && i != here {
			continue
		}
		count := okey.SayNumber(counts[i])
		if counts[i] > sql.CountMost {
			count = okey.SayNumber(sql.CountMost) + " et plus"
		}
		path := web.ChangedURL(v, address.PathRequests, "etape", t.name)
		links = append(links, tabLink{web.NavLink{Name: t.title, Path: path, Here: i == here}, count})
	}
	return links
}

// tabFilters keep to the tab that was asked for; how a request has ended narrows that of the ended ones.
func tabFilters(filters *web.Form, asked string, at int, guessed bool) {
	var how web.Field
	switch {
	case guessed && asked != "": // told what there is to choose from
		how = stageChoice("Toutes", okey.Stages())
	case tabs[at].name == tabEnded && !guessed:
		how = stageChoice("", endedStages())
		how.Choices = append([]web.Choice{{Value: tabEnded, Label: "Toutes"}}, how.Choices...)
	}
	if guessed || asked == tabs[at].name { // paper shows no tabs
		how.Printed = "Étape « " + tabs[at].title + " »"
	}
	filters.Add("etape", asked, how)
}

// pageOf finds the page that the address asks for, and counts the parts.
func (s *Pages) pageOf(
	v *web.Visit, l sql.RequestList, page *listScreen, parts []sql.RequestPart,
) (found []sql.ListedRequest, counts []int, err error) {
	found, page.Pager, err = web.Page(v, func(from requestCursor, ahead bool, limit int) ([]sql.ListedRequest, error) {
		l.At, l.ID, l.Ahead, l.Limit = from.At, from.ID, ahead, limit
		rows, counted, err := s.store.RequestsIn(v.Ctx(), l, parts...)
		counts = counted
		return rows, err
	}, func(r sql.ListedRequest) requestCursor { return requestCursor{l.Part.Place(r.Request), r.ID} })
	return found, counts, err
}

func (page *listScreen) cards(v *web.Visit, found []sql.ListedRequest) {
	for _, r := range found {
		page.Cards = append(page.Cards, web.Card{
			Path: address.RequestURL(r.ID), Who: r.Requester.Name(), Where: r.Establishment,
			Need: sayNeed(r.Request), State: sayStateTo(v, r.Request),
		})
	}
}

// table has a line for each request. Where it stands the tab says, or how it ended a column; the school is named where there are several.
func (page *listScreen) table(v *web.Visit, name string, ended bool, found []sql.ListedRequest) error {
	if len(found) == 0 {
		return nil
	}
	answers, c := v.Actor.Answers(v.Today()), web.Paris(v)
	several := v.Desk() || len(answers) > 1 ||
		slices.ContainsFunc(found, func(r sql.ListedRequest) bool { return !slices.Contains(answers, r.UAI) })
	columns := []string{"Demandeur", "Besoin", "Depuis"}
	if ended {
		columns = []string{"Demandeur", "Besoin", "Le"}
	}
	if several {
		columns = append(columns, "Établissement")
	}
	last := "À faire"
	if ended {
		last = "Fin"
	}
	columns = append(columns, last)
	rows := make([]web.Row, len(found))
	for i, r := range found {
		row := web.Row{
			{Text: r.Requester.Name(), Path: address.RequestURL(r.ID), Whole: true},
			{Text: sayNeed(r.Request), Clip: true},
			c.StampOn(r.Since),
		}
		if several {
			row = append(row, v.SchoolCell(r.Establishment, r.UAI))
		}
		end := web.Cell{Text: okey.Capitalize(r.Stage.French()), Whole: true}
		if !ended {
			end = todo(v, r)
		}
		rows[i] = append(row, end)
	}
	table, err := web.TableOf(name, rows, columns...)
	page.Table = &table
	return err
}

// sayNeed is what a key is asked for, in a list: a loan is told from a key for good.
func sayNeed(r okey.Request) string {
	if r.Reason == okey.Loan {
		return "Prêt : " + r.Need
	}
	return r.Need
}

// todo is what the visitor may do about a request, in a word, and where.
func todo(v *web.Visit, r sql.ListedRequest) web.Cell {
	cell := web.Cell{
		Text: "Voir", Path: address.RequestURL(r.ID), Unseen: " la demande " + okey.SayOf(r.Requester.Name()), Whole: true, Act: true,
	}
	subject := okey.Subject{Owner: r.Person, UAI: r.AnsweredBy(), Stage: r.Stage, HasReason: true}
	switch {
	case r.Stage == okey.AwaitingDecision && okey.May(okey.ActDecide, v.Actor, subject, v.Today()) == nil:
		cell.Text, cell.Path, cell.Unseen = "Répondre", cell.Path+"#repondre", " à "+r.Requester.Name()
	case r.Stage == okey.AwaitingHandover && okey.May(okey.ActHandOver, v.Actor, subject, v.Today()) == nil:
		cell.Text, cell.Path, cell.Unseen = "Remettre", address.CounterURL(r.ID, ""), " la clef "+okey.SayOf(r.Requester.Name())
	}
	return cell
}
