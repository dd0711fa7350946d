package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
)

// Handler answers everything: API, pages, health. Sessions and the guard against other sites' forms stand before the pages only; the API
// knows neither cookies nor forms.
func (s *Server) Handler() http.Handler {
	router := s.router()
	guard := http.NewCrossOriginProtection()
	guard.AddInsecureBypassPattern("POST /valider/{token}") // acts by its token: a cookie may only stop it; and sends no origin along
	pages := s.sessions.wrap(router)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limit := int64(maxBody)
		if carriesFile(r) {
			limit += maxUpload
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		if forPrograms(r.URL.Path) || isStatic(r.URL.Path) {
			router.ServeHTTP(w, r)
			return
		}
		if guard.Check(r) != nil { // past the sessions: such a request is nobody's
			router.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), foreignForm{}, true)))
			return
		}
		pages.ServeHTTP(w, r)
	})
}

// router holds every route.
func (s *Server) router() *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.HandleMethodNotAllowed = true
	router.RedirectTrailingSlash = false
	if err := router.SetTrustedProxies(s.cfg.TrustedProxies); err != nil {
		slog.Error("trusted proxies were not understood: none is believed", "error", err)
	}
	router.Use(identifyRequest, s.observe, s.recoverPanic, s.denyForeignForm)
	router.NoRoute(s.noRoute)
	router.NoMethod(s.noMethod)
	s.healthRoutes(router)
	s.apiRoutes(router)
	pages := routes{s, router.Group("", s.pageHeaders)}
	for _, room := range []func(routes){
		s.webRoutes, s.signInRoutes, s.homeRoutes, s.requestsRoutes, s.decisionsRoutes, s.keysRoutes, s.stockRoutes, s.peopleRoutes, s.deskRoutes, s.helpRoutes,
	} {
		room(pages)
	}
	return router
}

const requestIDKey = "okey.request_id"

// identifyRequest names the request, for the log and for whoever asks support about it.
func identifyRequest(c *gin.Context) {
	id := uuid.NewString()
	c.Set(requestIDKey, id)
	c.Header("X-Request-Id", id)
	c.Header("X-Content-Type-Options", "nosniff")
}

func requestID(c *gin.Context) string { return c.GetString(requestIDKey) }

// observe logs and counts each request by the template of its route: never the URL, which may hold a token or a search.
func (s *Server) observe(c *gin.Context) {
	began := time.Now()
	c.Next()
	route := c.FullPath()
	if route == "" {
		route = "unmatched"
	}
	took := time.Since(began)
	s.metrics.answered(c.Request.Method, route, c.Writer.Status(), took)
	level := slog.LevelInfo
	if route == "/healthz" || route == "/readyz" {
		level = slog.LevelDebug
	}
	slog.Log(c.Request.Context(), level, "request", "method", c.Request.Method, "route", route, "status", c.Writer.Status(),
		"ms", took.Milliseconds(), "bytes", c.Writer.Size(), "request_id", requestID(c))
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
		slog.ErrorContext(c.Request.Context(), "a request panicked", "route", c.FullPath(), "request_id", requestID(c), "error", err, "stack", string(debug.Stack()))
		if c.Writer.Written() {
			c.Abort()
			return
		}
		if isAPI(c.Request.URL.Path) {
			fail(c, err)
			return
		}
		s.failPage(c, err)
	}()
	c.Next()
}

// pageHeaders keep a page to itself: no script, style or form of others, no frame, no copy in a cache, no address in referrers. The origin
// alone is sent along: CrossOriginProtection needs it from browsers that know no Sec-Fetch-Site.
func (s *Server) pageHeaders(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", s.contentSecurity())
	h.Set("Referrer-Policy", "strict-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cache-Control", "no-store")
	if strings.HasPrefix(s.settings.URL, "https://") {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// contentSecurity lets forms lead to the identity provider too: browsers hold the redirects that follow a form against form-action.
func (s *Server) contentSecurity() string {
	forms := "'self'"
	if issuer, err := url.Parse(s.settings.Issuer); err == nil && issuer.Host != "" {
		forms += " " + issuer.Scheme + "://" + issuer.Host
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
		"form-action " + forms + "; base-uri 'none'; frame-ancestors 'none'"
}

// foreignForm marks, in a request's context, what another site sent.
type foreignForm struct{}

// denyForeignForm answers the form of another site, whoever's browser it came with.
func (s *Server) denyForeignForm(c *gin.Context) {
	if c.Request.Context().Value(foreignForm{}) == nil {
		return
	}
	s.pageHeaders(c)
	c.Abort()
	v := newVisit(c)
	sc := screen{Title: "Ce formulaire ne vient pas d'OKEY", Body: failure{
		Message: "Une autre page l'a envoyé : rien n'a été fait. Si vous vouliez faire quelque chose dans OKEY, recommencez depuis l'accueil.", Home: true,
	}}
	if err := s.show(v, http.StatusForbidden, "failure", sc); err != nil {
		s.failVisit(v, err)
	}
}

// failPage ends a page with an error's status and sentence.
func (s *Server) failPage(c *gin.Context, err error) {
	s.pageHeaders(c) // the router calls it where no route's own have been set
	c.Abort()
	s.showFailure(c, err)
}

// plainPage is a sentence without anything around it, for when nothing else stands.
func plainPage(w http.ResponseWriter, status int, sentence string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, sentence)
}
