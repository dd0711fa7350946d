package act

import (
	"context"
	"time"

	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// Case is a request as the permission table sees it for one person, on a day: what a command about it is held against.
type Case struct {
	sql.RequestRecord
	Subject okey.Subject // with a reason: whether there is one, the command says
	Today   okey.Day     // there

	responders []okey.Responder
}

// CaseOf loads a request for a person, whether they may see it or not; not_found where there is none.
func (s *Dispatcher) CaseOf(ctx context.Context, actor okey.PersonID, id uuid.UUID) (Case, error) {
	record, err := s.store.RequestRecord(ctx, id)
	if err != nil {
		return Case{}, err
	}
	return s.CaseAt(ctx, actor, record)
}

// CaseAt is CaseOf for a request that is there already.
func (s *Dispatcher) CaseAt(ctx context.Context, actor okey.PersonID, r sql.RequestRecord) (Case, error) {
	today := okey.DayOf(time.Now(), okey.ZoneOf(r.Place.Academy))
	responders, err := s.store.Responders(ctx, r.AnsweredBy(), today)
	return Case{
		RequestRecord: r, Today: today, responders: responders,
		Subject: okey.Subject{
			Owner: r.Person, UAI: r.AnsweredBy(), Stage: r.Stage, HasReason: true, OtherApprovers: okey.OtherApprovers(responders, actor),
		},
	}, err
}

// caseOf is the case of a command about a request.
func (s *Dispatcher) caseOf(ctx context.Context, actor okey.Actor, cmd Command) (Case, error) {
	if cmd.Case != nil && cmd.Case.ID == cmd.Request {
		return *cmd.Case, nil
	}
	c, err := s.CaseOf(ctx, actor.ID, cmd.Request)
	return c, s.notYet(ctx, actor, cmd.Request, err)
}

// notYet makes unavailable of not_found where the request was asked for and nobody has judged that yet, for whoever will see it. While the
// engine is away its asker alone knows of it; after a fail-over, heads know of requests that the new database has yet to judge again.
func (s *Dispatcher) notYet(ctx context.Context, actor okey.Actor, id uuid.UUID, err error) error {
	if okey.ErrorCode(err) != okey.CodeNotFound {
		return err
	}
	ask, askErr := s.store.AskOf(ctx, id)
	if askErr != nil || ask.Verdict != nil {
		return err
	}
	subject := okey.Subject{Owner: ask.By, UAI: ask.Content.Establishment}
	if okey.May(okey.ActSee, actor, subject, okey.DayOf(time.Now(), okey.ZoneOf(""))) != nil {
		return err
	}
	return okey.Errorf(okey.CodeUnavailable,
		"Cette demande est enregistrée, OKEY n'a pas encore fini de la traiter : réessayez dans quelques secondes.")
}

// OwnAsk is the actor's own asking for a request that could not be shown to them: it waits for its judge, or was refused.
func (s *Dispatcher) OwnAsk(ctx context.Context, actor okey.Actor, id uuid.UUID, err error) (okey.Action, bool) {
	if code := okey.ErrorCode(err); code != okey.CodeNotFound && code != okey.CodeUnavailable {
		return okey.Action{}, false
	}
	ask, err := s.store.AskOf(ctx, id)
	return ask, err == nil && ask.By == actor.ID
}

// Visible loads a request for someone who may see it; not_found otherwise, and unavailable as long as it is not judged.
func (s *Dispatcher) Visible(ctx context.Context, actor okey.Actor, id uuid.UUID) (Case, error) {
	c, err := s.CaseOf(ctx, actor.ID, id)
	if err != nil {
		return c, s.notYet(ctx, actor, id, err)
	}
	return c, okey.May(okey.ActSee, actor, c.Subject, c.Today)
}

// Reach is how far the actor's lists go.
func Reach(actor okey.Actor) sql.Reach {
	// Functions end at midnight of the establishment; a list may show it for the hours that Paris is ahead.
	today := okey.DayOf(time.Now(), okey.ZoneOf(""))
	return sql.Reach{All: actor.Support || actor.Auditor, Person: actor.ID, UAIs: actor.Answers(today)}
}

// NoSuchKey is not_found, for what is not there and what is not the reader's alike.
func NoSuchKey() error {
	return okey.Errorf(okey.CodeNotFound, "Cette clef n'existe pas, ou elle n'est pas pour vous.")
}

// NoSuchOrder is not_found in the same way.
func NoSuchOrder() error {
	return okey.Errorf(okey.CodeNotFound, "Cette commande n'existe pas, ou elle n'est pas pour vous.")
}

// VisibleOrder is an order that the actor may see; not_found otherwise.
func (s *Dispatcher) VisibleOrder(ctx context.Context, actor okey.Actor, text string) (sql.ListedOrder, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return sql.ListedOrder{}, NoSuchOrder()
	}
	o, err := s.store.Order(ctx, id)
	if err != nil {
		return o, err
	}
	return o, s.PermitAt(ctx, actor, okey.ActSee, o.UAI)
}

// OrderCursor is where a page of orders ended.
type OrderCursor struct {
	At time.Time `json:"a"`
	ID uuid.UUID `json:"i"`
}

// SeesExports lets support and auditors through.
func (s *Dispatcher) SeesExports(actor okey.Actor) error {
	return okey.May(okey.ActSeeDesk, actor, okey.Subject{}, okey.DayOf(time.Now(), okey.ZoneOf("")))
}

// VisibleExport is an export for support and auditors; not_found where there is none of that id.
func (s *Dispatcher) VisibleExport(ctx context.Context, actor okey.Actor, text string) (sql.Export, error) {
	if err := s.SeesExports(actor); err != nil {
		return sql.Export{}, err
	}
	id, err := uuid.Parse(text)
	if err != nil {
		return sql.Export{}, okey.Errorf(okey.CodeNotFound, "Ce classeur n'existe pas, ou il n'est pas pour vous.")
	}
	return s.store.Export(ctx, id)
}

// RequestCursor is where a page of requests ended.
type RequestCursor struct {
	AskedAt time.Time `json:"t"`
	ID      uuid.UUID `json:"i"`
}
