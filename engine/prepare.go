package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"okey/config"
	"okey/okey"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	namespacepb "go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/types/known/durationpb"
)

// attributes are what OKEY registers in the namespace.
var attributes = map[string]enums.IndexedValueType{
	okey.AttributeStage:        enums.INDEXED_VALUE_TYPE_KEYWORD,
	okey.AttributeUAI:          enums.INDEXED_VALUE_TYPE_KEYWORD,
	okey.AttributeWaitingSince: enums.INDEXED_VALUE_TYPE_DATETIME,
}

// RepairSchedule is the schedule of the repair watch; triggering it is "now".
const RepairSchedule = "repair-watch"

// ErrAttributesMissing is what ends Prepare where the search attributes are neither there nor may be registered.
var ErrAttributesMissing = errors.New("the search attributes are missing")

// Prepare registers OKEY's search attributes, waits until the engine knows them, and upserts the schedules. Twice is as good as
// once. It waits for an engine that is not up yet, until ctx ends. On a cluster where the account may not register attributes, or set how
// long histories are kept, left has the commands that whoever may has to run.
func Prepare(ctx context.Context, cfg config.Config) (left []string, err error) {
	c, err := Dial(cfg)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := Await(ctx, c); err != nil {
		return nil, err
	}
	left, err = registerAttributes(ctx, c, namespace(cfg))
	if err != nil {
		return nil, err
	}
	lacking := len(left) > 0
	kept, err := keepHistories(ctx, c, namespace(cfg))
	left = append(left, kept...)
	if err != nil {
		return left, err
	}
	if lacking {
		return left, ErrAttributesMissing
	}
	if err := awaitAttributes(ctx, c); err != nil {
		return left, err
	}
	for _, s := range schedules() {
		if err := upsertSchedule(ctx, c, s); err != nil {
			return left, err
		}
	}
	return left, nil
}

// forbidden tells whether the account may not do what it tried: Temporal Cloud, and clusters with an authorizer.
func forbidden(err error) bool {
	var denied *serviceerror.PermissionDenied
	var unknown *serviceerror.Unimplemented
	return errors.As(err, &denied) || errors.As(err, &unknown)
}

func namespace(cfg config.Config) string {
	if cfg.TemporalNamespace != "" {
		return cfg.TemporalNamespace
	}
	return client.DefaultNamespace
}

// again calls try every second until it succeeds or ctx ends, and says so once.
func again(ctx context.Context, what string, try func() error) error {
	said := false
	for {
		err := try()
		if err == nil {
			return nil
		}
		if !said {
			slog.Warn("waiting for the engine", "why", what, "error", err)
			said = true
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, errors.Join(ctx.Err(), err))
		case <-time.After(time.Second):
		}
	}
}

// Await waits until the engine answers, or ctx ends.
func Await(ctx context.Context, c client.Client) error {
	return again(ctx, "Temporal does not answer", func() error {
		call, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		_, err := c.CheckHealth(call, &client.CheckHealthRequest{})
		return err
	})
}

// registerAttributes returns the commands for what it may not register.
func registerAttributes(ctx context.Context, c client.Client, namespace string) (left []string, err error) {
	known, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil && !forbidden(err) {
		return nil, fmt.Errorf("list search attributes: %w", err)
	}
	missing := map[string]enums.IndexedValueType{}
	for name, kind := range attributes {
		have, exists := known.GetCustomAttributes()[name]
		switch {
		case exists && have != kind:
			return nil, fmt.Errorf("search attribute %s exists with type %s, OKEY needs %s", name, have, kind)
		case !exists:
			missing[name] = kind
		}
	}
	if len(missing) == 0 {
		return nil, nil
	}
	if err != nil && askByAttributes(ctx, c) == nil {
		return nil, nil // they can't be listed, but they are there
	}
	_, err = c.OperatorService().AddSearchAttributes(ctx,
		&operatorservice.AddSearchAttributesRequest{Namespace: namespace, SearchAttributes: missing})
	var exists *serviceerror.AlreadyExists
	if err == nil || errors.As(err, &exists) {
		return nil, nil
	}
	if !forbidden(err) {
		return nil, fmt.Errorf("add search attributes: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(missing)) {
		const command = "temporal operator search-attribute create --namespace %s --name %s --type %s"
		left = append(left, fmt.Sprintf(command, namespace, name, missing[name]))
	}
	return left, nil
}

// keepHistories has the engine forget the histories of ended workflows when the table of what is kept says so. Where it may not, it returns
// the command for it.
func keepHistories(ctx context.Context, c client.Client, namespace string) (left []string, err error) {
	known, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	if err != nil && !forbidden(err) {
		return nil, fmt.Errorf("describe namespace %s: %w", namespace, err)
	}
	if known.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration() == okey.EngineRetention {
		return nil, nil
	}
	_, err = c.WorkflowService().UpdateNamespace(ctx, &workflowservice.UpdateNamespaceRequest{
		Namespace: namespace, Config: &namespacepb.NamespaceConfig{WorkflowExecutionRetentionTtl: durationpb.New(okey.EngineRetention)},
	})
	if err != nil && forbidden(err) {
		const command = "temporal operator namespace update --namespace %s --retention %.0fh"
		return []string{fmt.Sprintf(command, namespace, okey.EngineRetention.Hours())}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("set how long namespace %s keeps histories: %w", namespace, err)
	}
	return nil, nil
}

// awaitAttributes asks by the attributes until the engine takes the question: registration takes a while to be seen by all of it.
func awaitAttributes(ctx context.Context, c client.Client) error {
	return again(ctx, "Temporal does not know the search attributes yet", func() error { return askByAttributes(ctx, c) })
}

// askByAttributes fails where the engine does not know the attributes, and leaves nothing in its list.
func askByAttributes(ctx context.Context, c client.Client) error {
	var every []string
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		every = append(every, name+" = '1970-01-01T00:00:00Z'") // good for a keyword, too
	}
	_, err := c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: strings.Join(every, " AND ")})
	return err
}

// ExportSchedule is the schedule of the weekly export of orders.
const ExportSchedule = "order-export"

// WatchSchedule is the schedule of the daily watch.
const WatchSchedule = "stock-watch"

// RetentionSchedule is the schedule of the nightly retention.
const RetentionSchedule = "retention"

// DirectorySchedule is the schedule of the nightly reading of the academy's directory.
const DirectorySchedule = "directory-sync"

// schedule is what runs by itself.
type schedule struct {
	id, workflow, summary string
	spec                  client.ScheduleSpec
	life                  time.Duration // of a run, long enough to outlast a worker that is away; the next one makes up for what it left
	catchUp               time.Duration // how long ago a missed run may have been due; less than to the one before
}

// schedules are all of OKEY's, in French time.
func schedules() []schedule {
	const zone = "Europe/Paris"
	one := func(n int) []client.ScheduleRange { return []client.ScheduleRange{{Start: n}} }
	return []schedule{
		{RepairSchedule, okey.WorkflowRepairWatch, "Ce qui s'est perdu repart", client.ScheduleSpec{
			Intervals: []client.ScheduleIntervalSpec{{Every: time.Minute}}, TimeZoneName: zone,
		}, 10 * time.Minute, 24 * time.Hour},
		{WatchSchedule, okey.WorkflowStockWatch, "Ce qui manque, expire ou part", client.ScheduleSpec{
			Calendars: []client.ScheduleCalendarSpec{{Hour: one(7)}}, TimeZoneName: zone,
		}, okey.WatchLife, 24 * time.Hour},
		{RetentionSchedule, okey.WorkflowRetention, "Ce qui a été gardé assez longtemps", client.ScheduleSpec{
			Calendars: []client.ScheduleCalendarSpec{{Hour: one(3), Minute: one(30)}}, TimeZoneName: zone,
		}, 20 * time.Hour, 24 * time.Hour},
		{DirectorySchedule, okey.WorkflowDirectorySync, "L'annuaire de l'académie", client.ScheduleSpec{
			Calendars: []client.ScheduleCalendarSpec{{Hour: one(4), Minute: one(30)}}, TimeZoneName: zone,
		}, okey.SyncLife, 24 * time.Hour},
		{ExportSchedule, okey.WorkflowExportSchedule, "Commandes de la semaine", client.ScheduleSpec{
			Calendars: []client.ScheduleCalendarSpec{{DayOfWeek: one(1), Hour: one(6)}}, TimeZoneName: zone,
		}, 24 * time.Hour, 6 * 24 * time.Hour},
	}
}

// upsertSchedule has a workflow run when its schedule says, one at a time; what a stopped engine missed is made up for by one run.
func upsertSchedule(ctx context.Context, c client.Client, s schedule) error {
	spec := s.spec
	policy := client.SchedulePolicies{Overlap: enums.SCHEDULE_OVERLAP_POLICY_SKIP, CatchupWindow: s.catchUp}
	action := &client.ScheduleWorkflowAction{
		ID: s.id, Workflow: s.workflow, TaskQueue: okey.TaskQueue, StaticSummary: s.summary, WorkflowRunTimeout: s.life,
	}
	handle := c.ScheduleClient().GetHandle(ctx, s.id)
	_, err := c.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID: s.id, Spec: spec, Action: action, Overlap: policy.Overlap, CatchupWindow: policy.CatchupWindow,
	})
	if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		err = handle.Update(ctx, client.ScheduleUpdateOptions{DoUpdate: func(in client.ScheduleUpdateInput) (
			*client.ScheduleUpdate, error,
		) {
			s := in.Description.Schedule
			s.Spec, s.Action, s.Policy = &spec, action, &policy
			return &client.ScheduleUpdate{Schedule: &s}, nil
		}})
	}
	if err != nil {
		return fmt.Errorf("upsert schedule %s: %w", s.id, err)
	}
	return nil
}

// TriggerWatch runs the daily watch now, or after the run that is at it: people have left.
func TriggerWatch(ctx context.Context, c client.Client) error {
	err := c.ScheduleClient().GetHandle(ctx, WatchSchedule).Trigger(ctx,
		client.ScheduleTriggerOptions{Overlap: enums.SCHEDULE_OVERLAP_POLICY_BUFFER_ONE})
	if err != nil {
		return fmt.Errorf("trigger schedule %s: %w", WatchSchedule, err)
	}
	return nil
}

// TriggerRepair runs the repair watch now: after a start, for what had not reached the engine. After a run that is under way, which may
// have passed that already.
func TriggerRepair(ctx context.Context, c client.Client) error {
	err := c.ScheduleClient().GetHandle(ctx, RepairSchedule).Trigger(ctx,
		client.ScheduleTriggerOptions{Overlap: enums.SCHEDULE_OVERLAP_POLICY_BUFFER_ONE})
	if err != nil {
		return fmt.Errorf("trigger schedule %s: %w", RepairSchedule, err)
	}
	return nil
}

// TryAgain has an activity that waits for its next attempt run now; it keeps count of those that it has had. It is an error where the
// workflow has none such.
func TryAgain(ctx context.Context, c client.Client, cfg config.Config, workflow, activity string) error {
	const who = "okey worker"
	of := &commonpb.WorkflowExecution{WorkflowId: workflow}
	_, err := c.WorkflowService().PauseActivity(ctx, &workflowservice.PauseActivityRequest{
		Namespace: namespace(cfg), Execution: of, Identity: who, Reason: "to be tried at once",
		Activity: &workflowservice.PauseActivityRequest_Type{Type: activity},
	})
	if err == nil { // whatever becomes of ctx: nothing stays paused
		_, err = c.WorkflowService().UnpauseActivity(context.WithoutCancel(ctx), &workflowservice.UnpauseActivityRequest{
			Namespace: namespace(cfg), Execution: of, Identity: who, Activity: &workflowservice.UnpauseActivityRequest_Type{Type: activity},
		})
	}
	if err != nil {
		return fmt.Errorf("try %s of %s again: %w", activity, workflow, err)
	}
	return nil
}

// DescribeNamespace tells whether the namespace exists.
func DescribeNamespace(ctx context.Context, c client.Client, name string) error {
	if _, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: name}); err != nil {
		return fmt.Errorf("describe namespace %s: %w", name, err)
	}
	return nil
}
