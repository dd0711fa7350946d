package spreadsheet

import (
	"regexp"
	"strconv"
	"time"

	"github.com/xuri/excelize/v2"

	"okey/okey"
)

// dateSystem tells which day a workbook counts from: 1900, or 1904 where an old Macintosh made it.
type dateSystem struct{ from1904 bool }

// Excel's numbers for days between 1954 and 2119: others are numbers that happen to stand in a date column.
const firstSerial, lastSerial = 20_000, 80_000

var (
	dayFirst = regexp.MustCompile(`^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?: 0{1,2}:00(?::00)?)?$`)
	isoDay   = regexp.MustCompile(`^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ]\d{2}:\d{2}.*)?$`)
	shortDay = regexp.MustCompile(`^\d{1,2}[/.-]\d{1,2}[/.-]\d{2}$`)
	serial   = regexp.MustCompile(`^\d{5}(?:\.\d+)?$`)
)

// ParseDate reads a day as French spreadsheets write it: 31/12/2027, 2027-12-31, or Excel's number counted from 1900. The zero
// Day for an empty text.
func ParseDate(text string) (okey.Day, error) { return parseDate(text, dateSystem{}) }

func parseDate(text string, system dateSystem) (okey.Day, error) {
	if text == "" {
		return okey.Day{}, nil
	}
	if m := dayFirst.FindStringSubmatch(text); m != nil {
		return day(text, m[3], m[2], m[1])
	}
	if m := isoDay.FindStringSubmatch(text); m != nil {
		return day(text, m[1], m[2], m[3])
	}
	if shortDay.MatchString(text) {
		return okey.Day{}, okey.Errorf(okey.CodeInvalid, "« %s » : écrivez l'année sur quatre chiffres, par exemple 31/12/2027.", text)
	}
	if serial.MatchString(text) {
		return excelDay(text, system)
	}
	return okey.Day{}, notADate(text)
}

func day(text, year, month, dayOfMonth string) (okey.Day, error) {
	y, _ := strconv.Atoi(year) // the expressions above let only digits through
	m, _ := strconv.Atoi(month)
	d, _ := strconv.Atoi(dayOfMonth)
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	if t.Year() != y || int(t.Month()) != m || t.Day() != d {
		return okey.Day{}, okey.Errorf(okey.CodeInvalid, "« %s » n'existe pas au calendrier.", text)
	}
	return okey.NewDay(y, time.Month(m), d), nil
}

func excelDay(text string, system dateSystem) (okey.Day, error) {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n < firstSerial || n > lastSerial {
		return okey.Day{}, notADate(text)
	}
	t, err := excelize.ExcelDateToTime(n, system.from1904)
	if err != nil {
		return okey.Day{}, notADate(text)
	}
	return okey.DayOf(t, time.UTC), nil
}

func notADate(text string) error {
	return okey.Errorf(okey.CodeInvalid, "« %s » n'est pas une date : écrivez par exemple 31/12/2027.", Clip(text))
}
