package calendar

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"okey/internal/spreadsheet"
	"okey/okey"
)

// Load reads school holidays from a file as data.education.gouv.fr exports its data set "fr-en-calendrier-scolaire", with names or labels
// as titles: a line for each academy and holiday. Columns may stand in any order, and the file may have gone through a French spreadsheet.
// An empty path is no file: the result is [PublicOnly]. A line that can't be read is left out, and named by [Calendar.Faults].
//
// Errors are in French: an operator reads them.
func Load(path string) (*Calendar, error) {
	if path == "" {
		return PublicOnly(), nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("vacances scolaires : %w", err)
	}
	calendar, err := Parse(filepath.Base(path), content)
	if err != nil {
		return nil, fmt.Errorf("vacances scolaires, %s : %w", path, err)
	}
	return calendar, nil
}

// Parse is Load for content at hand.
func Parse(name string, content []byte) (*Calendar, error) {
	c := &Calendar{school: map[string][]period{}}
	entries, err := c.read(name, content)
	if err != nil {
		return nil, err
	}
	for _, academy := range okey.Academies() {
		c.school[academy.Code] = periodsOf(academy, entries)
	}
	return c, nil
}

// entry is one line of the file.
type entry struct {
	description    string // folded, as are location and zone
	location, zone string
	year           string
	start, end     string
	closes         closes
	announced      bool // only its beginning is known
}

// header names the columns of the data set; layouts are its two exports, with names and with labels.
type header struct{ description, population, start, end, location, zones, year string }

var headers = []header{
	{"description", "population", "start_date", "end_date", "location", "zones", "annee_scolaire"},
	{"description", "population", "date_de_debut", "date_de_fin", "academies", "zones", "annee_scolaire"},
}

func (h header) layout() spreadsheet.Layout {
	layout := spreadsheet.Layout{Others: true}
	for _, name := range []string{h.description, h.population, h.start, h.end, h.location, h.zones, h.year} {
		layout.Columns = append(layout.Columns, spreadsheet.Column{Name: name})
	}
	return layout
}

// read returns the lines that close schools of the second degree.
func (c *Calendar) read(name string, content []byte) ([]entry, error) {
	file, err := spreadsheet.Open(name, bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, err
	}
	rows, err := file.Rows(headers[0].layout(), headers[1].layout())
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // it was only read
	var entries []entry
	for {
		row, err := rows.Next()
		var unreadable *spreadsheet.RowError
		switch {
		case errors.Is(err, io.EOF):
			return entries, nil
		case errors.As(err, &unreadable):
			c.fault(unreadable.Line, unreadable.Message)
		case err != nil:
			return nil, err
		default:
			h := headers[rows.Layout]
			e := entry{
				description: fold(row.Text(h.description)), location: fold(row.Text(h.location)), zone: fold(row.Text(h.zones)),
				year: row.Text(h.year), start: row.Text(h.start), end: row.Text(h.end), closes: whomItCloses(row.Text(h.population)),
			}
			e.description, e.announced = strings.CutPrefix(e.description, "debutdes")
			if e.closes.nobody() || strings.Contains(e.description, "rentree") {
				continue
			}
			if _, err := e.period(time.UTC); err != nil {
				c.fault(row.Line, err.Error())
				continue
			}
			entries = append(entries, e)
		}
	}
}

func (c *Calendar) fault(line int, message string) {
	c.faults = append(c.faults, fmt.Sprintf("ligne %d : %s", line, message))
}

// periodsOf chooses an academy's lines, school year by school year: those that name it, else those of its zone. So an
// academy whose name the file spells otherwise still has its zone's holidays, and a neighbour's exception stays there.
func periodsOf(academy okey.Academy, entries []entry) []period {
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
	announced := map[int]string{} // by number in periods
	longestOf := map[string]day{} // how long the holidays of a name have lasted
	for _, e := range entries {
		if e.names(academy) || (!own[e.year] && (e.zone == zone || e.location == zone)) {
			p, err := e.period(academy.Location())
			if err != nil {
				continue // near midnight of another zone it was none either
			}
			if e.announced {
				announced[len(periods)] = e.description
			} else {
				longestOf[e.description] = max(longestOf[e.description], p.back-p.first)
			}
			periods = append(periods, p)
		}
	}
	for i, name := range announced {
		periods[i].back = endOf(periods[i].first, longestOf[name])
	}
	return periods
}

// endOf is when school begins again after holidays of which only the beginning is published: where summer is in July, on 1 September at the
// latest; elsewhere after as long as the same holidays have lasted at most, or six weeks where the file has none.
func endOf(first day, before day) day {
	const usual = 6 * 7
	september := dayOf(time.Date(first.year(), time.September, 1, 0, 0, 0, 0, time.UTC))
	switch left := september - first; {
	case before > 0 && left-before > 7: // the school year of the tropics begins in August
		return first + before
	case left > 0 && left < longest:
		return september
	}
	return first + max(before, usual)
}

func (e entry) names(academy okey.Academy) bool {
	return e.location == fold(academy.Name) || e.location == fold(academy.Holidays)
}

// longest is more than any holiday lasts: beyond it a date is a slip of the pen.
const longest = 100

// period reads the dates, of which the data set has some oddities: end_date is the day of return, so it is open; a line that starts and
// ends at once is one single day, unless it is an announcement.
func (e entry) period(zone *time.Location) (period, error) {
	first, err := parseDay(e.start, zone)
	if err != nil {
		return period{}, fmt.Errorf("« %s » n'est pas une date de début", e.start)
	}
	back, err := parseDay(e.end, zone)
	if err != nil && e.end != "" {
		return period{}, fmt.Errorf("« %s » n'est pas une date de fin", e.end)
	}
	if e.end == "" || back == first {
		back = first.next()
	}
	if back < first || back-first > longest {
		return period{}, fmt.Errorf("des vacances du %s au %s, est-ce bien cela ?", e.start, e.end)
	}
	return period{first, back, e.closes}, nil
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

// fold keeps small letters and digits, without accents: "Saint-Pierre-et-Miquelon" is "Saint Pierre et Miquelon".
func fold(text string) string { return strings.ReplaceAll(spreadsheet.Plain(text), "_", "") }
