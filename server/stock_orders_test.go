package server_test

import (
	"net/http"
	"strings"
	"testing"

	"okey/internal/scene"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shipped has an order of Les Tilleuls exported, and returns its page.
func (h *house) shipped(c cast, quantity int) string {
	h.Helper()
	path := h.order(c.roux, quantity, "rentrée")
	require.Equal(h, http.StatusCreated, h.call(c.support, http.MethodPost, "/exports", nil).Status)
	return strings.Replace(path, "/orders/", "/commandes/", 1)
}

func (h *house) keysCome(c cast, serials ...string) {
	h.Helper()
	file := deliveryHeader
	for _, serial := range serials {
		file += serial + ";L7;31/12/2029;" + string(scene.Tilleuls) + "\n"
	}
	require.Equal(h, http.StatusCreated, h.deliver(c.support, file, "").Status)
}

func TestAReceiptByHandSaysThatNoKeyEntersTheStockByIt(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.shipped(c, 4)
	assert.Contains(t, h.as(c.roux).get("/commandes").HTML, `inputmode="numeric"`)
	b := h.as(c.roux)
	noted := b.done(b.fill(page, page+"/reception", "quantity", "3"))
	assert.Contains(t, noted.text(),
		"La commande est maintenant reçue en partie. Aucune clef n'entre en stock par là : elles y entrent avec le fichier de la livraison")
	assert.Contains(t, noted.text(), "Reçue en partie par Marc Roux : 3 clefs, notées à la main")
	assert.Contains(t, noted.text(), "Notées à la main, pas encore en stock 3")
	h.keysCome(c, "00481001", "00481002", "00481003")
	after := b.get(page).text()
	assert.Contains(t, after, "3 clefs notées à la main sont maintenant en stock.")
	assert.NotContains(t, after, "pas encore en stock")
	assert.Contains(t, after, "Reçue en partie", "the fourth is still to come")
}

func TestKeysNotedByHandAreNamedWhereTheyAreCountedAndATransmittedOrderCannotBeCalledOff(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.shipped(c, 1)
	b := h.as(c.roux)
	told := b.get(page).text()
	assert.Contains(t, told, "elle ne s'annule plus ici. Vous n'en avez plus besoin ? Écrivez à l'assistance")
	assert.NotContains(t, h.as(c.support).get(page).text(), "elle ne s'annule plus ici", "support closes it")
	assert.NotContains(t, b.get("/stock").text(), "notée")
	b.done(b.fill(page, page+"/reception", "quantity", "1"))
	assert.NotContains(t, b.get(page).text(), "elle ne s'annule plus ici", "it has come")
	for _, at := range []string{"/", "/stock", "/commandes"} {
		assert.Contains(t, b.get(at).text(), "Aucune commande en cours. 1 clef notée à la main, pas encore en stock.", at)
	}
	assert.Contains(t, b.get("/commandes").text(), "Clefs commandées ou en route 1 Dont notées à la main, pas encore en stock 1")
}

func TestTheStoryOfAnOrderSaysWhatCameEachTimeAndWithWhichDelivery(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.shipped(c, 4)
	h.keysCome(c, "00481001", "00481002", "00481003")
	h.keysCome(c, "00481004")
	delivery := h.Text(`SELECT id FROM delivery ORDER BY created_at LIMIT 1`)
	school, support := h.as(c.roux).get(page), h.as(c.support).get(page)
	assert.Contains(t, school.text(), "Reçue en partie : 3 clefs Livraison de 3 clefs, envoyée par Sam Secours")
	assert.Contains(t, school.text(), "Reçue : 1 clef Livraison de 1 clef, envoyée par Sam Secours")
	assert.NotContains(t, school.HTML, "/assistance/livraisons/", "that page is not for them")
	assert.Contains(t, support.HTML, `<a href="/assistance/livraisons/`+delivery+`">Livraison de 3 clefs, envoyée par Sam Secours</a>`)
}

func TestTheStoryOfAnOrderDoesNotSendItTwiceWhereItsSchoolIsReplaced(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.shipped(c, 4)
	const succession = "/assistance/succession"
	support := h.as(c.support)
	review := support.fill(succession, succession, "establishment", string(scene.Tilleuls), "successor", string(scene.Acacias),
		"comment", "fusion")
	support.done(support.post(succession, review.form(t, succession)))
	story := support.get(page).text()
	assert.Contains(t, story, "Transmise au successeur par Sam Secours De 0069001B à 0069002C.")
	assert.Equal(t, 1, strings.Count(story, "Étape Transmise au fournisseur"), story)
}

// A merger changes neither how many keys a delivery had brought nor who can confirm those that are still on their way.
func TestADeliveryIsToldAlikeAfterAMerger(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.shipped(c, 9)
	file := deliveryHeader
	for _, serial := range []string{"00481001", "00481002", "00481003", "00481004"} {
		file += serial + ";L7;31/12/2029;" + string(scene.Tilleuls) + "\n"
	}
	require.Equal(t, http.StatusCreated, h.deliver(c.support, file+"00481005;L7;31/12/2029;"+string(scene.Acacias)+"\n", "").Status)
	require.Equal(t, http.StatusCreated,
		h.deliver(c.support, deliveryHeader+"00481006;L7;31/12/2029;"+string(scene.Tilleuls)+"\n", "", "announced", "oui").Status)
	support := h.as(c.support)
	const succession = "/assistance/succession"
	review := support.fill(succession, succession, "establishment", string(scene.Tilleuls), "successor", string(scene.Acacias),
		"comment", "fusion")
	support.done(support.post(succession, review.form(t, succession)))
	assert.Contains(t, support.get(page).text(), "Livraison de 4 clefs, envoyée par Sam Secours")

	announced := h.Text(`SELECT id FROM delivery WHERE announced`)
	awaited := support.get("/assistance/livraisons/" + announced)
	assert.Contains(t, awaited.text(), "Lycée des Acacias (0069002C), et non plus 0069001B En livraison")
	assert.Contains(t, awaited.HTML, `href="/clefs?etablissement=0069002C"`)
	assert.Equal(t, string(scene.Acacias), support.download("/assistance/livraisons/" + announced + "/tableau.xlsx")["Clefs"][1][4])
	support.done(support.fill("/livraisons/"+announced+"?etablissement="+string(scene.Acacias), "/livraisons/"+announced,
		"serials", "00481006"))
	assert.Contains(t, support.get(page).text(), "Livraison de 1 clef, envoyée par Sam Secours",
		"it was sent for the school that is no more")
	assert.NotContains(t, support.get("/assistance/livraisons/"+announced).text(), "et non plus", "where it came is history")
}

// Support is not sent to support.
func TestWhoeverReceivesTooManyKeysIsToldWhomToAsk(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.shipped(c, 4)
	school, support := h.as(c.roux), h.as(c.support)
	assert.Contains(t, school.fill(page, page+"/reception", "quantity", "9").text(), "Des clefs en trop ? Dites-le à l'assistance.")
	told := support.fill(page, page+"/reception", "quantity", "9").text()
	assert.Contains(t, told, "Des clefs en trop ? Voyez-le avec le fournisseur.")
	assert.NotContains(t, told, "Dites-le à l'assistance")
}

func TestTheAuditOfAnOrderFindsTheKeysThatCame(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.shipped(c, 4)
	h.audits("arrived", "arrived:"+strings.TrimPrefix(page, "/commandes/"))
	number := h.Text(`SELECT number FROM key_order`)
	told := h.as(c.support).get("/assistance/journal?objet=commande+" + number)
	assert.Contains(t, told.text(), "Clefs reçues par une livraison OKEY")
	assert.Contains(t, told.text(), "Commande n° "+number)
}

func TestAnAnnouncedDeliveryIsLinkedForThoseWhoConfirmedIt(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.shipped(c, 1)
	file := deliveryHeader + "00481001;L7;31/12/2029;" + string(scene.Tilleuls) + "\n"
	require.Equal(t, http.StatusCreated, h.deliver(c.support, file, "", "announced", "oui").Status)
	delivery := "/livraisons/" + h.Text(`SELECT id FROM delivery`)
	b := h.as(c.roux)
	b.done(b.fill(delivery, delivery, "serials", "00481001"))
	story := b.get(page)
	assert.Contains(t, story.text(), "Reçue par Marc Roux : 1 clef Livraison de 1 clef, envoyée par Sam Secours")
	assert.Contains(t, story.HTML, `<a href="`+delivery+`">`)
}

func TestSupportClosesAnOrderWithoutItsLastKeys(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.shipped(c, 4)
	h.keysCome(c, "00481001")
	assert.NotContains(t, h.as(c.roux).get(page).text(), "Clore sans les clefs")
	b := h.as(c.support)
	silent := b.fill(page, page+"/cloture", "comment", "")
	assert.Equal(t, http.StatusUnprocessableEntity, silent.Status)
	closed := b.done(b.fill(page, page+"/cloture", "comment", "rupture définitive"))
	assert.Contains(t, closed.text(), "Close sans les 3 clefs qui manquent par Sam Secours rupture définitive")
	assert.Contains(t, closed.text(), "Clefs 4 (1 reçue)")
	assert.Contains(t, closed.text(), "La commande est maintenant close, incomplète.")
	assert.NotContains(t, closed.text(), "Clore sans les clefs", "once")
	for _, at := range []string{page, "/commandes", "/assistance/etablissements/" + string(scene.Tilleuls), "/assistance?q=commande+1"} {
		assert.Contains(t, strings.ToLower(b.get(at).text()), "close, incomplète", at)
	}
	assert.Equal(t, "close, incomplète", b.download("/commandes.xlsx")["Commandes"][1][6])
	assert.Contains(t, h.as(c.roux).get("/commandes").text(), "Clefs commandées ou en route 0")
}

func TestAProgramOfSupportClosesAnOrderToo(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	path := strings.Replace(h.shipped(c, 4), "/commandes/", "/orders/", 1) + "/signals/closing"
	why := map[string]any{"comment": "rupture définitive"}
	assert.Equal(t, http.StatusForbidden, h.call(c.roux, http.MethodPost, path, why).Status)
	assert.Equal(t, http.StatusNotFound, h.call(c.stranger, http.MethodPost, path, why).Status)
	assert.Equal(t, http.StatusUnprocessableEntity, h.call(c.support, http.MethodPost, path, map[string]any{"comment": " "}).Status)
	assert.Equal(t, "cancelled", h.call(c.support, http.MethodPost, path, why).at("state"))
	assert.Equal(t, "order_state", h.call(c.support, http.MethodPost, path, why).at("code"))
}

func TestSupportFindsTheOrdersAndTheReserveOfASchool(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.order(c.roux, 4, "rentrée")
	b := h.as(c.support)
	assert.Contains(t, b.get("/commandes").HTML, `name="etablissement"`)
	there := b.get("/commandes?etablissement=0069-001b")
	assert.Contains(t, there.text(), "Régler la réserve")
	assert.Contains(t, there.HTML, `value="0069001B"`)
	assert.NotContains(t, there.text(), "Aucune commande ici.")
	assert.Contains(t, b.get("/commandes?etablissement="+string(scene.Acacias)).text(), "Aucune commande ici.")
	assert.Contains(t, b.get("/commandes?etablissement=00690").text(), "« 00690 » n'est pas un code UAI : sept chiffres et une lettre, par exemple 0061565U.")
	assert.Contains(t, b.get("/commandes?etablissement=0061565U").text(), "Cet établissement n'est pas dans OKEY")

	found := b.get("/assistance?q=" + string(scene.Tilleuls)).HTML
	for _, page := range []string{"/demandes", "/clefs", "/commandes", "/inventaire"} {
		link := page + "?etablissement=" + string(scene.Tilleuls)
		assert.Contains(t, found, `<a href="`+link+`">`)
		assert.Equal(t, http.StatusOK, b.get(link).Status, link)
	}
}

func TestAWrongReserveComesBackToItsSchool(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	b := h.as(c.support)
	there := "/commandes?etablissement=" + string(scene.Tilleuls)
	for _, typed := range []string{"-1", "x", "1e3", ""} {
		again := b.fill(there, "/commandes/minimum", "minimum", typed)
		assert.Equal(t, http.StatusUnprocessableEntity, again.Status, typed)
		assert.Contains(t, again.HTML, `id="reserve-minimum-erreur">Écrivez un nombre de 0 à 500.`, typed)
		assert.Contains(t, again.HTML, `name="minimum" value="`+typed+`"`)
		assert.Contains(t, again.HTML, `name="etablissement" value="`+string(scene.Tilleuls)+`"`, "the list stays the school's")
		assert.Contains(t, again.text(), "Collège des Tilleuls ("+string(scene.Tilleuls)+")")
	}
	assert.Contains(t, b.fill(there, "/commandes/minimum", "minimum", "1 000").HTML, `tabindex="-1" autofocus id="reserve-erreurs"`,
		"what is wrong is in view")
	assert.Contains(t, b.fill(there, "/commandes/minimum", "minimum", "1 000").text(), "La réserve est de 500 clefs au plus.")
	assert.Equal(t, http.StatusSeeOther, b.fill(there, "/commandes/minimum", "minimum", " 12\u00a0").Status)
	assert.Contains(t, b.get("/commandes?etablissement="+string(scene.Tilleuls)+"&reserve=reglee").text(),
		"La réserve est réglée à 12 clefs.")
	assert.Equal(t, 12, h.Count(`SELECT minimum_stock FROM establishment WHERE uai = $1`, scene.Tilleuls))
	assert.Equal(t, http.StatusSeeOther, b.get("/commandes/minimum").Status, "reloaded, it is the page of orders")
}

func TestQuantitiesAreReadAsPeopleTypeThem(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	b := h.as(c.roux)
	for _, typed := range []string{"5 ", "5\u00a0", "\u202f5"} {
		placed := b.done(b.fill("/commandes", "/commandes", "quantity", typed, "comment", "rentrée"))
		assert.Contains(t, placed.text(), "Clefs 5", "%q", typed)
	}
	for typed, says := range map[string]string{
		"beaucoup": "Écrivez un nombre de 1 à 500.", "1e3": "Écrivez un nombre de 1 à 500.", "+5": "Écrivez un nombre de 1 à 500.",
		"1 000": "Commandez de 1 à 500 clefs.", "0": "Commandez de 1 à 500 clefs.",
	} {
		wrong := b.fill("/commandes", "/commandes", "quantity", typed, "comment", "")
		assert.Equal(t, http.StatusUnprocessableEntity, wrong.Status)
		assert.Contains(t, wrong.HTML, `id="commande-quantity-erreur">`+says, typed)
		assert.Contains(t, wrong.HTML, `id="commande-comment-erreur"`, "all that is wrong, at once")
	}
	page := h.shipped(c, 4)
	assert.Contains(t, b.fill(page, page+"/reception", "quantity", "trois").text(), "Écrivez un nombre de 1 à 4.")
	assert.Contains(t, b.done(b.fill(page, page+"/reception", "quantity", "3\u00a0")).text(), "reçue en partie")
}

func TestTheTransmittedWorkbooksAreATableToDownload(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.shipped(c, 4)
	page := h.as(c.support).get("/commandes").HTML
	_, below, found := strings.Cut(page, `<h2 id="classeurs">Classeurs transmis</h2>`)
	require.True(t, found)
	assert.Contains(t, below, `<a href="/commandes.xlsx" download>`)
}

// What everything else says of a school that was replaced, ordering for it and setting its reserve say too, by page and by program.
func TestNothingIsOrderedForASchoolThatWasReplaced(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	b := h.as(c.support)
	const there = "/commandes?etablissement=" + string(scene.Tilleuls)
	open := b.get(there)
	h.Exec(`UPDATE establishment SET successor = $2 WHERE uai = $1`, scene.Tilleuls, scene.Acacias)
	const said = string(scene.Tilleuls) + " a été remplacé par " + string(scene.Acacias) + " : indiquez " + string(scene.Acacias) + "."

	page := b.get(there)
	assert.Contains(t, page.text(), said)
	assert.NotContains(t, page.text(), "Commander des clefs")
	assert.NotContains(t, page.text(), "Régler la réserve")
	for path, sent := range map[string][]string{
		"/commandes": {"quantity", "4", "comment", "rentrée"}, "/commandes/minimum": {"minimum", "5"},
	} {
		late := b.post(path, open.form(t, path, sent...))
		assert.Equal(t, http.StatusUnprocessableEntity, late.Status, path)
		assert.Contains(t, late.text(), said, path)
	}
	refused := h.call(c.support, http.MethodPost, "/orders",
		map[string]any{"establishment": scene.Tilleuls, "quantity": 4, "comment": "rentrée"})
	assert.Equal(t, http.StatusUnprocessableEntity, refused.Status)
	assert.Contains(t, refused.Text, said)
	assert.Zero(t, h.Count(`SELECT count(*) FROM action`)+h.Count(`SELECT count(*) FROM establishment WHERE minimum_stock > 0`))

	school := b.get("/assistance/etablissements/" + string(scene.Tilleuls)).text()
	assert.Contains(t, school, "OKEY le sert Non : il a été remplacé")
	for _, deed := range []string{"Commander", "Rattacher", "Le remplacer"} {
		assert.NotContains(t, school, deed)
	}
}

// Who takes OKEY's number need not find words for it either; what is to be filled in is said.
func TestAnOrderIsProposedWithItsReason(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	roux := h.as(c.roux)
	idle := roux.get("/commandes")
	assert.Empty(t, idle.form(t, "/commandes").Get("comment"), "nothing is proposed")
	assert.Contains(t, idle.text(), "Les champs marqués d'un * sont obligatoires.")
	h.KeyOf(c.blanc, scene.Tilleuls, here().AddMonths(2))
	h.as(c.lea).asks()
	form := roux.get("/commandes").form(t, "/commandes")
	assert.Equal(t, "2", form.Get("quantity"))
	assert.Equal(t, "1 demande à servir, 1 clef qui expire d'ici trois mois.", form.Get("comment"))
	page, _, _ := strings.Cut(roux.post("/commandes", form).Location, "?")

	order := roux.get(page).text()
	assert.Contains(t, order, "La commande ne partira pas chez le fournisseur : pour avoir ces clefs, il faudra en passer une autre.")
	assert.NotContains(t, order, "Les champs marqués d'un *", "its comment is optional")
}
