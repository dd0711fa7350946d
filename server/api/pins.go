package api

import (
	"net/http"

	"okey/okey"
	"okey/server/act"
	"okey/server/respond"

	"github.com/gin-gonic/gin"
)

// putPIN sets another PIN of one's own key, given the current one.
func (s *API) putPIN(c *gin.Context) {
	ctx, actor := c.Request.Context(), callerOf(c).Actor
	cmd := act.Command{Name: okey.ActionPINChange, Via: okey.ViaAPI, Content: okey.Content{Proof: okey.ProofCurrent}}
	var serial string
	err := respond.ReadJSON(c, respond.Fields{"current": &cmd.Current, "pin": &cmd.PIN, "serial": &serial})
	if err == nil {
		cmd.Action, err = respond.ActionOf(c)
	}
	if err == nil && serial != "" {
		cmd.Key, err = okey.ParseSerial(serial)
	}
	if err == nil {
		kept, missing := s.act.OwnPIN(ctx, actor, cmd.Key)
		cmd.Key, err = kept.Serial, missing
	}
	if err != nil {
		respond.Fail(c, err)
		return
	}
	done, err := s.act.Do(ctx, actor, cmd)
	switch {
	case err != nil:
		respond.Fail(c, err)
	case done.Recorded():
		c.Header("Location", "/api/v1/me")
		c.JSON(http.StatusAccepted, recordedView(done.Action))
	case !done.Accepted():
		status, refusal := s.act.Explain(ctx, done)
		respond.FailWith(c, status, refusal)
	default:
		c.JSON(http.StatusOK, gin.H{"serial": cmd.Key})
	}
}

// postPINCheck answers the authentication server's own token (scope pin-checks), nobody else's, whether this is the PIN of a key in somebody's
// hands. The errors are invalid, not_found, key_not_free for a key that nobody has in hand, no_pin, throttled and pin_locked.
func (s *API) postPINCheck(c *gin.Context) {
	ctx := c.Request.Context()
	if callerOf(c).service == "" {
		respond.Fail(c, okey.Errorf(okey.CodeForbidden, "Seul le serveur d'authentification, avec son propre jeton, vérifie un code PIN."))
		return
	}
	serial, err := okey.ParseSerial(c.Param("serial"))
	if err != nil {
		respond.Fail(c, act.NoSuchKey())
		return
	}
	var pin string
	if err = respond.ReadJSON(c, respond.Fields{"pin": &pin}); err == nil && pin == "" {
		err = okey.InvalidField("pin", "Donnez le code PIN à vérifier.")
	}
	if err != nil {
		respond.Fail(c, err)
		return
	}
	kept, err := s.store.KeptPIN(ctx, serial)
	if err == nil && kept.State != okey.InService {
		err = okey.Errorf(okey.CodeKeyNotFree, "La clef %s n'est dans les mains de personne (%s).", serial, kept.State.French())
	}
	if err != nil {
		respond.Fail(c, err)
		return
	}
	right, err := s.act.CheckPIN(ctx, kept, pin)
	if err != nil {
		respond.Fail(c, err)
		return
	}
	c.JSON(http.StatusOK, gin.H{"ok": right})
}
