package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestThePageOfWhatIsKeptIsTheTable(t *testing.T) {
	h := newHouse(t)
	without := h.browse().get("/confidentialite")
	assert.NotContains(t, without.text(), "Essais d'une clef", "there is nothing to try keys with")
	assert.Contains(t, without.text(), "Essais de liens inconnus")
	page := h.beside(whereNobodyListens).browse().get("/confidentialite")
	require.Equal(t, http.StatusOK, page.Status, "nobody need sign in to read it")
	for _, k := range okey.Keepings() {
		assert.Contains(t, page.text(), k.What)
		assert.Contains(t, page.text(), k.Then)
	}
	assert.Contains(t, page.text(), "3 ans après la fin de la demande")
	assert.Contains(t, page.text(), "Un an après le départ")
}

func TestAPersonTakesAlongWhatOKEYKnowsOfThemAndOfNobodyElse(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.ask(c.lea, scene.Tilleuls)
	h.call(c.stranger, http.MethodPost, "/requests", map[string]any{"establishment": scene.Acacias, "need": "le secret de Zoé"})
	serial := h.KeyOf(c.blanc, scene.Tilleuls, okey.NewDay(2030, 1, 1))
	h.as(c.roux).done(h.as(c.roux).fill("/clefs/"+string(serial), "/clefs/"+string(serial), "reason", "lost", "comment", "tombée au lac"))

	sheets := h.as(c.lea).download("/compte.xlsx")
	all := ""
	for _, rows := range sheets {
		for _, row := range rows {
			all += strings.Join(row, "|") + "\n"
		}
	}
	for _, known := range []string{
		"Léa Martin", c.lea.Mail, c.lea.ID.String(), "saisie des absences", "Personnel, Collège des Tilleuls (0069001B)", "Demande",
	} {
		assert.Contains(t, all, known)
	}
	for _, others := range []string{"Zoé", "le secret", string(serial), "lac", "Marc Roux"} {
		assert.NotContains(t, all, others)
	}
	h.Exec(`UPDATE timeline SET comment = 'passez me voir' WHERE request IN (SELECT id FROM request WHERE person = $1)`, c.lea.ID)
	assert.Contains(t, strings.Join(h.as(c.lea).download("/compte.xlsx")["Suites de vos demandes"][1], "|"), "passez me voir",
		"what others wrote to her")
	blanc := h.as(c.blanc).download("/compte.xlsx")
	assert.Contains(t, strings.Join(blanc["Vos clefs"][1], "|"), "tombée au lac", "what was written of her key")
	assert.Equal(t, http.StatusSeeOther, h.browse().get("/compte.xlsx").Status)
}

func TestWhatIsOverIsAmongWhatOKEYKnowsOfSomebody(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	eve := h.Person("Eve Morel", okey.Staff, scene.Tilleuls)
	given := h.lent(c.roux, eve, okey.HandoverAndStock)
	_, err := h.Store.EndDelegation(t.Context(), given, c.roux.ID, time.Now())
	require.NoError(t, err)
	h.lent(c.blanc, h.Person("Tom Autre", okey.Staff, scene.Tilleuls), okey.Everything)
	attached := okey.Attachment{
		ID: uuid.New(), Person: eve.ID, UAI: scene.Acacias, Function: okey.Staff, Until: here().AddDays(9), Reason: "remplace Zoé",
		By: c.support.ID, At: time.Now(),
	}
	_, err = h.Store.Attach(t.Context(), attached)
	require.NoError(t, err)
	_, err = h.Store.Detach(t.Context(), attached.ID, c.support.ID, time.Now())
	require.NoError(t, err)

	h.as(c.blanc)
	h.as(eve)
	sheets := h.as(eve).download("/compte.xlsx")
	require.Len(t, sheets["Délégations"], 2)
	assert.Equal(t, []string{"Collège des Tilleuls", "Eve Morel", "Marc Roux", "remises et stock seulement"}, sheets["Délégations"][1][:4])
	assert.Equal(t, "terminée", sheets["Délégations"][1][7])
	assert.Regexp(t, `^\d\d/\d\d/20\d\d \d\d:\d\d$`, sheets["Délégations"][1][8], "when, in a cell of its own")
	assert.Equal(t, "Marc Roux", sheets["Délégations"][1][9])
	require.Len(t, sheets["Rattachements"], 2)
	assert.Contains(t, strings.Join(sheets["Rattachements"][1], "|"), "Lycée des Acacias|personnel|remplace Zoé|")
	assert.Len(t, sheets["Sessions ouvertes"], 3, "her two sessions, nobody else's")
	assert.Len(t, h.as(c.roux).download("/compte.xlsx")["Délégations"], 2, "what he gave, too")

	h.Exec(`UPDATE person SET sessions_from = now() WHERE id = $1`, eve.ID)
	assert.Len(t, h.as(eve).download("/compte.xlsx")["Sessions ouvertes"], 2, "those that were ended are none")
}

// Most people have never heard of tokens: the page speaks of them to those who have one.
func TestTheAccountPageSpeaksOfTokensToWhoeverHasOne(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	lea := h.as(c.lea)
	h.Exec(`UPDATE api_token SET revoked_at = now()`)
	assert.NotContains(t, lea.get("/compte").text(), "jetons")
	h.token(c.lea)
	assert.Contains(t, lea.get("/compte").text(),
		"celle-ci comprise ; vos jetons, qui ouvrent OKEY à d'autres programmes, sont retirés avec elles.")
}
