package okey_test

import (
	"testing"
	"time"

	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEachAcademyChoosesWhetherKeysAreTriedAtTheCounter(t *testing.T) {
	proofs, err := okey.ParseCounterProofs([]string{"offered", "nice=required", "aix-marseille=off"})
	require.NoError(t, err)
	assert.Equal(t, okey.CounterProofRequired, proofs.At("23"))
	assert.Equal(t, okey.CounterProofOff, proofs.At("02"))
	assert.Equal(t, okey.CounterProofOffered, proofs.At("01"))
	assert.True(t, proofs.Offered("23"))
	assert.False(t, proofs.Offered("02"))
	assert.False(t, okey.CounterProofs(nil).Offered("23"), "nothing chosen")
	for _, wrong := range [][]string{{"perhaps"}, {"atlantis=required"}, {"nice="}, {"off", "required"}, {"nice=off", "nice=required"}} {
		_, err := okey.ParseCounterProofs(wrong)
		assert.ErrorContains(t, err, "OKEY_COUNTER_PROOF", wrong)
	}
}

func TestThreeRefusalsThatAreTheKeysAreAProofThatFailed(t *testing.T) {
	at := time.Date(2026, time.November, 24, 9, 12, 0, 0, time.UTC)
	of := func(outcomes ...okey.Trial) okey.Proof { // the latest first
		for i := range outcomes {
			outcomes[i].ID, outcomes[i].Key, outcomes[i].At = uuid.New(), "0048000001", at.Add(-time.Duration(i)*time.Minute)
		}
		others := okey.Trial{ID: uuid.New(), Key: "0048000002", Outcome: okey.TrialAccepted, At: at}
		return okey.ProofOf(append([]okey.Trial{others}, outcomes...), "0048000001")
	}
	right, away := okey.Trial{Outcome: okey.TrialAccepted}, okey.Trial{Outcome: okey.TrialAway}
	refused := func(cause okey.TrialCause) okey.Trial { return okey.Trial{Outcome: okey.TrialRefused, Cause: cause} }
	step, still, pin := refused(okey.CauseStep), refused(okey.CauseStill), refused(okey.CausePINWrong)

	assert.Zero(t, of(), "another key's says nothing")
	assert.True(t, of(still, still, step).Failed())
	assert.True(t, of(refused(okey.CausePINOrCode), pin, still, away, step).Failed())
	assert.False(t, of(still, pin, pin, step).Failed(), "a wrong PIN is not the key's fault")
	assert.False(t, of(still, right, still, step).Failed(), "it has worked since")
	assert.Equal(t, okey.CauseStill, of(still, step).Last.Cause)

	thrice := []okey.Trial{step, step, step}
	for i := range thrice {
		thrice[i].ID, thrice[i].Key, thrice[i].At = uuid.New(), "0048000001", at.Add(-time.Duration(i)*10*time.Second)
	}
	assert.Equal(t, 1, okey.ProofOf(thrice, "0048000001").Refused, "one number, typed three times")
	assert.False(t, okey.ProofOf(thrice, "0048000001").Failed())
	once := okey.Trial{ID: uuid.New(), Key: "0048000001", Outcome: okey.TrialRefused, Cause: okey.CauseStill, At: at.Add(-25 * time.Second)}
	assert.True(t, okey.ProofOf(append(thrice, once), "0048000001").Failed(), "no trial would be left to tell more")

	held := of(still, right)
	assert.Equal(t, at.Add(-time.Minute), held.HoldsAt(at), "a refusal afterwards takes nothing back")
	assert.False(t, held.HoldsAt(at.Add(29*time.Minute)).IsZero())
	assert.Zero(t, held.HoldsAt(at.Add(29*time.Minute+time.Second)))
	assert.Zero(t, of(step).HoldsAt(at))
}
