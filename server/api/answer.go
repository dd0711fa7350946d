package api

import (
	"net/http"
	"time"

	"okey/okey"
	"okey/server/act"
	"okey/server/respond"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
)

// handler answers a call, or says why it can't.
type handler func(c *gin.Context) error

// failing answers a handler's error with its problem.
func failing(answer handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := answer(c); err != nil {
			respond.Fail(c, err)
		}
	}
}

// reply is how a command is answered: where to ask again about what is only recorded, and what shows that it was accepted.
type reply struct {
	again  func(okey.Action) string
	status int
	view   func(okey.Action) (any, error)
}

// do brings a command and answers what became of it.
func (s *API) do(c *gin.Context, cmd act.Command, r reply) error {
	done, err := s.act.Do(c.Request.Context(), callerOf(c).Actor, cmd)
	if err != nil {
		return err
	}
	if done.Recorded() {
		c.Header("Location", r.again(done.Action))
		c.JSON(http.StatusAccepted, recordedView(done.Action))
		return nil
	}
	return s.judged(c, done, r)
}

// judged answers what has been accepted or refused.
func (s *API) judged(c *gin.Context, done act.Outcome, r reply) error {
	if !done.Accepted() {
		status, refusal := s.act.Explain(c.Request.Context(), done)
		respond.FailWith(c, status, refusal)
		return nil
	}
	view, err := r.view(done.Action)
	if err != nil {
		return err
	}
	c.JSON(r.status, view)
	return nil
}

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

// serialOf reads the serial number of the path. What is none is not found: no such key exists.
func serialOf(c *gin.Context) (okey.Serial, error) {
	serial, err := okey.ParseSerial(c.Param("serial"))
	if err != nil {
		return "", act.NoSuchKey()
	}
	return serial, nil
}

// viewsOf are the rows of a list as the API shows them: [] for none.
func viewsOf[Row, View any](found []Row, view func(Row) View) []View {
	views := make([]View, len(found))
	for i, row := range found {
		views[i] = view(row)
	}
	return views
}

// page answers a page of a list; the header Link leads to the next one too (RFC 8288).
func (s *API) page(c *gin.Context, name string, views any, next *string) {
	if next != nil {
		query := c.Request.URL.Query()
		query.Set("cursor", *next)
		c.Header("Link", "<"+s.url+c.Request.URL.Path+"?"+query.Encode()+`>; rel="next"`)
	}
	c.JSON(http.StatusOK, gin.H{name: views, "next": next})
}

// changedSince reads that filter of a list; zero where it is not asked for.
func changedSince(c *gin.Context) (at time.Time, err error) {
	text := c.Query("changed_since")
	if text == "" {
		return at, nil
	}
	if at, err = time.Parse(time.RFC3339, text); err != nil {
		err = okey.InvalidField("changed_since", "Écrivez une date et une heure comme 2026-11-24T09:12:00Z.")
	}
	return at, err
}
