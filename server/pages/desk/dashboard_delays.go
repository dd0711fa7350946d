package desk

import (
	"fmt"
	"math"
	"time"

	"okey/internal/plot"
	"okey/okey"
	"okey/server/web"
)

// dashboardPeriods are how far back delays are measured, as the address names them; the first one where none is chosen.
var dashboardPeriods = []struct {
	name, french string
	months       int // zero: as far as anything is kept
}{
	{"trimestre", "Trois mois", 3}, {"annee", "Un an", 12}, {"tout", "Depuis le début", 0},
}

// since is when the chosen period began; zero where it has no beginning.
func (c dashboardChoice) since(today okey.Day, zone *time.Location) time.Time {
	months := dashboardPeriods[c.period].months
	if months == 0 {
		return time.Time{}
	}
	return today.AddMonths(-months).In(zone)
}

// drawnStages are the open stages where a drawing has little room for them: beside it the table has their whole names.
var drawnStages = map[okey.Stage]string{
	okey.AwaitingDecision: "Réponse", okey.AwaitingStock: "Clef libre", okey.AwaitingCharter: "Charte", okey.AwaitingHandover: "Remise",
}

// delayFigures measures how long requests have stayed in each stage.
func (s *Pages) delayFigures(v *web.Visit, chosen dashboardChoice) (web.Figures, error) {
	days, err := s.store.DaysByStage(v.Ctx(), chosen.scope, chosen.since(v.Today(), web.Paris(v).Zone))
	f := web.Figures{Of: "Étape", Columns: []string{"Médiane, en jours", "90 % des demandes", "Passages comptés"}, Aside: 1}
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
		f.Rows = append(f.Rows, web.FigureRow{Name: okey.Capitalize(stage.French()), Short: drawnStages[stage], Values: values})
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
		Message: fmt.Sprintf("L'étape la plus longue est « %s » : la moitié des demandes y restent %s ou moins, "+
			"9 sur 10 restent %s ou moins.",
			longest.Name, sayDays(longest.Values[0]), sayDays(longest.Values[1])),
		Note: "En jours de calendrier, week-ends et vacances compris, pour les étapes qui se sont terminées pendant la période. " +
			"Une demande qui attend encore compte dès qu'elle n'attend plus.",
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
