package desk

import (
	"net/http"
	"slices"

	"okey/internal/address"
	"okey/internal/workbook"
	"okey/okey"
	"okey/server/web"
	"okey/sql"
)

// dashboardScreen is how the service goes, in plots.
type dashboardScreen struct {
	Filters *web.Form
	Panels  []web.Plotted
}

// panel is a plot of the dashboard, and the download of the table behind it.
type panel struct {
	Name    string // heading of the plot, title of the download
	Path    string // of the download, below the dashboard's
	File    string // what a browser calls it
	Sheet   string
	Shape   web.PlotShape
	Figures func(*Pages, *web.Visit, dashboardChoice) (web.Figures, error)
	Say     func(web.Figures) web.Plotted // what the figures say: message and notes
}

// panels are the plots in the order of the page.
var panels = []panel{
	{
		Name: "Demandes par semaine", Path: "semaines", File: "demandes-par-semaine", Sheet: "Semaines",
		Shape: web.Columns, Figures: (*Pages).weekFigures, Say: sayWeeks,
	},
	{
		Name: "Jours à chaque étape", Path: "delais", File: "delais", Sheet: "Étapes",
		Shape: web.Bars, Figures: (*Pages).delayFigures, Say: sayDelays,
	},
	{
		Name: "Établissements où il manque des clefs", Path: "etablissements", File: "etablissements", Sheet: "Établissements",
		Shape: web.Bars, Figures: (*Pages).shortFigures, Say: sayShort,
	},
	{
		Name: "Commandes en cours", Path: "commandes", File: "commandes-en-cours", Sheet: "Commandes",
		Shape: web.Bars, Figures: (*Pages).orderFigures, Say: sayOrders,
	},
}

// address is where the panel is downloaded.
func (p panel) address() string { return address.PathDashboard + "/" + p.Path + ".xlsx" }

// dashboardChoice is what the address of the dashboard asks for.
type dashboardChoice struct {
	scope  sql.DeskScope
	served []string    // the academies to choose from
	period int         // of dashboardPeriods
	place  sql.Place   // the establishment, where one is chosen that OKEY knows
	offers []sql.Place // establishments to choose from
	places int         // how many establishments are listed
}

// dashboardChoiceOf reads the address, for whoever sees the desk. An academy that the list does not offer filters nothing: its zeros
// would look like an answer.
func (s *Pages) dashboardChoiceOf(v *web.Visit) (c dashboardChoice, err error) {
	if err = seesDesk(v); err != nil {
		return c, err
	}
	if c.served, c.offers, err = s.store.DeskChoices(v.Ctx(), web.OfferedSchools); err != nil {
		return c, err
	}
	if academy, known := okey.AcademyByCode(v.Query("academie")); known && slices.Contains(c.served, academy.Code) {
		c.scope.Academy = academy.Code
	}
	c.period = defaultPeriod
	for i, period := range dashboardPeriods {
		if period.name == v.Query("periode") {
			c.period = i
		}
	}
	if c.scope.Establishment = web.ListedSchool(v); c.scope.Establishment != "" {
		c.place, err = s.store.Place(v.Ctx(), c.scope.Establishment)
		if okey.ErrorCode(err) == okey.CodeNotFound {
			err = nil // the field says so
		}
	}
	return c, err
}

// dashboardPage shows every panel, to support and auditors.
func (s *Pages) dashboardPage(v *web.Visit) error {
	chosen, err := s.dashboardChoiceOf(v)
	if err != nil {
		return err
	}
	chosen.places = shortestPlaces
	page := dashboardScreen{Filters: dashboardFilters(v, chosen)}
	if chosen.scope.Establishment != "" && chosen.place.UAI == "" { // zeros would look like an answer
		return s.Show(v, http.StatusOK, "dashboard", web.Screen{Title: "Tableau de bord", Body: page})
	}
	for _, p := range panels {
		figures, err := p.Figures(s, v, chosen)
		if err != nil {
			return err
		}
		about := p.Say(figures)
		if about.Band != "" && len(chosen.academies()) > 1 {
			about.Band += " communes à toutes les académies"
		}
		about.ID, about.Name, about.Sheet = p.Path, p.Name, web.ChangedURL(v, p.address(), "academie", chosen.scope.Academy)
		page.Panels = append(page.Panels, web.PlotOf(figures, p.Shape, about))
	}
	return s.Show(v, http.StatusOK, "dashboard", web.Screen{Title: "Tableau de bord", Body: page})
}

// panelTable is the download of a panel, with the page's permission and filters.
func (s *Pages) panelTable(p panel) func(*web.Visit) (web.Spreadsheet, error) {
	return func(v *web.Visit) (web.Spreadsheet, error) {
		chosen, err := s.dashboardChoiceOf(v)
		if err != nil {
			return web.Spreadsheet{}, err
		}
		if err := web.MayTakeList(v); err != nil {
			return web.Spreadsheet{}, err
		}
		chosen.places = web.MaxDownload
		figures, err := p.Figures(s, v, chosen)
		return web.Spreadsheet{Name: p.File, Title: p.Name, Sheets: []workbook.Sheet{figures.Sheet(p.Sheet)}}, err
	}
}

// sum adds up a column.
func sum(f web.Figures, column int) int {
	all := 0
	for _, row := range f.Rows {
		all += int(row.Values[column])
	}
	return all
}

func dashboardFilters(v *web.Visit, chosen dashboardChoice) *web.Form {
	filters := web.ListForm(address.PathDashboard)
	byAcademy := web.Field{Label: "Académie", Empty: "Toutes"}
	for _, code := range chosen.served {
		if academy, known := okey.AcademyByCode(code); known {
			byAcademy.Choices = append(byAcademy.Choices, web.Choice{Value: academy.Code, Label: academy.Name})
		}
	}
	slices.SortFunc(byAcademy.Choices, byLabel())
	filters.Add("academie", chosen.scope.Academy, byAcademy)
	web.AddTypedPlace(v, filters, chosen.scope.Establishment, chosen.place, chosen.offers)
	byPeriod := web.Field{Label: "Période", Default: dashboardPeriods[defaultPeriod].name}
	for _, period := range dashboardPeriods {
		byPeriod.Choices = append(byPeriod.Choices, web.Choice{Value: period.name, Label: period.french})
	}
	filters.Add("periode", dashboardPeriods[chosen.period].name, byPeriod)
	filters.Doubt(v)
	return filters
}
