package server_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"okey/config"
	demo "okey/internal/cast"
	"okey/internal/freeradius"
	"okey/internal/radiustest"
	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const mailsOfDemonstration = "http://127.0.0.1:8025"

func demonstrated(c *config.Config) { c.Demonstration = mailsOfDemonstration }

// Nothing of the demonstration is in production: no route, no byte of a page.
func TestWithoutADemonstrationThereIsNoTour(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	tour := h.beside(demonstrated)
	var more []string
	for _, route := range tour.Server.Routes() {
		if !slices.Contains(h.Server.Routes(), route) {
			more = append(more, route)
		}
	}
	assert.ElementsMatch(t, []string{
		"POST /demonstration/personne", "POST /demonstration/visite", "GET /demonstration/moteur", "HEAD /demonstration/moteur",
	}, more)
	for _, page := range []string{"/", "/demandes", "/aide", "/nulle-part"} {
		bare, led := h.as(c.lea).get(page).HTML, tour.as(c.lea).get(page).HTML
		assert.Contains(t, led, "/demonstration/", page)
		for _, trace := range []string{"demonstration", "visite", "Changer de personne", "Paul Roux"} {
			assert.NotContains(t, bare, trace, page)
		}
	}
	lea := h.as(c.lea)
	for _, path := range []string{"/demonstration/personne", "/demonstration/visite"} {
		assert.Equal(t, http.StatusNotFound, lea.post(path, url.Values{"uid": {demo.Head}, "visite": {"non"}}).Status)
	}
	assert.Equal(t, http.StatusOK, lea.get("/").Status, "nobody was signed out")
}

// players are the two people of the tour, as the demonstration's files have them; she may work elsewhere, also.
func (h *house) players(also ...okey.UAI) (requester, head okey.Person) {
	h.Helper()
	h.Exec(`INSERT INTO establishment (uai, name, nature, contract, state, academy, commune, postcode, imported_at)
		SELECT $1, 'Collège Les Mimosas', nature, contract, state, academy, commune, postcode, imported_at FROM establishment WHERE uai = $2`,
		demo.School, scene.Tilleuls)
	requester, head = h.Person("Léa Martin", okey.Staff, append(also, demo.School)...), h.Person("Paul Roux", okey.Principal, demo.School)
	h.Exec(`UPDATE person SET uid = $2 WHERE id = $1`, requester.ID, demo.Requester)
	h.Exec(`UPDATE person SET uid = $2 WHERE id = $1`, head.ID, demo.Head)
	return requester, head
}

func TestTheTourTicksWhatHasHappenedAndLeadsToTheNextStep(t *testing.T) {
	h := newHouseWith(t, demonstrated)
	requester, head := h.players()
	h.Key(demo.School)
	lea, roux := h.as(requester), h.as(head)
	shows := func(done string, b *browser, way string) {
		t.Helper()
		page := b.get("/")
		assert.Contains(t, page.text(), "Essayez en deux minutes "+done+" sur 5")
		assert.Contains(t, page.HTML, way)
		assert.Contains(t, b.get("/demandes").HTML, way, "every page says what comes next")
	}
	become := func(uid, to string) string {
		return `name="uid" value="` + uid + `"><input type="hidden" name="vers" value="` + to + `">`
	}
	shows("0", lea, `href="/demandes/nouvelle?etablissement=`+demo.School+`">Demander une clef</a>`)
	shows("0", roux, become(demo.Requester, "/demandes/nouvelle?etablissement="+demo.School))
	assert.Equal(t, http.StatusNotFound, lea.get("/demonstration/moteur").Status, "there is no request to look at")

	request := lea.asks()
	shows("1", roux, `href="`+mailsOfDemonstration+`/?q=paul.roux%40ac-nice.fr">Ouvrir la boîte aux lettres</a>`)
	shows("1", lea, become(demo.Head, "/"))
	assert.Contains(t, roux.get("/").text(), "Son accueil le permet aussi.", "after several requests within minutes no mail comes for each")
	roux.done(roux.answers(request, "approve", ""))
	shows("2", lea, `href="`+request+`/charte">Signer la charte</a>`)
	shows("2", roux, become(demo.Requester, request+"/charte"))
	lea.done(lea.signs(request))
	shows("3", lea, become(demo.Head, counter+"/"+idOf(request)))
	key := h.Text(`SELECT serial FROM key WHERE request = $1`, idOf(request))
	roux.done(roux.fill(counter+"/"+idOf(request), counter+"/"+idOf(request), "serial", key))
	shows("4", roux, `href="/demonstration/moteur">`)

	led := lea.get("/demonstration/moteur")
	require.Equal(t, http.StatusSeeOther, led.Status)
	assert.Contains(t, led.Location, "/workflows/"+okey.RequestWorkflowID(uuid.MustParse(idOf(request))))
	assert.Contains(t, lea.get("/").text(), "Essayez en deux minutes 5 sur 5")
	assert.Contains(t, roux.get("/").text(), "Essayez en deux minutes 4 sur 5", "his browser has not looked")
}

// Home is a list for who audits alone: there, too, the tour takes no height from it.
func TestTheTourIsALineAboveTheAuditorsJournal(t *testing.T) {
	h := newHouseWith(t, demonstrated)
	auditor, support := h.as(h.auditor()).get("/"), h.as(h.Support("Sam Secours")).get("/")
	assert.NotContains(t, auditor.HTML, `class="guide`)
	assert.NotContains(t, auditor.HTML, "Toutes les étapes", "they are nowhere to be seen")
	assert.Contains(t, auditor.text(), "Visite, 0 sur 5 : Léa Martin demande une clef")
	assert.Contains(t, support.HTML, `class="guide`)
}

// Where there is a server to try keys with, who has their key tries it.
func TestTheTourHasTheKeyTried(t *testing.T) {
	h := newHouse(t)
	requester, head := h.players()
	serial := h.Key(demo.School)
	server := radiustest.Start(t, h.URL, h.tokenFor(sql.Bearer{Service: "radius", Scopes: []string{"pin-checks"}}, time.Hour), "",
		freeradius.User{Name: demo.Requester, Serial: string(serial), Secret: shown})
	h = h.beside(func(cfg *config.Config) {
		demonstrated(cfg)
		cfg.RadiusServers, cfg.RadiusSecret = []string{server.Auth}, server.Secret
	})
	lea, roux := h.as(requester), h.as(head)
	request := lea.asks()
	roux.done(roux.answers(request, "approve", ""))
	lea.done(lea.signs(request))
	roux.done(roux.fill(counter+"/"+idOf(request), counter+"/"+idOf(request), "serial", string(serial)))
	assert.Contains(t, lea.get("/").HTML, `href="/ma-clef/essai">Essayer la clef</a>`)
	assert.Contains(t, lea.get("/").text(), "4 sur 6")
	assert.Equal(t, trialPage(serial), lea.get("/ma-clef/essai").Location)
	lea.tries(serial, "4071", "000000")
	assert.Contains(t, lea.get("/").text(), "4 sur 6", "refused")

	lent := h.Key(demo.School)
	lea.done(lea.fill(keyPage(serial)+"/egaree", keyPage(serial)+"/egaree", "comment", "chez moi"))
	loan := lea.asks()
	roux.done(roux.answers(loan, "approve", ""))
	lea.done(lea.signs(loan))
	roux.done(roux.fill(loan, loan+"/remise", "serial", string(lent)))
	assert.Contains(t, lea.get("/").text(), "4 sur 6", "lent")
	roux.reports(lent, okey.ReasonReturn)
	lea.done(lea.fill(keyPage(serial)+"/retrouvee", keyPage(serial)+"/retrouvee", "comment", "là"))
	assert.Contains(t, lea.get("/").text(), "4 sur 6", "found")
	lea.tries(serial, "4071", radiustest.Code(t, shown, time.Now()))
	assert.Contains(t, lea.get("/").text(), "5 sur 6", "her own key, not the last that she was given")
	assert.Contains(t, lea.get("/").HTML, `href="/demonstration/moteur">`)
	lea.get("/demonstration/moteur")

	lea.done(lea.fill(keyPage(serial)+"/egaree", keyPage(serial)+"/egaree", "comment", "encore"))
	loan = lea.asks()
	assert.Contains(t, lea.get("/").text(), "6 sur 6", "mislaid again, and a loan asked for")
	roux.done(roux.answers(loan, "approve", ""))
	lea.done(lea.signs(loan))
	roux.done(roux.fill(loan, loan+"/remise", "serial", string(lent)))
	assert.Contains(t, lea.get("/").text(), "6 sur 6", "lent")
}

// A request that got no key leads nowhere on: what was done stays done, and the way is to ask again.
func TestAfterARefusalTheTourKeepsItsTicksAndHasAnotherKeyAskedFor(t *testing.T) {
	h := newHouseWith(t, demonstrated)
	requester, head := h.players()
	h.Key(demo.School)
	lea, roux := h.as(requester), h.as(head)
	shows := func(done, next, way string) {
		t.Helper()
		page := lea.get("/demandes")
		assert.Contains(t, page.text(), "Visite, "+done+" sur 5 : "+next)
		assert.Contains(t, page.HTML, way)
	}
	again := `href="/demandes/nouvelle?etablissement=` + demo.School + `">Demander une clef</a>`
	roux.done(roux.answers(lea.asks(), "refuse", "pas cette année"))
	shows("1", "Paul Roux répond par le courriel D'abord : Léa Martin demande une clef.", again)
	request := lea.asks()
	shows("1", "Paul Roux répond par le courriel Ouvrez", `value="`+demo.Head+`"`)
	roux.done(roux.answers(request, "approve", ""))
	lea.done(lea.signs(request))
	lea.done(lea.fill(request, request+"/retrait", "comment", ""))
	shows("3", "Paul Roux remet la clef D'abord : Léa Martin demande une clef.", again)
	request = lea.asks()
	shows("3", "Paul Roux remet la clef D'abord : Paul Roux répond par le courriel.", `value="`+demo.Head+`"`)
	roux.done(roux.answers(request, "approve", ""))
	shows("3", "Paul Roux remet la clef D'abord : Léa Martin signe la charte.", `href="`+request+`/charte">Signer la charte</a>`)
}

// At Léa's other school nobody of the tour answers.
func TestTheTourWaitsForARequestWhereItTakesPlace(t *testing.T) {
	h := newHouseWith(t, demonstrated)
	requester, head := h.players(scene.Acacias)
	lea, roux := h.as(requester), h.as(head)
	asked := lea.fill("/demandes/nouvelle", "/demandes/nouvelle", "need", "notes", "establishment", string(scene.Acacias))
	require.Equal(t, http.StatusSeeOther, asked.Status, asked.text())
	request, _, _ := strings.Cut(asked.Location, "?")
	for _, b := range []*browser{lea, roux} {
		page := b.get("/")
		assert.Contains(t, page.text(), "Essayez en deux minutes 0 sur 5")
		assert.Contains(t, page.text(), "Sa demande est pour un autre établissement.")
		assert.Contains(t, page.HTML, request)
	}
	lea.done(lea.fill(request, request+"/retrait", "comment", ""))
	assert.NotContains(t, lea.get("/").text(), "pour un autre établissement")
}

func TestTheTourIsPutAwayAndCalledBack(t *testing.T) {
	h := newHouseWith(t, demonstrated)
	requester, _ := h.players()
	lea := h.as(requester)
	show := func(value string) string {
		lea.done(lea.post("/demonstration/visite", url.Values{"visite": {value}}))
		return lea.get("/demandes").text()
	}
	away := show("non")
	assert.NotContains(t, away, "Visite, ")
	assert.Contains(t, away, "Changer de personne", "that stays")
	assert.Contains(t, away, "Revoir la visite")
	shown := show("oui")
	assert.Contains(t, shown, "Visite, 0 sur 5 : Léa Martin demande une clef")
	assert.NotContains(t, shown, "Essayez en deux minutes", "the panel is for home, where no list wants the room")
	assert.Contains(t, lea.get("/").text(), "Essayez en deux minutes")
	assert.NotContains(t, lea.get("/").text(), "Visite, ")
}

// The tour ends a session and asks the provider for somebody: it opens none. Who comes back is for the provider to say.
func TestBecomingSomebodySignsNobodyIn(t *testing.T) {
	p := newIdentity(t)
	h := newHouseWith(t, func(c *config.Config) {
		demonstrated(c)
		c.OIDCIssuer = p.URL
	})
	requester, _ := h.players()
	lea := h.as(requester)
	led := lea.post("/demonstration/personne", url.Values{"uid": {demo.Head}, "vers": {"/remise"}})
	require.Equal(t, http.StatusSeeOther, led.Status, led.text())
	to, err := url.Parse(led.Location)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(led.Location, p.URL+"/authorize?"), led.Location)
	assert.Equal(t, demo.Head, to.Query().Get("login_hint"))
	assert.NotEmpty(t, to.Query().Get("code_challenge"), "a sign-in like any other")
	assert.Contains(t, lea.get("/compte").Location, "/connexion", "the session has ended, and no other has begun")
	assert.Zero(t, h.Count(`SELECT count(*) FROM session WHERE position(convert_to($1, 'UTF8') IN data) > 0`, requester.ID.String()))

	assert.Equal(t, http.StatusNotFound, lea.post("/demonstration/personne", url.Values{"uid": {"personne"}}).Status, "nobody of the cast")
	blanc := h.beside(func(c *config.Config) { c.OIDCIssuer = "http://127.0.0.1:1" }).as(h.Person("Anne Blanc", okey.Deputy, scene.Tilleuls))
	assert.Equal(t, http.StatusServiceUnavailable, blanc.post("/demonstration/personne", url.Values{"uid": {demo.Head}}).Status)
	assert.Equal(t, http.StatusOK, blanc.get("/").Status, "while the provider is away nobody is signed out")
}

// Of another site a form becomes nobody.
func TestAnotherSitesFormBecomesNobody(t *testing.T) {
	h := newHouseWith(t, demonstrated)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+"/demonstration/personne",
		strings.NewReader(url.Values{"uid": {demo.Head}}.Encode()))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", "https://ailleurs.fr")
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	assert.Equal(t, http.StatusForbidden, answer.StatusCode)
}
