package activities_test

import (
	"context"
	"testing"

	"okey"
	"okey/internal/postbox"
	"okey/internal/scene"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// letters sends what an action about stock asks for, and returns what arrived.
func (o *office) letters(orders ...okey.MailOrder) []postbox.Letter {
	o.Helper()
	before := len(o.box.Letters())
	for _, order := range orders {
		report, err := o.mails.SendMails(context.Background(), order)
		require.NoError(o, err)
		assert.Zero(o, report.Failed)
	}
	return o.box.Letters()[before:]
}

func TestBothEstablishmentsAreToldOfMovedKeys(t *testing.T) {
	o := newOffice(t)
	o.Person("Paul Petit", okey.Principal, scene.Acacias)
	serial := o.Key(scene.Tilleuls)
	v := o.moveKeys(o.Support("Sam Support"), scene.Acacias, serial)
	arrived := o.letters(v.Letters...)
	require.Equal(t, []string{
		"ablanc@ac-nice.fr: L'assistance a déplacé 1 clef", "mroux@ac-nice.fr: L'assistance a déplacé 1 clef", "ppetit@ac-nice.fr: L'assistance a déplacé 1 clef",
	}, lines(arrived))
	assert.Contains(t, arrived[0].Text, "elle quitte le collège des Tilleuls pour le lycée des Acacias (0069002C), « rééquilibrage ».")
	assert.Contains(t, arrived[2].Text, "elle quitte un autre établissement pour le lycée des Acacias (0069002C)")
	assert.Contains(t, arrived[2].Text, string(serial))
	assert.Empty(t, o.letters(v.Letters...), "each once")
}

func TestAProposalIsToldFromBeginningToEnd(t *testing.T) {
	o := newOffice(t)
	paul := o.Person("Paul Petit", okey.Principal, scene.Acacias)
	serial := o.KeyOf(o.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	proposal := o.stockAct(okey.Action{Name: okey.ActionTakeAlong, Key: serial, By: o.roux.ID, Content: okey.Content{Establishment: scene.Acacias, Comment: "mutation"}})
	arrived := o.letters(proposal.Verdict.Letters...)
	require.Equal(t, []string{"ppetit@ac-nice.fr: Léa Martin arrive avec sa clef", "lmartin@ac-nice.fr: Votre clef vous suit-elle ?"}, lines(arrived))
	assert.Equal(t, base+"/deplacements/"+proposal.Subject.String(), link(arrived[0]))
	assert.Equal(t, base+"/clefs/"+string(serial), link(arrived[1]))
	arrived = o.letters(o.answerMove(paul, proposal.Subject, okey.Approve).Letters...)
	assert.Equal(t, []string{"mroux@ac-nice.fr: Clef de Léa Martin : départ accepté", "lmartin@ac-nice.fr: Votre clef vous suit"}, lines(arrived))
}

func TestAProposerLearnsThatNobodyAnswered(t *testing.T) {
	o := newOffice(t)
	serial := o.KeyOf(o.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	o.stockAct(okey.Action{Name: okey.ActionTakeAlong, Key: serial, By: o.roux.ID, Content: okey.Content{Establishment: scene.Acacias}})
	o.now = o.now.Add(okey.MoveLife)
	assert.Equal(t, []string{"mroux@ac-nice.fr: Clef de Léa Martin : personne n'a répondu"}, lines(o.morning()))
}

func TestTheSuccessorsApproversLearnWhatAwaitsThem(t *testing.T) {
	o := newOffice(t)
	o.Person("Paul Petit", okey.Principal, scene.Acacias)
	o.until(okey.AwaitingDecision)
	a := o.succeed(o.Support("Sam Support"), scene.Tilleuls, scene.Acacias)
	arrived := o.letters(a.Verdict.Letters...)
	require.Equal(t, []string{"ppetit@ac-nice.fr: Le lycée des Acacias remplace le collège des Tilleuls"}, lines(arrived))
	assert.Contains(t, arrived[0].Text, "1 clef et 1 demande en cours dépendent désormais de vous.")
}
