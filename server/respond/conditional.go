package respond

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// Conditional gives what is read a name (ETag), the SHA-256 of its bytes, and answers 304 without them to whoever names them in
// If-None-Match (RFC 9110, 13.1.2). An answer that has a name already, as a workbook has, is let through as it comes.
func Conditional(c *gin.Context) {
	if c.Request.Method != http.MethodGet && c.Request.Method != http.MethodHead {
		return
	}
	held := &heldAnswer{ResponseWriter: c.Writer}
	func() {
		defer func() { c.Writer = held.ResponseWriter }() // whatever happens: who tells of a panic writes for itself
		c.Writer = held
		c.Next()
	}()
	if held.body.Len() == 0 || held.Status() == http.StatusOK && Unchanged(c, sumOf(held.body.Bytes())) {
		return
	}
	_, _ = c.Writer.Write(held.body.Bytes())
}

// Unchanged names what is about to be answered, and tells whether the caller has it already: then 304 says so, and nothing else is written.
func Unchanged(c *gin.Context, sum string) bool {
	tag := `"` + sum + `"`
	c.Header("ETag", tag)
	for known := range strings.SplitSeq(c.GetHeader("If-None-Match"), ",") {
		known = strings.TrimPrefix(strings.TrimSpace(known), "W/") // a proxy that compresses weakens names
		if known == tag || known == "*" {
			c.Writer.Header().Del("Content-Type")
			c.Status(http.StatusNotModified)
			return true
		}
	}
	return false
}

func sumOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// heldAnswer keeps a body until it is whole.
type heldAnswer struct {
	gin.ResponseWriter
	body bytes.Buffer
}

// Write is part of http.ResponseWriter.
func (h *heldAnswer) Write(b []byte) (int, error) { return h.to().Write(b) }

// to is where a body goes: on, once it has its name.
func (h *heldAnswer) to() interface {
	io.Writer
	io.StringWriter
} {
	if h.Header().Get("ETag") != "" {
		return h.ResponseWriter
	}
	return &h.body
}

// WriteString is part of gin.ResponseWriter.
func (h *heldAnswer) WriteString(s string) (int, error) { return h.to().WriteString(s) }

// WriteHeaderNow waits for the name, which is a header too.
func (h *heldAnswer) WriteHeaderNow() {}
