package main

import (
	"testing"

	"okey/internal/ldaptest"
	"okey/internal/scene"

	"github.com/stretchr/testify/assert"
)

func TestTheDirectoryIsReadByCommand(t *testing.T) {
	d := newDesk(t)
	code, _, said := d.okey("sync", "directory")
	assert.Equal(t, 1, code)
	assert.Contains(t, said, "OKEY_LDAP_URL manque")

	server := ldaptest.Start(t, "", ldaptest.Entry{RDN: "uid=zoe", Values: map[string][]string{
		"uid": {"zoe"}, "sn": {"Zola"}, "FrEduRne": {string(scene.Tilleuls)},
	}})
	t.Setenv("OKEY_LDAP_URL", server.LDAP)
	t.Setenv("OKEY_LDAP_CA_FILE", server.RootsFile)
	t.Setenv("OKEY_LDAP_BIND_DN", ldaptest.Reader)
	t.Setenv("OKEY_LDAP_PASSWORD", ldaptest.Secret)
	t.Setenv("OKEY_LDAP_BASE", ldaptest.Staff)
	_, out, _ := d.okey("doctor")
	assert.Contains(t, out, "✓ annuaire : se laisse lire, "+server.LDAP)
	code, _, said = d.okey("sync", "directory", "--check")
	assert.Equal(t, 0, code, said)
	assert.Zero(t, d.Count(`SELECT count(*) FROM person WHERE uid = 'zoe'`))
	code, _, said = d.okey("sync", "directory")
	assert.Equal(t, 0, code, said)
	assert.Equal(t, 1, d.Count(`SELECT count(*) FROM person WHERE uid = 'zoe'`))

	server.Remove("uid=zoe")
	code, _, said = d.okey("sync", "directory")
	assert.Equal(t, 1, code, "it says nothing of anybody")
	assert.Contains(t, said, "1 anomalie")
	_, out, _ = d.okey("doctor")
	assert.Contains(t, out, "✗ lecture de l'annuaire : L'annuaire n'a donné aucune entrée")
	code, _, said = d.okey("sync", "directory", "--force")
	assert.Equal(t, 0, code, said)
	_, out, _ = d.okey("doctor")
	assert.Contains(t, out, "✓ lecture de l'annuaire : prise")
	assert.Zero(t, d.Count(`SELECT count(*) FROM assignment WHERE source = 'directory'`))

	t.Setenv("OKEY_LDAP_URL", "ldaps://127.0.0.1:1")
	code, _, said = d.okey("sync", "directory")
	assert.Equal(t, 1, code)
	assert.Contains(t, said, "rien n'écoute à cette adresse")
	_, out, _ = d.okey("doctor")
	assert.Contains(t, out, "✗ annuaire : L'annuaire ldaps://127.0.0.1:1 ne répond pas")
}
