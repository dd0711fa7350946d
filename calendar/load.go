package calendar

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"

	"okey/okey"
)

// Load reads school holidays from a CSV file as data.education.gouv.fr exports its data set "fr-en-calendrier-scolaire":
// description;population;start_date;end_date;location;zones;annee_scolaire, a line for each academy and holiday. Columns
// may stand in any order, and the file may have gone through a French spreadsheet. An empty path is no file: the result
// is [PublicOnly].
//
// Errors are in French and name line and value: an operator reads them.
func Load(path string) (*Calendar, error) {
	if path == "" {
		return PublicOnly(), nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("vacances scolaires : %w", err)
	}
	calendar, err := Parse(content)
	if err != nil {
		return nil, fmt.Errorf("vacances scolaires, %s : %w", path, err)
	}
	return calendar, nil
}

// Parse is Load for content at hand.
func Parse(content []byte) (*Calendar, error) {
	entries, err := parseEntries(content)
	if err != nil {
		return nil, err
	}
	school := make(map[string][]period)
	for _, academy := range okey.Academies() {
		periods, err := periodsOf(academy, entries)
		if err != nil {
			return nil, err
		}
		school[academy.Code] = periods
	}
	return &Calendar{school: school}, nil
}

// entry is one line of the file.
type entry struct {
	line                       int
	description                string
	population, location, zone string // folded
	start, end, year           string
}

// Columns that the file must have.
const (
	colDescription = "description"
	colStart       = "startdate"
	colEnd         = "enddate"
	colLocation    = "location"
	colZones       = "zones"
	colYear        = "anneescolaire"
	colPopulation  = "population"
)

func parseEntries(content []byte) ([]entry, error) {
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(content) {
		var err error
		if content, err = charmap.Windows1252.NewDecoder().Bytes(content); err != nil {
			return nil, fmt.Errorf("ni UTF-8 ni Windows-1252 : %w", err)
		}
	}
	reader := csv.NewReader(bytes.NewReader(content))
	reader.Comma = separator(content)
	reader.FieldsPerRecord = -1
	reader.TrimLeadingSpace = true

	header, err := reader.Read()
	if err != nil {
		return nil, errors.New("le fichier est vide")
	}
	columns, err := findColumns(header)
	if err != nil {
		return nil, err
	}
	var entries []entry
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, fmt.Errorf("ce n'est pas un CSV : %w", err)
		}
		line, _ := reader.FieldPos(0)
		if strings.TrimSpace(strings.Join(record, "")) != "" {
			entries = append(entries, newEntry(line, record, columns))
		}
	}
}

func separator(content []byte) rune {
	header, _, _ := bytes.Cut(content, []byte("\n"))
	for _, candidate := range ";\t" {
		if bytes.ContainsRune(header, candidate) {
			return candidate
		}
	}
	return ','
}

func findColumns(header []string) (map[string]int, error) {
	columns := make(map[string]int)
	for i, name := range header {
		columns[fold(name)] = i
	}
	var missing []string
	for _, want := range []struct{ folded, name string }{
		{colDescription, "description"},
		{colStart, "start_date"},
		{colEnd, "end_date"},
		{colLocation, "location"},
		{colZones, "zones"},
		{colYear, "annee_scolaire"},
		{colPopulation, "population"},
	} {
		if _, ok := columns[want.folded]; !ok {
			missing = append(missing, want.name)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("il manque la colonne %s ; prenez l'export CSV de « fr-en-calendrier-scolaire »",
			strings.Join(missing, ", "))
	}
	return columns, nil
}

func newEntry(line int, record []string, columns map[string]int) entry {
	field := func(column string) string {
		if i := columns[column]; i < len(record) {
			return strings.TrimSpace(record[i])
		}
		return ""
	}
	return entry{
		line: line, description: fold(field(colDescription)), population: fold(field(colPopulation)),
		location: fold(field(colLocation)), zone: fold(field(colZones)),
		start: field(colStart), end: field(colEnd), year: field(colYear),
	}
}

// periodsOf chooses an academy's lines, school year by school year: those that name it, else those of its zone. So an
// academy whose name the file spells otherwise still has its zone's holidays, and a neighbour's exception stays there.
func periodsOf(academy okey.Academy, entries []entry) ([]period, error) {
	zone := fold(academy.Holidays)
	if len(academy.Holidays) == 1 {
		zone = "zone" + zone
	}
	own := make(map[string]bool)
	for _, e := range entries {
		if e.names(academy) {
			own[e.year] = true
		}
	}
	var periods []period
	for _, e := range entries {
		if e.names(academy) || (!own[e.year] && (e.zone == zone || e.location == zone)) {
			p, ok, err := e.period(academy.Location())
			if err != nil {
				return nil, err
			}
			if ok {
				periods = append(periods, p)
			}
		}
	}
	return periods, nil
}

func (e entry) names(academy okey.Academy) bool {
	return e.location == fold(academy.Name) || e.location == fold(academy.Holidays)
}

// longest is more than any holiday lasts: beyond it a date is a slip of the pen.
const longest = 100

// period reads the dates, false if the line closes no school of the second degree. The data set's oddities: end_date is
// the day of return, so it is open; "Début des vacances d'été" has no end, school then begins on 1 September at the
// latest; any other line that starts and ends at once is one single day; returns to school are no holidays.
func (e entry) period(zone *time.Location) (period, bool, error) {
	if strings.Contains(e.description, "rentree") || strings.Contains(e.population, "premierdegre") {
		return period{}, false, nil
	}
	first, err := parseDay(e.start, zone)
	if err != nil {
		return period{}, false, fmt.Errorf("ligne %d : start_date « %s » n'est pas une date", e.line, e.start)
	}
	back, err := parseDay(e.end, zone)
	if err != nil && e.end != "" {
		return period{}, false, fmt.Errorf("ligne %d : end_date « %s » n'est pas une date", e.line, e.end)
	}
	if e.end == "" || back == first {
		back = first.next()
		if strings.HasPrefix(e.description, "debutdesvacancesdete") {
			back = max(back, dayOf(time.Date(first.year(), time.September, 1, 0, 0, 0, 0, time.UTC)))
		}
	}
	if back < first || back-first > longest {
		return period{}, false, fmt.Errorf("ligne %d : des vacances du %s au %s, est-ce bien cela ?", e.line, e.start, e.end)
	}
	return period{first, back}, true, nil
}

// parseDay reads 2026-10-17, 17/10/2026, or an instant. The data set gives instants at midnight, of Paris or of the
// academy itself; half a day later both show the date that is meant, in every time zone of the Republic.
func parseDay(text string, zone *time.Location) (day, error) {
	for _, layout := range []string{"2006-01-02", "02/01/2006"} {
		if date, err := time.Parse(layout, text); err == nil {
			return dayOf(date), nil
		}
	}
	instant, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return 0, fmt.Errorf("parse date: %w", err)
	}
	return dayOf(instant.In(zone).Add(12 * time.Hour)), nil
}

// fold keeps lower-case letters and digits, without accents: "Saint-Pierre-et-Miquelon" is "Saint Pierre et Miquelon".
func fold(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, norm.NFD.String(text))
}
