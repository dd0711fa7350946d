package act

import (
	"cmp"
	"context"
	"log/slog"
	"net/url"
	"time"

	"okey/okey"

	"github.com/google/uuid"
)

// WorkflowView is where a request is found in the engine.
type WorkflowView struct {
	ID    string  `json:"id"`
	RunID *string `json:"run_id"` // null while the engine does not answer, or knows none
}

// WorkflowOf asks the engine for the current run; it may be away, and the page must not wait for it.
func (s *Dispatcher) WorkflowOf(ctx context.Context, id uuid.UUID) *WorkflowView {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	v := &WorkflowView{ID: okey.RequestWorkflowID(id)}
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

// RequestLink is WorkflowLink for a request's workflow; empty as well for one that has ended and that the engine tells nothing of any more.
func (s *Dispatcher) RequestLink(w *WorkflowView, closed bool) string {
	if closed && w.RunID == nil {
		return ""
	}
	return s.WorkflowLink(w)
}

// SchoolLink is where support finds a school's requests in the engine; empty where no UI is configured.
func (s *Dispatcher) SchoolLink(uai okey.UAI) string {
	if s.ui.URL == "" {
		return ""
	}
	return s.ui.workflows() + "?query=" + url.QueryEscape(okey.AttributeUAI+`="`+string(uai)+`"`)
}
