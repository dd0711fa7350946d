package server_test

import (
	"context"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"okey"
	"okey/internal/scene"

	"github.com/alexedwards/scs/postgresstore"
	"github.com/alexedwards/scs/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// browser is one person's browser: cookies kept, redirects followed by hand.
type browser struct {
	*house
	client *http.Client
	cookie *http.Cookie
}

// sheet is a page as a browser has it.
type sheet struct {
	Status   int
	Header   http.Header
	HTML     string
	Location string
}

// browse opens a browser that nobody has signed in with.
func (h *house) browse() *browser {
	h.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(h, err)
	return &browser{house: h, client: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// as opens a browser in which a person has signed in.
func (h *house) as(p okey.Person) *browser {
	h.Helper()
	b := h.browse()
	b.signIn(p)
	return b
}

// signIn writes the session that the callback of the identity provider would; sign-in itself has tests of its own.
func (b *browser) signIn(p okey.Person) {
	b.Helper()
	m := scs.New()
	m.Store = postgresstore.NewWithConfig(b.Store.DB(), postgresstore.Config{TableName: "session"})
	m.HashTokenInStore = true
	ctx, err := m.Load(context.Background(), b.token(p))
	require.NoError(b, err)
	m.Put(ctx, "person", p.ID.String())
	token, _, err := m.Commit(ctx)
	require.NoError(b, err)
	home, err := url.Parse(b.URL)
	require.NoError(b, err)
	b.client.Jar.SetCookies(home, []*http.Cookie{{Name: b.cookieName(), Value: token, Path: "/"}})
}

// cookieName asks the server how its session's cookie is called: an anonymous form makes one.
func (b *browser) cookieName() string {
	b.Helper()
	r, err := b.client.PostForm(b.URL+"/demandes/nouvelle", url.Values{"person": {"x"}})
	require.NoError(b, err)
	_ = r.Body.Close()
	require.NotEmpty(b, r.Cookies())
	return r.Cookies()[0].Name
}

func (b *browser) get(path string) sheet {
	b.Helper()
	r, err := b.client.Get(b.URL + path)
	require.NoError(b, err)
	return b.read(r)
}

func (b *browser) post(path string, form url.Values) sheet {
	b.Helper()
	r, err := b.client.PostForm(b.URL+path, form)
	require.NoError(b, err)
	return b.read(r)
}

// english are words that no page may show: codes, states and faults of the program.
var english = regexp.MustCompile(`\b(awaiting_\w+|handed_over|in_stock|in_service|not_found|internal|panic|error|invalid|undefined|nil|map\[|%!\w)`)

// read takes the answer in, and holds every page to what all pages keep.
func (b *browser) read(r *http.Response) sheet {
	b.Helper()
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	require.NoError(b, err)
	p := sheet{Status: r.StatusCode, Header: r.Header, HTML: string(body), Location: r.Header.Get("Location")}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") && p.HTML != "" && p.Location == "" || r.StatusCode == http.StatusAccepted {
		assert.Contains(b, p.HTML, `<html lang="fr">`)
		assert.Contains(b, p.HTML, `<main id="contenu"`)
		assert.Equal(b, "no-store", p.Header.Get("Cache-Control"))
		assert.Contains(b, p.Header.Get("Content-Security-Policy"), "default-src 'none'")
		assert.NotRegexp(b, `(?i)<[^>]+\s(style|on\w+)=`, p.HTML, "no inline style or script")
		assert.NotRegexp(b, english, p.text(), "%s", p.text())
		b.labelled(p)
	}
	return p
}

var (
	tags    = regexp.MustCompile(`(?s)<[^>]*>`)
	spaces  = regexp.MustCompile(`\s+`)
	pointed = regexp.MustCompile(`(?:for|aria-describedby|href)="#?([^"/:?]+)"`)
)

// text is what a person reads of the page.
func (p sheet) text() string {
	return strings.TrimSpace(spaces.ReplaceAllString(html.UnescapeString(tags.ReplaceAllString(p.HTML, " ")), " "))
}

// labelled holds labels, descriptions and links within the page to ids that exist.
func (b *browser) labelled(p sheet) {
	b.Helper()
	for _, m := range pointed.FindAllStringSubmatch(p.HTML, -1) {
		for _, id := range strings.Fields(m[1]) {
			assert.Contains(b, p.HTML, `id="`+id+`"`, "something points to #%s", id)
		}
	}
}

var (
	forms  = regexp.MustCompile(`(?s)<form[^>]*action="([^"]*)"[^>]*>(.*?)</form>`)
	inputs = regexp.MustCompile(`<input[^>]*>`)
	areas  = regexp.MustCompile(`(?s)<textarea[^>]*name="([^"]*)"[^>]*>(.*?)</textarea>`)
	attr   = regexp.MustCompile(`(\w+)="([^"]*)"`)
)

// form is what a browser would send of the form with this address, with what the person adds.
func (p sheet) form(t testing.TB, action string, typed ...string) url.Values {
	t.Helper()
	for _, m := range forms.FindAllStringSubmatch(p.HTML, -1) {
		if m[1] != action {
			continue
		}
		values := url.Values{}
		for _, input := range inputs.FindAllString(m[2], -1) {
			a := map[string]string{}
			for _, pair := range attr.FindAllStringSubmatch(input, -1) {
				a[pair[1]] = pair[2]
			}
			if (a["type"] == "radio" || a["type"] == "checkbox") && !strings.Contains(input, " checked") {
				continue
			}
			values.Set(a["name"], html.UnescapeString(a["value"]))
		}
		for _, area := range areas.FindAllStringSubmatch(m[2], -1) {
			values.Set(area[1], html.UnescapeString(area[2]))
		}
		for i := 0; i+1 < len(typed); i += 2 {
			values.Set(typed[i], typed[i+1])
		}
		return values
	}
	t.Fatalf("no form for %s on the page: %s", action, p.text())
	return nil
}

// fill opens a page, fills the form with this address, and sends it.
func (b *browser) fill(page, action string, typed ...string) sheet {
	b.Helper()
	return b.post(action, b.get(page).form(b, action, typed...))
}

// done follows a form that was accepted to the page that says so.
func (b *browser) done(p sheet) sheet {
	b.Helper()
	require.Equal(b, http.StatusSeeOther, p.Status, p.text())
	return b.get(p.Location)
}

// asks has the person ask for a key, and returns the page of the request.
func (b *browser) asks() string {
	b.Helper()
	p := b.fill("/demandes/nouvelle", "/demandes/nouvelle", "need", "saisie des absences")
	require.Equal(b, http.StatusSeeOther, p.Status, p.text())
	path, _, _ := strings.Cut(p.Location, "?")
	return path
}

func (b *browser) answers(page, decision, comment string) sheet {
	b.Helper()
	return b.fill(page, page+"/reponse", "decision", decision, "comment", comment)
}

func (b *browser) signs(page string) sheet {
	b.Helper()
	return b.fill(page, page+"/charte", "read", "oui", "pin", "4071", "pin2", "4071")
}

func TestARequestGoesFromAskingToHandoverThroughForms(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.Key(scene.Tilleuls)
	lea, roux := h.as(c.lea), h.as(c.roux)

	home := lea.get("/")
	assert.Contains(t, home.text(), "Vous n'avez pas de clef")
	form := lea.get("/demandes/nouvelle")
	assert.Contains(t, form.text(), "Collège des Tilleuls : 1 clef libre.")
	asked := lea.done(lea.post("/demandes/nouvelle", form.form(t, "/demandes/nouvelle", "need", "saisie des absences")))
	assert.Contains(t, asked.text(), "Votre demande est envoyée à")
	assert.Contains(t, asked.text(), "Marc Roux")
	page, _, _ := strings.Cut(lea.get("/suivi/"+form.form(t, "/demandes/nouvelle").Get("action")).Location, "?")

	home = roux.get("/")
	assert.Contains(t, home.text(), "Léa Martin « saisie des absences »")
	assert.NotContains(t, roux.get(page).HTML, " checked", "nothing is chosen beforehand")
	approved := roux.done(roux.answers(page, "approve", ""))
	assert.Contains(t, approved.text(), "Vous avez accepté. Une clef est réservée à Léa Martin jusqu'au")

	home = lea.get("/")
	assert.Contains(t, home.text(), "Signer la charte et choisir mon code PIN")
	assert.Contains(t, home.text(), "Acceptée")
	signed := lea.done(lea.signs(page))
	assert.Contains(t, signed.text(), "Votre clef vous attend : venez la chercher auprès de")
	assert.NotContains(t, signed.HTML, "4071")

	assert.Contains(t, roux.get("/").text(), "Clef à remettre depuis")
	handed := roux.done(roux.fill(page, page+"/remise", "serial", " "+strings.ToLower(string(serial[:4]))+"-"+string(serial[4:])))
	assert.Contains(t, handed.text(), "La clef "+string(serial)+" est remise à Léa Martin.")
	assert.Equal(t, okey.InService, h.KeyState(serial))
	assert.Contains(t, lea.get("/").text(), "Clef "+string(serial))
	assert.Contains(t, lea.get("/demandes/nouvelle").text(), "sert jusqu'au")
	assert.Equal(t, 4, h.Count(`SELECT count(*) FROM action WHERE via = 'web' AND outcome = 'accepted'`))
}

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

	sign := lea.get(page).form(t, page+"/charte", "read", "oui", "pin", "4071", "pin2", "4071")
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
	assert.Contains(t, empty.HTML, `href="#demande-need"`)
	assert.Contains(t, empty.HTML, `aria-invalid="true"`)
	assert.Contains(t, empty.HTML, `aria-describedby="demande-need-aide demande-need-erreur"`)

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
		"Les deux codes PIN sont différents": {"read", "oui", "pin", "4071", "pin2", "4072"},
		"Cochez la case pour signer":         {"pin", "4071", "pin2", "4071"},
	} {
		wrong := lea.fill(page, page+"/charte", typed...)
		assert.Equal(t, http.StatusUnprocessableEntity, wrong.Status, name)
		assert.Contains(t, wrong.text(), name)
		for _, pin := range []string{"4071", "4072", `"3456"`} {
			assert.NotContains(t, wrong.HTML, `value="`+strings.Trim(pin, `"`)+`"`)
		}
		assert.NotContains(t, wrong.HTML, "4071")
	}
	assert.Equal(t, 2, h.Count(`SELECT count(*) FROM action`), "asked and accepted: what was wrong left no row")
}

func TestSecondApproverLearnsOnThePageWhoDecided(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	page := h.as(c.lea).asks()
	roux, blanc := h.as(c.roux), h.as(c.blanc)
	late := roux.get(page).form(t, page+"/reponse", "decision", "refuse", "comment", "non")
	blanc.done(blanc.answers(page, "approve", ""))
	told := roux.post(page+"/reponse", late)
	assert.Equal(t, http.StatusConflict, told.Status)
	assert.Regexp(t, `Anne Blanc a déjà accepté cette demande \S+ \S+ \S+ à \d+ h \d\d\. Votre action n'a rien changé\.`, told.text())
	assert.Equal(t, "awaiting_charter", h.Text(`SELECT stage FROM request`))
}

func TestNobodySeesAnothersRequestNorAnswersTheirOwn(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.as(c.lea).asks()
	stranger := h.as(c.stranger)
	for _, p := range []sheet{stranger.get(page), stranger.post(page+"/reponse", url.Values{"action": {"0b7d3f30-5a0f-4f57-8c08-2b9d1e7a4b11"}, "decision": {"approve"}}),
		stranger.get("/demandes/pas-un-numero"), stranger.get("/nulle-part")} {
		assert.Equal(t, http.StatusNotFound, p.Status)
		assert.Contains(t, p.text(), "Cette page n'existe pas, ou elle n'est pas pour vous.")
		assert.NotContains(t, p.text(), "Léa")
	}
	own := h.as(c.lea).post(page+"/reponse", url.Values{"action": {"0b7d3f30-5a0f-4f57-8c08-2b9d1e7a4b12"}, "decision": {"approve"}})
	assert.Equal(t, http.StatusForbidden, own.Status)
	assert.NotContains(t, h.as(c.lea).get(page).HTML, page+"/reponse")
	assert.NotContains(t, stranger.get("/demandes").text(), "Léa")
	assert.Contains(t, h.as(c.roux).get("/demandes").text(), "Léa Martin")
}

func TestWhoeverHasNoEstablishmentLearnsWhatToDo(t *testing.T) {
	h := newHouse(t)
	nobody := h.as(h.Person("Jean Dupont", okey.Staff))
	for _, page := range []string{"/", "/demandes/nouvelle"} {
		assert.Contains(t, nobody.get(page).text(),
			"Nous ne vous trouvons dans aucun établissement. Demandez à votre secrétariat de vérifier votre affectation, ou écrivez à l'assistance.")
	}
}

func TestAnActionThatWaitsIsSaidToBeRecorded(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	lea := h.as(c.lea)
	h.Judges.away.Store(true)
	recorded := lea.fill("/demandes/nouvelle", "/demandes/nouvelle", "need", "notes")
	assert.Equal(t, http.StatusAccepted, recorded.Status)
	assert.Contains(t, recorded.text(), "C'est enregistré")
	assert.Contains(t, recorded.text(), "Actualiser")
	assert.Equal(t, http.StatusAccepted, lea.get(recorded.Location).Status)
	assert.Equal(t, http.StatusNotFound, h.as(c.roux).get(recorded.Location).Status, "somebody else's action")

	h.Judges.away.Store(false)
	waiting, err := h.Store.Undelivered(context.Background(), time.Now().Add(time.Hour), 10)
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

// continueAs signs a person in with the session that the browser has, as the callback does.
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
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, h.URL+"/demandes/nouvelle", strings.NewReader(form.Encode()))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	answer, err := lea.client.Do(r)
	require.NoError(t, err)
	_ = answer.Body.Close()
	assert.Equal(t, http.StatusForbidden, answer.StatusCode)
	assert.Zero(t, h.Count(`SELECT count(*) FROM action`))
}

func TestEveryPageOpensForEveryRole(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.Key(scene.Tilleuls)
	page := h.as(c.lea).asks()
	auditor := h.Person("Aude Itrice", okey.Staff)
	h.Exec(`UPDATE person SET auditor = true WHERE id = $1`, auditor.ID)
	for name, want := range map[string]struct {
		who  okey.Person
		desk int
		seen int // request and key
	}{
		"requester": {c.lea, 403, 200}, "approver": {c.roux, 403, 200}, "support": {c.support, 200, 200}, "auditor": {auditor, 200, 200},
	} {
		t.Run(name, func(t *testing.T) {
			b := h.as(want.who)
			for _, path := range []string{"/", "/demandes", "/demandes/nouvelle", "/clefs", "/aide", "/charte"} {
				p := b.get(path)
				assert.Equal(t, http.StatusOK, p.Status, path)
				assert.Contains(t, p.HTML, want.who.Name(), path)
				assert.Contains(t, p.HTML, `action="/deconnexion"`, path)
			}
			assert.Equal(t, want.seen, b.get(page).Status)
			assert.Contains(t, []int{want.desk, 404}, b.get("/assistance").Status)
			assert.Equal(t, want.desk == 200, strings.Contains(b.get("/").HTML, `href="/assistance"`))
			if name != "requester" {
				assert.Contains(t, b.get("/clefs/"+string(serial)).text(), "Informations sur la clef")
			}
		})
	}
}
