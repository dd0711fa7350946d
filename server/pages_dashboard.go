package server

import (
	"net/http"
	"slices"
	"strings"

	"okey/okey"
	"okey/sql"
)

const pathDashboard = "/assistance/tableau-de-bord"

// dashboardScreen is how the service goes, in plots.
type dashboardScreen struct {
	Filters                      *form
	Weeks, Delays, Short, Orders plotted
}

// dashboardChoice is what the address of the dashboard asks for.
type dashboardChoice struct {
	scope  sql.DeskScope
	served []string   // the academies to choose from
	period int        // of dashboardPeriods
	place  string     // what was typed as establishment
	wrong  *formError // what of it can't be read
}

// dashboardChoiceOf reads the address. An academy that the list does not offer filters nothing: its zeros would look like an answer.
func (s *Server) dashboardChoiceOf(v *visit) (c dashboardChoice, err error) {
	if c.served, err = s.store.ServedAcademies(v.ctx()); err != nil {
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
		c.wrong = &formError{Field: "etablissement", Message: okey.ErrorMessage(unread) + " En attendant, tous les établissements sont comptés."}
	}
	c.scope.Establishment = uai
	return c, nil
}

// dashboardPage is for support and auditors.
func (s *Server) dashboardPage(v *visit) error {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.today()); err != nil {
		return err
	}
	chosen, err := s.dashboardChoiceOf(v)
	if err != nil {
		return err
	}
	page := dashboardScreen{Filters: dashboardFilters(v, chosen)}
	for _, one := range []struct {
		plotted *plotted
		make    func(*visit, dashboardChoice) (plotted, error)
	}{{&page.Weeks, s.weeksPlot}, {&page.Delays, s.delaysPlot}, {&page.Short, s.shortPlot}, {&page.Orders, s.ordersPlot}} {
		if *one.plotted, err = one.make(v, chosen); err != nil {
			return err
		}
	}
	return s.show(v, http.StatusOK, "dashboard", screen{Title: "Tableau de bord", Body: page})
}

func dashboardFilters(v *visit, chosen dashboardChoice) *form {
	filters := listForm(pathDashboard)
	byAcademy := field{Label: "Académie", Empty: "Toutes"}
	for _, code := range chosen.served {
		if academy, known := okey.AcademyByCode(code); known {
			byAcademy.Choices = append(byAcademy.Choices, choice{academy.Code, academy.Name})
		}
	}
	slices.SortFunc(byAcademy.Choices, byLabel())
	filters.add("academie", chosen.scope.Academy, byAcademy)
	filters.add("etablissement", chosen.place, field{Label: "Établissement", Hint: "Son code UAI."})
	byPeriod := field{Label: "Délais mesurés sur"}
	for _, period := range dashboardPeriods {
		byPeriod.Choices = append(byPeriod.Choices, choice{period.name, period.french})
	}
	filters.add("periode", dashboardPeriods[chosen.period].name, byPeriod)
	filters.doubt(v)
	if chosen.wrong != nil {
		filters.note(chosen.wrong.Field, chosen.wrong.Message)
	}
	return filters
}

// dashboardSheet is the download of one of the plots: the same filters.
func dashboardSheet(v *visit, chosen dashboardChoice, name string) string {
	return changedURL(v, pathDashboard+"/"+name+".xlsx", "academie", chosen.scope.Academy)
}
