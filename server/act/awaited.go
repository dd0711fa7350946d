package act

import (
	"context"
	"time"

	"okey/okey"
)

func TimeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Awaited is who or what a request waits for.
type Awaited struct {
	Who   awaitedKind `json:"who"`
	Name  string      `json:"name,omitempty"`
	Since time.Time   `json:"since"`
	Until *time.Time  `json:"until"` // when the request expires

	ID okey.PersonID `json:"-"` // of an approver or delegate
}

// awaitedKind is whom a request waits for.
type awaitedKind string

const (
	awaitedRequester awaitedKind = "requester"
	AwaitedApprover  awaitedKind = "approver"
	AwaitedDelegate  awaitedKind = "delegate"
	AwaitedSupport   awaitedKind = "support"
	AwaitedStock     awaitedKind = "stock"
)

func (a Awaited) named(id okey.PersonID) Awaited {
	a.ID = id
	return a
}

// WaitingFor lists who must do something now; nobody for a closed request.
func (s *Dispatcher) WaitingFor(ctx context.Context, r okey.Request, requester okey.Person) ([]Awaited, error) {
	one := func(who awaitedKind, name string) Awaited {
		return Awaited{Who: who, Name: name, Since: r.Since, Until: TimeOrNil(r.KeptUntil)}
	}
	switch r.Stage {
	case okey.AwaitingCharter:
		return []Awaited{one(awaitedRequester, requester.Name())}, nil
	case okey.AwaitingStock:
		return []Awaited{one(AwaitedStock, "")}, nil
	case okey.AwaitingDecision, okey.AwaitingHandover:
		return s.awaitedApprovers(ctx, r, one)
	}
	return []Awaited{}, nil
}

// awaitedApprovers lists approvers and today's delegates; support where there is none.
func (s *Dispatcher) awaitedApprovers(ctx context.Context, r okey.Request, one func(awaitedKind, string) Awaited) ([]Awaited, error) {
	today, err := s.store.Today(ctx, r.UAI, time.Now())
	if err != nil {
		return nil, err
	}
	approvers, err := s.store.Approvers(ctx, r.AnsweredBy(), today)
	if err != nil {
		return nil, err
	}
	scopes := []okey.Scope{okey.Everything}
	if r.Stage == okey.AwaitingHandover {
		scopes = append(scopes, okey.HandoverAndStock)
	}
	delegates, err := s.store.Delegates(ctx, r.AnsweredBy(), today, scopes...)
	if err != nil {
		return nil, err
	}
	list, seen := []Awaited{}, map[okey.PersonID]bool{r.Person: true}
	for _, p := range approvers {
		if !seen[p.ID] {
			list, seen[p.ID] = append(list, one(AwaitedApprover, p.Name()).named(p.ID)), true
		}
	}
	for _, p := range delegates {
		if !seen[p.ID] {
			list, seen[p.ID] = append(list, one(AwaitedDelegate, p.Name()).named(p.ID)), true
		}
	}
	if len(list) == 0 {
		list = append(list, one(AwaitedSupport, ""))
	}
	return list, nil
}
