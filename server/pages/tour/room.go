// Package tour leads a newcomer through a demonstration: steps that tick themselves, each with the right person one click away. The
// room is made where OKEY_DEMONSTRATION is set, which configuration allows on a machine of one's own alone. It knows sign-in.
package tour

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"

	"okey/config"
	"okey/internal/address"
	"okey/internal/cast"
	"okey/okey"
	"okey/server/act"
	"okey/server/signin"
	"okey/server/web"
	"okey/sql"

	"github.com/gin-gonic/gin"
)

// Pages are the tour's routes; what it shows stands on every page.
type Pages struct {
	*web.Site
	store  *sql.Store
	act    *act.Dispatcher
	in     *signin.SignIn
	inbox  string // where the demonstration's mails are read
	steps  []step
	cookie string // its name: of this demonstration, not of the one before it at the same address
}

// New makes the room, and has every page show the tour; tries tells whether there is a server to try keys with.
func New(
	site *web.Site, store *sql.Store, a *act.Dispatcher, in *signin.SignIn, inbox string, keys config.Keyring, tries bool,
) *Pages {
	_, key := keys.Current()
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("okey tour"))
	p := &Pages{
		Site: site, store: store, act: a, in: in, inbox: strings.TrimRight(inbox, "/") + "/",
		cookie: "okey_tour_" + hex.EncodeToString(mac.Sum(nil)[:4]),
	}
	p.steps = steps
	if tries {
		p.steps = slices.Insert(slices.Clone(steps), len(steps)-1, trial) // the look into the engine stays the last
	}
	site.GuideBy(p.guide)
	return p
}

// Routes registers what the tour's buttons lead to.
func (p *Pages) Routes(r web.Routes) {
	r.Handle(http.MethodPost, address.PathBecome, p.become)
	r.OpenPost(address.PathTour, p.show)
	r.Open(address.PathTourEngine, p.engine)
}

// become changes who is signed in, for one of the cast.
func (p *Pages) become(c *gin.Context) {
	player, known := cast.Known(c.PostForm("uid"))
	err := error(okey.Errorf(okey.CodeNotFound, "Cette personne n'est pas de la démonstration."))
	if known {
		err = p.in.ChangePerson(c, player.UID, c.PostForm("vers"))
	}
	if err != nil {
		p.FailPage(c, err)
	}
}

// What the browser remembers of the tour.
const (
	away   = "fermee"
	looked = "moteur" // the engine's pages
)

// show shows the steps again, or puts them away.
func (p *Pages) show(v *web.Visit) error {
	p.remember(v, away, v.PostForm("visite") == "non")
	v.Redirect(http.StatusSeeOther, "/")
	return nil
}

// engine leads to the request's own page in the engine.
func (p *Pages) engine(v *web.Visit) error {
	_, latest, err := p.store.Tour(v.Ctx(), cast.Requester, cast.School)
	if err != nil {
		return err
	}
	r := followed(latest)
	if r.Stage == "" {
		return okey.Errorf(okey.CodeNotFound, "Rien n'a encore été demandé au collège Les Mimosas.")
	}
	link := p.act.WorkflowLink(p.act.WorkflowOf(v.Ctx(), okey.RequestWorkflowID(r.ID)))
	if link == "" {
		return okey.Errorf(okey.CodeNotFound, "Les pages de Temporal ne sont pas ouvertes ici.")
	}
	p.remember(v, looked, true)
	v.Redirect(http.StatusSeeOther, link)
	return nil
}

// remembers tells whether the browser has been told something.
func (p *Pages) remembers(v *web.Visit, what string) bool {
	cookie, err := v.Request.Cookie(p.cookie)
	return err == nil && strings.Contains(cookie.Value, what)
}

// aYear is longer than a demonstration lasts.
const aYear = 365 * 24 * time.Hour

func (p *Pages) remember(v *web.Visit, what string, on bool) {
	value := ""
	for _, known := range []string{away, looked} {
		if known == what && on || known != what && p.remembers(v, known) {
			value += known + "."
		}
	}
	http.SetCookie(v.Writer, &http.Cookie{
		Name: p.cookie, Value: value, Path: "/", MaxAge: int(aYear.Seconds()), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}
