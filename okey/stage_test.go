package okey_test

import (
	"testing"

	"okey/okey"

	"github.com/stretchr/testify/assert"
)

func TestNothingFollowsAClosedStage(t *testing.T) {
	for _, stage := range okey.Stages() {
		for _, signal := range append(okey.Signals(), okey.Expiry) {
			if stage.Closed() {
				assert.Nil(t, okey.Next(stage, signal), "%s after %s", signal, stage)
				assert.Equal(t, okey.CodeClosed, okey.ErrorCode(okey.CheckSignal(stage, signal)))
			}
		}
		assert.NotEmpty(t, stage.French())
	}
}

func TestEveryOpenStageCanEndByWithdrawal(t *testing.T) {
	for _, stage := range okey.Stages() {
		if !stage.Closed() {
			assert.Equal(t, []okey.Stage{okey.Withdrawn}, okey.Next(stage, okey.Withdrawal), "%s", stage)
		}
	}
}

func TestEveryOpenStageExpiresButTheWaitForStock(t *testing.T) {
	for _, stage := range okey.Stages() {
		expires := !stage.Closed() && stage != okey.AwaitingStock
		assert.Equal(t, expires, okey.Next(stage, okey.Expiry) != nil, "%s", stage)
	}
}

func TestEverySignalAppliesSomewhereAndEveryStageIsReached(t *testing.T) {
	reached := map[okey.Stage]bool{okey.AwaitingDecision: true}
	for _, signal := range okey.Signals() {
		applies := false
		for _, stage := range okey.Stages() {
			for _, to := range okey.Next(stage, signal) {
				applies, reached[to] = true, true
			}
		}
		assert.True(t, applies, "%s applies nowhere", signal)
	}
	for _, stage := range okey.Stages() {
		assert.True(t, reached[stage] || stage == okey.Expired, "%s is never reached", stage)
	}
}

func TestWrongStageIsToldFromClosed(t *testing.T) {
	assert.Equal(t, okey.CodeWrongStage, okey.ErrorCode(okey.CheckSignal(okey.AwaitingDecision, okey.Handover)))
	assert.Equal(t, okey.CodeClosed, okey.ErrorCode(okey.CheckSignal(okey.HandedOver, okey.Handover)))
	assert.NoError(t, okey.CheckSignal(okey.AwaitingHandover, okey.Handover))
}
