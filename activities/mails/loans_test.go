package mails_test

import (
	"context"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lends has Léa, who has mislaid a key of hers, be lent one, and returns both.
func (o *fixture) lends() (own, lent okey.Serial) {
	o.Helper()
	own, lent = o.KeyOf(o.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30)), o.Key(scene.Tilleuls)
	o.change(own, okey.Action{By: o.lea.ID, Content: okey.Content{KeyReason: okey.ReasonMislaid, Comment: "chez moi"}})
	request, v := o.ask(o.lea, okey.Loan)
	require.Equal(o, okey.AwaitingDecision, v.Standing.Stage, "%v", v)
	asked := to("mroux@ac-nice.fr", o.follow(request, v))
	require.Len(o, asked, 1)
	assert.Contains(o, asked[0].Text, "C'est un prêt de cinq jours, le temps de retrouver la sienne.")
	o.approve(request)
	o.sign(o.lea, request)
	v = o.act(o.roux, request, okey.Handover, okey.Content{Serial: lent})
	receipt := to("lmartin@ac-nice.fr", o.follow(request, v))
	require.Len(o, receipt, 1)
	assert.Contains(o, receipt[0].Text, "Rendez-la le mardi 1er décembre.")
	return own, lent
}

func TestALoanIsRemindedTheMorningBeforeAndMissedTheMorningAfter(t *testing.T) {
	o := newFixture(t)
	_, lent := o.lends()
	morning := time.Date(2026, time.November, 29, 6, 0, 0, 0, okey.ZoneOf(""))
	o.now = morning
	assert.Empty(t, o.morning(), "too early")
	o.now = morning.AddDate(0, 0, 1)
	told := o.morning()
	assert.Equal(t, []string{"lmartin@ac-nice.fr: La clef prêtée n° " + string(lent) + " est bientôt à rendre"}, lines(told))
	assert.Contains(t, told[0].Text, "vous a été prêtée jusqu'au mardi 1er décembre.")
	o.now = morning.AddDate(0, 0, 2)
	assert.Empty(t, o.morning(), "its last day counts whole")
	o.now = morning.AddDate(0, 0, 3)
	told = o.morning()
	assert.ElementsMatch(t, []string{
		"lmartin@ac-nice.fr: Rendez la clef prêtée n° " + string(lent),
		"ablanc@ac-nice.fr: 1 clef à reprendre, prêtée : le collège des Tilleuls",
		"mroux@ac-nice.fr: 1 clef à reprendre, prêtée : le collège des Tilleuls",
	}, lines(told))
	list := to("mroux@ac-nice.fr", told)[0]
	assert.Contains(t, list.Text, "n° "+string(lent)+", Léa Martin : à rendre le mardi 1er décembre")
	assert.Equal(t, base+"/clefs?etablissement="+string(scene.Tilleuls)+"&suivi=pretees", link(list))
	assert.Empty(t, o.after(1), "once")
}

func TestALoanThatIsBackIsNotToldOf(t *testing.T) {
	o := newFixture(t)
	_, lent := o.lends()
	o.change(lent, okey.Action{By: o.roux.ID, Content: okey.Content{KeyReason: okey.ReasonReturn, Comment: "rendue"}})
	assert.Empty(t, o.after(30))
}

func TestWhoHasFoundTheirKeyIsToldToGiveTheLentOneBack(t *testing.T) {
	o := newFixture(t)
	own, lent := o.lends()
	told := o.letters(o.change(own, okey.Action{By: o.lea.ID, Content: okey.Content{KeyReason: okey.ReasonRecovered, Comment: "là"}})...)
	found := to("lmartin@ac-nice.fr", told)
	require.Len(t, found, 1)
	assert.Contains(t, found[0].Text, "Rendez la clef prêtée, la "+string(lent)+".")
	keeper := to("mroux@ac-nice.fr", told)
	require.Len(t, keeper, 1)
	assert.Contains(t, keeper[0].Text, "Reprenez la clef prêtée, la "+string(lent)+".")
	assert.Contains(t, lines(o.after(1)), "mroux@ac-nice.fr: 1 clef à reprendre, prêtée : le collège des Tilleuls")

	told = o.letters(o.change(own, okey.Action{By: o.lea.ID, Content: okey.Content{KeyReason: okey.ReasonMislaid, Comment: "encore"}})...)
	again := to("lmartin@ac-nice.fr", told)
	require.Len(t, again, 1)
	assert.Contains(t, again[0].Text, "Prêt de la "+string(lent)+" terminé ? Rendez-la.")
	assert.NotContains(t, again[0].Text, "demandez un prêt", "nobody is lent two")
}

// What was asked for as a loan, and what follows where the mislaid key is counted as lost or found meanwhile: who answers is told, once.
func TestWhoAnswersIsToldOnceThatALoanIsAKeyForGood(t *testing.T) {
	o := newFixture(t)
	own := o.KeyOf(o.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	o.change(own, okey.Action{By: o.lea.ID, Content: okey.Content{KeyReason: okey.ReasonMislaid, Comment: "chez moi"}})
	request, _ := o.ask(o.lea, okey.Loan)
	orders := o.change(own, okey.Action{By: o.lea.ID, Content: okey.Content{KeyReason: okey.ReasonLost, Comment: "volée"}})
	told := o.letters(orders...)
	const subject = "La demande de Léa Martin n'est plus un prêt"
	assert.Contains(t, lines(told), "ablanc@ac-nice.fr: "+subject)
	assert.Contains(t, lines(told), "mroux@ac-nice.fr: "+subject)
	assert.NotContains(t, lines(told), "lmartin@ac-nice.fr: "+subject, "her own letter says what became of her key")
	for _, m := range to("mroux@ac-nice.fr", told) {
		if m.Subject == subject {
			assert.Contains(t, m.Text, "devient celle d'une clef pour de bon. Votre réponse est attendue.")
			assert.Equal(t, base+"/demandes/"+request.String(), link(m))
		}
	}
	assert.Empty(t, o.letters(orders...), "once, however often it is tried")

	o.act(o.roux, request, okey.PrincipalDecision, okey.Content{Decision: okey.Refuse, Comment: "non"})
	other := o.KeyOf(o.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	o.change(other, okey.Action{By: o.lea.ID, Content: okey.Content{KeyReason: okey.ReasonMislaid, Comment: "encore"}})
	assert.NotContains(t, lines(o.letters(o.change(other, okey.Action{
		By: o.lea.ID, Content: okey.Content{KeyReason: okey.ReasonLost, Comment: "volée"},
	})...)), "mroux@ac-nice.fr: "+subject, "nothing was asked for")
}

func TestAKeyForGoodIsNotToldOfAnotherRequest(t *testing.T) {
	o := newFixture(t)
	own := o.KeyOf(o.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	o.change(own, okey.Action{By: o.lea.ID, Content: okey.Content{KeyReason: okey.ReasonMislaid, Comment: "chez moi"}})
	request, _ := o.ask(o.lea, okey.Loan)
	orders := o.change(own, okey.Action{By: o.lea.ID, Content: okey.Content{KeyReason: okey.ReasonLost, Comment: "volée"}})
	o.act(o.roux, request, okey.PrincipalDecision, okey.Content{Decision: okey.Refuse, Comment: "non"})
	_, v := o.ask(o.lea, okey.Replacement)
	require.True(t, v.Accepted, "%v", v)
	assert.NotContains(t, lines(o.letters(orders...)), "mroux@ac-nice.fr: La demande de Léa Martin n'est plus un prêt", "asked for since")
}

func TestALoanThatEndsByItselfIsToldAsThatAndNamesItsKey(t *testing.T) {
	o := newFixture(t)
	own, free := o.KeyOf(o.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30)), o.Key(scene.Tilleuls)
	o.change(own, okey.Action{By: o.lea.ID, Content: okey.Content{KeyReason: okey.ReasonMislaid, Comment: "chez moi"}})
	request, _ := o.ask(o.lea, okey.Loan)
	o.approve(request)
	o.change(own, okey.Action{By: o.lea.ID, Content: okey.Content{KeyReason: okey.ReasonRecovered}})
	ended, err := o.Store.FollowUps(context.Background(), 1)
	require.NoError(t, err)
	require.Len(t, ended, 1)
	told := o.follow(request, o.put(okey.Matter{Kind: okey.MatterAction, Request: request, Signal: okey.Withdrawal, Action: ended[0].ID}))
	hers, his := to("lmartin@ac-nice.fr", told), to("mroux@ac-nice.fr", told)
	require.Len(t, hers, 1)
	assert.Equal(t, "Le prêt prend fin : votre clef est retrouvée", hers[0].Subject)
	assert.NotContains(t, hers[0].Text, "retiré")
	require.Len(t, his, 1)
	assert.Equal(t, "La clef de Léa Martin est retrouvée : plus de prêt", his[0].Subject)
	assert.Contains(t, his[0].Text, "La clef n° "+string(free)+", qui lui était réservée, retourne au stock.")
}
