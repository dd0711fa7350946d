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

var serial = regexp.MustCompile(`^\d{5}(?:\.\d+)?$`)

// ParseDate reads a day as French spreadsheets write it: as okey.ParseDay does, or Excel's number counted from 1900. The zero Day for an
// empty text.
func ParseDate(text string) (okey.Day, error) { return parseDate(text, dateSystem{}) }

func parseDate(text string, system dateSystem) (okey.Day, error) {
	if text == "" {
		return okey.Day{}, nil
	}
	if at, ok := system.instant(text); ok {
		return okey.DayOf(at, time.UTC), nil
	}
	return okey.ParseDay(okey.Quote(text))
}

// instant is what Excel means by a number: days since its first one, and a fraction of a day.
func (s dateSystem) instant(text string) (time.Time, bool) {
	if !serial.MatchString(text) {
		return time.Time{}, false
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n < firstSerial || n > lastSerial {
		return time.Time{}, false
	}
	at, err := excelize.ExcelDateToTime(n, s.from1904)
	return at, err == nil
}
