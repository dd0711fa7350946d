package activities_test

import (
	"context"
	"strings"
	"testing"

	"okey/activities"
	"okey/calendar"
	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func (c *court) reissue(by okey.Person, request uuid.UUID) okey.StockVerdict {
	c.Helper()
	a := c.Record(okey.Action{Name: okey.ActionLinkReissue, By: by.ID, Request: request})
	stock := activities.NewStock(c.Store, calendar.PublicOnly())
	v, err := stock.Change(context.Background(), okey.StockMatter{Action: a.ID, At: c.now})
	require.NoError(c, err)
	again, err := stock.Change(context.Background(), okey.StockMatter{Action: a.ID, At: c.now})
	require.NoError(c, err)
	assert.Equal(c, v, again, "a second attempt answers the same")
	return v
}

// known tells whether the link of a mail is still the one of its request.
func (o *office) known(url string) bool {
	o.Helper()
	text, acts := strings.CutPrefix(url, base+"/valider/")
	require.True(o, acts, url)
	token, err := okey.ParseLinkToken(text)
	require.NoError(o, err)
	found, err := o.Store.Link(context.Background(), token.Hash())
	return err == nil && !found.Replaced
}

func TestAnAddressThatNobodyHasCheckedGetsNoLinkThatActs(t *testing.T) {
	o := newOffice(t)
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
	o := newOffice(t)
	sam := o.Support("Sam Secours")
	request, v := o.ask(o.lea, okey.FirstKey)
	o.follow(request, v)
	before := o.box.To("mroux@ac-nice.fr")[0]
	require.True(t, o.known(link(before)))

	reissued := o.reissue(sam, request)
	require.True(t, reissued.Accepted)
	require.False(t, o.known(link(before)), "dead before any mail has left")
	letters := o.letters(reissued.Letters...)
	require.ElementsMatch(t, []string{"ablanc@ac-nice.fr: Léa Martin demande une clef", "mroux@ac-nice.fr: Léa Martin demande une clef"}, lines(letters))
	for _, letter := range letters {
		assert.NotEqual(t, link(before), link(letter))
		assert.True(t, o.known(link(letter)), "it leads to the request")
		assert.Contains(t, letter.Text, "Ce lien remplace le précédent.")
	}
	assert.Equal(t, 2, o.Count(`SELECT count(DISTINCT message_id) FROM mail WHERE kind = 'asked' AND person = $1`, o.roux.ID), "the Message-ID is another one")
	assert.Empty(t, o.letters(reissued.Letters...), "tried again, nothing leaves twice")

	reminder := o.send(request, okey.MailStep{Kind: okey.MailRemindDecision, Ref: 101})
	require.NotEmpty(t, reminder)
	assert.True(t, o.known(link(reminder[0])), "reminders have the new link too")
	assert.Equal(t, link(letters[0]) == link(reminder[0]), letters[0].To == reminder[0].To)
}

func TestAMailThatWaitedThroughAnIssueLeavesOnceAndWithTheNewLink(t *testing.T) {
	o := newOffice(t)
	sam := o.Support("Sam Secours")
	request, _ := o.ask(o.lea, okey.FirstKey)
	reissued := o.reissue(sam, request)
	o.letters(reissued.Letters...)
	o.send(request, okey.MailStep{Kind: okey.MailAsked, Ref: 1})
	require.Len(t, o.box.To("mroux@ac-nice.fr"), 1, "the step and the new issue are one mail by now")
	assert.True(t, o.known(link(o.box.To("mroux@ac-nice.fr")[0])))
}

func TestSharedMailboxesGetNoActingLinkByANewIssueEither(t *testing.T) {
	o := newOffice(t)
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

func TestNobodyButSupportRaisesAnIssue(t *testing.T) {
	c := newCourt(t)
	request, _ := c.ask(c.lea, okey.FirstKey)
	for _, p := range []okey.Person{c.lea, c.roux, c.Person("Zoé Ailleurs", okey.Principal, scene.Acacias)} {
		v := c.reissue(p, request)
		assert.False(t, v.Accepted, p.Name())
		assert.Empty(t, v.Letters)
	}
	former := c.Support("Sam Secours")
	c.Exec(`UPDATE person SET support = false WHERE id = $1`, former.ID)
	assert.False(t, c.reissue(former, request).Accepted, "rights are asked for again")
	assert.Equal(t, 1, c.Count(`SELECT link_issue FROM request`))
}

func TestCountsOfGuessesAreForgotten(t *testing.T) {
	c := newCourt(t)
	_, err := c.Store.CountAttempt(context.Background(), okey.AttemptLink, []byte("somewhere"), c.now)
	require.NoError(t, err)
	c.retain(c.now.AddDate(0, 1, -1))
	assert.Equal(t, 1, c.Count(`SELECT count(*) FROM attempt`))
	c.retain(c.later(1))
	assert.Zero(t, c.Count(`SELECT count(*) FROM attempt`))
}
