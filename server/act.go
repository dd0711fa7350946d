package server

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// outcomeWait is how long a person waits for the truth; after it, the action is merely recorded. It is contract.
const outcomeWait = 3 * time.Second

// wish is what someone wants done, whichever way in it took: a page, the API, an emailed link.
type wish struct {
	Action  uuid.UUID // made with the form: the idempotency key
	Name    okey.ActionName
	Request uuid.UUID // of a signal; made here for ask
	Key     okey.Serial
	Subject uuid.UUID    // of an action about stock
	Content okey.Content // as typed
	PIN     string
	Current string // the PIN that another one replaces
	Via     okey.Via

	// Fault is why what was sent could not be read. Like all that is wrong with a wish it is told only to those who may act.
	Fault error
}

// outcome is what became of a wish. Action.Verdict is nil where nobody has judged it within outcomeWait.
type outcome struct {
	Action okey.Action
}

func (o outcome) recorded() bool { return o.Action.Verdict == nil }
func (o outcome) accepted() bool { return o.Action.Verdict != nil && o.Action.Verdict.Accepted }

// act is the one way through: permission, validation, the action row, the signal, the awaited outcome. The errors are okey's: not_found
// (also for what the actor may not see), forbidden, own_request, invalid (one or several, see invalid), charter_outdated, action_reused.
// A refusal by the judging activity is no error but an outcome; explain says it in French.
func (s *Server) act(ctx context.Context, actor okey.Actor, w wish) (outcome, error) {
	action, closed, err := s.record(ctx, actor, w)
	if err != nil {
		return outcome{}, err
	}
	return s.settle(ctx, action, closed)
}

// record is the first half of act: once it has answered without an error the wish is kept, whatever becomes of this program. closed tells that
// its request was, already.
func (s *Server) record(ctx context.Context, actor okey.Actor, w wish) (action okey.Action, closed bool, err error) {
	if w.Name == okey.ActionAsk {
		w.Request = okey.RequestIDOf(actor.ID, w.Action)
	}
	// A change of PIN is about its key, new links about their request, the others about something that has an id of its own.
	if _, known := stockKinds[w.Name]; known && w.Subject == uuid.Nil && w.Request == uuid.Nil && w.Name != okey.ActionPINChange {
		w.Subject = okey.DerivedID(w.Action, string(w.Name))
	}
	if w.Fault != nil {
		return okey.Action{}, false, s.faulty(ctx, actor, w)
	}
	typed := w.normalise() // told only to those who may act at all
	if done, again, err := s.repeated(ctx, actor, w); again || err != nil {
		return done, false, err
	}
	subject, err := s.permit(ctx, actor, &w)
	if wrong := together(typed, err); wrong != nil {
		return okey.Action{}, false, wrong
	}
	if err := s.check(ctx, subject.request, w); err != nil {
		return okey.Action{}, false, err
	}
	if action, err = s.seal(ctx, actor, w); err != nil {
		return okey.Action{}, false, err
	}
	action, err = s.store.RecordAction(ctx, action)
	return action, subject.request.Stage.Closed(), err
}

// faulty says what is wrong with a wish that could not be read, or, before that, that it is not the actor's to have.
func (s *Server) faulty(ctx context.Context, actor okey.Actor, w wish) error {
	_, err := s.permit(ctx, actor, &w)
	switch code := okey.ErrorCode(err); {
	case err == nil:
		return w.Fault
	case code == okey.CodeNotFound, code == okey.CodeForbidden, code == okey.CodeOwnRequest, statusOf(err) >= http.StatusInternalServerError:
		return err
	}
	return w.Fault // a reason is missing, say, which could not be read either
}

// repeated answers an action that this person has recorded before as it stands, whatever has changed since. An id that was used for something
// else is action_reused.
func (s *Server) repeated(ctx context.Context, actor okey.Actor, w wish) (okey.Action, bool, error) {
	recorded, err := s.store.Action(ctx, w.Action)
	if okey.ErrorCode(err) == okey.CodeNotFound {
		return okey.Action{}, false, nil
	}
	if err != nil {
		return okey.Action{}, false, err
	}
	same := recorded.By == actor.ID && recorded.Name == w.Name && recorded.Request == w.Request && recorded.Key == w.Key && recorded.Subject == w.Subject
	if same {
		same, err = s.sealedAlike(ctx, recorded, w)
	}
	if err != nil || !same {
		if err == nil {
			err = okey.Errorf(okey.CodeActionReused, "Cet envoi a déjà servi pour autre chose : recommencez avec un nouveau.")
		}
		return okey.Action{}, true, err
	}
	return recorded, true, nil
}

// settle brings a recorded action to its judge and waits for the outcome. It goes on when the person has left: the row stands.
func (s *Server) settle(ctx context.Context, action okey.Action, closed bool) (outcome, error) {
	defer func() { s.metrics.acted(action) }()
	if action.Verdict != nil {
		return outcome{action}, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), outcomeWait)
	defer cancel()
	if closed {
		refused, err := s.store.RefuseClosed(ctx, action.ID, time.Now().UTC())
		if err != nil || refused.Verdict != nil {
			action = refused
			return outcome{refused}, err
		}
	}
	if err := s.engine.Deliver(ctx, action); err != nil {
		// No failure for the person: the repair watch sends it again.
		slog.WarnContext(ctx, "an action was recorded but not delivered yet", "action", action.ID, "name", action.Name, "error", err)
	}
	judged, err := s.outcomes.Wait(ctx, action.ID)
	if err == nil {
		action = judged
	}
	return outcome{action}, err
}

// passOn brings actions to their judge without waiting for what becomes of them. What is not taken now, the repair watch sends again.
func (s *Server) passOn(ctx context.Context, actions []okey.Action) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), outcomeWait)
	defer cancel()
	for _, a := range actions {
		if a.Verdict == nil {
			if err := s.engine.Deliver(ctx, a); err != nil {
				slog.WarnContext(ctx, "answers were recorded but not delivered yet", "action", a.ID, "error", err)
				return
			}
		}
		s.metrics.acted(a)
	}
}

// tell has those concerned told of what is written. Where the engine is away the repair watch does it.
func (s *Server) tell(ctx context.Context, told okey.Action) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), outcomeWait)
	defer cancel()
	if err := s.engine.Deliver(ctx, told); err != nil {
		slog.WarnContext(ctx, "what was arranged is told later", "action", told.ID, "name", told.Name, "error", err)
	}
}

// awaitReplacement gives the request as long as any action to learn that its key is gone. A request that had let go of it meanwhile (withdrawn,
// expired) has nothing to learn.
func (s *Server) awaitReplacement(ctx context.Context, change okey.Action) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), outcomeWait)
	defer cancel()
	_, err := s.outcomes.Wait(ctx, okey.DerivedID(change.ID, string(okey.KeyUnavailable)))
	if okey.ErrorCode(err) == okey.CodeNotFound {
		return nil
	}
	return err
}

// about is what a wish concerns, as it stood when permission was asked.
type about struct {
	request okey.Request
	key     okey.Key
}

// permit asks the permission table, and corrects the way in: support acting where only support may is support in someone's place.
func (s *Server) permit(ctx context.Context, actor okey.Actor, w *wish) (about, error) {
	switch w.Name {
	case okey.ActionAsk:
		return about{}, okey.May(okey.ActAsk, actor, okey.Subject{Owner: actor.ID}, okey.Day{})
	case okey.ActionKeyChange:
		key, err := s.permitKeyChange(ctx, actor, w)
		return about{key: key}, err
	}
	if kind, known := stockKinds[w.Name]; known {
		return about{}, kind.permit(ctx, s, actor, w)
	}
	request, err := s.store.Request(ctx, w.Request)
	if err != nil {
		return about{}, err
	}
	subject, today, err := s.subjectOf(ctx, request, actor.ID, w.Content.Comment != "")
	if err != nil {
		return about{}, err
	}
	act := okey.ActOf(w.Name.Signal())
	if err := okey.May(act, actor, subject, today); err != nil {
		return about{}, err
	}
	if inPlaceOfOthers(actor, func(a okey.Actor) error { return okey.May(act, a, subject, today) }) {
		w.Via = okey.ViaSupport
	}
	return about{request: request}, nil
}

func (s *Server) permitKeyChange(ctx context.Context, actor okey.Actor, w *wish) (okey.Key, error) {
	key, err := s.store.Key(ctx, w.Key)
	if err != nil {
		return key, err
	}
	subject, err := s.store.SubjectOfKey(ctx, key)
	if err != nil {
		return key, err
	}
	today, err := s.store.Today(ctx, key.UAI, time.Now())
	if err != nil {
		return key, err
	}
	reason := w.Content.KeyReason
	if !slices.Contains(okey.ChangeReasons(), reason) {
		reason = okey.ReasonLost // what every holder may declare: whoever may declare something is told that this is nothing
	}
	may := func(a okey.Actor) error { return okey.MayChangeKey(a, key, subject, reason, today) }
	if err := may(actor); err != nil {
		return key, err
	}
	if inPlaceOfOthers(actor, may) {
		w.Via = okey.ViaSupport
	}
	return key, nil
}

// inPlaceOfOthers tells whether an actor may do something by the role of support alone.
func inPlaceOfOthers(actor okey.Actor, may func(okey.Actor) error) bool {
	if !actor.Support {
		return false
	}
	actor.Support = false
	return may(actor) != nil
}

// subjectOf is a request as the permission table sees it, and the day that it is there.
func (s *Server) subjectOf(ctx context.Context, r okey.Request, actor okey.PersonID, hasReason bool) (okey.Subject, okey.Day, error) {
	today, err := s.store.Today(ctx, r.UAI, time.Now())
	if err != nil {
		return okey.Subject{}, today, err
	}
	approvers, err := s.store.Approvers(ctx, r.AnsweredBy(), today)
	return sql.SubjectOf(r, approvers, actor, hasReason), today, err
}

// visible loads a request for someone who may see it; not_found otherwise.
func (s *Server) visible(ctx context.Context, actor okey.Actor, id uuid.UUID) (okey.Request, error) {
	request, err := s.store.Request(ctx, id)
	if err != nil {
		return request, err
	}
	subject, today, err := s.subjectOf(ctx, request, actor.ID, false)
	if err != nil {
		return request, err
	}
	return request, okey.May(okey.ActSee, actor, subject, today)
}

// reach is how far the actor's lists go.
func reach(actor okey.Actor) sql.Reach {
	// Functions end at midnight of the establishment; a list may show it for the hours that Paris is ahead.
	today := okey.DayOf(time.Now(), okey.ZoneOf(""))
	return sql.Reach{All: actor.Support || actor.Auditor, Person: actor.ID, UAIs: actor.Answers(today)}
}
