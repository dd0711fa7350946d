package main

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"okey/engine"
	"okey/okey"
)

// order places an order of the school's.
func (s *stack) order(person string, quantity int) string {
	s.t.Helper()
	a := s.call(person, "POST", "/orders", fields{"establishment": school, "quantity": quantity, "comment": "rentrée"})
	require.Equal(s.t, http.StatusCreated, a.Status, "%v", a.Body)
	return a.text("id")
}

func (s *stack) awaitOrder(id string, state okey.OrderState) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return s.call("sam", "GET", "/orders/"+id, nil).text("state") == string(state) }, patience, 50*time.Millisecond)
}

// workbook downloads an export's file.
func (s *stack) workbook(id string) string {
	s.t.Helper()
	request, err := http.NewRequest(http.MethodGet, s.env["OKEY_URL"]+"/api/v1/exports/"+id+".xlsx", http.NoBody)
	require.NoError(s.t, err)
	request.Header.Set("Authorization", "Bearer "+s.token("sam"))
	response, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return string(content)
}

// From the empty cupboard to the keys: an order, its export by mail, a delivery by command that serves who waits and closes the order.
func TestOrdersAreExportedAndReceived(t *testing.T) {
	s := newStack(t)
	waiting := s.ask("lea")
	s.applied("roux", waiting, okey.PrincipalDecision, approval)
	cancelled, kept := s.order("roux", 1), s.order("roux", 2)
	require.Equal(t, "cancelled", s.call("roux", "POST", "/orders/"+cancelled+"/signals/cancellation", fields{"comment": "trop"}).text("state"))

	x := s.call("sam", "POST", "/exports", nil)
	require.Equal(t, http.StatusCreated, x.Status, "%v", x.Body)
	mail := s.awaitLetter("assistance@", "Commande de clefs")
	assert.Contains(t, mail.Text, "une ligne par commande")
	first := s.workbook(x.text("id"))
	assert.NotEmpty(t, first)
	assert.Equal(t, first, s.workbook(x.text("id")), "byte for byte")

	s.importFile("delivery", "livraison.csv", "numero_de_serie;lot;date_d_expiration;uai\n00480101;L2;31/12/2030;"+school+"\n00480102;L2;31/12/2030;"+school+"\n")
	s.awaitStage(waiting, okey.AwaitingCharter)
	s.awaitOrder(kept, okey.OrderReceived)
	s.awaitLetter("roux@", "sont arrivées")
	for _, id := range []string{cancelled, kept} {
		s.awaitWorkflow(okey.OrderWorkflowID(uuid.MustParse(id)))
	}
	s.keep(okey.OrderWorkflowID(uuid.MustParse(kept)), "order_received")
	s.keep(okey.OrderWorkflowID(uuid.MustParse(cancelled)), "order_cancelled")

	late := s.order("blanc", 1)
	s.followedFor(school, okey.OrderWorkflowID(uuid.MustParse(late)), "Commande de clefs")
	require.Eventually(t, func() bool { // they are said once the order is read
		return strings.Contains(s.detailsOf(okey.OrderWorkflowID(uuid.MustParse(late))), s.env["OKEY_URL"]+"/commandes/"+late)
	}, patience, 50*time.Millisecond)
	c := s.engineClient()
	require.NoError(t, c.ScheduleClient().GetHandle(context.Background(), engine.ExportSchedule).Trigger(context.Background(), client.ScheduleTriggerOptions{}))
	s.awaitOrder(late, okey.OrderExported)
	s.fastForwardWorkflow(okey.OrderWorkflowID(uuid.MustParse(late)), 100*24*time.Hour)
	s.awaitLetter("assistance@", "en retard")
	require.Equal(t, "received", s.call("roux", "POST", "/orders/"+late+"/signals/receipt", fields{"quantity": 1}).text("state"))
	s.awaitWorkflow(okey.OrderWorkflowID(uuid.MustParse(late)))
	s.keep(okey.OrderWorkflowID(uuid.MustParse(late)), "order_overdue")
	short := s.order("roux", 3)
	require.Equal(t, http.StatusCreated, s.call("sam", "POST", "/exports", nil).Status)
	closed := s.call("sam", "POST", "/orders/"+short+"/signals/closing", fields{"comment": "rupture définitive"})
	require.Equal(t, "cancelled", closed.text("state"), "%v", closed.Body)
	s.awaitLetter("roux@", "à votre place la commande")
	s.awaitWorkflow(okey.OrderWorkflowID(uuid.MustParse(short)))
	s.keep(okey.OrderWorkflowID(uuid.MustParse(short)), "order_closed")
	s.keepFirst("WorkflowType = 'OrderExport' AND ExecutionStatus = 'Completed'", "order_export")
	s.keepFirst("WorkflowType = 'ExportSchedule' AND ExecutionStatus = 'Completed'", "export_schedule")
	s.keepFirst("WorkflowType = 'StockImport' AND ExecutionStatus = 'Completed'", "stock_import")
	assert.Contains(t, s.okey("doctor"), "chaîne intacte")
}

func (s *stack) awaitWorkflow(id string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		d, err := s.engineClient().DescribeWorkflowExecution(context.Background(), id, "")
		return err == nil && strings.HasSuffix(d.GetWorkflowExecutionInfo().GetStatus().String(), "Completed")
	}, patience, 100*time.Millisecond, "%s ends", id)
}
