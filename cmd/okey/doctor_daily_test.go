package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"okey/config"
	"okey/internal/postbox"
	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// watched starts `okey doctor --daily`, as the night would, and returns what it prints; it ends with the test.
func (d *desk) watched(t *testing.T, relay, marks string) func() string {
	t.Helper()
	return d.watchedFrom(t, relay, marks, 0)
}

// watchedFrom lets what is wrong at its start mend itself for so long.
func (d *desk) watchedFrom(t *testing.T, relay, marks string, settles time.Duration) func() string {
	t.Helper()
	was, waited := settling, lookAgain
	settling, lookAgain = settles, 50*time.Millisecond
	t.Cleanup(func() { settling, lookAgain = was, waited })
	for name, value := range map[string]string{
		"OKEY_URL": "https://okey.ac-exemple.fr", "OKEY_MAIL_FROM": "OKEY <okey@ac-exemple.fr>", "OKEY_SUPPORT_MAIL": "Assistance <sos@ac-exemple.fr>",
		"OKEY_SMTP_URL": "smtp://" + relay, "OKEY_LINK_KEYS": config.NewKeyring().Reveal(),
	} {
		t.Setenv(name, value)
	}
	var out writes
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"doctor", "--daily", "04:00", "--marks", marks}, &out, &out) }()
	t.Cleanup(func() {
		stop()
		assert.Equal(t, 0, <-ended, "told to stop, it has nothing to complain of")
	})
	return out.String
}

// writes is a buffer that one writes and another reads.
type writes struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *writes) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *writes) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

func TestEachNightSupportIsToldWhatIsWrong(t *testing.T) {
	d := newDesk(t)
	t.Setenv("TEMPORAL_ADDRESS", closedPort(t))
	box := postbox.Open(t)
	marks := filepath.Join(t.TempDir(), "marks")
	code, _, said := d.okey("healthcheck", "doctor", "--marks", marks)
	assert.Equal(t, 1, code, "nothing was looked at yet")
	assert.Contains(t, said, "aucune marque")
	d.watched(t, box.Host+":"+strconv.Itoa(box.Port), marks)
	require.Eventually(t, func() bool { return len(box.To("sos@ac-exemple.fr")) == 1 }, time.Minute, 20*time.Millisecond)
	letter := box.To("sos@ac-exemple.fr")[0]
	assert.Contains(t, letter.Text, "moteur Temporal : ne répond pas")
	assert.NotContains(t, letter.Text, "journal d'audit", "what is well is in the log alone")
	code, _, said = d.okey("healthcheck", "doctor", "--marks", marks)
	assert.Equal(t, 0, code, said)
	old := time.Now().Add(-27 * time.Hour)
	require.NoError(t, os.Chtimes(marks, old, old))
	code, _, _ = d.okey("healthcheck", "doctor", "--marks", marks)
	assert.Equal(t, 1, code, "it has not looked for a day")
}

// After a reboot it starts beside OKEY, and what is not up yet is no alarm; what stays away is.
func TestWhatMendsItselfAfterAStartIsNoAlarm(t *testing.T) {
	d := newDesk(t)
	t.Setenv("TEMPORAL_ADDRESS", closedPort(t))
	_, err := d.Admin.ExecContext(t.Context(), `UPDATE goose_db_version SET tstamp = now() - interval '26 hours'`)
	require.NoError(t, err)
	box := postbox.Open(t)
	said := d.watchedFrom(t, box.Host+":"+strconv.Itoa(box.Port), filepath.Join(t.TempDir(), "marks"), 15*time.Second)
	require.Eventually(t, func() bool { return strings.Contains(said(), "✗ sauvegarde : aucune") }, time.Minute, 20*time.Millisecond)
	require.NoError(t, d.Store.NoteBackup(t.Context(), time.Now()))
	require.Eventually(t, func() bool { return len(box.To("sos@ac-exemple.fr")) == 1 }, time.Minute, 20*time.Millisecond)
	letter := box.To("sos@ac-exemple.fr")[0]
	assert.Contains(t, letter.Text, "moteur Temporal : ne répond pas")
	assert.NotContains(t, letter.Text, "sauvegarde")
}

// What support could not be told stands in the log, where nobody looks: the service is ill.
func TestADoctorThatCannotTellSupportIsNotWell(t *testing.T) {
	d := newDesk(t)
	t.Setenv("TEMPORAL_ADDRESS", closedPort(t))
	marks := filepath.Join(t.TempDir(), "marks")
	said := d.watched(t, closedPort(t), marks)
	require.Eventually(t, func() bool { return strings.Contains(said(), "✗ courriel à l'assistance") }, time.Minute, 20*time.Millisecond)
	var code int
	var why string
	require.Eventually(t, func() bool { code, _, why = d.okey("healthcheck", "doctor", "--marks", marks); return code == 1 }, time.Minute,
		20*time.Millisecond)
	assert.Contains(t, why, "l'assistance n'a pas pu être prévenue de ce qui ne va pas : ")

	box := postbox.Open(t) // the relay is back at the next examination
	t.Setenv("OKEY_SMTP_URL", "smtp://"+box.Host+":"+strconv.Itoa(box.Port))
	d.watched(t, box.Host+":"+strconv.Itoa(box.Port), marks)
	require.Eventually(t, func() bool { return len(box.To("sos@ac-exemple.fr")) == 1 }, time.Minute, 20*time.Millisecond)
	require.Eventually(t, func() bool { code, _, why = d.okey("healthcheck", "doctor", "--marks", marks); return code == 0 }, time.Minute,
		20*time.Millisecond, why)
}

// Whoever may write to the database could take the end of the audit away, and the chain of what is left is whole.
func TestTheMarkOfTheLastVisitIsHeldAgainstTheAudit(t *testing.T) {
	d := newDesk(t)
	t.Setenv("TEMPORAL_ADDRESS", closedPort(t))
	lea := d.Person("Léa Martin", okey.Staff, scene.Tilleuls)
	code, _, said := d.okey("grant", "support", lea.Mail)
	require.Equal(t, 0, code, said)
	marks := filepath.Join(t.TempDir(), "marks")
	_, out, _ := d.okey("doctor", "--marks", marks)
	require.Contains(t, out, "✓ journal d'audit")
	noted, err := os.ReadFile(marks)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(marks, append([]byte("9"), noted...), 0o600)) // of a longer one
	_, out, _ = d.okey("doctor", "--marks", marks)
	assert.Contains(t, out, "✗ journal d'audit : le journal s'arrête à l'entrée")
	kept, err := os.ReadFile(marks)
	require.NoError(t, err)
	assert.Equal(t, "9"+string(noted), string(kept), "what gave it away is still there")
}

// A backup that is put back is an earlier moment: the mark is of a later one, and whoever put it back says so once.
func TestAfterARestoreTheMarkIsBegunAnew(t *testing.T) {
	d := newDesk(t)
	lea := d.Person("Léa Martin", okey.Staff, scene.Tilleuls)
	marks := filepath.Join(t.TempDir(), "marks")
	grant := func() {
		code, _, said := d.okey("grant", "support", lea.Mail)
		require.Equal(t, 0, code, said)
	}
	grant()
	_, out, _ := d.okey("doctor", "--marks", marks)
	require.Contains(t, out, "✓ journal d'audit : 1 entrée, chaîne intacte, et une première marque est notée")
	d.Exec(`CREATE TABLE backup_head AS SELECT * FROM audit_head`)
	grant()
	_, out, _ = d.okey("doctor", "--marks", marks)
	require.Contains(t, out, "✓ journal d'audit : 2 entrées, chaîne intacte ;")
	later, err := os.ReadFile(marks)
	require.NoError(t, err)
	for _, back := range []string{
		`DELETE FROM audit WHERE seq = 2`, `DELETE FROM audit_head`, `INSERT INTO audit_head SELECT * FROM backup_head`,
	} {
		_, err := d.Admin.ExecContext(t.Context(), back)
		require.NoError(t, err)
	}
	_, out, _ = d.okey("doctor", "--marks", marks)
	assert.Contains(t, out, "✗ journal d'audit : le journal s'arrête à l'entrée 1, et l'entrée 2 a été notée")
	assert.Contains(t, out, "« okey doctor --marks "+marks+" --anew », une fois.")
	code, _, _ := d.okey("doctor", "--anew")
	assert.Equal(t, 1, code, "what would it begin?")
	d.Exec(`UPDATE audit_head SET event_seq = 5`)
	d.Exec(`INSERT INTO webhook_receiver (id, name, address, state, position) VALUES (gen_random_uuid(), 'portail', 'portail.test', 'active', 5)`)
	_, out, _ = d.okey("doctor", "--marks", marks, "--anew")
	assert.Contains(t, out, "✓ journal d'audit : 1 entrée, chaîne intacte, et une nouvelle marque est notée ; "+
		"tout programme qui lit les événements recommence (410), faites relire /keys aux récepteurs : portail")
	kept, err := os.ReadFile(marks + ".before")
	require.NoError(t, err)
	assert.Equal(t, later, kept, "what gave it away, were it no restore")
	_, out, _ = d.okey("doctor", "--marks", marks)
	assert.Contains(t, out, "✓ journal d'audit : 1 entrée, chaîne intacte ;")
	require.NoError(t, os.WriteFile(marks, nil, 0o600))
	code, _, said := d.okey("doctor", "--marks", marks)
	assert.Equal(t, 1, code)
	assert.Contains(t, said, "est vide : la marque notée a été effacée")
}

func TestTheNextExaminationIsAtItsHourInParis(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	require.NoError(t, err)
	four, err := time.ParseInLocation("15:04", "04:00", paris)
	require.NoError(t, err)
	for now, want := range map[string]string{
		"2026-11-30T03:59:00+01:00": "2026-11-30T04:00:00+01:00",
		"2026-11-30T04:00:00+01:00": "2026-12-01T04:00:00+01:00",
		"2027-03-27T12:00:00+01:00": "2027-03-28T04:00:00+02:00", // the night that has an hour less
		"2026-10-24T12:00:00+02:00": "2026-10-25T04:00:00+01:00", // the night that has one more
	} {
		at, err := time.Parse(time.RFC3339, now)
		require.NoError(t, err)
		assert.Equal(t, want, nextAt(at.In(paris), four).Format(time.RFC3339))
	}
}
