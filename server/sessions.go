package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"okey"
	"okey/sql"

	"github.com/alexedwards/scs/postgresstore"
	"github.com/alexedwards/scs/v2"
	"github.com/google/uuid"
)

// sessions remember who is signed in, in the table of the same name; the browser holds a random token only.
type sessions struct {
	*scs.SessionManager
	table *postgresstore.PostgresStore
}

// A session ends by its age, and before that by idling.
const (
	sessionAge  = 12 * time.Hour
	sessionIdle = 2 * time.Hour
)

func newSessions(store *sql.Store, url string) *sessions {
	table := postgresstore.NewWithConfig(store.DB(), postgresstore.Config{CleanUpInterval: 5 * time.Minute, TableName: "session"})
	m := scs.New()
	m.Store = table
	m.HashTokenInStore = true // a copy of the table signs nobody in
	m.Lifetime, m.IdleTimeout = sessionAge, sessionIdle
	m.Cookie.Name = cookieName(url)
	m.Cookie.HttpOnly = true
	m.Cookie.SameSite = http.SameSiteLaxMode
	m.Cookie.Secure = strings.HasPrefix(url, "https://")
	m.Cookie.Persist = false
	m.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
		slog.ErrorContext(r.Context(), "a session could not be read or written", "error", err)
		plainPage(w, http.StatusInternalServerError, okey.ErrorMessage(err))
	}
	return &sessions{SessionManager: m, table: table}
}

// cookieName differs between two OKEYs on one machine: cookies ignore ports.
func cookieName(url string) string {
	sum := sha256.Sum256([]byte(url))
	return "okey_session_" + hex.EncodeToString(sum[:4])
}

func (s *sessions) wrap(h http.Handler) http.Handler { return s.LoadAndSave(h) }

func (s *sessions) close() { s.table.StopCleanup() }

// What a session holds.
const (
	sessionPerson  = "person"
	sessionIDToken = "id_token" // for signing out at the provider too
	sessionFlow    = "flow"     // a sign-in under way
	sessionBegan   = "began"    // when, RFC 3339
)

// begin notes who has signed in.
func (s *sessions) begin(ctx context.Context, person okey.PersonID, idToken string, at time.Time) {
	s.Put(ctx, sessionPerson, person.String())
	s.Put(ctx, sessionIDToken, idToken)
	s.Put(ctx, sessionBegan, at.Format(time.RFC3339Nano))
}

// ended tells whether the session is one of those that the person, or support, has ended.
func (s *sessions) ended(ctx context.Context, actor okey.Actor) bool {
	began, _ := time.Parse(time.RFC3339Nano, s.GetString(ctx, sessionBegan))
	return began.Before(actor.SessionsFrom)
}

// person is who is signed in; the zero id for nobody.
func (s *sessions) person(ctx context.Context) okey.PersonID {
	id, err := uuid.Parse(s.GetString(ctx, sessionPerson))
	if err != nil {
		return okey.PersonID{}
	}
	return id
}

// openSession is when a session began, and when it ends: at the latest, and should nobody use it.
type openSession struct{ Began, Ends, Idle time.Time }

// openOf reads, of sessions that mention somebody, those in which they have signed in, and that nobody has ended.
func (s *sessions) openOf(actor okey.Actor, known []sql.KnownSession) []openSession {
	var open []openSession
	for _, k := range known {
		ends, values, err := s.Codec.Decode(k.Data)
		if err != nil || values[sessionPerson] != actor.ID.String() {
			continue
		}
		text, _ := values[sessionBegan].(string)
		if began, _ := time.Parse(time.RFC3339Nano, text); !began.Before(actor.SessionsFrom) {
			open = append(open, openSession{Began: began, Ends: ends, Idle: k.Expiry})
		}
	}
	return open
}
