package server

import (
	"fmt"
	"math"
	"time"

	"okey/internal/plot"
	"okey/internal/workbook"
	"okey/okey"
)

// dashboardPeriods are how far back delays are measured, as the address names them; the first one is what is shown where none is chosen.
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
func (s *Server) delayFigures(v *visit, chosen dashboardChoice) (figures, error) {
	days, err := s.store.DaysByStage(v.ctx(), chosen.scope, chosen.since(v.today(), paris(v).zone))
	f := figures{Of: "Étape", Columns: []string{"Médiane, en jours", "9 fois sur 10, au plus", "Passages comptés"}, Aside: 1}
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
		f.Rows = append(f.Rows, figureRow{Name: okey.Capitalize(stage.French()), Short: drawnStages[stage], Values: values})
	}
	return f, err
}

func (s *Server) delaysPlot(v *visit, chosen dashboardChoice) (plotted, error) {
	f, err := s.delayFigures(v, chosen)
	if err != nil {
		return plotted{}, err
	}
	longest := f.Rows[0]
	for _, row := range f.Rows {
		if row.Values[0] > longest.Values[0] || !(longest.Values[0] >= 0) {
			longest = row
		}
	}
	return plotOf(f, plot.Bars, plotted{
		Nothing: sayNoDelays(f),
		Name:    "Jours à chaque étape", Sheet: dashboardSheet(v, chosen, "delais"),
		Message: fmt.Sprintf("L'étape la plus longue est « %s » : la moitié des demandes y restent %s %s ou moins, 9 sur 10 restent %s %s ou moins.",
			longest.Name, sayValue(longest.Values[0]), sayDays(longest.Values[0]), sayValue(longest.Values[1]), sayDays(longest.Values[1])),
		Note: "En jours de calendrier, week-ends et vacances compris, pour les étapes qui se sont terminées pendant la période. Une demande qui attend encore compte dès qu'elle n'attend plus.",
	})
}

// sayNoDelays is what stands in the drawing's place: no time at all is not the same as no data.
func sayNoDelays(f figures) string {
	for _, row := range f.Rows {
		if row.Values[2] > 0 {
			return "Chaque étape s'est faite aussitôt : 0 jour."
		}
	}
	return ""
}

// tenths is as exact as days are said: table, drawing and download have the same number.
func tenths(days float64) float64 { return math.Round(days*10) / 10 }

func sayDays(n float64) string { return okey.SayEither(int(n), "jour", "jours") }

// delaysTable is the download of the days in each stage.
func (s *Server) delaysTable(v *visit) (spreadsheet, error) {
	if err := okey.May(okey.ActSeeDesk, v.Actor, okey.Subject{}, v.today()); err != nil {
		return spreadsheet{}, err
	}
	if err := mayTakeList(v); err != nil {
		return spreadsheet{}, err
	}
	chosen, err := s.dashboardChoiceOf(v)
	if err != nil {
		return spreadsheet{}, err
	}
	f, err := s.delayFigures(v, chosen)
	return spreadsheet{Name: "delais", Title: "Jours à chaque étape", Sheets: []workbook.Sheet{f.sheet("Étapes")}}, err
}
