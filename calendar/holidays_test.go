package calendar_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"okey/calendar"
	"okey/okey"
)

func on(year int, month time.Month, day int) okey.Day { return okey.NewDay(year, month, day) }

func TestHolidaysAreThoseThatAllAcademiesHaveAtOnce(t *testing.T) {
	c := demonstration(t)
	winterOfZoneA := calendar.Span{First: on(2027, 2, 13), Back: on(2027, 3, 1)}
	autumn := calendar.Span{First: on(2026, 10, 17), Back: on(2026, 11, 2)}
	christmas := calendar.Span{First: on(2026, 12, 19), Back: on(2027, 1, 4)}
	from, until := on(2026, 10, 1), on(2027, 3, 10)
	assert.Equal(t, []calendar.Span{autumn, christmas, winterOfZoneA}, c.Holidays([]string{lyon}, from, until))
	assert.Equal(t, []calendar.Span{autumn, christmas, {First: on(2027, 2, 13), Back: on(2027, 2, 22)}},
		c.Holidays([]string{lyon, paris}, from, until), "zone C is back before zone A")
	assert.Equal(t, []calendar.Span{{First: on(2026, 10, 30), Back: on(2026, 11, 2)}},
		c.Holidays([]string{paris}, on(2026, 10, 30), on(2026, 11, 9)), "the end of holidays that began before")
	assert.Empty(t, c.Holidays([]string{paris}, on(2027, 5, 3), on(2027, 5, 20)), "a bridge is not holidays")
	assert.Empty(t, c.Holidays([]string{paris, "nowhere"}, from, until))
	assert.Empty(t, c.Holidays(nil, from, until))
	for academy, spring := range map[string]calendar.Span{
		lyon:      {First: on(2026, 4, 4), Back: on(2026, 4, 20)},
		normandie: {First: on(2026, 4, 11), Back: on(2026, 4, 27)},
		paris:     {First: on(2026, 4, 18), Back: on(2026, 5, 4)},
	} {
		assert.Equal(t, []calendar.Span{spring}, c.Holidays([]string{academy}, on(2026, 3, 9), on(2026, 7, 1)),
			"the demonstration begins in the school year before")
	}
	assert.Empty(t, calendar.PublicOnly().Holidays([]string{paris}, from, until))
}
