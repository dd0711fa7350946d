package idp

import (
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// signInRequest is one sign-in, from the redirect to the token.
type signInRequest struct {
	id    string
	began time.Time
	asked *oidc.AuthRequest
	uid   string    // "" until somebody is chosen
	at    time.Time // when
}

// GetID names the sign-in in URLs; nobody can guess it.
func (r *signInRequest) GetID() string { return r.id }

// GetACR claims nothing: a click is no authentication.
func (r *signInRequest) GetACR() string { return "" }

// GetAMR claims nothing.
func (r *signInRequest) GetAMR() []string { return nil }

// GetAudience is OKEY alone.
func (r *signInRequest) GetAudience() []string { return []string{r.asked.ClientID} }

// GetAuthTime is the moment of the click.
func (r *signInRequest) GetAuthTime() time.Time { return r.at }

// GetClientID is who asked.
func (r *signInRequest) GetClientID() string { return r.asked.ClientID }

// GetNonce returns the client's nonce into the ID token.
func (r *signInRequest) GetNonce() string { return r.asked.Nonce }

// GetRedirectURI is where the code goes.
func (r *signInRequest) GetRedirectURI() string { return r.asked.RedirectURI }

// GetResponseType is always code.
func (r *signInRequest) GetResponseType() oidc.ResponseType { return r.asked.ResponseType }

// GetResponseMode is how the client wants its answer.
func (r *signInRequest) GetResponseMode() oidc.ResponseMode { return r.asked.ResponseMode }

// GetState is the client's own.
func (r *signInRequest) GetState() string { return r.asked.State }

// GetSubject is the uid of whoever was chosen.
func (r *signInRequest) GetSubject() string { return r.uid }

// Done tells whether somebody was.
func (r *signInRequest) Done() bool { return r.uid != "" }

// GetCodeChallenge is what the verifier is held against.
func (r *signInRequest) GetCodeChallenge() *oidc.CodeChallenge {
	return &oidc.CodeChallenge{Challenge: r.asked.CodeChallenge, Method: r.asked.CodeChallengeMethod}
}

// GetScopes leaves offline_access out: there are no refresh tokens here.
func (r *signInRequest) GetScopes() []string {
	var scopes []string
	for _, scope := range r.asked.Scopes {
		if scope != oidc.ScopeOfflineAccess {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// client is OKEY.
type client struct{ id, secret, url string }

// GetID is the client_id.
func (c client) GetID() string { return c.id }

// ApplicationType says that OKEY can keep a secret.
func (c client) ApplicationType() op.ApplicationType { return op.ApplicationTypeWeb }

// AuthMethod is the secret, as basic authentication or in the form.
func (c client) AuthMethod() oidc.AuthMethod { return oidc.AuthMethodBasic }

// ResponseTypes leaves the code flow only.
func (c client) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}

// GrantTypes leaves the code flow only.
func (c client) GrantTypes() []oidc.GrantType { return []oidc.GrantType{oidc.GrantTypeCode} }

// LoginURL is where people choose who they are.
func (c client) LoginURL(id string) string { return "/connexion?id=" + id }

// AccessTokenType is opaque: the token is for our own userinfo endpoint.
func (c client) AccessTokenType() op.AccessTokenType { return op.AccessTokenTypeBearer }

// IDTokenLifetime is ample: it is read once, at sign-in.
func (c client) IDTokenLifetime() time.Duration { return time.Hour }

// DevMode allows plain HTTP on loopback addresses, and globs.
func (c client) DevMode() bool { return true }

// IsScopeAllowed knows no scope of our own.
func (c client) IsScopeAllowed(string) bool { return false }

// ClockSkew is none: one machine.
func (c client) ClockSkew() time.Duration { return 0 }

// RedirectURIs leaves it to the globs.
func (c client) RedirectURIs() []string { return nil }

// PostLogoutRedirectURIs is OKEY's home.
func (c client) PostLogoutRedirectURIs() []string { return []string{c.url, c.url + "/"} }

// IDTokenUserinfoClaimsAssertion puts everything into the ID token: one call less for the client.
func (c client) IDTokenUserinfoClaimsAssertion() bool { return true }

// RestrictAdditionalIdTokenScopes restricts nothing.
func (c client) RestrictAdditionalIdTokenScopes() func([]string) []string { return allScopes } //nolint:revive,staticcheck // spelt by op

// RestrictAdditionalAccessTokenScopes restricts nothing.
func (c client) RestrictAdditionalAccessTokenScopes() func([]string) []string { return allScopes }

func allScopes(scopes []string) []string { return scopes }

// RedirectURIGlobs lets people go back to any page of OKEY, be it at its own URL or at another loopback port, where a
// server started by hand listens. The port is spelt as digits: * would also match "x@elsewhere".
func (c client) RedirectURIGlobs() []string { return c.pages() }

// PostLogoutRedirectURIGlobs is the same for signing out.
func (c client) PostLogoutRedirectURIGlobs() []string { return c.pages() }

func (c client) pages() []string {
	bases := []string{c.url}
	for _, host := range []string{"127.0.0.1", "localhost"} {
		for digits := 2; digits <= 5; digits++ {
			bases = append(bases, "http://"+host+":"+strings.Repeat("[0-9]", digits))
		}
	}
	var pages []string
	for _, base := range bases {
		pages = append(pages, base+"/", base+"/*", base+"/*/*", base+"/*/*/*")
	}
	return pages
}

var _ op.HasRedirectGlobs = client{}
