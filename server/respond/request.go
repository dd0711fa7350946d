package respond

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
)

// NoStore keeps an answer out of every cache.
func NoStore(c *gin.Context) { c.Header("Cache-Control", "no-store") }

// ForPrograms tells what has neither session nor page around it.
func ForPrograms(path string) bool { return IsAPI(path) || path == "/healthz" || path == "/readyz" }

// IsAPI tells what answers problems instead of pages. /api itself is a page, for those who write programs.
func IsAPI(path string) bool { return strings.HasPrefix(path, "/api/") }

// IsStatic tells what is everybody's alike: it neither asks who comes nor prolongs a session.
func IsStatic(path string) bool { return strings.HasPrefix(path, "/static/") }

const requestIDKey = "okey.request_id"

// IdentifyRequest names the request, for the log and for whoever asks support about it.
func IdentifyRequest(c *gin.Context) {
	id := uuid.NewString()
	c.Set(requestIDKey, id)
	c.Header("X-Request-Id", id)
	c.Header("X-Content-Type-Options", "nosniff")
}

// RequestID is the name that IdentifyRequest gave; empty before.
func RequestID(c *gin.Context) string { return c.GetString(requestIDKey) }

// PlainPage is a sentence without anything around it, for when nothing else stands.
func PlainPage(w http.ResponseWriter, status int, sentence string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, sentence)
}
