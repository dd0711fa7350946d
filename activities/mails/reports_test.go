package mails_test

import (
	"testing"

	"okey/internal/postbox"
	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// counts has somebody count the drawer of an establishment.
func (o *fixture) counts(by okey.Person, uai okey.UAI, typed ...okey.Serial) {
	o.Helper()
	v := o.stockAct(okey.Action{Name: okey.ActionInventory, By: by.ID, Content: okey.Content{Establishment: uai, Serials: typed}}).Verdict
	require.True(o, v.Accepted)
}

// settles has support answer the reports that are pending, and returns the letters that arrived.
func (o *fixture) settles(by okey.Person, where string, decision okey.Decision) []postbox.Letter {
	o.Helper()
	report := o.Text(`SELECT id FROM key_report WHERE state = 'pending' AND uai = $1`, where)
	v := o.stockAct(okey.Action{Name: okey.ActionReportDecision, By: by.ID, Subject: uuid.MustParse(report), Content: okey.Content{
		Decision: decision, Batch: "L9", ExpiresOn: okey.NewDay(2030, 12, 31), Comment: "vu",
	}}).Verdict
	require.True(o, v.Accepted, v.Reason)
	return o.letters(v.Letters...)
}

func TestWhoeverReportedAKeyLearnsThatItIsNotRecognised(t *testing.T) {
	o := newFixture(t)
	paul, support := o.Person("Paul Petit", okey.Principal, scene.Acacias), o.Support("Sam Support")
	o.counts(paul, scene.Acacias, "004877777")
	o.counts(o.roux, scene.Tilleuls, "004877777")
	o.settles(support, string(scene.Acacias), okey.Approve)
	arrived := o.settles(support, string(scene.Tilleuls), okey.Refuse)
	require.Equal(t, []string{"mroux@ac-nice.fr: Clef n° 004877777 : elle n'est pas reconnue"}, lines(arrived), "it is another school's")
}

func TestWhoeverReportedAKeyLearnsThatADeliveryBroughtItMeanwhile(t *testing.T) {
	o := newFixture(t)
	o.counts(o.roux, scene.Tilleuls, "004877777")
	known := o.Key(scene.Tilleuls)
	o.Exec(`UPDATE key_report SET serial = $1`, string(known))
	arrived := o.settles(o.Support("Sam Support"), string(scene.Tilleuls), okey.Refuse)
	require.Equal(t, []string{"mroux@ac-nice.fr: Clef n° " + string(known) + " : elle est maintenant dans OKEY"}, lines(arrived))
}
