package api

import (
	"net/http"

	"okey/okey"
	"okey/server/act"
	"okey/server/respond"
	"okey/sql"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
)

// postRequest asks for a key.
func (s *API) postRequest(c *gin.Context) error {
	cmd := act.Command{Name: okey.ActionAsk}
	content := &cmd.Content
	return s.actOnRequest(c, &cmd, respond.Fields{
		"establishment": &content.Establishment, "need": &content.Need, "reason": &content.Reason,
	})
}

func (s *API) postDecision(c *gin.Context) error {
	cmd := act.Signalled(okey.PrincipalDecision, okey.Content{})
	return s.actOnRequest(c, &cmd, respond.Fields{"decision": &cmd.Content.Decision, "comment": &cmd.Content.Comment})
}

func (s *API) postCharter(c *gin.Context) error {
	cmd := act.Signalled(okey.CharterAndPIN, okey.Content{})
	return s.actOnRequest(c, &cmd, respond.Fields{"charter": &cmd.Content.Charter, "pin": &cmd.PIN})
}

func (s *API) postStock(c *gin.Context) error {
	cmd := act.Signalled(okey.StockAvailable, okey.Content{})
	return s.actOnRequest(c, &cmd, nil)
}

func (s *API) postHandover(c *gin.Context) error {
	cmd := act.Signalled(okey.Handover, okey.Content{})
	return s.actOnRequest(c, &cmd, respond.Fields{"serial": &cmd.Content.Serial})
}

func (s *API) postWithdrawal(c *gin.Context) error {
	cmd := act.Signalled(okey.Withdrawal, okey.Content{})
	return s.actOnRequest(c, &cmd, respond.Fields{"comment": &cmd.Content.Comment})
}

// actOnRequest is every write about a request: it reads the body, acts, and answers with the request, the refusal, or that it is
// recorded. The fields are the command's own.
func (s *API) actOnRequest(c *gin.Context, cmd *act.Command, fields respond.Fields) error {
	if c.Param("id") != "" {
		var err error
		if cmd.Request, err = respond.IDOf(c); err != nil {
			return err
		}
	}
	cmd.Via = okey.ViaAPI
	cmd.Read(c, respond.ReadJSON(c, fields))
	return s.do(c, *cmd, s.requestReply(c, cmd.Name))
}

// requestReply shows the request; one that has just been asked for has an address from now on.
func (s *API) requestReply(c *gin.Context, name okey.ActionName) reply {
	status := http.StatusOK
	if name == okey.ActionAsk {
		status = http.StatusCreated
	}
	return reply{
		again:  func(a okey.Action) string { return requestPath(a.Request) },
		status: status,
		view: func(a okey.Action) (any, error) {
			view, err := s.requestView(c.Request.Context(), callerOf(c).Actor, a.Request)
			if err == nil && name == okey.ActionAsk {
				c.Header("Location", requestPath(a.Request))
			}
			return view, err
		},
	}
}

func requestPath(id uuid.UUID) string { return "/api/v1/requests/" + id.String() }

// getRequest answers one request. To its asker also before it is judged, and when it was refused from the start.
func (s *API) getRequest(c *gin.Context) error {
	id, err := respond.IDOf(c)
	if err != nil {
		return err
	}
	ctx, actor := c.Request.Context(), callerOf(c).Actor
	_, err = s.act.Visible(ctx, actor, id)
	if err == nil {
		view, err := s.requestView(ctx, actor, id)
		if err != nil {
			return err
		}
		c.JSON(http.StatusOK, view)
		return nil
	}
	ask, own := s.act.OwnAsk(ctx, actor, id, err)
	if !own {
		return err
	}
	if ask.Verdict == nil {
		c.JSON(http.StatusAccepted, recordedView(ask))
		return nil
	}
	seen := s.requestReply(c, ask.Name)
	seen.status = http.StatusOK // this only reads, also where it was accepted between the two questions
	return s.judged(c, act.Outcome{Action: ask}, seen)
}

// listRequests answers the requests that the caller may see, newest first.
func (s *API) listRequests(c *gin.Context) error {
	filter, err := requestFilter(c)
	if err != nil {
		return err
	}
	found, next, err := respond.Page(filter.Limit, func(limit int) ([]sql.ListedRequest, error) {
		filter.Limit = limit
		return s.store.ListRequests(c.Request.Context(), callerOf(c).reach(), filter)
	}, func(last sql.ListedRequest) act.RequestCursor {
		return act.RequestCursor{AskedAt: last.AskedAt, ID: last.ID}
	})
	if err != nil {
		return err
	}
	views := viewsOf(found, s.summary)
	s.page(c, "requests", views, next)
	return nil
}

func requestFilter(c *gin.Context) (sql.RequestFilter, error) {
	var f sql.RequestFilter
	var wrong respond.Invalid
	var after act.RequestCursor
	stage, err := respond.OneOf("stage", c.Query("stage"), okey.Stages())
	_ = wrong.Add(err)
	if stage != "" {
		f.Stages = []okey.Stage{stage}
	}
	_ = wrong.Add(readUAI(c.Query("establishment"), &f.Establishment))
	f.ChangedSince, err = changedSince(c)
	_ = wrong.Add(err)
	f.Requester = okey.NormalUID(c.Query("requester"))
	f.Limit, err = respond.LimitOf(c)
	_ = wrong.Add(err)
	_, err = respond.CursorOf(c, &after)
	_ = wrong.Add(err)
	f.BeforeAskedAt, f.AfterID = after.AskedAt, after.ID
	_ = wrong.Add(respond.UnknownQuery(c, "stage", "establishment", "requester", "changed_since", "limit", "cursor"))
	return f, wrong.OrNil()
}

// readUAI reads a filter by establishment; empty is none.
func readUAI(text string, into *okey.UAI) error {
	if text == "" {
		return nil
	}
	uai, err := okey.ParseUAI(text)
	if err != nil {
		return okey.InvalidField("establishment", "%s", okey.ErrorMessage(err))
	}
	*into = uai
	return nil
}
