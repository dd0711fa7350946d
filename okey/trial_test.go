package okey_test

import (
	"slices"
	"testing"
	"time"

	"okey/okey"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestWhatIsCertainExplainsARefusalBeforeWhatIsLikely(t *testing.T) {
	at := time.Date(2026, time.November, 24, 9, 12, 0, 0, time.UTC)
	today := okey.DayOf(at, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		f := okey.TrialFacts{
			Key: okey.Key{
				State:     rapid.SampledFrom([]okey.KeyState{okey.InService, okey.Suspended, okey.Lent}).Draw(t, "state"),
				ExpiresOn: today.AddDays(rapid.IntRange(-3, 3).Draw(t, "days")),
				DueAt:     at.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "due")) * time.Hour),
			},
			PIN:   rapid.SampledFrom([]okey.PINKnown{okey.PINUnknown, okey.PINRight, okey.PINWrong, okey.PINLocked}).Draw(t, "pin"),
			Again: rapid.Bool().Draw(t, "again"), At: at, Today: today,
		}
		cause := f.LikelyCause()
		assert.Equal(t, f.Key.State == okey.Suspended, cause == okey.CauseMislaid)
		assert.Equal(t, f.Key.LoanOver(at), cause == okey.CauseLoanOver)
		usable := f.Key.State != okey.Suspended && !f.Key.LoanOver(at)
		assert.Equal(t, usable && f.Key.ExpiresOn.Before(today), cause == okey.CauseExpired)
		if usable && !f.Key.ExpiresOn.Before(today) {
			assert.Equal(t, map[okey.PINKnown]okey.TrialCause{
				okey.PINUnknown: okey.CausePINOrCode, okey.PINWrong: okey.CausePINWrong, okey.PINLocked: okey.CausePINLocked,
				okey.PINRight: map[bool]okey.TrialCause{true: okey.CauseStill, false: okey.CauseStep}[f.Again],
			}[f.PIN], cause)
		}
		assert.Equal(t, !usable || cause == okey.CauseExpired || f.PIN == okey.PINWrong || f.PIN == okey.PINLocked, f.Certain(), "else the server is asked")
		assert.Contains(t, okey.TrialCauses(), cause)
		said := okey.Trial{Outcome: okey.TrialRefused, Cause: cause}.French()
		assert.NotEqual(t, "refusée, ", said)
	})
	causes := okey.TrialCauses()
	assert.Len(t, slices.Compact(slices.Sorted(slices.Values(causes))), len(causes))
}
