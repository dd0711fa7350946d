package workflows_test

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"okey/okey"
	"okey/workflows"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// paths are the histories that must be there, at least: one a path through a request, and one for each other workflow. They are recorded
// from the running engine by `go test ./standalone -record` and replayed against the code as it is: a change that breaks a running
// request turns this red.
var paths = []string{
	"handed_over",
	"refused",
	"withdrawn",
	"expired",
	"waited_for_stock",
	"key_lost_before_handover",
	"swapped_at_handover",
	"strays_and_cancellation",
	"asking_refused",
	"key_change",
	"key_mislaid",
	"key_found",
	"repair_watch",
	"order_received",
	"order_cancelled",
	"order_closed",
	"order_overdue",
	"order_export",
	"export_schedule",
	"stock_import",
	"stock_watch",
	"succession",
	"key_move",
	"inventory",
	"retention",
	"directory_sync",
	"pin_change",
	"delegation",
	"attachment",
	"hosting",
	"linkreissue",
	"mailresend",
	"mails_resend",
	"webhook",
	"webhook_failing",
	"webhook_stopped",
	"webhook_change",
	"waited_for_months",
	"expired_at_charter",
	"expired_at_handover",
	"resumed",
	"continued",
	"continuation",
	"undelivered_mail",
	"stock_import_rows",
	"judged_late",
	"ended_sooner",
}

// versions has, for each change of a flow, histories of both sides: those that began before it, and whose code must stay for as long as
// such requests run, and those that took it.
var versions = map[string]struct{ before, since []string }{
	"wait-for-stock-without-looking": {[]string{"waited_for_stock", "waited_for_months"}, []string{"waited_for_stock@2", "waited_for_months@2"}},
	"letters-side-by-side": {
		[]string{"key_change", "key_change_undelivered", "stock_import", "order_closed", "order_overdue"},
		[]string{"key_change@2", "key_change_undelivered@2", "stock_import@2"},
	},
	"watch-letters-side-by-side": {[]string{"stock_watch"}, []string{"stock_watch_letters", "stock_watch_batches"}},
	"watch-batch-a-run":          {[]string{"stock_watch", "stock_watch_letters"}, []string{"stock_watch_batches"}},
	"judge-locally": {
		[]string{
			"handed_over", "refused", "withdrawn", "expired", "waited_for_stock@2", "waited_for_months@2", "key_lost_before_handover",
			"swapped_at_handover", "strays_and_cancellation", "asking_refused", "expired_at_charter", "expired_at_handover", "resumed",
			"continued", "continuation", "undelivered_mail",
		},
		[]string{
			"handed_over@3", "refused@3", "withdrawn@3", "expired@3", "waited_for_stock@3", "waited_for_months@3", "key_lost_before_handover@3",
			"swapped_at_handover@3", "strays_and_cancellation@3", "asking_refused@3", "expired_at_charter@3", "expired_at_handover@3",
			"resumed@3", "continued@3", "continuation@3", "undelivered_mail@3", "judged_late",
		},
	},
	"stage-ends-sooner": {
		[]string{"expired_at_handover", "expired_at_handover@3", "handed_over", "handed_over@3", "key_lost_before_handover@3"},
		[]string{"ended_sooner"},
	},
	"mislaid-ends-when-found":      {[]string{"key_mislaid"}, []string{"key_mislaid@2", "key_found", "key_recovered"}},
	"tell-support-of-unsent-mails": {nil, []string{"key_change_undelivered", "key_change_undelivered@2"}},
}

var getVersion = regexp.MustCompile(`GetVersion\(ctx, "([^"]+)"`)

// Every change of a flow is in the table, and each of its histories is of the side that it stands on.
func TestEveryVersionHasHistoriesOfBothSides(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	changes := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, found := range getVersion.FindAllStringSubmatch(string(content), -1) {
			changes[found[1]] = true
			assert.Contains(t, versions, found[1], "a change without histories")
		}
	}
	for change, sides := range versions {
		assert.True(t, changes[change], "%s is no change any more", change)
		assert.NotEmpty(t, sides.since, change)
		for _, name := range sides.before {
			assert.NotContains(t, markers(t, name), change, name)
		}
		for _, name := range sides.since {
			assert.Contains(t, markers(t, name), change, name)
		}
	}
}

// markers are the changes that a recorded history took.
func markers(t *testing.T, name string) []string {
	t.Helper()
	content, err := os.ReadFile("testdata/histories/" + name + ".json")
	require.NoError(t, err)
	var history struct {
		Events []struct {
			MarkerRecordedEventAttributes struct {
				MarkerName string
				Details    map[string]struct{ Payloads []struct{ Data []byte } }
			}
		}
	}
	require.NoError(t, json.Unmarshal(content, &history))
	var changes []string
	for _, event := range history.Events {
		for _, payload := range event.MarkerRecordedEventAttributes.Details["change-id"].Payloads {
			var change string
			require.NoError(t, json.Unmarshal(payload.Data, &change))
			changes = append(changes, change)
		}
	}
	return changes
}

func TestRecordedHistoriesReplay(t *testing.T) {
	files, err := filepath.Glob("testdata/histories/*.json")
	require.NoError(t, err)
	recorded := map[string]bool{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		recorded[name] = true
		t.Run(name, func(t *testing.T) {
			said := &summaries{}
			replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{
				Interceptors: []interceptor.WorkerInterceptor{said},
			})
			require.NoError(t, err)
			replayer.RegisterWorkflowWithOptions(workflows.KeyRequest, workflow.RegisterOptions{Name: okey.WorkflowKeyRequest})
			replayer.RegisterWorkflowWithOptions(workflows.KeyChange, workflow.RegisterOptions{Name: okey.WorkflowKeyChange})
			replayer.RegisterWorkflowWithOptions(workflows.Retention, workflow.RegisterOptions{Name: okey.WorkflowRetention})
			replayer.RegisterWorkflowWithOptions(workflows.StockWatch, workflow.RegisterOptions{Name: okey.WorkflowStockWatch})
			replayer.RegisterWorkflowWithOptions(workflows.Order, workflow.RegisterOptions{Name: okey.WorkflowOrder})
			replayer.RegisterWorkflowWithOptions(workflows.ExportSchedule, workflow.RegisterOptions{Name: okey.WorkflowExportSchedule})
			replayer.RegisterWorkflowWithOptions(workflows.Webhook, workflow.RegisterOptions{Name: okey.WorkflowWebhook})
			replayer.RegisterWorkflowWithOptions(workflows.MailsResend, workflow.RegisterOptions{Name: okey.WorkflowMailsResend})
			for _, name := range okey.StockWorkflows() {
				replayer.RegisterWorkflowWithOptions(workflows.StockChange, workflow.RegisterOptions{Name: name})
			}
			replayer.RegisterWorkflowWithOptions(workflows.DirectorySync, workflow.RegisterOptions{Name: okey.WorkflowDirectorySync})
			replayer.RegisterWorkflowWithOptions(workflows.RepairWatch, workflow.RegisterOptions{Name: okey.WorkflowRepairWatch})
			silent := log.NewStructuredLogger(slog.New(slog.DiscardHandler))
			require.NoError(t, replayer.ReplayWorkflowHistoryFromJSONFile(silent, file))
			said.check(t)
		})
	}
	for _, path := range paths {
		require.True(t, recorded[path], "no history of %s is recorded", path)
	}
}
