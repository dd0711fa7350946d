package server_test

import (
	"net/http"
	"testing"

	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheFormOfAPINWhoseKeyHasGoneMeanwhileSaysSoAndLeadsOn(t *testing.T) {
	const said = "Cette clef n'est plus la vôtre : son code PIN n'a pas changé."
	for name, test := range map[string]struct {
		leaves func(h *house, c cast, page string, serial okey.Serial)
		button string
	}{
		"put back": {func(h *house, c cast, page string, serial okey.Serial) {
			h.as(c.roux).done(h.as(c.roux).fill(page, page+"/remise", "serial", string(serial)))
			h.as(c.roux).reports(serial, okey.ReasonReturn)
		}, "Demander une clef"},
		"withdrawn": {func(h *house, c cast, page string, _ okey.Serial) {
			h.as(c.lea).done(h.as(c.lea).fill(page, page+"/retrait"))
		}, "Demander une clef"},
		"broken": {func(h *house, c cast, _ string, serial okey.Serial) {
			h.as(c.roux).reports(serial, okey.ReasonDefective)
		}, "Voir ma demande"},
	} {
		h := newHouse(t)
		c := h.cast()
		page, serial := h.atCounter(c)
		lea := h.as(c.lea)
		stale := lea.get(pinPage(serial)).form(t, "/mon-code-pin", "current", "4071", "pin", "730452", "pin2", "730452")
		test.leaves(h, c, page, serial)
		for _, path := range []string{"/mon-code-pin", "/mon-code-pin/oublie"} {
			told := lea.post(path, stale)
			assert.Equal(t, http.StatusNotFound, told.Status, "%s %s", name, path)
			assert.Contains(t, told.text(), said, "%s %s", name, path)
			assert.Equal(t, []string{test.button}, told.buttons(), "%s %s", name, path)
		}
		assert.NotContains(t, h.as(c.blanc).post("/mon-code-pin", stale).text(), said, "%s: the form is not theirs", name)
	}
}

func TestWhoHasSignedAndWaitsForAnotherKeyReadsThatTheirPINWillServe(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page, serial := h.atCounter(c)
	h.as(c.roux).reports(serial, okey.ReasonLost)
	require.Zero(t, h.Count(`SELECT count(*) FROM key WHERE request = $1`, page[len("/demandes/"):]))
	for _, path := range []string{"/mon-code-pin", "/mon-code-pin/oublie"} {
		told := h.as(c.lea).get(path)
		assert.Contains(t, told.text(),
			"Vous n'avez pas de clef en ce moment : le code PIN que vous avez choisi servira avec la prochaine.", path)
		assert.NotContains(t, told.text(), "en signant la charte", path)
		assert.Equal(t, []string{"Voir ma demande"}, told.buttons(), path)
	}
}
