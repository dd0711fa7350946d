package main

import (
	stdsql "database/sql"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"okey/engine"
	"okey/internal/bench"
	"okey/okey"
)

// `make bench CURVES=1`: see docs/performance.md.
var waitingFlag = flag.String("waiting", "", "how many requests wait for stock while the others are measured, one number after the other, "+
	"by commas; empty: 3,6, to see that it can be")

const (
	waitingSchools = 200 // where they wait, at most
	waitingGiven   = 10  // schools that a delivery has a key for
)

// waiting is the whole of OKEY, with requests that wait in schools where nobody else asks.
type waiting struct {
	*measured
	follow  *engine.Engine
	engines *stdsql.DB // the engine's database
	asked   int        // of those who may wait, so many have asked
	given   int        // keys
	head    string     // the token of the first school's
}

// TestCurveOfWaiting measures the same with more and more requests that wait for a key. It holds no time, but that who waits does nothing.
func TestCurveOfWaiting(t *testing.T) {
	points, together, alone, rest := strings.Split(*waitingFlag, ","), 48, 8, 10*time.Second
	if *waitingFlag == "" {
		points, together, alone, rest = []string{"3", "6"}, 2, 1, time.Second
	}
	numbers := make([]int, len(points))
	for i, point := range points {
		var err error
		numbers[i], err = strconv.Atoi(point)
		require.NoError(t, err)
	}
	w := newWaiting(t, 1+len(points)*(together+alone), numbers[len(numbers)-1]+len(points)*waitingGiven)
	figures := []bench.Figure{
		{Name: "whole requests, 12 at once", Unit: "1/s"},
		{Name: "a step, from click to outcome, alone, median", Unit: "ms"},
		{Name: "the requests that a head answers for, API, median", Unit: "ms"},
		{Name: "a delivery for ten schools, until each has its key", Unit: "ms"},
		{Name: "processors while nobody does anything", Unit: "ms/s"},
	}
	for _, n := range numbers {
		w.fill(n)
		work := w.rests(rest)
		for i, value := range []float64{
			measure(t, together, 12, w.whole).rate,
			measure(t, alone, 1, w.whole).step, w.lists(), w.delivers(), work,
		} {
			figures[i].Ours = append(figures[i].Ours, value)
		}
	}
	bench.PrintCurve(os.Stdout, "requests that wait for stock", points, figures)
	if *waitingFlag != "" {
		require.NoError(t, bench.Keep(filepath.Join("..", "bin", "bench"), "waiting", figures))
	}
}

func newWaiting(t *testing.T, journeys, people int) *waiting {
	t.Helper()
	w := &waiting{measured: newMeasured(t, journeys), head: uuid.NewString()}
	w.follow, w.engines = engine.New(w.engine, okey.DefaultWaits(), w.env["OKEY_URL"]), w.stack.admin("temporal")
	measure(t, 1, 1, w.whole) // what comes first is slower
	places, members := strings.SplitAfter(schools, "\n")[0], strings.SplitAfter(staff, "\n")[0]
	at := make([]string, min(waitingSchools, people))
	for i := range at {
		at[i] = numberedUAI(t, mostSchools-1-i)
		places += at[i] + ";Collège de l'Attente;340;1;99;23;Nice;06000\n"
		members += fmt.Sprintf("%s;q%d;Roux;Paul;q%d@ecole.test;chef\n", at[i], i, i)
	}
	for n := range people {
		members += fmt.Sprintf("%s;w%d;Martin;Léa;w%d@ecole.test;personnel\n", at[n%len(at)], n, n)
	}
	w.importFile("establishments", "ecoles.csv", places)
	w.importFile("staff", "personnels.csv", members)
	w.giveTokens(map[string]string{w.head: "q0"})
	return w
}

const whoWait = `SELECT count(*) FROM request WHERE stage = 'awaiting_stock'`

// fill has so many wait: rows as of requests that were approved, and a workflow for each, started as the repair watch starts those that are
// gone. It returns once none of them has anything more to do.
func (w *waiting) fill(n int) {
	w.t.Helper()
	more := n - w.count(whoWait)
	rows, err := w.measured.admin.QueryContext(w.ctx, `INSERT INTO request (id, person, uai, need, reason, stage, since, asked_at, approved_at)
		SELECT gen_random_uuid(), p.id, a.uai, 'saisie', 'first', 'awaiting_stock', now(), now(), now() FROM person p
		JOIN assignment a ON a.person = p.id JOIN generate_series($1::int, $2::int) n ON p.uid = 'w' || n RETURNING id`, w.asked, w.asked+more-1)
	require.NoError(w.t, err)
	defer rows.Close()
	w.asked += more
	var starts errgroup.Group
	starts.SetLimit(32)
	for rows.Next() {
		var id uuid.UUID
		require.NoError(w.t, rows.Scan(&id))
		starts.Go(func() error {
			_, err := w.follow.EnsureRunning(w.ctx, id)
			return err
		})
	}
	require.NoError(w.t, starts.Wait())
	require.NoError(w.t, rows.Err())
	require.Equal(w.t, n, w.count(whoWait))
	for before := -1; before != w.events(); { // until all have come to their wait
		before = w.events()
		require.NoError(w.t, pause(w.ctx, time.Second))
	}
}

// events is how far the histories of all requests have come.
func (w *waiting) events() (n int) {
	w.t.Helper()
	require.NoError(w.t, w.engines.QueryRowContext(w.ctx,
		`SELECT coalesce(sum(next_event_id), 0) FROM executions WHERE workflow_id LIKE $1`,
		strings.TrimSuffix(okey.RequestWorkflowID(uuid.Nil), uuid.Nil.String())+"%").Scan(&n))
	return n
}

// rests returns what the processors do while nobody does anything, in milliseconds a second: the median of three times, since the database
// tidies up once after many rows. Those who wait do nothing.
func (w *waiting) rests(during time.Duration) float64 {
	w.t.Helper()
	var works []float64
	for range 3 {
		events, used := w.events(), processorTime()
		require.NoError(w.t, pause(w.ctx, during))
		works = append(works, milliseconds(processorTime()-used)/during.Seconds())
		require.Equal(w.t, events, w.events(), "who waits does nothing")
	}
	return bench.Median(works)
}

// lists is how long a head waits for what they answer for.
func (w *waiting) lists() float64 {
	w.t.Helper()
	var took []float64
	for range 20 {
		began := time.Now()
		said, err := w.ask(w.ctx, http.MethodGet, "/requests", w.head, "", nil)
		require.NoError(w.t, err)
		require.Equal(w.t, http.StatusOK, said.Status, said.Body)
		took = append(took, milliseconds(time.Since(began)))
	}
	return bench.Median(took)
}

// delivers has a delivery bring a key for each of some schools, and returns how long it takes until all have gone to who was first in line.
func (w *waiting) delivers() float64 {
	w.t.Helper()
	before, keys := w.count(whoWait), keysHeader
	to := w.list(`SELECT uai FROM request WHERE stage = 'awaiting_stock' GROUP BY uai ORDER BY uai LIMIT $1`, waitingGiven)
	for _, uai := range to {
		w.given++
		keys += fmt.Sprintf("0077%04d;ATTENTE;31/12/2040;%s\n", w.given, uai)
	}
	began := time.Now()
	w.importFile("delivery", "livraison.csv", keys)
	require.Eventually(w.t, func() bool { return w.count(whoWait) == before-len(to) }, patience, 10*time.Millisecond)
	return milliseconds(time.Since(began))
}
