package server_test

import (
	"fmt"
	"html"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"okey/config"
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

// figureOf is what stands around the drawing of a plot, as the page has it; empty where there is none.
func (b *browser) figureOf(p sheet, id string) string {
	b.Helper()
	_, after, found := strings.Cut(p.HTML, `<section class="plot" id="`+id+`">`)
	require.True(b, found, "%s is not on the page: %s", id, p.text())
	_, after, _ = strings.Cut(after, "<figure ")
	figure, _, ended := strings.Cut(after, "</figure>")
	if !ended || strings.Contains(figure, `class="plot"`) {
		return ""
	}
	return figure
}

// textsOf are the words of a drawing, in their order.
func textsOf(figure string) []string {
	var texts []string
	for _, text := range strings.Split(regexp.MustCompile(`<[^>]*>`).ReplaceAllString("<"+figure, "\x00"), "\x00") {
		if text = strings.TrimSpace(html.UnescapeString(text)); text != "" {
			texts = append(texts, text)
		}
	}
	return texts
}

// barsOf are the lines of a plot of bars: name, number, and the classes of what is drawn.
func barsOf(figure string) (bars [][]string) {
	for _, bar := range regexp.MustCompile(`(?s)<li><span class="what">.*?</li>`).FindAllString(figure, -1) {
		drawn := []string{strings.Join(textsOf(bar), " | ")}
		for _, class := range regexp.MustCompile(`<(?:rect|line) class="([^"]*)"`).FindAllStringSubmatch(bar, -1) {
			drawn = append(drawn, class[1])
		}
		bars = append(bars, drawn)
	}
	return bars
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
	assert.NotContains(t, p.HTML, "<figure")
	weeks := b.behind(p, "Demandes par semaine")
	require.Len(t, weeks, 9)
	assert.Equal(t, []string{"0", "0", "0", "0", "0", "0"}, weeks[8][1:])
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
	return busyWith(t, func(*config.Config) {})
}

func busyWith(t *testing.T, change func(*config.Config)) *browser {
	t.Helper()
	h := newHouseWith(t, change)
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
	assert.Equal(t, []string{"0", "1", "0", "0", "2", "3"}, weeks[8][1:])
	_, number := time.Now().In(okey.ZoneOf("")).ISOWeek()
	assert.Equal(t, fmt.Sprintf("%d, du %s", number, here().Week().SayWithYear()), weeks[8][0])
	assert.Equal(t, []string{"En attente de réponse", "2,5", "2,5", "1"}, b.behind(p, "Jours à chaque étape")[1])
	assert.Equal(t, [][]string{
		{"Établissement", "Personnes à servir", "Clefs libres", "Sans réponse", "En attente d'une clef"},
		{"Lycée des Acacias (0069002C)", "1", "0", "1", "0"},
	}, b.behind(p, "Établissements où il manque des clefs"))
	assert.Contains(t, p.HTML, `href="/assistance/etablissements/0069002C"`)
	assert.Equal(t, [][]string{
		{"Âge", "Enregistrée", "Transmise au fournisseur", "Expédiée", "Reçue en partie", "Commandes", "Clefs attendues", "En retard"},
		{"Moins d'une semaine", "2", "0", "0", "0", "2", "10", "0"},
		{"1 à 4 semaines", "2", "0", "0", "0", "2", "10", "0"},
		{"4 à 12 semaines", "1", "0", "0", "0", "1", "5", "0"},
		{"12 semaines et plus", "1", "0", "0", "0", "1", "5", "1"},
	}, b.behind(p, "Commandes en cours"))
	for _, message := range []string{
		"3 demandes en 8 semaines, dont 0 avec une clef remise ; 0 la semaine dernière, 0 celle d'avant.",
		"L'étape la plus longue, « En attente de réponse », dure 2,5 jours au plus pour une demande sur deux.",
		"C'est au lycée des Acacias que les clefs manquent le plus : 1 personne attend une réponse, aucune clef n'est libre.",
		"6 commandes en cours, pour 30 clefs encore à recevoir ; 1 en retard.",
	} {
		assert.Regexp(t, `<section class="plot" id="[a-z]+">\s*<hgroup><p class="subject">[^<]+</p><h2 id="[a-z]+-constat">`+regexp.QuoteMeta(message)+`</h2>`,
			html.UnescapeString(p.HTML), "what the plot says is its section's heading")
		assert.Equal(t, 1, strings.Count(html.UnescapeString(p.HTML), message), "once")
	}
	for _, id := range []string{"semaines", "delais", "etablissements", "commandes"} {
		assert.Contains(t, b.figureOf(p, id), `aria-labelledby="`+id+`-constat"`, "who hears it hears the finding")
	}
	drawn := b.figureOf(p, "semaines")
	assert.Subset(t, textsOf(drawn), []string{"Clef remise", "Refusée", "En cours", here().Week().SayShort(), fmt.Sprint(here().Week().Time().Year())})
	assert.NotContains(t, textsOf(drawn), "Total", "what is in the table alone is not drawn")
	assert.Contains(t, drawn, `aria-describedby="semaines-constat semaines-chiffres"`, "and learns of the table")
	assert.Contains(t, p.HTML, `<summary id="semaines-chiffres">`)
	assert.NotContains(t, p.HTML, "style=", "no inline style in a page")
}

// Who waits is counted as on the school's own pages: there, only who was answered waits for a key.
func TestTheDashboardCountsWhoWaitsAsTheSchoolDoes(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	support, said := h.as(c.support), func(n int, of string) string { return fmt.Sprintf("manquent le plus : %d personne%s", n, of) }
	for n := range 2 {
		asked := h.as(h.Person(fmt.Sprintf("Ines Petit%d", n), okey.Staff, scene.Tilleuls)).asks()
		roux := h.as(c.roux)
		roux.done(roux.fill(asked, asked+"/reponse", "decision", "approve"))
	}
	assert.Contains(t, support.get(dashboard).text(), said(2, "s attendent une clef, aucune clef n'est libre."))
	h.as(c.lea).asks()
	assert.Contains(t, support.get(dashboard).text(), said(2, "s attendent une clef, 1 une réponse, aucune clef n'est libre."))
	assert.Contains(t, support.get("/stock?etablissement="+string(scene.Tilleuls)).text(), "2 personnes attendent une clef.")
	assert.Regexp(t, `En attente de réponse 1 demande En attente d'une clef 2 demandes`,
		support.get("/assistance/etablissements/"+string(scene.Tilleuls)).text())
}

func TestBarsSayWhatTheyShow(t *testing.T) {
	b := busy(t)
	p := b.get(dashboard)
	assert.Equal(t, [][]string{
		{"En attente de réponse | 2,5 jours, 90 % en 2,5", "tone-0", "target", "tick"},
		{"En attente d'une clef | pas encore mesuré"},
		{"Charte à signer | pas encore mesuré"},
		{"Clef à remettre | pas encore mesuré"},
	}, barsOf(b.figureOf(p, "delais")), "the target is for the answer alone")
	assert.Subset(t, textsOf(b.figureOf(p, "delais")), []string{"Médiane", "90 % des demandes"})
	assert.Regexp(t, `Objectif de réponse : 2 jours ouvrés, soit (2,[89]|3(,\d)?) jours de calendrier en moyenne`, p.text(), "on an axis of the calendar's days")
	short := b.figureOf(p, "etablissements")
	assert.Equal(t, [][]string{{"Lycée des Acacias (0069002C) | 1 à servir, 0 libre", "tone-0"}}, barsOf(short), "one bar: what is missing")
	assert.Contains(t, short, `<a href="/assistance/etablissements/0069002C">Lycée des Acacias (0069002C)</a>`)
	b.Exec(`INSERT INTO mail (id, kind, ref, address, message_id, state, created_at, subject_id)
		SELECT gen_random_uuid(), 'order_overdue', 1, 'a@b', 'm1', 'sent', now(), id FROM key_order
		ORDER BY placed_at OFFSET 1 LIMIT 1`)
	assert.Equal(t, [][]string{
		{"Moins d'une semaine | 2 commandes, 10 clefs", "tone-0"},
		{"1 à 4 semaines | 2 commandes, 10 clefs", "tone-0"},
		{"4 à 12 semaines | 1 commande, 5 clefs | 1 en retard", "tone-alarm"},
		{"12 semaines et plus | 1 commande, 5 clefs | 1 en retard", "tone-alarm"},
	}, barsOf(b.figureOf(b.get(dashboard), "commandes")), "what support was told of is late, and what is old")
}

func TestTheDashboardBeginsWithItsNumbers(t *testing.T) {
	b := busy(t)
	p := b.get(dashboard)
	before, _, _ := strings.Cut(p.HTML, `<section class="plot"`)
	_, heads, found := strings.Cut(before, `<ul class="headlines">`)
	require.True(t, found, "above the plots")
	var said []string
	for _, head := range regexp.MustCompile(`<a[^>]* href="([^"]*)">(.*?)</a>`).FindAllStringSubmatch(heads, -1) {
		said = append(said, strings.Join(textsOf(head[2]), " ")+" -> "+head[1])
	}
	assert.Equal(t, []string{
		"3 demandes cette semaine -> /demandes", "2,5 jours avant une réponse (médiane) -> #delais",
		"1 établissement où il manque des clefs -> #etablissements", "1 commande en retard -> #commandes",
	}, said)
}

func TestWeeksBeginWithTheFirstRequest(t *testing.T) {
	b := busy(t)
	for weeks, want := range map[int]map[string]int{
		0:   {"": 8, "tout": 8},
		11:  {"": 12, "trimestre": 12, "tout": 12},
		25:  {"": 26, "trimestre": 8, "semestre": 26},
		40:  {"": 8, "annee": 41, "tout": 41},
		90:  {"annee": 8, "tout": 91},
		103: {"tout": 104},
		110: {"tout": 8},
	} {
		b.Exec(`UPDATE request SET asked_at = now() - $1 * interval '7 days' WHERE id = (SELECT id FROM request ORDER BY id LIMIT 1)`, weeks)
		for period, shown := range want {
			p := b.get(dashboard + "?periode=" + period)
			assert.Len(t, b.behind(p, "Demandes par semaine"), shown+1, "%d weeks ago, %s", weeks, period)
			assert.Contains(t, p.text(), fmt.Sprintf(" en %d semaines, dont", shown))
			assert.Equal(t, shown == 104, strings.Contains(p.text(), "Les demandes d'avant ces 104 semaines n'y sont pas."), weeks)
		}
	}
}

func TestSchoolHolidaysLieBehindTheWeeksTheyAreIn(t *testing.T) {
	b := busyWith(t, func(c *config.Config) {
		week := func(n int) string { return here().Week().AddDays(7 * n).String() }
		c.HolidaysFile = filepath.Join(t.TempDir(), "vacances.csv")
		require.NoError(t, os.WriteFile(c.HolidaysFile, []byte("description;population;start_date;end_date;location;zones;annee_scolaire\n"+
			"Vacances d'Hiver;-;"+week(-3)+";"+week(-1)+";Nice;Zone B;2026-2027\n"+
			"Vacances d'Hiver;-;"+week(-2)+";"+week(0)+";Guadeloupe;Guadeloupe;2026-2027\n"), 0o600))
	})
	for query, want := range map[string][]string{
		"?academie=23":            {"Vacances scolaires", `x="50.00%" y="5.00%" width="25.00%"`},
		"?academie=32":            {"Vacances scolaires", `x="62.50%" y="5.00%" width="25.00%"`},
		"?etablissement=0069001B": {"Vacances scolaires", `x="50.00%" y="5.00%" width="25.00%"`},
		"":                        {"Vacances scolaires communes à toutes les académies", `x="62.50%" y="5.00%" width="12.50%"`},
	} {
		drawn := b.figureOf(b.get(dashboard+query), "semaines")
		assert.Contains(t, textsOf(drawn), want[0], query)
		assert.Equal(t, 1, strings.Count(drawn, `<rect class="band" x=`), query)
		assert.Contains(t, drawn, `<rect class="band" `+want[1], query)
	}
	without := busy(t)
	none := without.figureOf(without.get(dashboard), "semaines")
	assert.NotContains(t, none, "band", "without a calendar nothing is said of holidays")
}

func TestTheDashboardIsFilteredByAcademyEstablishmentAndPeriod(t *testing.T) {
	b := busy(t)
	here := b.get(dashboard + "?etablissement=006+9001b&academie=23")
	assert.Equal(t, []string{"0", "1", "0", "0", "1", "2"}, b.behind(here, "Demandes par semaine")[8][1:])
	assert.Contains(t, here.text(), "Il ne manque de clefs nulle part", "one person waits there, one key is free")
	assert.Contains(t, here.HTML, `value="23" selected`)
	away := b.get(dashboard + "?academie=32")
	assert.Contains(t, away.text(), "Aucune commande en cours.")
	assert.Regexp(t, `(?s)>Guadeloupe</option>.*>Nice</option>`, away.HTML, "as in a dictionary")
	nowhere := b.get(dashboard + "?academie=06")
	assert.Contains(t, nowhere.text(), "Ce choix n'existe pas : prenez-en un de la liste. En attendant, rien n'est filtré par là.")
	assert.Equal(t, "3", b.behind(nowhere, "Demandes par semaine")[8][6], "an academy that is not in the list filters nothing")
	assert.NotContains(t, nowhere.HTML, "academie=06", "nor do the downloads")
	assert.Equal(t, b.download(dashboard+"/semaines.xlsx"), b.download(dashboard+"/semaines.xlsx?academie=06"))
	wrong := b.get(dashboard + "?etablissement=ailleurs")
	assert.Contains(t, wrong.text(), "OKEY ne connaît aucun établissement de ce nom : essayez un seul mot, ou son code UAI.")
	assert.NotContains(t, wrong.HTML, `class="plot"`, "neither everybody's numbers nor zeros")
	assert.NotContains(t, b.get(dashboard+"?etablissement=0130000X").HTML, `class="plot"`)

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
	few := b.get(dashboard)
	assert.Contains(t, few.text(), "les clefs manquent le plus")
	assert.NotContains(t, few.text(), "établissements où il manque le plus de clefs", "all of them are there")
	b.Exec(`INSERT INTO establishment (uai, name, nature, contract, state, academy, commune, postcode, imported_at)
		SELECT lpad(n::text, 7, '0') || 'Z', 'Collège ' || n, 340, '99', '1', '23', 'Nice', '06000', now() FROM generate_series(1, 40) n`)
	b.Exec(`INSERT INTO person (uid, family_name, given_name, mail, created_at) SELECT 'x' || n, 'X', 'X', 'x', now()
		FROM generate_series(1, 40) n`)
	b.Exec(`INSERT INTO request (id, person, uai, need, reason, stage, since, asked_at)
		SELECT gen_random_uuid(), id, lpad(substr(uid, 2), 7, '0') || 'Z', '', 'first', 'awaiting_decision', now(), now() FROM person
		WHERE uid ~ '^x'`)
	many := b.get(dashboard)
	assert.Contains(t, many.text(), "Les 15 établissements où il manque le plus de clefs. Liste complète")
	assert.Len(t, b.behind(many, "Établissements où il manque des clefs"), 16)
	assert.Len(t, b.download(dashboard + "/etablissements.xlsx")["Établissements"], 42)
}
