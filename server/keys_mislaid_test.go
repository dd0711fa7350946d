package server_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func (h *house) key(serial okey.Serial) okey.Key {
	h.Helper()
	key, err := h.Store.Key(context.Background(), serial)
	require.NoError(h, err)
	return key
}

func TestAMislaidKeyIsAcceptedNowhereUntilItsHolderHasFoundIt(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial, check, lea := h.inService(c), h.checker(), h.as(c.lea)
	page := keyPage(serial)
	told := lea.done(lea.fill(page+"/egaree", page+"/egaree", "comment", "chez moi"))
	until := okey.SayDay(h.key(serial).DueAt, time.Now(), okey.ZoneOf(""))
	assert.Contains(t, told.text(), "C'est fait : la clef est maintenant égarée. Retrouvée avant le "+until+" au soir, elle servira de nouveau")
	for _, path := range []string{"/", page} {
		said := lea.get(path)
		assert.Contains(t, said.text(), "Elle est déclarée égarée, et n'est plus acceptée. Si vous la retrouvez avant le "+until+" au soir", path)
		assert.Contains(t, said.HTML, `href="`+page+`/retrouvee"`, path)
		assert.Contains(t, said.HTML, `href="`+page+`/perdue"`, path)
		assert.NotContains(t, said.HTML, `href="`+page+`/egaree"`, path)
		assert.NotContains(t, said.text(), "tapez votre code PIN", path)
	}
	assert.Contains(t, lea.get(pinPage(serial)).text(), "Code PIN actuel", "its PIN stays theirs")
	answer := check(serial, "4071")
	assert.Equal(t, http.StatusConflict, answer.Status)
	assert.Equal(t, "key_suspended", answer.at("code"))
	list := "/clefs?suivi=egarees&etablissement=" + string(scene.Tilleuls)
	roux := h.as(c.roux)
	assert.Contains(t, roux.get("/").HTML, `href="`+strings.ReplaceAll(list, "&", "&amp;")+`">1 clef à retrouver</a>`)
	assert.Contains(t, roux.get(list).text(), string(serial))

	found := lea.done(lea.fill(page+"/retrouvee", page+"/retrouvee"))
	assert.Contains(t, found.text(), "C'est fait : la clef est maintenant en service.")
	assert.Equal(t, http.StatusOK, check(serial, "4071").Status)
	assert.Equal(t, true, check(serial, "4071").at("ok"), "with the same PIN")
	key := h.key(serial)
	assert.Equal(t, c.lea.ID, key.Holder)
	assert.Zero(t, key.DueAt)
	story := h.as(c.roux).get(page).text()
	assert.Contains(t, story, "Déclarée égarée par Léa Martin chez moi")
	assert.Contains(t, story, "Retrouvée, de nouveau en service par Léa Martin")
	assert.Equal(t, page, lea.get(page+"/retrouvee").Location, "the link of an old mail")
}

// Only who has found their own key need not say where: whoever says so for them does.
func TestWhoHasFoundTheirKeyNeedNotSayWhere(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	mislay := map[string]string{"reason": "mislaid", "comment": "chez moi"}
	changes := "/keys/" + string(serial) + "/changes"
	require.Equal(t, http.StatusOK, h.call(c.lea, http.MethodPost, changes, mislay).Status)
	for _, by := range []okey.Person{c.roux, c.support} {
		refused := h.call(by, http.MethodPost, changes, map[string]string{"reason": "recovered"})
		assert.Equal(t, http.StatusUnprocessableEntity, refused.Status)
		assert.Contains(t, refused.Text, "Écrivez un commentaire")
	}
	refused := h.as(c.roux).fill(keyPage(serial), keyPage(serial), "reason", "recovered", "comment", "")
	assert.Equal(t, http.StatusUnprocessableEntity, refused.Status)
	assert.Equal(t, okey.Suspended, h.KeyState(serial))
	assert.NotContains(t, h.as(c.lea).get(keyPage(serial)+"/retrouvee").text(), "*", "nothing must be filled in")
	assert.Equal(t, http.StatusOK, h.call(c.lea, http.MethodPost, changes, map[string]string{"reason": "recovered"}).Status)
	assert.Equal(t, okey.InService, h.KeyState(serial))
}

func TestNobodyElseMayMislayAKeyButThoseWhoManageIt(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	told := h.as(c.roux).reports(serial, okey.ReasonMislaid)
	assert.Contains(t, told.text(), "la clef est maintenant égarée")
	assert.Contains(t, told.text(), "Déclarée égarée par Marc Roux ; elle est à Léa Martin")
	assert.Contains(t, told.text(), "État Égarée, perdue si elle n'est pas retrouvée avant le")
	for _, reason := range []okey.KeyReason{okey.ReasonRecovered, okey.ReasonLost, okey.ReasonReturn, okey.ReasonDefective, okey.ReasonRetired} {
		assert.Contains(t, told.HTML, `<option value="`+string(reason)+`">`)
	}
	assert.NotContains(t, told.HTML, `<option value="mislaid">`)
	assert.Contains(t, h.as(c.roux).reports(serial, okey.ReasonReturn).text(), "Elle n'est plus à Léa Martin, et son code PIN est effacé.")
	assert.Equal(t, okey.InStock, h.KeyState(serial), "somebody has brought it to the drawer")
}

func TestWhoHasMislaidTheirKeyAsksForNoOtherUntilItIsLost(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial, lea := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30)), h.as(c.lea)
	lea.done(lea.fill(keyPage(serial)+"/egaree", keyPage(serial)+"/egaree", "comment", "chez moi"))
	ask := lea.get("/demandes/nouvelle")
	assert.Contains(t, ask.text(), "Votre clef "+string(serial)+" est égarée. Une autre peut vous être prêtée 5 jours")
	assert.Contains(t, ask.HTML, keyPage(serial)+"/retrouvee")
	assert.Contains(t, ask.HTML, `name="reason" value="loan"`)
	refused := h.call(c.lea, http.MethodPost, "/requests", map[string]any{"establishment": scene.Tilleuls, "need": "encore"})
	assert.Equal(t, "already_holds_key", refused.at("code"))
	lea.done(lea.fill(keyPage(serial)+"/perdue", keyPage(serial)+"/perdue", "comment", "vraiment perdue"))
	lea.asks()
	assert.Equal(t, "replacement", h.Text(`SELECT reason FROM request`))
}

func TestARenewalGoesOnWhileTheOldKeyIsMislaid(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	old := h.KeyOf(c.lea, scene.Tilleuls, here().AddMonths(2))
	next := h.Key(scene.Tilleuls)
	lea, roux := h.as(c.lea), h.as(c.roux)
	page := lea.asks()
	lea.done(lea.fill(keyPage(old)+"/egaree", keyPage(old)+"/egaree", "comment", "chez moi"))
	assert.Contains(t, lea.get("/").text(), "Si vous la retrouvez avant de recevoir la nouvelle, apportez-la ce jour-là")
	roux.done(roux.answers(page, "approve", ""))
	lea.done(lea.signs(page))
	assert.NotContains(t, lea.get("/").text(), "m'en prête une", "one request at a time")
	assert.NotContains(t, lea.get(keyPage(old)).text(), "m'en prête une")
	assert.NotContains(t, roux.get(page).text(), "Reprenez", "it is not there")
	roux.done(roux.fill(page, page+"/remise", "serial", string(next)))
	assert.Equal(t, okey.InService, h.KeyState(next))
	assert.Equal(t, okey.Lost, h.KeyState(old), "nobody has taken it back")
}

func TestTheQuestionsTellAMislaidKeyFromALostOne(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial, lea := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30)), h.as(c.lea)
	page := keyPage(serial)
	assert.Contains(t, lea.get(page+"/ne-marche-plus").HTML, page+"/ne-marche-plus/introuvable")
	asked := lea.get(page + "/ne-marche-plus/introuvable").HTML
	assert.Contains(t, asked, page+"/egaree")
	assert.Contains(t, asked, page+"/perdue")
	lea.done(lea.fill(page+"/egaree", page+"/egaree", "comment", "chez moi"))
	known := lea.get(page + "/ne-marche-plus")
	assert.Contains(t, known.text(), "Votre clef est déclarée égarée : elle n'est plus acceptée.")
	require.Equal(t, []string{"J&#39;ai retrouvé ma clef"}, known.buttons())
}
