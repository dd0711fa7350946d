package act

import (
	"cmp"
	"context"
	"log/slog"
	"net/url"
	"time"

	"okey/okey"
)

// WorkflowView is where a request, an order or an action is found in the engine.
type WorkflowView struct {
	ID    string  `json:"id"`
	RunID *string `json:"run_id"` // null while the engine does not answer, or knows none
}

// patient is how long a page waits for the engine, which may be away.
const patient = time.Second

// WorkflowOf asks the engine for a workflow's current run.
func (s *Dispatcher) WorkflowOf(ctx context.Context, id string) *WorkflowView {
	ctx, cancel := context.WithTimeout(ctx, patient)
	defer cancel()
	v := &WorkflowView{ID: id}
	run, err := s.engine.RunID(ctx, id)
	if err != nil {
		slog.DebugContext(ctx, "the engine did not tell a run", "workflow", id, "error", err)
		return v
	}
	if run != "" {
		v.RunID = &run
	}
	return v
}

// WorkflowLinks are where support opens workflows, by their ids: as WorkflowLink has it, and asked for at once. Those that the engine tells
// nothing of, as it has forgotten them or they have just begun, have none.
func (s *Dispatcher) WorkflowLinks(ctx context.Context, ids []string) map[string]string {
	links := map[string]string{}
	if s.ui.URL == "" || len(ids) == 0 {
		return links
	}
	ctx, cancel := context.WithTimeout(ctx, patient)
	defer cancel()
	runs, err := s.engine.RunIDs(ctx, ids)
	if err != nil {
		slog.DebugContext(ctx, "the engine did not tell runs", "error", err)
	}
	for _, id := range ids {
		run, known := runs[id]
		v := &WorkflowView{ID: id, RunID: &run}
		if !known {
			v.RunID = nil
		}
		if known || err != nil {
			links[id] = s.WorkflowLink(v)
		}
	}
	return links
}

// EngineUI is where support looks into the engine; empty where no UI is configured.
type EngineUI struct{ URL, Namespace string }

func (ui EngineUI) workflows() string {
	return ui.URL + "/namespaces/" + url.PathEscape(cmp.Or(ui.Namespace, "default")) + "/workflows"
}

// WorkflowLink is where support opens a workflow, at its current details where the run is known; empty where no UI is configured.
func (s *Dispatcher) WorkflowLink(w *WorkflowView) string {
	if s.ui.URL == "" {
		return ""
	}
	link := s.ui.workflows() + "/" + url.PathEscape(w.ID)
	if w.RunID != nil {
		link += "/" + url.PathEscape(*w.RunID) + "/user-metadata"
	}
	return link
}

// ThingLink is WorkflowLink for the workflow of a request or an order; empty as well for one that is closed and that the engine tells
// nothing of any more.
func (s *Dispatcher) ThingLink(w *WorkflowView, closed bool) string {
	if closed && w.RunID == nil {
		return ""
	}
	return s.WorkflowLink(w)
}

// SchoolLink is where support finds a school's requests, orders and other workflows in the engine; empty where no UI is configured.
func (s *Dispatcher) SchoolLink(uai okey.UAI) string {
	if s.ui.URL == "" {
		return ""
	}
	return s.ui.workflows() + "?query=" + url.QueryEscape(okey.AttributeUAI+`="`+string(uai)+`"`)
}
