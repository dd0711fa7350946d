package okey

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Day is a calendar day in the time zone of an academy: no hour, no zone. The zero Day is no day.
type Day struct{ t time.Time }

// DayOf returns the day that it is at t in the given zone.
func DayOf(t time.Time, zone *time.Location) Day {
	y, m, d := t.In(zone).Date()
	return NewDay(y, m, d)
}

// NewDay makes a day from its parts.
func NewDay(year int, month time.Month, day int) Day {
	return Day{time.Date(year, month, day, 0, 0, 0, 0, time.UTC)}
}

// A day as people and their files write it: the French way, or the year first. A file of days may write midnight behind one, and an ISO
// instant any hour, which falls away.
var (
	dayFirst  = regexp.MustCompile(`^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?: 0{1,2}:00(?::00)?)?$`)
	yearFirst = regexp.MustCompile(`^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ]\d{2}:\d{2}.*)?$`)
	shortYear = regexp.MustCompile(`^\d{1,2}[/.-]\d{1,2}[/.-]\d{2}$`)
)

// ParseDay reads a day that somebody typed or a file holds: 31/12/2027, 31-12-2027, 31.12.2027, 2027-12-31. Its error, `invalid`, says in
// French what is wrong.
func ParseDay(text string) (Day, error) {
	text = strings.TrimSpace(text)
	if m := dayFirst.FindStringSubmatch(text); m != nil {
		return onCalendar(text, m[3], m[2], m[1])
	}
	if m := yearFirst.FindStringSubmatch(text); m != nil {
		return onCalendar(text, m[1], m[2], m[3])
	}
	if shortYear.MatchString(text) {
		return Day{}, InvalidField("", "« %s » : écrivez l'année sur quatre chiffres, par exemple 31/12/2027.", text)
	}
	return Day{}, InvalidField("", "« %s » n'est pas une date : écrivez par exemple 31/12/2027.", Quote(text))
}

func onCalendar(text, year, month, day string) (Day, error) {
	y, _ := strconv.Atoi(year) // the expressions above let only digits through
	m, _ := strconv.Atoi(month)
	d, _ := strconv.Atoi(day)
	found := NewDay(y, time.Month(m), d)
	if found.t.Year() != y || int(found.t.Month()) != m || found.t.Day() != d {
		return Day{}, InvalidField("", "« %s » n'existe pas au calendrier.", text)
	}
	return found, nil
}

// IsZero tells whether d is no day.
func (d Day) IsZero() bool { return d.t.IsZero() }

// Before tells whether d comes before other.
func (d Day) Before(other Day) bool { return d.t.Before(other.t) }

// AddMonths returns the day n months later, the month's last day where the day does not exist (31 August + 6 = 28 February).
func (d Day) AddMonths(n int) Day {
	y, m, day := d.t.Date()
	first := time.Date(y, m+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return NewDay(first.Year(), first.Month(), min(day, last))
}

// AddDays returns the day n days later.
func (d Day) AddDays(n int) Day { return Day{d.t.AddDate(0, 0, n)} }

// Week is the Monday that the day's week begins with.
func (d Day) Week() Day { return d.AddDays(-(int(d.t.Weekday()) + 6) % 7) }

// In is the instant at which the day begins in a zone.
func (d Day) In(zone *time.Location) time.Time {
	y, m, day := d.t.Date()
	return time.Date(y, m, day, 0, 0, 0, 0, zone)
}

// Time is midnight UTC of the day, for libraries that want a time.
func (d Day) Time() time.Time { return d.t }

// String is the ISO form, 2027-12-31; empty for no day.
func (d Day) String() string {
	if d.IsZero() {
		return ""
	}
	return d.t.Format(time.DateOnly)
}

// MarshalText writes a day as ISO 8601 does; the zero Day is empty.
func (d Day) MarshalText() ([]byte, error) {
	if d.IsZero() {
		return nil, nil
	}
	return []byte(d.String()), nil
}

// UnmarshalText reads what MarshalText wrote.
func (d *Day) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Day{}
		return nil
	}
	t, err := time.Parse(time.DateOnly, string(text))
	if err != nil {
		return InvalidField("", "« %s » n'est pas une date.", text)
	}
	*d = DayOf(t, time.UTC)
	return nil
}
