package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const delegations = "/delegations"

// here is today at the Tilleuls.
func here() okey.Day { return okey.DayOf(time.Now(), okey.ZoneOf("")) }

// lend is what an approver types to delegate from today on.
func lend(to string, scope okey.Scope, days int) []string {
	return []string{"delegate", to, "from", here().String(), "until", here().AddDays(days).String(), "scope", string(scope)}
}

// lends delegates from today on through the page of the Tilleuls, and returns what it answered.
func (b *browser) lends(to string, scope okey.Scope, days int) sheet {
	b.Helper()
	return b.fill(delegations, delegations+"/"+string(scene.Tilleuls), lend(to, scope, days)...)
}

// lent writes a delegation of the Tilleuls that holds from yesterday to tomorrow.
func (h *house) lent(by, to okey.Person, scope okey.Scope) uuid.UUID {
	h.Helper()
	id := uuid.New()
	h.Exec(`INSERT INTO delegation (id, uai, given_by, given_to, scope, from_day, until_day, created_at, begun_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, now(), now())`,
		id, scene.Tilleuls, by.ID, to.ID, string(scope), here().AddDays(-1).String(), here().AddDays(1).String())
	return id
}

func TestAnApproverDelegatesSeesItAndEndsIt(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	eve := h.Person("Eve Morel", okey.Staff, scene.Tilleuls)
	request := h.as(c.lea).asks()
	roux, delegate := h.as(c.roux), h.as(eve)
	assert.Equal(t, http.StatusNotFound, delegate.get(request).Status)
	assert.Contains(t, roux.get("/").HTML, `href="/delegations"`)

	empty := roux.get(delegations)
	assert.NotContains(t, empty.HTML, " checked", "nothing is chosen beforehand")
	form := empty.form(t, delegations+"/"+string(scene.Tilleuls), lend("eve morel", okey.Everything, 6)...)
	done := roux.done(roux.post(delegations+"/"+string(scene.Tilleuls), form))
	assert.Contains(t, done.text(), "C'est fait : Eve Morel répond avec vous du "+here().Say(here())+" au "+here().AddDays(6).Say(here()))
	assert.Contains(t, done.text(), "en cours")
	assert.Equal(t, http.StatusSeeOther, roux.post(delegations+"/"+string(scene.Tilleuls), form).Status, "a double click")
	require.Equal(t, 1, h.Count(`SELECT count(*) FROM delegation`))
	assert.Equal(t, 2, h.Count(`SELECT count(*) FROM audit WHERE event = 'delegation_given' AND actor = $1`, c.roux.ID))
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM action WHERE name = 'delegation-given' AND outcome = 'accepted'`),
		"those concerned are told")
	form.Set("until", here().AddDays(7).String())
	reused := roux.post(delegations+"/"+string(scene.Tilleuls), form)
	assert.Equal(t, http.StatusUnprocessableEntity, reused.Status)
	assert.Contains(t, reused.text(), "avait déjà servi pour autre chose")

	home := delegate.get("/").text()
	assert.Contains(t, home, "Léa Martin")
	assert.Contains(t, home, "Vous êtes délégataire pour le collège des Tilleuls jusqu'au "+
		""+here().AddDays(6).Say(here())+" inclus (tout : réponses, remises et stock).")
	delegate.done(delegate.answers(request, "approve", ""))
	assert.Contains(t, roux.get(request).text(), "Eve Morel a accepté", "who really answered is what the record shows")

	deputy := h.as(c.blanc)
	id := h.Text(`SELECT id::text FROM delegation`)
	end := deputy.get(delegations).form(t, delegations+"/"+id+"/fin")
	late := roux.get(delegations).form(t, delegations+"/"+id+"/fin")
	assert.Contains(t, deputy.done(deputy.post(delegations+"/"+id+"/fin", end)).text(),
		"C'est fait : la délégation d'Eve Morel a pris fin.")
	again := roux.done(roux.post(delegations+"/"+id+"/fin", late))
	assert.Contains(t, again.text(), "Anne Blanc avait déjà mis fin à la délégation d'Eve Morel : rien n'a changé.")
	assert.Contains(t, again.text(), "terminée")
	assert.NotContains(t, again.HTML, id+"/fin")
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM audit WHERE event = 'delegation_ended' AND actor = $1`, c.blanc.ID))
	assert.Equal(t, http.StatusNotFound, delegate.get(request).Status)
	assert.NotContains(t, delegate.get("/").text(), "À répondre")
	assert.NotContains(t, delegate.get("/").text(), "délégataire")
}

func TestADelegationEndedBeforeItsFirstDayIsSaidNeverToHaveBegun(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	eve := h.Person("Eve Morel", okey.Staff, scene.Tilleuls)
	id := h.lent(c.roux, eve, okey.Everything)
	h.Exec(`UPDATE delegation SET from_day = from_day + 9, until_day = until_day + 20, begun_at = NULL`)
	roux := h.as(c.roux)
	ended := roux.done(roux.fill(delegations, delegations+"/"+id.String()+"/fin")).text()
	assert.Contains(t, ended,
		"C'est fait : la délégation d'Eve Morel, qui devait commencer le "+here().AddDays(8).Say(here())+", n'aura pas lieu.")
	assert.Contains(t, ended, "annulée avant son premier jour")
	assert.NotContains(t, ended, "terminée")
	assert.NotContains(t, ended, "a pris fin")
	assert.Equal(t, "annulée avant son premier jour", roux.download(delegations + ".xlsx")["Délégations"][1][7])
}

func TestWhoMayDelegate(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	eve, tom := h.Person("Eve Morel", okey.Staff, scene.Tilleuls), h.Person("Tom Garnier", okey.Staff, scene.Tilleuls)
	far := h.Person("Paul Petit", okey.Principal, scene.Acacias)
	h.lent(c.roux, tom, okey.HandoverAndStock)
	given := h.lent(c.roux, eve, okey.Everything)
	for _, one := range []struct {
		name      string
		who       okey.Person
		get, post int
	}{
		{"principal", c.roux, http.StatusOK, http.StatusSeeOther},
		{"deputy", c.blanc, http.StatusOK, http.StatusSeeOther},
		{"delegate", eve, http.StatusForbidden, http.StatusForbidden},
		{"delegate for handovers", tom, http.StatusForbidden, http.StatusForbidden},
		{"requester", c.lea, http.StatusNotFound, http.StatusNotFound},
		{"stranger", c.stranger, http.StatusNotFound, http.StatusNotFound},
		{"head of another school", far, http.StatusOK, http.StatusNotFound},
		{"support", c.support, http.StatusOK, http.StatusForbidden},
		{"auditor", h.auditor(), http.StatusOK, http.StatusForbidden},
	} {
		t.Run(one.name, func(t *testing.T) {
			b := h.as(one.who)
			page := b.get(delegations)
			assert.Equal(t, one.get, page.Status)
			assert.Equal(t, one.get, b.get(delegations+".xlsx").Status)
			sent := url.Values{"action": {uuid.NewString()}, "person": {one.who.ID.String()}}
			typed := lend("lmartin", okey.Everything, 2)
			for i := 0; i+1 < len(typed); i += 2 {
				sent.Set(typed[i], typed[i+1])
			}
			assert.Equal(t, one.post, b.post(delegations+"/"+string(scene.Tilleuls), sent).Status)
			h.Exec(`DELETE FROM delegation WHERE given_to = $1`, c.lea.ID)
			assert.Equal(t, one.post, b.post(delegations+"/"+given.String()+"/fin", sent).Status)
			h.Exec(`UPDATE delegation SET ended_at = NULL, ended_by = NULL`)
			sees := one.get == http.StatusOK && one.who.ID != far.ID
			assert.Equal(t, sees, strings.Contains(page.cells(), "<th>Eve Morel</th>"))
			assert.Equal(t, one.post == http.StatusSeeOther, strings.Contains(page.HTML, "<button>Déléguer</button>") && sees)
		})
	}
	anonymous := h.browse().get(delegations)
	assert.Equal(t, http.StatusSeeOther, anonymous.Status)
	assert.Equal(t, http.StatusNotFound,
		h.as(c.roux).post(delegations+"/"+uuid.NewString()+"/fin", url.Values{"action": {uuid.NewString()}}).Status)
	assert.Equal(t, http.StatusSeeOther, h.as(c.roux).get(delegations+"/"+string(scene.Tilleuls)).Status)
}

func TestADelegationThatCannotBeGivenIsExplained(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Person("Eve Morel", okey.Staff, scene.Tilleuls)
	gone := h.Person("Guy Parti", okey.Staff, scene.Tilleuls)
	h.Exec(`UPDATE assignment SET until = $2 WHERE person = $1`, gone.ID, here().AddDays(3).String())
	roux := h.as(c.roux)
	day := func(n int) string { return here().AddDays(n).String() }
	example := here().AddMonths(1).Time().Format("02/01/2006")
	for _, wrong := range []struct{ who, from, until, scope, says string }{
		{"", day(0), day(1), "everything", "Écrivez à qui vous déléguez."},
		{"Zoé Ailleurs", day(0), day(1), "everything", "Personne de ce nom ne travaille dans cet établissement"},
		{"Guy Parti", day(4), day(5), "everything", "Personne de ce nom ne travaille dans cet établissement à ces dates"},
		{"mroux", day(0), day(1), "everything", "C'est vous : choisissez quelqu'un d'autre."},
		{"Anne Blanc", day(0), day(1), "everything", "déjà de la direction"},
		{"Eve Morel", "demain", day(1), "everything", "Premier jour : écrivez une date comme " + example + "."},
		{"Eve Morel", day(0), "", "everything", "Dernier jour : écrivez une date comme " + example + "."},
		{"Eve Morel", day(2), day(1), "everything", "Le dernier jour vient avant le premier"},
		{"Eve Morel", day(-3), day(-1), "everything", "Ces dates sont passées"},
		{"Eve Morel", day(-1), day(1), "everything", "Ce premier jour est passé : donnez aujourd'hui, ou un jour à venir."},
		{"Eve Morel", day(0), day(366), "everything", "Une délégation dure un an au plus"},
		{"Eve Morel", day(400), day(401), "everything", "commence dans l'année"},
		{"Eve Morel", day(0), day(1), "", "Choisissez ce que vous déléguez."},
		{"Eve Morel", day(0), day(1), "support", "Choisissez ce que vous déléguez."},
	} {
		p := roux.fill(delegations, delegations+"/"+string(scene.Tilleuls), "delegate", wrong.who, "from", wrong.from, "until", wrong.until,
			"scope", wrong.scope)
		assert.Equal(t, http.StatusUnprocessableEntity, p.Status, wrong.says)
		assert.Contains(t, p.text(), wrong.says)
	}
	none := roux.fill(delegations, delegations+"/"+string(scene.Tilleuls), "delegate", "", "from", "", "until", "", "scope", "").text()
	assert.Contains(t, none, "4 choses sont à corriger Écrivez à qui vous déléguez. Premier jour : "+
		"écrivez une date comme "+example+". Dernier jour : écrivez une date comme "+example+". Choisissez ce que vous déléguez.",
		"in the order of the page")
	assert.Zero(t, h.Count(`SELECT count(*) FROM delegation`))
	once := roux.done(roux.lends("emorel@ac-nice.fr", okey.HandoverAndStock, 0)).text()
	assert.Contains(t, once, "tient le stock avec vous le "+here().Say(here())+" (remises et stock seulement)", "one day is no span")
	h.Exec(`DELETE FROM assignment WHERE person = (SELECT id FROM person WHERE uid = 'emorel')`)
	assert.Contains(t, roux.get(delegations).text(), "sans effet : Eve Morel n'est plus en fonction ici")
	h.Exec(`INSERT INTO assignment (person, uai, function, source, since) SELECT id, $1, 'personnel', 'import', now() FROM person
		WHERE uid = 'emorel'`, scene.Tilleuls)
	h.Exec(`DELETE FROM delegation`)
	french := roux.fill(delegations, delegations+"/"+string(scene.Tilleuls), "delegate", " MOREL  Ève ",
		"from", here().Time().Format("02/01/2006"), "until", here().AddMonths(12).AddDays(-1).Time().Format("2/1/2006"),
		"scope", "handover_and_stock")
	roux.done(french)
	same := roux.lends("emorel@ac-nice.fr", okey.HandoverAndStock, 1)
	assert.Equal(t, http.StatusUnprocessableEntity, same.Status)
	assert.Contains(t, same.text(), "Eve Morel a déjà la même délégation du "+here().Say(here()))
	assert.Equal(t, http.StatusSeeOther, roux.lends("emorel", okey.Everything, 1).Status, "more than the other one gives")
	assert.Equal(t, 2, h.Count(`SELECT count(*) FROM delegation`))
}

func TestPeopleOfOneNameAreListedToChooseFrom(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Person("Eve Morel", okey.Staff, scene.Tilleuls)
	other := h.Person("Iva Morel", okey.Staff, scene.Tilleuls)
	h.Exec(`UPDATE person SET uid = 'emorel2', given_name = 'Eve' WHERE id = $1`, other.ID)
	h.Person("Évelyne Morelle", okey.Staff, scene.Tilleuls)
	roux := h.as(c.roux)
	p := roux.lends("Eve Morel", okey.Everything, 1)
	require.Equal(t, http.StatusUnprocessableEntity, p.Status)
	assert.Contains(t, p.text(), "Plusieurs personnes répondent à ce nom : choisissez laquelle.")
	assert.Contains(t, p.text(), "(emorel2)")
	assert.NotContains(t, p.text(), "Morelle", "whose name is only longer")
	form := p.form(t, delegations+"/"+string(scene.Tilleuls), "chosen", other.ID.String(), "scope", "everything")
	assert.Equal(t, here().String(), form.Get("from"))
	roux.done(roux.post(delegations+"/"+string(scene.Tilleuls), form))
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM delegation WHERE given_to = $1`, other.ID))
	assert.Equal(t, http.StatusUnprocessableEntity, roux.lends("mor", okey.HandoverAndStock, 1).Status)
}

func TestADelegateForHandoversAnswersNothing(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	tom := h.Person("Tom Garnier", okey.Staff, scene.Tilleuls)
	h.lent(c.roux, tom, okey.HandoverAndStock)
	request := h.as(c.lea).asks()
	b := h.as(tom)
	page := b.get(request)
	assert.Equal(t, http.StatusOK, page.Status)
	assert.NotContains(t, page.HTML, request+"/reponse")
	form := h.as(c.roux).get(request).form(t, request+"/reponse", "decision", "approve")
	assert.Equal(t, http.StatusForbidden, b.post(request+"/reponse", form).Status)
	api := h.signal(tom, "/requests"+strings.TrimPrefix(request, "/demandes"), okey.PrincipalDecision,
		map[string]any{"decision": "approve"})
	assert.Equal(t, http.StatusForbidden, api.Status)
	home := b.get("/").text()
	assert.NotContains(t, home, "Léa Martin", "what awaits an answer is not theirs")
	assert.NotContains(t, home, "Déléguer")
}

// Nobody decides on their own request: whatever they are besides, and whichever way they come.
func TestNobodyDecidesOnTheirOwnRequestByAnyWay(t *testing.T) {
	for name, become := range map[string]func(*house, cast, okey.Person){
		"as head": func(h *house, _ cast, p okey.Person) {
			h.Exec(`INSERT INTO assignment (person, uai, function, source, since) VALUES ($1, $2, 'chef', 'import', now())`, p.ID,
				scene.Tilleuls)
		},
		"as delegate": func(h *house, c cast, p okey.Person) { h.lent(c.roux, p, okey.Everything) },
		"as support":  func(h *house, _ cast, p okey.Person) { h.Exec(`UPDATE person SET support = true WHERE id = $1`, p.ID) },
		"as the host's head": func(h *house, _ cast, p okey.Person) {
			h.Exec(`INSERT INTO assignment (person, uai, function, source, since) VALUES ($1, $2, 'chef', 'import', now())`, p.ID,
				scene.Acacias)
			h.Exec(`UPDATE establishment SET host = $2 WHERE uai = $1`, scene.Tilleuls, scene.Acacias)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			c := h.cast()
			h.Key(scene.Tilleuls)
			request := h.as(c.lea).asks()
			become(h, c, c.lea)
			lea, id := h.as(c.lea), uuid.MustParse(strings.TrimPrefix(request, "/demandes/"))
			page := lea.get(request)
			assert.NotContains(t, page.HTML, request+"/reponse", "no form")
			sent := url.Values{
				"action": {uuid.NewString()}, "person": {c.lea.ID.String()}, "decision": {"approve"}, "comment": {"pour moi"},
			}
			posted := lea.post(request+"/reponse", sent)
			assert.Equal(t, http.StatusForbidden, posted.Status)
			assert.Contains(t, posted.text(), "C'est votre propre demande")
			api := h.signal(c.lea, "/requests/"+id.String(), okey.PrincipalDecision,
				map[string]any{"decision": "approve", "comment": "pour moi"})
			assert.Equal(t, http.StatusForbidden, api.Status)
			assert.Equal(t, string(okey.CodeOwnRequest), api.at("code"))
			path := h.linkFor(id, c.lea)
			assert.Equal(t, http.StatusNotFound, h.browse().get(path).Status)
			assert.Equal(t, http.StatusNotFound, h.browse().post(path, sent).Status)
			assert.Equal(t, okey.AwaitingDecision, h.Request(id).Stage)
			home, _, _ := strings.Cut(lea.get("/").text(), "Ma demande")
			assert.NotContains(t, home, "Léa Martin Collège", "nor does it await them")
		})
	}
}

// linkFor makes an emailed link for a person, and returns its path.
func (h *house) linkFor(request uuid.UUID, p okey.Person) string {
	h.Helper()
	link := okey.Link{Request: request, Person: p.ID, Purpose: okey.LinkDecision, Issue: 1}
	token := link.Token(h.Config.LinkKeys)
	require.NoError(h, h.Store.SaveLink(h.Context(), token, link, time.Now().Add(time.Hour), time.Now()))
	return "/valider/" + token.Text()
}

func TestADelegatesLinkDiesWithTheDelegation(t *testing.T) {
	for name, end := range map[string]func(*house, cast, okey.Person, uuid.UUID){
		"ended": func(h *house, c cast, _ okey.Person, id uuid.UUID) {
			_, err := h.Store.EndDelegation(h.Context(), id, c.blanc.ID, time.Now())
			require.NoError(h, err)
		},
		"over": func(h *house, _ cast, _ okey.Person, id uuid.UUID) {
			h.Exec(`UPDATE delegation SET until_day = $2 WHERE id = $1`, id, here().AddDays(-1).String())
		},
		"its giver has left": func(h *house, c cast, _ okey.Person, _ uuid.UUID) {
			h.Exec(`DELETE FROM assignment WHERE person = $1`, c.roux.ID)
		},
		"its giver teaches again": func(h *house, c cast, _ okey.Person, _ uuid.UUID) {
			h.Exec(`UPDATE assignment SET function = 'personnel' WHERE person = $1`, c.roux.ID)
		},
		"its holder has left": func(h *house, _ cast, p okey.Person, _ uuid.UUID) {
			h.Exec(`DELETE FROM assignment WHERE person = $1`, p.ID)
		},
		"only handovers are left": func(h *house, _ cast, _ okey.Person, id uuid.UUID) {
			h.Exec(`UPDATE delegation SET scope = 'handover_and_stock' WHERE id = $1`, id)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			c := h.cast()
			eve := h.Person("Eve Morel", okey.Staff, scene.Tilleuls)
			id := h.lent(c.roux, eve, okey.Everything)
			request := uuid.MustParse(strings.TrimPrefix(h.as(c.lea).asks(), "/demandes/"))
			path := h.linkFor(request, eve)
			anyone := h.browse()
			page := anyone.get(path)
			require.Equal(t, http.StatusOK, page.Status)
			form := page.form(t, path, "decision", "approve")
			end(h, c, eve, id)
			assert.Equal(t, http.StatusNotFound, anyone.get(path).Status)
			assert.Equal(t, http.StatusNotFound, anyone.post(path, form).Status)
			assert.Equal(t, okey.AwaitingDecision, h.Request(request).Stage)
		})
	}
}

func TestDelegationsAreDownloadedAsTheyStand(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	eve := h.Person("Eve Morel", okey.Staff, scene.Tilleuls)
	h.lent(c.roux, eve, okey.Everything)
	rows := h.as(c.blanc).download(delegations + ".xlsx")["Délégations"]
	require.Len(t, rows, 2)
	assert.Equal(t, []string{
		string(scene.Tilleuls), "Collège des Tilleuls", "Eve Morel", "tout : réponses, remises et stock", "Marc Roux",
		here().AddDays(-1).Time().Format("02/01/2006"), here().AddDays(1).Time().Format("02/01/2006"), "en cours",
	}, rows[1])
}

func TestAnApproverOfTwoSchoolsSeesBothGrouped(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Exec(`INSERT INTO assignment (person, uai, function, source, since) VALUES ($1, $2, 'chef', 'import', now())`, c.roux.ID,
		scene.Acacias)
	h.as(c.lea).asks()
	h.as(c.stranger).asks()
	roux := h.as(c.roux)
	home := roux.get("/")
	assert.Regexp(t, `(?s)<h3>Collège des Tilleuls \(0069001B\)</h3>.*Léa Martin.*<h3>Lycée des Acacias \(0069002C\)</h3>.*Zoé Ailleurs`,
		home.HTML)
	page := roux.get(delegations)
	assert.Contains(t, page.HTML, "<h2>Collège des Tilleuls (0069001B)</h2>")
	assert.Contains(t, page.HTML, "<h2>Lycée des Acacias (0069002C)</h2>")
	assert.NotContains(t, h.as(c.blanc).get(delegations).text(), "Acacias")
	for _, list := range []string{"/demandes", "/clefs", "/commandes"} {
		assert.Contains(t, roux.get(list).HTML, `<option value="0069002C"`, list)
	}
	assert.NotContains(t, roux.get("/demandes?etablissement=0069002C").text(), "Léa Martin")
}

func TestWhatAnApproverEndedTheDirectoryDoesNotBringBack(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	signsIn := func() {
		says := okey.DirectorySays{
			Delegations: []okey.DirectoryDelegation{{GivenBy: "mroux", UAI: scene.Tilleuls, From: here(), Until: here().AddDays(5)}},
		}
		_, err := h.Store.SignIn(t.Context(), okey.Person{UID: c.stranger.UID}, says, false, time.Now())
		require.NoError(t, err)
	}
	signsIn()
	zoe, roux := h.as(c.stranger), h.as(c.roux)
	assert.Contains(t, zoe.get("/").text(), "Vous êtes délégataire", "the directory knows whom it lends to, wherever they work")
	id := h.Text(`SELECT id::text FROM delegation`)
	roux.done(roux.fill(delegations, delegations+"/"+id+"/fin"))
	signsIn()
	assert.NotContains(t, zoe.get("/").text(), "délégataire")
	assert.Contains(t, roux.get(delegations).text(), "par Marc Roux")
	h.Exec(`UPDATE delegation SET id = gen_random_uuid()`) // as one whose giver had capitals, when ids were made with them
	signsIn()
	assert.NotContains(t, zoe.get("/").text(), "délégataire")
}

func TestTwoClicksAtOnceGiveOneDelegation(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Person("Eve Morel", okey.Staff, scene.Tilleuls)
	const page = delegations + "/" + string(scene.Tilleuls)
	roux := h.as(c.roux)
	form := roux.get(delegations).form(t, page, lend("Eve Morel", okey.Everything, 6)...)
	// A lock on the table holds all of them where they are about to write, or wait for the one that is: two in the database, the last in
	// the queue of its school.
	holding, err := h.Admin.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer func() { _ = holding.Rollback() }()
	_, err = holding.ExecContext(t.Context(), `LOCK TABLE delegation IN SHARE MODE`)
	require.NoError(t, err)
	statuses := make(chan int, 4)
	for range cap(statuses) {
		go func() {
			r, err := roux.client.PostForm(h.URL+page, form)
			if err != nil {
				statuses <- 0
				return
			}
			_ = r.Body.Close()
			statuses <- r.StatusCode
		}()
	}
	require.Eventually(t, func() bool {
		return h.Count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
			AND wait_event_type = 'Lock'`) == cap(statuses)-1
	}, 10*time.Second, 5*time.Millisecond)
	require.NoError(t, holding.Commit())
	for range cap(statuses) {
		assert.Equal(t, http.StatusSeeOther, <-statuses)
	}
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM delegation`))
	assert.Equal(t, 2, h.Count(`SELECT count(*) FROM audit WHERE event = 'delegation_given'`))
}

func TestADelegationTypedWhenTheSessionEndedIsNotLost(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Person("Eve Morel", okey.Staff, scene.Tilleuls)
	const page = delegations + "/" + string(scene.Tilleuls)
	roux := h.as(c.roux)
	form := roux.get(delegations).form(t, page, lend("Eve Morel", okey.HandoverAndStock, 6)...)
	h.Exec(`DELETE FROM session`)
	ended := roux.post(page, form)
	assert.Equal(t, http.StatusUnauthorized, ended.Status)
	roux.continueAs(c.roux)
	back := roux.done(roux.get(page)) // where sign-in leads back to
	assert.Contains(t, back.text(), "Rien de ce que vous aviez écrit n'est perdu")
	roux.done(roux.post(page, back.form(t, page)))
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM delegation WHERE scope = 'handover_and_stock'`))
}
