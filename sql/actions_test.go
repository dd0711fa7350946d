package sql_test

import (
	"context"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnActionIdIsNotReused(t *testing.T) {
	s := scene.New(t)
	lea, paul := s.Person("Léa Martin", okey.Staff, scene.Tilleuls), s.Person("Paul Petit", okey.Staff, scene.Tilleuls)
	first := okey.Action{
		ID: uuid.New(), Request: uuid.New(), Name: okey.ActionOf(okey.Withdrawal), By: lea.ID, Via: okey.ViaAPI,
		Digest: []byte{1}, CreatedAt: scene.Now,
	}
	_, err := s.Store.RecordAction(context.Background(), first)
	require.NoError(t, err)
	_, err = s.Store.RecordAction(context.Background(), first)
	require.NoError(t, err, "the same again is a repeat")
	for name, change := range map[string]func(*okey.Action){
		"person": func(a *okey.Action) { a.By = paul.ID }, "request": func(a *okey.Action) { a.Request = uuid.New() },
		"content": func(a *okey.Action) { a.Digest = []byte{2} }, "name": func(a *okey.Action) { a.Name = okey.ActionOf(okey.Handover) },
	} {
		other := first
		change(&other)
		_, err := s.Store.RecordAction(context.Background(), other)
		assert.Equal(t, okey.CodeActionReused, okey.ErrorCode(err), name)
	}
	assert.Equal(t, 1, s.Count(`SELECT count(*) FROM action`))
}

// Ids of what follows are derived, and anybody can work them out: an action put there beforehand keeps nobody from being told.
func TestNobodyPreemptsWhatTheFlowDoesNext(t *testing.T) {
	s := scene.New(t)
	lea := s.Person("Léa Martin", okey.Staff, scene.Tilleuls)
	given, other := uuid.New(), uuid.New()
	follow := func(subject uuid.UUID) {
		t.Helper()
		require.NoError(t, s.Store.Do(t.Context(), func(tx *sql.Tx) error {
			return tx.FollowUp(t.Context(), okey.Action{
				ID: okey.DerivedID(subject, "delegation-given"), Subject: subject, Name: okey.ActionDelegationGiven,
				Via: okey.ViaEngine, CreatedAt: scene.Now,
			})
		}))
	}
	_, err := s.Store.RecordAction(t.Context(), okey.Action{
		ID: okey.DerivedID(given, "delegation-given"), Request: uuid.New(), Name: okey.ActionAsk, By: lea.ID,
		Via: okey.ViaAPI, Digest: []byte{1}, CreatedAt: scene.Now,
	})
	require.NoError(t, err)
	follow(given)
	assert.Equal(t, 1, s.Count(`SELECT count(*) FROM action WHERE name = 'delegation-given' AND subject = $1`, given))
	follow(other)
	follow(other)
	assert.Equal(t, 1, s.Count(`SELECT count(*) FROM action
		WHERE name = 'delegation-given' AND subject = $1`, other), "the same again is a repeat")
}

func TestWhoeverWaitsLearnsTheOutcome(t *testing.T) {
	s := scene.New(t)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	outcomes, err := s.Store.ListenOutcomes(ctx)
	require.NoError(t, err)
	a := s.Ask(s.Person("Léa Martin", okey.Staff, scene.Tilleuls), scene.Tilleuls)
	learned := make(chan okey.Action, 1)
	go func() {
		wait, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		done, _ := outcomes.Wait(wait, a.ID)
		learned <- done
	}()
	require.NoError(t, s.Store.Do(ctx, func(tx *sql.Tx) error { return tx.Judged(ctx, a.ID, okey.Verdict{Accepted: true}, scene.Now) }))
	assert.True(t, (<-learned).Verdict.Accepted)
}

func TestAWaitWithoutOutcomeEndsWithTheRowAsItStands(t *testing.T) {
	s := scene.New(t)
	outcomes, err := s.Store.ListenOutcomes(t.Context())
	require.NoError(t, err)
	a := s.Ask(s.Person("Léa Martin", okey.Staff, scene.Tilleuls), scene.Tilleuls)
	over, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	<-over.Done()
	done, err := outcomes.Wait(over, a.ID)
	require.NoError(t, err)
	assert.Nil(t, done.Verdict)
}

// What a worker could not judge, the next one may: it waits for nobody's turn, whether a watch or the server itself brought it last.
func TestAllThatHasNoOutcomeIsLookedAtAnewWhenAWorkerStarts(t *testing.T) {
	s := scene.New(t)
	lea := s.Person("Léa Martin", okey.Staff, scene.Tilleuls)
	for looks := range 5 {
		a := s.Ask(lea, scene.Tilleuls)
		s.Exec(`UPDATE action SET looks = $2, looked_at = $3 WHERE id = $1`, a.ID, looks, scene.Now)
	}
	due := func() int {
		found, err := s.Store.Undelivered(t.Context(), scene.Now.Add(time.Second), scene.Now.Add(time.Second), 10)
		require.NoError(t, err)
		return len(found)
	}
	require.Zero(t, due())
	require.NoError(t, s.Store.LookAgain(t.Context()))
	assert.Equal(t, 5, due())
}
