package main

import (
	stdsql "database/sql"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/internal/bench"
	"okey/internal/pgtest"
	"okey/internal/postbox"
	"okey/okey"
)

// `make bench RUSH=1`: see docs/performance.md.
var rushShare = flag.Float64("rush", 0, "which share of the first week of September is lived through; 0: a hundredth, to see that it can be")

// The first week of September in a large academy.
const (
	rushSchools  = 300
	rushRequests = 5000
	rushMails    = 1200 // a minute, which an academy's relay takes
)

// rush is a first week: people ask, heads answer as requests come in, keys come once all have asked.
type rush struct {
	*trial
	places [][]*journey // by school, those who ask

	mu    sync.Mutex
	took  []float64 // of each click, in milliseconds
	kept  int       // answered 202
	wrong []string
}

// TestRush holds to what must be true of a rush whatever the machine: no click is lost or refused by an overloaded server, keys go to those
// first in line, a head has lists rather than dozens of mails, and the relay no more a minute than it is to have. How long it took is printed.
func TestRush(t *testing.T) {
	share := *rushShare
	if share == 0 {
		share = 0.01
	} else {
		pgtest.Alone(t)
	}
	r := newRush(t, max(2, int(rushSchools*share)), max(20, int(rushRequests*share)))
	began := time.Now()
	r.askAndAnswer()
	asked := time.Since(began)

	began = time.Now()
	r.deliver()
	given := r.awaitKeys()
	r.awaitMails()
	drained := time.Since(began)

	assert.Empty(t, r.wrong)
	r.fair()
	n := float64(r.requests())
	most := r.count(`SELECT max(n) FROM (SELECT count(*) AS n FROM mail m JOIN person p ON p.id = m.person
		WHERE p.uid LIKE 'h%' GROUP BY m.person) of`)
	busiest := r.count(`SELECT max(n) FROM (SELECT (SELECT count(*) FROM mail o WHERE o.sent_at >= m.sent_at
		AND o.sent_at < m.sent_at + interval '1 minute') AS n FROM mail m WHERE m.state = 'sent') of`)
	perHead := n / float64(len(r.places))
	if perHead > 10 {
		assert.Less(t, float64(most), 2*perHead, "mails to one head, who answers two things of each")
	}
	assert.LessOrEqual(t, busiest, rushMails+rushMails/10)
	figures := []bench.Figure{
		{Name: "requests asked and answered", Unit: "1/s", Ours: []float64{n / asked.Seconds()}},
		{Name: "a click in the rush, median", Unit: "ms", Ours: []float64{bench.Median(r.took)}},
		{Name: "a click in the rush, p99", Unit: "ms", Ours: []float64{bench.Percentile(r.took, 0.99)}},
		{Name: "clicks answered 202, of a hundred", Unit: "", Ours: []float64{100 * float64(r.kept) / float64(len(r.took))}},
		{Name: "from the delivery until each has a key", Unit: "s", Ours: []float64{given.Seconds()}},
		{Name: "from the delivery until the last mail", Unit: "s", Ours: []float64{drained.Seconds()}},
		{Name: "mails to a head, at most", Unit: "", Ours: []float64{float64(most)}},
		{Name: "mails in the busiest minute", Unit: "", Ours: []float64{float64(busiest)}, Goal: fmt.Sprint(rushMails)},
	}
	fmt.Printf("rush: %d schools, %.0f requests, keys for nine of ten\n", len(r.places), n)
	bench.Print(os.Stdout, figures)
	if *rushShare > 0 {
		require.NoError(t, bench.Keep(filepath.Join("..", "bin", "bench"), "rush", figures))
	}
}

func newRush(t *testing.T, schools, requests int) *rush {
	t.Helper()
	s := newStack(t, "--no-okey")
	r := &rush{trial: &trial{
		stack: s, ctx: t.Context(), relay: postbox.Open(t), base: "http://" + s.env["OKEY_HTTP"], seen: &seen{statuses: map[int]int{}},
	}}
	var err error
	r.admin, err = stdsql.Open("postgres", readEnvironment(t, filepath.Join(s.dir, "okey-admin.env"))["OKEY_ADMIN_DATABASE_URL"])
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.admin.Close() })
	r.populate(schools, requests)
	relay := fmt.Sprintf("OKEY_SMTP_URL=smtp://%s:%d", r.relay.Host, r.relay.Port)
	r.server = s.newService("server", relay)
	r.worker = s.newService("worker", relay, fmt.Sprintf("OKEY_MAIL_RATE=%d", rushMails))
	r.awaitReady()
	return r
}

// populate brings in schools, each with a head and people who will ask, as many in each.
func (r *rush) populate(schoolCount, requests int) {
	r.t.Helper()
	r.places = make([][]*journey, schoolCount)
	places, people := strings.SplitAfter(schools, "\n")[0], strings.SplitAfter(staff, "\n")[0]
	tokens := map[string]string{}
	for i := range r.places {
		head := uuid.NewString()
		tokens[head] = fmt.Sprintf("h%d", i)
		uai := numberedUAI(r.t, i)
		places += uai + ";Collège de la Rentrée;340;1;99;23;Nice;06000\n"
		people += fmt.Sprintf("%s;h%d;Roux;Paul;h%d@ecole.test;chef\n", uai, i, i)
		for n := i; n < requests; n += schoolCount {
			j := &journey{tr: r.trial, number: n, uai: uai, asker: uuid.NewString(), head: head}
			tokens[j.asker] = fmt.Sprintf("a%d", n)
			people += fmt.Sprintf("%s;a%d;Martin;Léa;%s;personnel\n", uai, n, j.askerMail())
			r.places[i] = append(r.places[i], j)
		}
	}
	r.importFile("establishments", "ecoles.csv", places)
	r.importFile("staff", "personnels.csv", people)
	r.giveTokens(tokens)
}

// Of those who ask, and of heads, so many are at it at once.
const rushClients, rushHeads = 48, 16

// askAndAnswer has everybody ask, in turn between schools, and each head answer what has come in, in its order.
func (r *rush) askAndAnswer() {
	r.t.Helper()
	asked, answered := make(chan *journey), make(chan *journey, r.requests())
	var clients, heads sync.WaitGroup
	for range rushClients {
		clients.Go(func() {
			for j := range asked {
				if r.click(j, "ask", j.asker, "/requests", fields{"establishment": j.uai, "need": "saisie"}, okey.AwaitingDecision) {
					answered <- j
				}
			}
		})
	}
	for range rushHeads {
		heads.Go(func() {
			for j := range answered {
				r.click(j, "approve", j.head, "/requests/"+j.request+"/signals/principal-decision", approval, okey.AwaitingStock)
			}
		})
	}
	for turn := range r.places[0] {
		for _, place := range r.places {
			if turn < len(place) {
				asked <- place[turn]
			}
		}
	}
	close(asked)
	clients.Wait()
	close(answered)
	heads.Wait()
}

// click is one write, made once: what is answered 202 is read until it has happened.
func (r *rush) click(j *journey, what, token, to string, body fields, leads okey.Stage) bool {
	began := time.Now()
	said, err := r.ask(r.ctx, http.MethodPost, to, token, uuid.NewString(), body)
	took := milliseconds(time.Since(began))
	if err == nil && j.request == "" {
		j.request = path.Base(said.Location)
	}
	if err == nil && said.Status == http.StatusAccepted {
		err = j.await(r.ctx, leads)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.took = append(r.took, took)
	if said.Status == http.StatusAccepted {
		r.kept++
	}
	if err != nil || said.Status >= 300 {
		r.wrong = append(r.wrong, fmt.Sprintf("%s was answered %d: %v", what, said.Status, err))
		return false
	}
	return true
}

func (r *rush) requests() (n int) {
	for _, place := range r.places {
		n += len(place)
	}
	return n
}

// served is how many of a school's people there is a key for.
func served(people int) int { return people * 9 / 10 }

// deliver brings, in one delivery, keys for nine of ten of each school.
func (r *rush) deliver() {
	r.t.Helper()
	keys := keysHeader
	for i, place := range r.places {
		for n := range served(len(place)) {
			keys += fmt.Sprintf("00%04d%04d;RENTREE;31/12/2040;%s\n", i, n, place[0].uai)
		}
	}
	r.importFile("delivery", "livraison.csv", keys)
}

// awaitKeys returns how long it took until nobody waited beside a free key.
func (r *rush) awaitKeys() time.Duration {
	r.t.Helper()
	began, want := time.Now(), 0
	for _, place := range r.places {
		want += served(len(place))
	}
	r.awaitCount(want, `SELECT count(*) FROM request WHERE stage = 'awaiting_charter'`)
	return time.Since(began)
}

// awaitMails returns once nothing is left to send.
func (r *rush) awaitMails() {
	r.t.Helper()
	r.awaitCount(0, `SELECT (SELECT count(*) FROM mail WHERE state = 'queued') + (SELECT count(*) FROM letter WHERE left_at IS NULL)
		+ (SELECT count(*) FROM action WHERE outcome IS NULL)`)
}

func (r *rush) awaitCount(want int, question string) {
	r.t.Helper()
	tick, last, moved := time.NewTicker(200*time.Millisecond), -1, time.Now()
	defer tick.Stop()
	for range tick.C {
		now := r.count(question)
		if now == want {
			return
		}
		if now != last {
			last, moved = now, time.Now()
		}
		require.Less(r.t, time.Since(moved), patience, "it stays at %d, not %d: %s", now, want, question)
	}
}

// fair holds that in each school those have a key who were first in line.
func (r *rush) fair() {
	r.t.Helper()
	assert.Zero(r.t, r.count(`SELECT count(*) FROM request w JOIN request k ON k.uai = w.uai AND k.stage = 'awaiting_charter'
		WHERE w.stage = 'awaiting_stock' AND (k.approved_at, k.id) > (w.approved_at, w.id)`), "served before somebody who was first in line")
}
