package calendar

import "time"

// day is a date without time or zone, as a number of days since 1 January 1970.
type day int

const secondsADay = 24 * 60 * 60

// dayOf is the date that t's own clock shows.
func dayOf(t time.Time) day {
	return day(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC).Unix() / secondsADay)
}

func (d day) midnight() time.Time { return time.Unix(int64(d)*secondsADay, 0).UTC() }

func (d day) next() day { return d + 1 }

func (d day) year() int { return d.midnight().Year() }

func (d day) weekday() time.Weekday { return d.midnight().Weekday() }

// at is the date at the time of day and in the zone of clock. A time of day that the change to summer time skips becomes
// the one an hour later.
func (d day) at(clock time.Time) time.Time {
	date := d.midnight()
	return time.Date(date.Year(), date.Month(), date.Day(),
		clock.Hour(), clock.Minute(), clock.Second(), clock.Nanosecond(), clock.Location())
}
