package main

import (
	"context"
	stdsql "database/sql"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"okey/internal/pgtest"
	"okey/internal/postbox"
)

// `make faults`: see docs/faults.md.
var (
	whichFaults = flag.String("faults", "", "which faults: all, several (all, but none alone first), or names with commas between them; empty: the short form")
	faultSeed   = flag.Uint64("seed", 1, "the schedule of faults follows from it; 0: another one each time")
	pairSeconds = flag.Int("seconds", 300, "how long the long form goes on with several faults at once")
)

// form is how thorough a run is.
type form struct {
	clients    int
	lasts      time.Duration // a fault, at most; half of it at least
	cap        int           // journeys of a round, at most
	booksAtEnd bool          // once for all rounds
	dot        time.Duration // what a slow relay takes
	patience   time.Duration // no wall time is held: it is how long nothing may get on before that is called stuck
}

// trial is the whole of OKEY as in production, under faults.
type trial struct {
	*stack
	ctx    context.Context // it ends with the test, or with Ctrl-C
	form   form
	admin  *stdsql.DB
	relay  *postbox.Box
	wires  map[string]*wire
	clocks map[string]string // the files that turn them
	base   string            // of the server
	server *service
	worker *service

	pool   []*journey
	walked []*journey // in all rounds
	seen   *seen
}

// strike is one fault of a round.
type strike struct {
	fault
	after, lasts time.Duration
}

func (s strike) String() string {
	if s.once {
		return fmt.Sprintf("%s at %.1f s", s.name, s.after.Seconds())
	}
	return fmt.Sprintf("%s at %.1f s for %.1f s", s.name, s.after.Seconds(), s.lasts.Seconds())
}

// TestFaults has people go their ways while what OKEY stands on is taken from it, and then holds it to its books.
func TestFaults(t *testing.T) {
	pgtest.Alone(t) // how soon it heals is printed
	seed := *faultSeed
	if seed == 0 {
		seed = rand.Uint64N(1_000_000)
	}
	fmt.Printf("faults: seed %d\n", seed)
	defer func() {
		if t.Failed() {
			fmt.Printf("faults: the same schedule again: make faults FAULTS=%s SEED=%d\n", *whichFaults, seed)
		}
	}()
	random := rand.New(rand.NewPCG(seed, seed))
	if *whichFaults == "" {
		shortForm(t, random)
	} else {
		longForm(t, random)
	}
}

// shortForm hits with seven faults, of each kind, the last five not alone.
func shortForm(t *testing.T, random *rand.Rand) {
	f := form{clients: 4, lasts: 3 * time.Second, cap: 16, dot: 2 * time.Second, booksAtEnd: true, patience: 4 * time.Minute}
	// A fault that needs something made first is left to the long form; what is long is never drawn among others.
	atHand := slices.DeleteFunc(faults(), func(f fault) bool { return f.needs != nil && !f.long })
	rounds := [][]strike{
		together(random, wireFaults(), 1, f), together(random, programFaults(), 1, f),
		together(random, append(programFaults(), relayFaults()...), 2, f), together(random, atHand, 3, f),
	}
	tr := newTrial(t, f, len(rounds)*(f.cap+1))
	for _, strikes := range rounds {
		tr.round(strikes)
	}
	fmt.Printf("faults: | the books | %s\n", tr.balance(tr.walked, time.Now()))
}

// longForm hits with each of the faults alone, and then with two or three at once for as long as is wanted.
func longForm(t *testing.T, random *rand.Rand) {
	f := form{clients: 6, lasts: 15 * time.Second, cap: 40, dot: 20 * time.Second, patience: 15 * time.Minute}
	wanted := faults()
	if *whichFaults != "all" && *whichFaults != "several" {
		names := strings.Split(*whichFaults, ",")
		wanted = slices.DeleteFunc(wanted, func(f fault) bool { return !slices.Contains(names, f.name) })
		require.Len(t, wanted, len(names), "there is no such fault: %s", *whichFaults)
	}
	wanted = slices.DeleteFunc(wanted, func(f fault) bool {
		why := ""
		if f.needs != nil {
			why = f.needs(t)
		}
		if why != "" {
			fmt.Printf("faults: %s is left out: %s\n", f.name, why)
		}
		return why != ""
	})
	began, lasts := time.Now(), time.Duration(*pairSeconds)*time.Second
	tr := newTrial(t, f, min(mostSchools, (len(wanted)+2+int(lasts/f.lasts))*(f.cap+1)))
	if *whichFaults == "all" {
		tr.round(nil)
	}
	if *whichFaults != "several" {
		for _, one := range wanted {
			tr.round(together(random, []fault{one}, 1, f))
		}
	}
	t.Logf("one at a time: %s", time.Since(began).Round(time.Second))
	// PostgreSQL is started again five times within ten minutes, and a sixth time never: it is not left to chance whether that is reached.
	several := slices.DeleteFunc(wanted, func(f fault) bool { return f.long || f.name == "postmaster-killed" })
	for end := time.Now().Add(lasts); len(several) > 1 && len(tr.pool) > 0 && time.Now().Before(end) && !t.Failed(); {
		tr.round(together(random, several, 2+random.IntN(2), f))
	}
}

// together draws faults that do not touch the same, and when they hit.
func together(random *rand.Rand, from []fault, n int, f form) []strike {
	var strikes []strike
	touched := map[string]bool{}
	for _, i := range random.Perm(len(from)) {
		if len(strikes) == n || touched[from[i].touches] || from[i].long && len(from) > 1 {
			continue
		}
		touched[from[i].touches] = true
		s := strike{fault: from[i]}
		s.after = time.Second + time.Duration(random.Int64N(int64(f.lasts/2)))
		s.lasts = f.lasts/2 + time.Duration(random.Int64N(int64(f.lasts/2)))
		strikes = append(strikes, s)
	}
	return strikes
}

// newTrial starts engine, database, server and worker, with a wire before whatever the two call.
func newTrial(t *testing.T, f form, journeys int) *trial {
	t.Helper()
	ctx, stop := signal.NotifyContext(t.Context(), os.Interrupt, syscall.SIGTERM) // what a run has made is cleared away, however it ends
	t.Cleanup(stop)
	s := newStack(t, "--no-okey")
	tr := &trial{
		stack: s, ctx: ctx, form: f, relay: postbox.Open(t), wires: map[string]*wire{}, clocks: map[string]string{},
		base: "http://" + s.env["OKEY_HTTP"],
	}
	var err error
	tr.admin, err = stdsql.Open("postgres", readEnvironment(t, filepath.Join(s.dir, "okey-admin.env"))["OKEY_ADMIN_DATABASE_URL"])
	require.NoError(t, err)
	tr.admin.SetMaxIdleConns(0) // what is asked after a crash must not meet a connection from before
	t.Cleanup(func() { _ = tr.admin.Close() })
	tr.prepare(journeys)
	database := databaseHost(t, s.env["OKEY_DATABASE_URL"])
	for _, program := range []string{"server", "worker"} {
		tr.wires[program+" database"] = newWire(t, database)
		tr.wires[program+" temporal"] = newWire(t, s.env["TEMPORAL_ADDRESS"])
	}
	tr.wires["worker smtp"] = newWire(t, fmt.Sprintf("%s:%d", tr.relay.Host, tr.relay.Port))
	through := func(program string) []string {
		return []string{
			"OKEY_DATABASE_URL=" + strings.Replace(s.env["OKEY_DATABASE_URL"], database, tr.wires[program+" database"].at, 1),
			"TEMPORAL_ADDRESS=" + tr.wires[program+" temporal"].at, "OKEY_SMTP_URL=smtp://" + tr.wires["worker smtp"].at, tr.clock(program),
		}
	}
	tr.server = s.newService("server", through("server")...)
	tr.worker = s.newService("worker", through("worker")...)
	tr.awaitReady()
	return tr
}

// round lets people go their ways until the last of the strikes is over, one more comes then, and all reach their end.
func (tr *trial) round(strikes []strike) {
	tr.t.Helper()
	if tr.t.Failed() {
		return // what is broken would be told again of every fault that follows
	}
	require.NoError(tr.t, tr.ctx.Err(), "broken off")
	defer func() {
		if tr.t.Failed() {
			fmt.Printf("faults: in this round it went wrong: %s\n", strikes)
		}
	}()
	tr.seen = &seen{statuses: map[int]int{}}
	began := time.Now()
	over := make(chan struct{})
	ctx, cancel := context.WithCancel(tr.ctx)
	defer cancel()
	walked := tr.people(ctx, over)
	tr.strike(strikes)
	ended := time.Now()
	close(over)
	stuck := time.AfterFunc(tr.form.patience, cancel)
	defer stuck.Stop()
	all := walked()
	arrived := time.Since(ended)
	for _, w := range tr.wires {
		w.forget()
	}
	tr.walked = append(tr.walked, all...)
	said := tr.said(strikes, len(all), ended) + fmt.Sprintf(" | all journeys %+.1f s", arrived.Seconds())
	if !tr.form.booksAtEnd {
		said += " | " + tr.balance(all, ended).String()
	}
	fmt.Printf("faults: | %s | round %.0f s\n", said, time.Since(began).Seconds())
}

// mailed is how long after the last fault's end nothing was left to send, and what it has cost.
type mailed struct {
	after            time.Duration
	doubles, pausing int
}

func (m mailed) String() string {
	return fmt.Sprintf("all mails %+.1f s, second copies %d, left for hours %d", m.after.Seconds(), m.doubles, m.pausing)
}

// people has clients draw journeys from the pool and walk them. The returned function has one more go once the faults are over, and waits.
func (tr *trial) people(ctx context.Context, over <-chan struct{}) (walked func() []*journey) {
	var group sync.WaitGroup
	var mu sync.Mutex
	var all []*journey
	walk := func() bool {
		mu.Lock()
		if len(all) == tr.form.cap || len(tr.pool) == 0 {
			mu.Unlock()
			return false
		}
		j := tr.pool[0]
		tr.pool, all = tr.pool[1:], append(all, j)
		mu.Unlock()
		if err := j.walk(ctx); err != nil {
			tr.t.Errorf("journey %d, request %s: %v", j.number, j.request, err)
		}
		return true
	}
	for range tr.form.clients {
		group.Go(func() {
			for walk() {
				select {
				case <-over:
					return
				default:
				}
			}
		})
	}
	return func() []*journey {
		mu.Lock()
		tr.form.cap++ // whatever there was before
		mu.Unlock()
		walk()
		group.Wait()
		tr.form.cap--
		return all
	}
}

// strike hits, each at its time, and returns when all of it is over.
func (tr *trial) strike(strikes []strike) {
	var group sync.WaitGroup
	if len(strikes) == 0 {
		_ = pause(tr.ctx, tr.form.lasts)
	}
	for _, s := range strikes {
		group.Go(func() {
			if pause(tr.ctx, s.after) != nil {
				return
			}
			end := s.begin(tr)
			defer end()
			if !s.once {
				_ = pause(tr.ctx, s.lasts) // broken off: it ends at once
			}
		})
	}
	group.Wait()
}

// said is what people saw in a round, and when the first write after it was applied.
func (tr *trial) said(strikes []strike, journeys int, ended time.Time) string {
	what := []string{"no fault"}
	if len(strikes) > 0 {
		what = nil
	}
	for _, s := range strikes {
		what = append(what, s.String())
	}
	first := "none was left"
	if after, ok := tr.seen.firstAfter(ended); ok {
		first = fmt.Sprintf("%+.1f s", after.Seconds())
	}
	var seen []string
	for _, status := range slices.Sorted(maps.Keys(tr.seen.statuses)) {
		name := fmt.Sprint(status)
		if status == 0 {
			name = "no answer"
		}
		seen = append(seen, fmt.Sprintf("%d x %s", tr.seen.statuses[status], name))
	}
	return fmt.Sprintf("%s | %s | %d journeys | first write %s", strings.Join(what, " + "), strings.Join(seen, ", "), journeys, first)
}

func databaseHost(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	return u.Host
}
