package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A uid changes while name and address stay: support is offered the two as one, and the key stays with whoever has it.
func TestWhoseUIDHasChangedKeepsTheirKey(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	sam := h.as(c.support)
	key := h.Key(scene.Tilleuls)
	h.Exec(`UPDATE key SET state = 'in_service', holder = $2 WHERE serial = $1`, string(key), c.lea.ID)
	person := "/assistance/personnes/" + c.lea.ID.String()
	const staff = "0069001B;mroux;Roux;Marc;m.roux@ac-nice.fr;chef\n0069001B;ablanc;Blanc;Anne;ablanc@ac-nice.fr;adjoint\n"
	renamed := staffHeader + staff + "0069001B;lmartin2;MARTIN;Lea;" + c.lea.Mail + ";personnel\n"
	assert.NotContains(t, sam.get(person).text(), "Peut-être")
	require.Equal(t, http.StatusOK, h.pushes("staff", "/staff", renamed).Status)

	assert.Regexp(t, "Identifiants qui ont changé.*Léa Martin lmartin lmartin2", sam.get("/assistance/imports").text())
	page := sam.get(person)
	assert.Contains(t, page.text(), "le nouvel identifiant, semble-t-il, de cette personne")
	fresh := h.Text(`SELECT id::text FROM person WHERE uid = 'lmartin2'`)
	assert.Contains(t, sam.get("/assistance/personnes/"+fresh).text(), "l'ancien identifiant, semble-t-il, de cette personne")
	sam.done(sam.fill(person, person+"/meme-personne"))

	assert.Equal(t, "lmartin2", h.Text(`SELECT uid FROM person WHERE id = $1`, c.lea.ID))
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM person WHERE lower(mail) = lower($1)`, c.lea.Mail))
	assert.Equal(t, "personnel", h.Text(`SELECT string_agg(function, ',') FROM assignment WHERE person = $1`, c.lea.ID))
	assert.Equal(t, c.lea.ID.String(), h.Text(`SELECT holder::text FROM key WHERE serial = $1`, string(key)))
	assert.Zero(t, h.Count(`SELECT count(*) FROM assignment WHERE person = $1`, fresh))
	assert.Contains(t, sam.get(person).text(), "Deux identifiants réunis")
	assert.NotContains(t, sam.get("/assistance/imports").text(), "Identifiants qui ont changé")
	require.EqualValues(t, 0, h.pushes("staff", "/staff", renamed).at("added"), "the next file knows her")
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM audit WHERE event = 'same_person' AND actor = $1`, c.support.ID))
}

// Who has asked or decided under the new uid is in requests and histories that are never rewritten: support is told, and has no button.
func TestWhoHasActedUnderTheNewUIDIsNoMoreMadeOne(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Exec(`UPDATE key SET state = 'in_service', holder = $2 WHERE serial = $1`, string(h.Key(scene.Tilleuls)), c.lea.ID)
	fresh := h.Person("Zed Zed", okey.Staff, scene.Tilleuls)
	h.as(fresh).asks()
	h.Exec(`UPDATE person n SET mail = o.mail, family_name = o.family_name, given_name = o.given_name FROM person o
		WHERE n.id = $1 AND o.id = $2`, fresh.ID, c.lea.ID)
	h.Exec(`DELETE FROM assignment WHERE person = $1`, c.lea.ID)
	page := h.as(c.support).get("/assistance/personnes/" + c.lea.ID.String())
	assert.Contains(t, page.text(), "Elle a déjà agi sous le nouveau")
	assert.NotContains(t, page.HTML, "/meme-personne")
	err := h.Store.MakeOne(t.Context(), c.lea.ID, fresh.ID, c.support.ID, here(), time.Now())
	assert.Equal(t, okey.CodeInvalid, okey.ErrorCode(err))
}

// Nobody becomes somebody else by a name and an address: not who is still there, who has a role, or has acted; and only support says so.
func TestOnlyWhoIsGoneAndWhoIsNewAreOnePerson(t *testing.T) {
	for name, change := range map[string]string{
		"still there":       ``,
		"another address":   `DELETE FROM assignment WHERE person = $1; UPDATE person SET mail = 'autre@ac-nice.fr' WHERE id = $1`,
		"another name":      `DELETE FROM assignment WHERE person = $1; UPDATE person SET given_name = 'Lou' WHERE id = $1`,
		"support":           `DELETE FROM assignment WHERE person = $1; UPDATE person SET support = true WHERE id = $1`,
		"nothing to keep":   `DELETE FROM assignment WHERE person = $1; UPDATE key SET holder = NULL, state = 'in_stock' WHERE holder = $1`,
		"unsure address":    `DELETE FROM assignment WHERE person = $1; UPDATE person SET mail_denied = true WHERE id = $1`,
		"one who is erased": `DELETE FROM assignment WHERE person = $1; UPDATE person SET erased_at = now() WHERE id = $1`,
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			c := h.cast()
			h.Exec(`UPDATE key SET state = 'in_service', holder = $2 WHERE serial = $1`, string(h.Key(scene.Tilleuls)), c.lea.ID)
			fresh := h.Person("Zed Zed", okey.Staff, scene.Tilleuls)
			h.Exec(`UPDATE person n SET mail = o.mail, family_name = o.family_name, given_name = o.given_name FROM person o
				WHERE n.id = $1 AND o.id = $2`, fresh.ID, c.lea.ID)
			for _, statement := range strings.Split(change, "; ") {
				if statement != "" {
					h.Exec(statement, c.lea.ID)
				}
			}
			today := here()
			found, err := h.Store.Likenesses(t.Context(), today)
			require.NoError(t, err)
			assert.Empty(t, found)
			err = h.Store.MakeOne(t.Context(), c.lea.ID, fresh.ID, c.support.ID, today, time.Now())
			assert.Equal(t, okey.CodeInvalid, okey.ErrorCode(err))
		})
	}
}
