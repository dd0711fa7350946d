package desk

import (
	"fmt"
	"math"
	"time"

	"okey/internal/plot"
	"okey/okey"
	"okey/server/web"
)

// dashboardPeriods are how far back the plots go, as the address names them. What began long ago would have no room for its weeks.
var dashboardPeriods = []struct {
	name, french string
	months       int // zero: as far as anything is kept
	weeks        int // with the one that is still going on
}{
	{"trimestre", "Trois mois", 3, 14}, {"semestre", "Six mois", 6, 27}, {"annee", "Un an", 12, 53}, {"tout", "Depuis le début", 0, 104},
}

// defaultPeriod is taken where none is chosen.
const defaultPeriod = 1

// since is when the chosen period began; zero where it has no beginning.
func (c dashboardChoice) since(today okey.Day, zone *time.Location) time.Time {
	months := dashboardPeriods[c.period].months
	if months == 0 {
		return time.Time{}
	}
	return today.AddMonths(-months).In(zone)
}

// ninthName is how the ninth decile is told.
const ninthName = "90 % des demandes"

// openTarget is within how many open days an answer is due: then comes the first reminder.
func openTarget() int { return okey.DefaultWaits().DecisionReminders[0] }

// answerTarget is how long they are on the calendar, whose days the plot has: on average of all that begin on open days of a year.
func (s *Pages) answerTarget(chosen dashboardChoice, now time.Time) float64 {
	days, passed := 0, time.Duration(0)
	for _, academy := range chosen.academies() {
		school := okey.Establishment{Academy: academy}
		for ago := range 365 {
			if from := now.AddDate(0, 0, -ago); s.calendar.IsOpen(school, from) {
				days, passed = days+1, passed+s.calendar.AddOpenDays(school, from, openTarget()).Sub(from)
			}
		}
	}
	return tenths(passed.Hours() / 24 / float64(max(days, 1)))
}

// delayFigures measures how long requests have stayed in each stage.
func (s *Pages) delayFigures(v *web.Visit, chosen dashboardChoice) (web.Figures, error) {
	days, err := s.store.DaysByStage(v.Ctx(), chosen.scope, chosen.since(v.Today(), web.Paris(v).Zone))
	f := web.Figures{
		Of: "Étape", Columns: []string{"Médiane, en jours", ninthName, "Passages comptés"}, Drawn: []web.PlotSeries{{Name: "Médiane"}},
	}
	for _, stage := range okey.Stages() {
		if stage.Closed() {
			continue
		}
		values := []float64{plot.Missing, plot.Missing, 0}
		for _, d := range days {
			if d.Stage == stage {
				values = []float64{tenths(d.Median), tenths(d.Ninth), float64(d.Passages)}
			}
		}
		row := web.FigureRow{Name: okey.Capitalize(stage.French()), Values: values, Drawn: values[:1], Label: "pas encore mesuré"}
		if values[2] > 0 {
			row.Tick, row.Label = values[1], fmt.Sprintf("%s, 90 %% en %s", sayDays(values[0]), web.SayValue(values[1]))
		}
		if stage == okey.AwaitingDecision {
			row.Target = s.answerTarget(chosen, v.Now)
		}
		f.Rows = append(f.Rows, row)
	}
	return f, err
}

func sayDelays(f web.Figures) web.Plotted {
	longest := f.Rows[0]
	for _, row := range f.Rows {
		if row.Values[0] > longest.Values[0] || !(longest.Values[0] >= 0) {
			longest = row
		}
	}
	return web.Plotted{
		Nothing: sayNoDelays(f),
		Message: fmt.Sprintf("L'étape la plus longue, « %s », dure %s au plus pour une demande sur deux.",
			longest.Name, sayDays(longest.Values[0])),
		Note: "Jours de calendrier, étapes terminées pendant la période.",
		Tick: ninthName, Target: fmt.Sprintf("Objectif de réponse : %d jours ouvrés, soit %s de calendrier en moyenne",
			openTarget(), sayDays(f.Rows[0].Target)),
		Figure: web.Headline{
			Number: web.SayValue(f.Rows[0].Values[0]), Path: "#delais",
			Of: okey.SayEither(int(max(f.Rows[0].Values[0], 0)), "jour", "jours") + " avant une réponse (médiane)",
		},
	}
}

// sayNoDelays is what stands in the drawing's place: no time at all is not the same as no data.
func sayNoDelays(f web.Figures) string {
	for _, row := range f.Rows {
		if row.Values[2] > 0 {
			return "Chaque étape s'est faite aussitôt : 0 jour."
		}
	}
	return ""
}

// tenths is as exact as days are said: table, drawing and download have the same number.
func tenths(days float64) float64 { return math.Round(days*10) / 10 }

func sayDays(n float64) string {
	return web.SayValue(n) + " " + okey.SayEither(int(n), "jour", "jours")
}
