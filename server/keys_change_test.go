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

// reports changes a key through its page.
func (b *browser) reports(serial okey.Serial, reason okey.KeyReason) sheet {
	b.Helper()
	return b.done(b.fill(keyPage(serial), keyPage(serial), "reason", string(reason), "comment", "vu ce matin", "confirm", string(reason)))
}

// lines adds somebody whose request waits for a key.
func (h *house) lines(name string, by *browser) string {
	h.Helper()
	page := h.as(h.Person(name, okey.Staff, scene.Tilleuls)).asks()
	by.done(by.answers(page, "approve", ""))
	return page
}

// atCounter brings Léa's request to the handover, and returns its page and key.
func (h *house) atCounter(c cast) (string, okey.Serial) {
	h.Helper()
	serial := h.Key(scene.Tilleuls)
	lea, roux := h.as(c.lea), h.as(c.roux)
	page := lea.asks()
	roux.done(roux.answers(page, "approve", ""))
	lea.done(lea.signs(page))
	return page, serial
}

func (h *house) keyOfRequest(page string) string {
	h.Helper()
	return h.Text(`SELECT coalesce(serial, '') FROM key WHERE request = $1`, page[len("/demandes/"):])
}

func TestThePageOfAKeyIsLabelledAsAgreed(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.Key(scene.Tilleuls)
	page := h.as(c.roux).get(keyPage(serial))
	for _, markup := range []string{
		"<h1>Gérer la clef</h1>", "<title>Gérer la clef " + string(serial) + " · OKEY", "<h2>Informations sur la clef</h2>",
		"<dt>Numéro de série</dt>", "<dt>Dernière connexion</dt>",
		"<dt>Date d&#39;expiration</dt>", "<dt>Lot</dt>", ">*Motif</label>", `<option value="">Veuillez choisir un motif</option>`,
		">*Commentaire</label>",
	} {
		assert.Contains(t, page.HTML, markup)
	}
	for state, offered := range map[okey.KeyState][]okey.KeyReason{
		okey.InStock:   {okey.ReasonLost, okey.ReasonDefective, okey.ReasonRetired},
		okey.Lost:      {okey.ReasonFound, okey.ReasonRetired},
		okey.Defective: {okey.ReasonReturn, okey.ReasonRetired},
		okey.InTransit: {okey.ReasonLost},
	} {
		h.Exec(`DELETE FROM key WHERE serial = $1`, string(serial))
		h.Exec(`INSERT INTO key (serial, uai, state, batch, expires_on, changed_at) VALUES ($1, $2, $3, 'L1', '2029-06-30', $4)`,
			string(serial), scene.Tilleuls, string(state), scene.Now)
		page := h.as(c.roux).get(keyPage(serial)).HTML
		for _, reason := range okey.ChangeReasons() {
			shown := `<option value="` + string(reason) + `">` + reason.French() + `</option>`
			if assert.Contains(t, page, "*Motif"); contains(offered, reason) {
				assert.Contains(t, page, shown, "%s when %s", reason, state)
			} else {
				assert.NotContains(t, page, shown, "%s when %s", reason, state)
			}
		}
	}
}

func contains(all []okey.KeyReason, one okey.KeyReason) bool {
	for _, reason := range all {
		if reason == one {
			return true
		}
	}
	return false
}

func TestALostKeyLeavesItsHolderWhoMayAskAgainAtOnce(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	told := h.as(c.roux).reports(serial, okey.ReasonLost)
	assert.Contains(t, told.text(),
		"C'est fait : la clef est maintenant perdue. Elle n'est plus à Léa Martin, qui peut en demander une autre dès maintenant.")
	lea := h.as(c.lea)
	assert.Equal(t, http.StatusNotFound, lea.get(keyPage(serial)).Status)
	assert.NotEmpty(t, lea.asks())
}

func TestWhoDeclaresTheirOwnKeyLearnsWhatComesNext(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	lea, report := h.as(c.lea), keyPage(serial)+"/ne-marche-plus/signaler"
	told := lea.done(lea.fill(report, report, "comment", "écran cassé"))
	assert.Equal(t, http.StatusOK, told.Status)
	assert.Contains(t, told.text(), "n'est plus à vous. Vous pouvez en demander une autre dès maintenant")
	assert.Contains(t, told.HTML, `href="/demandes/nouvelle"`)
	assert.Equal(t, okey.Defective, h.KeyState(serial))
}

func TestAReturnedKeyGoesToTheNextInLineByName(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	h.Exec(`UPDATE key SET pin_hash = 'x' WHERE serial = $1`, string(serial))
	roux := h.as(c.roux)
	page := h.lines("Ali Benali", roux)
	told := roux.reports(serial, okey.ReasonReturn)
	assert.Contains(t, told.text(),
		"Elle n'est plus à Léa Martin, et son code PIN est effacé. Elle est réservée à Ali Benali, la personne suivante dans la file.")
	assert.Equal(t, okey.Reserved, h.KeyState(serial))
	assert.Equal(t, string(serial), h.keyOfRequest(page))
	assert.Zero(t, h.Count(`SELECT count(*) FROM key WHERE holder IS NOT NULL OR pin_hash IS NOT NULL`))
}

func TestABrokenKeyIsFoundReturnedAndScrapped(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.Key(scene.Tilleuls)
	roux := h.as(c.roux)
	for _, step := range []struct {
		reason okey.KeyReason
		state  okey.KeyState
	}{
		{okey.ReasonDefective, okey.Defective},
		{okey.ReasonReturn, okey.InStock},
		{okey.ReasonLost, okey.Lost},
		{okey.ReasonFound, okey.InStock},
		{okey.ReasonRetired, okey.Retired},
	} {
		page := roux.get(keyPage(serial)).text()
		assert.Equal(t, step.reason == okey.ReasonFound,
			strings.Contains(page, "La personne qui l'avait l'a toujours ? Reprenez-la d'abord"), "what a found key is for")
		assert.Contains(t, roux.reports(serial, step.reason).text(), "C'est fait : la clef est maintenant "+step.state.French())
		assert.Equal(t, step.state, h.KeyState(serial))
	}
	assert.NotContains(t, roux.get(keyPage(serial)).text(), "*Motif", "nothing follows the end of its life")
	assert.Equal(t, 5, h.Count(`SELECT count(*) FROM audit WHERE subject LIKE '%' || $1`, string(serial)))
}

func TestWhereNoKeyIsFreeNoneIsPromisedForAnIllegibleNumber(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page, _ := h.atCounter(c)
	roux := h.as(c.roux)
	assert.Contains(t, roux.get(page+"/numero-illisible").text(), "Oui, écarter cette clef")
	h.Key(scene.Tilleuls)
	assert.Contains(t, roux.get(page+"/numero-illisible").text(), "Oui, prendre une autre clef")
}

func TestScrappingIsAskedOnceMoreOfWhoeverCannotUndoIt(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial, other := h.Key(scene.Tilleuls), h.Key(scene.Tilleuls)
	roux := h.as(c.roux)
	scraps := []string{"reason", string(okey.ReasonRetired), "comment", "cassée en deux"}
	asked := roux.fill(keyPage(serial), keyPage(serial), scraps...)
	assert.Equal(t, http.StatusOK, asked.Status)
	assert.Contains(t, asked.text(), "La mettre vraiment au rebut ?")
	assert.Contains(t, asked.HTML, ">Oui, mettre au rebut<")
	assert.Equal(t, okey.InStock, h.KeyState(serial), "nothing has changed yet")
	form := asked.form(t, keyPage(serial), "reason", string(okey.ReasonRetired))
	roux.done(roux.post(keyPage(serial), form))
	assert.Equal(t, okey.Retired, h.KeyState(serial))
	assert.NotContains(t, roux.fill(keyPage(other), keyPage(other), "reason", "retired").text(), "La mettre vraiment",
		"what is missing is said first")
	support := h.as(c.support)
	support.done(support.fill(keyPage(other), keyPage(other), scraps...))
	assert.Equal(t, okey.Retired, h.KeyState(other), "support can undo it")
	held := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, time.June, 30))
	assert.Contains(t, support.fill(keyPage(held), keyPage(held), scraps...).text(), "La mettre vraiment au rebut ?",
		"whoever has it does not get it back")
	assert.Equal(t, okey.InService, h.KeyState(held))
}

func TestALossBeforeHandoverSendsTheRequestOn(t *testing.T) {
	for name, report := range map[string]func(*house, cast, okey.Serial){
		"page": func(h *house, c cast, serial okey.Serial) {
			assert.Contains(h, h.as(c.roux).reports(serial, okey.ReasonLost).text(),
				"La demande pour laquelle elle était réservée continue")
		},
		"api": func(h *house, c cast, serial okey.Serial) {
			a := h.call(c.roux, http.MethodPost, "/keys/"+string(serial)+"/changes",
				map[string]any{"reason": "lost", "comment": "vu ce matin"})
			require.Equal(h, http.StatusOK, a.Status, a.Text)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			c := h.cast()
			page, serial := h.atCounter(c)
			other := h.Key(scene.Tilleuls)
			report(h, c, serial)
			assert.Equal(t, string(other), h.keyOfRequest(page))
			assert.Equal(t, okey.Attributed, h.KeyState(other))
		})
	}
}

func TestAnIllegibleNumberAtTheCounterTakesAnotherKey(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page, serial := h.atCounter(c)
	other := h.Key(scene.Tilleuls)
	roux := h.as(c.roux)
	ask := page + "/numero-illisible"
	assert.Contains(t, roux.get(page).HTML, `href="`+ask+`"`)
	sure := roux.get(ask)
	assert.Contains(t, sure.text(), "La clef "+string(serial)+" sera notée défectueuse. Une autre clef du stock prendra sa place")
	assert.Equal(t, okey.Attributed, h.KeyState(serial), "looking changes nothing")
	form := sure.form(t, ask)
	told := roux.done(roux.post(ask, form))
	assert.Contains(t, told.text(), "La clef "+string(serial)+" est notée défectueuse. "+
		"Remettez la clef "+string(other)+" à sa place : la charte et le code PIN de Léa Martin restent valables.")
	assert.Equal(t, okey.Defective, h.KeyState(serial))
	assert.Equal(t, okey.Attributed, h.KeyState(other))
	assert.Contains(t, roux.get(keyPage(serial)).text(), "Numéro illisible, constaté à la remise")

	again := roux.post(ask, form)
	assert.Equal(t, http.StatusSeeOther, again.Status, "sent twice is done once")
	assert.Equal(t, okey.Attributed, h.KeyState(other))
	form.Set("action", "5a3a0a2e-5d1b-4a35-9c0c-6d7f2f5f9b11")
	late := roux.post(ask, form)
	assert.Equal(t, http.StatusConflict, late.Status, "a page from before names a key that is gone")
	assert.Equal(t, okey.Attributed, h.KeyState(other))

	spare := h.Key(scene.Tilleuls)
	form.Set("action", "0f6b1c1a-3a77-4e0c-8f0e-2f2c8c1f7d22")
	form.Set("serial", string(spare))
	assert.Equal(t, http.StatusConflict, roux.post(ask, form).Status, "only the key of this request is set aside here")
	assert.Equal(t, okey.InStock, h.KeyState(spare))
	h.Exec(`DELETE FROM key WHERE serial = $1`, string(spare))

	none := roux.done(roux.fill(ask, ask))
	assert.Contains(t, none.text(), "Aucune autre clef n'est libre : Léa Martin garde sa place")
	assert.Equal(t, http.StatusSeeOther, roux.get(ask).Status, "nothing to replace any more")
}

func TestTheCounterWaitsUntilTheRequestHasItsOtherKey(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page, _ := h.atCounter(c)
	other := h.Key(scene.Tilleuls)
	roux := h.as(c.roux)
	form := roux.get(page+"/numero-illisible").form(t, page+"/numero-illisible")
	h.Judges.hold = make(chan struct{})
	answered := make(chan sheet, 1)
	go func() { answered <- roux.post(page+"/numero-illisible", form) }()
	select {
	case early := <-answered:
		assert.Fail(t, "answered before the request knew", early.Location)
		answered <- early
	case <-time.After(time.Second):
	}
	close(h.Judges.hold)
	assert.Contains(t, roux.done(<-answered).text(), "Remettez la clef "+string(other)+" à sa place")
}

func TestARequestWithdrawnInThatMomentLeavesTheKeyToTheDrawer(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page, serial := h.atCounter(c)
	roux := h.as(c.roux)
	form := roux.get(page+"/numero-illisible").form(t, page+"/numero-illisible")
	lea := h.as(c.lea)
	leave := lea.get(page).form(t, page+"/retrait", "comment", "plus besoin")
	h.Judges.before = func() { lea.done(lea.post(page+"/retrait", leave)) }
	told := roux.done(roux.post(page+"/numero-illisible", form))
	assert.Equal(t, http.StatusOK, told.Status, told.text())
	assert.Equal(t, okey.Defective, h.KeyState(serial))
}

func TestOnlyWhoManagesKeysReplacesOneAtTheCounter(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page, serial := h.atCounter(c)
	ask := page + "/numero-illisible"
	form := h.as(c.roux).get(ask).form(t, ask)
	auditor := h.Person("Aude Itrice", okey.Staff)
	h.Exec(`UPDATE person SET auditor = true WHERE id = $1`, auditor.ID)
	for who, status := range map[okey.Person]int{
		c.lea: http.StatusForbidden, c.stranger: http.StatusNotFound, auditor: http.StatusForbidden,
	} {
		b := h.as(who)
		assert.NotContains(t, b.get(page).text(), "Numéro illisible")
		assert.NotEqual(t, http.StatusOK, b.get(ask).Status)
		assert.Equal(t, status, b.post(ask, form).Status, who.Name())
	}
	assert.Equal(t, okey.Attributed, h.KeyState(serial))
	assert.Contains(t, h.as(c.support).get(page).text(), "Numéro illisible")
}

// A key's story is told from its beginning, like a request's, and says who did what and whose the key was.
func TestAKeysStoryIsToldInOrderAndSaysWhoseItWas(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	request, serial := h.atTheCounter(c)
	lea, roux := h.as(c.lea), h.as(c.roux)
	page := keyPage(serial)
	free := h.Key(scene.Tilleuls)
	assert.NotContains(t, roux.get(keyPage(free)).text(), "J'ai perdu ma clef", "nobody uses it")
	assert.Contains(t, roux.get(keyPage(free)).text(), "On me rend une clef")
	at := counter + "/" + idOf(request)
	roux.done(roux.fill(at, at, "serial", string(serial)))
	assert.Contains(t, roux.get(page).text(), "J'ai perdu ma clef")
	assert.Contains(t, roux.get(page).text(), "Lot L1")
	assert.NotContains(t, lea.get(page).text(), "Lot ", "of no use to its holder")
	told := roux.reports(serial, okey.ReasonRetired)
	assert.Contains(t, told.text(), "C'est fait : la clef est maintenant au rebut.")
	assert.Regexp(t, `Ce qui s'est passé .*Réservée .*Attribuée à Léa Martin, qui a signé la charte .*Remise à Léa Martin par Marc Roux `+
		`.*Mise au rebut par Marc Roux ; elle était à Léa Martin`, told.text())

	mine := h.KeyOf(c.lea, scene.Tilleuls, here().AddMonths(20))
	h.Exec(`INSERT INTO key_event (serial, seq, at, reason, state, holder) VALUES ($1, 1, now(), 'imported', 'in_service', $2)`,
		string(mine), c.lea.ID)
	assert.Contains(t, roux.get(keyPage(mine)).text(), "Importée, entre les mains de Léa Martin")
	lea.done(lea.fill(keyPage(mine)+"/perdue", keyPage(mine)+"/perdue", "comment", "dans le bus"))
	assert.Contains(t, roux.get(keyPage(mine)).text(), "Déclarée perdue par Léa Martin, qui l'avait dans le bus")
}

// What was recorded a moment ago and is not there any more was recorded in a database that another has taken over from: it is to be sent again.
func TestWhatTheLeadingDatabaseDoesNotHaveIsUnavailableAndNotUnknown(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, time.June, 30))
	h.Judges.before = func() { h.Exec(`DELETE FROM action WHERE key = $1`, string(serial)) }
	lost := h.as(c.lea).fill(keyPage(serial)+"/perdue", keyPage(serial)+"/perdue", "comment", "dans le train")
	assert.Equal(t, http.StatusServiceUnavailable, lost.Status, lost.text())

	h.cutOff(true)
	h.Exec(`CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM action WHERE id = NEW.id; RETURN NULL; END $$`)
	h.Exec(`CREATE TRIGGER gone AFTER UPDATE OF promised_at ON action FOR EACH ROW EXECUTE FUNCTION gone()`)
	promised := h.as(c.lea).fill(keyPage(serial)+"/perdue", keyPage(serial)+"/perdue", "comment", "dans le train")
	assert.Equal(t, http.StatusServiceUnavailable, promised.Status, promised.text())
}
