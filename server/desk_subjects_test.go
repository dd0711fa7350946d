package server_test

import (
	"testing"

	"okey/internal/scene"

	"github.com/stretchr/testify/assert"
)

// engineLink is what leads support from an act to its workflow.
const engineLink = `>Son suivi dans le moteur</a>`

// A delivery that came in part is no riddle: support sees which key is still missing, and who confirmed the others when.
func TestSupportSeesWhichKeysOfADeliveryHaveArrived(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	arrival := h.announced(c)
	roux, sam := h.as(c.roux), h.as(c.support)
	roux.done(roux.post(arrival, tick(roux.get(arrival).form(t, arrival), "00481001", "00481002")))
	h.as(c.support).reports("00481002", "lost")

	page := "/assistance" + arrival
	keys := sam.behind(sam.get(page), "Clefs")
	assert.Equal(t, []string{"État", "Arrivée confirmée"}, keys[0][5:])
	assert.Equal(t, "En stock", keys[1][5])
	assert.Regexp(t, `^Aujourd'hui à .* par Marc Roux$|^.* à .* par Marc Roux$`, keys[1][6])
	assert.Equal(t, "Perdue", keys[2][5])
	assert.Contains(t, keys[2][6], "par Marc Roux", "it has arrived, whatever became of it")
	assert.Equal(t, []string{"En livraison", "pas encore"}, keys[3][5:])
	sheet := sam.download(page + "/tableau.xlsx")["Clefs"]
	assert.Equal(t, []string{"État", "Arrivée confirmée", "Confirmée par"}, sheet[0][5:])
	assert.Equal(t, []string{"en stock", "Marc Roux"}, []string{sheet[1][5], sheet[1][7]})
	assert.Equal(t, "en livraison", sheet[3][5])

	side := sam.get(page)
	assert.Contains(t, side.HTML, engineLink)
	assert.Contains(t, side.text(), "Livraison, c'est fait (Sam Secours, assistance)")
	assert.Contains(t, side.text(), "Arrivée d'une livraison, c'est fait (Marc Roux, page)")
}

// Whatever has a workflow of its own leads support there from its page, and nobody else.
func TestDeparturesInventoriesReportsAndSuccessionsLeadSupportToTheEngine(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	roux, sam := h.as(c.roux), h.as(c.support)
	review := roux.fill("/inventaire", "/inventaire", "serials", "004877777")
	roux.done(roux.post("/inventaire", review.form(t, "/inventaire")))
	inventory := "/inventaire/" + h.Text(`SELECT id FROM inventory`)
	report := "/assistance/clefs-a-confirmer/" + h.Text(`SELECT id FROM key_report`)
	assert.NotContains(t, sam.get(report).HTML, engineLink, "nobody has answered yet")
	sam.done(sam.fill(report, report, "decision", "refuse", "comment", "pas à nous"))
	const succession = "/assistance/succession"
	check := sam.fill(succession, succession, "establishment", string(scene.Tilleuls), "successor", string(scene.Acacias),
		"comment", "fusion")
	sam.done(sam.post(succession, check.form(t, succession)))
	for _, page := range []string{inventory, report, succession + "/" + h.Text(`SELECT id FROM succession`)} {
		assert.Contains(t, sam.get(page).HTML, engineLink, page)
		assert.NotContains(t, roux.get(page).HTML, engineLink, page)
	}
}

// An order says what is announced to its school: it may be closed, and its keys come all the same.
func TestAnOrderSaysWhatIsAnnouncedAndLeadsToConfirmIt(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	order := h.shipped(c, 4)
	there := h.announced(c) + "?etablissement=" + string(scene.Tilleuls)
	roux, sam := h.as(c.roux), h.as(c.support)
	told := roux.get(order)
	assert.Contains(t, told.text(), "3 clefs en route pour l'établissement : confirmez-les à leur arrivée")
	assert.Contains(t, told.HTML, `href="`+there+`"`)
	sam.done(sam.fill(order, order+"/cloture", "comment", "épuisé"))
	assert.Contains(t, roux.get(order).HTML, `href="`+there+`"`, "closed without them, they are still on their way")
	assert.NotContains(t, h.as(h.auditor()).get(order).HTML, there)
}
