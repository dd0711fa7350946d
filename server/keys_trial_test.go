package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"okey/config"
	"okey/internal/freeradius"
	"okey/internal/radiustest"
	"okey/okey"
	"okey/sql"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var shown = []byte("12345678901234567890") // the secret of Léa's key

func trialPage(serial okey.Serial) string { return keyPage(serial) + "/essai" }

// tried is a house whose keys are judged by a FreeRADIUS that asks it about PINs, with a key in Léa's hands.
func tried(t *testing.T, more string, change func(*config.Config)) (*house, cast, okey.Serial, *radiustest.Server) {
	t.Helper()
	h := newHouse(t)
	c := h.cast()
	serial := h.inService(c)
	token := h.tokenFor(sql.Bearer{Service: "radius", Scopes: []string{"pin-checks", "logins"}}, time.Hour)
	server := radiustest.Start(t, h.URL, token, more, freeradius.User{Name: c.lea.UID, Serial: string(serial), Secret: shown})
	return h.beside(func(cfg *config.Config) {
		cfg.RadiusServers, cfg.RadiusSecret = []string{server.Auth}, server.Secret
		change(cfg)
	}), c, serial, server
}

func asIs(*config.Config) {}

// whereNobodyListens has keys tried with a server that is away.
func whereNobodyListens(cfg *config.Config) {
	cfg.RadiusServers, cfg.RadiusSecret, cfg.CounterProof = []string{"127.0.0.1:9"}, radiustest.Secret, []string{"offered"}
}

// tries types PIN and code, and follows to what became of them.
func (b *browser) tries(serial okey.Serial, pin, code string) sheet {
	b.Helper()
	return b.done(b.fill(trialPage(serial), trialPage(serial), "pin", pin, "code", code))
}

// again lets the time of many trials pass.
func (h *house) again() {
	h.Exec(`DELETE FROM attempt WHERE kind = 'trial'`)
	h.Exec(`UPDATE key_trial SET at = at - interval '31 seconds'`) // as long as a code is shown
	h.Exec(`UPDATE key_event SET at = at - interval '31 seconds'`)
}

// A number typed twice, or too late, says nothing of the next one; and what the server no longer waits for is said.
func TestANumberThatIsTypedAgainIsNoSecondOne(t *testing.T) {
	h, c, serial, _ := tried(t, "", asIs)
	lea := h.as(c.lea)
	for range 2 {
		refused := lea.tries(serial, "4071", "000000")
		assert.Contains(t, refused.text(), "Votre code PIN est juste, mais le nombre est refusé.")
		assert.NotContains(t, refused.text(), "Signaler que ma clef ne marche plus")
	}
	h.again()
	still := lea.tries(serial, "4071", "000001")
	assert.Contains(t, still.text(), "deux nombres de suite sont refusés")
	assert.Contains(t, still.text(), "Essayer encore une fois")

	form := lea.get(trialPage(serial)).form(t, trialPage(serial), "code", "123456")
	form.Del("pin")
	assert.Contains(t, lea.post(trialPage(serial), form).text(), "Le serveur n'attend plus ce second nombre.")
}

func TestAHolderTriesTheirKey(t *testing.T) {
	h, c, serial, server := tried(t, "", asIs)
	lea, code := h.as(c.lea), func() string { return radiustest.Code(t, shown, time.Now()) }
	trouble := keyPage(serial) + "/ne-marche-plus"
	for _, page := range []string{"/", keyPage(serial), trouble, trouble + "/code", trouble + "/decalage"} {
		assert.Contains(t, lea.get(page).HTML, `href="`+trialPage(serial)+`"`, page)
	}
	assert.Contains(t, lea.get("/aide/clef-dereglee").HTML, `href="/ma-clef/essai"`)
	assert.Contains(t, lea.tries(serial, "4071", code()).text(), "Votre clef marche")
	assert.False(t, h.key(serial).LastLoginAt.IsZero(), "the server has told of the login, %s", server.Log())

	for _, test := range []struct{ pin, code, says, way string }{
		{"4072", code(), "Ce n'est pas le code PIN de cette clef.", "J'ai oublié mon code PIN"},
		{"4071", "000 000", "Votre code PIN est juste, mais le nombre est refusé.", "Essayer le nouveau nombre"},
		{"4071", "000001", "deux nombres de suite sont refusés", "Signaler que ma clef ne marche plus"},
	} {
		h.again()
		refused := lea.tries(serial, test.pin, test.code)
		assert.Contains(t, refused.text(), test.says)
		assert.Contains(t, refused.text(), test.way)
		assert.NotContains(t, refused.HTML, `"`+test.pin+`"`)
		assert.NotContains(t, refused.HTML, test.code)
	}
	assert.Equal(t, 0, h.Count(`SELECT count(*) FROM pin_guard WHERE wrong > 0`), "a right one has ended the row")
	assert.Equal(t, "accepted::refused:pin_wrong:refused:out_of_step:refused:still_out_of_step",
		h.Text(`SELECT string_agg(outcome || ':' || cause, ':' ORDER BY at) FROM key_trial`))
	assert.Equal(t, 4, h.Count(`SELECT count(*) FROM audit WHERE event = 'key_tried' AND subject = $1`, sql.AboutKey(serial)))
	assert.Contains(t, h.as(c.roux).get(keyPage(serial)).text(), "refusée, code PIN juste, deux refus")
}

func TestATrialIsThrottledAndNothingOfItIsKept(t *testing.T) {
	h, c, serial, _ := tried(t, "", asIs)
	lea := h.as(c.lea)
	for range okey.AttemptTrial.Limit().Wrong {
		lea.tries(serial, "4071", "731964")
	}
	refused := lea.fill(trialPage(serial), trialPage(serial), "pin", "4071", "code", "731964")
	assert.Equal(t, http.StatusTooManyRequests, refused.Status)
	assert.Contains(t, refused.text(), "Vous avez beaucoup essayé cette clef")
	assert.Contains(t, refused.text(), "J'ai oublié mon code PIN")
	assert.Contains(t, refused.text(), "Signaler que ma clef ne marche plus")
	assert.NotContains(t, refused.HTML, "731964")
	for table := range h.state() {
		assert.NotContains(t, h.Text(`SELECT string_agg(t::text, ' ') FROM `+table+` t`), "731964", table)
	}
}

func TestWhoeverAsksWhatOKEYKnowsOfThemReadsTheirTrials(t *testing.T) {
	h, c, serial, _ := tried(t, "", asIs)
	lea := h.as(c.lea)
	lea.tries(serial, "4071", "731964")
	rows := lea.download("/compte.xlsx")["Essais de vos clefs"]
	require.Len(t, rows, 2)
	assert.Equal(t, []string{string(serial), "Refusée, code PIN juste"}, rows[1][1:])
}

func TestATrialThatIsSentTwiceIsOne(t *testing.T) {
	h, c, serial, _ := tried(t, "", asIs)
	lea := h.as(c.lea)
	form := lea.get(trialPage(serial)).form(t, trialPage(serial))
	form.Set("pin", "4071")
	form.Set("code", "731964")
	first, second := lea.post(trialPage(serial), form), lea.post(trialPage(serial), form)
	assert.Equal(t, http.StatusSeeOther, first.Status)
	assert.Equal(t, first.Location, second.Location)
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM key_trial`))
	assert.Contains(t, lea.get(second.Location).text(), "Votre code PIN est juste")
	assert.NotContains(t, h.as(c.roux).get(second.Location).text(), "juste", "it is its holder's")
	h.Exec(`UPDATE key_trial SET person = $1`, c.blanc.ID) // who had the key before
	assert.NotContains(t, lea.get(second.Location).text(), "Votre code PIN est juste")
}

func TestAServerThatWantsTheNextCodeIsGivenIt(t *testing.T) {
	port := radiustest.Free(t)
	h, c, serial, _ := tried(t, radiustest.WantsNext(port), func(cfg *config.Config) { cfg.RadiusServers = []string{port} })
	lea := h.as(c.lea)
	for next, says := range map[string]string{radiustest.Next: "Votre clef marche", "492040": "Votre code PIN est juste"} {
		h.again()
		wanted := lea.tries(serial, "4071", "755224")
		assert.Contains(t, wanted.text(), "Tapez ce nombre seul, sans le code PIN.")
		assert.Contains(t, wanted.text(), "Il dit : « Wait for the next code »")
		assert.NotContains(t, wanted.HTML, `name="pin"`)
		short := lea.fill(trialPage(serial), trialPage(serial), "code", "49")
		assert.Equal(t, http.StatusUnprocessableEntity, short.Status)
		assert.Contains(t, lea.done(lea.fill(trialPage(serial), trialPage(serial), "code", next)).text(), says)
	}
	assert.Contains(t, lea.get(trialPage(serial)).HTML, `name="pin"`, "the next one begins anew")

	h.again()
	lea.tries(serial, "4071", "755224")
	form := lea.get(trialPage(serial)).form(t, trialPage(serial), "code", radiustest.Next)
	lea.done(lea.fill(keyPage(serial)+"/egaree", keyPage(serial)+"/egaree", "comment", "chez moi")) // between the two numbers
	assert.NotContains(t, lea.done(lea.post(trialPage(serial), form)).text(), "Votre clef marche")
	assert.Equal(t, "mislaid", h.Text(`SELECT cause FROM key_trial ORDER BY at DESC LIMIT 1`))
}

func TestAServerThatIsAwayIsNotTheKeysFault(t *testing.T) {
	h, c, serial, _ := tried(t, "", func(cfg *config.Config) { cfg.RadiusServers = []string{radiustest.Free(t)} })
	said := h.as(c.lea).tries(serial, "4071", "755224").text()
	assert.Contains(t, said, "Le serveur d'authentification ne répond pas")
	assert.Contains(t, said, "Si cela dure, écrivez à l'assistance.")
	assert.Equal(t, "away", h.Text(`SELECT outcome FROM key_trial`))
}

func TestWhatOKEYKnowsIsSaidBeforeAnybodyTypes(t *testing.T) {
	h, c, serial, server := tried(t, "", asIs)
	lea := h.as(c.lea)
	form := lea.get(trialPage(serial)).form(t, trialPage(serial))
	form.Set("pin", "4071")
	form.Set("code", "755224")
	for _, test := range []struct{ change, says, cause string }{
		{`UPDATE key SET expires_on = '2020-01-01'`, "Votre clef a expiré", "expired"},
		{`UPDATE key SET expires_on = '2040-01-01', state = 'suspended', due_at = now() + interval '1 day'`, "déclarée égarée", "mislaid"},
		{`UPDATE key SET state = 'in_service', due_at = NULL`, "", ""},
		{`INSERT INTO pin_guard VALUES ((SELECT serial FROM key), 10, now() + interval '1 hour')`, "Trop de codes PIN faux", "pin_locked"},
	} {
		h.again()
		h.Exec(test.change)
		page := lea.get(trialPage(serial))
		if test.says == "" {
			assert.Contains(t, page.HTML, `name="pin"`)
			continue
		}
		assert.Contains(t, page.text(), test.says)
		assert.NotContains(t, page.HTML, `name="pin"`)
		form.Set("action", okey.DerivedID(okey.TroubleSpace, test.cause).String()) // a page that was opened before
		assert.Contains(t, lea.done(lea.post(trialPage(serial), form)).text(), test.says)
		assert.Equal(t, test.cause, h.Text(`SELECT cause FROM key_trial ORDER BY at DESC LIMIT 1`))
	}
	assert.NotContains(t, server.Log(), "Login incorrect", "the server is not asked about what is certain")
}

func TestWithoutAServerNoPageSpeaksOfTrying(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial, lea := h.inService(c), h.as(c.lea)
	trouble := keyPage(serial) + "/ne-marche-plus"
	for _, page := range []string{"/", "/aide/clef-dereglee", keyPage(serial), trouble, trouble + "/code", trouble + "/decalage"} {
		assert.NotContains(t, strings.ToLower(lea.get(page).HTML), "/essai", page)
	}
	assert.Equal(t, http.StatusNotFound, lea.get(trialPage(serial)).Status)
}

func TestATrialGoesToTheHeadWithTheReport(t *testing.T) {
	h, c, serial, _ := tried(t, "", asIs)
	lea := h.as(c.lea)
	lea.tries(serial, "4071", "731964")
	report := keyPage(serial) + "/ne-marche-plus/signaler"
	assert.Contains(t, lea.get(report).text(), "Votre essai est joint : refusée, code PIN juste.")
	lea.done(lea.fill(report, report, "comment", "Rien n'y fait."))
	assert.Contains(t, h.as(c.roux).get(keyPage(serial)).text(), "refusée, code PIN juste")
	action := h.Text(`SELECT id FROM action WHERE name = 'key-change'`)
	require.NotEmpty(t, action)
}

// A server waits five minutes for the next code: whoever has to wait for longer begins anew, and reads nothing else.
func TestWhoIsThrottledBetweenTwoNumbersBeginsAnew(t *testing.T) {
	port := radiustest.Free(t)
	h, c, serial, _ := tried(t, radiustest.WantsNext(port), func(cfg *config.Config) { cfg.RadiusServers = []string{port} })
	lea := h.as(c.lea)
	assert.Contains(t, lea.tries(serial, "4071", "755224").HTML, "Envoyer ce nombre")
	short := lea.fill(trialPage(serial), trialPage(serial), "code", "49")
	assert.Contains(t, short.HTML, "Envoyer ce nombre")
	h.Exec(`UPDATE attempt SET wrong = $1 WHERE kind = 'trial'`, okey.AttemptTrial.Limit().Wrong)
	refused := lea.fill(trialPage(serial), trialPage(serial), "code", radiustest.Next)
	assert.Equal(t, http.StatusTooManyRequests, refused.Status)
	assert.Contains(t, refused.text(), "Vous avez beaucoup essayé cette clef : attendez")
	assert.NotContains(t, refused.text(), "second nombre")
	assert.Contains(t, refused.HTML, `name="pin"`)
	assert.Contains(t, lea.get(trialPage(serial)).HTML, `name="pin"`)
}
