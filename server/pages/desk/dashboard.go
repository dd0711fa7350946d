package desk

import (
	"net/http"
	"slices"
	"strings"

	"okey/okey"
	"okey/server/web"
	"okey/sql"
)

// dashboardScreen is how the service goes, in plots.
type dashboardScreen struct {
	Filters                      *web.Form
	Weeks, Delays, Short, Orders web.Plotted
}

// dashboardChoice is what the address of the dashboard asks for.
type dashboardChoice struct {
	scope  sql.DeskScope
	served []string       // the academies to choose from
	period int            // of dashboardPeriods
	place  string         // what was typed as establishment
	wrong  *web.FormError // what of it can't be read
}

// dashboardChoiceOf reads the address. An academy that the list does not offer filters nothing: its zeros would look like an answer.
func (s *Pages) dashboardChoiceOf(v *web.Visit) (c dashboardChoice, err error) {
	if c.served, err = s.store.ServedAcademies(v.Ctx()); err != nil {
		return c, err
	}
	if academy, known := okey.AcademyByCode(v.Query("academie")); known && slices.Contains(c.served, academy.Code) {
		c.scope.Academy = academy.Code
	}
	for i, period := range dashboardPeriods {
		if period.name == v.Query("periode") {
			c.period = i
		}
	}
	c.place = strings.TrimSpace(v.Query("etablissement"))
	if c.place == "" {
		return c, nil
	}
	uai, unread := okey.ParseUAI(c.place)
	if unread != nil {
		c.wrong = &web.FormError{Field: "etablissement", Message: okey.ErrorMessage(unread) + " En attendant, tous les établissements sont comptés."}
	}
	c.scope.Establishment = uai
	return c, nil
}

// dashboardPage is for support and auditors.
func (s *Pages) dashboardPage(v *web.Visit) error {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.Today()); err != nil {
		return err
	}
	chosen, err := s.dashboardChoiceOf(v)
	if err != nil {
		return err
	}
	page := dashboardScreen{Filters: dashboardFilters(v, chosen)}
	for _, one := range []struct {
		plotted *web.Plotted
		make    func(*web.Visit, dashboardChoice) (web.Plotted, error)
	}{{&page.Weeks, s.weeksPlot}, {&page.Delays, s.delaysPlot}, {&page.Short, s.shortPlot}, {&page.Orders, s.ordersPlot}} {
		if *one.plotted, err = one.make(v, chosen); err != nil {
			return err
		}
	}
	return s.Show(v, http.StatusOK, "dashboard", web.Screen{Title: "Tableau de bord", Body: page})
}

func dashboardFilters(v *web.Visit, chosen dashboardChoice) *web.Form {
	filters := web.ListForm(web.PathDashboard)
	byAcademy := web.Field{Label: "Académie", Empty: "Toutes"}
	for _, code := range chosen.served {
		if academy, known := okey.AcademyByCode(code); known {
			byAcademy.Choices = append(byAcademy.Choices, web.Choice{Value: academy.Code, Label: academy.Name})
		}
	}
	slices.SortFunc(byAcademy.Choices, byLabel())
	filters.Add("academie", chosen.scope.Academy, byAcademy)
	filters.Add("etablissement", chosen.place, web.Field{Label: "Établissement", Hint: "Son code UAI."})
	byPeriod := web.Field{Label: "Délais mesurés sur"}
	for _, period := range dashboardPeriods {
		byPeriod.Choices = append(byPeriod.Choices, web.Choice{Value: period.name, Label: period.french})
	}
	filters.Add("periode", dashboardPeriods[chosen.period].name, byPeriod)
	filters.Doubt(v)
	if chosen.wrong != nil {
		filters.Note(chosen.wrong.Field, chosen.wrong.Message)
	}
	return filters
}

// dashboardSheet is the download of one of the plots: the same filters.
func dashboardSheet(v *web.Visit, chosen dashboardChoice, name string) string {
	return web.ChangedURL(v, web.PathDashboard+"/"+name+".xlsx", "academie", chosen.scope.Academy)
}
