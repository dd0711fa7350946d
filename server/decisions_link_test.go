package server_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"okey/config"
	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// link makes what a mail to the person would carry.
func (h *house) link(page string, p okey.Person, expires time.Time, keys okey.LinkKeys) string {
	h.Helper()
	id, err := uuid.Parse(strings.TrimPrefix(page, "/demandes/"))
	require.NoError(h, err)
	l := okey.Link{Request: id, Person: p.ID, Purpose: okey.LinkDecision, Issue: 1}
	token := l.Token(keys)
	require.NoError(h, h.Store.SaveLink(context.Background(), token, l, expires, time.Now()))
	return "/valider/" + token.Text()
}

func (h *house) goodLink(page string, p okey.Person) string {
	return h.link(page, p, time.Now().Add(time.Hour), h.Config.LinkKeys)
}

func TestAnEmailedLinkAnswersWithoutSigningIn(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	page := h.as(c.lea).asks()
	link := h.goodLink(page, c.roux)
	b := h.browse()
	opened := b.get(link)
	assert.Equal(t, http.StatusOK, opened.Status)
	assert.Equal(t, "no-referrer", opened.Header.Get("Referrer-Policy"))
	assert.Contains(t, opened.text(), "Vous répondez en tant que Marc Roux")
	assert.Contains(t, opened.text(), "Léa Martin")
	assert.Contains(t, opened.text(), "saisie des absences")
	assert.NotContains(t, opened.HTML, " checked", "nothing is chosen beforehand")

	done := b.done(b.fill(link, link, "decision", "approve"))
	assert.Contains(t, done.text(), "Vous avez accepté. Une clef est réservée à Léa Martin")
	assert.Equal(t, "link", h.Text(`SELECT via FROM action WHERE name = 'principal-decision'`))
	assert.Equal(t, c.roux.ID.String(), h.Text(`SELECT by_person FROM action WHERE name = 'principal-decision'`))
	assert.Contains(t, b.get(link).text(), "Vous avez déjà répondu à cette demande")
	assert.Contains(t, done.HTML, `href="/">Voir ce qui m'attend<`, "the others wait there")
	assert.NotContains(t, opened.text(), "Voir ce qui m'attend", "one thing first")
}

func TestASecondApproversLinkTellsWhoDecided(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	page := h.as(c.lea).asks()
	link := h.goodLink(page, c.roux)
	b := h.browse()
	late := b.get(link).form(t, link, "decision", "refuse", "comment", "non")
	blanc := h.as(c.blanc)
	blanc.done(blanc.answers(page, "approve", ""))

	told := b.post(link, late)
	assert.Equal(t, http.StatusConflict, told.Status)
	assert.Regexp(t, `Anne Blanc a déjà accepté cette demande \S+ \S+ \S+ à \d+ h \d\d\. Votre réponse n'a rien changé\.`, told.text())
	assert.Contains(t, told.text(), "Vous aviez écrit : non")
	shown := b.get(link)
	assert.Regexp(t, `Anne Blanc a déjà accepté cette demande \S+ \S+ \S+ à \d+ h \d\d\.`, shown.text())
	assert.NotContains(t, shown.HTML, "<textarea")
}

func TestAWrongAnswerThroughALinkComesBackAsTyped(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.as(c.lea).asks()
	link := h.goodLink(page, c.roux)
	b := h.browse()
	wrong := b.fill(link, link, "comment", "parce que")
	assert.Equal(t, http.StatusUnprocessableEntity, wrong.Status)
	assert.Contains(t, wrong.text(), "Choisissez d'accepter ou de refuser.")
	assert.Contains(t, wrong.HTML, "parce que</textarea>")
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM action`))
}

// A forwarded mail is enough to have somebody else's link; a session that says who opens it is heard.
func TestNobodyDecidesOnTheirOwnRequestThroughSomebodyElsesLink(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	b := h.as(c.roux)
	own := b.asks()
	link := h.goodLink(own, c.blanc)
	form := h.browse().get(link).form(t, link, "decision", "approve")
	for _, answer := range []sheet{b.get(link), b.post(link, form)} {
		assert.Equal(t, http.StatusForbidden, answer.Status)
		assert.Contains(t, answer.text(), "C'est votre propre demande")
		assert.Equal(t, []string{"Voir ma demande"}, answer.buttons())
		assert.Contains(t, answer.HTML, `href="`+own+`"`)
		assert.Contains(t, answer.text(), "Marc Roux Se déconnecter Accueil", "with the menu: who reads it is signed in")
	}
	assert.Zero(t, h.Count(`SELECT count(*) FROM action WHERE name = 'principal-decision'`))
}

func TestUnknownExpiredAndForeignLinksLookTheSame(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.as(c.lea).asks()
	unknown := okey.Link{Request: uuid.New(), Person: c.roux.ID, Purpose: okey.LinkDecision, Issue: 1}.Token(h.Config.LinkKeys)
	former := h.Person("Yves Ancien", okey.Principal, scene.Tilleuls)
	formers := h.goodLink(page, former)
	h.Exec(`DELETE FROM assignment WHERE person = $1`, former.ID)
	another := h.as(c.blanc).asks()
	replaced := h.goodLink(another, c.roux)
	h.Exec(`UPDATE request SET link_issue = 2 WHERE id = $1`, strings.TrimPrefix(another, "/demandes/"))
	links := map[string]string{
		"replaced":         replaced,
		"unreadable":       "/valider/abc",
		"unknown":          "/valider/" + unknown.Text(),
		"expired":          h.link(page, c.blanc, time.Now().Add(-time.Minute), h.Config.LinkKeys),
		"signed by others": h.link(page, c.roux, time.Now().Add(time.Hour), config.NewKeyring()),
		"role gone":        formers,
		"of the asker":     h.goodLink(page, c.lea),
		"of somebody else": h.goodLink(page, c.stranger),
		"of support":       h.goodLink(page, c.support),
	}
	b := h.browse()
	want := b.get("/valider/abc")
	for name, link := range links {
		for _, p := range []sheet{b.get(link), b.post(link, url.Values{"action": {uuid.NewString()}, "decision": {"approve"}})} {
			assert.Equal(t, http.StatusNotFound, p.Status, name)
			assert.Equal(t, want.HTML, p.HTML, name)
			assert.Equal(t, "no-referrer", p.Header.Get("Referrer-Policy"), name)
		}
	}
	assert.Equal(t, 2, h.Count(`SELECT count(*) FROM action`), "the askings")
}

// Who really answered is what the record shows: a mail that was forwarded, or a computer that two people use, must not write another name.
func TestNobodyWhoHasSignedInAnswersInTheNameOfALinksOwner(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	page := h.as(c.lea).asks()
	link := h.goodLink(page, c.roux)
	opened := h.browse().get(link)
	form := opened.form(t, link, "decision", "approve")
	for _, opener := range []struct {
		okey.Person
		told string
		path string
	}{
		{c.blanc, "Vous pouvez aussi répondre à cette demande, en votre nom. Répondre en mon nom", page},
		{c.support, "Vous pouvez aussi répondre à cette demande, en votre nom. Répondre en mon nom", page},
		{c.stranger, "", ""},
	} {
		b := h.as(opener.Person)
		for _, p := range []sheet{b.get(link), b.post(link, form)} {
			assert.Equal(t, http.StatusForbidden, p.Status, opener.Name())
			assert.Contains(t, p.text(), "Ce lien a été envoyé à Marc Roux. "+
				"La session ouverte ici est celle "+okey.SayOf(opener.Name())+". Rien n'a été enregistré. "+opener.told)
			assert.NotContains(t, p.text(), "saisie des absences", "no more than whose it is")
			assert.Equal(t, opener.path != "", strings.Contains(p.HTML, `href="`+page+`"`), opener.Name())
			assert.Contains(t, p.HTML, `<form method="post" action="/deconnexion">`)
			assert.Equal(t, "strict-origin", p.Header.Get("Referrer-Policy"))
		}
	}
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM action`), "the asking")

	blanc := h.as(c.blanc)
	blanc.done(blanc.answers(page, "approve", ""))
	assert.Equal(t, c.blanc.ID.String(), h.Text(`SELECT by_person FROM action WHERE name = 'principal-decision'`))
	assert.Contains(t, blanc.get(link).text(), "Vous pouvez voir cette demande avec votre propre compte.")
}

func TestALinksOwnerWhoHasSignedInAnswersByIt(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	link := h.goodLink(h.as(c.lea).asks(), c.roux)
	roux := h.as(c.roux)
	roux.done(roux.fill(link, link, "decision", "approve"))
	assert.Equal(t, c.roux.ID.String(), h.Text(`SELECT by_person FROM action WHERE name = 'principal-decision' AND via = 'link'`))
}

func TestASessionThatWasEndedIsNobodysWhenALinkIsOpened(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	link := h.goodLink(h.as(c.lea).asks(), c.roux)
	blanc := h.as(c.blanc)
	require.Equal(t, http.StatusForbidden, blanc.get(link).Status)
	h.Exec(`UPDATE person SET sessions_from = now() + interval '1 minute' WHERE id = $1`, c.blanc.ID)
	assert.Equal(t, http.StatusOK, blanc.get(link).Status)
}

func TestAnAnswerThroughALinkThatWaitsIsRecorded(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.as(c.lea).asks()
	link := h.goodLink(page, c.roux)
	b := h.browse()
	h.cutOff(true)
	recorded := b.fill(link, link, "decision", "approve")
	assert.Equal(t, http.StatusAccepted, recorded.Status)
	assert.Contains(t, recorded.text(), "C'est enregistré")
	again := b.get(link)
	assert.Contains(t, again.text(), "Votre réponse est enregistrée")
	assert.NotContains(t, again.HTML, "<textarea")
}
