package demo

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"okey/activities"
	"okey/activities/mails"
	"okey/calendar"
	"okey/config"
	"okey/mail"
	"okey/okey"
	"okey/server/act"
	"okey/sql"
	"okey/workflows"

	"github.com/google/uuid"
	"go.temporal.io/sdk/temporal"
)

// Options are what a year is made with.
type Options struct {
	Store    *sql.Store
	Config   config.Config
	Calendar *calendar.Calendar
	Now      time.Time // with which the year ends; the same at each attempt
	Scale    int       // how many times as many schools as one year has
	From     int       // steps that an earlier attempt has done, as far as it said

	// Done notes after each step how many are: another attempt goes on from there.
	Done func(steps int) error
	// Say hears now and then how many requests were made, and until when the year has come.
	Say func(requests int, until time.Time)
	// Keep takes the last letters of the year, oldest first, as their relay would.
	Keep func(from string, to []string, message []byte) error
}

const (
	days   = 274 // of a year: nine months
	recent = 14 * 24 * time.Hour
	justly = 5 * 24 * time.Hour // whoever is concerned was then, too
	seed   = 20260901

	// overlap is how many steps are looked at once more: a database that was killed itself may have lost its last moment.
	overlap = 100
)

// Before is when all was ready for a year that ends now.
func Before(now time.Time) time.Time { return now.AddDate(0, 0, -days-28) }

// space is the ground of the ids of what people did.
var space = uuid.MustParse("5f0b6b0e-2a67-5d0c-9d2e-6f6b65790064")

// Year fills a new OKEY with the small demonstration and a year around it, and returns the actions whose workflows are to run: of what is
// open, and of the last days. What an earlier attempt has done is not done twice: its verdicts lead the way through it again.
func Year(ctx context.Context, o Options) ([]okey.Action, error) {
	post, err := newPost()
	if err != nil {
		return nil, err
	}
	defer post.close()
	y := &year{
		Options: o, luck: rand.New(rand.NewPCG(seed, seed)), end: o.Now.UTC().Truncate(time.Second),
		requests: activities.NewRequests(o.Store, o.Calendar), keys: activities.NewKeys(o.Store, o.Calendar),
		stock: activities.NewStock(o.Store).For(activities.Buyer{
			Academy: o.Config.AcademyName, Contact: o.Config.SupportMail, Supplier: o.Config.SupplierMail,
		}),
		orders: activities.NewOrders(o.Store, nil, o.Calendar), watch: activities.NewWatch(o.Store),
		mailer: mails.New(o.Store, mail.NewSender(post.relay(), o.Config.MailFrom, o.Config.SupportMail), o.Calendar, mails.Settings{
			URL: o.Config.URL, Academy: o.Config.AcademyName, Support: o.Config.SupportMail, Supplier: o.Config.SupplierMail,
			LinkKeys: o.Config.LinkKeys, Waits: okey.DefaultWaits(),
		}),
		asked: map[uuid.UUID]*request{}, support: &person{Person: support},
	}
	y.From -= overlap
	y.start = y.end.AddDate(0, 0, -days)
	y.populate()
	if err := y.run(ctx); err != nil {
		return nil, fmt.Errorf("live the year: %w", err)
	}
	return y.running(), post.hand(o.Keep)
}

// year is a year under way. All that its people decide follows from luck, which is the same each time, and from what was judged.
type year struct {
	Options
	start, end time.Time
	luck       *rand.Rand
	steps      steps
	pushed     int
	done       int
	again      bool // this step was done by an earlier attempt

	requests *activities.Requests
	keys     *activities.Keys
	stock    *activities.Stock
	orders   *activities.Orders
	watch    *activities.Watch
	mailer   *mails.Mailer

	schools []*school
	people  []*person
	support *person
	late    *person // whose key ends soon
	serials int
	asked   map[uuid.UUID]*request
	acted   []okey.Action
}

// step is what somebody does at an instant. Those of one instant are taken in the order in which they were planned.
type step struct {
	at    time.Time
	order int
	do    func(ctx context.Context, at time.Time) error
}

type steps []step

// Len implements heap.Interface.
func (s steps) Len() int { return len(s) }

// Less implements heap.Interface.
func (s steps) Less(i, j int) bool {
	return s[i].at.Before(s[j].at) || s[i].at.Equal(s[j].at) && s[i].order < s[j].order
}

// Swap implements heap.Interface.
func (s steps) Swap(i, j int) { s[i], s[j] = s[j], s[i] }

// Push implements heap.Interface.
func (s *steps) Push(one any) { *s = append(*s, one.(step)) }

// Pop implements heap.Interface.
func (s *steps) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}

// plan has something done at an instant. What would come after the year is for those who use the demonstration.
func (y *year) plan(at time.Time, do func(ctx context.Context, at time.Time) error) {
	if at.Before(y.end) {
		y.pushed++
		heap.Push(&y.steps, step{at.UTC(), y.pushed, do})
	}
}

// once plans what decides nothing: an attempt that comes after leaves it out.
func (y *year) once(at time.Time, do func(ctx context.Context, at time.Time) error) {
	y.plan(at, func(ctx context.Context, at time.Time) error {
		if y.again {
			return nil
		}
		return errors.Join(do(ctx, at), y.followUp(ctx, at))
	})
}

func (y *year) run(ctx context.Context) error {
	for y.steps.Len() > 0 {
		next := heap.Pop(&y.steps).(step)
		y.again = y.done < y.From
		if err := errors.Join(ctx.Err(), next.do(ctx, next.at)); err != nil {
			return fmt.Errorf("%s: %w", next.at.Format(time.RFC3339), err)
		}
		y.done++
		if y.again {
			continue
		}
		if err := y.Done(y.done); err != nil {
			return err
		}
		y.Say(len(y.asked), next.at)
	}
	return nil
}

// act has somebody do something, and has it judged, told and followed as production does. fill completes the command with what the
// database says then. Done before, it is answered as it was.
func (y *year) act(ctx context.Context, at time.Time, by *person, cmd act.Command, fill func(*act.Command) error) (okey.Action, error) {
	by.acted++
	cmd.Action = okey.DerivedID(space, fmt.Sprintf("%s/%d", by.UID, by.acted))
	if !y.again {
		if err := y.judge(ctx, at, by, cmd, fill); err != nil {
			return okey.Action{}, fmt.Errorf("%s of %s: %w", cmd.Name, by.UID, err)
		}
	}
	a, err := y.Store.Action(ctx, cmd.Action)
	if err == nil && a.Verdict == nil {
		err = errors.New("nobody has judged it")
	}
	if err != nil {
		return a, fmt.Errorf("%s of %s: %w", cmd.Name, by.UID, err)
	}
	if !a.Verdict.Accepted {
		slog.Warn("something of the demonstration was refused", "action", a.ID, "name", a.Name, "at", at, "reason", a.Verdict.Reason)
	}
	y.acted = append(y.acted, a)
	return a, y.wake(ctx, at, a)
}

func (y *year) judge(ctx context.Context, at time.Time, by *person, cmd act.Command, fill func(*act.Command) error) error {
	if err := y.know(ctx, by); err != nil {
		return err
	}
	a, err := y.Store.Action(ctx, cmd.Action)
	if okey.ErrorCode(err) == okey.CodeNotFound {
		a, err = y.record(ctx, at, by, cmd, fill)
	}
	if err != nil {
		return err
	}
	return errors.Join(y.decide(ctx, at, a), y.followUp(ctx, at))
}

func (y *year) record(ctx context.Context, at time.Time, by *person, cmd act.Command, fill func(*act.Command) error) (okey.Action, error) {
	if fill != nil {
		if err := fill(&cmd); err != nil {
			return okey.Action{}, err
		}
	}
	a, err := act.Seal(y.Config.PINPeppers, by.Person, cmd, at)
	if err != nil {
		return a, err
	}
	return y.Store.RecordAction(ctx, a)
}

// decide has an action judged by whoever judges its kind, and its letters sent.
func (y *year) decide(ctx context.Context, at time.Time, a okey.Action) error {
	switch {
	case a.Name == okey.ActionAsk:
		return y.matter(ctx, okey.Matter{Kind: okey.MatterOpen, Request: a.Request, Action: a.ID, At: at})
	case a.Name.Kind().About == okey.ThingRequest:
		return y.matter(ctx, okey.Matter{Kind: okey.MatterAction, Request: a.Request, Action: a.ID, Signal: a.Name.Signal(), At: at})
	case a.Name == okey.ActionKeyChange:
		v, err := y.keys.Change(ctx, okey.KeyMatter{Action: a.ID, At: at})
		for _, letter := range v.Mails {
			err = errors.Join(err, y.send(ctx, okey.MailOrder{Key: v.Key, Cause: a.ID, Step: letter, At: at}))
		}
		return err
	}
	v, err := y.stock.Change(ctx, okey.StockMatter{Action: a.ID, At: at})
	for _, letter := range v.Letters {
		err = errors.Join(err, y.send(ctx, letter))
	}
	return err
}

func (y *year) matter(ctx context.Context, m okey.Matter) error {
	m.Waits = okey.DefaultWaits()
	v, err := y.requests.Judge(ctx, m)
	for _, letter := range v.Mails {
		err = errors.Join(err, y.send(ctx, okey.MailOrder{Request: m.Request, Step: letter, At: m.At}))
	}
	return err
}

// followUp has all judged that followed by itself.
func (y *year) followUp(ctx context.Context, at time.Time) error {
	for {
		found, err := y.Store.FollowUps(ctx, 100)
		if err != nil || len(found) == 0 {
			return err
		}
		for _, a := range found {
			if err := y.decide(ctx, at, a); err != nil {
				return err
			}
		}
	}
}

// send sends a step's letters; those that are to wait, for others that go along, an hour later at most.
func (y *year) send(ctx context.Context, order okey.MailOrder) error {
	for range 70 {
		_, err := y.mailer.SendMails(ctx, order)
		wait, waits := errors.AsType[*temporal.ApplicationError](err)
		if !waits || wait.NextRetryDelay() == 0 {
			return err
		}
		if order.At = order.At.Add(wait.NextRetryDelay()); order.At.After(y.end) {
			return nil // its workflow sends it
		}
	}
	return nil
}

// wake has the requests that an action gave a key look for it.
func (y *year) wake(ctx context.Context, at time.Time, cause okey.Action) error {
	for _, id := range cause.Verdict.Woken {
		m := okey.Matter{Kind: okey.MatterNudge, Request: id, Signal: okey.StockAvailable, Once: cause.ID.String(), At: at}
		if err := y.byItself(ctx, okey.ActionOf(okey.StockAvailable), m); err != nil {
			return err
		}
	}
	return nil
}

// byItself has a matter judged that nobody recorded, and goes on where its request moved.
func (y *year) byItself(ctx context.Context, name okey.ActionName, m okey.Matter) error {
	if !y.again {
		if err := y.matter(ctx, m); err != nil {
			return err
		}
	}
	kept, err := y.Store.Action(ctx, okey.DerivedID(m.Request, string(name)+"/"+m.Once))
	if okey.ErrorCode(err) == okey.CodeNotFound {
		return nil // it stood where it stands
	}
	if err != nil || kept.Verdict == nil {
		return err
	}
	y.follow(y.asked[m.Request], m.At, kept.Verdict.Standing)
	return y.wake(ctx, m.At, kept)
}

// follow has the next things happen to a request that has come to a stage: what falls due, and what its people do.
func (y *year) follow(r *request, at time.Time, s okey.Standing) {
	if s.Turn == r.turn {
		return
	}
	r.turn, r.stage = s.Turn, s.Stage
	if s.Stage.Closed() {
		y.closed(r, at)
		return
	}
	due := s.Deadlines
	for n := 1; s.Stage == okey.AwaitingStock && n < 10; n++ {
		due = append(due, okey.Deadline{Kind: okey.DueMonthly, N: n, At: s.Since.AddDate(0, 0, 30*n)})
	}
	for _, d := range due {
		y.plan(d.At, func(ctx context.Context, at time.Time) error { return y.fallDue(ctx, at, r, s, d) })
	}
	y.live(r, at)
}

func (y *year) fallDue(ctx context.Context, at time.Time, r *request, s okey.Standing, d okey.Deadline) error {
	if r.turn != s.Turn {
		return nil
	}
	if d.Kind == okey.DueExpiry {
		once := fmt.Sprintf("year/%d", s.Turn)
		return y.byItself(ctx, okey.ActionExpire, okey.Matter{Kind: okey.MatterExpiry, Request: r.id, Turn: s.Turn, Once: once, At: at})
	}
	letter, tells := workflows.DueMail(s.Stage, d.Kind)
	if !tells || y.again {
		return nil
	}
	return y.send(ctx, okey.MailOrder{Request: r.id, Step: okey.MailStep{Kind: letter, Ref: s.Turn*100 + d.N}, At: at})
}

// running are the actions whose workflows are to run: those of requests and orders that are open, or were until a few days ago, and what
// was done in these days.
func (y *year) running() []okey.Action {
	var found []okey.Action
	for _, a := range y.acted {
		r := y.asked[a.Request]
		switch about := a.Name.Kind().About; {
		case a.Name == okey.ActionAsk && r != nil && (!r.stage.Closed() || r.since.After(y.end.Add(-recent))),
			a.Name == okey.ActionOrder,
			about != okey.ThingRequest && about != okey.ThingOrder && a.CreatedAt.After(y.end.Add(-justly)):
			found = append(found, a)
		}
	}
	return found
}

// know reads who somebody is in the database.
func (y *year) know(ctx context.Context, p *person) error {
	if p.ID != uuid.Nil {
		return nil
	}
	found, err := y.Store.PersonByUID(ctx, p.UID)
	p.ID = found.ID
	return err
}
