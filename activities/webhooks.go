package activities

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"okey/okey"
	"okey/sql"
	"okey/webhook"

	"github.com/google/uuid"
	"go.temporal.io/sdk/temporal"
	"golang.org/x/sync/errgroup"
)

// Webhooks sends events to receivers.
type Webhooks struct {
	store     *sql.Store
	receivers map[string]*webhook.Receiver
}

// NewWebhooks makes the sender for the receivers of this worker's configuration.
func NewWebhooks(store *sql.Store, receivers []*webhook.Receiver) *Webhooks {
	w := &Webhooks{store: store, receivers: map[string]*webhook.Receiver{}}
	for _, r := range receivers {
		w.receivers[r.Name] = r
	}
	return w
}

// The bounds of a turn. While a key's event is not taken, what follows within the window of other keys goes on.
const (
	turnWindow = 1000
	turnLasts  = 30 * time.Second // nothing is begun later: what is under way ends within the patience of package webhook
	turnGives  = 3                // keys that fail without a success: the receiver is away, and is left in peace
)

// Deliver sends a receiver what waits for it: of one key in order, of several side by side. What it does not take keeps back what follows
// of that key, and nothing else. A receiver that has not taken the oldest for okey.WebhookPatience, or that answers 410, is stopped. An
// attempt that a killed worker had under way is made again: each event comes at least once. Only the workflow Webhook calls it.
func (w *Webhooks) Deliver(ctx context.Context, in okey.WebhookTurn) (okey.WebhookReport, error) {
	row, err := w.store.WebhookReceiver(ctx, in.Receiver)
	if err != nil || row.State == okey.WebhookAbsent {
		return okey.WebhookReport{State: okey.WebhookAbsent}, ignoreUnknown(err)
	}
	to := w.receivers[in.Receiver]
	if to == nil && (row.State == okey.WebhookActive || !row.TestAsked.IsZero()) {
		return okey.WebhookReport{}, leftToAnother(ctx, in.Receiver)
	}
	t := &turn{in: in, to: to, row: row, was: row}
	if err := t.tryOut(ctx); err != nil {
		return okey.WebhookReport{}, err
	}
	if row.State == okey.WebhookActive {
		if err := t.send(ctx, w.store); err != nil {
			return okey.WebhookReport{}, err
		}
	}
	kept, idle, err := w.store.EndTurn(context.WithoutCancel(ctx), t.ending(), t.answered)
	if err != nil {
		return okey.WebhookReport{}, err
	}
	if !kept {
		return okey.WebhookReport{State: okey.WebhookActive, More: true}, nil
	}
	return t.report(idle), nil
}

// leftToAnother has the engine try again: another worker's configuration has the receiver or, where it was just taken out of all of them,
// this one is about to say so. It is benign: the SDK would call it an error, before OKEY is ready even.
func leftToAnother(ctx context.Context, receiver string) error {
	slog.WarnContext(ctx, "a receiver of events is not in this worker's file: it is sent nothing from here", "receiver", receiver)
	return temporal.NewApplicationErrorWithOptions("receiver "+receiver+" is not in this worker's configuration", "receiver_elsewhere",
		temporal.ApplicationErrorOptions{Category: temporal.ApplicationErrorCategoryBenign})
}

func ignoreUnknown(err error) error {
	if okey.ErrorCode(err) == okey.CodeNotFound {
		return nil
	}
	return err
}

// turn is one round of attempts.
type turn struct {
	in       okey.WebhookTurn
	to       *webhook.Receiver
	row, was sql.WebhookReceiver
	answered time.Time // the trial that was sent

	mu        sync.Mutex
	done      map[int64]bool // events that the receiver has, or does not want
	waiting   map[okey.Serial]bool
	succeeded int
	failed    int
	anew      int           // of those, of keys of which nothing waited before
	asked     time.Duration // the longest Retry-After
	gone      bool
	more      bool
}

// tryOut sends the trial that support has asked for.
func (t *turn) tryOut(ctx context.Context) error {
	if t.row.TestAsked.IsZero() {
		return nil
	}
	trial := okey.OutboxEvent{ID: uuid.New(), Type: okey.EventTest, At: t.in.At, Serial: "TEST"}
	o, err := t.to.Send(ctx, trial, time.Now())
	if err != nil {
		return err
	}
	t.answered = t.row.TestAsked
	t.row.Tested = t.in.At
	t.row.TestStatus, t.row.TestError = o.Status, o.Failure
	return nil
}

func (t *turn) send(ctx context.Context, store *sql.Store) error {
	found, err := store.Events(ctx, t.row.Position, turnWindow)
	if err != nil {
		return err
	}
	if found.Gone > t.row.Position { // it was stopped, or absent, for longer than events are kept
		t.row.Missed += found.Gone - t.row.Position
		t.row.Position, t.row.MissedAt = found.Gone, t.in.At
	}
	t.done, t.waiting = map[int64]bool{}, map[okey.Serial]bool{}
	for _, seq := range t.row.Ahead {
		t.done[seq] = true
	}
	if !t.in.Retry {
		for _, serial := range t.row.Waiting {
			t.waiting[okey.Serial(serial)] = true
		}
	}
	if err := t.sendQueues(ctx, t.queues(found.Events)); err != nil {
		return err
	}
	t.advance(found.Events)
	if len(found.Events) == turnWindow { // there may be others behind
		t.more = t.more || t.row.Position > t.was.Position
		t.row.Seen = max(t.row.Seen, found.Last) // unless nothing can be done before what waits is taken
	}
	return nil
}

// queues are the events to send, by key, in order.
func (t *turn) queues(events []okey.OutboxEvent) [][]okey.OutboxEvent {
	at := map[okey.Serial]int{}
	var queues [][]okey.OutboxEvent
	for _, e := range events {
		t.row.Seen = max(t.row.Seen, e.Seq)
		switch {
		case t.done[e.Seq] || t.waiting[e.Serial]:
			continue
		case !t.to.Wants(e.Type):
			t.done[e.Seq] = true
			continue
		}
		n, begun := at[e.Serial]
		if !begun {
			n = len(queues)
			at[e.Serial], queues = n, append(queues, nil)
		}
		queues[n] = append(queues[n], e)
	}
	return queues
}

// sendQueues sends several keys' events side by side.
func (t *turn) sendQueues(ctx context.Context, queues [][]okey.OutboxEvent) error {
	began := time.Now()
	senders, ctx := errgroup.WithContext(ctx)
	senders.SetLimit(webhook.Together)
	for _, queue := range queues {
		senders.Go(func() error { return t.sendQueue(ctx, began, queue) })
	}
	return senders.Wait()
}

func (t *turn) sendQueue(ctx context.Context, began time.Time, queue []okey.OutboxEvent) error {
	for _, e := range queue {
		if t.over(began) {
			return nil
		}
		o, err := t.to.Send(ctx, e, time.Now())
		if err != nil {
			return err
		}
		if !t.note(e, o) {
			return nil
		}
	}
	return nil
}

// over tells whether nothing more is to be begun: what is left is for the next turn.
func (t *turn) over(began time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Since(began) > turnLasts {
		t.more = t.succeeded > 0
		return true
	}
	failed := t.failed
	if t.was.Alive {
		failed = t.anew
	}
	return t.gone || failed >= turnGives && t.succeeded == 0
}

// note keeps what became of an attempt, and tells whether the next of that key may follow.
func (t *turn) note(e okey.OutboxEvent, o webhook.Outcome) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.row.LastTry = t.in.At
	if o.Taken() {
		t.succeeded++
		t.done[e.Seq] = true
		t.row.LastSent = t.row.LastTry
		return true
	}
	t.failed++
	if !slices.Contains(t.was.Waiting, string(e.Serial)) {
		t.anew++
	}
	t.waiting[e.Serial] = true
	t.row.LastStatus, t.row.LastError = o.Status, o.Failure
	t.asked = max(t.asked, o.RetryAfter)
	t.gone = t.gone || o.Gone()
	return false
}

// advance moves the position past all that is done, and remembers what is done beyond.
func (t *turn) advance(events []okey.OutboxEvent) {
	t.row.Ahead = nil
	whole := true
	for _, e := range events {
		whole = whole && t.done[e.Seq]
		if whole {
			t.row.Position = e.Seq
		} else if t.done[e.Seq] {
			t.row.Ahead = append(t.row.Ahead, e.Seq)
		}
	}
	t.row.Waiting = nil
	for serial := range t.waiting {
		t.row.Waiting = append(t.row.Waiting, string(serial))
	}
	slices.Sort(t.row.Waiting)
}

// ending is the receiver as the turn leaves it.
func (t *turn) ending() sql.WebhookReceiver {
	if t.done != nil { // it was sent to
		t.judge()
	}
	t.row.Idle = !t.more
	return t.row
}

// judge says whether the receiver fails, since when, and when it is tried again.
func (t *turn) judge() {
	r := &t.row
	if t.anew > 0 || t.succeeded > 0 { // that what it did not take fails once more says nothing of the others
		r.Alive = t.succeeded > 0
	}
	if len(r.Waiting) == 0 {
		r.FailingSince, r.NextTry, r.Attempts, r.Alive, r.LastStatus, r.LastError = time.Time{}, time.Time{}, 0, true, 0, ""
		return
	}
	if t.in.Retry || r.Attempts == 0 {
		if r.Position > t.was.Position || r.FailingSince.IsZero() { // the oldest was taken: another one is, now
			r.FailingSince, r.Attempts = t.in.At, 0
		}
		r.Attempts++
		r.NextTry = t.in.At.Add(okey.WebhookPause(r.Attempts, r.Alive, t.asked))
	}
	if !t.in.Retry && t.succeeded > 0 && !t.was.Alive { // it is back: what it did not take need not wait for as long as it was away
		r.NextTry = t.in.At.Add(okey.WebhookPause(1, true, 0))
	}
	if t.gone || t.in.At.Sub(r.FailingSince) >= okey.WebhookPatience {
		r.State, r.NextTry = okey.WebhookStopped, time.Time{}
	}
}

// report tells the workflow what is to be done. idle is EndTurn's: there is nothing that the turn has not seen.
func (t *turn) report(idle bool) okey.WebhookReport {
	report := okey.WebhookReport{State: t.row.State, More: t.more}
	if t.row.State == okey.WebhookStopped {
		report.More = !idle
		if t.was.State == okey.WebhookActive {
			stop := okey.DerivedID(t.row.ID, "stopped "+t.in.At.Format(time.RFC3339Nano))
			report.Letters = []okey.MailOrder{{
				Subject: t.row.ID, Cause: stop, Step: okey.MailStep{Kind: okey.MailWebhookStopped, Ref: 1}, At: t.in.At,
			}}
		}
		return report
	}
	report.News = !idle && !t.more
	if !t.row.NextTry.IsZero() {
		report.Alive = t.row.Alive || len(t.row.Waiting) < turnGives // a few may fail by themselves: no other is kept back for them
		report.Pause = max(time.Second, t.row.NextTry.Sub(t.in.At))
	}
	return report
}
