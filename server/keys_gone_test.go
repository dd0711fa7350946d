package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// moves has support move a key to the Acacias.
func (h *house) moves(support okey.Person, serial okey.Serial) {
	h.Helper()
	const page = "/assistance/deplacer"
	b := h.as(support)
	b.done(b.fill(page, page, "serials", string(serial), "establishment", string(scene.Acacias), "comment", "rééquilibrage",
		"confirm", "oui"))
}

func TestTheFormOfAKeyThatHasLeftSaysSinceWhenToWhoeverHadItAlone(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Exec(`UPDATE assignment SET since = '2020-01-01'`)
	serial := h.Key(scene.Tilleuls)
	page := "/clefs/" + string(serial)
	roux := h.as(c.roux)
	stale := roux.get(page).form(t, page, "reason", "lost", "comment", "introuvable")
	h.moves(c.support, serial)

	told := roux.post(page, stale)
	assert.Equal(t, http.StatusConflict, told.Status)
	assert.Contains(t, told.text(), "La clef "+string(serial)+" n'est plus dans votre établissement depuis ")
	assert.NotContains(t, told.text(), "Acacias", "where it went is not for them")
	assert.Equal(t, okey.InStock, h.KeyState(serial))
	assert.Equal(t, http.StatusNotFound, roux.get(page).Status)

	late := h.Person("Nora Nouvelle", okey.Principal, scene.Tilleuls)
	h.Exec(`UPDATE assignment SET since = $2 WHERE person = $1`, late.ID, time.Now().Add(time.Hour))
	for _, other := range []okey.Person{c.lea, late} { // whoever never could see the form
		stale.Set("person", other.ID.String())
		assert.Equal(t, http.StatusNotFound, h.as(other).post(page, stale).Status)
	}
}

func TestOnesOwnLossDeclaredTwiceIsOneAction(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, time.June, 30))
	page := keyPage(serial) + "/perdue"
	lea := h.as(c.lea)
	form := lea.get(page).form(t, page, "comment", "introuvable")
	for range 2 {
		assert.Contains(t, lea.done(lea.post(page, form)).text(), "C'est fait : votre clef "+string(serial)+" est déclarée perdue")
	}
}

func TestTheFormOfOnesOwnKeyThatWasTakenBackSaysSo(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, time.June, 30))
	page := keyPage(serial) + "/perdue"
	lea := h.as(c.lea)
	stale := lea.get(page).form(t, page, "comment", "introuvable")
	h.as(c.roux).reports(serial, okey.ReasonReturn)
	told := lea.post(page, stale)
	assert.Equal(t, http.StatusConflict, told.Status)
	assert.Contains(t, told.text(), "n'est plus à vous depuis ")
	assert.Contains(t, told.HTML, "<blockquote>introuvable</blockquote>", "what was typed can be copied")
	stale.Set("person", c.roux.ID.String())
	assert.NotContains(t, lea.post(page, stale).HTML, "introuvable", "another person's words, in a browser that two share")
	assert.Equal(t, okey.InStock, h.KeyState(serial))
}

// Mails are kept, and lead to the page of a key for years: whoever had it reads there what became of it, nobody else learns that it exists.
func TestAnOldLinkToAKeyThatIsNoLongerOnesOwnSaysWhatToDo(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	lost, broken, back := h.KeyOf(c.lea, scene.Tilleuls, here().AddMonths(20)), h.KeyOf(c.lea, scene.Tilleuls,
		here().AddMonths(21)), h.KeyOf(c.lea, scene.Tilleuls, here().AddMonths(22))
	lea, roux, other := h.as(c.lea), h.as(c.roux), h.as(h.Person("Eve Morel", okey.Staff, scene.Tilleuls))
	roux.reports(lost, okey.ReasonLost)
	roux.reports(broken, okey.ReasonDefective)
	roux.reports(back, okey.ReasonReturn)
	old := func(serial okey.Serial, says string, buttons ...string) {
		t.Helper()
		for _, path := range []string{
			keyPage(serial), keyPage(serial) + "/perdue", keyPage(serial) + "/ne-marche-plus", keyPage(serial) + "/je-pars",
			pinPage(serial), forgottenPage(serial),
		} {
			told := lea.get(path)
			assert.Equal(t, http.StatusNotFound, told.Status, path)
			assert.Contains(t, told.text(), "La clef "+string(serial)+" n'est plus à vous depuis le "+here().SayWithYear()+".", path)
			assert.Contains(t, told.text(), says, path)
			assert.Equal(t, buttons, told.buttons(), path)
			assert.Contains(t, other.get(path).text(), "Cette page n'existe pas, ou elle n'est pas pour vous.", path)
		}
	}
	old(lost, "Vous la retrouvez ? Rapportez-la à la direction du collège des Tilleuls.", "Demander une clef")
	old(broken, "Si vous l'avez encore, rendez-la à la direction du collège des Tilleuls.", "Demander une clef")
	request := lea.asks()
	old(back, "", "Voir ma demande")
	assert.Contains(t, lea.get(keyPage(back)).HTML, `href="`+request+`"`)
}

// Whoever has no key any more reads on home what became of it, and where to bring it.
func TestHomeTellsForAMonthOfAKeyLostOrBroken(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	today := okey.SayDay(time.Now(), time.Now(), okey.ZoneOf("23"))
	lost, broken := h.KeyOf(c.lea, scene.Tilleuls, here().AddMonths(20)), h.KeyOf(c.lea, scene.Tilleuls, here().AddMonths(21))
	lea, roux := h.as(c.lea), h.as(c.roux)
	page := keyPage(lost) + "/perdue"
	lea.done(lea.fill(page, page, "comment", "dans le bus"))
	roux.reports(broken, okey.ReasonDefective)
	said := "Clef " + string(lost) + " : vous l'avez déclarée perdue " + today +
		". Si vous la retrouvez, rapportez-la à la direction du collège des Tilleuls."
	home := lea.get("/").text()
	assert.Contains(t, home, said)
	assert.Contains(t, home,
		"Clef "+string(broken)+" : Marc Roux l'a déclarée défectueuse "+today+". Rendez-la à la direction du collège des Tilleuls.")
	assert.NotContains(t, roux.get("/").text(), "l'avez déclarée", "news of her keys")

	lea.asks()
	assert.Contains(t, lea.get("/").text(), said, "beside the request for the next one, too")
	roux.reports(broken, okey.ReasonRetired)
	assert.NotContains(t, lea.get("/").text(), string(broken), "it is back")
	h.Exec(`UPDATE key_event SET at = at - interval '31 days'`)
	assert.NotContains(t, lea.get("/").text(), string(lost))
}

// What became of an old key is no news once the one that replaced it is gone as well.
func TestTheOldKeysNewsEndsWithTheKeyThatReplacedIt(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	old := h.KeyOf(c.lea, scene.Tilleuls, here().AddMonths(2))
	request, key := h.atTheCounter(c)
	lea, roux := h.as(c.lea), h.as(c.roux)
	at := counter + "/" + idOf(request)
	roux.done(roux.fill(at, at, "serial", string(key)))
	assert.Contains(t, lea.get("/").text(), "L'ancienne clef, la "+string(old))
	roux.reports(key, okey.ReasonLost)
	assert.NotContains(t, lea.get("/").text(), "L'ancienne clef")
}

// A broken key is still in somebody's pocket until the head has taken it back: home says so until it is seen to.
func TestTheHeadIsRemindedOfBrokenKeys(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	broken := h.KeyOf(c.lea, scene.Tilleuls, here().AddMonths(20))
	roux, lea := h.as(c.roux), h.as(c.lea)
	assert.NotContains(t, roux.get("/").text(), "Clefs défectueuses")
	page := keyPage(broken) + "/ne-marche-plus/signaler"
	lea.done(lea.fill(page, page, "comment", "l'écran reste vide"))
	home := roux.get("/")
	assert.Contains(t, home.text(), "Clefs défectueuses 1 clef à reprendre, puis à mettre au rebut")
	const list = "/clefs?suivi=defectueuses&etablissement=" + string(scene.Tilleuls)
	assert.Contains(t, home.HTML, strings.ReplaceAll(list, "&", "&amp;"))
	assert.Contains(t, roux.get(list).text(), string(broken))
	assert.NotContains(t, lea.get("/").text(), "Clefs défectueuses")
	roux.reports(broken, okey.ReasonRetired)
	assert.NotContains(t, roux.get("/").text(), "Clefs défectueuses")
}

// Whoever answers for the school and declares a key broken has it in hand: home counts those that are still to be taken back, and
// so does its link.
func TestABrokenKeyThatIsBackInTheDrawerIsNoWorkOfTheHeads(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	drawer, pocket := h.KeyUntil(scene.Tilleuls, here().AddMonths(20)), h.KeyOf(c.lea, scene.Tilleuls, here().AddMonths(20))
	brought := h.KeyOf(h.Person("Eve Morel", okey.Staff, scene.Tilleuls), scene.Tilleuls, here().AddMonths(20))
	roux := h.as(c.roux)
	roux.reports(drawer, okey.ReasonDefective)
	roux.reports(brought, okey.ReasonDefective)
	assert.NotContains(t, roux.get("/").text(), "Clefs défectueuses")
	h.as(c.support).reports(pocket, okey.ReasonDefective)
	assert.Contains(t, roux.get("/").text(), "Clefs défectueuses 1 clef à reprendre", "support was told on the telephone")
	rows := roux.download("/clefs.xlsx?suivi=defectueuses&etablissement=" + string(scene.Tilleuls))["Clefs"]
	require.Len(t, rows, 2)
	assert.Equal(t, string(pocket), rows[1][0])
}
