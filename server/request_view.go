package server

import (
	"cmp"
	"context"
	"log/slog"
	"net/url"
	"time"

	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// requestSummary is a request as lists show it.
type requestSummary struct {
	ID                uuid.UUID          `json:"id"`
	Stage             okey.Stage         `json:"stage"`
	Establishment     okey.UAI           `json:"establishment"`
	EstablishmentName string             `json:"establishment_name"`
	Requester         personView         `json:"requester"`
	Need              string             `json:"need"`
	Reason            okey.RequestReason `json:"reason"`
	AskedAt           time.Time          `json:"asked_at"`
	Since             time.Time          `json:"since"`
	Key               *keyRef            `json:"key"`
	Links             map[string]string  `json:"links"`
}

type personView struct {
	Name string `json:"name"`
	UID  string `json:"uid,omitempty"`
}

type keyRef struct {
	Serial okey.Serial `json:"serial"`
}

// requestView is a request whole.
type requestView struct {
	requestSummary
	Timeline   []eventView   `json:"timeline"`
	WaitingFor []awaited     `json:"waiting_for"`
	Workflow   *workflowView `json:"workflow,omitempty"` // for support and auditors
}

type eventView struct {
	At      time.Time      `json:"at"`
	Event   okey.EventKind `json:"event"`
	By      *string        `json:"by"`
	Via     okey.Via       `json:"via"`
	Comment string         `json:"comment"`
	Key     *okey.Serial   `json:"key"`
}

// awaited is who or what a request waits for.
type awaited struct {
	Who   awaitedKind `json:"who"`
	Name  string      `json:"name,omitempty"`
	Since time.Time   `json:"since"`
	Until *time.Time  `json:"until"` // when the request expires

	id okey.PersonID // of an approver or delegate
}

// awaitedKind is whom a request waits for.
type awaitedKind string

const (
	awaitedRequester awaitedKind = "requester"
	awaitedApprover  awaitedKind = "approver"
	awaitedDelegate  awaitedKind = "delegate"
	awaitedSupport   awaitedKind = "support"
	awaitedStock     awaitedKind = "stock"
)

type workflowView struct {
	ID    string  `json:"id"`
	RunID *string `json:"run_id"` // null while the engine does not answer, or knows none
}

// summary makes the view of one line of a list.
func (s *Server) summary(r sql.ListedRequest, actor okey.Actor) requestSummary {
	v := requestSummary{
		ID: r.ID, Stage: r.Stage, Establishment: r.UAI, EstablishmentName: r.Establishment, Requester: personView{Name: r.Requester.Name()},
		Need: r.Need, Reason: r.Reason, AskedAt: r.AskedAt, Since: r.Since,
		Links: map[string]string{"self": s.url + requestPath(r.ID), "page": s.url + "/demandes/" + r.ID.String()},
	}
	if actor.Support || actor.Auditor || actor.ID == r.Person {
		v.Requester.UID = r.Requester.UID
	}
	if r.Key != "" {
		v.Key = &keyRef{r.Key}
	}
	return v
}

// requestView loads a request with all that its reader may know. The caller has seen to it that the reader may.
func (s *Server) requestView(ctx context.Context, actor okey.Actor, id uuid.UUID) (requestView, error) {
	request, err := s.store.Request(ctx, id)
	if err != nil {
		return requestView{}, err
	}
	requester, err := s.store.Person(ctx, request.Person)
	if err != nil {
		return requestView{}, err
	}
	places, err := s.store.Names(ctx, request.UAI)
	if err != nil {
		return requestView{}, err
	}
	v := requestView{requestSummary: s.summary(sql.ListedRequest{Request: request, Requester: requester, Establishment: places[request.UAI]}, actor)}
	events, err := s.store.Timeline(ctx, id)
	if err != nil {
		return requestView{}, err
	}
	v.Timeline = eventViews(events)
	if v.WaitingFor, err = s.waitingFor(ctx, request, requester); err != nil {
		return requestView{}, err
	}
	if actor.Support || actor.Auditor {
		v.Workflow = s.workflowOf(ctx, id)
		if link := s.workflowLink(v.Workflow); link != "" {
			v.Links["workflow"] = link
		}
	}
	return v, nil
}

func eventViews(events []okey.Event) []eventView {
	views := make([]eventView, len(events))
	for i, e := range events {
		views[i] = eventView{At: e.At, Event: e.Kind, Via: e.Via, Comment: e.Comment}
		if e.ByName != "" {
			views[i].By = &e.ByName
		}
		if e.Key != "" {
			views[i].Key = &e.Key
		}
	}
	return views
}

func (a awaited) named(id okey.PersonID) awaited {
	a.id = id
	return a
}

// waitingFor lists who must do something now; nobody for a closed request.
func (s *Server) waitingFor(ctx context.Context, r okey.Request, requester okey.Person) ([]awaited, error) {
	one := func(who awaitedKind, name string) awaited {
		return awaited{Who: who, Name: name, Since: r.Since, Until: timeOrNil(r.KeptUntil)}
	}
	switch r.Stage {
	case okey.AwaitingCharter:
		return []awaited{one(awaitedRequester, requester.Name())}, nil
	case okey.AwaitingStock:
		return []awaited{one(awaitedStock, "")}, nil
	case okey.AwaitingDecision, okey.AwaitingHandover:
		return s.awaitedApprovers(ctx, r, one)
	}
	return []awaited{}, nil
}

// awaitedApprovers lists approvers and today's delegates; support where there is none.
func (s *Server) awaitedApprovers(ctx context.Context, r okey.Request, one func(awaitedKind, string) awaited) ([]awaited, error) {
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
	list, seen := []awaited{}, map[okey.PersonID]bool{r.Person: true}
	for _, p := range approvers {
		if !seen[p.ID] {
			list, seen[p.ID] = append(list, one(awaitedApprover, p.Name()).named(p.ID)), true
		}
	}
	for _, p := range delegates {
		if !seen[p.ID] {
			list, seen[p.ID] = append(list, one(awaitedDelegate, p.Name()).named(p.ID)), true
		}
	}
	if len(list) == 0 {
		list = append(list, one(awaitedSupport, ""))
	}
	return list, nil
}

// workflowOf asks the engine for the current run; it may be away, and the page must not wait for it.
func (s *Server) workflowOf(ctx context.Context, id uuid.UUID) *workflowView {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	v := &workflowView{ID: okey.RequestWorkflowID(id)}
	run, err := s.engine.RunID(ctx, id)
	if err != nil {
		slog.DebugContext(ctx, "the engine did not tell a run", "request", id, "error", err)
		return v
	}
	if run != "" {
		v.RunID = &run
	}
	return v
}

// engineUI is where support looks into the engine; empty where no UI is configured.
type engineUI struct{ URL, Namespace string }

// workflowLink is where support opens a workflow; empty where no UI is configured.
func (s *Server) workflowLink(w *workflowView) string {
	if s.ui.URL == "" {
		return ""
	}
	link := s.ui.URL + "/namespaces/" + url.PathEscape(cmp.Or(s.ui.Namespace, "default")) + "/workflows/" + url.PathEscape(w.ID)
	if w.RunID != nil {
		link += "/" + url.PathEscape(*w.RunID) + "/history"
	}
	return link
}
