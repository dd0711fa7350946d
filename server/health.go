package server

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"okey/internal/version"
	"okey/okey"
	"okey/server/act"
	"okey/server/respond"
	"okey/sql"

	"github.com/gin-gonic/gin"
)

// readiness tells which of the parts answer.
type readiness struct {
	Status string            `json:"status"` // ready or not_ready
	Checks map[string]string `json:"checks"` // "ok", or what is wrong
}

// readyWithin is how long /readyz takes at most, whatever hangs.
const readyWithin = 2 * time.Second

// check asks one part whether it answers.
type check struct {
	name   string
	ask    func(context.Context) error
	spared bool // without it OKEY works all the same, slower: it is named, and the server stays ready

	mu      sync.Mutex
	running *asking // a part that hangs is asked once, however often somebody wants to know
}

// asking is a question under way. state is set when done is closed.
type asking struct {
	done  chan struct{}
	state string
}

// checks are the parts of OKEY.
func checks(store *sql.Store, outcomes *sql.Outcomes, e act.Engine) []*check {
	return []*check{
		{name: "database", ask: store.Writable},
		{name: "schema", ask: store.CheckSchema},
		{name: "temporal", ask: e.Ready},
		{name: "notifications", ask: outcomes.RoundTrip, spared: true},
	}
}

func (s *Server) healthRoutes(router gin.IRouter) {
	router.Match([]string{http.MethodGet, http.MethodHead}, "/healthz", respond.NoStore, func(c *gin.Context) { writeHealth(c.Writer) })
	router.Match([]string{http.MethodGet, http.MethodHead}, "/readyz", respond.NoStore, s.getReady)
}

// getReady asks database, schema, engine and the way of notifications; each is named. It does not wait for what hangs: a driver may not
// come back when its context ends.
func (s *Server) getReady(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), readyWithin)
	defer cancel()
	asked := make([]*asking, len(s.checks))
	for i, part := range s.checks {
		asked[i] = part.start(readyWithin * 3 / 4) // so that there is time to hear why
	}
	r := readiness{Status: "ready", Checks: map[string]string{}}
	for i, part := range s.checks {
		state := asked[i].wait(ctx)
		r.Checks[part.name] = state
		if state != "ok" && !part.spared {
			r.Status = "not_ready"
		}
	}
	writeReadiness(c.Writer, r)
}

// start asks, or joins the question that is under way.
func (p *check) start(limit time.Duration) *asking {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running != nil {
		return p.running
	}
	a := &asking{done: make(chan struct{}), state: "ok"}
	p.running = a
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), limit) // of nobody who asks: others may join
		defer cancel()
		if err := p.ask(ctx); err != nil {
			slog.Debug("not ready", "part", p.name, "error", err)
			a.state = unready(err)
		}
		p.mu.Lock()
		p.running = nil
		p.mu.Unlock()
		close(a.done)
	}()
	return a
}

func (a *asking) wait(ctx context.Context) string {
	select {
	case <-a.done:
	case <-ctx.Done():
	}
	select { // both may be: another part took the time
	case <-a.done:
		return a.state
	default:
		return silent
	}
}

const silent = "ne répond pas"

// unready says what is wrong without a word of addresses or passwords.
func unready(err error) string {
	if okey.ErrorCode(err) == okey.CodeInternal {
		return silent
	}
	return okey.ErrorMessage(err)
}

func writeHealth(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"status":"ok","version":%q}`+"\n", version.String())
}

func writeReadiness(w http.ResponseWriter, r readiness) {
	w.Header().Set("Content-Type", "application/json")
	if r.Status != "ready" {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(r)
}

// waitingHandler answers while the database is waited for: alive, not ready.
func waitingHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { writeHealth(w) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		writeReadiness(w, readiness{Status: "not_ready", Checks: map[string]string{"database": "attendue au démarrage"}})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		away := okey.Errorf(okey.CodeUnavailable, "OKEY démarre : réessayez dans un instant.")
		w.Header().Set("Retry-After", "2")
		if respond.IsAPI(r.URL.Path) {
			respond.WriteProblem(w, respond.ProblemOf(http.StatusServiceUnavailable, away))
			return
		}
		respond.PlainPage(w, http.StatusServiceUnavailable, away.Message)
	})
	return mux
}
