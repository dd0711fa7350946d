package calendar

import (
	"slices"
	"strings"

	"okey/okey"
)

// closes tells which schools of an academy a line is about: the column population says it, "-" for all of them.
type closes struct {
	colleges, lycees bool
	parts            []string // of the academy of Guadeloupe; none: the whole of it
}

// The parts of the academy of Guadeloupe that have days of their own, as the column spells them once folded.
const (
	guadeloupe      = "guadeloupe"
	saintMartin     = "saintmartin"
	saintBarthelemy = "saintbarthelemy"
)

var parts = []string{guadeloupe, saintMartin, saintBarthelemy}

// whomItCloses reads "-", "Élèves des collèges", "Premier degré et collèges", "Guadeloupe & Saint-Martin", "Guadeloupe sauf Saint-Martin".
func whomItCloses(population string) closes {
	text := fold(population)
	c := closes{colleges: strings.Contains(text, "college"), lycees: strings.Contains(text, "lycee")}
	if !c.colleges && !c.lycees && (!strings.Contains(text, "premierdegre") || strings.Contains(text, "seconddegre")) {
		c.colleges, c.lycees = true, true
	}
	named, but, _ := strings.Cut(text, "sauf")
	for _, part := range parts {
		if but != "" && !strings.Contains(but, part) || but == "" && strings.Contains(named, part) {
			c.parts = append(c.parts, part)
		}
	}
	return c
}

func (c closes) nobody() bool { return !c.colleges && !c.lycees }

// school tells whether an establishment is one of them.
func (c closes) school(e okey.Establishment) bool {
	if c.parts != nil && !slices.Contains(c.parts, partOf(e)) {
		return false
	}
	return c.colleges && c.lycees || c.colleges == isCollege(e.Nature)
}

// natures of collèges in the nomenclature N_NATURE_UAI: collège, collège spécialisé, section d'enseignement général et professionnel
// adapté.
var colleges = []int{340, 352, 390}

func isCollege(nature int) bool { return slices.Contains(colleges, nature) }

// partOf tells by the postcode on which island of its academy a school is.
func partOf(e okey.Establishment) string {
	switch strings.ReplaceAll(e.Postcode, " ", "") {
	case "97150":
		return saintMartin
	case "97133":
		return saintBarthelemy
	}
	return guadeloupe
}
