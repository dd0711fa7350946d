package server

import (
	"net/http"
	"time"

	"okey"

	"github.com/gin-gonic/gin"
)

// postLogin notes that a key was used to sign in: the authentication server's own token (scope logins), nobody else's. `at` is RFC 3339; an
// older one than stands changes nothing. The errors are invalid, not_found, and key_not_free for a key that nobody has in hand.
func (s *Server) postLogin(c *gin.Context) {
	var body struct {
		At string `json:"at"`
	}
	if callerOf(c).service == "" {
		fail(c, okey.Errorf(okey.CodeForbidden, "Seul le serveur d'authentification, avec son propre jeton, déclare une connexion."))
		return
	}
	serial, err := okey.ParseSerial(c.Param("serial"))
	if err != nil {
		fail(c, noSuchKey())
		return
	}
	if err := readJSON(c, &body); err != nil {
		fail(c, err)
		return
	}
	at, err := time.Parse(time.RFC3339, body.At)
	switch {
	case err != nil:
		fail(c, okey.InvalidField("at", "Écrivez une date et une heure comme 2026-11-24T09:12:00Z."))
		return
	case at.After(time.Now().Add(okey.LoginAhead)):
		fail(c, okey.InvalidField("at", "Cette connexion est à venir : vérifiez l'horloge du serveur d'authentification."))
		return
	}
	key, err := s.store.NoteLogin(c.Request.Context(), serial, at.UTC())
	if err != nil {
		fail(c, err)
		return
	}
	c.JSON(http.StatusOK, gin.H{"serial": key.Serial, "last_login_at": key.LastLoginAt})
}
