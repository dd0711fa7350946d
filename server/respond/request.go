package respond

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"okey/internal/telemetry"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
)

// NoStore keeps an answer out of every cache.
func NoStore(c *gin.Context) { c.Header("Cache-Control", "no-store") }

// ForPrograms tells what has neither session nor page around it.
func ForPrograms(path string) bool { return IsAPI(path) || IsProbe(path) }

// IsProbe tells what is asked every few seconds, and of no interest afterwards.
func IsProbe(path string) bool { return path == "/healthz" || path == "/readyz" }

// IsAPI tells what answers problems instead of pages. /api itself is a page, for those who write programs.
func IsAPI(path string) bool { return strings.HasPrefix(path, "/api/") }

// IsStatic tells what is everybody's alike: it neither asks who comes nor prolongs a session.
func IsStatic(path string) bool { return strings.HasPrefix(path, "/static/") }

// RequestIDHeader carries the name of a request between programs.
const RequestIDHeader = "X-Request-Id"

// markedRequest is what the log calls it.
const markedRequest = "request_id"

// Identify names a request, for the log and for whoever asks support about it: as given, by a program that is trusted and that gives names
// which can stand in any log, else anew.
func Identify(ctx context.Context, given string) context.Context {
	if !nameOfRequest.MatchString(given) {
		given = uuid.NewString()
	}
	return telemetry.Mark(ctx, markedRequest, given)
}

var nameOfRequest = regexp.MustCompile(`^[A-Za-z0-9_.-]{8,64}$`)

// TellRequestID answers with the name of the request.
func TellRequestID(c *gin.Context) {
	c.Header(RequestIDHeader, RequestID(c))
	c.Header("X-Content-Type-Options", "nosniff")
}

// RequestID is the name that Identify gave; empty before.
func RequestID(c *gin.Context) string { return telemetry.Marked(c.Request.Context(), markedRequest) }

// PlainPage is a sentence without anything around it, for when nothing else stands.
func PlainPage(w http.ResponseWriter, status int, sentence string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, sentence)
}
