package server_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"
	"okey/server"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// asksFrom sends a whole, right form of Léa's with the headers that a browser adds on the site where it was made.
func (b *browser) asksFrom(form url.Values, headers map[string]string) int {
	b.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, b.URL+"/demandes/nouvelle",
		strings.NewReader(form.Encode()))
	require.NoError(b, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	response, err := b.client.Do(r)
	require.NoError(b, err)
	require.NoError(b, response.Body.Close())
	return response.StatusCode
}

func TestAFormOfAnotherSiteDoesNothing(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	b := h.as(c.lea)
	form := b.get("/demandes/nouvelle").form(t, "/demandes/nouvelle", "need", "saisie des absences")
	for _, headers := range []map[string]string{
		{"Origin": "https://ailleurs.fr"},
		{"Origin": "null"},
		{"Sec-Fetch-Site": "cross-site"},
		{"Sec-Fetch-Site": "same-site"},
		{"Origin": "https://ailleurs.fr", "Sec-Fetch-Site": "cross-site", "Referer": h.URL},
	} {
		assert.Equal(t, http.StatusForbidden, b.asksFrom(form, headers), "%v", headers)
	}
	assert.Zero(t, h.Count(`SELECT count(*) FROM request`))
	assert.Zero(t, h.Count(`SELECT count(*) FROM action`))
	assert.Equal(t, http.StatusSeeOther, b.asksFrom(form, map[string]string{"Origin": h.URL, "Sec-Fetch-Site": "same-origin"}),
		"the same form, from here")
}

// What is told of a form of another site is a page like any other. Whose browser it came with must not be read from the cookie
// that came along.
func TestTheRefusalOfAnotherSitesFormIsAPageThatKnowsNobody(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	lea := h.as(c.lea)
	for _, path := range []string{"/demandes/nouvelle", "/compte/sessions", "/deconnexion", "/rien/de/tel"} {
		before := h.state()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+path, strings.NewReader("need=x"))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		response, err := lea.client.Do(r)
		require.NoError(t, err)
		p := lea.read(response)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, http.StatusForbidden, p.Status)
		assert.Contains(t, p.HTML, "<h1>Ce formulaire ne vient pas d&#39;OKEY</h1>")
		assert.Contains(t, p.HTML, `<a class="button" href="/">Aller à l'accueil</a>`)
		assert.NotContains(t, p.text(), "Léa")
		assert.Contains(t, p.Header.Get("Content-Security-Policy"), "default-src 'none'")
		assert.Empty(t, p.Header.Values("Set-Cookie"))
		assert.Equal(t, before, h.state(), "not even the session is prolonged")
	}
	assert.Equal(t, http.StatusOK, lea.get("/").Status, "still signed in")
}

func TestAnotherPersonsFormIsNotTakenForMine(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	theirs := h.as(c.blanc).get("/demandes/nouvelle").form(t, "/demandes/nouvelle", "need", "saisie des absences")
	answer := h.as(c.lea).post("/demandes/nouvelle", theirs)
	assert.Equal(t, http.StatusForbidden, answer.Status)
	assert.Contains(t, answer.text(), "changé de compte")
	assert.Zero(t, h.Count(`SELECT count(*) FROM request`))
}

func TestNoPageIsFramedCachedOrToldToOthers(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2030, 1, 1))
	b := h.as(c.roux)
	for _, path := range []string{
		"/", "/demandes", "/clefs", "/clefs.xlsx", "/clefs/" + string(serial), "/commandes", "/inventaire", "/compte", "/compte.xlsx",
		"/aide", "/charte",
		"/confidentialite", "/valider/inconnu", "/rien/de/tel", "/assistance", "/connexion/retour",
	} {
		header := b.get(path).Header
		assert.Equal(t, "DENY", header.Get("X-Frame-Options"), path)
		assert.Contains(t, header.Get("Content-Security-Policy"), "frame-ancestors 'none'", path)
		assert.Equal(t, "no-store", header.Get("Cache-Control"), path)
		assert.Contains(t, []string{"strict-origin", "no-referrer"}, header.Get("Referrer-Policy"), path)
		assert.Equal(t, "nosniff", header.Get("X-Content-Type-Options"), path)
	}
	for _, path := range []string{"/requests", "/keys", "/charter", "/keys/" + string(serial), "/nothing"} {
		header := h.call(c.roux, http.MethodGet, path, nil).Header
		assert.Equal(t, "no-store", header.Get("Cache-Control"), path)
		assert.Equal(t, "nosniff", header.Get("X-Content-Type-Options"), path)
	}
}

// hostile is what somebody writes who hopes that a page takes it for its own words: of HTML, of a template, of a script, of a spreadsheet.
const hostile = `"'><script>alert(1)</script><img src=x/onerror=alert(2)>{{.}}javascript:alert(3)</textarea></title>`

// markup is what must never stand in a page as it was written.
var markup = []string{"<script>alert", "<img src=x", "</textarea></title>"}

func TestWhatPeopleWriteNeverBecomesMarkup(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Exec(`UPDATE person SET family_name = $1 WHERE id IN ($2, $3)`, hostile, c.lea.ID, c.roux.ID)
	h.Exec(`UPDATE establishment SET name = $1, commune = $1`, hostile)
	serial := h.KeyOf(c.blanc, scene.Tilleuls, okey.NewDay(2030, 1, 1))
	h.Exec(`UPDATE key SET batch = $1`, hostile)
	lea, roux, support := h.as(c.lea), h.as(c.roux), h.as(c.support)
	request := "/demandes/" + strings.TrimPrefix(h.ask(c.lea, scene.Tilleuls), "/requests/")
	h.Exec(`UPDATE request SET need = $1`, hostile)
	roux.done(roux.fill("/clefs/"+string(serial), "/clefs/"+string(serial), "reason", "lost", "comment", hostile))
	roux.done(roux.fill("/commandes", "/commandes", "quantity", "2", "comment", hostile))
	order := "/commandes/" + h.Text(`SELECT id FROM key_order`)
	roux.done(roux.post("/inventaire",
		roux.fill("/inventaire", "/inventaire", "serials", "0048777", "comment", hostile).form(t, "/inventaire")))
	inventory := "/inventaire/" + h.Text(`SELECT id FROM inventory`)
	delivery := support.uploadsAs(hostile+".csv", deliveryHeader+"00481001;L7;31/12/2029;"+string(scene.Tilleuls)+"\n").Location
	require.NotEmpty(t, delivery)

	query := "?q=" + url.QueryEscape(hostile) + "&lot=" + url.QueryEscape(hostile) + "&qui=" + url.QueryEscape(hostile) + "&etat=" +
		url.QueryEscape(hostile) + "&cursor="
	looked := 0
	for _, b := range []*browser{lea, roux, support} {
		for _, path := range []string{
			"/", request, "/demandes" + query, "/demandes/nouvelle", "/clefs" + query, "/clefs/" + string(serial), "/commandes", order,
			"/inventaire", inventory,
			"/compte", "/delegations", "/assistance" + query, "/assistance/journal" + query, "/assistance/livraisons", delivery,
			"/assistance/clefs-a-confirmer",
			"/assistance/deplacer", "/assistance/succession", "/connexion?vers=" + url.QueryEscape(hostile),
		} {
			p := b.get(path)
			if p.Status == http.StatusOK {
				looked++
			}
			for _, bad := range markup {
				assert.NotContains(t, p.HTML, bad, path)
			}
		}
	}
	assert.Greater(t, looked, 25, "pages were there to be looked at")
	for _, form := range []struct{ page, field string }{
		{"/demandes/nouvelle", "need"}, {"/inventaire", "serials"}, {"/commandes", "quantity"},
	} {
		p := roux.fill(form.page, form.page, form.field, hostile)
		for _, bad := range markup {
			assert.NotContains(t, p.HTML, bad, form.page)
		}
	}
	answer := h.call(c.roux, http.MethodGet, "/requests", nil)
	assert.Contains(t, answer.Header.Get("Content-Type"), "application/json")
	assert.NotContains(t, answer.Text, "<script>", "JSON escapes it for whoever takes it for a page")
}

// uploadsAs sends a delivery's file under a name of its sender's choosing.
func (b *browser) uploadsAs(name, content string, fields ...string) sheet {
	b.Helper()
	form := b.get("/assistance/livraisons").form(b, "/assistance/livraisons", fields...)
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for field, values := range form {
		require.NoError(b, w.WriteField(field, values[0]))
	}
	part, err := w.CreateFormFile("file", name)
	require.NoError(b, err)
	_, err = part.Write([]byte(content))
	require.NoError(b, err)
	require.NoError(b, w.Close())
	r, err := b.client.Post(b.URL+"/assistance/livraisons", w.FormDataContentType(), &body)
	require.NoError(b, err)
	defer func() { _ = r.Body.Close() }()
	return b.read(r)
}

func TestAFileNameOpensNoHeader(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	support := h.as(c.support)
	row := deliveryHeader + "00481001;L7;31/12/2029;" + string(scene.Tilleuls) + "\n"
	p := support.uploadsAs("clefs\u202e\r\nSet-Cookie: a=b\r\n\"; filename=\"x.exe", row)
	require.NotEmpty(t, p.Location, p.text())
	assert.NotContains(t, fmt.Sprint(p.Header), "a=b")
	assert.NotContains(t, h.Text(`SELECT file_name FROM delivery`), "\u202e")
	sheet := support.get(p.Location + "/tableau.xlsx")
	assert.Regexp(t, `^attachment; filename="okey-[a-z-]+-20\d\d-\d\d-\d\d\.xlsx"$`, sheet.Header.Get("Content-Disposition"))
}

// Links and redirects are built from the configuration: whoever can make somebody's browser, or a cache, send another Host gains nothing.
func TestAForgedHostOrForwardingHeaderLeadsNowhere(t *testing.T) {
	h, p := newGate(t)
	p.claims = map[string]any{"sub": "s-1"}
	for _, path := range []string{"/", "/connexion", "/aide", "/valider/x", "/healthz", "/api/v1/charter"} {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, h.URL+path, nil)
		require.NoError(t, err)
		r.Host = "ailleurs.fr"
		for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Server", "Forwarded", "X-Original-URL", "X-Rewrite-URL"} {
			r.Header.Set(name, "ailleurs.fr")
		}
		r.Header.Set("X-Forwarded-For", "203.0.113.9")
		response, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
		require.NoError(t, err)
		var body bytes.Buffer
		_, err = body.ReadFrom(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.NotContains(t, body.String()+fmt.Sprint(response.Header), "ailleurs", path)
	}
}

// A token that somebody else chose never becomes a session: neither before nor after signing in.
func TestAChosenSessionIsNeverKept(t *testing.T) {
	h, p := newGate(t)
	p.claims = map[string]any{"sub": "s-1"}
	v := h.visitor()
	state := v.leave(p, "/connexion")
	at, err := url.Parse(h.URL)
	require.NoError(t, err)
	name := v.web.Jar.Cookies(at)[0].Name
	const chosen = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	v.web.Jar.SetCookies(at, []*http.Cookie{{Name: name, Value: chosen, Path: "/"}})
	assert.Equal(t, http.StatusUnauthorized, v.do(http.MethodGet, "/connexion/retour?code=the-code&state="+state).Status,
		"the sign-in was another session's")
	require.Equal(t, http.StatusSeeOther, v.signsIn(p).Status)
	assert.NotEqual(t, chosen, v.session())
	thief := h.visitor()
	thief.web.Jar.SetCookies(at, []*http.Cookie{{Name: name, Value: chosen, Path: "/"}})
	assert.Equal(t, http.StatusSeeOther, thief.do(http.MethodGet, "/compte").Status)
}

func TestWhatIsTooLongIsRefusedBeforeItIsRead(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	huge := strings.Repeat("x", 2<<20)
	assert.Equal(t, http.StatusRequestEntityTooLarge,
		h.call(c.lea, http.MethodPost, "/requests", map[string]any{"establishment": scene.Tilleuls, "need": huge}).Status)
	b := h.as(c.lea)
	form := b.get("/demandes/nouvelle").form(t, "/demandes/nouvelle", "need", huge)
	assert.Equal(t, http.StatusRequestEntityTooLarge, b.post("/demandes/nouvelle", form).Status)
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, h.URL+"/aide", nil)
	require.NoError(t, err)
	r.Header.Set("X-Long", strings.Repeat("x", 2<<20))
	if response, err := http.DefaultClient.Do(r); err == nil { // or the server hangs up at once
		require.NoError(t, response.Body.Close())
		assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, response.StatusCode)
	}
	assert.Zero(t, h.Count(`SELECT count(*) FROM action`))
}

// Whoever sends a header letter by letter holds a connection for no longer than the server's patience, here cut short.
func TestASlowRequestIsHungUpOn(t *testing.T) {
	public := server.NewHTTPServer(http.NewServeMux())
	for name, patience := range map[string]time.Duration{
		"header": public.ReadHeaderTimeout, "body": public.ReadTimeout, "answer": public.WriteTimeout, "idle": public.IdleTimeout,
	} {
		assert.Positive(t, patience, name)
		assert.LessOrEqual(t, patience, 2*time.Minute, name)
	}
	public.ReadHeaderTimeout = 200 * time.Millisecond
	web := httptest.NewUnstartedServer(nil)
	web.Config = public
	web.Start()
	defer web.Close()
	slow, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", web.Listener.Addr().String())
	require.NoError(t, err)
	defer func() { _ = slow.Close() }()
	_, err = slow.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "))
	require.NoError(t, err)
	require.NoError(t, slow.SetReadDeadline(time.Now().Add(time.Minute)))
	_, err = bufio.NewReader(slow).ReadString('\n')
	assert.Error(t, err, "the connection is closed without an answer, or after a refusal")
	assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "by the server, not by us")
}

func TestNothingThatNobodySeesReachesAPageFromAForm(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	lea := h.as(c.lea)
	page := lea.done(lea.fill("/demandes/nouvelle", "/demandes/nouvelle",
		"need", "saisie\u202e des\u200b absences\u2066 d'e\u0301le\u0300ves"))
	assert.Contains(t, page.text(), "saisie des absences d'élèves")
	assert.Equal(t, "saisie des absences d'élèves", h.Text(`SELECT need FROM request`))
	a := h.call(c.blanc, http.MethodPost, "/requests", map[string]any{"establishment": scene.Tilleuls, "need": "ab\u200bsences"})
	assert.Equal(t, "absences", a.at("need"), a.Text)
}
