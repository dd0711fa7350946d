package server_test

import (
	"net/http"
	"testing"

	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnInventoryFindsMissesAndReports(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	request := h.ask(c.lea, scene.Tilleuls)
	there, gone, elsewhere := h.Key(scene.Tilleuls), h.Key(scene.Tilleuls), h.Key(scene.Acacias)
	held := h.KeyOf(c.blanc, scene.Tilleuls, okey.NewDay(2030, 1, 1))
	b := h.as(c.roux)
	typed := string(there) + "\n" + string(held) + "\r\n" + string(elsewhere) + ";0048-77777"
	wrong := b.fill("/inventaire", "/inventaire", "serials", "é!")
	assert.Equal(t, http.StatusUnprocessableEntity, wrong.Status)
	review := b.fill("/inventaire", "/inventaire", "serials", typed)
	require.Equal(t, http.StatusOK, review.Status, review.text())
	for _, words := range []string{
		"Clefs manquantes : 1", "Clefs inattendues : 1", "Clefs d'un autre établissement : 1", "Clefs inconnues d'OKEY : 1",
		"Clefs trouvées : 1",
	} {
		assert.Contains(t, review.text(), words)
	}
	assert.Zero(t, h.Count(`SELECT count(*) FROM inventory`), "nothing is saved yet")
	saved := b.done(b.post("/inventaire", review.form(b, "/inventaire")))
	assert.Contains(t, saved.text(), "l'inventaire est enregistré")
	assert.Contains(t, saved.text(), "Marc Roux")
	sheet := "/inventaire/" + h.Text(`SELECT id FROM inventory`) + "/tableau.xlsx"
	assert.Contains(t, saved.HTML, sheet)
	assert.Equal(t, http.StatusOK, b.get(sheet).Status)
	assert.Equal(t, http.StatusOK, b.get("/inventaire.xlsx").Status)
	assert.Equal(t, http.StatusNotFound, h.as(c.stranger).get(sheet).Status)
	assert.Contains(t, []int{403, 404}, b.get("/assistance/clefs-a-confirmer.xlsx").Status)
	assert.Contains(t, saved.HTML, "/clefs/"+string(gone))
	b.done(b.post("/inventaire", review.form(b, "/inventaire"))) // sent twice
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM inventory`))
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM key_report`))

	// Support confirms the unknown key; it goes to whoever waits.
	require.Equal(t, http.StatusOK, h.signal(c.roux, request, okey.PrincipalDecision, map[string]any{"decision": "approve"}).Status)
	assert.Contains(t, []int{403, 404}, b.get("/assistance/clefs-a-confirmer").Status)
	page := "/assistance/clefs-a-confirmer/" + h.Text(`SELECT id FROM key_report`)
	support := h.as(c.support)
	assert.Contains(t, support.get("/assistance/clefs-a-confirmer").text(), "004877777")
	auditor := h.as(h.auditor()).get(page).text()
	assert.Contains(t, auditor, "Réponse Attendue de l'assistance")
	assert.NotContains(t, auditor, "déjà sa réponse")
	assert.Equal(t, http.StatusUnprocessableEntity,
		support.fill(page, page, "decision", "approve", "batch", "L", "expires_on", "31/12/2019").Status)
	assert.Equal(t, http.StatusUnprocessableEntity, support.fill(page, page, "decision", "refuse").Status)
	confirmed := support.done(support.fill(page, page, "decision", "approve", "batch", "L9", "expires_on", "31/12/2030"))
	assert.Contains(t, confirmed.text(), "C'est fait")
	assert.Contains(t, []okey.KeyState{okey.InStock, okey.Reserved}, h.KeyState("004877777"))
	answered := support.get(page)
	assert.Contains(t, answered.text(), "déjà sa réponse")
	assert.Regexp(t, `Réponse Confirmée Répondu .* par Sam Secours`, answered.text())
	assert.NotContains(t, answered.text(), "Ressemble", "to itself")
	assert.Contains(t, answered.HTML, `<a href="/clefs/004877777">`)
}

func TestOnlyWhoManagesKeysCountsThem(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	assert.Equal(t, http.StatusNotFound, h.as(c.lea).get("/inventaire").Status)
	assert.Equal(t, http.StatusNotFound, h.as(c.stranger).get("/inventaire?etablissement="+string(scene.Tilleuls)).Status)
	assert.Equal(t, http.StatusOK, h.as(c.support).get("/inventaire?etablissement="+string(scene.Tilleuls)).Status)
	head := h.Person("Eva Autre", okey.Principal, scene.Acacias)
	b := h.as(head)
	form := b.get("/inventaire").form(b, "/inventaire")
	form.Set("establishment", string(scene.Tilleuls))
	form.Set("serials", "1")
	assert.Equal(t, http.StatusNotFound, b.post("/inventaire", form).Status)
}
