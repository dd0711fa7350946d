package server

import (
	"net/http"

	"okey/okey"

	"github.com/gin-gonic/gin"
)

// putPIN sets another PIN of one's own key, given the current one.
func (s *Server) putPIN(c *gin.Context) {
	var body struct {
		Current string `json:"current"`
		PIN     string `json:"pin"`
		Serial  string `json:"serial"`
	}
	ctx, actor := c.Request.Context(), callerOf(c).Actor
	w := wish{Name: okey.ActionPINChange, Via: okey.ViaAPI, Content: okey.Content{Proof: okey.ProofCurrent}}
	err := readJSON(c, &body)
	if err == nil {
		w.Action, err = actionOf(c)
	}
	if err == nil && body.Serial != "" {
		w.Key, err = okey.ParseSerial(body.Serial)
	}
	if err == nil {
		kept, missing := s.ownPIN(ctx, actor, w.Key)
		w.Key, err = kept.Serial, missing
	}
	if err != nil {
		fail(c, err)
		return
	}
	w.Current, w.PIN = body.Current, body.PIN
	done, err := s.act(ctx, actor, w)
	switch {
	case err != nil:
		fail(c, err)
	case done.recorded():
		c.Header("Location", "/api/v1/me")
		c.JSON(http.StatusAccepted, recordedView(done.Action))
	case !done.accepted():
		status, refusal := s.explain(ctx, done)
		failWith(c, status, refusal)
	default:
		c.JSON(http.StatusOK, gin.H{"serial": w.Key})
	}
}

// postPINCheck answers the authentication server's own token (scope pin-checks), nobody else's, whether this is the PIN of a key in somebody's
// hands. The errors are invalid, not_found, key_not_free for a key that nobody has in hand, no_pin, throttled and pin_locked.
func (s *Server) postPINCheck(c *gin.Context) {
	var body struct {
		PIN string `json:"pin"`
	}
	ctx := c.Request.Context()
	if callerOf(c).service == "" {
		fail(c, okey.Errorf(okey.CodeForbidden, "Seul le serveur d'authentification, avec son propre jeton, vérifie un code PIN."))
		return
	}
	serial, err := okey.ParseSerial(c.Param("serial"))
	if err != nil {
		fail(c, noSuchKey())
		return
	}
	if err = readJSON(c, &body); err == nil && body.PIN == "" {
		err = okey.InvalidField("pin", "Donnez le code PIN à vérifier.")
	}
	if err != nil {
		fail(c, err)
		return
	}
	kept, err := s.store.KeptPIN(ctx, serial)
	if err == nil && kept.State != okey.InService {
		err = okey.Errorf(okey.CodeKeyNotFree, "La clef %s n'est dans les mains de personne (%s).", serial, kept.State.French())
	}
	if err != nil {
		fail(c, err)
		return
	}
	right, err := s.checkPIN(ctx, kept, body.PIN)
	if err != nil {
		fail(c, err)
		return
	}
	c.JSON(http.StatusOK, gin.H{"ok": right})
}
