package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"okey/config"
	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDoctorNamesWhatIsWrong(t *testing.T) {
	d := newDesk(t)
	t.Setenv("TEMPORAL_ADDRESS", closedPort(t))
	t.Setenv("OKEY_SMTP_URL", "smtp://"+closedPort(t))
	lea := d.Person("Léa Martin", okey.Staff, scene.Tilleuls)
	d.Ask(lea, scene.Tilleuls)
	d.Exec(`UPDATE action SET created_at = now() - interval '1 hour'`)
	code, out, _ := d.okey("doctor")
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "le worker tourne-t-il ?")
	for _, line := range []string{
		"✓ base de données", "✓ migrations", "✓ rôle de la base", "✗ moteur Temporal", "✗ relais de courrier",
		"✓ journal d'audit", "! vacances scolaires", "✗ actions non jugées : 1 attend", "✓ demandes à réveiller",
	} {
		assert.Contains(t, out, line)
	}
	held, err := d.Admin.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	var pid int
	require.NoError(t, held.QueryRowContext(t.Context(), `SELECT pg_backend_pid() FROM establishment WHERE uai = $1 FOR UPDATE`, scene.Tilleuls).
		Scan(&pid))
	_, out, _ = d.okey("doctor")
	assert.Regexp(t, fmt.Sprintf(`✗ actions non jugées : 1 attend .*quelqu'un tient des lignes de la base.*pg_terminate_backend\(%d\)`, pid), out)
	require.NoError(t, held.Rollback())
	_, _, said := d.okey("grant", "support", lea.Mail)
	assert.Empty(t, said)
	_, err = d.Admin.ExecContext(t.Context(), `UPDATE audit SET detail = 'nothing'`)
	require.NoError(t, err)
	_, out, _ = d.okey("doctor")
	assert.Contains(t, out, "✗ journal d'audit : ")
	assert.Contains(t, out, "modifiée")
}

func TestDoctorSaysWhenTheLastBackupIsOld(t *testing.T) {
	d := newDesk(t)
	now := time.Now()
	for _, of := range []struct {
		touch func()
		says  string
	}{
		{func() {}, "! sauvegarde : aucune encore"},
		{func() {
			_, err := d.Admin.ExecContext(t.Context(), `UPDATE goose_db_version SET tstamp = now() - interval '26 hours'`)
			require.NoError(t, err)
		}, "✗ sauvegarde : aucune n'a été faite : docs/backup.md"},
		{func() { require.NoError(t, d.Store.NoteBackup(t.Context(), now.Add(-24*time.Hour))) }, "✓ sauvegarde : faite le"},
		{func() { require.NoError(t, d.Store.NoteBackup(t.Context(), now.Add(-26*time.Hour))) }, "✗ sauvegarde : la dernière date du " +
			now.Add(-26*time.Hour).UTC().Format(time.RFC3339)},
	} {
		of.touch()
		_, out, _ := d.okey("doctor")
		assert.Contains(t, out, of.says)
	}
}

// More connections than the database gives are refused under load alone, when nobody looks.
func TestDoctorSaysWhenTheDatabaseGivesTooFewConnections(t *testing.T) {
	d := newDesk(t)
	_, said, _ := d.okey("doctor")
	assert.Contains(t, said, "✓ connexions de la base : 22 au plus par programme, la base en donne ")
	most, err := d.Store.ConnectionLimit(t.Context())
	require.NoError(t, err)
	for setting, says := range map[int]string{
		most - 1: "✗ connexions de la base : un programme en ouvre jusqu'à ", most/2 + 1: "! connexions de la base : un serveur et un worker en ouvrent jusqu'à ",
	} {
		t.Setenv("OKEY_DATABASE_CONNECTIONS", strconv.Itoa(setting))
		_, said, _ = d.okey("doctor")
		assert.Contains(t, said, says)
	}
}

// A receiver that was given up waits for support: whoever looks after OKEY learns it, too.
func TestDoctorNamesReceiversThatAreStopped(t *testing.T) {
	d := newDesk(t)
	add := func(name, state string) {
		_, err := d.Admin.ExecContext(t.Context(), `INSERT INTO webhook_receiver (id, name, address, state, position)
			VALUES (gen_random_uuid(), $1, 'exemple.fr', $2, 0)`, name, state)
		require.NoError(t, err)
	}
	add("annuaire", "active")
	_, said, _ := d.okey("doctor")
	assert.Contains(t, said, "✓ récepteurs d'événements : 1 actif")
	add("portail", "stopped")
	_, said, _ = d.okey("doctor")
	assert.Contains(t, said, "✗ récepteurs d'événements : portail : l'envoi est arrêté.")
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

// A program that runs on with the keys from before a rotation knows nothing of what the new one signs, and accuses nobody.
func TestDoctorAccusesNobodyOfAKeyThatItWasNotGiven(t *testing.T) {
	d := newDesk(t)
	old := d.Keys.Reveal()
	lea := d.Person("Léa Martin", okey.Staff, scene.Tilleuls)
	request := uuid.New()
	d.Exec(`INSERT INTO request (id, person, uai, need, reason, stage, turn, since, asked_at, approved_at) VALUES ($1, $2, $3, '', `+
		`'first', 'awaiting_charter', 1, $4, $4, $4)`, request, lea.ID, scene.Tilleuls, scene.Now)
	next, err := d.Keys.Rotated()
	require.NoError(t, err)
	t.Setenv("OKEY_AUDIT_KEYS", next.Reveal())
	code, _, said := d.okey("grant", "support", "sam@exemple.fr")
	require.Equal(t, 0, code, said)
	store, err := sql.Open(d.URL, next)
	require.NoError(t, err)
	defer store.Close()
	require.NoError(t, store.Do(t.Context(), func(tx *sql.Tx) error {
		return tx.Sign(t.Context(), request, 1, scene.Now, lea.ID, okey.ViaWeb)
	}))
	_, out, _ := d.okey("doctor")
	assert.Contains(t, out, "✓ rôles")
	assert.Contains(t, out, "✓ chartes")
	t.Setenv("OKEY_AUDIT_KEYS", old)
	_, out, _ = d.okey("doctor")
	for _, line := range []string{
		"✗ journal d'audit : la clef d'audit n° 2, qui signe l'entrée 1, n'est pas dans OKEY_AUDIT_KEYS. Si les clefs viennent",
		"! rôles : non vérifié, sans la clef d'audit n° 2.", "! chartes : non vérifié, sans la clef d'audit n° 2.",
	} {
		assert.Contains(t, out, line)
	}
	d.Exec(`UPDATE person SET auditor = true WHERE uid = 'sam@exemple.fr'`)
	_, out, _ = d.okey("doctor")
	assert.Contains(t, out, "✗ rôles : le journal dit autre chose : sam@exemple.fr le porte sans qu'il ait été donné", "no key is needed for that")
}

func TestDoctorSaysOnceThatTheDatabaseIsEmptyOrOlder(t *testing.T) {
	d := newDesk(t)
	for _, older := range []struct{ touch, says string }{
		{`DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)`, "✗ migrations : La base de données en est à"},
		{`ALTER TABLE goose_db_version RENAME TO of_another`, "✗ migrations : La base de données est vide : lancez « okey migrate »."},
	} {
		_, err := d.Admin.ExecContext(t.Context(), older.touch)
		require.NoError(t, err)
		code, out, _ := d.okey("doctor")
		assert.Equal(t, 1, code)
		assert.Contains(t, out, older.says)
		assert.Contains(t, out, "! écritures : non vérifié, puisque la base de données n'est pas à niveau.")
		assert.NotContains(t, out, "détail technique", "a statement's own words")
		assert.NotContains(t, out, "relation")
	}
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
		"! réglages du serveur : pas donnés à cette commande", "! réglages du worker : pas donnés", "! adresse publique : pas donnée",
		"! fournisseur d'identité : pas donné", "! annuaire : pas donné", "! relais de courrier : pas donné",
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
		"✓ adresse publique : https://okey.ac-exemple.fr", "✓ clefs secrètes : une par usage", "✓ annuaire : aucun",
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
