package sql_test

import (
	"context"
	"testing"
	"time"

	"okey/internal/pgtest"
	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// behind opens the scene's database once more, behind a proxy.
func behind(t *testing.T, s *scene.Scene) (*pgtest.Proxy, *sql.Store) {
	t.Helper()
	proxy := pgtest.NewProxy(t, s.URL)
	store, err := sql.Open(proxy.URL, s.Keys)
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() })
	return proxy, store
}

// judgeUnheard writes the outcome of an action as Judged does, without a notification.
func judgeUnheard(s *scene.Scene, a okey.Action) {
	s.Exec(`UPDATE action SET outcome = 'accepted', verdict = '{"accepted": true}', judged_at = $2 WHERE id = $1`, a.ID, scene.Now)
}

func TestAnOutcomeThatNobodyToldIsSeenBeforeTheWaitEnds(t *testing.T) {
	s := scene.New(t)
	outcomes, err := s.Store.ListenOutcomes(t.Context())
	require.NoError(t, err)
	a := s.Ask(s.Person("Léa Martin", okey.Staff, scene.Tilleuls), scene.Tilleuls)
	wait, cancel := context.WithCancel(t.Context())
	defer cancel()
	learned := make(chan okey.Action, 1)
	go func() {
		done, _ := outcomes.Wait(wait, a.ID)
		learned <- done
	}()
	judgeUnheard(s, a)
	require.Eventually(t, func() bool { return len(learned) == 1 }, 20*time.Second, 10*time.Millisecond, "and the wait goes on")
	assert.True(t, (<-learned).Verdict.Accepted)
}

func TestTheRowIsReadOnceMoreWhenTheWaitEnds(t *testing.T) {
	s := scene.New(t)
	outcomes, err := s.Store.ListenOutcomes(t.Context())
	require.NoError(t, err)
	a := s.Ask(s.Person("Léa Martin", okey.Staff, scene.Tilleuls), scene.Tilleuls)
	sql.NeverLookAgain(outcomes)
	wait, over := context.WithCancel(t.Context())
	learned := make(chan okey.Action, 1)
	go func() {
		done, _ := outcomes.Wait(wait, a.ID)
		learned <- done
	}()
	require.Eventually(t, func() bool { return sql.Waiting(outcomes) }, 20*time.Second, time.Millisecond)
	judgeUnheard(s, a)
	over()
	require.NotNil(t, (<-learned).Verdict)
}

func TestANotificationComesBackOrIsMissed(t *testing.T) {
	s := scene.New(t)
	proxy, store := behind(t, s)
	outcomes, err := store.ListenOutcomes(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, proxy.Silence(), "the listening connection")
	require.NoError(t, store.Ping(t.Context()))
	soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	assert.Error(t, outcomes.RoundTrip(soon))

	outcomes, err = store.ListenOutcomes(t.Context())
	require.NoError(t, err)
	require.NoError(t, outcomes.RoundTrip(t.Context()))
}
