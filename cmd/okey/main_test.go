package main

import (
	"bytes"
	"context"
	stdsql "database/sql"
	"fmt"
	"io"
	"log/slog"
	"net"
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

func TestNothingIsPromotedWhereTheEngineTellsNoVersions(t *testing.T) {
	d := newDesk(t)
	for _, args := range [][]string{{"promote"}, {"promote", "--unversioned"}} {
		code, out, said := d.okey(args...)
		assert.Equal(t, 1, code, out)
		assert.Contains(t, said, "OKEY_WORKER_DEPLOYMENT manque")
	}
	t.Setenv("OKEY_WORKER_DEPLOYMENT", "okey")
	_, _, said := d.okey("promote")
	assert.Contains(t, said, "révision inconnue")
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

func TestTheLogIsTextOrJSON(t *testing.T) {
	d := newDesk(t)
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	for format, line := range map[string]string{"text": "level=INFO msg=logged", "json": `"level":"INFO","msg":"logged"`} {
		t.Setenv("OKEY_LOG_FORMAT", format)
		var said bytes.Buffer
		lea := d.Person("Léa "+format, okey.Staff, scene.Tilleuls)
		require.Zero(t, run(t.Context(), []string{"token", lea.Mail}, io.Discard, &said), said.String())
		slog.Info("logged")
		assert.Contains(t, said.String(), line)
	}
}
