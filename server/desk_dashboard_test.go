package server_test

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const dashboard = "/assistance/tableau-de-bord"

// behind reads the table behind a plot of a page, as a person does: its head and its lines, and how many drawings carry the same.
func (b *browser) behind(p sheet, name string) [][]string {
	b.Helper()
	_, after, found := strings.Cut(p.HTML, `role="region" aria-label="`+html.EscapeString(name)+`"`)
	require.True(b, found, "%s is not on the page: %s", name, p.text())
	table, _, _ := strings.Cut(after, "</table>")
	var rows [][]string
	for _, row := range regexp.MustCompile(`(?s)<tr.*?</tr>`).FindAllString(table, -1) {
		var cells []string
		for _, cell := range regexp.MustCompile(`(?s)<t[hd][^>]*>(.*?)</t[hd]>`).FindAllStringSubmatch(row, -1) {
			cells = append(cells, html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(cell[1], "")))
		}
		rows = append(rows, cells)
	}
	return rows
}

// drawings are the plots that a page carries: the texts of each, once for the wide and once for the narrow one.
func (b *browser) drawings(p sheet) [][]string {
	b.Helper()
	var all [][]string
	drawn := regexp.MustCompile(`(?:src|srcset)="data:image/svg\+xml;base64,([^"]*)"`)
	for _, coded := range drawn.FindAllStringSubmatch(html.UnescapeString(p.HTML), -1) {
		content, err := base64.StdEncoding.DecodeString(coded[1])
		require.NoError(b, err)
		all = append(all, textsOf(b, content))
	}
	return all
}

func textsOf(b *browser, svg []byte) []string {
	b.Helper()
	var texts []string
	decoder := xml.NewDecoder(strings.NewReader(string(svg)))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return texts
		}
		require.NoError(b, err)
		if text, is := token.(xml.CharData); is {
			texts = append(texts, string(text))
		}
	}
}

func TestTheDashboardIsForSupportAndAuditors(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	auditor := h.Person("Aude Itrice", okey.Staff)
	h.Exec(`UPDATE person SET auditor = true WHERE id = $1`, auditor.ID)
	for _, who := range []okey.Person{c.support, auditor} {
		assert.Contains(t, h.as(who).get("/assistance").HTML, `href="`+dashboard+`"`)
		assert.Equal(t, http.StatusOK, h.as(who).get(dashboard).Status)
	}
	for _, who := range []okey.Person{c.lea, c.roux, c.stranger} {
		assert.Equal(t, http.StatusNotFound, h.as(who).get(dashboard).Status)
	}
}

func TestAnEmptyDashboardSaysThatThereIsNothingYet(t *testing.T) {
	h := newHouse(t)
	b := h.as(h.cast().support)
	p := b.get(dashboard)
	for _, told := range []string{"Pas encore de données.", "Il ne manque de clefs nulle part", "Aucune commande en cours."} {
		assert.Contains(t, p.text(), told)
	}
	assert.Empty(t, b.drawings(p))
	weeks := b.behind(p, "Demandes par semaine")
	require.Len(t, weeks, 27)
	assert.Equal(t, []string{"0", "0", "0", "0", "0", "0"}, weeks[26][1:])
	assert.Equal(t, []string{"Charte à signer", "–", "–", "0"}, b.behind(p, "Jours à chaque étape")[3])
	for _, table := range dashboardTables {
		b.download(dashboard + "/" + table.file + ".xlsx")
	}
}

// dashboardTables are the plots of the dashboard, as the page and their downloads name them.
var dashboardTables = []struct{ name, file, sheet string }{
	{"Demandes par semaine", "semaines", "Semaines"},
	{"Jours à chaque étape", "delais", "Étapes"},
	{"Établissements où il manque des clefs", "etablissements", "Établissements"},
	{"Commandes en cours", "commandes", "Commandes"},
}

// busy is a house where a request was refused, one was handed over after days, one waits elsewhere, and keys are on order.
func busy(t *testing.T) *browser {
	t.Helper()
	h := newHouse(t)
	c := h.cast()
	h.as(h.Person("Ines Petit", okey.Staff, scene.Tilleuls)).asks()
	refused := h.as(c.lea).asks()
	roux := h.as(c.roux)
	roux.done(roux.fill(refused, refused+"/reponse", "decision", "refuse", "comment", "pas cette année"))
	h.Exec(`UPDATE timeline SET ended_since = ended_since - interval '60 hours' WHERE ended = 'awaiting_decision' AND request = $1`,
		strings.TrimPrefix(refused, "/demandes/"))
	h.as(c.stranger).asks()
	h.Key(scene.Tilleuls)
	for _, days := range []int{0, 6, 7, 27, 28, 400} {
		h.Exec(`INSERT INTO key_order (id, uai, quantity, comment, state, placed_at) VALUES ($1, $2, 5, '', 'placed', $3)`,
			uuid.New(), scene.Tilleuls, here().AddDays(-days).In(okey.ZoneOf("")).Add(12*time.Hour))
	}
	return h.as(c.support)
}

func TestTheDashboardTellsHowTheServiceGoes(t *testing.T) {
	b := busy(t)
	p := b.get(dashboard)
	weeks := b.behind(p, "Demandes par semaine")
	assert.Equal(t, []string{"Semaine", "Clef remise", "Refusée", "Retirée", "Expirée", "En cours", "Total"}, weeks[0])
	assert.Equal(t, []string{"0", "1", "0", "0", "2", "3"}, weeks[26][1:])
	_, number := time.Now().In(okey.ZoneOf("")).ISOWeek()
	assert.Equal(t, fmt.Sprintf("%d, du %s", number, here().Week().SayWithYear()), weeks[26][0])
	assert.Equal(t, []string{"En attente de réponse", "2,5", "2,5", "1"}, b.behind(p, "Jours à chaque étape")[1])
	assert.Equal(t, [][]string{
		{"Établissement", "Personnes qui attendent", "Clefs libres", "Sans réponse", "En attente d'une clef"},
		{"Lycée des Acacias (0069002C)", "1", "0", "1", "0"},
	}, b.behind(p, "Établissements où il manque des clefs"))
	assert.Contains(t, p.HTML, `href="/assistance/etablissements/0069002C"`)
	assert.Equal(t, [][]string{
		{"Âge", "Enregistrée", "Transmise au fournisseur", "Expédiée", "Reçue en partie", "Commandes", "Clefs attendues"},
		{"Moins d'une semaine", "2", "0", "0", "0", "2", "10"},
		{"1 à 4 semaines", "2", "0", "0", "0", "2", "10"},
		{"4 à 12 semaines", "1", "0", "0", "0", "1", "5"},
		{"12 semaines et plus", "1", "0", "0", "0", "1", "5"},
	}, b.behind(p, "Commandes en cours"))
	for _, message := range []string{
		"3 demandes en 26 semaines, dont 0 avec une clef remise ; 0 la semaine dernière, 0 celle d'avant.",
		"L'étape la plus longue est « En attente de réponse » : " +
			"la moitié des demandes y restent 2,5 jours ou moins, 9 sur 10 restent 2,5 jours ou moins.",
		"C'est au lycée des Acacias que les clefs manquent le plus : 1 personne attend, aucune clef n'est libre.",
		"6 commandes en cours, pour 30 clefs encore à recevoir ; 1 depuis 12 semaines ou plus.",
	} {
		assert.Contains(t, html.UnescapeString(p.HTML), `<p class="finding">`+message+`</p>`, "who sees reads it, too")
	}
	drawn := b.drawings(p)
	require.Len(t, drawn, 8, "each for screens and for phones")
	assert.Subset(t, drawn[1], []string{"Clef remise", "Refusée", "En cours", here().Week().SayShort()})
	assert.Subset(t, drawn[3], []string{"Réponse", "2,5"})
	for _, drawing := range drawn[2:4] {
		assert.NotContains(t, strings.Join(drawing, " "), "…", "no stage is cut short")
	}
	assert.Subset(t, drawn[5], []string{"Lycée des Acacias", "Clefs libres", "1"})
	assert.Subset(t, drawn[7], []string{"12 semaines et plus", "Enregistrée", "Expédiée"})
	assert.NotContains(t, drawn[1], "Total", "what is in the table alone is not drawn")
	assert.NotContains(t, p.HTML, "style=", "no inline style in a page")
}

func TestTheDashboardIsFilteredByAcademyEstablishmentAndPeriod(t *testing.T) {
	b := busy(t)
	here := b.get(dashboard + "?etablissement=006+9001b&academie=23")
	assert.Equal(t, []string{"0", "1", "0", "0", "1", "2"}, b.behind(here, "Demandes par semaine")[26][1:])
	assert.Contains(t, here.text(), "Il ne manque de clefs nulle part", "one person waits there, one key is free")
	assert.Contains(t, here.HTML, `value="23" selected`)
	away := b.get(dashboard + "?academie=32")
	assert.Contains(t, away.text(), "Aucune commande en cours.")
	assert.Regexp(t, `(?s)>Guadeloupe</option>.*>Nice</option>`, away.HTML, "as in a dictionary")
	nowhere := b.get(dashboard + "?academie=06")
	assert.Contains(t, nowhere.text(), "Ce choix n'existe pas : prenez-en un de la liste. En attendant, rien n'est filtré par là.")
	assert.Equal(t, "3", b.behind(nowhere, "Demandes par semaine")[26][6], "an academy that is not in the list filters nothing")
	assert.NotContains(t, nowhere.HTML, "academie=06", "nor do the downloads")
	assert.Equal(t, b.download(dashboard+"/semaines.xlsx"), b.download(dashboard+"/semaines.xlsx?academie=06"))
	wrong := b.get(dashboard + "?etablissement=ailleurs")
	assert.Contains(t, wrong.text(), "« ailleurs » n'est pas un code UAI : sept chiffres et une lettre, par exemple 0061565U. "+
		"En attendant, tous les établissements sont comptés.")
	assert.Equal(t, "3", b.behind(wrong, "Demandes par semaine")[26][6])

	b.Exec(`UPDATE timeline SET at = at - interval '200 days', ended_since = ended_since - interval '200 days'`)
	for query, passages := range map[string]string{
		"": "0", "?periode=trimestre": "0", "?periode=annee": "1", "?periode=tout": "1", "?periode=siecle": "0",
	} {
		assert.Equal(t, passages, b.behind(b.get(dashboard+query), "Jours à chaque étape")[1][3], query)
	}
}

func TestDownloadsOfTheDashboardAreItsTables(t *testing.T) {
	b := busy(t)
	for _, query := range []string{"", "?academie=23", "?etablissement=0069002C", "?periode=tout"} {
		p := b.get(dashboard + query)
		for _, table := range dashboardTables {
			rows := b.download(dashboard + "/" + table.file + ".xlsx" + query)[table.sheet]
			if (table.file == "commandes" || table.file == "etablissements") &&
				!strings.Contains(p.HTML, `aria-label="`+html.EscapeString(table.name)+`"`) {
				continue
			}
			shown := b.behind(p, table.name)
			require.Len(t, rows, len(shown), "%s %s", table.name, query)
			for i, row := range shown {
				for j, cell := range row {
					if taken := wholeCells[table.file]; len(taken) > 0 { // names the row by cells of their own
						if j == 0 {
							continue
						}
						j += len(taken) - 1
					}
					taken := "–" // an empty cell of a spreadsheet, which ends with its last full one
					if j < len(rows[i]) && rows[i][j] != "" {
						taken = strings.Replace(rows[i][j], ".", ",", 1)
					}
					assert.Equal(t, cell, taken, "%s %s", table.name, query)
				}
			}
		}
	}
}

// wholeCells are the first columns of a download where they are other ones than the page's.
var wholeCells = map[string][]string{"semaines": {"Semaine du", "Semaine"}, "etablissements": {"UAI", "Établissement"}}

func TestDownloadsOfTheDashboardHaveOneThingInACell(t *testing.T) {
	b := busy(t)
	for file, columns := range wholeCells {
		for _, table := range dashboardTables {
			if table.file == file {
				assert.Equal(t, columns, b.download(dashboard + "/" + file + ".xlsx")[table.sheet][0][:len(columns)])
			}
		}
	}
	weeks := b.download(dashboard + "/semaines.xlsx")["Semaines"]
	monday, err := time.Parse("02/01/2006", weeks[1][0])
	require.NoError(t, err, "a date that a spreadsheet can sort")
	assert.Equal(t, time.Monday, monday.Weekday())
	_, number := monday.ISOWeek()
	assert.Equal(t, strconv.Itoa(number), weeks[1][1])
	place := b.download(dashboard + "/etablissements.xlsx?etablissement=0069002C")["Établissements"][1]
	assert.Equal(t, []string{string(scene.Acacias), "Lycée des Acacias"}, place[:2])
}

func TestTheDashboardShowsTheWorstPlacesAndTheDownloadAll(t *testing.T) {
	b := busy(t)
	b.Exec(`INSERT INTO establishment (uai, name, nature, contract, state, academy, commune, postcode, imported_at)
		SELECT lpad(n::text, 7, '0') || 'Z', 'Collège ' || n, 340, '99', '1', '23', 'Nice', '06000', now() FROM generate_series(1, 40) n`)
	b.Exec(`INSERT INTO person (uid, family_name, given_name, mail, created_at) SELECT 'x' || n, 'X', 'X', 'x', now()
		FROM generate_series(1, 40) n`)
	b.Exec(`INSERT INTO request (id, person, uai, need, reason, stage, since, asked_at)
		SELECT gen_random_uuid(), id, lpad(substr(uid, 2), 7, '0') || 'Z', '', 'first', 'awaiting_decision', now(), now() FROM person
		WHERE uid ~ '^x'`)
	assert.Len(t, b.behind(b.get(dashboard), "Établissements où il manque des clefs"), 16)
	assert.Len(t, b.download(dashboard + "/etablissements.xlsx")["Établissements"], 42)
}
