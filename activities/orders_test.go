package activities_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"okey/activities"
	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
)

// An order that is placed while two exports are at work goes into the workbook of one. A lock on the table of people holds both where they
// read the names that a workbook shows: after they have locked what was placed before.
func TestAnOrderPlacedDuringTwoExportsIsInOneWorkbookOnly(t *testing.T) {
	c := newFixture(t)
	judge := activities.NewStock(c.Store)
	exports := [2]okey.Action{}
	for i := range exports {
		exports[i] = c.Record(okey.Action{Name: okey.ActionExport, Via: okey.ViaEngine, Subject: uuid.New()})
	}
	placing, err := c.Admin.BeginTx(context.Background(), nil)
	require.NoError(t, err)
	defer func() { _ = placing.Rollback() }()
	order := uuid.New()
	_, err = placing.Exec(`INSERT INTO key_order (id, uai, quantity, comment, state, placed_at)
		VALUES ($1, $2, 2, 'rentrée', 'placed', $3)`,
		order, scene.Tilleuls, scene.Now)
	require.NoError(t, err)
	_, err = placing.Exec(`LOCK TABLE person IN ACCESS EXCLUSIVE MODE`)
	require.NoError(t, err)

	ended := make(chan error, len(exports))
	for _, a := range exports {
		go func() {
			_, err := judge.Change(context.Background(), okey.StockMatter{Action: a.ID, At: c.now})
			ended <- err
		}()
	}
	require.Eventually(t, func() bool {
		return c.Count(`SELECT count(*) FROM pg_locks WHERE relation = 'person'::regclass AND NOT granted`) == len(exports)
	}, 10*time.Second, 5*time.Millisecond)
	require.NoError(t, placing.Commit())
	for range exports {
		require.NoError(t, <-ended)
	}
	assert.Equal(t, 1, c.Count(`SELECT count(*) FROM order_export`), "workbooks that name the order")
	assert.Equal(t, 1, c.Count(`SELECT count(*) FROM order_event WHERE key_order = $1 AND state = 'exported'`, order))
}

func TestASignalToAnOrderThatNamesNoActionIsRecordedOnce(t *testing.T) {
	c := newFixture(t)
	judge := activities.NewStock(c.Store)
	stray := okey.StockMatter{Subject: uuid.New(), Fault: okey.CodeUnreadable, Once: "run/1", At: c.now}
	for range 2 {
		v, err := judge.Change(context.Background(), stray)
		require.NoError(t, err)
		assert.Equal(t, okey.StockVerdict{Reason: okey.CodeUnreadable}, v)
	}
	assert.Equal(
		t, 1, c.Count(`SELECT count(*) FROM audit WHERE event = 'unknown-signal' AND subject = $1`, "order:"+stray.Subject.String()),
	)
}

func TestAKeyWhoseHolderAskedForAnotherIsOrderedOnce(t *testing.T) {
	c := newFixture(t)
	today := okey.DayOf(c.now, okey.ZoneOf("23"))
	c.KeyOf(c.lea, scene.Tilleuls, today.AddMonths(2))
	before, err := c.Store.NeedsOf(context.Background(), scene.Tilleuls, today)
	require.NoError(t, err)
	require.Equal(t, okey.Needs{Expiring: 1}, before)
	_, v := c.ask(c.lea, okey.Renewal)
	require.True(t, v.Accepted)
	after, err := c.Store.NeedsOf(context.Background(), scene.Tilleuls, today)
	require.NoError(t, err)
	assert.Equal(t, okey.Needs{Waiting: 1}, after)
}

// A row is as high as its texts need in the widest of fonts: of usual ones that is a line, or a sheet is half empty.
func TestAnOrderOfUsualTextsIsOneLineOfTheSheet(t *testing.T) {
	c := newFixture(t)
	c.Exec(`UPDATE establishment SET name = 'Collège Les Mimosas', commune = 'Antibes' WHERE uai = $1`, scene.Tilleuls)
	names := []string{"Amina Abadie", "Yasmine Faure", "Nadège Fernandes", "Rachida Esposito", "Aurélie Lambert", "Claire Fontaine"}
	for _, name := range names {
		v := c.stockAct(okey.Action{Name: okey.ActionOrder, By: c.Person(name, okey.Principal, scene.Tilleuls).ID, Content: okey.Content{
			Establishment: scene.Tilleuls, Quantity: 4, Comment: "Réserve de 12 clefs.",
		}})
		require.True(t, v.Verdict.Accepted)
	}
	export := c.stockAct(okey.Action{Name: okey.ActionExport, By: c.Support("Sam Support").ID, Subject: uuid.New()})
	content, err := c.Store.Workbook(t.Context(), export.Subject)
	require.NoError(t, err)
	f, err := excelize.OpenReader(bytes.NewReader(content))
	require.NoError(t, err)
	defer func() { assert.NoError(t, f.Close()) }()
	for i, name := range names {
		height, err := f.GetRowHeight("Commandes", i+2)
		require.NoError(t, err)
		assert.InDelta(t, 15, height, 0.01, name)
	}
}
