package main

import (
	"context"
	"html"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/okey"
)

// reply is what whoever answered a request was told, whichever way in they took.
type reply struct {
	how  string // done, recorded, refused
	text string
	err  error
}

// answering is one decision on its way.
type answering struct {
	request, action string
	decision        okey.Decision
	comment         string
}

func (a answering) form() url.Values {
	return url.Values{"action": {a.action}, "decision": {string(a.decision)}, "comment": {a.comment}}
}

// way is a way in: open prepares whoever answers, and what it returns sends.
type way struct {
	name string
	open func(h *hall, person, request string) func(answering) reply
}

var ways = []way{
	{"page", byPage},
	{"api", byAPI},
	{"link", byLink},
}

func byAPI(h *hall, person, request string) func(answering) reply {
	return func(a answering) reply {
		said, err := h.try(h.env["OKEY_URL"], person, http.MethodPost, "/requests/"+request+"/signals/principal-decision",
			fields{"decision": a.decision, "comment": a.comment}, "Idempotency-Key", a.action)
		how := map[int]string{http.StatusOK: "done", http.StatusAccepted: "recorded", http.StatusConflict: "refused"}[said.Status]
		return reply{how, said.text("detail"), err}
	}
}

func byPage(h *hall, person, request string) func(answering) reply {
	b := h.signIn(person)
	b.open(h.env["OKEY_URL"] + "/demandes/" + request)
	require.Contains(h.t, b.page, "/demandes/"+request+"/reponse", "the form is there")
	person = attributes(regexp.MustCompile(`<input[^>]*name="person"[^>]*>`).FindString(b.page))["value"]
	return func(a answering) reply {
		form := a.form()
		form.Set("person", person)
		return sent(b.client, h.env["OKEY_URL"]+"/demandes/"+request+"/reponse", form)
	}
}

func byLink(h *hall, person, _ string) func(answering) reply {
	link := h.link(person)
	return func(a answering) reply {
		jar, err := cookiejar.New(nil)
		if err != nil {
			return reply{err: err}
		}
		return sent(http.Client{Jar: jar}, link, a.form())
	}
}

// link is the one that the newest mail to somebody leads to.
func (h *hall) link(person string) string {
	h.t.Helper()
	found := regexp.MustCompile(h.env["OKEY_URL"] + `/valider/\S+`).FindString(h.awaitLetter(person+"@", "/valider/").Text)
	require.NotEmpty(h.t, found)
	return found
}

// sent posts a form as a browser does, and reads the page that answers.
func sent(client http.Client, address string, form url.Values) reply {
	at, err := url.Parse(address)
	if err != nil {
		return reply{err: err}
	}
	request, err := http.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return reply{err: err}
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", at.Scheme+"://"+at.Host)
	response, err := client.Do(request)
	if err != nil {
		return reply{err: err}
	}
	defer func() { _ = response.Body.Close() }()
	page, err := readPage(response)
	how := map[int]string{http.StatusAccepted: "recorded", http.StatusConflict: "refused"}[response.StatusCode]
	if response.StatusCode == http.StatusOK && response.Request.URL.Query().Has("fait") {
		how = "done"
	}
	return reply{how, html.UnescapeString(page), err}
}

// atOnce sends all of it in the same moment, and returns the replies in order.
func atOnce(t *testing.T, sends ...func() reply) []reply {
	t.Helper()
	replies := make([]reply, len(sends))
	begin, done := make(chan struct{}), sync.WaitGroup{}
	for i, send := range sends {
		done.Go(func() {
			<-begin
			replies[i] = send()
		})
	}
	close(begin)
	done.Wait()
	for _, r := range replies {
		require.NoError(t, r.err)
	}
	return replies
}

// state is all that an action may change of a request: where it stands, its timeline, its entries in the audit, its history in the engine.
func (h *hall) state(request string) []any {
	h.t.Helper()
	h.awaitQuiet(request)
	view := h.call("sam", "GET", "/requests/"+request, nil).Body
	return []any{
		view["stage"], view["timeline"], look[int](h, `SELECT count(*) FROM audit WHERE subject LIKE '%' || $1`, request),
		len(h.history(workflowOf(request)).GetEvents()),
	}
}

// Every way in meets the real engine: what is recorded there reaches its judge once, and whoever sent it learns what became of it.
func TestEveryWayInMeetsTheEngine(t *testing.T) {
	staffed := map[string]int{"foule": 40, "garde": 12, "ailleurs": 2}
	for _, w := range ways {
		for _, matter := range []string{"une", "deux", "refus", "absence"} {
			staffed[w.name+"-"+matter] = 1
		}
	}
	h, places := newHall(t, staffed)
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			at := func(matter string) place { return places[w.name+"-"+matter] }
			t.Run("is applied, and a duplicate changes nothing", func(t *testing.T) { h.of(t).appliedOnce(w, at("une")) })
			t.Run("one of two answers decides", func(t *testing.T) { h.of(t).oneOfTwo(w, at("deux")) })
			t.Run("the judge's reason is told", func(t *testing.T) { h.of(t).refusedByTheJudge(w, at("refus")) })
		})
	}
	t.Run("without a worker", func(t *testing.T) { h.of(t).recordedWithoutAWorker(places) })
	t.Run("wrong links", func(t *testing.T) { h.of(t).wrongLinks(places["ailleurs"]) })
	t.Run("the notifications are lost", func(t *testing.T) { h.of(t).notificationsLost(places["garde"]) })
	requests := map[string]string{}
	t.Run("forty ask at once", func(t *testing.T) { requests = h.of(t).fortyAsk(places["foule"]) })
	t.Run("a school's row is held", func(t *testing.T) { h.of(t).rowHeld(places["foule"], requests, places["garde"]) })
	t.Run("all connections are taken", func(t *testing.T) { h.of(t).connectionsTaken(places["garde"]) })
	assert.Contains(t, h.advice(), "chaîne intacte")
}

func (h *hall) appliedOnce(w way, p place) {
	request := h.asks(p, p.member(1))
	send := w.open(h, p.head(), request)
	a := answering{request, newAction(), okey.Approve, ""}
	twice := atOnce(h.t, func() reply { return send(a) }, func() reply { return send(a) })
	assert.Equal(h.t, []string{"done", "done"}, []string{twice[0].how, twice[1].how}, "a double click: %v", twice)
	h.awaitStage(request, okey.AwaitingStock)
	before := h.state(request)
	again := send(a)
	require.NoError(h.t, again.err)
	assert.Equal(h.t, "done", again.how, again.text)
	assert.Equal(h.t, before, h.state(request), "the same click, later")
}

func (h *hall) oneOfTwo(w way, p place) {
	request := h.asks(p, p.member(1))
	head, deputy := w.open(h, p.head(), request), w.open(h, p.deputy(), request)
	yes, no := answering{request, newAction(), okey.Approve, ""}, answering{request, newAction(), okey.Refuse, "non"}
	both := atOnce(h.t, func() reply { return head(yes) }, func() reply { return deputy(no) })
	h.oneDecided(p, request, both)
	repeated := []reply{head(yes), deputy(no)}
	h.oneDecided(p, request, repeated)
	assert.Equal(h.t, both[0].how, repeated[0].how, "the same click, later")
}

// oneDecided holds that the request stands where one of the two answers, the head's yes and the deputy's no, has led it, and that the
// other's sender was told whose.
func (h *hall) oneDecided(p place, request string, both []reply) {
	h.t.Helper()
	yes := both[0].how == "done"
	winner, loser, stage, done := p.head(), both[1], okey.AwaitingStock, "déjà accepté cette demande"
	if !yes {
		winner, loser, stage, done = p.deputy(), both[0], okey.Refused, "déjà refusé cette demande"
		assert.Equal(h.t, "done", both[1].how, both[1].text)
	}
	assert.Equal(h.t, "refused", loser.how, loser.text)
	assert.Contains(h.t, loser.text, strings.ToUpper(winner)+" a "+done)
	assert.Contains(h.t, loser.text, "Votre réponse n'a rien changé")
	assert.Equal(h.t, string(stage), h.stage(request))
}

// refusedByTheJudge: the requester was given a key meanwhile, which the server does not look at.
func (h *hall) refusedByTheJudge(w way, p place) {
	request := h.asks(p, p.member(1))
	send := w.open(h, p.head(), request)
	h.importFile("keys", "clefs.csv", "numero_de_serie;lot;date_d_expiration;uai;titulaire;etat\n"+
		okey.DerivedID([16]byte{}, p.uai).String()[:8]+";L;31/12/2030;"+p.uai+";"+p.member(1)+";en_service\n")
	said := send(answering{request, newAction(), okey.Approve, ""})
	require.NoError(h.t, said.err)
	assert.Equal(h.t, "refused", said.how)
	assert.Contains(h.t, said.text, "Cette personne a reçu une autre clef entre-temps")
	assert.Equal(h.t, string(okey.AwaitingDecision), h.stage(request))
}

// recordedWithoutAWorker: everybody is told that it is recorded; afterwards one of two answers has decided, and the other's sender, who was
// promised too much, has a mail.
func (h *hall) recordedWithoutAWorker(places map[string]place) {
	type matter struct {
		at      place
		request string
		send    []func() reply
	}
	var matters []matter
	for _, w := range ways {
		m := matter{at: places[w.name+"-absence"]}
		m.request = h.asks(m.at, m.at.member(1))
		head, deputy := w.open(h, m.at.head(), m.request), w.open(h, m.at.deputy(), m.request)
		yes, no := answering{m.request, newAction(), okey.Approve, ""}, answering{m.request, newAction(), okey.Refuse, "non"}
		m.send = []func() reply{func() reply { return head(yes) }, func() reply { return deputy(no) }}
		matters = append(matters, m)
	}
	h.killWorker()
	var all []func() reply
	for _, m := range matters {
		all = append(all, m.send...)
	}
	for _, said := range atOnce(h.t, all...) {
		assert.Equal(h.t, "recorded", said.how, said.text)
		assert.Contains(h.t, said.text, "est enregistré")
	}
	for _, m := range matters {
		assert.Equal(h.t, string(okey.AwaitingDecision), h.stage(m.request))
	}
	h.startWorker()
	for _, m := range matters {
		require.Eventually(h.t, func() bool { return h.stage(m.request) != string(okey.AwaitingDecision) }, patience, 50*time.Millisecond)
		h.awaitQuiet(m.request)
		both := atOnce(h.t, m.send...)
		h.oneDecided(m.at, m.request, both)
		loser := m.at.deputy()
		if both[0].how != "done" {
			loser = m.at.head()
		}
		h.awaitTold(loser+"@", "Votre envoi n'a pas pu être pris en compte")
	}
}

// fortyAsk: five mails and one list to the one who answers, however many workers' hands write them.
func (h *hall) fortyAsk(p place) map[string]string {
	const people = 40
	requests, lock := map[string]string{}, sync.Mutex{}
	asks := make([]func() reply, people)
	for i := range asks {
		asks[i] = func() reply {
			a, err := h.try(h.env["OKEY_URL"], p.member(i+1), http.MethodPost, "/requests", fields{"establishment": p.uai, "need": "formation"})
			lock.Lock()
			defer lock.Unlock()
			requests[p.member(i+1)] = a.text("id")
			return reply{text: a.text("detail"), err: err}
		}
	}
	atOnce(h.t, asks...)
	for person, id := range requests {
		require.NotEmpty(h.t, id, person)
		h.awaitStage(id, okey.AwaitingDecision)
	}
	require.Eventually(h.t, func() bool { return h.mailsTried(requests) }, patience, 200*time.Millisecond, "each request's mails had a try")
	for _, person := range []string{p.head(), p.deputy()} {
		alone, lists := 0, 0
		for _, l := range h.letters(person + "@") {
			switch {
			case strings.Contains(l.Text, "/valider/"):
				alone++
			case strings.Contains(l.Subject, "votre réponse"):
				lists++
			}
		}
		assert.Equal(h.t, []int{5, 1}, []int{alone, lists}, "mails and lists to %s", person)
	}
	return requests
}

// mailsTried tells whether no request has mails under way but those that wait for a list.
func (h *hall) mailsTried(requests map[string]string) bool {
	for _, id := range requests {
		d, err := h.engineClient().DescribeWorkflowExecution(context.Background(), workflowOf(id), "")
		if err != nil {
			return false
		}
		for _, a := range d.GetPendingActivities() {
			if a.GetAttempt() == 1 {
				return false
			}
		}
	}
	return true
}

// wrongLinks: however many guesses come at once, as many are looked at as may be; and a right link answers from the same place.
func (h *hall) wrongLinks(p place) {
	h.asks(p, p.member(1))
	right := h.link(p.head())
	limit := okey.AttemptLink.Limit().Wrong
	guess := func() reply {
		response, err := http.Get(h.env["OKEY_URL"] + "/valider/" + strings.Repeat("A", 43))
		if err != nil {
			return reply{err: err}
		}
		return reply{how: response.Status[:3], err: response.Body.Close()}
	}
	counted := map[string]int{}
	for _, r := range atOnce(h.t, slices.Repeat([]func() reply{guess}, 3*limit)...) {
		counted[r.how]++
	}
	assert.Equal(h.t, map[string]int{"404": limit, "429": 2 * limit}, counted)
	status, page := get(h.t, right)
	assert.Equal(h.t, http.StatusOK, status, page)
}

// notificationsLost: the connection that tells outcomes is cut again and again. Without looking by itself the server would tell nobody.
func (h *hall) notificationsLost(p place) {
	const cut = `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE usename = 'okey_app' AND (query LIKE 'LISTEN%' OR query = '')` // or a ping
	require.Eventually(h.t, func() bool { return look[int](h, cut) > 0 }, patience, 50*time.Millisecond, "somebody listens")
	over, cuts := make(chan struct{}), sync.WaitGroup{}
	cuts.Go(func() {
		for tick := time.Tick(20 * time.Millisecond); ; <-tick {
			select {
			case <-over:
				return
			default:
				_, _ = h.owner.Exec(cut)
			}
		}
	})
	told := map[int]int{}
	for n := range 3 {
		request := h.asks(p, p.member(n+1))
		a, err := h.try(h.env["OKEY_URL"], p.head(), http.MethodPost, "/requests/"+request+"/signals/principal-decision", approval)
		require.NoError(h.t, err)
		told[a.Status]++
	}
	close(over)
	cuts.Wait()
	assert.Positive(h.t, told[http.StatusOK], "%v", told)
}

// rowHeld: somebody holds a school's row, and forty answers of that school wait; those of another school are judged meanwhile.
func (h *hall) rowHeld(held place, requests map[string]string, other place) {
	free := h.asks(other, other.member(10))
	tx, err := h.owner.Begin()
	require.NoError(h.t, err)
	defer func() { _ = tx.Rollback() }() // done already, unless the test has failed
	_, err = tx.Exec(`SELECT FROM establishment WHERE uai = $1 FOR UPDATE`, held.uai)
	require.NoError(h.t, err)
	var waiting []func() reply
	for _, id := range requests {
		waiting = append(waiting, func() reply {
			return byAPI(h, held.head(), id)(answering{id, newAction(), okey.Approve, ""})
		})
	}
	replies := make(chan []reply, 1)
	go func() { replies <- atOnce(h.t, waiting...) }()
	h.counts(h.owner, len(requests), `SELECT count(*) FROM action WHERE name = 'principal-decision' AND outcome IS NULL`)
	h.settled(other.head(), free, okey.PrincipalDecision, approval)
	h.settled(other.member(10), free, okey.Withdrawal, fields{"comment": ""})
	require.NoError(h.t, tx.Rollback())
	for _, r := range <-replies {
		assert.Contains(h.t, []string{"done", "recorded"}, r.how, r.text)
	}
	for _, id := range requests {
		h.awaitStage(id, okey.AwaitingStock)
	}
}

// connectionsTaken: every connection of the server waits for a lock, and more people come than it has; the process answers, and once the
// lock is gone everybody is.
func (h *hall) connectionsTaken(p place) {
	const pool, people = 20, 60
	tx, err := h.owner.Begin()
	require.NoError(h.t, err)
	defer func() { _ = tx.Rollback() }() // done already, unless the test has failed
	_, err = tx.Exec(`LOCK TABLE api_token IN ACCESS EXCLUSIVE MODE`)
	require.NoError(h.t, err)
	reads := slices.Repeat([]func() reply{func() reply {
		a, err := h.try(h.env["OKEY_URL"], p.head(), http.MethodGet, "/requests", nil)
		return reply{how: http.StatusText(a.Status), text: a.text("detail"), err: err}
	}}, people)
	replies := make(chan []reply, 1)
	go func() { replies <- atOnce(h.t, reads...) }()
	h.counts(h.owner, pool, `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%api_token%'`)
	status, _ := get(h.t, h.env["OKEY_URL"]+"/healthz")
	assert.Equal(h.t, http.StatusOK, status)
	require.NoError(h.t, tx.Rollback())
	for _, r := range <-replies {
		assert.Contains(h.t, []string{"OK", "Service Unavailable"}, r.how, r.text)
	}
	request := h.asks(p, p.member(11))
	h.settled(p.head(), request, okey.PrincipalDecision, approval)
}
