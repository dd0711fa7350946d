package server_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"okey/internal/freeradius"
	"okey/internal/radiustest"
	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// letIn has a stranger ask the server as a portal does, with FreeRADIUS' own client, and tells whether Léa is let in.
func letIn(t *testing.T, server *radiustest.Server, user, password string) bool {
	t.Helper()
	said := server.Radclient("auth", "User-Name="+user, `User-Password="`+password+`"`, "Message-Authenticator=0x00")
	accepted, refused := strings.Contains(said, "Received Access-Accept"), strings.Contains(said, "Received Access-Reject")
	require.NotEqual(t, accepted, refused, said)
	_, answer, _ := strings.Cut(said, "Received ")
	assert.Contains(t, answer, "Message-Authenticator = 0x", "each answer is signed")
	assert.NotContains(t, answer, "REST-HTTP", "nothing of what OKEY answered")
	return accepted
}

func TestFreeRADIUSLetsInWhomOKEYKnowsThePINOf(t *testing.T) {
	h, c, serial, server := tried(t, "", asIs)
	code := func() string { return radiustest.Code(t, shown, time.Now()) }
	assert.True(t, letIn(t, server, c.lea.UID, "4071"+code()))
	assert.True(t, letIn(t, server, strings.ToUpper(c.lea.UID), "4071"+code()), "a uid compares without case")
	assert.Equal(t, 0, h.Count(`SELECT count(*) FROM pin_guard`))
	assert.WithinDuration(t, time.Now(), h.key(serial).LastLoginAt, time.Minute, "it tells of the login")

	assert.False(t, letIn(t, server, c.lea.UID, "4072"+code()))
	server.Says("OKEY: wrong PIN")
	assert.Equal(t, 1, h.Count(`SELECT wrong FROM pin_guard`))
	assert.False(t, letIn(t, server, c.lea.UID, "4072000000"))
	server.Says("wrong code")
	assert.Equal(t, 1, h.Count(`SELECT wrong FROM pin_guard`), "whoever has no key locks no PIN by guessing")
	assert.False(t, letIn(t, server, c.lea.UID, code()))
	assert.False(t, letIn(t, server, c.lea.UID, `4071'}`+code()))
	server.Says("not a PIN and a code")
	assert.False(t, letIn(t, server, c.roux.UID, "4071"+code()))
	server.Says("no key of this user is known here")

	h.Exec(`UPDATE pin_guard SET wrong = 10, blocked_until = now() + interval '1 hour'`)
	assert.False(t, letIn(t, server, c.lea.UID, "4071"+code()), "locked")
	server.Says("OKEY refuses this key, or its PIN is locked: HTTP 429")
	h.Exec(`DELETE FROM pin_guard`)
	h.Exec(`UPDATE key SET state = 'suspended', due_at = now() + interval '1 day' WHERE serial = $1`, string(serial))
	assert.False(t, letIn(t, server, c.lea.UID, "4071"+code()), "mislaid")
	server.Says("OKEY refuses this key, or its PIN is locked: HTTP 409")
	h.Exec(`UPDATE key SET state = 'in_service', due_at = NULL WHERE serial = $1`, string(serial))
	assert.True(t, letIn(t, server, c.lea.UID, "4071"+code()))
	for _, secret := range []string{"4071", "4072", code(), server.Token} {
		assert.NotContains(t, byChance.ReplaceAllString(server.Log(), ""), secret)
	}
}

// byChance has any digits.
var byChance = regexp.MustCompile(`urn:uuid:[0-9a-f-]+`)

// Whoever is to get another key has two: the one in hand goes on, and the next is tried before its handover.
func TestFreeRADIUSKnowsTheKeyThatFollows(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial, follows, another := h.inService(c), h.Key(scene.Tilleuls), []byte("09876543210987654321")
	h.Exec(`UPDATE key SET (state, holder, pin_hash) = (SELECT state, holder, pin_hash FROM key WHERE serial = $1) WHERE serial = $2`,
		string(serial), string(follows))
	token := h.tokenFor(sql.Bearer{Service: "radius", Scopes: []string{"pin-checks", "logins"}}, time.Hour)
	server := radiustest.Start(t, h.URL, token, "", freeradius.User{Name: c.lea.UID, Serial: string(serial), Secret: shown},
		freeradius.User{Name: c.lea.UID, Serial: string(follows), Secret: another}, freeradius.User{Name: c.blanc.UID, Serial: "0048009999", Secret: another})
	now := time.Now()
	assert.True(t, letIn(t, server, c.lea.UID, "4071"+radiustest.Code(t, shown, now)), server.Log())
	assert.True(t, h.key(follows).LastLoginAt.IsZero())
	assert.True(t, letIn(t, server, c.lea.UID, "4071"+radiustest.Code(t, another, now)), server.Log())
	assert.False(t, h.key(follows).LastLoginAt.IsZero())
	assert.False(t, letIn(t, server, c.lea.UID, "4072"+radiustest.Code(t, another, now)))
	assert.False(t, letIn(t, server, c.lea.UID, "4071000000"))
	assert.False(t, letIn(t, server, c.blanc.UID, "4071"+radiustest.Code(t, shown, now)), "who has one key has no other's")
}

func TestFreeRADIUSLetsNobodyInWhileOKEYIsAway(t *testing.T) {
	lea := freeradius.User{Name: "lmartin", Serial: "0048000001", Secret: shown}
	server := radiustest.Start(t, "http://"+radiustest.Free(t), "jeton", "", lea)
	assert.False(t, letIn(t, server, lea.Name, "4071"+radiustest.Code(t, shown, time.Now())))
	server.Says("OKEY does not answer: nobody is let in")
}

func TestFreeRADIUSAnswersNobodyWhoDoesNotSign(t *testing.T) {
	lea := freeradius.User{Name: "lmartin", Serial: "0048000001", Secret: shown}
	server := radiustest.Start(t, "http://"+radiustest.Free(t), "jeton", "", lea)
	said := server.Radclient("auth", "User-Name="+lea.Name, "User-Password=4071123456")
	assert.Contains(t, said, "No reply")
}

func TestASessionThatAccountingReportsIsALogin(t *testing.T) {
	h, c, serial, server := tried(t, "", asIs)
	account := func(user, kind string) {
		t.Helper()
		said := server.Radclient("acct", "User-Name="+user, "Acct-Status-Type="+kind, "Acct-Session-Id=1")
		assert.Contains(t, said, "Received Accounting-Response")
	}
	account(c.lea.UID, "Stop")
	account("personne", "Start")
	assert.True(t, h.key(serial).LastLoginAt.IsZero())
	account(strings.ToUpper(c.lea.UID), "Start")
	assert.WithinDuration(t, time.Now(), h.key(serial).LastLoginAt, time.Minute, server.Log())
	h.Exec(`UPDATE key SET state = 'lost', holder = NULL, pin_hash = NULL WHERE serial = $1`, string(serial))
	account(c.lea.UID, "Start") // what OKEY says to that is the log's, the session goes on
	assert.Equal(t, okey.Lost, h.KeyState(serial))
}
