package demo_test

import (
	stdsql "database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"okey/calendar"
	"okey/config"
	"okey/internal/pgtest"
	"okey/okey"
	"okey/sql"
	"okey/standalone/demo"

	"github.com/google/uuid"
	_ "github.com/lib/pq"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// house is a new OKEY in which a year is lived.
type house struct {
	t       *testing.T
	options demo.Options
	admin   *stdsql.DB
	letters int
}

var keys = struct{ link, pepper, audit config.Keyring }{config.NewKeyring(), config.NewKeyring(), config.NewKeyring()}

func newHouse(t *testing.T) *house {
	t.Helper()
	db := pgtest.New(t)
	store, err := sql.Open(db.AppURL, keys.audit)
	require.NoError(t, err)
	admin, err := stdsql.Open("postgres", db.AdminURL)
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = store.Close(), admin.Close() })
	days, err := calendar.Parse("vacances.csv", calendar.Demonstration)
	require.NoError(t, err)
	h := &house{t: t, admin: admin}
	h.options = demo.Options{
		Store: store, Calendar: days, Now: time.Date(2026, time.November, 30, 7, 30, 0, 0, time.UTC), Scale: 1,
		Config: config.Config{
			URL: "http://okey.test", MailFrom: "okey@ac-exemple.fr", SupportMail: "assistance@ac-exemple.fr",
			LinkKeys: keys.link, PINPeppers: keys.pepper,
		},
		Done: func(int) error { return nil }, Say: func(int, time.Time) {},
		Keep: func(string, []string, []byte) error { h.letters++; return nil },
	}
	return h
}

func (h *house) count(question string) (n int) {
	h.t.Helper()
	require.NoError(h.t, h.admin.QueryRowContext(h.t.Context(), question).Scan(&n), question)
	return n
}

func (h *house) text(question string) (text string) {
	h.t.Helper()
	require.NoError(h.t, h.admin.QueryRowContext(h.t.Context(), question).Scan(&text), question)
	return text
}

// books are what must balance after whatever happened.
var books = map[string]string{
	"actions without an outcome":     `SELECT count(*) FROM action WHERE outcome IS NULL`,
	"actions that were refused":      `SELECT count(*) FROM action WHERE outcome = 'refused'`,
	"requests owed a wake-up":        `SELECT count(*) FROM request WHERE wake_up_owed`,
	"letters that have not left":     `SELECT count(*) FROM letter WHERE left_at IS NULL`,
	"mails that have not left":       `SELECT count(*) FROM mail WHERE state = 'queued'`,
	"troubles":                       `SELECT count(*) FROM trouble`,
	"persons with two keys":          `SELECT count(*) FROM (SELECT FROM key WHERE holder IS NOT NULL GROUP BY holder HAVING count(*) > 1) two`,
	"keys kept for what has ended":   `SELECT count(*) FROM key k JOIN request r ON r.id = k.request WHERE r.closed_at IS NOT NULL`,
	"requests kept without a key":    `SELECT count(*) FROM request r WHERE stage IN ('awaiting_charter', 'awaiting_handover') AND NOT EXISTS (SELECT FROM key k WHERE k.request = r.id)`,
	"what is still to come":          `SELECT count(*) FROM timeline WHERE at > '2026-11-30T07:30Z'`,
	"what came at night":             `SELECT count(*) FROM request WHERE extract(hour FROM asked_at AT TIME ZONE 'Europe/Paris') NOT BETWEEN 7 AND 19`,
	"audit against the clock":        `SELECT count(*) FROM (SELECT at < lag(at) OVER (ORDER BY seq) AS back FROM audit) a WHERE back`,
	"free keys of the small one's":   `SELECT count(*) - 4 FROM key WHERE uai = '0069901E' AND state = 'in_stock'`,
	"open requests of the small one": `SELECT count(*) FROM request WHERE uai IN ('0069901E', '0069902F', '0389903H', '0759904H') AND closed_at IS NULL`,
	"one name twice":                 `SELECT count(*) FROM (SELECT FROM person GROUP BY family_name, given_name HAVING count(*) > 1) twice`,
}

// balance holds a year that was lived to the books, and to what it is to be.
func (h *house) balance(running []okey.Action) {
	t := h.t
	t.Helper()
	asks := map[uuid.UUID]bool{}
	for _, a := range running {
		asks[a.Request] = a.Name == okey.ActionAsk
	}
	for _, open := range strings.Split(h.text(`SELECT string_agg(id::text, ',') FROM request WHERE closed_at IS NULL`), ",") {
		assert.True(t, asks[uuid.MustParse(open)], "the workflow of request %s is to run", open)
	}
	for wrong, question := range books {
		assert.Zero(t, h.count(question), wrong)
	}
	for what, figure := range map[string]struct {
		question    string
		least, most int
	}{
		"schools":            {`SELECT count(*) FROM establishment WHERE served`, 11, 13},
		"people":             {`SELECT count(DISTINCT person) FROM assignment`, 230, 270},
		"keys":               {`SELECT count(*) FROM key`, 270, 330},
		"keys that end soon": {`SELECT count(*) FROM key WHERE state = 'in_service' AND expires_on BETWEEN '2026-11-30' AND '2027-01-14'`, 1, 12},
		"requests":           {`SELECT count(*) FROM request`, 250, 340},
		"in one line":        {`SELECT max(n) FROM (SELECT count(*) AS n FROM request WHERE stage = 'awaiting_stock' GROUP BY uai) line`, 5, 20},
		"requests in a week": {`SELECT max(n) FROM (SELECT count(*) AS n FROM request GROUP BY date_trunc('week', asked_at)) w`, 8, 45},
	} {
		found := h.count(figure.question)
		assert.True(t, found >= figure.least && found <= figure.most, "%s: %d", what, found)
	}
	assert.Equal(t, 12, h.letters, "the last ones alone are for the inbox")
}

// all is what there is at last, but for what is drawn by lot each time.
const all = `SELECT string_agg(line, E'\n' ORDER BY line) FROM (
	SELECT concat_ws(' ', p.uid, r.uai, r.stage, r.asked_at, r.closed_at, r.handed_over_key) AS line FROM request r JOIN person p ON p.id = r.person
	UNION ALL SELECT concat_ws(' ', k.serial, k.uai, k.state, p.uid) FROM key k LEFT JOIN person p ON p.id = k.holder
	UNION ALL SELECT concat_ws(' ', kind, ref, address, state, created_at, count(*)) FROM mail GROUP BY kind, ref, address, state, created_at
	UNION ALL SELECT concat_ws(' ', event, via, at, count(*)) FROM audit GROUP BY event, via, at
	UNION ALL SELECT concat_ws(' ', r.asked_at, t.kind, t.at, count(*)) FROM timeline t JOIN request r ON r.id = t.request GROUP BY r.asked_at, t.kind, t.at
) lines`

var errKilled = errors.New("killed")

func TestAYearIsTheSameHoweverOftenItIsBrokenOff(t *testing.T) {
	whole, broken := newHouse(t), newHouse(t)
	running, err := demo.Year(t.Context(), whole.options)
	require.NoError(t, err)
	whole.balance(running)
	kills := []int{1, 40, 700, 701, 1500}
	for {
		broken.options.Done = func(steps int) error {
			if len(kills) > 0 && steps > kills[0] { // the step is done, and nobody knows
				return errKilled
			}
			broken.options.From = steps
			return nil
		}
		_, err := demo.Year(t.Context(), broken.options)
		if err == nil {
			break
		}
		require.ErrorIs(t, err, errKilled)
		kills = kills[1:]
	}
	require.Empty(t, kills)
	assert.Equal(t, strings.Split(whole.text(all), "\n"), strings.Split(broken.text(all), "\n"))
}
