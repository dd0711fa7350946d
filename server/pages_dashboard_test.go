package server_test

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"html"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"okey"

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
	for _, coded := range regexp.MustCompile(`(?:src|srcset)="data:image/svg\+xml;base64,([^"]*)"`).FindAllStringSubmatch(html.UnescapeString(p.HTML), -1) {
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
	assert.Contains(t, p.text(), "Pas encore de données.")
	assert.Empty(t, b.drawings(p))
	weeks := b.behind(p, "Demandes par semaine")
	require.Len(t, weeks, 27)
	assert.Equal(t, []string{"0", "0", "0", "0", "0", "0"}, weeks[26][1:])
}

func TestRequestsOfTheWeekAreCountedByWhatBecameOfThem(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	first := h.as(c.lea).asks()
	h.as(c.stranger).asks()
	roux := h.as(c.roux)
	roux.done(roux.fill(first, first+"/reponse", "decision", "refuse", "comment", "pas cette année"))
	b := h.as(c.support)
	p := b.get(dashboard)
	weeks := b.behind(p, "Demandes par semaine")
	assert.Equal(t, []string{"Semaine", "Clef remise", "Refusée", "Retirée", "Expirée", "En cours", "Total"}, weeks[0])
	assert.Equal(t, []string{"0", "1", "0", "0", "1", "2"}, weeks[26][1:])
	assert.Contains(t, p.HTML, `alt="2 demandes en 26 semaines, dont 0 avec une clef remise ; 0 la semaine dernière, 0 celle d&#39;avant."`)
	drawn := b.drawings(p)
	require.Len(t, drawn, 2, "for screens and for phones")
	for _, texts := range drawn {
		assert.Subset(t, texts, []string{"Clef remise", "Refusée", "En cours"})
	}
	assert.NotContains(t, p.HTML, "style=", "no inline style in a page")

	here := b.get(dashboard + "?etablissement=006+9001b&academie=23")
	assert.Equal(t, []string{"0", "1", "0", "0", "0", "1"}, b.behind(here, "Demandes par semaine")[26][1:])
	assert.Contains(t, here.HTML, `value="23" selected`)
	wrong := b.get(dashboard + "?etablissement=ailleurs")
	assert.Contains(t, wrong.text(), "Écrivez un code UAI comme 0061234A")
	assert.Equal(t, "2", b.behind(wrong, "Demandes par semaine")[26][6])
}

func TestDownloadsOfTheDashboardAreItsTables(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.as(c.lea).asks()
	h.as(c.stranger).asks()
	b := h.as(c.support)
	for _, query := range []string{"", "?academie=23", "?etablissement=0069002C"} {
		p := b.get(dashboard + query)
		assert.Equal(t, b.behind(p, "Demandes par semaine"), b.download(dashboard + "/semaines.xlsx" + query)["Semaines"], query)
	}
}
