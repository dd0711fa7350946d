package server_test

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"okey/config"
	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
)

func TestMyKeySaysHowLongItServesAndWhatToDoAboutIt(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	lea := h.as(c.lea)
	assert.Equal(t, "/", lea.get("/ma-clef").Location, "home tells what is under way")
	serial := h.KeyOf(c.lea, scene.Tilleuls, here())
	assert.Equal(t, keyPage(serial), lea.get("/ma-clef").Location)
	for _, test := range []struct {
		until okey.Day
		said  string
	}{
		{here().AddMonths(36).AddDays(5), "(encore 3 ans)"},
		{here().AddMonths(23), "(encore 23 mois)"},
		{here().AddMonths(2).AddDays(3), "(encore 2 mois)"},
		{here().AddDays(9), "(encore 9 jours)"},
		{here().AddDays(1), "(encore 1 jour)"},
		{here(), "(dernier jour)"},
	} {
		h.Exec(`UPDATE key SET expires_on = $2 WHERE serial = $1`, string(serial), test.until.String())
		assert.Contains(t, lea.get(keyPage(serial)).text(), "Valable jusqu'au "+test.until.SayWithYear()+" "+test.said)
		assert.Contains(t, lea.get("/").text(), "Clef "+string(serial)+" , valable jusqu'au "+test.until.SayWithYear()+" "+test.said)
	}
	for _, path := range []string{"/", keyPage(serial)} {
		for _, link := range []string{"/ne-marche-plus", "/perdue", "/je-pars"} {
			assert.Contains(t, lea.get(path).HTML, `href="`+keyPage(serial)+link+`"`, path)
		}
		assert.Contains(t, lea.get(path).HTML, `href="`+pinPage(serial)+`"`)
		assert.Contains(t, lea.get(path).HTML, `href="`+forgottenPage(serial)+`"`)
	}
	assert.NotContains(t, lea.get(keyPage(serial)).HTML, `action="`+keyPage(serial)+`"`, "what a holder may report has pages of its own")
	for _, p := range []okey.Person{c.roux, c.support} {
		assert.NotContains(t, h.as(p).get(keyPage(serial)).HTML, keyPage(serial)+"/perdue", "somebody else's")
	}
	own := h.KeyOf(c.roux, scene.Tilleuls, here().AddMonths(12))
	managed := h.as(c.roux).get(keyPage(own))
	assert.Contains(t, managed.HTML, `action="`+keyPage(own)+`"`, "a head manages their own key as well")
	assert.Contains(t, managed.HTML, keyPage(own)+"/perdue")
}

func TestAKeyNearItsEndLeadsToTheNextOne(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	lea := h.as(c.lea)
	serial := h.KeyOf(c.lea, scene.Tilleuls, here().AddMonths(4))
	assert.Empty(t, lea.get("/").buttons())
	assert.Empty(t, lea.get(keyPage(serial)).buttons())
	h.Exec(`UPDATE key SET expires_on = $2 WHERE serial = $1`, string(serial), here().AddMonths(2).String())
	for _, path := range []string{"/", keyPage(serial)} {
		assert.Equal(t, []string{"Demander la clef suivante"}, lea.get(path).buttons(), path)
		assert.Contains(t, lea.get(path).text(), "celle-ci sert jusqu'à la remise", path)
	}
	promise := "Vous pouvez en demander une autre tout de suite."
	assert.Contains(t, lea.get(keyPage(serial)+"/perdue").text(), promise)
	page := lea.asks()
	assert.Equal(t, "renewal", h.Text(`SELECT reason FROM request`))
	for _, path := range []string{"/perdue", "/ne-marche-plus/signaler"} {
		told := lea.get(keyPage(serial) + path).text()
		assert.Contains(t, told, "Vous en avez déjà demandé une autre : cette demande suit son cours.", path)
		assert.NotContains(t, told, promise, path)
	}
	assert.Empty(t, lea.get("/").buttons())
	assert.Equal(t, []string{"Voir ma demande"}, lea.get(keyPage(serial)).buttons())

	lost := lea.done(lea.fill(keyPage(serial)+"/perdue", keyPage(serial)+"/perdue", "comment", "dans le bus"))
	assert.Contains(t, lost.text(), "Vous en avez déjà demandé une autre")
	assert.Equal(t, []string{"Voir ma demande"}, lost.buttons())
	assert.Contains(t, lost.HTML, `href="`+page+`"`)
}

// Whoever works nowhere any more reads whose the key is, and what to do where that is wrong.
func TestAKeyInTheHandsOfWhoeverHasLeftNamesItsSchool(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.KeyOf(c.lea, scene.Tilleuls, here().AddMonths(12))
	const said = "Rendez-la à la direction du collège des Tilleuls, ou demandez-lui de la laisser vous suivre. Une erreur ? " +
		"Faites vérifier votre affectation par votre secrétariat."
	assert.NotContains(t, h.as(c.lea).get("/").text(), said)
	h.Exec(`DELETE FROM assignment WHERE person = $1`, c.lea.ID)
	for _, path := range []string{"/", keyPage(serial)} {
		assert.Contains(t, h.as(c.lea).get(path).text(), said, path)
	}
}

// A key that has expired serves until nothing: neither its page, nor home, nor the asking for the next one says so.
func TestAnExpiredKeyIsNotSaidToServe(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	lea := h.as(c.lea)
	serial := h.KeyOf(c.lea, scene.Tilleuls, here().AddDays(-5))
	assert.Contains(t, lea.get(askPage).text(),
		"Votre clef "+string(serial)+" a expiré le "+here().AddDays(-5).SayWithYear()+" : elle ne sert plus. La nouvelle la remplacera.")
	page := lea.asks()
	for _, path := range []string{"/", keyPage(serial)} {
		assert.Contains(t, lea.get(path).text(),
			"Votre clef actuelle ne sert plus : apportez-la le jour où vous recevrez la nouvelle, elle sera reprise.", path)
		assert.NotContains(t, lea.get(path).text(), "jusqu'à la remise", path)
	}
	assert.Contains(t, lea.get(page).text(), "Motif Remplace une clef en fin de validité")
}

var waysOn = regexp.MustCompile(`<a class="button[^"]*" href="(/clefs/[^"]+)"`)

func TestEveryQuestionAboutAKeyThatFailsLeadsToWhatToDo(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.KeyOf(c.lea, scene.Tilleuls, here().AddMonths(12))
	lea := h.as(c.lea)
	start := keyPage(serial) + "/ne-marche-plus"
	seen, ahead := map[string]sheet{}, []string{start}
	for len(ahead) > 0 {
		path := ahead[0]
		ahead = ahead[1:]
		if _, known := seen[path]; known {
			continue
		}
		seen[path] = lea.get(path)
		assert.Equal(t, http.StatusOK, seen[path].Status, path)
		if path != keyPage(serial) {
			for _, way := range waysOn.FindAllStringSubmatch(seen[path].HTML, -1) {
				ahead = append(ahead, way[1])
			}
		}
	}
	assert.Len(t, seen, 12, "six questions, three ways to report, the key mislaid or lost, and the key that works again")
	assert.Contains(t, seen[start+"/expiree"].text(),
		"Votre clef est valable jusqu'au "+here().AddMonths(12).SayWithYear()+" : elle n'est pas expirée.")
	assert.NotContains(t, seen[start+"/expiree"].HTML, `href="/demandes/nouvelle"`, "it would be refused")
	assert.Equal(t, []string{"Trouver ce qui ne va pas"}, seen[start+"/expiree"].buttons())
	assert.Contains(t, seen[start].text(), "Que se passe-t-il ?")
	assert.Contains(t, seen[start].HTML, `href="`+forgottenPage(serial)+`"`)
	assert.Regexp(t, `Fermez le navigateur.*code PIN suivi du nombre affiché.*le nombre suivant.*Tapez ce nombre seul`,
		seen[start+"/decalage"].text())
	assert.Contains(t, seen[start+"/signaler?depuis=ecran"].HTML, "L&#39;écran reste vide ou ne se lit plus.</textarea>",
		"what was told already need not be typed")

	report := start + "/signaler"
	silent := lea.fill(report, report, "comment", " ")
	assert.Equal(t, http.StatusUnprocessableEntity, silent.Status)
	assert.Contains(t, silent.HTML, `id="signaler-comment-erreur"`)
	assert.Contains(t, silent.text(), "Écrivez en quelques mots ce qui ne va pas.")
	form := lea.get(report+"?depuis=decalage").form(t, report)
	told := lea.done(lea.post(report, form))
	assert.Contains(t, told.text(), "Vous pouvez en demander une autre dès maintenant")
	assert.Contains(t, told.text(), "Rendez-la à la direction")
	assert.Equal(t, okey.Defective, h.KeyState(serial))
	assert.Contains(t, h.as(c.roux).get(keyPage(serial)).text(), "Le code est refusé, même après avoir remis la clef à l'heure.")
	assert.Equal(t, http.StatusSeeOther, lea.post(report, form).Status, "sent twice is done once")
	assert.Equal(t, []string{"Voir ma demande"}, func() []string { lea.asks(); return lea.get(askPage).buttons() }())
	assert.Equal(t, "replacement", h.Text(`SELECT reason FROM request`))
}

func TestWhatOKEYKnowsToBeWrongItSaysWithoutAsking(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.KeyOf(c.lea, scene.Tilleuls, here().AddMonths(12))
	lea := h.as(c.lea)
	path := keyPage(serial) + "/ne-marche-plus"
	h.Exec(`INSERT INTO pin_guard (serial, wrong, blocked_until) VALUES ($1, $2, $3)`, string(serial), okey.PINLimit,
		time.Now().Add(time.Hour))
	locked := lea.get(path)
	assert.Contains(t, locked.text(), "Trop de codes PIN faux de suite : plus aucun n'est accepté avant")
	assert.Equal(t, []string{"Choisir un autre code PIN"}, locked.buttons())
	h.Exec(`UPDATE pin_guard SET blocked_until = $1`, time.Now().Add(-time.Hour))
	assert.NotContains(t, lea.get(path).text(), "Trop de codes PIN")
	h.Exec(`UPDATE key SET expires_on = $2 WHERE serial = $1`, string(serial), here().AddMonths(2).String())
	assert.Contains(t, lea.get(path+"/expiree").HTML, `href="/demandes/nouvelle"`, "the next one may be asked for")
	h.Exec(`UPDATE key SET expires_on = $2 WHERE serial = $1`, string(serial), here().AddDays(-1).String())
	expired := lea.get(path)
	assert.Contains(t, expired.text(), "Votre clef a expiré le "+here().AddDays(-1).SayWithYear())
	assert.Equal(t, []string{"Demander la clef suivante"}, expired.buttons())
	assert.Contains(t, lea.get("/").text(), "expirée depuis le")
}

func TestALossIsDeclaredOnAPageThatSaysWhatFollows(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.KeyOf(c.lea, scene.Tilleuls, here().AddMonths(12))
	lea := h.as(c.lea)
	page := keyPage(serial) + "/perdue"
	asked := lea.get(page)
	assert.Contains(t, asked.text(), "Vous pouvez en demander une autre tout de suite.")
	assert.Equal(t, okey.InService, h.KeyState(serial), "looking changes nothing")
	form := asked.form(t, page, "comment", "dans le bus, hier")
	h.Exec(`DELETE FROM session`)
	lea.post(page, form)
	lea.continueAs(c.lea)
	back := lea.get(page)
	assert.Equal(t, "dans le bus, hier", back.form(t, page).Get("comment"))
	told := lea.done(lea.post(page, back.form(t, page)))
	assert.Contains(t, told.text(), "C'est fait : votre clef "+string(serial)+" est déclarée perdue et n'est plus à vous.")
	assert.Contains(t, told.text(), "Vous la retrouvez ? Rapportez-la à la direction du collège des Tilleuls.",
		"they may work there no more")
	assert.Equal(t, []string{"Demander une autre clef"}, told.buttons())
	assert.Equal(t, okey.Lost, h.KeyState(serial))
	assert.Equal(t, http.StatusNotFound, lea.get(page).Status)
}

func TestAReportThatSomebodyElseHasMadeMeanwhileIsTold(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.KeyOf(c.lea, scene.Tilleuls, here().AddMonths(12))
	page := keyPage(serial) + "/perdue"
	form := h.as(c.lea).get(page).form(t, page, "comment", "dans le bus")
	h.as(c.roux).reports(serial, okey.ReasonLost)
	late := h.as(c.lea).post(page, form)
	assert.Equal(t, http.StatusConflict, late.Status)
	assert.Contains(t, late.text(), "n'est plus à vous depuis")
}

func TestWhoeverLeavesLearnsWhatBecomesOfTheKey(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.KeyOf(c.lea, scene.Tilleuls, here().AddMonths(12))
	lea := h.as(c.lea)
	page := keyPage(serial) + "/je-pars"
	told := lea.get(page).text()
	assert.Contains(t, told, "appartient au collège des Tilleuls")
	assert.Contains(t, told, "demandez-le à Anne Blanc ou Marc Roux avant de partir")
	assert.Contains(t, told, "Rendez la clef en main propre à Anne Blanc ou Marc Roux")
	h.Exec(`INSERT INTO assignment (person, uai, function, source, since) VALUES ($1, $2, 'personnel', 'import', now())`, c.lea.ID,
		scene.Acacias)
	assert.Contains(t, lea.get(page).text(), "Votre clef sert déjà au lycée des Acacias")
	roux := h.as(c.roux)
	move := roux.fill(keyPage(serial)+"/depart", keyPage(serial)+"/depart", "typed", string(scene.Acacias), "comment", "mutation")
	assert.Equal(t, http.StatusSeeOther, move.Status)
	assert.Equal(t, []string{"Voir où il en est"}, lea.get(page).buttons())
}

// A key in hand is for something: its holder reads how it is used and, where the academy has said so, where.
func TestAHolderReadsHowAKeyIsUsedAndWhere(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.KeyOf(c.lea, scene.Tilleuls, here().AddMonths(12))
	const portal, how = "https://portail.ac-nice.fr", " : tapez votre code PIN suivi, sans espace, du nombre qu'affiche la clef."
	with := h.beside(func(c *config.Config) { c.PortalURL = portal }).as(c.lea)
	lea := h.as(c.lea)
	for _, page := range []string{"/", keyPage(serial)} {
		assert.Contains(t, lea.get(page).text(), "Pour vous connecter"+how, page)
		assert.Contains(t, with.get(page).text(), "Connectez-vous au portail"+how, page)
		assert.Contains(t, with.get(page).HTML, `<a href="`+portal+`">`, page)
	}
	assert.NotContains(t, h.as(c.roux).get(keyPage(serial)).text(), how)
	h.Exec(`UPDATE key SET expires_on = $2 WHERE serial = $1`, string(serial), here().AddDays(-1).String())
	assert.NotContains(t, lea.get("/").text(), how, "it serves no more")
}

func TestTheRequestThatEndedWithAKeySaysHowItIsUsed(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	request, serial := h.atTheCounter(c)
	lea, roux := h.as(c.lea), h.as(c.roux)
	const how = "Pour vous connecter : tapez votre code PIN suivi, sans espace, du nombre qu'affiche la clef."
	assert.NotContains(t, lea.get(request).text(), how, "it is not in hand yet")
	at := counter + "/" + idOf(request)
	roux.done(roux.fill(at, at, "serial", string(serial)))
	assert.Contains(t, lea.get(request).text(), how)
	assert.NotContains(t, roux.get(request).text(), how)
	roux.reports(serial, okey.ReasonLost)
	assert.NotContains(t, lea.get(request).text(), how, "nor any more")
}
