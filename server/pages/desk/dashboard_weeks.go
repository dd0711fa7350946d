package desk

import (
	"fmt"
	"slices"

	"okey/internal/address"
	"okey/internal/plot"
	"okey/internal/workbook"
	"okey/okey"
	"okey/server/web"
)

// fewestWeeks are shown of requests, which are counted by week from the first one on, or from the beginning of the period: fewer would
// leave nothing to compare.
const fewestWeeks = 8

// weekEnds are what becomes of a request; the stages that are none of these are still open.
var weekEnds = []okey.Stage{okey.HandedOver, okey.Refused, okey.Withdrawn, okey.Expired}

// weekFigures counts the requests of each week by what has become of them.
func (s *Pages) weekFigures(v *web.Visit, chosen dashboardChoice) (web.Figures, error) {
	zone := web.Paris(v).Zone
	most := dashboardPeriods[chosen.period].weeks
	first := v.Today().Week().AddDays(-7 * (most - 1))
	counts, err := s.store.RequestsByWeek(v.Ctx(), chosen.scope, first, zone)
	f := web.Figures{
		Of: "Semaine", Columns: []string{"Clef remise", "Refusée", "Retirée", "Expirée", "En cours", "Total"}, Aside: 1,
		Taken: []workbook.Column{{Title: "Semaine du", Kind: workbook.Date}, {Title: "Semaine", Kind: workbook.Number}},
	}
	place := map[okey.Day]int{}
	for i := range most {
		monday := first.AddDays(7 * i)
		_, number := monday.Time().ISOWeek()
		place[monday] = i
		f.Rows = append(f.Rows, web.FigureRow{
			Name: fmt.Sprintf("%d, du %s", number, monday.SayWithYear()), Short: monday.SayShort(), Year: monday.Time().Year(),
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
	for len(f.Rows) > fewestWeeks && f.Rows[0].Values[len(f.Columns)-1] == 0 {
		f.Rows, first = f.Rows[1:], first.AddDays(7)
	}
	f.Bands = s.holidays(chosen, first, len(f.Rows))
	return f, err
}

// academies are those whose holidays the plot shows: the one chosen, else all.
func (c dashboardChoice) academies() []string {
	switch {
	case c.place.Academy != "":
		return []string{c.place.Academy}
	case c.scope.Academy != "":
		return []string{c.scope.Academy}
	}
	return c.served
}

// holidays are the school holidays of the weeks, in columns from the first one.
func (s *Pages) holidays(chosen dashboardChoice, first okey.Day, weeks int) []plot.Span {
	var bands []plot.Span
	columns := func(d okey.Day) float64 { return d.Time().Sub(first.Time()).Hours() / 24 / 7 }
	for _, h := range s.calendar.Holidays(chosen.academies(), first, first.AddDays(7*weeks)) {
		bands = append(bands, plot.Span{From: columns(h.First), To: columns(h.Back)})
	}
	return bands
}

func outcomeColumn(stage okey.Stage) int {
	if i := slices.Index(weekEnds, stage); i >= 0 {
		return i
	}
	return len(weekEnds)
}

func sayWeeks(f web.Figures) web.Plotted {
	all, weeks := len(f.Columns)-1, len(f.Rows)
	of := func(ago int) int { return int(f.Rows[weeks-1-ago].Values[all]) }
	note := "Demandes par semaine de dépôt, selon leur état aujourd'hui. Semaine en cours incluse."
	if weeks == dashboardPeriods[len(dashboardPeriods)-1].weeks {
		note += fmt.Sprintf(" Les demandes d'avant ces %d semaines n'y sont pas.", weeks)
	}
	return web.Plotted{
		Message: fmt.Sprintf("%s en %d semaines, dont %s avec une clef remise ; %s la semaine dernière, %s celle d'avant.",
			okey.SayCount(sum(f, all), "demande"), weeks, okey.SayNumber(sum(f, 0)), okey.SayNumber(of(1)), okey.SayNumber(of(2))),
		Band: "Vacances scolaires",
		Note: note,
		Figure: web.Headline{
			Number: okey.SayNumber(of(0)), Of: okey.SayEither(of(0), "demande cette semaine", "demandes cette semaine"),
			Path: address.PathRequests,
		},
	}
}
