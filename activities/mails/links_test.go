package mails_test

import (
	"context"
	"strings"
	"testing"

	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// known tells whether the link of a mail is still the one of its request.
func (o *fixture) known(url string) bool {
	o.Helper()
	text, acts := strings.CutPrefix(url, base+"/valider/")
	require.True(o, acts, url)
	token, err := okey.ParseLinkToken(text)
	require.NoError(o, err)
	found, err := o.Store.Link(context.Background(), token.Hash())
	return err == nil && !found.Replaced
}

func TestAnAddressThatNobodyHasCheckedGetsNoLinkThatActs(t *testing.T) {
	o := newFixture(t)
	o.Key(scene.Tilleuls)
	o.Exec(`UPDATE person SET mail_denied = true WHERE id = $1`, o.roux.ID)
	request, v := o.ask(o.lea, okey.FirstKey)
	arrived := o.follow(request, v)
	assert.Contains(t, link(arrived[0]), base+"/valider/")
	assert.Equal(t, base+"/demandes/"+request.String(), link(arrived[1]))

	// Nor does it take anything from the one whose address it is.
	o.Exec(`UPDATE person SET mail = $2 WHERE id = $1`, o.roux.ID, o.blanc.Mail)
	paul := o.Person("Paul Petit", okey.Staff, scene.Tilleuls)
	request, v = o.ask(paul, okey.FirstKey)
	assert.Contains(t, link(o.follow(request, v)[0]), base+"/valider/")
}

func TestAnotherIssueIsAnotherMailWithAnotherLink(t *testing.T) {
	o := newFixture(t)
	sam := o.Support("Sam Secours")
	request, v := o.ask(o.lea, okey.FirstKey)
	o.follow(request, v)
	before := o.box.To("mroux@ac-nice.fr")[0]
	require.True(t, o.known(link(before)))

	reissued := o.reissue(sam, request)
	require.True(t, reissued.Accepted)
	require.False(t, o.known(link(before)), "dead before any mail has left")
	letters := o.letters(reissued.Letters...)
	require.ElementsMatch(t, []string{
		"ablanc@ac-nice.fr: Léa Martin demande une clef", "mroux@ac-nice.fr: Léa Martin demande une clef",
	}, lines(letters))
	for _, letter := range letters {
		assert.NotEqual(t, link(before), link(letter))
		assert.True(t, o.known(link(letter)), "it leads to the request")
		assert.Contains(t, letter.Text, "Ce lien remplace le précédent.")
	}
	assert.Equal(
		t, 2, o.Count(`SELECT count(DISTINCT message_id) FROM mail WHERE kind = 'asked' AND person = $1`, o.roux.ID),
		"the Message-ID is another one",
	)
	assert.Empty(t, o.letters(reissued.Letters...), "tried again, nothing leaves twice")

	reminder := o.send(request, okey.MailStep{Kind: okey.MailRemindDecision, Ref: 101})
	require.NotEmpty(t, reminder)
	assert.True(t, o.known(link(reminder[0])), "reminders have the new link too")
	assert.Equal(t, link(letters[0]) == link(reminder[0]), letters[0].To == reminder[0].To)
}

func TestAMailThatWaitedThroughAnIssueLeavesOnceAndWithTheNewLink(t *testing.T) {
	o := newFixture(t)
	sam := o.Support("Sam Secours")
	request, _ := o.ask(o.lea, okey.FirstKey)
	reissued := o.reissue(sam, request)
	o.letters(reissued.Letters...)
	o.send(request, okey.MailStep{Kind: okey.MailAsked, Ref: 1})
	require.Len(t, o.box.To("mroux@ac-nice.fr"), 1, "the step and the new issue are one mail by now")
	assert.True(t, o.known(link(o.box.To("mroux@ac-nice.fr")[0])))
}

func TestSharedMailboxesGetNoActingLinkByANewIssueEither(t *testing.T) {
	o := newFixture(t)
	sam := o.Support("Sam Secours")
	o.Exec(`UPDATE person SET mail = 'direction@ac-nice.fr' WHERE uid IN ('mroux', 'ablanc')`)
	request, _ := o.ask(o.lea, okey.FirstKey)
	letters := o.letters(o.reissue(sam, request).Letters...)
	require.NotEmpty(t, letters)
	for _, letter := range letters {
		assert.Equal(t, base+"/demandes/"+request.String(), link(letter))
	}
	assert.Zero(t, o.Count(`SELECT count(*) FROM link`))
}
