package desk

import (
	"fmt"
	"slices"
	"time"

	"okey/internal/plot"
	"okey/internal/workbook"
	"okey/okey"
	"okey/server/web"
)

// orderAges are the ages of orders that are told apart: each goes from its days to those of the next.
var orderAges = []struct {
	days int
	name string
}{
	{0, "Moins d'une semaine"}, {7, "1 à 4 semaines"}, {28, "4 à 12 semaines"}, {84, "12 semaines et plus"},
}

// orderFigures counts the orders under way by age and state.
func (s *Pages) orderFigures(v *web.Visit, chosen dashboardChoice) (web.Figures, error) {
	var instants []time.Time
	for _, age := range orderAges[1:] {
		instants = append(instants, v.Today().AddDays(1-age.days).In(web.Paris(v).Zone)) // a day counts from its end
	}
	f := web.Figures{Of: "Âge", Aside: 2}
	var states []okey.OrderState
	for _, state := range okey.OrderStates() {
		if !state.Closed() {
			states, f.Columns = append(states, state), append(f.Columns, okey.Capitalize(state.French()))
		}
	}
	f.Columns = append(f.Columns, "Commandes", "Clefs attendues")
	for _, age := range orderAges {
		f.Rows = append(f.Rows, web.FigureRow{Name: age.name, Values: make([]float64, len(f.Columns))})
	}
	found, err := s.store.OpenOrdersByAge(v.Ctx(), chosen.scope, instants...)
	for _, o := range found {
		values := f.Rows[o.Age].Values
		values[slices.Index(states, o.State)] += float64(o.Orders)
		values[len(states)] += float64(o.Orders)
		values[len(states)+1] += float64(o.Keys)
	}
	return f, err
}

func (s *Pages) ordersPlot(v *web.Visit, chosen dashboardChoice) (web.Plotted, error) {
	f, err := s.orderFigures(v, chosen)
	if err != nil {
		return web.Plotted{}, err
	}
	orders, keys := 0, 0
	for _, row := range f.Rows {
		orders, keys = orders+int(row.Values[len(row.Values)-2]), keys+int(row.Values[len(row.Values)-1])
	}
	oldest := f.Rows[len(f.Rows)-1]
	return web.PlotOf(f, plot.Stack, web.Plotted{
		Name: "Commandes en cours", Sheet: dashboardSheet(v, chosen, "commandes"), Nothing: "Aucune commande en cours.",
		Message: fmt.Sprintf("%s en cours, pour %s encore à recevoir ; %s depuis 12 semaines ou plus.", okey.SayCount(orders, "commande"),
			okey.SayCount(keys, "clef"), okey.SayNumber(int(oldest.Values[len(oldest.Values)-2]))),
		Note: "L'âge se compte depuis le jour de la commande.",
	})
}

// openOrdersTable is the download of the orders under way.
func (s *Pages) openOrdersTable(v *web.Visit) (web.Spreadsheet, error) {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.Today()); err != nil {
		return web.Spreadsheet{}, err
	}
	if err := web.MayTakeList(v); err != nil {
		return web.Spreadsheet{}, err
	}
	chosen, err := s.dashboardChoiceOf(v)
	if err != nil {
		return web.Spreadsheet{}, err
	}
	f, err := s.orderFigures(v, chosen)
	return web.Spreadsheet{Name: "commandes-en-cours", Title: "Commandes en cours", Sheets: []workbook.Sheet{f.Sheet("Commandes")}}, err
}
