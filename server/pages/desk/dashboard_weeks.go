package desk

import (
	"fmt"

	"okey/internal/plot"
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
	f := web.Figures{Of: "Semaine", Columns: []string{"Clef remise", "Refusée", "Retirée", "Expirée", "En cours", "Total"}, Aside: 1, Taken: []workbook.Column{{Title: "Semaine du", Kind: workbook.Date}, {Title: "Semaine", Kind: workbook.Number}}}
	place := map[okey.Day]int{}
	for i := range dashboardWeeks {
		monday := first.AddDays(7 * i)
		_, number := monday.Time().ISOWeek()
		place[monday] = i
		f.Rows = append(f.Rows, web.FigureRow{
			Name: fmt.Sprintf("%d, du %s", number, monday.SayWithYear()), Short: monday.SayShort(), Values: make([]float64, len(f.Columns)),
			Taken: []any{monday, number},
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
	for i, end := range weekEnds {
		if end == stage {
			return i
		}
	}
	return len(weekEnds)
}

func (s *Pages) weeksPlot(v *web.Visit, chosen dashboardChoice) (web.Plotted, error) {
	f, err := s.weekFigures(v, chosen)
	if err != nil {
		return web.Plotted{}, err
	}
	total, handed := 0, 0
	for _, row := range f.Rows {
		total, handed = total+int(row.Values[len(row.Values)-1]), handed+int(row.Values[0])
	}
	last := len(f.Columns) - 1
	full, before := int(f.Rows[dashboardWeeks-2].Values[last]), int(f.Rows[dashboardWeeks-3].Values[last])
	return web.PlotOf(f, plot.Columns, web.Plotted{
		Name: "Demandes par semaine", Sheet: dashboardSheet(v, chosen, "semaines"),
		Message: fmt.Sprintf("%s en %d semaines, dont %s avec une clef remise ; %s la semaine dernière, %s celle d'avant.",
			okey.SayCount(total, "demande"), dashboardWeeks, okey.SayNumber(handed), okey.SayNumber(full), okey.SayNumber(before)),
		Note: "Chaque demande compte dans la semaine où elle a été faite, du lundi au dimanche, à l'heure de Paris, selon ce qu'elle est devenue depuis. La dernière semaine n'est pas finie.",
	})
}

// weeksTable is the download of the requests by week.
func (s *Pages) weeksTable(v *web.Visit) (web.Spreadsheet, error) {
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
	f, err := s.weekFigures(v, chosen)
	return web.Spreadsheet{Name: "demandes-par-semaine", Title: "Demandes par semaine", Sheets: []workbook.Sheet{f.Sheet("Semaines")}}, err
}
