package server_test

import (
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

func pinPage(serial okey.Serial) string       { return "/mon-code-pin?clef=" + string(serial) }
func forgottenPage(serial okey.Serial) string { return "/mon-code-pin/oublie?clef=" + string(serial) }

func (b *browser) changesPIN(serial okey.Serial, current, pin, again string) sheet {
	b.Helper()
	return b.fill(pinPage(serial), "/mon-code-pin", "current", current, "pin", pin, "pin2", again)
}

func TestThePINPagesAreWhereTheKeyIs(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	lea := h.as(c.lea)
	none := func(button string) {
		t.Helper()
		for _, path := range []string{"/mon-code-pin", "/mon-code-pin/oublie"} {
			assert.Contains(t, lea.get(path).text(), "Vous n'avez pas de clef en ce moment", path)
			assert.Equal(t, []string{button}, lea.get(path).buttons(), path)
		}
	}
	none("Demander une clef")
	withdrawn := lea.asks()
	none("Voir ma demande")
	lea.done(lea.fill(withdrawn, withdrawn+"/retrait"))
	page, serial := h.atCounter(c)
	shown := func(path string) {
		t.Helper()
		for _, link := range []string{pinPage(serial), forgottenPage(serial)} {
			assert.Contains(t, lea.get(path).HTML, `href="`+link+`"`, path)
		}
	}
	shown(page)
	shown("/")
	assert.NotContains(t, h.as(c.roux).get(page).HTML, "/mon-code-pin", "the head has no business there")
	h.as(c.roux).done(h.as(c.roux).fill(page, page+"/remise", "serial", string(serial)))
	shown(keyPage(serial))
	shown("/")
	assert.NotContains(t, lea.get(page).HTML, "/mon-code-pin")
	assert.NotContains(t, h.as(c.roux).get(keyPage(serial)).HTML, "/mon-code-pin")
	assert.Equal(t, http.StatusNotFound, lea.get(pinPage(h.Key(scene.Tilleuls))).Status)
}

func TestAPINIsChangedOnItsPage(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	_, serial := h.atCounter(c)
	lea := h.as(c.lea)
	for name, test := range map[string]struct{ current, pin, again, field, says string }{
		"wrong current": {"9999", "730452", "730452", "current", "Ce n'est pas votre code PIN actuel."},
		"no current":    {"", "730452", "730452", "current", "Tapez votre code PIN actuel."},
		"not twice":     {"4071", "730452", "730453", "pin2", "Les deux nouveaux codes PIN sont différents"},
		"the same":      {"4071", "4071", "4071", "pin", "C'est le même code PIN que l'actuel : choisissez-en un autre."},
		"one digit":     {"4071", "7777", "7777", "pin", "répète un seul chiffre"},
		"too long":      {"4071", "123456789", "123456789", "pin", "Le code PIN compte 4 à 8 chiffres"},
	} {
		refused := lea.changesPIN(serial, test.current, test.pin, test.again)
		assert.Equal(t, http.StatusUnprocessableEntity, refused.Status, name)
		assert.Contains(t, refused.text(), test.says, name)
		assert.Contains(t, refused.HTML, `id="pin-`+test.field+`-erreur"`, name)
		for _, typed := range []string{test.current, test.pin} {
			if typed != "" {
				assert.NotContains(t, refused.HTML, `"`+typed+`"`, "%s: a PIN is never shown", name)
			}
		}
		assert.Contains(t, refused.HTML, `value="`+string(serial)+`"`, name)
	}
	done := lea.done(lea.changesPIN(serial, "4071", "730452", "730452"))
	assert.Contains(t, done.text(), "C'est fait : le code PIN de votre clef "+string(serial)+" a changé. Un courriel vous le confirme.")
	assert.NotContains(t, done.HTML, `type="password"`, "nobody changes it twice in a row")
	for _, way := range []string{"/", keyPage(serial)} {
		assert.Equal(t, way == "/", strings.Contains(done.HTML, `<li><a href="`+way+`">`), "%s: the key still waits", way)
	}
	lea.done(lea.changesPIN(serial, "730452", "8152", "8152"))

	for range okey.PINFree + 1 {
		lea.changesPIN(serial, "9999", "730452", "730452")
	}
	throttled := lea.changesPIN(serial, "8152", "730452", "730452")
	assert.Equal(t, http.StatusTooManyRequests, throttled.Status)
	assert.NotEmpty(t, throttled.Header.Get("Retry-After"))
	assert.Contains(t, throttled.text(), "attendez 1 minute avant de réessayer")
	assert.Contains(t, throttled.text(), "J'ai oublié mon code PIN")
	assert.Contains(t, lea.get(pinPage(serial)).text(), "attendez 1 minute avant de réessayer", "before anything is typed in vain")
	h.Exec(`UPDATE pin_guard SET blocked_until = now() - interval '1 second'`)
	assert.NotContains(t, lea.get(pinPage(serial)).text(), "avant de réessayer", "it is over")
}

// A field that takes no more than the eight allowed would cut a longer one, under dots, and OKEY would keep what nobody knows.
func TestAFieldForAPINTakesOneThatIsTooLong(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	_, serial := h.atCounter(c)
	fields := regexp.MustCompile(`<input[^>]* type="password"[^>]*>`).FindAllString(h.as(c.lea).get(pinPage(serial)).HTML, -1)
	require.Len(t, fields, 3)
	for _, field := range fields {
		assert.Contains(t, field, `maxlength="20"`)
	}
}

func TestAPINIsNotKeptForWhoseSessionHasEnded(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	_, serial := h.atCounter(c)
	lea := h.as(c.lea)
	form := lea.get(pinPage(serial)).form(t, "/mon-code-pin", "current", "4071", "pin", "730452", "pin2", "730452")
	gone := h.browse().post("/mon-code-pin", form)
	assert.Equal(t, http.StatusUnauthorized, gone.Status)
	assert.Equal(t, 0,
		h.Count(`SELECT count(*) FROM session WHERE encode(data, 'escape') LIKE '%730452%' OR encode(data, 'escape') LIKE '%4071%'`))
}

// signedIn is a visitor who has come through the provider.
func (v *visitor) signedIn(p *identity, who okey.Person) {
	v.Helper()
	p.claims = map[string]any{"sub": who.UID, "uid": who.UID}
	back := v.do(http.MethodGet, "/connexion/retour?code=the-code&state="+v.leave(p, "/connexion"))
	require.Equal(v, http.StatusSeeOther, back.Status, back.Text)
}

// browser is the visitor's, for pages and forms.
func (v *visitor) browser() *browser { return &browser{house: v.house, client: v.web} }

// afresh begins a fresh sign-in from the page and comes back from the provider.
func (v *visitor) afresh(p *identity, serial okey.Serial) sheet {
	v.Helper()
	b := v.browser()
	away := b.fill(forgottenPage(serial), "/mon-code-pin/oublie/connexion")
	require.Equal(v, http.StatusSeeOther, away.Status, away.text())
	to, err := url.Parse(away.Location)
	require.NoError(v, err)
	p.asked = to.Query()
	assert.Equal(v, "login", p.asked.Get("prompt"))
	assert.Equal(v, "0", p.asked.Get("max_age"))
	return b.get("/connexion/retour?code=the-code&state=" + p.asked.Get("state"))
}

func TestAForgottenPINIsSetOnceAfterAFreshSignIn(t *testing.T) {
	h, p := newGate(t)
	c := h.cast()
	_, serial := h.atCounter(c)
	v := h.visitor()
	v.signedIn(p, c.lea)
	lea := v.browser()
	before := lea.get(forgottenPage(serial))
	assert.Contains(t, before.text(), "Me connecter de nouveau")
	assert.NotContains(t, before.HTML, `name="pin"`)
	session := v.session()

	p.authTime = time.Now()
	back := v.afresh(p, serial)
	require.Equal(t, forgottenPage(serial), back.Location)
	assert.NotEqual(t, session, v.session(), "the session is renewed")
	form := lea.get(back.Location).form(t, "/mon-code-pin/oublie", "pin", "730452", "pin2", "730453")
	assert.Equal(t, http.StatusUnprocessableEntity, lea.post("/mon-code-pin/oublie", form).Status, "a slip costs nothing")
	form = lea.get(back.Location).form(t, "/mon-code-pin/oublie", "pin", "730452", "pin2", "730452")
	assert.Contains(t, lea.done(lea.post("/mon-code-pin/oublie", form)).text(), "a changé")
	assert.Contains(t, lea.done(lea.post("/mon-code-pin/oublie", form)).text(), "a changé", "sent twice, it is one change")
	other := url.Values{"pin": {"918273"}, "pin2": {"918273"}}
	for name, values := range form {
		if !other.Has(name) {
			other[name] = values
		}
	}
	assert.NotEqual(t, http.StatusSeeOther, lea.post("/mon-code-pin/oublie", other).Status, "another PIN is another change")
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM audit WHERE event = 'pin_set' AND detail = 'sign_in'`))
	assert.Contains(t, h.as(c.support).get("/assistance/journal").text(), "code oublié, après une nouvelle connexion")
	assert.Equal(t, http.StatusOK, h.changePIN(c.lea, "730452", "8152").Status)

	assert.Contains(t, lea.get(back.Location).text(), "Me connecter de nouveau", "it serves once")
	form.Set("action", "0191c7a4-7d1c-7b6e-9f0a-000000000001")
	refused := lea.post("/mon-code-pin/oublie", form)
	assert.Equal(t, http.StatusForbidden, refused.Status)
	assert.Contains(t, refused.text(), "connectez-vous de nouveau")
	assert.Equal(t, http.StatusOK, h.changePIN(c.lea, "8152", "730452").Status)
}

func TestAForgottenPINEndsALock(t *testing.T) {
	h, p := newGate(t)
	c := h.cast()
	serial, check := h.inService(c), h.checker()
	for range okey.PINLimit {
		h.pass()
		check(serial, "9999")
	}
	require.Equal(t, "pin_locked", check(serial, "4071").at("code"))
	v := h.visitor()
	v.signedIn(p, c.lea)
	p.authTime = time.Now()
	page := v.afresh(p, serial).Location
	v.browser().done(v.browser().fill(page, "/mon-code-pin/oublie", "pin", "730452", "pin2", "730452"))
	assert.Equal(t, true, check(serial, "730452").at("ok"))
}

func TestOnlyAFreshSignInOfTheSamePersonOpensAForgottenPIN(t *testing.T) {
	h, p := newGate(t)
	c := h.cast()
	_, serial := h.atCounter(c)
	for name, test := range map[string]struct {
		at   time.Time
		who  okey.Person
		says string
	}{
		"no auth_time":    {time.Time{}, c.lea, "ne confirme pas"},
		"not asked again": {time.Now().Add(-10 * time.Minute), c.lea, "ne confirme pas"},
		"someone else":    {time.Now(), c.roux, "autre compte"},
	} {
		v := h.visitor()
		v.signedIn(p, c.lea)
		p.authTime, p.claims = test.at, map[string]any{"sub": test.who.UID, "uid": test.who.UID, "auth_time": time.Now().Unix()}
		back := v.afresh(p, serial)
		assert.Equal(t, http.StatusForbidden, back.Status, name)
		assert.Contains(t, back.text(), test.says, name)
		assert.Equal(t, []string{"Recommencer"}, back.buttons(), name)
		assert.Contains(t, back.HTML, `href="`+forgottenPage(serial)+`"`, name)
		assert.NotContains(t, v.browser().get(forgottenPage(serial)).HTML, `name="pin"`, name)
		assert.Contains(t, v.browser().get("/").text(), "Bonjour Léa Martin", "%s: who was signed in stays it", name)
		p.authTime = time.Time{}
	}
	assert.Equal(t, 0, h.Count(`SELECT count(*) FROM action WHERE name = 'pin-change'`))
}

// Whoever's session ended on the page, or who comes there from a mail, has to sign in: asked again by the provider, that is the
// fresh sign-in.
func TestASignInThatLeadsToAForgottenPINIsAFreshOne(t *testing.T) {
	h, p := newGate(t)
	c := h.cast()
	_, serial := h.atCounter(c)
	p.claims = map[string]any{"sub": c.lea.UID, "uid": c.lea.UID}
	for _, test := range []struct {
		at    time.Time
		opens bool
	}{{time.Now(), true}, {time.Now().Add(-10 * time.Minute), false}, {time.Time{}, false}} {
		v := h.visitor()
		led := v.browser().get(forgottenPage(serial))
		require.Equal(t, http.StatusSeeOther, led.Status)
		state := v.leave(p, led.Location)
		assert.Equal(t, "login", p.asked.Get("prompt"))
		assert.Equal(t, "0", p.asked.Get("max_age"))
		p.authTime = test.at
		back := v.browser().get("/connexion/retour?code=the-code&state=" + state)
		require.Equal(t, forgottenPage(serial), back.Location)
		page := v.browser().get(back.Location)
		assert.Equal(t, test.opens, strings.Contains(page.HTML, `name="pin"`), test.at)
		assert.Equal(t, !test.opens, strings.Contains(page.text(), "Me connecter de nouveau"), test.at)
	}
	v := h.visitor()
	v.leave(p, "/connexion?vers=/demandes")
	assert.Empty(t, p.asked.Get("prompt"), "elsewhere the provider's session will do")
}

func TestAFreshSignInEndsAfterFiveMinutes(t *testing.T) {
	h, p := newGate(t)
	c := h.cast()
	_, serial := h.atCounter(c)
	v := h.visitor()
	v.signedIn(p, c.lea)
	p.authTime = time.Now()
	page := v.afresh(p, serial).Location
	require.Contains(t, v.browser().get(page).HTML, `name="pin"`)
	data := h.Text(`SELECT encode(data, 'escape') FROM session WHERE encode(data, 'escape') LIKE '%until%'`)
	until := regexp.MustCompile(`until.{1,4}"([^"\\]+)`).FindStringSubmatch(data)
	require.Len(t, until, 2, data)
	end, err := time.Parse(time.RFC3339Nano, until[1])
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now().Add(5*time.Minute), end, 30*time.Second)
	h.Exec(`UPDATE session SET data = decode(replace(encode(data, 'escape'), $1, $2), 'escape')`, until[1],
		end.Add(-time.Hour).Format(time.RFC3339Nano))
	later := v.browser().get(page)
	assert.Contains(t, later.text(), "Me connecter de nouveau")
	assert.NotContains(t, later.HTML, `name="pin"`)
}

func TestAPINThatOKEYDoesNotKnowIsChosenAfterAFreshSignIn(t *testing.T) {
	h, p := newGate(t)
	c := h.cast()
	serial := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2030, 1, 1))
	h.Exec(`UPDATE key SET prior_to_okey = true`)
	v := h.visitor()
	v.signedIn(p, c.lea)
	lea := v.browser()
	page := lea.get(pinPage(serial))
	assert.Contains(t, page.text(), "choisi avant OKEY")
	assert.Contains(t, page.HTML, `href="`+forgottenPage(serial)+`"`)
	assert.NotContains(t, page.HTML, `name="current"`)
	assert.Contains(t, lea.get(keyPage(serial)).text(), "Charte et code PIN d'avant OKEY")

	p.authTime = time.Now()
	lea.done(lea.fill(v.afresh(p, serial).Location, "/mon-code-pin/oublie", "pin", "730452", "pin2", "730452"))
	assert.Contains(t, lea.get(keyPage(serial)).text(), "Charte d'avant OKEY")
	assert.Equal(t, true, h.checker()(serial, "730452").at("ok"))
}

// What happens where the judges are slow or say no.
func TestAChangeOfPINThatIsNotThereAtOnceIsFollowed(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.inService(c)
	lea := h.as(c.lea)
	form := lea.get(pinPage(serial)).form(t, "/mon-code-pin", "current", "4071", "pin", "730452", "pin2", "730452")
	h.cutOff(true)
	recorded := lea.post("/mon-code-pin", form)
	assert.Equal(t, http.StatusAccepted, recorded.Status)
	assert.Contains(t, recorded.text(), "C'est enregistré")
	follow := recorded.Header.Get("Location")
	assert.Equal(t, http.StatusAccepted, lea.get(follow).Status)

	h.Exec(`UPDATE key SET state = 'lost', holder = NULL, pin_hash = NULL`)
	h.cutOff(false)
	a := h.Text(`SELECT id::text FROM action WHERE name = 'pin-change'`)
	require.NoError(t, h.Judges.Deliver(t.Context(), okey.Action{ID: uuid.MustParse(a), Name: okey.ActionPINChange, Key: serial}))
	refused := lea.get(follow)
	assert.Equal(t, http.StatusConflict, refused.Status)
	assert.Contains(t, refused.text(), "Cette clef n'est plus la vôtre : son code PIN n'a pas changé.")
	assert.Equal(t, 0, h.Count(`SELECT count(*) FROM action WHERE pin_hash IS NOT NULL`))
}
