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
	pauses := map[time.Duration]int{}
	for attempt := int32(fewAttempts + 1); attempt <= 40; attempt++ {
		var said *temporal.ApplicationError
		require.ErrorAs(t, postponed(errors.New("a bug"), attempt), &said)
		assert.Equal(t, "a bug", said.Message())
		assert.False(t, said.NonRetryable())
		pauses[said.NextRetryDelay()]++
	}
	assert.Equal(t, map[time.Duration]int{time.Minute: 5, 5 * time.Minute: 12, time.Hour: 20}, pauses)

	ends := temporal.NewNonRetryableApplicationError("for good", "x", nil)
	assert.Equal(t, ends, postponed(ends, 9), "what ends by itself ends")
}
