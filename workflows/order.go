package workflows

import (
	"fmt"
	"slices"
	"time"

	"okey/okey"

	"github.com/google/uuid"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"
)

// Order follows an order of keys from its placing to its last key: it takes the signals that people send (each names a recorded action),
// has them judged one at a time, and tells support where the keys do not come.
func Order(ctx workflow.Context, in okey.OrderInput) error {
	o := &order{in: in, inbox: workflow.NewBufferedChannel(ctx, 1000)}
	workflow.Go(ctx, o.takeSignals)
	if err := o.load(ctx); err != nil {
		return err
	}
	for {
		if err := o.drain(ctx); err != nil {
			return err
		}
		workflow.SetCurrentDetails(ctx, orderDetails(o.standing, o.told, in.Page))
		over := o.standing.State == "" || o.standing.State.Closed()
		if over && o.quiet(ctx) {
			return nil
		}
		if err := o.wait(ctx, over); err != nil {
			return err
		}
		if !over && o.renewable(ctx) {
			return workflow.NewContinueAsNewError(ctx, okey.WorkflowOrder, in)
		}
	}
}

// order is the state of one run.
type order struct {
	in       okey.OrderInput
	inbox    workflow.Channel
	pending  int // signals received and not judged yet
	strays   int // names those that name no action
	standing okey.OrderStanding
	told     int // how often support has been told that it is late
	leaving  int // mails on their way
}

const orderIsRead = "La commande est relue"

func (o *order) load(ctx workflow.Context) error {
	began := workflow.Now(ctx)
	if err := workflow.ExecuteActivity(stateActivity(ctx, orderIsRead), okey.ActivityLoadOrder, o.in).Get(ctx, &o.standing); err != nil {
		return fmt.Errorf("load the order: %w", err)
	}
	// Of what fell due before this run began, the latest is told: the run before may have been gone by then. A mail that left does not
	// leave twice.
	for o.told+1 < len(o.standing.Overdue) && o.standing.Overdue[o.told+1].Before(began) {
		o.told++
	}
	return nil
}

// takeSignals puts every signal in line, known or not, readable or not: none is lost and none does harm.
func (o *order) takeSignals(ctx workflow.Context) {
	for {
		_ = workflow.Await(ctx, func() bool { return len(workflow.GetUnhandledSignalNames(ctx)) > 0 })
		names := workflow.GetUnhandledSignalNames(ctx)
		slices.Sort(names) // the SDK gives them in the order of a map
		for _, name := range names {
			var raw converter.RawValue // a typed one would drop what it can't read
			if workflow.GetSignalChannel(ctx, name).ReceiveAsync(&raw) {
				o.pending++
				o.inbox.Send(ctx, o.matterOf(ctx, okey.ActionName(name), raw))
			}
		}
	}
}

// matterOf reads a signal. What is unknown, can't be read or names no action is a matter too.
func (o *order) matterOf(ctx workflow.Context, name okey.ActionName, raw converter.RawValue) okey.StockMatter {
	var carried okey.ActionSignal
	var fault okey.Code
	switch {
	case name.Kind().About != okey.ThingOrder:
		fault = okey.CodeUnknownSignal
	case raw.Payload() != nil && converter.GetDefaultDataConverter().FromPayload(raw.Payload(), &carried) != nil:
		fault = okey.CodeUnreadable
	case carried.Action == uuid.Nil:
		fault = okey.CodeUnknownAction
	default:
		return okey.StockMatter{Action: carried.Action}
	}
	o.strays++
	return okey.StockMatter{
		Fault:   fault,
		Subject: o.in.Order,
		Once:    fmt.Sprintf("%s/%d", workflow.GetInfo(ctx).WorkflowExecution.RunID, o.strays),
	}
}

// drain has all signals judged that have come.
func (o *order) drain(ctx workflow.Context) error {
	for {
		var m okey.StockMatter
		if !o.inbox.ReceiveAsync(&m) {
			return nil
		}
		o.pending--
		if err := o.judge(ctx, m); err != nil {
			return err
		}
	}
}

func (o *order) judge(ctx workflow.Context, matter okey.StockMatter) error {
	var v okey.StockVerdict
	matter.At = workflow.Now(ctx).UTC()
	if err := workflow.ExecuteActivity(stateActivity(ctx, askedIsDone), okey.ActivityStock, matter).Get(ctx, &v); err != nil {
		return fmt.Errorf("judge an action on the order: %w", err)
	}
	if err := workflow.ExecuteActivity(stateActivity(ctx, orderIsRead), okey.ActivityLoadOrder, o.in).Get(ctx, &o.standing); err != nil {
		return fmt.Errorf("load the order: %w", err)
	}
	o.send(ctx, v.Letters)
	return nil
}

// send keeps no signal waiting for the mail relay.
func (o *order) send(ctx workflow.Context, letters []okey.MailOrder) {
	if len(letters) == 0 {
		return
	}
	o.leaving++
	workflow.Go(ctx, func(ctx workflow.Context) {
		defer func() { o.leaving-- }()
		if err := sendLetters(ctx, letters); err != nil {
			workflow.GetLogger(ctx).Warn("mails about an order did not leave", "order", o.in.Order, "error", err)
		}
	})
}

// renewable tells whether a new run is to go on, and can.
func (o *order) renewable(ctx workflow.Context) bool {
	return workflow.GetInfo(ctx).GetContinueAsNewSuggested() && o.quiet(ctx)
}

// quiet tells whether nothing is left to judge, and no mail on its way: either would be lost at the end of a run.
func (o *order) quiet(ctx workflow.Context) bool {
	return o.pending == 0 && o.leaving == 0 && len(workflow.GetUnhandledSignalNames(ctx)) == 0
}

// wait ends with the next signal, or when support is to be told; when the order is over, also with its last mail.
func (o *order) wait(ctx workflow.Context, over bool) error {
	if over || o.told >= len(o.standing.Overdue) {
		return workflow.Await(ctx, func() bool { return o.pending > 0 || (over && o.quiet(ctx)) || o.renewable(ctx) })
	}
	due := o.standing.Overdue[o.told]
	came, err := awaitFor(
		ctx,
		max(due.Sub(workflow.Now(ctx)), time.Second),
		"L'assistance est prévenue : des clefs commandées manquent",
		func() bool { return o.pending > 0 || o.renewable(ctx) },
	)
	if err != nil || came {
		return err
	}
	o.told++
	o.send(ctx, []okey.MailOrder{{
		Subject: o.in.Order, UAI: o.standing.UAI, Cause: o.in.Order, At: workflow.Now(ctx).UTC(),
		Step: okey.MailStep{Kind: okey.MailOrderOverdue, Ref: o.told},
	}})
	return nil
}

// ExportSchedule is the weekly run: it has the placed orders exported, as support's button does.
func ExportSchedule(ctx workflow.Context) error {
	var run okey.ExportPlan
	id := workflow.GetInfo(ctx).WorkflowExecution
	run.At, run.Run = workflow.Now(ctx).UTC(), okey.DerivedID(okey.ExportSpace, id.ID+"/"+id.RunID)
	ctx = stateActivity(ctx, "Les commandes à transmettre sont cherchées")
	if err := workflow.ExecuteActivity(ctx, okey.ActivityPlanExport, run).Get(ctx, nil); err != nil {
		return fmt.Errorf("plan the export: %w", err)
	}
	return nil
}
