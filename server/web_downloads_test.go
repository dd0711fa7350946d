package server_test

import (
	"encoding/base64"
	"fmt"
	"html"
	"net/http"
	"strings"
	"testing"

	"okey/internal/scene"
	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
)

// download reads a spreadsheet back: its rows by sheet.
func (b *browser) download(path string) map[string][][]string {
	b.Helper()
	p := b.get(path)
	require.Equal(b, http.StatusOK, p.Status, p.text())
	assert.Equal(b, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", p.Header.Get("Content-Type"))
	assert.Regexp(b, `^attachment; filename="okey-[a-z-]+-20\d\d-\d\d-\d\d\.xlsx"$`, p.Header.Get("Content-Disposition"))
	assert.Equal(b, "no-store", p.Header.Get("Cache-Control"))
	assert.Equal(b, "nosniff", p.Header.Get("X-Content-Type-Options"))
	return b.sheets(p.HTML)
}

// enclosed reads the spreadsheet that a page carries.
func (b *browser) enclosed(p sheet) map[string][][]string {
	b.Helper()
	_, after, found := strings.Cut(p.HTML, `href="data:application/vnd.openxmlformats-officedocument.spreadsheetml.sheet;base64,`)
	require.True(b, found, p.text())
	coded, _, _ := strings.Cut(after, `"`)
	content, err := base64.StdEncoding.DecodeString(html.UnescapeString(coded))
	require.NoError(b, err)
	return b.sheets(string(content))
}

func (b *browser) sheets(content string) map[string][][]string {
	b.Helper()
	f, err := excelize.OpenReader(strings.NewReader(content))
	require.NoError(b, err)
	sheets := map[string][][]string{}
	for _, name := range f.GetSheetList() {
		rows, err := f.GetRows(name)
		require.NoError(b, err)
		for i, row := range rows {
			for j := range row {
				cell, err := excelize.CoordinatesToCellName(j+1, i+1)
				require.NoError(b, err)
				formula, err := f.GetCellFormula(name, cell)
				require.NoError(b, err)
				assert.Empty(b, formula, "%s!%s", name, cell)
			}
		}
		sheets[name] = rows
	}
	return sheets
}

func TestTheDownloadedKeysAreThoseOfThePage(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	fiveKeys(h, c)
	roux, support := h.as(c.roux), h.as(c.support)
	for _, query := range []string{
		"", "?etat=lost", "?tri=-expiration", "?q=lea", "?lot=L1&tri=titulaire", "?expire=2028-07-01", "?etablissement=0069002C",
	} {
		for _, b := range []*browser{roux, support, h.as(c.lea), h.as(c.stranger)} {
			rows := b.download("/clefs.xlsx" + query)["Clefs"]
			var serials []string
			for _, row := range rows[1:] {
				serials = append(serials, row[0])
			}
			assert.Equal(t, b.leafed("/clefs"+query), serials, query)
		}
	}
	lea := roux.download("/clefs.xlsx?q=lea")["Clefs"]
	assert.Equal(t, []string{
		"Numéro de série", "Titulaire", "État", "Lot", "Date d'expiration", "Retour au plus tard", "Dernière connexion", "UAI",
		"Établissement", "Identifiant",
	}, lea[0])
	assert.Equal(t, []string{
		"Léa Martin", "en service", "L1", "01/03/2027", "", "24/11/2026 10:12", string(scene.Tilleuls), "Collège des Tilleuls", "lmartin",
	}, lea[1][1:])
	assert.Equal(t, http.StatusUnprocessableEntity, roux.get("/clefs.xlsx?expire=demain").Status,
		"a list that is not the one asked for is worse than none")
}

func TestALongListIsDownloadedWhole(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Exec(`INSERT INTO key (serial, uai, state, batch, expires_on, changed_at)
		SELECT 'A' || lpad(n::text, 6, '0'), $1, 'in_stock', 'L' || n % 7, date '2028-01-01' + n % 30, $2
		FROM generate_series(1, 2500) AS n`, scene.Tilleuls, scene.Now)
	for _, order := range []string{"", "?tri=lot", "?tri=-expiration", "?tri=titulaire"} {
		rows := h.as(c.roux).download("/clefs.xlsx" + order)["Clefs"]
		seen := map[string]bool{}
		for _, row := range rows[1:] {
			seen[row[0]] = true
		}
		assert.Len(t, rows, 2501, order)
		assert.Len(t, seen, 2500, order)
	}
}

// There was a time when a download ended at 50,000 rows.
func TestASheetHasAsManyRowsAsThereAre(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.Exec(`INSERT INTO key (serial, uai, state, batch, expires_on, changed_at)
		SELECT 'A' || lpad(n::text, 6, '0'), $1, 'in_stock', 'L1', date '2028-01-01', $2 FROM generate_series(1, 60000) AS n`,
		scene.Tilleuls, scene.Now)
	p := h.as(c.roux).get("/clefs.xlsx")
	require.Equal(t, http.StatusOK, p.Status)
	f, err := excelize.OpenReader(strings.NewReader(p.HTML))
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	rows, err := f.Rows("Clefs")
	require.NoError(t, err)
	var last []string
	seen := 0
	for ; rows.Next(); seen++ {
		last, err = rows.Columns(excelize.Options{RawCellValue: true}) // to write dates out is most of the work
		require.NoError(t, err)
	}
	assert.Equal(t, 60_001, seen)
	assert.Equal(t, "A060000", last[0])
}

func TestDownloadedRequestsReachAsFarAsThePage(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	need := "=HYPERLINK(\"http://ailleurs\";\"clic\")"
	lea := h.as(c.lea)
	lea.done(lea.fill("/demandes/nouvelle", "/demandes/nouvelle", "need", need))
	h.as(c.stranger).asks()
	evil := h.Person("=cmd Martin", okey.Staff, scene.Tilleuls)
	h.as(evil).asks()
	rows := h.as(c.roux).download("/demandes.xlsx")["Demandes"]
	require.Len(t, rows, 3)
	var all string
	for _, row := range rows[1:] {
		all += strings.Join(row, "|") + "\n"
	}
	assert.Contains(t, all, "Léa Martin|0069001B|Collège des Tilleuls|"+need+"|")
	assert.Contains(t, all, "=cmd Martin|")
	assert.Contains(t, all, "|lmartin|"+h.Text(`SELECT id::text FROM request WHERE person = $1`, c.lea.ID)+"\n",
		"who and which, for whoever looks it up")
	assert.NotContains(t, all, "Zoé", "of another school")
	assert.Regexp(t, `En attente de réponse\|\d\d/\d\d/20\d\d \d\d:\d\d\|la direction\|\d\d/\d\d/20\d\d \d\d:\d\d\|{5}`, all,
		"asked, and nothing else yet")
	assert.Len(t, lea.download("/demandes.xlsx")["Demandes"], 2)
	for _, list := range []string{
		"/demandes", "/clefs", "/commandes", dashboard + "/semaines", dashboard + "/delais", dashboard + "/etablissements",
		dashboard + "/commandes",
	} {
		wrong := h.as(c.support).get(list + ".xlsx?etablissement=0069901X")
		assert.Equal(t, http.StatusUnprocessableEntity, wrong.Status, list)
		assert.Contains(t, wrong.text(), "la lettre est E, pas X", list)
	}
	assert.Len(t, h.as(c.support).download("/demandes.xlsx")["Demandes"], 4)
	assert.Len(t, h.as(c.support).download("/demandes.xlsx?etape=handed_over")["Demandes"], 1)
	assert.Contains(t, lea.get("/demandes").text(), "Télécharger (xlsx)")
}

func TestDownloadedRequestsTellTheDatesOfTheirStepsAndWhoIsAwaited(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page, _ := h.atTheCounter(c)
	steps := func() map[string]string {
		rows := h.as(c.support).download(page + "/tableau.xlsx")["Demande"]
		require.Len(t, rows, 2)
		said := map[string]string{}
		for i, title := range rows[0] {
			said[title] = rows[1][i]
		}
		return said
	}
	said := steps()
	for _, step := range []string{"Demandée", "Acceptée", "Clef réservée", "Charte signée"} {
		assert.Regexp(t, `^\d\d/\d\d/20\d\d \d\d:\d\d$`, said[step], step)
	}
	assert.Empty(t, said["Clef remise"])
	assert.Equal(t, "la direction", said["Qui est attendu"])

	h.Exec(`DELETE FROM assignment WHERE function IN ('chef', 'adjoint')`)
	assert.Equal(t, "l'assistance", steps()["Qui est attendu"])
	h.Exec(`UPDATE timeline SET kind = 'handed_over' WHERE kind = 'charter_signed'`)
	assert.Regexp(t, `^\d\d/\d\d/20\d\d`, steps()["Clef remise"])
}

func TestSupportsTablesAreForSupportAndAuditors(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	page := h.as(c.lea).asks()
	for _, path := range []string{"/assistance.xlsx", page + "/tableau.xlsx"} {
		for _, who := range []okey.Person{c.lea, c.roux, c.stranger} {
			assert.Contains(t, []int{http.StatusNotFound, http.StatusForbidden}, h.as(who).get(path).Status, path)
		}
		assert.Equal(t, http.StatusSeeOther, h.browse().get(path).Status, "sign in first")
	}
	support := h.as(c.support)
	sheets := support.download("/assistance.xlsx")
	for _, name := range []string{"Demandes remontées", "Actions sans suite", "Courriels refusés", "Actions refusées"} {
		assert.NotEmpty(t, sheets[name], name)
	}
	actions := support.download(page + "/tableau.xlsx")["Actions"]
	require.Len(t, actions, 2)
	assert.Equal(t, []string{"Demande", "Léa Martin", "page", "c'est fait", strings.TrimPrefix(page, "/demandes/")}, actions[1][1:])
	assert.Equal(t, "Léa Martin a demandé une clef.", support.download(page + "/tableau.xlsx")["Étapes"][1][1])
	assert.Contains(t, support.get("/assistance").HTML, `href="/assistance.xlsx"`)
	assert.Contains(t, support.get(page).HTML, `href="`+page+`/tableau.xlsx"`)
}

// Five hundred of a kind hide no other: what the page has no room for, the table has.
func TestTheDesksTableHasAllThatIsStuck(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	support := h.as(c.support)
	assert.NotContains(t, support.get("/assistance").text(), "tout est dans le tableau")
	last := h.Ask(c.lea, scene.Tilleuls)
	h.Exec(`UPDATE action SET created_at = now() - interval '2 minutes' WHERE id = $1`, last.ID)
	const many = 60
	for n := range many {
		id := h.Ask(h.Person(fmt.Sprintf("Paul Petit%d", n), okey.Staff, scene.Tilleuls), scene.Tilleuls).ID
		h.Exec(`UPDATE action SET created_at = now() - interval '1 hour' WHERE id = $1`, id)
		h.Exec(`INSERT INTO trouble (id, kind, workflow, what, error, attempts, since, last_at)
			VALUES (gen_random_uuid(), 'activity', 'key-request-' || $1::int, 'JudgeRequest', 'poison', 5, now() - $1::int * interval '1 minute', now())`, n)
	}
	page := support.get("/assistance").text()
	assert.NotContains(t, page, "Léa Martin")
	assert.Equal(t, 2, strings.Count(page, "50 sont ici ; tout est dans le tableau à télécharger, au bas de la page."))
	sheets := support.download("/assistance.xlsx")
	assert.Len(t, sheets["Ce qui n'avance plus"], 1+many)
	assert.Len(t, sheets["Actions sans suite"], 1+many+1)
	assert.Contains(t, fmt.Sprint(sheets["Actions sans suite"]), "Léa Martin")
}

func TestOrdersAndDeliveriesAreDownloadedByThoseWhoSeeThem(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	roux, support := h.as(c.roux), h.as(c.support)
	roux.done(roux.fill("/commandes", "/commandes", "quantity", "3", "comment", "=1+1"))
	rows := roux.download("/commandes.xlsx")["Commandes"]
	require.Len(t, rows, 2)
	assert.Equal(t, []string{string(scene.Tilleuls), "Collège des Tilleuls", "3", "0"}, rows[1][2:6])
	assert.Equal(t, "=1+1", rows[1][8])
	assert.NotContains(t, roux.download("/commandes.xlsx"), "Classeurs transmis")
	assert.Contains(t, support.download("/commandes.xlsx"), "Classeurs transmis")
	head := h.Person("Luc Proviseur", okey.Principal, scene.Acacias)
	assert.Len(t, h.as(head).download("/commandes.xlsx")["Commandes"], 1, "orders of another school stay there")
	assert.Equal(t, http.StatusNotFound, h.as(c.lea).get("/commandes.xlsx").Status)
	assert.Len(t, support.download("/assistance/livraisons.xlsx")["Livraisons"], 1)
	assert.Contains(t, []int{http.StatusNotFound, http.StatusForbidden}, roux.get("/assistance/livraisons.xlsx").Status)
	assert.Contains(t, roux.get("/commandes").HTML, `href="/commandes.xlsx"`)
}

// Mail scanners, download managers and link checkers ask what a file is before they take it.
func TestEveryDownloadAnswersHEADAsGETWithoutABody(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	routes := h.Server.Routes()
	for _, route := range routes {
		if path, isGet := strings.CutPrefix(route, "GET "); isGet && strings.Contains(path, ".xlsx") {
			assert.Contains(t, routes, "HEAD "+path)
		}
	}
	h.as(c.lea).asks()
	support := h.as(c.support)
	for _, path := range []string{"/compte.xlsx", "/demandes.xlsx", "/clefs.xlsx", "/assistance/journal.xlsx"} {
		before := h.state()
		delete(before, "session") // which any visit prolongs
		r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, h.URL+path, nil)
		require.NoError(t, err)
		response, err := support.client.Do(r)
		require.NoError(t, err)
		got := support.get(path)
		p := support.read(response)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, http.StatusOK, p.Status, path)
		assert.Empty(t, p.HTML)
		for _, header := range []string{"Content-Type", "Content-Disposition", "Cache-Control"} {
			assert.Equal(t, got.Header.Get(header), p.Header.Get(header), path)
		}
		after := h.state()
		delete(after, "session")
		assert.Equal(t, before, after)
	}
	export := h.call(c.support, http.MethodHead, "/exports/00000000-0000-4000-8000-000000000000.xlsx", nil)
	assert.Equal(t, http.StatusNotFound, export.Status)
}
