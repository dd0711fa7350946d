package server_test

import (
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

// mailedAbout has a mail about a subject of the stock wait for the relay, and returns its page.
func (h *house) mailedAbout(to okey.Person, kind okey.MailKind, subject string) string {
	h.Helper()
	id, about := uuid.New(), uuid.Nil
	if subject != "" {
		about = uuid.MustParse(subject)
	}
	order := okey.MailOrder{Subject: about, UAI: scene.Tilleuls, Step: okey.MailStep{Kind: kind, Ref: 1}, At: scene.Now}
	_, err := h.Store.QueueMail(h.Context(), sql.NewMail{
		ID: id, Subject: about, Kind: kind, Ref: 1, Person: to.ID, Address: to.Mail, Issue: 1,
		MessageID: "<" + id.String() + "@okey.invalid>", At: scene.Now, Order: &order,
	})
	require.NoError(h, err)
	return "/assistance/envois/" + id.String()
}

// Of a mail about the stock too, support sees at once what it was about.
func TestAMailLeadsToWhatItIsAbout(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	sam, roux := h.as(c.support), h.as(c.roux)
	delivery := strings.TrimPrefix(h.announced(c), "/livraisons/")
	free, held := h.Key(scene.Tilleuls), h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, time.June, 30))
	leave := "/clefs/" + string(held) + "/depart"
	roux.done(roux.fill(leave, leave, "typed", string(scene.Acacias)))
	const move = "/assistance/deplacer"
	review := sam.fill(move, move, "serials", string(free), "establishment", string(scene.Acacias), "comment", "rééquilibrage")
	sam.done(sam.post(move, review.form(t, move)))
	departure, moved := h.Text(`SELECT id FROM key_move`), h.Text(`SELECT subject FROM key_moved`)
	const succession = "/assistance/succession"
	check := sam.fill(succession, succession, "establishment", string(scene.Tilleuls), "successor", string(scene.Acacias),
		"comment", "fusion")
	sam.done(sam.post(succession, check.form(t, succession)))
	merged := h.Text(`SELECT id FROM succession`)

	for _, about := range []struct {
		kind                 okey.MailKind
		subject, leads, says string
	}{
		{"delivery_announced", delivery, "/assistance/livraisons/" + delivery, "Livraison de 3 clefs"},
		{"keys_moved", moved, "/clefs/" + string(free), "Clef " + string(free) + " · Collège des Tilleuls → Lycée des Acacias"},
		{"move_proposed", departure, "/deplacements/" + departure, "Clef " + string(held)},
		{"succeeded", merged, succession + "/" + merged, "Le collège des Tilleuls · remplacé par le lycée des Acacias"},
		{"low_stock", "", "/assistance/etablissements/" + string(scene.Tilleuls), "l'établissement " + string(scene.Tilleuls)},
	} {
		told := sam.get(h.mailedAbout(c.roux, about.kind, about.subject))
		assert.Contains(t, told.text(), "À propos de "+about.says, about.kind)
		assert.Contains(t, told.HTML, `href="`+about.leads+`"`, about.kind)
	}
}

// What such letters are about is no subject: nobody has read it in their mailbox.
func TestAMailWithoutASubjectYetSaysSo(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.mailedAbout(c.roux, "keys_moved", "")
	told := h.as(c.support).get(page)
	assert.Contains(t, told.HTML, "<h1>Courriel pas encore écrit</h1>")
	assert.Contains(t, told.text(), "Objet Pas encore écrit Part Quand l'assistance déplace des clefs Envoyé à")
	assert.Contains(t, h.as(c.support).get("/assistance/personnes/"+c.roux.ID.String()).text(),
		"Pas encore écrit (quand l'assistance déplace des clefs)")
}
