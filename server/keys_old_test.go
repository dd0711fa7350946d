package server_test

import (
	"net/http"
	"strings"
	"testing"

	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
)

// The key that a renewal replaces goes back at the counter and serves no more: whoever hands the new one over knows it before,
// everybody after.
func TestTheOldKeyIsTakenBackInSight(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	old, key := h.KeyOf(c.lea, scene.Tilleuls, here().AddMonths(2)), h.Key(scene.Tilleuls)
	lea, roux := h.as(c.lea), h.as(c.roux)
	request := lea.asks()
	roux.done(roux.answers(request, "approve", ""))
	lea.done(lea.signs(request))

	warned := "Reprenez l'ancienne clef, la " + string(old) + " : elle ne servira plus."
	at := counter + "/" + idOf(request)
	assert.Contains(t, roux.get(at).text(), warned, "at the counter")
	assert.Contains(t, roux.get(request).text(), warned, "beside the request's own form")
	assert.NotContains(t, lea.get(request).text(), "ne sert plus", "it still does")
	assert.Equal(t, okey.InService, h.KeyState(old))
	home := lea.get("/").text()
	assert.Contains(t, home, "Votre clef actuelle sert jusqu'à la remise de la nouvelle : apportez-la ce jour-là, elle sera reprise.")
	assert.NotContains(t, home, "mon code PIN", "there are two")
	for _, serial := range []okey.Serial{old, key} {
		assert.Equal(t, 1, strings.Count(home, "J'ai oublié le code PIN de la clef "+string(serial)), serial)
		assert.Equal(t, 1, strings.Count(home, "Changer le code PIN de la clef "+string(serial)), serial)
	}
	assert.Contains(t, lea.get(request).text(), "Changer le code PIN de la clef "+string(key))
	assert.Contains(t, lea.get(askPage).text(), "Vous avez déjà une demande en cours (clef à aller chercher)")
	assert.Contains(t, lea.get("/demandes").text(), "Clef à aller chercher depuis")
	assert.Contains(t, roux.get("/demandes").text(), "À remettre 1 ", "as those who hand over say it")
	assert.Contains(t, lea.get(keyPage(old)).text(), "Changer le code PIN de la clef "+string(old))
	assert.Contains(t, lea.get(keyPage(old)).text(), "La suivante est demandée. Votre clef actuelle sert jusqu'à la remise de la nouvelle",
		"not the next one")
	for _, path := range []string{"/mon-code-pin", "/mon-code-pin/oublie"} {
		which := lea.get(path)
		assert.NotContains(t, which.HTML, `name="pin"`, "%s: of which key?", path)
		assert.NotContains(t, which.HTML, `action="/mon-code-pin`, "%s: of which key?", path)
		assert.Contains(t, which.text(),
			"De quelle clef ? Clef "+string(old)+", que vous avez Clef "+string(key)+", qui attend de vous être remise", path)
		assert.Contains(t, which.HTML, `href="`+path+`?clef=`+string(key)+`"`)
	}
	assert.NotContains(t, lea.get(request).text(), "Bordereau", "one signs here")
	assert.Contains(t, roux.get(request).text(), "Bordereau")
	assert.Contains(t, roux.get(request+"/bordereau").text(), "Ancienne clef, reprise à la remise "+string(old))

	handed := roux.done(roux.fill(at, at, "serial", string(key)))
	ended := "L'ancienne clef, la " + string(old) + ", ne sert plus : elle est mise au rebut."
	assert.Contains(t, handed.text(), "est remise à Léa Martin. "+ended+" Un reçu part par courriel.")
	assert.Equal(t, okey.Retired, h.KeyState(old))
	assert.Contains(t, roux.get(request+"/bordereau").text(), "Ancienne clef, reprise à la remise "+string(old))
	assert.Contains(t, lea.get(request).text(), "a remis la clef "+string(key)+". "+ended, "the story tells it")
	assert.Contains(t, lea.get(request).text(),
		"Bordereau de remise à imprimer : facultatif. Si la direction vous l'a fait signer, c'est elle qui le garde.")
	assert.Contains(t, roux.get(request).text(), "Bordereau de remise à imprimer et à signer")
	assert.Contains(t, lea.get("/mon-code-pin").HTML, `name="pin"`, "one key, one PIN")
	assert.Contains(t, lea.get("/").text(), ended, "and home, for a while")
	h.Exec(`UPDATE request SET since = since - interval '31 days', closed_at = closed_at - interval '31 days'`)
	assert.NotContains(t, lea.get("/").text(), ended)
}

func TestAFirstKeyReplacesNone(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	request, key := h.awaits(c, "Ana Une")
	roux, at := h.as(c.roux), counter+"/"+idOf(request)
	assert.NotContains(t, roux.get(at).text(), "Reprenez")
	assert.NotContains(t, roux.done(roux.fill(at, at, "serial", string(key))).text(), "ancienne")
}

// Whoever brings the old key back, or has it scanned by mistake, is told which of the two it is.
func TestTheOldKeysNumberIsKnownAtTheCounter(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	old := h.KeyOf(c.lea, scene.Tilleuls, here().AddMonths(2))
	request, key := h.atTheCounter(c)
	lea, roux := h.as(c.lea), h.as(c.roux)
	assert.Contains(t, lea.get(request).text(), "Apportez l'ancienne clef, la "+string(old)+" : elle sera reprise.")
	assert.NotContains(t, roux.get(request).text(), "Apportez")

	told := "La clef " + string(old) + " est l'ancienne clef de Léa Martin : reprenez-la, et tapez le numéro de la nouvelle, la " +
		string(key) + "."
	found := roux.get(search(string(old)))
	assert.Contains(t, found.text(), told)
	assert.Contains(t, found.text(), "Clefs à remettre Léa Martin")
	at := counter + "/" + idOf(request)
	wrong := roux.fill(at, at, "serial", string(old))
	assert.Equal(t, http.StatusConflict, wrong.Status)
	assert.Contains(t, wrong.text(), told)
	assert.Equal(t, okey.InService, h.KeyState(old))
}

// Whoever answers knows what the key asked for replaces, wherever requests are listed.
func TestRequestsToAnswerSayWhatTheyReplace(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.KeyOf(c.lea, scene.Tilleuls, here().AddMonths(2))
	first := h.askers(scene.Tilleuls, "Ana Une")[0]
	renewal := h.as(c.lea).asks()
	roux := h.as(c.roux)
	assert.Regexp(t, `Ana Une « saisie des absences » En attente`+
		`.* Léa Martin « saisie des absences » Remplace une clef en fin de validité\. En attente`, roux.get("/").text())
	assert.Regexp(t, `Ana Une « saisie des absences » depuis `+
		`.*Léa Martin « saisie des absences », remplace une clef en fin de validité depuis`, roux.get(answers).text())
	assert.Contains(t, roux.reviews("approve", "", first, renewal).text(),
		"Ana Une « saisie des absences » Léa Martin « saisie des absences », remplace une clef en fin de validité Collège")
}

// A renewal whose old key is lost, or breaks, before the next one is there is more urgent than its reason says.
func TestARenewalWhoseOldKeyIsGoneSinceSaysSo(t *testing.T) {
	for reason, since := range map[okey.KeyReason]string{okey.ReasonLost: "perdue depuis", okey.ReasonDefective: "défectueuse depuis"} {
		h := newHouse(t)
		c := h.cast()
		old := h.KeyOf(c.lea, scene.Tilleuls, here().AddMonths(2))
		lea, roux := h.as(c.lea), h.as(c.roux)
		renewal := lea.asks()
		assert.NotContains(t, roux.get("/").text(), since)
		roux.reports(old, reason)
		assert.Contains(t, roux.get("/").text(), "Remplace une clef en fin de validité, "+since+".")
		assert.Contains(t, roux.get(answers).text(), "remplace une clef en fin de validité, "+since)
		for _, reader := range []*browser{lea, roux} {
			assert.Contains(t, reader.get(renewal).text(), "Motif Remplace une clef en fin de validité, "+since)
		}

		h.Key(scene.Tilleuls)
		roux.done(roux.answers(renewal, "approve", ""))
		lea.done(lea.signs(renewal))
		at, serial := counter+"/"+idOf(renewal), h.keyOfRequest(renewal)
		roux.done(roux.fill(at, at, "serial", serial))
		assert.NotContains(t, roux.get(renewal).text(), since, "it is over")
	}
}
