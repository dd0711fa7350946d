package mails_test

import (
	"context"
	"testing"

	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
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
	assert.Contains(t, got[0].Text, "charte et code PIN")
	assert.Empty(t, o.letters(order), "once")
}

// The error quotes the database: it stays on the page.
func TestSupportIsToldOfWhatDoesNotGetOnUnlessItHasMeanwhile(t *testing.T) {
	o := newFixture(t)
	trouble := sql.Trouble{
		Kind: sql.TroubleActivity, Workflow: "key-request-1", What: okey.ActivityJudge, Error: "Léa Martin", Since: o.now, LastAt: o.now,
	}
	require.NoError(t, o.Store.NoteTrouble(context.Background(), trouble))
	order := okey.MailOrder{
		Subject: sql.TroubleID(trouble.Kind, trouble.Workflow, trouble.What), Step: okey.MailStep{Kind: okey.MailStuck, Ref: 1}, At: o.now,
	}
	got := o.letters(order)
	require.Equal(t, []string{supportBox + ": À débloquer : le suivi d'une demande"}, lines(got))
	assert.NotContains(t, got[0].Text, "Martin")
	order.Subject = uuid.New()
	assert.Empty(t, o.letters(order), "it has got on")
}
