package server

import (
	"net/http"
	"slices"

	"okey/okey"

	"github.com/gin-gonic/gin"
)

// postDelivery takes a file of keys whole, or names each row that can't be taken. Support only.
func (s *Server) postDelivery(c *gin.Context) {
	ctx, actor := c.Request.Context(), callerOf(c).Actor
	w := wish{Name: okey.ActionDelivery, Via: okey.ViaAPI}
	err := s.permitAt(ctx, actor, &w, okey.ActImport, "")
	if err == nil {
		w.Action, err = actionOf(c)
	}
	if err != nil {
		fail(c, err)
		return
	}
	w.Subject = okey.DerivedID(w.Action, string(w.Name))
	up, err := readUpload(c.Request)
	if err != nil {
		fail(c, err)
		return
	}
	announced, err := yesOrNo("announced", up.Values["announced"])
	if err != nil {
		fail(c, err)
		return
	}
	d, err := s.receive(ctx, actor, w.Subject, up, announced)
	if err != nil {
		fail(c, err)
		return
	}
	w.Content = okey.Content{Sum: d.Sum, Announced: announced, LookAlikes: up.Values["look_alikes"] != ""}
	done, err := s.act(ctx, actor, w)
	switch {
	case err != nil:
		fail(c, err)
	case done.recorded():
		c.Header("Location", pathDeliveries+"/"+w.Subject.String())
		c.JSON(http.StatusAccepted, recordedView(done.Action))
	case !done.accepted():
		status, refusal := s.explain(ctx, done)
		failWith(c, status, refusal)
	default:
		c.JSON(http.StatusCreated, gin.H{"id": w.Subject, "accepted": done.Action.Verdict.Count})
	}
}

// yesOrNo reads a field of a multipart form that says yes or no; nothing is no.
func yesOrNo(field, value string) (bool, error) {
	switch {
	case slices.Contains([]string{"", "false", "0", "no", "non"}, value):
		return false, nil
	case slices.Contains([]string{"true", "1", "on", "yes", "oui"}, value):
		return true, nil
	}
	return false, okey.InvalidField(field, "Écrivez true ou false.")
}
