package worker

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
)

func TestWhatCannotBeJudgedIsTriedLessAndLessOften(t *testing.T) {
	for turn, pause := range []time.Duration{time.Minute, 5 * time.Minute, time.Hour, time.Hour} {
		var said *temporal.ApplicationError
		require.ErrorAs(t, postponed(errors.New("a bug"), int32(fewAttempts+1+turn)), &said)
		assert.Equal(t, "a bug", said.Message())
		assert.False(t, said.NonRetryable())
		assert.Equal(t, pause, said.NextRetryDelay(), "turn %d", turn)
	}

	ends := temporal.NewNonRetryableApplicationError("for good", "x", nil)
	assert.Equal(t, ends, postponed(ends, 9), "what ends by itself ends")
}
