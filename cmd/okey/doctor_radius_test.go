package main

import (
	"testing"

	"okey/internal/radiustest"

	"github.com/stretchr/testify/assert"
)

func TestTheDoctorAsksWhetherTheAuthenticationServersAreThere(t *testing.T) {
	d := newDesk(t)
	_, out, _ := d.okey("doctor")
	assert.Contains(t, out, "! serveurs d'authentification : pas donné")
	server := radiustest.Start(t, "http://127.0.0.1:1", "jeton", "")
	t.Setenv("OKEY_RADIUS_SERVERS", server.Auth)
	t.Setenv("OKEY_RADIUS_SECRET", server.Secret)
	_, out, _ = d.okey("doctor")
	assert.Contains(t, out, "✓ serveurs d'authentification : là, "+server.Auth)
	t.Setenv("OKEY_RADIUS_SERVERS", server.Auth+",127.0.0.1:9")
	_, out, _ = d.okey("doctor")
	assert.Contains(t, out, "! serveurs d'authentification : 127.0.0.1:9 : pas de réponse à Status-Server")
	t.Setenv("OKEY_RADIUS_SECRET", "un secret que personne ne partage")
	t.Setenv("OKEY_RADIUS_SERVERS", server.Auth)
	_, out, _ = d.okey("doctor")
	assert.Contains(t, out, "! serveurs d'authentification : "+server.Auth+" : pas de réponse")
}
