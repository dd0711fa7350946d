package okey_test

import (
	"testing"
	"time"

	"okey/okey"

	"github.com/stretchr/testify/assert"
)

func TestWhereADelegationStandsFromDayToDay(t *testing.T) {
	d := okey.GivenDelegation{Delegation: okey.Delegation{From: today, Until: today.AddDays(2)}, Valid: today.AddDays(2)}
	for days, state := range map[int]okey.DelegationState{
		-1: okey.DelegationComing, 0: okey.DelegationCurrent, 2: okey.DelegationCurrent, 3: okey.DelegationPast,
	} {
		assert.Equal(t, state, d.State(today.AddDays(days)), "%d", days)
	}
	short := d
	short.Valid = today.AddDays(1)
	assert.Equal(t, okey.DelegationCurrent, short.State(today.AddDays(1)))
	assert.Equal(t, okey.DelegationLapsed, short.State(today.AddDays(2)), "its giver's last day was the day before")
	short.Valid = okey.Day{}
	assert.Equal(t, okey.DelegationLapsed, short.State(today))
	assert.False(t, short.Live(today))
	d.EndedAt = time.Now()
	assert.Equal(t, okey.DelegationEnded, d.State(today))
}

func TestADelegationThatIsOverBeforeItsFirstDayIsCalledOff(t *testing.T) {
	d := okey.GivenDelegation{Delegation: okey.Delegation{From: today, Until: today.AddDays(2)}, Valid: today.AddDays(2)}
	assert.False(t, d.CalledOff(today.AddDays(-1), time.UTC), "it is to come")
	assert.False(t, d.CalledOff(today.AddDays(3), time.UTC), "it has passed")
	d.EndedAt = today.Time()
	assert.False(t, d.CalledOff(today.AddDays(1), time.UTC), "it had begun that very day")
	d.EndedAt = today.AddDays(-1).Time()
	assert.True(t, d.CalledOff(today.AddDays(9), time.UTC), "however long ago")
	late := time.FixedZone("far east", 14*60*60)
	d.EndedAt = today.AddDays(-1).Time().Add(12 * time.Hour)
	assert.False(t, d.CalledOff(today, late), "there the day had come")
	d.EndedAt, d.Valid = time.Time{}, okey.Day{}
	assert.True(t, d.CalledOff(today.AddDays(-1), time.UTC), "its giver has left")
	assert.False(t, d.CalledOff(today, time.UTC))
}

func TestOneDayIsNoSpan(t *testing.T) {
	assert.Equal(t, "le "+today.Say(today), okey.Delegation{From: today, Until: today}.SayDays(today))
	assert.Equal(
		t,
		"du "+today.Say(today)+" au "+today.AddDays(1).Say(today),
		okey.Delegation{From: today, Until: today.AddDays(1)}.SayDays(today),
	)
}

func TestADelegationLastsAYearAtMost(t *testing.T) {
	last := today.AddMonths(okey.MaxDelegation).AddDays(-1)
	for _, one := range []struct {
		from, until okey.Day
		field       string
	}{
		{today, today, ""},
		{today, last, ""},
		{today, last.AddDays(1), "until"},
		{today.AddDays(-1), today, "from"},
		{today.AddDays(-5), today.AddDays(-1), "until"},
		{today.AddDays(1), today, "until"},
		{today.AddMonths(okey.MaxDelegation).AddDays(1), today.AddMonths(okey.MaxDelegation).AddDays(2), "from"},
	} {
		wrong := okey.Delegation{Scope: okey.Everything, From: one.from, Until: one.until}.Check(today)
		if one.field == "" {
			assert.Empty(t, wrong, "%s to %s", one.from, one.until)
			continue
		}
		if assert.Len(t, wrong, 1, "%s to %s", one.from, one.until) {
			assert.Equal(t, one.field, wrong[0].Field)
		}
	}
	assert.Len(t, okey.Delegation{From: today, Until: today}.Check(today), 1, "a scope is chosen")
}
