// Package calendar counts open days: the days on which somebody in a school can be expected to answer. These are
// working days, in the time zone of the school's academy, outside that academy's school holidays.
//
// Its answers change with a settings file, so ask it in an activity, never in a workflow.
package calendar

import (
	"slices"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/aa"
	"github.com/rickar/cal/v2/fr"

	"okey/okey"
)

// Calendar knows week-ends, public holidays and, once loaded from a file, school holidays. It never changes after that:
// any number of goroutines may ask it.
type Calendar struct {
	school map[string][]period // by academy code
	faults []string
}

// period runs from the first day without school to the day of return, which is open again.
type period struct {
	first, back day
	closes      closes
}

// Faults name the lines of the file that could not be read, in French.
func (c *Calendar) Faults() []string { return c.faults }

// PublicOnly is a calendar of week-ends and public holidays, for an installation without a file of school holidays.
func PublicOnly() *Calendar { return &Calendar{} }

// AddOpenDays returns a school's nth open day after the day of from, at the same time of day, in its academy's time zone. With n
// at 0 or below it is from itself where that is on an open day, else the next open day. What happens outside open days
// thus never uses up a deadline: one day after a Saturday is Monday, and so is one day after a Friday.
//
// An unknown academy has the time zone of Paris and no school holidays.
func (c *Calendar) AddOpenDays(school okey.Establishment, from time.Time, n int) time.Time {
	local := from.In(location(school.Academy))
	date := dayOf(local)
	if n <= 0 {
		for !c.isOpen(school, date) {
			date = date.next()
		}
		return date.at(local)
	}
	for ; n > 0; n-- {
		date = date.next()
		for !c.isOpen(school, date) {
			date = date.next()
		}
	}
	return date.at(local)
}

// IsOpen tells whether an instant falls on an open day of the school, by its academy's clock.
func (c *Calendar) IsOpen(school okey.Establishment, instant time.Time) bool {
	return c.isOpen(school, dayOf(instant.In(location(school.Academy))))
}

// KnownUntil is the end of the last school holidays that the calendar knows of for an academy; false if it knows none.
// After that day only week-ends and public holidays count, which is worth a warning in good time.
func (c *Calendar) KnownUntil(academyCode string) (time.Time, bool) {
	var last day
	for _, p := range c.school[canonical(academyCode)] {
		if p.closes.parts == nil || slices.Contains(p.closes.parts, guadeloupe) {
			last = max(last, p.back)
		}
	}
	if last == 0 {
		return time.Time{}, false
	}
	return last.at(time.Date(2000, 1, 1, 0, 0, 0, 0, location(academyCode))), true
}

func (c *Calendar) isOpen(school okey.Establishment, date day) bool {
	switch date.weekday() {
	case time.Saturday, time.Sunday:
		return false
	}
	for _, p := range c.school[canonical(school.Academy)] {
		if p.first <= date && date < p.back && p.closes.school(school) {
			return false
		}
	}
	return !isPublicHoliday(school, date)
}

// abolition holds the days on which the end of slavery is celebrated, public holidays in their territory alone: law 83-550 and decree
// 83-1003, article 1.
var abolition = map[string]*cal.Holiday{
	"28":            {Month: time.December, Day: 20, Func: cal.CalcDayOfMonth}, // La Réunion
	"31":            {Month: time.May, Day: 22, Func: cal.CalcDayOfMonth},      // Martinique
	guadeloupe:      {Month: time.May, Day: 27, Func: cal.CalcDayOfMonth},
	saintMartin:     {Month: time.May, Day: 28, Func: cal.CalcDayOfMonth},
	saintBarthelemy: {Month: time.October, Day: 9, Func: cal.CalcDayOfMonth},
	"33":            {Month: time.June, Day: 10, Func: cal.CalcDayOfMonth},  // Guyane
	"43":            {Month: time.April, Day: 27, Func: cal.CalcDayOfMonth}, // Mayotte
}

// alsaceMoselle: article L3134-13 of the Code du travail, in three departments, which are not an academy.
var (
	alsaceMoselle            = []*cal.Holiday{aa.GoodFriday, aa.ChristmasDay2}
	alsaceMoselleDepartments = []string{"57", "67", "68"}
)

func isPublicHoliday(school okey.Establishment, date day) bool {
	holidays := slices.Clone(fr.Holidays)
	code := canonical(school.Academy)
	if code == academyGuadeloupe {
		code = partOf(school)
	}
	if local, ok := abolition[code]; ok {
		holidays = append(holidays, local)
	}
	if len(school.Postcode) >= 2 && slices.Contains(alsaceMoselleDepartments, school.Postcode[:2]) {
		holidays = append(holidays, alsaceMoselle...)
	}
	for _, holiday := range holidays {
		if actual, _ := holiday.Calc(date.year()); dayOf(actual) == date {
			return true
		}
	}
	return false
}

const academyGuadeloupe = "32"

func canonical(academyCode string) string {
	if academy, ok := okey.AcademyByCode(academyCode); ok {
		return academy.Code
	}
	return ""
}

func location(academyCode string) *time.Location {
	if academy, ok := okey.AcademyByCode(academyCode); ok {
		return academy.Location()
	}
	paris, _ := okey.AcademyByCode("01")
	return paris.Location()
}
