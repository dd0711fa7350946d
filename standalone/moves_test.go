package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"

	"okey/okey"
)

// attribute is what the engine says of a request under one search attribute.
func (s *stack) attribute(request, name string) string {
	s.t.Helper()
	d, err := s.engineClient().DescribeWorkflowExecution(context.Background(), workflowOf(request), "")
	require.NoError(s.t, err)
	var value any
	require.NoError(s.t, converter.GetDefaultDataConverter().FromPayload(d.GetWorkflowExecutionInfo().GetSearchAttributes().GetIndexedFields()[name], &value))
	return strings.Trim(fmt.Sprint(value), "[]")
}

func TestARequestGoesOnAtTheSuccessorOfItsSchool(t *testing.T) {
	s := newStack(t)
	s.keys("00480001")
	undecided := s.ask("ali")
	signed := s.until("lea", okey.AwaitingCharter, "")
	s.applied("lea", signed, okey.CharterAndPIN, signing)
	require.Equal(t, school, s.attribute(undecided, okey.AttributeUAI))

	s.okey("grant", "support", "noa@ecole.test")
	support := s.signIn("noa")
	support.open(s.env["OKEY_URL"] + "/assistance/succession")
	support.submit("/assistance/succession", url.Values{"establishment": {school}, "successor": {school2}, "comment": {"fusion"}})
	require.Contains(t, support.page, "Tout transmettre")
	support.submit("/assistance/succession", url.Values{})
	require.Contains(t, support.page, "C&#39;est fait", "%s", support.at)

	for _, id := range []string{undecided, signed} {
		require.Eventually(t, func() bool { return s.attribute(id, okey.AttributeUAI) == school2 }, patience, 50*time.Millisecond, "its workflow learns where it stands")
	}
	s.awaitLetter("fontaine@", "C'est vous qui y répondez maintenant")
	assert.Equal(t, 404, s.signal("roux", undecided, okey.PrincipalDecision, approval).Status, "the old head answers no more")
	s.applied("fontaine", signed, okey.Handover, fields{"serial": "00480001"})
	s.awaitEnd(signed)
	s.applied("fontaine", undecided, okey.PrincipalDecision, approval)
	assert.Equal(t, "awaiting_stock", s.stage(undecided))
	assert.Equal(t, school2, s.attribute(undecided, okey.AttributeUAI))
	refused := s.call("eva", "POST", "/requests", fields{"establishment": school, "need": "x"})
	assert.Equal(t, 422, refused.Status)
	assert.Contains(t, refused.text("detail"), "remplacé par")
	s.keepFirst("WorkflowType = 'Succession' AND ExecutionStatus = 'Completed'", "succession")
	assert.Contains(t, s.okey("doctor"), "chaîne intacte")
}
