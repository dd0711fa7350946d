package signin

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"okey/okey"
	"okey/server/web"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"golang.org/x/oauth2"
)

// SessionFresh is where a session holds a fresh sign-in. It allows one thing, within freshLife: a forgotten PIN to be replaced.
const SessionFresh = "fresh"

const (
	freshLife = 5 * time.Minute
	clockSkew = time.Minute // the provider's clock may be behind by so much
)

// fresh is a sign-in that the provider has just asked for anew.
type fresh struct {
	Proof  string    `json:"proof"` // it serves once, whatever the session says of it
	Person string    `json:"person"`
	Until  time.Time `json:"until"`
}

// IsFresh tells whether the visitor has just signed in afresh, and not used it yet.
func (s *SignIn) IsFresh(v *web.Visit) bool {
	f, open := s.freshOf(v)
	return open && f.Person == v.Actor.ID.String() && v.Now.Before(f.Until)
}

// UseFresh takes the proof of a fresh sign-in for one action; the error is forbidden where another has used it. The session, which an
// answer under way may write back as it was, is not where that is remembered; sent again, the same action has it still.
func (s *SignIn) UseFresh(v *web.Visit, action uuid.UUID) error {
	f, open := s.freshOf(v)
	if !open {
		return nil // used already, by the action that is sent again: act knows it
	}
	proof := okey.AttemptMark(okey.AttemptProof, f.Proof, s.linkKeys)
	use := okey.AttemptMark(okey.AttemptProof, f.Proof+action.String(), s.linkKeys)
	mine, err := s.store.UseProof(v.Ctx(), proof, use, v.Now)
	if err == nil && !mine {
		err = okey.Errorf(okey.CodeForbidden,
			"Cette connexion a déjà servi à choisir un code PIN : connectez-vous de nouveau pour le changer encore.")
	}
	return err
}

// freshOf is the fresh sign-in that the visitor's session holds.
func (s *SignIn) freshOf(v *web.Visit) (f fresh, open bool) {
	return f, json.Unmarshal([]byte(s.session.GetString(v.Ctx(), SessionFresh)), &f) == nil
}

// AskAgain has the provider ask who it is, whatever session it has.
var AskAgain = []oauth2.AuthCodeOption{oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0")}

// unproven says why a sign-in does not show that its person was asked again; empty where it does.
func (f Flow) unproven(who signedIn) string {
	switch {
	case who.at.IsZero():
		return "the provider gives no auth_time"
	case who.at.Before(f.Began.Add(-clockSkew)):
		return "the provider did not ask again"
	}
	return ""
}

// openFresh notes in the session that the person has just signed in afresh.
func (s *SignIn) openFresh(ctx context.Context, person okey.PersonID) error {
	open, err := json.Marshal(fresh{Proof: rand.Text(), Person: person.String(), Until: time.Now().Add(freshLife)})
	if err == nil {
		s.session.Put(ctx, SessionFresh, string(open))
	}
	return err
}

// finishAfresh holds the provider's answer to what was asked: the same person, authenticated since. A provider that does not say when, or
// that knew the person from before, opens nothing.
func (s *SignIn) finishAfresh(c *gin.Context, f Flow, who signedIn) error {
	ctx := c.Request.Context()
	again := func(err error) error {
		return web.LeadsOn{Err: err, To: web.NavLink{Name: "Recommencer", Path: localPath(f.Return)}}
	}
	refuse := func(why string) error {
		slog.WarnContext(ctx, "a fresh sign-in opens nothing", "why", why)
		return again(okey.Errorf(okey.CodeForbidden, "Le service d'identité ne confirme pas que vous venez de vous connecter : "+
			"votre code PIN n'a pas changé. Recommencez ; si cela dure, écrivez à l'assistance."))
	}
	person, err := s.store.PersonByUID(ctx, who.person.UID)
	if err != nil && okey.ErrorCode(err) != okey.CodeNotFound {
		return err
	}
	if err != nil || person.ID.String() != f.Afresh || s.session.Person(ctx) != person.ID {
		return again(okey.Errorf(okey.CodeForbidden,
			"Cette connexion est celle d'un autre compte : votre code PIN n'a pas changé. Recommencez avec le vôtre."))
	}
	if why := f.unproven(who); why != "" {
		return refuse(why)
	}
	if err := s.session.RenewToken(ctx); err != nil {
		return err
	}
	if web.EndedMeanwhile(ctx) { // signed out in another tab: proving who one is signs nobody in
		if err := s.session.Destroy(ctx); err != nil {
			return err
		}
		return okey.Errorf(okey.CodeUnauthorized,
			"Votre session a été fermée entre-temps : votre code PIN n'a pas changé. Connectez-vous, puis recommencez.")
	}
	if err := s.openFresh(ctx, person.ID); err != nil {
		return err
	}
	s.session.Put(ctx, web.SessionIDToken, who.idToken)
	c.Redirect(http.StatusSeeOther, localPath(f.Return))
	return nil
}

func providerAway() error {
	return okey.Errorf(okey.CodeUnavailable,
		"La connexion n'est pas possible pour l'instant : le service d'identité ne répond pas. Réessayez dans quelques minutes.")
}

// LeadToProvider has the browser keep a sign-in and goes to the provider with it. The error is unavailable where that does not answer.
func (s *SignIn) LeadToProvider(c *gin.Context, f Flow, more ...oauth2.AuthCodeOption) error {
	ctx := c.Request.Context()
	p, err := s.provider.get(ctx)
	if err != nil {
		slog.WarnContext(ctx, "the identity provider does not answer", "error", err)
		return providerAway()
	}
	if err := s.pending.keep(c, f); err != nil {
		return err
	}
	more = append(more, oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier))
	c.Redirect(http.StatusSeeOther, p.oauth.AuthCodeURL(f.State, more...))
	return nil
}
