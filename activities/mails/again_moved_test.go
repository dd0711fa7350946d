package mails_test

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

// announce has keys announced to an establishment, and its people told.
func (o *fixture) announce(by okey.Person, to okey.UAI, serials ...okey.Serial) uuid.UUID {
	o.Helper()
	d := sql.Delivery{ID: uuid.New(), FileName: "clefs.csv", Sum: "sum", Announced: true, By: by.ID, CreatedAt: o.now}
	rows := make([]okey.ImportedKey, len(serials))
	for i, serial := range serials {
		rows[i] = okey.ImportedKey{Line: i + 2, Serial: serial, UAI: to, Batch: "L1", ExpiresOn: okey.NewDay(2029, time.June, 30)}
	}
	require.NoError(o, o.Store.SaveDelivery(context.Background(), d, rows))
	a := o.stockAct(okey.Action{Name: okey.ActionDelivery, By: by.ID, Subject: d.ID, Content: okey.Content{Sum: d.Sum}})
	require.True(o, a.Verdict.Accepted)
	o.letters(a.Verdict.Letters...)
	return d.ID
}

func (o *fixture) confirm(delivery uuid.UUID, serials ...okey.Serial) {
	o.Helper()
	a := o.stockAct(okey.Action{
		Name: okey.ActionArrival, By: o.roux.ID, Subject: delivery, Content: okey.Content{Establishment: scene.Tilleuls, Serials: serials},
	})
	require.True(o, a.Verdict.Accepted)
}

// moot has a mail sent again, and expects that it does not leave.
func (o *fixture) moot(by okey.Person, mail string) {
	o.Helper()
	o.now = o.now.Add(time.Hour)
	assert.Empty(o, lines(o.resent(by, mail)))
	assert.Equal(o, "dropped", o.Text(`SELECT state FROM mail WHERE again_of = $1 ORDER BY created_at DESC LIMIT 1`, mail))
}

func TestAnAnnouncementSentAgainSpeaksOfTheKeysStillOnTheirWay(t *testing.T) {
	o := newFixture(t)
	sam := o.Support("Sam Secours")
	delivery := o.announce(sam, scene.Tilleuls, "90001", "90002", "90003")
	announced := o.mailTo("delivery_announced", o.roux)
	o.confirm(delivery, "90001")
	again := o.resent(sam, announced)
	require.Len(t, again, 1)
	assert.Contains(t, again[0].Subject, "2 clefs en route")
	o.confirm(delivery, "90002", "90003")
	o.moot(sam, announced)
}

func TestADeliverysLettersDoNotLeaveAgainOnceAnotherEstablishmentHasItsKeys(t *testing.T) {
	o := newFixture(t)
	sam := o.Support("Sam Secours")
	o.announce(sam, scene.Tilleuls, "90001")
	require.True(t, o.succeed(sam, scene.Tilleuls, scene.Acacias).Verdict.Accepted)
	o.moot(sam, o.mailTo("delivery_announced", o.roux))
}

func TestMovedKeysAreToldAgainWhileTheyAreWhereTheyWereTakenTo(t *testing.T) {
	o := newFixture(t)
	sam := o.Support("Sam Secours")
	o.Person("Paul Petit", okey.Principal, scene.Acacias)
	first, second := o.Key(scene.Tilleuls), o.Key(scene.Tilleuls)
	o.letters(o.moveKeys(sam, scene.Acacias, first, second).Letters...)
	told := o.mailTo("keys_moved", o.roux)
	require.Len(t, o.resent(sam, told), 1)

	require.True(t, o.moveKeys(sam, scene.Tilleuls, first).Accepted)
	o.now = o.now.Add(time.Hour)
	again := o.resent(sam, told)
	require.Len(t, again, 1)
	assert.Contains(t, again[0].Text, "n° "+string(second))
	assert.NotContains(t, again[0].Text, "n° "+string(first))

	require.True(t, o.succeed(sam, scene.Acacias, scene.Tilleuls).Verdict.Accepted)
	o.moot(sam, told)
}

func TestTheEndOfAMoveIsToldAgainWhileTheKeyIsWhereItLeftIt(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(*fixture, okey.Person, uuid.UUID) []okey.MailOrder
		mail string
	}{
		"refused": {func(o *fixture, paul okey.Person, move uuid.UUID) []okey.MailOrder {
			return o.answerMove(paul, move, okey.Refuse).Letters
		}, "move_decided_holder"},
		"withdrawn": {func(o *fixture, _ okey.Person, move uuid.UUID) []okey.MailOrder {
			return o.stockAct(okey.Action{Name: okey.ActionMoveWithdrawal, Subject: move, By: o.roux.ID}).Verdict.Letters
		}, "move_withdrawn_holder"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newFixture(t)
			sam, paul := o.Support("Sam Secours"), o.Person("Paul Petit", okey.Principal, scene.Acacias)
			serial := o.KeyOf(o.lea, scene.Tilleuls, okey.NewDay(2029, time.June, 30))
			propose := okey.Action{
				Name: okey.ActionTakeAlong, Key: serial, By: o.roux.ID, Content: okey.Content{Establishment: scene.Acacias},
			}
			o.letters(c.end(o, paul, o.stockAct(propose).Subject)...)
			told := o.mailTo(c.mail, o.lea)
			require.Len(t, o.resent(sam, told), 1)

			again := o.stockAct(propose)
			o.moot(sam, told)
			c.end(o, paul, again.Subject)
			o.now = o.now.Add(time.Hour)
			require.Len(t, o.resent(sam, told), 1)
			require.True(t, o.moveKeys(sam, scene.Acacias, serial).Accepted)
			o.moot(sam, told)
		})
	}
}
