package api

import (
	"cmp"
	"net/http"
	"slices"
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
		Establishments: []workplaceView{}, Answers: append([]okey.UAI{}, actor.Answers(today)...), // [] for none
	}
	for _, uai := range actor.Establishments(today) {
		me.Establishments = append(me.Establishments, worksAt(uai, places[uai], actor.At(uai, today)))
	}
	c.JSON(http.StatusOK, me)
	return nil
}

type meView struct {
	UID            string          `json:"uid"`
	Name           string          `json:"name"`
	Mail           string          `json:"mail"`
	Support        bool            `json:"support"`
	Auditor        bool            `json:"auditor"`
	Establishments []workplaceView `json:"establishments"`
	Answers        []okey.UAI      `json:"answers_for"`
}

// workplaceView is a school where somebody works: what they are there, then every function that somebody says they have.
type workplaceView struct {
	UAI  okey.UAI `json:"uai"`
	Name string   `json:"name"`
	functionView
	Functions []functionView `json:"functions"`
}

type functionView struct {
	Function okey.Function `json:"function"`
	Until    *string       `json:"until"` // its last day there
}

// worksAt is a school once, however many sources place somebody there: with the function that may most, until the last day that one of
// them gives it.
func worksAt(uai okey.UAI, name string, held []okey.Assignment) workplaceView {
	ranks := []okey.Function{okey.Principal, okey.Deputy, okey.Staff}
	slices.SortStableFunc(held, func(a, b okey.Assignment) int {
		return cmp.Or(
			cmp.Compare(slices.Index(ranks, a.Function), slices.Index(ranks, b.Function)),
			lastDay(b).Compare(lastDay(a)),
		)
	})
	v := workplaceView{UAI: uai, Name: name}
	for _, a := range held {
		if n := len(v.Functions); n == 0 || v.Functions[n-1].Function != a.Function {
			v.Functions = append(v.Functions, functionView{a.Function, dayOrNil(a.Until)})
		}
	}
	v.functionView = v.Functions[0]
	return v
}

// lastDay orders assignments by when they end; those that don't come last.
func lastDay(a okey.Assignment) time.Time {
	if a.Until.IsZero() {
		return time.Unix(1<<40, 0)
	}
	return a.Until.Time()
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
