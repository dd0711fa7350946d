package server_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"okey/config"
	"okey/internal/pgtest"
	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// state is a fingerprint of each table.
func (h *house) state() map[string]string {
	h.Helper()
	tables := strings.Fields(h.Text(`SELECT string_agg(format('%I', tablename), ' ' ORDER BY tablename) FROM pg_tables
		WHERE schemaname = 'public'`))
	require.Contains(h, tables, "session")
	state := map[string]string{}
	for _, table := range tables {
		state[table] = h.Text(`SELECT count(*) || ' ' || md5(coalesce(string_agg(row::text, E'\n' ORDER BY row::text), '')) FROM ` + table +
			` AS row`)
	}
	return state
}

// open is one opening of a page, by a program: no cookies are kept, no redirects followed.
func (h *house) open(method, path string, headers map[string]string) answer {
	h.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, h.URL+path, nil)
	require.NoError(h, err)
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(h, err)
	_ = response.Body.Close()
	return answer{Status: response.StatusCode, Header: response.Header}
}

// scanners are what opens links before people do.
var scanners = []map[string]string{
	{},
	{"User-Agent": "Mozilla/5.0 (compatible; MailScanner/5.4)", "Accept": "*/*"},
	{"Sec-Purpose": "prefetch;prerender", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "cross-site"},
	{"Purpose": "prefetch", "X-Moz": "prefetch"},
	{
		"X-HTTP-Method-Override": "POST", "X-HTTP-Method": "POST", "X-Method-Override": "POST",
		"Content-Type": "application/x-www-form-urlencoded",
	},
	{"Range": "bytes=0-1", "If-None-Match": "*", "If-Modified-Since": "Tue, 24 Nov 2026 09:12:00 GMT"},
	{"Cookie": "okey_session_00000000=forged", "Origin": "https://scanner.example", "Referer": "https://scanner.example/queue"},
	{"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9", "Via": "1.1 scanner"},
}

func TestAHundredOpeningsOfALinkLeaveDatabaseAndEngineAsTheyWere(t *testing.T) {
	for name, required := range map[string]config.Switch{"the link is enough": "non", "sign-in is required": "oui"} {
		t.Run(name, func(t *testing.T) {
			h := newHouseWith(t, func(c *config.Config) { c.LinksRequireSignIn = required })
			c := h.cast()
			h.Key(scene.Tilleuls)
			page := h.as(c.lea).asks()
			link := h.goodLink(page, c.roux)
			h.opensAHundredTimes(link)
			blanc := h.as(c.blanc)
			blanc.done(blanc.answers(page, "approve", ""))
			h.opensAHundredTimes(link)
		})
	}
}

func (h *house) opensAHundredTimes(link string) {
	h.Helper()
	cookie := h.browse().cookieName()
	before, calls := h.state(), h.Judges.calls.Load()
	for i := range 100 {
		headers := scanners[i%len(scanners)]
		if i%2 == 1 {
			headers = map[string]string{"Cookie": cookie + "=" + strings.Repeat("a", 43)}
		}
		query := []string{"", "?decision=approve&action=" + uuid.NewString(), "?_method=POST"}[i%3]
		method := []string{http.MethodGet, http.MethodHead}[i/2%2]
		opened := h.open(method, link+query, headers)
		assert.Contains(h, []int{http.StatusOK, http.StatusUnauthorized}, opened.Status, "%s %v", method, headers)
		assert.Empty(h, opened.Header.Values("Set-Cookie"), "no session is made for a mail scanner")
		assert.Equal(h, "no-referrer", opened.Header.Get("Referrer-Policy"))
	}
	for _, method := range []string{http.MethodOptions, http.MethodPut, http.MethodDelete, http.MethodPatch, "PROPFIND"} {
		opened := h.open(method, link, nil)
		assert.Equal(h, http.StatusMethodNotAllowed, opened.Status, method)
		assert.Empty(h, opened.Header.Values("Set-Cookie"))
	}
	assert.Equal(h, before, h.state())
	assert.Equal(h, calls, h.Judges.calls.Load(), "the engine was not asked either")
}

// strangeLink is one that nobody was sent.
func strangeLink() string {
	return "/valider/" + okey.Link{Request: uuid.New(), Person: uuid.New(), Issue: 1}.Token(config.NewKeyring()).Text()
}

func from(address string) map[string]string { return map[string]string{"X-Forwarded-For": address} }

func TestGuessingLinksIsStoppedWhicheverServerIsAsked(t *testing.T) {
	h := newHouseWith(t, func(c *config.Config) { c.TrustedProxies = []string{"127.0.0.1"} })
	other := h.beside(func(*config.Config) {})
	c := h.cast()
	link := h.goodLink(h.as(c.lea).asks(), c.roux)
	for i := range 30 {
		at := []*house{h, other}[i%2]
		assert.Equal(t, http.StatusNotFound, at.open(http.MethodGet, strangeLink(), from("203.0.113.7")).Status)
	}
	stopped := other.open(http.MethodGet, strangeLink(), from("203.0.113.7"))
	assert.Equal(t, http.StatusTooManyRequests, stopped.Status)
	seconds, err := strconv.Atoi(stopped.Header.Get("Retry-After"))
	require.NoError(t, err)
	assert.InDelta(t, 600, seconds, 60)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		assert.Equal(t, http.StatusTooManyRequests, h.open(method, "/valider/abc", from("203.0.113.7")).Status, "read or not")
	}
	assert.Equal(t, http.StatusOK, h.open(http.MethodGet, link, from("203.0.113.7")).Status, "a right one answers, whoever guessed there")
	assert.Equal(t, http.StatusOK, h.open(http.MethodGet, link, from("203.0.113.8")).Status, "others are not concerned")
	assert.Equal(t, http.StatusNotFound, h.open(http.MethodGet, strangeLink(), from("203.0.113.8")).Status)

	assert.Equal(t, 2, h.Count(`SELECT count(*) FROM attempt WHERE kind = 'link' AND length(mark) = 32`))
	assert.Zero(t, h.Count(`SELECT count(*) FROM attempt WHERE encode(mark, 'escape') LIKE '%203.0%'`), "no address is kept")
	h.Exec(`UPDATE attempt SET since = since - interval '10 minutes'`)
	assert.Equal(t, http.StatusOK, h.open(http.MethodGet, link, from("203.0.113.7")).Status, "after a while")
	assert.Equal(t, http.StatusNotFound, h.open(http.MethodGet, strangeLink(), from("203.0.113.7")).Status)
	assert.Equal(t, 2, h.Count(`SELECT count(*) FROM attempt WHERE kind = 'link'`), "and counted anew")
	assert.Equal(t, 1, h.Count(`SELECT max(wrong) FROM attempt WHERE kind = 'link'`))
}

// A proxy that writes ports with addresses, or what is no address at all, makes nobody pay for others.
func TestWrongLinksAreCountedByAddressWhateverPortStandsWithIt(t *testing.T) {
	h := newHouseWith(t, func(c *config.Config) { c.TrustedProxies = []string{"127.0.0.1"} })
	for port := range 30 {
		h.open(http.MethodGet, strangeLink(), from(fmt.Sprintf("203.0.113.1:%d", 5000+port)))
	}
	assert.Equal(t, http.StatusTooManyRequests, h.open(http.MethodGet, strangeLink(), from("203.0.113.1:7")).Status, "one address")
	assert.Equal(t, http.StatusTooManyRequests, h.open(http.MethodGet, strangeLink(), from("203.0.113.1")).Status)
	assert.Equal(t, http.StatusNotFound, h.open(http.MethodGet, strangeLink(), from("198.51.100.7:6002")).Status)
	assert.Equal(t, http.StatusNotFound, h.open(http.MethodGet, strangeLink(), from("[2001:db8::1]:443")).Status)
	assert.Equal(t, http.StatusNotFound, h.open(http.MethodGet, strangeLink(), from("inconnu")).Status)
}

// Readers of mail take along what stands behind an address: a full stop, a bracket, a space.
func TestALinkLivesWithWhatAMailReaderTookAlong(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	link := h.goodLink(h.as(c.lea).asks(), c.roux)
	for _, path := range []string{link, "/demandes/" + uuid.NewString(), "/remise/" + uuid.NewString(), "/suivi/" + uuid.NewString(), "/clefs/0048?depuis=mail"} {
		path, query, _ := strings.Cut(path, "?")
		for _, behind := range []string{".", ">", "%3E", ")", "%20", ").", "%C2%BB", "%22", "/", "&gt;", "=0D", "%20%C2%A0)&gt;."} {
			moved := h.open(http.MethodGet, strings.TrimSuffix(path+behind+"?"+query, "?"), nil)
			require.Equal(t, http.StatusFound, moved.Status, path+behind)
			assert.Equal(t, strings.TrimSuffix(path+"?"+query, "?"), moved.Header.Get("Location"), behind)
		}
	}
	assert.NotEqual(t, http.StatusFound, h.open(http.MethodGet, "//ailleurs.fr/x)", nil).Status)
	assert.Zero(t, h.Count(`SELECT count(*) FROM attempt WHERE kind = 'link'`))
}

// Whoever opens an old mail has guessed nothing: a school behind one address must not be kept out by last month's mails.
func TestALinkThatWasOnceMailedIsNoGuessHoweverDead(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.as(c.lea).asks()
	answered := h.goodLink(page, c.blanc)
	another := h.as(c.blanc).asks()
	replaced := h.goodLink(another, c.roux)
	h.Exec(`UPDATE request SET link_issue = 2 WHERE id = $1`, strings.TrimPrefix(another, "/demandes/"))
	former := h.Person("Yves Ancien", okey.Principal, scene.Tilleuls)
	formers := h.goodLink(page, former)
	h.Exec(`DELETE FROM assignment WHERE person = $1`, former.ID)
	dead := []string{replaced, formers, h.link(page, c.roux, time.Now().Add(-time.Minute), h.Config.LinkKeys), h.link(another, c.support,
		time.Now().Add(time.Hour), config.NewKeyring())}
	b := h.browse()
	told := b.get(dead[0])
	assert.Contains(t, told.text(), "Un courriel plus récent en contient peut-être un autre.")
	assert.Contains(t, told.HTML, `<a class="button" href="/connexion">Se connecter</a>`)
	for range 10 {
		for _, link := range dead {
			p := b.get(link)
			assert.Equal(t, http.StatusNotFound, p.Status)
			assert.Equal(t, told.HTML, p.HTML)
			assert.Equal(t, http.StatusNotFound, b.post(link, url.Values{"action": {uuid.NewString()}, "decision": {"approve"}}).Status)
		}
	}
	assert.Zero(t, h.Count(`SELECT count(*) FROM attempt WHERE kind = 'link'`))
	assert.Equal(t, http.StatusOK, b.get(answered).Status, "nobody is kept waiting")
	assert.Equal(t, told.HTML, b.get(strangeLink()).HTML, "a guess looks the same")
	assert.Equal(t, 1, h.Count(`SELECT wrong FROM attempt WHERE kind = 'link'`))
}

func TestGuessesThatComeAtOnceAreCountedOneByOne(t *testing.T) {
	h := newHouse(t)
	var all sync.WaitGroup
	statuses := make([]int, 60)
	for i := range statuses {
		all.Go(func() { statuses[i] = h.open(http.MethodGet, strangeLink(), nil).Status })
	}
	all.Wait()
	told := map[int]int{}
	for _, status := range statuses {
		told[status]++
	}
	assert.Equal(t, map[int]int{http.StatusNotFound: 30, http.StatusTooManyRequests: 30}, told)
}

func TestAForgedAddressDoesNotStartTheCountAnew(t *testing.T) {
	h := newHouse(t)
	for i := range 30 {
		h.open(http.MethodGet, strangeLink(), from("203.0.113."+strconv.Itoa(i)))
	}
	assert.Equal(t, http.StatusTooManyRequests, h.open(http.MethodGet, strangeLink(), from("203.0.113.99")).Status)
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM attempt WHERE kind = 'link'`))
}

func TestAnAcademyCanRequireSignInBehindLinks(t *testing.T) {
	h := newHouseWith(t, func(c *config.Config) { c.LinksRequireSignIn = "oui" })
	c := h.cast()
	h.Key(scene.Tilleuls)
	page := h.as(c.lea).asks()
	link := h.goodLink(page, c.roux)
	token := strings.TrimPrefix(link, "/valider/")
	answer := url.Values{"action": {uuid.NewString()}, "decision": {"approve"}}

	b := h.browse()
	for _, p := range []sheet{b.get(link), b.post(link, answer)} {
		assert.Equal(t, http.StatusUnauthorized, p.Status)
		assert.NotContains(t, p.text(), "Léa", "nothing of the request")
		assert.NotContains(t, p.text(), "Roux")
		assert.Contains(t, p.HTML, `href="/connexion?vers=`+url.QueryEscape(page)+`"`)
		assert.NotContains(t, p.HTML, token)
		assert.Equal(t, "no-referrer", p.Header.Get("Referrer-Policy"))
	}
	dead := b.get("/valider/abc")
	for _, other := range []okey.Person{c.blanc, c.lea, c.support} {
		o := h.as(other)
		for _, p := range []sheet{o.get(link), o.post(link, answer)} {
			assert.Equal(t, http.StatusNotFound, p.Status, other.Name())
			assert.Equal(t, dead.HTML, p.HTML, other.Name())
		}
	}
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM action`), "the asking")

	roux := h.as(c.roux)
	assert.Contains(t, roux.get(link).text(), "Vous répondez en tant que Marc Roux")
	roux.done(roux.fill(link, link, "decision", "approve"))
	assert.Equal(t, "link", h.Text(`SELECT via FROM action WHERE name = 'principal-decision'`))
}

func TestSignInBehindALinkLeadsBackToTheRequestAndTheTokenStaysBehind(t *testing.T) {
	p := newIdentity(t)
	h := newHouseWith(t, func(c *config.Config) { c.OIDCIssuer, c.LinksRequireSignIn = p.URL, "oui" })
	c := h.cast()
	page := h.as(c.lea).asks()
	link := h.goodLink(page, c.roux)
	v := h.visitor()
	first := v.do(http.MethodGet, link)
	_, rest, found := strings.Cut(first.Text, `href="/connexion?vers=`)
	require.True(t, found, first.Text)
	back, _, _ := strings.Cut(rest, `"`)
	p.claims = map[string]any{"sub": "1", "uid": c.roux.UID, "given_name": "Marc", "family_name": "Roux", "email": c.roux.Mail}
	state := v.leave(p, "/connexion?vers="+back)
	assert.Zero(t, h.Count(`SELECT count(*) FROM session WHERE encode(data, 'escape') LIKE '%valider%'`))
	arrived := v.do(http.MethodGet, "/connexion/retour?code=the-code&state="+url.QueryEscape(state))
	require.Equal(t, http.StatusSeeOther, arrived.Status, arrived.Text)
	assert.Equal(t, page, arrived.Header.Get("Location"))
	assert.Contains(t, v.do(http.MethodGet, page).Text, "Envoyer ma réponse")
}

func TestNoTokenOfALinkIsLogged(t *testing.T) {
	pgtest.Alone(t) // the log is the process's
	var log bytes.Buffer
	var lock sync.Mutex
	was := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(writerFunc(func(p []byte) (int, error) {
		lock.Lock()
		defer lock.Unlock()
		return log.Write(p)
	}), &slog.HandlerOptions{Level: slog.LevelDebug})))
	t.Cleanup(func() { slog.SetDefault(was) })
	h := newHouse(t)
	c := h.cast()
	page := h.as(c.lea).asks()
	good, old, strange := h.goodLink(page, c.roux), h.link(page, c.blanc, time.Now().Add(-time.Minute), h.Config.LinkKeys), strangeLink()
	b := h.browse()
	for _, link := range []string{good, old, strange, good + "/x", good + "x"} {
		b.get(link)
		b.post(link, url.Values{"action": {"none"}})
		h.open(http.MethodOptions, link, nil)
	}
	b.fill(good, good, "decision", "refuse", "comment", "non")
	lock.Lock()
	defer lock.Unlock()
	assert.Contains(t, log.String(), "/valider/:token", "the template of the route")
	for _, link := range []string{good, old, strange} {
		assert.NotContains(t, log.String(), strings.TrimPrefix(link, "/valider/"))
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
