package mails_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"okey/internal/postbox"
	"okey/okey"
	"okey/sql"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhoWasPromisedTooMuchIsLedToWhyItWasRefused(t *testing.T) {
	o := newFixture(t)
	request, _ := o.until(okey.AwaitingCharter)
	a := o.Record(okey.Action{Name: okey.ActionOf(okey.CharterAndPIN), By: o.lea.ID, Request: request, Content: okey.Content{Charter: 1}})
	order := okey.MailOrder{Subject: a.ID, Step: okey.MailStep{Kind: okey.MailNotDone, Ref: 1}, At: o.now}
	got := o.letters(order)
	require.Equal(t, []string{o.lea.Mail + ": Votre envoi n'a pas pu être pris en compte"}, lines(got))
	assert.Contains(t, got[0].Text, base+"/suivi/"+a.ID.String())
	assert.Contains(t, got[0].Text, "charte et code PIN, demande de Léa Martin")
	assert.Empty(t, o.letters(order), "once")
}

// The error quotes the database: it stays on the page. One mail has all that does not get on, and within an hour there is no other.
func TestSupportIsToldOfWhatDoesNotGetOnUnlessItHasMeanwhile(t *testing.T) {
	o := newFixture(t)
	note := func(workflow, what string) {
		require.NoError(t, o.Store.NoteTrouble(context.Background(), sql.Trouble{
			Kind: sql.TroubleActivity, Workflow: workflow, What: what, Error: "Léa Martin", Since: o.now, LastAt: o.now,
		}))
	}
	tell := func(after time.Duration) []okey.Action {
		at := o.now.Add(after)
		_, err := o.Store.TellTroubles(context.Background(), at.Add(-30*time.Minute), at)
		require.NoError(t, err)
		found, err := o.Store.FollowUps(context.Background(), 100)
		require.NoError(t, err)
		return found
	}
	letters := func(of okey.Action) []postbox.Letter {
		return o.letters(okey.MailOrder{Subject: of.Subject, Step: okey.MailStep{Kind: okey.MailStuck, Ref: 1}, At: of.CreatedAt})
	}
	note("key-request-1", okey.ActivityJudge)
	first := tell(31 * time.Minute)
	require.Len(t, first, 1)
	got := letters(first[0])
	require.Equal(t, []string{supportBox + ": À débloquer : le suivi d'une demande"}, lines(got))
	assert.NotContains(t, got[0].Text, "Martin")

	for n := range 300 {
		note(fmt.Sprint("key-request-", n+2), okey.ActivityJudge)
	}
	require.Len(t, tell(50*time.Minute), 1, "within the hour")
	second := tell(92 * time.Minute)
	require.Len(t, second, 2)
	assert.Equal(t, []string{supportBox + ": À débloquer : 300 travaux"}, lines(letters(second[1])))
	o.Exec(`DELETE FROM trouble`)
	assert.Empty(t, letters(second[0]), "it has got on")
}

// An action is told with whose request it is about, and leads to where it stands.
func TestSupportIsToldWhoseActionNobodyJudges(t *testing.T) {
	o := newFixture(t)
	request, _ := o.until(okey.AwaitingCharter)
	a := o.Record(okey.Action{Name: okey.ActionOf(okey.Withdrawal), By: o.lea.ID, Request: request})
	require.NoError(t, o.Store.Looked(context.Background(), a.ID, o.now, true))
	at := o.now.Add(time.Hour)
	require.NoError(t, o.Store.NoteUnjudged(context.Background(), at, at))
	_, err := o.Store.TellTroubles(context.Background(), at, at)
	require.NoError(t, err)
	told, err := o.Store.FollowUps(context.Background(), 10)
	require.NoError(t, err)
	require.Len(t, told, 1)
	got := o.letters(okey.MailOrder{Subject: told[0].Subject, Step: okey.MailStep{Kind: okey.MailStuck, Ref: 1}, At: at})
	require.Len(t, got, 1)
	assert.Contains(t, got[0].Text, "demande de Léa Martin")
	assert.Contains(t, got[0].Text, base+"/assistance#actions")
}
