package desk

import (
	"fmt"
	"slices"

	"okey/internal/workbook"
	"okey/okey"
	"okey/server/web"
)

// dashboardWeeks is how far back requests are counted by week: half a year, with the week that is still going on.
const dashboardWeeks = 26

// weekEnds are what becomes of a request; the stages that are none of these are still open.
var weekEnds = []okey.Stage{okey.HandedOver, okey.Refused, okey.Withdrawn, okey.Expired}

// weekFigures counts the requests of each week by what has become of them.
func (s *Pages) weekFigures(v *web.Visit, chosen dashboardChoice) (web.Figures, error) {
	zone := web.Paris(v).Zone
	first := v.Today().Week().AddDays(-7 * (dashboardWeeks - 1))
	counts, err := s.store.RequestsByWeek(v.Ctx(), chosen.scope, first, zone)
	f := web.Figures{
		Of: "Semaine", Columns: []string{"Clef remise", "Refusée", "Retirée", "Expirée", "En cours", "Total"}, Aside: 1,
		Taken: []workbook.Column{{Title: "Semaine du", Kind: workbook.Date}, {Title: "Semaine", Kind: workbook.Number}},
	}
	place := map[okey.Day]int{}
	for i := range dashboardWeeks {
		monday := first.AddDays(7 * i)
		_, number := monday.Time().ISOWeek()
		place[monday] = i
		f.Rows = append(f.Rows, web.FigureRow{
			Name: fmt.Sprintf("%d, du %s", number, monday.SayWithYear()), Short: monday.SayShort(),
			Values: make([]float64, len(f.Columns)), Taken: []any{monday, number},
		})
	}
	for _, c := range counts {
		i, known := place[c.Week]
		if !known {
			continue // asked after midnight, while this page was being made
		}
		values := f.Rows[i].Values
		values[outcomeColumn(c.Stage)] += float64(c.Count)
		values[len(values)-1] += float64(c.Count)
	}
	return f, err
}

func outcomeColumn(stage okey.Stage) int {
	if i := slices.Index(weekEnds, stage); i >= 0 {
		return i
	}
	return len(weekEnds)
}

func sayWeeks(f web.Figures) web.Plotted {
	all := len(f.Columns) - 1
	lastWeek, before := f.Rows[dashboardWeeks-2], f.Rows[dashboardWeeks-3]
	return web.Plotted{
		Message: fmt.Sprintf("%s en %d semaines, dont %s avec une clef remise ; %s la semaine dernière, %s celle d'avant.",
			okey.SayCount(sum(f, all), "demande"), dashboardWeeks, okey.SayNumber(sum(f, 0)),
			okey.SayNumber(int(lastWeek.Values[all])), okey.SayNumber(int(before.Values[all]))),
		Note: "Chaque demande compte dans la semaine où elle a été faite, du lundi au dimanche, à l'heure de Paris, " +
			"selon ce qu'elle est devenue depuis. La dernière semaine n'est pas finie.",
	}
}
