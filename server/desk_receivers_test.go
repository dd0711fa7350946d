package server_test

import (
	"testing"

	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Support reads how much goes again, since when, and that what came before is there no more.
func TestSupportReadsWhatGoesAgainToAReceiver(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	sam, roux := h.as(c.support), h.as(c.roux)
	_, err := h.Store.KeepReceivers(t.Context(), map[string]string{"portail": "portail.test"})
	require.NoError(t, err)
	page := "/assistance/recepteurs/" + h.Text(`SELECT id FROM webhook_receiver`)
	resumes := func(from string) string { return sam.done(sam.fill(page, page, "from", from)).text() }
	happens := func(reasons ...okey.KeyReason) {
		serial := h.Key(scene.Tilleuls)
		for _, reason := range reasons {
			roux.reports(serial, reason)
		}
	}
	happens(okey.ReasonLost)
	h.Exec(`UPDATE outbox SET created_at = '2026-01-05 10:00+01'`)
	assert.Contains(t, sam.get(page).text(), "Événements gardés Depuis lundi 5 janvier")
	_, _, err = h.Store.BeginEventsAnew(t.Context())
	require.NoError(t, err)
	assert.NotContains(t, sam.get(page).text(), "Événements gardés")

	const beyond = "Ceux d'avant sont effacés : s'il lui en manque, qu'il relise toutes les clefs."
	nothing := resumes("2026-01-01T08:00")
	assert.Contains(t, nothing, "aucun événement n'est gardé depuis ce moment : rien ne repart. "+beyond)
	happens(okey.ReasonLost, okey.ReasonFound)
	h.Exec(`UPDATE outbox SET created_at = '2026-01-05 10:00+01'`)
	some := resumes("2026-01-01T08:00")
	assert.Contains(t, some, "L'envoi reprend depuis lundi 5 janvier")
	assert.Contains(t, some, "à 10 h 00 : 2 événements, dont part ce que le récepteur demande. "+beyond)
	assert.Contains(t, some, "En attente 2 événements")
	assert.NotContains(t, resumes("2026-01-05T10:00"), beyond)
	assert.Contains(t, resumes("2026-01-06T10:00"), "rien ne repart.")
	assert.Contains(t, resumes(""), "L'envoi reprend. ")

	const missed = "Il a manqué 2 événements, la dernière fois "
	h.Exec(`UPDATE webhook_receiver SET position = position - 1`)
	_, _, err = h.Store.BeginEventsAnew(t.Context())
	require.NoError(t, err)
	require.Contains(t, sam.get(page).text(), missed)
	for _, from := range []string{"", "2026-01-06T10:00"} {
		assert.Contains(t, resumes(from), missed, "it has to read all keys all the same")
	}
}
