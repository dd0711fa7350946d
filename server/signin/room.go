// Package signin is sign-in by OpenID Connect: it begins, comes back, and is asked for afresh. It knows the provider and its claims, and
// of the rest of the server only how pages and sessions are made.
package signin

import (
	"net/http"

	"okey/config"
	"okey/internal/address"
	"okey/server/web"
	"okey/sql"

	"github.com/gin-gonic/gin"
)

// SignIn leads to the identity provider and back.
type SignIn struct {
	*web.Site
	store    *sql.Store
	session  *web.Sessions
	provider *provider
	linkKeys config.Keyring
	pending  pending
}

// New makes the room.
func New(site *web.Site, store *sql.Store, session *web.Sessions, settings Settings, linkKeys config.Keyring) *SignIn {
	return &SignIn{
		Site: site, store: store, session: session, provider: newProvider(settings), linkKeys: linkKeys,
		pending: newPending(session.Cookie.Name, session.Cookie.Secure, linkKeys),
	}
}

// Routes lead to the identity provider and back.
func (s *SignIn) Routes(r web.Routes) {
	r.Handle(http.MethodGet, address.PathSignIn, s.orFail(s.startSignIn))
	r.Handle(http.MethodGet, address.PathCallback, s.orFail(s.finishSignIn))
	r.Handle(http.MethodPost, address.PathSignOut, s.orFail(s.SignOut))
}

// orFail makes a page of what fails.
func (s *SignIn) orFail(do func(*gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := do(c); err != nil {
			s.FailPage(c, err)
		}
	}
}
