package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"time"

	"okey/okey"
	"okey/sql"

	"github.com/alexedwards/scs/postgresstore"
	"github.com/alexedwards/scs/v2"
	"github.com/google/uuid"
)

// Sessions remember who is signed in, in the table of the same name; the browser holds a random token only.
type Sessions struct {
	*scs.SessionManager
	table *sessionTable
}

// sessionTable is the library's, but for one thing: an answer under way when its session was ended, by a sign-out in another tab,
// does not write that session again.
type sessionTable struct {
	*postgresstore.PostgresStore
	store *sql.Store
}

// readSession notes in a request's context which session it found, and whether that had ended when it was to be renewed.
type readSession struct {
	token  string
	data   []byte
	expiry time.Time
	ended  bool
}

type readSessionKey struct{}

// FindCtx reads a session.
func (t *sessionTable) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	soon, cancel := context.WithTimeout(ctx, sql.FirstPatience)
	defer cancel()
	data, expiry, found, err := t.store.Session(soon, token)
	if read, ok := ctx.Value(readSessionKey{}).(*readSession); ok && found {
		read.token, read.data, read.expiry = token, data, expiry
	}
	return data, found, err
}

// sessionSlack is by how much a session may end sooner than its last page says: pages that follow each other closely don't each write it.
const sessionSlack = time.Minute

// CommitCtx writes a session: a new one, or one that is still there. Whoever hung up meanwhile is no less signed in.
func (t *sessionTable) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	if read, ok := ctx.Value(readSessionKey{}).(*readSession); ok && read.token == token {
		if sameValues(read.data, data) && expiry.Sub(read.expiry).Abs() < sessionSlack {
			return nil
		}
		soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), sql.FirstPatience)
		defer cancel()
		err := t.store.KeepSession(soon, token, data, expiry)
		if err != nil && prolongs(read.data, data) {
			slog.WarnContext(ctx, "a session was not prolonged", "error", err) // no reason to withhold the page
			return nil
		}
		return err
	}
	return t.Commit(token, data, expiry)
}

// prolongs tells whether a session has changed in nothing but when it ends. A draft that somebody signed in had put aside does not count:
// the page that they see says what became of it.
func prolongs(before, after []byte) bool {
	_, values, err := scs.GobCodec{}.Decode(after)
	if _, signedIn := values[SessionPerson]; err == nil && signedIn {
		return sameValues(before, after, sessionDraft)
	}
	return sameValues(before, after)
}

// sameValues tells whether two writings of a session hold the same, but for some.
func sameValues(a, b []byte, but ...string) bool {
	_, before, err := scs.GobCodec{}.Decode(a)
	if err != nil {
		return false
	}
	_, after, err := scs.GobCodec{}.Decode(b)
	for _, name := range but {
		delete(before, name)
		delete(after, name)
	}
	return err == nil && maps.Equal(before, after) // texts, all of them
}

// DeleteCtx ends a session.
func (t *sessionTable) DeleteCtx(ctx context.Context, token string) error {
	there, err := t.store.EndSession(ctx, token)
	if read, ok := ctx.Value(readSessionKey{}).(*readSession); ok && read.token == token && !there {
		read.ended = true
	}
	return err
}

// EndedMeanwhile tells whether the session that this request has renewed had been ended by another one.
func EndedMeanwhile(ctx context.Context) bool {
	read, ok := ctx.Value(readSessionKey{}).(*readSession)
	return ok && read.ended
}

// A session ends by its age, and before that by idling; one in which nobody has signed in ends soon.
const (
	sessionAge    = 12 * time.Hour
	sessionIdle   = 2 * time.Hour
	sessionNobody = time.Hour
)

// NewSessions keeps sessions in the store's database, and clears those that have ended until Close. url is OKEY's own: over TLS the
// cookie is this host's alone.
func NewSessions(store *sql.Store, url string) *Sessions {
	kept := postgresstore.Config{CleanUpInterval: 5 * time.Minute, TableName: "session"}
	table := &sessionTable{store: store, PostgresStore: postgresstore.NewWithConfig(store.DB(), kept)}
	m := scs.New()
	m.Store = table
	m.HashTokenInStore = true // a copy of the table signs nobody in
	m.Lifetime, m.IdleTimeout = sessionAge, sessionIdle
	m.Cookie.Name = cookieName(url)
	m.Cookie.HttpOnly = true
	m.Cookie.SameSite = http.SameSiteLaxMode
	m.Cookie.Secure = strings.HasPrefix(url, "https://")
	m.Cookie.Persist = false
	return &Sessions{SessionManager: m, table: table}
}

// cookieName differs between two OKEYs on one machine: cookies ignore ports.
func cookieName(url string) string {
	sum := sha256.Sum256([]byte(url))
	name := "okey_session_" + hex.EncodeToString(sum[:4])
	if strings.HasPrefix(url, "https://") {
		return "__Host-" + name // which no other host of the same domain can plant
	}
	return name
}

// Wrap has a handler, and all that it calls, know the session of each request. Where a session can't be read or written, lost answers in
// the handler's place.
func (s *Sessions) Wrap(h http.Handler, lost func(http.ResponseWriter, *http.Request, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Cookie")
		token := ""
		if cookie, err := r.Cookie(s.Cookie.Name); err == nil {
			token = cookie.Value
		}
		bare := r
		ctx, err := s.Load(context.WithValue(r.Context(), readSessionKey{}, new(readSession)), token)
		if err != nil {
			lost(w, bare, err)
			return
		}
		answer := &sessionAnswer{ResponseWriter: w, keep: func(w http.ResponseWriter) error { return s.keep(ctx, w) }}
		answer.lost = func(err error) { lost(w, bare, err) }
		h.ServeHTTP(answer, r.WithContext(ctx))
		answer.begin()
	})
}

// keep writes the session where it has changed, and its cookie.
func (s *Sessions) keep(ctx context.Context, w http.ResponseWriter) error {
	switch s.Status(ctx) {
	case scs.Modified:
		token, expiry, err := s.Commit(ctx)
		if err != nil {
			return err
		}
		s.WriteSessionCookie(ctx, w, token, expiry)
	case scs.Destroyed:
		s.WriteSessionCookie(ctx, w, "", time.Time{})
	}
	return nil
}

// sessionAnswer writes the session before an answer begins. Where that fails another answer is given, whole: what the handler has to say is
// not sent. The library's own writer would send both, one below the other.
type sessionAnswer struct {
	http.ResponseWriter
	keep  func(http.ResponseWriter) error
	lost  func(error)
	begun bool
	mute  bool
}

// begin answers whether the handler's answer may be sent.
func (a *sessionAnswer) begin() bool {
	if a.begun {
		return !a.mute
	}
	a.begun = true
	if err := a.keep(a.ResponseWriter); err != nil {
		a.mute = true
		clear(a.Header()) // of an answer that is not given: its length, its file name
		a.lost(err)
	}
	return !a.mute
}

// WriteHeader is part of http.ResponseWriter.
func (a *sessionAnswer) WriteHeader(status int) {
	if a.begin() {
		a.ResponseWriter.WriteHeader(status)
	}
}

// Write is part of http.ResponseWriter.
func (a *sessionAnswer) Write(p []byte) (int, error) {
	if !a.begin() {
		return len(p), nil
	}
	return a.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (a *sessionAnswer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Hold keeps a value for somebody who may not have signed in: then the session, which anybody can make, ends an hour after it began.
func (s *Sessions) Hold(ctx context.Context, key, value string, now time.Time) {
	if s.Person(ctx) == (okey.PersonID{}) && s.Token(ctx) == "" {
		s.SetDeadline(ctx, now.Add(sessionNobody).UTC())
	}
	s.Put(ctx, key, value)
}

// Close stops the clearing; sessions go on.
func (s *Sessions) Close() { s.table.StopCleanup() }

// What a session holds.
const (
	SessionPerson  = "person"
	SessionIDToken = "id_token" // for signing out at the provider too
	SessionBegan   = "began"    // when, RFC 3339
)

// Begin notes who has signed in.
func (s *Sessions) Begin(ctx context.Context, person okey.PersonID, idToken string, at time.Time) {
	s.Put(ctx, SessionPerson, person.String())
	s.Put(ctx, SessionIDToken, idToken)
	s.Put(ctx, SessionBegan, at.Format(time.RFC3339Nano))
}

// ended tells whether the session is one of those that the person, or support, has ended.
func (s *Sessions) ended(ctx context.Context, actor okey.Actor) bool {
	began, _ := time.Parse(time.RFC3339Nano, s.GetString(ctx, SessionBegan))
	return began.Before(actor.SessionsFrom)
}

// Person is who is signed in; the zero id for nobody.
func (s *Sessions) Person(ctx context.Context) okey.PersonID {
	id, err := uuid.Parse(s.GetString(ctx, SessionPerson))
	if err != nil {
		return okey.PersonID{}
	}
	return id
}

// OpenSession is when a session began, and when it ends: at the latest, and should nobody use it.
type OpenSession struct{ Began, Ends, Idle time.Time }

// OpenOf reads, of sessions that mention somebody, those in which they have signed in, and that nobody has ended.
func (s *Sessions) OpenOf(actor okey.Actor, known []sql.KnownSession) []OpenSession {
	var open []OpenSession
	for _, k := range known {
		ends, values, err := s.Codec.Decode(k.Data)
		if err != nil || values[SessionPerson] != actor.ID.String() {
			continue
		}
		text, _ := values[SessionBegan].(string)
		if began, _ := time.Parse(time.RFC3339Nano, text); !began.Before(actor.SessionsFrom) {
			open = append(open, OpenSession{Began: began, Ends: ends, Idle: k.Expiry})
		}
	}
	return open
}
