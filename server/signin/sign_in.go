package signin

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"okey/internal/address"
	"okey/okey"
	"okey/server/respond"
	"okey/server/web"

	"github.com/gin-gonic/gin"
	"golang.org/x/oauth2"
)

// Flow is a sign-in under way: what the callback must bring back, and where the person was going.
type Flow struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
	Return   string `json:"return"`

	Afresh string    `json:"afresh,omitempty"` // who has signed in already, and must again
	Began  time.Time `json:"began,omitzero"`   // where the provider was to ask again who it is
}

// NewFlow begins a sign-in that comes back to a path of OKEY's own.
func NewFlow(back string) Flow {
	return Flow{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Return: back}
}

// startSignIn leads to the identity provider. The parameter vers is the page to come back to.
func (s *SignIn) startSignIn(c *gin.Context) error {
	back := localPath(c.Query("vers"))
	if s.session.Person(c.Request.Context()) != (okey.PersonID{}) {
		c.Redirect(http.StatusSeeOther, back)
		return nil
	}
	f, more := NewFlow(back), []oauth2.AuthCodeOption(nil)
	if strings.HasPrefix(back, address.PathPINForgotten) { // where they would have to sign in afresh, at once: this may be that sign-in
		f.Began, more = time.Now(), AskAgain
	}
	return s.LeadToProvider(c, f, more...)
}

// longestReturn is more than any page's address with its filters: what is longer fills the table of sessions, which anybody can.
const longestReturn = 1000

// localPath keeps a path of ours and nothing else: an address elsewhere, however spelled, becomes the home page.
func localPath(path string) string {
	u, err := url.Parse(path)
	if len(path) > longestReturn || err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(path, "/") ||
		strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") || strings.HasPrefix(path, address.PathSignIn) {
		return "/"
	}
	return path
}

// finishSignIn takes the provider's answer: code, state, nonce and PKCE must be those of this browser's own sign-in.
func (s *SignIn) finishSignIn(c *gin.Context) error {
	ctx := c.Request.Context()
	f, err := s.pending.take(c, c.Query("state"))
	if err != nil {
		if s.session.Person(ctx) != (okey.PersonID{}) { // an old tab
			c.Redirect(http.StatusSeeOther, "/")
			return nil
		}
		return err
	}
	if refused := c.Query("error"); refused != "" {
		slog.InfoContext(ctx, "the identity provider refused a sign-in", "error", respond.Shown(refused))
		return okey.Errorf(okey.CodeUnauthorized, "La connexion a été annulée ou refusée : recommencez depuis la page d'accueil d'OKEY.")
	}
	who, err := s.provider.exchange(ctx, c.Query("code"), f)
	if errors.Is(err, errAway) {
		slog.WarnContext(ctx, "the identity provider does not answer", "error", err)
		if err := s.pending.keep(c, f); err != nil { // the same address again may yet do
			return err
		}
		return providerAway()
	}
	if err != nil {
		slog.WarnContext(ctx, "a sign-in failed", "error", err)
		return okey.Errorf(okey.CodeUnauthorized, "La connexion n'a pas abouti : recommencez depuis la page d'accueil d'OKEY. "+
			"Si cela dure, écrivez à l'assistance.")
	}
	if f.Afresh != "" {
		return s.finishAfresh(c, f, who)
	}
	if err := s.begin(ctx, f, who); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, localPath(f.Return))
	return nil
}

// begin opens a session for whom the provider vouches for.
func (s *SignIn) begin(ctx context.Context, f Flow, who signedIn) error {
	now := time.Now().UTC()
	id, err := s.store.SignIn(ctx, who.person, who.says, who.verified, now)
	if err != nil {
		return err
	}
	if err := s.session.RenewToken(ctx); err != nil { // a token from before the sign-in must not become a signed-in one
		return err
	}
	s.session.Begin(ctx, id, who.idToken, now)
	if f.Began.IsZero() || f.unproven(who) != "" {
		return nil
	}
	return s.openFresh(ctx, id)
}

// ChangePerson ends the session and asks the provider for another person, then comes back to a page of ours. Only the demonstration's tour
// calls it. It signs nobody in: the hint is a wish, and whoever the provider vouches for is who comes back. The demonstration's own
// provider fulfils it without a question; one with real people asks for their password, as ever.
func (s *SignIn) ChangePerson(c *gin.Context, uid, back string) error {
	ctx := c.Request.Context()
	if _, err := s.provider.get(ctx); err != nil { // before anything has ended
		slog.WarnContext(ctx, "the identity provider does not answer", "error", err)
		return providerAway()
	}
	if err := s.session.Destroy(ctx); err != nil {
		return err
	}
	return s.LeadToProvider(c, NewFlow(localPath(back)), oauth2.SetAuthURLParam("login_hint", uid))
}

// SignOut ends the session here, and at the provider where it has a place for that.
func (s *SignIn) SignOut(c *gin.Context) error {
	ctx := c.Request.Context()
	idToken := s.session.GetString(ctx, web.SessionIDToken)
	if err := s.session.Destroy(ctx); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, s.provider.endSession(ctx, idToken))
	return nil
}
