package act

import (
	"context"
	"time"

	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// SubjectOf is a request as the permission table sees it, and the day that it is there.
func (s *Dispatcher) SubjectOf(ctx context.Context, r okey.Request, actor okey.PersonID, hasReason bool) (okey.Subject, okey.Day, error) {
	today, err := s.store.Today(ctx, r.UAI, time.Now())
	if err != nil {
		return okey.Subject{}, today, err
	}
	approvers, err := s.store.Approvers(ctx, r.AnsweredBy(), today)
	return sql.SubjectOf(r, approvers, actor, hasReason), today, err
}

// Visible loads a request for someone who may see it; not_found otherwise.
func (s *Dispatcher) Visible(ctx context.Context, actor okey.Actor, id uuid.UUID) (okey.Request, error) {
	request, err := s.store.Request(ctx, id)
	if err != nil {
		return request, err
	}
	subject, today, err := s.SubjectOf(ctx, request, actor.ID, false)
	if err != nil {
		return request, err
	}
	return request, okey.May(okey.ActSee, actor, subject, today)
}

// Reach is how far the actor's lists go.
func Reach(actor okey.Actor) sql.Reach {
	// Functions end at midnight of the establishment; a list may show it for the hours that Paris is ahead.
	today := okey.DayOf(time.Now(), okey.ZoneOf(""))
	return sql.Reach{All: actor.Support || actor.Auditor, Person: actor.ID, UAIs: actor.Answers(today)}
}

func NoSuchKey() error {
	return okey.Errorf(okey.CodeNotFound, "Cette clef n'existe pas, ou elle n'est pas pour vous.")
}

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
	return o, s.PermitAt(ctx, actor, &Command{}, okey.ActSee, o.UAI)
}

type OrderCursor struct {
	At time.Time `json:"a"`
	ID uuid.UUID `json:"i"`
}

// SeesExports lets support and auditors through.
func (s *Dispatcher) SeesExports(actor okey.Actor) error {
	return okey.May(okey.ActSeeDesk, actor, okey.Subject{}, okey.DayOf(time.Now(), okey.ZoneOf("")))
}

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
