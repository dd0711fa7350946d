package server_test

import (
	"net/http"
	"strings"
	"testing"

	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
)

const askPage = "/demandes/nouvelle"

// wants has the person ask with what they tick and type, and returns what comes back.
func (b *browser) wants(typed ...string) sheet {
	b.Helper()
	return b.fill(askPage, askPage, typed...)
}

func TestWhatIsTickedAndWrittenBecomesOneNeed(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	lea := h.as(c.lea)
	asked := lea.done(lea.wants("pour-secretariat", "oui", "pour-examens", "oui", "need", " je remplace Mme Petit "))
	assert.Contains(t, asked.text(), "Besoin Secrétariat, examens (Cyclades) : je remplace Mme Petit")
	assert.Contains(t, h.as(c.roux).get("/").text(), "« Secrétariat, examens (Cyclades) : je remplace Mme Petit »")
	ali := h.as(h.Person("Ali Benali", okey.Staff, scene.Tilleuls))
	ali.done(ali.wants("pour-direction", "oui"))
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM request WHERE need = 'Direction de l''établissement'`), "ticking is enough")
}

func TestAWrongAskingKeepsWhatWasTickedAndTyped(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Exec(`INSERT INTO assignment (person, uai, function, source, since) VALUES ($1, $2, 'personnel', 'import', now())`, c.lea.ID,
		scene.Acacias)
	lea := h.as(c.lea)

	nothing := lea.wants("need", " ")
	assert.Equal(t, http.StatusUnprocessableEntity, nothing.Status)
	assert.Contains(t, nothing.text(), "2 choses sont à corriger")
	assert.Contains(t, nothing.text(), "Cochez au moins une case, ou écrivez en quelques mots")
	assert.Contains(t, nothing.text(), "Choisissez l'établissement où vous irez chercher la clef.")
	assert.Contains(t, nothing.HTML, `id="demande-uses-erreur"`)
	assert.Contains(t, nothing.HTML, `id="demande-establishment-erreur"`)

	vague := lea.wants("pour-autre", "oui", "establishment", string(scene.Acacias))
	assert.Equal(t, http.StatusUnprocessableEntity, vague.Status)
	assert.Contains(t, vague.text(), "dites en quelques mots de quoi il s'agit")

	long := lea.wants("pour-gestion", "oui", "need", strings.Repeat("a", 490), "establishment", string(scene.Acacias))
	assert.Equal(t, http.StatusUnprocessableEntity, long.Status)
	assert.Contains(t, long.text(), "Ce texte est trop long : 490 caractères")
	assert.NotContains(t, long.HTML, "maxlength", "a text that is too long is not cut without a word")
	assert.Contains(t, long.text(), "500 caractères au plus, avec ce que vous cochez.")
	assert.Contains(t, long.text(), "La direction de l'établissement ou l'assistance le lira.", "nobody answers at the Acacias")
	again := long.form(t, askPage)
	assert.Equal(t, "oui", again.Get("pour-gestion"))
	assert.Equal(t, string(scene.Acacias), again.Get("establishment"))
	assert.Equal(t, strings.Repeat("a", 490), again.Get("need"))
	assert.Zero(t, h.Count(`SELECT count(*) FROM action`), "nothing was recorded")
	again.Set("need", "paie")
	lea.done(lea.post(askPage, again))
	assert.Equal(t, "Gestion et intendance (Op@le, GFC) : paie", h.Text(`SELECT need FROM request`))
}

// A link may choose where; of schools that are not the reader's it chooses none.
func TestALinkMayChooseTheSchoolThatIsAskedOf(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Exec(`INSERT INTO assignment (person, uai, function, source, since) VALUES ($1, $2, 'personnel', 'import', now())`, c.lea.ID,
		scene.Acacias)
	lea := h.as(c.lea)
	assert.Regexp(t, `value="`+string(scene.Acacias)+`"[^>]* checked`, lea.get(askPage+"?etablissement="+string(scene.Acacias)).HTML)
	for _, page := range []string{askPage, askPage + "?etablissement=0750001A"} {
		assert.NotRegexp(t, `name="establishment"[^>]* checked`, lea.get(page).HTML, page)
	}
}

func TestWhatWasTickedOutlivesTheSession(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	lea := h.as(c.lea)
	form := lea.get(askPage).form(t, askPage, "pour-eleves", "oui", "need", "bourses")
	h.Exec(`DELETE FROM session`)
	lea.post(askPage, form)
	lea.continueAs(c.lea)
	back := lea.get(askPage).form(t, askPage)
	assert.Equal(t, "oui", back.Get("pour-eleves"))
	assert.Equal(t, "bourses", back.Get("need"))
}

func TestAskingTellsHowManyKeysAreFreeAndWhoWillAnswer(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	lea := h.as(c.lea)
	none := lea.get(askPage)
	assert.Contains(t, none.text(), "Collège des Tilleuls : aucune clef libre en ce moment. Demandez quand même")
	assert.Contains(t, none.text(), "Anne Blanc ou Marc Roux répondra.")
	assert.NotContains(t, none.text(), "Pour quel établissement")
	assert.Contains(t, none.text(), "Chacun demande pour soi")
	assert.Contains(t, none.text(), "La clef logicielle, sur téléphone ou ordinateur, n'est pas pour le second degré")
	deputys := h.as(c.blanc).get(askPage).text()
	assert.Contains(t, deputys, "Marc Roux répondra.")
	assert.NotContains(t, deputys, "Anne Blanc ou Marc Roux répondra.", "nobody answers their own")
	assert.Contains(t, deputys, "La direction de votre établissement le lira.")

	h.Key(scene.Tilleuls)
	h.Key(scene.Tilleuls)
	h.Exec(`INSERT INTO assignment (person, uai, function, source, since) VALUES ($1, $2, 'personnel', 'import', now())`, c.lea.ID,
		scene.Acacias)
	several := lea.get(askPage)
	assert.Contains(t, several.text(), "Pour quel établissement ?")
	assert.Contains(t, several.text(), "Collège des Tilleuls : 2 clefs libres. Anne Blanc ou Marc Roux répondra.")
	assert.Contains(t, several.text(), "Lycée des Acacias : aucune clef libre en ce moment, vous gardez votre place. "+
		"Personne de la direction ne peut y répondre : l'assistance s'en charge.")
	assert.NotContains(t, several.HTML, `name="establishment" value="0069001B" checked`, "nothing is chosen beforehand")
	h.Exec(`DELETE FROM assignment WHERE person = $1`, c.roux.ID)
	alone := h.as(c.blanc).get(askPage).text()
	assert.Contains(t, alone, "Personne de la direction ne peut y répondre : l'assistance s'en charge.")
	assert.Contains(t, alone, "cochez. L'assistance le lira.")
	assert.NotContains(t, alone, "La direction de votre établissement le lira.")
}

func TestTheSecondTabThatAsksIsToldOnceAndKeepsItsWords(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	lea := h.as(c.lea)
	second := lea.get(askPage).form(t, askPage, "need", "les conseils de <classe>")
	lea.asks()
	late := lea.post(askPage, second)
	assert.Equal(t, 1, strings.Count(late.text(), "Vous avez déjà une demande en cours"), late.text())
	assert.Contains(t, late.HTML, "<blockquote>les conseils de &lt;classe&gt;</blockquote>")
	assert.Equal(t, []string{"Voir ma demande"}, late.buttons())
}

func TestWhoeverCannotAskLearnsWhyAndWhatToDoInstead(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	blocked := func(p okey.Person, says string, buttons, links []string) {
		t.Helper()
		page := h.as(p).get(askPage)
		assert.Equal(t, http.StatusOK, page.Status)
		assert.Contains(t, page.text(), says)
		assert.NotContains(t, page.HTML, `action="`+askPage+`"`, "nothing to fill in vain")
		assert.Equal(t, buttons, page.buttons())
		for _, link := range links {
			assert.Contains(t, page.HTML, `href="`+link+`"`)
		}
	}
	request := h.as(c.lea).asks()
	blocked(c.lea, "Vous avez déjà une demande en cours (en attente de réponse)", []string{"Voir ma demande"}, []string{request})

	serial := h.KeyOf(c.blanc, scene.Tilleuls, here().AddMonths(12))
	blocked(c.blanc,
		"vous pourrez demander la suivante à partir du "+here().AddMonths(9).Say(here())+". Perdue ou en panne ?",
		[]string{"Voir ma clef"}, []string{keyPage(serial), keyPage(serial) + "/perdue", keyPage(serial) + "/ne-marche-plus"})

	blocked(h.Person("Jean Dupont", okey.Staff), "Nous ne vous trouvons dans aucun établissement. Demandez à votre secrétariat", nil,
		[]string{"mailto:assistance@ac-nice.fr"})

	h.Exec(`UPDATE establishment SET served = false WHERE uai = $1`, scene.Acacias)
	h.Exec(`INSERT INTO establishment_left_out (uai, name, reason) VALUES ($1, 'Lycée des Acacias', 'not_under_contract')`, scene.Acacias)
	blocked(c.stranger, "Le lycée des Acacias est hors contrat : OKEY sert les établissements publics et ceux sous contrat.", nil, nil)
	h.Exec(`DELETE FROM establishment_left_out`)
	h.Exec(`UPDATE establishment SET state = '2' WHERE uai = $1`, scene.Acacias)
	blocked(c.stranger, "Le lycée des Acacias est fermé", nil, nil)
}
