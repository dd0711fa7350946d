package okey_test

import (
	"testing"
	"time"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestOnlyAKeyInServiceMayBeDeclaredByItsHolder(t *testing.T) {
	for _, row := range okey.KeyTransitions {
		declared := row.From == okey.InService && (row.Reason == okey.ReasonLost || row.Reason == okey.ReasonDefective)
		assert.Equal(t, declared, row.Holder, "%s: %s", row.From, row.Reason)
	}
}

func TestARetiredKeyComesBackByNobodyButSupport(t *testing.T) {
	today := okey.NewDay(2026, time.November, 23)
	head := okey.Actor{Person: okey.Person{ID: uuid.New()}, Assignments: []okey.Assignment{{UAI: "0069001B", Function: okey.Principal}}}
	support := okey.Actor{Person: okey.Person{ID: uuid.New()}, Support: true}
	key, at := okey.Key{State: okey.Retired, UAI: "0069001B"}, okey.Subject{UAI: "0069001B"}
	for _, reason := range okey.ChangeReasons() {
		_, err := okey.NextKeyState(okey.Retired, reason)
		assert.Equal(t, reason == okey.ReasonFound, err == nil, "%s", reason)
	}
	assert.Equal(t, okey.CodeKeyTransition, okey.ErrorCode(okey.MayChangeKey(head, key, at, okey.ReasonFound, today)))
	assert.NoError(t, okey.MayChangeKey(support, key, at, okey.ReasonFound, today))
	key.State = okey.Lost
	assert.NoError(t, okey.MayChangeKey(head, key, at, okey.ReasonFound, today), "a lost one is the head's business")
}

func TestEveryKeyReasonIsUsedAndNamed(t *testing.T) {
	used := map[okey.KeyReason]bool{}
	for _, row := range okey.KeyTransitions {
		used[row.Reason] = true
		assert.NotEmpty(t, row.Reason.French())
		assert.NotEmpty(t, row.From.French())
	}
	for _, reason := range okey.ChangeReasons() {
		assert.True(t, used[reason], "%s leads nowhere", reason)
	}
}

func TestAKeyIsLendableForSixMonthsYet(t *testing.T) {
	today := okey.NewDay(2026, time.November, 23)
	key := okey.Key{State: okey.InStock, ExpiresOn: okey.NewDay(2027, time.May, 23)}
	assert.True(t, key.Lendable(today))
	key.ExpiresOn = okey.NewDay(2027, time.May, 22)
	assert.False(t, key.Lendable(today))
}

func TestOnlyTheHolderAndThoseWhoManageKeysMayReportAKey(t *testing.T) {
	today := okey.NewDay(2026, time.November, 23)
	holder, stranger := uuid.New(), okey.Actor{Person: okey.Person{ID: uuid.New()}}
	key := okey.Key{Serial: "1", State: okey.InService, Holder: holder}
	subject := okey.Subject{Owner: holder, UAI: "0061694J"}
	own := okey.Actor{Person: okey.Person{ID: holder}}
	assert.NoError(t, okey.MayChangeKey(own, key, subject, okey.ReasonLost, today))
	assert.Equal(t, okey.CodeForbidden, okey.ErrorCode(okey.MayChangeKey(own, key, subject, okey.ReasonReturn, today)))
	assert.Equal(t, okey.CodeNotFound, okey.ErrorCode(okey.MayChangeKey(stranger, key, subject, okey.ReasonLost, today)))
}

func TestMonthsEndOnTheMonthsLastDay(t *testing.T) {
	assert.Equal(t, "2027-02-28", okey.NewDay(2026, time.August, 31).AddMonths(6).String())
	rapid.Check(t, func(t *rapid.T) {
		day := okey.NewDay(
			rapid.IntRange(2000, 2100).Draw(t, "year"),
			time.Month(rapid.IntRange(1, 12).Draw(t, "month")),
			rapid.IntRange(1, 28).Draw(t, "day"),
		)
		months := rapid.IntRange(0, 120).Draw(t, "months")
		later := day.AddMonths(months)
		assert.False(t, later.Before(day))
		assert.Equal(t, day.Time().Day(), later.Time().Day())
	})
}
