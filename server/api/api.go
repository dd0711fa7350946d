// Package api is the JSON API: bearer tokens, problem+json, openapi.yaml. It knows how OKEY answers HTTP and the one way through, and nothing of pages.
package api

import (
	_ "embed"
	"net/http"
	"slices"
	"strings"
	"time"

	"okey/okey"
	"okey/server/act"
	"okey/server/respond"
	"okey/sql"

	"github.com/gin-gonic/gin"
)

// API answers programs.
type API struct {
	store *sql.Store
	act   *act.Dispatcher
	url   string // of OKEY, for links
}

// New makes the API.
func New(store *sql.Store, a *act.Dispatcher, url string) *API {
	return &API{store: store, act: a, url: url}
}

// openAPI describes the whole API; the tests hold every answer against it.
//
//go:embed openapi.yaml
var openAPI []byte

// Routes are the JSON API: bearer token, problem+json, no cookie.
func (s *API) Routes(router gin.IRouter) {
	api := router.Group("/api/v1")
	api.GET("/openapi.yaml", func(c *gin.Context) { c.Data(http.StatusOK, "application/yaml; charset=utf-8", openAPI) })

	people := api.Group("", respond.NoStore, s.bearer)
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

	both := api.Group("", respond.NoStore, s.bearerOr("keys"))
	both.GET("/keys", s.listKeys)
	both.GET("/keys/:serial", s.getKey)

	api.POST("/keys/:serial/logins", respond.NoStore, s.bearerOr("logins"), s.postLogin)
	api.POST("/keys/:serial/pin-checks", respond.NoStore, s.bearerOr("pin-checks"), s.postPINCheck)
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
	return act.Reach(c.Actor)
}

func callerOf(c *gin.Context) caller {
	who, _ := c.MustGet(callerKey).(caller)
	return who
}

// bearer lets people through.
func (s *API) bearer(c *gin.Context) { s.identify(c, "") }

// bearerOr lets people through, and services that have the scope.
func (s *API) bearerOr(scope string) gin.HandlerFunc {
	return func(c *gin.Context) { s.identify(c, scope) }
}

func (s *API) identify(c *gin.Context, scope string) {
	kind, token, _ := strings.Cut(c.GetHeader("Authorization"), " ")
	if !strings.EqualFold(kind, "Bearer") || strings.TrimSpace(token) == "" {
		respond.Fail(c, okey.Errorf(okey.CodeUnauthorized, "Donnez un jeton : en-tête Authorization: Bearer, suivi de ce qu'affiche « okey token »."))
		return
	}
	bearer, err := s.store.Bearer(c.Request.Context(), strings.TrimSpace(token), time.Now())
	if err != nil {
		respond.Fail(c, err)
		return
	}
	if bearer.Service != "" {
		if scope == "" || !slices.Contains(bearer.Scopes, scope) {
			respond.Fail(c, okey.Errorf(okey.CodeForbidden, "Ce jeton de service n'ouvre pas cette partie de l'API."))
			return
		}
		c.Set(callerKey, caller{service: bearer.Service})
		return
	}
	actor, err := s.store.Actor(c.Request.Context(), bearer.Person)
	if err != nil {
		respond.Fail(c, err)
		return
	}
	c.Set(callerKey, caller{Actor: actor})
}

// getMe answers whom the token stands for, and where they work.
func (s *API) getMe(c *gin.Context) {
	actor := callerOf(c).Actor
	today := okey.DayOf(time.Now(), okey.ZoneOf(""))
	places, err := s.store.Names(c.Request.Context(), append(actor.Establishments(today), actor.Answers(today)...)...)
	if err != nil {
		respond.Fail(c, err)
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
func (s *API) getCharter(c *gin.Context) {
	charter, err := s.store.Charter(c.Request.Context())
	if err != nil {
		respond.Fail(c, err)
		return
	}
	c.JSON(http.StatusOK, gin.H{
		"version": charter.Version, "text": charter.Text, "sha256": charter.SHA256, "published_at": charter.PublishedAt,
	})
}

// viewsOf are the rows of a list as the API shows them: [] for none.
func viewsOf[Row, View any](found []Row, view func(Row) View) []View {
	views := make([]View, len(found))
	for i, row := range found {
		views[i] = view(row)
	}
	return views
}

func dayOrNil(d okey.Day) *string {
	if d.IsZero() {
		return nil
	}
	text := d.String()
	return &text
}
