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
