package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"okey/engine"
	"okey/internal/ldaptest"
)

// A night's reading takes what the directory says; one that must not be taken is told to support, until a later one is good.
func TestTheDirectoryIsReadAtNightAndSupportIsToldWhereItIsRefused(t *testing.T) {
	h, places := newHall(t, map[string]int{"lu": 1})
	h.killWorker()
	person := func(uid, school string) ldaptest.Entry {
		return ldaptest.Entry{RDN: "uid=" + uid, Values: map[string][]string{"uid": {uid}, "sn": {"Zola"}, "FrEduRne": {school}}}
	}
	server := ldaptest.Start(t, "", person("zoe", places["lu"].uai))
	for name, value := range map[string]string{
		"OKEY_LDAP_URL": server.LDAPS, "OKEY_LDAP_CA_FILE": server.RootsFile, "OKEY_LDAP_BIND_DN": ldaptest.Reader,
		"OKEY_LDAP_PASSWORD": ldaptest.Secret, "OKEY_LDAP_BASE": ldaptest.Staff,
	} {
		h.env[name] = value
	}
	h.startWorker()
	night := h.engineClient().ScheduleClient().GetHandle(context.Background(), engine.DirectorySchedule)
	read := func(runs int) {
		require.NoError(t, night.Trigger(context.Background(), client.ScheduleTriggerOptions{}))
		h.counts(h.owner, runs, `SELECT count(*) FROM import_run WHERE what = 'directory'`)
	}
	read(1)
	h.counts(h.owner, 1, `SELECT count(*) FROM assignment WHERE source = 'directory'`)

	server.Remove("uid=zoe")
	read(2)
	h.counts(h.owner, 1, `SELECT count(*) FROM assignment WHERE source = 'directory'`)
	h.awaitTold("assistance@", "annuaire")
	assert.Contains(t, h.advice(), "✓ travaux en échec", "a refusal is an outcome, and has its own line")
	assert.Regexp(t, `✗ .*lecture de l'annuaire`, h.advice())

	server.Add(person("zoe", places["lu"].uai))
	read(3)
	assert.NotRegexp(t, `✗ .*lecture de l'annuaire`, h.advice(), "a good night ends it")
}
