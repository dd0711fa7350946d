package okey_test

import (
	"slices"
	"testing"
	"time"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

// What a holder may say of a key at all is theirs to say in any state: whether it applies there is another answer.
func TestAHolderIsToldThatItDoesNotApplyRatherThanThatItIsNotTheirs(t *testing.T) {
	holder := uuid.New()
	key := okey.Key{Serial: "0048000001", UAI: "0069001B", State: okey.Suspended, Holder: holder}
	actor, subject, today := okey.Actor{Person: okey.Person{ID: holder}}, okey.Subject{Owner: holder, UAI: key.UAI}, okey.NewDay(2026, 11, 30)
	assert.NoError(t, okey.MayChangeKey(actor, key, subject, okey.ReasonMislaid, today))
	_, err := okey.NextKeyState(key.State, okey.ReasonMislaid)
	assert.Equal(t, okey.CodeKeyTransition, okey.ErrorCode(err))
	assert.Error(t, okey.MayChangeKey(actor, key, subject, okey.ReasonRetired, today), "that is for those who manage keys")
}

func TestOnlyAKeyInHandMayBeDeclaredByItsHolder(t *testing.T) {
	reasons := []okey.KeyReason{okey.ReasonLost, okey.ReasonDefective, okey.ReasonMislaid, okey.ReasonRecovered}
	for _, row := range okey.KeyTransitions {
		declared := row.From.InHand() && slices.Contains(reasons, row.Reason)
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

// A mislaid key is its holder's as one in service is: whatever may become of the one, may become of the other.
func TestAMislaidKeyHasEveryWayOutThatOneInServiceHas(t *testing.T) {
	for _, reason := range okey.ChangeReasons() {
		to, err := okey.NextKeyState(okey.InService, reason)
		if err != nil || to == okey.Suspended {
			continue
		}
		fromSuspended, err := okey.NextKeyState(okey.Suspended, reason)
		assert.NoError(t, err, "%s", reason)
		assert.Equal(t, to, fromSuspended, "%s", reason)
		assert.Equal(t, okey.HolderMayDeclare(okey.InService, reason), okey.HolderMayDeclare(okey.Suspended, reason), "%s", reason)
	}
	back, err := okey.NextKeyState(okey.Suspended, okey.ReasonRecovered)
	assert.NoError(t, err)
	assert.Equal(t, okey.InService, back)
}

func TestALoanIsOverOnceItsLastDayIsOver(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		since := time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(t, "since"), 0).UTC()
		key := okey.Key{State: okey.Lent, DueAt: okey.LoanUntil(since, func(from time.Time, n int) time.Time { return from.AddDate(0, 0, n) })}
		assert.Equal(t, since.AddDate(0, 0, okey.LoanDays).Format(time.DateOnly), key.DueAt.Format(time.DateOnly))
		assert.False(t, key.LoanOver(key.DueAt.Add(-time.Second)))
		assert.True(t, key.LoanOver(key.DueAt))
		assert.False(t, key.Overdue(key.DueAt.AddDate(1, 0, 0)), "time alone loses no lent key")
		own := okey.Key{State: okey.KeyState(rapid.SampledFrom(okey.KeyStates()).Draw(t, "state"))}
		assert.Equal(t, own.State != okey.Lent, len(okey.Own([]okey.Key{key, own})) == 1, "what is lent is nobody's own")
	})
}

func TestAMislaidKeyIsOverdueOnceItsLastDayIsOver(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		since := time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(t, "since"), 0).UTC()
		due := okey.MislaidDeadlines(since, func(from time.Time, n int) time.Time { return from.AddDate(0, 0, n) })
		standing := okey.Standing{Deadlines: due}
		key := okey.Key{State: okey.Suspended, DueAt: standing.ExpiryOf()}
		last := since.AddDate(0, 0, okey.MislaidExpiry)
		assert.Equal(t, okey.DueReminder, due[0].Kind)
		assert.True(t, due[0].At.Before(key.DueAt))
		assert.Equal(t, last.Format(time.DateOnly), key.DueAt.Format(time.DateOnly))
		assert.Equal(t, "23:59:59", key.DueAt.Format(time.TimeOnly), "the last day counts whole")
		assert.False(t, key.Overdue(key.DueAt.Add(-time.Second)))
		assert.True(t, key.Overdue(key.DueAt))
		key.State = okey.InService
		assert.False(t, key.Overdue(key.DueAt.AddDate(1, 0, 0)), "found")
	})
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
