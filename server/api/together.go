package api

import (
	"encoding/json"
	"fmt"
	"net/http"

	"okey/okey"
	"okey/server/act"
	"okey/server/respond"
	"okey/sql"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
)

// mostTogether is how many requests one call may act on.
const mostTogether = 100

// postDecisions answers several requests with one call, and postHandovers hands several keys over: each as if it were sent alone.
func (s *API) postDecisions(c *gin.Context) error {
	return s.actOnSeveral(c, okey.PrincipalDecision, func(content *okey.Content) respond.Fields {
		return respond.Fields{"decision": &content.Decision, "comment": &content.Comment}
	})
}

func (s *API) postHandovers(c *gin.Context) error {
	return s.actOnSeveral(c, okey.Handover, func(content *okey.Content) respond.Fields {
		return respond.Fields{"serial": &content.Serial}
	})
}

// outcomeView is what became of one of several: the status that it would have had alone, and what its answer would have said.
type outcomeView struct {
	Request uuid.UUID        `json:"request"`
	Status  int              `json:"status"`
	Action  uuid.UUID        `json:"action"`
	Result  *requestSummary  `json:"result,omitempty"`
	Problem *respond.Problem `json:"problem,omitempty"`
}

// actOnSeveral takes a list whole, or refuses it for its form alone: invalid, with the place of each fault. It answers 200 with an outcome
// each, in the list's order; 202 where one of them is only recorded. The action of each follows from the call's and from its request:
// the same call again changes nothing more.
func (s *API) actOnSeveral(c *gin.Context, signal okey.Signal, fields func(*okey.Content) respond.Fields) error {
	cmds, err := readSeveral(c, signal, fields)
	if err != nil {
		return err
	}
	status := http.StatusOK
	outcomes := make([]outcomeView, len(cmds))
	for n, done := range s.act.DoTogether(c.Request.Context(), callerOf(c).Actor, cmds) {
		outcomes[n] = s.outcomeView(c, cmds[n], done)
		if outcomes[n].Status == http.StatusAccepted {
			status = http.StatusAccepted
		}
	}
	c.JSON(status, gin.H{"outcomes": outcomes})
	return nil
}

// readSeveral reads the list, and names all that is wrong with its form at once.
func readSeveral(c *gin.Context, signal okey.Signal, fields func(*okey.Content) respond.Fields) ([]act.Command, error) {
	const list = "items"
	var items []json.RawMessage
	if err := respond.ReadJSON(c, respond.Fields{list: &items}); err != nil {
		return nil, err
	}
	batch, err := respond.ActionOf(c)
	if err != nil {
		return nil, err
	}
	if len(items) == 0 || len(items) > mostTogether {
		return nil, okey.InvalidField(list, "Envoyez de 1 à %d éléments.", mostTogether)
	}
	cmds, requests := make([]act.Command, len(items)), make([]string, len(items))
	var wrong respond.Invalid
	err = respond.ReadEach(list, items, func(n int) respond.Fields {
		cmds[n] = act.Signalled(signal, okey.Content{})
		read := fields(&cmds[n].Content)
		read["request"] = &requests[n]
		return read
	})
	if err != nil {
		return nil, err
	}
	seen := map[uuid.UUID]bool{}
	for n, text := range requests {
		id, err := uuid.Parse(text)
		switch place := fmt.Sprintf("%s[%d].request", list, n); {
		case err != nil:
			wrong = append(wrong, okey.InvalidField(place, "Ce champ attend un UUID, celui d'une demande."))
		case seen[id]:
			wrong = append(wrong, okey.InvalidField(place, "Cette demande est déjà dans la liste."))
		}
		seen[id] = true
		cmds[n].Action, cmds[n].Request, cmds[n].Via = okey.DerivedID(batch, id.String()), id, okey.ViaAPI
	}
	return cmds, wrong.OrNil()
}

func (s *API) outcomeView(c *gin.Context, cmd act.Command, done act.Settled) outcomeView {
	v := outcomeView{Request: cmd.Request, Action: cmd.Action, Status: http.StatusOK}
	failed := func(status int, err error) outcomeView {
		problem := respond.Tell(c, status, err)
		v.Status, v.Problem = status, &problem
		return v
	}
	if done.Err != nil {
		return failed(respond.StatusOf(done.Err), respond.Unseen(done.Err))
	}
	if done.Recorded() {
		v.Status = http.StatusAccepted
		return v
	}
	if !done.Accepted() {
		status, refusal := s.act.Explain(c.Request.Context(), done.Outcome)
		return failed(status, refusal)
	}
	r, err := s.store.RequestRecord(c.Request.Context(), cmd.Request)
	if err != nil {
		return failed(respond.StatusOf(err), err)
	}
	summary := s.summary(sql.ListedRequest{Request: r.Request, Requester: r.Requester, Establishment: r.Place.Name})
	v.Result = &summary
	return v
}
