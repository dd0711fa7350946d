package web

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Over TLS no other host of the academy's domain can plant a session: RFC 6265bis, 4.1.3.2.
func TestTheSessionsCookieIsThisHostsAlone(t *testing.T) {
	assert.Regexp(t, `^__Host-okey_session_[0-9a-f]{8}$`, cookieName("https://okey.ac-exemple.fr"))
	assert.Regexp(t, `^okey_session_[0-9a-f]{8}$`, cookieName("http://127.0.0.1:8080"), "without TLS browsers refuse that name")
}
