package temporald

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/temporalio/ui-server/v2/ui"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	namespacepb "go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/operatorservice/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"go.temporal.io/server/common/authorization"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"okey/config"
	"okey/engine"
	"okey/internal/postgres"
	"okey/okey"
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
	logFile := filepath.Join(t.TempDir(), "log")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := taken.Addr().String()
	child := childProcess(where, address, logFile)
	said, err := child.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(said), "Temporal ne peut continuer", "why it ended is in its log alone")
	require.Contains(t, string(said), "address already in use")
	require.Contains(t, string(said), logFile)
	require.NoError(t, taken.Close())
	child = startChild(t, where, address, logFile)

	c := connect(t, address)
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "kept", TaskQueue: "test"}, Wait, 0)
	require.NoError(t, err)
	require.NoError(t, child.Process.Kill())
	_ = child.Wait() // "signal: killed", as meant

	var rules someoneElses
	began := time.Now()
	server, err := Start(t.Context(), Options{
		Address: address, Database: where, Namespace: namespace,
		LogFile: logFile, Authorizer: &rules,
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

	t.Run("somebody else's cluster", func(t *testing.T) { preparesWithoutRights(t, c, address, &rules) })
	t.Run("time can be skipped", func(t *testing.T) { skipsTime(t, c) })
	t.Run("UI shows all and offers signals only", func(t *testing.T) { servesUI(t, address) })
}

// someoneElses is a cluster where OKEY's account may not do what is named.
type someoneElses struct {
	mu        sync.Mutex
	forbidden []string
}

// Authorize is part of authorization.Authorizer.
func (r *someoneElses) Authorize(_ context.Context, _ *authorization.Claims, target *authorization.CallTarget) (authorization.Result, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	decision := authorization.DecisionAllow
	if slices.Contains(r.forbidden, path.Base(target.APIName)) {
		decision = authorization.DecisionDeny
	}
	return authorization.Result{Decision: decision}, nil
}

func (r *someoneElses) forbid(calls ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forbidden = calls
}

// preparesWithoutRights has `okey migrate engine` say what somebody else has to do, and go on once that is done.
func preparesWithoutRights(t *testing.T, c client.Client, address string, rules *someoneElses) {
	prepare := func() ([]string, error) {
		return engine.Prepare(t.Context(), config.Config{
			TemporalNamespace: namespace, Temporal: config.TemporalEnv{"TEMPORAL_ADDRESS": address, "TEMPORAL_NAMESPACE": namespace},
		})
	}
	keep := func(days time.Duration) {
		_, err := c.WorkflowService().UpdateNamespace(t.Context(), &workflowservice.UpdateNamespaceRequest{
			Namespace: namespace, Config: &namespacepb.NamespaceConfig{WorkflowExecutionRetentionTtl: durationpb.New(days * 24 * time.Hour)},
		})
		require.NoError(t, err)
	}
	keep(7)
	rules.forbid("AddSearchAttributes", "UpdateNamespace")
	retention := "temporal operator namespace update --namespace okey --retention 720h"
	left, err := prepare()
	require.ErrorIs(t, err, engine.ErrAttributesMissing)
	require.Equal(t, []string{
		"temporal operator search-attribute create --namespace okey --name OkeyStage --type Keyword",
		"temporal operator search-attribute create --namespace okey --name OkeyUAI --type Keyword",
		"temporal operator search-attribute create --namespace okey --name OkeyWaitingSince --type Datetime", retention,
	}, left)

	_, err = c.OperatorService().AddSearchAttributes(t.Context(), &operatorservice.AddSearchAttributesRequest{Namespace: namespace})
	require.Error(t, err, "forbidden to everybody")
	rules.forbid()
	_, err = c.OperatorService().AddSearchAttributes(t.Context(), &operatorservice.AddSearchAttributesRequest{
		Namespace: namespace, SearchAttributes: map[string]enumspb.IndexedValueType{
			okey.AttributeStage: enumspb.INDEXED_VALUE_TYPE_KEYWORD, okey.AttributeUAI: enumspb.INDEXED_VALUE_TYPE_KEYWORD,
			okey.AttributeWaitingSince: enumspb.INDEXED_VALUE_TYPE_DATETIME,
		},
	})
	require.NoError(t, err)
	rules.forbid("AddSearchAttributes", "ListSearchAttributes", "UpdateNamespace", "DescribeNamespace")
	left, err = prepare()
	require.NoError(t, err, "they are there, though they can't be listed")
	require.Equal(t, []string{retention}, left)

	rules.forbid()
	keep(30)
	rules.forbid("AddSearchAttributes", "UpdateNamespace")
	left, err = prepare()
	require.NoError(t, err)
	require.Empty(t, left)
	_, err = c.ScheduleClient().GetHandle(t.Context(), engine.WatchSchedule).Describe(t.Context())
	require.NoError(t, err)
	rules.forbid()
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

// OKEY's pages link to the current details of a workflow, which a later UI may keep elsewhere.
func TestTheUIHasThePagesThatOKEYLinksTo(t *testing.T) {
	assets, err := ui.Assets()
	require.NoError(t, err)
	var routes []byte
	require.NoError(t, fs.WalkDir(assets, ".", func(at string, _ fs.DirEntry, err error) error {
		if matched, _ := filepath.Match("app.*.js", filepath.Base(at)); err == nil && matched {
			routes, err = fs.ReadFile(assets, at)
		}
		return err
	}))
	require.Contains(t, string(routes), "/namespaces/[namespace]/workflows/[workflow]/[run]/user-metadata\"")
	require.Contains(t, string(routes), "/namespaces/[namespace]/workflows\"")
}

func childProcess(where Database, address, logFile string) *exec.Cmd {
	child := exec.Command(os.Args[0], "-test.run=^TestWorkflowSurvivesAKilledServer$")
	child.Env = append(os.Environ(),
		"OKEY_TEST_SERVER="+strings.Join([]string{where.Address, where.User, where.Password, where.URL, address, logFile}, " "))
	return child
}

func startChild(t *testing.T, where Database, address, logFile string) *exec.Cmd {
	t.Helper()
	child := childProcess(where, address, logFile)
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
	var address, logFile string
	_, err := fmt.Sscan(os.Getenv("OKEY_TEST_SERVER"), &where.Address, &where.User, &where.Password, &where.URL, &address, &logFile)
	require.NoError(t, err)
	_, err = Start(t.Context(), Options{Address: address, Database: where, Namespace: namespace, LogFile: logFile})
	require.NoError(t, err)
	fmt.Println("ready")
	select {}
}
