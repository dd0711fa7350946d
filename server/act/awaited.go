package act

import (
	"context"
	"time"

	"okey/okey"
	"okey/server/respond"
	"okey/sql"
)

// Awaited is who or what a request waits for.
type Awaited struct {
	Who   AwaitedKind `json:"who"`
	Name  string      `json:"name,omitempty"`
	Since time.Time   `json:"since"`
	Until *time.Time  `json:"until"` // when the request expires

	ID okey.PersonID `json:"-"` // of an approver or delegate
}

// AwaitedKind is whom a request waits for. The values are contract.
type AwaitedKind string

// Whom a request may wait for.
const (
	AwaitedRequester AwaitedKind = "requester"
	AwaitedApprover  AwaitedKind = "approver"
	AwaitedDelegate  AwaitedKind = "delegate"
	AwaitedSupport   AwaitedKind = "support"
	AwaitedStock     AwaitedKind = "stock"
)

// WaitingFor lists who must do something now; nobody for a closed request.
func (s *Dispatcher) WaitingFor(ctx context.Context, r sql.RequestRecord) ([]Awaited, error) {
	c := Case{RequestRecord: r}
	var err error
	if r.Stage == okey.AwaitingDecision || r.Stage == okey.AwaitingHandover {
		c, err = s.CaseAt(ctx, okey.PersonID{}, r)
	}
	return c.Waits(), err
}

// WhoAnswers lists, of each establishment, who answers a request that somebody makes there now.
func (s *Dispatcher) WhoAnswers(ctx context.Context, places []sql.Place, requester okey.Person) (map[okey.UAI][]Awaited, error) {
	now, days := time.Now(), map[okey.UAI]okey.Day{}
	for _, place := range places {
		days[place.AnsweredBy()] = okey.DayOf(now, okey.ZoneOf(place.Academy))
	}
	responders, err := s.store.RespondersOn(ctx, days)
	waits := make(map[okey.UAI][]Awaited, len(places))
	for _, place := range places {
		asked := okey.Request{UAI: place.UAI, Host: place.Host, Person: requester.ID, Stage: okey.AwaitingDecision, Since: now}
		waits[place.UAI] = Case{
			RequestRecord: sql.RequestRecord{Request: asked, Requester: requester, Place: place},
			responders:    responders[place.AnsweredBy()],
		}.Waits()
	}
	return waits, err
}

// Waits lists who must do something now; nobody for a closed request. Who answers and who hands over, the permission table says.
func (c Case) Waits() []Awaited {
	one := func(who AwaitedKind, name string) Awaited {
		return Awaited{Who: who, Name: name, Since: c.Since, Until: respond.TimeOrNil(c.KeptUntil)}
	}
	switch c.Stage {
	case okey.AwaitingCharter:
		return []Awaited{one(AwaitedRequester, c.Requester.Name())}
	case okey.AwaitingStock:
		return []Awaited{one(AwaitedStock, "")}
	case okey.AwaitingDecision, okey.AwaitingHandover:
		list := []Awaited{}
		for _, r := range okey.Awaited(okey.ActOf(c.Stage.Awaits()), c.Person, c.responders) {
			a := one(awaitedRoles[r.Role], r.Name())
			a.ID = r.ID
			list = append(list, a)
		}
		if len(list) == 0 {
			list = append(list, one(AwaitedSupport, ""))
		}
		return list
	}
	return []Awaited{}
}

var awaitedRoles = map[okey.Role]AwaitedKind{
	okey.RoleApprover: AwaitedApprover, okey.RoleDelegate: AwaitedDelegate, okey.RoleStockDelegate: AwaitedDelegate,
}
