package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryPageOpensForEveryRole(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.Key(scene.Tilleuls)
	page := h.as(c.lea).asks()
	auditor := h.Person("Aude Itrice", okey.Staff)
	h.Exec(`UPDATE person SET auditor = true WHERE id = $1`, auditor.ID)
	for name, want := range map[string]struct {
		who  okey.Person
		desk int
		seen int // request and key
	}{
		"requester": {c.lea, 403, 200}, "approver": {c.roux, 403, 200}, "support": {c.support, 200, 200}, "auditor": {auditor, 200, 200},
	} {
		t.Run(name, func(t *testing.T) {
			b := h.as(want.who)
			for _, path := range []string{"/", "/demandes", "/demandes/nouvelle", "/clefs", "/aide", "/charte"} {
				p := b.get(path)
				assert.Equal(t, http.StatusOK, p.Status, path)
				assert.Contains(t, p.HTML, want.who.Name(), path)
				assert.Contains(t, p.HTML, `action="/deconnexion"`, path)
			}
			assert.Equal(t, want.seen, b.get(page).Status)
			assert.Contains(t, []int{want.desk, 404}, b.get("/assistance").Status)
			assert.Equal(t, want.desk == 200, strings.Contains(b.get("/").HTML, `href="/assistance"`))
			if name != "requester" {
				assert.Contains(t, b.get("/clefs/"+string(serial)).text(), "Informations sur la clef")
			}
		})
	}
}

func TestAKeyIsDeclaredLostOnItsPage(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, time.June, 30))
	lea, roux := h.as(c.lea), h.as(c.roux)
	page := "/clefs/" + string(serial)
	key := roux.get(page)
	for _, label := range []string{
		"Informations sur la clef", "Numéro de série", "Dernière connexion", "Date d'expiration", "Lot", "*Motif",
		"Veuillez choisir un motif", "*Commentaire", "Clef perdue", "Mettre en stock",
	} {
		assert.Contains(t, key.text(), label)
	}
	mine := lea.get(page)
	assert.Contains(t, mine.text(), "J'ai perdu ma clef")
	assert.NotContains(t, mine.text(), "Mettre en stock", "that is for whoever manages the stock")
	empty := roux.fill(page, page, "reason", "", "comment", "")
	assert.Equal(t, http.StatusUnprocessableEntity, empty.Status)
	assert.Contains(t, empty.text(), "2 choses sont à corriger")
	assert.Contains(t, empty.HTML, `href="#changement-reason"`)
	assert.Contains(t, empty.HTML, `href="#changement-comment"`)

	lost := lea.fill(page+"/perdue", page+"/perdue", "comment", "dans le train")
	require.Equal(t, http.StatusSeeOther, lost.Status, lost.text())
	assert.Equal(t, okey.Lost, h.KeyState(serial))
	assert.Contains(t, roux.get(page).text(), "dans le train")
	again := lea.get("/demandes/nouvelle")
	assert.Contains(t, again.text(), "Votre clef "+string(serial)+" a été déclarée perdue : celle que vous demandez la remplacera.")
	assert.NotContains(t, again.text(), "première clef", "it is not their first")
	found := roux.done(roux.fill(page, page, "reason", "found", "comment", "au secrétariat"))
	assert.Contains(t, found.text(), "C'est fait : la clef est maintenant en stock.")
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
	h.Exec(`INSERT INTO action (id, request, name, by_person, via, content, digest, created_at)
		VALUES ($1, $2, 'withdrawal', $3, 'web', '{}', '', $4)`,
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
		"martin léa": "Léa Martin", strings.ToLower(string(scene.Tilleuls)): "Collège des Tilleuls",
		string(scene.Tilleuls[:5] + "-" + scene.Tilleuls[5:7] + " " + scene.Tilleuls[7:]): "Collège des Tilleuls",
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

var tableRow = regexp.MustCompile(`<tr role="row"><th scope="row".*</tr>`)

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
		assert.Equal(t, 25, strings.Count(first.HTML, `<th scope="row"`), list)
		assert.NotContains(t, first.HTML, "Page précédente", list)
		next := roux.get(nextPage(t, first))
		assert.Equal(t, 5, strings.Count(next.HTML, `<th scope="row"`), list)
		assert.NotContains(t, next.HTML, "Page suivante")
		before := roux.get(pageBefore(t, next))
		assert.Equal(t, tableRow.FindAllString(first.HTML, -1), tableRow.FindAllString(before.HTML, -1), list)
		assert.NotContains(t, before.HTML, "Page précédente", "it is the first one, %s", list)
	}
	assert.Contains(t, roux.get("/demandes?etape=handed_over").text(), "Aucune demande ici.")
	assert.Contains(t, roux.get("/demandes?etape=awaiting_decision").text(), "À répondre 30 ")
	assert.Equal(t, http.StatusUnprocessableEntity, roux.get("/demandes?cursor=abc").Status)
	assert.Contains(t, roux.get("/").text(), "Et 10 demandes de plus.")
}

func nextPage(t require.TestingT, p sheet) string {
	return pageLink(t, p, "Page suivante")
}

func pageBefore(t require.TestingT, p sheet) string {
	return pageLink(t, p, "Page précédente")
}

func pageLink(t require.TestingT, p sheet, name string) string {
	before, _, found := strings.Cut(p.HTML, `">`+name)
	require.True(t, found, p.text())
	return strings.ReplaceAll(before[strings.LastIndex(before, `"`)+1:], "&amp;", "&")
}

func TestStaticFilesAreServedAndVersioned(t *testing.T) {
	h := newHouse(t)
	b := h.browse()
	help := b.get("/aide")
	for _, name := range []string{"okey.css", "okey.js", "okey.svg"} {
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

// What waits for support alone is said where they look first; each line leads to what it counts.
func TestHomeAndDeskCountAllThatWaitsForSupport(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	support := h.as(c.support)
	for _, path := range []string{"/", "/assistance"} {
		assert.Contains(t, support.get(path).text(), "Rien : tout avance.")
	}

	roux := h.as(c.roux)
	roux.done(roux.post("/inventaire", roux.fill("/inventaire", "/inventaire", "serials", "INCONNU02").form(t, "/inventaire")))
	order := strings.TrimPrefix(h.shipped(c, 4), "/commandes/")
	h.Exec(`INSERT INTO mail (id, subject_id, kind, ref, address, message_id, subject, state, created_at)
		VALUES ($1, $2, 'order_overdue', 1, 'assistance@ac-nice.fr', 'm1', 'Une commande tarde', 'sent', $3)`,
		uuid.New(), order, time.Now())
	file := deliveryHeader + "00481001;L7;31/12/2029;" + string(scene.Tilleuls) + "\n"
	require.Equal(t, http.StatusCreated, h.deliver(c.support, file, "", "announced", "oui").Status)
	h.Exec(`UPDATE delivery SET taken_at = $1`, time.Now().AddDate(0, 0, -8))
	h.ask(c.stranger, scene.Acacias)

	home, desk := support.get("/"), support.get("/assistance")
	for id, count := range map[string]string{
		"clefs-a-confirmer": "1 clef à confirmer", "commandes": "1 commande en retard", "livraisons": "1 livraison à confirmer",
		"sans-reponse": "1 établissement sans personne pour répondre",
	} {
		for _, page := range []sheet{home, desk} {
			assert.Contains(t, page.HTML, `<a href="/assistance?sorte=`+id+`#file">`+count+`</a>`)
			assert.Contains(t, page.HTML, `<section id="`+id+`" class="unprinted">`)
		}
	}
	assert.Contains(t, desk.text(), "Clef trouvée : INCONNU02 Collège des Tilleuls")
}

// The register closes a school that still has keys, or requests: nobody there can do anything about them.
func TestASchoolThatTheRegisterHasClosedIsSupportsUntilSomebodyFollows(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	h.as(c.lea).asks()
	support := h.as(c.support)
	assert.NotContains(t, support.get("/assistance").HTML, `id="fermes"`)
	h.Exec(`UPDATE establishment SET served = false WHERE uai IN ($1, $2)`, string(scene.Tilleuls), string(scene.Acacias))
	desk := support.get("/assistance")
	assert.Contains(t, desk.HTML, `<a href="/assistance?sorte=fermes#file">1 établissement fermé</a>`, "the other one has nothing left")
	assert.Regexp(t, `1 clef, 1 demande.{0,40}`+string(scene.Tilleuls), desk.text())

	h.Exec(`UPDATE establishment SET served = true WHERE uai = $1`, string(scene.Acacias))
	const succession = "/assistance/succession"
	check := support.fill(succession, succession, "establishment", string(scene.Tilleuls), "successor", string(scene.Acacias), "comment", "fermé")
	support.done(support.post(succession, check.form(t, succession)))
	assert.NotContains(t, support.get("/assistance").HTML, `id="fermes"`)
}
