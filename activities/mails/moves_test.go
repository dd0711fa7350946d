package mails_test

import (
	"testing"

	"okey/internal/postbox"
	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBothEstablishmentsAreToldOfMovedKeys(t *testing.T) {
	o := newFixture(t)
	o.Person("Paul Petit", okey.Principal, scene.Acacias)
	serial := o.Key(scene.Tilleuls)
	v := o.moveKeys(o.Support("Sam Support"), scene.Acacias, serial)
	arrived := o.letters(v.Letters...)
	require.Equal(t, []string{
		"ablanc@ac-nice.fr: L'assistance a déplacé 1 clef", "mroux@ac-nice.fr: L'assistance a déplacé 1 clef",
		"ppetit@ac-nice.fr: L'assistance a déplacé 1 clef",
	}, lines(arrived))
	assert.Contains(t, arrived[0].Text, "elle quitte le collège des Tilleuls pour le lycée des Acacias (0069002C), « rééquilibrage ».")
	assert.Contains(t, arrived[2].Text, "elle quitte le collège des Tilleuls (0069001B) pour le lycée des Acacias (0069002C)")
	assert.Contains(t, arrived[2].Text, string(serial))
	assert.Empty(t, o.letters(v.Letters...), "each once")
}

func TestTheNewEstablishmentReadsWhoHasAMovedKeyAndWhereItComesFrom(t *testing.T) {
	o := newFixture(t)
	o.thirdSchool()
	o.Person("Paul Petit", okey.Principal, scene.Acacias)
	held, free := o.KeyOf(o.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30)), o.Key(heir)
	v := o.moveKeys(o.Support("Sam Support"), scene.Acacias, held, free)
	o.letters(v.Letters...)
	there := o.box.To("ppetit@ac-nice.fr")
	require.Len(t, there, 1)
	assert.Contains(t, there[0].Text, "elles quittent d'autres établissements pour le lycée des Acacias (0069002C)")
	assert.Contains(t, there[0].Text, "n° "+string(held)+", qu'a Léa Martin, de : le collège des Tilleuls (0069001B)")
	assert.Contains(t, there[0].Text, "n° "+string(free)+", de : le collège Neuf (0069003D)")
}

func TestAProposalIsToldFromBeginningToEnd(t *testing.T) {
	o := newFixture(t)
	paul := o.Person("Paul Petit", okey.Principal, scene.Acacias)
	serial := o.KeyOf(o.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	proposal := o.stockAct(okey.Action{
		Name: okey.ActionTakeAlong, Key: serial, By: o.roux.ID, Content: okey.Content{Establishment: scene.Acacias, Comment: "mutation"},
	})
	arrived := o.letters(proposal.Verdict.Letters...)
	require.Equal(t, []string{
		"ppetit@ac-nice.fr: Léa Martin arrive avec sa clef", "lmartin@ac-nice.fr: Votre clef vous suit-elle ?",
	}, lines(arrived))
	assert.Equal(t, base+"/deplacements/"+proposal.Subject.String(), link(arrived[0]))
	assert.Equal(t, base+"/clefs/"+string(serial), link(arrived[1]))
	arrived = o.letters(o.answerMove(paul, proposal.Subject, okey.Approve).Letters...)
	assert.Equal(t, []string{
		"mroux@ac-nice.fr: Clef de Léa Martin : départ accepté", "lmartin@ac-nice.fr: Votre clef vous suit",
	}, lines(arrived))
}

func TestAProposalToASchoolWithoutADirectionSaysThatSupportAnswers(t *testing.T) {
	o := newFixture(t)
	serial := o.KeyOf(o.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	proposal := o.stockAct(okey.Action{
		Name: okey.ActionTakeAlong, Key: serial, By: o.roux.ID, Content: okey.Content{Establishment: scene.Acacias},
	})
	arrived := o.letters(proposal.Verdict.Letters...)
	require.Equal(t, []string{
		supportBox + ": Léa Martin arrive avec sa clef", "lmartin@ac-nice.fr: Votre clef vous suit-elle ?",
	}, lines(arrived))
	assert.Contains(t, arrived[0].Text, "À l'assistance de répondre.")
	assert.Contains(t, arrived[1].Text, "L'assistance va répondre.")
}

func TestAWithdrawnProposalIsToldToWhoeverWasToAnswer(t *testing.T) {
	o := newFixture(t)
	o.Person("Paul Petit", okey.Principal, scene.Acacias)
	serial := o.KeyOf(o.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	proposal := o.stockAct(okey.Action{
		Name: okey.ActionTakeAlong, Key: serial, By: o.roux.ID, Content: okey.Content{Establishment: scene.Acacias},
	})
	o.letters(proposal.Verdict.Letters...)
	v := o.stockAct(okey.Action{
		Name: okey.ActionMoveWithdrawal, Subject: proposal.Subject, By: o.roux.ID, Content: okey.Content{Comment: "elle reste"},
	}).Verdict
	arrived := o.letters(v.Letters...)
	require.Equal(t, []string{
		"ppetit@ac-nice.fr: Léa Martin n'arrive plus avec sa clef", "lmartin@ac-nice.fr: Votre clef ne change pas d'établissement",
	}, lines(arrived))
	assert.Equal(t, base+"/deplacements/"+proposal.Subject.String(), link(arrived[0]))
	assert.Contains(t, arrived[0].Text, "« elle reste »")
	assert.Equal(t, base+"/clefs/"+string(serial), link(arrived[1]))
}

func TestAProposerLearnsThatNobodyAnswered(t *testing.T) {
	o := newFixture(t)
	serial := o.KeyOf(o.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	o.stockAct(okey.Action{Name: okey.ActionTakeAlong, Key: serial, By: o.roux.ID, Content: okey.Content{Establishment: scene.Acacias}})
	o.now = o.now.Add(okey.MoveLife)
	assert.Equal(t, []string{"mroux@ac-nice.fr: Clef de Léa Martin : personne n'a répondu"}, lines(o.morning()))
}

func TestAHolderIsToldWhoFollowsTheKeyThatSupportMoves(t *testing.T) {
	o := newFixture(t)
	o.Person("Paul Petit", okey.Principal, scene.Acacias)
	serial, free := o.KeyOf(o.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30)), o.Key(scene.Tilleuls)
	v := o.moveKeys(o.Support("Sam Support"), scene.Acacias, serial, free)
	var told []postbox.Letter
	for _, l := range o.letters(v.Letters...) {
		if l.To == "lmartin@ac-nice.fr" {
			told = append(told, l)
		}
	}
	require.Equal(t, []string{"lmartin@ac-nice.fr: Votre clef n° " + string(serial) + " change d'établissement"}, lines(told))
	assert.Contains(t, told[0].Text, "Votre clef n° "+string(serial)+" est maintenant suivie au lycée des Acacias : « rééquilibrage ».")
	assert.Contains(t, told[0].Text, "adressez-vous à Paul Petit.")
	assert.Equal(t, base+"/clefs/"+string(serial), link(told[0]))
}

func TestAnAnswerThatCrossedASuccessionGoesToWhoAnswersNow(t *testing.T) {
	o := newFixture(t)
	o.thirdSchool()
	nina := o.Person("Nina Neuf", okey.Principal, heir)
	paul := o.Person("Paul Petit", okey.Principal, scene.Acacias)
	serial := o.KeyOf(o.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	propose := func(by okey.Person) okey.Action {
		return o.stockAct(okey.Action{
			Name: okey.ActionTakeAlong, Key: serial, By: by.ID, Content: okey.Content{Establishment: scene.Acacias, Comment: "mutation"},
		})
	}
	proposal := propose(o.roux)
	require.True(t, o.succeed(o.Support("Sam Support"), scene.Tilleuls, heir).Verdict.Accepted)
	arrived := o.letters(o.answerMove(paul, proposal.Subject, okey.Refuse).Letters...)
	assert.Equal(t, []string{
		"nneuf@ac-nice.fr: Clef de Léa Martin : départ refusé", "lmartin@ac-nice.fr: Votre clef ne vous suit pas",
	}, lines(arrived))
	assert.Contains(t, arrived[0].Text, "Le collège Neuf (0069003D) la garde")

	require.True(t, propose(nina).Verdict.Accepted)
	o.Exec(`UPDATE key_move SET proposed_by = $1 WHERE state = 'proposed'`, o.roux.ID)
	o.now = o.now.Add(okey.MoveLife)
	assert.Equal(t, []string{"nneuf@ac-nice.fr: Clef de Léa Martin : personne n'a répondu"}, lines(o.morning()))
}
