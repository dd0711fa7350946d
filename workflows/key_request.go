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

// KeyRequest is one person's request for a key, from asking to holding it, over weeks.
//
// It decides nothing itself: each signal and each deadline becomes a matter for the judging activity, which looks at the recorded
// action, the rights and the stock, and answers where the request stands now. So it may begin at any stage: it is started again
// for an open request whose workflow is gone, and continues as new when its history has grown long.
func KeyRequest(ctx workflow.Context, in okey.KeyRequestInput) error {
	r := newKeyRequest(ctx, in)
	ctx = r.outliveCancellation(ctx)
	workflow.Go(ctx, r.takeSignals)

	r.open(ctx)
	for !r.over() && !r.mustContinue(ctx) {
		r.showWhereItStands(ctx)
		switch r.standing.Stage {
		case okey.AwaitingDecision, okey.AwaitingCharter, okey.AwaitingHandover:
			r.awaitPerson(ctx)
		case okey.AwaitingStock:
			r.awaitStock(ctx)
		}
	}
	return r.finish(ctx)
}

// keyRequest is what the workflow knows: where the request stands, and what is under way.
type keyRequest struct {
	in       okey.KeyRequestInput
	standing okey.Standing
	opened   bool
	judging  workflow.Mutex // one state activity at a time
	pending  int            // matters in hand: taken from where they came, not judged yet
	matters  int            // names matters that have no action
	running  int            // mails and wake-ups under way
	shown    okey.Standing  // what the search attributes say
	sooner   int            // how often the end of the stage has come nearer
}

func newKeyRequest(ctx workflow.Context, in okey.KeyRequestInput) *keyRequest {
	return &keyRequest{in: in, judging: workflow.NewMutex(ctx)}
}

// outliveCancellation returns a context that nobody can cancel from outside; an attempt is recorded.
func (r *keyRequest) outliveCancellation(ctx workflow.Context) workflow.Context {
	cancelled := ctx.Done()
	own, _ := workflow.NewDisconnectedContext(ctx)
	workflow.Go(own, func(ctx workflow.Context) {
		cancelled.Receive(ctx, nil)
		r.awaitOpened(ctx)
		r.judge(ctx, okey.Matter{Kind: okey.MatterStray, Fault: okey.CodeCancelIgnored})
	})
	return own
}

// open judges the asking, or loads the request as it stands.
func (r *keyRequest) open(ctx workflow.Context) {
	r.judge(ctx, okey.Matter{Kind: okey.MatterOpen, Action: r.in.Ask})
	r.opened = true
}

func (r *keyRequest) awaitOpened(ctx workflow.Context) {
	_ = workflow.Await(ctx, func() bool { return r.opened })
}

// over tells whether nothing can follow: the request is closed, or was never accepted.
func (r *keyRequest) over() bool {
	return r.standing.Stage == "" || r.standing.Stage.Closed()
}

// mustContinue tells whether to go on in a new run; not while mails or wake-ups are under way, or a signal waits for its turn: a new run
// would know nothing of it.
func (r *keyRequest) mustContinue(ctx workflow.Context) bool {
	return r.running == 0 && r.pending == 0 && workflow.GetInfo(ctx).GetContinueAsNewSuggested()
}

// awaitPerson waits for a signal that moves the request, and does what falls due meanwhile.
func (r *keyRequest) awaitPerson(ctx workflow.Context) {
	from, due := r.point(), r.upcoming(ctx)
	for len(due) > 0 && !r.waitUntil(ctx, from, due[0]) {
		r.fallDue(ctx, due[0])
		due = due[1:]
	}
	if r.point() == from {
		r.waitForMove(ctx, from)
	}
}

// month is how often somebody in line is told that their place is kept.
const month = 30 * 24 * time.Hour

// awaitStock waits in line for a key, which a wake-up brings; the repair watch finds who missed theirs. Meanwhile it costs nothing but what
// falls due, and word each month that the place is kept.
func (r *keyRequest) awaitStock(ctx workflow.Context) {
	if workflow.GetVersion(ctx, "wait-for-stock-without-looking", workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		r.lookForStock(ctx)
		return
	}
	from, due := r.point(), r.upcoming(ctx)
	next := r.monthsWaited(ctx) + 1
	if next > 1 { // one that fell due while nobody was there to tell it; what was told is not told twice
		due = append([]okey.Deadline{r.monthly(next - 1)}, due...)
	}
	for r.point() == from && !r.mustContinue(ctx) {
		for len(due) > 0 && !due[0].At.After(workflow.Now(ctx)) {
			r.fallDue(ctx, due[0])
			due = due[1:]
		}
		if latest := r.monthsWaited(ctx); latest >= next {
			r.fallDue(ctx, r.monthly(latest))
			next = latest + 1
		}
		until := r.monthly(next)
		if len(due) > 0 && due[0].At.Before(until.At) {
			until = due[0]
		}
		r.waitUntil(ctx, from, until)
	}
}

// monthsWaited counts the whole months that the request has been in line.
func (r *keyRequest) monthsWaited(ctx workflow.Context) int {
	return int(workflow.Now(ctx).Sub(r.standing.Since) / month)
}

// monthly is the nth month's word that the place is kept.
func (r *keyRequest) monthly(n int) okey.Deadline {
	return okey.Deadline{Kind: okey.DueMonthly, N: n, At: r.standing.Since.Add(time.Duration(n) * month)}
}

// lookForStock is how histories wait that began before wake-ups were trusted: they look by themselves once a day.
func (r *keyRequest) lookForStock(ctx workflow.Context) {
	from, due := r.point(), r.upcoming(ctx)
	for r.point() == from && !r.mustContinue(ctx) {
		look := okey.Deadline{Kind: dailyLook, At: workflow.Now(ctx).Add(24 * time.Hour)}
		if r.waitUntil(ctx, from, look) {
			return
		}
		months := int(workflow.Now(ctx).Sub(r.standing.Since) / month)
		if months > 0 && workflow.Now(ctx).Sub(r.standing.Since)%month < 24*time.Hour {
			due = append(due, okey.Deadline{Kind: okey.DueMonthly, N: months, At: workflow.Now(ctx)})
		}
		for len(due) > 0 && !due[0].At.After(workflow.Now(ctx)) {
			r.fallDue(ctx, due[0])
			due = due[1:]
		}
		r.judge(ctx, okey.Matter{Kind: okey.MatterNudge, Signal: okey.StockAvailable})
	}
}

// upcoming returns the deadlines that still lie ahead, and an expiry in any case: a run that begins late skips old reminders only.
func (r *keyRequest) upcoming(ctx workflow.Context) []okey.Deadline {
	var due []okey.Deadline
	for _, d := range r.standing.Deadlines {
		if d.At.After(workflow.Now(ctx)) || d.Kind == okey.DueExpiry {
			due = append(due, d)
		}
	}
	slices.SortStableFunc(due, func(a, b okey.Deadline) int { return a.At.Compare(b.At) })
	return due
}

// point is where a request waits: it goes on when its stage changes, when its establishment has a successor, whose calendar counts then, or
// when the stage ends sooner than it did.
type point struct {
	turn   int
	uai    okey.UAI
	sooner int
}

func (r *keyRequest) point() point { return point{r.standing.Turn, r.standing.UAI, r.sooner} }

// adopt takes over where the request stands. A reserve that ends sooner, as others wait, is waited for anew; histories in which the end
// was not looked at go on as they began.
func (r *keyRequest) adopt(ctx workflow.Context, s okey.Standing) {
	before := r.standing
	r.standing = s
	if before.Turn == s.Turn && before.UAI == s.UAI && s.ExpiryOf().Before(before.ExpiryOf()) &&
		workflow.GetVersion(ctx, "stage-ends-sooner", workflow.DefaultVersion, 1) != workflow.DefaultVersion {
		r.sooner++
	}
}

// waitUntil answers true when the request moved (or must continue as new) before the deadline.
func (r *keyRequest) waitUntil(ctx workflow.Context, from point, d okey.Deadline) bool {
	moved, _ := awaitFor(ctx, max(0, d.At.Sub(workflow.Now(ctx))), dueSummary(r.standing.Stage, d.Kind), func() bool {
		return r.point() != from || r.mustContinue(ctx)
	})
	return moved
}

func (r *keyRequest) waitForMove(ctx workflow.Context, from point) {
	_ = workflow.Await(ctx, func() bool { return r.point() != from || r.mustContinue(ctx) })
}

// fallDue does what a deadline asks for: a mail, or the end.
func (r *keyRequest) fallDue(ctx workflow.Context, d okey.Deadline) {
	if d.Kind == okey.DueExpiry {
		r.judge(ctx, okey.Matter{Kind: okey.MatterExpiry, Turn: r.standing.Turn})
		return
	}
	if kind, told := DueMail(r.standing.Stage, d.Kind); told {
		r.mail(ctx, okey.MailStep{Kind: kind, Ref: r.standing.Turn*100 + d.N}, dueSummary(r.standing.Stage, d.Kind))
	}
}

// DueMail is which mail a deadline of a stage sends; false for one that sends none.
func DueMail(stage okey.Stage, kind okey.DeadlineKind) (okey.MailKind, bool) {
	mail, sends := dueMails[due{stage, kind}]
	return mail, sends
}

type due struct {
	stage okey.Stage
	kind  okey.DeadlineKind
}

// dueMails says which mail a deadline sends.
var dueMails = map[due]okey.MailKind{
	{okey.AwaitingDecision, okey.DueReminder}: okey.MailRemindDecision,
	{okey.AwaitingDecision, okey.DueSupport}:  okey.MailDecisionLate,
	{okey.AwaitingStock, okey.DueOrder}:       okey.MailOrderReminder,
	{okey.AwaitingStock, okey.DueOrderAgain}:  okey.MailOrderLate,
	{okey.AwaitingStock, okey.DueMonthly}:     okey.MailStillWaiting,
	{okey.AwaitingCharter, okey.DueReminder}:  okey.MailRemindCharter,
	{okey.AwaitingHandover, okey.DueReminder}: okey.MailRemindHandover,
	{okey.AwaitingHandover, okey.DueSupport}:  okey.MailHandoverLate,
}

// takeSignals hands every signal to the judge, known or not, readable or not: none is lost and none does harm.
func (r *keyRequest) takeSignals(ctx workflow.Context) {
	r.awaitOpened(ctx)
	for {
		_ = workflow.Await(ctx, func() bool { return len(workflow.GetUnhandledSignalNames(ctx)) > 0 })
		names := workflow.GetUnhandledSignalNames(ctx)
		slices.Sort(names) // the SDK gives them in the order of a map
		for _, name := range names {
			var raw converter.RawValue
			if workflow.GetSignalChannel(ctx, name).ReceiveAsync(&raw) {
				r.judge(ctx, matterOf(okey.Signal(name), raw))
			}
		}
	}
}

// matterOf reads a signal. What can't be read is a matter too.
func matterOf(signal okey.Signal, raw converter.RawValue) okey.Matter {
	if !signal.Valid() {
		return okey.Matter{Kind: okey.MatterStray, Fault: okey.CodeUnknownSignal}
	}
	var carried okey.ActionSignal
	if payload := raw.Payload(); payload != nil {
		if err := converter.GetDefaultDataConverter().FromPayload(payload, &carried); err != nil {
			return okey.Matter{Kind: okey.MatterStray, Signal: signal, Fault: okey.CodeUnreadable}
		}
	}
	switch {
	case carried.Action != uuid.Nil:
		return okey.Matter{Kind: okey.MatterAction, Signal: signal, Action: carried.Action}
	case signal == okey.StockAvailable:
		return okey.Matter{Kind: okey.MatterNudge, Signal: signal}
	default:
		return okey.Matter{Kind: okey.MatterStray, Signal: signal, Fault: okey.CodeUnknownAction}
	}
}

// judge asks the judging activity, one matter at a time, adopts where the request stands then, and sets off what follows. The
// activity is tried until it answers: only a database that is away makes it wait.
func (r *keyRequest) judge(ctx workflow.Context, m okey.Matter) {
	r.pending++
	defer func() { r.pending-- }()
	_ = r.judging.Lock(ctx)
	defer r.judging.Unlock()
	m.Request, m.Waits, m.At = r.in.Request, r.in.Waits, workflow.Now(ctx).UTC()
	if m.Action == uuid.Nil {
		r.matters++
		m.Once = fmt.Sprintf("%s/%d", workflow.GetInfo(ctx).WorkflowExecution.RunID, r.matters)
	}
	v, err := r.verdict(ctx, m)
	if err != nil {
		workflow.GetLogger(ctx).Error("a matter could not be judged", "kind", m.Kind, "error", err)
		return
	}
	r.adopt(ctx, v.Standing)
	for _, step := range v.Mails {
		r.mail(ctx, step, mailsLeave)
	}
	if len(v.Woken) > 0 {
		r.wakeOthers(ctx)
	}
}

// verdict has a matter judged within the workflow task, mails included: a step costs the engine a third then. Where that does not come to
// its end at once, as while the database is away, the judging activity waits for as long as it takes: a second attempt answers what the
// first did.
//
// Who starts a request says that it may be so, and the version says that a worker did so: neither an older server nor an older worker
// beside this one leads a request where the other can't follow.
func (r *keyRequest) verdict(ctx workflow.Context, m okey.Matter) (v okey.Verdict, err error) {
	if r.in.JudgeLocally && workflow.GetVersion(ctx, "judge-locally", workflow.DefaultVersion, 1) != workflow.DefaultVersion {
		if workflow.ExecuteLocalActivity(localJudge(ctx, matterSummary(m)), okey.ActivityJudgeAndTell, m).Get(ctx, &v) == nil {
			return v, nil
		}
	}
	err = workflow.ExecuteActivity(stateActivity(ctx, matterSummary(m)), okey.ActivityJudge, m).Get(ctx, &v)
	return v, err
}

// mail sends one step's mails beside the flow. A step that can't be sent in five days is reported to support.
func (r *keyRequest) mail(ctx workflow.Context, step okey.MailStep, summary string) {
	order := okey.MailOrder{Request: r.in.Request, Step: step, At: workflow.Now(ctx).UTC()}
	r.running++
	workflow.Go(ctx, func(ctx workflow.Context) {
		defer func() { r.running-- }()
		if err := workflow.ExecuteActivity(mailActivity(ctx, summary), okey.ActivitySendMails, order).Get(ctx, nil); err == nil {
			return
		}
		order.Step = okey.MailStep{Kind: okey.MailUndelivered, Ref: step.Ref}
		_ = workflow.ExecuteActivity(lastResortActivity(ctx), okey.ActivitySendMails, order).Get(ctx, nil)
	})
}

// wakeOthers signals the requests that this one's end, or its key, was given on to.
func (r *keyRequest) wakeOthers(ctx workflow.Context) {
	r.running++
	workflow.Go(ctx, func(ctx workflow.Context) {
		defer func() { r.running-- }()
		_ = workflow.ExecuteActivity(stateActivity(ctx, othersGoOn), okey.ActivityWakeUp).Get(ctx, nil)
	})
}

// finish drains what is left, then ends or continues as new.
func (r *keyRequest) finish(ctx workflow.Context) error {
	r.showWhereItStands(ctx)
	_ = workflow.Await(ctx, func() bool {
		return r.running == 0 && r.pending == 0 && len(workflow.GetUnhandledSignalNames(ctx)) == 0
	})
	r.showWhereItStands(ctx) // what was drained may have moved it
	if r.over() {
		return nil
	}
	next := r.in
	next.Ask = uuid.Nil
	return workflow.NewContinueAsNewError(ctx, okey.WorkflowKeyRequest, next)
}
