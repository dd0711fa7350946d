package workflows_test

import (
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"okey/okey"
	"okey/workflows"

	"github.com/stretchr/testify/require"
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
	"pin_change",
	"delegation",
	"attachment",
	"hosting",
	"linkreissue",
	"mailresend",
}

func TestRecordedHistoriesReplay(t *testing.T) {
	files, err := filepath.Glob("testdata/histories/*.json")
	require.NoError(t, err)
	recorded := map[string]bool{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		recorded[name] = true
		t.Run(name, func(t *testing.T) {
			replayer := worker.NewWorkflowReplayer()
			replayer.RegisterWorkflowWithOptions(workflows.KeyRequest, workflow.RegisterOptions{Name: okey.WorkflowKeyRequest})
			replayer.RegisterWorkflowWithOptions(workflows.KeyChange, workflow.RegisterOptions{Name: okey.WorkflowKeyChange})
			replayer.RegisterWorkflowWithOptions(workflows.Retention, workflow.RegisterOptions{Name: okey.WorkflowRetention})
			replayer.RegisterWorkflowWithOptions(workflows.StockWatch, workflow.RegisterOptions{Name: okey.WorkflowStockWatch})
			replayer.RegisterWorkflowWithOptions(workflows.Order, workflow.RegisterOptions{Name: okey.WorkflowOrder})
			replayer.RegisterWorkflowWithOptions(workflows.ExportSchedule, workflow.RegisterOptions{Name: okey.WorkflowExportSchedule})
			for _, name := range okey.StockWorkflows() {
				replayer.RegisterWorkflowWithOptions(workflows.StockChange, workflow.RegisterOptions{Name: name})
			}
			replayer.RegisterWorkflowWithOptions(workflows.RepairWatch, workflow.RegisterOptions{Name: okey.WorkflowRepairWatch})
			silent := log.NewStructuredLogger(slog.New(slog.DiscardHandler))
			require.NoError(t, replayer.ReplayWorkflowHistoryFromJSONFile(silent, file))
		})
	}
	for _, path := range paths {
		require.True(t, recorded[path], "no history of %s is recorded", path)
	}
}
