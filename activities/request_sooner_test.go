package activities_test

import (
	"testing"
	"time"

	"okey/calendar"
	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
)

// openDaysLater is the end of the day that comes n open days after an instant, at the Tilleuls.
func openDaysLater(t *testing.T, c *fixture, from time.Time, n int) time.Time {
	t.Helper()
	place, err := c.Store.Establishment(t.Context(), scene.Tilleuls)
	assert.NoError(t, err)
	zone := okey.ZoneOf(place.Academy)
	day := calendar.PublicOnly().AddOpenDays(place.Establishment, from.In(zone), n)
	return time.Date(day.Year(), day.Month(), day.Day(), 23, 59, 59, 0, zone).UTC()
}

// somebody comes to wait in line.
func (c *fixture) joins(name string) okey.Verdict {
	c.Helper()
	request, _ := c.ask(c.Person(name, okey.Staff, scene.Tilleuls), okey.FirstKey)
	v := c.approve(request)
	assert.Equal(c, okey.AwaitingStock, v.Standing.Stage)
	return v
}

func TestAReserveEndsSoonerOnceOthersWait(t *testing.T) {
	c := newFixture(t)
	request, _ := c.until(okey.AwaitingHandover)
	since := c.now
	assert.Equal(t, openDaysLater(t, c, since, 20), c.Request(request).KeptUntil, "nobody waits")

	c.now = since.Add(time.Hour)
	assert.Equal(t, []uuid.UUID{request}, c.joins("Noé Neuf").Woken)
	nudge := okey.Matter{Kind: okey.MatterNudge, Request: request, Signal: okey.StockAvailable, Once: "run/1"}
	told := c.put(nudge)
	assert.Equal(t, []okey.MailKind{okey.MailOthersWait}, kinds(told))
	until := openDaysLater(t, c, since, 10)
	assert.Equal(t, until, c.Request(request).KeptUntil, "what pages and mails read")
	assert.True(t, until.Equal(told.Standing.ExpiryOf()), "and the flow")
	assert.Equal(t, okey.AwaitingHandover, told.Standing.Stage)
	for _, d := range told.Standing.Deadlines {
		assert.False(t, d.At.After(until), "%s falls due after the end", d.Kind)
	}
	assert.False(t, c.Request(request).WakeUpOwed)
	assert.Equal(t, told, c.put(nudge), "a second attempt answers what the first did")
	assert.Empty(t, c.joins("Zoé Neuf").Woken, "told once")
}

// Who was promised more has some days left from the moment that they are told.
func TestWhoIsToldLateHasThreeOpenDaysLeft(t *testing.T) {
	c := newFixture(t)
	request, _ := c.until(okey.AwaitingHandover)
	c.now = openDaysLater(t, c, c.now, 9).Add(-6 * time.Hour)
	c.joins("Noé Neuf")
	c.put(okey.Matter{Kind: okey.MatterNudge, Request: request, Signal: okey.StockAvailable})
	assert.Equal(t, openDaysLater(t, c, c.now, 3), c.Request(request).KeptUntil)
}

func TestAReserveThatBeginsWhileOthersWaitIsTheShorterOne(t *testing.T) {
	c := newFixture(t)
	request, _ := c.until(okey.AwaitingCharter)
	assert.Empty(t, c.joins("Noé Neuf").Woken, "the time to sign stays")
	c.sign(c.lea, request)
	assert.Equal(t, openDaysLater(t, c, c.now, 10), c.Request(request).KeptUntil)
}

// A request goes by the lengths that it began with: who was there before the rule keeps their time.
func TestAReserveFromBeforeTheRuleKeepsItsTime(t *testing.T) {
	c := newFixture(t)
	request, _ := c.until(okey.AwaitingHandover)
	until := c.Request(request).KeptUntil
	c.joins("Noé Neuf")
	old := okey.DefaultWaits()
	old.HandoverShared, old.HandoverNotice = 0, 0
	v, err := c.judge.Judge(t.Context(), okey.Matter{
		Kind: okey.MatterNudge, Request: request, Signal: okey.StockAvailable, Once: "run/1", At: c.now, Waits: old,
	})
	assert.NoError(t, err)
	assert.Empty(t, v.Mails)
	assert.Equal(t, until, c.Request(request).KeptUntil)
	assert.False(t, c.Request(request).WakeUpOwed)
}
