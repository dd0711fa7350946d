package server_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"okey/okey"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var marked = regexp.MustCompile(`<(t[dh])[^>]*>`)

// templateFiles are the templates of all rooms, help's answers apart.
func templateFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"web/*.html", "pages/*/*.html"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, found)
		files = append(files, found...)
	}
	return files
}

// cells is the page with bare cells, for tests that ask what stands in them.
func (p sheet) cells() string { return marked.ReplaceAllString(p.HTML, "<$1>") }

// On a phone every table is a list of cards: nothing is pushed sideways, and each value says what it is.
func TestEveryTableIsCardsOnAPhone(t *testing.T) {
	files := templateFiles(t)
	tables := 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, tag := range regexp.MustCompile(`<table[^>]*>({{if not .Headed}})?(<caption)?`).FindAllString(string(content), -1) {
			either := strings.Contains(tag, "{{with .Headed}}") // the one of parts.html, for the page to say
			titled := strings.HasSuffix(tag, "<caption") && (either || !strings.Contains(tag, "aria-labelledby")) ||
				!either && strings.Contains(tag, ` aria-labelledby="`)
			assert.True(t, titled, "%s: a table has a caption, or the heading above names it (RGAA 5.4): %s", file, tag)
			assert.NotContains(t, tag, "aria-label=", file)
		}
		for _, tag := range regexp.MustCompile(`<table[^>]*>`).FindAllString(string(content), -1) {
			if strings.HasPrefix(tag, `<table class="counts"`) { // two or three columns of numbers: it fits 320 pixels
				continue
			}
			tables++
			assert.True(t, strings.HasPrefix(tag, `<table class="stacks" role="table"`), file)
		}
		if strings.Contains(string(content), `class="counts"`) {
			continue
		}
		for _, entry := range regexp.MustCompile(`<td[^>]*>`).FindAllString(string(content), -1) {
			assert.Contains(t, entry, `role="cell" data-label="`, file)
		}
	}
	assert.LessOrEqual(t, tables, 3, "the one of parts.html does for nearly all")
	assert.Positive(t, tables)
}

func TestATableNamesItsColumnsInEachRow(t *testing.T) {
	h := newHouse(t)
	page := h.beside(whereNobodyListens).browse().get("/confidentialite")
	require.Equal(t, http.StatusOK, page.Status)
	assert.Contains(t, page.HTML, `<th scope="col" role="columnheader">Combien de temps</th>`)
	assert.Equal(t, len(okey.Keepings()), strings.Count(page.HTML, `<td role="cell" data-label="Combien de temps">`))
	assert.Equal(t, len(okey.Keepings()), strings.Count(page.HTML, `<th scope="row" role="rowheader" data-label="`))
}

// A table that a heading names, names a heading that is there.
func TestTheHeadingThatATableNamesIsThere(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	h.order(c.roux, 3, "rentrée")
	require.Equal(t, http.StatusCreated, h.call(c.support, http.MethodPost, "/exports", nil).Status)
	named := 0
	for page, b := range map[string]*browser{
		"/stock": h.as(c.roux), "/commandes": h.as(c.support), "/assistance/courriels": h.as(c.support), "/assistance/tableau-de-bord": h.as(c.support),
	} {
		shown := b.get(page)
		require.Equal(t, http.StatusOK, shown.Status, page)
		for _, id := range regexp.MustCompile(`<table[^>]* aria-labelledby="([^"]*)"`).FindAllStringSubmatch(shown.HTML, -1) {
			named++
			assert.Len(t, regexp.MustCompile(`<(?:h2|summary) id="`+id[1]+`"`).FindAllString(shown.HTML, -1), 1, "%s: %s", page, id[1])
		}
	}
	assert.Greater(t, named, 10)
}
