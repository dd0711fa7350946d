package api

import (
	"net/http"
	"regexp"
	"strings"
	"time"

	"okey/okey"
	"okey/server/respond"

	"github.com/gin-gonic/gin"
)

// postLogin notes that a key was used to sign in: the authentication server's own token (scope logins), nobody else's. `at` is
// RFC 3339; an older one than stands changes nothing. The errors are invalid, not_found, and key_not_free for a key that nobody
// has in hand.
func (s *API) postLogin(c *gin.Context) error {
	if callerOf(c).service == "" {
		return okey.Errorf(okey.CodeForbidden, "Seul le serveur d'authentification, avec son propre jeton, déclare une connexion.")
	}
	serial, err := serialOf(c)
	if err != nil {
		return err
	}
	var text string
	if err := respond.ReadJSON(c, respond.Fields{"at": &text}); err != nil {
		return err
	}
	at, err := parseRFC3339(text)
	if err == nil {
		err = okey.CheckLogin("at", at, time.Now())
	}
	if err != nil {
		return err
	}
	key, err := s.store.NoteLogin(c.Request.Context(), serial, at.UTC())
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"serial": key.Serial, "last_login_at": key.LastLoginAt})
	return nil
}

// instantForm is RFC 3339, 5.6, to the letter: time.Parse alone takes a comma for a point and an hour of one digit.
var instantForm = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$`)

// parseRFC3339 reads capitals and small letters alike; a leap second is the next minute's first.
func parseRFC3339(text string) (time.Time, error) {
	text = strings.ToUpper(text)
	const seconds = len("2006-01-02T15:04:")
	leap := time.Duration(0)
	if instantForm.MatchString(text) && text[seconds:seconds+2] == "60" {
		text, leap = text[:seconds]+"59"+text[seconds+2:], time.Second
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || !instantForm.MatchString(text) {
		return at, okey.InvalidField("at", "Écrivez une date et une heure comme 2026-11-24T09:12:00Z.")
	}
	return at.Add(leap), nil
}
