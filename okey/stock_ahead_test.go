package okey_test

import (
	"testing"
	"time"

	"okey/okey"

	"github.com/stretchr/testify/assert"
)

func TestTheMonthsAheadCountEachKeyUntilItEnds(t *testing.T) {
	today := okey.NewDay(2026, time.November, 24)
	on := func(y int, m time.Month, d int) okey.Day { return okey.NewDay(y, m, d) }
	ahead := okey.StockAhead([]okey.Expiring{
		{On: on(2026, time.November, 23), State: okey.InService, Keys: 1}, // has ended
		{On: today, State: okey.InService, Keys: 2},
		{On: on(2026, time.December, 31), State: okey.InService, Keys: 4},
		{On: on(2027, time.May, 23), State: okey.InStock, Keys: 8}, // a day too short to be lent
		{On: on(2027, time.May, 24), State: okey.InStock, Keys: 16},
		{On: on(2029, time.January, 1), State: okey.InStock, Keys: 32},
		{On: on(2027, time.January, 1), State: okey.Attributed, Keys: 64},
		{On: on(2029, time.January, 1), State: okey.Lost, Keys: 128},
		{On: on(2029, time.January, 1), State: okey.InTransit, Keys: 256},
	}, today, 4)
	assert.Equal(t, []okey.StockMonth{
		{From: today, Free: 48, Lent: 4, Ending: 2},
		{From: on(2026, time.December, 1), Free: 32, Ending: 4},
		{From: on(2027, time.January, 1), Free: 32, Ending: 64},
		{From: on(2027, time.February, 1), Free: 32},
	}, ahead)
}

func TestTheMonthsAheadCrossTheYearFromItsLastDay(t *testing.T) {
	ahead := okey.StockAhead(nil, okey.NewDay(2026, time.December, 31), okey.AheadMonths)
	assert.Len(t, ahead, okey.AheadMonths)
	assert.Equal(t, okey.NewDay(2027, time.January, 1), ahead[1].From)
	assert.Equal(t, "novembre 2027", ahead[11].From.SayMonth())
}
