package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"okey/config"
	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const counter = "/remise"

// awaits brings a new person's request to the counter and returns its page and key.
func (h *house) awaits(c cast, name string) (page string, key okey.Serial) {
	h.Helper()
	b, roux := h.as(h.Person(name, okey.Staff, scene.Tilleuls)), h.as(c.roux)
	page = b.asks()
	roux.done(roux.answers(page, "approve", ""))
	b.done(b.signs(page))
	return page, okey.Serial(h.Text(`SELECT serial FROM key WHERE request = $1`, idOf(page)))
}

func search(typed string) string { return counter + "?q=" + url.QueryEscape(typed) }

func TestTheCounterFindsThePersonByNameOrByTheScannedKey(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	h.Key(scene.Tilleuls)
	first, firstKey := h.awaits(c, "Zoë Noël")
	second, secondKey := h.awaits(c, "Noé Béranger")
	h.askers(scene.Tilleuls, "Hector Béranger")
	roux := h.as(c.roux)

	all := roux.get(counter)
	assert.Regexp(t, `Zoë Noël clef `+string(firstKey)+` .*Noé Béranger clef `+string(secondKey), all.text(), "oldest first")
	assert.NotContains(t, all.text(), "Hector", "nothing to hand over")
	assert.Contains(t, all.HTML, " autofocus", "a scanner types at once")
	for typed, found := range map[string]string{
		"noel": first, "ZOE": first, "Zoé Noel": first,
		" " + string(firstKey[:5]) + " " + string(firstKey[5:]) + " ": first,
		strings.ToLower(string(secondKey)):                            second,
		string(secondKey[:4]) + "-" + string(secondKey[4:]):           second,
	} {
		led := roux.get(search(typed))
		require.Equal(t, http.StatusSeeOther, led.Status, "%q: %s", typed, led.text())
		assert.Contains(t, led.Location, counter+"/"+idOf(found), typed)
	}
	assert.Contains(t, roux.get(search(string(firstKey))).Location, "?clef="+string(firstKey), "the number need not be scanned again")
	both := roux.get(search("beranger"))
	assert.Regexp(t, `Clefs à remettre Noé Béranger .*Attendent autre chose Hector Béranger .*En attente de réponse depuis`, both.text())
	assert.Contains(t, both.text(), "Accepter : Hector Béranger Refuser : Hector Béranger",
		"whoever still waits for an answer gets it here")
	none := roux.get(search("Inconnu"))
	assert.Contains(t, none.text(), "Personne de ce nom n'attend de clef")
	assert.Contains(t, none.text(), "Zoë Noël", "the list is there still")
}

// Who has the reserved key in hand need not type all of its number; who has another one must.
func TestTheLastCharactersOfTheReservedKeyAreEnough(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	h.Key(scene.Tilleuls)
	other := h.Key(scene.Tilleuls)
	first, firstKey := h.awaits(c, "Ana Une")
	second, secondKey := h.awaits(c, "Bob Deux")
	roux := h.as(c.roux)
	at := counter + "/" + idOf(first)
	end := func(serial okey.Serial) string { return string(serial[len(serial)-okey.LastOfSerial:]) }

	unknown := roux.fill(at, at, "serial", end(other))
	assert.Equal(t, http.StatusConflict, unknown.Status, "of another key all of it: %s", unknown.text())
	h.Exec(`UPDATE key SET serial = $1 WHERE serial = $2`, end(firstKey), string(other))
	asked := roux.fill(at, at, "serial", end(firstKey))
	assert.Contains(t, asked.text(), "n'est pas celle qui est réservée", "a short number of another key's own is that one")
	h.Exec(`UPDATE key SET serial = $2 WHERE serial = $1`, end(firstKey), string(other))

	roux.done(roux.fill(at, at, "serial", " "+strings.ToLower(end(firstKey))))
	assert.Equal(t, okey.InService, h.KeyState(firstKey))
	roux.done(roux.fill(second, second+"/remise", "serial", end(secondKey)))
	assert.Equal(t, okey.InService, h.KeyState(secondKey), "from the request's page, too")
}

// Whoever types more of it than the last four characters is not told that no key has that number.
func TestALongerEndOfTheReservedKeyIsEnoughToo(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	for _, serial := range []string{"DEMO000102", "DEMO000103", "DEMO000104"} {
		h.Exec(`UPDATE key SET serial = $1 WHERE serial = $2`, serial, string(h.Key(scene.Tilleuls)))
	}
	first, firstKey := h.awaits(c, "Ana Une")
	second, secondKey := h.awaits(c, "Bob Deux")
	third, thirdKey := h.awaits(c, "Cléo Trois")
	roux := h.as(c.roux)
	require.Equal(t, okey.Serial("DEMO000102"), firstKey)
	assert.Equal(t, counter+"/"+idOf(first)+"?clef=000102", roux.get(search("000102")).Location, "what is enough is not typed twice")

	wrong := roux.fill(counter+"/"+idOf(first), counter+"/"+idOf(first), "serial", "000112")
	assert.Contains(t, wrong.text(), "Aucune clef ne porte le numéro 000112")
	roux.done(roux.fill(counter+"/"+idOf(first), counter+"/"+idOf(first), "serial", "000102"))
	assert.Equal(t, okey.InService, h.KeyState(firstKey))
	roux.done(roux.fill(second, second+"/remise", "serial", "o000103"))
	assert.Equal(t, okey.InService, h.KeyState(secondKey), "from the request's page")
	path := "/requests/" + idOf(third)
	assert.Equal(t, http.StatusOK, h.signal(c.roux, path, okey.Handover, map[string]any{"serial": "000104"}).Status, "and by program")
	assert.Equal(t, okey.InService, h.KeyState(thirdKey))
}

func TestTheCounterChecksConfirmsAndGoesOnToTheNextPerson(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	request, key := h.awaits(c, "Ana Une")
	at := counter + "/" + idOf(request)
	roux := h.as(c.roux)
	assert.Contains(t, roux.get("/").HTML, `href="`+at+`"`)

	check := roux.get(roux.get(search(string(key))).Location)
	for _, said := range []string{
		"Ana Une", "Collège des Tilleuls (0069001B)", "Clef réservée " + string(key), "Charte version 1, signée",
	} {
		assert.Contains(t, check.text(), said)
	}
	assert.Contains(t, check.HTML, `name="serial" value="`+string(key)+`"`)
	assert.Equal(t, okey.Attributed, h.KeyState(key), "looking changes nothing")

	sent := check.form(t, at)
	handed := roux.done(roux.post(at, sent))
	assert.Contains(t, handed.text(), "La clef "+string(key)+" est remise à Ana Une. Un reçu part par courriel.")
	assert.Contains(t, handed.HTML, `href="`+counter+`"`)
	assert.Contains(t, handed.HTML, `href="`+request+`/bordereau"`)
	assert.Equal(t, okey.InService, h.KeyState(key))
	assert.Equal(t, http.StatusSeeOther, roux.post(at, sent).Status, "a double click")
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM action WHERE name = 'handover'`))

	late := h.as(c.blanc).post(at, url.Values{"action": {uuid.NewString()}, "person": {c.blanc.ID.String()}, "serial": {string(key)}})
	assert.Equal(t, http.StatusConflict, late.Status)
	assert.Contains(t, late.text(), "Marc Roux a déjà remis cette clef")
}

// Several people are at the counter: each handover ends where the next begins.
func TestHandoversFollowEachOtherWithoutLeavingTheCounter(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	var requests []string
	var keys []okey.Serial
	for _, name := range []string{"Ana Une", "Bob Deux", "Cléo Trois"} {
		h.Key(scene.Tilleuls)
		request, key := h.awaits(c, name)
		requests, keys = append(requests, request), append(keys, key)
	}
	roux := h.as(c.roux)
	for i, key := range keys {
		led := roux.get(search(string(key))) // scanned: its number and Enter
		at := counter + "/" + idOf(requests[i])
		require.Equal(t, http.StatusSeeOther, led.Status, led.text())
		sent := roux.post(at, roux.get(led.Location).form(t, at)) // Enter
		require.True(t, strings.HasPrefix(sent.Location, counter+"?fait="), sent.Location)
		next := roux.get(sent.Location)
		assert.Contains(t, next.text(), "La clef "+string(key)+" est remise à ")
		assert.Contains(t, next.HTML, `href="`+requests[i]+`/bordereau"`)
		assert.Contains(t, next.HTML, " autofocus", "the next one is scanned at once")
		for j, other := range requests {
			assert.Equal(t, j > i, strings.Contains(next.HTML, `href="`+counter+"/"+idOf(other)+`"`), "who is left")
		}
		assert.NotContains(t, h.as(c.blanc).get(sent.Location).text(), "est remise à", "told to who did it alone")
	}
}

func TestAnotherKeyAtTheCounterIsAskedAboutBeforeItTakesThePlace(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	request, attributed := h.awaits(c, "Ana Une")
	other, foreign := h.Key(scene.Tilleuls), h.Key(scene.Acacias)
	lent, expired := h.KeyOf(c.lea, scene.Tilleuls, here().AddMonths(20)), h.KeyUntil(scene.Tilleuls, here().AddDays(-1))
	at := counter + "/" + idOf(request)
	roux := h.as(c.roux)

	assert.Contains(t, roux.get(search(string(expired))).text(), "La clef "+string(expired)+" a expiré : elle ne sert plus.")
	end := string(attributed[len(attributed)-okey.LastOfSerial:])
	assert.Equal(t, at+"?clef="+end, roux.get(search(end)).Location, "what is enough is not typed twice")
	free := roux.get(search(string(other)))
	assert.Contains(t, free.text(), "La clef "+string(other)+" est libre. Choisissez à qui vous la remettez")
	assert.Contains(t, free.HTML, `href="`+at+`?clef=`+string(other)+`"`)
	assert.Contains(t, roux.get(search(string(lent))).text(), "La clef "+string(lent)+" est en service : Léa Martin l'a.")
	assert.Contains(t, roux.get(search(string(foreign))).text(), "aucune clef à remettre ne porte ce numéro")
	assert.NotContains(t, roux.get(search(string(foreign))).text(), "tapez son numéro entier", "it was")
	assert.Contains(t, roux.get(search("ZZZ9")).text(), "Pour une autre clef, tapez son numéro entier.")

	for serial, want := range map[string]string{
		"": "Le numéro de série manque", "ZZZ99": "Aucune clef ne porte le numéro ZZZ99", "ZZZ9": "ne finit pas par ZZZ9", string(lent): "Léa Martin l'a.",
		string(expired): "La clef " + string(expired) + " a expiré : elle ne sert plus.",
		string(foreign): "appartient au stock d'un autre établissement",
	} {
		wrong := roux.fill(at, at, "serial", serial)
		assert.Contains(t, []int{http.StatusUnprocessableEntity, http.StatusConflict}, wrong.Status, serial)
		assert.Contains(t, wrong.text(), want)
		assert.Contains(t, wrong.HTML, `id="remise-serial-erreur"`, "beside its field")
	}
	planted := roux.get(at).form(t, at, "serial", string(other), "swap", string(other))
	h.Exec(`DELETE FROM session`)
	roux.post(at, planted)
	roux.continueAs(c.roux)
	back := roux.get(at)
	assert.Contains(t, back.HTML, `value="`+string(other)+`"`, "what was typed is kept")
	assert.NotContains(t, back.text(), "n'est pas celle qui est réservée", "a confirmation is not")
	asked := roux.fill(at, at, "serial", " "+string(other))
	assert.Equal(t, http.StatusOK, asked.Status)
	assert.Contains(t, asked.text(), "La clef "+string(other)+" n'est pas celle qui est réservée à Ana Une, la "+string(attributed)+".")
	assert.Equal(t, okey.InStock, h.KeyState(other), "a scanner sends the form by itself: nothing has changed yet")
	swapped := roux.done(roux.post(at, asked.form(t, at)))
	assert.Contains(t, swapped.text(), "Elle a pris la place de celle qui était réservée")
	assert.Equal(t, okey.InService, h.KeyState(other))
	assert.Equal(t, okey.InStock, h.KeyState(attributed))
}

func TestAKeyThatComesBackToTheCounterSaysWhoseItIsAndLeadsToItsPage(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	ana := h.as(h.Person("Ana Une", okey.Staff, scene.Tilleuls))
	page := ana.asks()
	roux := h.as(c.roux)
	roux.done(roux.answers(page, "approve", ""))
	kept := okey.Serial(h.Text(`SELECT serial FROM key WHERE request = $1`, idOf(page)))
	lent := h.KeyOf(c.lea, scene.Tilleuls, here().AddMonths(20))
	broken, lost, foreign := h.Key(scene.Tilleuls), h.Key(scene.Tilleuls), h.KeyOf(c.lea, scene.Acacias, here().AddMonths(20))
	h.Exec(`UPDATE key SET state = 'defective' WHERE serial = $1`, broken)
	h.Exec(`UPDATE key SET state = 'lost' WHERE serial = $1`, lost)

	for serial, said := range map[okey.Serial]string{
		kept:   "est réservée à Ana Une, qui n'a pas encore signé la charte.",
		lent:   "est en service : Léa Martin l'a. Si elle vous est rendue, ou si vous l'avez trouvée, notez-le sur la page de la clef.",
		broken: "notez « Mise au rebut » sur la page de la clef",
		lost:   "notez d'abord « Clef retrouvée » sur la page de la clef",
	} {
		found := roux.get(search(string(serial)))
		assert.NotContains(t, found.text(), "Erreur", "a key that comes back is no error")
		assert.Contains(t, found.text(), said)
		assert.Contains(t, found.HTML, `href="/clefs/`+string(serial)+`">Ouvrir la page de la clef `+string(serial))
	}
	unseen := roux.get(search(string(foreign)))
	assert.NotContains(t, unseen.text(), "Léa Martin", "a key that one may not see is nobody's")
	assert.NotContains(t, unseen.HTML, "/clefs/"+string(foreign))
}

func TestTheCounterIsForThoseWhoHandOverThere(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	request, key := h.awaits(c, "Ana Une")
	at := counter + "/" + idOf(request)
	far := h.as(h.Person("Hugo Loin", okey.Principal, scene.Acacias))
	assert.Equal(t, http.StatusNotFound, far.get(at).Status)
	assert.NotContains(t, far.get(search("une")).text(), "Ana")
	assert.NotContains(t, far.get(search(string(key))).text(), "Ana")
	assert.Contains(t, far.get(search(string(key))).text(), "aucune clef à remettre ne porte ce numéro")
	assert.Equal(t, http.StatusNotFound, h.as(c.lea).get(counter).Status)

	eve := h.Person("Eve Morel", okey.Staff, scene.Tilleuls)
	h.lent(c.roux, eve, okey.HandoverAndStock)
	delegate := h.as(eve)
	delegate.done(delegate.fill(at, at, "serial", string(key)))
	assert.Equal(t, okey.InService, h.KeyState(key))
}

func TestAHandoverThatTheEngineHasNotJudgedIsKept(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	request, key := h.awaits(c, "Ana Une")
	at := counter + "/" + idOf(request)
	roux := h.as(c.roux)
	h.cutOff(true)
	recorded := roux.fill(at, at, "serial", string(key))
	assert.Equal(t, http.StatusAccepted, recorded.Status)
	waits := roux.get(at)
	assert.Contains(t, waits.text(), "La remise est enregistrée")
	assert.NotContains(t, waits.HTML, `name="serial"`, "it is not asked twice")
}

func TestTheSlipHasAllThatIsSignedForAndNeverThePIN(t *testing.T) {
	h := newHouseWith(t, func(c *config.Config) { c.AcademyName = "Académie de Nice" })
	c := h.cast()
	h.Exec(`UPDATE establishment SET name = 'Lycée général et technologique régional Marguerite <de> Navarre' WHERE uai = $1`,
		scene.Tilleuls)
	h.Key(scene.Tilleuls)
	lea, roux := h.as(c.lea), h.as(c.roux)
	request := lea.asks()
	slip := request + "/bordereau"
	roux.done(roux.answers(request, "approve", ""))
	assert.Equal(t, request, roux.get(slip).Location, "nothing to sign for yet")
	lea.done(lea.signs(request))
	key := h.Text(`SELECT serial FROM key WHERE request = $1`, idOf(request))
	expires := here().SayWithYear()
	h.Exec(`UPDATE key SET expires_on = $2 WHERE serial = $1`, key, here().String())

	for _, b := range []*browser{lea, roux} {
		assert.Equal(t, b == roux, strings.Contains(b.get(request).HTML, `href="`+slip+`"`), "whoever hands over prints it")
		before := b.get(slip)
		copied := map[bool]string{true: "Exemplaire de l'établissement", false: "Exemplaire de la personne qui reçoit la clef"}[b == roux]
		for _, said := range []string{
			"OKEY Académie de Nice " + copied + " Demande " + idOf(request)[:8],
			"Léa Martin", "Lycée général et technologique régional Marguerite <de> Navarre", "UAI 0069001B Académie Nice", key, expires,
			"version 1, signée le", "Date de la remise …",
			"Signature de Léa Martin, qui reçoit la clef", "Signature de la direction, qui remet la clef",
		} {
			assert.Contains(t, before.text(), said)
		}
		assert.NotContains(t, before.HTML, "4071")
		assert.NotContains(t, strings.ToLower(before.text()), "pin ")
	}
	roux.done(roux.fill(counter+"/"+idOf(request), counter+"/"+idOf(request), "serial", key))
	h.Exec(`UPDATE person SET family_name = 'Durand' WHERE id = $1`, c.lea.ID)
	assert.Contains(t, lea.get(request).HTML, `href="`+slip+`"`)
	after := lea.get(slip)
	assert.Contains(t, after.text(), "Remise à Léa Martin", "the name of that day")
	assert.Contains(t, after.text(), "Date de la remise "+here().SayWithYear())
	assert.Contains(t, after.text(), "Remise par Marc Roux")
	assert.Equal(t, http.StatusNotFound, h.as(c.stranger).get(slip).Status)
	assert.Contains(t, after.text(), "Signature de Léa Martin, qui reçoit la clef")
}

func TestACounterWithNothingToHandOverSaysThatAlone(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.askers(scene.Tilleuls, "Hector Béranger")
	free := h.Key(scene.Tilleuls)
	roux := h.as(c.roux)
	assert.Contains(t, roux.get(counter).text(), "Aucune clef à remettre.", "somebody waits for an answer")
	found := roux.get(search(string(free))).text()
	assert.Contains(t, found, "La clef "+string(free)+" est libre. Ouvrir la page de la clef "+string(free)+" Aucune clef à remettre.")
	assert.NotContains(t, found, "Choisissez à qui")
}

// Support may hand over anywhere: it searches anywhere, and is not told that nobody waits.
func TestSupportSearchesEveryCounter(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	request, key := h.awaits(c, "Ana Une")
	sam := h.as(c.support)
	empty := sam.get(counter).text()
	assert.Contains(t, empty, "Cherchez une personne ou une clef : vous pouvez remettre celles de tous les établissements.")
	assert.NotContains(t, empty, "Ana Une")
	for _, typed := range []string{"une", string(key)} {
		assert.Contains(t, sam.get(search(typed)).Location, counter+"/"+idOf(request), typed)
	}
	none := sam.get(search("Inconnu")).text()
	assert.Contains(t, none, "Personne de ce nom n'attend de clef")
	assert.NotContains(t, none, "Ana Une")
}

// One does not hand one's own key over where somebody else can: the list does not offer it, and says who does.
func TestTheCounterLeavesOnesOwnKeyToOthers(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	eve := h.Person("Eve Morel", okey.Staff, scene.Tilleuls)
	h.lent(c.roux, eve, okey.HandoverAndStock)
	h.Key(scene.Tilleuls)
	delegate, roux := h.as(eve), h.as(c.roux)
	page := delegate.asks()
	roux.done(roux.answers(page, "approve", ""))
	delegate.done(delegate.signs(page))
	own := delegate.get(counter)
	assert.NotContains(t, own.HTML, counter+"/"+idOf(page))
	assert.Contains(t, own.text(),
		"Aucune clef à remettre. Votre propre clef vous attend : on ne se la remet pas soi-même. Demandez-la à Anne Blanc ou Marc Roux.")
	assert.Contains(t, roux.get(counter).HTML, counter+"/"+idOf(page))
	assert.NotContains(t, roux.get(counter).text(), "Votre propre clef")

	refused := delegate.get(counter + "/" + idOf(page))
	assert.Equal(t, http.StatusForbidden, refused.Status)
	assert.Contains(t, refused.text(), "C'est votre propre clef : quelqu'un d'autre doit vous la remettre.")
	serial := okey.Serial(h.Text(`SELECT serial FROM key WHERE request = $1`, idOf(page)))
	scanned := delegate.get(search(string(serial))).text()
	assert.Contains(t, scanned, "La clef "+string(serial)+" est la vôtre : elle attend de vous être remise.")
	assert.NotContains(t, scanned, "à Eve Morel")
	assert.Regexp(t, `La clef est à remettre depuis \S+ \S+ \S+, par vous ou par Marc Roux\. `, h.as(c.blanc).get(page).text())

	h.lent(c.roux, c.lea, okey.HandoverAndStock)
	assert.Regexp(t, `La clef est à remettre depuis \S+ \S+ \S+, par vous, \S+ \S+ ou \S+ \S+\. `, roux.get(page).text(), "one list")
	roux.done(roux.fill(counter+"/"+idOf(page), counter+"/"+idOf(page), "serial", string(serial)))
	assert.Contains(t, delegate.get(search(string(serial))).text(), "La clef "+string(serial)+" est la vôtre.")
}
