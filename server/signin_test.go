package server_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"okey/config"
	"okey/internal/scene"
	"okey/okey"

	"github.com/coreos/go-oidc/v3/oidc/oidctest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// identity is an OpenID provider that signs in whoever it is told to: discovery, PKCE, nonce and signatures are real, its sign-in
// page is not.
type identity struct {
	*httptest.Server
	key    *ecdsa.PrivateKey
	claims map[string]any
	asked  url.Values                  // of the last authorization
	broken map[string]http.HandlerFunc // what answers at a path in its place

	keyID  string        // of key
	behind time.Duration // its clock
	served *oidctest.Server

	authTime time.Time // when it last asked who it is; zero: it does not say

	meanwhile func() // what happens elsewhere while it answers
}

// rotate has it sign with a new key from now on; only that one is published.
func (p *identity) rotate(t *testing.T) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	p.key, p.keyID = key, p.keyID+"'"
	p.served.PublicKeys = []oidctest.PublicKey{{PublicKey: key.Public(), KeyID: p.keyID, Algorithm: "ES256"}}
}

func newIdentity(t *testing.T) *identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	p := &identity{key: key, keyID: "k"}
	keys := &oidctest.Server{PublicKeys: []oidctest.PublicKey{{PublicKey: key.Public(), KeyID: "k", Algorithm: "ES256"}}}
	p.served = keys
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
			"jwks_uri":          p.URL + "/keys",
			"userinfo_endpoint": p.URL + "/userinfo", "end_session_endpoint": p.URL + "/end",
			"id_token_signing_alg_values_supported": []string{"ES256"},
		})
	})
	mux.Handle("GET /keys", keys)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("GET /userinfo", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(p.claims)
	})
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if instead := p.broken[r.URL.Path]; instead != nil {
			instead(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	keys.SetIssuer(p.URL)
	t.Cleanup(p.Close)
	return p
}

// badGateway is what a proxy answers in its place.
func badGateway(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "later", http.StatusBadGateway)
}

// proxyPage is what one says that does not know better.
func proxyPage(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, "<h1>It works!</h1>")
}

// cutShort begins an answer and goes away.
func cutShort(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "100")
	_, _ = io.WriteString(w, "{")
	panic(http.ErrAbortHandler)
}

// token gives an ID token for the code, only to whoever began the sign-in.
func (p *identity) token(w http.ResponseWriter, r *http.Request) {
	if p.meanwhile != nil {
		p.meanwhile()
	}
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if base64.RawURLEncoding.EncodeToString(challenge[:]) != p.asked.Get("code_challenge") || r.PostFormValue("code") != "the-code" {
		http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
		return
	}
	said := map[string]any{
		"iss": p.URL, "aud": "okey", "sub": p.claims["sub"], "nonce": p.asked.Get("nonce"),
		"iat": time.Now().Add(-p.behind).Unix(), "exp": time.Now().Add(time.Hour - p.behind).Unix(),
	}
	if !p.authTime.IsZero() {
		said["auth_time"] = p.authTime.Add(-p.behind).Unix()
	}
	claims, _ := json.Marshal(said)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"access_token": "at", "token_type": "Bearer", "id_token": oidctest.SignIDToken(p.key, p.keyID, "ES256", string(claims)),
	})
}

// visitor is a browser that stops at each redirect.
type visitor struct {
	*house
	web *http.Client
}

func (h *house) visitor() *visitor {
	h.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(h, err)
	return &visitor{h, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (v *visitor) do(method, path string) answer {
	v.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, v.URL+path, nil)
	require.NoError(v, err)
	response, err := v.web.Do(r)
	require.NoError(v, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(v, err)
	return answer{Status: response.StatusCode, Header: response.Header, Text: string(text)}
}

// leave goes to the identity provider and returns the state to come back with.
func (v *visitor) leave(p *identity, path string) string {
	v.Helper()
	a := v.do(http.MethodGet, path)
	require.Equal(v, http.StatusSeeOther, a.Status, a.Text)
	to, err := url.Parse(a.Header.Get("Location"))
	require.NoError(v, err)
	require.True(v, strings.HasPrefix(to.String(), p.URL+"/authorize?"), to.String())
	p.asked = to.Query()
	assert.Equal(v, "S256", p.asked.Get("code_challenge_method"))
	assert.NotEmpty(v, p.asked.Get("nonce"))
	assert.Equal(v, v.URL+"/connexion/retour", p.asked.Get("redirect_uri"))
	return p.asked.Get("state")
}

func (v *visitor) session() string {
	at, err := url.Parse(v.URL)
	require.NoError(v, err)
	for _, cookie := range v.web.Jar.Cookies(at) {
		if strings.HasPrefix(cookie.Name, "okey_session_") {
			return cookie.Value
		}
	}
	return ""
}

func newGate(t *testing.T) (*house, *identity) {
	p := newIdentity(t)
	return newHouseWith(t, func(c *config.Config) { c.OIDCIssuer = p.URL }), p
}

func TestSigningInLeadsBackToThePageAndRenewsTheSession(t *testing.T) {
	h, p := newGate(t)
	lea := h.Person("Léa Martin", okey.Staff, scene.Tilleuls)
	p.claims = map[string]any{"sub": "x1", "uid": lea.UID, "given_name": "Autre", "family_name": "Nom", "email": "autre@exemple.fr"}
	v := h.visitor()
	v.browser().post("/demandes/nouvelle", url.Values{"person": {lea.ID.String()}, "need": {"saisie"}}) // without a session: what was written waits in one of nobody's
	response := v.do(http.MethodGet, "/demandes?page=2")
	require.Equal(t, http.StatusSeeOther, response.Status)
	signIn := response.Header.Get("Location")
	state := v.leave(p, signIn)
	before := v.session()
	require.NotEmpty(t, before)
	back := v.do(http.MethodGet, "/connexion/retour?code=the-code&state="+state)
	require.Equal(t, http.StatusSeeOther, back.Status, back.Text)
	assert.Equal(t, "/demandes?page=2", back.Header.Get("Location"))
	assert.NotEqual(t, before, v.session())
	cookie := back.Header.Get("Set-Cookie")
	assert.Contains(t, cookie, "HttpOnly")
	assert.Contains(t, cookie, "SameSite=Lax")
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM person`), "the same person")
	assert.Equal(t, "Léa", h.Text(`SELECT given_name FROM person`), "the import speaks of her: claims change nothing")
	page := v.do(http.MethodGet, "/demandes")
	assert.Equal(t, http.StatusOK, page.Status)

	out := v.do(http.MethodPost, "/deconnexion")
	assert.True(t, strings.HasPrefix(out.Header.Get("Location"), p.URL+"/end?"), out.Header.Get("Location"))
	page = v.do(http.MethodGet, "/demandes")
	assert.Equal(t, http.StatusSeeOther, page.Status)
	assert.Equal(t, 0, h.Count(`SELECT count(*) FROM session WHERE token = $1`, before))
}

func TestAnUnknownPersonIsCreatedWithoutAnyRole(t *testing.T) {
	h, p := newGate(t)
	p.claims = map[string]any{"sub": "s-42", "name": "Nina Nouvelle", "email": "nina@exemple.fr", "email_verified": true}
	v := h.visitor()
	v.do(http.MethodGet, "/connexion/retour?code=the-code&state="+v.leave(p, "/connexion"))
	assert.Equal(t, "s-42", h.Text(`SELECT uid FROM person WHERE NOT support AND NOT auditor`))
	assert.Equal(t, "Nina Nouvelle", h.Text(`SELECT family_name FROM person`))
}

// Directories write a uid in capitals or not, and not always as the staff file does.
func TestAUIDInOtherCapitalsSignsTheSamePersonIn(t *testing.T) {
	h, p := newGate(t)
	lea := h.Person("Léa Martin", okey.Staff, scene.Tilleuls)
	for _, uid := range []string{"LMartin", " lmartin", "LMARTIN"} {
		p.claims = map[string]any{"sub": "s-42", "uid": uid, "name": "Léa Martin"}
		require.Equal(t, http.StatusSeeOther, h.visitor().signsIn(p).Status)
	}
	assert.Equal(t, lea.ID.String(), h.Text(`SELECT string_agg(id::text, ',') FROM person`))
}

func TestClaimsBringNothingThatNobodySees(t *testing.T) {
	h, p := newGate(t)
	p.claims = map[string]any{
		"sub": "s-42", "uid": "nnouvelle", "given_name": "Ni\u200bna\u202e", "family_name": "Nou\u00advelle\n",
		"email": "nina\u200b@exemple.fr", "email_verified": true,
	}
	v := h.visitor()
	v.do(http.MethodGet, "/connexion/retour?code=the-code&state="+v.leave(p, "/connexion"))
	assert.Equal(t, "Nina|Nouvelle|", h.Text(`SELECT given_name || '|' || family_name || '|' || mail FROM person WHERE uid = 'nnouvelle'`))

	p.claims = map[string]any{"sub": "s-43", "uid": "nnouvelle\u2060", "name": "Une Autre"}
	v = h.visitor()
	assert.Equal(t, http.StatusUnauthorized, v.do(http.MethodGet, "/connexion/retour?code=the-code&state="+v.leave(p, "/connexion")).Status,
		"nobody is taken for somebody else")
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM person`))
}

// What a provider says may be what its people have chosen: names, addresses and uids are held to what a staff file may say.
func TestClaimsAreHeldToWhatAPersonMayBeCalled(t *testing.T) {
	for name, test := range map[string]struct {
		claims map[string]any
		status int
		mail   string
	}{
		"an address":         {map[string]any{"email": "lea@ac-nice.fr"}, http.StatusSeeOther, "lea@ac-nice.fr"},
		"a name before it":   {map[string]any{"email": `"H" <ce.0069001B@ac-nice.fr>`}, http.StatusSeeOther, ""},
		"in brackets":        {map[string]any{"email": "<ce.0069001b@ac-nice.fr>"}, http.StatusSeeOther, ""},
		"somebody's uid":     {map[string]any{"email": "lmartin"}, http.StatusSeeOther, ""},
		"nothing in a text":  {map[string]any{"email": "a\x00b@ac-nice.fr"}, http.StatusSeeOther, ""},
		"a long name":        {map[string]any{"given_name": strings.Repeat("é", 60000)}, http.StatusSeeOther, ""},
		"a long uid":         {map[string]any{"uid": strings.Repeat("x", 3000)}, http.StatusUnauthorized, ""},
		"a uid of two lines": {map[string]any{"uid": "a\nb"}, http.StatusUnauthorized, ""},
		"a uid with an end":  {map[string]any{"uid": "a\x00b"}, http.StatusUnauthorized, ""},
		"says so in a text": {map[string]any{
			"email": "lea@ac-nice.fr", "email_verified": "False",
		}, http.StatusSeeOther, "lea@ac-nice.fr"},
		"says so by a number": {map[string]any{"email": "lea@ac-nice.fr", "email_verified": 0}, http.StatusSeeOther, "lea@ac-nice.fr"},
		"says so with nothing": {
			map[string]any{"email": "lea@ac-nice.fr", "email_verified": map[string]any{}}, http.StatusSeeOther, "lea@ac-nice.fr",
		},
		"does not say": {map[string]any{"email": "lea@ac-nice.fr", "email_verified": nil}, http.StatusSeeOther, "lea@ac-nice.fr"},
		"vouches, in a text": {map[string]any{
			"email": "lea@ac-nice.fr", "email_verified": "true",
		}, http.StatusSeeOther, "lea@ac-nice.fr"},
		"nobody checked it": {map[string]any{"email": "lea@ac-nice.fr", "email_verified": false}, http.StatusSeeOther, "lea@ac-nice.fr"},
	} {
		t.Run(name, func(t *testing.T) {
			h, p := newGate(t)
			p.claims = map[string]any{"sub": "s-1", "uid": "s1", "given_name": "Nina"}
			maps.Copy(p.claims, test.claims)
			v := h.visitor()
			assert.Equal(t, test.status, v.do(http.MethodGet, "/connexion/retour?code=the-code&state="+v.leave(p, "/connexion")).Status)
			if test.status == http.StatusSeeOther {
				assert.Equal(t, test.mail, h.Text(`SELECT mail FROM person`))
				assert.LessOrEqual(t, h.Count(`SELECT length(given_name) FROM person`), okey.LongestName)
				said, present := test.claims["email_verified"]
				assert.Equal(t, present && said != nil && said != true && said != "true",
					h.Count(`SELECT count(*) FROM person WHERE mail_denied`) == 1)
			}
		})
	}
}

// A role that was granted by address waits for that address, not for whoever is called so.
// ProConnect has no family_name; other directories have names of their own.
func TestNamesAreReadFromTheClaimsThatAProviderGives(t *testing.T) {
	p := newIdentity(t)
	h := newHouseWith(t, func(c *config.Config) { c.OIDCIssuer = p.URL; c.ClaimGivenNames = append(c.ClaimGivenNames, "prenom") })
	for want, said := range map[string]map[string]any{
		"Léa Martin": {"given_name": "Léa", "usual_name": "Martin"}, "Léa Roux": {"given_name": "Léa", "family_name": "Roux", "usual_name": "Martin"},
		"Ana Garcia": {"prenom": "Ana", "family_name": "Garcia"}, "Nina Nouvelle": {"name": "Nina Nouvelle"},
	} {
		p.claims = map[string]any{"sub": want}
		maps.Copy(p.claims, said)
		h.visitor().signsIn(p)
		assert.Equal(t, want, h.Text(`SELECT trim(given_name || ' ' || family_name) FROM person WHERE uid = $1`, okey.NormalUID(want)))
	}
}

func TestAUIDThatLooksLikeAGrantedAddressOpensNothing(t *testing.T) {
	h, p := newGate(t)
	h.Exec(`INSERT INTO person (uid, family_name, given_name, mail, support, created_at)
		VALUES ('sam@exemple.fr', '', '', 'Sam@exemple.fr', true, now())`)
	for _, verified := range []bool{false, true} {
		status := map[bool]int{false: http.StatusForbidden, true: http.StatusSeeOther}[verified]
		p.claims = map[string]any{
			"sub": "s-7", "uid": "sam@exemple.fr", "given_name": "Mal", "email": "sam@exemple.fr", "email_verified": verified,
		}
		if !verified {
			p.claims["email"] = "mallory@x.fr"
		}
		v := h.visitor()
		assert.Equal(t, status, v.do(http.MethodGet, "/connexion/retour?code=the-code&state="+v.leave(p, "/connexion")).Status, verified)
		if !verified {
			assert.Zero(t, h.Count(`SELECT count(*) FROM person WHERE given_name <> ''`))
		}
	}
}

func TestAGrantByAddressIsAdoptedOnlyByAVerifiedAddress(t *testing.T) {
	for _, test := range []struct {
		verified any
		people   int
	}{{true, 1}, {"true", 1}, {false, 2}, {nil, 2}} {
		h, p := newGate(t)
		h.Exec(`INSERT INTO person (uid, family_name, given_name, mail, support, created_at)
			VALUES ('sam@exemple.fr', '', '', 'sam@exemple.fr', true, now())`)
		p.claims = map[string]any{"sub": "s-7", "uid": "ssecours", "given_name": "Sam", "family_name": "Secours", "email": "Sam@exemple.fr"}
		if test.verified != nil {
			p.claims["email_verified"] = test.verified
		}
		v := h.visitor()
		v.do(http.MethodGet, "/connexion/retour?code=the-code&state="+v.leave(p, "/connexion"))
		assert.Equal(t, test.people, h.Count(`SELECT count(*) FROM person`), "%v", test.verified)
		assert.Equal(t, test.people == 1, h.Count(`SELECT count(*) FROM person WHERE uid = 'ssecours' AND support`) == 1)
	}
}

func (v *visitor) signsIn(p *identity) answer {
	v.Helper()
	return v.do(http.MethodGet, "/connexion/retour?code=the-code&state="+v.leave(p, "/connexion"))
}

func TestFunctionsAreWhatTheDirectorySaysAtEachSignIn(t *testing.T) {
	h, p := newGate(t)
	p.claims = map[string]any{
		"sub": "x1", "uid": "cchef", "given_name": "Claire", "family_name": "Chef", "FrEduFonctAdm": "DIR",
		"FrEduRneResp": []string{"0069001b$UAJ$PU$N$T3$CLG$340", "X", "0690000Z"}, "FrEduRne": "0069001B$UAJ$PU",
	}
	v := h.visitor()
	require.Equal(t, http.StatusSeeOther, v.signsIn(p).Status)
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM assignment WHERE uai = $1 AND function = 'chef' AND source = 'claims'
		AND until > now()`, scene.Tilleuls))
	assert.Equal(t, 1,
		h.Count(`SELECT count(*) FROM assignment WHERE uai = $1 AND function = 'personnel' AND until IS NULL`, scene.Tilleuls))
	account := v.do(http.MethodGet, "/compte")
	assert.Contains(t, account.Text, "Chef d&#39;établissement, Collège des Tilleuls (0069001B)", "once, though staff too")
	assert.NotContains(t, account.Text, "Personnel, ")
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM audit WHERE event = 'claims'`))

	require.Equal(t, http.StatusSeeOther, h.visitor().signsIn(p).Status)
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM audit WHERE event = 'claims'`), "nothing new, nothing to tell")

	p.claims["FrEduFonctAdm"], p.claims["FrEduRneResp"] = nil, "X"
	require.Equal(t, http.StatusSeeOther, h.visitor().signsIn(p).Status)
	assert.Equal(t, "personnel", h.Text(`SELECT string_agg(function, ',') FROM assignment`), "heads no more")
}

func TestADirectorysDelegationHoldsWithItsGiversFunction(t *testing.T) {
	h, p := newGate(t)
	h.Person("Paul Roux", okey.Principal, scene.Tilleuls)
	h.Person("Eva Simon", okey.Staff, scene.Tilleuls)
	p.claims = map[string]any{"sub": "x2", "uid": "ddelegue", "name": "Dina Delegue", "FrEduResDel": []string{
		"okey|/redirect.jsp|01/09/2020|31/12/9999|PRoux|FrEduRneResp=0069001B$UAJ|portail||",
		"okey|/redirect.jsp|01/09/2020|31/12/2025|proux|FrEduRneResp=0069001B$UAJ|portail||",
		"okey|/redirect.jsp|01/09/2020|31/12/9999|esimon|FrEduRneResp=0069001B$UAJ|portail||",
		"autre|/redirect.jsp|01/09/2020|31/12/9999|proux|FrEduRneResp=0069002C$UAJ|portail||",
	}}
	v := h.visitor()
	require.Equal(t, http.StatusSeeOther, v.signsIn(p).Status)
	account := strings.ReplaceAll(v.do(http.MethodGet, "/compte").Text, "\u00a0", " ")
	assert.Contains(t, account, "Délégataire (tout : réponses, remises et stock), Collège des Tilleuls (0069001B), depuis le mardi 1er "+
		"septembre 2020, sans fin annoncée")
	assert.Equal(t, 1, strings.Count(account, "Délégataire (tout"),
		"neither the stale one, nor that of somebody without the function: %s", account)
	h.Exec(`DELETE FROM assignment WHERE function = 'chef'`)
	assert.NotContains(t, v.do(http.MethodGet, "/compte").Text, "Délégataire")

	h.Person("Paul Roux", okey.Principal, scene.Tilleuls)
	delete(p.claims, "FrEduResDel")
	require.Equal(t, http.StatusSeeOther, v.signsInAnew(p).Status)
	assert.NotContains(t, v.do(http.MethodGet, "/compte").Text, "Délégataire")
}

func (v *visitor) signsInAnew(p *identity) answer {
	v.Helper()
	v.do(http.MethodPost, "/deconnexion")
	return v.signsIn(p)
}

func TestAPersonWithoutAnyRoleLearnsWhomToAsk(t *testing.T) {
	h, p := newGate(t)
	p.claims = map[string]any{"sub": "x3", "name": "Nina Nouvelle"}
	v := h.visitor()
	require.Equal(t, http.StatusSeeOther, v.signsIn(p).Status)
	for _, path := range []string{"/", "/compte"} {
		page := v.do(http.MethodGet, path)
		assert.Equal(t, http.StatusOK, page.Status)
		assert.Contains(t, page.Text, "Nous ne vous trouvons dans aucun établissement", path)
	}
}

func TestAProviderMayChangeItsKeyAndHaveAClockOfItsOwn(t *testing.T) {
	h, p := newGate(t)
	p.claims = map[string]any{"sub": "x4", "name": "Nina Nouvelle"}
	require.Equal(t, http.StatusSeeOther, h.visitor().signsIn(p).Status)
	p.rotate(t)
	require.Equal(t, http.StatusSeeOther, h.visitor().signsIn(p).Status, "a new key is fetched")
	p.behind = time.Hour + 30*time.Second
	require.Equal(t, http.StatusSeeOther, h.visitor().signsIn(p).Status, "half a minute behind")
	p.behind = time.Hour + 2*time.Minute
	assert.Equal(t, http.StatusUnauthorized, h.visitor().signsIn(p).Status, "expired")
	p.behind = -2 * time.Minute
	assert.Equal(t, http.StatusSeeOther, h.visitor().signsIn(p).Status, "ahead")
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	p.key = other
	assert.Equal(t, http.StatusUnauthorized, h.visitor().signsIn(p).Status, "signed by somebody else under a known name")
}

func TestSessionsEndTogetherByIdlingAndByAge(t *testing.T) {
	h, p := newGate(t)
	p.claims = map[string]any{"sub": "x5", "name": "Nina Nouvelle"}
	here, there := h.visitor(), h.visitor()
	for _, v := range []*visitor{here, there} {
		require.Equal(t, http.StatusSeeOther, v.signsIn(p).Status)
	}
	idle := h.Text(`SELECT max(expiry - now())::text FROM session`)
	assert.Regexp(t, `^01:59:|^02:00:00`, idle, "two hours, renewed by each page")
	person := h.Text(`SELECT id FROM person`)
	response, err := here.web.PostForm(h.URL+"/compte/sessions",
		url.Values{"person": {person}, "action": {"7a1f7a0e-9a0a-4d6e-8f57-0c3fdc1f5a31"}})
	require.NoError(t, err)
	_ = response.Body.Close()
	require.Equal(t, http.StatusSeeOther, response.StatusCode)
	for _, v := range []*visitor{here, there} {
		assert.Equal(t, http.StatusSeeOther, v.do(http.MethodGet, "/compte").Status, "both are to sign in again")
	}
	require.Equal(t, http.StatusSeeOther, there.signsIn(p).Status)
	assert.Equal(t, http.StatusOK, there.do(http.MethodGet, "/compte").Status, "a new session is none of those")
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM audit WHERE event = 'sessions_ended'`))
	h.Exec(`UPDATE session SET expiry = now() - interval '1 second'`)
	assert.Equal(t, http.StatusSeeOther, there.do(http.MethodGet, "/compte").Status)
}
