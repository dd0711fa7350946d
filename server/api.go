package server

import (
	_ "embed" // the description of the API
	"net/http"
	"slices"
	"strings"
	"time"

	"okey/okey"
	"okey/sql"

	"github.com/gin-gonic/gin"
)

// openAPI describes the whole API; the tests hold every answer against it.
//
//go:embed openapi.yaml
var openAPI []byte

// apiRoutes are the JSON API: bearer token, problem+json, no cookie.
func (s *Server) apiRoutes(router gin.IRouter) {
	api := router.Group("/api/v1")
	api.GET("/openapi.yaml", func(c *gin.Context) { c.Data(http.StatusOK, "application/yaml; charset=utf-8", openAPI) })

	people := api.Group("", noStore, s.bearer)
	people.GET("/me", s.getMe)
	people.PUT("/me/pin", s.putPIN)
	people.GET("/charter", s.getCharter)
	people.POST("/requests", s.postRequest)
	people.GET("/requests", s.listRequests)
	people.GET("/requests/:id", s.getRequest)
	people.POST("/requests/:id/signals/principal-decision", s.postDecision)
	people.POST("/requests/:id/signals/charter-and-pin", s.postCharter)
	people.POST("/requests/:id/signals/stock-available", s.postStock)
	people.POST("/requests/:id/signals/handover", s.postHandover)
	people.POST("/requests/:id/signals/withdrawal", s.postWithdrawal)
	people.POST("/keys/:serial/changes", s.postKeyChange)
	people.POST("/deliveries", s.postDelivery)
	s.orderRoutes(people)

	both := api.Group("", noStore, s.bearerOr("keys"))
	both.GET("/keys", s.listKeys)
	both.GET("/keys/:serial", s.getKey)

	api.POST("/keys/:serial/logins", noStore, s.bearerOr("logins"), s.postLogin)
	api.POST("/keys/:serial/pin-checks", noStore, s.bearerOr("pin-checks"), s.postPINCheck)
}

// callerKey is where the middleware leaves whom a token stands for.
const callerKey = "okey.caller"

// caller is whoever calls the API: a person, or a service with a scope (Actor is empty then).
type caller struct {
	okey.Actor
	service string
}

// reach is how far the caller's lists go: a service with the scope sees all.
func (c caller) reach() sql.Reach {
	if c.service != "" {
		return sql.Reach{All: true}
	}
	return reach(c.Actor)
}

func callerOf(c *gin.Context) caller {
	who, _ := c.MustGet(callerKey).(caller)
	return who
}

// bearer lets people through.
func (s *Server) bearer(c *gin.Context) { s.identify(c, "") }

// bearerOr lets people through, and services that have the scope.
func (s *Server) bearerOr(scope string) gin.HandlerFunc {
	return func(c *gin.Context) { s.identify(c, scope) }
}

func (s *Server) identify(c *gin.Context, scope string) {
	kind, token, _ := strings.Cut(c.GetHeader("Authorization"), " ")
	if !strings.EqualFold(kind, "Bearer") || strings.TrimSpace(token) == "" {
		fail(c, okey.Errorf(okey.CodeUnauthorized, "Donnez un jeton : en-tête Authorization: Bearer, suivi de ce qu'affiche « okey token »."))
		return
	}
	bearer, err := s.store.Bearer(c.Request.Context(), strings.TrimSpace(token), time.Now())
	if err != nil {
		fail(c, err)
		return
	}
	if bearer.Service != "" {
		if scope == "" || !slices.Contains(bearer.Scopes, scope) {
			fail(c, okey.Errorf(okey.CodeForbidden, "Ce jeton de service n'ouvre pas cette partie de l'API."))
			return
		}
		c.Set(callerKey, caller{service: bearer.Service})
		return
	}
	actor, err := s.store.Actor(c.Request.Context(), bearer.Person)
	if err != nil {
		fail(c, err)
		return
	}
	c.Set(callerKey, caller{Actor: actor})
}

func noStore(c *gin.Context) { c.Header("Cache-Control", "no-store") }

// noRoute and noMethod answer under /api as the rest of it does; elsewhere as a page.
func (s *Server) noRoute(c *gin.Context) {
	if forPrograms(c.Request.URL.Path) {
		failWith(c, http.StatusNotFound, okey.Errorf(okey.CodeNotFound, "Cette adresse n'existe pas : voyez /api/v1/openapi.yaml."))
		return
	}
	if isStatic(c.Request.URL.Path) {
		plainPage(c.Writer, http.StatusNotFound, "Ce fichier n'existe pas.")
		return
	}
	s.failPage(c, okey.Errorf(okey.CodeNotFound, "Cette page n'existe pas, ou elle n'est pas pour vous."))
}

func (s *Server) noMethod(c *gin.Context) {
	refused := okey.Errorf(codeMethod, "Cette adresse n'accepte pas la méthode %s.", c.Request.Method)
	if forPrograms(c.Request.URL.Path) {
		fail(c, refused)
		return
	}
	if isStatic(c.Request.URL.Path) {
		plainPage(c.Writer, http.StatusMethodNotAllowed, okey.ErrorMessage(refused))
		return
	}
	s.failPage(c, refused)
}

// forPrograms tells what has neither session nor page around it.
func forPrograms(path string) bool { return isAPI(path) || path == "/healthz" || path == "/readyz" }

func isAPI(path string) bool { return path == "/api" || strings.HasPrefix(path, "/api/") }

// getMe answers whom the token stands for, and where they work.
func (s *Server) getMe(c *gin.Context) {
	actor := callerOf(c).Actor
	today := okey.DayOf(time.Now(), okey.ZoneOf(""))
	places, err := s.store.Names(c.Request.Context(), append(actor.Establishments(today), actor.Answers(today)...)...)
	if err != nil {
		fail(c, err)
		return
	}
	me := meView{UID: actor.UID, Name: actor.Name(), Mail: actor.Mail, Support: actor.Support, Auditor: actor.Auditor}
	me.Establishments = []assignmentView{}
	for _, uai := range actor.Establishments(today) {
		for _, a := range actor.At(uai, today) {
			me.Establishments = append(me.Establishments, assignmentView{UAI: uai, Name: places[uai], Function: a.Function, Until: dayOrNil(a.Until)})
		}
	}
	me.Answers = []okey.UAI{}
	me.Answers = append(me.Answers, actor.Answers(today)...)
	c.JSON(http.StatusOK, me)
}

type meView struct {
	UID            string           `json:"uid"`
	Name           string           `json:"name"`
	Mail           string           `json:"mail"`
	Support        bool             `json:"support"`
	Auditor        bool             `json:"auditor"`
	Establishments []assignmentView `json:"establishments"`
	Answers        []okey.UAI       `json:"answers_for"`
}

type assignmentView struct {
	UAI      okey.UAI      `json:"uai"`
	Name     string        `json:"name"`
	Function okey.Function `json:"function"`
	Until    *string       `json:"until"`
}

// getCharter answers the text in force.
func (s *Server) getCharter(c *gin.Context) {
	charter, err := s.store.Charter(c.Request.Context())
	if err != nil {
		fail(c, err)
		return
	}
	c.JSON(http.StatusOK, gin.H{
		"version": charter.Version, "text": charter.Text, "sha256": charter.SHA256, "published_at": charter.PublishedAt,
	})
}

func dayOrNil(d okey.Day) *string {
	if d.IsZero() {
		return nil
	}
	text := d.String()
	return &text
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
