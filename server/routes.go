package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"okey/okey"
	"okey/server/respond"
	"okey/server/web"

	"github.com/gin-gonic/gin"
)

// patience is how long an answer may be made: less than the connection stays open for it, so that who waits is told.
const patience = writeTimeout - 8*time.Second

// Handler answers everything: API, pages, health. Sessions and the guard against other sites' forms stand before the pages only; the API
// knows neither cookies nor forms.
func (s *Server) Handler() http.Handler {
	router := s.router()
	guard := http.NewCrossOriginProtection()
	guard.AddInsecureBypassPattern("POST /valider/{token}") // acts by its token: a cookie may only stop it; and sends no origin along
	pages := s.session.Wrap(router, func(w http.ResponseWriter, r *http.Request, err error) {
		router.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), lostSession{}, err)))
	})
	return s.identified(withoutPorts(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limit := int64(respond.MaxBody)
		if web.CarriesFile(r) {
			limit += respond.MaxUpload
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		r = r.WithContext(ctx)
		if respond.ForPrograms(r.URL.Path) || respond.IsStatic(r.URL.Path) {
			router.ServeHTTP(w, r)
			return
		}
		if guard.Check(r) != nil { // past the sessions: such a request is nobody's
			router.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), foreignForm{}, true)))
			return
		}
		pages.ServeHTTP(w, r)
	})))
}

// router holds every route.
func (s *Server) router() *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.HandleMethodNotAllowed = true
	router.RedirectTrailingSlash = false
	if err := router.SetTrustedProxies(s.proxies); err != nil {
		slog.Error("trusted proxies were not understood: none is believed", "error", err)
	}
	router.Use(respond.TellRequestID, s.observe, s.recoverPanic, s.unwrapAddress, s.denyForeignForm, s.denyLostSession)
	router.NoRoute(s.site.NoRoute)
	router.NoMethod(s.noMethod)
	s.healthRoutes(router)
	s.api.Routes(router)
	pages := web.NewRoutes(s.site, router)
	for _, room := range s.rooms {
		room.Routes(pages)
	}
	return router
}

// observe logs and counts each request by the template of its route: never the URL, which may hold a token or a search.
func (s *Server) observe(c *gin.Context) {
	began := time.Now()
	c.Next()
	route := c.FullPath()
	if route == "" {
		route = "unmatched"
	}
	took := time.Since(began)
	s.metrics.Answered(c.Request.Method, route, c.Writer.Status(), took)
	level := slog.LevelInfo
	if respond.IsProbe(route) {
		level = slog.LevelDebug
	}
	slog.Log(c.Request.Context(), level, "request", "method", c.Request.Method, "route", route, "status", c.Writer.Status(),
		"ms", took.Milliseconds(), "bytes", c.Writer.Size())
	describe(c, respond.KnownMethod(c.Request.Method), route)
}

// recoverPanic answers 500 without a word of what went wrong; the log has the stack.
func (s *Server) recoverPanic(c *gin.Context) {
	defer func() {
		fault := recover()
		if fault == nil {
			return
		}
		if err, is := fault.(error); is && err == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
			panic(fault)
		}
		err := fmt.Errorf("panic: %v", fault)
		slog.ErrorContext(
			c.Request.Context(),
			"a request panicked",
			"route",
			c.FullPath(),
			"error",
			err,
			"stack",
			string(debug.Stack()),
		)
		if c.Writer.Written() {
			c.Abort()
			return
		}
		if respond.IsAPI(c.Request.URL.Path) {
			respond.Fail(c, err)
			return
		}
		s.site.FailPage(c, err)
	}()
	c.Next()
}

// foreignForm marks, in a request's context, what another site sent.
type foreignForm struct{}

// denyForeignForm answers the form of another site, whoever's browser it came with.
func (s *Server) denyForeignForm(c *gin.Context) {
	if c.Request.Context().Value(foreignForm{}) == nil {
		return
	}
	s.site.PageHeaders(c)
	c.Abort()
	v := web.NewVisit(c)
	sc := web.Screen{Title: "Ce formulaire ne vient pas d'OKEY", Body: web.Failure{
		Message: "Une autre page l'a envoyé : rien n'a été fait. Si vous vouliez faire quelque chose dans OKEY, recommencez depuis " +
			"l'accueil.",
		Home: true,
	}}
	if err := s.site.Show(v, http.StatusForbidden, "failure", sc); err != nil {
		s.site.FailVisit(v, err)
	}
}

// lostSession marks, in a request's context, why its session could not be read or written.
type lostSession struct{}

// denyLostSession answers in the place of a page whose session is out of reach.
func (s *Server) denyLostSession(c *gin.Context) {
	err, lost := c.Request.Context().Value(lostSession{}).(error)
	if !lost {
		return
	}
	s.site.PageHeaders(c)
	s.site.FailVisit(web.NewVisit(c), fmt.Errorf("keep a session: %w", err))
}

func (s *Server) noMethod(c *gin.Context) {
	refused := okey.Errorf(respond.CodeMethod, "Cette adresse n'accepte pas la méthode %s.", c.Request.Method)
	if respond.ForPrograms(c.Request.URL.Path) {
		respond.Fail(c, refused)
		return
	}
	if respond.IsStatic(c.Request.URL.Path) {
		respond.PlainPage(c.Writer, http.StatusMethodNotAllowed, okey.ErrorMessage(refused))
		return
	}
	s.site.FailPage(c, refused)
}
