package mails_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAStraightforwardRequestIsToldInMails(t *testing.T) {
	o := newFixture(t)
	serial := o.Key(scene.Tilleuls)
	request, v := o.ask(o.lea, okey.FirstKey)
	page := base + "/demandes/" + request.String()

	arrived := o.follow(request, v)
	assert.Equal(t, []string{
		"ablanc@ac-nice.fr: Léa Martin demande une clef", "mroux@ac-nice.fr: Léa Martin demande une clef",
	}, lines(arrived))
	for _, said := range []string{arrived[0].Text, strings.ReplaceAll(arrived[0].HTML, "\u00a0", " ")} {
		assert.Contains(t, said, "pour le collège des Tilleuls")
		assert.Contains(t, said, "saisie des absences")
		assert.Contains(t, said, "Clefs libres : 1.")
		assert.Contains(t, said, "Sans réponse, un rappel partira jeudi 26 novembre.")
	}
	assert.Contains(t, arrived[0].Text, "\n-- \nAcadémie d'Exemple · OKEY", "the academy signs")

	arrived = o.follow(request, o.approve(request))
	require.Equal(t, []string{"lmartin@ac-nice.fr: Demande acceptée : signez la charte"}, lines(arrived))
	assert.Contains(t, arrived[0].Text, "Marc Roux a accepté. Une clef vous est réservée jusqu'au ")
	assert.Contains(t, arrived[0].Text, okey.SayDay(o.Request(request).KeptUntil, o.now, okey.ZoneOf("23")))
	assert.Equal(t, page, link(arrived[0]))

	arrived = o.follow(request, o.sign(o.lea, request))
	require.Equal(t, []string{
		"lmartin@ac-nice.fr: Votre clef vous attend", "ablanc@ac-nice.fr: Une clef à remettre à Léa Martin",
		"mroux@ac-nice.fr: Une clef à remettre à Léa Martin",
	}, lines(arrived))
	assert.Contains(t, arrived[0].Text, "au collège des Tilleuls auprès d'Anne Blanc ou Marc Roux")
	assert.Contains(t, arrived[1].Text, string(serial))

	arrived = o.follow(request, o.act(o.roux, request, okey.Handover, okey.Content{Serial: serial}))
	require.Equal(t, []string{"lmartin@ac-nice.fr: Reçu : la clef n° " + string(serial) + " vous est remise"}, lines(arrived))
	assert.Contains(t, arrived[0].Text, "Marc Roux vous a remis")
	assert.Contains(t, arrived[0].Text, "mardi 24 novembre à 10 h 12", "Nice is an hour ahead of UTC")
	assert.Zero(t, o.Count(`SELECT count(*) FROM mail WHERE state <> 'sent'`))
}

// With two minutes, a head must read why somebody who has a key asks for one, and both that the old one comes back.
func TestARenewalSaysSoInEachOfItsMails(t *testing.T) {
	o := newFixture(t)
	old := o.KeyOf(o.lea, scene.Tilleuls, okey.DayOf(o.now, okey.ZoneOf("")).AddMonths(2))
	o.Key(scene.Tilleuls)
	request, v := o.ask(o.lea, okey.Renewal)
	arrived := o.follow(request, v)
	assert.Contains(t, arrived[0].Text, "Elle remplacera la sienne, en fin de validité.")
	arrived = o.follow(
		request, o.act(o.roux, request, okey.PrincipalDecision, okey.Content{Decision: okey.Approve, Comment: "Passez au secrétariat."}),
	)
	assert.Contains(t, arrived[0].Text, "Marc Roux a accepté : « Passez au secrétariat ».")
	arrived = o.follow(request, o.sign(o.lea, request))
	assert.Contains(t, arrived[0].Text, "Apportez l'ancienne, la "+string(old)+".")
	assert.Contains(t, arrived[1].Text, "reprenez l'ancienne, la "+string(old)+", puis notez la remise")
	assert.Equal(t, base+"/remise/"+request.String(), link(arrived[1]))
}

func TestTheReceiptOfARenewalSaysThatTheOldKeyServesNoMore(t *testing.T) {
	o := newFixture(t)
	old := o.KeyOf(o.lea, scene.Tilleuls, okey.NewDay(2027, time.January, 15))
	serial := o.Key(scene.Tilleuls)
	request, _ := o.ask(o.lea, okey.Renewal)
	o.approve(request)
	o.sign(o.lea, request)
	letters := o.follow(request, o.act(o.roux, request, okey.Handover, okey.Content{Serial: serial}))
	require.Len(t, letters, 1)
	assert.Contains(t, letters[0].Text, "L'ancienne clef ("+string(old)+") ne sert plus.", "the charter is not what ends")
}

// A relay hangs at the last dot of one mailbox: the other readers of the same letter have it meanwhile.
func TestOneMailboxThatHangsDelaysNoOtherReader(t *testing.T) {
	o := newFixture(t)
	request, v := o.ask(o.lea, okey.FirstKey)
	o.Key(scene.Tilleuls)
	var dots, late atomic.Int32
	both := make(chan struct{})
	o.box.AtDot(func(func()) {
		if dots.Add(1) == 2 {
			close(both)
		}
		select {
		case <-both:
		case <-time.After(time.Minute):
			late.Add(1)
		}
	})
	o.follow(request, v)
	assert.Equal(t, int32(2), dots.Load())
	assert.Zero(t, late.Load(), "the second letter waited for the first")
}

func TestRefusalWithdrawalAndExpiryAreTold(t *testing.T) {
	o := newFixture(t)
	refused, _ := o.ask(o.lea, okey.FirstKey)
	arrived := o.follow(
		refused, o.act(o.roux, refused, okey.PrincipalDecision, okey.Content{Decision: okey.Refuse, Comment: "Passez me voir."}),
	)
	require.Equal(t, []string{"lmartin@ac-nice.fr: Votre demande de clef est refusée"}, lines(arrived))
	assert.Contains(t, arrived[0].Text, "Marc Roux a refusé votre demande : « Passez me voir ».")

	o.Key(scene.Tilleuls)
	withdrawn, _ := o.ask(o.lea, okey.FirstKey)
	o.approve(withdrawn)
	arrived = o.follow(withdrawn, o.act(o.roux, withdrawn, okey.Withdrawal, okey.Content{Comment: "mutation"}))
	require.Equal(t, []string{
		"lmartin@ac-nice.fr: Votre demande de clef est retirée", "ablanc@ac-nice.fr: La demande de Léa Martin est retirée",
	}, lines(arrived))
	assert.Contains(t, arrived[0].Text, "Marc Roux a retiré votre demande : « mutation ».")

	late, _ := o.ask(o.lea, okey.FirstKey)
	o.now = o.now.AddDate(0, 0, 60)
	arrived = o.follow(late, o.put(okey.Matter{Kind: okey.MatterExpiry, Request: late, Turn: 1}))
	require.Len(t, arrived, 3)
	assert.Contains(t, arrived[0].Text, "Personne n'a répondu à temps à votre demande.")
	assert.Contains(t, arrived[1].Text, "Personne n'a répondu à temps à Léa Martin")
}

// A relay was away: the answer came before the letters left, and the last free key is kept for the very person who would be told of none.
func TestWhoWasAcceptedBeforeTheLettersLeftIsNotToldThatNoKeyIsFree(t *testing.T) {
	o := newFixture(t)
	o.Key(scene.Tilleuls)
	request, v := o.ask(o.lea, okey.FirstKey)
	o.approve(request)
	assert.Equal(t, []string{"ablanc@ac-nice.fr: Léa Martin demande une clef", "mroux@ac-nice.fr: Léa Martin demande une clef"},
		lines(o.follow(request, v)))
}

func TestWithoutAFreeKeyBothSidesAreToldOnceAShortage(t *testing.T) {
	o := newFixture(t)
	request, v := o.ask(o.lea, okey.FirstKey)
	arrived := o.follow(request, v)
	assert.Equal(t, []string{
		"ablanc@ac-nice.fr: Léa Martin demande une clef", "mroux@ac-nice.fr: Léa Martin demande une clef",
		"lmartin@ac-nice.fr: Demande enregistrée : aucune clef n'est libre pour l'instant",
		"ablanc@ac-nice.fr: Plus de clef : 1 personne attend", "mroux@ac-nice.fr: Plus de clef : 1 personne attend",
	}, lines(arrived))
	assert.Contains(t, arrived[0].Text, "Clefs libres : 0.")

	paul := o.Person("Paul Petit", okey.Staff, scene.Tilleuls)
	second, v := o.ask(paul, okey.FirstKey)
	assert.Len(t, o.follow(second, v), 3, "the shortage is told once")

	o.approve(second)
	arrived = o.follow(request, o.approve(request))
	require.Equal(t, []string{"lmartin@ac-nice.fr: Demande acceptée : votre place dans la file est gardée"}, lines(arrived))
	assert.NotContains(t, arrived[0].Text, "Vous êtes en 3e")
	assert.Regexp(t, "Vous êtes en (1re|2e) position", arrived[0].Text)
}

func TestAnOrderIsAskedForWhileTheShortageLasts(t *testing.T) {
	o := newFixture(t)
	request, _ := o.ask(o.lea, okey.FirstKey)
	o.approve(request)
	paul := o.Person("Paul Petit", okey.Staff, scene.Tilleuls)
	second, _ := o.ask(paul, okey.FirstKey)
	o.now = o.now.Add(time.Hour)
	o.approve(second)
	o.now = o.now.AddDate(0, 0, 7)
	reminder := okey.MailStep{Kind: okey.MailOrderReminder, Ref: 201}
	assert.Empty(t, o.send(second, reminder), "the first in line speaks for all")
	arrived := o.send(request, reminder)
	require.Len(t, arrived, 2)
	assert.Equal(t, "Toujours pas de clef : 2 personnes attendent", arrived[0].Subject)
	assert.Equal(t, base+"/commandes?etablissement=0069001B", link(arrived[0]), "the button orders")
	assert.Contains(t, arrived[0].Text, "depuis mardi 24 novembre")
	arrived = o.send(request, okey.MailStep{Kind: okey.MailOrderLate, Ref: 201})
	assert.Equal(t, []string{supportBox + ": Plus de clef et pas de commande : le collège des Tilleuls"}, lines(arrived))
	assert.Equal(t, base+"/assistance/etablissements/0069001B", link(arrived[0]), "it is about the school, and so is its button")
	arrived = o.send(second, okey.MailStep{Kind: okey.MailStillWaiting, Ref: 201})
	require.Len(t, arrived, 1)
	assert.Contains(t, arrived[0].Text, "Vous êtes en 2e position")

	o.Exec(`UPDATE establishment SET shortage_since = NULL`)
	assert.Empty(t, o.send(request, okey.MailStep{Kind: okey.MailOrderReminder, Ref: 202}))
}

func TestSupportIsToldWhatIsLate(t *testing.T) {
	o := newFixture(t)
	request, _ := o.ask(o.lea, okey.FirstKey)
	arrived := o.send(request, okey.MailStep{Kind: okey.MailDecisionLate, Ref: 101})
	require.Equal(t, []string{supportBox + ": Sans réponse malgré nos rappels : le collège des Tilleuls"}, lines(arrived))
	assert.Equal(t, base+"/demandes/"+request.String(), link(arrived[0]))
	assert.Empty(t, o.send(request, okey.MailStep{Kind: okey.MailHandoverLate, Ref: 301}), "not at that stage")
}

// A requester does not know support's people by name.
func TestRequestersReadThatItWasSupport(t *testing.T) {
	o := newFixture(t)
	sam := o.Support("Sam Durand")
	serial := o.Key(scene.Tilleuls)
	bySupport := func(request uuid.UUID, signal okey.Signal, content okey.Content) string {
		arrived := o.follow(request, o.signal(signal, okey.Action{By: sam.ID, Via: okey.ViaSupport, Request: request, Content: content}))
		return to("lmartin@ac-nice.fr", arrived)[0].Text
	}
	request, _ := o.ask(o.lea, okey.FirstKey)
	assert.Contains(
		t, bySupport(request, okey.PrincipalDecision, okey.Content{Decision: okey.Approve, Comment: "chef absent"}),
		"L'assistance (Sam Durand) a accepté : « chef absent ».",
	)
	o.sign(o.lea, request)
	assert.Regexp(
		t, "La clef n° "+string(serial)+` vous a été remise : l'assistance \(Sam Durand\) l'a noté mardi`,
		bySupport(request, okey.Handover, okey.Content{Serial: serial}),
	)
}

func TestApproversAreToldThatSupportAnswered(t *testing.T) {
	o := newFixture(t)
	request, _ := o.ask(o.lea, okey.FirstKey)
	sam := o.Support("Sam Durand")
	v := o.act(sam, request, okey.PrincipalDecision, okey.Content{Decision: okey.Refuse, Comment: "chef absent"})
	arrived := o.follow(request, v)
	assert.ElementsMatch(t, []string{
		"lmartin@ac-nice.fr: Votre demande de clef est refusée",
		"ablanc@ac-nice.fr: L'assistance a répondu à votre place à Léa Martin",
		"mroux@ac-nice.fr: L'assistance a répondu à votre place à Léa Martin",
	}, lines(arrived))
}
