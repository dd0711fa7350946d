package main

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"okey/engine"
	"okey/okey"
)

// TestWhatOperatorsAskHasAnAnswer has servers and a worker, as programs of their own, tell their metrics, and Prometheus' own engine (module
// alerts) answer with them every question of docs/alerts.yml and docs/grafana: on a day like others, and while the engine is away.
func TestWhatOperatorsAskHasAnAnswer(t *testing.T) {
	s := newStack(t, "--no-okey")
	s.keys("00480001")
	database, err := url.Parse(s.env["OKEY_DATABASE_URL"])
	require.NoError(t, err)
	toEngine, toDatabase := newWire(t, s.env["TEMPORAL_ADDRESS"]), newWire(t, database.Host)
	database.Host = toDatabase.at
	told := map[string]string{"okey-server@1": freeAddress(t), "okey-server@2": freeAddress(t), "okey-worker@1": freeAddress(t)}
	s.env["OKEY_URL"] = s.runServer("OKEY_METRICS="+told["okey-server@1"], "TEMPORAL_ADDRESS="+toEngine.at)
	faulty := s.runServer("OKEY_METRICS="+told["okey-server@2"], "OKEY_DATABASE_URL="+database.String(), "TEMPORAL_ADDRESS="+toEngine.at)
	toDatabase.cut()
	status, _ := get(t, faulty+"/api/v1/me")
	require.Equal(t, http.StatusUnauthorized, status)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, faulty+"/api/v1/me", http.NoBody)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+s.token("lea"))
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	_ = answer.Body.Close()
	require.GreaterOrEqual(t, answer.StatusCode, http.StatusInternalServerError, "a fault to count")

	// Of the request that this worker led, the next has nothing in its memory; nor does a relay take its mails: they are tried again, and
	// tasks that are done at once never wait for a worker.
	before := s.mortalWorker()
	asked := s.ask("lea")
	require.NoError(t, before.Process.Kill())
	_ = before.Wait()
	s.runProgram("worker", "OKEY_METRICS="+told["okey-worker@1"], "TEMPORAL_ADDRESS="+toEngine.at, "OKEY_SMTP_URL=smtp://127.0.0.1:1")
	s.awaitHealth(told["okey-worker@1"], http.StatusOK)
	s.applied("roux", asked, okey.PrincipalDecision, approval)
	_, err = s.engineClient().ExecuteWorkflow(context.Background(),
		client.StartWorkflowOptions{ID: "unknown", TaskQueue: okey.TaskQueue}, "Unknown") // of which no worker knows
	require.NoError(t, err)
	s.awaitMetric(told["okey-worker@1"], `temporal_workflow_task_execution_failed_total{`)
	s.awaitMetric(told["okey-worker@1"], `temporal_activity_schedule_to_start_latency_seconds_bucket{`)

	well, said := s.healthcheck(told["okey-worker@1"])
	assert.True(t, well, said)
	firing, err := s.firing(told)
	require.NoError(t, err, "every question has an answer")
	assert.Equal(t, []string{"OkeyAuditNotExamined", "OkeyBackupOld"}, firing, "those alone have not been done here")
	s.advice() // the doctor does it
	saved, err := standaloneCommand(t, s.dir, "backup", filepath.Join(t.TempDir(), "okey.tar.gz"))
	require.NoError(t, err, saved)
	require.NoError(t, s.engineClient().ScheduleClient().GetHandle(t.Context(), engine.RetentionSchedule).Delete(t.Context()))
	require.Eventually(t, func() bool {
		firing, err = s.firing(told) // what was read is told for some seconds more
		return err == nil && slices.Equal(firing, []string{"OkeyScheduleLate"})
	}, patience, time.Second, "%v", firing)

	toEngine.cut()
	s.awaitHealth(told["okey-worker@1"], http.StatusServiceUnavailable)
	well, said = s.healthcheck(told["okey-worker@1"])
	assert.False(t, well, "compose shows it as unhealthy")
	assert.Contains(t, said, "worker répond 503")
	firing, _ = s.firing(told) // of what it does not answer, nobody tells
	assert.Equal(t, []string{"OkeyNobodyWorks", "OkeyEngineAway"}, firing)
	toEngine.mend()
	s.awaitHealth(told["okey-worker@1"], http.StatusOK)
}

// stampedBinary builds bin/okey as make does, of a commit of its own.
func stampedBinary(t *testing.T, commit string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "okey")
	build := exec.Command("go", "build", "-ldflags", "-s -w -X 'okey/internal/version.stamp="+commit+" 2026-11-30'", "-o", program, "./cmd/okey")
	build.Dir = ".."
	said, err := build.CombinedOutput()
	require.NoError(t, err, "%s", said)
	return program
}

// A worker of a version that nobody has promoted asks, is answered, and is given nothing: it says so, as long as that is so.
func TestAWorkerThatIsGivenNoWorkIsNotWell(t *testing.T) {
	s := newStack(t, "--no-okey")
	s.instead = stampedBinary(t, "000000000001")
	told := freeAddress(t)
	c := exec.Command(s.instead, "worker")
	c.Env = s.environment("OKEY_WORKER_DEPLOYMENT=okey", "OKEY_METRICS="+told)
	s.env["OKEY_WORKER_DEPLOYMENT"] = "okey"
	promotion := exec.Command(s.instead, "promote") // waits for the first one
	promotion.Env = s.environment()
	require.NoError(t, promotion.Start())
	require.NoError(t, c.Start())
	defer func() { _ = c.Process.Signal(os.Interrupt); _ = c.Wait() }()
	require.NoError(t, promotion.Wait())
	s.awaitHealth(told, http.StatusOK)
	s.okey("promote", "--unversioned")
	idle := func() string {
		answer, err := http.Get("http://" + told + "/healthz")
		if err != nil {
			return err.Error()
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		return answer.Status + " " + string(text)
	}
	require.Eventually(t, func() bool { return strings.Contains(idle(), "503 Service Unavailable no work: not promoted, okey ") }, patience,
		50*time.Millisecond, "its polls are answered")
	_, series := get(t, "http://"+told+"/metrics")
	assert.Contains(t, series, "okey_worker_polling 0")
	s.okey("promote")
	s.awaitHealth(told, http.StatusOK)

	set(t, "OKEY_WORKER_DEPLOYMENT", "okey")
	set(t, "OKEY_DEMONSTRATION", "http://127.0.0.1:8025")
	said, err := standaloneCommand(t, private(t), "--production")
	require.Error(t, err)
	assert.Contains(t, said, "OKEY_WORKER_DEPLOYMENT = « okey » : n'est pas pour okey-standalone")
	assert.Contains(t, said, "OKEY_DEMONSTRATION = « http://127.0.0.1:8025 » : n'est")
}

func (s *stack) awaitHealth(address string, status int) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		answer, err := http.Get("http://" + address + "/healthz")
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return answer.StatusCode == status
	}, patience, 50*time.Millisecond, "%d of /healthz", status)
}

// healthcheck is what compose runs.
func (s *stack) healthcheck(address string) (well bool, said string) {
	s.t.Helper()
	c := exec.Command(s.product(), "healthcheck", "worker")
	c.Env = s.environment("OKEY_METRICS=" + address)
	out, err := c.CombinedOutput()
	return err == nil, string(out)
}

func (s *stack) awaitMetric(address, series string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		_, text := get(s.t, "http://"+address+"/metrics")
		return strings.Contains(text, series)
	}, patience, 100*time.Millisecond, series)
}

// firing asks every question with what the programs tell now, and returns the alerts whose condition holds. It is an error where nobody tells
// what a question is about.
func (s *stack) firing(told map[string]string) ([]string, error) {
	s.t.Helper()
	dir := s.t.TempDir()
	for name, address := range told {
		_, text := get(s.t, "http://"+address+"/metrics")
		for _, somebodys := range []string{school, school2, "Essais", "00480001", "Martin", "roux", "@ecole.test"} {
			assert.NotContains(s.t, text, somebodys, "%s names nobody, and no school", name)
		}
		require.NoError(s.t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	c := exec.Command("go", "run", ".", dir)
	c.Dir = "../alerts"
	c.Stderr = os.Stderr
	said, err := c.Output()
	return strings.Fields(string(said)), err
}
