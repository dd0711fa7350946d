package server_test

import (
	"cmp"
	"net/http"
	"strings"
	"testing"

	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// namesakes are two schools of one name, in two towns.
func (h *house) namesakes() {
	h.Exec(`INSERT INTO establishment (uai, name, nature, contract, state, academy, commune, postcode, imported_at)
		VALUES ('0069901E', 'Collège Les Mimosas', 340, '99', '1', '23', 'Nice', '06000', now()),
			('0069902F', 'Collège Les Mimosas', 340, '99', '1', '23', 'Antibes', '06600', now())`)
}

const sayNamesakes = "Plusieurs établissements répondent à ce nom. Choisissez-en un : " +
	"Collège Les Mimosas (0069901E), Nice ; Collège Les Mimosas (0069902F), Antibes."

// filtered are the addresses that take an establishment.
var filtered = []string{"/demandes", "/clefs", "/commandes", "/stock", dashboard}

func TestAnEstablishmentIsChosenByItsNameWhereverItsCodeIsTaken(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.as(c.lea).asks()
	b := h.as(c.support)
	pages := append([]string{"/demandes.xlsx", "/clefs.xlsx", dashboard + "/semaines.xlsx", "/inventaire", "/assistance/hotes"}, filtered...)
	for _, page := range pages {
		for _, typed := range []string{"tilleuls", "Coll%C3%A8ge+des+Tilleuls+(0069001B)", "clg+tilleuls"} {
			led := b.get(page + "?autre=1&etablissement=" + typed)
			require.Equal(t, http.StatusSeeOther, led.Status, "%s %s", page, typed)
			assert.Equal(t, page+"?autre=1&etablissement=0069001B", led.Location)
		}
	}
	for _, page := range filtered {
		assert.Equal(t, http.StatusOK, b.get(page+"?etablissement=0069001B").Status, "the address with a code stays what it is")
		assert.Regexp(t, `<datalist id="filtre-etablissement-liste"><option value="Collège des Tilleuls \(0069001B\)">Nice</option>`+
			`<option value="Lycée des Acacias \(0069002C\)">[^<]*</option></datalist>`, b.get(page).HTML, "all are offered")
	}
	boss := h.as(c.roux)
	assert.Equal(t, http.StatusOK, boss.get("/demandes?etablissement=acacias").Status, "who answers for a school chooses among their own")
	assert.NotContains(t, boss.get("/clefs").HTML, "<datalist")
}

func TestANameOfSeveralEstablishmentsListsThem(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.namesakes()
	b := h.as(c.support)
	for _, page := range filtered {
		several := b.get(page + "?etablissement=mimosas")
		assert.Contains(t, several.text(), sayNamesakes, page)
		assert.Empty(t, namesOn(several), "everybody's would look like an answer")
		assert.Contains(t, several.HTML, `<option value="Collège Les Mimosas (0069902F)">Antibes</option></datalist>`, "and offers them")
		assert.Contains(t, several.HTML, `<a href="`+page+`?etablissement=0069902F">Collège Les Mimosas (0069902F), Antibes</a>`, "one click away")
		assert.Contains(t, several.HTML, `value="mimosas" type="text" list="filtre-etablissement-liste"`, "what was typed stays")
		assert.Equal(t, page+"?etablissement=0069902F", b.get(page+"?etablissement=mimosas+antibes").Location, "the town tells them apart")
		none := b.get(page + "?etablissement=ailleurs")
		assert.Contains(t, none.text(), "OKEY ne connaît aucun établissement de ce nom", page)
		assert.Empty(t, namesOn(none), page)
		assert.Contains(t, b.get(page+"?etablissement=tilleuls,+grasse").text(),
			"Aucun établissement ne porte ce nom dans cette commune. Peut-être : Collège des Tilleuls (0069001B), Nice.", page)
	}
	assert.Equal(t, http.StatusUnprocessableEntity, b.get("/clefs.xlsx?etablissement=mimosas").Status, "no spreadsheet that was not asked for")
	h.Exec(`UPDATE establishment SET name = 'Collège Les Mimosas Nord' WHERE uai = '0069901E'`)
	h.Exec(`INSERT INTO establishment (uai, name, nature, contract, state, academy, commune, postcode, imported_at)
		SELECT lpad(n::text, 7, '0') || 'Z', 'Collège Rose ' || n, 340, '99', '1', '23', 'Nice', '06000', now() FROM generate_series(1, 9) n`)
	assert.Contains(t, b.get("/clefs?etablissement=rose").text(), "Trop d'établissements répondent à ce nom : ajoutez la commune")
	assert.Equal(t, "/clefs?etablissement=0069902F", b.get("/clefs?etablissement=coll%C3%A8ge+les+mimosas").Location,
		"the whole name is meant before those that have it in theirs")
}

// Of several schools of one name a list leads to the very one of its line.
func TestAListLeadsToTheSchoolOfItsLineAndNotToItsName(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.namesakes()
	h.Key("0069901E")
	h.Key("0069902F")
	h.ask(h.Person("Rose Antibes", okey.Staff, "0069902F"), "0069902F")
	head := h.Person("Jean Mimosas", okey.Principal, "0069901E", "0069902F")
	require.Equal(t, http.StatusCreated, h.call(head, "POST", "/orders",
		map[string]any{"establishment": "0069902F", "quantity": 2, "comment": "rentrée"}).Status)
	for page, uais := range map[string][]string{
		"/clefs": {"0069901E", "0069902F"}, "/demandes?etape=awaiting_decision": {"0069902F"}, "/commandes": {"0069902F"},
	} {
		for _, uai := range uais {
			link := `<a href="/assistance/etablissements/` + uai + `">Collège Les Mimosas<span class="unseen"> (` + uai + `)</span></a>`
			assert.Contains(t, h.as(c.support).get(page).HTML, link, page)
		}
		assert.NotContains(t, h.as(head).get(page).HTML, "/assistance/etablissements/", "which only the academy sees")
	}
}

func TestFormsOfSupportTakeAnEstablishmentByName(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.namesakes()
	key := h.Key(scene.Tilleuls)
	b := h.as(c.support)
	const code = "Collège Les Mimosas (0069902F)"
	taken := map[string]string{"/assistance/hotes": "clg tilleuls"} // a host must have a head
	for page, fields := range map[string]int{
		"/assistance/deplacer": 1, "/assistance/succession": 2, "/assistance/hotes": 2, "/assistance/rattachements": 1, "/assistance/livraisons": 1,
	} {
		assert.Equal(t, fields, strings.Count(b.get(page).HTML, `<option value="Lycée des Acacias (0069002C)">`), "%s offers what there is", page)
	}
	for page, fields := range map[string][]string{
		"/assistance/deplacer":      {"serials", string(key), "comment", "erreur", "establishment"},
		"/assistance/succession":    {"establishment", "tilleuls", "comment", "fusion", "successor"},
		"/assistance/hotes":         {"establishment", "mimosas nice", "comment", "section", "host"},
		"/assistance/rattachements": {"who", c.lea.UID, "function", string(okey.Staff), "until", here().AddDays(9).String(), "comment", "aide", "establishment"},
	} {
		several := b.fill(page, page, append(fields, "mimosas")...)
		assert.Equal(t, http.StatusUnprocessableEntity, several.Status, page)
		assert.Contains(t, several.text(), sayNamesakes, page)
		assert.Contains(t, several.HTML, `<option value="Collège Les Mimosas (0069902F)">Antibes</option>`, page)
		assert.Contains(t, b.fill(page, page, append(fields, "nulle part")...).text(), "OKEY ne connaît aucun établissement de ce nom", page)
		p := b.fill(page, page, append(fields, cmp.Or(taken[page], code))...)
		assert.Contains(t, []int{http.StatusOK, http.StatusSeeOther}, p.Status, "%s: %s", page, p.text())
		if p.Status == http.StatusOK {
			assert.Contains(t, p.HTML, `value="0069902F"`, "%s: what is confirmed is the code", page)
		}
	}
}

func TestTheJournalIsFilteredByAnEstablishmentsName(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.order(c.roux, 4, "rentrée")
	b := h.as(c.support)
	const journal = "/assistance/journal?objet="
	byCode := b.get(journal + string(scene.Tilleuls)).text()
	assert.NotContains(t, byCode, "Rien ici")
	byName := strings.Replace(b.get(journal+"tilleuls").text(), "« tilleuls »", "« "+string(scene.Tilleuls)+" »", 1) // on paper
	assert.Equal(t, byCode, byName)
	assert.Contains(t, b.get(journal+"nulle+part").text(), "Rien ici")
}

// Where there are too many establishments to send with each page none is offered: what is typed is looked up.
func TestSchoolsOfACountryAreNotSentWithThePage(t *testing.T) {
	h := newHouse(t)
	b := h.as(h.cast().support)
	h.Exec(`INSERT INTO establishment (uai, name, nature, contract, state, academy, commune, postcode, imported_at)
		SELECT lpad(n::text, 7, '0') || 'Z', 'Collège ' || n, 340, '99', '1', '23', 'Nice', '06000', now() FROM generate_series(1, 500) n`)
	for _, page := range append([]string{"/assistance/hotes"}, filtered...) {
		assert.NotContains(t, b.get(page).HTML, "<datalist", page)
	}
	assert.Equal(t, "/clefs?etablissement=0069001B", b.get("/clefs?etablissement=tilleuls").Location)
}

// What nobody could download is not offered.
func TestAnEmptyListOffersNoDownload(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	support := h.as(c.support)
	assert.Contains(t, support.get("/clefs").HTML, "/clefs.xlsx")
	for _, list := range []string{"/clefs?etablissement=nulle+part", "/commandes?etablissement=nulle+part"} {
		page := support.get(list)
		assert.Equal(t, http.StatusOK, page.Status, list)
		assert.NotContains(t, page.HTML, ".xlsx?", list)
	}
}
