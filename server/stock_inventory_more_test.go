package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestADelegateForHandoverAndStockCountsTheDrawer(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	b := h.as(h.delegates(c.roux))
	assert.Contains(t, b.get("/clefs").HTML, "/inventaire")
	assert.Contains(t, b.get("/inventaire").text(), "Tiroir vide : n'écrivez rien.")
	assert.NotContains(t, b.get("/inventaire").text(), "*Numéros", "it is not required")
	review := b.fill("/inventaire", "/inventaire", "serials", "")
	require.Equal(t, http.StatusOK, review.Status, "an empty drawer is a finding, too")
	saved := b.done(b.post("/inventaire", review.form(b, "/inventaire", "comment", "tiroir <vide>")))
	assert.Contains(t, saved.text(), "Clefs manquantes : 1")
	assert.Contains(t, saved.text(), "Dina Delegue")
	assert.Contains(t, saved.text(), "tiroir <vide>")
	page := "/inventaire/" + h.Text(`SELECT id FROM inventory`)
	assert.Contains(t, b.get("/inventaire").HTML, page)
	for _, other := range []okey.Person{c.lea, c.stranger} {
		assert.Equal(t, http.StatusNotFound, h.as(other).get(page).Status)
	}
	assert.Equal(t, http.StatusOK, h.as(c.support).get(page).Status)
}

// Hundreds of keys scanned, and the session ends before they are sent.
func TestALongScanOutlivesItsSession(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	var typed strings.Builder
	for i := range okey.MaxInventory {
		fmt.Fprintf(&typed, "0048%08d\r\n", i)
	}
	b := h.as(c.roux)
	form := b.get("/inventaire").form(t, "/inventaire", "serials", typed.String(), "comment", "tiroir du haut")
	h.Exec(`DELETE FROM session`)
	ended := b.post("/inventaire", form)
	require.Equal(t, http.StatusUnauthorized, ended.Status)
	assert.Contains(t, ended.text(), "Rien de ce que vous avez écrit n'est perdu")
	assert.NotContains(t, ended.text(), "code PIN", "this form had none")
	b.continueAs(c.roux)
	back := b.get("/inventaire").form(t, "/inventaire")
	assert.Len(t, strings.Fields(back.Get("serials")), okey.MaxInventory)
	assert.Equal(t, "tiroir du haut", back.Get("comment"))
	assert.Contains(t, b.post("/inventaire", back).text(), fmt.Sprintf("Clefs inconnues d'OKEY : %d", okey.MaxInventory))
}

func TestAWrongSerialKeepsWhatWasTyped(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	b := h.as(c.roux)
	wrong := b.fill("/inventaire", "/inventaire", "serials", "0048-0001\né!\n1,23E+11", "comment", "gardé")
	require.Equal(t, http.StatusUnprocessableEntity, wrong.Status)
	assert.Contains(t, wrong.text(), "é!")
	form := wrong.form(t, "/inventaire")
	assert.Contains(t, form.Get("serials"), "0048-0001")
	assert.Equal(t, "gardé", form.Get("comment"))
	var many strings.Builder
	for i := range okey.MaxInventory + 1 {
		fmt.Fprintf(&many, "%d\n", i)
	}
	assert.Contains(t, b.fill("/inventaire", "/inventaire", "serials", many.String()).text(), "2000 clefs au plus")
}

// What differs only by leading zeros is proposed, never assumed; other establishments' keys are not named.
func TestAnInventoryProposesSerialsWithTheirZeros(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	near, far := h.Key(scene.Tilleuls), h.Key(scene.Acacias)
	require.True(t, strings.HasPrefix(string(near), "0"), near)
	b := h.as(c.roux)
	review := b.fill("/inventaire", "/inventaire", "serials", near.Stem()+" "+far.Stem())
	assert.Contains(t, review.text(), near.Stem()+" : vouliez-vous écrire "+string(near)+" ?")
	assert.Contains(t, review.text(), "Clefs manquantes : 1")
	assert.Contains(t, review.text(), "Clefs inconnues d'OKEY : 2")
	assert.NotContains(t, review.text(), string(far))
}

func TestSupportLearnsThatAReportedKeyBecameKnown(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	b := h.as(c.roux)
	review := b.fill("/inventaire", "/inventaire", "serials", "004877777")
	b.done(b.post("/inventaire", review.form(b, "/inventaire")))
	known := h.Key(scene.Acacias)
	h.Exec(`UPDATE key_report SET serial = $1`, string(known)) // as if a delivery had brought it meanwhile
	page := "/assistance/clefs-a-confirmer/" + h.Text(`SELECT id FROM key_report`)
	told := h.as(c.support).fill(page, page, "decision", "approve", "batch", "L", "expires_on", "31/12/2030")
	assert.Equal(t, http.StatusConflict, told.Status)
	assert.Contains(t, told.text(), "Cette clef est entrée dans OKEY entre-temps")
}

func TestAListThatChangedAfterTheComparisonIsComparedAgain(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	there := h.Key(scene.Tilleuls)
	b := h.as(c.roux)
	review := b.fill("/inventaire", "/inventaire", "serials", string(there))
	again := b.post("/inventaire", review.form(b, "/inventaire", "serials", string(there)+"\nTYPOTYPO1"))
	require.Equal(t, http.StatusOK, again.Status)
	assert.Contains(t, again.text(), "La liste a changé depuis la comparaison")
	assert.Contains(t, again.text(), "TYPOTYPO1")
	assert.Zero(t, h.Count(`SELECT count(*) FROM inventory`))
	b.done(b.post("/inventaire", again.form(b, "/inventaire")))
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM inventory`))
}

func TestAnAuditorReadsInventoriesAndCountsNone(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	b := h.as(c.roux)
	b.done(b.post("/inventaire", b.fill("/inventaire", "/inventaire", "serials", "1").form(b, "/inventaire")))
	auditor := h.as(h.auditor())
	page := auditor.get("/inventaire?etablissement=" + string(scene.Tilleuls))
	require.Equal(t, http.StatusOK, page.Status)
	assert.Contains(t, page.text(), "Marc Roux")
	assert.NotContains(t, page.HTML, "textarea")
	assert.Len(t, auditor.download("/inventaire.xlsx?etablissement="+string(scene.Tilleuls)), 1)
	assert.NotContains(t, auditor.get("/assistance").text(), "Déplacer des clefs", "nothing is offered that is refused")
}

// A scan of a whole drawer is not lost to a link or the browser's back before it is saved.
func TestAComparedListIsGivenBackUntilItIsSaved(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	gone := h.Key(scene.Tilleuls)
	both := h.as(h.Person("Gus Double", okey.Principal, scene.Tilleuls, scene.Acacias))
	page := "/inventaire?etablissement=" + string(scene.Tilleuls)
	review := both.fill(page, "/inventaire", "serials", "004877777", "comment", "tiroir du haut")
	assert.NotContains(t, review.HTML, `href="/clefs/`+string(gone), "nothing leads away before it is saved")
	assert.Contains(t, review.text(), "enregistrez d'abord : la page suivante vous mène à chacune")

	for _, way := range []string{page, "/inventaire"} {
		back := both.get(way)
		assert.Contains(t, back.text(), "Rien de ce que vous aviez écrit n'est perdu", way)
		form := back.form(t, "/inventaire")
		assert.Equal(t, "004877777", form.Get("serials"), way)
		assert.Equal(t, "tiroir du haut", form.Get("comment"), way)
		assert.Empty(t, form.Get("confirmed"), "it is compared again")
	}
	other := both.get("/inventaire?etablissement="+string(scene.Acacias)).form(t, "/inventaire")
	assert.Empty(t, other.Get("serials"), "another drawer's list")
	assert.Equal(t, string(scene.Acacias), other.Get("establishment"))
	assert.Empty(t, both.get(page+"&vide=oui").form(t, "/inventaire").Get("serials"))
	assert.Equal(t, "004877777", both.get(page).form(t, "/inventaire").Get("serials"), "to look at an empty page loses nothing")

	saved := both.done(both.post("/inventaire", review.form(t, "/inventaire")))
	assert.Contains(t, saved.HTML, `href="/clefs/`+string(gone))
	assert.Empty(t, both.get(page).form(t, "/inventaire").Get("serials"))
	assert.Empty(t, h.as(c.roux).get("/inventaire").form(t, "/inventaire").Get("serials"))
}

func TestABrokenKeyInTheDrawerIsNotSentBackToStock(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	broken := h.Key(scene.Tilleuls)
	h.Exec(`UPDATE key SET state = 'defective' WHERE serial = $1`, string(broken))
	b := h.as(c.roux)
	review := b.fill("/inventaire", "/inventaire", "serials", string(broken))
	assert.Contains(t, review.text(), "Clefs défectueuses : 1")
	assert.Contains(t, review.text(), "la page suivante vous mène à chacune, pour la mettre au rebut")
	saved := b.done(b.post("/inventaire", review.form(b, "/inventaire")))
	assert.Contains(t, saved.text(), "Ouvrez leur page : « Mise au rebut »")
	assert.NotContains(t, saved.text(), "OKEY les croit ailleurs")
	assert.Contains(t, saved.HTML, `href="/clefs/`+string(broken)+`"`)
}

func TestAHeadReadsWhatBecameOfTheUnknownKeysOfAnInventory(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	b, support := h.as(c.roux), h.as(c.support)
	answers := func(serial string, pairs ...string) {
		page := "/assistance/clefs-a-confirmer/" + h.Text(`SELECT id FROM key_report WHERE serial = $1`, serial)
		support.done(support.fill(page, page, pairs...))
	}
	review := b.fill("/inventaire", "/inventaire", "serials", "004877777 004888888")
	assert.NotContains(t, review.text(), "n'a pas encore répondu", "nobody has been asked")
	saved := b.done(b.post("/inventaire", review.form(b, "/inventaire")))
	assert.Contains(t, saved.text(),
		"004877777 (signalée "+okey.SayDay(time.Now(), time.Now(), okey.ZoneOf(""))+", l'assistance n'a pas encore répondu)")
	assert.Contains(t, b.get("/stock").text(),
		"2 clefs trouvées à l'inventaire, qu'OKEY ne connaît pas : l'assistance n'a pas encore répondu. Voir les inventaires")

	answers("004877777", "decision", "approve", "batch", "L9", "expires_on", "31/12/2030")
	answers("004888888", "decision", "refuse", "comment", "clef d'essai, jetez-la")
	assert.NotContains(t, b.get("/stock").text(), "n'a pas encore répondu")
	told := b.get("/inventaire/" + h.Text(`SELECT id FROM inventory`))
	assert.Contains(t, told.HTML, `href="/clefs/004877777"`)
	assert.Contains(t, told.text(), "004877777 (confirmée par l'assistance "+okey.SayDay(time.Now(), time.Now(), okey.ZoneOf("")))
	assert.Contains(t, told.text(),
		"004888888 (écartée par l'assistance "+okey.SayDay(time.Now(), time.Now(), okey.ZoneOf(""))+" : « clef d'essai, jetez-la »)")
	assert.NotContains(t, told.HTML, `href="/clefs/004888888"`)
	again := b.fill("/inventaire", "/inventaire", "serials", "004888888")
	assert.Contains(t, again.text(), "écartée par l'assistance", "before it is reported once more")
	other := h.as(h.Person("Eva Autre", okey.Principal, scene.Acacias))
	assert.NotContains(t, other.fill("/inventaire", "/inventaire", "serials", "004888888").text(), "écartée",
		"what another school was told is not this one's")
}

// A school that was replaced has no drawer any more: that is said before anything is scanned, and nothing offers to count or to order.
func TestNothingIsCountedAtASchoolThatWasReplaced(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	b := h.as(c.support)
	const counting, stock = "/inventaire?etablissement=" + string(scene.Tilleuls), "/stock?etablissement=" + string(scene.Tilleuls)
	open := b.get(counting)
	assert.Contains(t, b.get(stock).text(), "Commander des clefs")
	h.Exec(`UPDATE establishment SET successor = $2 WHERE uai = $1`, scene.Tilleuls, scene.Acacias)
	const said = "Cet établissement a été remplacé par le lycée des Acacias (0069002C) : " +
		"ses clefs, ses demandes et ses commandes y ont suivi."
	p := b.get(counting)
	assert.Equal(t, http.StatusOK, p.Status)
	assert.Contains(t, p.text(), said)
	assert.NotContains(t, p.text(), "Compter les clefs du tiroir")
	late := b.post("/inventaire", open.form(t, "/inventaire", "serials", "00481001"))
	assert.Equal(t, http.StatusUnprocessableEntity, late.Status)
	assert.Contains(t, late.text(), said)
	p = b.get(stock)
	assert.Contains(t, p.text(), said)
	assert.NotContains(t, p.text(), "Commander des clefs")
	assert.NotContains(t, p.text(), "Faire l'inventaire")
}
