//go:build office

package activities_test

import (
	"context"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"okey/internal/scene"
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
	assert.Equal(t, []string{"Récapitulatif", "Commandes", "Par établissement"}, seen.sheets)
	assert.Equal(t, len(hostile), seen.types["date"], "the dates of the orders are dates")
	assert.Positive(t, seen.types["float"])
	assert.Equal(t, 3, seen.filters)
	assert.Equal(t, 3, seen.repeated, "each sheet repeats its header when printed")
	convert(t, dir, "pdf")
	pdf, err := os.ReadFile(filepath.Join(dir, "commandes.pdf"))
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(pdf), "%PDF-"))
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
