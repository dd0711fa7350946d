package server

import (
	"net/http"
	"time"

	"okey/okey"
	"okey/sql"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
)

// postRequest asks for a key.
func (s *Server) postRequest(c *gin.Context) {
	var body struct {
		Establishment string `json:"establishment"`
		Need          string `json:"need"`
		Reason        string `json:"reason"`
	}
	s.actAPI(c, &body, func() wish {
		return wish{Name: okey.ActionAsk, Content: okey.Content{
			Establishment: okey.UAI(body.Establishment), Need: body.Need, Reason: okey.RequestReason(body.Reason),
		}}
	})
}

func (s *Server) postDecision(c *gin.Context) {
	var body struct {
		Decision string `json:"decision"`
		Comment  string `json:"comment"`
	}
	s.actAPI(c, &body, func() wish {
		return signalled(okey.PrincipalDecision, okey.Content{Decision: okey.Decision(body.Decision), Comment: body.Comment})
	})
}

func (s *Server) postCharter(c *gin.Context) {
	var body struct {
		Charter int    `json:"charter"`
		PIN     string `json:"pin"`
	}
	s.actAPI(c, &body, func() wish {
		w := signalled(okey.CharterAndPIN, okey.Content{Charter: body.Charter})
		w.PIN = body.PIN
		return w
	})
}

func (s *Server) postStock(c *gin.Context) {
	s.actAPI(c, &struct{}{}, func() wish { return signalled(okey.StockAvailable, okey.Content{}) })
}

func (s *Server) postHandover(c *gin.Context) {
	var body struct {
		Serial string `json:"serial"`
	}
	s.actAPI(c, &body, func() wish { return signalled(okey.Handover, okey.Content{Serial: okey.Serial(body.Serial)}) })
}

func (s *Server) postWithdrawal(c *gin.Context) {
	var body struct {
		Comment string `json:"comment"`
	}
	s.actAPI(c, &body, func() wish { return signalled(okey.Withdrawal, okey.Content{Comment: body.Comment}) })
}

func signalled(signal okey.Signal, content okey.Content) wish {
	return wish{Name: okey.ActionOf(signal), Content: content}
}

// actAPI is every write about a request: it reads the body, acts, and answers with the request, the refusal, or that it is recorded.
func (s *Server) actAPI(c *gin.Context, body any, wished func() wish) {
	var request uuid.UUID
	var err error
	if c.Param("id") != "" {
		if request, err = idOf(c); err != nil {
			fail(c, err)
			return
		}
	}
	unread := readJSON(c, body)
	w := wished()
	w.Request, w.Via = request, okey.ViaAPI
	w.read(c, unread)
	done, err := s.act(c.Request.Context(), callerOf(c).Actor, w)
	if err != nil {
		fail(c, err)
		return
	}
	s.answer(c, done)
}

// answer says what became of an action on a request.
func (s *Server) answer(c *gin.Context, done outcome) {
	page := requestPath(done.Action.Request)
	switch {
	case done.recorded():
		c.Header("Location", page)
		c.JSON(http.StatusAccepted, recordedView(done.Action))
	case !done.accepted():
		status, refusal := s.explain(c.Request.Context(), done)
		failWith(c, status, refusal)
	default:
		view, err := s.requestView(c.Request.Context(), callerOf(c).Actor, done.Action.Request)
		if err != nil {
			fail(c, err)
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
func (s *Server) getRequest(c *gin.Context) {
	id, err := idOf(c)
	if err != nil {
		fail(c, err)
		return
	}
	ctx, actor := c.Request.Context(), callerOf(c).Actor
	if _, err = s.visible(ctx, actor, id); err == nil {
		view, err := s.requestView(ctx, actor, id)
		if err != nil {
			fail(c, err)
			return
		}
		c.JSON(http.StatusOK, view)
		return
	}
	ask, askErr := s.store.AskOf(ctx, id)
	switch {
	case okey.ErrorCode(err) != okey.CodeNotFound || askErr != nil || ask.By != actor.ID:
		fail(c, err)
	case ask.Verdict == nil:
		c.JSON(http.StatusAccepted, recordedView(ask))
	case ask.Verdict.Accepted: // judged between the two questions
		s.answer(c, outcome{ask})
	default:
		status, refusal := s.explain(ctx, outcome{ask})
		failWith(c, status, refusal)
	}
}

// requestCursor is where a page of requests ended.
type requestCursor struct {
	AskedAt time.Time `json:"t"`
	ID      uuid.UUID `json:"i"`
}

// listRequests answers the requests that the caller may see, newest first.
func (s *Server) listRequests(c *gin.Context) {
	filter, err := requestFilter(c)
	if err != nil {
		fail(c, err)
		return
	}
	limit := filter.Limit
	filter.Limit++ // one more tells whether there is a next page
	found, err := s.store.ListRequests(c.Request.Context(), callerOf(c).reach(), filter)
	if err != nil {
		fail(c, err)
		return
	}
	var next *string
	if len(found) > limit {
		found = found[:limit]
		last := found[limit-1]
		if next, err = nextCursor(requestCursor{last.AskedAt, last.ID}); err != nil {
			fail(c, err)
			return
		}
	}
	views := make([]requestSummary, len(found))
	for i, r := range found {
		views[i] = s.summary(r, callerOf(c).Actor)
	}
	c.JSON(http.StatusOK, gin.H{"requests": views, "next": next})
}

func requestFilter(c *gin.Context) (sql.RequestFilter, error) {
	var f sql.RequestFilter
	var wrong invalid
	var after requestCursor
	stage, err := oneOf("stage", c.Query("stage"), okey.Stage.Valid, okey.Stages())
	_ = wrong.add(err)
	if stage != "" {
		f.Stages = []okey.Stage{stage}
	}
	_ = wrong.add(readUAI(c.Query("establishment"), &f.Establishment))
	f.Limit, err = limitOf(c)
	_ = wrong.add(err)
	given, err := cursorOf(c, &after)
	_ = wrong.add(err)
	if given {
		f.BeforeAskedAt, f.AfterID = after.AskedAt, after.ID
	}
	_ = wrong.add(unknownQuery(c, "stage", "establishment", "limit", "cursor"))
	return f, wrong.orNil()
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
