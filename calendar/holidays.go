package calendar

import (
	"slices"

	"okey/okey"
)

// Span is days on which schools are closed, from the first to the day of return, which is open again.
type Span struct{ First, Back okey.Day }

// leastHolidays is how many days make holidays: fewer are a bridge over a week-end.
const leastHolidays = 5

// Holidays are the school holidays within some days that all schools of the academies have at once; none for no academy, and none that
// the file does not know. What a collège or an island has alone is left out.
func (c *Calendar) Holidays(academies []string, from, until okey.Day) []Span {
	var spans []Span
	for d := from; d.Before(until); d = d.AddDays(1) {
		if !c.closedEverywhere(academies, dayOf(d.Time())) {
			continue
		}
		if last := len(spans) - 1; last >= 0 && spans[last].Back == d {
			spans[last].Back = d.AddDays(1)
		} else {
			spans = append(spans, Span{d, d.AddDays(1)})
		}
	}
	return slices.DeleteFunc(spans, func(s Span) bool {
		// a span that is cut off at an end may be longer than what is seen of it
		return s.First != from && s.Back != until && s.Back.Before(s.First.AddDays(leastHolidays))
	})
}

func (c *Calendar) closedEverywhere(academies []string, date day) bool {
	for _, academy := range academies {
		if !slices.ContainsFunc(c.school[canonical(academy)], func(p period) bool {
			return p.first <= date && date < p.back && p.closes.colleges && p.closes.lycees && p.closes.parts == nil
		}) {
			return false
		}
	}
	return len(academies) > 0
}
