package server_test

import (
	"net/http"
	"testing"

	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A page that was for somebody until lately says why it is no longer, and that nothing was done.
func TestWhoeverLostARightIsToldSoWhereTheyWouldHaveUsedIt(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	eve := h.Person("Eve Morel", okey.Staff, scene.Tilleuls)
	lent := h.lent(c.roux, eve, okey.Everything)
	request := h.as(c.lea).asks()
	delegate := h.as(eve)
	form := delegate.get(request).form(t, request+"/reponse", "decision", "approve", "comment", "d'accord")
	roux := h.as(c.roux)
	roux.done(roux.fill(delegations, delegations+"/"+lent.String()+"/fin"))

	const says = "Votre délégation pour le collège des Tilleuls a pris fin"
	refused := delegate.post(request+"/reponse", form)
	assert.Equal(t, http.StatusNotFound, refused.Status)
	assert.Contains(t, refused.text(), says)
	assert.Contains(t, refused.text(), "Rien n'a été enregistré.")
	assert.Contains(t, delegate.get("/").text(), says)
	assert.NotContains(t, delegate.get(request).text(), "enregistré", "whoever only looks had nothing to record")
	assert.NotContains(t, h.as(c.lea).get("/inventaire").text(), "a pris fin", "to nobody else")

	h.lent(c.roux, eve, okey.HandoverAndStock)
	assert.NotContains(t, delegate.get("/").text(), says, "who answers there still has lost nothing")
}

func TestTheHeadOfAClosedSchoolIsToldWhoAnswersAndWhereTheirKeysGo(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Person("Paul Petit", okey.Principal, scene.Acacias)
	sam := h.as(c.support)
	const page = "/assistance/succession"
	review := sam.fill(page, page, "establishment", string(scene.Tilleuls), "successor", string(scene.Acacias), "comment", "fusion")
	sam.done(sam.post(page, review.form(t, page)))
	for _, page := range []string{"/", "/stock?etablissement=" + string(scene.Tilleuls)} {
		told := h.as(c.roux).get(page).text()
		assert.Contains(t, told, "Le lycée des Acacias (0069002C) a remplacé le collège des Tilleuls", page)
		assert.Contains(t, told, "Remettez-lui les clefs qui restent dans votre tiroir", page)
	}
	h.Exec(`UPDATE succession SET at = at - interval '31 days'`)
	assert.NotContains(t, h.as(c.roux).get("/").text(), "a remplacé", "for a month")
}

func TestAHeadWhoLeftIsToldThatTheirFunctionHasEnded(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Exec(`UPDATE assignment SET until = $2 WHERE person = $1`, c.roux.ID, here().AddDays(-1).String())
	assert.Contains(t, h.as(c.roux).get("/stock").text(),
		"Votre fonction de direction pour le collège des Tilleuls a pris fin "+here().AddDays(-1).Say(here())+".")
}

func TestADelegateToBeIsToldFromWhen(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	eve := h.Person("Eve Morel", okey.Staff, scene.Tilleuls)
	h.lent(c.roux, eve, okey.Everything)
	h.Exec(`UPDATE delegation SET from_day = from_day + 9, until_day = until_day + 20, begun_at = NULL`)
	home := h.as(eve).get("/").text()
	assert.Contains(t, home, "Vous serez délégataire pour le collège des Tilleuls à partir du "+here().AddDays(8).Say(here()))
	assert.NotContains(t, home, "Vous êtes délégataire")
}

// What is lent ends with whoever has it: nobody is to count on them longer.
func TestADelegationDoesNotOutliveItsHoldersFunction(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	eve := h.Person("Eve Morel", okey.Staff, scene.Tilleuls)
	h.Exec(`UPDATE assignment SET until = $2 WHERE person = $1`, eve.ID, here().AddDays(5).String())
	roux := h.as(c.roux)
	late := roux.lends("eve morel", okey.Everything, 9)
	assert.Equal(t, http.StatusUnprocessableEntity, late.Status)
	assert.Contains(t, late.text(), "Cette personne quitte l'établissement le "+here().AddDays(5).Say(here()))
	assert.Zero(t, h.Count(`SELECT count(*) FROM delegation`))
	roux.done(roux.lends("eve morel", okey.Everything, 5))
	h.Exec(`UPDATE assignment SET until = $2 WHERE person = $1`, c.blanc.ID, here().AddDays(3).String())
	tom := h.Person("Tom Garnier", okey.Staff, scene.Tilleuls)
	assert.Contains(t, h.as(c.blanc).lends(tom.Mail, okey.Everything, 9).text(),
		"Votre fonction ici prend fin le "+here().AddDays(3).Say(here()))
}

// Whoever is to fetch a key after a merger reads where: the school is another by now.
func TestAKeyThatMovedWithItsSchoolIsFetchedWhereItIs(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	request, _ := h.atCounter(c)
	h.Person("Paul Petit", okey.Principal, scene.Acacias)
	lea := h.as(c.lea)
	assert.NotContains(t, lea.get(request).text(), "venez la chercher au collège")
	sam := h.as(c.support)
	const page = "/assistance/succession"
	review := sam.fill(page, page, "establishment", string(scene.Tilleuls), "successor", string(scene.Acacias), "comment", "fusion")
	record := sam.done(sam.post(page, review.form(t, page)))
	require.Contains(t, record.text(), "C'est fait : ")
	for _, where := range []string{request, "/"} {
		assert.Contains(t, lea.get(where).text(), "venez la chercher au lycée des Acacias, auprès de Paul Petit", where)
	}
}
