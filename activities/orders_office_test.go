//go:build office

package activities_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"okey/activities"
	"okey/internal/scene"
	"okey/internal/workbook"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What people may write as the reason of an order, meant for whoever opens the workbook.
var hostile = []string{
	"=1+1", `=HYPERLINK("http://exemple.invalid";"cliquez")`, "+1+1", "-1+1", "@SUM(A1:A9)", "\t=1+1", "=cmd|'/C calc'!A0", "{=1+1}",
	"'=1+1",
	"=WEBSERVICE(\"http://exemple.invalid\")", "_x003D_1+1", "<b>&amp;</b> ]]>", "000123", "1,23E+11", "31/12/2027", "VRAI", "#REF!",
	"deux\nlignes; \"guillemets\"", "clé 🔑 d'été", strings.Repeat("é", okey.MaxText),
}

// The export as LibreOffice reads it: every text as it was written, numbers and dates typed, nothing computed, nothing in error.
func TestLibreOfficeOpensAnExportClean(t *testing.T) {
	c := newFixture(t)
	for i, comment := range hostile {
		v := c.stockAct(okey.Action{Name: okey.ActionOrder, By: c.roux.ID, Content: okey.Content{
			Establishment: scene.Tilleuls, Quantity: i + 1, Comment: comment,
		}}).Verdict
		require.True(t, v.Accepted, comment)
	}
	export := c.stockAct(okey.Action{Name: okey.ActionExport, By: c.Support("Sam Support").ID, Subject: uuid.New()})
	require.True(t, export.Verdict.Accepted)
	content, err := c.Store.Workbook(context.Background(), export.Subject)
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "commandes.xlsx"), content, 0o600))

	// formulas, where there were any, as such
	convert(t, dir, "csv:Text - txt - csv (StarCalc):59,34,76,1,,0,false,false,true,false,false,-1")
	orders := sheetOf(t, dir, "Commandes")
	require.Len(t, orders, len(hostile)+2, "header, orders, totals")
	sum := 0
	for i, comment := range hostile {
		assert.Equal(t, strings.ReplaceAll(comment, "\t", " "), orders[i+1][7], "as written; a tab is a space in a cell")
		sum += i + 1
	}
	last := orders[len(orders)-1]
	assert.Equal(t, []string{"Total", "210"}, []string{last[3], last[6]})
	assert.Equal(t, 210, sum)
	totals := sheetOf(t, dir, "Par établissement")
	assert.Equal(t, []string{string(scene.Tilleuls), "Collège des Tilleuls", "06000", "Nice", "20", "210"}, totals[1])

	convert(t, dir, "fods")
	seen := inspect(t, filepath.Join(dir, "commandes.fods"))
	assert.Empty(t, seen.formulas)
	assert.Equal(t, []string{"Bon de commande", "Commandes", "Par établissement"}, seen.sheets)
	assert.Equal(t, len(hostile), seen.types["date"], "the dates of the orders are dates")
	assert.Positive(t, seen.types["float"])
	assert.Equal(t, 3, seen.filters)
	assert.Equal(t, 3, seen.repeated, "each sheet repeats its header when printed")
	convert(t, dir, "pdf")
	pdf, err := os.ReadFile(filepath.Join(dir, "commandes.pdf"))
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(pdf), "%PDF-"))
}

// What LibreOffice prints of an export: no word over another, none that has grown together with its neighbour.
func TestLibreOfficePrintsEachWordOfAnExportByItself(t *testing.T) {
	c := newFixture(t)
	section := "Section d'enseignement professionnel du lycée polyvalent Marie-Madeleine Fourcade"
	c.Exec(`UPDATE establishment SET name = $2, postcode = '06000', street = '127 bis, avenue de la Libération' WHERE uai = $1`,
		scene.Tilleuls, section)
	c.Exec(`UPDATE establishment SET name = $2, commune = '', postcode = '' WHERE uai = $1`, scene.Acacias, "CLG AMPÈRE")
	gray := c.Person("Jean-Baptiste Wojciechowski de La Rochefoucauld", okey.Principal, scene.Acacias)
	for _, comment := range append(hostile, "une\ndeuxième ligne", "x", strings.Repeat("MW", okey.MaxText/2), strings.Repeat("il ", okey.MaxText/3)) {
		for by, uai := range map[okey.PersonID]okey.UAI{c.roux.ID: scene.Tilleuls, gray.ID: scene.Acacias} {
			c.stockAct(okey.Action{Name: okey.ActionOrder, By: by, Content: okey.Content{Establishment: uai, Quantity: 500, Comment: comment}})
		}
	}
	export := c.Record(okey.Action{Name: okey.ActionExport, By: c.Support("Sam Support").ID, Subject: uuid.New()})
	buyer := activities.Buyer{
		Academy: "Académie de Nice", Contact: "Assistance OKEY <assistance@ac-exemple.fr>", Supplier: "Clefs et Cie <commandes@clefs.example>",
	}
	_, err := activities.NewStock(c.Store).For(buyer).Change(context.Background(), okey.StockMatter{Action: export.ID, At: c.now})
	require.NoError(t, err)
	content, err := c.Store.Workbook(context.Background(), export.Subject)
	require.NoError(t, err)
	pages := printed(t, content)
	orders := c.Count(`SELECT count(*) FROM key_order`)
	require.Greater(t, orders, 2*len(hostile))
	for word, least := range map[string]int{
		string(scene.Tilleuls): orders/2 + 2, string(scene.Acacias): orders/2 + 2, "professionnel": orders/2 + 2, "Date": 2,
	} {
		assert.GreaterOrEqual(t, said(pages, word), least, word)
	}
	for n, page := range pages {
		for _, w := range page {
			require.GreaterOrEqual(t, w.YMax-w.YMin, readable, "page %d: %q is printed too small to be read", n+1, w.Text)
		}
	}
	var first []string
	for _, w := range pages[0] {
		first = append(first, w.Text)
	}
	order := strings.Join(first, " ")
	for _, line := range []string{
		"Bon de commande de clefs OTP", "Acheteur Contact Fournisseur Numéro Date Livraison Total", "Académie de Nice", "Assistance OKEY",
		"Clefs et Cie <commandes@clefs.example>", export.Subject.String()[:8], "À chaque établissement ci-dessous", "127 bis,", "Libération",
		strings.ReplaceAll(okey.SayNumber(500*orders), "\u00a0", " ") + " clefs pour 2 établissements, " + strconv.Itoa(orders) + " commandes",
	} {
		assert.Contains(t, order, line)
	}
}

// A list of every kind of column side by side, titles longer than what stands below, as the downloads of pages have them.
func TestLibreOfficePrintsEachWordOfAListByItself(t *testing.T) {
	at := time.Date(2026, 11, 22, 18, 9, 0, 0, okey.ZoneOf(""))
	line := []any{"0062000S", at, "LOT-2026-01", okey.DayOf(at, at.Location()), "0069001B", 1234567, "jean-baptiste.wojciechowski@ac-exemple.fr", at}
	var content bytes.Buffer
	require.NoError(t, workbook.Write(&content, workbook.Properties{Title: "Clefs", Created: at}, workbook.Sheet{
		Name: "Clefs", Columns: []workbook.Column{
			{Title: "UAI", Width: 11},
			{Title: "Dernière connexion", Kind: workbook.Instant},
			{Title: "Lot", Width: 12},
			{Title: "Date d'expiration", Kind: workbook.Date},
			{Title: "Établissement d'origine", Width: 11},
			{Title: "Commandes", Kind: workbook.Number},
			{Title: "Adresse"},
			{Title: "Fermée au plus tard", Kind: workbook.Instant},
		},
		Rows: func(yield func([]any, error) bool) {
			for range 60 {
				if !yield(line, nil) || !yield([]any{"0062001T", at, nil, okey.Day{}, "", 3}, nil) {
					return
				}
			}
		},
		Totals: []any{"Total de l'académie", nil, nil, nil, nil, 74074020},
	}))
	pages := printed(t, content.Bytes())
	for word, least := range map[string]int{"0062000S": 60, "0062001T": 60, "0069001B": 60, "LOT-2026-01": 60, "18:09": 180, "22/11/2026": 240} {
		assert.Equal(t, least, said(pages, word), word)
	}
}

// readable is the height of a word's box, in points, in letters of nine, with whatever font there is for Calibri.
const readable = 9 * 1.22

// word is one on a printed page, and where it stands.
type word struct {
	Text string  `xml:",chardata"`
	XMin float64 `xml:"xMin,attr"`
	XMax float64 `xml:"xMax,attr"`
	YMin float64 `xml:"yMin,attr"`
	YMax float64 `xml:"yMax,attr"`
}

// over tells whether a word stands over another. Boxes are as high as the font's tallest letters: those of two lines may touch.
func (w word) over(o word) bool {
	wide, high := min(w.XMax, o.XMax)-max(w.XMin, o.XMin), min(w.YMax, o.YMax)-max(w.YMin, o.YMin)
	return wide > 0.2 && high > 0.2*min(w.YMax-w.YMin, o.YMax-o.YMin)
}

// printed has LibreOffice print a workbook, and returns the words of each page, none over another.
func printed(t *testing.T, content []byte) [][]word {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "commandes.xlsx"), content, 0o600))
	convert(t, dir, "pdf")
	boxes, err := exec.Command("pdftotext", "-bbox", filepath.Join(dir, "commandes.pdf"), "-").Output()
	require.NoError(t, err)
	var document struct {
		Pages []struct {
			Words []word `xml:"word"`
		} `xml:"body>doc>page"`
	}
	reader := xml.NewDecoder(bytes.NewReader(boxes))
	reader.Strict = false
	require.NoError(t, reader.Decode(&document))
	require.NotEmpty(t, document.Pages)
	var pages [][]word
	for n, page := range document.Pages {
		for i, one := range page.Words {
			for _, other := range page.Words[:i] {
				assert.False(t, one.over(other), "page %d: %q stands over %q", n+1, one.Text, other.Text)
			}
		}
		pages = append(pages, page.Words)
	}
	return pages
}

// said counts how often a word is on the pages.
func said(pages [][]word, text string) (n int) {
	for _, page := range pages {
		for _, w := range page {
			if w.Text == text {
				n++
			}
		}
	}
	return n
}

// convert has LibreOffice convert the workbook, with a profile of its own: nobody's settings, no window of theirs.
func convert(t *testing.T, dir, to string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "soffice",
		"-env:UserInstallation=file://"+filepath.Join(dir, "profile"), "--headless", "--norestore",
		"--convert-to", to, "--outdir", dir, filepath.Join(dir, "commandes.xlsx"))
	said, err := command.CombinedOutput()
	require.NoError(t, err, "%s", said)
	assert.NotContains(t, strings.ToLower(string(said)), "error")
}

func sheetOf(t *testing.T, dir, name string) [][]string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, "commandes-"+name+".csv"))
	require.NoError(t, err)
	reader := csv.NewReader(strings.NewReader(string(content)))
	reader.Comma = ';'
	rows, err := reader.ReadAll()
	require.NoError(t, err)
	return rows
}

type converted struct {
	sheets            []string
	formulas          []string
	types             map[string]int
	filters, repeated int
}

// inspect reads what LibreOffice made of the workbook from its flat XML.
func inspect(t *testing.T, path string) converted {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	seen := converted{types: map[string]int{}}
	for decoder := xml.NewDecoder(file); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return seen
		}
		require.NoError(t, err)
		element, is := token.(xml.StartElement)
		if !is {
			continue
		}
		attributes := map[string]string{}
		for _, a := range element.Attr {
			attributes[a.Name.Local] = a.Value
		}
		switch element.Name.Local {
		case "table":
			seen.sheets = append(seen.sheets, attributes["name"])
		case "table-header-rows":
			seen.repeated++
		case "database-range":
			seen.filters++
		case "table-cell":
			seen.types[attributes["value-type"]]++
			if attributes["formula"] != "" {
				seen.formulas = append(seen.formulas, attributes["formula"])
			}
		}
	}
}
