package api

import (
	"context"
	"net/http"
	"time"

	"okey/okey"
	"okey/server/act"
	"okey/server/respond"

	"github.com/gin-gonic/gin"
)

// putPIN sets another PIN of one's own key, given the current one.
func (s *API) putPIN(c *gin.Context) error {
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
		return err
	}
	return s.do(c, cmd, reply{
		again:  func(okey.Action) string { return "/api/v1/me" },
		status: http.StatusOK,
		view:   func(okey.Action) (any, error) { return gin.H{"serial": cmd.Key}, nil },
	})
}

// postPINCheck answers the authentication server's own token (scope pin-checks), nobody else's, whether this is the PIN of a key in
// somebody's hands, or of one that is being tried at its handover. The errors are invalid, not_found, those of accepted, no_pin, throttled
// and pin_locked.
func (s *API) postPINCheck(c *gin.Context) error {
	ctx := c.Request.Context()
	if callerOf(c).service == "" {
		return okey.Errorf(okey.CodeForbidden, "Seul le serveur d'authentification, avec son propre jeton, vérifie un code PIN.")
	}
	serial, err := serialOf(c)
	if err != nil {
		return err
	}
	var pin string
	if err = respond.ReadJSON(c, respond.Fields{"pin": &pin}); err == nil && pin == "" {
		err = okey.InvalidField("pin", "Donnez le code PIN à vérifier.")
	}
	if err != nil {
		return err
	}
	kept, err := s.store.KeptPIN(ctx, serial)
	if err == nil {
		err = s.accepted(ctx, kept.Key, time.Now())
	}
	if err != nil {
		return err
	}
	right, err := s.act.CheckPIN(ctx, kept, pin)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"ok": right})
	return nil
}

// accepted tells, before any PIN is looked at, why a key lets nobody in: key_suspended for a mislaid one, loan_over for a lent one that is
// to be back, key_not_free for one that nobody has in hand, key_expired from the day after its expiry on, in the time zone of its academy.
func (s *API) accepted(ctx context.Context, key okey.Key, at time.Time) error {
	switch {
	case key.State == okey.Suspended:
		return okey.Errorf(okey.CodeKeySuspended, "La clef %s est égarée : elle n'est acceptée qu'une fois retrouvée.", key.Serial)
	case key.LoanOver(at):
		return okey.Errorf(okey.CodeLoanOver, "La clef %s était prêtée, et elle est à rendre : elle n'est plus acceptée.", key.Serial)
	case key.State != okey.InService && key.State != okey.Lent:
		if err := s.tried(ctx, key); err != nil {
			return err
		}
	}
	today, err := s.store.Today(ctx, key.UAI, at)
	if err == nil && key.ExpiresOn.Before(today) {
		err = okey.Errorf(okey.CodeKeyExpired, "La clef %s a expiré : elle n'est plus acceptée.", key.Serial)
	}
	return err
}

// tried answers key_not_free for a key that nobody has in hand, unless whoever it awaits is trying it right now.
func (s *API) tried(ctx context.Context, key okey.Key) error {
	if key.State == okey.Attributed {
		under, err := s.store.ProofUnderWay(ctx, key.Serial, time.Now().Add(-okey.ProofAnswers))
		if under || err != nil {
			return err
		}
	}
	return okey.Errorf(okey.CodeKeyNotFree, "La clef %s n'est dans les mains de personne (%s).", key.Serial, key.State.French())
}
