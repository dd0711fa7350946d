package sql_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An academy that comes from the version before: nobody reads again what was told there, to holders and approvers alike.
func TestWhatWasToldBeforeLettersStaysTold(t *testing.T) {
	s := scene.New(t)
	up, down, _ := strings.Cut(migration(t, "00010_watch_letters.sql"), "-- +goose Down")
	s.Exec(down)
	today := okey.DayOf(scene.Now, okey.ZoneOf(""))
	holder := s.Person("Léa Martin", okey.Staff, scene.Tilleuls)
	leaver := s.Person("Paul Petit", okey.Staff, scene.Acacias)
	ends, kept := s.KeyOf(holder, scene.Tilleuls, today.AddMonths(2)), s.KeyOf(leaver, scene.Tilleuls, okey.NewDay(2030, 1, 1))
	tell := func(kind, subject, step string) {
		s.Exec(`INSERT INTO watch_notice (id, kind, subject, step, uai, run, at) VALUES (gen_random_uuid(), $1, $2, $3, $4, 'run', $5)`,
			kind, subject, step, scene.Tilleuls, scene.Now)
	}
	tell("key_expires", string(ends), today.AddMonths(2).String()+"/3")
	tell("key_expires", "gone", today.AddMonths(2).String()+"/3")
	tell("holder_left", string(kept), leaver.ID.String())
	s.Exec(up)

	require.NoError(t, s.Store.Watch(context.Background(), "next", today, scene.Now))
	letters, err := s.Store.WatchLetters(context.Background(), "next", scene.Now, 0, 10)
	require.NoError(t, err)
	assert.Empty(t, letters)
	assert.Equal(t, 4, s.Count(`SELECT count(*) FROM watch_notice`))
	s.Exec(down)
	assert.Equal(t, today.AddMonths(2).String()+"/3", s.Text(`SELECT step FROM watch_notice WHERE kind = 'key_expires'`), "and back")
}

func migration(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("migrations/" + name)
	require.NoError(t, err)
	return string(text)
}
