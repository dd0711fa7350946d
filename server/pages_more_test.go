package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"okey"
	"okey/internal/scene"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// signed brings a request to the counter, and returns its page.
func (h *house) signed(c cast) string {
	h.Helper()
	lea, roux := h.as(c.lea), h.as(c.roux)
	page := lea.asks()
	roux.done(roux.answers(page, "approve", ""))
	lea.done(lea.signs(page))
	return page
}

func TestAnotherKeyOfTheStockMayTakeThePlaceAtTheCounter(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	attributed, other, foreign := h.Key(scene.Tilleuls), h.Key(scene.Tilleuls), h.Key(scene.Acacias)
	page := h.signed(c)
	roux := h.as(c.roux)

	for serial, want := range map[string]string{
		"":              "Le numéro de série manque",
		"ZZZ9":          "Aucune clef ne porte le numéro ZZZ9",
		string(foreign): "appartient au stock d'un autre établissement",
		"1,23E+11":      "Excel a abrégé ce numéro",
	} {
		wrong := roux.fill(page, page+"/remise", "serial", serial)
		assert.Contains(t, []int{http.StatusUnprocessableEntity, http.StatusConflict}, wrong.Status, serial)
		assert.Contains(t, wrong.text(), want)
		assert.Contains(t, wrong.HTML, `value="`+strings.ReplaceAll(serial, "+", "&#43;")+`"`, "what was typed stays")
		assert.Contains(t, wrong.HTML, `id="remise-serial-erreur"`, "beside its field")
	}
	swapped := roux.done(roux.fill(page, page+"/remise", "serial", string(other)))
	assert.Contains(t, swapped.text(), "Elle a pris la place de celle qui était attribuée")
	assert.Equal(t, okey.InService, h.KeyState(other))
	assert.Equal(t, okey.InStock, h.KeyState(attributed))
}

func TestARefusedFormCorrectedIsAnActionOfItsOwn(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.Key(scene.Tilleuls)
	page := h.signed(c)
	roux := h.as(c.roux)
	refused := roux.fill(page, page+"/remise", "serial", "ZZZ9")
	require.Equal(t, http.StatusConflict, refused.Status)
	roux.done(roux.post(page+"/remise", refused.form(t, page+"/remise", "serial", string(serial))))
	assert.Equal(t, okey.InService, h.KeyState(serial))
}

func TestARefusalIsReadByWhoeverAsked(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	lea, roux := h.as(c.lea), h.as(c.roux)
	page := lea.asks()
	roux.done(roux.answers(page, "refuse", "pas <b>cette</b> année"))
	home := lea.get("/")
	assert.Contains(t, home.text(), "pas <b>cette</b> année")
	assert.NotContains(t, home.HTML, "<b>cette</b>")
	assert.Contains(t, home.text(), "Refusée")
	assert.Contains(t, home.HTML, `href="/demandes/nouvelle"`, "they may ask again")
}

func TestWithoutAFreeKeyThePlaceIsKept(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	lea, roux, support := h.as(c.lea), h.as(c.roux), h.as(c.support)
	assert.Contains(t, lea.get("/demandes/nouvelle").text(), "aucune clef libre en ce moment")
	page := lea.asks()
	assert.Contains(t, roux.get(page).text(), "Aucune clef n'est libre : si vous acceptez, la demande garde sa place")
	approved := roux.done(roux.answers(page, "approve", ""))
	assert.Contains(t, approved.text(), "Léa Martin garde sa place")
	assert.Contains(t, lea.get("/").text(), "Place dans la file : la première.")

	none := support.fill(page, page+"/stock")
	assert.Equal(t, http.StatusConflict, none.Status)
	assert.Contains(t, none.text(), "Aucune clef n'est libre dans cet établissement")
	h.Key(scene.Tilleuls)
	assert.Contains(t, support.done(support.fill(page, page+"/stock")).text(), "Une clef était libre : la demande continue.")
	assert.NotContains(t, roux.get(page).HTML, page+"/stock", "support's alone")
}

func TestARequestIsWithdrawnByItsAskerAndBySupportWithAReason(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	lea, support := h.as(c.lea), h.as(c.support)
	page := lea.asks()
	silent := support.fill(page, page+"/retrait", "comment", "")
	assert.Equal(t, http.StatusUnprocessableEntity, silent.Status)
	assert.Contains(t, silent.text(), "Indiquez pourquoi l'assistance agit")
	assert.Contains(t, silent.HTML, `id="retrait-comment-erreur"`)
	gone := lea.done(lea.fill(page, page+"/retrait", "comment", ""))
	assert.Contains(t, gone.text(), "Votre demande est retirée.")
	assert.NotContains(t, gone.HTML, "<form method=\"post\" action=\""+page, "nothing is left to do")
}

func TestACharterThatChangedIsReadAgain(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	lea, roux := h.as(c.lea), h.as(c.roux)
	page := lea.asks()
	roux.done(roux.answers(page, "approve", ""))
	before := lea.get(page).form(t, page+"/charte", "read", "oui", "pin", "4071", "pin2", "4071")
	require.NoError(t, h.Store.Do(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.PublishCharter(t.Context(), "Charte nouvelle.", time.Now())
		return err
	}))
	outdated := lea.post(page+"/charte", before)
	assert.Equal(t, http.StatusUnprocessableEntity, outdated.Status)
	assert.Contains(t, outdated.text(), "La charte a changé : relisez-la")
	assert.Contains(t, outdated.text(), "Charte nouvelle.")
	assert.NotContains(t, outdated.HTML, " checked", "the new text is agreed to anew")
	lea.done(lea.signs(page))
}

func TestAKeyIsDeclaredLostOnItsPage(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, time.June, 30))
	lea, roux := h.as(c.lea), h.as(c.roux)
	page := "/clefs/" + string(serial)
	key := roux.get(page)
	for _, label := range []string{"Informations sur la clef", "Numéro de série", "Dernière connexion", "Date d'expiration", "Lot", "*Motif", "Veuillez choisir un motif", "*Commentaire", "Clef perdue", "Mettre en stock"} {
		assert.Contains(t, key.text(), label)
	}
	mine := lea.get(page)
	assert.Contains(t, mine.text(), "Clef perdue")
	assert.NotContains(t, mine.text(), "Mettre en stock", "that is for whoever manages the stock")
	empty := roux.fill(page, page, "reason", "", "comment", "")
	assert.Equal(t, http.StatusUnprocessableEntity, empty.Status)
	assert.Contains(t, empty.text(), "2 choses sont à corriger")
	assert.Contains(t, empty.HTML, `href="#changement-reason"`)
	assert.Contains(t, empty.HTML, `href="#changement-comment"`)

	form := lea.get(page).form(t, page, "reason", "lost", "comment", "dans le train")
	lost := lea.post(page, form)
	require.Equal(t, http.StatusSeeOther, lost.Status, lost.text())
	assert.Equal(t, okey.Lost, h.KeyState(serial))
	assert.Contains(t, roux.get(page).text(), "dans le train")
	assert.Contains(t, lea.get("/demandes/nouvelle").text(), "Remplacer ma clef perdue ou défectueuse")
	found := roux.done(roux.fill(page, page, "reason", "found", "comment", "au secrétariat"))
	assert.Contains(t, found.text(), "C'est fait : « Clef retrouvée ». La clef est maintenant en stock.")
}

func TestASecondReportOfAKeyLearnsHowItStands(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := "/clefs/" + string(h.Key(scene.Tilleuls))
	roux, blanc := h.as(c.roux), h.as(c.blanc)
	late := blanc.get(page).form(t, page, "reason", "lost", "comment", "tiroir vide")
	roux.done(roux.fill(page, page, "reason", "lost", "comment", "introuvable"))
	told := blanc.post(page, late)
	assert.Equal(t, http.StatusConflict, told.Status)
	assert.Contains(t, told.text(), "« Clef perdue » ne s'applique pas à la clef")
	assert.Contains(t, told.HTML, "tiroir vide</textarea>")
}

func TestSupportSeesWhatIsStuckAndFindsEverything(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.Key(scene.Tilleuls)
	page := h.as(c.lea).asks()
	id := strings.TrimPrefix(page, "/demandes/")
	h.Exec(`INSERT INTO action (id, request, name, by_person, via, content, digest, created_at) VALUES ($1, $2, 'withdrawal', $3, 'web', '{}', '', $4)`,
		uuid.New(), id, c.lea.ID, time.Now().Add(-time.Hour))
	h.Exec(`INSERT INTO mail (id, request, kind, ref, address, message_id, subject, state, created_at)
		VALUES ($1, $2, 'decision_late', 1, 'assistance@ac-nice.fr', 'm1', 'Une demande attend', 'failed', $3)`, uuid.New(), id, time.Now())
	roux := h.as(c.roux)
	roux.post(page+"/remise", url.Values{"action": {uuid.NewString()}, "serial": {string(serial)}})

	support := h.as(c.support)
	assert.Contains(t, support.get("/").text(), "1 action sans suite")
	desk := support.get("/assistance")
	for _, told := range []string{"Retrait", "Une demande attend", "autre étape", "Léa Martin"} {
		assert.Contains(t, desk.text(), told)
	}
	for asked, want := range map[string]string{
		"martin léa": "Léa Martin", strings.ToLower(string(scene.Tilleuls)): "Collège des Tilleuls", string(scene.Tilleuls[:5] + "-" + scene.Tilleuls[5:7] + " " + scene.Tilleuls[7:]): "Collège des Tilleuls",
		strings.ToLower(string(serial)): string(serial), id: "saisie des absences", "tilleuls nice": "Collège des Tilleuls",
	} {
		assert.Contains(t, support.get("/assistance?q="+url.QueryEscape(asked)).text(), want, asked)
	}
	for _, odd := range []string{"%", "'", "\x00", "<script>alert(1)</script>", strings.Repeat("a", 3000)} {
		p := support.get("/assistance?q=" + url.QueryEscape(odd))
		assert.Equal(t, http.StatusOK, p.Status)
		assert.NotContains(t, p.HTML, "<script>alert")
	}
	request := support.get(page)
	assert.Contains(t, request.HTML, "http://127.0.0.1:8233/namespaces/default/workflows/key-request-"+id)
	assert.NotContains(t, roux.get(page).HTML, "key-request-"+id)
}

func TestSupportAnswersOnlyWithAReason(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	page := h.as(c.lea).asks()
	support := h.as(c.support)
	silent := support.answers(page, "approve", "")
	assert.Equal(t, http.StatusUnprocessableEntity, silent.Status)
	assert.Contains(t, silent.HTML, `value="approve" checked`)
	support.done(support.answers(page, "approve", "direction absente"))
	assert.Equal(t, "support", h.Text(`SELECT via FROM action WHERE name = 'principal-decision'`))
}

func TestListsAreFilteredAndComeInPages(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	for i := range 30 {
		h.as(h.Person(fmt.Sprintf("P%02d Personne%02d", i, i), okey.Staff, scene.Tilleuls)).asks()
		h.Key(scene.Tilleuls)
	}
	roux := h.as(c.roux)
	for _, list := range []string{"/demandes", "/clefs"} {
		first := roux.get(list)
		assert.Equal(t, 25, strings.Count(first.HTML, `<a href="`+list+"/")-strings.Count(first.HTML, `<a href="/demandes/nouvelle`), list)
		next := roux.get(nextPage(t, first))
		assert.Equal(t, 5, strings.Count(next.HTML, `<a href="`+list+"/"), list)
		assert.NotContains(t, next.HTML, "Page suivante")
	}
	assert.Contains(t, roux.get("/demandes?etape=handed_over").text(), "Aucune demande ici.")
	assert.Contains(t, roux.get("/demandes?etape=awaiting_decision").text(), "En attente de réponse depuis")
	assert.Equal(t, http.StatusUnprocessableEntity, roux.get("/demandes?cursor=abc").Status)
	assert.Contains(t, roux.get("/").text(), "Et 10 demandes de plus.")
}

func nextPage(t *testing.T, p sheet) string {
	t.Helper()
	before, _, found := strings.Cut(p.HTML, `">Page suivante`)
	require.True(t, found, p.text())
	return strings.ReplaceAll(before[strings.LastIndex(before, `"`)+1:], "&amp;", "&")
}

func TestSomeoneInSeveralEstablishmentsChooses(t *testing.T) {
	h := newHouse(t)
	both := h.Person("Ines Deux", okey.Staff, scene.Tilleuls, scene.Acacias)
	b := h.as(both)
	form := b.get("/demandes/nouvelle")
	assert.Contains(t, form.text(), "Pour quel établissement ?")
	missing := b.post("/demandes/nouvelle", form.form(t, "/demandes/nouvelle", "need", "notes"))
	assert.Equal(t, http.StatusUnprocessableEntity, missing.Status)
	assert.Contains(t, missing.text(), "Choisissez l'établissement où vous travaillez.")
	b.done(b.fill("/demandes/nouvelle", "/demandes/nouvelle", "need", "notes", "establishment", string(scene.Acacias)))
	assert.Equal(t, string(scene.Acacias), h.Text(`SELECT uai FROM request`))
}

func TestStaticFilesAreServedAndVersioned(t *testing.T) {
	h := newHouse(t)
	b := h.browse()
	help := b.get("/aide")
	for _, name := range []string{"okey.css", "academie.css", "okey.js", "okey.svg"} {
		at := strings.Index(help.HTML, "/static/"+name)
		require.Positive(t, at, name)
		address, _, _ := strings.Cut(help.HTML[at:], `"`)
		file := b.get(address)
		assert.Equal(t, http.StatusOK, file.Status, name)
		assert.Contains(t, file.Header.Get("Cache-Control"), "immutable")
		assert.NotEmpty(t, file.HTML)
	}
	assert.Equal(t, http.StatusNotFound, b.get("/static/absent.css").Status)
	assert.Equal(t, http.StatusSeeOther, b.get("/").Status, "home is for whoever has signed in")
	assert.Equal(t, "/connexion?vers=%2Fdemandes", b.get("/demandes").Location)
}
