package desk

import (
	"fmt"

	"okey/internal/address"
	"okey/internal/workbook"
	"okey/okey"
	"okey/server/web"
)

// shortestPlaces is how many establishments the page shows: the download has them all.
const shortestPlaces = 15

// shortFigures sets the people who wait against the keys that are free, where these are fewer.
func (s *Pages) shortFigures(v *web.Visit, chosen dashboardChoice) (web.Figures, error) {
	places, all, err := s.store.ShortPlaces(v.Ctx(), chosen.scope, v.Today(), chosen.places)
	f := web.Figures{
		Of: "Établissement", All: all, Drawn: []web.PlotSeries{{Name: "Clefs qui manquent"}},
		Columns: []string{"Personnes à servir", "Clefs libres", "Sans réponse", "En attente d'une clef"}, Aside: 2,
		Taken: []workbook.Column{{Title: "UAI", Width: 12}, {Title: "Établissement", Width: 36}},
	}
	for _, p := range places {
		waiting := p.Unanswered + p.InLine
		f.Rows = append(f.Rows, web.FigureRow{
			Name: okey.SayPlace(p.Name, p.UAI), Path: address.SchoolURL(p.UAI),
			Values: []float64{float64(waiting), float64(p.Free), float64(p.Unanswered), float64(p.InLine)},
			Drawn:  []float64{float64(waiting - p.Free)},
			Label: fmt.Sprintf("%s à servir, %s %s",
				okey.SayNumber(waiting), okey.SayNumber(p.Free), okey.SayEither(p.Free, "libre", "libres")),
			Taken: []any{p.UAI, p.Name},
		})
	}
	return f, err
}

func sayShort(f web.Figures) web.Plotted {
	about := web.Plotted{
		Nothing: "Il ne manque de clefs nulle part : chaque établissement en a autant de libres que de personnes à servir, ou plus.",
		Figure: web.Headline{
			Number: okey.SayNumber(f.All), Path: "#etablissements",
			Of: okey.SayEither(f.All, "établissement où il manque des clefs", "établissements où il manque des clefs"),
		},
	}
	if f.All > len(f.Rows) {
		about.Note = fmt.Sprintf(
			"Les %d établissements où il manque le plus de clefs. Liste complète dans le tableau à télécharger.", len(f.Rows))
	}
	if len(f.Rows) > 0 {
		worst := f.Rows[0]
		about.Message = fmt.Sprintf("C'est %s que les clefs manquent le plus : %s, %s.",
			okey.SayAtSchool(okey.SayEstablishment(fmt.Sprint(worst.Taken[1]))),
			sayWaiting(int(worst.Values[3]), int(worst.Values[2])), sayFreeNow(int(worst.Values[1])))
	}
	return about
}

// sayWaiting counts who waits for what as the school's own pages do.
func sayWaiting(key, answer int) string {
	said, what := "", " une clef"
	if key > 0 {
		said, what = okey.SayCount(key, "personne")+okey.SayEither(key, " attend", " attendent")+what, ""
	}
	switch {
	case answer == 0:
		return said
	case what == "":
		return said + ", " + okey.SayNumber(answer) + " une réponse"
	}
	return okey.SayCount(answer, "personne") + okey.SayEither(answer, " attend", " attendent") + " une réponse"
}

func sayFreeNow(n int) string {
	if n == 0 {
		return "aucune clef n'est libre"
	}
	return okey.SayCount(n, "clef") + okey.SayEither(n, " est libre", " sont libres")
}
