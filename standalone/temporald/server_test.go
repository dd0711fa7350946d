package temporald

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"okey/internal/postgres"
)

const namespace = "okey"

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

func database(t *testing.T) Database {
	t.Helper()
	cluster, err := postgres.Start(t.Context(), postgres.Options{Dir: t.TempDir(), Fast: true, DieWithParent: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cluster.Stop()) })
	address, err := url.Parse(cluster.URL("postgres"))
	require.NoError(t, err)
	password, _ := address.User.Password()
	return Database{Address: address.Host, User: address.User.Username(), Password: password, URL: cluster.URL("postgres")}
}

func connect(t *testing.T, address string) client.Client {
	t.Helper()
	c, err := client.Dial(client.Options{HostPort: address, Namespace: namespace})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// Wait takes one signal, sleeps for days and tells what it heard.
func Wait(ctx workflow.Context, days int) (string, error) {
	var word string
	workflow.GetSignalChannel(ctx, "word").Receive(ctx, &word)
	err := workflow.Sleep(ctx, time.Duration(days)*24*time.Hour)
	return word, err
}

func runWorker(t *testing.T, c client.Client) {
	t.Helper()
	w := worker.New(c, "test", worker.Options{})
	w.RegisterWorkflow(Wait)
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
}

// A Temporal server keeps global state, so one test tells the whole story of its life: a process that runs it is killed,
// another takes over.
func TestWorkflowSurvivesAKilledServer(t *testing.T) {
	if os.Getenv("OKEY_TEST_SERVER") != "" {
		serveUntilKilled(t)
	}
	where := database(t)
	address := freeAddress(t)
	child := startChild(t, where, address)

	c := connect(t, address)
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "kept", TaskQueue: "test"}, Wait, 0)
	require.NoError(t, err)
	require.NoError(t, child.Process.Kill())
	_ = child.Wait() // "signal: killed", as meant

	began := time.Now()
	server, err := Start(t.Context(), Options{
		Address: address, Database: where, Namespace: namespace,
		LogFile: filepath.Join(t.TempDir(), "log"),
	})
	require.NoError(t, err)
	t.Logf("second start: %s", time.Since(began))
	t.Cleanup(func() { require.NoError(t, server.Stop()) })

	c = connect(t, address)
	runWorker(t, c)
	require.NoError(t, c.SignalWorkflow(t.Context(), run.GetID(), run.GetRunID(), "word", "clef"))
	var word string
	require.NoError(t, c.GetWorkflow(t.Context(), run.GetID(), run.GetRunID()).Get(t.Context(), &word))
	require.Equal(t, "clef", word)

	t.Run("time can be skipped", func(t *testing.T) { skipsTime(t, c) })
	t.Run("UI shows all and offers signals only", func(t *testing.T) { servesUI(t, address) })
}

// skipsTime moves one workflow's clock by given durations, on the real engine.
func skipsTime(t *testing.T, c client.Client) {
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "long", TaskQueue: "test"}, Wait, 150)
	require.NoError(t, err)
	require.NoError(t, c.SignalWorkflow(t.Context(), run.GetID(), "", "word", "clef"))

	fastForward(t, c, run, 100*24*time.Hour)
	described, err := c.DescribeWorkflowExecution(t.Context(), run.GetID(), "")
	require.NoError(t, err)
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, described.WorkflowExecutionInfo.Status)

	fastForward(t, c, run, 60*24*time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, run.Get(ctx, nil))
}

func fastForward(t *testing.T, c client.Client, run client.WorkflowRun, by time.Duration) {
	t.Helper()
	execution := &commonpb.WorkflowExecution{WorkflowId: run.GetID(), RunId: run.GetRunID()}
	_, err := c.WorkflowService().UpdateWorkflowExecutionOptions(t.Context(), &workflowservice.UpdateWorkflowExecutionOptionsRequest{
		Namespace:         namespace,
		WorkflowExecution: execution,
		WorkflowExecutionOptions: &workflowpb.WorkflowExecutionOptions{TimeSkippingConfig: &commonpb.TimeSkippingConfig{
			Enabled:           true,
			FastForwardConfig: &commonpb.FastForwardConfig{Id: by.String(), Duration: durationpb.New(by)},
		}},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"time_skipping_config"}},
	})
	require.NoError(t, err)
	_, err = c.WorkflowService().PollWorkflowExecutionTimeSkipping(t.Context(), &workflowservice.PollWorkflowExecutionTimeSkippingRequest{
		Namespace: namespace, WorkflowExecution: execution, FastForwardId: by.String(),
	})
	require.NoError(t, err)
}

func servesUI(t *testing.T, frontend string) {
	address := freeAddress(t)
	ui, err := StartUI(address, frontend, namespace)
	require.NoError(t, err)
	defer ui.Stop()
	var settings string
	require.Eventually(t, func() bool {
		response, err := http.Get("http://" + address + "/api/v1/settings")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		settings = string(body)
		return err == nil && response.StatusCode == http.StatusOK
	}, 10*time.Second, 20*time.Millisecond)
	for _, off := range []string{"Terminate", "Cancel", "Reset", "Update"} {
		require.Contains(t, settings, `"Workflow`+off+`Disabled":true`)
	}
	require.Contains(t, settings, `"WorkflowSignalDisabled":false`)
	require.Contains(t, settings, `"BatchActionsDisabled":true`)
	require.Contains(t, settings, `"StartWorkflowDisabled":true`)
	require.Contains(t, settings, `"DisableNewsFetch":true`)
	workflow := "http://" + address + "/api/v1/namespaces/" + namespace + "/workflows/some"
	for call, status := range map[string]int{"/terminate": http.StatusForbidden, "/cancel": http.StatusForbidden, "/reset": http.StatusForbidden} {
		response, err := http.Post(workflow+call, "application/json", strings.NewReader("{}"))
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, status, response.StatusCode, call)
	}
	response, err := http.Post(workflow+"/signal/stock-available", "application/json", strings.NewReader("{}"))
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.NotEqual(t, "Ici on ne peut qu'envoyer des signaux.", response.Status, "a signal reaches the UI, which then asks for its own token")
	page, err := http.Get("http://" + address + "/namespaces/" + namespace + "/workflows")
	require.NoError(t, err)
	require.NoError(t, page.Body.Close())
	require.Equal(t, http.StatusOK, page.StatusCode)
}

func startChild(t *testing.T, where Database, address string) *exec.Cmd {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestWorkflowSurvivesAKilledServer$")
	child.Env = append(os.Environ(), "OKEY_TEST_SERVER="+strings.Join([]string{where.Address, where.User, where.Password, where.URL, address}, " "))
	child.Stderr = os.Stderr
	stdout, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	t.Cleanup(func() { _ = child.Process.Kill() })
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if lines.Text() == "ready" {
			return child
		}
		t.Log(lines.Text())
	}
	t.Fatal("the server's process ended before it was ready")
	return nil
}

func serveUntilKilled(t *testing.T) {
	var where Database
	var address string
	_, err := fmt.Sscan(os.Getenv("OKEY_TEST_SERVER"), &where.Address, &where.User, &where.Password, &where.URL, &address)
	require.NoError(t, err)
	_, err = Start(t.Context(), Options{
		Address: address, Database: where, Namespace: namespace,
		LogFile: filepath.Join(t.TempDir(), "log"),
	})
	require.NoError(t, err)
	fmt.Println("ready")
	select {}
}
