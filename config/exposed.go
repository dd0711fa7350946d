package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// Exposed says what would travel in the clear by the addresses of OKEY and its provider; empty where nothing would. Within one machine
// nothing travels.
func (c *Config) Exposed() string {
	secure := strings.HasPrefix(c.URL, "https://")
	switch {
	case c.URL != "" && !secure && !onThisMachine(c.URL):
		return fmt.Sprintf("%s n'est pas en https : les sessions voyageraient en clair. Mettez TLS devant OKEY, et https dans OKEY_URL.",
			c.URL)
	case secure && c.OIDCIssuer != "" && !strings.HasPrefix(c.OIDCIssuer, "https://") && !onThisMachine(c.OIDCIssuer):
		return fmt.Sprintf("OKEY est en https, mais le fournisseur d'identité (%s) ne l'est pas : corrigez OKEY_OIDC_ISSUER.", c.OIDCIssuer)
	}
	return ""
}

// onThisMachine tells whether an address leads nowhere but here: there TLS protects nothing.
func onThisMachine(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
}
