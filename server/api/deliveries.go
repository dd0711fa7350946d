package api

import (
	"net/http"
	"slices"

	"okey/okey"
	"okey/server/act"
	"okey/server/respond"

	"github.com/gin-gonic/gin"
)

// postDelivery takes a file of keys whole, or names each row that can't be taken. Support only.
func (s *API) postDelivery(c *gin.Context) {
	ctx, actor := c.Request.Context(), callerOf(c).Actor
	cmd := act.Command{Name: okey.ActionDelivery, Via: okey.ViaAPI}
	err := s.act.Permit(ctx, actor, cmd)
	if err == nil {
		cmd.Action, err = respond.ActionOf(c)
	}
	if err != nil {
		respond.Fail(c, err)
		return
	}
	cmd.Subject = okey.DerivedID(cmd.Action, string(cmd.Name))
	up, err := act.ReadUpload(c.Request)
	if err != nil {
		respond.Fail(c, err)
		return
	}
	announced, err := yesOrNo("announced", up.Values["announced"])
	if err != nil {
		respond.Fail(c, err)
		return
	}
	d, err := s.act.Receive(ctx, actor, cmd.Subject, up, announced)
	if err != nil {
		respond.Fail(c, err)
		return
	}
	cmd.Content = okey.Content{Sum: d.Sum, Announced: announced, LookAlikes: up.Values["look_alikes"] != ""}
	done, err := s.act.Do(ctx, actor, cmd)
	switch {
	case err != nil:
		respond.Fail(c, err)
	case done.Recorded():
		c.Header("Location", "/assistance/livraisons/"+cmd.Subject.String())
		c.JSON(http.StatusAccepted, recordedView(done.Action))
	case !done.Accepted():
		status, refusal := s.act.Explain(ctx, done)
		respond.FailWith(c, status, refusal)
	default:
		c.JSON(http.StatusCreated, gin.H{"id": cmd.Subject, "accepted": done.Action.Verdict.Count})
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
