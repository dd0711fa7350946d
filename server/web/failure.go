package web

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"

	"okey/internal/address"
	"okey/okey"
	"okey/server/respond"

	"github.com/gin-gonic/gin"
)

// showFailure ends a request for a page with an error in French; the router calls it where no page exists, too.
func (s *Site) showFailure(c *gin.Context, err error) {
	v, visitErr := s.greet(c)
	if visitErr != nil {
		slog.ErrorContext(c.Request.Context(), "an error page does without its session", "error", visitErr)
	}
	s.FailVisit(v, err)
}

// FailTitles are the titles of error pages by HTTP status; what is not here has gone wrong on our side.
var FailTitles = map[int]string{
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

// FailVisit ends a visit with an error's status and sentence. What is our own fault is logged here, and only here.
func (s *Site) FailVisit(v *Visit, err error) {
	status := respond.StatusOf(err)
	if status >= http.StatusInternalServerError {
		slog.ErrorContext(v.Ctx(), "a page failed", "route", v.FullPath(), "error", err)
	}
	respond.RetryAfter(v.Context, status, err)
	title, body := s.failure(v, status, err)
	if err := s.Show(v, status, "failure", Screen{Title: title, Body: body}); err != nil {
		slog.ErrorContext(v.Ctx(), "an error page could not be made", "error", err)
		v.String(http.StatusInternalServerError, "Une erreur s'est produite de notre côté. Réessayez dans un instant.")
	}
	v.Abort()
}

// failure is what the page of an error says.
func (s *Site) failure(v *Visit, status int, err error) (title string, body Failure) {
	body = Failure{Message: pageMessage(err), Home: v.SignedIn()}
	var leads LeadsOn
	if errors.As(err, &leads) {
		body.Go = &leads.To
	}
	switch sent := v.Request.PostForm; {
	case status == http.StatusServiceUnavailable && v.Request.Method == http.MethodPost:
		body.Message += " Revenez alors en arrière et renvoyez votre formulaire : envoyé deux fois, il ne compte qu'une fois."
	case status == http.StatusUnauthorized:
		body.SignIn = address.PathSignIn
	case status == http.StatusNotFound && v.SignedIn():
		body.Ended = s.endedBefore(v)
	case status == http.StatusConflict && sent.Get("person") == v.Actor.ID.String():
		body.Wrote = sent.Get("comment")
	case status == http.StatusRequestEntityTooLarge && CarriesFile(v.Request):
		body.Back, body.BackName = address.PathDeliveries, "Revenir aux livraisons"
		return "Le fichier est trop volumineux", body
	}
	return cmp.Or(FailTitles[status], "Une erreur s'est produite"), body
}

// endedBefore says which rights of the visitor's have ended: the page that they do not find may have been for them then.
func (s *Site) endedBefore(v *Visit) []string {
	ended, err := s.EndedRights(v)
	if err != nil {
		slog.ErrorContext(v.Ctx(), "an error page does not say which rights have ended", "error", err)
	}
	if len(ended) > 0 && v.Request.Method == http.MethodPost {
		ended = append(ended, "Rien n'a été enregistré.")
	}
	return ended
}

// Failure is an error page.
type Failure struct {
	Message string
	Wrote   string   // what came too late, so that it can be copied
	Home    bool     // home says more
	SignIn  string   // where that would help
	Go      *NavLink // what to do, instead of going home
	Ended   []string // rights of the visitor's that ended lately

	Back, BackName string // where one came from, for another try
}

// LeadsOn is an error whose page has something to press that goes on from there.
type LeadsOn struct {
	Err error
	To  NavLink
}

func (l LeadsOn) Error() string { return l.Err.Error() }

// Unwrap is the error itself.
func (l LeadsOn) Unwrap() error { return l.Err }

const noSuchPage = "Cette page n'existe pas, ou elle n'est pas pour vous."

// NoSuchPage is what an address that leads nowhere is answered, and one that is not for the visitor: not_found, nothing tells them apart.
func NoSuchPage() error { return okey.Errorf(okey.CodeNotFound, noSuchPage) }

// pageMessage is what a person reads of an error: some are worded for programs.
func pageMessage(err error) string {
	switch okey.ErrorCode(err) {
	case respond.CodeMethod, okey.CodeNotFound:
		return noSuchPage
	default:
		return okey.ErrorMessage(err)
	}
}

// Graver is what somebody is told of several refusals: nothing where one thing is allowed, and whoever sees one of them is not told that it
// does not exist.
func Graver(a, b error) error {
	switch {
	case a == nil || b == nil:
		return nil
	case okey.ErrorCode(a) == okey.CodeNotFound:
		return b
	}
	return a
}
