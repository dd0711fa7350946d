package server_test

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"okey/internal/scene"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	attachments = "/assistance/rattachements"
	hosts       = "/assistance/hotes"
)

// attaches fills support's page: a person becomes something at the Tilleuls for a month.
func (b *browser) attaches(who string, function okey.Function) sheet {
	b.Helper()
	return b.fill(attachments, attachments, "who", who, "establishment", string(scene.Tilleuls), "function", string(function),
		"until", here().AddDays(30).String(), "comment", "absente de l'annuaire")
}

func TestSupportAttachesAPersonAndNoStaffFileTakesThemAway(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	ctx := context.Background()
	request := h.as(c.lea).asks()
	support, zoe := h.as(c.support), h.as(c.stranger)
	assert.Contains(t, support.get("/assistance").HTML, `href="`+attachments+`"`)
	form := support.get(attachments).form(t, attachments, "who", "ZAILLEURS@ac-nice.fr", "establishment", "0069 001b",
		"function", "adjoint",
		"until", here().AddDays(30).Time().Format("02/01/2006"), "comment", "absente de l'annuaire")
	done := support.done(support.post(attachments, form))
	assert.Contains(t, done.text(), "C'est fait : Zoé Ailleurs compte comme adjoint pour le collège des Tilleuls.")
	assert.Contains(t, done.text(), "absente de l'annuaire")
	assert.Equal(t, http.StatusSeeOther, support.post(attachments, form).Status, "a double click")
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM attachment`))
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM audit WHERE event = 'attached' AND actor = $1 AND subject = $2`, c.support.ID,
		"person:"+c.stranger.ID.String()))
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM action WHERE name = 'attachment-given' AND outcome = 'accepted'`))
	assert.Contains(t, zoe.get("/").text(), "Léa Martin")

	var rows []okey.ImportedStaff
	for i, p := range []okey.Person{c.lea, c.roux, c.blanc} {
		rows = append(rows, okey.ImportedStaff{
			Line: i + 2, UAI: scene.Tilleuls, UID: p.UID, FamilyName: p.FamilyName, GivenName: p.GivenName, Mail: p.Mail,
			Function: okey.Staff,
		})
	}
	require.NoError(t, h.Store.Do(ctx, func(tx *sql.Tx) error {
		_, err := tx.ImportStaff(ctx, rows, sql.StaffImport{Today: here(), Force: true}, scene.Now)
		return err
	}))
	assert.Equal(t, http.StatusNotFound, h.as(c.roux).get(delegations).Status, "the file took this function away")
	zoe.done(zoe.answers(request, "approve", ""))

	id := h.Text(`SELECT id::text FROM attachment`)
	ended := support.done(support.fill(attachments, attachments+"/"+id+"/fin"))
	assert.Contains(t, ended.text(), "Zoé Ailleurs n'est plus parmi les personnes rattachées au collège des Tilleuls.")
	assert.Contains(t, ended.text(), "terminé")
	assert.Equal(t, http.StatusNotFound, zoe.get(request).Status)
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM audit WHERE event = 'detached'`))
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM assignment WHERE person = $1`, c.stranger.ID), "what imports say of them stays")
	rowsOf := support.download(attachments + ".xlsx")["Rattachements"]
	require.Len(t, rowsOf, 2)
	assert.Equal(t, []string{"zailleurs", "Zoé Ailleurs", "adjoint", string(scene.Tilleuls), "Collège des Tilleuls"}, rowsOf[1][:5])
	assert.Equal(t, "terminé", rowsOf[1][8])
	assert.Regexp(t, `^\d\d/\d\d/20\d\d \d\d:\d\d$`, rowsOf[1][9])
	assert.Equal(t, "Sam Secours", rowsOf[1][10])
}

func TestAnAttachmentIsRenewedNotDoubled(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	support := h.as(c.support)
	support.done(support.attaches("zailleurs", okey.Deputy))
	support.done(support.attaches("zailleurs", okey.Staff))
	assert.Equal(t, "personnel",
		h.Text(`SELECT string_agg(function, ' ') FROM assignment WHERE person = $1 AND source = 'support'`, c.stranger.ID))
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM attachment WHERE ended_at IS NULL`))
	assert.Equal(t, 2, h.Count(`SELECT count(*) FROM attachment`))

	h.Exec(`UPDATE attachment SET until_day = $1 WHERE ended_at IS NULL`, here().AddDays(-1).String())
	over := support.get(attachments)
	assert.Contains(t, over.text(), "passé, sans effet")
	assert.NotContains(t, over.HTML, "Mettre fin</button>")
}

func TestAnAttachmentThatCannotBeMadeIsExplained(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Exec(`UPDATE person SET mail = 'direction@ac-nice.fr' WHERE id IN ($1, $2)`, c.roux.ID, c.blanc.ID)
	support := h.as(c.support)
	month := here().AddDays(30).String()
	for _, wrong := range []struct{ who, uai, function, until, comment, says string }{
		{"", "0069001B", "adjoint", month, "x", "Écrivez le nom, l'identifiant ou l'adresse de la personne."},
		{"personne", "0069001B", "adjoint", month, "x", "OKEY ne connaît personne sous ce nom, cet identifiant"},
		{
			"Martin", "0069001B", "adjoint", month, "x",
			"Écrivez l'identifiant de la personne que vous voulez : lmartin (Léa Martin, personnel au collège des Tilleuls).",
		},
		{
			"lmartin", "0069001B", "adjoint", "bientôt", "x",
			"Dernier jour : écrivez une date comme " + here().AddMonths(1).Time().Format("02/01/2006"),
		},
		{
			"direction@ac-nice.fr", "0069001B", "adjoint", month, "x",
			"Écrivez l'identifiant de celle que vous voulez : ablanc (Anne Blanc), mroux (Marc Roux).",
		},
		{"ssecours", "0069001B", "chef", month, "x", "C'est vous"},
		{"lmartin", "0069001", "adjoint", month, "x", "une chose est à corriger"},
		{"lmartin", "0069003D", "adjoint", month, "x", "OKEY ne sert pas l'établissement 0069003D"},
		{"lmartin", "0069001B", "", month, "x", "Choisissez la fonction"},
		{"lmartin", "0069001B", "rectrice", month, "x", "Choisissez la fonction"},
		{"lmartin", "0069001B", "adjoint", here().AddDays(-1).String(), "x", "Ce jour est passé"},
		{"lmartin", "0069001B", "adjoint", here().AddDays(400).String(), "x", "un an au plus"},
		{"lmartin", "0069001B", "adjoint", month, "  ", "Écrivez pourquoi"},
		{"lmartin", "0069001B", "adjoint", month, strings.Repeat("a", okey.MaxText+1), "500"},
	} {
		p := support.fill(attachments, attachments, "who", wrong.who, "establishment", wrong.uai, "function", wrong.function,
			"until", wrong.until, "comment", wrong.comment)
		assert.Equal(t, http.StatusUnprocessableEntity, p.Status, wrong.says)
		assert.Contains(t, strings.ToLower(p.text()), strings.ToLower(wrong.says))
	}
	assert.Zero(t, h.Count(`SELECT count(*) FROM attachment`))
}

func TestAHostAnswersForASectionWithoutAHead(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	paul := h.Person("Paul Petit", okey.Principal, scene.Acacias)
	request := h.as(c.lea).asks()
	support, boss := h.as(c.support), h.as(paul)
	names := func(section, host okey.UAI) sheet {
		return support.fill(hosts, hosts, "establishment", string(section), "host", string(host), "comment", "section sans chef")
	}
	assert.Contains(t, support.fill(hosts, hosts, "establishment", "", "host", " ", "comment", "").text(),
		"3 choses sont à corriger Écrivez le code UAI de l'établissement sans direction. "+
			"Écrivez le code UAI de celui qui répond pour lui. Écrivez pourquoi")
	headed := names(scene.Tilleuls, scene.Acacias)
	assert.Equal(t, http.StatusUnprocessableEntity, headed.Status)
	assert.Contains(t, headed.text(), "a sa propre direction (Anne Blanc)")
	h.Exec(`UPDATE assignment SET function = 'personnel' WHERE person IN ($1, $2)`, c.roux.ID, c.blanc.ID)
	assert.Contains(t, names(scene.Tilleuls, scene.Tilleuls).text(), "ne répond pas pour lui-même")
	assert.Contains(t, names("", "").text(), "2 choses sont à corriger")
	assert.Contains(t, names("0069003D", scene.Acacias).text(), "OKEY ne sert pas")

	form := support.get(hosts).form(t, hosts, "establishment", string(scene.Tilleuls), "host", string(scene.Acacias),
		"comment", "section sans chef")
	done := support.done(support.post(hosts, form))
	assert.Contains(t, done.text(), "la direction du lycée des Acacias répond maintenant pour le collège des Tilleuls")
	assert.Equal(t, http.StatusSeeOther, support.post(hosts, form).Status)
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM hosting`))
	assert.Equal(t, 1,
		h.Count(`SELECT count(*) FROM audit WHERE event = 'host_named' AND subject = 'establishment:0069001B' AND detail = '0069002C'`))
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM action WHERE name = 'hosting-given' AND outcome = 'accepted'`))
	assert.Contains(t, names(scene.Acacias, scene.Tilleuls).text(), "a sa propre direction")

	assert.Regexp(t, `(?s)<h3>Collège des Tilleuls \(0069001B\)</h3>.*Léa Martin`, boss.get("/").HTML)
	assert.Contains(t, boss.get("/demandes").HTML, `<option value="0069001B"`)
	boss.done(boss.answers(request, "approve", ""))

	h.Exec(`UPDATE assignment SET function = 'chef' WHERE person = $1`, c.roux.ID)
	assert.Contains(t, support.get(hosts).text(), "a maintenant sa propre direction : mettez fin à ceci")
	id := h.Text(`SELECT id::text FROM hosting`)
	ended := support.done(support.fill(hosts, hosts+"/"+id+"/fin"))
	assert.Contains(t, ended.text(), "C'est fait : le lycée des Acacias ne répond plus pour le collège des Tilleuls.")
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM audit WHERE event = 'host_ended'`))
	assert.Equal(t, http.StatusNotFound, boss.get(request).Status)
	assert.Equal(t, http.StatusOK, h.as(c.roux).get(request).Status)
	rows := support.download(hosts + ".xlsx")["Sans direction"]
	require.Len(t, rows, 2)
	assert.Equal(t, []string{
		string(scene.Tilleuls), "Collège des Tilleuls", string(scene.Acacias), "Lycée des Acacias", "section sans chef", "Sam Secours",
	}, rows[1][:6])
}

func TestTheMotherSchoolIsProposedAsHost(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	paul := h.Person("Paul Petit", okey.Principal, scene.Acacias)
	support := h.as(c.support)
	proposed := func() bool { return strings.Contains(support.get(hosts).text(), "Proposés") }
	h.Exec(`UPDATE establishment SET mother = $2 WHERE uai = $1`, scene.Tilleuls, scene.Acacias)
	assert.False(t, proposed(), "somebody heads it")
	h.Exec(`UPDATE assignment SET function = 'personnel' WHERE uai = $1`, scene.Tilleuls)
	assert.True(t, proposed())
	h.Exec(`UPDATE assignment SET until = '2026-01-01' WHERE person = $1`, paul.ID)
	assert.False(t, proposed(), "nobody would answer there")
	h.Exec(`UPDATE assignment SET until = NULL WHERE person = $1`, paul.ID)

	assert.Contains(t, h.as(h.auditor()).get(hosts).text(), "Proposés")
	page := support.get(hosts)
	assert.Contains(t, page.text(), "Collège des Tilleuls (0069001B) Lycée des Acacias (0069002C) Désigner Lycée des Acacias")
	path := hosts + "?etablissement=0069001B&hote=0069002C"
	assert.Contains(t, page.HTML, html.EscapeString(path))
	form := support.get(path).form(t, hosts)
	assert.Equal(t, []string{"0069001B", "0069002C"}, []string{form.Get("establishment"), form.Get("host")})
	assert.Contains(t, form.Get("comment"), "l'annuaire")
	assert.Contains(t, support.get("/assistance/etablissements/0069001B").HTML, html.EscapeString(path), "and on the school's page")
	support.done(support.post(hosts, form))
	assert.False(t, proposed())

	h.Exec(`UPDATE hosting SET ended_at = now(), ended_by = given_by`)
	h.Exec(`UPDATE establishment SET host = NULL, mother = '0069003D' WHERE uai = $1`, scene.Tilleuls)
	h.Exec(`INSERT INTO establishment (uai, name, nature, contract, state, academy, commune, postcode, imported_at, successor)
		SELECT '0069003D', 'Collège des Ormes', nature, contract, state, academy, commune, postcode, now(), uai FROM establishment
		WHERE uai = $1`, scene.Acacias)
	assert.Contains(t, support.get(hosts).text(), "Désigner Lycée des Acacias", "whoever has replaced the mother school")
}

func TestWhoeverAnsweredUntilNowIsToldOfTheNextHost(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Exec(`UPDATE assignment SET function = 'personnel' WHERE uai = $1`, scene.Tilleuls)
	h.Exec(`INSERT INTO establishment (uai, name, nature, contract, state, academy, commune, postcode, imported_at)
		SELECT '0069003D', 'Collège des Ormes', nature, contract, state, academy, commune, postcode, now() FROM establishment
		WHERE uai = $1`, scene.Acacias)
	h.Person("Paul Petit", okey.Principal, scene.Acacias)
	h.Person("Olga Ormes", okey.Principal, "0069003D")
	support := h.as(c.support)
	for _, host := range []string{string(scene.Acacias), "0069003D", "0069003D"} {
		support.done(support.fill(hosts, hosts, "establishment", string(scene.Tilleuls), "host", host, "comment", "section sans chef"))
	}
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM action WHERE name = 'hosting-ended' AND content->>'establishment' = $1`,
		string(scene.Acacias)), "once, the one that answers no more")
	assert.Equal(t, 1, h.Count(`SELECT count(*) FROM action WHERE name = 'hosting-ended'`))
}

func TestArrangementsAreForSupportAndAuditorsRead(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	eve, tom := h.Person("Eve Morel", okey.Staff, scene.Tilleuls), h.Person("Tom Garnier", okey.Staff, scene.Tilleuls)
	h.lent(c.roux, eve, okey.Everything)
	h.lent(c.roux, tom, okey.HandoverAndStock)
	auditor := h.auditor()
	support := h.as(c.support)
	support.done(support.attaches("zailleurs", okey.Staff))
	end := attachments + "/" + h.Text(`SELECT id::text FROM attachment`) + "/fin"
	for _, page := range []string{attachments, hosts} {
		for _, who := range []okey.Person{c.lea, c.roux, c.blanc, eve, tom, c.stranger, auditor, c.support} {
			b := h.as(who)
			sent := url.Values{"action": {uuid.NewString()}, "person": {who.ID.String()}}
			read, write := http.StatusNotFound, http.StatusNotFound
			switch who.ID {
			case auditor.ID:
				read, write = http.StatusOK, http.StatusForbidden
			case c.support.ID:
				read, write = http.StatusOK, http.StatusUnprocessableEntity
			}
			assert.Equal(t, read, b.get(page).Status, who.UID)
			assert.Equal(t, read, b.get(page+".xlsx").Status, who.UID)
			assert.Equal(t, write, b.post(page, sent).Status, who.UID)
			if who.ID != c.support.ID {
				assert.Equal(t, write, b.post(end, sent).Status, who.UID)
				assert.NotContains(t, b.get(page).HTML, "Mettre fin</button>")
			}
		}
		assert.Equal(t, http.StatusNotFound,
			support.post(page+"/"+uuid.NewString()+"/fin", url.Values{"action": {uuid.NewString()}}).Status)
	}
	assert.Zero(t, h.Count(`SELECT count(*) FROM attachment WHERE ended_at IS NOT NULL`))
}
