// Package act is the one way through: permission, validation, the action row, the signal, the awaited outcome, and what a refusal means.
// Pages, API and emailed links all come here; it judges nothing itself, and of HTTP it knows how a fault is answered
// and a file comes in.
package act

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"okey/config"
	"okey/internal/telemetry"
	"okey/okey"
	"okey/server/respond"
	"okey/sql"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
)

// Dispatcher takes commands through.
type Dispatcher struct {
	store    *sql.Store
	outcomes *sql.Outcomes
	engine   Engine
	metrics  *respond.Metrics
	pinWork  pinWork
	peppers  config.Keyring
	ui       EngineUI

	undelivered *undelivered

	// Patience is OutcomeWait, unless a test has less time or a busier machine.
	Patience time.Duration
}

// New makes the one way through, until Close. The peppers precede the hash of a PIN.
func New(store *sql.Store, outcomes *sql.Outcomes, e Engine, metrics *respond.Metrics, peppers config.Keyring, ui EngineUI) *Dispatcher {
	s := &Dispatcher{
		store: store, outcomes: outcomes, engine: e, metrics: metrics, pinWork: newPINWork(), peppers: peppers, ui: ui,
		Patience: OutcomeWait,
	}
	s.undelivered = newUndelivered(e.Ready, s.redeliver)
	return s
}

// OutcomeWait is how long a person waits for the truth; after it, the action is merely recorded. It is contract.
const OutcomeWait = 3 * time.Second

// Command is what someone wants done, whichever way in it took: a page, the API, an emailed link.
type Command struct {
	Action  uuid.UUID // made with the form: the idempotency key
	Name    okey.ActionName
	Request uuid.UUID // of a signal; made here for ask
	Key     okey.Serial
	Subject uuid.UUID    // of an action about stock
	Content okey.Content // as typed
	PIN     string
	Current string // the PIN that another one replaces
	Via     okey.Via

	// Case is the request as the sender's page has just looked it up; nil: it is looked up here.
	Case *Case

	// Fault is why what was sent could not be read. Like all that is wrong with a command it is told only to those who may act.
	Fault error
}

// Outcome is what became of a command. Action.Verdict is nil where nobody has judged it within OutcomeWait.
type Outcome struct {
	Action okey.Action
}

// Recorded tells that the command is kept, and that nobody has judged it yet.
func (o Outcome) Recorded() bool { return o.Action.Verdict == nil }

// Accepted tells that it was judged, and done.
func (o Outcome) Accepted() bool { return o.Action.Verdict != nil && o.Action.Verdict.Accepted }

// Do is the one way through: permission, validation, the action row, the signal, the awaited outcome. The errors are okey's: not_found
// (also for what the actor may not see), forbidden, own_request, invalid (one or several, see respond.Invalid), charter_outdated,
// action_reused. A refusal by the judging activity is no error but an outcome; Explain says it in French.
func (s *Dispatcher) Do(ctx context.Context, actor okey.Actor, cmd Command) (Outcome, error) {
	action, closed, err := s.Record(ctx, actor, cmd)
	if err != nil {
		return Outcome{}, err
	}
	return s.Settle(ctx, action, closed)
}

// Record is the first half of Do: once it has answered without an error the command is kept, whatever becomes of this program. closed tells
// that its request was, already.
func (s *Dispatcher) Record(ctx context.Context, actor okey.Actor, cmd Command) (action okey.Action, closed bool, err error) {
	cmd = cmd.identified(actor)
	if cmd.Fault != nil {
		return okey.Action{}, false, s.faulty(ctx, actor, cmd)
	}
	telemetry.Note(ctx, "action", cmd.Action.String())
	cmd, typed := cmd.Normalised() // told only to those who may act at all
	if done, again, err := s.repeated(ctx, actor, cmd); again || err != nil {
		return done, false, err
	}
	kind, known := kinds[cmd.Name]
	if !known {
		return okey.Action{}, false, typed
	}
	found, err := kind.permit(ctx, s, actor, cmd)
	if wrong := Together(typed, err); wrong != nil {
		return okey.Action{}, false, wrong
	}
	if err := s.check(ctx, found.request, cmd); err != nil {
		return okey.Action{}, false, err
	}
	cmd.Via = found.via
	if action, err = s.seal(ctx, actor, cmd); err != nil {
		return okey.Action{}, false, err
	}
	action, err = s.store.RecordAction(ctx, action)
	return action, found.request.Stage.Closed(), err
}

// identified is the command with the id of what it is about, where the command itself makes that: a request, an order, a move.
func (cmd Command) identified(actor okey.Actor) Command {
	about := cmd.Name.Kind().About
	switch {
	case cmd.Name == okey.ActionAsk:
		cmd.Request = okey.RequestIDOf(actor.ID, cmd.Action)
	case about != okey.ThingRequest && about != okey.ThingKey && cmd.Subject == uuid.Nil:
		cmd.Subject = okey.DerivedID(cmd.Action, string(cmd.Name))
	}
	return cmd
}

// faulty says what is wrong with a command that could not be read, or, before that, that it is not the actor's to have.
func (s *Dispatcher) faulty(ctx context.Context, actor okey.Actor, cmd Command) error {
	err := s.Permit(ctx, actor, cmd)
	switch code := okey.ErrorCode(err); {
	case err == nil:
		return cmd.Fault
	case code == okey.CodeNotFound,
		code == okey.CodeForbidden,
		code == okey.CodeOwnRequest,
		respond.StatusOf(err) >= http.StatusInternalServerError:
		return err
	}
	return cmd.Fault // a reason is missing, say, which could not be read either
}

// repeated answers an action that this person has recorded before as it stands, whatever has changed since. An id that was used for
// something else is action_reused.
func (s *Dispatcher) repeated(ctx context.Context, actor okey.Actor, cmd Command) (okey.Action, bool, error) {
	recorded, err := s.store.Action(ctx, cmd.Action)
	if okey.ErrorCode(err) == okey.CodeNotFound {
		return okey.Action{}, false, nil
	}
	if err != nil {
		return okey.Action{}, false, err
	}
	same := recorded.By == actor.ID && recorded.Name == cmd.Name && recorded.Request == cmd.Request && recorded.Key == cmd.Key &&
		recorded.Subject == cmd.Subject
	if same {
		same, err = s.sealedAlike(ctx, recorded, cmd)
	}
	if err != nil || !same {
		if err == nil {
			err = okey.Errorf(okey.CodeActionReused, "Cet envoi a déjà servi pour autre chose : recommencez avec un nouveau.")
		}
		return okey.Action{}, true, err
	}
	return recorded, true, nil
}

// Settle brings a recorded action to its judge and waits for the outcome. It goes on when the person has left: the row stands.
func (s *Dispatcher) Settle(ctx context.Context, action okey.Action, closed bool) (Outcome, error) {
	outcome, err := s.settle(ctx, action, closed)
	if okey.ErrorCode(err) == okey.CodeNotFound {
		err = sql.ErrLeft // it was recorded a moment ago, in a database that another has taken over from
	}
	return outcome, err
}

func (s *Dispatcher) settle(ctx context.Context, action okey.Action, closed bool) (Outcome, error) {
	defer func() { s.metrics.Acted(action) }()
	if action.Verdict != nil {
		return Outcome{action}, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Patience)
	defer cancel()
	if closed {
		refused, err := s.store.RefuseClosed(ctx, action.ID, time.Now().UTC())
		if sql.Away(err) {
			s.undelivered.keep(action.ID)
			return Outcome{action}, nil // the row stands
		}
		if err != nil || refused.Verdict != nil {
			action = refused
			return Outcome{refused}, err
		}
	}
	expected := s.outcomes.Expect(action.ID)
	undelivered := s.engine.Deliver(ctx, action)
	if undelivered != nil {
		// No failure for the person: it is sent again as soon as the engine answers.
		s.undelivered.keep(action.ID)
		slog.WarnContext(ctx, "an action was recorded but not delivered yet", "action", action.ID, "name", action.Name,
			"error", undelivered)
	}
	judged, err := expected.Wait(ctx)
	if sql.Away(err) {
		slog.WarnContext(ctx, "what became of an action can't be read now", "action", action.ID, "name", action.Name, "error", err)
		return Outcome{action}, nil // the row stands: that is what is said
	}
	if err == nil {
		action = judged
	}
	if err == nil && action.Verdict == nil {
		action, err = s.promise(ctx, action, undelivered == nil)
	}
	return Outcome{action}, err
}

// promise notes that the sender is told "C'est enregistré". Where even that can't be written the row stands all the same, and says nothing
// to its sender should it be refused; where there is no row, nothing is promised.
func (s *Dispatcher) promise(ctx context.Context, action okey.Action, delivered bool) (okey.Action, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), OutcomeWait)
	defer cancel()
	kept, err := s.store.Promise(ctx, action.ID, time.Now().UTC(), delivered)
	if err != nil {
		slog.WarnContext(ctx, "a promise could not be noted", "action", action.ID, "error", err)
		if okey.ErrorCode(err) != okey.CodeNotFound {
			err = nil
		}
		return action, err
	}
	return kept, nil
}

// PassOn brings actions to their judge without waiting for what becomes of them. What is not taken now is sent again when the engine
// answers.
func (s *Dispatcher) PassOn(ctx context.Context, actions []okey.Action) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), OutcomeWait)
	defer cancel()
	away := false
	for _, a := range actions {
		if a.Verdict == nil {
			if !away {
				if err := s.engine.Deliver(ctx, a); err != nil {
					slog.WarnContext(ctx, "answers were recorded but not delivered yet", "action", a.ID, "error", err)
					away = true
				}
			}
			if away {
				s.undelivered.keep(a.ID)
			}
			_, _ = s.promise(ctx, a, !away) // nobody waits for what becomes of it
		}
		s.metrics.Acted(a)
	}
}

// Tell has those concerned told of what is written, later where the engine is away.
func (s *Dispatcher) Tell(ctx context.Context, told okey.Action) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), OutcomeWait)
	defer cancel()
	if err := s.engine.Deliver(ctx, told); err != nil {
		s.undelivered.keep(told.ID)
		slog.WarnContext(ctx, "what was arranged is told later", "action", told.ID, "name", told.Name, "error", err)
	}
}

// AwaitReplacement gives the request as long as any action to learn that its key is gone. A request that had let go of it meanwhile
// (withdrawn, expired) has nothing to learn.
func (s *Dispatcher) AwaitReplacement(ctx context.Context, change okey.Action) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Patience)
	defer cancel()
	_, err := s.outcomes.Wait(ctx, okey.DerivedID(change.ID, string(okey.KeyUnavailable)))
	if okey.ErrorCode(err) == okey.CodeNotFound {
		return nil
	}
	return err
}

// Signalled is a command that becomes a signal of its request.
func Signalled(signal okey.Signal, content okey.Content) Command {
	return Command{Name: okey.ActionOf(signal), Content: content}
}

// Read notes the id of the action, and what could not be read.
func (cmd *Command) Read(c *gin.Context, unread error) {
	action, fault := respond.ActionOf(c)
	if unread != nil {
		fault = unread
	}
	cmd.Action, cmd.Fault = action, fault
}

// Engine is what the server asks of the workflow engine: package engine, or in tests the same judges without the way between.
type Engine interface {
	// Deliver brings a recorded action to its workflow. An error means: not now.
	Deliver(ctx context.Context, a okey.Action) error
	// Ready tells whether the engine answers.
	Ready(ctx context.Context) error
	// CountRunning counts the requests whose workflow runs, and RunningRequests names them: as the engine's lists see it, a little late.
	CountRunning(ctx context.Context) (int, error)
	RunningRequests(ctx context.Context) (map[uuid.UUID]bool, error)
	// RunID is the current run of a workflow, empty where there is none, and RunIDs the latest ones of several, a little late.
	RunID(ctx context.Context, workflow string) (string, error)
	RunIDs(ctx context.Context, workflows []string) (map[string]string, error)
}
