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

func TestEverybodyWhomASuccessionConcernsIsToldOnce(t *testing.T) {
	o := newFixture(t)
	o.Person("Paul Petit", okey.Principal, scene.Acacias)
	o.Person("Alix Adjoint", okey.Deputy, scene.Acacias)
	signed, _ := o.until(okey.AwaitingHandover)
	waits, _ := o.ask(o.Person("Ali Benali", okey.Staff, scene.Tilleuls), okey.FirstKey)
	require.Equal(t, okey.AwaitingStock, o.approve(waits).Standing.Stage)
	ben := o.Person("Ben Blond", okey.Staff, scene.Tilleuls)
	held := o.KeyOf(ben, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	o.thirdSchool()
	o.stockAct(okey.Action{Name: okey.ActionTakeAlong, Key: held, By: o.roux.ID, Content: okey.Content{Establishment: heir}})
	o.Exec(`INSERT INTO inventory (id, uai, by_person, at, comment) VALUES ($1, $2, $3, $4, '')`,
		uuid.Max, scene.Tilleuls, o.roux.ID, o.now)
	o.Exec(`INSERT INTO key_report (id, serial, uai, inventory, at, state) VALUES ($1, '00999', $2, $1, $3, 'pending')`,
		uuid.Max, scene.Tilleuls, o.now)

	a := o.succeed(o.Support("Sam Support"), scene.Tilleuls, scene.Acacias)
	arrived := o.letters(a.Verdict.Letters...)
	const (
		subject = "Votre établissement remplace le collège des Tilleuls"
		closing = "Votre établissement est remplacé par le lycée des Acacias"
	)
	assert.ElementsMatch(t, []string{
		"ppetit@ac-nice.fr: " + subject, "aadjoint@ac-nice.fr: " + subject,
		"mroux@ac-nice.fr: " + closing, "ablanc@ac-nice.fr: " + closing,
		"lmartin@ac-nice.fr: Votre clef vous attend ailleurs", "abenali@ac-nice.fr: Votre demande de clef continue ailleurs",
	}, lines(arrived))
	assert.Contains(t, to("ppetit@ac-nice.fr", arrived)[0].Text, "Vous en reprenez 2 clefs, 2 demandes, 1 départ et 1 signalement.")
	roux := to("mroux@ac-nice.fr", arrived)[0].Text
	assert.Contains(t, roux, "en reprend 2 clefs, 2 demandes, 1 départ et 1 signalement. "+
		"Alix Adjoint ou Paul Petit y répond maintenant : remettez-lui les clefs de votre tiroir.")
	lea := to("lmartin@ac-nice.fr", arrived)[0]
	assert.Contains(t, lea.Text, "Le lycée des Acacias remplace le collège des Tilleuls. "+
		"Votre clef vous y attend : venez la chercher auprès d'Alix Adjoint ou Paul Petit.")
	assert.Equal(t, base+"/demandes/"+signed.String(), link(lea))
	ali := to("abenali@ac-nice.fr", arrived)[0]
	assert.Contains(t, ali.Text, "garde sa place : Alix Adjoint ou Paul Petit y répond. Vous n'avez rien à faire.")
	assert.Equal(t, base+"/demandes/"+waits.String(), link(ali))
	for request, address := range map[uuid.UUID]string{signed: "lmartin@ac-nice.fr", waits: "abenali@ac-nice.fr"} {
		mails, err := o.Store.MailsOf(context.Background(), request)
		require.NoError(t, err)
		require.NotEmpty(t, mails, "support finds it with what else was written about the request")
		assert.Equal(t, []string{"request_follows", address}, []string{string(mails[len(mails)-1].Kind), mails[len(mails)-1].Address})
	}
	assert.Empty(t, o.letters(a.Verdict.Letters...), "each once")
}

func TestOneHeadOfBothSchoolsGetsOneLetter(t *testing.T) {
	o := newFixture(t)
	o.Exec(`INSERT INTO assignment (person, uai, function, source, since) VALUES ($1, $2, 'chef', 'import', $3)`,
		o.roux.ID, scene.Acacias, scene.Now)
	a := o.succeed(o.Support("Sam Support"), scene.Tilleuls, scene.Acacias)
	assert.Len(t, to("mroux@ac-nice.fr", o.letters(a.Verdict.Letters...)), 1)
}

// Where the successor has no head, the closing school's answer there: at once, and they are told what awaits them.
func TestHeadsFollowToASuccessorWithoutAny(t *testing.T) {
	o := newFixture(t)
	asked, _ := o.ask(o.lea, okey.FirstKey)
	a := o.succeed(o.Support("Sam Support"), scene.Tilleuls, scene.Acacias)
	assert.ElementsMatch(t, []string{
		"mroux@ac-nice.fr: Votre établissement remplace le collège des Tilleuls",
		"ablanc@ac-nice.fr: Votre établissement remplace le collège des Tilleuls",
		"lmartin@ac-nice.fr: Votre demande de clef continue ailleurs",
	}, lines(o.letters(a.Verdict.Letters...)))
	assert.Equal(t, okey.AwaitingStock, o.approve(asked).Standing.Stage)
	moved, err := o.Store.SuccessionCounts(t.Context(), a.Subject)
	require.NoError(t, err)
	assert.Equal(t, 3, moved.Staff)
}

func TestSupportIsToldWhereNobodyAnswersForTheSuccessor(t *testing.T) {
	o := newFixture(t)
	o.Exec(`UPDATE assignment SET source = 'support' WHERE uai = $1 AND function <> 'personnel'`, scene.Tilleuls) // which stays, and gives nothing
	asked, _ := o.ask(o.lea, okey.FirstKey)
	a := o.succeed(o.Support("Sam Support"), scene.Tilleuls, scene.Acacias)
	arrived := o.letters(a.Verdict.Letters...)
	told := to(supportBox, arrived)
	require.Equal(t, []string{supportBox + ": Personne ne peut répondre : le lycée des Acacias"}, lines(told))
	assert.Contains(t, told[0].Text, "reprend 1 demande, mais personne ne peut y répondre.")
	assert.Contains(t, to("mroux@ac-nice.fr", arrived)[0].Text, "L'assistance y répond maintenant.")
	assert.Contains(t, to("lmartin@ac-nice.fr", arrived)[0].Text, "l'assistance y répond")
	stuck, err := o.Store.Stuck(t.Context(), sql.StuckSince{Today: okey.DayOf(o.now, time.UTC), Limit: 10})
	require.NoError(t, err)
	require.Len(t, stuck.Escalated, 1)
	assert.Equal(t, asked, stuck.Escalated[0].ID)
	assert.NotContains(t, lines(arrived)[0], "Acacias remplace", "support is not told as if it were the direction")
}
