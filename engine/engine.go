// Package engine speaks to Temporal as a client: it delivers recorded actions to their workflows, and prepares the engine for them.
// It knows the domain and the configuration, and nothing of the database: what it delivers was recorded by whoever calls it.
package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"okey/config"
	"okey/internal/address"
	"okey/okey"

	"github.com/google/uuid"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
)

// Engine delivers actions. It is safe for concurrent use.
type Engine struct {
	client client.Client
	waits  okey.Waits
	url    string
}

// Dial makes a client from the TEMPORAL_* settings. It does not connect yet: OKEY starts before its engine, too.
func Dial(cfg config.Config, with ...func(*client.Options)) (client.Client, error) {
	options, err := envconfig.LoadClientOptions(envconfig.LoadClientOptionsRequest{
		EnvLookup:   cfg.Temporal,
		DisableFile: cfg.Temporal["TEMPORAL_CONFIG_FILE"] == "",
	})
	if err != nil {
		return nil, fmt.Errorf("read the TEMPORAL_ settings: %w", err)
	}
	options.Logger = sdklog.NewStructuredLogger(slog.Default())
	// What is said are some hundred bytes of ids and times: to compress them takes longer than to send them.
	options.ConnectionOptions.GrpcCompression = &client.GrpcCompressionNone{}
	for _, add := range with {
		add(&options)
	}
	c, err := client.NewLazyClient(options)
	if err != nil {
		return nil, fmt.Errorf("make a Temporal client: %w", err)
	}
	return c, nil
}

// New makes an Engine. baseURL is OKEY's public address, for the links in workflow details; waits are given to new requests.
func New(c client.Client, waits okey.Waits, baseURL string) *Engine {
	return &Engine{client: c, waits: waits, url: baseURL}
}

// Ready tells whether the engine answers.
func (e *Engine) Ready(ctx context.Context) error {
	if _, err := e.client.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		return fmt.Errorf("ask Temporal's health: %w", err)
	}
	return nil
}

// Deliver brings a recorded action to its workflow, starting one where none runs: the workflow loads where its request stands. Delivered
// twice, an action is still judged once. Whatever goes wrong is tried again later by the repair watch.
func (e *Engine) Deliver(ctx context.Context, a okey.Action) error {
	switch {
	case a.Name == okey.ActionAsk:
		return e.start(ctx, a)
	case a.Name.Kind().Workflow != "":
		return e.startOwn(ctx, a)
	case a.Name.Kind().About == okey.ThingOrder:
		return e.signalOrder(ctx, a)
	}
	return e.signal(ctx, a.Request, a.Name.Signal(), okey.ActionSignal{Action: a.ID})
}

// Wake sends stock-available without an action: look whether a key is there.
func (e *Engine) Wake(ctx context.Context, request uuid.UUID) error {
	return e.signal(ctx, request, okey.StockAvailable, okey.ActionSignal{})
}

// EnsureRunning starts an open request's workflow where it is gone; started is false where it runs.
func (e *Engine) EnsureRunning(ctx context.Context, request uuid.UUID) (started bool, err error) {
	options := requestOptions(okey.Action{Request: request})
	options.WorkflowExecutionErrorWhenAlreadyStarted = true
	_, err = e.client.ExecuteWorkflow(ctx, options, okey.WorkflowKeyRequest, e.input(request, uuid.Nil))
	var running *serviceerror.WorkflowExecutionAlreadyStarted
	switch {
	case errors.As(err, &running):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("start the workflow of request %s: %w", request, err)
	}
	return true, nil
}

// Resume starts the workflow of a request that was asked and led without one: it finds out where that stands, and tells nobody anew. Where
// it runs, nothing happens.
func (e *Engine) Resume(ctx context.Context, ask okey.Action) error {
	_, err := e.client.ExecuteWorkflow(ctx, requestOptions(ask), okey.WorkflowKeyRequest, e.input(ask.Request, uuid.Nil))
	if err != nil {
		return fmt.Errorf("start the workflow of request %s: %w", ask.Request, err)
	}
	return nil
}

// start has the asking judged. A workflow that runs already has had that done, once: what has no outcome all the same was judged in a
// database that another has taken over from, and is judged anew where stock-available names it.
func (e *Engine) start(ctx context.Context, ask okey.Action) error {
	options := requestOptions(ask)
	options.WorkflowExecutionErrorWhenAlreadyStarted = true
	_, err := e.client.ExecuteWorkflow(ctx, options, okey.WorkflowKeyRequest, e.input(ask.Request, ask.ID))
	if _, running := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); running {
		return e.signal(ctx, ask.Request, okey.StockAvailable, okey.ActionSignal{Action: ask.ID})
	}
	if err != nil {
		return fmt.Errorf("start the workflow of request %s: %w", ask.Request, err)
	}
	return nil
}

func (e *Engine) signal(ctx context.Context, request uuid.UUID, signal okey.Signal, carried okey.ActionSignal) error {
	// Nearly always it runs: to start it as well would cost the engine half as much again.
	err := e.client.SignalWorkflow(ctx, okey.RequestWorkflowID(request), "", string(signal), carried)
	if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
		_, err = e.client.SignalWithStartWorkflow(ctx, okey.RequestWorkflowID(request), string(signal), carried,
			requestOptions(okey.Action{Request: request}), okey.WorkflowKeyRequest, e.input(request, uuid.Nil))
	}
	if err != nil {
		return fmt.Errorf("signal %s to request %s: %w", signal, request, err)
	}
	return nil
}

// summaries tell in the Temporal UI what a workflow that carries one action is for.
var summaries = map[string]string{
	okey.WorkflowKeyChange: "Changement d'état d'une clef", okey.WorkflowStockImport: "Livraison de clefs",
	okey.WorkflowInventory: "Inventaire", okey.WorkflowKeyMove: "Déplacement de clefs",
	okey.WorkflowOrderExport: "Transmission des commandes", okey.WorkflowSuccession: "Un établissement succède à un autre",
	okey.WorkflowDelegation: "Délégation", okey.WorkflowAttachment: "Rattachement par l'assistance",
	okey.WorkflowHosting:   "Un établissement répond pour un autre",
	okey.WorkflowPINChange: "Code PIN d'une clef", okey.WorkflowLinkReissue: "Nouveaux liens pour répondre",
	okey.WorkflowMailResend: "Courriel envoyé une fois de plus", okey.WorkflowTelling: "Annonce de ce qui n'a pas pu se faire",
	okey.WorkflowMailsResend:   "Courriels refusés, envoyés une fois de plus",
	okey.WorkflowWebhookChange: "Récepteur d'événements, essai ou reprise",
}

// summary adds the school that an action is about: as the register calls it, and its code; never anything else that somebody typed.
func summary(what string, a okey.Action) string {
	uai, err := okey.ParseUAI(string(a.At))
	switch {
	case err != nil:
		return what
	case a.School == "":
		return what + " · " + string(uai)
	}
	return what + " · " + okey.SayPlace(a.School, uai)
}

// attributesOf have the workflow of an order, or of an action of its own, found by the school that it is about.
func attributesOf(a okey.Action) temporal.SearchAttributes {
	uai, err := okey.ParseUAI(string(a.At))
	if err != nil {
		return temporal.NewSearchAttributes()
	}
	return temporal.NewSearchAttributes(temporal.NewSearchAttributeKeyKeyword(okey.AttributeUAI).ValueSet(string(uai)))
}

// signalOrder brings an action to its order's workflow, starting one where none runs: the workflow loads where the order stands.
func (e *Engine) signalOrder(ctx context.Context, a okey.Action) error {
	_, err := e.client.SignalWithStartWorkflow(ctx, okey.OrderWorkflowID(a.Subject), string(a.Name), okey.ActionSignal{Action: a.ID},
		orderOptions(a), okey.WorkflowOrder, e.orderInput(a.Subject))
	if err != nil {
		return fmt.Errorf("signal %s to order %s: %w", a.Name, a.Subject, err)
	}
	return nil
}

// EnsureOrderRunning starts an open order's workflow where it is gone; started is false where it runs.
func (e *Engine) EnsureOrderRunning(ctx context.Context, order uuid.UUID) (started bool, err error) {
	options := orderOptions(okey.Action{Subject: order})
	options.WorkflowExecutionErrorWhenAlreadyStarted = true
	_, err = e.client.ExecuteWorkflow(ctx, options, okey.WorkflowOrder, e.orderInput(order))
	var running *serviceerror.WorkflowExecutionAlreadyStarted
	switch {
	case errors.As(err, &running):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("start the workflow of order %s: %w", order, err)
	}
	return true, nil
}

func orderOptions(a okey.Action) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID: okey.OrderWorkflowID(a.Subject), TaskQueue: okey.TaskQueue, StaticSummary: summary("Commande de clefs", a),
		TypedSearchAttributes: attributesOf(a),
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE, WorkflowTaskTimeout: 5 * time.Second,
	}
}

func (e *Engine) orderInput(order uuid.UUID) okey.OrderInput {
	return okey.OrderInput{Order: order, Overdue: okey.DefaultOverdue(), Page: e.url + address.OrderURL(order)}
}

// startOwn starts the workflow that carries an action alone.
func (e *Engine) startOwn(ctx context.Context, a okey.Action) error {
	workflow := a.Name.Kind().Workflow
	_, err := e.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: okey.OwnWorkflowID(a.Name, a.ID), TaskQueue: okey.TaskQueue, StaticSummary: summary(summaries[workflow], a),
		StaticDetails: e.pageOf(a), TypedSearchAttributes: attributesOf(a),
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE, WorkflowTaskTimeout: 5 * time.Second,
	}, workflow, okey.StockInput{Action: a.ID})
	if err != nil {
		return fmt.Errorf("start %s for action %s: %w", workflow, a.ID, err)
	}
	return nil
}

// pageOf leads whoever reads of a key's change in the Temporal UI to the key.
func (e *Engine) pageOf(a okey.Action) string {
	if a.Key == "" {
		return ""
	}
	return "[Ouvrir la clef dans OKEY](" + e.url + address.KeyURL(a.Key) + ")"
}

// requestOptions start a request's workflow for an action, of which the asking alone names the school.
func requestOptions(a okey.Action) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID: okey.RequestWorkflowID(a.Request), TaskQueue: okey.TaskQueue, StaticSummary: summary("Demande de clef", a),
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		// What a killed worker was at is given to another one after so long.
		WorkflowTaskTimeout: 5 * time.Second,
	}
}

func (e *Engine) input(request, ask uuid.UUID) okey.KeyRequestInput {
	return okey.KeyRequestInput{
		Request: request, Ask: ask, Waits: e.waits, Page: e.url + address.RequestURL(request), JudgeLocally: true,
	}
}

// RunID is the current run of a workflow; empty where the engine knows none.
func (e *Engine) RunID(ctx context.Context, workflow string) (string, error) {
	d, err := e.client.DescribeWorkflowExecution(ctx, workflow, "")
	var absent *serviceerror.NotFound
	if errors.As(err, &absent) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("describe workflow %s: %w", workflow, err)
	}
	return d.GetWorkflowExecutionInfo().GetExecution().GetRunId(), nil
}

// runsMost bounds of how many workflows one question asks.
const runsMost = 100

// RunIDs are the latest runs of workflows, of the last hundred that are asked for, as the engine's lists see them: a little late.
func (e *Engine) RunIDs(ctx context.Context, workflows []string) (map[string]string, error) {
	asked := workflows[max(0, len(workflows)-runsMost):]
	answer, err := e.client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Query: "WorkflowId IN ('" + strings.Join(asked, "', '") + "')", PageSize: 2 * runsMost,
	})
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	runs := map[string]string{}
	for _, info := range answer.GetExecutions() { // the latest comes first
		if id := info.GetExecution(); runs[id.GetWorkflowId()] == "" {
			runs[id.GetWorkflowId()] = id.GetRunId()
		}
	}
	return runs, nil
}

// Has tells whether the workflow that an action was brought to at the instant still has it to judge. One that follows a request or an
// order and has nothing under way but mails has judged it: what has no outcome all the same lost it with a database that another has taken
// over from.
func (e *Engine) Has(ctx context.Context, a okey.Action, at time.Time) (bool, error) {
	id, own := okey.OwnWorkflowID(a.Name, a.ID), true
	switch {
	case id != "":
	case a.Name.Kind().About == okey.ThingOrder:
		id, own = okey.OrderWorkflowID(a.Subject), false
	default:
		id, own = okey.RequestWorkflowID(a.Request), false
	}
	d, err := e.client.DescribeWorkflowExecution(ctx, id, "")
	var absent *serviceerror.NotFound
	if errors.As(err, &absent) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("describe workflow %s: %w", id, err)
	}
	info := d.GetWorkflowExecutionInfo()
	judging := own || d.GetPendingWorkflowTask() != nil ||
		slices.ContainsFunc(d.GetPendingActivities(), func(p *workflowpb.PendingActivityInfo) bool {
			return slices.Contains(judges, p.GetActivityType().GetName())
		})
	return info.GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING && !info.GetStartTime().AsTime().After(at) && judging, nil
}

// judges are the activities of a request's and an order's workflow that stand between a signal and its outcome.
var judges = []string{okey.ActivityJudge, okey.ActivityStock, okey.ActivityLoadOrder}

// FailedRun is a workflow whose last run has failed.
type FailedRun struct {
	Workflow string // its id
	Type     string
	Closed   time.Time
	Error    string // what the engine says of its end
}

// Failed returns the workflows that have failed, run out of time or been terminated since the instant, and that have no later run: of those
// of a schedule, whose runs have an id each, the latest one alone. What others run in the namespace is none of them.
func (e *Engine) Failed(ctx context.Context, since time.Time) ([]FailedRun, error) {
	query := fmt.Sprintf("TaskQueue = '%s' AND ExecutionStatus IN ('Failed', 'TimedOut', 'Terminated') AND CloseTime > '%s'",
		okey.TaskQueue, since.UTC().Format(time.RFC3339))
	var found []FailedRun
	var page []byte
	for {
		answer, err := e.client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Query: query, PageSize: 200, NextPageToken: page,
		})
		if err != nil {
			return nil, fmt.Errorf("list failed workflows: %w", err)
		}
		for _, info := range answer.GetExecutions() {
			run := FailedRun{
				Workflow: info.GetExecution().GetWorkflowId(), Type: info.GetType().GetName(), Closed: info.GetCloseTime().AsTime(),
				Error: info.GetStatus().String(),
			}
			if over, err := e.madeGood(ctx, run, info.GetExecution().GetRunId()); err != nil {
				return nil, err
			} else if !over {
				found = append(found, run)
			}
		}
		if page = answer.GetNextPageToken(); len(page) == 0 || len(found) >= failedMost {
			return found, nil
		}
	}
}

// failedMost bounds how many failed workflows a look finds, the newest: whoever has more has one cause for all of them.
const failedMost = 500

// madeGood tells whether a failed run has a later one: of the same workflow, or of the same schedule.
func (e *Engine) madeGood(ctx context.Context, run FailedRun, id string) (bool, error) {
	if slices.Contains(scheduled, run.Type) {
		answer, err := e.client.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: fmt.Sprintf(
			"WorkflowType = '%s' AND StartTime > '%s'", run.Type, run.Closed.UTC().Format(time.RFC3339Nano))})
		if err != nil {
			return false, fmt.Errorf("count later runs of %s: %w", run.Type, err)
		}
		return answer.GetCount() > 0, nil
	}
	latest, err := e.client.DescribeWorkflowExecution(ctx, run.Workflow, "")
	var absent *serviceerror.NotFound
	if errors.As(err, &absent) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("describe workflow %s: %w", run.Workflow, err)
	}
	return latest.GetWorkflowExecutionInfo().GetExecution().GetRunId() != id, nil
}

// scheduled are the workflows that a schedule starts.
var scheduled = []string{
	okey.WorkflowRepairWatch, okey.WorkflowStockWatch, okey.WorkflowRetention, okey.WorkflowExportSchedule, okey.WorkflowDirectorySync,
}

// running are the workflows of a type that have not ended.
func running(workflow string) string {
	return fmt.Sprintf("WorkflowType = '%s' AND ExecutionStatus = 'Running'", workflow)
}

// CountRunning counts the requests whose workflow runs, as Running sees them.
func (e *Engine) CountRunning(ctx context.Context) (int, error) {
	return e.count(ctx, running(okey.WorkflowKeyRequest))
}

// CountFollowed counts what a workflow of a type, KeyRequest or Order, follows: of requests those that are open as their workflow sees it,
// so that one that is closed and waits for its last mails hides none that is gone. As late as Running.
func (e *Engine) CountFollowed(ctx context.Context, workflow string) (int, error) {
	query := running(workflow)
	if workflow == okey.WorkflowKeyRequest {
		query += " AND " + okey.AttributeStage + " STARTS_WITH 'awaiting_'"
	}
	return e.count(ctx, query)
}

func (e *Engine) count(ctx context.Context, query string) (int, error) {
	answer, err := e.client.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: query})
	if err != nil {
		return 0, fmt.Errorf("count running workflows: %w", err)
	}
	return int(answer.GetCount()), nil
}

// RunningRequests returns the requests whose workflow runs, as Running does.
func (e *Engine) RunningRequests(ctx context.Context) (map[uuid.UUID]bool, error) {
	return e.Running(ctx, okey.WorkflowKeyRequest)
}

// Running returns the requests or orders whose workflow, KeyRequest or Order, runs, as the engine's visibility store sees it: a little
// late, so one that is not in it must be asked for again (EnsureRunning and EnsureOrderRunning do).
func (e *Engine) Running(ctx context.Context, workflow string) (map[uuid.UUID]bool, error) {
	found := map[uuid.UUID]bool{}
	var page []byte
	for {
		answer, err := e.client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Query: running(workflow), PageSize: 1000, NextPageToken: page,
		})
		if err != nil {
			return nil, fmt.Errorf("list running workflows: %w", err)
		}
		for _, execution := range answer.GetExecutions() {
			if id, ok := okey.FollowedBy(execution.GetExecution().GetWorkflowId()); ok {
				found[id] = true
			}
		}
		if page = answer.GetNextPageToken(); len(page) == 0 {
			return found, nil
		}
	}
}
