package nation_test

import (
	"context"
	stdsql "database/sql"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"okey/config"
	"okey/internal/nation"
	"okey/internal/pgtest"
	"okey/okey"
	"okey/server"
	"okey/server/act"
	"okey/sql"

	"github.com/alexedwards/scs/postgresstore"
	"github.com/alexedwards/scs/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// stage is a nation, with a server in front of it.
type stage struct {
	testing.TB
	admin  *stdsql.DB
	store  *sql.Store
	keys   config.Keyring // of the audit
	web    *httptest.Server
	cookie string // the name of its sessions' cookie
}

// idle is an engine that answers, and follows every open request.
type idle struct {
	act.Engine
	store *sql.Store
}

func (idle) Ready(context.Context) error { return nil }

func (i idle) CountRunning(ctx context.Context) (int, error) {
	return i.store.CountOpen(ctx, time.Now())
}

func (idle) RunID(context.Context, string) (string, error) { return "run", nil }

func (idle) RunIDs(context.Context, []string) (map[string]string, error) { return nil, nil }

// filled is a nation of the test's own.
func filled(t testing.TB, scale float64) (admin *stdsql.DB, db *pgtest.DB) {
	t.Helper()
	db = pgtest.New(t)
	admin = opened(t, db.AdminURL)
	require.NoError(t, nation.Fill(t.Context(), admin, scale, time.Now()))
	return admin, db
}

func opened(t testing.TB, address string) *stdsql.DB {
	t.Helper()
	db, err := stdsql.Open("postgres", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// newStage sets a server before a nation; app is the address of the application's role.
func newStage(t testing.TB, admin *stdsql.DB, app string) *stage {
	t.Helper()
	s := &stage{TB: t, admin: admin, keys: config.NewKeyring()}
	var err error
	s.store, err = sql.Open(app, s.keys)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	outcomes, err := s.store.ListenOutcomes(ctx)
	require.NoError(t, err)
	settings, err := config.Load(nil) // the defaults
	require.NoError(t, err)
	settings.OIDCIssuer, settings.OIDCClientID = "http://127.0.0.1:1", "okey"
	settings.PINPeppers, settings.LinkKeys, settings.AuditKeys = config.NewKeyring(), config.NewKeyring(), s.keys
	var handler http.Handler
	s.web = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	settings.URL = s.web.URL
	serving := server.New(settings, s.store, outcomes, idle{store: s.store})
	handler = serving.Handler()
	t.Cleanup(func() {
		s.web.Close()
		serving.Close()
		cancel()
		_ = s.store.Close()
	})
	asked, err := http.PostForm(s.web.URL+"/demandes/nouvelle", url.Values{"person": {"x"}})
	require.NoError(t, err)
	_ = asked.Body.Close()
	require.NotEmpty(t, asked.Cookies())
	s.cookie = asked.Cookies()[0].Name
	return s
}

// text answers a question whose answer is a text.
func (s *stage) text(query string, args ...any) (text string) {
	s.Helper()
	require.NoError(s, s.admin.QueryRowContext(context.Background(), query, args...).Scan(&text), query)
	return text
}

// exec runs a statement as the owner of the database.
func (s *stage) exec(query string, args ...any) {
	s.Helper()
	_, err := s.admin.ExecContext(context.Background(), query, args...)
	require.NoError(s, err, query)
}

// visitor is somebody's browser.
type visitor struct {
	*stage
	person okey.PersonID
	token  string
}

// visitor signs in whoever a query finds.
func (s *stage) visitor(query string, args ...any) visitor {
	s.Helper()
	person, err := uuid.Parse(s.text(query, args...))
	require.NoError(s, err)
	m := scs.New()
	m.Store, m.HashTokenInStore = postgresstore.NewWithConfig(s.store.DB(), postgresstore.Config{TableName: "session"}), true
	ctx, err := m.Load(context.Background(), uuid.NewString())
	require.NoError(s, err)
	fresh, err := json.Marshal(map[string]any{"person": person, "until": time.Now().Add(time.Hour)})
	require.NoError(s, err)
	m.Put(ctx, "person", person.String())
	m.Put(ctx, "fresh", string(fresh))
	token, _, err := m.Commit(ctx)
	require.NoError(s, err)
	return visitor{s, person, token}
}

// open asks for a page.
func (v visitor) open(path string) *http.Response {
	v.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, v.web.URL+path, nil)
	require.NoError(v, err)
	r.AddCookie(&http.Cookie{Name: v.cookie, Value: v.token})
	answer, err := v.web.Client().Transport.RoundTrip(r)
	require.NoError(v, err)
	return answer
}

// get asks for a page, and returns what it says.
func (v visitor) get(path string) string {
	v.Helper()
	answer := v.open(path)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(v, err)
	require.Equal(v, http.StatusOK, answer.StatusCode, "%s: %s", path, text)
	return string(text)
}

// searched is the address of a search.
func searched(asked string) string { return "/assistance?q=" + url.QueryEscape(asked) }

// support is somebody who has been given the role.
func (s *stage) support() visitor {
	s.Helper()
	v := s.visitor(`SELECT person FROM assignment WHERE function = 'personnel' ORDER BY person LIMIT 1`)
	require.NoError(s, s.store.Do(context.Background(), func(tx *sql.Tx) error {
		return tx.SetRole(context.Background(), v.person, okey.RoleSupport, true, time.Now())
	}))
	return v
}

// principal heads a school of which a query finds the code.
func (s *stage) principal(query string) visitor {
	s.Helper()
	return s.visitor(`SELECT person FROM assignment WHERE function = 'chef' AND uai = (` + query + `)`)
}
