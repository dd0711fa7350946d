package server

import (
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"
)

const forwardedFor = "X-Forwarded-For"

// unreadableEvery is how often the log says that a proxy writes what can't be read: each request would.
const unreadableEvery = 10 * time.Minute

// withoutPorts takes the ports out of X-Forwarded-For, which some proxies write ("192.0.2.1:5000", "[2001:db8::1]:5000"; RFC 7239, 6 has
// them for Forwarded): whoever reads the header next believes addresses alone. What is no address is told in the log: the limit of wrong
// links would count everybody behind that proxy as one.
func withoutPorts(next http.Handler) http.Handler {
	var told atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if given := r.Header.Values(forwardedFor); len(given) > 0 {
			hops := strings.Split(strings.Join(given, ","), ",")
			for i, hop := range hops {
				hop = strings.TrimSpace(hop)
				if with, err := netip.ParseAddrPort(hop); err == nil {
					hop = with.Addr().String()
				} else if bare, err := netip.ParseAddr(strings.Trim(hop, "[]")); err == nil {
					hop = bare.String()
				} else if now := time.Now().Unix(); now-told.Load() > int64(unreadableEvery/time.Second) {
					told.Store(now)
					slog.WarnContext(r.Context(), "X-Forwarded-For holds what is no address: clients behind this proxy can't be told apart")
				}
				hops[i] = hop
			}
			r.Header.Set(forwardedFor, strings.Join(hops, ", "))
		}
		next.ServeHTTP(w, r)
	})
}
