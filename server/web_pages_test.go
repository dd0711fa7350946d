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

	"okey/okey"

	"github.com/alexedwards/scs/postgresstore"
	"github.com/alexedwards/scs/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// browser is one person's browser: cookies kept, redirects followed by hand.
type browser struct {
	*house
	client *http.Client
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
	m.Put(ctx, "began", time.Now().Format(time.RFC3339Nano))
	token, _, err := m.Commit(ctx)
	require.NoError(b, err)
	home, err := url.Parse(b.URL)
	require.NoError(b, err)
	b.client.Jar.SetCookies(home, []*http.Cookie{{Name: b.cookieName(), Value: token, Path: "/"}})
}

// cookieName asks the server how its session's cookie is called: an anonymous form makes one. A house asks once: such forms are counted.
func (b *browser) cookieName() string {
	b.Helper()
	if b.cookie == "" {
		r, err := http.PostForm(b.URL+"/demandes/nouvelle", url.Values{"person": {"x"}})
		require.NoError(b, err)
		_ = r.Body.Close()
		require.NotEmpty(b, r.Cookies())
		b.cookie = r.Cookies()[0].Name
	}
	return b.cookie
}

func (b *browser) get(path string) sheet {
	b.Helper()
	r, err := b.client.Get(b.URL + path)
	require.NoError(b, err)
	defer func() { _ = r.Body.Close() }()
	return b.read(r)
}

func (b *browser) post(path string, form url.Values) sheet {
	b.Helper()
	r, err := b.client.PostForm(b.URL+path, form)
	require.NoError(b, err)
	defer func() { _ = r.Body.Close() }()
	return b.read(r)
}

// english are words that no page may show: codes, states and faults of the program, and dates as machines write them.
var english = regexp.MustCompile(`\b(awaiting_\w+|handed_over|in_stock|in_service|in_transit|return_to_stock|not_found|already_\w+|` +
	`key_(un|else|not|trans)\w+|wrong_stage|` +
	`own_request|rate_limited|internal|panic|error|invalid|undefined|nil|map\[|%!\w|goroutine|no such|refused by|context \w+ed)|` +
	`(^|\s)20\d\d-\d\d-\d\d(\s|$|T)`)

// read takes the answer in, and holds every page to what all pages keep.
func (b *browser) read(r *http.Response) sheet {
	b.Helper()
	body, err := io.ReadAll(r.Body)
	require.NoError(b, err)
	p := sheet{Status: r.StatusCode, Header: r.Header, HTML: string(body), Location: r.Header.Get("Location")}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
		p.HTML = strings.ReplaceAll(p.HTML, "\u00a0", " ") // how it is spaced has tests of its own
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") && p.HTML != "" && p.Location == "" ||
		r.StatusCode == http.StatusAccepted {
		assert.Contains(b, p.HTML, `<html lang="fr">`)
		if strings.Contains(p.Header.Get("Content-Security-Policy"), "; sandbox") {
			return p // a mail, in its frame
		}
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
	tags      = regexp.MustCompile(`(?s)<[^>]*>`)
	spaces    = regexp.MustCompile(`\s+`)
	summaries = regexp.MustCompile(`(?s)<div class="warning" role="alert" tabindex="-1".*?</div>`)
	pointed   = regexp.MustCompile(`(?:for|aria-describedby|href)="#?([^"/:?]+)"`)
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
	for _, summary := range summaries.FindAllString(p.HTML, -1) {
		at := 0
		for _, m := range pointed.FindAllStringSubmatch(summary, -1) {
			here := strings.Index(p.HTML, `id="`+m[1]+`"`)
			assert.Greater(b, here, at, "errors are told in the order of their fields: #%s", m[1])
			at = here
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
	return b.fill(page+"/charte", page+"/charte", "read", "oui", "pin", "4071", "pin2", "4071")
}

// continueAs signs a person in with the session that the browser has, as the callback does.

// signed brings a request to the counter, and returns its page.

var inTheMenu = regexp.MustCompile(`(?s)<nav aria-label="[^"]*">\s*<ul>(.*?)</ul>`)

func TestTheMenuHasWhatOneDoesEveryDay(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	for _, entries := range []struct {
		who  okey.Person
		menu string
	}{
		{c.lea, "Accueil Demandes Clefs Aide"},
		{c.roux, "Accueil Demandes Remise Gérer les clefs Stock Commandes Inventaire Délégations Aide"},
		{h.delegates(c.roux), "Accueil Demandes Remise Gérer les clefs Stock Commandes Inventaire Aide"},
		{c.support, "Assistance Demandes Gérer les clefs Commandes Aide"},
		{h.auditor(), "Journal Demandes Clefs Commandes Assistance Aide"},
	} {
		found := inTheMenu.FindStringSubmatch(h.as(entries.who).get("/").HTML)
		require.NotNil(t, found, entries.who.Name())
		assert.Equal(t, entries.menu, strings.Join(strings.Fields(html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(found[1], " "))), " "))
	}
}
