package okey

import "time"

// AheadMonths is how many months a stock is looked ahead, the current one included.
const AheadMonths = 12

// Expiring is how many keys of one state end on one day.
type Expiring struct {
	On    Day
	State KeyState
	Keys  int
}

// StockMonth is what a stock will be in a month, from today on in the first of them, if no key comes, goes or changes hands until then. A
// key is counted once.
type StockMonth struct {
	From   Day // today, then the first of each month
	Free   int // in the drawer and good enough to be lent
	Lent   int // in service or lent, and good beyond the month
	Ending int // in the drawer, kept aside or in service: those that end before the next month begins
}

// LooksAhead tells whether keys in the state count in what a stock will be: mislaid, lost and broken ones do not, nor those that have not
// arrived.
func (s KeyState) LooksAhead() bool {
	switch s {
	case InStock, Reserved, Attributed, InService, Lent:
		return true
	}
	return false
}

// StockAhead reckons the coming months from the days on which an establishment's keys end.
func StockAhead(keys []Expiring, today Day, months int) []StockMonth {
	ahead := make([]StockMonth, months)
	for i := range ahead {
		m := &ahead[i]
		m.From = today
		if i > 0 {
			m.From = today.firstOfMonth(i)
		}
		next := today.firstOfMonth(i + 1)
		for _, k := range keys {
			m.count(k, next)
		}
	}
	return ahead
}

func (m *StockMonth) count(k Expiring, next Day) {
	if !k.State.LooksAhead() || k.On.Before(m.From) {
		return
	}
	switch {
	case k.On.Before(next):
		m.Ending += k.Keys
	case k.State == InService || k.State == Lent:
		m.Lent += k.Keys
	case k.State == InStock && !k.On.Before(m.From.AddMonths(LendableMonths)):
		m.Free += k.Keys
	}
}

// firstOfMonth is the first day of the month, n months later.
func (d Day) firstOfMonth(n int) Day {
	y, m, _ := d.t.Date()
	return NewDay(y, m+time.Month(n), 1)
}
