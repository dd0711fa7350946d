package mails_test

import (
	"context"
	"strings"
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

func TestALostKeyIsTold(t *testing.T) {
	o := newFixture(t)
	request, serial := o.until(okey.AwaitingHandover)
	o.letters(o.change(serial, okey.Action{By: o.blanc.ID, Content: okey.Content{KeyReason: okey.ReasonLost, Comment: "tiroir vide"}})...)
	arrived := o.box.Letters()
	require.Equal(t, []string{
		"ablanc@ac-nice.fr: La clef n° " + string(serial) + " a été déclarée perdue",
		"mroux@ac-nice.fr: La clef n° " + string(serial) + " a été déclarée perdue",
	}, lines(arrived))
	assert.Contains(t, arrived[1].Text, "par Anne Blanc mardi 24 novembre à 10 h 12 : « tiroir vide »")
	assert.Equal(t, base+"/clefs/"+string(serial), link(arrived[1]))

	arrived = o.follow(request, o.put(okey.Matter{Kind: okey.MatterOpen, Request: request}))
	require.NotEmpty(t, arrived)
	assert.Equal(t, "lmartin@ac-nice.fr: La clef qui vous était réservée n'est plus disponible", lines(arrived)[0])
	assert.Contains(t, arrived[0].Text, "vous gardez votre place dans la file")
	assert.Contains(t, arrived[0].Text, "Charte et code PIN restent valables.")
}

// Two mails would contradict one another: "your key awaits you" and "your key is gone". One says both, and which key to hand over instead.
func TestAnotherKeyInThePlaceOfASignedOneIsToldInOneMail(t *testing.T) {
	o := newFixture(t)
	request, first := o.until(okey.AwaitingHandover)
	second := o.Key(scene.Tilleuls)
	o.change(first, okey.Action{
		By: o.roux.ID, Content: okey.Content{KeyReason: okey.ReasonDefective, Comment: "Numéro illisible, constaté à la remise"},
	})
	arrived := o.follow(request, o.put(okey.Matter{Kind: okey.MatterOpen, Request: request}))
	require.Equal(t, []string{
		"lmartin@ac-nice.fr: Une autre clef vous attend", "ablanc@ac-nice.fr: Une clef à remettre à Léa Martin",
		"mroux@ac-nice.fr: Une clef à remettre à Léa Martin",
	}, lines(arrived))
	assert.Contains(t, arrived[0].Text, "a été déclarée défectueuse : « Numéro illisible, constaté à la remise ». "+
		"Une autre vous attend au collège des Tilleuls auprès d'Anne Blanc ou Marc Roux.")
	assert.Contains(t, arrived[0].Text, "Charte et code PIN restent valables.")
	assert.NotContains(t, arrived[0].Text, "perdue")
	assert.Contains(
		t, arrived[2].Text,
		"La clef n° "+string(first)+", réservée à Léa Martin, a été déclarée défectueuse. Préparez à sa place la clef n° "+string(second),
	)
}

func TestTheFormerHolderIsTold(t *testing.T) {
	o := newFixture(t)
	serial := o.KeyOf(o.lea, scene.Tilleuls, okey.NewDay(2029, time.June, 30))
	o.letters(o.change(serial, okey.Action{By: o.lea.ID, Content: okey.Content{KeyReason: okey.ReasonLost, Comment: "dans le train"}})...)
	mine := o.box.To("lmartin@ac-nice.fr")
	require.Len(t, mine, 1)
	assert.Contains(t, mine[0].Text, "a été déclarée perdue par vous-même")
	assert.Contains(t, mine[0].Text, "Vous pouvez en demander une autre dès maintenant.")
	require.Len(t, o.box.To("mroux@ac-nice.fr"), 1)
	assert.Contains(t, o.box.To("mroux@ac-nice.fr")[0].Text, "qu'avait Léa Martin")
}

// Whoever waits for another key already is led to that request: where they would ask they read that they must withdraw it first.
func TestTheFormerHolderWhoHasAskedAlreadyIsLedToTheirRequest(t *testing.T) {
	o := newFixture(t)
	serial := o.KeyOf(o.lea, scene.Tilleuls, okey.DayOf(o.now, okey.ZoneOf("23")).AddMonths(1))
	request, _ := o.ask(o.lea, okey.Renewal)
	o.letters(o.change(serial, okey.Action{By: o.lea.ID, Content: okey.Content{KeyReason: okey.ReasonDefective, Comment: "écran vide"}})...)
	mine := o.box.To("lmartin@ac-nice.fr")
	told := mine[len(mine)-1]
	assert.Contains(t, told.Text, "Rendez-la à votre direction. Votre demande d'une autre suit son cours.")
	assert.Equal(t, base+"/demandes/"+request.String(), link(told))
}

func TestWhoseKeyIsScrappedIsToldToAskForAnother(t *testing.T) {
	o := newFixture(t)
	serial := o.KeyOf(o.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	o.letters(
		o.change(serial, okey.Action{By: o.blanc.ID, Content: okey.Content{KeyReason: okey.ReasonRetired, Comment: "cassée en deux"}})...,
	)
	mine := o.box.To("lmartin@ac-nice.fr")
	require.Len(t, mine, 1)
	assert.Contains(t, mine[0].Text, "Vous pouvez en demander une autre dès maintenant.")
	assert.NotContains(t, mine[0].Text, "rien à faire")
	assert.Equal(t, base+"/demandes/nouvelle", link(mine[0]))
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

// Links.

func TestADecidersLinkActsForThatPersonUntilTheStageExpires(t *testing.T) {
	o := newFixture(t)
	request, v := o.ask(o.lea, okey.FirstKey)
	o.follow(request, v)
	text, ok := strings.CutPrefix(link(o.box.To("mroux@ac-nice.fr")[0]), base+"/valider/")
	require.True(t, ok)
	token, err := okey.ParseLinkToken(text)
	require.NoError(t, err)
	found, err := o.Store.Link(context.Background(), token.Hash())
	require.NoError(t, err)
	assert.Equal(t, okey.Link{Request: request, Person: o.roux.ID, Purpose: okey.LinkDecision, Issue: 1, Since: scene.Now}, found.Link)
	assert.True(t, token.Signs(found.Link, o.links))
	assert.Equal(t, o.Request(request).KeptUntil, found.ExpiresAt)

	again := o.send(request, okey.MailStep{Kind: okey.MailRemindDecision, Ref: 101})
	require.Len(t, again, 2)
	assert.Equal(t, base+"/valider/"+text, link(again[1]), "a reminder repeats the link")
	assert.Equal(t, 2, o.Count(`SELECT count(*) FROM link`))
	assert.Zero(t, o.Count(`SELECT count(*) FROM mail WHERE mail::text LIKE '%' || $1 || '%'`, text), "no token is kept")

	o.Exec(`UPDATE assignment SET since = $2 WHERE person = $1`, o.roux.ID, o.now.Add(time.Hour))
	o.now = o.now.AddDate(0, 0, 2)
	o.send(request, okey.MailStep{Kind: okey.MailRemindDecision, Ref: 102})
	back := o.box.To("mroux@ac-nice.fr")
	assert.NotEqual(t, base+"/valider/"+text, link(back[len(back)-1]), "whose role has ended and begun again has another link")
}

func TestMailboxesThatSeveralReadGetNoActingLink(t *testing.T) {
	o := newFixture(t)
	o.Exec(`UPDATE person SET mail = $1 WHERE uid = 'mroux'`, "CE.0069001b@ac-nice.fr")
	o.Exec(`UPDATE person SET mail = 'Direction@ac-nice.fr' WHERE uid = 'ablanc'`)
	carol := o.Person("Carole Denis", okey.Deputy, scene.Tilleuls)
	o.Exec(`UPDATE person SET mail = 'direction@ac-nice.fr' WHERE uid = $1`, carol.UID)
	request, v := o.ask(o.lea, okey.FirstKey)
	arrived := o.follow(request, v)
	assert.Len(t, o.box.To("direction@ac-nice.fr"), 2, "the request once, the shortage once")
	for _, letter := range arrived {
		page := base + "/demandes/" + request.String()
		if strings.HasPrefix(letter.Subject, "Plus de clef") {
			page = base + "/commandes?etablissement=0069001B"
		}
		assert.Equal(t, page, link(letter), letter.To)
	}
	assert.Zero(t, o.Count(`SELECT count(*) FROM link`))
}

// Recipients.

func TestDelegatesGetWhatTheirScopeAllows(t *testing.T) {
	o := newFixture(t)
	request, serial := o.until(okey.AwaitingDecision)
	all, stock := o.Person("Eve Morel", okey.Staff, scene.Tilleuls), o.Person("Tom Garnier", okey.Staff, scene.Tilleuls)
	past := o.Person("Luc Perrin", okey.Staff, scene.Tilleuls)
	for _, d := range []struct {
		to    okey.Person
		scope okey.Scope
		until string
	}{{all, okey.Everything, "2026-11-24"}, {stock, okey.HandoverAndStock, "2026-11-30"}, {past, okey.Everything, "2026-11-23"}} {
		o.Exec(`INSERT INTO delegation (id, uai, given_by, given_to, scope, from_day, until_day, created_at)
			VALUES ($1, $2, $3, $4, $5, '2026-11-01', $6, $7)`,
			uuid.New(), scene.Tilleuls, o.roux.ID, d.to.ID, string(d.scope), d.until, o.now)
	}
	o.send(request, okey.MailStep{Kind: okey.MailAsked, Ref: 1})
	assert.Len(t, o.box.To(all.Mail), 1)
	assert.Empty(t, o.box.To(stock.Mail))
	assert.Empty(t, o.box.To(past.Mail))
	o.approve(request)
	o.follow(request, o.sign(o.lea, request))
	require.Len(t, o.box.To(stock.Mail), 1)
	assert.Contains(t, o.box.To(stock.Mail)[0].Text, string(serial))
}

func TestAPrincipalsOwnRequestIsForTheDeputy(t *testing.T) {
	o := newFixture(t)
	o.Key(scene.Tilleuls)
	request, v := o.ask(o.roux, okey.FirstKey)
	assert.Equal(t, []string{"ablanc@ac-nice.fr: Marc Roux demande une clef"}, lines(o.follow(request, v)))
	o.now = o.now.AddDate(0, 0, 2)
	assert.Equal(t, []string{
		"ablanc@ac-nice.fr: Rappel : Marc Roux vous attend",
	}, lines(o.send(request, okey.MailStep{Kind: okey.MailRemindDecision, Ref: 101})))
}

func TestWhereNobodyCanAnswerSupportIsTold(t *testing.T) {
	o := newFixture(t)
	o.Exec(`DELETE FROM assignment WHERE function = 'adjoint'`)
	serial := o.Key(scene.Tilleuls)
	request, v := o.ask(o.roux, okey.FirstKey)
	require.Len(t, v.Mails, 1)
	assert.Equal(t, okey.MailNobody, v.Mails[0].Kind)
	arrived := o.follow(request, v)
	assert.Equal(t, []string{
		supportBox + ": Personne ne peut répondre à Marc Roux", schoolBox + ": Une demande de clef attend une réponse",
	}, lines(arrived))
	for _, letter := range arrived {
		assert.Equal(t, base+"/demandes/"+request.String(), link(letter))
	}
	assert.Zero(t, o.Count(`SELECT count(*) FROM link`))

	sam := o.Support("Sam Durand")
	o.act(sam, request, okey.PrincipalDecision, okey.Content{Decision: okey.Approve, Comment: "vu avec le rectorat"})
	o.sign(o.roux, request)
	v = o.act(o.roux, request, okey.Handover, okey.Content{Serial: serial})
	require.True(t, v.Accepted)
	assert.Equal(t, []string{
		"mroux@ac-nice.fr: Reçu : la clef n° " + string(serial) + " vous est remise", supportBox + ": Marc Roux s'est remis sa propre clef",
	}, lines(o.follow(request, v)))
}
