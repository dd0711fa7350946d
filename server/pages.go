package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/mail"
	"strings"
	"time"

	"okey/okey"

	"github.com/gin-gonic/gin"
)

// visit is one person's look at one page. Actor is empty where nobody has signed in.
type visit struct {
	*gin.Context
	Actor okey.Actor
	Now   time.Time

	restored *form // what the page gives back of an earlier sending
}

func (v *visit) ctx() context.Context { return v.Request.Context() }
func (v *visit) signedIn() bool       { return v.Actor.ID != okey.PersonID{} }
func (v *visit) desk() bool           { return v.Actor.Support || v.Actor.Auditor }
func (v *visit) today() okey.Day      { return okey.DayOf(v.Now, okey.ZoneOf("")) }
func (v *visit) answers() bool        { return len(v.Actor.Answers(v.today())) > 0 }

// oversees tells whether the visitor sees more than what is their own: an establishment's, or everybody's.
func (v *visit) oversees() bool { return v.desk() || v.answers() }

// screen is what the layout shows around a page.
type screen struct {
	Title   string
	Of      string // of which the page is, where its heading does not say it: tabs and histories are told apart by it
	Notice  string // what just happened, and what comes next
	Warning string // what did not happen, and why
	Body    any

	Restored string // the field of a form given back where reading it over begins

	Failed  bool   // the title says so: a screen reader begins there
	Name    string // of whoever is signed in
	Nav     []navLink
	Support string // address of the support team
	Academy academy

	Conformity string // to RGAA, in the foot

	Searches bool   // support and auditors search from every page
	Asked    string // what they have just searched for
}

type navLink struct {
	Name, Path string
	Here       bool
}

// page lets people through who have signed in; what fails becomes a page too. A form that was sent after the session had ended is kept
// until its writer has signed in again.
func (s *Server) page(show func(*visit) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		v := newVisit(c)
		if c.Request.Method == http.MethodPost && s.sessions.person(v.ctx()) == (okey.PersonID{}) {
			s.keepDraft(v)
			return
		}
		if s.requireSignIn(c); c.IsAborted() {
			return
		}
		v.Actor = s.actor(c)
		if err := show(v); err != nil {
			s.failVisit(v, err)
		}
	}
}

// openPage lets everybody through; whoever has signed in is still greeted by name.
func (s *Server) openPage(show func(*visit) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		v, err := s.greet(c)
		if err == nil {
			err = show(v)
		}
		if err != nil {
			s.failVisit(v, err)
		}
	}
}

func newVisit(c *gin.Context) *visit { return &visit{Context: c, Now: time.Now()} }

// greet is a visit that needs no sign-in, with its actor where there is one.
func (s *Server) greet(c *gin.Context) (*visit, error) {
	v := newVisit(c)
	id := s.sessions.person(v.ctx())
	if id == (okey.PersonID{}) {
		return v, nil
	}
	actor, err := s.store.Actor(v.ctx(), id)
	if okey.ErrorCode(err) == okey.CodeNotFound || err == nil && s.sessions.ended(v.ctx(), actor) {
		return v, nil
	}
	v.Actor = actor
	return v, err
}

// show writes a page. It is made whole first: a template that fails must not leave half a page behind.
func (s *Server) show(v *visit, status int, name string, sc screen) error {
	sc.Failed = sc.Warning != "" || status == http.StatusUnprocessableEntity || status == http.StatusConflict || status == http.StatusTooManyRequests
	if status == http.StatusUnprocessableEntity {
		s.keepSent(v)
	}
	if v.restored != nil {
		sc.Restored = v.restored.begun()
	}
	s.dress(v, &sc)
	var page bytes.Buffer
	if err := s.templates.pages[name].Execute(&page, sc); err != nil {
		return fmt.Errorf("render page %s: %w", name, err)
	}
	v.Data(status, "text/html; charset=utf-8", unbroken(page.Bytes()))
	return nil
}

// dress adds what every page has: who is here, where one can go.
func (s *Server) dress(v *visit, sc *screen) {
	sc.Support, sc.Academy, sc.Conformity = addressOf(s.settings.SupportMail), s.academy, s.settings.Conformity
	if !v.signedIn() {
		sc.Nav = []navLink{{Name: "Aide", Path: "/aide"}}
	} else {
		sc.Name = v.Actor.Name()
		sc.Nav = []navLink{{Name: "Accueil", Path: "/"}, {Name: "Demandes", Path: "/demandes"}, {Name: "Clefs", Path: "/clefs"}}
		if v.oversees() {
			sc.Nav = append(sc.Nav, navLink{Name: "Commandes", Path: pathOrders})
		}
		if v.desk() {
			sc.Nav = append(sc.Nav, navLink{Name: "Assistance", Path: "/assistance"})
			sc.Searches = true
		}
		sc.Nav = append(sc.Nav, navLink{Name: "Aide", Path: "/aide"})
	}
	for i, link := range sc.Nav {
		here := v.Request.URL.Path
		sc.Nav[i].Here = here == link.Path || (link.Path != "/" && strings.HasPrefix(here, link.Path+"/"))
	}
}

// addressOf is a mail address without the name that may stand before it.
func addressOf(mailbox string) string {
	if parsed, err := mail.ParseAddress(mailbox); err == nil {
		return parsed.Address
	}
	return mailbox
}

// showFailure ends a request for a page with an error in French; the router calls it where no page exists, too.
func (s *Server) showFailure(c *gin.Context, err error) {
	v, visitErr := s.greet(c)
	if visitErr != nil {
		slog.ErrorContext(c.Request.Context(), "an error page does without its session", "error", visitErr)
	}
	s.failVisit(v, err)
}

var failTitles = map[int]string{
	http.StatusUnauthorized:          "Connexion nécessaire",
	http.StatusNotFound:              "Page introuvable",
	http.StatusForbidden:             "Cette action n'est pas pour vous",
	http.StatusMethodNotAllowed:      "Page introuvable",
	http.StatusConflict:              "Rien n'a changé",
	http.StatusUnprocessableEntity:   "Ce n'est pas possible ainsi",
	http.StatusRequestEntityTooLarge: "C'est trop long",
	http.StatusTooManyRequests:       "Trop d'essais",
	http.StatusServiceUnavailable:    "OKEY est momentanément indisponible",
}

func (s *Server) failVisit(v *visit, err error) {
	status := statusOf(err)
	if status >= http.StatusInternalServerError {
		slog.ErrorContext(v.ctx(), "a page failed", "route", v.FullPath(), "error", err)
	}
	title := failTitles[status]
	if title == "" {
		title = "Une erreur s'est produite"
	}
	body := failure{Message: pageMessage(err), Home: v.signedIn()}
	if sent := v.Request.PostForm; status == http.StatusConflict && sent.Get("person") == v.Actor.ID.String() {
		body.Wrote = sent.Get("comment")
	}
	var leads leadsOn
	if errors.As(err, &leads) {
		body.Go = &leads.to
	}
	if status == http.StatusUnauthorized {
		body.SignIn = pathSignIn
	}
	if status == http.StatusNotFound && v.signedIn() {
		ended, err := s.endedRights(v)
		if err != nil {
			slog.ErrorContext(v.ctx(), "an error page does not say which rights have ended", "error", err)
		}
		if body.Ended = ended; len(ended) > 0 && v.Request.Method == http.MethodPost {
			body.Ended = append(body.Ended, "Rien n'a été enregistré.")
		}
	}
	if status == http.StatusRequestEntityTooLarge && carriesFile(v.Request) {
		title, body.Back, body.BackName = "Le fichier est trop volumineux", pathDeliveries, "Revenir aux livraisons"
	}
	retryAfter(v.Context, status, err)
	sc := screen{Title: title, Body: body}
	if err := s.show(v, status, "failure", sc); err != nil {
		slog.ErrorContext(v.ctx(), "an error page could not be made", "error", err)
		v.String(http.StatusInternalServerError, "Une erreur s'est produite de notre côté. Réessayez dans un instant.")
	}
	v.Abort()
}

type failure struct {
	Message string
	Wrote   string   // what came too late, so that it can be copied
	Home    bool     // home says more
	SignIn  string   // where that would help
	Go      *navLink // what to do, instead of going home
	Ended   []string // rights of the visitor's that ended lately: the page may have been for them then

	Back, BackName string // where one came from, for another try
}

// leadsOn is an error whose page has something to press that goes on from there.
type leadsOn struct {
	error
	to navLink
}

func (l leadsOn) Unwrap() error { return l.error }

// pageMessage is what a person reads of an error: some are worded for programs.
func pageMessage(err error) string {
	switch okey.ErrorCode(err) {
	case codeMethod, okey.CodeNotFound:
		return "Cette page n'existe pas, ou elle n'est pas pour vous."
	default:
		return okey.ErrorMessage(err)
	}
}
