package signin

import (
	"crypto/hmac"
	"crypto/sha256"
	"net/http"
	"strings"
	"time"

	"okey/config"
	"okey/okey"

	"github.com/gin-gonic/gin"
	"github.com/gorilla/securecookie"
)

// pending keeps the sign-ins under way, each in a cookie of its own: two tabs that were begun one after the other, or at once, end each
// where it was going. Signed, since a browser may not say by itself that somebody has just been asked who they are.
type pending struct {
	prefix string // of a cookie's name; the rest is of its sign-in's state
	secure bool
	codecs []securecookie.Codec
}

const (
	pendingLife = time.Hour
	pendingMost = 10 // a browser that opens its tabs again; more are of tabs that nobody came back to, and cookies have a limit
	nameOfState = 12
)

// newPending signs with the newest of the keys, and knows the older ones. session is the name of the session's cookie.
func newPending(session string, secure bool, keys config.Keyring) pending {
	p := pending{prefix: strings.Replace(session, "session", "signin", 1) + "_", secure: secure}
	for version, _ := keys.Current(); version > 0; version-- {
		key := keys.Get(version)
		if key == nil {
			continue
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte("okey pending"))
		codec := securecookie.New(mac.Sum(nil), nil).MaxAge(int(pendingLife.Seconds()))
		p.codecs = append(p.codecs, codec.SetSerializer(securecookie.JSONEncoder{}))
	}
	return p
}

func (p pending) name(state string) string { return p.prefix + state[:min(len(state), nameOfState)] }

// keep has the browser hold a sign-in until it comes back, and forget the oldest of too many.
func (p pending) keep(c *gin.Context, f Flow) error {
	value, err := securecookie.EncodeMulti(p.name(f.State), f, p.codecs...)
	if err != nil {
		return err
	}
	var others []string // browsers send the oldest first: RFC 6265, 5.4
	for _, cookie := range c.Request.Cookies() {
		if strings.HasPrefix(cookie.Name, p.prefix) {
			others = append(others, cookie.Name)
		}
	}
	for len(others) >= pendingMost {
		p.set(c, others[0], "", -1)
		others = others[1:]
	}
	p.set(c, p.name(f.State), value, int(pendingLife.Seconds()))
	return nil
}

// take is the sign-in of this browser's that a state belongs to, which is no longer under way. The error is unauthorized where there is
// none; no other one is touched.
func (p pending) take(c *gin.Context, state string) (f Flow, err error) {
	elsewhere := okey.Errorf(okey.CodeUnauthorized,
		"Cette connexion a commencé ailleurs ou il y a trop longtemps : recommencez depuis la page d'accueil d'OKEY.")
	cookie, err := c.Request.Cookie(p.name(state))
	if err != nil {
		return Flow{}, elsewhere
	}
	if securecookie.DecodeMulti(cookie.Name, cookie.Value, &f, p.codecs...) != nil || state == "" || f.State != state {
		return Flow{}, elsewhere
	}
	p.set(c, cookie.Name, "", -1)
	return f, nil
}

func (p pending) set(c *gin.Context, name, value string, maxAge int) {
	http.SetCookie(c.Writer, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: p.secure, SameSite: http.SameSiteLaxMode,
	})
}
