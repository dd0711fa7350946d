// Package idp is an OpenID provider for made-up people: whoever opens its page says who they want to be, without a
// password. It listens on a loopback address and must never be reachable from elsewhere.
package idp

import (
	"context"
	"fmt"
	"net/http"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
	"golang.org/x/text/language"
)

// Person is someone who can sign in.
type Person struct {
	UID        string // becomes sub and uid
	FamilyName string
	GivenName  string
	Mail       string
	Role       string         // in French, for the sign-in page only
	Group      string         // the same: whose names stand together
	Does       string         // what one does as this person; those who have it are proposed first
	Waits      string         // what waits for this person; empty: nothing
	Claims     map[string]any // what the academy's directory would add
}

// Name is how a person is called.
func (p Person) Name() string { return p.GivenName + " " + p.FamilyName }

// People returns everybody who can sign in, in the order they are listed.
type People func(context.Context) ([]Person, error)

// Options describe the provider and its one client, which is OKEY.
type Options struct {
	Dir          string // keeps the signing key
	Issuer       string // the provider's own URL
	ClientID     string
	ClientSecret string
	ClientURL    string // OKEY's base URL: people are sent back to pages under it, or to another loopback port
	People       People
	MadeUp       bool // they are the demonstration's
}

// New returns the provider's pages and endpoints.
func New(options Options) (http.Handler, error) {
	keys, err := loadKeys(options.Dir)
	if err != nil {
		return nil, err
	}
	s := newStore(options, keys)
	provider, err := op.NewProvider(&op.Config{
		CryptoKey:                keys.crypto,
		CryptoKeyId:              keys.id,
		DefaultLogoutRedirectURI: "/au-revoir",
		CodeMethodS256:           true,
		AuthMethodPost:           true,
		SupportedUILocales:       []language.Tag{language.French},
		SupportedScopes:          []string{oidc.ScopeOpenID, oidc.ScopeProfile, oidc.ScopeEmail},
		SupportedClaims: []string{
			"sub",
			"uid",
			"name",
			"given_name",
			"family_name",
			"email",
			"FrEduFonctAdm",
			"FrEduRne",
			"FrEduRneResp",
		},
	}, s, op.StaticIssuer(options.Issuer), op.WithAllowInsecure()) // plain HTTP: loopback
	if err != nil {
		return nil, fmt.Errorf("set the OpenID provider up: %w", err)
	}
	pages := signIn{store: s, clientURL: options.ClientURL, madeUp: options.MadeUp, back: op.AuthCallbackURL(provider)}
	issuer := op.NewIssuerInterceptor(provider.IssuerFromRequest)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", pages.home)
	mux.Handle("GET /connexion", issuer.HandlerFunc(pages.choose))
	mux.Handle("POST /connexion", issuer.HandlerFunc(pages.chosen))
	mux.HandleFunc("GET /au-revoir", pages.goodbye)
	mux.Handle("/", provider)
	return mux, nil
}
