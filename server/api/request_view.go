package api

import (
	"context"
	"time"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
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
	Timeline   []eventView       `json:"timeline"`
	WaitingFor []act.Awaited     `json:"waiting_for"`
	Workflow   *act.WorkflowView `json:"workflow,omitempty"` // for support and auditors
}

type eventView struct {
	At      time.Time      `json:"at"`
	TriedAt *time.Time     `json:"tried_at,omitempty"`
	Event   okey.EventKind `json:"event"`
	By      *string        `json:"by"`
	Via     okey.Via       `json:"via"`
	Comment string         `json:"comment"`
	Key     *okey.Serial   `json:"key"`
}

// summary makes the view of one line of a list.
func (s *API) summary(r sql.ListedRequest) requestSummary {
	v := requestSummary{
		ID: r.ID, Stage: r.Stage, Establishment: r.UAI, EstablishmentName: r.Establishment,
		Requester: personView{Name: r.Requester.Name(), UID: r.Requester.UID},
		Need:      r.Need, Reason: r.Reason, AskedAt: r.AskedAt, Since: r.Since,
		Links: map[string]string{"self": s.url + requestPath(r.ID), "page": s.url + address.RequestURL(r.ID)},
	}
	if r.Key != "" {
		v.Key = &keyRef{r.Key}
	}
	return v
}

// requestView loads a request with all that its reader may know. The caller has seen to it that the reader may.
func (s *API) requestView(ctx context.Context, actor okey.Actor, id uuid.UUID) (requestView, error) {
	record, err := s.store.RequestRecord(ctx, id)
	if err != nil {
		return requestView{}, err
	}
	listed := sql.ListedRequest{Request: record.Request, Requester: record.Requester, Establishment: record.Place.Name}
	v := requestView{requestSummary: s.summary(listed)}
	events, err := s.store.Timeline(ctx, id)
	if err != nil {
		return requestView{}, err
	}
	v.Timeline = eventViews(events)
	if v.WaitingFor, err = s.act.WaitingFor(ctx, record); err != nil {
		return requestView{}, err
	}
	if actor.Support || actor.Auditor {
		v.Workflow = s.act.WorkflowOf(ctx, okey.RequestWorkflowID(id))
		if link := s.act.ThingLink(v.Workflow, v.Stage.Closed()); link != "" {
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
		if !e.TriedAt.IsZero() {
			views[i].TriedAt = &e.TriedAt
		}
	}
	return views
}
