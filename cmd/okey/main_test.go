package main

import (
	"bytes"
	"context"
	stdsql "database/sql"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"okey/config"
	"okey/internal/pgtest"
	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// desk is a terminal on an installation.
type desk struct {
	*scene.Scene
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	pgtest.Alone(t) // settings come from the environment
	s := scene.New(t)
	t.Setenv("OKEY_DATABASE_URL", s.URL)
	t.Setenv("OKEY_AUDIT_KEYS", s.Keys.Reveal())
	return &desk{s}
}

// okey runs a command; out is what it printed, said what it told on the error output.
func (d *desk) okey(args ...string) (code int, out, said string) {
	var stdout, stderr bytes.Buffer
	code = run(context.Background(), args, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestTokenPrintsATokenAndNothingElse(t *testing.T) {
	d := newDesk(t)
	lea := d.Person("Léa Martin", okey.Staff, scene.Tilleuls)
	code, out, said := d.okey("token", lea.Mail, "--ttl", "2h")
	require.Equal(t, 0, code, said)
	token := strings.TrimSuffix(out, "\n")
	assert.Regexp(t, `^okey_[A-Za-z0-9_-]{43}$`, token)
	bearer, err := d.Store.Bearer(t.Context(), token, time.Now().Add(119*time.Minute))
	require.NoError(t, err)
	assert.Equal(t, lea.ID, bearer.Person)
	_, err = d.Store.Bearer(t.Context(), token, time.Now().Add(121*time.Minute))
	assert.Equal(t, okey.CodeUnauthorized, okey.ErrorCode(err))
	assert.Equal(t, 0, d.Count(`SELECT count(*) FROM api_token WHERE hash = convert_to($1, 'UTF8')`, token))

	code, out, _ = d.okey("token", "--service", "serveur-auth", "--scope", "pin-checks,keys")
	assert.Equal(t, 0, code)
	bearer, err = d.Store.Bearer(t.Context(), strings.TrimSpace(out), time.Now())
	require.NoError(t, err)
	assert.Equal(t, sql.Bearer{Service: "serveur-auth", Scopes: []string{"pin-checks", "keys"}}, bearer)
}

func TestWhatSomebodyWasLetInWithIsRevoked(t *testing.T) {
	d := newDesk(t)
	d.Person("Léa Martin", okey.Staff, scene.Tilleuls)
	var tokens []string
	for _, args := range [][]string{{"token", "lmartin"}, {"token", "--service", "serveur-auth", "--scope", "logins"}} {
		code, out, said := d.okey(args...)
		require.Equal(t, 0, code, said)
		tokens = append(tokens, strings.TrimSpace(out))
	}
	holds := func(token string) bool {
		_, err := d.Store.Bearer(t.Context(), token, time.Now())
		return err == nil
	}
	code, out, said := d.okey("revoke", "lea.martin@exemple.fr")
	assert.Equal(t, 1, code, out+said)
	code, out, said = d.okey("revoke", "lmartin")
	require.Equal(t, 0, code, said)
	assert.Equal(t, "1 jeton ne vaut plus rien : les sessions de lmartin sont fermées.\n", out)
	assert.False(t, holds(tokens[0]))
	assert.True(t, holds(tokens[1]), "another's stays")
	assert.Equal(t, 1, d.Count(`SELECT count(*) FROM person WHERE sessions_from IS NOT NULL`))
	code, _, said = d.okey("revoke", "--service", "serveur-auth")
	require.Equal(t, 0, code, said)
	assert.False(t, holds(tokens[1]))
	for _, wrong := range [][]string{{"revoke"}, {"revoke", "lmartin", "--service", "x"}} {
		code, _, _ = d.okey(wrong...)
		assert.Equal(t, 1, code)
	}
}

func TestAnAmbiguousAddressListsTheUIDs(t *testing.T) {
	d := newDesk(t)
	d.Person("Anne Blanc", okey.Staff, scene.Tilleuls)
	d.Person("Marc Roux", okey.Staff, scene.Tilleuls)
	d.Exec(`UPDATE person SET mail = 'ce.0069001b@ac-nice.fr'`)
	code, out, said := d.okey("token", "ce.0069001B@ac-nice.fr")
	assert.Equal(t, 1, code)
	assert.Empty(t, out)
	assert.Contains(t, said, "ablanc")
	assert.Contains(t, said, "mroux")
	code, out, _ = d.okey("token", "mroux")
	assert.Equal(t, 0, code)
	assert.NotEmpty(t, out)
}

func TestGrantMakesAnInstallationsFirstSupport(t *testing.T) {
	d := newDesk(t)
	code, out, said := d.okey("grant", "support", "Sam@exemple.fr")
	require.Equal(t, 0, code, said)
	assert.Contains(t, out, "première connexion")
	code, _, _ = d.okey("grant", "support", "sam@exemple.fr")
	assert.Equal(t, 0, code, "twice changes nothing")
	assert.Equal(t, 1, d.Count(`SELECT count(*) FROM person WHERE support AND uid = 'sam@exemple.fr'`))
	code, _, _ = d.okey("grant", "support", "sam@exemple.fr", "--revoke")
	assert.Equal(t, 0, code)
	assert.Equal(t, 0, d.Count(`SELECT count(*) FROM person WHERE support`))
	for _, wrong := range [][]string{{"grant", "chef", "a@b.fr"}, {"grant", "support", "personne"}, {"grant", "auditor"}} {
		code, _, said = d.okey(wrong...)
		assert.Equal(t, 1, code)
		assert.Equal(t, 1, strings.Count(said, "\n"), said)
	}
	n, err := d.Store.VerifyAudit(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 3, n.Seq)
}

// A role goes to the one who is meant: not to whoever calls their address like another's uid, nor to an address that nobody has checked.
func TestGrantAndRevokeTakeNobodyForAnother(t *testing.T) {
	d := newDesk(t)
	thomas, eve := d.Person("Thomas Nguyen", okey.Staff, scene.Tilleuls), d.Person("Eve X", okey.Staff)
	d.Exec(`UPDATE person SET mail = $2 WHERE id = $1`, eve.ID, thomas.UID)
	for _, args := range [][]string{{"grant", "auditor", thomas.UID}, {"revoke", thomas.UID}, {"token", thomas.UID}} {
		code, _, said := d.okey(args...)
		assert.Equal(t, 1, code, args)
		assert.Contains(t, said, eve.UID)
	}
	d.Exec(`UPDATE person SET mail = 'chef@ac-nice.fr', mail_denied = true WHERE id = $1`, eve.ID)
	code, out, said := d.okey("grant", "support", "chef@ac-nice.fr")
	require.Equal(t, 0, code, said)
	assert.Contains(t, out, "OKEY ne connaissait pas cette personne")
	assert.Zero(t, d.Count(`SELECT count(*) FROM person WHERE support AND id = $1`, eve.ID))
	code, out, said = d.okey("grant", "auditor", eve.UID)
	require.Equal(t, 0, code, said)
	assert.Contains(t, out, "Eve X")
	code, _, said = d.okey("token", "--service", "serveur-auth", "--scope", "pin-checks,keys")
	require.Equal(t, 0, code, said)
	assert.Equal(t, 1, d.Count(`SELECT count(*) FROM audit WHERE event = 'token' AND subject = 'service:serveur-auth' AND detail = `+
		`'created:pin-checks+keys'`))
}

func TestACharterIsPublishedOnce(t *testing.T) {
	d := newDesk(t)
	path := filepath.Join(t.TempDir(), "charte.txt")
	publish := func(text string) (int, string) {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		code, out, said := d.okey("charter", "publish", path)
		return code, out + said
	}
	code, text := publish("Je garde ma clef.\n")
	require.Equal(t, 0, code, text)
	assert.Contains(t, text, "version 2")
	_, text = publish("Je garde ma clef.\n")
	assert.Contains(t, text, "déjà en vigueur")
	for _, wrong := range []string{"", "Cl\xe9", "Je \u202edraueg ma clef.", okey.FirstCharter} {
		code, text = publish(wrong)
		assert.Equal(t, 1, code, text)
	}
}

func TestDoctorNamesWhatIsWrong(t *testing.T) {
	d := newDesk(t)
	t.Setenv("TEMPORAL_ADDRESS", closedPort(t))
	t.Setenv("OKEY_SMTP_URL", "smtp://"+closedPort(t))
	lea := d.Person("Léa Martin", okey.Staff, scene.Tilleuls)
	d.Ask(lea, scene.Tilleuls)
	d.Exec(`UPDATE action SET created_at = now() - interval '1 hour'`)
	code, out, _ := d.okey("doctor")
	assert.Equal(t, 1, code)
	for _, line := range []string{
		"✓ base de données", "✓ migrations", "✓ rôle de la base", "✗ moteur Temporal", "✗ relais de courrier",
		"✓ journal d'audit", "! vacances scolaires", "✗ actions non jugées : 1 attend", "✓ demandes à réveiller",
	} {
		assert.Contains(t, out, line)
	}
	_, _, said := d.okey("grant", "support", lea.Mail)
	assert.Empty(t, said)
	_, err := d.Admin.ExecContext(t.Context(), `UPDATE audit SET detail = 'nothing'`)
	require.NoError(t, err)
	_, out, _ = d.okey("doctor")
	assert.Contains(t, out, "✗ journal d'audit : ")
	assert.Contains(t, out, "modifiée")
}

func TestDoctorSaysOnceThatTheDatabaseIsAway(t *testing.T) {
	d := newDesk(t)
	t.Setenv("OKEY_DATABASE_URL", "postgres://okey_app:x@"+closedPort(t)+"/okey?sslmode=disable")
	code, out, said := d.okey("doctor")
	assert.Equal(t, 1, code, said)
	assert.Equal(t, 1, strings.Count(out, "✗ base de données"), out)
	assert.NotContains(t, out, "✗ migrations")
	assert.Contains(t, out, "! journal d'audit : non vérifié")
}

func TestDoctorHoldsRolesAndTheEndOfTheAuditToWhatItIsTold(t *testing.T) {
	d := newDesk(t)
	code, _, said := d.okey("grant", "support", "sam@exemple.fr")
	require.Equal(t, 0, code, said)
	_, out, _ := d.okey("doctor")
	assert.Contains(t, out, "✓ rôles : 1 personne a un rôle")
	mark := regexp.MustCompile(`\d+:[0-9a-f]{32}`).FindString(out)
	require.NotEmpty(t, mark, out)
	d.okey("grant", "auditor", "ida@exemple.fr")
	_, out, _ = d.okey("doctor", "--audit-at", mark)
	assert.Contains(t, out, "✓ journal d'audit : 2 entrées")
	d.Exec(`UPDATE person SET auditor = true WHERE uid = 'sam@exemple.fr'`)
	_, out, _ = d.okey("doctor", "--audit-at", "9"+mark)
	assert.Contains(t, out, "✗ journal d'audit : le journal s'arrête à l'entrée 2, et l'entrée 91 a été notée")
	assert.Contains(t, out, "✗ rôles : le journal dit autre chose : sam@exemple.fr le porte sans qu'il ait été donné (audit).")
	code, out, said = d.okey("doctor", "--audit-at", "hier")
	assert.Equal(t, 1, code)
	assert.Empty(t, out)
	assert.Contains(t, said, "n'est pas une marque du journal")
}

// identity is a provider that says of itself what it is given; its own address stands for ISSUER.
func identity(t *testing.T, status int, says string) string {
	t.Helper()
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/.well-known/openid-configuration" {
			status = http.StatusNotFound
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, strings.ReplaceAll(says, "ISSUER", s.URL))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

const wellSpoken = `{"issuer": "ISSUER", "authorization_endpoint": "ISSUER/a", "token_endpoint": "ISSUER/t", "jwks_uri": "ISSUER/k", ` +
	`"code_challenge_methods_supported": ["S256"]}`

func TestDoctorLooksAtTheSettingsOfServerAndWorkerWhereTheyAreGiven(t *testing.T) {
	d := newDesk(t)
	look := func(settings ...string) string {
		for i := 0; i < len(settings); i += 2 {
			t.Setenv(settings[i], settings[i+1])
		}
		_, out, said := d.okey("doctor")
		return out + said
	}
	out := look()
	for _, line := range []string{
		"✓ réglages du serveur : pas donnés à cette commande", "✓ réglages du worker : pas donnés", "✓ adresse publique : pas donnée",
		"✓ fournisseur d'identité : pas donné",
	} {
		assert.Contains(t, out, line)
	}
	out = look("OKEY_OIDC_ISSUER", identity(t, http.StatusOK, wellSpoken), "OKEY_URL", "https://okey.ac-exemple.fr", "OKEY_MAIL_FROM",
		"okey@ac-exemple.fr")
	assert.Contains(t, out, "✗ réglages du serveur : ")
	for _, missing := range []string{"OKEY_OIDC_CLIENT_ID manque", "OKEY_PIN_PEPPERS manque", "OKEY_LINK_KEYS manque"} {
		assert.Contains(t, out, missing)
	}
	assert.Contains(t, out, "✗ réglages du worker : OKEY_SMTP_URL manque")
	assert.Contains(t, out, "✓ fournisseur d'identité : répond")
	assert.Contains(t, out, "! adresse publique : OKEY_TRUSTED_PROXIES est vide")

	out = look("OKEY_OIDC_CLIENT_ID", "okey", "OKEY_OIDC_CLIENT_SECRET", "x", "OKEY_SUPPORT_MAIL", "a@ac-exemple.fr", "OKEY_SMTP_URL",
		"smtp://"+closedPort(t),
		"OKEY_LINK_KEYS", config.NewKeyring().Reveal(), "OKEY_PIN_PEPPERS", config.NewKeyring().Reveal(), "OKEY_TRUSTED_PROXIES",
		"10.0.0.1")
	for _, line := range []string{
		"✓ réglages du serveur : complets", "✓ réglages du worker : complets",
		"✓ adresse publique : https://okey.ac-exemple.fr", "✓ clefs secrètes : une par usage",
	} {
		assert.Contains(t, out, line)
	}
	assert.Contains(t, look("OKEY_URL", "http://okey.ac-exemple.fr"), "✗ adresse publique : http://okey.ac-exemple.fr n'est pas en https")
	assert.Contains(t, look("OKEY_URL", "http://127.0.0.1:8080"), "✓ adresse publique")
	assert.Contains(t, look("OKEY_URL", "https://okey.ac-exemple.fr", "OKEY_OIDC_ISSUER", "http://cas.ac-exemple.invalid"),
		"✗ adresse publique : OKEY est en https, mais le fournisseur d'identité")
}

func TestDoctorAsksTheIdentityProviderWhoItIs(t *testing.T) {
	d := newDesk(t)
	for says, issuer := range map[string]string{
		"✗ fournisseur d'identité : ne répond pas":  "http://" + closedPort(t),
		"✗ fournisseur d'identité : http":           identity(t, http.StatusNotFound, ``),
		"ne décrit aucun fournisseur (réponse 200)": identity(t, http.StatusOK, `<html>`),
		"✗ fournisseur d'identité : se nomme https://autre.exemple.fr": identity(t, http.StatusOK,
			`{"issuer": "https://autre.exemple.fr"}`),
		"✗ fournisseur d'identité : sa description est incomplète": identity(t, http.StatusOK, `{"issuer": "ISSUER"}`),
		"! fournisseur d'identité : il n'annonce pas PKCE (S256)": identity(t, http.StatusOK,
			strings.Replace(wellSpoken, `"S256"`, `"plain"`, 1)),
	} {
		t.Setenv("OKEY_OIDC_ISSUER", issuer)
		_, out, _ := d.okey("doctor")
		assert.Contains(t, out, says)
	}
}

func TestDoctorFindsKeysThatServeTwoPurposes(t *testing.T) {
	d := newDesk(t)
	ring := config.NewKeyring()
	_, digits, _ := strings.Cut(ring.Reveal(), ":")
	t.Setenv("OKEY_LINK_KEYS", ring.Reveal())
	t.Setenv("OKEY_PIN_PEPPERS", "2:"+digits)
	code, out, _ := d.okey("doctor")
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "✗ clefs secrètes : La clef 2 de OKEY_PIN_PEPPERS est aussi la clef 1 de OKEY_LINK_KEYS.")
	assert.NotContains(t, out, digits)
	t.Setenv("OKEY_PIN_PEPPERS", ring.Reveal()+",7:"+digits)
	_, out, _ = d.okey("doctor")
	assert.Contains(t, out, "la clef 7 de OKEY_PIN_PEPPERS est aussi la clef 1 de OKEY_PIN_PEPPERS")
	_, other, _ := strings.Cut(config.NewKeyring().Reveal(), ":")
	_, third, _ := strings.Cut(config.NewKeyring().Reveal(), ":")
	t.Setenv("OKEY_PIN_PEPPERS", "1:"+other+",7:"+third)
	_, out, _ = d.okey("doctor")
	assert.Contains(t, out, "! clefs secrètes : OKEY_PIN_PEPPERS se sert de la clef 1, alors qu'elle a une clef 7")
}

func TestDoctorHoldsChartersToTheFingerprintsInTheAudit(t *testing.T) {
	const text, unknown, redated = "le texte d'une charte publiée a été modifié", "le journal connaît des signatures d'un texte",
		"la date de publication d'une charte"
	const different = "1 signature d'une demande n'est pas ce que le journal dit"
	for touch, says := range map[string]string{
		`UPDATE charter SET body = body || '.'`: text,
		`UPDATE charter SET body = 'x', sha256 = encode(sha256('x'), 'hex') WHERE version = 1; UPDATE request SET charter_sha256 = ` +
			`encode(sha256('x'), 'hex')`: unknown,
		`UPDATE charter SET published_at = published_at + interval '1 day' WHERE version = 2`: redated,
		`UPDATE charter SET published_at = published_at - interval '1 day' WHERE version = 1`: different,
		`UPDATE request SET charter_sha256 = 'x'`:                                             different,
		`UPDATE request SET charter = 2`:                                                      different,
		`UPDATE request SET signed_at = signed_at - interval '1 hour'`:                        different,
		`UPDATE request SET signed_at = NULL, charter = NULL, charter_sha256 = NULL, signer_name = NULL, signer_uid = NULL, signed_uai = ` +
			`NULL, signed_school = NULL, signer_noted_at = NULL`: different,
		`UPDATE request SET signer_name = 'Marc Roux'`:                            different,
		`UPDATE request SET signer_uid = 'mroux'`:                                 different,
		`UPDATE request SET signer_name = '', signer_uid = ''`:                    different,
		`UPDATE request SET signed_school = 'Collège des Acacias'`:                different,
		`UPDATE request SET signed_uai = '0069002C'`:                              different,
		`UPDATE request SET person = (SELECT id FROM person WHERE uid = 'mroux')`: different,
		`INSERT INTO request (id, person, uai, need, reason, stage, turn, since, asked_at, approved_at, charter, charter_sha256, signed_at)
			SELECT gen_random_uuid(), p.id, r.uai, '', 'first', r.stage, 1, r.since, r.asked_at, r.approved_at,
				r.charter, r.charter_sha256, r.signed_at
			FROM request r, person p WHERE p.uid = 'mroux'`: different,
		`UPDATE request SET signer_name = '', signer_uid = ''; UPDATE person SET erased_at = now()`: "",
	} {
		d := newDesk(t)
		lea := d.Person("Léa Martin", okey.Staff, scene.Tilleuls)
		d.Person("Marc Roux", okey.Staff, scene.Tilleuls)
		request := uuid.New()
		d.Exec(`INSERT INTO request (id, person, uai, need, reason, stage, turn, since, asked_at, approved_at) VALUES ($1, $2, $3, '', `+
			`'first', 'awaiting_charter', 1, $4, $4, $4)`,
			request, lea.ID, scene.Tilleuls, scene.Now)
		require.NoError(t, d.Store.Do(t.Context(), func(tx *sql.Tx) error {
			return tx.Sign(t.Context(), request, 1, scene.Now, lea.ID, okey.ViaWeb)
		}))
		path := filepath.Join(t.TempDir(), "charte.txt")
		require.NoError(t, os.WriteFile(path, []byte("Je garde ma clef."), 0o600))
		published, _, said := d.okey("charter", "publish", path)
		require.Zero(t, published, said)
		const well = "✓ chartes : 2 versions, conformes à ce qui a été publié et signé"
		_, out, _ := d.okey("doctor")
		require.Contains(t, out, well)
		d.Exec(`ALTER TABLE charter DISABLE TRIGGER ALL`)
		d.Exec(`ALTER TABLE request DISABLE TRIGGER ALL`)
		_, err := d.Admin.ExecContext(t.Context(), touch)
		require.NoError(t, err)
		code, out, _ := d.okey("doctor")
		if says == "" {
			assert.Contains(t, out, well, "names are taken from who has left")
			continue
		}
		assert.Equal(t, 1, code)
		assert.Contains(t, out, "✗ chartes : "+says, touch)
	}
}

// What was signed before signatures had fingerprints, or an entry of their own, is held to what the audit has of it.
func TestDoctorTakesSignaturesFromBeforeTheirFingerprints(t *testing.T) {
	for _, entry := range []sql.Entry{
		{Event: "charter_signed", Detail: okey.CharterSum(okey.FirstCharter)},
		{Event: string(okey.ActionOf(okey.CharterAndPIN)), Detail: "accepted"},
	} {
		d := newDesk(t)
		lea := d.Person("Léa Martin", okey.Staff, scene.Tilleuls)
		request := uuid.New()
		d.Exec(`INSERT INTO request (id, person, uai, need, reason, stage, turn, since, asked_at, approved_at,
			charter, charter_sha256, signed_at)
			VALUES ($1, $2, $3, '', 'first', 'awaiting_handover', 1, $4, $4, $4, 1, $5, $4)`, request, lea.ID, scene.Tilleuls, scene.Now,
			okey.CharterSum(okey.FirstCharter))
		_, out, _ := d.okey("doctor")
		assert.Contains(t, out, "✗ chartes : 1 signature", "signed, and nothing says so")
		entry.At, entry.Actor, entry.Via, entry.Subject = scene.Now, lea.ID, okey.ViaWeb, sql.AboutRequest(request)
		require.NoError(t, d.Store.Do(t.Context(), func(tx *sql.Tx) error { tx.Audit(entry); return nil }))
		_, out, _ = d.okey("doctor")
		assert.Contains(t, out, "✓ chartes : 1 version")
	}
}

func TestDoctorFindsEveryTouchOfTheAudit(t *testing.T) {
	for says, touch := range map[string]string{
		"l'entrée 2 du journal a été modifiée ou déplacée": `UPDATE audit SET detail = 'nothing' WHERE seq = 2`,
		"l'entrée 2 du journal manque":                     `DELETE FROM audit WHERE seq = 2`,
		"l'entrée 1 du journal a été modifiée ou déplacée": `UPDATE audit SET seq = -seq WHERE seq IN (1, 2); UPDATE audit SET ` +
			`seq = CASE seq WHEN -1 THEN 2 ELSE 1 END WHERE seq < 0`,
		"le journal s'arrête à l'entrée 2, sa tête dit 3 : la fin a": `DELETE FROM audit WHERE seq = 3`,
		"la tête du journal a été modifiée": `DELETE FROM audit WHERE seq = 3; UPDATE audit_head SET seq = 2, ` +
			`mac = (SELECT mac FROM audit WHERE seq = 2)`,
	} {
		d := newDesk(t)
		lea := d.Person("Léa Martin", okey.Staff, scene.Tilleuls)
		for range 3 {
			code, _, said := d.okey("grant", "support", lea.Mail)
			require.Equal(t, 0, code, said)
		}
		_, out, _ := d.okey("doctor")
		require.Contains(t, out, "✓ journal d'audit : 3 entrées, chaîne intacte")
		_, err := d.Admin.ExecContext(t.Context(), touch)
		require.NoError(t, err)
		code, out, _ := d.okey("doctor")
		assert.Equal(t, 1, code)
		assert.Contains(t, out, "✗ journal d'audit : ")
		assert.Contains(t, out, says)
	}
}

func TestHealthcheckSaysWhoDoesNotAnswer(t *testing.T) {
	d := newDesk(t)
	t.Setenv("OKEY_HTTP", closedPort(t))
	code, _, said := d.okey("healthcheck", "server")
	assert.Equal(t, 1, code)
	assert.Contains(t, said, "server ne répond pas")
}

func TestEverythingWrongWithTheConfigurationIsToldAtOnce(t *testing.T) {
	d := newDesk(t)
	t.Setenv("OKEY_LOG_LEVEL", "bavard")
	code, _, said := d.okey("server", "--http", "8080")
	assert.Equal(t, 1, code)
	for _, name := range []string{"OKEY_LOG_LEVEL", "OKEY_HTTP", "OKEY_URL", "OKEY_PIN_PEPPERS"} {
		assert.Contains(t, said, name)
	}
}

func TestTheEnvironmentMayComeFromAFile(t *testing.T) {
	newDesk(t)
	database := os.Getenv("OKEY_DATABASE_URL")
	require.NoError(t, os.Unsetenv("OKEY_DATABASE_URL"))
	path := filepath.Join(t.TempDir(), "okey.env")
	require.NoError(t, os.WriteFile(path, []byte("# un commentaire\n\nexport OKEY_DATABASE_URL='"+database+
		"'\nOKEY_MAIL_FROM=\"OKEY <okey@exemple.fr>\"\n"), 0o600))
	t.Setenv("OKEY_MAIL_FROM", "autre@exemple.fr") // already there: wins
	var stdout, stderr bytes.Buffer
	assert.Equal(t, 0, run(t.Context(), []string{"grant", "support", "sam@exemple.fr", "--env", path}, &stdout, &stderr), stderr.String())
	assert.Equal(t, "autre@exemple.fr", os.Getenv("OKEY_MAIL_FROM"))

	require.NoError(t, os.WriteFile(path, []byte("OKEY_URL\n"), 0o600))
	assert.Equal(t, 1, run(t.Context(), []string{"--env=" + path, "doctor"}, &stdout, &stderr))
	assert.Contains(t, stderr.String(), "ligne 1")
}

func TestMigrateTwiceIsAsGoodAsOnce(t *testing.T) {
	db := pgtest.Empty(t)
	require.NoError(t, migrateWhenUp(t.Context(), db.AdminURL))
	require.NoError(t, migrateWhenUp(t.Context(), db.AdminURL))
	admin, err := stdsql.Open("postgres", db.AdminURL)
	require.NoError(t, err)
	defer func() { _ = admin.Close() }()
	var charters int
	require.NoError(t, admin.QueryRowContext(t.Context(), `SELECT count(*) FROM charter`).Scan(&charters))
	assert.Equal(t, 1, charters)
	assert.ErrorContains(t, (&MigrateCommand{}).Run(t.Context(), &config.Config{}, &bytes.Buffer{}), "OKEY_ADMIN_DATABASE_URL")
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

func TestACommandSaysWhoHoldsTheAudit(t *testing.T) {
	d := newDesk(t)
	lea := d.Person("Léa Martin", okey.Staff, scene.Tilleuls)
	frozen, err := d.Store.DB().BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer func() { _ = frozen.Rollback() }()
	var pid int
	require.NoError(t, frozen.QueryRowContext(t.Context(), `SELECT pg_backend_pid() FROM audit_head FOR UPDATE`).Scan(&pid))
	t.Setenv("OKEY_DATABASE_URL", d.URL+"&lock_timeout=50")
	code, out, said := d.okey("token", lea.Mail)
	assert.Equal(t, 1, code)
	assert.Empty(t, out)
	assert.Contains(t, said, "quelqu'un tient le journal d'audit depuis ")
	holder := fmt.Sprintf("session %d (rôle okey_app, 127.0.0.1, idle in transaction)", pid)
	assert.Contains(t, said, holder)
	_, out, _ = d.okey("doctor")
	assert.Regexp(t, `✗ écritures : quelqu'un tient le journal d'audit .*`+regexp.QuoteMeta(holder), out)
}
