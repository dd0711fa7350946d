package workflows_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"okey/okey"
	"okey/workflows"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
)

// currentDetails are what the Temporal UI shows of a workflow now.
func currentDetails(t *testing.T, env *testsuite.TestWorkflowEnvironment) string {
	t.Helper()
	value, err := env.QueryWorkflow("__temporal_workflow_metadata")
	require.NoError(t, err)
	var metadata sdkpb.WorkflowMetadata
	require.NoError(t, value.Get(&metadata))
	return metadata.GetCurrentDetails()
}

func TestAnOrderTellsWhatIsAwaitedAndWhenSupportIsTold(t *testing.T) {
	zone := okey.ZoneOf("23")
	r := newOrderRun(t, okey.OrderStanding{
		State: okey.OrderShipped, UAI: "0069001B", Overdue: []time.Time{start.AddDate(0, 0, 28).In(zone), start.AddDate(0, 0, 42).In(zone)},
	})
	r.closes = uuid.New()
	var said []string
	for _, days := range []int{1, 29} {
		r.env.RegisterDelayedCallback(func() { said = append(said, currentDetails(t, r.env)) }, time.Duration(days)*24*time.Hour)
	}
	r.signal(35*24*time.Hour, r.closes)
	require.NoError(t, r.run())
	said = append(said, currentDetails(t, r.env))
	const where = "\nÉtablissement 0069001B · [ouvrir la commande dans OKEY](http://okey.test/commandes/1)\n"
	const second = "- 05/01/2027 à 10 h 12 : l'assistance est prévenue s'il manque des clefs\n"
	assert.Equal(t, []string{
		"**Commande expédiée** : on attend l'arrivée des clefs.\n\n" +
			"- 22/12/2026 à 10 h 12 : l'assistance est prévenue s'il manque des clefs\n" + second + where,
		"**Commande expédiée** : on attend l'arrivée des clefs.\n\n" + second + where,
		"**Commande close** : reçue.\n" + where,
	}, said)
}

func TestEveryStateOfAnOrderSaysWhatIsAwaited(t *testing.T) {
	for _, state := range okey.OrderStates() {
		r := newOrderRun(t, okey.OrderStanding{State: state, UAI: "0069001B"})
		var said string
		r.env.RegisterDelayedCallback(func() {
			said = currentDetails(t, r.env)
			r.env.SignalWorkflow(string(okey.ActionReceipt), okey.ActionSignal{Action: r.closes})
		}, time.Minute)
		r.closes = uuid.New()
		require.NoError(t, r.run())
		if state.Closed() {
			assert.Contains(t, currentDetails(t, r.env), "**Commande close** : "+state.French()+".", state)
			continue
		}
		assert.Regexp(t, `^\*\*Commande `+state.French()+`\*\* : on attend l'\p{Ll}`, said, state)
	}
}

func TestAKeyThatDidNotChangeTellsSo(t *testing.T) {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	env.RegisterActivityWithOptions(func(context.Context, okey.KeyMatter) (okey.KeyVerdict, error) {
		return okey.KeyVerdict{Reason: okey.CodeForbidden}, nil
	}, activity.RegisterOptions{Name: okey.ActivityChangeKey})
	env.ExecuteWorkflow(workflows.KeyChange, okey.KeyChangeInput{Action: uuid.New()})
	require.NoError(t, env.GetWorkflowError())
	assert.Equal(t, "**La clef n'a pas changé d'état** : la personne a lu pourquoi.", currentDetails(t, env))
}
