package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cases have, of each alert, what makes it fire, and what looks alike and must let people sleep: series as promtool's tests write them, a
// value each half minute, for two hours at most.
var cases = map[string]struct{ ill, well string }{
	"OkeyServerDown": {
		ill:  `up{job="okey-server",instance="a"} 1x20 0x220`,
		well: `up{job="okey-server",instance="a"} 1x20 0x220` + "\n" + `up{job="okey-server",instance="b"} 1x240`,
	},
	"OkeyOneIsDown": {
		ill:  `up{job="okey-server",instance="a"} 1x240` + "\n" + `up{job="okey-worker",instance="b"} 1x20 0x220`,
		well: `up{job="okey-worker",instance="b"} 1x20 0x20 1x200` + "\n" + `up{job="node",instance="b"} 0x240`, // started anew; not ours
	},
	"OkeyNobodyWorks": {
		ill:  `okey_worker_polling{instance="a"} 1x20 0x220`,
		well: `okey_worker_polling{instance="a"} 1x20 0x4 1x216`, // it is started anew
	},
	"OkeyDatabaseAway": {
		ill:  `okey_database_up{job="okey-server"} 0x240` + "\n" + `okey_database_up{job="okey-worker"} 0x240`,
		well: `okey_database_up{job="okey-server"} 1x240` + "\n" + `okey_database_up{job="okey-worker"} 0x240`,
	},
	"OkeyEngineAway": {
		ill:  `okey_engine_up{job="okey-server"} 0x240`,
		well: `okey_engine_up{job="okey-server"} 1x20 0x2 1x218`,
	},
	"OkeyActionsNotJudged": {
		ill:  `okey_actions_unjudged_oldest_age_seconds 0+30x240`,
		well: `okey_actions_unjudged_oldest_age_seconds 0 30 60 0 30 60 90 120 200 0x230`,
	},
	"OkeyWorkflowTasksFail": {
		ill:  `temporal_workflow_task_execution_failed_total{workflow_type="KeyRequest",failure_reason="NonDeterminismError"} 1x19 2x19 3x19 4x19 5x19 6x19 7x40`,
		well: `temporal_workflow_task_execution_failed_total{workflow_type="KeyRequest",failure_reason="WorkflowError"} 0x20 1x120 2x100`,
	},
	"OkeyWakeUpsOwed": {
		ill:  `okey_wake_ups_owed_oldest_age_seconds 0+30x240`,
		well: `okey_wake_ups_owed_oldest_age_seconds 0 30 60 0x230`,
	},
	"OkeyWorkFails": {
		ill:  `okey_troubles{kind="activity"} 0x10 1x230` + "\n" + `okey_troubles{kind="workflow"} 0x240`,
		well: `okey_troubles{kind="activity"} 0x10 4x40 0x190`, // mended
	},
	"OkeyMailsWait": {
		ill:  `okey_mails_queued_oldest_age_seconds 10000+30x240` + "\n" + `okey_mails{state="queued"} 4x240`, // of a small academy
		well: `okey_mails_queued_oldest_age_seconds 10000+30x240` + "\n" + `okey_mails{state="queued"} 3x240`, // a mailbox that is full
	},
	"OkeyMailsComeBack": {
		ill:  `okey_mails{state="failed"} 25x240` + "\n" + `okey_mails{state="returned"} 10x240` + "\n" + `okey_mails{state="sent"} 100x240`,
		well: `okey_mails{state="failed"} 25x240` + "\n" + `okey_mails{state="returned"} 10x240` + "\n" + `okey_mails{state="sent"} 1000x240`,
	},
	"OkeyEventsNotTaken": {
		ill:  `okey_webhook_events_oldest_age_seconds{receiver="portail"} 0+30x240`,
		well: `okey_webhook_events_oldest_age_seconds{receiver="portail"} 0 30 60 0x230`,
	},
	"OkeyScheduleLate": {
		ill:  `okey_schedule_last_run_timestamp_seconds{schedule="repair-watch"} 0x240` + "\n" + `okey_schedule_period_seconds{schedule="repair-watch"} 60x240`,
		well: `okey_schedule_last_run_timestamp_seconds{schedule="retention"} 0x240` + "\n" + `okey_schedule_period_seconds{schedule="retention"} 86400x240`,
	},
	"OkeyAuditNotExamined": {
		ill:  `okey_audit_examined_timestamp_seconds -105000x240`,
		well: `okey_audit_examined_timestamp_seconds -86400x240`,
	},
	"OkeyBackupOld": {
		ill:  `okey_backup_last_success_timestamp_seconds -95000x240`,
		well: `okey_backup_last_success_timestamp_seconds -86400x240`,
	},
	"OkeyErrors": {
		ill:  `okey_http_requests_total{route="/demandes",status="500"} 0+1x240` + "\n" + `okey_http_requests_total{route="/clefs",status="200"} 0+10x240`,
		well: `okey_http_requests_total{route="/demandes",status="500"} 0+1x240` + "\n" + `okey_http_requests_total{route="/clefs",status="200"} 0+100x240`,
	},
	"OkeySlow": {
		ill: `okey_http_request_seconds_bucket{route="/demandes",le="2.5"} 0+1x240` + "\n" + `okey_http_request_seconds_bucket{route="/demandes",le="5"} 0+10x240` +
			"\n" + `okey_http_request_seconds_bucket{route="/demandes",le="+Inf"} 0+10x240`,
		well: `okey_http_request_seconds_bucket{route="/clefs.xlsx",le="2.5"} 0+1x240` + "\n" + `okey_http_request_seconds_bucket{route="/clefs.xlsx",le="+Inf"} 0+10x240`,
	},
	"OkeyConnectionsShort": {
		ill:  `go_sql_wait_duration_seconds_total{job="okey-worker",db_name="judges"} 0+240x240`,
		well: `go_sql_wait_duration_seconds_total{job="okey-worker",db_name="judges"} 0+240x20 4800x220`,
	},
	"OkeyTasksWait": {
		ill: `temporal_activity_schedule_to_start_latency_seconds_bucket{le="5"} 0+1x240` + "\n" +
			`temporal_activity_schedule_to_start_latency_seconds_bucket{le="10"} 0+10x240` + "\n" +
			`temporal_activity_schedule_to_start_latency_seconds_bucket{le="+Inf"} 0+10x240`,
		well: `temporal_workflow_task_schedule_to_start_latency_seconds_bucket{le="5"} 0+10x240` + "\n" +
			`temporal_workflow_task_schedule_to_start_latency_seconds_bucket{le="+Inf"} 0+10x240`,
	},
}

func TestEachAlertFiresWhenItIsToAndThenAlone(t *testing.T) {
	known := map[string]bool{}
	for _, rule := range rules(t) {
		known[rule.Alert] = true
		c, has := cases[rule.Alert]
		require.True(t, has, "%s has a case", rule.Alert)
		assert.True(t, fires(t, rule, c.ill), "%s, with %s", rule.Alert, c.ill)
		assert.False(t, fires(t, rule, c.well), "%s, with %s", rule.Alert, c.well)
	}
	for name := range cases {
		assert.True(t, known[name], "%s is an alert", name)
	}
}

// Whoever is called at night reads what it is, and what to do: commands that are there, documents that are there.
func TestEachAlertSaysWhatToDo(t *testing.T) {
	composed, err := os.ReadFile("../docker-compose.yml")
	require.NoError(t, err)
	command := regexp.MustCompile("`docker compose (?:ps|logs|run)((?: --rm --no-deps| --rm| --tail \\d+)?)((?: [a-z]+)+)")
	for _, rule := range rules(t) {
		assert.NotEmpty(t, rule.Annotations["summary"], rule.Alert)
		said := rule.Annotations["description"]
		assert.Greater(t, len(said), 80, rule.Alert)
		assert.Contains(t, []string{"critical", "warning"}, rule.Labels["severity"], rule.Alert)
		assert.Positive(t, time.Duration(rule.For), rule.Alert)
		assert.Equal(t, strings.Count(said, "docker compose"), strings.Count(said, "`docker compose "), "%s: what is typed is marked", rule.Alert)
		for _, typed := range command.FindAllStringSubmatch(said, -1) {
			services := strings.Fields(typed[2])
			if strings.HasPrefix(typed[1], " --rm") {
				services = services[:1]
			}
			for _, name := range services {
				assert.Contains(t, string(composed), "\n  "+name+":\n", "%s: docker compose has a service %s", rule.Alert, name)
			}
		}
		for _, document := range regexp.MustCompile(`docs/[a-z]+\.md`).FindAllString(said, -1) {
			assert.FileExists(t, "../"+document, rule.Alert)
		}
		for _, other := range regexp.MustCompile(`\bOkey[A-Z]\w+`).FindAllString(said, -1) {
			assert.Contains(t, cases, other, rule.Alert)
		}
	}
}

// What somebody is called for, they see since when: whatever series of OKEY's an alert asks for is on the dashboard.
func TestWhatAnAlertAsksForIsOnTheDashboard(t *testing.T) {
	dashboard, err := os.ReadFile("../docs/grafana/okey.json")
	require.NoError(t, err)
	for _, rule := range rules(t) {
		for _, series := range regexp.MustCompile(`\bokey_\w+`).FindAllString(rule.Expr, -1) {
			assert.Contains(t, string(dashboard), series, rule.Alert)
		}
	}
}

// A metric that has another name by now is found out, wherever a question asks for it.
func TestWhatNobodyTellsIsNamed(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "okey-server@a"), []byte("okey_requests{stage=\"awaiting_stock\",age=\"over_30d\"} 3\n"), 0o600))
	fires, err := run([]string{dir})
	require.ErrorContains(t, err, `OkeyActionsNotJudged: nobody tells okey_actions_unjudged_oldest_age_seconds`)
	require.ErrorContains(t, err, `Mails: nobody tells okey_mails`)
	assert.NotContains(t, err.Error(), "okey_requests")
	assert.NotContains(t, err.Error(), "nobody tells up")
	assert.Contains(t, fires, "OkeyNobodyWorks")
	assert.NotContains(t, fires, "OkeyServerDown")

	require.NoError(t, os.WriteFile(filepath.Join(dir, "okey-server@a"), []byte("okey_requests{stage=\n"), 0o600))
	_, err = run([]string{dir})
	assert.ErrorContains(t, err, "okey-server@a")
	_, err = run([]string{t.TempDir()})
	assert.ErrorContains(t, err, "has no metrics")
	var none memory
	assert.ErrorContains(t, none.examine("one", "sum(", time.Now()), "one: ")
}

func rules(t *testing.T) []rulefmt.Rule {
	t.Helper()
	read, err := readRules("../docs/alerts.yml")
	require.NoError(t, err)
	require.NotEmpty(t, read)
	return read
}

// fires tells whether an alert's condition holds, of the same labels, for as long as the alert waits.
func fires(t *testing.T, rule rulefmt.Rule, series string) bool {
	t.Helper()
	begin := time.Unix(0, 0)
	var told memory
	longest := 0
	for line := range strings.Lines(series) {
		of, values, err := language.ParseSeriesDesc(strings.TrimSpace(line))
		require.NoError(t, err, line)
		for i, v := range values {
			if !v.Omitted {
				told = told.add(of, begin.Add(time.Duration(i)*scrapeInterval), v.Value)
			}
		}
		longest = max(longest, len(values))
	}
	since := map[string]time.Time{}
	for i := range longest {
		at := begin.Add(time.Duration(i) * scrapeInterval)
		found, err := told.ask(t.Context(), rule.Expr, at)
		require.NoError(t, err)
		holds := map[string]time.Time{}
		for _, one := range found {
			labels := one.Metric.String()
			holds[labels] = at
			if before, held := since[labels]; held {
				holds[labels] = before
			}
			if at.Sub(holds[labels]) >= time.Duration(rule.For) {
				return true
			}
		}
		since = holds
	}
	return false
}
