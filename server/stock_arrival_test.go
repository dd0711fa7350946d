package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// announced brings three keys on their way to the Tilleuls, and returns the page where they are confirmed.
func (h *house) announced(c cast) string {
	h.Helper()
	rows := ""
	for _, serial := range []string{"00481001", "00481002", "00481003"} {
		rows += serial + ";L7;31/12/2029;" + string(scene.Tilleuls) + "\n"
	}
	a := h.deliver(c.support, deliveryHeader+rows, "", "announced", "true")
	require.Equal(h, http.StatusCreated, a.Status, a.Text)
	return "/livraisons/" + a.at("id").(string)
}

// tick is a form of arrivals with these keys ticked.
func tick(form url.Values, serials ...string) url.Values {
	form["serials"] = serials
	return form
}

func TestTwoApproversMayConfirmOneDelivery(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	path := h.announced(c)
	roux, blanc := h.as(c.roux), h.as(c.blanc)
	stale := blanc.get(path).form(t, path)
	roux.done(roux.post(path, tick(roux.get(path).form(t, path), "00481001")))

	both := blanc.done(blanc.post(path, tick(stale, "00481001", "00481002")))
	assert.Contains(t, both.text(), "C'est fait : 1 clef en stock. Les personnes")
	assert.Contains(t, both.text(), "La clef 00481001 n'est plus en route : « Arrivée », ")
	assert.Contains(t, both.text(), "par Marc Roux.")
	assert.Equal(t, okey.InStock, h.KeyState("00481002"))
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM key_event WHERE serial = '00481001' AND reason = 'arrived'`), "it arrived once")
	assert.Equal(t, okey.InTransit, h.KeyState("00481003"), "what nobody ticked stays on its way")
	assert.Contains(t, both.text(), "Cette clef est en route pour le collège des Tilleuls.")
	assert.Contains(t, both.HTML, `value="00481003" checked`, "the rest of the form as it stands now")
}

func TestAKeySettledSinceTheFormWasShownIsNamedAndNothingTickedIsLost(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	path := h.announced(c)
	blanc := h.as(c.blanc)
	stale := blanc.get(path).form(t, path)
	h.as(c.support).reports("00481001", okey.ReasonLost)

	alone := blanc.post(path, tick(stale, "00481001"))
	assert.Equal(t, http.StatusConflict, alone.Status)
	assert.Contains(t, alone.text(), "Rien n'a changé. La clef 00481001 n'est plus en route : « Clef perdue »")
	assert.Contains(t, alone.text(), "par Sam Secours.")
	assert.Equal(t, okey.Lost, h.KeyState("00481001"))
	assert.Contains(t, alone.HTML, `value="00481002">`, "unticked it stays unticked")

	foreign := h.Key(scene.Acacias)
	mixed := blanc.post(path, tick(alone.form(t, path), "00481002", string(foreign)))
	assert.Equal(t, http.StatusConflict, mixed.Status)
	assert.Contains(t, mixed.text(), "La clef "+string(foreign)+" n'est pas attendue ici.")
	assert.Contains(t, mixed.HTML, `value="00481002" checked`)
	assert.Contains(t, mixed.HTML, `value="00481003">`)
	assert.Equal(t, okey.InTransit, h.KeyState("00481002"), "refused, nothing is taken")
	none := blanc.post(path, tick(mixed.form(t, path)))
	assert.Equal(t, http.StatusUnprocessableEntity, none.Status)
	blanc.done(blanc.post(path, tick(none.form(t, path), "00481002", "00481003")))
	assert.Equal(t, "arrived", h.Text(`SELECT state FROM delivery`), "nothing is on its way any more")
}

// What is confirmed is lent at once: nothing is ticked beforehand, and one box stands for all.
func TestNothingArrivesBecauseNobodyLooked(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	path := h.announced(c)
	roux := h.as(c.roux)
	page := roux.get(path)
	assert.NotContains(t, page.HTML, " checked")
	assert.Contains(t, page.text(), "Toutes : les 3 clefs")
	assert.Equal(t, http.StatusUnprocessableEntity, roux.post(path, page.form(t, path)).Status)
	assert.Equal(t, okey.InTransit, h.KeyState("00481001"))

	form := tick(roux.get(path).form(t, path), "toutes")
	h.as(c.support).reports("00481003", okey.ReasonLost)
	done := roux.done(roux.post(path, form))
	assert.Contains(t, done.text(), "C'est fait : 2 clefs en stock.")
	assert.Contains(t, done.text(), "La clef 00481003 n'est plus en route")
	again := roux.done(roux.post(path, form))
	assert.Contains(t, again.text(), "C'est fait : 2 clefs en stock.", "sent twice it is one")
}

// Support confirms in a school's place: from the page of a key, or of its delivery, one click leads to that school's form.
func TestSupportIsLedToConfirmAnArrival(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	rows := "00481001;L7;31/12/2029;" + string(scene.Acacias) + "\n00481002;L7;31/12/2029;" + string(scene.Tilleuls) + "\n"
	a := h.deliver(c.support, deliveryHeader+rows, "", "announced", "true")
	require.Equal(t, http.StatusCreated, a.Status, a.Text)
	arrival := "/livraisons/" + a.at("id").(string)
	sam := h.as(c.support)
	for serial, uai := range map[string]okey.UAI{"00481001": scene.Acacias, "00481002": scene.Tilleuls} {
		there := arrival + "?etablissement=" + string(uai)
		for _, page := range []string{"/clefs/" + serial, "/assistance" + arrival} {
			assert.Contains(t, sam.get(page).HTML, `href="`+there+`"`, page)
		}
		assert.Contains(t, sam.get(there).HTML, `value="`+serial+`" checked`)
		none := sam.post(arrival, tick(sam.get(there).form(t, arrival)))
		assert.Contains(t, none.HTML, `value="`+serial+`"`, "the same school's form comes back")
	}
	there := arrival + "?etablissement=" + string(scene.Tilleuls)
	sam.done(sam.post(arrival, tick(sam.get(there).form(t, arrival), "00481002")))
	assert.Equal(t, okey.InStock, h.KeyState("00481002"))
	assert.NotContains(t, sam.get("/assistance"+arrival).HTML, there)
	assert.NotContains(t, h.as(h.auditor()).get("/assistance"+arrival).text(), "Confirmer l'arrivée")
}

// A key of a delivery that nobody has confirmed yet, found in the drawer, is no riddle: it has arrived, and whoever counts is led
// to say so.
func TestWhoeverFindsAnAnnouncedKeyIsLedToConfirmItsDelivery(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	arrival := h.announced(c)
	there := arrival + "?etablissement=" + string(scene.Tilleuls)
	roux := h.as(c.roux)
	review := roux.fill("/inventaire", "/inventaire", "serials", "00481001")
	assert.Contains(t, review.text(), "Clefs dont l'arrivée n'est pas confirmée : 1")
	assert.NotContains(t, review.text(), "Clefs inattendues")
	assert.NotContains(t, review.HTML, there, "first, the list is saved")
	saved := roux.done(roux.post("/inventaire", review.form(t, "/inventaire")))
	assert.Contains(t, saved.HTML, `<a href="`+there+`">00481001</a>`)

	for who, led := range map[*browser]bool{roux: true, h.as(h.auditor()): false} {
		key := who.get("/clefs/00481001")
		assert.Equal(t, led, strings.Contains(key.HTML, `href="`+there+`">Confirmer ce qui est arrivé`), key.text())
	}
	roux.done(roux.post(arrival, tick(roux.get(there).form(t, arrival), "00481001")))
	assert.NotContains(t, roux.get("/clefs/00481001").text(), "Confirmer ce qui est arrivé")
	assert.Contains(t, roux.get("/inventaire/"+h.Text(`SELECT id FROM inventory`)).HTML, `<a href="/clefs/00481001">`,
		"the key itself, once it has arrived")
}
