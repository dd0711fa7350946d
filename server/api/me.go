package api

import (
	"net/http"
	"time"

	"okey/okey"

	"github.com/gin-gonic/gin"
)

// getMe answers whom the token stands for, and where they work.
func (s *API) getMe(c *gin.Context) error {
	actor := callerOf(c).Actor
	today := okey.DayOf(time.Now(), okey.ZoneOf(""))
	places, err := s.store.Names(c.Request.Context(), append(actor.Establishments(today), actor.Answers(today)...)...)
	if err != nil {
		return err
	}
	me := meView{
		UID: actor.UID, Name: actor.Name(), Mail: actor.Mail, Support: actor.Support, Auditor: actor.Auditor,
		Establishments: []assignmentView{}, Answers: append([]okey.UAI{}, actor.Answers(today)...), // [] for none
	}
	for _, uai := range actor.Establishments(today) {
		for _, a := range actor.At(uai, today) {
			me.Establishments = append(me.Establishments, assignmentView{
				UAI: uai, Name: places[uai], Function: a.Function, Until: dayOrNil(a.Until),
			})
		}
	}
	c.JSON(http.StatusOK, me)
	return nil
}

type meView struct {
	UID            string           `json:"uid"`
	Name           string           `json:"name"`
	Mail           string           `json:"mail"`
	Support        bool             `json:"support"`
	Auditor        bool             `json:"auditor"`
	Establishments []assignmentView `json:"establishments"`
	Answers        []okey.UAI       `json:"answers_for"`
}

type assignmentView struct {
	UAI      okey.UAI      `json:"uai"`
	Name     string        `json:"name"`
	Function okey.Function `json:"function"`
	Until    *string       `json:"until"`
}

// getCharter answers the text in force.
func (s *API) getCharter(c *gin.Context) error {
	charter, err := s.store.Charter(c.Request.Context())
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{
		"version": charter.Version, "text": charter.Text, "sha256": charter.SHA256, "published_at": charter.PublishedAt,
	})
	return nil
}

func dayOrNil(d okey.Day) *string {
	if d.IsZero() {
		return nil
	}
	text := d.String()
	return &text
}
