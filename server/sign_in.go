package server

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"okey/okey"

	"github.com/gin-gonic/gin"
	"golang.org/x/oauth2"
)

// The paths of sign-in; the callback is registered with the identity provider.
const (
	pathSignIn   = "/connexion"
	pathCallback = "/connexion/retour"
	pathSignOut  = "/deconnexion"
)

// flow is a sign-in under way: what the callback must bring back, and where the person was going.
type flow struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
	Return   string `json:"return"`

	Afresh string    `json:"afresh,omitempty"` // who has signed in already, and must again
	Began  time.Time `json:"began,omitzero"`   // where the provider was to ask again who it is
}

func newFlow(back string) flow {
	return flow{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Return: back}
}

// startSignIn leads to the identity provider. The parameter vers is the page to come back to.
func (s *Server) startSignIn(c *gin.Context) {
	ctx := c.Request.Context()
	back := localPath(c.Query("vers"))
	if s.sessions.person(ctx) != (okey.PersonID{}) {
		c.Redirect(http.StatusSeeOther, back)
		return
	}
	f, more := newFlow(back), []oauth2.AuthCodeOption(nil)
	if strings.HasPrefix(back, pathPINForgotten) { // where they would have to sign in afresh, at once: this may be that sign-in
		f.Began, more = time.Now(), askAgain
	}
	if err := s.leadToProvider(c, f, more...); err != nil {
		s.failPage(c, err)
	}
}

// longestReturn is more than any page's address with its filters: what is longer fills the table of sessions, which anybody can.
const longestReturn = 1000

// localPath keeps a path of ours and nothing else: an address elsewhere, however spelled, becomes the home page.
func localPath(path string) string {
	u, err := url.Parse(path)
	if len(path) > longestReturn || err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(path, "/") ||
		strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") || strings.HasPrefix(path, pathSignIn) {
		return "/"
	}
	return path
}

// finishSignIn takes the provider's answer: code, state, nonce and PKCE must be those of this browser's own sign-in.
func (s *Server) finishSignIn(c *gin.Context) {
	ctx := c.Request.Context()
	var f flow
	kept := s.sessions.PopString(ctx, sessionFlow)
	if json.Unmarshal([]byte(kept), &f) != nil || f.State == "" || c.Query("state") != f.State {
		if s.sessions.person(ctx) != (okey.PersonID{}) { // an old tab
			c.Redirect(http.StatusSeeOther, "/")
			return
		}
		s.failPage(c, okey.Errorf(okey.CodeUnauthorized, "Cette connexion a commencé ailleurs ou il y a trop longtemps : recommencez depuis la page d'accueil d'OKEY."))
		return
	}
	if refused := c.Query("error"); refused != "" {
		slog.InfoContext(ctx, "the identity provider refused a sign-in", "error", shown(refused))
		s.failPage(c, okey.Errorf(okey.CodeUnauthorized, "La connexion a été annulée ou refusée : recommencez depuis la page d'accueil d'OKEY."))
		return
	}
	who, err := s.provider.exchange(ctx, c.Query("code"), f)
	if err != nil {
		slog.WarnContext(ctx, "a sign-in failed", "error", err, "request_id", requestID(c))
		s.failPage(c, okey.Errorf(okey.CodeUnauthorized, "La connexion n'a pas abouti : recommencez depuis la page d'accueil d'OKEY. Si cela dure, écrivez à l'assistance."))
		return
	}
	if f.Afresh != "" {
		if err := s.finishAfresh(c, f, who); err != nil {
			s.failPage(c, err)
		}
		return
	}
	now := time.Now().UTC()
	id, err := s.store.SignIn(ctx, who.person, who.says, who.verified, now)
	if err == nil {
		err = s.sessions.RenewToken(ctx) // a token from before the sign-in must not become a signed-in one
	}
	if err != nil {
		s.failPage(c, err)
		return
	}
	s.sessions.begin(ctx, id, who.idToken, now)
	if !f.Began.IsZero() && f.unproven(who) == "" {
		if err := s.openFresh(ctx, id); err != nil {
			s.failPage(c, err)
			return
		}
	}
	c.Redirect(http.StatusSeeOther, localPath(f.Return))
}

// signOut ends the session here, and at the provider where it has a place for that.
func (s *Server) signOut(c *gin.Context) {
	ctx := c.Request.Context()
	idToken := s.sessions.GetString(ctx, sessionIDToken)
	if err := s.sessions.Destroy(ctx); err != nil {
		s.failPage(c, err)
		return
	}
	c.Redirect(http.StatusSeeOther, s.provider.endSession(ctx, idToken))
}

const actorKey = "okey.actor"

// requireSignIn lets signed-in people through, and leads the others to sign in and back. The actor is loaded anew for each page: roles end
// without notice.
func (s *Server) requireSignIn(c *gin.Context) {
	ctx := c.Request.Context()
	id := s.sessions.person(ctx)
	if id == (okey.PersonID{}) {
		s.leadToSignIn(c)
		return
	}
	actor, err := s.store.Actor(ctx, id)
	switch {
	case okey.ErrorCode(err) == okey.CodeNotFound, err == nil && s.sessions.ended(ctx, actor):
		if err := s.sessions.Destroy(ctx); err != nil {
			s.failPage(c, err)
			return
		}
		if c.Request.Method == http.MethodPost { // of a session that was ended elsewhere: what was typed is kept as it is after idling
			s.keepDraft(newVisit(c))
			return
		}
		s.leadToSignIn(c)
	case err != nil:
		s.failPage(c, err)
	default:
		c.Set(actorKey, actor)
	}
}

// leadToSignIn comes back to the same page, without the query of a form that was sent.
func (s *Server) leadToSignIn(c *gin.Context) {
	back := c.Request.URL.Path
	if c.Request.Method == http.MethodGet && c.Request.URL.RawQuery != "" {
		back += "?" + c.Request.URL.RawQuery
	}
	c.Redirect(http.StatusSeeOther, pathSignIn+"?vers="+url.QueryEscape(back))
	c.Abort()
}

// actor is who is signed in, on pages behind requireSignIn.
func (s *Server) actor(c *gin.Context) okey.Actor {
	actor, signedIn := c.MustGet(actorKey).(okey.Actor)
	if !signedIn {
		panic(errors.New("actor asked for on a page that does not require sign-in"))
	}
	return actor
}
