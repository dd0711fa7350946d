package api

import (
	"net/http"
	"strings"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/respond"

	"github.com/gin-gonic/gin"
)

// postDelivery takes a file of keys whole, or names each row that can't be taken. Support only.
func (s *API) postDelivery(c *gin.Context) error {
	ctx, actor := c.Request.Context(), callerOf(c).Actor
	cmd := act.Command{Name: okey.ActionDelivery, Via: okey.ViaAPI}
	err := s.act.Permit(ctx, actor, cmd)
	if err == nil {
		cmd.Action, err = respond.ActionOf(c)
	}
	if err != nil {
		return err
	}
	cmd.Subject = okey.DerivedID(cmd.Action, string(cmd.Name))
	up, err := act.ReadUpload(c.Request)
	if err != nil {
		return err
	}
	announced, err := yesOrNo("announced", up.Values["announced"])
	if err != nil {
		return err
	}
	lookAlikes, err := yesOrNo("look_alikes", up.Values["look_alikes"])
	if err != nil {
		return err
	}
	if !lookAlikes {
		delete(up.Values, "look_alikes")
	}
	d, err := s.act.Receive(ctx, actor, cmd.Subject, up, announced)
	if err != nil {
		return err
	}
	cmd.Content = okey.Content{Sum: d.Sum, Announced: announced, LookAlikes: lookAlikes}
	return s.do(c, cmd, reply{
		again:  func(a okey.Action) string { return address.PathDeliveries + "/" + a.Subject.String() },
		status: http.StatusCreated,
		view:   func(a okey.Action) (any, error) { return gin.H{"id": a.Subject, "accepted": a.Verdict.Count}, nil },
	})
}

// yesOrNo reads a field of a multipart form that says yes or no; nothing is no.
func yesOrNo(field, value string) (bool, error) {
	switch strings.ToLower(value) {
	case "", "false", "0", "no", "non", "off":
		return false, nil
	case "true", "1", "on", "yes", "oui":
		return true, nil
	}
	return false, okey.InvalidField(field, "Écrivez true ou false.")
}
