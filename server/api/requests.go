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
func (s *API) postRequest(c *gin.Context) {
	cmd := act.Command{Name: okey.ActionAsk}
	content := &cmd.Content
	s.actOnRequest(c, &cmd, respond.Fields{
		"establishment": &content.Establishment, "need": &content.Need, "reason": &content.Reason,
	})
}

func (s *API) postDecision(c *gin.Context) {
	cmd := act.Signalled(okey.PrincipalDecision, okey.Content{})
	s.actOnRequest(c, &cmd, respond.Fields{"decision": &cmd.Content.Decision, "comment": &cmd.Content.Comment})
}

func (s *API) postCharter(c *gin.Context) {
	cmd := act.Signalled(okey.CharterAndPIN, okey.Content{})
	s.actOnRequest(c, &cmd, respond.Fields{"charter": &cmd.Content.Charter, "pin": &cmd.PIN})
}

func (s *API) postStock(c *gin.Context) {
	cmd := act.Signalled(okey.StockAvailable, okey.Content{})
	s.actOnRequest(c, &cmd, nil)
}

func (s *API) postHandover(c *gin.Context) {
	cmd := act.Signalled(okey.Handover, okey.Content{})
	s.actOnRequest(c, &cmd, respond.Fields{"serial": &cmd.Content.Serial})
}

func (s *API) postWithdrawal(c *gin.Context) {
	cmd := act.Signalled(okey.Withdrawal, okey.Content{})
	s.actOnRequest(c, &cmd, respond.Fields{"comment": &cmd.Content.Comment})
}

// actOnRequest is every write about a request: it reads the body, acts, and answers with the request, the refusal, or that it is
// recorded. The fields are the command's own.
func (s *API) actOnRequest(c *gin.Context, cmd *act.Command, fields respond.Fields) {
	var request uuid.UUID
	var err error
	if c.Param("id") != "" {
		if request, err = respond.IDOf(c); err != nil {
			respond.Fail(c, err)
			return
		}
	}
	cmd.Request, cmd.Via = request, okey.ViaAPI
	cmd.Read(c, respond.ReadJSON(c, fields))
	done, err := s.act.Do(c.Request.Context(), callerOf(c).Actor, *cmd)
	if err != nil {
		respond.Fail(c, err)
		return
	}
	s.answer(c, done)
}

// answer says what became of an action on a request.
func (s *API) answer(c *gin.Context, done act.Outcome) {
	page := requestPath(done.Action.Request)
	switch {
	case done.Recorded():
		c.Header("Location", page)
		c.JSON(http.StatusAccepted, recordedView(done.Action))
	case !done.Accepted():
		status, refusal := s.act.Explain(c.Request.Context(), done)
		respond.FailWith(c, status, refusal)
	default:
		view, err := s.requestView(c.Request.Context(), callerOf(c).Actor, done.Action.Request)
		if err != nil {
			respond.Fail(c, err)
			return
		}
		status := http.StatusOK
		if done.Action.Name == okey.ActionAsk {
			status = http.StatusCreated
			c.Header("Location", page)
		}
		c.JSON(status, view)
	}
}

func requestPath(id uuid.UUID) string { return "/api/v1/requests/" + id.String() }

// recordedView is the body of a 202: nothing is lost, nothing is judged yet.
func recordedView(a okey.Action) gin.H {
	view := gin.H{
		"status": "recorded", "action": a.ID, "recorded_at": a.CreatedAt,
		"detail": "C'est enregistré. La suite arrive dès que possible : redemandez un peu plus tard.",
	}
	if a.Request != uuid.Nil {
		view["id"] = a.Request
	}
	if a.Key != "" {
		view["serial"] = a.Key
	}
	if a.Name == okey.ActionAsk {
		view["stage"] = nil
	}
	return view
}

// getRequest answers one request. To its asker also before it is judged, and when it was refused from the start.
func (s *API) getRequest(c *gin.Context) {
	id, err := respond.IDOf(c)
	if err != nil {
		respond.Fail(c, err)
		return
	}
	ctx, actor := c.Request.Context(), callerOf(c).Actor
	if _, err = s.act.Visible(ctx, actor, id); err == nil {
		view, err := s.requestView(ctx, actor, id)
		if err != nil {
			respond.Fail(c, err)
			return
		}
		c.JSON(http.StatusOK, view)
		return
	}
	ask, askErr := s.store.AskOf(ctx, id)
	switch {
	case okey.ErrorCode(err) != okey.CodeNotFound || askErr != nil || ask.By != actor.ID:
		respond.Fail(c, err)
	case ask.Verdict == nil:
		c.JSON(http.StatusAccepted, recordedView(ask))
	case ask.Verdict.Accepted: // judged between the two questions
		s.answer(c, act.Outcome{Action: ask})
	default:
		status, refusal := s.act.Explain(ctx, act.Outcome{Action: ask})
		respond.FailWith(c, status, refusal)
	}
}

// listRequests answers the requests that the caller may see, newest first.
func (s *API) listRequests(c *gin.Context) {
	filter, err := requestFilter(c)
	if err != nil {
		respond.Fail(c, err)
		return
	}
	found, next, err := respond.Page(filter.Limit, func(limit int) ([]sql.ListedRequest, error) {
		filter.Limit = limit
		return s.store.ListRequests(c.Request.Context(), callerOf(c).reach(), filter)
	}, func(last sql.ListedRequest) act.RequestCursor {
		return act.RequestCursor{AskedAt: last.AskedAt, ID: last.ID}
	})
	if err != nil {
		respond.Fail(c, err)
		return
	}
	views := viewsOf(found, func(r sql.ListedRequest) requestSummary { return s.summary(r, callerOf(c).Actor) })
	c.JSON(http.StatusOK, gin.H{"requests": views, "next": next})
}

func requestFilter(c *gin.Context) (sql.RequestFilter, error) {
	var f sql.RequestFilter
	var wrong respond.Invalid
	var after act.RequestCursor
	stage, err := respond.OneOf("stage", c.Query("stage"), okey.Stage.Valid, okey.Stages())
	_ = wrong.Add(err)
	if stage != "" {
		f.Stages = []okey.Stage{stage}
	}
	_ = wrong.Add(readUAI(c.Query("establishment"), &f.Establishment))
	f.Limit, err = respond.LimitOf(c)
	_ = wrong.Add(err)
	_, err = respond.CursorOf(c, &after)
	_ = wrong.Add(err)
	f.BeforeAskedAt, f.AfterID = after.AskedAt, after.ID
	_ = wrong.Add(respond.UnknownQuery(c, "stage", "establishment", "limit", "cursor"))
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
