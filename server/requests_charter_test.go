package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func (h *house) publish(text string) {
	h.Helper()
	require.NoError(h, h.Store.Do(h.Context(), func(tx *sql.Tx) error {
		_, err := tx.PublishCharter(h.Context(), text, time.Now())
		return err
	}))
}

// atTheCounter is a request of Léa's that waits for its handover.
func (h *house) atTheCounter(c cast) (page string, serial okey.Serial) {
	h.Helper()
	serial = h.Key(scene.Tilleuls)
	return h.signed(c), serial
}

func TestTheSignerReadsAtAnyTimeWhatWasSigned(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page, serial := h.atTheCounter(c)
	roux, lea := h.as(c.roux), h.as(c.lea)
	copied := func() {
		t.Helper()
		p := lea.get(page + "/charte")
		require.Equal(t, http.StatusOK, p.Status)
		for _, said := range []string{
			"Charte signée par Léa Martin", "Collège des Tilleuls (0069001B)", "version 1, publiée le", okey.CharterSum(okey.FirstCharter),
			"c'est bien celui qui a été signé", strings.TrimPrefix(page, "/demandes/"), string(serial), "Je ne prête ma clef à personne",
		} {
			assert.Contains(t, p.text(), said)
		}
		assert.Regexp(t, `\S+ \d+(er)? \S+ 20\d\d à \d\d:\d\d:\d\d, heure de l'établissement \(UTC\+0[12]:00\)`, p.text())
		assert.Regexp(t, `Signée le \S+ \d+(er)? \S+ 20\d\d à \d+ h \d\d Charte`, p.text(), "as people say it")
		facts, _, _ := strings.Cut(p.HTML, "<summary>Pour vérifier")
		assert.NotContains(t, facts, okey.CharterSum(okey.FirstCharter), "what only a check needs is folded away")
		assert.NotContains(t, p.text(), "Attention")
	}
	copied()
	assert.Contains(t, lea.get(page).HTML, `href="`+page+`/charte"`)
	assert.Contains(t, lea.get("/").HTML, `href="`+page+`/charte"`)

	h.publish("Charte nouvelle.")
	roux.done(roux.fill(page, page+"/remise", "serial", string(serial)))
	copied()
	assert.Contains(t, lea.get("/").HTML, `href="`+page+`/charte"`, "with the key in hand")
}

func TestASignedCharterIsShownToWhoeverMaySeeTheRequest(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page, _ := h.atTheCounter(c)
	auditor := h.Person("Ida Regard", okey.Staff)
	h.Exec(`UPDATE person SET auditor = true WHERE id = $1`, auditor.ID)
	colleague, elsewhere := h.Person("Jo Collègue", okey.Staff, scene.Tilleuls), h.Person("Luc Ailleurs", okey.Principal, scene.Acacias)
	for p, status := range map[okey.Person]int{
		c.lea: http.StatusOK, c.roux: http.StatusOK, c.blanc: http.StatusOK, c.support: http.StatusOK, auditor: http.StatusOK,
		colleague: http.StatusNotFound, elsewhere: http.StatusNotFound, c.stranger: http.StatusNotFound,
	} {
		for _, path := range []string{page + "/charte", page + "/charte.txt"} {
			assert.Equal(t, status, h.as(p).get(path).Status, "%s %s", p.Name(), path)
		}
	}
	for _, path := range []string{page + "/charte", page + "/charte.txt"} {
		assert.Equal(t, http.StatusSeeOther, h.browse().get(path).Status, "signs in first")
		assert.Equal(t, http.StatusNotFound,
			h.as(c.lea).get(strings.Replace(path, page, "/demandes/00000000-0000-4000-8000-000000000000", 1)).Status)
	}
}

func TestTheSignedTextAsAFileCanBeCheckedByHand(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page, _ := h.atTheCounter(c)
	p := h.as(c.lea).get(page + "/charte.txt")
	assert.Equal(t, "text/plain; charset=utf-8", p.Header.Get("Content-Type"))
	assert.Regexp(t, `^attachment; filename="okey-charte-signee-20\d\d-\d\d-\d\d\.txt"$`, p.Header.Get("Content-Disposition"))
	facts, text, found := strings.Cut(p.HTML, "\nTexte :\n")
	require.True(t, found)
	assert.Contains(t, facts, "Signée par : Léa Martin")
	assert.Contains(t, facts, okey.CharterSum(text), "the text of the file has the fingerprint that the file names")
}

func TestATextThatIsNoLongerTheSignedOneIsSaidLoudly(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page, _ := h.atTheCounter(c)
	h.Exec(`ALTER TABLE charter DISABLE TRIGGER charter_is_never_rewritten`)
	h.Exec(`UPDATE charter SET body = replace(body, 'personne', 'personne ou presque'), sha256 = 'whatever fits'`)
	for _, p := range []sheet{h.as(c.lea).get(page + "/charte"), h.as(c.support).get(page + "/charte")} {
		assert.Equal(t, http.StatusOK, p.Status)
		assert.Contains(t, p.HTML, `role="alert"`)
		assert.Contains(t, p.text(), "Attention : ce texte n'est plus celui qui a été signé")
		assert.NotContains(t, p.text(), "c'est bien celui")
		assert.Contains(t, p.text(), okey.CharterSum(okey.FirstCharter), "what was signed")
	}
	assert.Contains(t, h.as(c.lea).get(page+"/charte.txt").HTML, "Attention : ce texte n'est plus celui qui a été signé")
}

func TestBeforeTheSigningTheAddressLeadsToTheRequest(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.as(c.lea).asks()
	p := h.as(c.lea).get(page + "/charte")
	assert.Equal(t, http.StatusSeeOther, p.Status)
	assert.Equal(t, page, p.Location)
	assert.Equal(t, http.StatusNotFound, h.as(c.lea).get(page+"/charte.txt").Status)
	assert.Equal(t, http.StatusNotFound, h.as(c.stranger).get(page+"/charte").Status)
	assert.NotContains(t, h.as(c.lea).get("/").text(), "La charte que j'ai signée")
}

func TestEveryVersionOfTheCharterStaysReadable(t *testing.T) {
	h := newHouse(t)
	h.publish("Charte nouvelle.")
	b := h.browse()
	inForce := b.get("/charte")
	assert.Contains(t, inForce.text(), "Version 2, en vigueur depuis le")
	assert.Contains(t, inForce.text(), "Charte nouvelle.")
	assert.Contains(t, inForce.HTML, `href="/charte/1"`)
	older := b.get("/charte/1")
	assert.Regexp(t, `Version 1, en vigueur du .* 20\d\d au .* 20\d\d\. Lire la version en vigueur`, older.text())
	assert.Contains(t, older.text(), "Je ne prête ma clef à personne")
	assert.Contains(t, older.text(), okey.CharterSum(okey.FirstCharter))
	assert.Equal(t, http.StatusOK, b.get("/charte/2").Status)
	for _, wrong := range []string{"/charte/0", "/charte/3", "/charte/01", "/charte/-1", "/charte/x", "/charte/99999999999999999999"} {
		assert.Equal(t, http.StatusNotFound, b.get(wrong).Status, wrong)
	}
}

func TestTheSignedCharterPrintsBlackOnWhiteWithoutThePagesAround(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page, _ := h.atTheCounter(c)
	p := h.as(c.lea).get(page + "/charte")
	assert.Contains(t, p.HTML, `<p class="unprinted">Pour en garder une copie`)
	_, rest, found := strings.Cut(p.HTML, `<link rel="stylesheet" href="`)
	require.True(t, found)
	css, _, _ := strings.Cut(rest, `"`)
	style := h.browse().get(css)
	_, printed, found := strings.Cut(style.HTML, "@media print {")
	require.True(t, found)
	for _, rule := range []string{
		"size: A4", ":is(header, footer, form, nav, details, .actions, .deeds, .help, .skip, .button, .unprinted) { display: none; }", "color: #000; background: #fff",
	} {
		assert.Contains(t, printed, rule)
	}
}

func TestASignatureShowsNameAndSchoolAsTheyWereAtTheSigning(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page, _ := h.atTheCounter(c)
	h.Exec(`UPDATE person SET family_name = 'Durand', uid = 'ldurand' WHERE id = $1`, c.lea.ID)
	h.Exec(`UPDATE establishment SET name = 'Collège Simone-Veil' WHERE uai = $1`, scene.Tilleuls)
	for _, path := range []string{page + "/charte", page + "/charte.txt"} {
		said := h.as(c.lea).get(path).text()
		assert.Regexp(t, `Signée par (: )?Léa Martin`, said)
		assert.Regexp(t, `Identifiant (: )?`+c.lea.UID, said)
		assert.Regexp(t, `Établissement (: )?Collège des Tilleuls \(0069001B\)`, said)
		assert.Regexp(t, `Aujourd'hui (: )?Léa Durand`, said)
		assert.NotContains(t, said, "Simone-Veil")
	}
	assert.Contains(t, h.as(c.lea).get(page+"/charte").HTML, "<h1>Charte signée par Léa Martin</h1>")
	known := h.as(c.lea).download("/compte.xlsx")["Demandes"]
	assert.Contains(t, strings.Join(known[1], "|"), "Léa Martin|"+c.lea.UID+"|Collège des Tilleuls|")
	assert.Contains(t, h.as(c.lea).get("/confidentialite").text(), "Nom (celui des chartes signées aussi)")
}

// What was signed before names were kept with it shows what the migration knew, and says so.
func TestANameThatWasNotedAfterTheSigningIsSaidToBe(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page, _ := h.atTheCounter(c)
	h.Exec(`ALTER TABLE request DISABLE TRIGGER signature_is_never_rewritten`)
	h.Exec(`UPDATE request SET signer_noted_at = signed_at + interval '40 days'`)
	assert.Regexp(t, `Nom et établissement notés \S+ \d+ \S+ 20\d\d, après la signature : OKEY ne les gardait pas encore avec elle`,
		h.as(c.lea).get(page+"/charte").text())
}

func TestASignersNameIsErasedWithItsPerson(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page, _ := h.atTheCounter(c)
	h.Exec(`UPDATE request SET signer_name = '', signer_uid = ''`)
	said := h.as(c.support).get(page + "/charte").text()
	assert.Contains(t, said, "Signée par une personne dont le nom est effacé")
	assert.NotContains(t, said, "Identifiant")
}
