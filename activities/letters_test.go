package activities_test

import (
	"context"
	"encoding/json"
	"fmt"
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

// A delivery to thousands of schools tells every one of them: what travels through the engine stays small, however many there are.
func TestADeliveryOfAnySizeTellsEverySchool(t *testing.T) {
	const schools = 1200
	c := newFixture(t)
	c.Exec(`INSERT INTO establishment (uai, name, nature, contract, state, academy, commune, postcode, imported_at)
		SELECT lpad(n::text, 7, '0') || 'A', 'Collège ' || n, 340, '99', '1', '23', 'Nice', '06000', $2
		FROM generate_series(1, $1) n`, schools, scene.Now)
	sam := c.Support("Sam Petit")
	rows := make([]okey.ImportedKey, schools)
	for n := range rows {
		rows[n] = okey.ImportedKey{
			Line: n + 2, Serial: okey.Serial(fmt.Sprintf("%010d", n+1)), Batch: "L9", ExpiresOn: okey.NewDay(2030, time.December, 31),
			UAI: okey.UAI(fmt.Sprintf("%07dA", n+1)), State: okey.InStock,
		}
	}
	d := sql.Delivery{ID: uuid.New(), FileName: "livraison.csv", Sum: "sum", By: sam.ID, CreatedAt: c.now}
	require.NoError(t, c.Store.SaveDelivery(context.Background(), d, rows))
	a := c.Record(okey.Action{Name: okey.ActionDelivery, By: sam.ID, Subject: d.ID, Content: okey.Content{Sum: d.Sum}})
	stock := activities.NewStock(c.Store)
	v, err := stock.Change(context.Background(), okey.StockMatter{Action: a.ID, At: c.now})
	require.NoError(t, err)
	require.True(t, v.Accepted, v.Reason)
	assert.Equal(t, schools, v.Stored)
	assert.Less(t, size(t, v), 256<<10)

	told := map[okey.UAI]int{}
	in := okey.LettersInput{Action: a.ID}
	for {
		page, err := stock.Letters(context.Background(), in)
		require.NoError(t, err)
		assert.Less(t, size(t, page), 256<<10)
		for _, letter := range page.Letters {
			told[letter.UAI]++
			require.NoError(t, c.Store.LetterLeft(context.Background(), letter.Cause, letter.Row, c.now))
		}
		if in.After = page.Next; in.After == 0 {
			break
		}
	}
	assert.Len(t, told, schools)
	page, err := stock.Letters(context.Background(), okey.LettersInput{Action: a.ID})
	require.NoError(t, err)
	assert.Empty(t, page.Letters, "a new run finds those alone that have not left")
	again, err := stock.Change(context.Background(), okey.StockMatter{Action: a.ID, At: c.now.Add(time.Minute)})
	require.NoError(t, err)
	assert.Equal(t, v, again, "a second attempt answers what the first one did")
}

func size(t *testing.T, answer any) int {
	t.Helper()
	content, err := json.Marshal(answer)
	require.NoError(t, err)
	return len(content)
}

// Whoever was told "C'est enregistré" learns by mail that it was refused after all; whoever saw the refusal on the page does not.
func TestWhoWasPromisedThatAnActionIsKeptIsToldOfItsRefusal(t *testing.T) {
	for name, promised := range map[string]bool{"promised": true, "seen on the page": false} {
		t.Run(name, func(t *testing.T) {
			c := newFixture(t)
			request, _ := c.until(okey.AwaitingCharter)
			a := c.Record(okey.Action{Name: okey.ActionOf(okey.CharterAndPIN), By: c.lea.ID, Request: request, Content: okey.Content{Charter: 1}})
			if promised {
				kept, err := c.Store.Promise(context.Background(), a.ID, c.now, true)
				require.NoError(t, err)
				require.Nil(t, kept.Verdict)
			}
			v := c.put(okey.Matter{Kind: okey.MatterAction, Request: request, Signal: okey.CharterAndPIN, Action: a.ID})
			require.Equal(t, okey.CodeInvalid, v.Reason, "its PIN was dropped")
			owed, err := c.Store.FollowUps(context.Background(), 10)
			require.NoError(t, err)
			if !promised {
				assert.Empty(t, owed)
				return
			}
			require.Len(t, owed, 1)
			assert.Equal(t, okey.ActionRefusalTold, owed[0].Name)
			told, err := activities.NewStock(c.Store).Change(context.Background(), okey.StockMatter{Action: owed[0].ID, At: c.now})
			require.NoError(t, err)
			require.Len(t, told.Letters, 1)
			assert.Equal(t, okey.MailNotDone, told.Letters[0].Step.Kind)
			assert.Equal(t, a.ID, told.Letters[0].Subject)
		})
	}
}

// An outcome that comes between the last look and the promise is what the page shows: nothing is promised.
func TestNothingIsPromisedOfAnActionThatIsJudged(t *testing.T) {
	c := newFixture(t)
	request, _ := c.until(okey.AwaitingCharter)
	a := c.Record(okey.Action{Name: okey.ActionOf(okey.Withdrawal), By: c.lea.ID, Request: request})
	c.put(okey.Matter{Kind: okey.MatterAction, Request: request, Signal: okey.Withdrawal, Action: a.ID})
	kept, err := c.Store.Promise(context.Background(), a.ID, c.now, true)
	require.NoError(t, err)
	require.NotNil(t, kept.Verdict)
	assert.Empty(t, c.Text(`SELECT promised_at::text FROM action WHERE id = $1`, a.ID))
}

// What can't be judged has its turn after a minute, then five, then each hour: and however many there are, what is new has its turn at
// once.
func TestWhatCannotBeJudgedBacksOffAndHidesNothing(t *testing.T) {
	c := newFixture(t)
	request, _ := c.until(okey.AwaitingCharter)
	record := func() uuid.UUID {
		return c.Record(okey.Action{Name: okey.ActionOf(okey.Withdrawal), By: c.lea.ID, Request: request}).ID
	}
	due := func(at time.Time) (ids []uuid.UUID) {
		found, err := c.Store.Undelivered(context.Background(), at, at, 1000)
		require.NoError(t, err)
		for _, a := range found {
			ids = append(ids, a.ID)
		}
		return ids
	}
	poison := record()
	at := c.now.Add(time.Minute)
	for turn, pause := range []time.Duration{time.Minute, 5 * time.Minute, time.Hour, time.Hour} {
		require.Equal(t, []uuid.UUID{poison}, due(at), "turn %d", turn)
		require.NoError(t, c.Store.Looked(context.Background(), poison, at, turn == 0))
		assert.Empty(t, due(at.Add(pause-time.Second)), "turn %d", turn)
		at = at.Add(pause)
	}
	fresh := record()
	assert.Equal(t, []uuid.UUID{fresh, poison}, due(at))
}

// Support is told once of what lasts half an hour; what gets on is forgotten.
func TestATroubleIsToldOnceAndForgottenWhenItIsOver(t *testing.T) {
	c := newFixture(t)
	request, _ := c.until(okey.AwaitingCharter)
	a := c.Record(okey.Action{Name: okey.ActionOf(okey.Withdrawal), By: c.lea.ID, Request: request})
	require.NoError(t, c.Store.Looked(context.Background(), a.ID, c.now, true))
	tell := func(at time.Time) int {
		require.NoError(t, c.Store.NoteUnjudged(context.Background(), at.Add(-2*time.Minute), at))
		n, err := c.Store.TellTroubles(context.Background(), at.Add(-30*time.Minute), at)
		require.NoError(t, err)
		return n
	}
	assert.Zero(t, tell(c.now.Add(29*time.Minute)))
	assert.Equal(t, 1, tell(c.now.Add(31*time.Minute)))
	assert.Zero(t, tell(c.now.Add(2*time.Hour)), "once")
	owed, err := c.Store.FollowUps(context.Background(), 10)
	require.NoError(t, err)
	require.Len(t, owed, 1)
	told, err := activities.NewStock(c.Store).Change(context.Background(), okey.StockMatter{Action: owed[0].ID, At: c.now})
	require.NoError(t, err)
	require.Equal(t, okey.MailStuck, told.Letters[0].Step.Kind)
	c.put(okey.Matter{Kind: okey.MatterAction, Request: request, Signal: okey.Withdrawal, Action: a.ID})
	tell(c.now.Add(3 * time.Hour))
	assert.Zero(t, c.Count(`SELECT count(*) FROM trouble`))
}

// A free key that lies beside people who wait is found, whichever wake-up was lost.
func TestAKeyThatLiesBesideWhoWaitsIsFound(t *testing.T) {
	c := newFixture(t)
	line := c.inLine("Ali Benali", "Zoé Durand")
	first := func() []uuid.UUID {
		ids, err := c.Store.FirstBesideFreeKeys(context.Background(), okey.DayOf(c.now, time.UTC), 10)
		require.NoError(t, err)
		return ids
	}
	assert.Empty(t, first())
	c.Key(scene.Tilleuls)
	require.Equal(t, line[:1], first())
	c.nudge(line[0])
	assert.Empty(t, first())
}
