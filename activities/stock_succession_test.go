package activities_test

import (
	"context"
	"fmt"
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

// heir is a third school, to succeed the successor.
const heir = okey.UAI("0069003D")

func (c *fixture) thirdSchool() {
	c.Helper()
	c.Exec(`INSERT INTO establishment (uai, name, nature, contract, state, academy, commune, postcode, imported_at)
		SELECT $1, 'Collège Neuf', nature, contract, state, academy, commune, postcode, imported_at FROM establishment WHERE uai = $2`,
		heir, scene.Tilleuls)
}

func (c *fixture) succeed(by okey.Person, from, to okey.UAI) okey.Action {
	c.Helper()
	return c.stockAct(okey.Action{
		Name: okey.ActionSuccession, By: by.ID, Content: okey.Content{Establishment: from, Successor: to, Comment: "fusion"},
	})
}

func TestEverythingFollowsToTheSuccessor(t *testing.T) {
	c := newFixture(t)
	support, paul := c.Support("Sam Support"), c.Person("Paul Petit", okey.Principal, scene.Acacias)
	signed, kept := c.until(okey.AwaitingHandover)
	line := c.inLine("Ali Benali", "Eva Simon")
	approved := c.Request(line[0]).ApprovedAt
	lost := c.Key(scene.Tilleuls)
	c.Exec(`UPDATE key SET state = 'lost' WHERE serial = $1`, string(lost))
	free := c.Key(scene.Acacias)
	c.Key(scene.Acacias) // for the second: where somebody waits, the key that is kept is kept for less long

	a := c.succeed(support, scene.Tilleuls, scene.Acacias)
	require.True(t, a.Verdict.Accepted)
	for _, id := range append(line, signed) {
		assert.Equal(t, scene.Acacias, c.Request(id).UAI)
		assert.True(t, c.Request(id).WakeUpOwed, "its workflow is to learn where it stands")
		assert.Contains(t, a.Verdict.Woken, id)
		assert.Equal(t, 1, c.Count(`SELECT count(*) FROM timeline WHERE request = $1 AND kind = 'moved'`, id))
	}
	assert.Equal(t, approved, c.Request(line[0]).ApprovedAt, "the place in line is kept")
	assert.Equal(t, free, c.Request(line[0]).Key, "the successor's stock serves the first in line")
	assert.Equal(t, scene.Acacias, c.uaiOf(kept))
	assert.Equal(t, okey.Attributed, c.KeyState(kept))
	assert.Equal(t, scene.Acacias, c.uaiOf(lost))
	assert.Zero(t, c.Count(`SELECT count(*) FROM establishment WHERE uai = $1 AND shortage_since IS NOT NULL`, scene.Tilleuls))
	assert.Equal(t, 5, c.Count(`SELECT count(*) FROM succession_item WHERE succession = $1`, a.Subject), "two keys, three requests")

	v := c.nudge(signed)
	assert.Equal(t, okey.CodeWrongStage, v.Reason)
	assert.Equal(t, scene.Acacias, v.Standing.UAI)
	assert.False(t, c.Request(signed).WakeUpOwed, "told once")
	assert.Equal(
		t, okey.CodeNotFound, c.act(c.roux, signed, okey.Handover, okey.Content{Serial: kept}).Reason, "the old approver's role ended",
	)
	assert.Equal(
		t, okey.HandedOver, c.act(paul, signed, okey.Handover, okey.Content{Serial: kept}).Standing.Stage,
		"though Léa is not yet assigned there",
	)
}

func TestAskingGoesOnAtTheSuccessor(t *testing.T) {
	for name, served := range map[string]bool{"still served": true, "closed by an import": false} {
		t.Run(name, func(t *testing.T) {
			c := newFixture(t)
			c.Exec(`UPDATE establishment SET served = $2 WHERE uai = $1`, scene.Tilleuls, served)
			require.True(t, c.succeed(c.Support("Sam Support"), scene.Tilleuls, scene.Acacias).Verdict.Accepted)
			_, v := c.ask(c.lea, okey.FirstKey)
			assert.Equal(t, okey.CodeNotEligible, v.Reason)
			assert.Equal(t, okey.DetailSucceeded, v.Detail)
			a := c.Ask(c.lea, scene.Acacias)
			assert.True(t, c.put(okey.Matter{Kind: okey.MatterOpen, Request: a.Request, Action: a.ID}).Accepted)
		})
	}
}

func TestSuccessionsChainButNeverCircle(t *testing.T) {
	c := newFixture(t)
	c.thirdSchool()
	c.Exec(`UPDATE establishment SET host = $1 WHERE uai = $2`, scene.Tilleuls, heir)
	support := c.Support("Sam Support")
	request, kept := c.until(okey.AwaitingCharter)
	assert.Equal(t, okey.CodeNotFound, c.succeed(c.roux, scene.Tilleuls, scene.Acacias).Verdict.Reason)
	assert.Equal(t, okey.CodeKeysStay, c.succeed(support, scene.Tilleuls, scene.Tilleuls).Verdict.Reason)
	require.True(t, c.succeed(support, scene.Tilleuls, scene.Acacias).Verdict.Accepted)
	assert.Equal(t, string(scene.Acacias), c.Text(`SELECT host FROM establishment WHERE uai = $1`, heir), "the successor hosts from now on")
	assert.Equal(t, okey.CodeSucceeded, c.succeed(support, scene.Acacias, scene.Tilleuls).Verdict.Reason, "no circle")
	assert.Equal(t, okey.CodeSucceeded, c.succeed(support, scene.Tilleuls, heir).Verdict.Reason, "once")
	require.True(t, c.succeed(support, scene.Acacias, heir).Verdict.Accepted)
	assert.Empty(t, c.Text(`SELECT host FROM establishment WHERE uai = $1`, heir), "nobody hosts themselves")
	assert.Equal(t, heir, c.Request(request).UAI)
	assert.Equal(t, heir, c.uaiOf(kept))
	assert.Equal(t, string(heir), c.Text(`SELECT successor FROM establishment WHERE uai = $1`, scene.Tilleuls), "the last of the chain")
	assert.Equal(t, okey.AwaitingHandover, c.sign(c.lea, request).Standing.Stage)
	assert.Equal(t, okey.CodeSucceeded, c.moveKeys(support, scene.Acacias, kept).Reason)
}

func TestProposalsFollowToTheSuccessor(t *testing.T) {
	c, _, _, propose := leaver(t)
	c.thirdSchool()
	propose()
	require.True(t, c.succeed(c.Support("Sam Support"), scene.Acacias, heir).Verdict.Accepted)
	assert.Equal(t, string(heir), c.Text(`SELECT to_uai FROM key_move WHERE state = 'proposed'`))
	c2, _, _, proposeAgain := leaver(t)
	proposeAgain()
	require.True(t, c2.succeed(c2.Support("Sam Support"), scene.Tilleuls, scene.Acacias).Verdict.Accepted)
	assert.Equal(t, "ended", c2.Text(`SELECT state FROM key_move`), "the key is there")
}

func TestKeysForASucceededEstablishmentAreNotImported(t *testing.T) {
	c := newFixture(t)
	known := c.Key(scene.Tilleuls)
	expires := c.Text(`SELECT expires_on::text FROM key WHERE serial = $1`, string(known))
	day, err := time.Parse(time.DateOnly, expires)
	require.NoError(t, err)
	require.True(t, c.succeed(c.Support("Sam Support"), scene.Tilleuls, scene.Acacias).Verdict.Accepted)
	row := func(serial okey.Serial, line int) okey.ImportedKey {
		return okey.ImportedKey{
			Line: line, Serial: serial, UAI: scene.Tilleuls, State: okey.InStock, Batch: "L1",
			ExpiresOn: okey.NewDay(day.Year(), day.Month(), day.Day()),
		}
	}
	var out sql.KeysOutcome
	require.NoError(t, c.Store.Do(context.Background(), func(tx *sql.Tx) error {
		out, err = tx.ImportKeys(context.Background(), []okey.ImportedKey{row(known, 2), row("77", 3)}, sql.KeyImport{
			Today: okey.NewDay(2026, time.November, 24),
		}, c.now)
		return err
	}))
	assert.Equal(t, 1, out.Unchanged, "a file imported again changes nothing")
	require.Len(t, out.Problems, 1)
	assert.Equal(t, sql.CodeEstablishmentSucceeded, out.Problems[0].Code)
	assert.Equal(t, scene.Acacias, out.Problems[0].Successor)
}

// Approvals and askings at the closing school race its succession, then the next one: nothing is stranded there, no key is lost.
func TestNothingIsStrandedByAConcurrentSuccession(t *testing.T) {
	c := newFixture(t)
	support := c.Support("Sam Support")
	stock := activities.NewStock(c.Store)
	from, keys := scene.Tilleuls, 0
	c.thirdSchool()
	next := map[okey.UAI]okey.UAI{scene.Tilleuls: scene.Acacias, scene.Acacias: heir}
	for round := range 2 {
		var matters []okey.Matter
		for i := range 8 {
			who := c.Person(fmt.Sprintf("R%dP%d Martin%d%d", round, i, round, i), okey.Staff, from)
			ask := c.Ask(who, from)
			open := okey.Matter{Kind: okey.MatterOpen, Request: ask.Request, Action: ask.ID, At: c.now, Waits: okey.DefaultWaits()}
			if i%2 == 0 { // asked before: the approval races
				_, err := c.judge.Judge(context.Background(), open)
				require.NoError(t, err)
				a := c.Record(okey.Action{
					Name: okey.ActionOf(okey.PrincipalDecision), By: support.ID, Request: ask.Request,
					Content: okey.Content{Decision: okey.Approve, Comment: "pour la direction"},
				})
				open = okey.Matter{
					Kind: okey.MatterAction, Request: ask.Request, Signal: okey.PrincipalDecision, Action: a.ID, At: c.now,
					Waits: okey.DefaultWaits(),
				}
			}
			matters = append(matters, open)
			if i%3 == 0 {
				c.Key(from)
				keys++
			}
		}
		succession := c.Record(okey.Action{
			Name: okey.ActionSuccession, Subject: uuid.New(), By: support.ID,
			Content: okey.Content{Establishment: from, Successor: next[from], Comment: "fusion"},
		})
		var all sync.WaitGroup
		insist := func(try func() error) { // as the engine does
			all.Go(func() {
				for range 50 {
					if try() == nil {
						return
					}
				}
				t.Error("never judged")
			})
		}
		for i, m := range matters {
			if i == len(matters)/2 {
				insist(func() error {
					_, err := stock.Change(context.Background(), okey.StockMatter{Action: succession.ID, At: c.now})
					return err
				})
			}
			insist(func() error { _, err := c.judge.Judge(context.Background(), m); return err })
		}
		all.Wait()
		assert.Zero(t, c.Count(`SELECT count(*) FROM request WHERE uai = $1 AND closed_at IS NULL`, from), "no request is stranded")
		assert.Zero(t, c.Count(`SELECT count(*) FROM key WHERE uai = $1`, from), "no key is left behind")
		from = next[from]
		assert.Equal(t, keys, c.Count(`SELECT count(*) FROM key WHERE uai = $1`, from))
		assert.Zero(t, c.Count(`SELECT count(*) FROM key k JOIN request r ON r.id = k.request WHERE r.uai <> k.uai`))
		assert.Zero(t, c.Count(`SELECT count(*) FROM action WHERE outcome IS NULL`))
		waiting := c.Count(
			`SELECT count(*) FROM request r WHERE r.stage = 'awaiting_stock' AND NOT EXISTS (SELECT FROM key k WHERE k.request = r.id)`,
		)
		free := c.Count(`SELECT count(*) FROM key WHERE state = 'in_stock'`)
		assert.True(t, waiting == 0 || free == 0, "nobody waits while a key is free")
	}
}

func TestAReplacedEstablishmentOrdersNoKeys(t *testing.T) {
	c := newFixture(t)
	support := c.Support("Sam Support")
	require.True(t, c.succeed(support, scene.Tilleuls, scene.Acacias).Verdict.Accepted)
	order := func(uai okey.UAI) okey.Verdict {
		return *c.stockAct(okey.Action{
			Name: okey.ActionOrder, By: support.ID, Content: okey.Content{Establishment: uai, Quantity: 2, Comment: "rentrée"},
		}).Verdict
	}
	assert.Equal(t, okey.CodeSucceeded, order(scene.Tilleuls).Reason)
	assert.True(t, order(scene.Acacias).Accepted)
}
