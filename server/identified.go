package server

import (
	"net/http"
	"net/netip"
	"slices"

	"okey/internal/telemetry"
	"okey/server/respond"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// identified names each request, and begins its trace where there are any. What a request is called elsewhere, and which trace it belongs
// to, is believed of trusted proxies alone: from anybody else it would put lines and spans among those of others.
func (s *Server) identified(next http.Handler) http.Handler {
	trusted := trustedNetworks(s.proxies)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, parent := "", ""
		if isFrom(r.RemoteAddr, trusted) {
			name, parent = r.Header.Get(respond.RequestIDHeader), r.Header.Get("Traceparent")
		}
		ctx := respond.Identify(r.Context(), name)
		if s.traces != nil && !respond.IsProbe(r.URL.Path) {
			var span trace.Span
			ctx, span = s.traces.Start(trace.ContextWithRemoteSpanContext(ctx, telemetry.Parent(parent)), "HTTP",
				trace.WithSpanKind(trace.SpanKindServer))
			defer span.End()
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// trustedNetworks are those that the configuration has examined.
func trustedNetworks(texts []string) []netip.Prefix {
	var networks []netip.Prefix
	for _, text := range texts {
		if network, err := netip.ParsePrefix(text); err == nil {
			networks = append(networks, network)
		} else if one, err := netip.ParseAddr(text); err == nil {
			networks = append(networks, netip.PrefixFrom(one, one.BitLen()))
		}
	}
	return networks
}

func isFrom(remote string, networks []netip.Prefix) bool {
	at, err := netip.ParseAddrPort(remote)
	return err == nil && slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(at.Addr().Unmap()) })
}

// describe says in a request's span what the log says of it: the template of its route, never its address.
func describe(c *gin.Context, method, route string) {
	ctx := c.Request.Context()
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	span.SetName(method + " " + route)
	status := c.Writer.Status()
	span.SetAttributes(attribute.String("http.request.method", method), attribute.String("http.route", route),
		attribute.Int("http.response.status_code", status), attribute.String("okey.request_id", respond.RequestID(c)))
	if status >= http.StatusInternalServerError {
		telemetry.Fail(span, "")
	}
}
