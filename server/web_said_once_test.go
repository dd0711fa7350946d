package server_test

import (
	"net/http"
	"strings"
	"testing"

	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
)

// Who was lent the handovers alone is not asked to answer, nor told that a page that is refused can be seen.
func TestADelegateForHandoversIsNotShownHowToAnswer(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	delegate, roux := h.as(h.delegates(c.roux)), h.as(c.roux)
	home := delegate.get("/").text()
	assert.Contains(t, home, "Comment remettre une clef ?")
	assert.NotContains(t, home, "Comment répondre à une demande ?")
	assert.Contains(t, roux.get("/").text(), "Comment répondre à une demande ?")
	refused := delegate.get(delegations)
	assert.Equal(t, http.StatusForbidden, refused.Status)
	assert.Contains(t, refused.text(), "Seule la direction donne une délégation ou y met fin : celle que vous avez ne se transmet pas.")
}

func TestWhatIsSaidOnceIsNotSaidTwice(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	roux, lea := h.as(c.roux), h.as(c.lea)
	assert.Equal(t, 1, strings.Count(roux.get(delegations).text(), "Aucune délégation en cours ni à venir."))
	eve := h.Person("Eve Morel", okey.Staff, scene.Tilleuls)
	assert.Equal(t, 1, strings.Count(roux.done(roux.lends(eve.UID, okey.Everything, 6)).text(), "répond avec vous"))
	assert.NotContains(t, roux.get("/commandes").text(), "Aucune commande en cours.")
	h.Key(scene.Tilleuls)
	request := lea.asks()
	roux.done(roux.answers(request, "approve", ""))
	signed := lea.done(lea.signs(request)).text()
	assert.Contains(t, signed, "C'est fait : la charte est signée et votre code PIN est choisi.")
	assert.Equal(t, 1, strings.Count(signed, "Votre clef vous attend"))
}
