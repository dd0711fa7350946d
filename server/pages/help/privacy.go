package help

import (
	"fmt"
	"net/http"

	"okey/okey"
	"okey/server/web"
)

// privacyLine is a kind of data, for whoever it is about.
type privacyLine struct{ What, Why, Long string }

// Cells are its entries in a table.
func (l privacyLine) Cells() []web.Cell {
	return []web.Cell{{Text: l.What}, {Text: l.Why}, {Text: l.Long}}
}

// privacyPage says what OKEY keeps of people, why and how long, from the table that the retention goes by. It is open to everybody.
func (s *Pages) privacyPage(v *web.Visit) error {
	var lines []privacyLine
	for _, k := range okey.KeepingsWith(s.help.EventMonths) {
		if k.Data == okey.KeptTrials && !s.help.Trials { // nobody can make one
			continue
		}
		line := privacyLine{What: k.What, Why: okey.Capitalize(k.Why), Long: okey.Capitalize(k.Until) + ", puis " + k.Then}
		if k.Months > 0 {
			line.Long = fmt.Sprintf("%s %s, puis %s", okey.Capitalize(sayMonths(k.Months)), k.Since, k.Then)
		}
		lines = append(lines, line)
	}
	return s.Show(v, http.StatusOK, "privacy", web.Screen{Title: "Vos données", Body: lines})
}

func sayMonths(n int) string {
	if n%12 == 0 {
		return okey.SayEither(n/12, "un an", okey.SayNumber(n/12)+" ans")
	}
	return okey.SayEither(n, "un mois", okey.SayNumber(n)+" mois")
}
