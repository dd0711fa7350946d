package server_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestARequestGoesFromAskingToHandover(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.Key(scene.Tilleuls)

	asked := h.call(c.lea, http.MethodPost, "/requests", want(scene.Tilleuls))
	require.Equal(t, http.StatusCreated, asked.Status, asked.Text)
	path := "/requests/" + asked.at("id").(string)
	assert.Equal(t, "/api/v1"+path, asked.Header.Get("Location"))
	assert.Equal(t, "awaiting_decision", asked.at("stage"))
	assert.Equal(t, "Léa Martin", asked.at("requester", "name"))
	assert.Equal(t, "approver", asked.at("waiting_for", 0, "who"))
	assert.Nil(t, asked.at("key"))

	approved := h.signal(c.roux, path, okey.PrincipalDecision, map[string]any{"decision": "approve", "comment": ""})
	require.Equal(t, http.StatusOK, approved.Status, approved.Text)
	assert.Equal(t, "awaiting_charter", approved.at("stage"))
	assert.Equal(t, string(serial), approved.at("key", "serial"))

	charter := h.call(c.lea, http.MethodGet, "/charter", nil)
	signed := h.signal(c.lea, path, okey.CharterAndPIN, map[string]any{"charter": charter.at("version"), "pin": "4071"})
	require.Equal(t, http.StatusOK, signed.Status, signed.Text)
	assert.Equal(t, "awaiting_handover", signed.at("stage"))
	assert.NotContains(t, signed.Text, "4071")

	handed := h.signal(c.roux, path, okey.Handover,
		map[string]any{"serial": " " + strings.ToLower(string(serial[:4])) + "-" + string(serial[4:])})
	require.Equal(t, http.StatusOK, handed.Status, handed.Text)
	assert.Equal(t, "handed_over", handed.at("stage"))
	assert.Empty(t, handed.at("waiting_for"))
	assert.Equal(t, okey.InService, h.KeyState(serial))
	hash := h.Text(`SELECT pin_hash FROM key WHERE serial = $1`, string(serial))
	assert.True(t, strings.HasPrefix(hash, "v1p$argon2id$v=19$m=7168,t=5,p=1$"), hash)
}

func TestTheSameIdempotencyKeyAnswersTheSame(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	action := uuid.NewString()
	first := h.call(c.lea, http.MethodPost, "/requests", want(scene.Tilleuls), "Idempotency-Key", action)
	again := h.call(c.lea, http.MethodPost, "/requests", want(scene.Tilleuls), "Idempotency-Key", action)
	assert.Equal(t, http.StatusCreated, first.Status, first.Text)
	assert.Equal(t, http.StatusCreated, again.Status, again.Text)
	assert.Equal(t, first.at("id"), again.at("id"))

	otherwise := h.call(c.lea, http.MethodPost, "/requests", map[string]any{"establishment": scene.Tilleuls, "need": "autre chose"},
		"Idempotency-Key", action)
	assert.Equal(t, http.StatusConflict, otherwise.Status)
	assert.Equal(t, "action_reused", otherwise.at("code"))

	path := "/requests/" + first.at("id").(string)
	h.signal(c.roux, path, okey.PrincipalDecision, map[string]any{"decision": "approve"})
	sign := uuid.NewString()
	require.Equal(t, http.StatusOK,
		h.signal(c.lea, path, okey.CharterAndPIN, map[string]any{"charter": 1, "pin": "4071"}, "Idempotency-Key", sign).Status)
	assert.Equal(t, http.StatusOK,
		h.signal(c.lea, path, okey.CharterAndPIN, map[string]any{"charter": 1, "pin": "4071"}, "Idempotency-Key", sign).Status)
	other := h.signal(c.lea, path, okey.CharterAndPIN, map[string]any{"charter": 1, "pin": "9135"}, "Idempotency-Key", sign)
	assert.Equal(t, "action_reused", other.at("code"), "another PIN is other content")
	stolen := h.signal(c.support, path, okey.CharterAndPIN, map[string]any{"charter": 1, "pin": "4071"}, "Idempotency-Key", sign)
	assert.Equal(t, "action_reused", stolen.at("code"), "another person")
}

func TestWhoMayNotAskLearnsWhatToDoInstead(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	nobody := h.Person("Nino Nulle-Part", okey.Staff)
	holder := h.Person("Hugo Porteur", okey.Staff, scene.Tilleuls)
	serial := h.KeyOf(holder, scene.Tilleuls, okey.NewDay(2028, time.March, 31))
	for uai, why := range map[string]string{
		"0061129V": "first_degree", "0061130W": "not_under_contract", "0061131X": "closed", "0061132Y": "not_a_school",
	} {
		h.Exec(`INSERT INTO establishment_left_out (uai, name, reason) VALUES ($1, $2, $3)`, rightUAI(uai), "Ailleurs", why)
	}
	for _, test := range []struct {
		who        okey.Person
		body       map[string]any
		status     int
		code, says string
	}{
		{c.lea, want(rightUAI("0061129V")), 422, "not_eligible", "premier degré"},
		{c.lea, want(rightUAI("0061130W")), 422, "not_eligible", "hors contrat"},
		{c.lea, want(rightUAI("0061131X")), 422, "not_eligible", "fermé"},
		{c.lea, want(rightUAI("0061132Y")), 422, "not_eligible", "ni un collège ni un lycée"},
		{c.lea, want(rightUAI("0061133A")), 422, "not_eligible", "ne connaît pas"},
		{c.lea, want(scene.Acacias), 422, "not_eligible", "pour le collège des Tilleuls"},
		{nobody, want(scene.Tilleuls), 422, "not_eligible", "dans aucun établissement"},
		{holder, want(scene.Tilleuls), 422, "already_holds_key", string(serial)},
		{
			holder,
			map[string]any{"establishment": scene.Tilleuls, "need": "la suite", "reason": "renewal"},
			422, "already_holds_key",
			"31 décembre 2027",
		},
		{
			c.lea,
			map[string]any{"establishment": scene.Tilleuls, "need": "la suite", "reason": "replacement"},
			422, "invalid",
			"première clef",
		},
	} {
		a := h.call(test.who, http.MethodPost, "/requests", test.body)
		assert.Equal(t, test.status, a.Status, a.Text)
		assert.Equal(t, test.code, a.at("code"), a.Text)
		assert.Contains(t, a.at("detail"), test.says)
	}
	h.ask(c.lea, scene.Tilleuls)
	again := h.call(c.lea, http.MethodPost, "/requests", want(scene.Tilleuls))
	assert.Equal(t, http.StatusConflict, again.Status)
	assert.Equal(t, "already_open", again.at("code"))
}

// rightUAI gives seven digits their own check letter.
func rightUAI(near string) okey.UAI {
	letter, _ := okey.CheckLetter(near[:7])
	return okey.UAI(near[:7] + string(letter))
}

func TestARefusedAskIsReadByItsAskerAlone(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	action := uuid.New()
	refused := h.call(c.lea, http.MethodPost, "/requests", want(scene.Acacias), "Idempotency-Key", action.String())
	require.Equal(t, "not_eligible", refused.at("code"))
	path := "/requests/" + okey.RequestIDOf(c.lea.ID, action).String()
	assert.Equal(t, "not_eligible", h.call(c.lea, http.MethodGet, path, nil).at("code"))
	assert.Equal(t, http.StatusNotFound, h.call(c.roux, http.MethodGet, path, nil).Status)
	assert.Equal(t, http.StatusNotFound, h.call(c.support, http.MethodGet, path, nil).Status)
}

func TestNothingIsLostWhileTheEngineIsAway(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.cutOff(true)
	action := uuid.NewString()
	a := h.call(c.lea, http.MethodPost, "/requests", want(scene.Tilleuls), "Idempotency-Key", action)
	require.Equal(t, http.StatusAccepted, a.Status, a.Text)
	assert.Equal(t, "recorded", a.at("status"))
	assert.Equal(t, action, a.at("action"))
	path := strings.TrimPrefix(a.Header.Get("Location"), "/api/v1")
	assert.Equal(t, "/requests/"+a.at("id").(string), path)
	waiting := h.call(c.lea, http.MethodGet, path, nil)
	assert.Equal(t, http.StatusAccepted, waiting.Status)
	assert.Contains(t, waiting.body, "stage")
	assert.Equal(t, http.StatusNotFound, h.call(c.stranger, http.MethodGet, path, nil).Status)
	for who, later := range map[string]answer{
		"who will answer": h.call(c.roux, http.MethodGet, path, nil),
		"an answer":       h.signal(c.roux, path, okey.PrincipalDecision, map[string]any{"decision": "approve"}),
		"the asker":       h.signal(c.lea, path, okey.Withdrawal, map[string]any{}),
	} {
		assert.Equal(t, http.StatusServiceUnavailable, later.Status, who)
		assert.NotEmpty(t, later.Header.Get("Retry-After"), who)
	}

	h.cutOff(false)
	assert.Equal(t, http.StatusCreated, h.call(c.lea, http.MethodPost, "/requests", want(scene.Tilleuls), "Idempotency-Key", action).Status)
	assert.Equal(t, http.StatusOK, h.call(c.lea, http.MethodGet, path, nil).Status)
}

func TestWhatTheEngineMissedIsDeliveredOnceItAnswers(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.cutOff(true)
	asked := h.call(c.lea, http.MethodPost, "/requests", want(scene.Tilleuls))
	require.Equal(t, http.StatusAccepted, asked.Status, asked.Text)
	h.cutOff(false)
	path := strings.TrimPrefix(asked.Header.Get("Location"), "/api/v1")
	eventually(t, func() bool { return h.call(c.lea, http.MethodGet, path, nil).Status == http.StatusOK })
}

func TestARequestThatIsAcceptedWhileItIsReadIsNotCreatedByReading(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.cutOff(true)
	action := uuid.New()
	asked := h.call(c.lea, http.MethodPost, "/requests", want(scene.Tilleuls), "Idempotency-Key", action.String())
	require.Equal(t, http.StatusAccepted, asked.Status, asked.Text)
	h.Server.Close() // which would deliver it
	recorded, err := h.Store.Action(t.Context(), action)
	require.NoError(t, err)
	heard := h.overhear()
	heard.relay.mu.Lock()
	heard.relay.on = func(question string) {
		if strings.Contains(question, "name = 'ask'") && h.Judges.away.CompareAndSwap(true, false) {
			_ = h.Judges.Deliver(context.Background(), recorded)
		}
	}
	heard.relay.mu.Unlock()
	path := strings.TrimPrefix(asked.Header.Get("Location"), "/api/v1")
	read := heard.call(c.lea, http.MethodGet, path, nil)
	assert.Equal(t, http.StatusOK, read.Status, read.Text)
	assert.Equal(t, "awaiting_decision", read.at("stage"))
	assert.False(t, h.Judges.away.Load(), "judged between the two questions")
}

func TestSecondApproverLearnsWhoDecided(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	path := h.ask(c.lea, scene.Tilleuls)
	require.Equal(t, http.StatusOK, h.signal(c.blanc, path, okey.PrincipalDecision, map[string]any{"decision": "approve"}).Status)
	late := h.signal(c.roux, path, okey.PrincipalDecision, map[string]any{"decision": "refuse", "comment": "Pas cette année."})
	assert.Equal(t, http.StatusConflict, late.Status)
	assert.Equal(t, "wrong_stage", late.at("code"))
	assert.Contains(t, late.at("detail"), "Anne Blanc a déjà accepté cette demande")
	assert.Contains(t, late.at("detail"), "Votre réponse n'a rien changé")
}

func TestWhatIsSentToAClosedRequestIsRefusedAtOnce(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	path := h.ask(c.lea, scene.Tilleuls)
	require.Equal(t, http.StatusOK, h.signal(c.lea, path, okey.Withdrawal, map[string]any{"comment": "plus besoin"}).Status)
	h.cutOff(true) // nobody but the server can answer
	late := h.signal(c.roux, path, okey.PrincipalDecision, map[string]any{"decision": "approve"})
	assert.Equal(t, http.StatusConflict, late.Status)
	assert.Equal(t, "closed", late.at("code"))
	assert.Contains(t, late.at("detail"), "Léa Martin a retiré cette demande")
}

func TestWhoMayDoWhatToARequest(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	auditor := h.Person("Alix Contrôle", okey.Staff)
	h.Exec(`UPDATE person SET auditor = true WHERE id = $1`, auditor.ID)
	path := h.ask(c.lea, scene.Tilleuls)
	for _, test := range []struct {
		who    okey.Person
		signal okey.Signal
		body   map[string]any
		status int
		code   string
	}{
		{c.stranger, okey.PrincipalDecision, map[string]any{"decision": "approve"}, 404, "not_found"},
		{c.stranger, okey.Withdrawal, map[string]any{}, 404, "not_found"},
		{c.lea, okey.PrincipalDecision, map[string]any{"decision": "approve"}, 403, "forbidden"},
		{auditor, okey.PrincipalDecision, map[string]any{"decision": "approve"}, 403, "forbidden"},
		{c.roux, okey.CharterAndPIN, map[string]any{"charter": 1, "pin": "4071"}, 403, "forbidden"},
		{c.roux, okey.StockAvailable, map[string]any{}, 403, "forbidden"},
		{c.roux, okey.Withdrawal, map[string]any{}, 403, "forbidden"},
		{c.lea, okey.Handover, map[string]any{"serial": "X"}, 403, "forbidden"},
		{c.support, okey.PrincipalDecision, map[string]any{"decision": "approve"}, 422, "invalid"},
	} {
		a := h.signal(test.who, path, test.signal, test.body)
		assert.Equal(t, test.status, a.Status, "%s by %s: %s", test.signal, test.who.Name(), a.Text)
		assert.Equal(t, test.code, a.at("code"), a.Text)
	}
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM action`), "what is not permitted is not recorded")
	own := h.ask(c.roux, scene.Tilleuls)
	assert.Equal(t, "own_request", h.signal(c.roux, own, okey.PrincipalDecision, map[string]any{"decision": "approve"}).at("code"))
}

func TestSupportDecidesInSomeonesPlaceOnlyWithAReason(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	path := h.ask(c.lea, scene.Tilleuls)
	bare := h.signal(c.support, path, okey.PrincipalDecision, map[string]any{"decision": "approve"})
	assert.Equal(t, "comment", bare.at("field"))
	a := h.signal(c.support, path, okey.PrincipalDecision, map[string]any{"decision": "approve", "comment": "La direction est absente."})
	require.Equal(t, http.StatusOK, a.Status, a.Text)
	assert.Equal(t, "support", a.at("timeline", 1, "via"))
	assert.Equal(t, okey.RequestWorkflowID(uuid.MustParse(a.at("id").(string))), a.at("workflow", "id"))
	run, _ := a.at("workflow", "run_id").(string)
	assert.NotEmpty(t, run)
	assert.Equal(t, "http://127.0.0.1:8233/namespaces/default/workflows/key-request-"+strings.TrimPrefix(path, "/requests/")+"/"+run+"/user-metadata",
		a.at("links", "workflow"), "at its current details")
	assert.Nil(t, h.call(c.lea, http.MethodGet, path, nil).at("workflow"))
}

func TestWithoutAFreeKeyTheRequestWaitsAndANudgeSaysSo(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	path := h.ask(c.lea, scene.Tilleuls)
	a := h.signal(c.roux, path, okey.PrincipalDecision, map[string]any{"decision": "approve"})
	assert.Equal(t, "awaiting_stock", a.at("stage"))
	assert.Equal(t, "stock", a.at("waiting_for", 0, "who"))
	none := h.signal(c.support, path, okey.StockAvailable, map[string]any{})
	assert.Equal(t, http.StatusConflict, none.Status)
	assert.Equal(t, "no_key_free", none.at("code"))
	h.Key(scene.Tilleuls)
	assert.Equal(t, "awaiting_charter", h.signal(c.support, path, okey.StockAvailable, nil).at("stage"))
}

func TestTheWrongKeyAtTheCounterIsNamedWithItsState(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	kept, lost := h.Key(scene.Tilleuls), h.Key(scene.Tilleuls)
	elsewhere := h.Key(scene.Acacias)
	path := h.ask(c.lea, scene.Tilleuls)
	h.signal(c.roux, path, okey.PrincipalDecision, map[string]any{"decision": "approve"})
	h.signal(c.lea, path, okey.CharterAndPIN, map[string]any{"charter": 1, "pin": "4071"})
	require.Equal(t, 200,
		h.call(c.roux, http.MethodPost, "/keys/"+string(lost)+"/changes", map[string]any{"reason": "lost", "comment": "tombée"}).Status)
	for _, test := range []struct{ serial, code, says string }{
		{string(lost), "key_not_free", "est perdue"},
		{string(elsewhere), "key_elsewhere", "autre établissement"},
		{"ZZZ999", "key_unknown", "relisez"},
		{strings.TrimLeft(string(kept), "0"), "key_unknown", "Vouliez-vous écrire " + string(kept)},
	} {
		a := h.signal(c.roux, path, okey.Handover, map[string]any{"serial": test.serial})
		assert.Equal(t, http.StatusConflict, a.Status, a.Text)
		assert.Equal(t, test.code, a.at("code"), a.Text)
		assert.Contains(t, a.at("detail"), test.says)
	}
	other := h.Key(scene.Tilleuls)
	a := h.signal(c.roux, path, okey.Handover, map[string]any{"serial": string(other)})
	require.Equal(t, http.StatusOK, a.Status, a.Text)
	assert.Equal(t, string(other), a.at("key", "serial"))
	assert.Equal(t, okey.InStock, h.KeyState(kept))
}

func TestBadPINsAndOldChartersAreToldBeforeAnythingIsKept(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	serial := h.Key(scene.Tilleuls)
	path := h.ask(c.lea, scene.Tilleuls)
	h.signal(c.roux, path, okey.PrincipalDecision, map[string]any{"decision": "approve"})
	for _, pin := range []string{"", "123", "123456789", "1111", "4567", "9876", string(serial[len(serial)-4:]), "12a4"} {
		a := h.signal(c.lea, path, okey.CharterAndPIN, map[string]any{"charter": 1, "pin": pin})
		assert.Equal(t, http.StatusUnprocessableEntity, a.Status, a.Text)
		assert.Equal(t, "pin", a.at("field"), a.Text)
	}
	old := h.signal(c.lea, path, okey.CharterAndPIN, map[string]any{"charter": 7, "pin": "4071"})
	assert.Equal(t, "charter_outdated", old.at("code"))
	assert.Equal(t, 0, h.Count(`SELECT count(*) FROM action WHERE name = 'charter-and-pin'`))
}

func TestBadInputIsClear(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	path := h.ask(c.lea, scene.Tilleuls)
	post := func(body any, headers ...string) answer {
		return h.call(c.lea, http.MethodPost, "/requests", body, headers...)
	}
	for name, test := range map[string]struct {
		got         answer
		status      int
		code, field string
	}{
		"unknown field": {post(map[string]any{"establishment": "x", "besoin": "y"}), 422, "invalid", "besoin"},
		"wrong type":    {post(map[string]any{"establishment": scene.Tilleuls, "need": 12}), 422, "invalid", "need"},
		"capitals":      {post(map[string]any{"Establishment": scene.Tilleuls, "need": "x"}), 422, "invalid", "Establishment"},
		"broken JSON":   {post(`{"establishment": `), 422, "invalid", ""},
		"two values":    {post(`{} {}`), 422, "invalid", ""},
		"a list":        {post(`[]`), 422, "invalid", ""},
		"null":          {post(`null`), 422, "invalid", ""},
		"nothing":       {post(nil), 422, "invalid", "establishment"},
		"wrong letter":  {post(map[string]any{"establishment": "0061565Z", "need": "x"}), 422, "invalid", "establishment"},
		"empty need":    {post(map[string]any{"establishment": scene.Tilleuls, "need": " \n "}), 422, "invalid", "need"},
		"long need": {post(map[string]any{"establishment": scene.Tilleuls, "need": strings.Repeat("é",
			501)}), 422, "invalid", "need"},
		"control characters": {post(map[string]any{"establishment": scene.Tilleuls, "need": "a\u0000b"}), 422, "invalid", "need"},
		"unknown reason": {post(map[string]any{
			"establishment": scene.Tilleuls, "need": "x", "reason": "caprice",
		}), 422, "invalid", "reason"},
		"too large":  {post(`{"need": "` + strings.Repeat("a", 1<<20) + `"}`), 413, "too_large", ""},
		"not JSON":   {post("need=x", "Content-Type", "application/x-www-form-urlencoded"), 415, "unsupported_media_type", ""},
		"not a UUID": {post(want(scene.Tilleuls), "Idempotency-Key", "17"), 422, "invalid", "Idempotency-Key"},
		"unknown decision": {h.signal(c.roux, path, okey.PrincipalDecision,
			map[string]any{"decision": "perhaps"}), 422, "invalid", "decision"},
		"refusal unexplained": {
			h.signal(c.roux, path, okey.PrincipalDecision, map[string]any{"decision": "refuse"}), 422, "invalid", "comment",
		},
		"unknown request": {h.call(c.lea, http.MethodGet, "/requests/"+uuid.NewString(), nil), 404, "not_found", ""},
		"no request id":   {h.call(c.lea, http.MethodGet, "/requests/17", nil), 404, "not_found", ""},
		"unknown signal":  {h.signal(c.roux, path, "key-unavailable", map[string]any{}), 404, "not_found", ""},
		"unknown address": {h.call(c.lea, http.MethodGet, "/clefs", nil), 404, "not_found", ""},
		"wrong method":    {h.call(c.lea, http.MethodDelete, path, nil), 405, "method_not_allowed", ""},
		"unknown stage":   {h.call(c.lea, http.MethodGet, "/requests?stage=asleep", nil), 422, "invalid", "stage"},
		"misspelt filter": {h.call(c.lea, http.MethodGet, "/requests?stades=refused", nil), 422, "invalid", "stades"},
		"limit":           {h.call(c.lea, http.MethodGet, "/requests?limit=201", nil), 422, "invalid", "limit"},
		"foreign cursor":  {h.call(c.lea, http.MethodGet, "/requests?cursor=abc", nil), 422, "invalid", "cursor"},
	} {
		assert.Equal(t, test.status, test.got.Status, "%s: %s", name, test.got.Text)
		assert.Equal(t, test.code, test.got.at("code"), "%s: %s", name, test.got.Text)
		assert.Equal(t, "application/problem+json", test.got.Header.Get("Content-Type"), name)
		if test.field != "" {
			assert.Equal(t, test.field, test.got.at("errors", 0, "field"), "%s: %s", name, test.got.Text)
		}
	}
	both := post(map[string]any{"establishment": "rien", "need": ""})
	assert.Len(t, both.at("errors"), 2, both.Text)
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM action`), "nothing of this is kept")
}

func TestOnlyGoodTokensOpenTheAPI(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	for name, token := range map[string]string{
		"none": "", "unknown": "abc", "expired": h.tokenFor(sql.Bearer{Person: c.lea.ID}, -time.Minute),
	} {
		a := h.send(token, http.MethodGet, "/me", nil)
		assert.Equal(t, http.StatusUnauthorized, a.Status, name)
		assert.Equal(t, "unauthorized", a.at("code"))
		assert.Contains(t, a.Header.Get("WWW-Authenticate"), "Bearer")
	}
	me := h.call(c.roux, http.MethodGet, "/me", nil)
	assert.Equal(t, "Marc Roux", me.at("name"))
	assert.Equal(t, "Collège des Tilleuls", me.at("establishments", 0, "name"))
	assert.Equal(t, "no-store", me.Header.Get("Cache-Control"))

	service := h.tokenFor(sql.Bearer{Service: "auth", Scopes: []string{"keys"}}, time.Hour)
	assert.Equal(t, http.StatusOK, h.send(service, http.MethodGet, "/keys", nil).Status)
	assert.Equal(t, http.StatusForbidden, h.send(service, http.MethodGet, "/requests", nil).Status)
	other := h.tokenFor(sql.Bearer{Service: "auth", Scopes: []string{"logins"}}, time.Hour)
	assert.Equal(t, http.StatusForbidden, h.send(other, http.MethodGet, "/keys", nil).Status)
}

func TestListsShowWhatTheReaderMaySeeInPages(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	for i := range 5 {
		h.ask(h.Person(fmt.Sprintf("N%d Numéro%d", i, i), okey.Staff, scene.Tilleuls), scene.Tilleuls)
	}
	h.ask(c.stranger, scene.Acacias)
	assert.Empty(t, h.call(c.lea, http.MethodGet, "/requests", nil).at("requests"))
	assert.Len(t, h.call(c.stranger, http.MethodGet, "/requests", nil).at("requests"), 1)
	assert.Len(t, h.call(c.support, http.MethodGet, "/requests", nil).at("requests"), 6)
	assert.Len(t, h.call(c.support, http.MethodGet, "/requests?establishment="+string(scene.Acacias), nil).at("requests"), 1)
	assert.Empty(t, h.call(c.support, http.MethodGet, "/requests?stage=refused", nil).at("requests"))

	seen, cursor, pages := map[any]bool{}, "", 0
	for {
		a := h.call(c.roux, http.MethodGet, "/requests?limit=2&cursor="+cursor, nil)
		require.Equal(t, http.StatusOK, a.Status, a.Text)
		pages++
		for _, r := range a.at("requests").([]any) {
			seen[r.(map[string]any)["id"]] = true
		}
		next, more := a.at("next").(string)
		if !more {
			break
		}
		cursor = next
	}
	assert.Len(t, seen, 5)
	assert.Equal(t, 3, pages)
}
