package server_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
)

// toSign brings Léa's request to the charter, and returns its page.
func (h *house) toSign(c cast) string {
	h.Helper()
	h.Key(scene.Tilleuls)
	page := h.as(c.lea).asks()
	h.as(c.roux).done(h.as(c.roux).answers(page, "approve", ""))
	return page
}

func TestCharterAndPINAreOnOnePageThatExplainsBoth(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.toSign(c)
	lea := h.as(c.lea)
	assert.Contains(t, lea.get(page).HTML, `class="button" href="`+page+`/charte"`)
	sign := lea.get(page + "/charte")
	assert.Equal(t, http.StatusOK, sign.Status)
	assert.Contains(t, html.UnescapeString(sign.HTML), strings.TrimSpace(okey.FirstCharter), "the text whole, as it is signed")
	assert.Contains(t, sign.HTML, `href="/charte/1"`, "to print it")
	for _, said := range []string{
		"Une clef vous est réservée jusqu'au", "Vous signez en ligne.",
		"un seul chiffre répété", "une suite qui monte ou qui descend", "une partie du numéro de la clef",
		"Vous irez chercher la clef au collège des Tilleuls, auprès d'Anne Blanc ou Marc Roux",
	} {
		assert.Contains(t, sign.text(), said)
	}
	for _, name := range []string{"pin", "pin2"} {
		assert.Regexp(t, `<input[^>]*id="charte-`+name+`" name="`+name+`" type="password" inputmode="numeric" autocomplete="one-time-code" passwordrules="minlength: 4; maxlength: 8; allowed: digit"[^>]* data-1p-ignore data-bwignore data-lpignore="true"`,
			sign.HTML)
	}
	assert.NotContains(t, sign.HTML, " checked", "the box is ticked by whoever has read")
}

func TestOnlyWhoeverAskedComesToTheSigning(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.as(c.lea).asks()
	early := h.as(c.lea).get(page + "/charte")
	assert.Equal(t, page, early.Location, "nothing to sign yet")
	h.Key(scene.Tilleuls)
	h.as(c.roux).done(h.as(c.roux).answers(page, "approve", ""))
	for _, p := range []okey.Person{c.roux, c.support} {
		led := h.as(p).get(page + "/charte")
		assert.Equal(t, http.StatusSeeOther, led.Status)
		assert.Equal(t, page, led.Location)
		assert.NotContains(t, h.as(p).get(page).HTML, page+"/charte", "it is not theirs to sign")
	}
	assert.Equal(t, http.StatusNotFound, h.as(c.stranger).get(page+"/charte").Status)
}

func TestASigningThatItsSessionDidNotOutlastBeginsWhereItWas(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.toSign(c)
	lea := h.as(c.lea)
	form := lea.get(page+"/charte").form(t, page+"/charte", "read", "oui", "pin", "4071", "pin2", "4071")
	h.Exec(`DELETE FROM session`)
	ended := lea.post(page+"/charte", form)
	assert.Contains(t, ended.text(), "Seul le code PIN est à retaper, et la charte à cocher de nouveau.")
	assert.Contains(t, ended.HTML, "/connexion?vers="+strings.ReplaceAll(page, "/", "%2F")+"%2Fcharte",
		"back to the form, not to the request")
	lea.continueAs(c.lea)
	back := lea.get(page + "/charte")
	assert.Contains(t, back.text(), "Rien n'a été envoyé. Pour votre sécurité, cochez de nouveau la charte et retapez votre code PIN.")
	assert.NotContains(t, back.text(), "n'est perdu")
	assert.Empty(t, back.form(t, page+"/charte").Get("read"),
		"who signs says so themselves: the form may have been put there by whoever used this browser before")
	assert.NotContains(t, back.HTML, "4071")

	h.publish("Charte nouvelle.")
	assert.NotContains(t, lea.get(page+"/charte").HTML, " checked", "another text is agreed to anew")
}

func TestWithNobodyToHandTheKeyOverTheSignerIsToldSo(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.toSign(c)
	h.Exec(`DELETE FROM assignment WHERE function <> 'personnel'`)
	assert.Contains(t, h.as(c.lea).get(page+"/charte").text(),
		"Personne de la direction ne peut vous la remettre aujourd'hui : l'assistance est prévenue")
}

// Whoever gets the next key may keep the PIN that they know.
func TestTheNextKeysCharterSaysThatThePINMayStay(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	const said = "Vous pouvez garder le code PIN de votre clef actuelle, ou en choisir un autre."
	h.KeyOf(c.lea, scene.Tilleuls, here().AddMonths(2))
	assert.Contains(t, h.as(c.lea).get(h.toSign(c)+"/charte").text(), said)
	ali := h.Person("Ali Benali", okey.Staff, scene.Tilleuls)
	h.Key(scene.Tilleuls)
	first := h.as(ali).asks()
	h.as(c.roux).done(h.as(c.roux).answers(first, "approve", ""))
	assert.NotContains(t, h.as(ali).get(first+"/charte").text(), said, "a first key")
}

// Who has signed in another tab has a PIN already, whatever is wrong with what the second one sends.
func TestASecondTabThatSignsIsToldWhenThatWasDone(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.toSign(c)
	lea := h.as(c.lea)
	second := func(typed ...string) url.Values {
		return lea.get(page+"/charte").form(t, page+"/charte", typed...)
	}
	right, wrong := second("read", "oui", "pin", "5182", "pin2", "5182"), second("pin", "5182", "pin2", "5182")
	lea.done(lea.signs(page))
	for name, form := range map[string]url.Values{"as asked": right, "box not ticked": wrong} {
		told := lea.post(page+"/charte", form).text()
		assert.Contains(t, told, "Vous avez déjà signé la charte "+okey.SayDay(time.Now(), time.Now(), okey.ZoneOf("23")), name)
		assert.Contains(t, told, ": rien n'a changé, votre code PIN non plus.", name)
	}
}

func TestASigningThatComesTooLateIsAnsweredOnTheRequest(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.toSign(c)
	lea := h.as(c.lea)
	form := lea.get(page+"/charte").form(t, page+"/charte", "read", "oui", "pin", "4071", "pin2", "4071")
	lea.done(lea.fill(page, page+"/retrait", "comment", ""))
	late := lea.post(page+"/charte", form)
	assert.Equal(t, http.StatusConflict, late.Status)
	assert.Contains(t, late.text(), "Ma demande de clef")
	assert.Contains(t, late.text(), "Vous avez retiré cette demande")
}

func TestASigningWhoseKeyWasLostMeanwhileSaysSoAndWhatHappensNext(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.toSign(c)
	lea := h.as(c.lea)
	form := lea.get(page+"/charte").form(t, page+"/charte", "read", "oui", "pin", "4071", "pin2", "4071")
	h.as(c.roux).reports(okey.Serial(h.keyOfRequest(page)), okey.ReasonLost)
	unread := url.Values{}
	for name, values := range form {
		unread[name] = values
	}
	unread.Del("read")
	for name, sent := range map[string]url.Values{"as asked": form, "box not ticked": unread} {
		told := lea.post(page+"/charte", sent).text()
		assert.Contains(t, told,
			"La clef qui vous était réservée a été déclarée perdue ou défectueuse entre-temps. Votre action n'a rien changé. "+
				"Votre demande garde sa place : un courriel vous préviendra quand une autre clef sera libre.", name)
		assert.NotContains(t, told, "autre étape", name)
	}
}

func TestAHandoverWhoseKeyBrokeMeanwhileSaysSoAndWhatHappensNext(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page, serial := h.atCounter(c)
	at := "/remise" + page[len("/demandes"):]
	blanc := h.as(c.blanc)
	form := blanc.get(at).form(t, at, "serial", string(serial))
	h.as(c.roux).reports(serial, okey.ReasonDefective)
	late := blanc.post(at, form)
	assert.Equal(t, http.StatusConflict, late.Status)
	assert.Contains(t, late.text(),
		"La clef réservée à cette demande a été déclarée perdue ou défectueuse entre-temps. Votre action n'a rien changé. "+
			"La demande garde sa place : une autre clef lui sera réservée dès qu'une sera libre.")
}
