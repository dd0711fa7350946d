package desk

import (
	"fmt"
	"slices"
	"time"

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

func sayOrders(f web.Figures) web.Plotted {
	orders, keys := len(f.Columns)-2, len(f.Columns)-1
	oldest := f.Rows[len(f.Rows)-1]
	return web.Plotted{
		Nothing: "Aucune commande en cours.",
		Message: fmt.Sprintf("%s en cours, pour %s encore à recevoir ; %s depuis 12 semaines ou plus.",
			okey.SayCount(sum(f, orders), "commande"), okey.SayCount(sum(f, keys), "clef"), okey.SayNumber(int(oldest.Values[orders]))),
		Note: "L'âge se compte depuis le jour de la commande.",
	}
}
