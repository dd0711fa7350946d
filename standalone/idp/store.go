package idp

import (
	"context"
	"crypto/subtle"
	"errors"
	"strings"
	"sync"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

const (
	signInLife = time.Hour // from the redirect to the click
	tokenLife  = 5 * time.Minute
)

var (
	errUnknownSignIn = errors.New("unknown sign-in")
	errUnknownPerson = errors.New("unknown person")
	errUnknownToken  = errors.New("unknown or expired token")
	errNotOffered    = errors.New("not offered here")
)

// store is all that the provider remembers. A restart forgets sign-ins under way: the person clicks once more.
type store struct {
	client client
	keys   keys
	people People

	mu      sync.Mutex
	signIns map[string]*signInRequest
	codes   map[string]string // code to sign-in
	tokens  map[string]time.Time
}

func newStore(options Options, k keys) *store {
	return &store{
		client: client{id: options.ClientID, secret: options.ClientSecret, url: options.ClientURL},
		keys:   k, people: options.People,
		signIns: map[string]*signInRequest{}, codes: map[string]string{}, tokens: map[string]time.Time{},
	}
}

func (s *store) person(ctx context.Context, uid string) (Person, error) {
	people, err := s.people(ctx)
	if err != nil {
		return Person{}, err
	}
	for _, p := range people {
		if strings.EqualFold(p.UID, uid) { // it has no case: RFC 4519, 2.39
			return p, nil
		}
	}
	return Person{}, errUnknownPerson
}

// CreateAuthRequest begins a sign-in. PKCE is a duty, and there is no session here that prompt=none could rely on.
func (s *store) CreateAuthRequest(_ context.Context, r *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	if r.CodeChallenge == "" || r.CodeChallengeMethod != oidc.CodeChallengeMethodS256 {
		return nil, oidc.ErrInvalidRequest().WithDescription("PKCE with S256 is required")
	}
	if len(r.Prompt) == 1 && r.Prompt[0] == oidc.PromptNone {
		return nil, oidc.ErrLoginRequired()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetOld()
	request := &signInRequest{id: uuid.NewString(), began: time.Now(), asked: r}
	s.signIns[request.id] = request
	return request, nil
}

func (s *store) forgetOld() {
	for id, request := range s.signIns {
		if time.Since(request.began) > signInLife {
			delete(s.signIns, id)
		}
	}
	for code, id := range s.codes {
		if s.signIns[id] == nil {
			delete(s.codes, code)
		}
	}
	for id, end := range s.tokens {
		if time.Now().After(end) {
			delete(s.tokens, id)
		}
	}
}

func (s *store) find(id string) (*signInRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	request, ok := s.signIns[id]
	if !ok || time.Since(request.began) > signInLife {
		return nil, errUnknownSignIn
	}
	copied := *request
	return &copied, nil
}

// choose notes who the person at the sign-in page wants to be.
func (s *store) choose(id, uid string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	request, ok := s.signIns[id]
	if !ok {
		return errUnknownSignIn
	}
	request.uid, request.at = uid, time.Now()
	return nil
}

// AuthRequestByID finds a sign-in under way.
func (s *store) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	return s.find(id)
}

// AuthRequestByCode finds the sign-in that a code was given for.
func (s *store) AuthRequestByCode(_ context.Context, code string) (op.AuthRequest, error) {
	s.mu.Lock()
	id, ok := s.codes[code]
	s.mu.Unlock()
	if !ok {
		return nil, errUnknownSignIn
	}
	return s.find(id)
}

// SaveAuthCode ties a code to its sign-in.
func (s *store) SaveAuthCode(_ context.Context, id, code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[code] = id
	return nil
}

// DeleteAuthRequest forgets a sign-in that is done, and with it its code: a code serves once.
func (s *store) DeleteAuthRequest(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.signIns, id)
	s.forgetOld()
	return nil
}

// CreateAccessToken gives a token that is good for the userinfo endpoint.
func (s *store) CreateAccessToken(context.Context, op.TokenRequest) (string, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, end := uuid.NewString(), time.Now().Add(tokenLife)
	s.tokens[id] = end
	return id, end, nil
}

// SetUserinfoFromScopes does nothing: SetUserinfoFromRequest does it.
func (s *store) SetUserinfoFromScopes(context.Context, *oidc.UserInfo, string, string, []string) error {
	return nil
}

// SetUserinfoFromRequest fills an ID token.
func (s *store) SetUserinfoFromRequest(ctx context.Context, info *oidc.UserInfo, request op.IDTokenRequest, _ []string) error {
	return s.describe(ctx, info, request.GetSubject())
}

// SetUserinfoFromToken answers at the userinfo endpoint.
func (s *store) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, tokenID, subject, _ string) error {
	s.mu.Lock()
	end, ok := s.tokens[tokenID]
	s.mu.Unlock()
	if !ok || time.Now().After(end) {
		return errUnknownToken
	}
	return s.describe(ctx, info, subject)
}

func (s *store) describe(ctx context.Context, info *oidc.UserInfo, uid string) error {
	p, err := s.person(ctx, uid)
	if err != nil {
		return err
	}
	info.Subject = p.UID
	info.PreferredUsername = p.UID
	info.Name, info.GivenName, info.FamilyName = p.Name(), p.GivenName, p.FamilyName
	info.Email, info.EmailVerified = p.Mail, true
	info.AppendClaims("uid", p.UID)
	for name, value := range p.Claims {
		info.AppendClaims(name, value)
	}
	return nil
}

// TerminateSession has nothing to end: signing out of OKEY is signing out.
func (s *store) TerminateSession(context.Context, string, string) error { return nil }

// SigningKey signs tokens.
func (s *store) SigningKey(context.Context) (op.SigningKey, error) { return s.keys, nil }

// SignatureAlgorithms is what discovery announces.
func (s *store) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.RS256}, nil
}

// KeySet is what clients verify tokens with.
func (s *store) KeySet(context.Context) ([]op.Key, error) { return []op.Key{public{s.keys}}, nil }

// GetClientByClientID knows OKEY alone.
func (s *store) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	if id != s.client.id {
		return nil, oidc.ErrInvalidClient().WithDescription("unknown client")
	}
	return s.client, nil
}

// AuthorizeClientIDSecret checks OKEY's secret.
func (s *store) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	if id != s.client.id || subtle.ConstantTimeCompare([]byte(secret), []byte(s.client.secret)) != 1 {
		return oidc.ErrInvalidClient().WithDescription("wrong client or secret")
	}
	return nil
}

// Health is always good: the store is memory.
func (s *store) Health(context.Context) error { return nil }

// What follows belongs to flows that this provider does not offer: refresh tokens, introspection, JWT profiles.

// CreateAccessAndRefreshTokens is not offered: who needs to sign in again clicks again.
func (s *store) CreateAccessAndRefreshTokens(context.Context, op.TokenRequest, string) (string, string, time.Time, error) {
	return "", "", time.Time{}, errNotOffered
}

// TokenRequestByRefreshToken is not offered.
func (s *store) TokenRequestByRefreshToken(context.Context, string) (op.RefreshTokenRequest, error) {
	return nil, errNotOffered
}

// RevokeToken forgets an access token.
func (s *store) RevokeToken(_ context.Context, id, _, _ string) *oidc.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tokens, id)
	return nil
}

// GetRefreshTokenInfo knows no refresh token.
func (s *store) GetRefreshTokenInfo(context.Context, string, string) (string, string, error) {
	return "", "", op.ErrInvalidRefreshToken
}

// SetIntrospectionFromToken is not offered.
func (s *store) SetIntrospectionFromToken(context.Context, *oidc.IntrospectionResponse, string, string, string) error {
	return errNotOffered
}

// GetPrivateClaimsFromScopes adds nothing: access tokens are opaque.
func (s *store) GetPrivateClaimsFromScopes(context.Context, string, string, []string) (map[string]any, error) {
	return nil, nil
}

// GetKeyByIDAndClientID is not offered.
func (s *store) GetKeyByIDAndClientID(context.Context, string, string) (*jose.JSONWebKey, error) {
	return nil, errNotOffered
}

// ValidateJWTProfileScopes is not offered.
func (s *store) ValidateJWTProfileScopes(context.Context, string, []string) ([]string, error) {
	return nil, errNotOffered
}
