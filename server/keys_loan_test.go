package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// borrows has Léa mislay her key, and be lent another one through the pages.
func (h *house) borrows(c cast) (own, lent okey.Serial) {
	h.Helper()
	own, lent = h.inService(c), h.Key(scene.Tilleuls)
	lea, roux := h.as(c.lea), h.as(c.roux)
	lea.done(lea.fill(keyPage(own)+"/egaree", keyPage(own)+"/egaree", "comment", "chez moi"))
	page := lea.asks()
	assert.Contains(h, roux.get(page).text(), "Prêt, le temps de retrouver la sienne")
	roux.done(roux.answers(page, "approve", ""))
	lea.done(lea.signs(page))
	assert.Contains(h, roux.get(page).text(), "C'est un prêt : elle est à rendre dans 5 jours")
	assert.Contains(h, roux.get(page+"/bordereau").text(), "Prêtée 5 jours, sans compter les week-ends")
	roux.done(roux.fill(page, page+"/remise", "serial", string(lent)))
	assert.Equal(h, okey.Lent, h.KeyState(lent))
	assert.Contains(h, roux.get(page+"/bordereau").text(), "Prêtée jusqu'au "+okey.DayOf(h.key(lent).DueAt, okey.ZoneOf("")).SayWithYear())
	assert.Equal(h, keyPage(lent), lea.get("/ma-clef").Location, "the one that serves")
	home := lea.get("/").text()
	assert.Contains(h, home, "J'ai perdu ma clef "+string(lent))
	assert.Contains(h, home, "J'ai perdu ma clef "+string(own))
	assert.Contains(h, home, "Ma clef "+string(lent)+" ne marche plus")
	return own, lent
}

func TestALentKeyServesUntilItIsDueAndIsTakenBack(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	own, lent := h.borrows(c)
	lea, roux, check := h.as(c.lea), h.as(c.roux), h.checker()
	until := okey.SayDay(h.key(lent).DueAt, time.Now(), okey.ZoneOf(""))
	for _, path := range []string{"/", keyPage(lent)} {
		said := lea.get(path)
		assert.Contains(t, said.text(), "Elle vous est prêtée jusqu'au "+until+" au soir : rendez-la à la direction ce jour-là au plus tard.", path)
		assert.Contains(t, said.text(), "tapez votre code PIN", path)
		assert.NotContains(t, said.HTML, keyPage(lent)+"/egaree", path)
		assert.NotContains(t, said.HTML, keyPage(lent)+"/je-pars", path)
	}
	assert.Contains(t, lea.get("/demandes/nouvelle").text(), "Une clef vous est déjà prêtée : rendez-la d'abord à la direction.")
	assert.Equal(t, true, check(lent, "4071").at("ok"))
	assert.Equal(t, "key_suspended", check(own, "4071").at("code"))
	assert.Contains(t, roux.get(keyPage(lent)).text(), "Prêtée jusqu'au "+until+" au soir")
	assert.Contains(t, roux.get(keyPage(lent)).text(), "Prêtée à Léa Martin par Marc Roux")
	day := okey.DayOf(h.key(lent).DueAt, okey.ZoneOf(""))
	assert.Contains(t, roux.get("/clefs").text(), "prêtée jusqu'au "+day.Time().Format("02/01/2006"))
	assert.Regexp(t, ` jusqu('|&#39;)au <time datetime="`+day.String()+`">`, roux.get("/clefs").HTML)
	list := "/clefs?suivi=pretees&etablissement=" + string(scene.Tilleuls)
	running := "/clefs?etat=lent&amp;etablissement=" + string(scene.Tilleuls)
	assert.Regexp(t, `href="`+keyPage(lent)+`">Léa Martin, jusqu('|&#39;)au `+until+` au soir</a>`, roux.get("/").HTML, "whose, and until when")
	assert.Contains(t, roux.get("/").text(), "Clef prêtée Léa Martin")
	for range 3 {
		h.Exec(`UPDATE key SET state = 'lent', holder = $2, due_at = now() + interval '3 days', pin_hash = 'x' WHERE serial = $1`,
			string(h.Key(scene.Tilleuls)), c.lea.ID)
	}
	assert.Contains(t, roux.get("/").HTML, `href="`+running+`">4 clefs pour quelques jours</a>`, "many are counted")
	h.Exec(`UPDATE key SET state = 'in_stock', holder = NULL, due_at = NULL, pin_hash = NULL WHERE state = 'lent' AND serial <> $1`, string(lent))
	assert.NotContains(t, roux.get("/").HTML, "suivi=pretees", "nothing to see to yet")
	empty := roux.get(list)
	assert.Contains(t, empty.text(), "Aucune clef ici.")
	assert.Contains(t, empty.HTML, `Les prêts en cours sont parmi les <a href="`+running+`">clefs prêtées</a>.`)
	assert.Contains(t, roux.get(strings.ReplaceAll(running, "&amp;", "&")).text(), string(lent))
	assert.NotContains(t, roux.get("/clefs?q=rien").text(), "Les prêts en cours")

	h.Exec(`UPDATE key SET due_at = now() - interval '1 minute' WHERE serial = $1`, string(lent))
	answer := check(lent, "4071")
	assert.Equal(t, http.StatusConflict, answer.Status)
	assert.Equal(t, "loan_over", answer.at("code"))
	assert.Contains(t, lea.get("/").text(), "Le prêt est terminé : cette clef n'est plus acceptée. Rendez-la à la direction.")
	assert.Contains(t, lea.get(keyPage(lent)+"/ne-marche-plus").text(), "Le prêt est terminé")
	const over = "Prêt terminé : elle est à reprendre à Léa Martin"
	assert.NotContains(t, roux.get(keyPage(lent)).text(), over)
	for _, run := range []string{"un matin", "le suivant"} {
		require.NoError(t, h.Store.Watch(t.Context(), run, okey.DayOf(time.Now(), okey.ZoneOf("")), time.Now()))
		assert.Equal(t, 1, strings.Count(roux.get(keyPage(lent)).text(), over), run)
	}
	assert.Contains(t, roux.get("/").HTML, `href="`+strings.ReplaceAll(list, "&", "&amp;")+`">1 clef à reprendre</a>`)
	assert.NotContains(t, roux.get("/").HTML, running)
	assert.Contains(t, roux.get(list).text(), string(lent))
	assert.Contains(t, roux.get(list).text(), "prêtée , à reprendre")
	assert.NotContains(t, roux.get(list).text(), "Les prêts en cours", "it is not empty")
	assert.Contains(t, roux.reports(lent, okey.ReasonReturn).text(), "Elle n'est plus à Léa Martin, et son code PIN est effacé.")
	assert.Contains(t, roux.get(keyPage(lent)).text(), "Prêt rendu, clef remise en stock par Marc Roux ; elle était à Léa Martin")
	assert.NotContains(t, roux.get("/").HTML, "suivi=pretees")
	assert.Equal(t, okey.InStock, h.KeyState(lent))
	slip := "/demandes/" + h.Text(`SELECT id FROM request WHERE handed_over_key = $1`, string(lent)) + "/bordereau"
	until = okey.DayOf(time.Now(), okey.ZoneOf("")).SayWithYear()
	assert.Contains(t, roux.get(slip).text(), "Prêtée jusqu'au "+until, "once it is over its paper still says until when it was")
	assert.NotContains(t, roux.get(slip).text(), "sans compter")
}

func TestALoanThatEndsAsTheOtherKeyIsFoundIsInTheStoryOnce(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	own, lent := h.borrows(c)
	lea := h.as(c.lea)
	lea.done(lea.fill(keyPage(own)+"/retrouvee", keyPage(own)+"/retrouvee"))
	require.NoError(t, h.Store.Watch(t.Context(), "un matin", okey.DayOf(time.Now(), okey.ZoneOf("")), time.Now()))
	assert.Equal(t, 1, strings.Count(h.as(c.roux).get(keyPage(lent)).text(), "Prêt terminé : elle est à reprendre à Léa Martin"))
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM outbox WHERE type = 'key.loan_ended'`), "programs are told once, too")
}

func TestWhoFindsTheirKeyReadsThatTheirRequestForALoanIsOver(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	own, lea := h.inService(c), h.as(c.lea)
	lea.done(lea.fill(keyPage(own)+"/egaree", keyPage(own)+"/egaree", "comment", "chez moi"))
	page := lea.asks()
	lea.done(lea.fill(keyPage(own)+"/retrouvee", keyPage(own)+"/retrouvee", "comment", "là"))
	owed, err := h.Store.FollowUps(t.Context(), 1)
	require.NoError(t, err)
	require.NoError(t, h.Judges.Deliver(t.Context(), owed[0]))
	assert.Contains(t, lea.get(page).text(), "La clef égarée est retrouvée : le prêt n'a plus lieu d'être.")
	assert.Equal(t, "withdrawn", h.Text(`SELECT stage FROM request WHERE reason = 'loan'`))
}

// A key that ends soon, and is mislaid, may be followed by the next one, or by a loan: its holder says which.
func TestWhoHasMislaidAKeyThatEndsSoonMayBeLentOne(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	own, lea := h.KeyOf(c.lea, scene.Tilleuls, here().AddMonths(1)), h.as(c.lea)
	lea.done(lea.fill(keyPage(own)+"/egaree", keyPage(own)+"/egaree", "comment", "chez moi"))
	asked := lea.get("/demandes/nouvelle")
	assert.Contains(t, asked.text(), "Un prêt, le temps de la retrouver")
	assert.Contains(t, asked.text(), "La clef suivante : la mienne expire le ")
	assert.NotContains(t, asked.text(), "l'ancienne sert jusqu'à la remise")
	page := lea.asks()
	assert.Equal(t, "loan", h.Text(`SELECT reason FROM request WHERE id = $1`, idOf(page)))
	assert.Contains(t, h.as(c.roux).get("/demandes").text(), "Prêt : ")
	lea.done(lea.fill(keyPage(own)+"/retrouvee", keyPage(own)+"/retrouvee", "comment", "là"))
}

func TestAMislaidKeyDoesNotServeUntilTheNextOne(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	own, _ := h.borrows(c)
	h.Exec(`UPDATE key SET expires_on = $2 WHERE serial = $1`, string(own), here().AddMonths(1).String())
	asked := h.as(c.lea).get("/demandes/nouvelle").text()
	assert.Contains(t, asked, "La nouvelle la remplacera.")
	assert.NotContains(t, asked, "sert jusqu'à la remise")
}

func TestWhoHasTheirKeyIsLentNoneByTheAPI(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	refused := h.call(c.lea, http.MethodPost, "/requests", map[string]any{"establishment": scene.Tilleuls, "need": "x", "reason": "loan"})
	assert.Equal(t, "already_holds_key", refused.at("code"))
	assert.Contains(t, refused.at("detail"), "n'est pas déclarée égarée")
}

// Found, mislaid again, and the other key not given back: what would be refused is not offered.
func TestWhoHasALentKeyIsNotOfferedAnother(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	own, lent := h.borrows(c)
	lea, roux := h.as(c.lea), h.as(c.roux)
	const offer = "Demander qu'on m'en prête une en attendant"
	for _, path := range []string{"/", keyPage(own)} {
		assert.NotContains(t, lea.get(path).text(), offer, path)
		assert.Contains(t, lea.get(path).text(), "En attendant, servez-vous de la clef "+string(lent)+", qui vous est prêtée.", path)
	}
	lea.done(lea.fill(keyPage(own)+"/retrouvee", keyPage(own)+"/retrouvee"))
	lea.done(lea.fill(keyPage(own)+"/egaree", keyPage(own)+"/egaree", "comment", "encore"))
	for _, path := range []string{"/", keyPage(own)} {
		assert.NotContains(t, lea.get(path).text(), offer, path)
		said := "Pour qu'une autre clef vous soit prêtée, rendez d'abord la " + string(lent) + " à la direction."
		assert.Contains(t, lea.get(path).text(), said, path)
	}
	roux.reports(lent, okey.ReasonReturn)
	for _, path := range []string{"/", keyPage(own)} {
		assert.Contains(t, lea.get(path).text(), offer, path)
	}
}
