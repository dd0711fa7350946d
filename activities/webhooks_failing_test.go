package activities_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"okey/config"
	"okey/internal/scene"
	"okey/okey"
	"okey/webhook"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPausesGrowUntilTheReceiverIsStoppedAndSupportTold(t *testing.T) {
	p := newPeer(t)
	s := newSending(t, config.Webhook{Name: "a", URL: p.URL})
	p.answers(func(okey.EventMessage) int { return 0 })
	s.happens(s.Key(scene.Tilleuls), okey.ReasonLost)
	began := s.at
	var pauses []time.Duration
	var report okey.WebhookReport
	for report = s.turn("a", true); report.State == okey.WebhookActive; report = s.turn("a", true) {
		require.False(t, s.row("a").Alive)
		require.True(t, report.Alive, "of one key's: others may be taken")
		require.Empty(t, report.Letters)
		require.Less(t, len(pauses), 100)
		pauses, s.at = append(pauses, report.Pause), s.at.Add(report.Pause)
	}
	assert.True(t, slices.IsSorted(pauses), "%v", pauses)
	assert.Equal(t, 5*time.Second, pauses[0])
	assert.Equal(t, 6*time.Hour, pauses[len(pauses)-1])
	assert.InDelta(t, okey.WebhookPatience, s.at.Sub(began), float64(7*time.Hour))
	assert.Equal(t, okey.WebhookStopped, report.State)
	require.Len(t, report.Letters, 1)
	assert.Equal(t, okey.MailWebhookStopped, report.Letters[0].Step.Kind)
	assert.Equal(t, s.row("a").ID, report.Letters[0].Subject)
	tried := p.tried
	assert.Equal(t, okey.WebhookReport{State: okey.WebhookStopped}, s.turn("a", true), "told once")
	assert.Equal(t, tried, p.tried, "and left in peace")

	p.answers(func(okey.EventMessage) int { return http.StatusOK })
	s.resume("a")
	assert.Equal(t, okey.WebhookReport{State: okey.WebhookActive}, s.turn("a", true))
	assert.Equal(t, []int{1}, p.numbers(""), "nothing was lost")
}

func TestAReceiverThatIsGoneIsStoppedAtOnce(t *testing.T) {
	p := newPeer(t)
	s := newSending(t, config.Webhook{Name: "a", URL: p.URL})
	p.answers(func(okey.EventMessage) int { return http.StatusGone })
	s.happens(s.Key(scene.Tilleuls), okey.ReasonLost)
	report := s.turn("a", true)
	assert.Equal(t, okey.WebhookStopped, report.State)
	assert.Len(t, report.Letters, 1)
}

// What fails alone, again and again, tells nothing of other keys: theirs leave at once, and its own pauses grow all the same.
func TestARetryThatFailsAloneKeepsNoOtherKeyBack(t *testing.T) {
	p := newPeer(t)
	s := newSending(t, config.Webhook{Name: "a", URL: p.URL})
	bad, good := s.Key(scene.Tilleuls), s.Key(scene.Tilleuls)
	p.answers(func(m okey.EventMessage) int {
		if m.Data["serial"] == string(bad) {
			return http.StatusInternalServerError
		}
		return http.StatusOK
	})
	s.happens(bad, okey.ReasonLost)
	last := time.Duration(0)
	for n, reason := range []okey.KeyReason{okey.ReasonLost, okey.ReasonFound, okey.ReasonLost, okey.ReasonFound} {
		alone := s.turn("a", true)
		require.True(t, alone.Alive, "new events leave at once")
		require.Greater(t, alone.Pause, last)
		s.happens(good, reason)
		s.at = s.at.Add(time.Second)
		beside := s.turn("a", false)
		require.Len(t, p.numbers(good), n+1)
		require.True(t, beside.Alive)
		if n > 0 { // the first one says that the receiver is there
			require.Equal(t, alone.Pause-time.Second, beside.Pause, "the pause goes on")
		}
		last, s.at = alone.Pause, s.at.Add(beside.Pause)
	}
}

// Several that fail are not the receiver's end either, as long as it takes others: those go in the same turn.
func TestSeveralThatFailKeepNoOtherKeyBack(t *testing.T) {
	p := newPeer(t)
	s := newSending(t, config.Webhook{Name: "a", URL: p.URL})
	good := s.Key(scene.Tilleuls)
	p.answers(func(m okey.EventMessage) int {
		if m.Data["serial"] != string(good) {
			return http.StatusInternalServerError
		}
		return http.StatusOK
	})
	const bad = 2 * webhook.Together
	for range bad {
		s.happens(s.Key(scene.Tilleuls), okey.ReasonLost)
	}
	for n := 0; len(s.row("a").Waiting) < bad; n++ {
		require.Less(t, n, bad)
		require.False(t, s.turn("a", false).Alive)
	}
	s.happens(good, okey.ReasonLost)
	require.True(t, s.turn("a", false).Alive)
	s.at = s.at.Add(time.Hour)
	require.True(t, s.turn("a", true).Alive, "none but those that failed before")
	s.happens(good, okey.ReasonFound)
	s.at = s.at.Add(time.Hour)
	require.True(t, s.turn("a", true).Alive)
	assert.Len(t, p.numbers(good), 2)
}

// One that is away is asked a few times, not for each key.
func TestAReceiverThatIsAwayIsLeftInPeace(t *testing.T) {
	p := newPeer(t)
	s := newSending(t, config.Webhook{Name: "a", URL: p.URL})
	p.answers(func(okey.EventMessage) int { return http.StatusBadGateway })
	for range 60 {
		s.happens(s.Key(scene.Tilleuls), okey.ReasonLost)
	}
	assert.False(t, s.turn("a", true).Alive, "new events are for a probe")
	assert.LessOrEqual(t, p.tried, 3+webhook.Together)
	p.answers(func(okey.EventMessage) int { return http.StatusOK })
	s.at = s.at.Add(time.Minute)
	for report := s.turn("a", true); report.More; report = s.turn("a", true) {
	}
	got := p.numbers("")
	slices.Sort(got)
	assert.Len(t, slices.Compact(got), 60)
}

// One that is back takes what it had not taken: a key's next event does not wait for as long as the receiver was away.
func TestAReceiverThatIsBackIsSentWhatItMissed(t *testing.T) {
	p := newPeer(t)
	s := newSending(t, config.Webhook{Name: "a", URL: p.URL})
	p.answers(func(okey.EventMessage) int { return http.StatusBadGateway })
	serial := s.Key(scene.Tilleuls)
	s.happens(serial, okey.ReasonLost)
	for range 8 {
		s.at = s.at.Add(s.turn("a", true).Pause)
	}
	p.answers(func(okey.EventMessage) int { return http.StatusOK })
	s.happens(s.Key(scene.Tilleuls), okey.ReasonLost)
	s.at = s.at.Add(time.Minute)
	report := s.turn("a", false)
	assert.True(t, report.Alive)
	assert.Equal(t, okey.WebhookPause(1, true, 0), report.Pause)
	s.at = s.at.Add(report.Pause)
	s.turn("a", true)
	assert.Empty(t, s.row("a").Waiting)
}

// What a worker had under way when it was killed comes again: at least once, and in order.
func TestAKilledTurnIsMadeAgain(t *testing.T) {
	p := newPeer(t)
	s := newSending(t, config.Webhook{Name: "a", URL: p.URL})
	serial := s.Key(scene.Tilleuls)
	s.happens(serial, okey.ReasonLost, okey.ReasonFound, okey.ReasonLost)
	ctx, kill := context.WithCancel(t.Context())
	p.answers(func(m okey.EventMessage) int {
		if m.Sequence == 2 {
			kill()
		}
		return http.StatusOK
	})
	_, err := s.webhooks.Deliver(ctx, okey.WebhookTurn{Receiver: "a", Retry: true, At: s.at})
	require.ErrorIs(t, err, context.Canceled)
	s.turn("a", true)
	assert.Equal(t, []int{1, 2, 1, 2, 3}, p.numbers(serial))
}
