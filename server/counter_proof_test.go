package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"okey/config"
	"okey/internal/freeradius"
	"okey/internal/radiustest"
	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// proving is a house whose academy has keys tried at the counter, by a FreeRADIUS that knows the key which awaits Léa there.
type proving struct {
	*house
	cast
	request, counter string
	serial           okey.Serial
	server           *radiustest.Server
	check            func(okey.Serial, string) answer // of a PIN
}

func provesAtCounter(t *testing.T, choice string) *proving {
	t.Helper()
	h := newHouse(t)
	p := &proving{cast: h.cast()}
	p.request, p.serial = h.atCounter(p.cast)
	p.counter = "/remise" + p.request[len("/demandes"):]
	token := h.tokenFor(sql.Bearer{Service: "radius", Scopes: []string{"pin-checks", "logins"}}, time.Hour)
	p.server = radiustest.Start(t, h.URL, token, "", freeradius.User{Name: p.lea.UID, Serial: string(p.serial), Secret: shown})
	proofs, err := okey.ParseCounterProofs([]string{choice})
	require.NoError(t, err)
	h.Judges.requests.Proving(proofs)
	p.house = h.beside(func(cfg *config.Config) {
		cfg.RadiusServers, cfg.RadiusSecret, cfg.CounterProof = []string{p.server.Auth}, p.server.Secret, []string{choice}
	})
	p.check = p.checker()
	return p
}

// proves has the holder type PIN and code on the screen of whoever hands over.
func (p *proving) proves(b *browser, pin, code string) sheet {
	p.Helper()
	return b.done(b.fill(p.counter, p.counter+"/essai", "pin", pin, "code", code))
}

func (p *proving) code() string { return radiustest.Code(p, shown, time.Now()) }

func (p *proving) handsOver(b *browser, typed ...string) sheet {
	p.Helper()
	return b.fill(p.counter, p.counter, append([]string{"serial", string(p.serial)}, typed...)...)
}

// triesFirst tells whether the trial stands before the handover.
func triesFirst(counter sheet) bool {
	return strings.Index(counter.HTML, `id="essai"`) < strings.Index(counter.HTML, `name="serial"`)
}

func TestAKeyIsTriedAtTheCounterAndTheRecordSaysSo(t *testing.T) {
	p := provesAtCounter(t, "nice=offered")
	roux := p.as(p.roux)
	page := roux.get(p.counter)
	assert.Contains(t, page.text(), "Donnez la clef à Léa Martin, qui tape ici son code PIN et le nombre affiché.")
	assert.Contains(t, page.text(), "Cet essai est facultatif.")
	assert.Contains(t, page.HTML, `type="password"`)
	assert.False(t, triesFirst(page), "the number that most type comes first")
	assert.Equal(t, "key_not_free", p.check(p.serial, "4071").at("code"), "nobody is trying it")

	code := p.code()
	right := p.proves(roux, "4071", code)
	assert.Contains(t, right.text(), "elle fonctionne", p.server.Log())
	assert.NotContains(t, right.HTML, code)
	assert.NotContains(t, right.HTML, `name="pin"`)
	assert.Equal(t, "key_not_free", p.check(p.serial, "4071").at("code"), "the trial is over")
	assert.Equal(t, 0, p.Count(`SELECT count(*) FROM key_proof`))
	assert.Equal(t, okey.Attributed, p.KeyState(p.serial), "a trial changes nothing")
	assert.Equal(t, 1, p.Count(`SELECT count(*) FROM audit WHERE event = 'key_tried' AND actor = $1`, p.roux.ID))
	assert.Contains(t, roux.get(p.request+"/bordereau").text(), "elle fonctionne")
	off := p.beside(func(cfg *config.Config) { cfg.CounterProof = nil }).as(p.roux)
	assert.NotContains(t, off.get(p.request+"/bordereau").text(), "Essayée", "nothing of it will stand in the record")

	assert.Contains(t, roux.done(p.handsOver(roux)).text(), "est remise à Léa Martin, et essayée.")
	assert.Contains(t, roux.get(p.request).text(), "Marc Roux a remis la clef "+string(p.serial)+" : remise et essayée.")
	assert.Equal(t, 1, p.Count(`SELECT count(*) FROM audit WHERE event = 'handover' AND detail = 'handed_over:tried'`))
	told := p.call(p.roux, http.MethodGet, "/requests"+p.request[len("/demandes"):], nil).at("timeline").([]any)
	assert.Contains(t, told[len(told)-1], "tried_at")
	assert.NotContains(t, told[0], "tried_at")
	p.Exec(`DELETE FROM key_trial`) // a month later
	assert.Contains(t, roux.get(keyPage(p.serial)).text(), "Remise à Léa Martin par Marc Roux, essayée")
	slip := roux.get(p.request + "/bordereau").text()
	assert.Contains(t, slip, "Essayée le")
	assert.Contains(t, slip, "elle fonctionne")
	assert.Contains(t, off.get(p.request+"/bordereau").text(), "Essayée le", "it was")
}

func TestWhereATrialIsOfferedAKeyIsHandedOverWithout(t *testing.T) {
	p := provesAtCounter(t, "offered")
	roux := p.as(p.roux)
	assert.Contains(t, roux.done(p.handsOver(roux)).text(), "est remise à Léa Martin. Un reçu")
	assert.NotContains(t, roux.get(p.request).text(), "essayée")
}

func TestWhereATrialIsRequiredNoKeyChangesHandsWithout(t *testing.T) {
	p := provesAtCounter(t, "nice=required")
	roux, lea := p.as(p.roux), p.as(p.lea)
	assert.Contains(t, roux.get(p.counter).text(), "Sans essai réussi, la remise est refusée.")
	assert.True(t, triesFirst(roux.get(p.counter)))
	assert.NotContains(t, roux.get(p.counter).text(), "sans essai,", "support's reason")
	refused := p.handsOver(roux, "comment", "Pas le temps.")
	assert.Equal(t, http.StatusConflict, refused.Status)
	assert.Contains(t, refused.text(), "Faites essayer la clef réservée")
	api := "/requests" + p.request[len("/demandes"):] + "/signals/handover"
	assert.Equal(t, "proof_missing", p.call(p.roux, http.MethodPost, api, map[string]any{"serial": string(p.serial)}).at("code"))
	assert.Equal(t, "proof_missing", p.call(p.support, http.MethodPost, api, map[string]any{"serial": string(p.serial)}).at("code"))
	other := p.Key(scene.Tilleuls)
	assert.Equal(t, "proof_missing", p.call(p.roux, http.MethodPost, api, map[string]any{"serial": string(other)}).at("code"))
	assert.Equal(t, okey.InStock, p.KeyState(other))

	assert.Contains(t, lea.get(p.request).HTML, `href="`+trialPage(p.serial)+`"`)
	assert.Contains(t, lea.tries(p.serial, "4071", p.code()).text(), "La direction peut vous la remettre")
	assert.Contains(t, roux.get(p.counter).text(), "elle fonctionne", "on her own screen")
	p.Exec(`UPDATE key_event SET at = at - interval '1 hour'`)
	p.Exec(`UPDATE key_trial SET at = at - interval '31 minutes'`)
	assert.Equal(t, http.StatusConflict, p.handsOver(roux).Status, "too long ago")
	p.Exec(`UPDATE key_trial SET at = at + interval '5 minutes', serial = $1`, string(other))
	assert.Equal(t, http.StatusConflict, p.handsOver(roux).Status, "another key's")
	p.Exec(`UPDATE key_trial SET serial = $1, request = NULL`, string(p.serial))
	assert.Equal(t, http.StatusConflict, p.handsOver(roux).Status, "for no request")
	p.Exec(`UPDATE key_trial SET request = $1`, p.request[len("/demandes/"):])
	roux.done(p.handsOver(roux))
	assert.Equal(t, okey.InService, p.KeyState(p.serial))
}

func TestSupportHandsOverWithoutATrialBySayingWhy(t *testing.T) {
	p := provesAtCounter(t, "required")
	sam := p.as(p.support)
	assert.Contains(t, sam.get(p.counter).text(), "Motif, si la clef est remise sans essai")
	assert.NotContains(t, sam.get(p.counter).text(), "Sans essai réussi, la remise est refusée.", "it is not, with a reason")
	assert.Equal(t, http.StatusConflict, p.handsOver(sam).Status)
	sam.done(p.handsOver(sam, "comment", "Le serveur est en panne."))
	assert.Equal(t, okey.InService, p.KeyState(p.serial))
	assert.Contains(t, p.as(p.roux).get(p.request).text(), "Le serveur est en panne.")
}

// The page of a request hands over as the counter does, another key than the reserved one as well.
func TestSupportSaysWhyOnThePageOfTheRequestToo(t *testing.T) {
	p := provesAtCounter(t, "required")
	sam, other := p.as(p.support), p.Key(scene.Tilleuls)
	const why = "Motif, si la clef est remise sans essai"
	assert.NotContains(t, p.as(p.roux).get(p.request).text(), why)
	assert.Contains(t, sam.get(p.request).text(), why)
	refused := sam.fill(p.request, p.request+"/remise", "serial", string(p.serial))
	assert.Equal(t, http.StatusConflict, refused.Status)
	assert.Contains(t, refused.text(), why)
	asked := sam.fill(p.request, p.request+"/remise", "serial", string(other), "comment", "Le serveur est en panne.")
	sam.done(sam.post(p.counter, asked.form(t, p.counter)))
	assert.Equal(t, okey.InService, p.KeyState(other))
	assert.Contains(t, p.as(p.roux).get(p.request).text(), "Le serveur est en panne.")
}

func TestAKeyThatIsRefusedThreeTimesIsExchanged(t *testing.T) {
	p := provesAtCounter(t, "required")
	roux := p.as(p.roux)
	next := p.Key(scene.Tilleuls)
	assert.Contains(t, p.proves(roux, "4072", p.code()).text(), "Le code PIN est faux : ce n'est pas la clef.")
	for n := range okey.ProofTries {
		p.again()
		assert.NotContains(t, roux.get(p.counter).text(), "Échanger la clef", n)
		p.proves(roux, "4071", "000000")
	}
	failed := roux.get(p.counter)
	assert.Contains(t, failed.text(), "Refusée trois fois")
	assert.NotContains(t, failed.HTML, `name="pin"`)
	lea, exchange := p.as(p.lea), p.request+"/numero-illisible"
	for _, page := range []sheet{lea.get(p.request), lea.get(trialPage(p.serial))} {
		assert.Contains(t, page.text(), "a direction vous en remet une autre", "whose key it is to be reads it, too")
		assert.NotContains(t, page.HTML, `name="pin"`)
		assert.NotContains(t, page.HTML, "Essayer ma clef</a>")
	}
	assert.Contains(t, roux.get(p.request).HTML, `refusée trois fois à l'essai. <a href="`+p.counter+`">L'échanger</a>`)
	assert.Contains(t, failed.HTML, `href="`+exchange+`">Échanger la clef`)
	assert.Contains(t, roux.get(exchange).text(), "a refusé trois fois la clef réservée à Léa Martin")
	form := roux.get(exchange).form(t, exchange)
	first, second := roux.post(exchange, form), roux.post(exchange, form)
	assert.Equal(t, http.StatusSeeOther, first.Status)
	assert.Equal(t, http.StatusSeeOther, second.Status, "sent twice, it is one")
	assert.Equal(t, okey.Defective, p.KeyState(p.serial))
	assert.Equal(t, "Refusée à la remise : plusieurs essais, aucun accepté par le serveur d'authentification",
		p.Text(`SELECT comment FROM key_event WHERE serial = $1 AND reason = 'defective'`, string(p.serial)))
	assert.Equal(t, string(next), p.keyOfRequest(p.request))
	assert.Contains(t, roux.get(p.counter).HTML, `name="pin"`, "the next one is tried in its turn")
}

// What was refused before it was mended says nothing of a key that is reserved again, for the same person, within minutes.
func TestAKeyThatComesBackToItsRequestIsTriedAnew(t *testing.T) {
	p := provesAtCounter(t, "required")
	roux, exchange := p.as(p.roux), p.request+"/numero-illisible"
	p.Key(scene.Tilleuls)
	for range okey.ProofTries {
		p.again()
		p.proves(roux, "4071", "000000")
	}
	exchanges := func() { roux.done(roux.post(exchange, roux.get(exchange).form(t, exchange))) }
	exchanges()
	roux.reports(p.serial, okey.ReasonReturn) // it works after all
	exchanges()
	require.Equal(t, string(p.serial), p.keyOfRequest(p.request))
	page := roux.get(p.counter)
	assert.Contains(t, page.HTML, `name="pin"`)
	assert.NotContains(t, page.text(), "Refusée trois fois")
	p.again()
	p.Exec(`DELETE FROM attempt`)
	p.proves(roux, "4071", "000000")
	assert.Equal(t, string(okey.CauseStep), p.Text(`SELECT cause FROM key_trial ORDER BY at DESC, id LIMIT 1`), "the first of this reservation")
	p.again()
	assert.Contains(t, p.proves(roux, "4071", p.code()).text(), "elle fonctionne")
	assert.Contains(t, roux.done(p.handsOver(roux)).text(), "et essayée.")
}

func TestNobodyElseTriesAKeyThatAwaitsSomebody(t *testing.T) {
	p := provesAtCounter(t, "offered")
	assert.Equal(t, http.StatusNotFound, p.as(p.stranger).get(trialPage(p.serial)).Status)
	assert.NotEqual(t, http.StatusOK, p.as(p.roux).get(trialPage(p.serial)).Status)
	lea := p.as(p.lea)
	refused := lea.tries(p.serial, "4071", "000000")
	assert.Contains(t, refused.text(), "la direction vous remet une autre clef")
	assert.NotContains(t, refused.HTML, "/ne-marche-plus", "it is not hers to report yet")
	assert.Contains(t, refused.HTML, `href="`+p.request+`">Revenir à ma demande`)

	off := p.beside(func(cfg *config.Config) { cfg.CounterProof = []string{"nice=off"} })
	assert.NotContains(t, off.as(p.roux).get(p.counter).HTML, "essai")
	assert.NotContains(t, off.as(p.lea).get(p.request).HTML, "essai")
	assert.Equal(t, http.StatusNotFound, off.as(p.lea).get(trialPage(p.serial)).Status)
	form := lea.get(trialPage(p.serial)).form(t, trialPage(p.serial))
	form.Del("person")
	assert.Equal(t, http.StatusNotFound, off.as(p.roux).post(p.counter+"/essai", form).Status)
}

func TestAKeyThatComesBackIsTriedAndItsStorySaysSo(t *testing.T) {
	p := provesAtCounter(t, "offered")
	roux, page := p.as(p.roux), keyPage(p.serial)
	roux.done(p.handsOver(roux))
	link := `href="` + trialPage(p.serial) + `">Essayer la clef rendue`
	assert.Contains(t, roux.get(page).HTML, link)
	gives := func(pin, code string) sheet {
		t.Helper()
		p.again()
		return roux.done(roux.fill(trialPage(p.serial), trialPage(p.serial), "pin", pin, "code", code))
	}
	assert.Contains(t, roux.get(trialPage(p.serial)).text(), "Laissez la clef à Léa Martin, qui tape ici son code PIN")
	assert.Contains(t, gives("4072", p.code()).text(), "Le code PIN est faux : ce n'est pas la clef.")
	assert.Contains(t, gives("4071", "000000").text(), "Le nombre est refusé")
	right := gives("4071", p.code())
	assert.Contains(t, right.text(), "elle fonctionne", p.server.Log())
	record := page + "?motif=return_to_stock"
	assert.Contains(t, right.HTML, `href="`+record+`#changement">Enregistrer le retour`)
	assert.Contains(t, roux.get(record).HTML, `<option value="return_to_stock" selected>`)
	assert.Equal(t, 3, p.Count(`SELECT count(*) FROM audit WHERE event = 'key_tried' AND actor = $1`, p.roux.ID))

	roux.done(roux.fill(page, page, "reason", "return_to_stock", "comment", "Elle change de service."))
	p.Exec(`DELETE FROM key_trial`) // a month later
	assert.Contains(t, roux.get(page).text(), "Mise en stock par Marc Roux, essayée ; elle était à Léa Martin")
	assert.Equal(t, 1, p.Count(`SELECT count(*) FROM audit WHERE event = 'key_return_to_stock' AND detail = 'in_stock:tried'`))
	assert.Contains(t, p.as(p.auditor()).get("/assistance/journal?clef="+string(p.serial)).text(), "en stock et essayée")
	assert.NotContains(t, roux.get(page).HTML, link)
}

func TestOnlyAKeyThatServesIsTriedWhenItComesBackByWhoeverTakesIt(t *testing.T) {
	p := provesAtCounter(t, "offered")
	roux := p.as(p.roux)
	roux.done(p.handsOver(roux))
	for n := range okey.ProofTries {
		assert.NotContains(t, roux.get(trialPage(p.serial)).text(), "vérifiez le numéro au dos", n)
		p.again()
		roux.done(roux.fill(trialPage(p.serial), trialPage(p.serial), "pin", "4071", "code", "000000"))
	}
	assert.Contains(t, roux.get(trialPage(p.serial)).text(), "vérifiez le numéro au dos")
	assert.Contains(t, p.as(p.lea).get(trialPage(p.serial)).text(), "OKEY ne garde ni votre code PIN", "her own page")
	assert.NotEqual(t, http.StatusOK, p.as(p.stranger).get(trialPage(p.serial)).Status)

	page := keyPage(p.serial)
	p.Exec(`UPDATE key_trial SET outcome = 'accepted', cause = '', at = at - interval '1 hour'`)
	for _, test := range []struct{ why, change, back string }{
		{"mislaid", `state = 'suspended', due_at = now() + interval '1 day'`, `state = 'in_service', due_at = NULL`},
		{"expired", `expires_on = '2020-01-01'`, `expires_on = '2030-01-01'`},
	} {
		p.Exec(`UPDATE key SET `+test.change+` WHERE serial = $1`, string(p.serial))
		assert.Equal(t, http.StatusNotFound, roux.get(trialPage(p.serial)).Status, test.why)
		assert.NotContains(t, roux.get(page).HTML, "Essayer la clef rendue", test.why)
		p.Exec(`UPDATE key SET `+test.back+` WHERE serial = $1`, string(p.serial))
	}
	off := p.beside(func(cfg *config.Config) { cfg.CounterProof = []string{"nice=off"} })
	assert.Equal(t, http.StatusNotFound, off.as(p.roux).get(trialPage(p.serial)).Status)
	roux.done(roux.fill(page, page, "reason", "return_to_stock", "comment", "Elle part."))
	assert.NotContains(t, roux.get(page).text(), "essayée", "an hour ago says nothing of this key")
}

func TestPINChecksAnswerForAKeyThatIsBeingTried(t *testing.T) {
	p := provesAtCounter(t, "offered")
	begin := func(ago time.Duration) {
		require.NoError(t, p.Store.BeginProof(t.Context(), p.serial, time.Now().Add(-ago)))
	}
	begin(okey.ProofAnswers - 10*time.Second)
	assert.Equal(t, true, p.check(p.serial, "4071").at("ok"))
	assert.Equal(t, false, p.check(p.serial, "4072").at("ok"))
	begin(okey.ProofAnswers + time.Second)
	assert.Equal(t, "key_not_free", p.check(p.serial, "4071").at("code"))
	free := p.Key(scene.Tilleuls)
	require.NoError(t, p.Store.BeginProof(t.Context(), free, time.Now()))
	assert.Equal(t, "key_not_free", p.check(free, "4071").at("code"), "a key that awaits nobody")
}

// Whoever has to wait reads that alone, and not that the next number may be typed.
func TestAThrottledCounterSaysOneThing(t *testing.T) {
	p := provesAtCounter(t, "offered")
	roux := p.as(p.roux)
	for range okey.AttemptTrial.Limit().Wrong {
		assert.Contains(t, p.proves(roux, "4072", "731964").text(), "Léa Martin réessaie")
	}
	refused := roux.fill(p.counter, p.counter+"/essai", "pin", "4072", "code", "731964")
	assert.Equal(t, http.StatusTooManyRequests, refused.Status)
	assert.Contains(t, refused.text(), "Vous avez beaucoup essayé cette clef : attendez")
	assert.NotContains(t, refused.text(), "réessaie")
	assert.True(t, triesFirst(refused), "whoever has begun goes on there")
	assert.Contains(t, refused.HTML, `<button class="second">Essayer la clef</button>`)
}
