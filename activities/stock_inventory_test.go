package activities_test

import (
	"context"
	"testing"

	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func (c *fixture) counts(by okey.Person, uai okey.UAI, typed ...okey.Serial) okey.Action {
	c.Helper()
	return c.stockAct(okey.Action{Name: okey.ActionInventory, By: by.ID, Content: okey.Content{Establishment: uai, Serials: typed}})
}

func letters(v okey.Verdict) []okey.MailKind {
	var found []okey.MailKind
	for _, order := range v.Letters {
		found = append(found, order.Step.Kind)
	}
	return found
}

// reported is the report about a serial.
func (c *fixture) reported(serial okey.Serial) uuid.UUID {
	c.Helper()
	return uuid.MustParse(c.Text(`SELECT id FROM key_report WHERE serial = $1`, string(serial)))
}

func (c *fixture) settles(by okey.Person, report uuid.UUID, decision okey.Decision) okey.Verdict {
	c.Helper()
	return *c.stockAct(okey.Action{Name: okey.ActionReportDecision, By: by.ID, Subject: report, Content: okey.Content{
		Decision: decision, Batch: "L9", ExpiresOn: okey.NewDay(2030, 12, 31), Comment: "vu",
	}}).Verdict
}

func TestAnInventoryChangesNoKey(t *testing.T) {
	c := newFixture(t)
	there, gone, lost := c.Key(scene.Tilleuls), c.Key(scene.Tilleuls), c.Key(scene.Tilleuls)
	c.Exec(`UPDATE key SET state = 'lost' WHERE serial = $1`, string(lost))
	before := c.Text(`SELECT string_agg(serial || state || changed_at, ',' ORDER BY serial) FROM key`)
	a := c.counts(c.roux, scene.Tilleuls, there, lost, "004877777")
	require.True(t, a.Verdict.Accepted)
	assert.Equal(t, 4, a.Verdict.Count)
	assert.Equal(t, []okey.MailKind{okey.MailKeysReported}, letters(*a.Verdict))
	assert.Equal(t, before, c.Text(`SELECT string_agg(serial || state || changed_at, ',' ORDER BY serial) FROM key`))
	saved, lines, err := c.Store.Inventory(context.Background(), a.Subject)
	require.NoError(t, err)
	assert.True(t, c.now.Equal(saved.At))
	assert.ElementsMatch(t, []okey.InventoryLine{
		{Serial: there, Finding: okey.Found, State: okey.InStock},
		{Serial: gone, Finding: okey.Missing, State: okey.InStock},
		{Serial: lost, Finding: okey.Unexpected, State: okey.Lost},
		{Serial: "004877777", Finding: okey.FoundUnknown},
	}, lines)
	c.Exec(`UPDATE key SET state = 'in_stock' WHERE serial = $1`, string(lost))
	_, after, err := c.Store.Inventory(context.Background(), a.Subject)
	require.NoError(t, err)
	assert.Equal(t, lines, after, "it stands as it was")
}

func TestOnlyWhoManagesTheDrawerHasItCounted(t *testing.T) {
	c := newFixture(t)
	a := c.counts(c.Person("Paul Petit", okey.Principal, scene.Acacias), scene.Tilleuls, "1")
	assert.Equal(t, okey.CodeNotFound, a.Verdict.Reason)
	a = c.counts(c.roux, scene.Tilleuls, "1")
	require.True(t, a.Verdict.Accepted)
	assert.False(t, c.settles(c.roux, c.reported("1"), okey.Approve).Accepted, "a head confirms nothing")
	assert.Equal(t, 1, c.Count(`SELECT count(*) FROM inventory`))
	assert.Zero(t, c.Count(`SELECT count(*) FROM key WHERE serial = '1'`))
}

func TestAConfirmedKeyServesTheFirstInLine(t *testing.T) {
	c := newFixture(t)
	support := c.Support("Sam Support")
	line := c.inLine("Ali Benali", "Eva Simon")
	require.True(t, c.counts(c.roux, scene.Tilleuls, "004877777", "004888888").Verdict.Accepted)
	v := c.settles(support, c.reported("004877777"), okey.Approve)
	require.True(t, v.Accepted)
	assert.Equal(t, []uuid.UUID{line[0]}, v.Woken)
	assert.Equal(t, []okey.MailKind{okey.MailReportDecided}, letters(v))
	assert.Equal(t, okey.Serial("004877777"), c.Request(line[0]).Key)
	assert.Equal(t, okey.CodeReportDecided, c.settles(support, c.reported("004877777"), okey.Refuse).Reason, "decided once")

	require.True(t, c.settles(support, c.reported("004888888"), okey.Refuse).Accepted)
	assert.Zero(t, c.Count(`SELECT count(*) FROM key WHERE serial = '004888888'`))
	again := c.counts(c.roux, scene.Tilleuls, "004888888")
	assert.Equal(t, []okey.MailKind{okey.MailKeysReported}, letters(*again.Verdict), "what was put aside may be reported again")
}

func TestASerialHasOnePendingReport(t *testing.T) {
	c := newFixture(t)
	require.Len(t, c.counts(c.roux, scene.Tilleuls, "1", "2").Verdict.Letters, 1)
	again := c.counts(c.roux, scene.Tilleuls, "1", "2")
	assert.True(t, again.Verdict.Accepted)
	assert.Len(t, again.Verdict.Letters, 1, "each inventory with unknown keys tells support once")
	assert.Equal(t, 2, c.Count(`SELECT count(*) FROM key_report`))
}

// Either school may have it: support sees both, and settles each.
func TestTwoSchoolsMayReportTheSameNumber(t *testing.T) {
	c := newFixture(t)
	paul, support := c.Person("Paul Petit", okey.Principal, scene.Acacias), c.Support("Sam Support")
	require.True(t, c.counts(paul, scene.Acacias, "004877777").Verdict.Accepted)
	theirs := c.reported("004877777")
	require.True(t, c.counts(c.roux, scene.Tilleuls, "004877777").Verdict.Accepted)
	require.Equal(t, 2, c.Count(`SELECT count(*) FROM key_report WHERE state = 'pending'`))
	require.True(t, c.settles(support, theirs, okey.Approve).Accepted)

	ours := uuid.MustParse(c.Text(`SELECT id FROM key_report WHERE state = 'pending'`))
	assert.Equal(t, okey.CodeReportKnown, c.settles(support, ours, okey.Approve).Reason)
	assert.Equal(t, []okey.MailKind{okey.MailReportDecided}, letters(c.settles(support, ours, okey.Refuse)))
}

func TestANumberThatBothMergedSchoolsReportedIsOneReport(t *testing.T) {
	c := newFixture(t)
	paul, support := c.Person("Paul Petit", okey.Principal, scene.Acacias), c.Support("Sam Support")
	require.True(t, c.counts(paul, scene.Acacias, "004877777").Verdict.Accepted)
	require.True(t, c.counts(c.roux, scene.Tilleuls, "004877777", "004888888").Verdict.Accepted)
	require.True(t, c.succeed(support, scene.Tilleuls, scene.Acacias).Verdict.Accepted)
	assert.Equal(t, 2, c.Count(`SELECT count(*) FROM key_report WHERE state = 'pending' AND uai = $1`, string(scene.Acacias)))
	assert.Equal(t, 1, c.Count(`SELECT count(*) FROM key_report WHERE state = 'rejected'`))
}

func TestAKeyThatBecameKnownIsNotAddedTwice(t *testing.T) {
	c := newFixture(t)
	require.True(t, c.counts(c.roux, scene.Tilleuls, "004877777").Verdict.Accepted)
	known := c.Key(scene.Acacias)
	c.Exec(`UPDATE key_report SET serial = $1`, string(known))
	v := c.settles(c.Support("Sam Support"), c.reported(known), okey.Approve)
	assert.Equal(t, okey.CodeReportKnown, v.Reason)
	assert.Equal(t, scene.Acacias, c.uaiOf(known))
	assert.Equal(t, "pending", c.Text(`SELECT state FROM key_report`))
}

// A school closes between the inventory and support's answer: nobody would ever be served from its drawer.
func TestAKeyConfirmedAfterASuccessionIsTheSuccessors(t *testing.T) {
	c := newFixture(t)
	support := c.Support("Sam Support")
	line := c.inLine("Ali Benali")
	require.True(t, c.counts(c.roux, scene.Tilleuls, "004877777").Verdict.Accepted)
	require.True(t, c.succeed(support, scene.Tilleuls, scene.Acacias).Verdict.Accepted)
	v := c.settles(support, c.reported("004877777"), okey.Approve)
	require.True(t, v.Accepted)
	assert.Equal(t, scene.Acacias, c.uaiOf("004877777"))
	assert.Equal(t, line, v.Woken)
	assert.Equal(t, okey.Serial("004877777"), c.Request(line[0]).Key)
}

func TestTheDrawerOfAClosedSchoolIsItsSuccessors(t *testing.T) {
	c := newFixture(t)
	support := c.Support("Sam Support")
	require.True(t, c.succeed(support, scene.Tilleuls, scene.Acacias).Verdict.Accepted)
	assert.Equal(t, okey.CodeSucceeded, c.counts(support, scene.Tilleuls, "1").Verdict.Reason)
	assert.Zero(t, c.Count(`SELECT count(*) FROM inventory`))
}
