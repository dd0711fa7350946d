package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"

	"okey/okey"
)

// What is recorded is kept until somebody can judge it: over the end of a stage, and while it is poison.
func TestWhatIsRecordedWaitsForItsJudge(t *testing.T) {
	h, places := newHall(t, map[string]int{"poison": 1, "illisible": 1, "autre": 1, "terme": 3, "relais": 2, "desk": 1})
	h.okey("grant", "support", places["desk"].member(1)+"@ecole.test")
	t.Run("poison", func(t *testing.T) { h.of(t).poisoned(places["poison"], places["desk"].member(1)) })
	t.Run("a row that nobody can read", func(t *testing.T) { h.of(t).unreadable(places["illisible"], places["autre"]) })
	t.Run("over the end of a stage", func(t *testing.T) { h.of(t).overTheEnd(places["terme"]) })
	t.Run("judged in a database that is no more", func(t *testing.T) { h.of(t).judgedElsewhere(places["relais"]) })
	assert.Contains(t, h.advice(), "chaîne intacte")
}

// poison makes each step of one request an error, as a bug or a broken row would.
const poison = `
	CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'poison'; END $$;
	CREATE TRIGGER poison BEFORE UPDATE OF stage ON request FOR EACH ROW WHEN (NEW.id = '%') EXECUTE FUNCTION poison()`

// poisoned: an action that can't be judged does not lengthen its history, stands where support and operators look, is told to support once,
// and is judged by itself after the mend.
func (h *hall) poisoned(p place, support string) {
	request := h.asks(p, p.member(1))
	desk := h.signIn(support)
	h.change(strings.ReplaceAll(poison, "%", request))
	said := h.recorded(p.head(), "/requests/"+request+"/signals/principal-decision", approval)
	action := said.text("action")
	h.counts(h.owner, 1, `SELECT count(*) FROM trouble WHERE kind = 'activity'`)
	before := len(h.history(workflowOf(request)).GetEvents())
	watched := func(times int) {
		for range times {
			looks := look[int](h, `SELECT looks FROM action WHERE id = $1`, action)
			h.change(`UPDATE action SET looked_at = now() - interval '2 hours' WHERE id = $1`, action)
			require.Eventually(h.t, func() bool {
				h.repair()
				return look[int](h, `SELECT looks FROM action WHERE id = $1`, action) > looks
			}, patience, 200*time.Millisecond, "the repair watch has looked at it")
		}
	}
	watched(3)
	assert.Len(h.t, h.history(workflowOf(request)).GetEvents(), before)

	desk.open(h.env["OKEY_URL"] + "/assistance")
	assert.Contains(h.t, desk.page, "Ce qui n&#39;avance plus")
	assert.Contains(h.t, desk.page, workflowOf(request))
	assert.Regexp(h.t, `✗ travaux en échec : .*`+workflowOf(request)+`.*poison`, h.advice())
	h.toldOnce(action)

	require.Eventually(h.t, func() bool {
		d, err := h.engineClient().DescribeWorkflowExecution(context.Background(), workflowOf(request), "")
		if err != nil || len(d.GetPendingActivities()) != 1 {
			return false
		}
		waits := d.GetPendingActivities()[0]
		return waits.GetNextAttemptScheduleTime().AsTime().Sub(waits.GetLastAttemptCompleteTime().AsTime()) > 50*time.Second
	}, patience, 500*time.Millisecond, "it is tried less often")
	h.change(`UPDATE trouble SET last_at = now() - interval '61 minutes' WHERE kind = 'activity'`)
	watched(2)
	assert.Equal(h.t, 1, look[int](h, `SELECT count(*) FROM trouble WHERE kind = 'activity'`), "and not forgotten between two tries, an hour apart")
	h.change(`DROP TRIGGER poison ON request`)
	h.killWorker()
	h.startWorker() // as with a version that has the mend: it waits for no minute
	h.awaitStage(request, okey.AwaitingStock)
	h.counts(h.owner, 0, `SELECT count(*) FROM trouble WHERE kind = 'activity'`)
	desk.open(h.env["OKEY_URL"] + "/assistance")
	assert.NotContains(h.t, desk.page, workflowOf(request))
	h.keep(workflowOf(request), "judged_late")
	assert.Contains(h.t, h.advice(), "✓ travaux en échec")
}

// unreadable: an action that no program can read keeps back nobody's but its own: what the watch has to bring to another school is brought.
func (h *hall) unreadable(p, other place) {
	request, waits := h.asks(p, p.member(1)), h.asks(other, other.member(1))
	h.killWorker()
	broken := h.recorded(p.head(), "/requests/"+request+"/signals/principal-decision", approval).text("action")
	h.change(`UPDATE action SET content = '{"decision": 12}' WHERE id = $1`, broken)
	cutOff := h.runServer("TEMPORAL_ADDRESS=127.0.0.1:1")
	lost, err := h.try(cutOff, other.head(), http.MethodPost, "/requests/"+waits+"/signals/principal-decision", approval)
	require.NoError(h.t, err)
	require.Equal(h.t, http.StatusAccepted, lost.Status)
	h.change(`UPDATE action SET created_at = now() - interval '1 minute', looked_at = now(), looks = 3 WHERE id IN ($1, $2)`,
		broken, lost.text("action")) // in vain, by a worker that could not: the next look is an hour away
	h.startWorker()
	require.Eventually(h.t, func() bool {
		h.repair()
		return h.stage(waits) == string(okey.AwaitingStock)
	}, patience, 500*time.Millisecond)
	assert.Equal(h.t, 0, look[int](h, `SELECT count(*) FROM trouble WHERE workflow LIKE 'repair-watch%'`))
	h.change(`UPDATE action SET content = '{"decision": "approve"}' WHERE id = $1`, broken)
	h.awaitStage(request, okey.AwaitingStock)
}

// judgedElsewhere: what one database recorded and another alone judged, as at a fail-over whose old database went on answering, is judged
// again, although its workflow believes that it has been; at once where whoever asked sends it again.
func (h *hall) judgedElsewhere(p place) {
	forgotten, again := newAction(), newAction()
	ask := func(person, key string) answer {
		return h.call(person, http.MethodPost, "/requests", fields{"establishment": p.uai, "need": "pour " + person}, "Idempotency-Key", key)
	}
	first, second := ask(p.member(1), forgotten).text("id"), ask(p.member(2), again).text("id")
	h.awaitQuiet(first)
	h.awaitQuiet(second)
	run := h.runOf(first)
	h.unjudged(first)
	h.unjudged(second)
	repeated := ask(p.member(2), again)
	assert.Equal(h.t, http.StatusCreated, repeated.Status, "%v", repeated.Body)
	assert.Equal(h.t, second, repeated.text("id"))
	h.looked(first, okey.AwaitingDecision)
	assert.Equal(h.t, run, h.runOf(first), "by the workflow that it had")

	h.settled(p.head(), first, okey.PrincipalDecision, approval)
	h.awaitQuiet(first)
	h.change(`DELETE FROM timeline WHERE request = $1 AND kind <> 'asked'`, first)
	h.change(`UPDATE request SET stage = 'awaiting_decision', turn = 1, approved_at = NULL WHERE id = $1`, first)
	h.change(`UPDATE action SET outcome = NULL, verdict = NULL, judged_at = NULL, reason = NULL WHERE request = $1 AND name <> 'ask'`, first)
	h.looked(first, okey.AwaitingStock)
}

// unjudged forgets what an asking led to, and that it was judged.
func (h *hall) unjudged(request string) {
	h.t.Helper()
	for _, table := range []string{"timeline", "link", "mail"} {
		h.change(`DELETE FROM `+table+` WHERE request = $1`, request)
	}
	h.change(`DELETE FROM request WHERE id = $1`, request)
	h.change(`UPDATE action SET outcome = NULL, verdict = NULL, judged_at = NULL, reason = NULL WHERE request = $1`, request)
}

// looked has the repair watch look at a request's actions whose workflow got them long ago, until it has come so far.
func (h *hall) looked(request string, stage okey.Stage) {
	h.t.Helper()
	require.Eventually(h.t, func() bool {
		h.change(`UPDATE action SET created_at = now() - interval '1 hour', delivered_at = now(), looked_at = now() - interval '50 seconds', looks = 1
			WHERE request = $1 AND outcome IS NULL`, request) // as at the tick before this one, which may be somewhat early
		h.repair()
		return look[int](h, `SELECT count(*) FROM request WHERE id = $1 AND stage = $2`, request, stage) == 1
	}, patience, 500*time.Millisecond)
}

func (h *hall) runOf(request string) string {
	h.t.Helper()
	d, err := h.engineClient().DescribeWorkflowExecution(context.Background(), workflowOf(request), "")
	require.NoError(h.t, err)
	return d.GetWorkflowExecutionInfo().GetExecution().GetRunId()
}

// toldOnce: after half an hour support has one mail of it, however often the watch looks.
func (h *hall) toldOnce(action string) {
	h.t.Helper()
	h.change(`UPDATE action SET delivered_at = now() - interval '31 minutes' WHERE id = $1`, action)
	h.change(`UPDATE trouble SET since = since - interval '31 minutes'`)
	h.awaitTold("assistance@", "À débloquer")
	require.Eventually(h.t, func() bool {
		h.repair()
		return look[int](h, `SELECT count(*) FROM action WHERE name = 'trouble-told' AND outcome IS NULL`) == 0 &&
			look[int](h, `SELECT count(*) FROM trouble WHERE kind = 'action'`) == 1
	}, patience, 500*time.Millisecond)
	count := 0
	for _, l := range h.letters("assistance@") {
		if strings.Contains(l.Subject, "À débloquer") {
			count++
		}
	}
	assert.Equal(h.t, 1, count)
}

// brink brings somebody's request to the end of its last stage: its workflow's own clock stands an hour before it. What is recorded has the
// wall's clock, and is weeks early.
func (h *hall) brink(p place, person string) string {
	h.t.Helper()
	request := h.asks(p, person)
	h.settled(p.head(), request, okey.PrincipalDecision, approval)
	h.settled(person, request, okey.CharterAndPIN, signing)
	h.awaitQuiet(request)
	left := look[float64](h, `SELECT extract(epoch FROM kept_until - now())::float8 FROM request WHERE id = $1`, request)
	h.fastForward(request, time.Duration(left)*time.Second-time.Hour)
	h.awaitQuiet(request)
	return request
}

// overTheEnd: worker and engine are away while a stage ends. Who clicked in time has their way, whether the engine knew of it or not; who
// clicked later, and was told that it is recorded, learns by mail that it was too late.
func (h *hall) overTheEnd(p place) {
	h.keysFor(p, "00490001", "00490002", "00490003")
	noWorker, noEngine, late := h.brink(p, p.member(1)), h.brink(p, p.member(2)), h.brink(p, p.member(3))
	cutOff := h.runServer("TEMPORAL_ADDRESS=127.0.0.1:1")
	h.killWorker()
	h.skip(workflowOf(noWorker), 2*time.Hour) // before the click: the clock of a workflow stands while a signal waits for a worker
	h.awaitLast(noWorker, enums.EVENT_TYPE_TIMER_FIRED)
	h.change(`UPDATE request SET kept_until = now() - interval '1 minute' WHERE id = $1`, late)
	serials := map[string]string{}
	for _, request := range []string{noWorker, noEngine, late} {
		serials[request] = look[string](h, `SELECT serial FROM key WHERE request = $1`, request)
	}
	click := func(base, request, action string) reply {
		a, err := h.try(base, p.head(), http.MethodPost, "/requests/"+request+"/signals/handover",
			fields{"serial": serials[request]}, "Idempotency-Key", action)
		return reply{how: http.StatusText(a.Status), text: a.text("detail") + a.text("code"), err: err}
	}
	lateAction := newAction()
	for _, said := range atOnce(h.t,
		func() reply { return click(h.env["OKEY_URL"], noWorker, newAction()) },
		func() reply { return click(cutOff, noEngine, newAction()) },
		func() reply { return click(cutOff, late, lateAction) },
	) {
		require.Equal(h.t, "Accepted", said.how, said.text)
	}
	for _, request := range []string{noEngine, late} {
		h.skip(workflowOf(request), 2*time.Hour)
		h.awaitLast(request, enums.EVENT_TYPE_TIMER_FIRED)
	}
	h.startWorker()
	h.awaitStage(noWorker, okey.HandedOver)
	h.awaitStage(noEngine, okey.HandedOver)
	h.awaitStage(late, okey.Expired)
	require.Eventually(h.t, func() bool { return click(h.env["OKEY_URL"], late, lateAction).how == "Conflict" }, patience, 50*time.Millisecond)
	// Its outcome was written weeks ahead, by the workflow's clock, and so was the word of it, for which the watch would wait.
	h.change(`UPDATE action SET created_at = now() - interval '1 minute' WHERE subject = $1`, lateAction)
	h.awaitTold(p.head()+"@", "Votre envoi n'a pas pu être pris en compte")
	assert.Equal(h.t, "in_stock", h.call(p.head(), http.MethodGet, "/keys/"+serials[late], nil).text("state"))
}

// awaitLast waits until an event of the kind is among the last of a request's history.
func (h *hall) awaitLast(request string, kind enums.EventType) {
	h.t.Helper()
	require.Eventually(h.t, func() bool {
		events := h.history(workflowOf(request)).GetEvents()
		for _, event := range events[len(events)-3:] {
			if event.GetEventType() == kind {
				return true
			}
		}
		return false
	}, patience, 100*time.Millisecond)
}
