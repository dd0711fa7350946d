package main

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"

	"okey/internal/version"
	"okey/okey"
)

func TestARequestFromTheFormToTheKeyInHand(t *testing.T) {
	s := newStack(t)
	s.keys("00480001", "00480002")
	id := s.until("lea", okey.HandedOver, "00480001")
	view := s.call("lea", "GET", "/requests/"+id, nil)
	assert.Equal(t, "00480001", view.Body["key"].(map[string]any)["serial"])
	assert.Len(t, view.Body["timeline"], 5)
	key := s.call("roux", "GET", "/keys/00480001", nil)
	assert.Equal(t, "in_service", key.text("state"))
	for to, words := range map[string]string{"roux@": "saisie des absences", "blanc@": "saisie des absences", "lea@": "charte"} {
		s.awaitLetter(to, words)
	}
	s.awaitEnd(id)
	t.Run("within its budget of events and billable actions", func(t *testing.T) { s.countHistory(t, id) })
	t.Run("nothing personal in its history", func(t *testing.T) {
		s.searchHistory(t, id, "Léa", "Martin", "saisie", "40718263", "lea@", "ecole.test", "roux")
	})
	assert.Contains(t, s.okey("doctor"), "chaîne intacte")
}

func TestWhoMayNotAskLearnsWhy(t *testing.T) {
	s := newStack(t)
	s.importFile("keys", "clefs.csv", "numero_de_serie;lot;date_d_expiration;uai;titulaire;etat\n00480009;L;31/12/2030;"+school+";noa;en_service\n")
	s.ask("ali")
	for name, c := range map[string]struct {
		person string
		body   fields
		status int
		code   string
	}{
		"first degree":       {"lea", fields{"establishment": "0069905J", "need": "x"}, 422, "not_eligible"},
		"not under contract": {"lea", fields{"establishment": "0759906K", "need": "x"}, 422, "not_eligible"},
		"elsewhere":          {"lea", fields{"establishment": school2, "need": "x"}, 422, "not_eligible"},
		"no establishment":   {"sam", fields{"establishment": school, "need": "x"}, 422, "not_eligible"},
		"holds a key":        {"noa", fields{"establishment": school, "need": "x"}, 422, "already_holds_key"},
		"asked already":      {"ali", fields{"establishment": school, "need": "x"}, 409, "already_open"},
		"no need":            {"lea", fields{"establishment": school, "need": " "}, 422, "invalid"},
		"wrong letter":       {"lea", fields{"establishment": "0069901A", "need": "x"}, 422, "invalid"},
		"unknown field":      {"lea", fields{"establishment": school, "need": "x", "stage": "handed_over"}, 422, "invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.call(c.person, "POST", "/requests", c.body)
			assert.Equal(t, c.status, a.Status, "%v", a.Body)
			assert.Equal(t, c.code, a.text("code"))
			assert.NotEmpty(t, a.text("detail"))
		})
	}
}

func TestTheSamePostIsTheSameRequest(t *testing.T) {
	s := newStack(t)
	key := uuid.NewString()
	body := fields{"establishment": school, "need": "saisie"}
	first := s.call("lea", "POST", "/requests", body, "Idempotency-Key", key)
	again := s.call("lea", "POST", "/requests", body, "Idempotency-Key", key)
	assert.Equal(t, 201, first.Status)
	assert.Equal(t, first.text("id"), again.text("id"))
	body["need"] = "autre chose"
	other := s.call("lea", "POST", "/requests", body, "Idempotency-Key", key)
	assert.Equal(t, 409, other.Status)
	assert.Equal(t, "action_reused", other.text("code"))
}

func TestWhatIsNotForSomeoneIsNotFoundAndWhatTheyMayNotDoIsForbidden(t *testing.T) {
	s := newStack(t)
	s.keys("00480001")
	id := s.ask("lea")
	assert.Equal(t, 404, s.call("ali", "GET", "/requests/"+id, nil).Status)
	assert.Equal(t, 404, s.signal("fontaine", id, okey.PrincipalDecision, approval).Status, "the head of another school")
	assert.Equal(t, 403, s.signal("lea", id, okey.PrincipalDecision, approval).Status)
	assert.Equal(t, 403, s.signal("lea", id, okey.StockAvailable, fields{}).Status)
	assert.Equal(t, 422, s.signal("sam", id, okey.PrincipalDecision, approval).Status, "support needs a reason")
	assert.Equal(t, 422, s.signal("roux", id, okey.PrincipalDecision, fields{"decision": "refuse", "comment": ""}).Status)
	assert.Equal(t, 409, s.signal("lea", id, okey.CharterAndPIN, signing).Status, "too early")
	s.applied("roux", id, okey.PrincipalDecision, approval)
	second := s.signal("blanc", id, okey.PrincipalDecision, fields{"decision": "refuse", "comment": "non"})
	assert.Equal(t, 409, second.Status)
	assert.Equal(t, "wrong_stage", second.text("code"))
	assert.Equal(t, 422, s.signal("lea", id, okey.CharterAndPIN, fields{"charter": 1, "pin": "1234"}).Status)
	s.applied("lea", id, okey.Withdrawal, fields{"comment": ""})
	closed := s.signal("roux", id, okey.Handover, fields{"serial": "00480001"})
	assert.Equal(t, 409, closed.Status)
	assert.Equal(t, "closed", closed.text("code"))
}

func TestNoStockTellsBothSidesAndADeliveryServesTheOldest(t *testing.T) {
	s := newStack(t)
	first := s.ask("lea")
	s.awaitLetter("roux@", "clef")
	s.applied("roux", first, okey.PrincipalDecision, approval)
	second := s.ask("ali")
	s.applied("blanc", second, okey.PrincipalDecision, approval)
	assert.Equal(t, "awaiting_stock", s.stage(first))
	assert.Equal(t, 409, s.signal("sam", second, okey.StockAvailable, fields{}).Status, "no key is free")
	s.keys("00480001")
	s.awaitStage(first, okey.AwaitingCharter)
	assert.Equal(t, "awaiting_stock", s.stage(second))
	s.applied("lea", first, okey.CharterAndPIN, signing)
	s.applied("roux", first, okey.Handover, fields{"serial": "00480001"})
	changed := s.call("roux", "POST", "/keys/00480001/changes", fields{"reason": "return_to_stock", "comment": "rendue"})
	require.Less(t, changed.Status, 300, "%v", changed.Body)
	s.awaitStage(second, okey.AwaitingCharter)
}

func TestAKeyLostBeforeHandoverIsReplaced(t *testing.T) {
	s := newStack(t)
	s.keys("00480001", "00480002")
	id := s.until("lea", okey.AwaitingHandover, "")
	serial := s.call("lea", "GET", "/requests/"+id, nil).Body["key"].(map[string]any)["serial"].(string)
	require.Less(t, s.call("roux", "POST", "/keys/"+serial+"/changes", fields{"reason": "lost", "comment": "tombée"}).Status, 300)
	require.Eventually(t, func() bool {
		key, _ := s.call("lea", "GET", "/requests/"+id, nil).Body["key"].(map[string]any)
		return key != nil && key["serial"] != serial
	}, patience, 50*time.Millisecond)
	s.awaitStage(id, okey.AwaitingHandover)
}

func TestNothingThatComesFromTheEngineAloneDoesHarm(t *testing.T) {
	s := newStack(t)
	c, ctx := s.engineClient(), context.Background()
	id := s.ask("lea")
	require.NoError(t, c.SignalWorkflow(ctx, workflowOf(id), "", "principal-decision", map[string]string{"decision": "approve"}))
	require.NoError(t, c.SignalWorkflow(ctx, workflowOf(id), "", "handover", 12))
	require.NoError(t, c.SignalWorkflow(ctx, workflowOf(id), "", "unknown", nil))
	require.NoError(t, c.CancelWorkflow(ctx, workflowOf(id), ""))
	s.applied("roux", id, okey.PrincipalDecision, approval)
	assert.Equal(t, "awaiting_stock", s.stage(id))
	s.keys("00480001")
	require.NoError(t, c.SignalWorkflow(ctx, workflowOf(id), "", "stock-available", nil))
	s.awaitStage(id, okey.AwaitingCharter)
	require.NoError(t, c.TerminateWorkflow(ctx, workflowOf(id), "", "test"))
	s.applied("lea", id, okey.CharterAndPIN, signing)
	require.NoError(t, c.TerminateWorkflow(ctx, workflowOf(id), "", "test"))
	require.Eventually(t, func() bool {
		s.repair()
		d, err := c.DescribeWorkflowExecution(ctx, workflowOf(id), "")
		return err == nil && d.GetWorkflowExecutionInfo().GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING
	}, patience, 500*time.Millisecond, "a watcher starts it again")
}

func TestSupportSeesARequestInTheEngine(t *testing.T) {
	s := newStack(t)
	id := s.ask("lea")
	view := s.call("sam", "GET", "/requests/"+id, nil)
	assert.Equal(t, workflowOf(id), view.Body["workflow"].(map[string]any)["id"])
	assert.Nil(t, s.call("lea", "GET", "/requests/"+id, nil).Body["workflow"])
	s.searchAttributes(id, "awaiting_decision")
	details := s.details(id)
	assert.Contains(t, details, "On attend")
	assert.Contains(t, details, s.env["OKEY_URL"]+"/demandes/"+id)
	assert.NotContains(t, details, "Martin")
	assert.Subset(t, s.summaries(id), []string{
		"Demande de clef · Collège des Essais (" + school + ")", "La demande est lue", "Rappel · en attente de réponse",
	}, "the workflow, what was judged, and what it waits for")
	for _, event := range s.history(workflowOf(id)).GetEvents() {
		if task := event.GetWorkflowTaskCompletedEventAttributes(); task != nil {
			assert.Equal(t, version.String(), task.GetWorkerVersion().GetBuildId(), "which OKEY it was") //nolint:staticcheck // what the SDK writes where no deployment is set
		}
	}
}

func TestTimePassesAndPeopleAreReminded(t *testing.T) {
	s := newStack(t)
	id := s.ask("lea")
	s.fastForward(id, 20*24*time.Hour)
	s.awaitLetter("roux@", "attend")
	s.fastForward(id, 80*24*time.Hour)
	s.awaitStage(id, okey.Expired)
	s.awaitLetter("lea@", "expir")
}

// A click right after a kill may be answered "recorded": what the dead worker was at is given to the living one after some seconds.
func TestKilledBetweenEveryTwoSteps(t *testing.T) {
	s := newStack(t)
	s.keys("00480001")
	id := s.ask("lea")
	for _, step := range []struct {
		by     string
		signal okey.Signal
		body   fields
		stage  okey.Stage
	}{
		{"roux", okey.PrincipalDecision, approval, okey.AwaitingCharter},
		{"lea", okey.CharterAndPIN, signing, okey.AwaitingHandover},
		{"roux", okey.Handover, fields{"serial": "00480001"}, okey.HandedOver},
	} {
		s.restart()
		s.applied(step.by, id, step.signal, step.body)
		s.awaitStage(id, step.stage)
	}
	s.restart()
	s.awaitStage(id, okey.HandedOver)
	s.awaitLetter("lea@", "00480001")
	assert.Contains(t, s.okey("doctor"), "chaîne intacte")
}

// Two servers and two workers as separate programs, one of them cut off from the engine: what it records still arrives.
func TestProductionShapeAndAnActionThatHadNotReachedTheEngine(t *testing.T) {
	s := newStack(t, "--no-okey")
	s.keys("00480001")
	first, second, cutOff := s.runServer(), s.runServer(), s.runServer("TEMPORAL_ADDRESS=127.0.0.1:1")
	assert.Contains(t, s.advice(), "✗ workers : aucun ne travaille")
	s.runProgram("worker", "OKEY_METRICS=")
	s.runProgram("worker", "OKEY_METRICS=")
	s.env["OKEY_URL"] = first
	path := "/requests/" + s.ask("lea")
	recorded, err := s.try(cutOff, "roux", "POST", path+"/signals/principal-decision", approval)
	require.NoError(t, err)
	assert.Equal(t, http.StatusAccepted, recorded.Status, "%v", recorded.Body)
	assert.NotEmpty(t, recorded.Location)
	require.Eventually(t, func() bool {
		s.repair()
		seen, err := s.try(second, "lea", "GET", path, nil)
		return err == nil && seen.text("stage") == "awaiting_charter"
	}, patience, 500*time.Millisecond)
	assert.Contains(t, s.advice(), "✓ workers : 2")
}
