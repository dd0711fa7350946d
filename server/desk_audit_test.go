package server_test

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// audits writes an entry of the audit.
func (h *house) audits(event, subject string) {
	h.Helper()
	require.NoError(h, h.Store.Do(context.Background(), func(tx *sql.Tx) error {
		tx.Audit(sql.Entry{At: scene.Now, Event: event, Via: okey.ViaEngine, Subject: subject, Detail: "accepted"})
		return nil
	}))
}

func (h *house) auditor() okey.Person {
	h.Helper()
	p := h.Person("Odile Auditeur", okey.Staff)
	h.Exec(`UPDATE person SET auditor = true WHERE id = $1`, p.ID)
	return p
}

func TestTheAuditIsReadByThoseWhoMayAndNarrowedByWhatTheyAsk(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	auditor := h.auditor()
	serial := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30))
	other := h.KeyOf(c.stranger, scene.Acacias, okey.NewDay(2029, 6, 30))
	h.as(c.roux).done(h.as(c.roux).fill("/clefs/"+string(serial), "/clefs/"+string(serial), "reason", "lost", "comment", "égarée en ville"))
	h.as(c.support).done(h.as(c.support).fill("/clefs/"+string(other), "/clefs/"+string(other), "reason", "defective",
		"comment", "écran noir"))
	for _, p := range []okey.Person{c.roux, c.lea, c.stranger} {
		assert.Equal(t, http.StatusNotFound, h.as(p).get("/assistance/journal").Status)
		assert.Equal(t, http.StatusNotFound, h.as(p).get("/assistance/journal.xlsx").Status)
	}
	for _, p := range []okey.Person{c.support, auditor} {
		b := h.as(p)
		all := b.get("/assistance/journal").text()
		assert.Contains(t, all, "Clef : perdue")
		assert.Contains(t, all, "Clef : défectueuse")
		assert.Contains(t, all, c.roux.Name())
		assert.NotContains(t, all, "égarée", "no free text is ever in it")
		for _, query := range []string{
			"objet=" + string(serial), "qui=" + url.QueryEscape(strings.ToUpper(c.roux.FamilyName)), "quoi=key_lost",
		} {
			page := b.get("/assistance/journal?" + query)
			assert.Contains(t, page.text(), "Clef "+string(serial), query)
			assert.NotContains(t, page.text(), "Clef "+string(other), query)
			rows := b.download("/assistance/journal.xlsx?" + query)["Journal"]
			assert.Contains(t, strings.Join(rows[1], "|"), string(serial), query)
		}
		of := b.get("/assistance/journal?objet=" + string(scene.Tilleuls)).text()
		assert.Contains(t, of, "Clef "+string(serial), "what is about its keys is about a school")
		assert.NotContains(t, of, "Clef "+string(other))
		assert.Contains(t, b.get("/assistance/journal?du=2020-01-01&au=2020-12-31").text(), "Rien ici.")
		assert.Contains(t, b.get("/assistance/journal?du=2020-01-01").text(), string(serial))
		assert.Contains(t, b.get("/assistance/journal?du=hier").text(), "Du : écrivez une date comme 31/12/2027.")
		assert.Regexp(t, `Du : écrivez une date .* Au : écrivez une date `, b.get("/assistance/journal?du=hier&au=demain").text(),
			"each error says which field it is about")
		assert.Contains(t, all, here().Time().Format("02/01/2006")+" ", "a record is read years later")
		assert.Contains(t, b.get("/assistance/journal?objet=%00").text(), string(serial), "what no database takes filters nothing")
	}
}

func TestALongAuditIsLeafedThrough(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	b := h.as(c.support)
	for i := range 30 {
		h.audits("key_lost", fmt.Sprintf("key:0048%02d", i))
	}
	first := b.get("/assistance/journal")
	next := regexp.MustCompile(`<a href="([^"]*)">Page suivante</a>`).FindStringSubmatch(first.HTML)
	require.NotNil(t, next)
	second := b.get(html.UnescapeString(next[1]))
	assert.Contains(t, first.text(), "Clef 004829")
	assert.NotContains(t, first.text(), "Clef 004800")
	assert.NotContains(t, second.text(), "Clef 004829")
	assert.Contains(t, second.text(), "Clef 004800")
	assert.Equal(t, tableRow.FindAllString(first.HTML, -1), tableRow.FindAllString(b.get(pageBefore(t, second)).HTML, -1))
}

func TestTheAuditNamesAClosedOrderAndAnImport(t *testing.T) {
	h := newHouse(t)
	h.audits("closing", "closing:7513ca0e-0000-4000-8000-000000000000")
	h.audits("import", "import:staff")
	told := h.as(h.auditor()).get("/assistance/journal")
	assert.Contains(t, told.text(), "Commande 7513ca0e")
	assert.Contains(t, told.HTML, `href="/commandes/7513ca0e-`)
	assert.Contains(t, told.text(), "Import des personnels")
}

func TestEveryActionHasAName(t *testing.T) {
	h := newHouse(t)
	for name := range okey.ActionKinds {
		h.audits(string(name), "order:x")
	}
	assert.NotContains(t, h.as(h.auditor()).get("/assistance/journal").text(), "Autre signal")
}

// People are named, ids are short and found again; a spreadsheet has them whole, and no kind of the program's.
func TestTheAuditNamesWhatItIsAbout(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	page := h.as(c.lea).asks()
	roux := h.as(c.roux)
	roux.done(roux.answers(page, "approve", ""))
	lea := h.as(c.lea)
	lea.done(lea.signs(page))
	desk := h.as(c.support)
	h.Grant(c.stranger, okey.RoleAuditor)
	text := desk.get("/assistance/journal").text()
	id := strings.TrimPrefix(page, "/demandes/")
	print := h.Text(`SELECT charter_sha256 FROM request`)
	assert.Contains(t, text, "Personne "+c.stranger.Name())
	assert.Contains(t, text, "Toute modification de ce journal se voit")
	assert.Contains(t, text, "Demande "+id[:8])
	assert.NotContains(t, text, id)
	assert.Contains(t, text, print[:12]+"…")
	assert.NotContains(t, text, print)
	assert.Contains(t, desk.get("/assistance/journal?objet="+print[:12]).text(), "Charte signée")
	assert.Contains(t, desk.get("/assistance/journal?objet="+print[1:13]).text(), "Rien ici")
	sheet := fmt.Sprint(desk.download("/assistance/journal.xlsx"))
	assert.Contains(t, sheet, "Demande "+id)
	assert.Contains(t, sheet, print)
	assert.NotContains(t, sheet, "request:")
	assert.NotContains(t, sheet, "person:")
}

func TestAFilterThatDoesNotExistIsSaid(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	roux, desk := h.as(c.roux), h.as(c.support)
	for path, says := range map[string]string{
		"/clefs?etat=zz": "Ce choix n'existe pas", "/clefs?tri=zz": "Ce choix n'existe pas", "/demandes?etape=zz": "Ce choix n'existe pas",
		"/commandes?etat=zz": "Ce choix n'existe pas",
	} {
		assert.Contains(t, roux.get(path).text(), says, path)
	}
	for path, says := range map[string]string{
		"/assistance/journal?quoi=zz":                     "Ce choix n'existe pas",
		"/assistance/journal?du=2026-11-02&au=2026-11-01": "Cette date vient avant celle du début",
		"/assistance/tableau-de-bord?periode=zz":          "Ce choix n'existe pas",
		"/assistance/tableau-de-bord?academie=zz":         "Ce choix n'existe pas",
	} {
		assert.Contains(t, desk.get(path).text(), says, path)
	}
	for _, path := range []string{"/clefs?etat=in_stock&tri=-lot&suivi=parties", "/demandes?etape=refused", "/commandes?etat="} {
		assert.NotContains(t, roux.get(path).text(), "à corriger", path)
	}
	assert.NotContains(t, desk.get("/assistance/journal?quoi=ask&du=2026-11-01&au=2026-11-01").text(), "à corriger")
}

func TestTheAuditNamesWhoTookADelivery(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.keysCome(c, "00481001")
	desk := h.as(c.support)
	page := desk.get("/assistance/journal?quoi=import").text()
	assert.Contains(t, page, "Import Sam Secours assistance Import des clefs")
	assert.NotContains(t, page, "commande de l'exploitant")
}

// What OKEY did and what was asked of it may have one name: one choice finds both. The choices stand as in a dictionary.
func TestTheAuditOffersEachNameOnce(t *testing.T) {
	h := newHouse(t)
	for i, event := range []string{"attached", "attachment-given", "host_ended", "hosting-ended", "host_named", "key_lost", "ask"} {
		h.audits(event, fmt.Sprintf("key:0048%02d", i))
	}
	b := h.as(h.auditor())
	page := b.get("/assistance/journal")
	var names []string
	for _, m := range regexp.MustCompile(`<option value="[^"]*"[^>]*>([^<]*)</option>`).FindAllStringSubmatch(page.HTML, -1) {
		names = append(names, html.UnescapeString(m[1]))
	}
	assert.Equal(t, []string{
		"Tout", "Clef : perdue", "Demande", "Établissement qui répond pour un autre", "Fin d'une réponse pour un autre", "Jeton",
		"Rattachement",
	}, names)
	for _, event := range []string{"attached", "attachment-given"} {
		both := b.get("/assistance/journal?quoi=" + event)
		assert.Contains(t, both.text(), "Clef 004800", event)
		assert.Contains(t, both.text(), "Clef 004801", event)
		assert.NotContains(t, both.text(), "Clef 004802", event)
		assert.Contains(t, both.HTML, `<option value="attached" selected>Rattachement</option>`, event)
	}
}

func TestTheAuditKnowsAnOrderByItsNumberAndAMisreadCode(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.order(c.roux, 2, "rentrée")
	h.Key(scene.Tilleuls)
	h.audits("key_lost", "key:0069001X")
	b := h.as(c.support)
	assert.Contains(t, b.get("/assistance/journal").text(), "Commande n° 1")
	for _, typed := range []string{"n° 1", "commande 1", "Commande n° 1"} {
		page := b.get("/assistance/journal?objet=" + url.QueryEscape(typed)).text()
		assert.Contains(t, page, "Commande Marc Roux", typed)
		assert.NotContains(t, page, "0069001X", typed)
	}
	assert.Contains(t, b.get("/assistance/journal?objet=commande+99").text(), "Aucune commande n'a le numéro 99.")
	assert.Contains(t, b.get("/assistance/journal?objet=0069901X").text(),
		"Le code UAI 0069901X est faux : avec les chiffres 0069901, la lettre est")
	found := b.get("/assistance/journal?objet=0069001X").text()
	assert.Contains(t, found, "Clef 0069001X", "a key may be called like that")
	assert.NotContains(t, found, "est faux")
}

// What the table shows, copied into the filter, finds its line again.
func TestTheAuditFindsWhatItsTableShows(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Key(scene.Tilleuls)
	page := h.as(c.lea).asks()
	roux := h.as(c.roux)
	roux.done(roux.answers(page, "approve", ""))
	h.as(c.lea).done(h.as(c.lea).signs(page))
	id, print := strings.TrimPrefix(page, "/demandes/"), h.Text(`SELECT charter_sha256 FROM request`)
	require.NoError(t, h.Store.Do(context.Background(), func(tx *sql.Tx) error {
		tx.Audit(sql.Entry{
			At: scene.Now, Event: "claims", Actor: c.stranger.ID, Via: okey.ViaWeb, Subject: sql.AboutPerson(c.stranger.ID), Detail: "2",
		})
		tx.Audit(sql.Entry{At: scene.Now, Event: "import", Via: okey.ViaSupport, Subject: "import:staff", Detail: "applied"})
		tx.Audit(sql.Entry{
			At: scene.Now, Event: "inventory", Actor: c.roux.ID, Via: okey.ViaWeb,
			Subject: "inventory:b97b3b51-0000-4000-8000-000000000000", Detail: "accepted",
		})
		tx.Audit(sql.Entry{At: scene.Now, Event: "key_lost", Actor: c.roux.ID, Via: okey.ViaWeb, Subject: "key:DEMO000301", Detail: "lost"})
		tx.Audit(sql.Entry{At: scene.Now, Event: "expire", Via: okey.ViaEngine, Subject: "request:" + id, Detail: "expired"})
		return nil
	}))
	desk := h.as(c.support)
	for query, found := range map[string]string{
		"objet=" + print: "Charte signée", "objet=" + print[:12]: "Charte signée", "objet=" + print[:12] + "…": "Charte signée",
		"objet=" + strings.ToUpper(print[:12]): "Charte signée",
		"objet=Demande " + id[:8]:              "Demande " + id[:8], "objet=Clef DEMO000301": "Clef DEMO000301",
		"objet=clef demo000301": "Clef DEMO000301", "objet=Inventaire b97b3b51": "Inventaire b97b3b51",
		"objet=Import des personnels": "Import des personnels", "objet=Personne Zoé Ailleurs": "2 changements",
		"qui=OKEY": "Expiration", "qui=moteur": "Expiration", "qui=commande de l'exploitant": "Import des personnels",
		"qui=M. Roux": "Clef DEMO000301", "qui=" + c.roux.Mail: "Clef DEMO000301",
	} {
		name, value, _ := strings.Cut(query, "=")
		told := desk.get("/assistance/journal?" + name + "=" + url.QueryEscape(value))
		_, table, _ := strings.Cut(told.HTML, "<table")
		assert.Contains(t, table, found, query)
		if name == "qui" {
			assert.Contains(t, told.HTML, `value="`+html.EscapeString(value)+`"`, "what was typed stays")
		}
	}
	assert.Contains(t, desk.get("/assistance/journal?objet=2").text(), "Rien ici.", "a number is a number's, not what an outcome counts")
	assert.NotContains(t, desk.get("/assistance/journal?qui=OKEY").text(), "Import des personnels")
}

// What happened while a key, a request or an order was a school's stays on that school's page, wherever it went since.
func TestTheAuditOfASchoolKeepsWhatHasLeftIt(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	went, followed, attached := h.KeyOf(c.lea, scene.Tilleuls, okey.NewDay(2029, 6, 30)), uuid.New(), h.Person("Ana Rattachée", okey.Staff)
	succession, move := uuid.New(), uuid.New()
	h.audits("key_lost", "key:"+string(went))
	h.audits("ask", "request:"+followed.String())
	h.audits("key-move", "key-move:"+move.String())
	require.NoError(t, h.Store.Do(context.Background(), func(tx *sql.Tx) error {
		tx.Audit(sql.Entry{
			At: scene.Now, Event: "attached", Via: okey.ViaSupport, Subject: sql.AboutPerson(attached.ID),
			Detail: string(scene.Tilleuls) + "/chef",
		})
		return nil
	}))
	h.Exec(`UPDATE key SET uai = $2 WHERE serial = $1`, string(went), scene.Acacias)
	h.Exec(`INSERT INTO key_moved (subject, serial, from_uai, to_uai, at) VALUES ($1, $2, $3, $4, now())`, move, string(went),
		scene.Tilleuls, scene.Acacias)
	h.Exec(`INSERT INTO succession (id, from_uai, to_uai, at, comment) VALUES ($1, $2, $3, now(), 'fusion')`, succession, scene.Tilleuls,
		scene.Acacias)
	h.Exec(`INSERT INTO succession_item (succession, kind, id) VALUES ($1, 'request', $2)`, succession, followed.String())
	for _, uai := range []okey.UAI{scene.Tilleuls, scene.Acacias} {
		of := h.as(c.support).get("/assistance/journal?objet=" + string(uai)).text()
		for _, line := range []string{"Clef " + string(went), "Demande " + followed.String()[:8], "Déplacement " + move.String()[:8]} {
			assert.Contains(t, of, line, uai)
		}
	}
	of := h.as(c.support).get("/assistance/journal?objet=" + string(scene.Tilleuls)).text()
	assert.Contains(t, of, "Personne Ana Rattachée", "who was attached to it")
}

// What has a page of its own is a link in the audit; a succession that was refused has none.
func TestTheAuditLeadsToSuccessionsAndReports(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	succession, report, refused := uuid.New(), uuid.New(), uuid.New()
	h.audits("succession", "succession:"+succession.String())
	h.audits("report-decision", "report-decision:"+report.String())
	h.audits("report_moved", "report:"+report.String())
	require.NoError(t, h.Store.Do(context.Background(), func(tx *sql.Tx) error {
		tx.Audit(sql.Entry{
			At: scene.Now, Event: "succession", Via: okey.ViaSupport, Subject: "succession:" + refused.String(),
			Detail: string(okey.CodeSucceeded),
		})
		return nil
	}))
	told := h.as(c.support).get("/assistance/journal").HTML
	assert.Contains(t, told, `<a href="/assistance/succession/`+succession.String()+`"><span class="one-line">Succession `+succession.String()[:8]+`</span></a>`)
	assert.Equal(t, 2,
		strings.Count(told, `<a href="/assistance/clefs-a-confirmer/`+report.String()+`"><span class="one-line">Signalement `+
			report.String()[:8]+`</span></a>`))
	assert.Contains(t, told, "Succession "+refused.String()[:8])
	assert.NotContains(t, told, "/assistance/succession/"+refused.String())
}

// A name that several establishments have narrows nothing in silence: the journal says which ones it may be.
func TestTheAuditSaysWhichSchoolsANameMayBe(t *testing.T) {
	h := newHouse(t)
	h.Exec(`UPDATE establishment SET name = 'Collège des Oliviers' WHERE uai = $1`, scene.Tilleuls)
	h.Exec(`UPDATE establishment SET name = 'Lycée des Oliviers' WHERE uai = $1`, scene.Acacias)
	page := h.as(h.auditor()).get("/assistance/journal?objet=oliviers")
	assert.Contains(t, page.text(), "Plusieurs établissements répondent à ce nom. Choisissez-en un")
	assert.Contains(t, page.text(), string(scene.Acacias))
}
