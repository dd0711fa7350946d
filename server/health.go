package server

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"okey/okey"
	"okey/server/respond"

	"github.com/gin-gonic/gin"
)

// readiness tells which of the parts answer.
type readiness struct {
	Status string            `json:"status"` // ready or not_ready
	Checks map[string]string `json:"checks"` // "ok", or what is wrong
}

func (s *Server) healthRoutes(router gin.IRouter) {
	router.Match([]string{http.MethodGet, http.MethodHead}, "/healthz", respond.NoStore, func(c *gin.Context) { writeHealth(c.Writer) })
	router.Match([]string{http.MethodGet, http.MethodHead}, "/readyz", respond.NoStore, s.getReady)
}

// getReady asks database, schema and engine; each is named.
func (s *Server) getReady(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), 2*time.Second)
	defer cancel()
	checks := []struct {
		name string
		ask  func(context.Context) error
	}{{"database", s.store.Ping}, {"schema", s.store.CheckSchema}, {"temporal", s.engine.Ready}}
	answers := make(chan struct{ name, state string }, len(checks))
	for _, check := range checks {
		go func() {
			state := "ok"
			if err := check.ask(ctx); err != nil {
				slog.DebugContext(ctx, "not ready", "part", check.name, "error", err)
				state = unready(err)
			}
			answers <- struct{ name, state string }{check.name, state}
		}()
	}
	r := readiness{Status: "ready", Checks: map[string]string{}}
	for range checks {
		a := <-answers
		r.Checks[a.name] = a.state
		if a.state != "ok" {
			r.Status = "not_ready"
		}
	}
	writeReadiness(c.Writer, r)
}

// unready says what is wrong without a word of addresses or passwords.
func unready(err error) string {
	if okey.ErrorCode(err) == okey.CodeInternal {
		return "ne répond pas"
	}
	return okey.ErrorMessage(err)
}

func writeHealth(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"status":"ok"}` + "\n"))
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
