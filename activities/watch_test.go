package activities_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"okey/activities"
	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// due claims what is due for a run and returns the letters that it has to send.
func (c *fixture) due(run string) []okey.MailOrder {
	c.Helper()
	r, err := activities.NewWatch(c.Store).Due(context.Background(), okey.WatchInput{Run: run, At: c.now})
	require.NoError(c, err)
	return r.Letters
}

func TestWhoeverTakesTheKeyAlongHasNotLeftWithIt(t *testing.T) {
	c, paul, _, propose := leaver(t)
	proposal := propose()
	c.Exec(`DELETE FROM assignment WHERE person = $1`, c.lea.ID)
	assert.Empty(t, c.due("1"))
	c.answerMove(paul, proposal.Subject, okey.Refuse)
	assert.Len(t, c.due("2"), 2)
}

// What is stuck this morning is what support's page has then: a week later it says what has become of that.
func TestTheMorningKeepsHowMuchIsStuck(t *testing.T) {
	c := newFixture(t)
	kept := func() []string {
		return strings.Fields(c.Text(`SELECT coalesce(string_agg(day || '=' || count, ' ' ORDER BY day), '') FROM stuck_on`))
	}
	bounced := func(n int) {
		c.Exec(`INSERT INTO mail (id, kind, ref, address, message_id, state, created_at)
			SELECT gen_random_uuid(), 'low_stock', 1, 'a@b', gen_random_uuid()::text, 'failed', $1 FROM generate_series(1, $2)`, c.now, n)
	}
	bounced(70) // more than the page shows
	c.Key(scene.Acacias)
	c.Exec(`UPDATE establishment SET served = false WHERE uai = $1`, scene.Acacias) // closed, and its keys are nobody's
	day := okey.DayOf(c.now, okey.ZoneOf(""))
	c.due("first")
	assert.Equal(t, []string{day.String() + "=71"}, kept())
	bounced(1)
	c.due("again")
	assert.Equal(t, []string{day.String() + "=71"}, kept(), "a day is counted once")
	c.now = c.now.AddDate(0, 0, 7)
	c.due("a week later")
	assert.Equal(t, []string{day.String() + "=71", day.AddDays(7).String() + "=72"}, kept())
	c.now = c.now.AddDate(0, 2, 0)
	c.due("two months later")
	assert.Len(t, kept(), 2, "and kept for two months")
}

func TestTwoRunsAtOnceShareTheLetters(t *testing.T) {
	c := newFixture(t)
	today := okey.DayOf(c.now, okey.ZoneOf(""))
	c.Exec(`UPDATE establishment SET minimum_stock = 2`)
	for i := range 20 {
		c.KeyOf(c.Person(fmt.Sprintf("Paul Petit%d", i), okey.Staff, scene.Tilleuls), scene.Tilleuls, today.AddDays(i))
	}
	const runs = 6
	claimed := make([][]okey.MailOrder, runs)
	var all sync.WaitGroup
	for i := range runs {
		all.Go(func() { claimed[i] = c.due(fmt.Sprint(i)) })
	}
	all.Wait()
	seen := map[uuid.UUID]bool{}
	for _, orders := range claimed {
		for _, order := range orders {
			assert.False(t, seen[order.Letter], "a letter is one run's")
			seen[order.Letter] = true
		}
	}
	assert.Len(t, seen, 20+1+2, "each holder's, the school's list, two drawers")
}

// keysThatEnd are in as many people's hands at the Tilleuls, for ten days more.
func (c *fixture) keysThatEnd(people int) {
	c.Helper()
	c.Exec(`INSERT INTO person (uid, family_name, given_name, mail, created_at)
		SELECT 'p' || n, 'P', 'P', 'p' || n || '@ac-nice.fr', now() FROM generate_series(1, $1) n`, people)
	c.Exec(`INSERT INTO assignment (person, uai, function, source, since)
		SELECT id, $1, 'personnel', 'import', now() FROM person WHERE uid ~ '^p[0-9]'`, scene.Tilleuls)
	c.Exec(`INSERT INTO key (serial, uai, state, batch, expires_on, holder, changed_at)
		SELECT '9' || substr(uid, 2), $1, 'in_service', 'L', $2, id, now() FROM person WHERE uid ~ '^p[0-9]'`,
		scene.Tilleuls, c.now.AddDate(0, 0, 10))
}

func TestNoLetterFallsBetweenTwoBatches(t *testing.T) {
	c := newFixture(t)
	c.keysThatEnd(450)
	in := okey.WatchInput{Run: "run", At: c.now}
	seen := map[uuid.UUID]bool{}
	for batches := 1; ; batches++ {
		r, err := activities.NewWatch(c.Store).Due(context.Background(), in)
		require.NoError(t, err)
		for _, order := range r.Letters {
			seen[order.Letter] = true
			require.NoError(t, c.Store.WatchLetterLeft(context.Background(), order.Letter, c.now))
		}
		c.Exec(`UPDATE key SET state = 'lost', holder = NULL WHERE serial IN (SELECT min(serial) FROM key WHERE state = 'in_service')`)
		if in.After = r.Next; in.After == 0 {
			assert.Equal(t, 3, batches)
			break
		}
	}
	assert.Len(t, seen, 451)
}

// A key may be handed over in the instant in which its holder's function ends: neither transaction sees the other.
func TestAMorningFindsWhoseLeavingWasOverlooked(t *testing.T) {
	c := newFixture(t)
	c.KeyOf(c.lea, scene.Tilleuls, okey.DayOf(c.now, time.UTC).AddDays(1000))
	c.Exec(`DELETE FROM assignment WHERE person = $1`, c.lea.ID)
	c.Exec(`DELETE FROM key_away`)
	left := func() int {
		found, err := c.Store.ListKeys(t.Context(), sql.Reach{All: true}, sql.KeyFilter{
			Watch: sql.WatchedLeft, Today: okey.DayOf(c.now, time.UTC), Limit: 10,
		})
		require.NoError(t, err)
		return len(found)
	}
	require.Zero(t, left())
	assert.Len(t, c.due("1"), 2)
	assert.Equal(t, 1, left())
}

func TestAMorningHasAsManyLettersAsAreDue(t *testing.T) {
	c := newFixture(t)
	c.keysThatEnd(4450)
	letters := 0
	for in := (okey.WatchInput{Run: "run", At: c.now}); ; {
		r, err := activities.NewWatch(c.Store).Due(t.Context(), in)
		require.NoError(t, err)
		letters += len(r.Letters)
		if in.After = r.Next; in.After == 0 {
			break
		}
	}
	assert.Equal(t, 4451, letters)
}
