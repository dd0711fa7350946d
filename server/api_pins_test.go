package server_test

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"okey/config"
	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inService brings a key into Léa's hands, with the PIN 4071, and returns it.
func (h *house) inService(c cast) okey.Serial {
	h.Helper()
	page, serial := h.atCounter(c)
	h.as(c.roux).done(h.as(c.roux).fill(page, page+"/remise", "serial", string(serial)))
	return serial
}

func (h *house) changePIN(by okey.Person, current, pin string, headers ...string) answer {
	h.Helper()
	return h.call(by, http.MethodPut, "/me/pin", map[string]any{"current": current, "pin": pin}, headers...)
}

// checker asks as the authentication server does.
func (h *house) checker() func(serial okey.Serial, pin string) answer {
	h.Helper()
	token := h.tokenFor(sql.Bearer{Service: "radius", Scopes: []string{"pin-checks"}}, time.Hour)
	return func(serial okey.Serial, pin string) answer {
		return h.send(token, http.MethodPost, "/keys/"+string(serial)+"/pin-checks", map[string]any{"pin": pin})
	}
}

// pass lets the wait after wrong PINs pass.
func (h *house) pass() { h.Exec(`UPDATE pin_guard SET blocked_until = now() - interval '1 second'`) }

func TestTheAuthenticationServerChecksThePINOfAKeyInService(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	check := h.checker()
	page, serial := h.atCounter(c)
	assert.Equal(t, "key_not_free", check(serial, "4071").at("code"), "not handed over yet")
	h.as(c.roux).done(h.as(c.roux).fill(page, page+"/remise", "serial", string(serial)))
	assert.Equal(t, true, check(serial, "4071").at("ok"))
	assert.Equal(t, false, check(serial, "4072").at("ok"))
	assert.Equal(t, false, check(serial, "douze").at("ok"), "whatever people type")
	assert.Equal(t, true, check(serial, "4071").at("ok"))
	assert.Equal(t, 0, h.Count(`SELECT count(*) FROM pin_guard`), "a right one ends the row")

	assert.Equal(t, http.StatusUnprocessableEntity, check(serial, "").Status)
	assert.Equal(t, http.StatusNotFound, check("99999", "4071").Status)
	assert.Equal(t, "key_not_free", check(h.Key(scene.Tilleuls), "4071").at("code"))
	assert.Equal(t, "no_pin", check(h.KeyOf(c.blanc, scene.Tilleuls, okey.NewDay(2030, 1, 1)), "4071").at("code"))
	other := h.tokenFor(sql.Bearer{Service: "annuaire", Scopes: []string{"keys", "logins"}}, time.Hour)
	path, body := "/keys/"+string(serial)+"/pin-checks", map[string]any{"pin": "4071"}
	assert.Equal(t, http.StatusForbidden, h.send(other, http.MethodPost, path, body).Status)
	assert.Equal(t, http.StatusUnauthorized, h.send("", http.MethodPost, path, body).Status)
	for _, person := range []okey.Person{c.lea, c.roux, c.support} {
		assert.Equal(t, http.StatusForbidden, h.call(person, http.MethodPost, path, body).Status)
	}
}

// Whoever writes to the database has no pepper: another's hash, copied to a key, must not open it with their own PIN.
func TestAPINIsItsPersonsAlone(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial, check := h.inService(c), h.checker()
	other := h.KeyOf(c.blanc, scene.Tilleuls, okey.NewDay(2030, 1, 1))
	h.Exec(`UPDATE key SET pin_hash = (SELECT pin_hash FROM key WHERE serial = $1), pin_set_at = now() WHERE serial = $2`, string(serial),
		string(other))
	assert.Equal(t, false, check(other, "4071").at("ok"))
	assert.Equal(t, true, check(serial, "4071").at("ok"))
}

func TestWrongPINsAreThrottledThenLockedAndTheHolderTold(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial, check := h.inService(c), h.checker()
	for range okey.PINFree + 1 {
		assert.Equal(t, false, check(serial, "9999").at("ok"))
	}
	blocked := check(serial, "4071")
	assert.Equal(t, http.StatusTooManyRequests, blocked.Status)
	assert.Equal(t, "throttled", blocked.at("code"), "even the right one waits")
	seconds, err := strconv.Atoi(blocked.Header.Get("Retry-After"))
	require.NoError(t, err)
	assert.InDelta(t, 60, seconds, 10)
	assert.Equal(t, "throttled", h.changePIN(c.lea, "4071", "730452").at("code"), "one count for both ways in")

	for range okey.PINLimit - okey.PINFree - 1 {
		h.pass()
		assert.Equal(t, false, check(serial, "9999").at("ok"))
	}
	locked := check(serial, "4071")
	assert.Equal(t, "pin_locked", locked.at("code"))
	seconds, err = strconv.Atoi(locked.Header.Get("Retry-After"))
	require.NoError(t, err)
	assert.InDelta(t, okey.PINLock.Seconds(), seconds, 60)
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM action WHERE name = 'pin-lock' AND key = $1 AND outcome = 'accepted'`, string(serial)),
		"told once")
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM audit WHERE event = 'pin-lock' AND subject = $1`, sql.AboutKey(serial)))

	h.pass() // a day later
	assert.Equal(t, true, check(serial, "4071").at("ok"))
}

func TestTenthTryThatIsRightLocksNothing(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial, check := h.inService(c), h.checker()
	for range okey.PINLimit - 1 {
		h.pass()
		assert.Equal(t, false, check(serial, "9999").at("ok"))
	}
	h.pass()
	assert.Equal(t, true, check(serial, "4071").at("ok"))
	assert.Equal(t, 0, h.Count(`SELECT count(*) FROM action WHERE name = 'pin-lock'`))
	assert.Equal(t, 0, h.Count(`SELECT count(*) FROM pin_guard`))
}

func TestGuessesAtTheSameMomentAtTwoServersAreCountedBeforeTheyAreLookedAt(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.inService(c)
	servers := []func(okey.Serial, string) answer{h.checker(), h.beside(func(*config.Config) {}).checker()}
	var group sync.WaitGroup
	looked := make(chan int, 30)
	for n := range 30 {
		group.Go(func() {
			if servers[n%2](serial, strconv.Itoa(500000+n)).Status == http.StatusOK {
				looked <- n
			}
		})
	}
	group.Wait()
	assert.Len(t, looked, okey.PINFree+1)
}

func TestAKeyThatIsChangedBeginsItsCountAnew(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial, check := h.inService(c), h.checker()
	check(serial, "9999")
	require.Equal(t, 1, h.Count(`SELECT count(*) FROM pin_guard`))
	h.call(c.roux, http.MethodPost, "/keys/"+string(serial)+"/changes", map[string]any{"reason": "return_to_stock", "comment": "rendue"})
	assert.Equal(t, 0, h.Count(`SELECT count(*) FROM pin_guard`))
}

func TestChangingAPINWantsTheCurrentOne(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	assert.Equal(t, "no_key", h.changePIN(c.lea, "4071", "730452").at("code"))
	_, serial := h.atCounter(c)
	for name, test := range map[string]struct {
		current, pin string
		field        string
	}{
		"wrong current": {"9999", "730452", "current"}, "no current": {"", "730452", "current"}, "too short": {"4071", "73", "pin"},
		"a row": {"4071", "123456", "pin"}, "of the serial": {"4071", string(serial[len(serial)-4:]), "pin"},
	} {
		refused := h.changePIN(c.lea, test.current, test.pin)
		assert.Equal(t, http.StatusUnprocessableEntity, refused.Status, name)
		assert.Equal(t, test.field, refused.at("field"), name)
	}
	assert.Equal(t, 1, h.Count(`SELECT wrong FROM pin_guard`), "only what was looked at counts")
	assert.Equal(t, 0, h.Count(`SELECT count(*) FROM action WHERE name = 'pin-change'`), "nothing is recorded without the proof")

	changed := h.changePIN(c.lea, "4071", "730452")
	assert.Equal(t, http.StatusOK, changed.Status, changed.Text)
	assert.Equal(t, string(serial), changed.at("serial"))
	assert.Equal(t, http.StatusUnprocessableEntity, h.changePIN(c.lea, "4071", "8152").Status, "the old one is gone")
	assert.Equal(t, http.StatusOK, h.changePIN(c.lea, "730452", "8152").Status)
	h.Exec(`UPDATE request SET stage = 'awaiting_handover'`)
	assert.Equal(t, http.StatusForbidden, h.send(h.tokenFor(sql.Bearer{Service: "radius", Scopes: []string{"pin-checks"}}, time.Hour),
		http.MethodPut, "/me/pin", map[string]any{"current": "8152", "pin": "4071"}).Status)
	other := h.call(c.roux, http.MethodPut, "/me/pin", map[string]any{"current": "8152", "pin": "4071", "serial": string(serial)})
	assert.Equal(t, "forbidden", other.at("code"), "the head sees the key, but its PIN is the holder's")
}

func TestWhoHasTwoKeysChoosesWhosePINChanges(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	_, waits := h.atCounter(c)
	old := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2030, 1, 1))
	assert.Equal(t, "no_pin", h.changePIN(c.lea, "4071", "730452").at("code"), "the one in hand, whose PIN OKEY does not know")
	chosen := h.call(c.lea, http.MethodPut, "/me/pin",
		map[string]any{"current": "4071", "pin": "730452", "serial": strings.ToLower(string(waits))})
	assert.Equal(t, http.StatusOK, chosen.Status, chosen.Text)
	blancs := h.KeyOf(c.blanc, scene.Tilleuls, okey.NewDay(2030, 1, 1))
	foreign := h.call(c.lea, http.MethodPut, "/me/pin", map[string]any{"current": "4071", "pin": "730452", "serial": string(blancs)})
	assert.Equal(t, http.StatusNotFound, foreign.Status)
	assert.NotEqual(t, waits, old)
}

func TestAChangeOfPINIsRecordedWhileTheEngineIsAway(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.inService(c)
	h.cutOff(true)
	key := uuid.NewString()
	recorded := h.changePIN(c.lea, "4071", "730452", "Idempotency-Key", key)
	assert.Equal(t, http.StatusAccepted, recorded.Status)
	assert.Equal(t, "/api/v1/me", recorded.Header.Get("Location"))
	h.cutOff(false)
	again := h.changePIN(c.lea, "4071", "730452", "Idempotency-Key", key)
	assert.Equal(t, http.StatusOK, again.Status, again.Text)
}

// The id of an action stands in addresses: whoever has it must not try PINs with it.
func TestRepeatingAnActionIsNoWayToGuessItsPIN(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.Key(scene.Tilleuls)
	path := h.ask(c.lea, scene.Tilleuls)
	h.signal(c.roux, path, okey.PrincipalDecision, map[string]any{"decision": "approve", "comment": ""})
	for _, way := range []struct {
		name string
		send func(pin, key string) answer
	}{
		{"signing", func(pin, key string) answer {
			return h.signal(c.lea, path, okey.CharterAndPIN, map[string]any{"charter": 1, "pin": pin}, "Idempotency-Key", key)
		}},
		{"changing", func(pin, key string) answer { return h.changePIN(c.lea, "4071", pin, "Idempotency-Key", key) }},
	} {
		key := uuid.NewString()
		require.Equal(t, http.StatusOK, way.send("4071", key).Status)
		assert.Equal(t, http.StatusOK, way.send("4071", key).Status, "the same again")
		for range okey.PINFree + 1 {
			assert.Equal(t, "action_reused", way.send("8152", key).at("code"), way.name)
		}
		assert.Equal(t, "throttled", way.send("4071", key).at("code"), way.name)
		h.Exec(`DELETE FROM pin_guard WHERE serial = $1`, string(serial))
	}
}

func TestAPINMovesToTheNewPepperOnceItIsKnown(t *testing.T) {
	pepper := func(version int) string { return strconv.Itoa(version) + ":" + strings.Repeat("0123456789abcdef", 4) }
	var both, one config.Keyring
	var err error
	one, err = config.ParseKeyring(pepper(1))
	require.NoError(t, err)
	both, err = config.ParseKeyring("2:" + strings.Repeat("fedcba9876543210", 4) + "," + pepper(1))
	require.NoError(t, err)
	h := newHouseWith(t, func(c *config.Config) { c.PINPeppers = one })
	c := h.cast()
	serial := h.inService(c)
	rotated := h.beside(func(c *config.Config) { c.PINPeppers = both })
	check := rotated.checker()
	kept := func() string { return h.Text(`SELECT pin_hash FROM key WHERE serial = $1`, string(serial)) }
	assert.Equal(t, false, check(serial, "9999").at("ok"))
	assert.True(t, strings.HasPrefix(kept(), "v1p$"))
	assert.Equal(t, true, check(serial, "4071").at("ok"))
	assert.True(t, strings.HasPrefix(kept(), "v2p$"), kept())
	assert.Equal(t, true, check(serial, "4071").at("ok"))
	assert.Equal(t, false, check(serial, "9999").at("ok"))

	lost := h.beside(func(c *config.Config) { c.PINPeppers = one }).checker()
	for range okey.PINLimit + 1 {
		assert.Equal(t, http.StatusInternalServerError, lost(serial, "4071").Status)
	}
	assert.Equal(t, 1, h.Count(`SELECT wrong FROM pin_guard`), "a pepper that is missing is nobody's wrong PIN")
}

// A key's last day counts whole, and its PIN is not looked at afterwards: nobody locks a key that lets nobody in.
func TestAKeyThatHasExpiredLetsNobodyIn(t *testing.T) {
	h := newHouse(t)
	serial := h.inService(h.cast())
	check, today := h.checker(), okey.DayOf(time.Now(), okey.ZoneOf(""))
	expires := func(on okey.Day) {
		h.Exec(`UPDATE key SET expires_on = $1 WHERE serial = $2`, on.String(), string(serial))
	}
	expires(today.AddDays(1)) // whatever the time zone of its academy
	assert.Equal(t, true, check(serial, "4071").at("ok"))
	expires(today.AddDays(-2))
	for _, pin := range []string{"4071", "4072"} {
		refused := check(serial, pin)
		assert.Equal(t, http.StatusConflict, refused.Status)
		assert.Equal(t, "key_expired", refused.at("code"))
	}
	assert.Equal(t, 0, h.Count(`SELECT count(*) FROM pin_guard`))
	h.Exec(`UPDATE key SET state = 'lost', holder = NULL, pin_hash = NULL WHERE serial = $1`, string(serial))
	assert.Equal(t, "key_not_free", check(serial, "4071").at("code"), "what says more comes first")
}
