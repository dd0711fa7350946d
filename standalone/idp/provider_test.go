package idp

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
)

const secret = "a secret that only the client knows"

func demonstrationPeople(context.Context) ([]Person, error) {
	return []Person{
		{UID: "lmartin", FamilyName: "Martin", GivenName: "Léa", Mail: "lea.martin@ac-nice.fr", Role: "personnel, collège L'Archet"},
		{
			UID: "proux", FamilyName: "Roux", GivenName: "Paul", Mail: "paul.roux@ac-nice.fr", Role: "chef d'établissement, collège L'Archet",
			Claims: map[string]any{"FrEduFonctAdm": "DIR", "FrEduRneResp": []string{"0061234A$UAJ$PU"}},
		},
	}, nil
}

// relyingParty is a client as OKEY's server is one.
type relyingParty struct {
	provider *httptest.Server
	web      *http.Client
	oidc     *oidc.Provider
	config   oauth2.Config
}

func start(t *testing.T, dir string) *relyingParty {
	t.Helper()
	rp := &relyingParty{}
	var handler http.Handler
	rp.provider = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(rp.provider.Close)
	var err error
	handler, err = New(Options{
		Dir: dir, Issuer: rp.provider.URL, ClientID: "okey", ClientSecret: secret,
		ClientURL: "http://127.0.0.1:8080", People: demonstrationPeople,
	})
	require.NoError(t, err)

	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	rp.web = &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if "http://"+r.URL.Host != rp.provider.URL {
			return http.ErrUseLastResponse // back to the client
		}
		return nil
	}}
	rp.oidc, err = oidc.NewProvider(t.Context(), rp.provider.URL)
	require.NoError(t, err)
	rp.config = oauth2.Config{
		ClientID: "okey", ClientSecret: secret, Endpoint: rp.oidc.Endpoint(),
		RedirectURL: "http://127.0.0.1:8080/connexion/retour", Scopes: []string{"openid", "profile", "email"},
	}
	return rp
}

func read(t *testing.T, response *http.Response, err error) string {
	t.Helper()
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(body)
}

// ask begins a sign-in and returns its id.
func (rp *relyingParty) ask(t *testing.T, options ...oauth2.AuthCodeOption) string {
	t.Helper()
	response, err := rp.web.Get(rp.config.AuthCodeURL("the state", options...))
	page := read(t, response, err)
	require.Equal(t, http.StatusOK, response.StatusCode, page)
	require.Contains(t, page, "Qui êtes-vous ?")
	return response.Request.URL.Query().Get("id")
}

// click chooses a person and returns where the client is called back.
func (rp *relyingParty) click(t *testing.T, id, uid string) *url.URL {
	t.Helper()
	response, err := rp.web.PostForm(rp.provider.URL+"/connexion", url.Values{"id": {id}, "uid": {uid}})
	page := read(t, response, err)
	require.Equal(t, http.StatusFound, response.StatusCode, page)
	back, err := response.Location()
	require.NoError(t, err)
	return back
}

func (rp *relyingParty) claims(t *testing.T, token *oauth2.Token) (*oidc.IDToken, map[string]any) {
	t.Helper()
	raw, ok := token.Extra("id_token").(string)
	require.True(t, ok)
	verified, err := rp.oidc.Verifier(&oidc.Config{ClientID: "okey"}).Verify(t.Context(), raw)
	require.NoError(t, err)
	claims := map[string]any{}
	require.NoError(t, verified.Claims(&claims))
	return verified, claims
}

func TestSignInWithCodePKCEAndNonce(t *testing.T) {
	rp := start(t, t.TempDir())
	verifier := oauth2.GenerateVerifier()
	id := rp.ask(t, oauth2.S256ChallengeOption(verifier), oidc.Nonce("the nonce"))
	back := rp.click(t, id, "proux")
	require.Equal(t, "127.0.0.1:8080", back.Host)
	require.Equal(t, "the state", back.Query().Get("state"))

	_, err := rp.config.Exchange(t.Context(), back.Query().Get("code"), oauth2.VerifierOption(oauth2.GenerateVerifier()))
	require.Error(t, err, "another verifier")

	id = rp.ask(t, oauth2.S256ChallengeOption(verifier), oidc.Nonce("the nonce"))
	code := rp.click(t, id, "proux").Query().Get("code")
	token, err := rp.config.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
	require.NoError(t, err)
	verified, claims := rp.claims(t, token)
	require.Equal(t, "the nonce", verified.Nonce)
	for name, value := range map[string]any{
		"sub": "proux", "uid": "proux", "name": "Paul Roux", "given_name": "Paul", "family_name": "Roux",
		"email": "paul.roux@ac-nice.fr", "FrEduFonctAdm": "DIR", "FrEduRneResp": []any{"0061234A$UAJ$PU"},
	} {
		require.Equal(t, value, claims[name], name)
	}
	info, err := rp.oidc.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
	require.NoError(t, err)
	require.Equal(t, "proux", info.Subject)

	_, err = rp.config.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
	require.Error(t, err, "a code serves once")
}

func TestWithoutPKCENobodySignsIn(t *testing.T) {
	rp := start(t, t.TempDir())
	response, err := rp.web.Get(rp.config.AuthCodeURL("the state"))
	_ = read(t, response, err)
	require.Equal(t, http.StatusFound, response.StatusCode)
	back, err := response.Location()
	require.NoError(t, err)
	require.Equal(t, "invalid_request", back.Query().Get("error"))
}

func TestPromptNoneAsksForASignIn(t *testing.T) {
	rp := start(t, t.TempDir())
	response, err := rp.web.Get(rp.config.AuthCodeURL("the state", oauth2.S256ChallengeOption(oauth2.GenerateVerifier()), oauth2.SetAuthURLParam("prompt", "none")))
	_ = read(t, response, err)
	back, err := response.Location()
	require.NoError(t, err)
	require.Equal(t, "login_required", back.Query().Get("error"))
}

func TestSigningKeySurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	before, err := loadKeys(dir)
	require.NoError(t, err)
	after, err := loadKeys(dir)
	require.NoError(t, err)
	require.Equal(t, before.id, after.id)
	require.Equal(t, before.crypto, after.crypto)
}

func TestForeignPagesAreNeverSentTo(t *testing.T) {
	rp := start(t, t.TempDir())
	for _, elsewhere := range []string{
		"https://ailleurs.fr/retour", "http://127.0.0.1:1@ailleurs.fr/retour", "http://127.0.0.1.ailleurs.fr:8080/retour",
		"http://127.0.0.1:8080.ailleurs.fr/retour",
	} {
		rp.config.RedirectURL = elsewhere
		response, err := rp.web.Get(rp.config.AuthCodeURL("the state", oauth2.S256ChallengeOption(oauth2.GenerateVerifier())))
		_ = read(t, response, err)
		require.Equal(t, http.StatusBadRequest, response.StatusCode, elsewhere)
	}
}

func TestServerOnAnotherLoopbackPortIsServed(t *testing.T) {
	rp := start(t, t.TempDir())
	rp.config.RedirectURL = "http://127.0.0.1:40123/connexion/retour"
	id := rp.ask(t, oauth2.S256ChallengeOption(oauth2.GenerateVerifier()))
	require.Equal(t, "127.0.0.1:40123", rp.click(t, id, "lmartin").Host)
}

func TestPeopleAreFoundByWords(t *testing.T) {
	rp := start(t, t.TempDir())
	id := rp.ask(t, oauth2.S256ChallengeOption(oauth2.GenerateVerifier()), oauth2.SetAuthURLParam("login_hint", "paul.roux@ac-nice.fr"))
	for query, names := range map[string][2]string{
		"?id=" + id + "&q=archet+personnel": {"Léa Martin", "Paul Roux"},
		"?id=" + id:                         {"Paul Roux", "Léa Martin"}, // the hint
	} {
		response, err := rp.web.Get(rp.provider.URL + "/connexion" + query)
		page := read(t, response, err)
		require.Contains(t, page, names[0])
		require.NotContains(t, page, names[1])
	}
	response, err := rp.web.Get(rp.provider.URL + "/connexion?id=" + id + "&q=zzz")
	require.Contains(t, read(t, response, err), "Personne ne correspond.")
}

func TestStaleAndStrangeChoicesAreRefused(t *testing.T) {
	rp := start(t, t.TempDir())
	id := rp.ask(t, oauth2.S256ChallengeOption(oauth2.GenerateVerifier()))
	for status, form := range map[int]url.Values{
		http.StatusUnprocessableEntity: {"id": {id}, "uid": {"nobody"}},
		http.StatusNotFound:            {"id": {"gone"}, "uid": {"lmartin"}},
	} {
		response, err := rp.web.PostForm(rp.provider.URL+"/connexion", form)
		_ = read(t, response, err)
		require.Equal(t, status, response.StatusCode)
	}
	response, err := rp.web.Get(rp.provider.URL + "/connexion?id=gone")
	require.Contains(t, read(t, response, err), "Recommencer depuis OKEY")
}

func TestSignOutLeadsBack(t *testing.T) {
	rp := start(t, t.TempDir())
	var endpoints struct {
		EndSession string `json:"end_session_endpoint"`
	}
	require.NoError(t, rp.oidc.Claims(&endpoints))
	response, err := rp.web.Get(endpoints.EndSession + "?" + url.Values{"client_id": {"okey"}, "post_logout_redirect_uri": {"http://127.0.0.1:8080/"}}.Encode())
	_ = read(t, response, err)
	back, err := response.Location()
	require.NoError(t, err)
	require.Equal(t, "http://127.0.0.1:8080/", back.String())

	response, err = rp.web.Get(endpoints.EndSession)
	require.Contains(t, read(t, response, err), "Vous êtes déconnecté")
}

// A hint that is somebody's whole uid is whom OKEY's demonstration wants to become; a person who is to be asked again is asked.
func TestAWholeUIDAsAHintSignsThatPersonInAtOnce(t *testing.T) {
	rp := start(t, t.TempDir())
	verifier := oauth2.GenerateVerifier()
	hint := oauth2.SetAuthURLParam("login_hint", "proux")
	response, err := rp.web.Get(rp.config.AuthCodeURL("the state", oauth2.S256ChallengeOption(verifier), oidc.Nonce("n"), hint))
	_ = read(t, response, err)
	require.Equal(t, http.StatusFound, response.StatusCode)
	back, err := response.Location()
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:8080", back.Host, "back at OKEY without a question")
	require.Equal(t, "the state", back.Query().Get("state"))
	token, err := rp.config.Exchange(t.Context(), back.Query().Get("code"), oauth2.VerifierOption(verifier))
	require.NoError(t, err)
	verified, _ := rp.claims(t, token)
	require.Equal(t, "proux", verified.Subject)

	rp.ask(t, oauth2.S256ChallengeOption(verifier), hint, oauth2.SetAuthURLParam("prompt", "login"))
	rp.ask(t, oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("login_hint", "prou"))
}

func TestThePageSaysWhoPeopleAreAndWhatOneDoesAsThem(t *testing.T) {
	people := []Person{
		{UID: "a", GivenName: "Ana", FamilyName: "Une", Group: "Direction", Does: "répondez"},
		{UID: "b", GivenName: "Bob", FamilyName: "Deux", Group: "Direction"},
	}
	for range shown + 5 {
		people = append(people, Person{UID: "x", GivenName: "Zoé", FamilyName: "Trois", Group: "Personnels"})
	}
	options := Options{
		Dir: t.TempDir(), Issuer: "http://127.0.0.1:8090", ClientID: "okey", ClientSecret: secret, ClientURL: "http://127.0.0.1:8080",
		People: func(context.Context) ([]Person, error) { return people, nil }, MadeUp: true,
	}
	handler, err := New(options)
	require.NoError(t, err)
	page := func(query string) string {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/"+query, nil))
		return answer.Body.String()
	}
	first := page("")
	require.Regexp(t, `(?s)<h2>Direction</h2>.*<strong>Ana Une</strong><span> : répondez</span>.*<details>.*Bob Deux`, first, "the others are folded")
	require.Contains(t, first, "Les autres personnes (66)")
	require.Contains(t, first, "La liste s'arrête ici, à 60 des 66 autres personnes : cherchez")
	require.Contains(t, first, "Ces personnes sont inventées")
	found := page("?q=bob")
	require.Contains(t, found, "Bob Deux")
	require.NotContains(t, found, "<details>")
	require.Contains(t, page("?q=zo%C3%A9"), "La liste s'arrête ici : cherchez")

	for n, p := range people[2:9] { // for seven of the others something waits
		people[n+2] = Person{UID: p.UID, GivenName: "Cyr", FamilyName: string(rune('A' + n)), Group: "Direction", Waits: "À répondre : 2"}
	}
	leads := page("")
	require.Regexp(t, `(?s)<h2>Direction</h2>.*Cyr A</strong></span><span class="waits">À répondre : 2</span>.*Cyr F.*Ana Une.*<details>.*Cyr G`, leads,
		"of a group those come first for whom something waits, six of them")
	require.Contains(t, leads, "Les autres personnes (60)")

	options.MadeUp = false // an academy tries it with people of its own
	handler, err = New(options)
	require.NoError(t, err)
	theirs := page("")
	require.NotContains(t, theirs, "inventées")
	require.NotContains(t, theirs, "démonstration")
	require.Contains(t, theirs, "sans mot de passe, au nom de chacun")
}
