package sql_test

import (
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const day = 24 * time.Hour

// What waited a week ago is told by what still waits and by what has ended since, and by nothing that did either before.
func TestTheDesksFiguresAreThoseOfNowAndOfAWeekBefore(t *testing.T) {
	s := scene.New(t)
	at := func(days float64) time.Time { return scene.Now.Add(time.Duration(days * float64(day))) }
	now := at(30)
	asked(s, scene.Tilleuls, okey.AwaitingDecision, at(0))  // late then, and now
	asked(s, scene.Tilleuls, okey.AwaitingDecision, at(20)) // late since
	asked(s, scene.Tilleuls, okey.AwaitingDecision, at(29)) // not late
	told(s, asked(s, scene.Tilleuls, okey.AwaitingCharter, at(28)), 10.0, okey.EventAsked, 28.0, okey.EventApproved, 28.0, okey.EventKeyReserved)
	told(s, asked(s, scene.Tilleuls, okey.Refused, at(24)), 20.0, okey.EventAsked, 24.0, okey.EventRefused)          // was never late
	told(s, asked(s, scene.Tilleuls, okey.AwaitingCharter, at(20)), 10.0, okey.EventAsked, 20.0, okey.EventApproved) // answered before
	asked(s, scene.Tilleuls, okey.AwaitingStock, at(5))
	asked(s, scene.Tilleuls, okey.AwaitingStock, at(29))
	told(s, asked(s, scene.Acacias, okey.Withdrawn, at(28)), 1.0, okey.EventAsked, 5.0, okey.EventApproved, 5.0, okey.EventWaitsForStock,
		28.0, okey.EventWithdrawn)
	late := func(number int, told time.Time, closed any) {
		id := uuid.New()
		s.Exec(`INSERT INTO order_export (id, at, orders, keys, file_name, workbook, sha256) VALUES ($1, $2, 1, 5, '', '', '')`, id, at(-20))
		s.Exec(`INSERT INTO key_order (id, number, uai, quantity, comment, state, placed_at, export, exported_at, closed_at)
			OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, 5, '', CASE WHEN $5::timestamptz IS NULL THEN 'exported' ELSE 'cancelled' END, $4, $1, $4, $5)`,
			id, number, string(scene.Tilleuls), at(-20), closed)
		s.Exec(`INSERT INTO mail (id, kind, ref, address, message_id, state, created_at, subject_id)
			VALUES (gen_random_uuid(), 'order_overdue', $1, 'a@b', gen_random_uuid()::text, 'sent', $2, $3)`, number, told, id)
	}
	late(1, at(10), nil)    // then, and now
	late(2, at(25), nil)    // since
	late(3, at(10), at(28)) // then
	late(4, at(10), at(12)) // before
	stuck, err := s.Store.Stuck(t.Context(), sql.StuckSince{Now: now, Late: 5 * day, Today: okey.DayOf(now, time.UTC), Limit: 10})
	require.NoError(t, err)
	assert.Equal(t, sql.DeskFigures{Late: 2, LateBefore: 2, Dry: 1, DryBefore: 2, Overdue: 2, OverdueBefore: 2}, stuck.Figures)
}

func TestWhoWasToldLastIsWhoeverElseGotTheLastLetter(t *testing.T) {
	s := scene.New(t)
	id := asked(s, scene.Tilleuls, okey.AwaitingDecision, scene.Now)
	requester := uuid.MustParse(s.Text(`SELECT person::text FROM request WHERE id = $1`, id))
	roux, blanc := s.Person("Marc Roux", okey.Principal, scene.Tilleuls), s.Person("Anne Blanc", okey.Deputy, scene.Tilleuls)
	letter := func(kind string, ref int, to any, address, state string, after time.Duration) {
		s.Exec(`INSERT INTO mail (id, request, kind, ref, person, address, message_id, state, created_at)
			VALUES (gen_random_uuid(), $1, $2, $3, $4, $5, gen_random_uuid()::text, $6, $7)`, id, kind, ref, to, address, state, scene.Now.Add(after))
	}
	order, none := uuid.New(), uuid.New()
	s.Exec(`INSERT INTO mail (id, kind, ref, address, message_id, state, created_at, subject_id)
		VALUES (gen_random_uuid(), 'order_overdue', 1, 'aide@ac-nice.fr', 'o', 'sent', $1, $2)`, scene.Now, order)
	letter("decide", 1, roux.ID, "roux@ac-nice.fr", "sent", 0)
	letter("reminder", 2, roux.ID, "roux@ac-nice.fr", "sent", day)
	letter("reminder", 2, blanc.ID, "blanc@ac-nice.fr", "sent", day)
	letter("decision_late", 3, nil, "aide@ac-nice.fr", "failed", 2*day)
	letter("asked", 4, requester, "lea@ac-nice.fr", "sent", 3*day)
	told, err := s.Store.LastTold(t.Context(), []uuid.UUID{id, order, none})
	require.NoError(t, err)
	assert.Len(t, told, 2)
	assert.ElementsMatch(t, []string{"Marc Roux", "Anne Blanc"}, []string(told[id].To), "not the requester, and not what has failed")
	assert.True(t, told[id].At.Equal(scene.Now.Add(day)), told[id].At)
	assert.Equal(t, []string{"aide@ac-nice.fr"}, []string(told[order].To))
}
