package server_test

import (
	"html"
	"regexp"
	"strings"
	"testing"

	"okey/internal/scene"

	"github.com/stretchr/testify/assert"
)

// Support's lists are of one school where they type its code, and say what is wrong with it where nothing is.
func TestSupportTypesWhichSchoolAListIsAbout(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	here, away := h.Key(scene.Tilleuls), h.Key(scene.Acacias)
	h.ask(c.lea, scene.Tilleuls)
	h.ask(c.stranger, scene.Acacias)
	b := h.as(c.support)
	for path, names := range map[string][2]string{
		"/demandes": {"Léa Martin", "Zoé Ailleurs"}, "/clefs": {string(here), string(away)},
	} {
		all := b.get(path)
		assert.Contains(t, all.HTML, `<input id="filtre-etablissement" name="etablissement" value=""`, path)
		assert.Contains(t, all.text(), names[1], path)
		there := b.get(path + "?etablissement=0069-001b")
		assert.Contains(t, there.HTML, `name="etablissement" value="`+string(scene.Tilleuls)+`"`, path)
		assert.Contains(t, there.text(), "Établissement Collège des Tilleuls", path)
		assert.Contains(t, there.text(), names[0], path)
		assert.NotContains(t, there.text(), names[1], path)
	}
	for _, path := range []string{"/demandes", "/clefs", "/commandes", "/stock", "/assistance/tableau-de-bord"} {
		wrong := b.get(path + "?etablissement=0069901X").text()
		assert.Contains(t, wrong, "Le code UAI 0069901X est faux : avec les chiffres 0069901, la lettre est E, pas X.", path)
		for _, name := range []string{"Léa Martin", "Zoé Ailleurs", string(here), string(away)} {
			assert.NotContains(t, wrong, name, "%s: everybody's would look like an answer", path)
		}
	}
}

func TestTheListOfOnesRequestsStaysTheirsWhateverIsChosen(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.ask(c.lea, scene.Tilleuls)
	b := h.as(c.support)
	page := b.get("/demandes?personne=" + c.lea.ID.String())
	assert.Contains(t, page.HTML, `<input type="hidden" name="personne" value="`+c.lea.ID.String()+`">`)
	assert.NotContains(t, b.get("/demandes").HTML, `name="personne"`)
}

// A list that is empty for what was asked of it leads back to all of it; one that is empty by itself does not.
func TestAnEmptyListLeadsToTheWholeOfIt(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	roux, auditor := h.as(c.roux), h.as(h.auditor())
	for path, b := range map[string]*browser{
		"/clefs?q=zzzz": roux, "/demandes?q=zzzz": roux, "/commandes?etat=placed": roux, "/assistance/journal?qui=zzzz": auditor,
	} {
		bare, _, _ := strings.Cut(path, "?")
		assert.Contains(t, b.get(path).HTML, `href="`+bare+`">Enlever les filtres</a>`, path)
	}
	assert.NotContains(t, roux.get("/demandes").HTML, "Enlever les filtres")
}

// Paper has neither filters nor tabs: one line says what they left of the list, as people read it, and none where they left all.
func TestAPrintedListSaysWhatItIsNarrowedTo(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	h.ask(c.lea, scene.Tilleuls)
	roux, support := h.as(c.roux), h.as(c.support)
	for _, list := range []struct {
		by         *browser
		path, said string
	}{
		{roux, "/clefs", ""},
		{roux, "/clefs?etat=in_stock&q=zzz&expire=31/12/2027", "État « En stock », Expire avant le « 31/12/2027 », Numéro ou nom « zzz »"},
		{roux, "/clefs?expire=bientôt", ""}, // it filters nothing
		{roux, "/demandes", "Étape « À répondre »"},
		{roux, "/demandes?etape=terminees", "Étape « Terminées »"},
		{roux, "/demandes?etape=refused&q=martin", "Étape « Refusée », Nom « martin »"},
		{roux, "/commandes?etat=placed", "État « Enregistrée »"},
		{support, "/commandes?etablissement=0069001b", "Établissement « Collège des Tilleuls (0069001B) »"},
		{support, "/commandes?etablissement=0069901X", ""},
		{support, "/assistance/journal?qui=OKEY&du=2026-11-01", "Du « 01/11/2026 », Qui « OKEY »"},
		{support, "/assistance/envois?etablissement=0069001B", "Établissement « Collège des Tilleuls (0069001B) »"},
		{support, "/assistance/tableau-de-bord", ""},
		{support, "/assistance/tableau-de-bord?periode=annee", "Période « Un an »"},
	} {
		said := printedFilters.FindStringSubmatch(list.by.get(list.path).HTML)
		if list.said == "" {
			assert.Nil(t, said, list.path)
		} else if assert.NotNil(t, said, list.path) {
			assert.Equal(t, list.said, html.UnescapeString(said[1]), list.path)
		}
	}
}

var printedFilters = regexp.MustCompile(`<p class="printed">Filtres : (.*)\.</p>`)
