package signin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"okey/internal/address"
	"okey/okey"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Settings name the identity provider, and say how to read what it says of people. URL is OKEY's own.
type Settings struct {
	URL                            string
	Issuer, ClientID, ClientSecret string
	Scopes                         []string
	ClaimUID                       string
	ClaimGivenNames                []string // the first that says something
	ClaimFamilyNames               []string
	Directory                      okey.DirectoryRules
}

// provider is the identity provider. It is discovered when first needed and until it answers: the server starts without it.
type provider struct {
	settings Settings
	client   *http.Client
	line     *line

	mu     sync.Mutex
	known  *discovered
	asked  time.Time     // when the last discovery ended
	failed error         // of the last discovery
	asking chan struct{} // of the discovery under way; closed at its end
}

const (
	deadFor    = 3 * time.Second // a provider that did not answer is not asked again, and nobody waits for it
	knownFor   = time.Hour       // what it says of itself changes: it is asked again, while what is known serves on
	refreshGap = time.Minute     // between two tries to learn it anew
)

// discovered is what the provider says of itself.
type discovered struct {
	*oidc.Provider
	oauth      oauth2.Config
	verifier   *oidc.IDTokenVerifier
	endSession string // empty: it has none
}

func newProvider(settings Settings) *provider {
	l := &line{}
	return &provider{settings: settings, client: &http.Client{Timeout: 5 * time.Second, Transport: l}, line: l}
}

// line is the way to the provider. Libraries make words of what went wrong there: whether it was nobody's wrong answer is counted here.
type line struct {
	failures atomic.Int64
}

// longestAnswer is more than a provider says of anything, in bytes.
const longestAnswer = 1 << 20

// RoundTrip reads an answer to its end: one that stops in the midst is no answer.
func (l *line) RoundTrip(asked *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(asked)
	var body []byte
	if err == nil {
		body, err = io.ReadAll(io.LimitReader(answer.Body, longestAnswer))
		_ = answer.Body.Close() // it was only read
		answer.Body = io.NopCloser(bytes.NewReader(body))
	}
	if err != nil || !itsOwn(answer, body) {
		l.failures.Add(1)
	}
	if err != nil {
		return nil, fmt.Errorf("ask the identity provider: %w", err)
	}
	return answer, nil
}

// itsOwn tells whether the provider answered, and not that it can't, or a proxy in its place: all that it says is JSON, its refusals too
// (RFC 6749, section 5.2), or a signed token.
func itsOwn(answer *http.Response, body []byte) bool {
	return answer.StatusCode < http.StatusInternalServerError && answer.StatusCode != http.StatusTooManyRequests &&
		(json.Valid(body) || signed(answer))
}

// signed tells whether an answer is a signed token.
func signed(answer *http.Response) bool {
	kind, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	return err == nil && kind == "application/jwt"
}

// errAway is for a sign-in that fails because the provider does not answer, or says that it can't.
var errAway = errors.New("the identity provider is away")

// get is what the provider says of itself. One discovery runs at a time; whoever comes while the provider is known not to answer hears so
// at once.
func (p *provider) get(ctx context.Context) (*discovered, error) {
	p.mu.Lock()
	since, known, failed := time.Since(p.asked), p.known, p.failed
	begun := p.asking == nil && (known == nil && (failed == nil || since > deadFor) ||
		known != nil && (failed == nil && since > knownFor || failed != nil && since > refreshGap))
	if begun {
		p.asking = make(chan struct{})
		go p.discover(p.asking)
	}
	end := p.asking
	p.mu.Unlock()
	switch {
	case known != nil:
		return known, nil
	case failed != nil && !begun:
		return nil, failed
	}
	select {
	case <-end:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the identity provider: %w", ctx.Err())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil {
		return nil, p.failed
	}
	return p.known, nil
}

// discover asks the provider for everybody: it does not end with the visit that began it.
func (p *provider) discover(end chan struct{}) {
	found, err := p.ask(context.Background())
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		p.known = found
	}
	p.failed, p.asked, p.asking = err, time.Now(), nil
	close(end)
}

func (p *provider) ask(ctx context.Context) (*discovered, error) {
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.settings.Issuer)
	if err != nil {
		return nil, fmt.Errorf("discover the identity provider: %w", err)
	}
	var more struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := found.Claims(&more); err != nil {
		return nil, fmt.Errorf("read what the identity provider says of itself: %w", err)
	}
	return &discovered{
		Provider: found, endSession: more.EndSession,
		verifier: found.Verifier(&oidc.Config{ClientID: p.settings.ClientID, Now: aMinuteAgo}),
		oauth: oauth2.Config{
			ClientID: p.settings.ClientID, ClientSecret: p.settings.ClientSecret, Endpoint: found.Endpoint(),
			RedirectURL: p.settings.URL + address.PathCallback, Scopes: p.settings.Scopes,
		},
	}, nil
}

// aMinuteAgo is the time that ID tokens are held against: a provider's clock may be somewhat behind. For one that is ahead the library
// leaves some minutes by itself.
func aMinuteAgo() time.Time { return time.Now().Add(-time.Minute) }

// signedIn is whom the provider vouches for.
type signedIn struct {
	person   okey.Person
	says     okey.DirectorySays
	verified bool // the mail address too
	idToken  string
	at       time.Time // when the provider last asked who it is; zero where it does not say
}

// exchange turns the code of a callback into a person.
func (p *provider) exchange(ctx context.Context, code string, f Flow) (signedIn, error) {
	failures := p.line.failures.Load()
	d, err := p.get(ctx)
	if err != nil {
		return signedIn{}, errors.Join(errAway, err)
	}
	who, err := d.exchange(ctx, p, code, f)
	if err != nil && p.line.failures.Load() != failures {
		err = errors.Join(errAway, err)
	}
	return who, err
}

func (d *discovered) exchange(ctx context.Context, p *provider, code string, f Flow) (signedIn, error) {
	ctx = oidc.ClientContext(ctx, p.client)
	token, err := d.oauth.Exchange(ctx, code, oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return signedIn{}, fmt.Errorf("exchange the code: %w", err)
	}
	raw, given := token.Extra("id_token").(string)
	if !given {
		return signedIn{}, fmt.Errorf("the provider gave no ID token")
	}
	idToken, err := d.verifier.Verify(ctx, raw)
	if err != nil {
		return signedIn{}, fmt.Errorf("verify the ID token: %w", err)
	}
	if idToken.Nonce != f.Nonce {
		return signedIn{}, fmt.Errorf("the ID token is for another sign-in")
	}
	said := claims{}
	if err := idToken.Claims(&said); err != nil {
		return signedIn{}, fmt.Errorf("read the ID token: %w", err)
	}
	at := said.time("auth_time") // of the signed token alone
	if d.UserInfoEndpoint() != "" {
		more, err := d.userInfo(ctx, p.client, token, idToken.Subject)
		if err != nil {
			return signedIn{}, err
		}
		said = said.with(more)
	}
	person, err := said.person(p.settings)
	return signedIn{
		person: person, says: said.says(p.settings.Directory), verified: said.verified(), idToken: raw, at: at,
	}, err
}

// userInfo asks who it is: many providers put names, uid and functions there only. The library asks where the answer is signed; it would
// refuse an unsigned one whole for a claim in an odd form, of which claims makes its own sense.
func (d *discovered) userInfo(ctx context.Context, client *http.Client, token *oauth2.Token, subject string) (claims, error) {
	said, isSigned, err := d.plainUserInfo(ctx, client, token)
	if err == nil && isSigned {
		said, err = d.signedUserInfo(ctx, token)
	}
	if err != nil {
		return nil, fmt.Errorf("ask who it is: %w", err)
	}
	if said.text("sub") != subject {
		return nil, fmt.Errorf("the provider speaks of two people")
	}
	return said, nil
}

func (d *discovered) plainUserInfo(ctx context.Context, client *http.Client, token *oauth2.Token) (said claims, isSigned bool, err error) {
	asked, err := http.NewRequestWithContext(ctx, http.MethodGet, d.UserInfoEndpoint(), nil)
	if err != nil {
		return nil, false, err
	}
	token.SetAuthHeader(asked)
	answer, err := client.Do(asked)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = answer.Body.Close() }() // it was only read
	if answer.StatusCode != http.StatusOK {
		return nil, false, errors.New(answer.Status)
	}
	if signed(answer) {
		return nil, true, nil
	}
	err = json.NewDecoder(answer.Body).Decode(&said)
	return said, false, err
}

func (d *discovered) signedUserInfo(ctx context.Context, token *oauth2.Token) (said claims, err error) {
	info, err := d.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err == nil {
		err = info.Claims(&said)
	}
	return said, err
}

// endSession is where a browser goes after signing out here: to the provider, which comes back to the home page; straight there where the
// provider has no such place, or does not answer.
func (p *provider) endSession(ctx context.Context, idToken string) string {
	d, err := p.get(ctx)
	if err != nil || d.endSession == "" || idToken == "" {
		return "/"
	}
	end, err := url.Parse(d.endSession)
	if err != nil {
		return "/"
	}
	query := end.Query()
	query.Set("id_token_hint", idToken)
	query.Set("client_id", p.settings.ClientID)
	query.Set("post_logout_redirect_uri", p.settings.URL+"/")
	end.RawQuery = query.Encode()
	return end.String()
}
