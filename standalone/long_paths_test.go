package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"okey/engine"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	activitypb "go.temporal.io/api/activity/v1"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
)

const days = 24 * time.Hour

// TestLongPaths walks the paths that take weeks, and those on which something fails; with -record their histories are kept for replay.
func TestLongPaths(t *testing.T) {
	s := newStack(t)
	c, ctx := s.engineClient(), context.Background()
	keep := func(id, name string) {
		s.awaitEnd(id)
		s.keep(workflowOf(id), name)
	}
	waiting := s.ask("lea")
	s.applied("roux", waiting, okey.PrincipalDecision, approval)
	s.fastForward(waiting, 65*days)
	s.awaitLetter("lea@", "garde")
	s.applied("lea", waiting, okey.Withdrawal, fields{"comment": "plus besoin"})
	keep(waiting, "waited_for_months")

	s.keys("00480001", "00480002", "00480003")
	unsigned := s.until("ali", okey.AwaitingCharter, "")
	s.fastForward(unsigned, 90*days)
	s.awaitStage(unsigned, okey.Expired)
	keep(unsigned, "expired_at_charter")
	unfetched := s.until("ali", okey.AwaitingHandover, "")
	s.fastForward(unfetched, 150*days)
	s.awaitStage(unfetched, okey.Expired)
	keep(unfetched, "expired_at_handover")

	resumed := s.until("eva", okey.AwaitingCharter, "")
	require.NoError(t, c.TerminateWorkflow(ctx, workflowOf(resumed), "", "for the test"))
	require.Eventually(t, func() bool {
		s.repair()
		d, err := c.DescribeWorkflowExecution(ctx, workflowOf(resumed), "")
		return err == nil && d.GetWorkflowExecutionInfo().GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING
	}, patience, 500*time.Millisecond)
	s.applied("eva", resumed, okey.Withdrawal, fields{"comment": "plus besoin"})
	keep(resumed, "resumed")

	s.importFile("keys", "clefs.csv", "numero_de_serie;lot;date_d_expiration;uai;titulaire;etat\n00480077;L;"+
		time.Now().AddDate(0, 2, 0).Format("02/01/2006")+";"+school+";noa;en_service\n")
	require.NoError(t, engine.TriggerWatch(ctx, c))
	s.awaitLetter("noa@", "expire")
	s.keepFirst("WorkflowType = 'StockWatch' AND ExecutionStatus = 'Completed'", "stock_watch_letters")
	held := s.until("eva", okey.HandedOver, "00480001")
	require.Less(t, s.call("roux", "POST", "/keys/00480001/changes", fields{"reason": "lost", "comment": "train"}).Status, 300)
	s.awaitEnd(held)
	s.keepFirst("WorkflowType = 'KeyChange' AND ExecutionStatus = 'Completed'", "key_change")
}

// TestAReserveEndsSoonerWhereOthersWait: both sides are told, and the request ends on the day that they were told.
func TestAReserveEndsSoonerWhereOthersWait(t *testing.T) {
	s := newStack(t)
	owner := s.ownersDatabase()
	left := func(request string) time.Duration {
		var seconds float64
		require.NoError(t, owner.QueryRow(`SELECT extract(epoch FROM kept_until - now())::float8 FROM request WHERE id = $1`, request).Scan(&seconds))
		return time.Duration(seconds) * time.Second
	}
	s.keys("00480001")
	reserve := s.until("ali", okey.AwaitingHandover, "")
	before := left(reserve)
	next := s.until("eva", okey.AwaitingStock, "")
	s.awaitLetter("ali@", "venez chercher la vôtre")
	s.awaitLetter("roux@", "quelqu'un d'autre attend")
	require.Less(t, left(reserve), before-24*time.Hour)
	s.fastForward(reserve, left(reserve)+time.Hour)
	s.awaitStage(reserve, okey.Expired)
	s.awaitStage(next, okey.AwaitingCharter)
	s.awaitEnd(reserve)
	s.keep(workflowOf(reserve), "ended_sooner")
	s.applied("eva", next, okey.Withdrawal, fields{"comment": "plus besoin"})
}

// TestUndeliveredMail has the relay away for days: support is told, and the flow goes on meanwhile.
func TestUndeliveredMail(t *testing.T) {
	s := newStack(t, "--no-okey")
	s.env["OKEY_URL"] = s.runServer()
	s.runProgram("worker", "OKEY_METRICS=", "OKEY_SMTP_URL=smtp://127.0.0.1:1")
	id := s.ask("lea")
	require.Eventually(t, func() bool { return s.scheduled(workflowOf(id), okey.ActivitySendMails) == 1 }, patience, 50*time.Millisecond)
	s.fiveDaysOfTrying(workflowOf(id))
	require.Eventually(t, func() bool { return s.scheduled(workflowOf(id), okey.ActivitySendMails) > 1 }, patience, 50*time.Millisecond)
	answered, err := s.try(s.env["OKEY_URL"], "roux", "POST", "/requests/"+id+"/signals/principal-decision", fields{"decision": "refuse", "comment": "non"})
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, answered.Status, "mail never blocks the flow")
	s.keep(workflowOf(id), "undelivered_mail")

	s.keys("00480007")
	first, next := s.until("ali", okey.AwaitingCharter, ""), s.until("eva", okey.AwaitingStock, "")
	s.applied("ali", first, okey.Withdrawal, fields{"comment": "plus besoin"})
	s.awaitStage(next, okey.AwaitingCharter)
	require.Equal(t, 1, s.scheduled(workflowOf(first), okey.ActivityWakeUp))
	s.keep(workflowOf(first), "woke_another_undelivered")

	s.keys("00480001")
	changed, err := s.try(s.env["OKEY_URL"], "roux", "POST", "/keys/00480001/changes", fields{"reason": "lost", "comment": "train"})
	require.NoError(t, err)
	require.Less(t, changed.Status, 300, "%v", changed.Body)
	var workflow string
	require.Eventually(t, func() bool {
		workflow = s.newest("WorkflowType = 'KeyChange'")
		return workflow != "" && s.scheduled(workflow, okey.ActivitySendMails) == 1
	}, patience, 50*time.Millisecond)
	s.fiveDaysOfTrying(workflow)
	require.Eventually(t, func() bool { return s.scheduled(workflow, okey.ActivitySendMails) > 1 }, patience, 50*time.Millisecond)
	s.keep(workflow, "key_change_undelivered")
}

// scheduled counts how often a workflow has set off an activity.
func (s *stack) scheduled(workflow, activity string) int {
	s.t.Helper()
	n := 0
	for _, e := range s.history(workflow).GetEvents() {
		if e.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName() == activity {
			n++
		}
	}
	return n
}

// fiveDaysOfTrying lets the time for sending a workflow's mails end now: the engine skips no time while an activity waits for its next
// attempt.
func (s *stack) fiveDaysOfTrying(workflow string) {
	s.t.Helper()
	_, err := s.engineClient().WorkflowService().UpdateActivityOptions(context.Background(), &workflowservice.UpdateActivityOptionsRequest{
		Namespace: s.env["TEMPORAL_NAMESPACE"], Execution: &commonpb.WorkflowExecution{WorkflowId: workflow},
		Activity:        &workflowservice.UpdateActivityOptionsRequest_Type{Type: okey.ActivitySendMails},
		ActivityOptions: &activitypb.ActivityOptions{ScheduleToCloseTimeout: durationpb.New(time.Second)},
		UpdateMask:      &fieldmaskpb.FieldMask{Paths: []string{"schedule_to_close_timeout"}},
	})
	require.NoError(s.t, err)
}

// TestALongHistoryGoesOnInANewRun has the engine suggest new runs early.
func TestALongHistoryGoesOnInANewRun(t *testing.T) {
	set(t, "OKEY_TEST_SHORT_HISTORIES", "1")
	s := newStack(t)
	c, ctx := s.engineClient(), context.Background()
	id := s.ask("lea")
	run := func() string {
		d, err := c.DescribeWorkflowExecution(ctx, workflowOf(id), "")
		require.NoError(t, err)
		return d.GetWorkflowExecutionInfo().GetExecution().GetRunId()
	}
	first := run()
	require.Eventually(t, func() bool {
		require.NoError(t, c.SignalWorkflow(ctx, workflowOf(id), "", "drop-tables", nil))
		return run() != first
	}, patience, 200*time.Millisecond)
	s.keepRun(workflowOf(id), first, "continued")
	s.applied("lea", id, okey.Withdrawal, fields{"comment": "plus besoin"})
	s.awaitEnd(id)
	s.keep(workflowOf(id), "continuation")
}

// TestDeliveriesAndMailSentAgain has the letters of a delivery leave, few and many, and a mail that a relay refused go out once more.
func TestDeliveriesAndMailSentAgain(t *testing.T) {
	s := newStack(t)
	deliver := func(schools ...string) {
		text := "numero_de_serie;lot;date_d_expiration;uai\n"
		for _, uai := range schools {
			text += "0077" + uai[:7] + ";LOT7;31/12/2030;" + uai + "\n"
		}
		path := filepath.Join(t.TempDir(), "livraison.csv")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		s.okey("import", "delivery", path)
	}
	deliver(school)
	s.keepFirst("WorkflowType = 'StockImport' AND ExecutionStatus = 'Completed'", "stock_import")

	admin := s.admin("okey")
	if *record { // hundreds of letters: for the sake of the history alone
		var many []string
		for n := range okey.MaxLetters + 20 {
			number := 900000 + n
			many = append(many, fmt.Sprintf("%07d%c", number, "ABCDEFGHJKLMNPRSTUVWXYZ"[number%23]))
			_, err := admin.ExecContext(t.Context(), `INSERT INTO establishment (uai, name, nature, contract, state, academy, commune, postcode, imported_at)
				VALUES ($1, $1, 340, '99', '1', '23', 'Nice', '06000', now())`, many[n])
			require.NoError(t, err)
		}
		deliver(many...)
		s.counts(admin, len(many), `SELECT count(*) FROM letter WHERE left_at IS NOT NULL`)
		s.keep(s.newest("WorkflowType = 'StockImport'"), "stock_import_rows")
	}

	id := s.ask("lea")
	s.counts(admin, 2, `SELECT count(*) FROM mail WHERE request = '`+id+`' AND state = 'sent'`)
	_, err := admin.ExecContext(t.Context(), `UPDATE mail SET state = 'failed', error = '550' WHERE request = $1`, id)
	require.NoError(t, err)
	var sam uuid.UUID
	require.NoError(t, admin.QueryRowContext(t.Context(), `SELECT id FROM person WHERE mail = 'sam@ecole.test'`).Scan(&sam))
	store, err := sql.Open(s.env["OKEY_DATABASE_URL"], nil)
	require.NoError(t, err)
	defer store.Close()
	now := time.Now().UTC()
	_, err = store.RecordAction(t.Context(), okey.Action{
		ID: uuid.New(), Name: okey.ActionMailsResend, By: sam, Subject: uuid.New(), Via: okey.ViaSupport, Digest: []byte{1}, CreatedAt: now,
		Content: okey.Content{From: now.Add(-time.Hour), Until: now.Add(time.Hour)},
	})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		s.repair()
		return s.newest("WorkflowType = 'MailsResend' AND ExecutionStatus = 'Completed'") != ""
	}, patience, time.Second)
	s.counts(admin, 2, `SELECT count(*) FROM mail WHERE again_of IS NOT NULL`)
	s.keepFirst("WorkflowType = 'MailsResend' AND ExecutionStatus = 'Completed'", "mails_resend")
}
