package main

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/mail"
	"okey/okey"
)

// books are what must balance, whatever happened: each question counts what is wrong, over all that this run has made.
var books = []struct{ wrong, question string }{
	{"actions without an outcome", `SELECT count(*) FROM action WHERE outcome IS NULL`},
	{"actions that were refused", `SELECT count(*) FROM action WHERE outcome = 'refused'`},
	{"requests that are owed a wake-up", `SELECT count(*) FROM request WHERE wake_up_owed`},
	{"letters of an action that have not left", `SELECT count(*) FROM letter WHERE left_at IS NULL`},
	{"troubles", `SELECT count(*) FROM trouble`},
	{"persons with two keys", `SELECT count(*) FROM (SELECT FROM key WHERE holder IS NOT NULL GROUP BY holder HAVING count(*) > 1) two`},
	{"keys that two requests gave out", `SELECT count(*) FROM (
		SELECT FROM request WHERE handed_over_key IS NOT NULL GROUP BY handed_over_key HAVING count(*) > 1) two`},
	{"keys that two people got", `SELECT count(*) FROM (
		SELECT FROM key_event WHERE holder IS NOT NULL GROUP BY serial HAVING count(DISTINCT holder) > 1) two`},
	{"keys kept for a request that has ended", `SELECT count(*) FROM key k JOIN request r ON r.id = k.request
		WHERE r.closed_at IS NOT NULL`},
	{"requests with a step twice in their story", `SELECT count(*) FROM (
		SELECT FROM timeline GROUP BY request, kind HAVING count(*) > 1) twice`},
	{"requests of one person twice", `SELECT count(*) FROM (SELECT FROM request GROUP BY person HAVING count(*) > 1) twice`},
	{"mails given up", `SELECT count(*) FROM mail WHERE state IN ('failed', 'dropped')`},
}

// balance waits until all that people do not wait for is done, and holds the round's journeys, and all of the run, to the books.
func (tr *trial) balance(walked []*journey, ended time.Time) mailed {
	tr.t.Helper()
	tr.settled()
	require.NoError(tr.t, tr.ctx.Err(), "broken off")
	m := mailed{after: time.Since(ended)}
	tr.admin.SetMaxIdleConns(1) // the database stands: many questions, one connection
	defer tr.admin.SetMaxIdleConns(0)
	for _, book := range books {
		assert.Zero(tr.t, tr.count(book.question), book.wrong)
	}
	for _, j := range walked {
		tr.balanceJourney(j)
	}
	m.doubles, m.pausing = tr.balanceMails(walked)
	for _, p := range []*service{tr.server, tr.worker} {
		for _, never := range []string{"panic:", "[TMPRL1100]", "nondeterministic"} {
			assert.NotContains(tr.t, p.said(), never, "the log of %s", p.name)
		}
	}
	assert.Contains(tr.t, tr.okey("doctor"), "chaîne intacte")
	return m
}

// owing is what nobody waits for at a page, and what must be nothing at last.
const owing = `SELECT (SELECT count(*) FROM action WHERE outcome IS NULL) + (SELECT count(*) FROM request WHERE wake_up_owed)
	+ (SELECT count(*) FROM trouble) + (SELECT count(*) FROM letter WHERE left_at IS NULL)
	+ (SELECT count(*) FROM mail WHERE state = 'queued' AND coalesce(not_before, '-infinity') < now())
	+ 5 * (SELECT count(*) FROM request) - (SELECT count(*) FROM mail WHERE kind = ANY('{asked,approved,signed,handover,handed_over}'))`

func (tr *trial) settled() {
	tr.t.Helper()
	end, tick := time.After(tr.form.patience), time.NewTicker(200*time.Millisecond)
	defer tick.Stop()
	for tr.count(owing) != 0 {
		select {
		case <-end:
			return // the books say what is missing
		case <-tr.ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (tr *trial) count(question string, arguments ...any) int {
	tr.t.Helper()
	n := -1
	assert.NoError(tr.t, tr.admin.QueryRowContext(tr.t.Context(), question, arguments...).Scan(&n), question)
	return n
}

func (tr *trial) list(question string, arguments ...any) []string {
	tr.t.Helper()
	var all []string
	rows, err := tr.admin.QueryContext(tr.t.Context(), question, arguments...)
	if !assert.NoError(tr.t, err) {
		return nil
	}
	defer rows.Close()
	for rows.Next() {
		var one string
		assert.NoError(tr.t, rows.Scan(&one))
		all = append(all, one)
	}
	assert.NoError(tr.t, rows.Err())
	return all
}

// balanceJourney holds what one person was told to what the database says.
func (tr *trial) balanceJourney(j *journey) {
	tr.t.Helper()
	who := fmt.Sprintf("journey %d, request %s", j.number, j.request)
	for _, a := range j.actions {
		assert.Equal(tr.t, 1, tr.count(`SELECT count(*) FROM action WHERE id = $1 AND outcome = 'accepted'`, a.id),
			"%s: %s was answered 2xx, and is not an accepted action (202: %t)", who, a.what, a.kept)
	}
	if j.request == "" {
		return
	}
	assert.LessOrEqual(tr.t, tr.count(`SELECT count(*) FROM action WHERE request = $1`, j.request), 4, "%s: more actions than clicks", who)
	if !j.done {
		return // told as it happened
	}
	assert.Len(tr.t, j.actions, 4, who)
	assert.Equal(tr.t, 1, tr.count(`SELECT count(*) FROM request WHERE id = $1 AND stage = $2 AND handed_over_key = $3`,
		j.request, string(okey.HandedOver), j.serial), "%s: handed over, with its key", who)
	assert.Equal(tr.t, 1, tr.count(`SELECT count(*) FROM key k JOIN request r ON r.person = k.holder
		WHERE r.id = $1 AND k.serial = $2 AND k.state = 'in_service'`, j.request, j.serial), "%s: holds the key", who)
}

// balanceMails holds each step to its mail, one, and what the relay has to what was sent: no mail missing, none that OKEY does not know,
// a second copy under the same Message-ID alone.
func (tr *trial) balanceMails(walked []*journey) (doubles, pausing int) {
	tr.t.Helper()
	arrived := map[string]int{}
	for _, l := range tr.relay.Letters() {
		arrived[l.Header.Get("Message-Id")]++
	}
	for id := range arrived {
		assert.Equal(tr.t, 1, tr.count(`SELECT count(*) FROM mail WHERE message_id = $1`, id), "the relay has %s, unknown to OKEY", id)
	}
	for _, j := range walked {
		if !j.done {
			continue
		}
		for _, step := range []struct {
			letter mail.Letter
			to     string
		}{
			{mail.Asked, j.headMail()},
			{mail.Approved, j.askerMail()},
			{mail.KeyAwaitsYou, j.askerMail()},
			{mail.KeyToHandOver, j.headMail()},
			{mail.Receipt, j.askerMail()},
		} {
			copies, paused := tr.copies(j, step.letter, step.to, arrived)
			doubles += max(copies-1, 0)
			if paused {
				pausing++
			}
		}
		assert.Equal(tr.t, 5, tr.count(`SELECT count(*) FROM mail WHERE request = $1`, j.request), "journey %d: mails: %v", j.number, tr.list(
			`SELECT kind || ' to ' || address FROM mail WHERE request = $1 ORDER BY created_at`, j.request))
	}
	return doubles, pausing
}

// copies counts what arrived of a step's mail. One that the relay twice broke off in the middle of is tried again only hours later.
func (tr *trial) copies(j *journey, letter mail.Letter, to string, arrived map[string]int) (copies int, pausing bool) {
	tr.t.Helper()
	rows, err := tr.admin.QueryContext(tr.t.Context(), `SELECT message_id, state, unanswered FROM mail
		WHERE request = $1 AND kind = $2 AND address = $3`, j.request, string(letter), to)
	if !assert.NoError(tr.t, err) {
		return 0, false
	}
	defer rows.Close()
	var found []string
	for rows.Next() {
		var id, state string
		var unanswered int
		assert.NoError(tr.t, rows.Scan(&id, &state, &unanswered))
		found = append(found, id+" "+state)
		copies += arrived[id]
		pausing = state == "queued" && unanswered > 1
	}
	assert.NoError(tr.t, rows.Err())
	assert.Len(tr.t, found, 1, "journey %d, request %s: mails of %s to %s", j.number, j.request, letter, to)
	if copies == 0 && !pausing {
		assert.Fail(tr.t, "a mail is missing", "journey %d, request %s: %s to %s: %v", j.number, j.request, letter, to, found)
	}
	return copies, pausing
}
