package sql_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// events are those after a number.
func events(t testing.TB, s *scene.Scene, after int64) []okey.OutboxEvent {
	t.Helper()
	found, err := s.Store.Events(context.Background(), after, 1000)
	require.NoError(t, err)
	return found.Events
}

// declare has something happen to a key.
func declare(t testing.TB, s *scene.Scene, serial okey.Serial, reason okey.KeyReason, then func()) {
	t.Helper()
	assert.NoError(t, s.Store.Do(context.Background(), func(tx *sql.Tx) error {
		_, err := tx.ChangeKey(context.Background(), serial, sql.KeyChange{Reason: reason, At: scene.Now, Via: okey.ViaEngine})
		then()
		return err
	}))
}

func nothing() {}

// Numbers that were given where something happens would appear in another order: who has read the second asks for what is after it.
func TestAnEventThatCommitsLateIsNotMissed(t *testing.T) {
	s := scene.New(t)
	early, late := s.Key(scene.Tilleuls), s.Key(scene.Tilleuls)
	var read int64
	declare(t, s, late, okey.ReasonLost, func() {
		declare(t, s, early, okey.ReasonDefective, nothing)
		seen := events(t, s, 0)
		require.Len(t, seen, 1)
		assert.Equal(t, early, seen[0].Serial)
		read = seen[0].Seq
	})
	seen := events(t, s, read)
	require.Len(t, seen, 1, "what began before and committed after")
	assert.Equal(t, late, seen[0].Serial)
	assert.Equal(t, okey.KeyEventLost, seen[0].Type)
}

// Whoever reads on from the last number has all of them, once, however many write meanwhile.
func TestAReaderMissesNothingWhileManyWrite(t *testing.T) {
	const writers, changes = 6, 10
	s := scene.New(t)
	var writing sync.WaitGroup
	for range writers {
		serial := s.Key(scene.Tilleuls)
		writing.Go(func() {
			for i := range changes {
				declare(t, s, serial, []okey.KeyReason{okey.ReasonLost, okey.ReasonFound}[i%2], nothing)
			}
		})
	}
	over := make(chan struct{})
	go func() { writing.Wait(); close(over) }()
	var seen []okey.OutboxEvent
	for last := false; ; {
		var after int64
		if len(seen) > 0 {
			after = seen[len(seen)-1].Seq
		}
		seen = append(seen, events(t, s, after)...)
		if last {
			break
		}
		select {
		case <-over:
			last = true
		default:
		}
	}
	require.Len(t, seen, writers*changes)
	latest := map[okey.Serial]okey.EventType{}
	for i, e := range seen {
		require.EqualValues(t, i+1, e.Seq, "without gaps")
		require.NotEqual(t, latest[e.Serial], e.Type, "of one key in the order in which it happened")
		latest[e.Serial] = e.Type
	}
}

func TestWhatIsUndoneIsToldToNobody(t *testing.T) {
	s := scene.New(t)
	serial := s.Key(scene.Tilleuls)
	refused := okey.Errorf(okey.CodeForbidden, "Non.")
	require.NoError(t, s.Store.Do(t.Context(), func(tx *sql.Tx) error {
		err := tx.Attempt(t.Context(), func() error {
			_, err := tx.ChangeKey(t.Context(), serial, sql.KeyChange{Reason: okey.ReasonLost, At: scene.Now, Via: okey.ViaEngine})
			require.NoError(t, err)
			return refused
		})
		assert.ErrorIs(t, err, refused)
		tx.Audit(sql.Entry{At: scene.Now, Event: "refused", Via: okey.ViaEngine, Subject: sql.AboutKey(serial)})
		return nil
	}))
	assert.Empty(t, events(t, s, 0))
}

func TestImportedKeysThatSomebodyHasOrLostAreTold(t *testing.T) {
	s := scene.New(t)
	lea := s.Person("Léa Martin", okey.Staff, scene.Tilleuls)
	row := func(line int, serial okey.Serial, state okey.KeyState, holder string) okey.ImportedKey {
		return okey.ImportedKey{
			Line: line, Serial: serial, UAI: scene.Tilleuls, State: state, Batch: "L1", ExpiresOn: okey.DayOf(scene.Now.AddDate(3, 0, 0), time.UTC),
			Holder: holder,
		}
	}
	require.NoError(t, s.Store.Do(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ImportKeys(t.Context(), []okey.ImportedKey{
			row(2, "7001", okey.InStock, ""), row(3, "7002", okey.InService, lea.UID), row(4, "7003", okey.Lost, lea.UID),
		}, sql.KeyImport{Today: okey.DayOf(scene.Now, time.UTC)}, scene.Now)
		return err
	}))
	told := events(t, s, 0)
	require.Len(t, told, 2)
	assert.Equal(t, okey.KeyEventHandedOver, told[0].Type)
	assert.Equal(t, okey.KeyEventLost, told[1].Type)
	for i, e := range told {
		assert.EqualValues(t, i+1, e.Seq)
		assert.Equal(t, lea.UID, e.UID)
		assert.NotEqual(t, uuid.Nil, e.ID)
	}
	declare(t, s, "7002", okey.ReasonLost, nothing)
	again := events(t, s, 2)
	require.Len(t, again, 1, "the next number follows")
	assert.Equal(t, lea.UID, again[0].UID, "who had it until now")
	assert.Equal(t, okey.Lost, again[0].State)
}

func TestAnErasedHolderIsNamedNoMore(t *testing.T) {
	s := scene.New(t)
	lea := s.Person("Léa Martin", okey.Staff, scene.Tilleuls)
	serial := s.KeyOf(lea, scene.Tilleuls, okey.DayOf(scene.Now.AddDate(2, 0, 0), time.UTC))
	declare(t, s, serial, okey.ReasonReturn, nothing)
	require.Equal(t, lea.UID, events(t, s, 0)[0].UID)
	s.Exec(`UPDATE person SET erased_at = $2, uid = 'efface:' || id WHERE id = $1`, lea.ID, scene.Now)
	assert.Empty(t, events(t, s, 0)[0].UID)
}

// An empty outbox, and one whose oldest events are kept no more, say how far they reach.
// A reader that has been beyond the backup is told so however late it asks: no number that it knows is ever given again.
func TestAfterARestoreEveryReaderBeginsAnew(t *testing.T) {
	s := scene.New(t)
	_, found, err := s.Store.BeginEventsAnew(t.Context())
	require.NoError(t, err)
	assert.False(t, found, "nothing was ever told")
	_, err = s.Store.KeepReceivers(t.Context(), map[string]string{"portail": "portail.test", "parti": "parti.test"})
	require.NoError(t, err)
	_, err = s.Store.KeepReceivers(t.Context(), map[string]string{"portail": "portail.test"})
	require.NoError(t, err)
	declare(t, s, s.Key(scene.Tilleuls), okey.ReasonLost, nothing)
	declare(t, s, s.Key(scene.Tilleuls), okey.ReasonLost, nothing)
	s.Exec(`UPDATE webhook_receiver SET ahead = '{2}'`) // the second one was taken, the first not
	read := int64(60)                                   // it has read on from where the backup ends

	receivers, found, err := s.Store.BeginEventsAnew(t.Context())
	require.NoError(t, err)
	assert.True(t, found)
	assert.Equal(t, []string{"portail"}, receivers)
	for range read {
		declare(t, s, s.Key(scene.Tilleuls), okey.ReasonLost, nothing)
	}
	seen, err := s.Store.Events(t.Context(), read, 1000)
	require.NoError(t, err)
	assert.Greater(t, seen.Gone, read, "410")
	assert.Len(t, seen.Events, int(read))
	portal, err := s.Store.WebhookReceiver(t.Context(), "portail")
	require.NoError(t, err)
	assert.Equal(t, seen.Gone, portal.Position)
	assert.EqualValues(t, 1, portal.Missed, "the first")
	assert.NotZero(t, portal.MissedAt)
	assert.Equal(t, read, portal.Backlog())

	s.Exec(`UPDATE audit_head SET event_seq = 1`) // the same backup, once more: it was not good
	_, _, err = s.Store.BeginEventsAnew(t.Context())
	require.NoError(t, err)
	again, err := s.Store.Events(t.Context(), seen.Last, 1)
	require.NoError(t, err)
	assert.Greater(t, again.Gone, seen.Last, "who has read on after the first restore is told, too")
}

func TestTheOutboxSaysHowFarItReaches(t *testing.T) {
	s := scene.New(t)
	serial := s.Key(scene.Tilleuls)
	reach := func() (last, gone int64) {
		found, err := s.Store.Events(t.Context(), 0, 1)
		require.NoError(t, err)
		return found.Last, found.Gone
	}
	last, gone := reach()
	assert.Zero(t, last)
	assert.Zero(t, gone)
	for _, reason := range []okey.KeyReason{okey.ReasonLost, okey.ReasonFound, okey.ReasonDefective} {
		declare(t, s, serial, reason, nothing)
	}
	s.Exec(`DELETE FROM outbox WHERE seq <= 2`)
	last, gone = reach()
	assert.EqualValues(t, 3, last)
	assert.EqualValues(t, 2, gone)
	s.Exec(`DELETE FROM outbox`)
	last, gone = reach()
	assert.EqualValues(t, 3, last)
	assert.EqualValues(t, 3, gone)
}
