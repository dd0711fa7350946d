package okey

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // a minimal image has no time zones of its own
)

// Academy is a district of the ministry, or one of the services that stand for one overseas.
type Academy struct {
	Code     string // code_academie, two digits
	Name     string
	Domain   string // of mail addresses
	TimeZone string // IANA name
	Holidays string // zone of the school calendar: "A", "B", "C", or a name of its own
}

const paris = "Europe/Paris"

// academies: codes from the nomenclature N_ACADEMIE of the ministry's statistics office, as code_academie of the open data
// sets has them; Normandie (70) replaced Caen and Rouen on 1 January 2020. Domains are those of the academies' own
// addresses; three overseas ones are outside .fr. Holiday zones: decree on the national school calendar, zones A, B, C;
// Corsica and overseas decide on their own and are spelled as data.education.gouv.fr's fr-en-calendrier-scolaire spells
// them.
var academies = []Academy{
	{"01", "Paris", "ac-paris.fr", paris, "C"},
	{"02", "Aix-Marseille", "ac-aix-marseille.fr", paris, "B"},
	{"03", "Besançon", "ac-besancon.fr", paris, "A"},
	{"04", "Bordeaux", "ac-bordeaux.fr", paris, "A"},
	{"06", "Clermont-Ferrand", "ac-clermont.fr", paris, "A"},
	{"07", "Dijon", "ac-dijon.fr", paris, "A"},
	{"08", "Grenoble", "ac-grenoble.fr", paris, "A"},
	{"09", "Lille", "ac-lille.fr", paris, "B"},
	{"10", "Lyon", "ac-lyon.fr", paris, "A"},
	{"11", "Montpellier", "ac-montpellier.fr", paris, "C"},
	{"12", "Nancy-Metz", "ac-nancy-metz.fr", paris, "B"},
	{"13", "Poitiers", "ac-poitiers.fr", paris, "A"},
	{"14", "Rennes", "ac-rennes.fr", paris, "B"},
	{"15", "Strasbourg", "ac-strasbourg.fr", paris, "B"},
	{"16", "Toulouse", "ac-toulouse.fr", paris, "C"},
	{"17", "Nantes", "ac-nantes.fr", paris, "B"},
	{"18", "Orléans-Tours", "ac-orleans-tours.fr", paris, "B"},
	{"19", "Reims", "ac-reims.fr", paris, "B"},
	{"20", "Amiens", "ac-amiens.fr", paris, "B"},
	{"22", "Limoges", "ac-limoges.fr", paris, "A"},
	{"23", "Nice", "ac-nice.fr", paris, "B"},
	{"24", "Créteil", "ac-creteil.fr", paris, "C"},
	{"25", "Versailles", "ac-versailles.fr", paris, "C"},
	{"27", "Corse", "ac-corse.fr", paris, "Corse"},
	{"28", "La Réunion", "ac-reunion.fr", "Indian/Reunion", "Réunion"},
	{"31", "Martinique", "ac-martinique.fr", "America/Martinique", "Martinique"},
	{"32", "Guadeloupe", "ac-guadeloupe.fr", "America/Guadeloupe", "Guadeloupe"},
	{"33", "Guyane", "ac-guyane.fr", "America/Cayenne", "Guyane"},
	{"40", "Nouvelle-Calédonie", "ac-noumea.nc", "Pacific/Noumea", "Nouvelle Calédonie"},
	{"41", "Polynésie française", "ac-polynesie.pf", "Pacific/Tahiti", "Polynésie"},
	{"42", "Wallis et Futuna", "ac-wf.wf", "Pacific/Wallis", "Wallis et Futuna"},
	{"43", "Mayotte", "ac-mayotte.fr", "Indian/Mayotte", "Mayotte"},
	{"44", "Saint-Pierre-et-Miquelon", "ac-spm.fr", "America/Miquelon", "Saint Pierre et Miquelon"},
	{"70", "Normandie", "ac-normandie.fr", paris, "B"},
}

// Academies returns all academies by code.
func Academies() []Academy { return slices.Clone(academies) }

// AcademyByCode finds an academy by code_academie; a spreadsheet may have dropped the leading zero ("1" is Paris).
func AcademyByCode(code string) (Academy, bool) {
	code = strings.TrimSpace(code)
	if len(code) == 1 {
		code = "0" + code
	}
	i, found := slices.BinarySearchFunc(academies, code, func(a Academy, c string) int { return strings.Compare(a.Code, c) })
	if !found {
		return Academy{}, false
	}
	return academies[i], true
}

// Location is the academy's time zone: deadlines end at midnight there.
func (a Academy) Location() *time.Location {
	return locations()[a.TimeZone]
}

// locations are read once: each page tells many times, and to read a zone takes as long as to ask the database.
var locations = sync.OnceValue(func() map[string]*time.Location {
	read := map[string]*time.Location{}
	for _, a := range academies {
		location, err := time.LoadLocation(a.TimeZone)
		if err != nil {
			panic(fmt.Sprintf("academy %s: %v", a.Code, err)) // the names above are constants and the zones are embedded
		}
		read[a.TimeZone] = location
	}
	return read
})

// ZoneOf is the time zone of an academy, Paris where the code is unknown.
func ZoneOf(academyCode string) *time.Location {
	academy, ok := AcademyByCode(academyCode)
	if !ok {
		academy.TimeZone = paris
	}
	return academy.Location()
}
