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
	told, err := h.Store.Events(t.Context(), 0, 10)
	require.NoError(t, err)
	require.Len(t, told.Events, 1, "who follows keys learns the new uid")
	assert.Equal(t, okey.KeyEventHolderRenamed, told.Events[0].Type)
	assert.Equal(t, "lmartin2", told.Events[0].UID)
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM person WHERE lower(mail) = lower($1)`, c.lea.Mail))
	assert.Equal(t, "personnel", h.Text(`SELECT string_agg(function, ',') FROM assignment WHERE person = $1`, c.lea.ID))
	assert.Equal(t, c.lea.ID.String(), h.Text(`SELECT holder::text FROM key WHERE serial = $1`, string(key)))
	assert.Zero(t, h.Count(`SELECT count(*) FROM assignment WHERE person = $1`, fresh))
	assert.Contains(t, sam.get(person).text(), "Deux identifiants réunis")
	merged := sam.get("/assistance/personnes/" + fresh)
	assert.Contains(t, merged.text(), "Réunie à une autre")
	assert.Contains(t, merged.HTML, `href="`+person+`"`)
	assert.NotContains(t, merged.text(), "Effacée")
	assert.NotContains(t, sam.get("/assistance/imports").text(), "Identifiants qui ont changé")
	require.EqualValues(t, 0, h.pushes("staff", "/staff", renamed).at("added"), "the next file knows her")
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM audit WHERE event = 'same_person' AND actor = $1`, c.support.ID))
}

// The provider, or the next file, may say the old uid for a while yet.
func TestTheOldUIDStillNamesThePerson(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	was := c.lea.UID
	_, _ = h.renamed(c)
	sam := h.as(c.support)
	person := "/assistance/personnes/" + c.lea.ID.String()
	sam.done(sam.fill(person, person+"/meme-personne"))
	now := h.Text(`SELECT uid FROM person WHERE id = $1`, c.lea.ID)
	require.NotEqual(t, was, now)
	people := h.Count(`SELECT count(*) FROM person`)

	for _, uid := range []string{was, strings.ToUpper(was), now} {
		lea := okey.Person{UID: okey.NormalUID(uid), FamilyName: c.lea.FamilyName, GivenName: c.lea.GivenName, Mail: c.lea.Mail}
		id, err := h.Store.SignIn(t.Context(), lea, okey.DirectorySays{}, false, time.Now())
		require.NoError(t, err)
		assert.Equal(t, c.lea.ID, id)
	}
	file := staffHeader + strings.Join([]string{string(scene.Tilleuls), was, c.lea.FamilyName, c.lea.GivenName, c.lea.Mail, "personnel"}, ";") + "\n"
	require.Equal(t, http.StatusOK, h.pushes("staff", "/staff", file, "force", "true").Status)
	assert.Equal(t, "personnel", h.Text(`SELECT string_agg(function, ',') FROM assignment WHERE person = $1 AND source = 'import'`, c.lea.ID))
	assert.Equal(t, people, h.Count(`SELECT count(*) FROM person`))
	assert.NotContains(t, sam.get("/assistance/imports").text(), "Identifiants qui ont changé")

	somebody := okey.Person{UID: was, FamilyName: "Autre", GivenName: "Personne"}
	id, err := h.Store.SignIn(t.Context(), somebody, okey.DirectorySays{}, false, time.Now())
	require.NoError(t, err)
	assert.NotEqual(t, c.lea.ID, id, "a uid that the directory has given to somebody else")
	assert.Equal(t, now, h.Text(`SELECT uid FROM person WHERE id = $1`, c.lea.ID))
}

// renamed is Léa, who has a key, and a new row with her name, her address and another uid.
func (h *house) renamed(c cast) (fresh okey.Person, key okey.Serial) {
	key = h.Key(scene.Tilleuls)
	h.Exec(`UPDATE key SET state = 'in_service', holder = $2 WHERE serial = $1`, string(key), c.lea.ID)
	fresh = h.Person("Zed Zed", okey.Staff, scene.Tilleuls)
	h.Exec(`UPDATE person n SET mail = o.mail, family_name = o.family_name, given_name = o.given_name FROM person o
		WHERE n.id = $1 AND o.id = $2`, fresh.ID, c.lea.ID)
	h.Exec(`DELETE FROM assignment WHERE person = $1`, c.lea.ID)
	return fresh, key
}

// Whoever sees no key under the new uid asks for one, and perhaps takes that back: all of it is the one person's.
func TestWhatWasAskedUnderTheNewUIDBecomesTheOnePersons(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	fresh, key := h.renamed(c)
	first := h.as(fresh).asks()
	h.as(fresh).done(h.as(fresh).fill(first, first+"/retrait", "comment", "je l'ai"))
	asked := h.as(fresh).asks()
	sam := h.as(c.support)
	person := "/assistance/personnes/" + c.lea.ID.String()
	sam.done(sam.fill(person, person+"/meme-personne"))
	assert.Equal(t, 2, h.Count(`SELECT count(*) FROM request WHERE person = $1`, c.lea.ID))
	assert.Equal(t, 3, h.Count(`SELECT count(*) FROM action WHERE by_person = $1`, c.lea.ID))
	assert.Equal(t, c.lea.ID.String(), h.Text(`SELECT holder::text FROM key WHERE serial = $1`, string(key)))
	for _, column := range strings.Fields(h.Text(`SELECT string_agg(c.conrelid::regclass || '.' || a.attname, ' ') FROM pg_constraint c
		JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] WHERE c.confrelid = 'person'::regclass`)) {
		table, name, _ := strings.Cut(column, ".")
		assert.Zero(t, h.Count(`SELECT count(*) FROM `+table+` WHERE `+name+` = $1`, fresh.ID), column)
	}
	_, err := h.Store.VerifyAudit(t.Context())
	require.NoError(t, err)
	lea := h.as(c.lea)
	lea.done(lea.fill(asked, asked+"/retrait", "comment", "je l'ai"))
}

// What one person can't have, two keys in hand or two open requests, or a signature, which nobody rewrites, parts them until support has seen to it.
func TestWhatOnePersonCanNotHavePartsThem(t *testing.T) {
	for name, also := range map[string]func(*house, cast, okey.Person){
		"two keys": func(h *house, _ cast, fresh okey.Person) {
			h.Exec(`UPDATE key SET state = 'in_service', holder = $2 WHERE serial = $1`, string(h.Key(scene.Tilleuls)), fresh.ID)
		},
		"two open requests": func(h *house, c cast, fresh okey.Person) {
			h.as(fresh).asks()
			h.Exec(`UPDATE request SET person = $1`, c.lea.ID)
			h.as(fresh).asks()
		},
		"an open request that is signed": func(h *house, _ cast, fresh okey.Person) {
			h.as(fresh).asks()
			h.Exec(`UPDATE request SET charter = 1, charter_sha256 = (SELECT sha256 FROM charter), signed_at = now()`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			c := h.cast()
			fresh, _ := h.renamed(c)
			also(h, c, fresh)
			page := h.as(c.support).get("/assistance/personnes/" + c.lea.ID.String())
			assert.Contains(t, page.text(), "Retirez la demande de trop, ou changez l'état de la clef de trop")
			assert.NotContains(t, page.text(), "C'est la même personne")
			err := h.Store.MakeOne(t.Context(), c.lea.ID, fresh.ID, c.support.ID, here(), time.Now())
			assert.Equal(t, okey.CodeInvalid, okey.ErrorCode(err))
		})
	}
}

// Support's word that they are two is final.
func TestTwoPeopleAreOfferedNoMore(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.renamed(c)
	sam := h.as(c.support)
	person := "/assistance/personnes/" + c.lea.ID.String()
	require.Contains(t, sam.get(person).text(), "Ce sont deux personnes")
	sam.done(sam.fill(person, person+"/meme-personne", "two", "oui"))
	told := sam.get(person).text()
	assert.NotContains(t, told, "Ce sont deux personnes")
	assert.Contains(t, told, "Deux personnes, non une")
}

// What claims said lasts a year, and a staff file until the next: neither says that the old uid is somebody's still. One file, or one reading
// of the directory, that names both does.
func TestWhatIsStaleKeepsNobodyApart(t *testing.T) {
	for name, test := range map[string]struct {
		old, fresh string
		alike      int
	}{
		"claims":              {"claims", "claims", 1},
		"a stale file":        {"import", "directory", 1},
		"a stale reading":     {"directory", "claims", 1},
		"one file names both": {"import", "import", 0},
		"one reading":         {"directory", "directory", 0},
		"support says so":     {"support", "directory", 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			c := h.cast()
			fresh, _ := h.renamed(c)
			h.Exec(`UPDATE assignment SET source = $2 WHERE person = $1`, fresh.ID, test.fresh)
			h.Exec(`INSERT INTO assignment (person, uai, function, source, since) VALUES ($1, $2, 'personnel', $3, now())`,
				c.lea.ID, scene.Tilleuls, test.old)
			found, err := h.Store.Likenesses(t.Context(), here())
			require.NoError(t, err)
			assert.Len(t, found, test.alike)
		})
	}
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
