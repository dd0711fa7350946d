package server_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"

	"github.com/alexedwards/scs/postgresstore"
	"github.com/alexedwards/scs/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAFormSentTwiceIsOneAction(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	lea, roux := h.as(c.lea), h.as(c.roux)
	form := lea.get("/demandes/nouvelle").form(t, "/demandes/nouvelle", "need", "notes")
	first, again := lea.post("/demandes/nouvelle", form), lea.post("/demandes/nouvelle", form)
	assert.Equal(t, http.StatusSeeOther, again.Status, again.text())
	assert.Equal(t, first.Location, again.Location)

	page, _, _ := strings.Cut(first.Location, "?")
	answer := roux.get(page).form(t, page+"/reponse", "decision", "approve")
	first, again = roux.post(page+"/reponse", answer), roux.post(page+"/reponse", answer)
	assert.Equal(t, first.Location, again.Location)
	assert.Equal(t, http.StatusSeeOther, again.Status)

	sign := lea.get(page+"/charte").form(t, page+"/charte", "read", "oui", "pin", "4071", "pin2", "4071")
	first, again = lea.post(page+"/charte", sign), lea.post(page+"/charte", sign)
	assert.Equal(t, http.StatusSeeOther, again.Status, again.text())
	assert.Equal(t, first.Location, again.Location)
	assert.Equal(t, 3, h.Count(`SELECT count(*) FROM action`))
}

func TestAWrongFormComesBackWithEverythingTypedButThePIN(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	lea, roux := h.as(c.lea), h.as(c.roux)

	empty := lea.fill("/demandes/nouvelle", "/demandes/nouvelle", "need", "  ")
	assert.Equal(t, http.StatusUnprocessableEntity, empty.Status)
	assert.Contains(t, empty.HTML, `href="#demande-uses"`, "to the boxes, above the words")
	assert.Contains(t, empty.HTML, `id="demande-uses" tabindex="-1" aria-describedby="demande-uses-aide demande-uses-erreur"`)
	long := lea.fill("/demandes/nouvelle", "/demandes/nouvelle", "need", strings.Repeat("long ", okey.MaxText))
	assert.Contains(t, long.HTML, `href="#demande-need"`)
	assert.Contains(t, long.HTML, `aria-invalid="true"`)
	assert.Contains(t, long.HTML, `aria-describedby="demande-need-aide demande-need-erreur"`)

	page := lea.asks()
	unsaid := roux.answers(page, "", "un mot <b>gras</b>")
	assert.Equal(t, http.StatusUnprocessableEntity, unsaid.Status)
	assert.Contains(t, unsaid.text(), "Choisissez d'accepter ou de refuser.")
	assert.Contains(t, unsaid.HTML, "un mot &lt;b&gt;gras&lt;/b&gt;</textarea>")
	silent := roux.answers(page, "refuse", " ")
	assert.Equal(t, http.StatusUnprocessableEntity, silent.Status)
	assert.Contains(t, silent.HTML, `value="refuse" checked`)
	assert.Contains(t, silent.text(), "Écrivez un commentaire")

	roux.done(roux.answers(page, "approve", ""))
	for name, typed := range map[string][]string{
		"Le code PIN compte 4 à 8 chiffres":  {"read", "oui", "pin", "40", "pin2", "40"},
		"est une suite":                      {"read", "oui", "pin", "3456", "pin2", "3456"},
		"Les deux codes PIN sont différents": {"read", "oui", "pin", "40718263", "pin2", "40718264"},
		"Cochez la case pour signer":         {"read", "", "pin", "40718263", "pin2", "40718263"}, // unticked: what came back had it ticked
	} {
		wrong := lea.fill(page+"/charte", page+"/charte", typed...)
		assert.Equal(t, http.StatusUnprocessableEntity, wrong.Status, name)
		assert.Contains(t, wrong.text(), name)
		for _, pin := range []string{"40718263", "40718264", `"3456"`} {
			assert.NotContains(t, wrong.HTML, `value="`+strings.Trim(pin, `"`)+`"`)
		}
		assert.NotContains(t, wrong.HTML, "40718263")
		assert.Equal(t, name == "Cochez la case pour signer",
			strings.Contains(wrong.text(), "Pour votre sécurité, retapez aussi votre code PIN."), name)
	}
	assert.Equal(t, 2, h.Count(`SELECT count(*) FROM action`), "asked and accepted: what was wrong left no row")
}

func TestAnActionThatWaitsIsSaidToBeRecorded(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	lea := h.as(c.lea)
	h.cutOff(true)
	recorded := lea.fill("/demandes/nouvelle", "/demandes/nouvelle", "need", "notes")
	assert.Equal(t, http.StatusAccepted, recorded.Status)
	assert.Contains(t, recorded.text(), "C'est enregistré")
	assert.Contains(t, recorded.text(), "Actualiser")
	assert.Equal(t, http.StatusAccepted, lea.get(recorded.Location).Status)
	assert.Equal(t, http.StatusNotFound, h.as(c.roux).get(recorded.Location).Status, "somebody else's action")

	h.cutOff(false)
	waiting, err := h.Store.Undelivered(context.Background(), time.Now().Add(time.Hour), time.Now(), 10)
	require.NoError(t, err)
	require.NoError(t, h.Judges.Deliver(context.Background(), waiting[0]))
	told := lea.done(lea.get(recorded.Location))
	assert.Contains(t, told.text(), "Votre demande est envoyée à")
}

func TestAFormOutlivesItsSession(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	lea := h.as(c.lea)
	form := lea.get("/demandes/nouvelle").form(t, "/demandes/nouvelle", "need", "longue <explication>", "pin", "4071")
	h.Exec(`DELETE FROM session`)
	ended := lea.post("/demandes/nouvelle", form)
	assert.Equal(t, http.StatusUnauthorized, ended.Status)
	assert.Contains(t, ended.text(), "Rien de ce que vous avez écrit n'est perdu")
	assert.Contains(t, ended.HTML, "/connexion?vers=%2Fdemandes%2Fnouvelle")
	assert.Zero(t, h.Count(`SELECT count(*) FROM action`))
	assert.Zero(t, h.Count(`SELECT count(*) FROM session WHERE position('4071'::bytea IN data) > 0`), "a PIN is never put aside")

	h.Exec(`UPDATE session SET data = data`) // the draft stands in the anonymous session, and sign-in keeps it
	lea.continueAs(c.lea)
	back := lea.get("/demandes/nouvelle")
	assert.Contains(t, back.HTML, "longue &lt;explication&gt;</textarea>")
	assert.Equal(t, form.Get("action"), back.form(t, "/demandes/nouvelle").Get("action"), "sent at last, it is the same action")
	lea.done(lea.post("/demandes/nouvelle", back.form(t, "/demandes/nouvelle")))
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM request WHERE need = 'longue <explication>'`))
}

// What support and approvers write on an order's page, and of a key to confirm, waits for them as well.
func TestFormsOfOrdersAndReportsAreKeptWhenTheSessionEnds(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	order := "/commandes/" + h.call(c.roux, http.MethodPost, "/orders",
		map[string]any{"establishment": scene.Tilleuls, "quantity": 2, "comment": "rentrée"}).at("id").(string)
	roux := h.as(c.roux)
	review := roux.fill("/inventaire", "/inventaire", "serials", "00481234")
	roux.done(roux.post("/inventaire", review.form(t, "/inventaire")))
	report := "/assistance/clefs-a-confirmer/" + h.Text(`SELECT id::text FROM key_report`)
	sam := h.as(c.support)
	for path, page := range map[string]string{order + "/annulation": order, report: report} {
		form := sam.get(page).form(t, path, "comment", "appelé le fournisseur")
		h.Exec(`DELETE FROM session`)
		assert.Equal(t, http.StatusUnauthorized, sam.post(path, form).Status)
		sam.continueAs(c.support)
		back := sam.get(page)
		assert.Contains(t, back.HTML, ">appelé le fournisseur</textarea>", path)
		assert.Contains(t, back.text(), "Rien de ce que vous aviez écrit n'est perdu", path)
		assert.Contains(t, back.HTML, `-comment">Relire ce que vous aviez écrit</a>`, "the way down to it, on a long page: %s", path)
	}
}

func TestAnOrderKeptWhenTheSessionEndsIsGivenBackWithTheWayDownToIt(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	roux := h.as(c.roux)
	form := roux.get("/commandes").form(t, "/commandes", "quantity", "3", "comment", "rentrée prochaine")
	h.Exec(`DELETE FROM session`)
	assert.Equal(t, http.StatusUnauthorized, roux.post("/commandes", form).Status)
	roux.continueAs(c.roux)
	back := roux.get("/commandes")
	assert.Contains(t, back.HTML, ">rentrée prochaine</textarea>")
	assert.Regexp(t, `<div class="notice" role="status"><p>Rien de ce que vous aviez écrit n[^<]*</p><p>`+
		`<a href="#commande-comment">Relire ce que vous aviez écrit</a>`, back.HTML)
	assert.Equal(t, 1, strings.Count(back.text(), "Rien de ce que vous aviez écrit"))
}

func TestAnothersFormIsNotShownToWhoeverSignsInNext(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	lea := h.as(c.lea)
	form := lea.get("/demandes/nouvelle").form(t, "/demandes/nouvelle", "need", "confidentiel")
	h.Exec(`DELETE FROM session`)
	lea.post("/demandes/nouvelle", form)
	lea.continueAs(c.blanc)
	assert.NotContains(t, lea.get("/demandes/nouvelle").HTML, "confidentiel")
}

func (b *browser) continueAs(p okey.Person) {
	b.Helper()
	home, err := url.Parse(b.URL)
	require.NoError(b, err)
	m := scs.New()
	m.Store = postgresstore.NewWithConfig(b.Store.DB(), postgresstore.Config{TableName: "session"})
	m.HashTokenInStore = true
	ctx, err := m.Load(context.Background(), b.client.Jar.Cookies(home)[0].Value)
	require.NoError(b, err)
	m.Put(ctx, "person", p.ID.String())
	_, _, err = m.Commit(ctx)
	require.NoError(b, err)
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	h := newHouse(t)
	lea := h.as(h.cast().lea)
	form := lea.get("/demandes/nouvelle").form(t, "/demandes/nouvelle", "need", "notes")
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, h.URL+"/demandes/nouvelle",
		strings.NewReader(form.Encode()))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	answer, err := lea.client.Do(r)
	require.NoError(t, err)
	_ = answer.Body.Close()
	assert.Equal(t, http.StatusForbidden, answer.StatusCode)
	assert.Zero(t, h.Count(`SELECT count(*) FROM action`))
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

func TestSomeoneInSeveralEstablishmentsChooses(t *testing.T) {
	h := newHouse(t)
	both := h.Person("Ines Deux", okey.Staff, scene.Tilleuls, scene.Acacias)
	b := h.as(both)
	form := b.get("/demandes/nouvelle")
	assert.Contains(t, form.text(), "Pour quel établissement ?")
	missing := b.post("/demandes/nouvelle", form.form(t, "/demandes/nouvelle", "need", "notes"))
	assert.Equal(t, http.StatusUnprocessableEntity, missing.Status)
	assert.Contains(t, missing.text(), "Choisissez l'établissement où vous irez chercher la clef.")
	b.done(b.fill("/demandes/nouvelle", "/demandes/nouvelle", "need", "notes", "establishment", string(scene.Acacias)))
	assert.Equal(t, string(scene.Acacias), h.Text(`SELECT uai FROM request`))
}

// Whoever is shown an error and opens the form's page again has nothing to type a second time, the PIN apart.
func TestAFormThatCameBackIsThereWhenItsPageIsOpenedAgain(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	lea, roux := h.as(c.lea), h.as(c.roux)
	page := lea.asks()
	require.Equal(t, http.StatusUnprocessableEntity, roux.answers(page, "", "un mot à garder").Status)
	back := roux.get(page)
	assert.Contains(t, back.text(), "Rien de ce que vous aviez écrit n'est perdu : vérifiez, puis envoyez.")
	assert.NotContains(t, back.text(), "session")
	form := back.form(t, page+"/reponse", "decision", "approve")
	assert.Equal(t, "un mot à garder", form.Get("comment"))
	assert.NotContains(t, h.as(c.roux).get(page).HTML, "un mot à garder", "another browser of the same person's")
	roux.done(roux.post(page+"/reponse", form))
	assert.NotContains(t, roux.get(page).text(), "Rien de ce que vous aviez écrit")

	wrong := lea.fill(page+"/charte", page+"/charte", "read", "oui", "pin", "40718263", "pin2", "40718264")
	require.Equal(t, http.StatusUnprocessableEntity, wrong.Status)
	again := lea.get(page + "/charte")
	assert.NotContains(t, again.HTML, "4071826")
	assert.Zero(t, h.Count(`SELECT count(*) FROM session WHERE encode(data, 'escape') LIKE '%4071826%'`),
		"a PIN leaves the server's memory with the answer")
	assert.Empty(t, again.form(t, page+"/charte").Get("read"), "what is signed is ticked anew")
	sent := again.form(t, page+"/charte", "read", "oui", "pin", "40718263", "pin2", "40718263")
	lea.done(lea.post(page+"/charte", sent))
}
