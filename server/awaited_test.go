package server_test

import (
	"net/http"
	"testing"

	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Pages and API name the same people as the mails do, by the permission table: the only approver hands over their own key themselves, while
// an answer to their own request is support's.
func TestTheOnlyApproverIsAwaitedForTheirOwnKeyAndNotForTheirOwnRequest(t *testing.T) {
	h := newHouse(t)
	h.Key(scene.Acacias)
	support, head := h.Support("Sam Secours"), h.Person("Ines Directrice", okey.Principal, scene.Acacias)
	request := h.ask(head, scene.Acacias)
	assert.Equal(t, "support", h.call(head, http.MethodGet, request, nil).at("waiting_for", 0, "who"))

	answered := h.signal(support, request, okey.PrincipalDecision, map[string]any{"decision": "approve", "comment": "personne d'autre"})
	require.Equal(t, http.StatusOK, answered.Status, answered.Text)
	charter := h.call(head, http.MethodGet, "/charter", nil).at("version")
	signed := h.signal(head, request, okey.CharterAndPIN, map[string]any{"charter": charter, "pin": "4071"})
	require.Equal(t, http.StatusOK, signed.Status, signed.Text)
	assert.Equal(t, "approver", signed.at("waiting_for", 0, "who"))
	assert.Equal(t, "Ines Directrice", signed.at("waiting_for", 0, "name"))
	assert.Nil(t, signed.at("waiting_for", 1))
	page := h.as(head).get("/demandes" + request[len("/requests"):])
	assert.Contains(t, page.text(), "Personne d'autre que vous ne peut la remettre ici")
	assert.NotContains(t, page.text(), "auprès de l'assistance")

	second := h.Person("Karim Second", okey.Deputy, scene.Acacias)
	assert.Equal(t, second.Name(), h.call(head, http.MethodGet, request, nil).at("waiting_for", 0, "name"), "somebody else can: it is theirs")
	assert.Nil(t, h.call(head, http.MethodGet, request, nil).at("waiting_for", 1))
}
