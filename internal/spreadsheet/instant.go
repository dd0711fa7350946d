package spreadsheet

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"okey/okey"
)

// Instant is a day with its hour as a table writes it, which mostly leaves open where that clock hangs.
type Instant struct {
	clock time.Time // its fields, in UTC
	fixed bool      // said with its offset: clock is the very instant
}

// In is the instant for somebody whose clock hangs in the zone.
func (i Instant) In(zone *time.Location) time.Time {
	if i.fixed {
		return i.clock
	}
	c := i.clock
	return time.Date(c.Year(), c.Month(), c.Day(), c.Hour(), c.Minute(), c.Second(), c.Nanosecond(), zone).UTC()
}

const hour = `(?:[T ](?:à )?(\d{1,2})(?::| ?h ?)(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?`

var (
	isoInstant      = regexp.MustCompile(`(?i)^(\d{4}[-/]\d{1,2}[-/]\d{1,2})` + hour + ` ?(Z|UTC|[+-]\d{2}(?::?\d{2})?)?$`)
	dayFirstInstant = regexp.MustCompile(`(?i)^(\d{1,2}[/.-]\d{1,2}[/.-]\d{4})` + hour + `$`)
	shortDay        = regexp.MustCompile(`^\d{1,2}[/.-]\d{1,2}[/.-]\d{2}$`)
)

// ParseInstant reads a day and an hour as servers and French spreadsheets write them: 24/11/2026 09:12, 24/11/2026 à 9 h 12, ISO 8601 and
// RFC 3339, Excel's number counted from 1900. A day alone begins at midnight.
func ParseInstant(text string) (Instant, error) { return parseInstant(text, dateSystem{}) }

// Instant reads a cell as a day with its hour.
func (r Row) Instant(column string) (Instant, error) {
	return parseInstant(r.Text(column), r.rows.dates)
}

func parseInstant(text string, system dateSystem) (Instant, error) {
	if at, ok := system.instant(text); ok {
		return Instant{clock: at.Round(time.Second)}, nil
	}
	if m := dayFirstInstant.FindStringSubmatch(text); m != nil {
		return instant(text, m[1], m[2:6], "")
	}
	if m := isoInstant.FindStringSubmatch(text); m != nil {
		return instant(text, m[1], m[2:6], m[6])
	}
	if shortDay.MatchString(text) {
		return Instant{}, okey.Errorf(okey.CodeInvalid, "« %s » : écrivez l'année sur quatre chiffres, par exemple 24/11/2026 09:12.",
			okey.Quote(text))
	}
	return Instant{}, notAnInstant(text)
}

// instant puts the parts together; clock is hour, minute, second and the second's decimals, each of them possibly missing. A leap second
// (RFC 3339, 5.6) is the next minute's first.
func instant(text, day string, clock []string, offset string) (Instant, error) {
	on, err := okey.ParseDay(day)
	if err != nil {
		return Instant{}, okey.Errorf(okey.CodeInvalid, "« %s » n'existe pas au calendrier.", text)
	}
	h, _ := strconv.Atoi(clock[0]) // the expressions above let only digits through, or nothing
	m, _ := strconv.Atoi(clock[1])
	s, _ := strconv.Atoi(clock[2])
	n, _ := strconv.Atoi((clock[3] + "000000000")[:9])
	if h > 23 || m > 59 || s > 60 {
		return Instant{}, okey.Errorf(okey.CodeInvalid, "« %s » : cette heure n'existe pas.", okey.Quote(text))
	}
	at := on.Time().Add(time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second + time.Duration(n))
	if offset == "" {
		return Instant{clock: at}, nil
	}
	ahead, ok := aheadOfUTC(offset)
	if !ok {
		return Instant{}, notAnInstant(text)
	}
	return Instant{clock: at.Add(-ahead), fixed: true}, nil
}

// aheadOfUTC reads Z, +01, +0100 or +01:00.
func aheadOfUTC(offset string) (time.Duration, bool) {
	if strings.EqualFold(offset, "Z") || strings.EqualFold(offset, "UTC") {
		return 0, true
	}
	digits := strings.ReplaceAll(offset[1:], ":", "") + "00"
	h, _ := strconv.Atoi(digits[:2])
	m, _ := strconv.Atoi(digits[2:4])
	ahead := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	if offset[0] == '-' {
		ahead = -ahead
	}
	return ahead, h < 24 && m < 60
}

func notAnInstant(text string) error {
	return okey.Errorf(okey.CodeInvalid, "« %s » n'est pas une date : écrivez par exemple 24/11/2026 09:12.", okey.Quote(text))
}
