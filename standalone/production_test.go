package main

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/okey"
)

// What docs/standalone.md and its unit files have an operator do, done with places of this machine instead of theirs.

// unit is what a unit file runs: the first is ExecStart, and ExecStartPost follows.
func unit(t *testing.T, name string) (commands []string) {
	t.Helper()
	text, err := os.ReadFile("../docs/systemd/" + name)
	require.NoError(t, err)
	for _, found := range regexp.MustCompile(`(?m)^ExecStart(?:Post)?=(.*)$`).FindAllStringSubmatch(string(text), -1) {
		commands = append(commands, strings.NewReplacer("$$", "$", "%%", "%").Replace(found[1]))
	}
	require.NotEmpty(t, commands, name)
	return commands
}

// guide is the text of a document.
func guide(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../docs/" + name)
	require.NoError(t, err)
	return string(text)
}

// said is the one thing that a pattern finds in a document.
func said(t *testing.T, text, pattern string) string {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(text)
	require.NotNil(t, found, "nothing is said like %s", pattern)
	return found[1]
}

// shell runs what a document says, with other words for some of its own.
func shell(t *testing.T, line string, environment []string, instead ...string) string {
	t.Helper()
	c := exec.Command("/bin/sh", "-euc", strings.NewReplacer(instead...).Replace(line))
	c.Env = append(append(os.Environ(), "OKEY_TEST_STANDALONE="+folder), environment...)
	stdin, err := c.StdinPipe() // okey-standalone ends with it, see TestMain
	require.NoError(t, err)
	defer stdin.Close()
	out, err := c.CombinedOutput()
	require.NoError(t, err, "%s: %s", line, out)
	return string(out)
}

// A small production as its unit starts it, with the settings that the guide shows: another OKEY is the academy's provider and relay.
func TestASmallProductionHasNothingMadeUp(t *testing.T) {
	academy := newStack(t, "--no-okey")
	at := academy.env["OKEY_HTTP"] // where its provider sends people back to
	secret := filepath.Join(t.TempDir(), "client-secret")
	require.NoError(t, os.WriteFile(secret, []byte(academy.env["OKEY_OIDC_CLIENT_SECRET"]), 0o600))
	theirs := strings.NewReplacer(
		"https://okey.ac-exemple.fr", "http://"+at, "https://connexion.ac-exemple.fr", academy.env["OKEY_OIDC_ISSUER"],
		"/etc/okey/client-secret", secret, "smtp://relais.ac-exemple.fr:25", academy.env["OKEY_SMTP_URL"],
		"/etc/okey/fr-en-calendrier-scolaire.csv", academy.env["OKEY_HOLIDAYS_FILE"],
	)
	for line := range strings.Lines(said(t, guide(t, "standalone.md"), "(?s)```\n(OKEY_URL=.*?)```")) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		set(t, name, theirs.Replace(value))
	}
	words := strings.Fields(unit(t, "okey.service")[0])
	require.Equal(t, []string{"/usr/local/bin/okey-standalone", "--production", "--data", "/var/lib/okey"}, words)
	dir := private(t)
	s := &stack{program: start(t, dir, "--production", "--http", at), t: t, tokens: map[string]string{}}
	assert.NotContains(t, s.said.String(), "sans mot de passe")
	assert.NotContains(t, s.said.String(), "Courriels")
	for _, left := range []string{"inbox", "idp", "vacances.csv"} {
		assert.NoFileExists(t, filepath.Join(dir, left))
		assert.NoDirExists(t, filepath.Join(dir, left))
	}
	status, page := get(t, "http://"+at+"/readyz")
	require.Equal(t, http.StatusOK, status, page)
	direct := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	_, page = get(t, "http://"+at+"/")
	assert.NotContains(t, page, "Essayez en deux minutes")
	away, err := direct.Get("http://" + at + "/connexion?vers=%2F")
	require.NoError(t, err)
	require.NoError(t, away.Body.Close())
	assert.True(t, strings.HasPrefix(away.Header.Get("Location"), academy.env["OKEY_OIDC_ISSUER"]), away.Header.Get("Location"))

	assert.NotContains(t, s.wrong.String(), "metrics and health are not served")
	s.importFile("establishments", "ecoles.csv", schools)
	s.importFile("staff", "personnels.csv", staff)
	s.okey("grant", "support", "sam@ecole.test")
	s.ask("lea")
	academy.awaitLetter("roux@ecole.test", "Léa Martin")

	s.stop(t)
	for _, wrong := range [][]string{{}, {"--no-demo"}} {
		said, err := standaloneCommand(t, dir, append(anyPorts(t, dir), wrong...)...)
		require.Error(t, err, wrong)
		assert.Contains(t, said, "lancez-la avec --production")
	}
	academy.stop(t)
	said, err := standaloneCommand(t, academy.dir, append(anyPorts(t, academy.dir), "--production")...)
	require.Error(t, err)
	assert.Contains(t, said, "a servi à essayer OKEY")
}

// What systemd starts after OKEY, once it says that it is ready, reads the keys of this start: on a first one there is the file, and after a
// rotation it has the new key.
func TestWhoComesAfterOkeyReadsWhatThisStartHasWritten(t *testing.T) {
	text, err := os.ReadFile("../docs/systemd/okey.service")
	require.NoError(t, err)
	assert.Contains(t, string(text), "\nType=notify\nTimeoutStartSec=infinity\n")
	text, err = os.ReadFile("../docs/systemd/okey-doctor.service")
	require.NoError(t, err)
	for _, line := range []string{"Requires=okey.service", "After=okey.service", "EnvironmentFile=/var/lib/okey/okey.env", "WantedBy=okey.service"} {
		assert.Contains(t, string(text), "\n"+line+"\n")
	}
	place, err := os.MkdirTemp("", "n") // the address of a socket is short
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(place)) })
	at := filepath.Join(place, "s")
	systemd, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: at, Net: "unixgram"})
	require.NoError(t, err)
	defer systemd.Close()
	set(t, "NOTIFY_SOCKET", at)
	read := make(chan string) // what stands in the file at the moment of each READY
	dir := private(t)
	go func() {
		word := make([]byte, 64)
		for {
			n, err := systemd.Read(word)
			if err != nil {
				return
			}
			text, _ := os.ReadFile(filepath.Join(dir, "okey.env")) // where there is none, it has no key
			read <- string(word[:n]) + "\n" + string(text)
		}
	}()
	for i, key := range []string{"\nOKEY_AUDIT_KEYS=1:", "\nOKEY_AUDIT_KEYS=2:"} {
		s := &stack{program: start(t, dir, "--no-demo"), t: t, tokens: map[string]string{}}
		select {
		case found := <-read:
			assert.True(t, strings.HasPrefix(found, "READY=1\n"), found)
			assert.Contains(t, found, key, "start %d", i)
		case <-time.After(10 * time.Second): // it has said to us that it is ready
			require.Fail(t, "nobody told systemd")
		}
		s.stop(t)
		printed, err := standaloneCommand(t, dir, "rotate", "audit-keys")
		require.NoError(t, err, printed)
	}
}

// The timer's service, run as it stands.
func TestTheNightlyBackupOfASmallProductionKeepsTwoWeeks(t *testing.T) {
	s := newStack(t)
	kept := t.TempDir()
	for _, old := range []string{"20260101-023000", "20260102-023000"} {
		require.NoError(t, os.WriteFile(filepath.Join(kept, "okey-"+old+".tar.gz"), nil, 0o600))
	}
	for day := range 13 {
		name := time.Date(2026, 2, 1+day, 2, 30, 0, 0, time.UTC).Format("okey-20060102-150405.tar.gz")
		require.NoError(t, os.WriteFile(filepath.Join(kept, name), nil, 0o600))
	}
	const byHand, killed = "okey-20260213-180000.tar.gz", "okey-20260212-023000.tar.gz.part" // one more of a day pushes none of another out
	for _, name := range []string{byHand, killed} {
		require.NoError(t, os.WriteFile(filepath.Join(kept, name), nil, 0o600))
	}
	for _, line := range unit(t, "okey-backup.service") {
		shell(t, line, nil, "/usr/local/bin/okey-standalone", os.Args[0], "/var/lib/okey-backup", kept, "/var/lib/okey ", s.dir+" ")
	}
	assert.Contains(t, s.advice(), "✓ sauvegarde : faite le")
	found, err := filepath.Glob(filepath.Join(kept, "okey-*.tar.gz"))
	require.NoError(t, err)
	assert.Len(t, found, 15, "of fourteen days")
	assert.Contains(t, found, filepath.Join(kept, "okey-20260201-023000.tar.gz"))
	assert.Contains(t, found, filepath.Join(kept, byHand))
	assert.NoFileExists(t, filepath.Join(kept, killed))
	assert.NotContains(t, found, filepath.Join(kept, "okey-20260102-023000.tar.gz"))
	newest, err := os.Stat(found[14])
	require.NoError(t, err)
	assert.NotZero(t, newest.Size())
}

// The restore of a service, by the commands that docs/backup.md has: its user may write in its own folder, and not in the parent's, which
// is root's.
func TestAServiceIsRestoredAsTheGuideSays(t *testing.T) {
	s := newStack(t)
	s.stop(t)
	place, err := os.MkdirTemp("", "okey-service-") // which others may enter
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.Chmod(place, 0o700); require.NoError(t, os.RemoveAll(place)) })
	require.NoError(t, os.Chmod(place, 0o755))
	file, program, data := filepath.Join(place, "okey.tar.gz"), filepath.Join(place, "okey-standalone"), filepath.Join(place, "okey")
	printed, err := standaloneCommand(t, s.dir, "backup", file)
	require.NoError(t, err, printed)
	require.NoError(t, os.Chmod(file, 0o644))
	copied(t, os.Args[0], program)
	require.NoError(t, os.Chmod(program, 0o755))
	require.NoError(t, os.Mkdir(data, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(data, "lost"), nil, 0o600))
	text := guide(t, "backup.md")
	begins, puts := said(t, text, `(?s)(mv /var/lib/okey .*?install -d [^\n]*)\n`), said(t, text, `(runuser -u okey -- okey-standalone restore [^\n]*)`)
	theirs := []string{
		"/var/lib/okey-backup/okey-20261130-023000.tar.gz", file, "/var/lib/okey", data, "-o okey -g okey", "-o nobody -g nogroup",
		"-u okey -- okey-standalone", "-u nobody -- env OKEY_TEST_STANDALONE=" + place + "/none " + program,
	}
	if os.Geteuid() != 0 { // whoever is nobody special is the user themselves, in a folder that takes nothing
		theirs = append(theirs[:4], "-o okey -g okey ", "", "runuser -u okey -- okey-standalone", program)
	}
	shell(t, begins, nil, theirs...)
	require.NoError(t, os.Chmod(place, 0o555))
	assert.Contains(t, shell(t, puts, nil, theirs...), "Sauvegarde remise dans "+data)
	assert.FileExists(t, filepath.Join(data+"-before", "lost"), "what was there is there still")
	assert.FileExists(t, filepath.Join(data, "secrets"))
	assert.NoDirExists(t, filepath.Join(data, "restore.part"))
}

// serviceGroup is a group of every Debian, in the place of okey.
const serviceGroup = "daemon"

// The doctor has a user of its own, who reads the files that the settings name by OKEY's group, as its unit has it: by the command of the guide,
// too.
func TestTheDoctorOfAServiceReadsWhatTheSettingsName(t *testing.T) {
	s := newStack(t)
	place, err := os.MkdirTemp("", "okey-service-") // which others may enter
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(place)) })
	require.NoError(t, os.Chmod(place, 0o755))
	program, etc, marks := filepath.Join(place, "okey"), filepath.Join(place, "etc"), filepath.Join(place, "okey-doctor")
	copied(t, binary(t), program)
	require.NoError(t, os.Chmod(program, 0o755))
	secret := filepath.Join(etc, "client-secret")
	made := shell(t, said(t, guide(t, "standalone.md"), `(?m)^(install -d -m 750 -g okey /etc/okey)$`)+`; echo made-up > "$SECRET"; chgrp GROUP "$SECRET"; chmod 640 "$SECRET"`,
		[]string{"SECRET=" + secret}, "-g okey /etc/okey", "-g "+serviceGroup+" "+etc, "GROUP", serviceGroup)
	require.Empty(t, made)
	require.NoError(t, os.Mkdir(marks, 0o700))
	theirs := []string{
		"/var/lib/okey-doctor/marks", marks + "/marks", "-u okey-doctor -g okey-doctor -G okey -- okey", "-u nobody -g nogroup -G " + serviceGroup + " -- " + program,
	}
	if os.Geteuid() == 0 {
		shell(t, `chown nobody: "$MARKS"`, []string{"MARKS=" + marks})
	} else { // whoever is nobody special is the user themselves
		theirs = append(theirs, "runuser -u okey-doctor -g okey-doctor -G okey -- okey", program)
	}
	line := said(t, guide(t, "backup.md"), `(?m)^(runuser .* doctor --marks .*)$`)
	told := shell(t, line+" || :", append(s.environment("OKEY_OIDC_CLIENT_SECRET=", "OKEY_HOLIDAYS_FILE="), "OKEY_OIDC_CLIENT_SECRET_FILE="+secret), theirs...)
	assert.Contains(t, told, "✓ réglages du serveur : complets")
	assert.Contains(t, told, "une nouvelle marque est notée")
	assert.FileExists(t, filepath.Join(marks, "marks"))
}

// From one machine to the cluster by the guide's own commands: server and worker are programs of their own there, beside an engine and a
// database that have never heard of these requests.
func TestMovingToTheClusterLosesNothing(t *testing.T) {
	s := newStack(t)
	s.keys("8400000001", "8400000002")
	held := s.until("lea", okey.HandedOver, "8400000001")
	open := s.until("ali", okey.AwaitingHandover, "")
	waits := s.ask("eva")
	told := s.awaitLetter("roux@ecole.test", "Eva Simon")
	text := guide(t, "standalone.md")
	s.stop(t)
	s.program = start(t, s.dir, "--no-demo", "--no-okey")
	dump := filepath.Join(t.TempDir(), "okey.dump")
	shell(t, "umask 022\n"+said(t, text, `(?s)(\. /var/lib/okey/okey-admin\.env\nuntil.*?)\nsystemctl stop okey-move`), nil, "/var/lib/okey", s.dir, "okey.dump", dump)
	about, err := os.Stat(dump)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), about.Mode(), "it has all that people have written")

	cluster := start(t, private(t), "--no-demo", "--no-okey")
	keys := t.TempDir()
	take := said(t, text, `(?m)^(for name in link_keys.*)$`)
	require.NoError(t, os.WriteFile(filepath.Join(keys, "okey_link_keys"), []byte("1:of the cluster"), 0o444)) // as `okey secrets` leaves them
	stopped := shell(t, take, nil, "FROM/", keys+"/nowhere/", "> secrets/", "> "+keys+"/", " secrets/", " "+keys+"/")
	assert.Contains(t, stopped, "link_keys: not taken over")
	assert.NotContains(t, stopped, "pin_peppers", "it stops there")
	kept, err := os.ReadFile(filepath.Join(keys, "okey_link_keys"))
	require.NoError(t, err)
	assert.Equal(t, "1:of the cluster", string(kept))
	shell(t, take, nil, "FROM/", s.dir+"/", "> secrets/", "> "+keys+"/", " secrets/", " "+keys+"/")
	s.stop(t)
	admin := readEnvironment(t, filepath.Join(cluster.dir, "okey-admin.env"))["OKEY_ADMIN_DATABASE_URL"]
	owner := strings.Replace(admin, "/okey?", "/postgres?", 1)
	for _, statement := range []string{"DROP DATABASE okey WITH (FORCE)", "CREATE DATABASE okey"} { // as the cluster's is on its first day
		shell(t, `psql "$OWNER" --quiet --command "`+statement+`"`, []string{"OWNER=" + owner})
	}
	shell(t, said(t, text, `exec -T postgres (pg_restore .*)`), []string{"ADMIN=" + admin},
		"--username postgres --dbname okey", `--dbname "$ADMIN"`, "--role okey ", "--role okey_admin ", "okey.dump", dump)

	c := &stack{program: cluster, t: t, tokens: map[string]string{}}
	for name, key := range map[string]string{"OKEY_LINK_KEYS": "okey_link_keys", "OKEY_PIN_PEPPERS": "okey_pin_peppers", "OKEY_AUDIT_KEYS": "okey_audit_keys"} {
		delete(c.env, name)
		c.env[name+"_FILE"] = filepath.Join(keys, key)
	}
	migrate := exec.Command(binary(t), "migrate")
	migrate.Env = c.environment("OKEY_ADMIN_DATABASE_URL=" + admin)
	var wrong bytes.Buffer
	migrate.Stderr = &wrong
	require.NoError(t, migrate.Run(), wrong.String())
	c.mortalWorker()
	c.runProgram("server")
	require.Eventually(t, func() bool {
		response, err := http.Get(c.env["OKEY_URL"] + "/readyz")
		if err != nil {
			return false
		}
		return response.Body.Close() == nil && response.StatusCode == http.StatusOK
	}, patience, 50*time.Millisecond)

	assert.Equal(t, string(okey.HandedOver), c.stage(held))
	assert.Equal(t, string(okey.HandedOver), c.applied("roux", open, okey.Handover, fields{"serial": "8400000002"}).text("stage"))
	status, page := get(t, strings.Replace(said(t, told.Text, `(http://\S+)`), s.env["OKEY_URL"], c.env["OKEY_URL"], 1))
	assert.Equal(t, http.StatusOK, status, "the link of an old mail")
	assert.Contains(t, page, "Eva Simon")
	assert.Equal(t, string(okey.AwaitingStock), c.applied("roux", waits, okey.PrincipalDecision, approval).text("stage"))
	c.tokens["radius"] = c.okey("token", "--service", "radius", "--scope", "pin-checks")
	assert.Equal(t, true, c.call("radius", http.MethodPost, "/keys/8400000001/pin-checks", fields{"pin": signing["pin"]}).Body["ok"])
	assert.NotContains(t, c.advice(), "✗")
}
