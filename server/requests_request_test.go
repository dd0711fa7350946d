package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSupportThatWithdrawsARequestIsToldInWhosePlace(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.as(c.lea).asks()
	silent := h.as(c.support).fill(page, page+"/retrait", "comment", " ")
	assert.Equal(t, http.StatusUnprocessableEntity, silent.Status)
	assert.Contains(t, silent.text(), "Écrivez pourquoi : l'assistance agit à la place de Léa Martin, qui le lira.")
}

func TestARequestGoesFromAskingToHandoverThroughForms(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.Key(scene.Tilleuls)
	lea, roux := h.as(c.lea), h.as(c.roux)

	home := lea.get("/")
	assert.Contains(t, home.text(), "Vous n'avez pas de clef")
	form := lea.get("/demandes/nouvelle")
	assert.Contains(t, form.text(), "Collège des Tilleuls : 1 clef libre.")
	asked := lea.done(lea.post("/demandes/nouvelle", form.form(t, "/demandes/nouvelle", "need", "saisie des absences")))
	assert.Contains(t, asked.text(), "Votre demande est envoyée à")
	assert.Contains(t, asked.text(), "Marc Roux")
	page, _, _ := strings.Cut(lea.get("/suivi/"+form.form(t, "/demandes/nouvelle").Get("action")).Location, "?")

	home = roux.get("/")
	assert.Contains(t, home.text(), "Léa Martin « saisie des absences »")
	assert.NotContains(t, roux.get(page).HTML, " checked", "nothing is chosen beforehand")
	approved := roux.done(roux.answers(page, "approve", ""))
	assert.Contains(t, approved.text(), "Vous avez accepté. Une clef est réservée à Léa Martin jusqu'au")

	home = lea.get("/")
	assert.Contains(t, home.text(), "Signer la charte et choisir mon code PIN")
	assert.Contains(t, home.text(), "Acceptée")
	signed := lea.done(lea.signs(page))
	assert.Contains(t, signed.text(), "Votre clef vous attend : venez la chercher auprès d'Anne Blanc")
	assert.NotContains(t, signed.HTML, "4071")

	assert.Contains(t, roux.get("/").text(), "Clef à remettre depuis")
	handed := roux.done(roux.fill(page, page+"/remise", "serial", " "+strings.ToLower(string(serial[:4]))+"-"+string(serial[4:])))
	assert.Contains(t, handed.text(), "La clef "+string(serial)+" est remise à Léa Martin.")
	assert.Equal(t, okey.InService, h.KeyState(serial))
	assert.Contains(t, lea.get("/").text(), "Clef "+string(serial))
	assert.Contains(t, lea.get("/demandes/nouvelle").text(), "est valable jusqu'au")
	assert.Equal(t, 4, h.Count(`SELECT count(*) FROM action WHERE via = 'web' AND outcome = 'accepted'`))
}

func TestSecondApproverLearnsOnThePageWhoDecided(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	page := h.as(c.lea).asks()
	roux, blanc := h.as(c.roux), h.as(c.blanc)
	late := roux.get(page).form(t, page+"/reponse", "decision", "refuse", "comment", "non")
	blanc.done(blanc.answers(page, "approve", ""))
	told := roux.post(page+"/reponse", late)
	assert.Equal(t, http.StatusConflict, told.Status)
	assert.Regexp(t, `Anne Blanc a déjà accepté cette demande \S+ \S+ \S+ à \d+ h \d\d\. Votre réponse n'a rien changé\.`, told.text())
	assert.Contains(t, told.text(), "Vous aviez écrit : non")
	assert.NotContains(t, roux.get(page).text(), "Vous aviez écrit")
	assert.Equal(t, "awaiting_charter", h.Text(`SELECT stage FROM request`))
}

func TestWhoeverAnswersReadsFirstWhoAsksAndWhatFor(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.as(c.lea).asks()
	text := h.as(c.roux).get(page).text()
	need, answer := strings.Index(text, "Besoin"), strings.Index(text, "Votre réponse Aucune clef")
	require.Positive(t, need)
	assert.Greater(t, answer, need)
	assert.Equal(t, 1, strings.Count(text, "saisie des absences"))
	assert.Regexp(t, `Votre réponse est attendue depuis \S+ \S+ \S+, ou celle d'Anne Blanc\. Sans suite, la demande expire`, text)
	assert.Contains(t, h.as(c.support).get(page).text(), "La réponse d'Anne Blanc ou Marc Roux est attendue")
	h.Exec(`DELETE FROM assignment WHERE person = $1`, c.blanc.ID)
	assert.Regexp(t, `Votre réponse est attendue depuis \S+ \S+ \S+\. `, h.as(c.roux).get(page).text())
	h.Key(scene.Tilleuls)
	h.as(c.roux).done(h.as(c.roux).answers(page, "approve", ""))
	h.as(c.lea).done(h.as(c.lea).signs(page))
	assert.Regexp(t, `La clef est à remettre depuis \S+ \S+ \S+, par vous\. `, h.as(c.roux).get(page).text())
}

func TestNobodySeesAnothersRequestNorAnswersTheirOwn(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.as(c.lea).asks()
	stranger := h.as(c.stranger)
	for _, p := range []sheet{
		stranger.get(page),
		stranger.post(page+"/reponse", url.Values{"action": {"0b7d3f30-5a0f-4f57-8c08-2b9d1e7a4b11"}, "decision": {"approve"}}),
		stranger.get("/demandes/pas-un-numero"), stranger.get("/nulle-part"),
	} {
		assert.Equal(t, http.StatusNotFound, p.Status)
		assert.Contains(t, p.text(), "Cette page n'existe pas, ou elle n'est pas pour vous.")
		assert.NotContains(t, p.text(), "Léa")
	}
	own := h.as(c.lea).post(page+"/reponse", url.Values{"action": {"0b7d3f30-5a0f-4f57-8c08-2b9d1e7a4b12"}, "decision": {"approve"}})
	assert.Equal(t, http.StatusForbidden, own.Status)
	assert.NotContains(t, h.as(c.lea).get(page).HTML, page+"/reponse")
	assert.NotContains(t, stranger.get("/demandes").text(), "Léa")
	assert.Contains(t, h.as(c.roux).get("/demandes").text(), "Léa Martin")
}

func TestWhoeverHasNoEstablishmentLearnsWhatToDo(t *testing.T) {
	h := newHouse(t)
	nobody := h.as(h.Person("Jean Dupont", okey.Staff))
	for _, page := range []string{"/", "/demandes/nouvelle"} {
		assert.Contains(t, nobody.get(page).text(),
			"Nous ne vous trouvons dans aucun établissement. "+
				"Demandez à votre secrétariat de vérifier votre affectation, ou écrivez à l'assistance.")
	}
}

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
		"ZZZ9":          "ne finit pas par ZZZ9. Pour une autre clef, tapez son numéro entier",
		"ZZZ99":         "Aucune clef ne porte le numéro ZZZ99",
		string(foreign): "appartient au stock d'un autre établissement",
		"1,23E+11":      "Excel a abrégé ce numéro",
	} {
		wrong := roux.fill(page, page+"/remise", "serial", serial)
		assert.Contains(t, []int{http.StatusUnprocessableEntity, http.StatusConflict}, wrong.Status, serial)
		assert.Contains(t, wrong.text(), want)
		assert.Contains(t, wrong.HTML, `value="`+strings.ReplaceAll(serial, "+", "&#43;")+`"`, "what was typed stays")
		assert.Contains(t, wrong.HTML, `id="remise-serial-erreur"`, "beside its field")
	}
	asked := roux.fill(page, page+"/remise", "serial", string(other))
	assert.Equal(t, http.StatusOK, asked.Status)
	assert.Contains(t, asked.text(), "n'est pas celle qui est réservée à Léa Martin", "as the counter asks")
	assert.Equal(t, okey.InStock, h.KeyState(other), "asked first")
	sure := "/remise" + strings.TrimPrefix(page, "/demandes")
	swapped := roux.done(roux.post(sure, asked.form(t, sure)))
	assert.Contains(t, swapped.text(), "Elle a pris la place de celle qui était réservée")
	assert.Equal(t, okey.InService, h.KeyState(other))
	assert.Equal(t, okey.InStock, h.KeyState(attributed))
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
	assert.Contains(t, lea.get("/").text(), "Vous êtes en 1re position dans la file.")

	none := support.done(support.fill(page, page+"/stock"))
	assert.Contains(t, none.text(), "OKEY a regardé : aucune clef n'est libre dans cet établissement. La demande garde sa place.")
	assert.NotContains(t, none.HTML, `role="alert"`, "an answer, no mistake")
	assert.NotContains(t, support.get("/assistance").text(), "sans effet : aucune clef libre", "nor a refusal")
	h.Key(scene.Tilleuls)
	assert.Contains(t, support.done(support.fill(page, page+"/stock")).text(), "Une clef était libre : la demande continue.")
	assert.NotContains(t, roux.get(page).HTML, page+"/stock", "support's alone")
}

func TestARequestIsWithdrawnByItsAskerAndBySupportWithAReason(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	lea, support := h.as(c.lea), h.as(c.support)
	page := lea.asks()
	assert.Contains(t, lea.get(page).text(), "Commentaire Facultatif. La direction le lira.")
	silent := support.fill(page, page+"/retrait", "comment", "")
	assert.Equal(t, http.StatusUnprocessableEntity, silent.Status)
	assert.Contains(t, silent.text(), "Écrivez pourquoi : l'assistance agit")
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
	before := lea.get(page+"/charte").form(t, page+"/charte", "read", "oui", "pin", "4071", "pin2", "4071")
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

// Whoever withdraws a request knows before what goes with it.
func TestWithdrawingSaysWhatIsLost(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	lea, roux := h.as(c.lea), h.as(c.roux)
	page := lea.asks()
	assert.Contains(t, lea.get(page).text(), "Personne n'y répondra plus : pour avoir une clef, il faudra une nouvelle demande.")
	assert.Contains(t, roux.get(page).text(), "si vous acceptez, la demande garde sa place")
	roux.done(roux.answers(page, "approve", ""))
	for _, b := range []*browser{lea, roux} {
		assert.Contains(t, b.get(page).text(), "La place dans la file sera perdue")
	}
	assert.Contains(t, roux.get(page).text(), "Obligatoire. Léa Martin le lira.")
	silent := roux.fill(page, page+"/retrait", "comment", " ")
	assert.Equal(t, http.StatusUnprocessableEntity, silent.Status)
	assert.Contains(t, silent.text(), "Écrivez pourquoi vous retirez cette demande : Léa Martin le lira.")
	assert.Equal(t, "awaiting_stock", h.Text(`SELECT stage FROM request WHERE id = $1`, idOf(page)))
	h.Key(scene.Tilleuls) // for Léa
	h.Key(scene.Tilleuls)
	other := h.as(c.blanc).asks()
	assert.Contains(t, roux.get(other).text(), "1 clef libre.")
	roux.done(roux.answers(other, "approve", ""))
	assert.Contains(t, h.as(c.blanc).get(other).text(), "La clef réservée retournera au stock, pour quelqu'un d'autre")
}
