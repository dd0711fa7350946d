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
	f := web.Figures{Of: "Âge", Drawn: []web.PlotSeries{{Name: "Dans les délais"}, {Name: "En retard", Alarm: true}}}
	var states []okey.OrderState
	for _, state := range okey.OrderStates() {
		if !state.Closed() {
			states, f.Columns = append(states, state), append(f.Columns, okey.Capitalize(state.French()))
		}
	}
	f.Columns = append(f.Columns, "Commandes", "Clefs attendues", "En retard")
	for _, age := range orderAges {
		f.Rows = append(f.Rows, web.FigureRow{Name: age.name, Values: make([]float64, len(f.Columns))})
	}
	found, err := s.store.OpenOrdersByAge(v.Ctx(), chosen.scope, instants...)
	for _, o := range found {
		values := f.Rows[o.Age].Values
		values[slices.Index(states, o.State)] += float64(o.Orders)
		values[len(states)] += float64(o.Orders)
		values[len(states)+1] += float64(o.Keys)
		if o.Age == len(orderAges)-1 {
			o.Told = o.Orders
		}
		values[len(states)+2] += float64(o.Told)
	}
	for i := range f.Rows {
		row := &f.Rows[i]
		orders, keys, late := row.Values[len(states)], row.Values[len(states)+1], row.Values[len(states)+2]
		row.Drawn = []float64{orders - late, late}
		if row.Label = okey.SayCount(int(orders), "commande"); orders > 0 {
			row.Label += ", " + okey.SayCount(int(keys), "clef")
		}
		if late > 0 {
			row.Alarm = okey.SayNumber(int(late)) + " en retard"
		}
	}
	return f, err
}

func sayOrders(f web.Figures) web.Plotted {
	orders, keys, late := len(f.Columns)-3, len(f.Columns)-2, sum(f, len(f.Columns)-1)
	return web.Plotted{
		Nothing: "Aucune commande en cours.",
		Message: fmt.Sprintf("%s en cours, pour %s encore à recevoir ; %s en retard.",
			okey.SayCount(sum(f, orders), "commande"), okey.SayCount(sum(f, keys), "clef"), okey.SayNumber(late)),
		Note: "Âge depuis le jour de la commande. Une commande est en retard quand OKEY l'a signalée à l'assistance, ou après 12 semaines.",
		Figure: web.Headline{
			Number: okey.SayNumber(late), Of: okey.SayEither(late, "commande en retard", "commandes en retard"), Path: "#commandes",
			Alarm: late > 0,
		},
	}
}
